//! The bias-corrected and accelerated interval.

use crate::interval::percentile;
use statrs::distribution::{ContinuousCDF, Normal};

/// The acceleration constant of influence values: `sum l^3 / (6 (sum l^2)^1.5)`; 0 when all are 0.
/// Checked against R's `boot::empinf` (stratified jackknife of an AUC) to 1e-10.
pub fn acceleration(influence: &[f64]) -> f64 {
    let squares: f64 = influence.iter().map(|l| l * l).sum();
    let cubes: f64 = influence.iter().map(|l| l * l * l).sum();
    if squares > 0.0 {
        cubes / (6.0 * squares.powf(1.5))
    } else {
        0.0
    }
}

/// The BCa interval of a statistic from its replicates.
///
/// The bias correction is the normal quantile of the share of replicates below the estimate, ties
/// counting half (figures such as the accuracy take few values). `None` without replicates, when
/// all lie on one side of the estimate, so that no finite correction exists, or when the
/// confidence does not lie between 0 and 1. Source: Efron, J. Am. Stat. Assoc. 82:171 (1987);
/// checked against its formula in scipy to 1e-10 (`tests/parity/make_figures.py`).
pub fn bca_interval(
    estimate: f64,
    replicates: &[f64],
    acceleration: f64,
    confidence: f64,
) -> Option<[f64; 2]> {
    if !(confidence > 0.0 && confidence < 1.0) || replicates.iter().any(|r| r.is_nan()) {
        return None;
    }
    let mut ascending = replicates.to_vec();
    ascending.sort_unstable_by(f64::total_cmp);
    let below = ascending.partition_point(|r| *r < estimate) as f64;
    let up_to = ascending.partition_point(|r| *r <= estimate) as f64;
    let share = (below + up_to) / 2.0 / ascending.len() as f64;
    let normal = Normal::new(0.0, 1.0).ok()?;
    if !(share > 0.0 && share < 1.0) {
        return None;
    }
    let shift = normal.inverse_cdf(share);
    let bound = |tail: f64| {
        let z = shift + normal.inverse_cdf(tail);
        let place = normal.cdf(shift + z / (1.0 - acceleration * z));
        percentile(&ascending, place)
    };
    let tail = (1.0 - confidence) / 2.0;
    Some([bound(tail)?, bound(1.0 - tail)?])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_bias_or_acceleration_it_is_the_percentile_interval() {
        let replicates: Vec<f64> = (0..=100).map(f64::from).collect();
        let [low, high] = bca_interval(50.0, &replicates, 0.0, 0.9).unwrap();
        assert!((low - 5.0).abs() < 1e-9 && (high - 95.0).abs() < 1e-9);
        assert_eq!(bca_interval(-1.0, &replicates, 0.0, 0.9), None);
        assert_eq!(bca_interval(1.0, &[], 0.0, 0.9), None);
        assert_eq!(bca_interval(1.0, &replicates, 0.0, 1.0), None);
        assert_eq!(acceleration(&[0.0, 0.0]), 0.0);
    }
}
