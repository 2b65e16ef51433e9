//! Sequential minimal optimisation for one two-class support vector machine.
//!
//! Minimises `0.5 a'Qa - sum a` subject to `y'a = 0` and `0 <= a_i <= C_i`, with `Q_ij = y_i y_j K_ij`. The pair of each step is
//! chosen by second-order information (Fan, Chen and Lin, JMLR 6:1889, 2005, WSS 2), as LIBSVM does; without its
//! shrinking, which changes the speed and not the result.

use crate::{LearnError, Matrix};

/// Curvature that stands in for none.
const TAU: f64 = 1e-12;

/// `f(x) = sum_i coefficient_i K(x_i, x) + intercept`.
#[derive(Clone, Debug)]
pub(crate) struct Solution {
    /// `y_i a_i`; 0 for rows that are no support vectors.
    pub coefficients: Vec<f64>,
    pub intercept: f64,
}

/// Solves the problem to a violation of the optimality conditions of `tolerance`.
///
/// `kernel` is rows x rows, `positive` says which rows are of the positive class, `c` bounds each row's coefficient.
pub(crate) fn solve(
    kernel: &Matrix,
    positive: &[bool],
    c: &[f64],
    tolerance: f64,
) -> Result<Solution, LearnError> {
    let n = positive.len();
    let sign = |i: usize| if positive[i] { 1.0 } else { -1.0 };
    let mut a = vec![0.0; n];
    let mut gradient = vec![-1.0; n];
    let limit = 10_000_000.max(100 * n);
    let mut steps = 0;
    loop {
        let up = |i: usize, a: &[f64]| if positive[i] { a[i] < c[i] } else { a[i] > 0.0 };
        let down = |i: usize, a: &[f64]| if positive[i] { a[i] > 0.0 } else { a[i] < c[i] };
        let mut first: Option<(f64, usize)> = None;
        for i in (0..n).filter(|&i| up(i, &a)) {
            let violation = -sign(i) * gradient[i];
            if first.is_none_or(|(most, _)| violation > most) {
                first = Some((violation, i));
            }
        }
        let Some((most, i)) = first else { break };
        let mut least = f64::INFINITY;
        let mut second: Option<(f64, usize)> = None;
        for j in (0..n).filter(|&j| down(j, &a)) {
            let violation = -sign(j) * gradient[j];
            least = least.min(violation);
            let gap = most - violation;
            if gap > 0.0 {
                let curvature = kernel.row(i)[i] + kernel.row(j)[j] - 2.0 * kernel.row(i)[j];
                let fall = gap * gap / curvature.max(TAU);
                if second.is_none_or(|(best, _)| fall > best) {
                    second = Some((fall, j));
                }
            }
        }
        let Some((_, j)) = second.filter(|_| most - least > tolerance) else {
            break;
        };
        if steps == limit {
            return Err(LearnError::NoMinimum {
                what: "the support vector machine",
                steps,
                gradient: most - least,
            });
        }
        steps += 1;
        let (before_i, before_j) = (a[i], a[j]);
        step(kernel, &mut a, &gradient, c, positive, i, j);
        let (di, dj) = (a[i] - before_i, a[j] - before_j);
        let (row_i, row_j) = (kernel.row(i), kernel.row(j));
        for t in 0..n {
            let change = sign(i) * di * row_i[t] + sign(j) * dj * row_j[t];
            gradient[t] += sign(t) * change;
        }
    }
    let intercept = intercept(&a, &gradient, c, positive);
    Ok(Solution {
        coefficients: a.iter().enumerate().map(|(i, a)| sign(i) * a).collect(),
        intercept,
    })
}

/// Moves two coefficients to the minimum on the line that keeps `y'a`, within the box.
fn step(
    kernel: &Matrix,
    a: &mut [f64],
    gradient: &[f64],
    c: &[f64],
    positive: &[bool],
    i: usize,
    j: usize,
) {
    let curvature = (kernel.row(i)[i] + kernel.row(j)[j] - 2.0 * kernel.row(i)[j]).max(TAU);
    // A coefficient that meets its bound is put on it exactly: off by a rounding, it would be chosen for ever.
    if positive[i] == positive[j] {
        let delta = (gradient[i] - gradient[j]) / curvature;
        let sum = a[i] + a[j];
        (a[i], a[j]) = (a[i] - delta, a[j] + delta);
        if sum > c[i] && a[i] > c[i] {
            (a[i], a[j]) = (c[i], sum - c[i]);
        } else if sum <= c[i] && a[j] < 0.0 {
            (a[i], a[j]) = (sum, 0.0);
        }
        if sum > c[j] && a[j] > c[j] {
            (a[i], a[j]) = (sum - c[j], c[j]);
        } else if sum <= c[j] && a[i] < 0.0 {
            (a[i], a[j]) = (0.0, sum);
        }
    } else {
        let delta = (-gradient[i] - gradient[j]) / curvature;
        let difference = a[i] - a[j];
        (a[i], a[j]) = (a[i] + delta, a[j] + delta);
        if difference > 0.0 && a[j] < 0.0 {
            (a[i], a[j]) = (difference, 0.0);
        } else if difference <= 0.0 && a[i] < 0.0 {
            (a[i], a[j]) = (0.0, -difference);
        }
        if difference > c[i] - c[j] && a[i] > c[i] {
            (a[i], a[j]) = (c[i], c[i] - difference);
        } else if difference <= c[i] - c[j] && a[j] > c[j] {
            (a[i], a[j]) = (c[j] + difference, c[j]);
        }
    }
}

/// The intercept: the mean over free coefficients, or the middle of what the bounds allow.
fn intercept(a: &[f64], gradient: &[f64], c: &[f64], positive: &[bool]) -> f64 {
    let (mut low, mut high) = (f64::NEG_INFINITY, f64::INFINITY);
    let (mut sum, mut free) = (0.0, 0_usize);
    for i in 0..a.len() {
        let value = if positive[i] {
            gradient[i]
        } else {
            -gradient[i]
        };
        if a[i] >= c[i] {
            if positive[i] {
                low = low.max(value)
            } else {
                high = high.min(value)
            }
        } else if a[i] <= 0.0 {
            if positive[i] {
                high = high.min(value)
            } else {
                low = low.max(value)
            }
        } else {
            sum += value;
            free += 1;
        }
    }
    if free > 0 {
        -sum / free as f64
    } else {
        -0.5 * (low + high)
    }
}
