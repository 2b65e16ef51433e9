//! How a column of the external cohort differs from the same column in training.

use crate::percentile;
use serde::{Deserialize, Serialize};

/// Shares below this count as this in the stability index, whose logarithm would be infinite.
const LEAST_SHARE: f64 = 1e-4;

/// Three measures of drift of one column.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Drift {
    /// Difference of means, external minus training, in pooled standard deviations; `None` when
    /// both columns are constant. Above 0.1 it is usually looked at (Austin, Stat. Med. 28:3083, 2009).
    pub standardised_difference: Option<f64>,
    /// Greatest distance of the two distribution functions (Kolmogorov and Smirnov), 0..=1.
    pub ks_distance: f64,
    /// Population stability index over the deciles of training. Above 0.25 is called a large shift
    /// (Siddiqi, Credit Risk Scorecards, 2006).
    pub stability_index: f64,
}

/// Difference of means, the second minus the first, in standard deviations of the mean of both variances (n - 1). `None` when one side has
/// fewer than two values, or both are constant.
pub(crate) fn standardised_difference(first: &[f64], second: &[f64]) -> Option<f64> {
    let moments = |column: &[f64]| {
        let n = column.len() as f64;
        let mean = column.iter().sum::<f64>() / n;
        let variance = column.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0);
        (column.len() > 1).then_some((mean, variance))
    };
    let ((mean_a, var_a), (mean_b, var_b)) = (moments(first)?, moments(second)?);
    let pooled = ((var_a + var_b) / 2.0).sqrt();
    (pooled > 0.0).then(|| (mean_b - mean_a) / pooled)
}

/// Measures drift. Values that are not finite are left out; `None` with fewer than two values on a
/// side. Checked against scipy (`ks_2samp`) and numpy to 1e-12 (`tests/parity/make_figures.py`).
pub fn drift(training: &[f64], external: &[f64]) -> Option<Drift> {
    let clean = |column: &[f64]| -> Vec<f64> {
        let mut values: Vec<f64> = column.iter().copied().filter(|v| v.is_finite()).collect();
        values.sort_unstable_by(f64::total_cmp);
        values
    };
    let (a, b) = (clean(training), clean(external));
    if a.len() < 2 || b.len() < 2 {
        return None;
    }
    let below =
        |column: &[f64], x: f64| column.partition_point(|v| *v <= x) as f64 / column.len() as f64;
    let ks_distance = (a.iter().chain(&b))
        .map(|&x| (below(&a, x) - below(&b, x)).abs())
        .fold(0.0, f64::max);
    let edges: Vec<f64> = (1..10)
        .filter_map(|decile| percentile(&a, f64::from(decile) / 10.0))
        .collect();
    let shares = |column: &[f64]| {
        let mut counts = [0.0; 10];
        for value in column {
            counts[edges.partition_point(|edge| edge < value)] += 1.0;
        }
        counts.map(|c| (c / column.len() as f64).max(LEAST_SHARE))
    };
    let stability_index = (shares(&a).iter().zip(&shares(&b)))
        .map(|(expected, observed)| (observed - expected) * (observed / expected).ln())
        .sum();
    Some(Drift {
        standardised_difference: standardised_difference(&a, &b),
        ks_distance,
        stability_index,
    })
}
