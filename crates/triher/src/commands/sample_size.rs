//! `triher sample-size`.

use crate::Ending;
use crate::arguments::SampleSizeArguments;
use crate::console::Console;
use std::fmt::Write as _;
use triher_study::sample_size::{PatientsNeeded, SampleSizePlan};

pub(crate) fn sample_size(
    arguments: SampleSizeArguments,
    console: &Console,
) -> anyhow::Result<Ending> {
    let plan = SampleSizePlan {
        prevalence: arguments.prevalence,
        parameters: arguments.parameters,
        nagelkerke: arguments.nagelkerke,
        cox_snell: arguments.cox_snell,
        pair_cox_snell: arguments.pair_cox_snell,
        shrinkage: arguments.shrinkage,
        margin: arguments.margin,
        auc: arguments.auc,
        width: arguments.width,
        confidence: arguments.confidence,
    };
    let needed = triher_study::sample_size::sample_size(&plan)?;
    console.result(&in_words(&needed))?;
    // The answer is there whether or not its file can be written.
    if let Some(path) = &arguments.json {
        needed.write(path)?;
        console.status(&format!("Written to {}", path.display()));
    }
    Ok(Ending::Done)
}

fn in_words(needed: &PatientsNeeded) -> String {
    let PatientsNeeded { plan, model, .. } = needed;
    let mut text = match needed.required {
        None => "Developing the model needs too many patients:\n".to_owned(),
        Some(required) => {
            let by_class = plan.prevalence.iter().map(|(class, share)| {
                let patients = (required as f64 * share).round();
                format!("{patients:.0} {class}")
            });
            let by_class: Vec<String> = by_class.collect();
            format!(
                "Developing the model needs {required} patients ({}):\n",
                by_class.join(", ")
            )
        }
    };
    let criteria = [
        (
            model.shrinkage,
            format!(
                "little overfitting: shrinkage of each pair's model at least {}",
                plan.shrinkage
            ),
        ),
        (
            model.optimism,
            format!("optimism of Nagelkerke's R2 at most {}", plan.margin),
        ),
        (
            model.overall_risk,
            format!("overall risk of each class within {}", plan.margin),
        ),
    ];
    let number = |patients: Option<u64>| patients.map_or("too many".to_owned(), |n| n.to_string());
    for (patients, criterion) in criteria {
        let patients = number(patients);
        let _ = writeln!(text, "  {patients:>8}  {criterion}");
    }
    let _ = writeln!(
        text,
        "An AUC of {} has a {} % interval no wider than {} with:",
        plan.auc,
        (1000.0 * plan.confidence).round() / 10.0,
        plan.width
    );
    for (class, patients) in &needed.auc {
        let patients = number(*patients);
        let _ = writeln!(text, "  {patients:>8}  {class} against the rest");
    }
    let _ = write!(
        text,
        "Reckoned with {} parameters for each equation and a Cox-Snell R2 of {:.3} (pairs: {}).",
        plan.parameters,
        needed.cox_snell,
        needed
            .pair_cox_snell
            .iter()
            .map(|r| format!("{r:.3}"))
            .collect::<Vec<_>>()
            .join(", ")
    );
    text
}
