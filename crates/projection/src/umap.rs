//! UMAP with exact neighbours.

use crate::{Points, ProjectionError};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// Settings of UMAP.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct UmapSettings {
    /// Neighbours of each point, itself counted as umap-learn does; cut to the number of points.
    pub neighbours: usize,
    /// Least distance of points on the map.
    pub min_distance: f64,
    /// Rounds; 500 for cohorts as small as these.
    pub epochs: usize,
    /// Points that each point is pushed away from, for each pull.
    pub negative_samples: usize,
    /// Seed of those.
    pub seed: u64,
}

impl Default for UmapSettings {
    fn default() -> Self {
        Self {
            neighbours: 15,
            min_distance: 0.1,
            epochs: 500,
            negative_samples: 5,
            seed: 1,
        }
    }
}

/// A map by UMAP.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct UmapMap {
    /// Places.
    pub places: Vec<[f64; 2]>,
    /// Neighbours that were used.
    pub neighbours: usize,
}

/// Makes the map: the fuzzy graph of neighbours, then pulls along its edges and pushes from points drawn at random, in a fixed order from
/// one seeded stream.
///
/// # Errors
/// None but those of [`Points::new`] today; kept for settings.
pub fn umap(points: &Points, settings: &UmapSettings) -> Result<UmapMap, ProjectionError> {
    let n = points.len();
    let neighbours = settings.neighbours.clamp(2, n);
    let graph = fuzzy_graph(points, neighbours);
    let (a, b) = curve(settings.min_distance);
    let strongest = graph.iter().map(|e| e.2).fold(0.0, f64::max);
    // An edge is drawn in proportion to its weight; one that would be drawn less than once is left out.
    let edges: Vec<(usize, usize, f64)> = (graph.into_iter())
        .filter(|e| e.2 > strongest / settings.epochs.max(1) as f64)
        .map(|(i, j, w)| (i, j, strongest / w))
        .collect();
    let mut next: Vec<f64> = edges.iter().map(|e| e.2).collect();
    let mut random = ChaCha8Rng::seed_from_u64(settings.seed);
    // The start spans 10 to either side, as umap-learn's does, with a little noise that parts equal points.
    let largest = points
        .principal()
        .iter()
        .flatten()
        .fold(1e-12_f64, |m, v| m.max(v.abs()));
    let mut y: Vec<[f64; 2]> = (points.principal().iter())
        .map(|c| c.map(|v| 10.0 * v / largest + 1e-4 * (random.random::<f64>() - 0.5)))
        .collect();
    for epoch in 0..settings.epochs {
        let rate = 1.0 - epoch as f64 / settings.epochs as f64;
        for (edge, &(i, j, every)) in edges.iter().enumerate() {
            if next[edge] > (epoch + 1) as f64 {
                continue;
            }
            next[edge] += every;
            let squared = squared(y[i], y[j]);
            if squared > 0.0 {
                let pull = -2.0 * a * b * squared.powf(b - 1.0) / (1.0 + a * squared.powf(b));
                let step = toward(y[i], y[j], pull, rate);
                y[i] = moved(y[i], step, 1.0);
                y[j] = moved(y[j], step, -1.0);
            }
            for _ in 0..settings.negative_samples {
                let other = random.random_range(0..n);
                if other == i {
                    continue;
                }
                let squared = self::squared(y[i], y[other]);
                let push = 2.0 * b / ((0.001 + squared) * (1.0 + a * squared.powf(b)));
                let step = match squared > 0.0 {
                    true => toward(y[i], y[other], push, rate),
                    // Points on one place part along the diagonal.
                    false => [4.0 * rate; 2],
                };
                y[i] = moved(y[i], step, 1.0);
            }
        }
    }
    Ok(UmapMap {
        places: y,
        neighbours,
    })
}

/// A force along the line from `b` to `a`, cut to 4 in each coordinate as umap-learn does, times the rate.
fn toward(a: [f64; 2], b: [f64; 2], force: f64, rate: f64) -> [f64; 2] {
    [a[0] - b[0], a[1] - b[1]].map(|d| (force * d).clamp(-4.0, 4.0) * rate)
}

fn moved(at: [f64; 2], step: [f64; 2], sign: f64) -> [f64; 2] {
    [at[0] + sign * step[0], at[1] + sign * step[1]]
}

fn squared(a: [f64; 2], b: [f64; 2]) -> f64 {
    (a[0] - b[0]).powi(2) + (a[1] - b[1]).powi(2)
}

/// Edges `(i, j, weight)` of the fuzzy graph, both directions, by `i` and `j`.
///
/// Each point's distances are taken from its nearest neighbour on, in a scale at which the memberships of its neighbours sum to
/// `log2(neighbours)`; two directions join as the probability that one or the other holds.
pub fn fuzzy_graph(points: &Points, neighbours: usize) -> Vec<(usize, usize, f64)> {
    let n = points.len();
    let neighbours = neighbours.clamp(2, n);
    let all: f64 = (0..n)
        .map(|i| {
            let near = points.by_distance(i).into_iter().take(neighbours - 1);
            near.map(|j| points.squared(i)[j].sqrt()).sum::<f64>()
        })
        .sum::<f64>()
        / (n * neighbours) as f64;
    let rows: Vec<Vec<(usize, f64)>> = (0..n)
        .into_par_iter()
        .map(|i| memberships(points, i, neighbours, all))
        .collect();
    let mut directed = vec![0.0; n * n];
    for (i, row) in rows.iter().enumerate() {
        row.iter().for_each(|&(j, w)| directed[i * n + j] = w);
    }
    let mut edges = Vec::new();
    for i in 0..n {
        for j in 0..n {
            let (w, v) = (directed[i * n + j], directed[j * n + i]);
            let joined = w + v - w * v;
            if joined > 0.0 {
                edges.push((i, j, joined));
            }
        }
    }
    edges
}

