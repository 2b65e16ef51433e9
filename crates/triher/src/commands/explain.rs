//! `triher explain`.

use crate::Ending;
use crate::arguments::ExplainArguments;
use crate::console::Console;
use triher_study::explain::{ExplainOptions, ExplainPlan, page};
use triher_study::tables::TableSource;

/// Features that are told on the terminal.
const TOLD: usize = 10;

pub(crate) fn explain(arguments: ExplainArguments, console: &Console) -> anyhow::Result<Ending> {
    let table = arguments.table.source()?;
    let background = arguments.background_features.map(|features| TableSource {
        features,
        labels: arguments.background_labels.or_else(|| table.labels.clone()),
        columns: table.columns.clone(),
        part: None,
    });
    let plan = ExplainPlan {
        model: arguments.model,
        table,
        background,
        patients: arguments.patients,
        folds: arguments.folds.map(usize::from),
        options: ExplainOptions {
            background: arguments.background,
            permutations: arguments.permutations,
            seed: arguments.seed,
        },
        language: arguments.language.language()?,
        out: arguments.out,
    };
    let found = triher_study::explain::explain(&plan, console)?;
    for note in &found.notes {
        console.note(&format!("note: {note}"));
    }
    let unit = found.explanation.link.in_words();
    console.result(&format!(
        "Mean size of the contributions, all classes together ({unit}):"
    ))?;
    for (name, size) in found.leading.iter().take(TOLD) {
        console.result(&format!("  {size:.3}  {name}"))?;
    }
    if let Some(folds) = &found.folds {
        let stable = &folds.stability;
        let correlation = stable
            .rank_correlation
            .map_or_else(|| "not available".to_owned(), |r| format!("{r:.3}"));
        console.result(&format!(
            "Over {} folds the sizes have a rank correlation of {correlation}, and {:.0} % of the ten largest in common (stability.csv)",
            stable.folds,
            100.0 * stable.top_overlap
        ))?;
    }
    console.status(&format!("Page: {}", page(&plan.out).display()));
    Ok(Ending::Done)
}
