//! Parametric calibration: the minimum of the log loss over maps of the logarithms of probabilities.

use crate::classifier::softmax;
use crate::inner::OutOfFold;
use crate::minimise::{Minimum, Stop, minimise};
use crate::probability::Calibrator;
use crate::{LearnError, Matrix};

/// Smallest probability that a logarithm is taken of: forests and neighbours give zeros.
const SMALLEST: f64 = 1e-12;
/// Bounds of the inverse temperature.
const COLDEST: f64 = 100.0;

/// Logarithms of probabilities.
pub(crate) fn logarithms(row: &[f64]) -> Vec<f64> {
    row.iter().map(|p| p.max(SMALLEST).ln()).collect()
}

/// One temperature. The log loss is convex in the inverse temperature, so its slope is followed to its zero by halving.
pub(crate) fn temperature(out: &OutOfFold) -> Calibrator {
    let rows: Vec<Vec<f64>> = out.probabilities.iter_rows().map(logarithms).collect();
    let slope = |inverse: f64| -> f64 {
        let of_row = |(row, &y): (&Vec<f64>, &usize)| {
            let mut p: Vec<f64> = row.iter().map(|l| inverse * l).collect();
            softmax(&mut p);
            p.iter().zip(row).map(|(p, l)| p * l).sum::<f64>() - row[y]
        };
        rows.iter().zip(&out.y).map(of_row).sum()
    };
    let (mut low, mut high) = ((1.0 / COLDEST).ln(), COLDEST.ln());
    for _ in 0..100 {
        let middle = 0.5 * (low + high);
        if slope(middle.exp()) < 0.0 {
            low = middle;
        } else {
            high = middle;
        }
    }
    Calibrator::Temperature {
        temperature: (-0.5 * (low + high)).exp(),
        classes: out.classes(),
    }
}

/// Minimises the mean log loss of `softmax(W l + b)` plus a penalty. `theta` holds W row by row, then b; `free` says which are fitted.
fn linear(
    out: &OutOfFold,
    free: impl Fn(usize) -> bool,
    penalty: impl Fn(usize, f64) -> (f64, f64),
    what: &'static str,
) -> Result<(Matrix, Vec<f64>), LearnError> {
    let k = out.classes();
    let n = out.y.len() as f64;
    let rows: Vec<Vec<f64>> = out.probabilities.iter_rows().map(logarithms).collect();
    let mut start = vec![0.0; k * (k + 1)];
    (0..k).for_each(|class| start[class * k + class] = 1.0);
    let stop = Stop {
        gradient: 1e-9,
        steps: 5_000,
    };
    let Minimum {
        point,
        converged,
        steps,
        gradient,
        ..
    } = minimise(start, stop, |theta, gradient| {
        gradient.fill(0.0);
        let (w, b) = theta.split_at(k * k);
        let mut value = 0.0;
        for (row, &y) in rows.iter().zip(&out.y) {
            let mut p: Vec<f64> = (0..k)
                .map(|c| {
                    b[c] + w[c * k..(c + 1) * k]
                        .iter()
                        .zip(row)
                        .map(|(w, l)| w * l)
                        .sum::<f64>()
                })
                .collect();
            let own = p[y];
            let largest = p.iter().fold(f64::NEG_INFINITY, |m, s| m.max(*s));
            let sum: f64 = p.iter().map(|s| (s - largest).exp()).sum();
            value += (sum.ln() + largest - own) / n;
            softmax(&mut p);
            p[y] -= 1.0;
            for (c, residual) in p.iter().enumerate() {
                for (g, l) in gradient[c * k..(c + 1) * k].iter_mut().zip(row) {
                    *g += residual * l / n;
                }
                gradient[k * k + c] += residual / n;
            }
        }
        for (at, t) in theta.iter().enumerate() {
            let (cost, slope) = penalty(at, *t);
            value += cost;
            gradient[at] += slope;
            if !free(at) {
                gradient[at] = 0.0;
            }
        }
        value
    });
    if !converged {
        return Err(LearnError::NoMinimum {
            what,
            steps,
            gradient,
        });
    }
    let (w, b) = point.split_at(k * k);
    Ok((Matrix::new(k, k, w.to_vec())?, b.to_vec()))
}

/// Vector scaling: the diagonal of the weights and the intercepts are fitted.
pub(crate) fn vector(out: &OutOfFold, penalty: f64) -> Result<Calibrator, LearnError> {
    let k = out.classes();
    let diagonal = |at: usize| at < k * k && at / k == at % k;
    let cost = |at: usize, t: f64| {
        let off = if diagonal(at) { t - 1.0 } else { t };
        (penalty * off * off, 2.0 * penalty * off)
    };
    let free = |at: usize| at >= k * k || diagonal(at);
    let (weights, intercepts) = linear(out, free, cost, "vector scaling")?;
    Ok(Calibrator::Linear {
        weights,
        intercepts,
    })
}

/// Dirichlet calibration: all weights and intercepts are fitted.
pub(crate) fn dirichlet(out: &OutOfFold, lambda: f64, mu: f64) -> Result<Calibrator, LearnError> {
    let k = out.classes();
    let cost = |at: usize, t: f64| {
        let factor = match at {
            at if at >= k * k => mu / k as f64,
            at if at / k == at % k => 0.0,
            _ => lambda / (k * (k - 1)) as f64,
        };
        (factor * t * t, 2.0 * factor * t)
    };
    let (weights, intercepts) = linear(out, |_| true, cost, "Dirichlet calibration")?;
    Ok(Calibrator::Linear {
        weights,
        intercepts,
    })
}
