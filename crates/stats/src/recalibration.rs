//! Multinomial recalibration: intercepts and slopes of the outcome on the model's own log-odds.
//!
//! With class 0 as reference and `l_k = ln(p_k / p_0)`, the model
//! `ln(P(k) / P(0)) = a_k + b_k l_k` is fitted by maximum likelihood. A calibrated model has all
//! `a_k = 0` and `b_k = 1`; slopes below 1 tell of predictions too extreme. Source: Van Hoorde et al.,
//! Stat. Med. 33:2585 (2014). Checked against R's `VGAM::vglm` to 1e-6 (`tests/parity/make_r.R`).

use crate::Predictions;
use nalgebra::{DMatrix, DVector};
use serde::{Deserialize, Serialize};

/// Probabilities below this count as this (and rows are scaled back to 1) before their logarithm
/// is taken.
const FLOOR: f64 = 0.005;

/// The fit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MultinomialRecalibration {
    /// Intercepts `a_k` of the classes 1..K beside the slopes.
    pub intercepts: Vec<f64>,
    /// Slopes `b_k` of the classes 1..K.
    pub slopes: Vec<f64>,
    /// Standard errors of `intercepts`.
    pub intercept_errors: Vec<f64>,
    /// Standard errors of `slopes`.
    pub slope_errors: Vec<f64>,
    /// Intercepts with all slopes held at 1: calibration in the large.
    pub in_the_large: Vec<f64>,
    /// Log-likelihood of the fit.
    pub log_likelihood: f64,
}

/// Fits the recalibration. `None` when the likelihood has no maximum (a class without rows,
/// separated classes, constant probabilities).
pub fn multinomial_recalibration(predictions: &Predictions) -> Option<MultinomialRecalibration> {
    let classes = predictions.class_count();
    if predictions.class_counts().contains(&0) {
        return None;
    }
    let odds: Vec<f64> = (predictions.rows())
        .flat_map(|row| {
            let first = row[0].max(FLOOR);
            row[1..].iter().map(move |p| (p.max(FLOOR) / first).ln())
        })
        .collect();
    let (full, covariance, log_likelihood) = fit(&odds, predictions.truth(), classes - 1, true)?;
    let (large, _, _) = fit(&odds, predictions.truth(), classes - 1, false)?;
    let errors: Vec<f64> = covariance.diagonal().iter().map(|v| v.sqrt()).collect();
    let (a, b) = full.split_at(classes - 1);
    let (ea, eb) = errors.split_at(classes - 1);
    Some(MultinomialRecalibration {
        intercepts: a.to_vec(),
        slopes: b.to_vec(),
        intercept_errors: ea.to_vec(),
        slope_errors: eb.to_vec(),
        in_the_large: large[..classes - 1].to_vec(),
        log_likelihood,
    })
}

/// Newton's method with halved steps: parameters (intercepts, then slopes), their covariance and the
/// log-likelihood.
fn fit(
    odds: &[f64],
    truth: &[usize],
    equations: usize,
    with_slopes: bool,
) -> Option<(Vec<f64>, DMatrix<f64>, f64)> {
    let free = if with_slopes {
        2 * equations
    } else {
        equations
    };
    let mut parameters = vec![0.0; equations];
    parameters.resize(2 * equations, 1.0);
    // Log-likelihood, and chances of the classes 1..K, of a row.
    let row_of = |parameters: &[f64], odds: &[f64], truth: usize| -> (f64, Vec<f64>) {
        let eta: Vec<f64> = (0..equations)
            .map(|k| parameters[k] + parameters[equations + k] * odds[k])
            .collect();
        let top = eta.iter().copied().fold(0.0, f64::max);
        let sum = (-top).exp() + eta.iter().map(|e| (e - top).exp()).sum::<f64>();
        let own = if truth == 0 { 0.0 } else { eta[truth - 1] };
        let chances = eta.iter().map(|e| (e - top).exp() / sum).collect();
        (own - top - sum.ln(), chances)
    };
    let likelihood = |parameters: &[f64]| -> f64 {
        (odds.chunks_exact(equations).zip(truth))
            .map(|(odds, &t)| row_of(parameters, odds, t).0)
            .sum()
    };
    let mut current = likelihood(&parameters);
    for _ in 0..100 {
        let mut gradient = DVector::zeros(free);
        let mut information = DMatrix::zeros(free, free);
        for (odds, &t) in odds.chunks_exact(equations).zip(truth) {
            let (_, chances) = row_of(&parameters, odds, t);
            let part = |i: usize| {
                let k = i % equations;
                (k, if i < equations { 1.0 } else { odds[k] })
            };
            for i in 0..free {
                let (k, x) = part(i);
                gradient[i] += x * (f64::from(u8::from(t == k + 1)) - chances[k]);
                for j in 0..free {
                    let (l, z) = part(j);
                    let same = f64::from(u8::from(k == l));
                    information[(i, j)] += x * z * chances[k] * (same - chances[l]);
                }
            }
        }
        let cholesky = information.cholesky()?;
        let step = cholesky.solve(&gradient);
        if gradient.dot(&step) < 1e-12 {
            return Some((parameters, cholesky.inverse(), current));
        }
        let mut share = 1.0;
        loop {
            let mut next = parameters.clone();
            for (value, change) in next.iter_mut().zip(step.iter()) {
                *value += share * change;
            }
            let value = likelihood(&next);
            if value >= current {
                parameters = next;
                current = value;
                break;
            }
            share /= 2.0;
            if share < 1e-8 {
                // Rounding hides any further gain: this is the maximum, or there is none.
                return (gradient.dot(&step) < 1e-8)
                    .then(|| (parameters, cholesky.inverse(), current));
            }
        }
        // Separated classes drive the parameters to infinity.
        if parameters.iter().any(|p| p.abs() > 1e3) {
            return None;
        }
    }
    None
}
