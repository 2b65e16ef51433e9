//! The variance of an AUC by DeLong's method, and tests that compare two AUCs.
//!
//! The variance comes from the placements: for every positive the share of negatives below it, for
//! every negative the share of positives above it, ties counting half. Placements are differences
//! of mid-ranks, so the cost is that of sorting, `O(n log n)`. Rows must be independent: one row
//! per patient, and never the rows of the micro average (bootstrap patients for those).
//!
//! Sources: DeLong, DeLong and Clarke-Pearson, Biometrics 44:837 (1988); Sun and Xu, IEEE Signal
//! Process. Lett. 21:1389 (2014). Checked against R's pROC to 1e-10 (`tests/parity/make_r.R`).

use crate::StatsError;
use crate::auc::check_scores;
use crate::interval::normal_quantile;
use crate::ranks::mid_ranks;
use serde::{Deserialize, Serialize};
use statrs::distribution::{ContinuousCDF, Normal, StudentsT};

/// An AUC with its variance.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct DelongAuc {
    /// The area.
    pub auc: f64,
    /// DeLong's estimate of its variance; zero when the classes are separated.
    pub variance: f64,
    /// Positives.
    pub positives: usize,
    /// Negatives.
    pub negatives: usize,
}

impl DelongAuc {
    /// `auc ± z se`, cut to 0..=1. `None` unless `0 < confidence < 1`. Too narrow when the area is
    /// near 1 and exactly `[1, 1]` at 1: [`Self::logit_interval`] is the better choice there.
    pub fn interval(&self, confidence: f64) -> Option<[f64; 2]> {
        let half = normal_quantile(confidence)? * self.variance.sqrt();
        Some([(self.auc - half).max(0.0), (self.auc + half).min(1.0)])
    }

    /// The interval made on the logit scale, with the variance by the delta method. `None` at an
    /// area of 0 or 1, whose logit is infinite, or unless `0 < confidence < 1`.
    pub fn logit_interval(&self, confidence: f64) -> Option<[f64; 2]> {
        let (logit, variance) = self.logit()?;
        let half = normal_quantile(confidence)? * variance.sqrt();
        let back = |x: f64| 1.0 / (1.0 + (-x).exp());
        Some([back(logit - half), back(logit + half)])
    }

    /// `logit(auc)` and its variance, as a meta-analysis over centres wants them. `None` at an area
    /// of 0 or 1.
    pub fn logit(&self) -> Option<(f64, f64)> {
        let spread = self.auc * (1.0 - self.auc);
        (spread > 0.0).then(|| {
            (
                (self.auc / (1.0 - self.auc)).ln(),
                self.variance / (spread * spread),
            )
        })
    }
}

/// The difference of two AUCs and its test.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct AucComparison {
    /// First area minus second.
    pub difference: f64,
    /// Standard error of the difference.
    pub standard_error: f64,
    /// Difference divided by its standard error; `None` when the error is zero.
    pub statistic: Option<f64>,
    /// Welch's degrees of freedom of an unpaired test; `None` for a paired one (normal).
    pub degrees_of_freedom: Option<f64>,
    /// Two-sided p-value; `None` when the error is zero.
    pub p_value: Option<f64>,
}

/// Placements of positives and of negatives.
struct Placements {
    positive: Vec<f64>,
    negative: Vec<f64>,
    auc: f64,
}

fn placements(scores: &[f64], positive: &[bool]) -> Option<Placements> {
    let side = |wanted: bool| -> (Vec<f64>, Vec<usize>) {
        (scores.iter().zip(positive).enumerate())
            .filter(|(_, (_, p))| **p == wanted)
            .map(|(row, (s, _))| (*s, row))
            .unzip()
    };
    let ((cases, case_rows), (controls, control_rows)) = (side(true), side(false));
    if cases.is_empty() || controls.is_empty() {
        return None;
    }
    let (m, n) = (cases.len() as f64, controls.len() as f64);
    let (all, _) = mid_ranks(scores);
    let above = |rows: &[usize], own: &[f64], others: f64| -> Vec<f64> {
        rows.iter()
            .zip(own)
            .map(|(&row, rank)| (all[row] - rank) / others)
            .collect()
    };
    let positive_side = above(&case_rows, &mid_ranks(&cases).0, n);
    let negative_side: Vec<f64> = above(&control_rows, &mid_ranks(&controls).0, m)
        .into_iter()
        .map(|below| 1.0 - below)
        .collect();
    Some(Placements {
        auc: positive_side.iter().sum::<f64>() / m,
        positive: positive_side,
        negative: negative_side,
    })
}

