//! Cox's proportional hazards.

use crate::follow_up::{all_finite, same_length};
use crate::{FollowUp, SurvivalError};
use nalgebra::{DMatrix, DVector};
use serde::{Deserialize, Serialize};
use statrs::distribution::{ChiSquared, ContinuousCDF, Normal};

/// How events at the same time are treated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ties {
    /// Efron's approximation (J. Am. Stat. Assoc. 72:557, 1977), R's default.
    Efron,
    /// Breslow's (Biometrics 30:89, 1974).
    Breslow,
}

/// One covariate's coefficient.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Coefficient {
    /// Logarithm of the hazard ratio.
    pub estimate: f64,
    /// Its standard error.
    pub standard_error: f64,
    /// Hazard ratio per unit of the covariate.
    pub hazard_ratio: f64,
    /// Interval of the hazard ratio.
    pub interval: [f64; 2],
    /// Wald's p-value.
    pub p_value: f64,
}

/// A test that all coefficients are zero.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct GlobalTest {
    /// Chi-square statistic, with as many degrees of freedom as there are covariates.
    pub statistic: f64,
    /// p-value.
    pub p_value: f64,
}

/// A fitted model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CoxFit {
    /// One for each covariate.
    pub coefficients: Vec<Coefficient>,
    /// Partial log-likelihood with all coefficients zero, and at the estimate.
    pub log_likelihood: [f64; 2],
    /// Wald's test.
    pub wald: GlobalTest,
    /// The likelihood ratio test.
    pub likelihood_ratio: GlobalTest,
    /// The score test.
    pub score: GlobalTest,
}

/// Log-likelihood, gradient and information.
struct Partial {
    value: f64,
    gradient: DVector<f64>,
    information: DMatrix<f64>,
}

fn partial(
    follow_up: &FollowUp,
    rows: &[DVector<f64>],
    beta: &DVector<f64>,
    ties: Ties,
) -> Partial {
    let p = beta.len();
    let mut result = Partial {
        value: 0.0,
        gradient: DVector::zeros(p),
        information: DMatrix::zeros(p, p),
    };
    // Sums over those still at risk: of weights, weighted covariates and their squares.
    let (mut s0, mut s1, mut s2) = (0.0, DVector::zeros(p), DMatrix::zeros(p, p));
    let order = follow_up.order();
    let runs: Vec<&[usize]> =
        (order.chunk_by(|&a, &b| follow_up.time[a] == follow_up.time[b])).collect();
    for run in runs.iter().rev() {
        let (mut d0, mut d1, mut d2) = (0.0, DVector::zeros(p), DMatrix::zeros(p, p));
        let mut events = 0.0;
        for &row in *run {
            let x = &rows[row];
            let eta = x.dot(beta);
            let (w, wx) = (eta.exp(), x * eta.exp());
            let square = &wx * x.transpose();
            if follow_up.event[row] {
                events += 1.0;
                result.value += eta;
                result.gradient += x;
                d0 += w;
                d1 += &wx;
                d2 += &square;
            }
            s0 += w;
            s1 += wx;
            s2 += square;
        }
        for place in 0..events as usize {
            let share = match ties {
                Ties::Efron => place as f64 / events,
                Ties::Breslow => 0.0,
            };
            let total = s0 - share * d0;
            let mean = (&s1 - &d1 * share) / total;
            result.value -= f64::ln(total);
            result.gradient -= &mean;
            result.information += (&s2 - &d2 * share) / total - &mean * mean.transpose();
        }
    }
    result
}

/// Fits the model to covariates given column by column, by Newton's method with halved steps.
/// Source: Cox, J. R. Stat. Soc. B 34:187 (1972).
///
/// # Errors
/// No covariate or columns of another length, a value that is not finite, no event, a confidence that
/// does not lie between 0 and 1, or a likelihood without a maximum.
pub fn cox(
    follow_up: &FollowUp,
    covariates: &[Vec<f64>],
    ties: Ties,
    confidence: f64,
) -> Result<CoxFit, SurvivalError> {
    if !(confidence > 0.0 && confidence < 1.0) {
        return Err(SurvivalError::BadConfidence { value: confidence });
    }
    if !follow_up.event.iter().any(|e| *e) {
        return Err(SurvivalError::NoEvent {
            patients: follow_up.len(),
        });
    }
    if covariates.is_empty() {
        return Err(SurvivalError::NoMaximum);
    }
    let n = follow_up.len() as f64;
    let mut centred = Vec::new();
    let mut scales = Vec::new();
    for column in covariates {
        same_length("covariate", follow_up.len(), column.len())?;
        all_finite("covariate", column)?;
        // Standardised, so that one rule of convergence serves covariates of any unit.
        let mean = column.iter().sum::<f64>() / n;
        let scale = (column.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n).sqrt();
        // The columns are finite, so that the scale can be compared.
        if scale <= 1e-12 * mean.abs() || scale.is_nan() {
            return Err(SurvivalError::NoMaximum);
        }
        centred.push(
            column
                .iter()
                .map(|x| (x - mean) / scale)
                .collect::<Vec<_>>(),
        );
        scales.push(scale);
    }
    let p = covariates.len();
    let rows: Vec<DVector<f64>> = (0..follow_up.len())
        .map(|row| DVector::from_fn(p, |k, _| centred[k][row]))
        .collect();
    let mut beta = DVector::zeros(p);
    let mut now = partial(follow_up, &rows, &beta, ties);
    let (null, null_gradient) = (now.value, now.gradient.clone());
    let solve = |information: &DMatrix<f64>| {
        information
            .clone()
            .cholesky()
            .ok_or(SurvivalError::NoMaximum)
    };
    let score = null_gradient.dot(&solve(&now.information)?.solve(&null_gradient));
    let mut converged = false;
    for _ in 0..50 {
        let step = solve(&now.information)?.solve(&now.gradient);
        if now.gradient.dot(&step) < 1e-18 * n {
            converged = true;
            break;
        }
        let mut share = 1.0;
        let next = loop {
            let candidate = partial(follow_up, &rows, &(&beta + &step * share), ties);
            if candidate.value >= now.value || share < 1e-6 {
                break candidate;
            }
            share /= 2.0;
        };
        if share < 1e-6 {
            // Rounding hides any further gain.
            converged = now.gradient.dot(&step) < 1e-9;
            break;
        }
        beta += step * share;
        now = next;
        // Ten standard deviations of log hazard: the events are separated.
        if beta.iter().any(|b| b.abs() > 20.0) {
            return Err(SurvivalError::NoMaximum);
        }
    }
    if !converged {
        return Err(SurvivalError::NoMaximum);
    }
    let covariance = solve(&now.information)?.inverse();
    let normal = Normal::standard();
    let z = normal.inverse_cdf(0.5 + confidence / 2.0);
    let coefficients = (0..p)
        .map(|k| {
            let (b, se) = (beta[k] / scales[k], covariance[(k, k)].sqrt() / scales[k]);
            Coefficient {
                estimate: b,
                standard_error: se,
                hazard_ratio: b.exp(),
                interval: [(b - z * se).exp(), (b + z * se).exp()],
                p_value: 2.0 * normal.cdf(-(b / se).abs()),
            }
        })
        .collect();
    let test = |statistic: f64| GlobalTest {
        statistic,
        p_value: ChiSquared::new(p as f64).map_or(f64::NAN, |c| c.sf(statistic)),
    };
    Ok(CoxFit {
        coefficients,
        log_likelihood: [null, now.value],
        wald: test(beta.dot(&(&now.information * &beta))),
        likelihood_ratio: test(2.0 * (now.value - null)),
        score: test(score),
    })
}
