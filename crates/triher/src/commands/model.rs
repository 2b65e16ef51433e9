//! `triher model`.

use crate::Ending;
use crate::arguments::ModelArguments;
use crate::console::Console;
use triher_study::{Catalogue, Language};

pub(crate) fn model(arguments: ModelArguments, console: &Console) -> anyhow::Result<Ending> {
    let model = triher_study::evaluation::read_model(&arguments.model)?;
    if arguments.json {
        console.result(&serde_json::to_string_pretty(&model)?)?;
        return Ok(Ending::Done);
    }
    let facts = triher_study::evaluation::model_facts(
        &model,
        &arguments.model,
        &Catalogue::new(Language::English),
    )?;
    let width = facts
        .iter()
        .map(|(name, _)| name.chars().count())
        .max()
        .unwrap_or(0);
    for (name, value) in facts {
        console.result(&format!("{name:width$}  {value}"))?;
    }
    Ok(Ending::Done)
}
