//! Whether the folds of a cohort agree on what moves a model.

use crate::StudyError;
use crate::model_settings::ModelSettings;
use crate::tables::TableSource;
use triher_explain::{ExplainOptions, Stability, block_of, stability};
use triher_learn::{CrossValidation, ModelFile};
use triher_report::Catalogue;

/// The folds of a table, and the names of the features they speak of.
#[derive(Clone, Debug)]
pub struct FoldsAgree {
    /// How far they agree.
    pub stability: Stability,
    /// Names of the features.
    pub features: Vec<String>,
}

/// Refits a model's settings in each fold of a table that it could have been trained on, with the seed of its training, and explains each
/// fold's held-out rows.
///
/// # Errors
/// When the model file does not say how the model was trained, the table cannot be read, or has too few patients for the folds.
pub(crate) fn folds_agree(
    model: &ModelFile,
    source: &TableSource,
    folds: usize,
    options: &ExplainOptions,
) -> Result<FoldsAgree, StudyError> {
    let configuration = &model.training.configuration;
    let settings = configuration.get("model").cloned().unwrap_or_default();
    let settings: ModelSettings = serde_json::from_value(settings).map_err(|e| {
        StudyError::Input(format!(
            "the model file does not say how the model was trained ({e}): train it again with `triher train`, or leave --folds out"
        ))
    })?;
    let mut labelled = source.read()?;
    let names = labelled.table.feature_names.iter();
    let keep: Vec<bool> = names.map(|n| model.feature_names.contains(n)).collect();
    labelled.keep_columns(&keep);
    let data = labelled.dataset_of(&model.classes)?;
    let tables = [(String::new(), source.clone())];
    let (resolved, _) = crate::fusion::with_columns(&settings, &tables, &data.feature_names)?;
    let design = CrossValidation {
        folds,
        repeats: 1,
        seed: configuration
            .get("seed")
            .and_then(serde_json::Value::as_u64)
            .unwrap_or(1),
    };
    let found = stability(&data, &resolved.pipeline(), &design, options);
    Ok(FoldsAgree {
        stability: found.map_err(crate::explain::wrong)?,
        features: data.feature_names,
    })
}

/// How far the folds agree, as a fact with its name.
pub(crate) fn agreement_in_words(found: &Stability, words: &Catalogue) -> (String, String) {
    let correlation = words.number(found.rank_correlation, 2);
    let share = words.percent(found.top_overlap, 0);
    (
        words.with("explain-stability", &[("folds", &found.folds.to_string())]),
        words.with(
            "explain-stability-text",
            &[("correlation", &correlation), ("share", &share)],
        ),
    )
}

impl FoldsAgree {
    /// The features with their mean sizes in each fold, the largest mean first.
    pub(crate) fn leading(&self) -> Vec<(String, Vec<f64>)> {
        let sizes = &self.stability.sizes;
        let of = |feature: usize| sizes.iter().map(|fold| fold[feature]).collect();
        let named = self.features.iter().enumerate();
        let mut all: Vec<(String, Vec<f64>)> = named.map(|(j, n)| (n.clone(), of(j))).collect();
        let total = |sizes: &[f64]| sizes.iter().sum::<f64>();
        all.sort_by(|a, b| total(&b.1).total_cmp(&total(&a.1)));
        all
    }

    /// Header and lines of a table: each feature with its block, in how many folds it is among the ten largest, and its mean size in each.
    pub(crate) fn lines(&self) -> (Vec<String>, Vec<Vec<String>>) {
        let mut header: Vec<String> = ["feature", "block", "times_among_ten_largest"]
            .map(str::to_owned)
            .to_vec();
        header.extend((1..=self.stability.folds).map(|k| format!("fold_{k}")));
        let line = |(name, sizes): (String, Vec<f64>)| {
            let place = self.features.iter().position(|n| *n == name);
            let times = place.map_or(0, |j| self.stability.times_at_top[j]);
            let block = block_of(&name).in_words().to_owned();
            let mut line = vec![name, block, times.to_string()];
            line.extend(sizes.iter().map(ToString::to_string));
            line
        };
        (header, self.leading().into_iter().map(line).collect())
    }
}
