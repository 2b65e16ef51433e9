//! `triher habitats`.

use crate::Ending;
use crate::arguments::{FitHabitatsArguments, HabitatsCommand};
use crate::console::Console;
use triher_study::cohort_habitats::{FitHabitatsPlan, fit_habitats};

pub(crate) fn habitats(command: HabitatsCommand, console: &Console) -> anyhow::Result<Ending> {
    match command {
        HabitatsCommand::Fit(arguments) => fit(arguments, console),
    }
}

fn fit(arguments: FitHabitatsArguments, console: &Console) -> anyhow::Result<Ending> {
    let plan = FitHabitatsPlan {
        cohort: arguments.cohort,
        training: arguments.training.patients(),
        out: arguments.out,
        seed: arguments.seed,
        voxels_per_patient: arguments.voxels,
    };
    let fitted = fit_habitats(&plan, console)?;
    let habitats = &fitted.habitats;
    let mut lines = vec![format!(
        "{} habitats from {} voxels of {} training patients ({} others were not looked at):",
        habitats.model.habitats(),
        habitats.model.fitted_on,
        habitats.patients.len(),
        fitted.left_out
    )];
    for (number, centre) in habitats.model.centres().iter().enumerate() {
        let features = habitats.model.features.iter().zip(centre);
        let features: Vec<String> = features.map(|(f, v)| format!("{f} {v:.3}")).collect();
        lines.push(format!("  {}: {}", number + 1, features.join(", ")));
    }
    console.result(&lines.join("\n"))?;
    console.status(&format!("Written to {}", plan.out.display()));
    Ok(if fitted.skipped.is_empty() {
        Ending::Done
    } else {
        Ending::Incomplete
    })
}