/// Memberships of a point's neighbours.
fn memberships(
    points: &Points,
    row: usize,
    neighbours: usize,
    mean_of_all: f64,
) -> Vec<(usize, f64)> {
    let near: Vec<(usize, f64)> = (points.by_distance(row).into_iter())
        .take(neighbours - 1)
        .map(|j| (j, points.squared(row)[j].sqrt()))
        .collect();
    let rho = near.iter().map(|e| e.1).find(|d| *d > 0.0).unwrap_or(0.0);
    let wanted = (neighbours as f64).log2();
    let (mut low, mut high, mut sigma) = (0.0, f64::INFINITY, 1.0);
    for _ in 0..64 {
        let sum: f64 = (near.iter())
            .map(|(_, d)| {
                if d - rho > 0.0 {
                    (-(d - rho) / sigma).exp()
                } else {
                    1.0
                }
            })
            .sum();
        if (sum - wanted).abs() < 1e-5 {
            break;
        }
        if sum > wanted {
            high = sigma;
            sigma = (low + high) / 2.0;
        } else {
            low = sigma;
            sigma = if high.is_finite() {
                (low + high) / 2.0
            } else {
                sigma * 2.0
            };
        }
    }
    // A scale far below the distances would leave one neighbour alone. The point itself counts among its neighbours, at distance 0.
    let own_mean = near.iter().map(|e| e.1).sum::<f64>() / neighbours as f64;
    let least = 1e-3 * if rho > 0.0 { own_mean } else { mean_of_all };
    let sigma = sigma.max(least);
    let weight = |d: f64| {
        if d - rho <= 0.0 || sigma == 0.0 {
            1.0
        } else {
            (-(d - rho) / sigma).exp()
        }
    };
    near.into_iter().map(|(j, d)| (j, weight(d))).collect()
}

/// `a` and `b` of `1 / (1 + a d^(2b))`, the curve nearest (least squares on 300 places up to 3) to one that is 1 up to the least
/// distance and falls off exponentially beyond, by Gauss-Newton steps that are halved until they help.
fn curve(min_distance: f64) -> (f64, f64) {
    let places: Vec<(f64, f64)> = (0..300)
        .map(|i| {
            let d = 3.0 * f64::from(i) / 299.0;
            let wanted = if d < min_distance {
                1.0
            } else {
                (-(d - min_distance)).exp()
            };
            (d, wanted)
        })
        .collect();
    let cost = |a: f64, b: f64| -> f64 {
        let of = |&(d, w): &(f64, f64)| (1.0 / (1.0 + a * d.powf(2.0 * b)) - w).powi(2);
        places.iter().map(of).sum()
    };
    let (mut a, mut b) = (1.0_f64, 1.0_f64);
    for _ in 0..200 {
        let (mut jj, mut jr) = ([[0.0; 2]; 2], [0.0; 2]);
        for &(d, w) in places.iter().filter(|p| p.0 > 0.0) {
            let power = d.powf(2.0 * b);
            let f = 1.0 / (1.0 + a * power);
            let gradient = [-f * f * power, -f * f * a * power * 2.0 * d.ln()];
            for k in 0..2 {
                jr[k] += gradient[k] * (f - w);
                for l in 0..2 {
                    jj[k][l] += gradient[k] * gradient[l];
                }
            }
        }
        let determinant = jj[0][0] * jj[1][1] - jj[0][1] * jj[1][0];
        if determinant.abs() < 1e-300 {
            break;
        }
        let step = [
            (jj[1][1] * jr[0] - jj[0][1] * jr[1]) / determinant,
            (jj[0][0] * jr[1] - jj[1][0] * jr[0]) / determinant,
        ];
        let mut length = 1.0;
        while length > 1e-6 {
            let (next_a, next_b) = (a - length * step[0], b - length * step[1]);
            if next_a > 0.0 && next_b > 0.0 && cost(next_a, next_b) < cost(a, b) {
                break;
            }
            length /= 2.0;
        }
        if length <= 1e-6 {
            break;
        }
        a -= length * step[0];
        b -= length * step[1];
    }
    (a, b)
}

#[cfg(test)]
mod tests {
    use super::curve;

    #[test]
    fn the_curve_is_that_of_umap_learn() {
        // umap.umap_.find_ab_params(1.0, 0.1) of umap-learn 0.5: 1.5769434603113077, 0.8950608779109733.
        let (a, b) = curve(0.1);
        assert!(
            (a - 1.576_943_46).abs() < 1e-5 && (b - 0.895_060_88).abs() < 1e-5,
            "{a} {b}"
        );
    }
}
