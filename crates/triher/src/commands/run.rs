//! `triher run`.

use crate::Ending;
use crate::arguments::RunArguments;
use crate::commands::table::discrimination;
use crate::console::Console;
use triher_study::run::RunPlan;

pub(crate) fn run(arguments: RunArguments, console: &Console) -> anyhow::Result<Ending> {
    let mut plan = RunPlan::read(&arguments.study, arguments.out)?;
    plan.look_again = arguments.look_again;
    plan.language = arguments.language.language()?;
    let outcome = triher_study::run::run(&plan, console)?;
    let mut ending = Ending::Done;
    for (_, summary) in &outcome.extracted {
        if super::extract::tell(summary, console) == Ending::Incomplete {
            ending = Ending::Incomplete;
        }
    }
    super::train::tell(&outcome.trained, console)?;
    for external in &outcome.external {
        for note in &external.evaluated.notes {
            console.note(&format!("note: {}: {note}", external.name));
        }
        console.result(&format!(
            "External cohort {}:\n{}",
            external.name,
            discrimination(&external.evaluated.evaluation)
        ))?;
        console.status(&format!("Report: {}", external.report.display()));
    }
    console.status(&format!("Study report: {}", outcome.report.display()));
    console.status(&format!("Everything is in {}", plan.out.display()));
    Ok(ending)
}
