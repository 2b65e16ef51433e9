//! Limited-memory BFGS with a bound on the step.
//!
//! Crates that offer L-BFGS bound no step and give up with an error when a line search fails. Here parameters are
//! millimetres: a step of more than some voxels leaves the region where a gradient says anything, and a line search that finds no
//! descent is how a fit ends.

use std::collections::VecDeque;

/// When to stop and how far to go.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) iterations: usize,
    /// Largest change of a parameter in one step.
    pub(crate) step: f64,
    /// Changes below this end the search.
    pub(crate) tolerance: f64,
}

/// Where the search ended.
#[derive(Clone, Debug)]
pub(crate) struct Minimum {
    pub(crate) at: Vec<f64>,
    #[cfg(test)]
    pub(crate) value: f64,
    pub(crate) iterations: usize,
}

/// Pairs of steps and gradient changes that are remembered.
const MEMORY: usize = 7;
/// Share of the descent that the slope promises which a step must reach (Armijo).
const SUFFICIENT: f64 = 1e-4;
/// Halvings of a step before it is given up.
const HALVINGS: usize = 8;

struct Pair {
    step: Vec<f64>,
    change: Vec<f64>,
    product: f64,
}

/// Minimises a function that gives its value and gradient (Nocedal, Wright, Numerical Optimization, algorithm 7.5, with
/// a backtracking line search). A value that is not finite counts as too large.
pub(crate) fn minimise(
    start: Vec<f64>,
    limits: Limits,
    mut function: impl FnMut(&[f64]) -> (f64, Vec<f64>),
) -> Minimum {
    let mut at = start;
    let (mut value, mut gradient) = function(&at);
    let mut memory: VecDeque<Pair> = VecDeque::new();
    let mut iterations = 0;
    let mut last_step = limits.step;
    while iterations < limits.iterations && value.is_finite() {
        let mut direction = descent(&gradient, &memory);
        let mut slope = dot(&gradient, &direction);
        // A slope that is not a number is no descent either.
        if slope.is_nan() || slope >= 0.0 {
            memory.clear();
            direction = gradient.iter().map(|g| -g).collect();
            slope = -dot(&gradient, &gradient);
        }
        let longest = largest(&direction);
        if slope.is_nan() || slope >= 0.0 || !longest.is_finite() {
            break;
        }
        // Without memory the gradient's length means nothing: begin as far as the last step went.
        let mut scale = if memory.is_empty() {
            last_step / longest
        } else {
            (limits.step / longest).min(1.0)
        };
        let mut found = None;
        for _ in 0..=HALVINGS {
            let trial: Vec<f64> = at
                .iter()
                .zip(&direction)
                .map(|(x, d)| x + scale * d)
                .collect();
            let (trial_value, trial_gradient) = function(&trial);
            if trial_value.is_finite() && trial_value <= value + SUFFICIENT * scale * slope {
                found = Some((trial, trial_value, trial_gradient));
                break;
            }
            if scale * longest < limits.tolerance {
                break;
            }
            // The parabola through value, slope and trial, kept between a tenth and a half.
            let parabola = -0.5 * slope * scale / (trial_value - value - slope * scale) * scale;
            scale = if parabola.is_finite() {
                parabola.clamp(0.1 * scale, 0.5 * scale)
            } else {
                0.5 * scale
            };
        }
        let Some((trial, trial_value, trial_gradient)) = found else {
            if memory.is_empty() {
                break;
            }
            // The remembered curvature misled: once more along the gradient.
            memory.clear();
            last_step = (0.25 * limits.step).max(limits.tolerance);
            continue;
        };
        iterations += 1;
        let step: Vec<f64> = trial.iter().zip(&at).map(|(a, b)| a - b).collect();
        let change: Vec<f64> = trial_gradient
            .iter()
            .zip(&gradient)
            .map(|(a, b)| a - b)
            .collect();
        let product = dot(&step, &change);
        last_step = largest(&step);
        // Only positive curvature keeps the directions downhill.
        if product > 1e-10 * (dot(&step, &step) * dot(&change, &change)).sqrt() {
            if memory.len() == MEMORY {
                memory.pop_front();
            }
            memory.push_back(Pair {
                step,
                change,
                product,
            });
        }
        (at, value, gradient) = (trial, trial_value, trial_gradient);
        if last_step < limits.tolerance {
            break;
        }
    }
    Minimum {
        at,
        #[cfg(test)]
        value,
        iterations,
    }
}

/// Minus the approximate inverse Hessian times the gradient: the two loops.
fn descent(gradient: &[f64], memory: &VecDeque<Pair>) -> Vec<f64> {
    let mut q: Vec<f64> = gradient.iter().map(|g| -g).collect();
    let mut shares = Vec::with_capacity(memory.len());
    for pair in memory.iter().rev() {
        let share = dot(&pair.step, &q) / pair.product;
        for (q, y) in q.iter_mut().zip(&pair.change) {
            *q -= share * y;
        }
        shares.push(share);
    }
    if let Some(newest) = memory.back() {
        let scale = newest.product / dot(&newest.change, &newest.change);
        q.iter_mut().for_each(|q| *q *= scale);
    }
    for (pair, share) in memory.iter().zip(shares.into_iter().rev()) {
        let back = dot(&pair.change, &q) / pair.product;
        for (q, s) in q.iter_mut().zip(&pair.step) {
            *q += (share - back) * s;
        }
    }
    q
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

fn largest(values: &[f64]) -> f64 {
    values.iter().fold(0.0, |m: f64, v| m.max(v.abs()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rosenbrock's valley in six dimensions has its minimum, 0, at (1, ..., 1).
    #[test]
    fn the_bottom_of_a_curved_valley_is_found() {
        let limits = Limits {
            iterations: 500,
            step: 0.5,
            tolerance: 1e-9,
        };
        let found = minimise(vec![-1.2, 1.0, -1.2, 1.0, -1.2, 1.0], limits, |x| {
            let mut gradient = vec![0.0; x.len()];
            let mut value = 0.0;
            for n in 0..x.len() - 1 {
                let (a, b) = (1.0 - x[n], x[n + 1] - x[n] * x[n]);
                value += a * a + 100.0 * b * b;
                gradient[n] += -2.0 * a - 400.0 * b * x[n];
                gradient[n + 1] += 200.0 * b;
            }
            (value, gradient)
        });
        assert!(found.value < 1e-12, "{found:?}");
        assert!(found.at.iter().all(|x| (x - 1.0).abs() < 1e-5), "{found:?}");
    }

    #[test]
    fn a_wall_of_infinity_is_not_crossed() {
        let limits = Limits {
            iterations: 100,
            step: 10.0,
            tolerance: 1e-9,
        };
        // -ln(x) + x, infinite for x <= 0: minimum at 1.
        let found = minimise(vec![5.0], limits, |x| {
            let value = if x[0] > 0.0 {
                x[0] - x[0].ln()
            } else {
                f64::INFINITY
            };
            (value, vec![1.0 - 1.0 / x[0]])
        });
        assert!((found.at[0] - 1.0).abs() < 1e-4, "{found:?}");
    }

    #[test]
    fn what_is_not_finite_at_the_start_stays() {
        let limits = Limits {
            iterations: 100,
            step: 1.0,
            tolerance: 1e-3,
        };
        let found = minimise(vec![2.0], limits, |_| (f64::NAN, vec![f64::NAN]));
        assert_eq!((found.at, found.iterations), (vec![2.0], 0));
    }
}
