//! `triher evaluate`.

use crate::Ending;
use crate::arguments::{ClinicalArguments, EvaluateArguments};
use crate::commands::table::discrimination;
use crate::console::Console;
use triher_study::clinical::{ClinicalPlan, SurvivalSpec};
use triher_study::evaluation::EvaluatePlan;

pub(crate) fn evaluate(arguments: EvaluateArguments, console: &Console) -> anyhow::Result<Ending> {
    let table = arguments.table.source()?;
    let plan = EvaluatePlan {
        model: arguments.model,
        title: String::new(),
        language: arguments.language.language()?,
        table,
        clinical: arguments.clinical.plan(),
        bootstrap: arguments.bootstrap,
        seed: arguments.seed,
        simulated: false,
        json: arguments.json,
        html: arguments.html,
        predictions: arguments.predictions,
    };
    let evaluated = triher_study::evaluation::evaluate(&plan, console)?;
    for note in &evaluated.notes {
        console.note(&format!("note: {note}"));
    }
    console.result(&format!(
        "{} rows\n{}",
        evaluated.evaluation.n,
        discrimination(&evaluated.evaluation)
    ))?;
    for written in [&plan.json, &plan.html, &plan.predictions]
        .into_iter()
        .flatten()
    {
        console.status(&format!("Written to {}", written.display()));
    }
    Ok(Ending::Done)
}

impl ClinicalArguments {
    /// What is looked at beside the figures.
    pub(crate) fn plan(self) -> ClinicalPlan {
        let mut words = self.survival.into_iter();
        let survival = match (words.next(), words.next()) {
            (Some(time), Some(event)) => Some(SurvivalSpec {
                time,
                event,
                unit: words.next().unwrap_or_else(|| "months".to_owned()),
            }),
            _ => None,
        };
        ClinicalPlan {
            table: self.clinical,
            subgroups: self.subgroups,
            survival,
        }
    }
}