/// Covariance with divisor `n - 1` about the given means; zero for a single value.
fn covariance(a: &[f64], mean_a: f64, b: &[f64], mean_b: f64) -> f64 {
    if a.len() < 2 {
        return 0.0;
    }
    let sum: f64 = (a.iter().zip(b))
        .map(|(x, y)| (x - mean_a) * (y - mean_b))
        .sum();
    sum / (a.len() as f64 - 1.0)
}

/// Covariance of two areas over the same rows.
fn area_covariance(a: &Placements, b: &Placements) -> f64 {
    covariance(&a.positive, a.auc, &b.positive, b.auc) / a.positive.len() as f64
        + covariance(&a.negative, a.auc, &b.negative, b.auc) / a.negative.len() as f64
}

/// The AUC of `scores` for telling `positive` from the others, with DeLong's variance. `None` with
/// fewer than two positives or two negatives, from which no variance can be had.
///
/// # Errors
/// As [`crate::auc`].
pub fn delong(scores: &[f64], positive: &[bool]) -> Result<Option<DelongAuc>, StatsError> {
    check_scores(scores, positive)?;
    Ok(enough(placements(scores, positive)).map(|p| DelongAuc {
        auc: p.auc,
        variance: area_covariance(&p, &p).max(0.0),
        positives: p.positive.len(),
        negatives: p.negative.len(),
    }))
}

fn enough(placements: Option<Placements>) -> Option<Placements> {
    placements.filter(|p| p.positive.len() > 1 && p.negative.len() > 1)
}

/// Compares the AUCs of two scores of the same rows (the same patients read by two models).
/// `None` with fewer than two positives or negatives.
///
/// # Errors
/// As [`crate::auc`], for either score.
pub fn delong_paired(
    first: &[f64],
    second: &[f64],
    positive: &[bool],
) -> Result<Option<AucComparison>, StatsError> {
    check_scores(first, positive)?;
    check_scores(second, positive)?;
    let sides = enough(placements(first, positive)).zip(enough(placements(second, positive)));
    Ok(sides.map(|(a, b)| {
        let variance =
            area_covariance(&a, &a) + area_covariance(&b, &b) - 2.0 * area_covariance(&a, &b);
        // Equal scores leave a trace of rounding.
        let variance = if variance > 1e-15 { variance } else { 0.0 };
        compare(a.auc - b.auc, variance, None)
    }))
}

/// Compares the AUCs of two separate groups of patients (two centres), as pROC does: Student's t
/// with Welch's degrees of freedom. `None` when a group has fewer than two positives or negatives.
///
/// # Errors
/// As [`crate::auc`], for either group.
pub fn delong_unpaired(
    first: (&[f64], &[bool]),
    second: (&[f64], &[bool]),
) -> Result<Option<AucComparison>, StatsError> {
    let sides = delong(first.0, first.1)?.zip(delong(second.0, second.1)?);
    Ok(sides.map(|(a, b)| {
        let size = |side: &DelongAuc| (side.positives + side.negatives) as f64 - 1.0;
        let variance = a.variance + b.variance;
        let freedom =
            variance * variance / (a.variance.powi(2) / size(&a) + b.variance.powi(2) / size(&b));
        compare(
            a.auc - b.auc,
            variance,
            freedom.is_finite().then_some(freedom),
        )
    }))
}

