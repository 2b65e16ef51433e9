//! Whether another part of the same cohort would have named the same features.

use crate::explanation::{ExplainError, ExplainOptions, explain};
use serde::{Deserialize, Serialize};
use triher_learn::{CrossValidation, Dataset, Pipeline, PipelineSpec, Split};
use triher_stats::rank_correlation;

/// Features at the top that are compared between folds.
const TOP: usize = 10;

/// How alike the explanations of the folds are.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Stability {
    /// Folds.
    pub folds: usize,
    /// Mean Spearman correlation of the features' mean sizes between two folds; `None` when a fold's sizes are all equal.
    pub rank_correlation: Option<f64>,
    /// Mean share of the ten largest features that two folds have in common (of all, when there are fewer).
    pub top_overlap: f64,
    /// For each feature, in how many folds it is among the ten largest.
    pub times_at_top: Vec<usize>,
    /// For each fold, the mean size of each feature's contributions, summed over the classes.
    #[serde(skip)]
    pub sizes: Vec<Vec<f64>>,
}

/// Fits the pipeline in every training fold, explains the held-out rows against the training rows, and compares the folds.
///
/// # Errors
/// As [`triher_learn::cross_validate`] and [`explain`].
pub fn stability(
    data: &Dataset,
    spec: &PipelineSpec,
    design: &CrossValidation,
    options: &ExplainOptions,
) -> Result<Stability, ExplainError> {
    let folds = CrossValidation {
        repeats: 1,
        ..*design
    }
    .assign(data)?
    .swap_remove(0);
    let mut sizes: Vec<Vec<f64>> = Vec::with_capacity(design.folds);
    for fold in 0..design.folds {
        let (test, train) = (0..data.rows()).partition(|&row| folds[row] == fold);
        let (training, held_out) = data.split(&Split { train, test })?;
        let fitted = Pipeline::new(spec.clone()).fit(&training)?;
        let found = explain(
            &fitted,
            (held_out.x(), held_out.centres()),
            (training.x(), training.centres()),
            options,
        )?;
        let mut by_feature = vec![0.0; data.feature_names.len()];
        for summary in found.summary() {
            by_feature[summary.feature] = summary.mean_size.iter().sum();
        }
        sizes.push(by_feature);
    }
    let top: Vec<Vec<usize>> = sizes.iter().map(|s| largest(s)).collect();
    let (mut correlations, mut overlaps) = (Vec::new(), Vec::new());
    for a in 0..sizes.len() {
        for b in 0..a {
            correlations.push(rank_correlation(&sizes[a], &sizes[b]));
            let common = top[a].iter().filter(|f| top[b].contains(f)).count();
            overlaps.push(common as f64 / top[a].len().max(1) as f64);
        }
    }
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len().max(1) as f64;
    let known: Option<Vec<f64>> = correlations.into_iter().collect();
    let times = |feature: usize| top.iter().filter(|t| t.contains(&feature)).count();
    Ok(Stability {
        folds: design.folds,
        rank_correlation: known.filter(|k| !k.is_empty()).map(|k| mean(&k)),
        top_overlap: mean(&overlaps),
        times_at_top: (0..data.feature_names.len()).map(times).collect(),
        sizes,
    })
}

/// Numbers of the largest values, equal ones in their order.
fn largest(values: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[b].total_cmp(&values[a]));
    order.truncate(TOP);
    order
}
