//! `triher scan`.

use crate::Ending;
use crate::arguments::ScanArguments;
use crate::console::Console;
use triher_study::scan::{ScanPlan, Scanned};

pub(crate) fn scan(arguments: ScanArguments, console: &Console) -> anyhow::Result<Ending> {
    let plan = ScanPlan {
        path: arguments.path,
        rules: arguments.rules,
    };
    let scanned = triher_study::scan::scan(&plan)?;
    for problem in scanned.problems() {
        console.note(&problem);
    }
    if arguments.json {
        console.result(&serde_json::to_string_pretty(&scanned)?)?;
    } else {
        console.result(&in_words(&scanned, arguments.explain))?;
    }
    Ok(if scanned.is_usable() {
        Ending::Done
    } else {
        Ending::Incomplete
    })
}

fn in_words(scanned: &Scanned, explain: bool) -> String {
    let mut text = String::new();
    for patient in &scanned.patients {
        text += &format!("Patient {}\n", patient.id);
        for study in &patient.studies {
            text += &format!("  {}\n", study.label);
            for phase in &study.phases {
                let time = phase
                    .seconds
                    .map_or("time unknown".to_owned(), |s| format!("{s:6.1} s"));
                let what = if phase.index == 0 {
                    "before contrast"
                } else {
                    "after contrast"
                };
                text += &format!(
                    "    C{}  {time}  {} slices  {what:15}  {}\n",
                    phase.index, phase.slices, phase.series
                );
            }
            if let Some(evidence) = &study.evidence {
                text += &format!("    Phases told apart by: {evidence}\n");
            }
            if let Some(geometry) = &study.geometry {
                text += &format!("    Grid: {geometry}\n");
            }
            for warning in &study.warnings {
                text += &format!("    Warning: {warning}\n");
            }
            if let Some(problem) = &study.problem {
                text += &format!("    Not usable: {problem}\n");
            }
            for aside in &study.set_aside {
                text += &format!("    Set aside: {}: {}\n", aside.series, aside.reason);
            }
            for line in study.explain.iter().filter(|_| explain) {
                text += &format!("    Because: {line}\n");
            }
        }
    }
    if text.is_empty() {
        text += "Nothing that could be read as images was found.";
    }
    text
}
