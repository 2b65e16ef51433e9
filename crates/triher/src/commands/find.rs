//! `triher find`.

use crate::Ending;
use crate::arguments::FindArguments;
use crate::console::Console;
use triher_study::cohort::{LesionPlace, parse_times};
use triher_study::find::{FindPlan, find as search};
use triher_study::source::ReadOptions;

pub(crate) fn find(arguments: &FindArguments, console: &Console) -> anyhow::Result<Ending> {
    let seed = arguments.seed.as_deref().map(str::parse).transpose();
    let bounds = match &arguments.bounds {
        None => None,
        Some(text) => match LesionPlace::parse_box(text).map_err(anyhow::Error::msg)? {
            LesionPlace::Box(bounds) => Some(bounds),
            _ => None,
        },
    };
    let times = arguments.times.as_deref().map(|t| parse_times(t, ','));
    let plan = FindPlan {
        images: arguments.path.clone(),
        reading: ReadOptions {
            patient: arguments.patient.clone(),
            times_s: times.transpose().map_err(anyhow::Error::msg)?,
            ..ReadOptions::default()
        },
        network: arguments.network.clone(),
        seed: seed.map_err(anyhow::Error::msg)?,
        bounds,
        candidate: arguments.candidate,
        mask: arguments.mask.clone(),
        picture: arguments.picture.clone(),
        json: arguments.json.clone(),
    };
    let found = search(&plan)?;
    if found.is_empty() {
        anyhow::bail!(
            "nothing in the breast looks like a lesion: give a point in it with --seed, or a mask drawn by a reader"
        );
    }
    console.result("rank  confidence  volume, mm3  centre, voxel      centre, mm (LPS)")?;
    for c in &found {
        let [i, j, k] = c.centre_voxel;
        let [x, y, z] = c.centre_mm;
        console.result(&format!(
            "{:4}  {:10.2}  {:11.0}  {:17}  {x:.1}, {y:.1}, {z:.1}",
            c.rank,
            c.confidence,
            c.volume_mm3,
            format!("{i}, {j}, {k}")
        ))?;
    }
    for written in [&plan.mask, &plan.picture, &plan.json]
        .into_iter()
        .flatten()
    {
        console.status(&format!("Written to {}", written.display()));
    }
    console.status("A candidate is a proposal: look at the picture before you use its mask.");
    Ok(Ending::Done)
}
