//! `triher weights`.

use crate::Ending;
use crate::arguments::{ConvertArguments, InspectArguments, WeightsCommand};
use crate::console::Console;
use triher_study::weights::{ConvertPlan, Inspection};

/// Names that are printed of a list; JSON has all.
const SHOWN: usize = 4;

pub(crate) fn weights(command: WeightsCommand, console: &Console) -> anyhow::Result<Ending> {
    match command {
        WeightsCommand::Inspect(arguments) => inspect(arguments, console),
        WeightsCommand::Convert(arguments) => convert(arguments, console),
    }
}

fn inspect(arguments: InspectArguments, console: &Console) -> anyhow::Result<Ending> {
    let found = triher_study::weights::inspect(&arguments.weights)?;
    if arguments.json {
        console.result(&serde_json::to_string_pretty(&found)?)?;
    } else {
        for (name, value) in lines(&found) {
            console.result(&format!("{name:12}  {value}"))?;
        }
    }
    match found.problem {
        None => Ok(Ending::Done),
        Some(problem) => Err(anyhow::anyhow!(problem)),
    }
}

fn lines(found: &Inspection) -> Vec<(&'static str, String)> {
    let mut lines = vec![
        ("file", found.file.clone()),
        ("SHA-256", found.sha256.clone()),
        ("kind", found.kind.clone()),
    ];
    if let Some(family) = &found.family {
        lines.push(("family", family.clone()));
    }
    if let Some(s) = found.sizes {
        let input = format!(
            "{0} x {0} x {0} voxels, {1} channel(s)",
            s.input, s.channels
        );
        let network = format!(
            "{} blocks of {} heads, {} wide, {} in the hidden layer, {} tokens",
            s.depth, s.heads, s.width, s.hidden, s.tokens
        );
        lines.push(("input", input));
        lines.push(("network", network));
    }
    lines.push(("parameters", found.parameters.to_string()));
    let place = format!(
        "{}{}{}",
        found.entry,
        if found.entry.is_empty() { "" } else { " > " },
        found.prefix
    );
    lines.push((
        "found under",
        if place.is_empty() {
            "bare names".to_owned()
        } else {
            place
        },
    ));
    lines.push(("used", listed(&found.used)));
    lines.push(("ignored", listed(&found.ignored)));
    lines.push(("missing", listed(&found.missing)));
    if !found.entries.is_empty() {
        lines.push(("entries", found.entries.join(", ")));
    }
    lines
}

/// How many names, and the first of them.
fn listed(names: &[String]) -> String {
    let first = names
        .iter()
        .take(SHOWN)
        .cloned()
        .collect::<Vec<_>>()
        .join(", ");
    match names.len() {
        0 => "none".to_owned(),
        n if n > SHOWN => format!("{n}: {first}, ... (all with --json)"),
        n => format!("{n}: {first}"),
    }
}

fn convert(arguments: ConvertArguments, console: &Console) -> anyhow::Result<Ending> {
    let plan = ConvertPlan {
        weights: arguments.weights,
        out: arguments.target.or(arguments.out).unwrap_or_default(),
        storage: arguments.storage.parse().map_err(anyhow::Error::msg)?,
    };
    triher_study::weights::convert(&plan)?;
    console.status(&format!("Written to {}", plan.out.display()));
    Ok(Ending::Done)
}