fn compare(difference: f64, variance: f64, freedom: Option<f64>) -> AucComparison {
    let standard_error = variance.sqrt();
    let statistic = (standard_error > 0.0).then(|| difference / standard_error);
    let p_value = statistic.and_then(|statistic| {
        let tail = -statistic.abs();
        let below = match freedom {
            Some(freedom) => StudentsT::new(0.0, 1.0, freedom).ok()?.cdf(tail),
            None => Normal::new(0.0, 1.0).ok()?.cdf(tail),
        };
        Some((2.0 * below).min(1.0))
    });
    AucComparison {
        difference,
        standard_error,
        statistic,
        degrees_of_freedom: freedom,
        p_value,
    }
}

/// Holm's adjustment of p-values for testing several hypotheses (R: `p.adjust(method = "holm")`),
/// in the order they are given. NaN stays NaN and does not count as a test. Source: Holm, Scand. J.
/// Stat. 6:65 (1979).
pub fn holm(p_values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p_values.len())
        .filter(|&i| !p_values[i].is_nan())
        .collect();
    order.sort_by(|&a, &b| p_values[a].total_cmp(&p_values[b]));
    let mut adjusted = vec![f64::NAN; p_values.len()];
    let mut largest: f64 = 0.0;
    for (place, &index) in order.iter().enumerate() {
        largest = largest.max(p_values[index] * (order.len() - place) as f64);
        adjusted[index] = largest.min(1.0);
    }
    adjusted
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn edges() {
        assert_eq!(delong(&[0.1, 0.2], &[true, false]), Ok(None));
        assert!(delong(&[f64::NAN], &[true]).is_err());
        let apart = delong(&[0.1, 0.2, 0.8, 0.9], &[false, false, true, true])
            .unwrap()
            .unwrap();
        assert_eq!((apart.auc, apart.variance), (1.0, 0.0));
        assert_eq!(apart.interval(0.95), Some([1.0, 1.0]));
        assert_eq!(apart.logit_interval(0.95), None);
        let scores = [0.1, 0.6, 0.3, 0.8];
        let truth = [false, false, true, true];
        let same = delong_paired(&scores, &scores, &truth).unwrap().unwrap();
        assert_eq!((same.difference, same.p_value), (0.0, None));
        assert_eq!(holm(&[0.01, 0.04, 0.03]), [0.03, 0.06, 0.06]);
    }

    proptest! {
        #[test]
        fn equals_the_definition_pair_by_pair(
            rows in prop::collection::vec((0u8..9, any::<bool>()), 4..40)
        ) {
            let scores: Vec<f64> = rows.iter().map(|r| f64::from(r.0)).collect();
            let positive: Vec<bool> = rows.iter().map(|r| r.1).collect();
            let psi = |a: f64, b: f64| if a > b { 1.0 } else if a == b { 0.5 } else { 0.0 };
            let side = |w: bool| -> Vec<f64> {
                scores.iter().zip(&positive).filter(|(_, p)| **p == w).map(|(s, _)| *s).collect()
            };
            let (x, y) = (side(true), side(false));
            if let Some(ours) = delong(&scores, &positive).unwrap() {
                let mean = |v: &[f64]| v.iter().sum::<f64>() / v.len() as f64;
                let var = |v: &[f64]| {
                    let m = mean(v);
                    v.iter().map(|a| (a - m).powi(2)).sum::<f64>() / (v.len() as f64 - 1.0)
                };
                let vx: Vec<f64> = x.iter().map(|a| mean(&y.iter().map(|b| psi(*a, *b)).collect::<Vec<_>>())).collect();
                let vy: Vec<f64> = y.iter().map(|b| mean(&x.iter().map(|a| psi(*a, *b)).collect::<Vec<_>>())).collect();
                let variance = var(&vx) / vx.len() as f64 + var(&vy) / vy.len() as f64;
                prop_assert!((ours.auc - mean(&vx)).abs() < 1e-12);
                prop_assert!((ours.variance - variance).abs() < 1e-12);
            } else {
                prop_assert!(x.len() < 2 || y.len() < 2);
            }
        }
    }
}
