//! Whether a probability of 0.3 comes true three times in ten.
//!
//! Bins of equal mass: the edges are quantiles of the predicted probabilities (type 7), a value on
//! an edge belongs to the bin below it, empty bins are left out: the definition of scikit-learn's
//! `calibration_curve(strategy="quantile")`, against which it is checked (1e-12). A quantile that
//! falls on a row is exactly that row here; numpy can miss it by a rounding and then moves the row
//! (and those tied with it) to the next bin. Class-wise
//! expected calibration error: Kull et al., NeurIPS 2019. The recalibration line (Cox, Biometrika
//! 45:562, 1958) is checked against an unpenalised scikit-learn `LogisticRegression` (1e-6).

use crate::interval::{between, wilson_interval};
use crate::{Predictions, StatsError};
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

/// Probabilities are kept this far from 0 and 1 before their logit is taken.
const LOGIT_MARGIN: f64 = 1e-9;

/// Rows whose predictions are alike, and how often the class was there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CalibrationBin {
    /// Mean predicted probability.
    pub predicted: f64,
    /// Share of rows of the class.
    pub observed: f64,
    /// Wilson interval of `observed`.
    pub ci95: Option<[f64; 2]>,
    /// Rows in the bin.
    pub n: u64,
    /// Rows of the class in the bin.
    pub events: u64,
}

/// Calibration of one class against the rest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClassCalibration {
    /// Bins by ascending probability.
    pub bins: Vec<CalibrationBin>,
    /// Expected calibration error: the mean of `|observed - predicted|` over the bins, weighted by
    /// their rows.
    pub ece: f64,
    /// Calibration in the large: the intercept with the slope fixed at 1 (0 is ideal, above 0 the
    /// class is predicted too rarely). `None` when the data do not determine it.
    pub in_the_large: Option<f64>,
    /// Slope of `logit P(y)` on `logit p` (1 is ideal, below 1 the predictions are too extreme).
    pub slope: Option<f64>,
    /// Intercept that belongs to `slope`.
    pub intercept: Option<f64>,
}

/// Calibration of all classes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    /// Bins of equal mass that were asked for; ties may leave fewer.
    pub bins: usize,
    /// Mean of the classes' expected calibration errors.
    pub ece: f64,
    /// Every class, in the order of the predictions.
    pub per_class: IndexMap<String, ClassCalibration>,
}

/// The number of bins for `n` rows when none is asked for: one for each 20 rows, from 2 to 10.
pub fn calibration_bins(n: usize) -> usize {
    (n / 20).clamp(2, 10)
}

/// Bins of equal mass of `probabilities`, with the share of `events` in each.
///
/// # Errors
/// The slices differ in length, a probability is NaN, or `bins` is zero.
pub fn calibration_curve(
    probabilities: &[f64],
    events: &[bool],
    bins: usize,
    confidence: f64,
) -> Result<Vec<CalibrationBin>, StatsError> {
    crate::auc::check_scores(probabilities, events)?;
    if bins == 0 {
        return Err(StatsError::BadOption {
            option: "bins",
            value: 0.0,
            remedy: "a calibration curve needs at least one bin",
        });
    }
    let Some(last) = probabilities.len().checked_sub(1) else {
        return Ok(Vec::new());
    };
    let mut ascending = probabilities.to_vec();
    ascending.sort_unstable_by(f64::total_cmp);
    // More bins than rows would only be empty.
    let bins = bins.min(probabilities.len());
    let edges: Vec<f64> = (1..bins)
        .map(|edge| {
            // The place edge * last / bins in whole numbers, so that a quantile that falls on a
            // row is that row.
            let (below, rest) = (edge * last / bins, edge * last % bins);
            let above = (below + 1).min(last);
            between(
                ascending[below],
                ascending[above],
                rest as f64 / bins as f64,
            )
        })
        .collect();
    let mut sums = vec![(0.0, 0u64, 0u64); bins];
    for (&p, &event) in probabilities.iter().zip(events) {
        let bin = &mut sums[edges.partition_point(|edge| *edge < p)];
        bin.0 += p;
        bin.1 += 1;
        bin.2 += u64::from(event);
    }
    Ok(sums
        .into_iter()
        .filter(|bin| bin.1 > 0)
        .map(|(sum, n, events)| CalibrationBin {
            predicted: sum / n as f64,
            observed: events as f64 / n as f64,
            ci95: wilson_interval(events, n, confidence),
            n,
            events,
        })
        .collect())
}

/// The line `logit P(event) = intercept + slope * logit p` by maximum likelihood, as
/// `[intercept, slope]`. `None` when the likelihood has no maximum (one class only, separated
/// classes, constant probabilities) or Newton's method does not reach it.
///
/// Probabilities are kept 1e-9 away from 0 and 1. Slices of different length give `None`.
pub fn recalibration_line(probabilities: &[f64], events: &[bool]) -> Option<[f64; 2]> {
    fit_line(probabilities, events, true)
}

