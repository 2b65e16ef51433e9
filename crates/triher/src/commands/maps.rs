//! `triher maps`.

use crate::Ending;
use crate::arguments::MapsArguments;
use crate::console::Console;
use triher_study::cohort::parse_times;
use triher_study::maps::{MapsPlan, maps as make};
use triher_study::recipe::{PharmacokineticModel, PharmacokineticRecipe, SignalRecipe};
use triher_study::source::ReadOptions;

pub(crate) fn maps(arguments: MapsArguments, console: &Console) -> anyhow::Result<Ending> {
    let times = arguments.times.as_deref().map(|t| parse_times(t, ','));
    let model = arguments.model.as_deref().map(|model| match model {
        "tofts" => PharmacokineticModel::Tofts,
        "extended-tofts" => PharmacokineticModel::ExtendedTofts,
        _ => PharmacokineticModel::TwoCompartmentExchange,
    });
    let default = PharmacokineticRecipe::default();
    let signal = match (arguments.t10_ms, arguments.relaxivity) {
        (Some(t10_ms), Some(relaxivity_per_mm_s)) => SignalRecipe::SpoiledGradientEcho {
            tr_ms: arguments.tr_ms,
            flip_deg: arguments.flip_deg,
            t10_ms,
            relaxivity_per_mm_s,
        },
        _ => default.signal,
    };
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
            signal,
            ..default
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
