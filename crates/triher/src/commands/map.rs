//! `triher map`.

use crate::Ending;
use crate::arguments::MapArguments;
use crate::console::Console;
use triher_study::cohort_map::{CohortMapPlan, TsneSettings, UmapSettings, cohort_map};

pub(crate) fn map(arguments: MapArguments, console: &Console) -> anyhow::Result<Ending> {
    anyhow::ensure!(
        arguments.perplexity.is_finite() && arguments.perplexity >= 1.0,
        "--perplexity {} is no number of neighbours: give 1 or more",
        arguments.perplexity
    );
    let plan = CohortMapPlan {
        table: arguments.table.source()?,
        model: arguments.model,
        clinical: arguments.clinical.plan(),
        features_from: arguments.features_from,
        tsne: TsneSettings {
            perplexity: arguments.perplexity,
            ..TsneSettings::default()
        },
        umap: UmapSettings {
            neighbours: arguments.neighbours,
            seed: arguments.seed,
            ..UmapSettings::default()
        },
        language: arguments.language.language()?,
        out: arguments.out,
    };
    let found = cohort_map(&plan, console)?;
    for note in &found.notes {
        console.note(&format!("note: {note}"));
    }
    for map in &found.maps {
        console.result(&format!(
            "{} ({}): trustworthiness {:.3}, continuity {:.3}",
            map.method, map.settings, map.trustworthiness, map.continuity
        ))?;
    }
    for told in &found.batch {
        if let Some(accuracy) = told.accuracy {
            console.result(&format!(
                "The centre is told from the features {} with an accuracy of {accuracy:.3} (by chance {:.3})",
                told.features, told.by_chance
            ))?;
        }
    }
    console.status(&format!("Page: {}", plan.out.join("map.html").display()));
    Ok(Ending::Done)
}
