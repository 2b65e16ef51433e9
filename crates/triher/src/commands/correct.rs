//! `triher correct`.

use crate::Ending;
use crate::arguments::CorrectArguments;
use crate::console::Console;
use triher_study::cohort::parse_times;
use triher_study::correction::{CorrectPlan, correct as carry_out};
use triher_study::preparation::{BiasFieldMethod, MotionModel};
use triher_study::source::ReadOptions;

pub(crate) fn correct(arguments: &CorrectArguments, console: &Console) -> anyhow::Result<Ending> {
    let times = arguments.times.as_deref().map(|t| parse_times(t, ','));
    let plan = CorrectPlan {
        images: arguments.path.clone(),
        reading: ReadOptions {
            patient: arguments.patient.clone(),
            times_s: times.transpose().map_err(anyhow::Error::msg)?,
            ..ReadOptions::default()
        },
        bias_field: arguments.bias_field.as_ref().map(|_| BiasFieldMethod::N4),
        motion: arguments.motion.as_deref().map(|model| match model {
            "rigid" => MotionModel::Rigid,
            _ => MotionModel::Deformable,
        }),
        out: arguments.out.clone(),
        picture: arguments.picture.clone(),
        picture_phase: arguments.picture_phase,
    };
    let correction = carry_out(&plan)?;
    for note in &correction.notes {
        console.result(note)?;
    }
    console.status(&format!(
        "{} phases written to {}",
        correction.phases.len(),
        plan.out.display()
    ));
    if let Some(picture) = &plan.picture {
        console.status(&format!("Written to {}", picture.display()));
    }
    Ok(Ending::Done)
}
