//! `triher simulate`.

use crate::Ending;
use crate::arguments::{ImageFormat, SimulateArguments};
use crate::console::Console;
use triher_study::simulation::{SimulatePlan, SimulatedFormat, read_spec};

pub(crate) fn simulate(arguments: SimulateArguments, console: &Console) -> anyhow::Result<Ending> {
    let spec = read_spec(
        arguments.spec.as_deref(),
        arguments.seed,
        arguments.patients,
    )?;
    let format = match arguments.format {
        ImageFormat::Dicom => SimulatedFormat::Dicom,
        ImageFormat::Nifti => SimulatedFormat::Nifti,
    };
    let plan = SimulatePlan {
        spec,
        out: arguments.out,
        format,
    };
    let simulated = triher_study::simulation::simulate(&plan, console)?;
    console.result(&format!(
        "{} simulated patients in {}: no real person. Next:\n  triher label {} --columns {} --out {}",
        simulated.patients,
        plan.out.display(),
        simulated.clinical.display(),
        plan.out.join("columns.toml").display(),
        plan.out.join("labels.csv").display()
    ))?;
    for (_, cohort) in &simulated.cohorts {
        console.result(&format!("  triher extract {}", cohort.display()))?;
    }
    Ok(Ending::Done)
}
