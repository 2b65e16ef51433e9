//! Least squares within bounds (Levenberg, 1944; Marquardt, 1963), from several starts.

use crate::{InputFunction, Model, PharmacokineticError};
use nalgebra::{DMatrix, DVector};
use serde::Serialize;

/// Steps that one start may take.
const STEPS: usize = 100;

/// A fitted curve.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Fit {
    /// The parameters, in the order of [`Model::parameters`].
    pub parameters: Vec<f64>,
    /// Whether each lies on one of its bounds, where it is not to be trusted.
    pub at_bound: Vec<bool>,
    /// Sum of squared differences, mM2.
    pub sum_of_squares: f64,
    /// Share of the curve's variance that is explained; not a number for a flat curve.
    pub r_squared: f64,
}

/// Fits a model to concentrations (millimolar) at rising times in seconds.
///
/// # Errors
/// [`PharmacokineticError::BadTimes`], [`PharmacokineticError::Length`], and [`PharmacokineticError::TooFewSamples`] when there are fewer
/// samples after the first than parameters and one more.
pub fn fit(
    model: Model,
    input: &InputFunction,
    times_s: &[f64],
    concentrations_mm: &[f64],
) -> Result<Fit, PharmacokineticError> {
    check(model, times_s)?;
    if concentrations_mm.len() != times_s.len() {
        return Err(PharmacokineticError::Length {
            what: "the tissue's curve",
            found: concentrations_mm.len(),
            expected: times_s.len(),
        });
    }
    Ok(fit_checked(model, input, times_s, concentrations_mm))
}

pub(crate) fn check(model: Model, times_s: &[f64]) -> Result<(), PharmacokineticError> {
    let rising = times_s.windows(2).all(|t| t[1] > t[0]);
    if !rising || times_s.iter().any(|t| !t.is_finite() || *t > 1e5) {
        return Err(PharmacokineticError::BadTimes {
            what: "the tissue's curve",
        });
    }
    let (samples, unknowns) = (times_s.len().saturating_sub(1), model.parameters().len());
    if samples <= unknowns {
        return Err(PharmacokineticError::TooFewSamples {
            samples,
            unknowns,
            model,
        });
    }
    Ok(())
}

pub(crate) fn fit_checked(
    model: Model,
    input: &InputFunction,
    times_s: &[f64],
    concentrations_mm: &[f64],
) -> Fit {
    let mut best: Option<(Vec<f64>, f64)> = None;
    for start in model.starts() {
        let found = descend(model, input, times_s, concentrations_mm, start);
        // The first of equals, so that the result does not hang on rounding.
        if best.as_ref().is_none_or(|b| found.1 < b.1 * (1.0 - 1e-9)) {
            best = Some(found);
        }
    }
    let (parameters, sum_of_squares) = best.unwrap_or((Vec::new(), f64::NAN));
    let mean = concentrations_mm.iter().sum::<f64>() / concentrations_mm.len() as f64;
    let total: f64 = concentrations_mm.iter().map(|c| (c - mean).powi(2)).sum();
    let at_bound = (parameters.iter().zip(model.bounds()))
        .map(|(p, [low, high])| p - low < 1e-6 * (high - low) || high - p < 1e-6 * (high - low))
        .collect();
    Fit {
        at_bound,
        parameters,
        sum_of_squares,
        r_squared: if total > 0.0 {
            1.0 - sum_of_squares / total
        } else {
            f64::NAN
        },
    }
}

/// One descent. Parameters on a bound that the step would leave are held for that step.
fn descend(
    model: Model,
    input: &InputFunction,
    times_s: &[f64],
    measured: &[f64],
    start: &[f64],
) -> (Vec<f64>, f64) {
    let (n, m) = (times_s.len(), start.len());
    let bounds = model.bounds();
    let mut at = start.to_vec();
    let mut curve = vec![0.0; n];
    let mut moved = vec![0.0; n];
    let squares = |curve: &[f64]| -> f64 {
        curve
            .iter()
            .zip(measured)
            .map(|(c, y)| (y - c).powi(2))
            .sum()
    };
    model.concentrations_into(&at, input, times_s, &mut curve);
    let mut sum = squares(&curve);
    let mut damping = 1e-3;
    for _ in 0..STEPS {
        let mut jacobian = DMatrix::<f64>::zeros(n, m);
        for (column, [low, high]) in bounds.iter().enumerate().take(m) {
            let width = 1e-6 * (high - low);
            let mut other = at.clone();
            // Inwards at the upper bound.
            let step = if at[column] + width > *high {
                -width
            } else {
                width
            };
            other[column] += step;
            model.concentrations_into(&other, input, times_s, &mut moved);
            for row in 0..n {
                jacobian[(row, column)] = (moved[row] - curve[row]) / step;
            }
        }
        let residual = DVector::from_iterator(n, measured.iter().zip(&curve).map(|(y, c)| y - c));
        let gradient = jacobian.transpose() * residual;
        let normal = jacobian.transpose() * &jacobian;
        let held: Vec<bool> = (0..m)
            .map(|c| {
                (at[c] <= bounds[c][0] && gradient[c] < 0.0)
                    || (at[c] >= bounds[c][1] && gradient[c] > 0.0)
            })
            .collect();
        let mut better = false;
        while damping < 1e12 {
            let mut left = normal.clone();
            let mut right = gradient.clone();
            for c in 0..m {
                left[(c, c)] += damping * normal[(c, c)].max(1e-12);
                if held[c] {
                    left.row_mut(c).fill(0.0);
                    left.column_mut(c).fill(0.0);
                    left[(c, c)] = 1.0;
                    right[c] = 0.0;
                }
            }
            let Some(step) = left.cholesky().map(|l| l.solve(&right)) else {
                damping *= 10.0;
                continue;
            };
            let next: Vec<f64> = (0..m)
                .map(|c| (at[c] + step[c]).clamp(bounds[c][0], bounds[c][1]))
                .collect();
            model.concentrations_into(&next, input, times_s, &mut moved);
            let now = squares(&moved);
            if now < sum {
                let gain = sum - now;
                (at, sum) = (next, now);
                std::mem::swap(&mut curve, &mut moved);
                damping = (damping * 0.2).max(1e-12);
                better = gain > 1e-12 * (sum + 1e-300);
                break;
            }
            damping *= 4.0;
        }
        if !better {
            break;
        }
    }
    (at, sum)
}
