//! The difference of one figure between two models on the same patients.

use crate::bootstrap::{BootstrapOptions, Statistic, bootstrap_difference};
use crate::{Predictions, StatsError};
use serde::{Deserialize, Serialize};
use statrs::distribution::{ContinuousCDF, Normal};

/// A difference with its interval and test.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct PairedDifference {
    /// First minus second.
    pub value: f64,
    /// Percentile interval over replicates in which both models see the same patients.
    pub ci95: Option<[f64; 2]>,
    /// Two-sided p-value that they are equal, from the standard error of the replicates; `None` when that is 0.
    pub p_value: Option<f64>,
}

/// Compares two models by one figure. `None` where a model has no such figure.
///
/// # Errors
/// As [`bootstrap_difference`]: predictions of other patients, or in another order.
pub fn paired_difference(
    first: &Predictions,
    second: &Predictions,
    statistic: Statistic,
    options: &BootstrapOptions,
    confidence: f64,
) -> Result<Option<PairedDifference>, StatsError> {
    let found = bootstrap_difference(first, second, options)?;
    let Some(value) = found.estimate(statistic) else {
        return Ok(None);
    };
    let drawn: Vec<f64> = found.values(statistic).into_iter().flatten().collect();
    let n = drawn.len() as f64;
    let mean = drawn.iter().sum::<f64>() / n.max(1.0);
    let variance = drawn.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0).max(1.0);
    let error = variance.sqrt();
    Ok(Some(PairedDifference {
        value,
        ci95: found.interval(statistic, confidence),
        p_value: (error > 0.0).then(|| 2.0 * Normal::standard().sf((value / error).abs())),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn predictions(strength: f64) -> Predictions {
        let names: Vec<String> = (0..120).map(|i| i.to_string()).collect();
        let truth: Vec<usize> = (0..120).map(|i| i % 2).collect();
        let rows = truth.iter().enumerate().flat_map(|(i, &t)| {
            let p = 0.3 + strength * t as f64 + 0.3 * ((i * 31 + 7) % 53) as f64 / 53.0;
            [1.0 - p, p]
        });
        let rows = rows.collect();
        let classes = ["zero", "low"].map(String::from).to_vec();
        Predictions::new(names.clone(), names, classes, truth, rows, None).unwrap()
    }

    #[test]
    fn a_better_model_is_better_and_a_model_equals_itself() {
        let options = BootstrapOptions {
            replicates: 500,
            seed: 1,
        };
        let (good, poor) = (predictions(0.2), predictions(0.02));
        let of = |a, b| {
            paired_difference(a, b, Statistic::MacroAuc, &options, 0.95)
                .unwrap()
                .unwrap()
        };
        let found = of(&good, &poor);
        assert!(
            found.value > 0.2 && found.p_value.unwrap() < 1e-3,
            "{found:?}"
        );
        assert!(found.ci95.unwrap()[0] > 0.0);
        let other = of(&poor, &good);
        assert_eq!(other.value, -found.value);
        let same = of(&good, &good);
        assert_eq!((same.value, same.p_value), (0.0, None));
    }
}
