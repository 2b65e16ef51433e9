//! `triher robustness`.

use crate::Ending;
use crate::arguments::RobustnessArguments;
use crate::console::Console;
use triher_study::robustness::{PerturbationOptions, RobustnessPlan, robustness as measure};

/// Repeatability that is called good (Koo and Li, Journal of Chiropractic Medicine 2016;15:155).
const GOOD: f64 = 0.75;

pub(crate) fn robustness(
    arguments: &RobustnessArguments,
    console: &Console,
) -> anyhow::Result<Ending> {
    let plan = RobustnessPlan {
        cohort: arguments.cohort.clone(),
        training: arguments.training.patients(),
        out: arguments.out.clone(),
        repeats: arguments.repeats,
        options: PerturbationOptions {
            translation_voxels: arguments.translation,
            rotation_deg: arguments.rotation,
            noise: arguments.noise,
            volume: arguments.volume,
            contour_mm: arguments.contour,
            seed: arguments.seed,
        },
    };
    let found = measure(&plan, console)?;
    let good = found
        .features
        .iter()
        .filter(|f| f.icc_lower.is_some_and(|icc| icc >= GOOD));
    console.result(&format!(
        "{} of {} features hold: the lower end of their ICC's interval is {GOOD} or more. Written to {}",
        good.count(),
        found.features.len(),
        plan.out.display()
    ))?;
    Ok(if found.skipped.is_empty() {
        Ending::Done
    } else {
        Ending::Incomplete
    })
}
