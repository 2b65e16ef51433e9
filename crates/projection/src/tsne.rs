//! t-SNE, exact.

use crate::{Points, ProjectionError};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// Settings of t-SNE.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TsneSettings {
    /// Effective number of neighbours; cut to a third of the points.
    pub perplexity: f64,
    /// Steps.
    pub iterations: usize,
}

impl Default for TsneSettings {
    fn default() -> Self {
        Self {
            perplexity: 30.0,
            iterations: 1000,
        }
    }
}

/// A map by t-SNE.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct TsneMap {
    /// Places.
    pub places: Vec<[f64; 2]>,
    /// Perplexity that was used.
    pub perplexity: f64,
    /// Kullback-Leibler divergence at the end.
    pub divergence: f64,
}

/// Steps with exaggerated affinities, which gather what belongs together.
const EARLY: usize = 250;
const EXAGGERATION: f64 = 12.0;

/// Makes the map. The start are principal components of a standard deviation of 1e-4, so that there is no randomness.
///
/// Gradient descent with momentum 0.5, later 0.8, gains per coordinate and a learning rate of `n / 48` (at least 50), as in
/// scikit-learn's `TSNE(method="exact", init="pca", learning_rate="auto")`.
///
/// # Errors
/// None but those of [`Points::new`] today; kept for settings.
pub fn tsne(points: &Points, settings: &TsneSettings) -> Result<TsneMap, ProjectionError> {
    let n = points.len();
    let perplexity = settings.perplexity.clamp(1.0, (n as f64 - 1.0) / 3.0);
    let p = joint_affinities(points, perplexity);
    let mut y: Vec<[f64; 2]> = points
        .principal()
        .iter()
        .map(|c| c.map(|v| v * 1e-4))
        .collect();
    let mut update = vec![[0.0; 2]; n];
    let mut gains = vec![[1.0_f64; 2]; n];
    let rate = (n as f64 / EXAGGERATION / 4.0).max(50.0);
    let mut divergence = 0.0;
    for step in 0..settings.iterations {
        let early = step < EARLY;
        let factor = if early { EXAGGERATION } else { 1.0 };
        let momentum = if early { 0.5 } else { 0.8 };
        let (gradient, cost) = gradient(&p, &y, factor);
        divergence = cost;
        for i in 0..n {
            for k in 0..2 {
                let same = (gradient[i][k] * update[i][k]) >= 0.0;
                let gain = &mut gains[i][k];
                *gain = if same { *gain * 0.8 } else { *gain + 0.2 }.max(0.01);
                update[i][k] = momentum * update[i][k] - rate * *gain * gradient[i][k];
                y[i][k] += update[i][k];
            }
        }
    }
    for k in 0..2 {
        let mean = y.iter().map(|at| at[k]).sum::<f64>() / n as f64;
        y.iter_mut().for_each(|at| at[k] -= mean);
    }
    Ok(TsneMap {
        places: y,
        perplexity,
        divergence,
    })
}

/// Gradient of the divergence and the divergence itself (of the affinities without exaggeration).
fn gradient(p: &[f64], y: &[[f64; 2]], factor: f64) -> (Vec<[f64; 2]>, f64) {
    let n = y.len();
    let kernel = |i: usize, j: usize| {
        let (a, b) = (y[i][0] - y[j][0], y[i][1] - y[j][1]);
        1.0 / (1.0 + a * a + b * b)
    };
    let sums: Vec<f64> = (0..n)
        .into_par_iter()
        .map(|i| (0..n).filter(|&j| j != i).map(|j| kernel(i, j)).sum())
        .collect();
    let total: f64 = sums.iter().sum();
    let rows: Vec<([f64; 2], f64)> = (0..n)
        .into_par_iter()
        .map(|i| {
            let (mut force, mut cost) = ([0.0; 2], 0.0);
            for (j, &p) in p[i * n..(i + 1) * n].iter().enumerate() {
                if j == i {
                    continue;
                }
                let near = kernel(i, j);
                let q = (near / total).max(f64::EPSILON);
                let pull = 4.0 * (factor * p - q) * near;
                force[0] += pull * (y[i][0] - y[j][0]);
                force[1] += pull * (y[i][1] - y[j][1]);
                cost += p * (p.max(f64::EPSILON) / q).ln();
            }
            (force, cost)
        })
        .collect();
    let cost = rows.iter().map(|r| r.1).sum();
    (rows.into_iter().map(|r| r.0).collect(), cost)
}

/// Joint affinities `p_ij`, points x points: each point's Gaussian has the bandwidth that gives it the perplexity.
pub fn joint_affinities(points: &Points, perplexity: f64) -> Vec<f64> {
    let n = points.len();
    let wanted = perplexity.ln();
    let rows: Vec<Vec<f64>> = (0..n)
        .into_par_iter()
        .map(|i| conditional(points.squared(i), i, wanted))
        .collect();
    let mut p = vec![0.0; n * n];
    for i in 0..n {
        for j in 0..n {
            if i != j {
                p[i * n + j] = (rows[i][j] + rows[j][i]) / (2.0 * n as f64);
            }
        }
    }
    p
}

/// Affinities of one point to the others, found by bisection of the precision.
fn conditional(squared: &[f64], own: usize, wanted: f64) -> Vec<f64> {
    let (mut low, mut high) = (0.0, f64::INFINITY);
    let mut precision = 1.0;
    let mut p = vec![0.0; squared.len()];
    let others = || (0..squared.len()).filter(|&j| j != own);
    let nearest = others().map(|j| squared[j]).fold(f64::INFINITY, f64::min);
    for _ in 0..200 {
        let mut sum = 0.0;
        for j in others() {
            // From the nearest point, so that nothing underflows together.
            p[j] = (-(squared[j] - nearest) * precision).exp();
            sum += p[j];
        }
        let mut entropy = 0.0;
        for j in others() {
            p[j] /= sum;
            if p[j] > 0.0 {
                entropy -= p[j] * p[j].ln();
            }
        }
        let difference = entropy - wanted;
        if difference.abs() < 1e-10 {
            break;
        }
        if difference > 0.0 {
            low = precision;
            precision = if high.is_finite() {
                (low + high) / 2.0
            } else {
                precision * 2.0
            };
        } else {
            high = precision;
            precision = (low + high) / 2.0;
        }
    }
    p
}
