//! What a model is, for the reader of one patient's report.

use crate::StudyError;
use crate::manifest::FileHash;
use crate::recipe::Recipe;
use std::path::Path;
use triher_learn::ModelFile;
use triher_report::Catalogue;
use triher_stats::{Estimate, Evaluation};

/// The model card: cohort, classes, centres, figures of the cross-validation, encoder, intended use and limits, in the catalogue's language.
///
/// # Errors
/// When the model file cannot be read.
pub(crate) fn model_card(
    model: &ModelFile,
    path: &Path,
    words: &Catalogue,
) -> Result<Vec<(String, String)>, StudyError> {
    let mut card = vec![
        (words.text("model-use"), words.text("model-use-text")),
        (words.text("model-limits"), words.text("model-limits-text")),
    ];
    let rows = &model.training.rows;
    let fact = |name: &str| {
        rows.iter()
            .find(|(n, _)| n == name)
            .map(|(_, v)| v.as_str())
    };
    if let (Some(rows), Some(patients)) = (fact("Rows"), fact("Patients")) {
        let numbers = [("rows", rows), ("patients", patients)];
        card.push((
            words.text("model-cohort"),
            words.with("model-cohort-text", &numbers),
        ));
    }
    let counted = |prefix: &str, name: &dyn Fn(&str) -> String| {
        let of_kind = rows
            .iter()
            .filter_map(|(n, v)| Some((n.strip_prefix(prefix)?, v)));
        let texts = of_kind
            .map(|(n, count)| words.with("model-count", &[("name", &name(n)), ("count", count)]));
        texts.reduce(|first, second| {
            words.with("list-comma", &[("first", &first), ("second", &second)])
        })
    };
    for (key, prefix, name) in [
        (
            "model-classes",
            "Class ",
            &(|n: &str| words.class(n)) as &dyn Fn(&str) -> String,
        ),
        ("model-centres", "Centre ", &|n: &str| n.to_owned()),
    ] {
        if let Some(text) = counted(prefix, name) {
            card.push((words.text(key), text));
        }
    }
    let figures = model.training.cross_validated.clone();
    let figures = figures.and_then(|value| serde_json::from_value::<Evaluation>(value).ok());
    match figures {
        None => card.push((words.text("model-auc"), words.text("model-auc-none"))),
        Some(figures) => {
            let area = &figures.auc;
            card.push((words.text("model-auc"), auc(&area.macro_average, words)));
            for (class, estimate) in &area.per_class {
                let name = words.with("model-auc-class", &[("class", &words.class(class))]);
                card.push((name, auc(estimate, words)));
            }
        }
    }
    card.push((words.text("model-encoder"), encoder(model, words)));
    let hash = FileHash::of(path)?;
    card.extend([
        (
            words.text("model-classifier"),
            words.said(&model.pipeline.describe()),
        ),
        (
            words.text("model-features"),
            model.feature_names.len().to_string(),
        ),
        (words.text("model-file"), hash.name),
        (words.text("model-sha256"), hash.sha256),
    ]);
    Ok(card)
}

fn auc(estimate: &Estimate, words: &Catalogue) -> String {
    let value = words.number(estimate.value, 2);
    match estimate.ci95 {
        Some([low, high]) => words.with(
            "model-auc-value",
            &[
                ("value", &value),
                ("low", &words.number(Some(low), 2)),
                ("high", &words.number(Some(high), 2)),
            ],
        ),
        None => value,
    }
}

pub(crate) fn encoder(model: &ModelFile, words: &Catalogue) -> String {
    let names = model.feature_names.iter();
    let count = names.filter(|n| n.starts_with("emb_")).count();
    let recipe = model.extraction.clone();
    let recipe = recipe.and_then(|r| serde_json::from_value::<Recipe>(r).ok());
    let count_text = count.to_string();
    match recipe.and_then(|r| r.embedding) {
        _ if count == 0 => words.text("model-encoder-none"),
        Some(embedding) => words.with(
            "model-encoder-some",
            &[
                ("name", &words.said(&embedding.encoder_name())),
                ("count", &count_text),
            ],
        ),
        None => words.with("model-encoder-unnamed", &[("count", &count_text)]),
    }
}
