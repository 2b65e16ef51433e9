//! `triher maps`.

use crate::Ending;
use crate::arguments::MapsArguments;
use crate::console::Console;
use triher_study::cohort::parse_times;
use triher_study::maps::{MapsPlan, maps as make};
use triher_study::recipe::{PharmacokineticModel, PharmacokineticRecipe};
use triher_study::source::ReadOptions;

pub(crate) fn maps(arguments: MapsArguments, console: &Console) -> anyhow::Result<Ending> {
    let times = arguments.times.as_deref().map(|t| parse_times(t, ','));
    let model = arguments.model.as_deref().map(|model| match model {
        "tofts" => PharmacokineticModel::Tofts,
        "extended-tofts" => PharmacokineticModel::ExtendedTofts,
        _ => PharmacokineticModel::TwoCompartmentExchange,
    });
    let plan = MapsPlan {
        reading: ReadOptions {
            patient: arguments.patient,
            times_s: times.transpose().map_err(anyhow::Error::msg)?,
            ..ReadOptions::default()
        },
        images: arguments.path,
        mask: arguments.mask,
        pharmacokinetic: model.map(|model| PharmacokineticRecipe {
            model,
            arrival_s: arguments.arrival_s,
            ..PharmacokineticRecipe::default()
        }),
        background: arguments.background,
        pictures: arguments.pictures,
        overlays: arguments.overlays,
        out: arguments.out,
    };
    let made = make(&plan)?;
    for note in &made.notes {
        console.note(note);
    }
    console.status(&format!(
        "{} files written to {}",
        made.files.len(),
        plan.out.display()
    ));
    Ok(Ending::Done)
}
