//! Minimisation of smooth functions: L-BFGS with a line search for the weak Wolfe conditions.
//!
//! The two-loop recursion is algorithm 7.4 of Nocedal and Wright, Numerical Optimization, 2nd edition; the line search is the
//! bisection of Lewis and Overton (Mathematical Programming 141:135, 2013), which needs nothing but values and slopes and
//! treats an infinite value as a step that was too long.

use std::collections::VecDeque;

/// Pairs of steps and gradient changes that are kept.
const MEMORY: usize = 20;

/// When to stop.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stop {
    /// Euclidean norm of the gradient, relative to the larger of 1 and the first gradient's.
    pub gradient: f64,
    /// Steps at most.
    pub steps: usize,
}

/// Where the search ended.
#[derive(Clone, Debug)]
pub(crate) struct Minimum {
    /// The point.
    pub point: Vec<f64>,
    /// The function there.
    pub value: f64,
    /// Norm of the gradient there.
    pub gradient: f64,
    /// Steps done.
    pub steps: usize,
    /// Whether the gradient is small enough, or nothing but rounding.
    pub converged: bool,
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

/// Minimises `function(point, gradient)`, which gives the value and fills the gradient.
pub(crate) fn minimise(
    start: Vec<f64>,
    stop: Stop,
    mut function: impl FnMut(&[f64], &mut [f64]) -> f64,
) -> Minimum {
    let mut gradient = vec![0.0; start.len()];
    let mut value = function(&start, &mut gradient);
    let mut point = start;
    let goal = stop.gradient * dot(&gradient, &gradient).sqrt().max(1.0);
    let mut pairs: VecDeque<(Vec<f64>, Vec<f64>, f64)> = VecDeque::new();
    let mut steps = 0;
    let mut converged = false;
    loop {
        let size = dot(&gradient, &gradient).sqrt();
        if size <= goal {
            converged = true;
            break;
        }
        if steps == stop.steps || !size.is_finite() {
            break;
        }
        let mut direction = descent(&gradient, &pairs);
        if dot(&direction, &gradient) >= 0.0 {
            pairs.clear();
            direction = gradient.iter().map(|g| -g).collect();
        }
        if pairs.is_empty() {
            // Without curvature the first step has the length 1 at most.
            direction.iter_mut().for_each(|d| *d /= size.max(1.0));
        }
        let from = Start {
            point: &point,
            value,
            gradient: &gradient,
        };
        let Some(next) = line_search(&from, &direction, &mut function) else {
            if pairs.is_empty() {
                // Not even the steepest descent shows progress: rounding is all that is left when the gradient is small.
                converged = size <= 1e3 * goal;
                break;
            }
            pairs.clear();
            continue;
        };
        let step: Vec<f64> = next.0.iter().zip(&point).map(|(a, b)| a - b).collect();
        let change: Vec<f64> = next.2.iter().zip(&gradient).map(|(a, b)| a - b).collect();
        let curvature = dot(&step, &change);
        if curvature > f64::EPSILON * dot(&change, &change) {
            if pairs.len() == MEMORY {
                pairs.pop_front();
            }
            pairs.push_back((step, change, 1.0 / curvature));
        }
        (point, value, gradient) = next;
        steps += 1;
    }
    Minimum {
        gradient: dot(&gradient, &gradient).sqrt(),
        point,
        value,
        steps,
        converged,
    }
}

/// The quasi-Newton direction.
fn descent(gradient: &[f64], pairs: &VecDeque<(Vec<f64>, Vec<f64>, f64)>) -> Vec<f64> {
    let mut q: Vec<f64> = gradient.iter().map(|g| -g).collect();
    let mut weights = Vec::with_capacity(pairs.len());
    for (step, change, rho) in pairs.iter().rev() {
        let weight = rho * dot(step, &q);
        q.iter_mut().zip(change).for_each(|(q, y)| *q -= weight * y);
        weights.push(weight);
    }
    if let Some((_, change, rho)) = pairs.back() {
        let scale = 1.0 / (rho * dot(change, change));
        q.iter_mut().for_each(|q| *q *= scale);
    }
    for ((step, change, rho), weight) in pairs.iter().zip(weights.iter().rev()) {
        let beta = rho * dot(change, &q);
        q.iter_mut()
            .zip(step)
            .for_each(|(q, s)| *q += s * (weight - beta));
    }
    q
}

/// Where a line search begins.
struct Start<'a> {
    point: &'a [f64],
    value: f64,
    gradient: &'a [f64],
}

/// A point along the direction that fulfils both conditions; `None` when rounding hides every progress.
fn line_search(
    start: &Start<'_>,
    direction: &[f64],
    function: &mut impl FnMut(&[f64], &mut [f64]) -> f64,
) -> Option<(Vec<f64>, f64, Vec<f64>)> {
    let slope = dot(start.gradient, direction);
    let before = dot(start.gradient, start.gradient);
    let blur = 8.0 * f64::EPSILON * start.value.abs();
    let (mut low, mut high, mut length) = (0.0, f64::INFINITY, 1.0);
    for _ in 0..60 {
        let point: Vec<f64> = start
            .point
            .iter()
            .zip(direction)
            .map(|(x, d)| x + length * d)
            .collect();
        let mut gradient = vec![0.0; point.len()];
        let value = function(&point, &mut gradient);
        let finite = value.is_finite() && gradient.iter().all(|g| g.is_finite());
        let fall = value - start.value;
        // Where the fall is too small for the value to show it, a smaller gradient decides.
        let hidden = fall.abs() <= blur && dot(&gradient, &gradient) < 0.81 * before;
        if !finite || (fall > 1e-4 * length * slope && !hidden) {
            high = length;
        } else if dot(&gradient, direction) < 0.9 * slope && !hidden {
            low = length;
        } else {
            return Some((point, value, gradient));
        }
        length = if high.is_finite() {
            0.5 * (low + high)
        } else {
            2.0 * length
        };
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rosenbrocks_valley_ends_at_one() {
        let stop = Stop {
            gradient: 1e-10,
            steps: 500,
        };
        let found = minimise(vec![-1.2, 1.0, -0.5, 2.0], stop, |x, g| {
            let mut value = 0.0;
            g.fill(0.0);
            for i in 0..3 {
                let (a, b) = (1.0 - x[i], x[i + 1] - x[i] * x[i]);
                value += a * a + 100.0 * b * b;
                g[i] += -2.0 * a - 400.0 * x[i] * b;
                g[i + 1] += 200.0 * b;
            }
            value
        });
        assert!(found.converged, "{found:?}");
        assert!(
            found.point.iter().all(|x| (x - 1.0).abs() < 1e-7),
            "{found:?}"
        );
    }

    #[test]
    fn infinite_values_bound_the_step() {
        let stop = Stop {
            gradient: 1e-9,
            steps: 100,
        };
        // x - ln x, which is infinite from 0 down; its minimum is at 1.
        let found = minimise(vec![20.0], stop, |x, g| {
            g[0] = 1.0 - 1.0 / x[0];
            if x[0] > 0.0 {
                x[0] - x[0].ln()
            } else {
                f64::INFINITY
            }
        });
        assert!(found.converged && (found.point[0] - 1.0).abs() < 1e-8);
    }
}
