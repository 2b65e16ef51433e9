//! `triher extract`.

use crate::Ending;
use crate::arguments::ExtractArguments;
use crate::console::Console;
use triher_study::extract::{ExtractPlan, ExtractSummary};

pub(crate) fn extract(arguments: ExtractArguments, console: &Console) -> anyhow::Result<Ending> {
    let plan = ExtractPlan {
        cohort: arguments.cohort,
        out: arguments.out,
        fresh: arguments.fresh,
    };
    let summary = triher_study::extract::extract(&plan, console)?;
    Ok(tell(&summary, console))
}

/// Says what an extraction did; incomplete when a patient was skipped.
pub(crate) fn tell(summary: &ExtractSummary, console: &Console) -> Ending {
    for note in &summary.notes {
        console.note(&format!("note: {note}"));
    }
    let resumed = match summary.resumed {
        0 => String::new(),
        n => format!(", {n} of them from an earlier run"),
    };
    console.status(&format!(
        "{}: {} patients{resumed}, {} lesions, {} features, {} patients skipped",
        summary.table.display(),
        summary.patients,
        summary.rows,
        summary.features,
        summary.skipped.len()
    ));
    if summary.skipped.is_empty() {
        Ending::Done
    } else {
        Ending::Incomplete
    }
}
