//! Decision curves: what a model's calls are worth at a threshold, against calling everybody or
//! nobody.
//!
//! Net benefit at threshold `t` is `TP / n - FP / n * t / (1 - t)`. Source: Vickers and Elkin, Med.
//! Decis. Making 26:565 (2006). Checked against the formula in numpy to 1e-12
//! (`tests/parity/make_figures.py`).

use crate::resampling::Resampling;
use crate::{BinarySplit, BootstrapOptions, Predictions, StatsError, percentile};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// One threshold of a decision curve.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct DecisionPoint {
    /// Threshold probability, above 0 and below 1.
    pub threshold: f64,
    /// Net benefit of treating rows with at least that probability.
    pub model: f64,
    /// Percentile band of `model` from the bootstrap over patients; `None` without replicates.
    pub band: Option<[f64; 2]>,
    /// Net benefit of treating everybody; that of treating nobody is 0.
    pub treat_all: f64,
}

/// Net benefit of one threshold from counts of true and false positives among `n`.
fn net_benefit(true_positives: f64, false_positives: f64, n: f64, threshold: f64) -> f64 {
    (true_positives - false_positives * threshold / (1.0 - threshold)) / n
}

/// The decision curve of a split ("not zero" against zero, say) at the given thresholds, with bands
/// from patients drawn within strata of the true class, which keeps the prevalence as it is.
///
/// # Errors
/// A threshold that does not lie between 0 and 1, a confidence that does not, or a split made for
/// other classes.
pub fn decision_curve(
    predictions: &Predictions,
    split: &BinarySplit,
    thresholds: &[f64],
    options: &BootstrapOptions,
    confidence: f64,
) -> Result<Vec<DecisionPoint>, StatsError> {
    let inside = |value: f64| value > 0.0 && value < 1.0;
    if let Some(&value) = thresholds.iter().find(|t| !inside(**t)) {
        return Err(StatsError::BadOption {
            option: "threshold",
            value,
            remedy: "thresholds of a decision curve lie between 0 and 1, both excluded",
        });
    }
    if !inside(confidence) {
        return Err(StatsError::BadOption {
            option: "confidence",
            value: confidence,
            remedy: "give a level between 0 and 1, such as 0.95",
        });
    }
    let (scores, positive) = split.apply(predictions)?;
    let resampling = Resampling::new(predictions);
    let curve = |weights: &[u32]| -> Vec<[f64; 2]> {
        let weight = |row: usize| f64::from(weights[resampling.patient[row] as usize]);
        let n: f64 = (0..scores.len()).map(weight).sum();
        (thresholds.iter())
            .map(|&threshold| {
                let (mut hits, mut false_alarms, mut cases) = (0.0, 0.0, 0.0);
                for (row, (score, positive)) in scores.iter().zip(&positive).enumerate() {
                    let w = weight(row);
                    let called = *score >= threshold;
                    if *positive {
                        cases += w;
                        hits += if called { w } else { 0.0 };
                    } else if called {
                        false_alarms += w;
                    }
                }
                [
                    net_benefit(hits, false_alarms, n, threshold),
                    net_benefit(cases, n - cases, n, threshold),
                ]
            })
            .collect()
    };
    let replicates: Vec<Vec<[f64; 2]>> = (0..options.replicates as u64)
        .into_par_iter()
        .map(|number| {
            let mut weights = vec![0; resampling.patients];
            resampling.draw(options.seed, number, &mut weights);
            curve(&weights)
        })
        .collect();
    let tail = (1.0 - confidence) / 2.0;
    let points = curve(&vec![1; resampling.patients]);
    Ok((points.iter().zip(thresholds).enumerate())
        .map(|(place, (point, &threshold))| {
            let mut values: Vec<f64> = replicates.iter().map(|r| r[place][0]).collect();
            values.sort_unstable_by(f64::total_cmp);
            DecisionPoint {
                threshold,
                model: point[0],
                band: (percentile(&values, tail).zip(percentile(&values, 1.0 - tail)))
                    .map(|(low, high)| [low, high]),
                treat_all: point[1],
            }
        })
        .collect())
}