/// Newton's method for the intercept and, when `with_slope`, the slope; otherwise the slope is 1.
fn fit_line(probabilities: &[f64], events: &[bool], with_slope: bool) -> Option<[f64; 2]> {
    let hits = events.iter().filter(|e| **e).count();
    if probabilities.len() != events.len() || hits == 0 || hits == events.len() {
        return None;
    }
    let logits: Vec<f64> = probabilities
        .iter()
        .map(|p| {
            let p = p.clamp(LOGIT_MARGIN, 1.0 - LOGIT_MARGIN);
            (p / (1.0 - p)).ln()
        })
        .collect();
    let loss = |line: [f64; 2]| -> f64 {
        let row = |(x, event): (&f64, &bool)| {
            let eta = line[0] + line[1] * x;
            let signed = if *event { -eta } else { eta };
            // ln(1 + e^s) without overflow.
            signed.max(0.0) + (-signed.abs()).exp().ln_1p()
        };
        logits.iter().zip(events).map(row).sum()
    };
    let n = logits.len() as f64;
    let mut line = [0.0, 1.0];
    let mut current = loss(line);
    for _ in 0..100 {
        let (mut g0, mut g1, mut h00, mut h01, mut h11) = (0.0, 0.0, 0.0, 0.0, 0.0);
        for (x, event) in logits.iter().zip(events) {
            let p = 1.0 / (1.0 + (-(line[0] + line[1] * x)).exp());
            let residual = p - f64::from(u8::from(*event));
            let weight = p * (1.0 - p);
            g0 += residual;
            g1 += residual * x;
            h00 += weight;
            h01 += weight * x;
            h11 += weight * x * x;
        }
        let step = if with_slope {
            let determinant = h00 * h11 - h01 * h01;
            if determinant.is_nan() || determinant <= 1e-10 * h00 * h11 {
                return None;
            }
            [
                (h11 * g0 - h01 * g1) / determinant,
                (h00 * g1 - h01 * g0) / determinant,
            ]
        } else {
            if h00.is_nan() || h00 <= 1e-12 * n {
                return None;
            }
            [g0 / h00, 0.0]
        };
        // The Newton decrement is twice the distance to the optimum in nats. Below this the next
        // full step is exact to rounding, and the loss can no longer tell the steps apart.
        if g0 * step[0] + g1 * step[1] < 1e-9 {
            return Some([line[0] - step[0], line[1] - step[1]]);
        }
        let mut share = 1.0;
        loop {
            let next = [line[0] - share * step[0], line[1] - share * step[1]];
            let value = loss(next);
            if value <= current {
                line = next;
                current = value;
                break;
            }
            share /= 2.0;
            if share < 1e-8 {
                return None;
            }
        }
        // Separated classes drive the line to infinity.
        if line[0].abs() > 1e3 || line[1].abs() > 1e3 || current < 1e-6 * n {
            return None;
        }
    }
    None
}

/// Calibration of every class of the predictions.
pub(crate) fn calibrate(
    predictions: &Predictions,
    bins: usize,
    confidence: f64,
) -> Result<Calibration, StatsError> {
    let mut per_class = IndexMap::new();
    let mut sum = 0.0;
    for (class, name) in predictions.classes().iter().enumerate() {
        let (p, events) = (predictions.column(class), predictions.is_class(class));
        let curve = calibration_curve(&p, &events, bins, confidence)?;
        let n = predictions.len() as f64;
        let ece = curve
            .iter()
            .map(|b| (b.observed - b.predicted).abs() * b.n as f64)
            .sum::<f64>()
            / n;
        sum += ece;
        let line = recalibration_line(&p, &events);
        per_class.insert(
            name.clone(),
            ClassCalibration {
                bins: curve,
                ece,
                in_the_large: fit_line(&p, &events, false).map(|line| line[0]),
                slope: line.map(|line| line[1]),
                intercept: line.map(|line| line[0]),
            },
        );
    }
    Ok(Calibration {
        bins,
        ece: sum / predictions.class_count() as f64,
        per_class,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn degenerate_curves() {
        assert_eq!(calibration_curve(&[], &[], 5, 0.95), Ok(vec![]));
        assert!(calibration_curve(&[0.5], &[true], 0, 0.95).is_err());
        let constant = calibration_curve(&[0.3; 8], &[true; 8], 4, 0.95).unwrap();
        assert_eq!(constant.len(), 1);
        assert_eq!((constant[0].n, constant[0].events), (8, 8));
        // One class, constant probabilities, separated classes: no line.
        assert_eq!(recalibration_line(&[0.2, 0.6], &[true, true]), None);
        assert_eq!(
            recalibration_line(&[0.4; 4], &[true, false, true, false]),
            None
        );
        assert_eq!(
            recalibration_line(&[0.1, 0.2, 0.7, 0.9], &[false, false, true, true]),
            None
        );
        // In the large the constant 0.4 is below the true half by logit(0.5) - logit(0.4).
        let shift = fit_line(&[0.4; 4], &[true, false, true, false], false).unwrap()[0];
        assert!((shift - (0.6f64 / 0.4).ln()).abs() < 1e-9);
    }

    proptest! {
        #[test]
        fn bins_hold_every_row(
            rows in prop::collection::vec((0.0f64..=1.0, any::<bool>()), 1..80),
            bins in 1usize..15
        ) {
            let (p, events): (Vec<f64>, Vec<bool>) = rows.into_iter().unzip();
            let curve = calibration_curve(&p, &events, bins, 0.95).unwrap();
            prop_assert_eq!(curve.iter().map(|b| b.n).sum::<u64>(), p.len() as u64);
            let hits = events.iter().filter(|e| **e).count() as u64;
            prop_assert_eq!(curve.iter().map(|b| b.events).sum::<u64>(), hits);
            prop_assert!(curve.windows(2).all(|w| w[0].predicted <= w[1].predicted));
            if let Some([intercept, slope]) = recalibration_line(&p, &events) {
                prop_assert!(intercept.is_finite() && slope.is_finite());
            }
        }
    }
}
