//! How well the centre can be told from the features.

use crate::Points;
use serde::{Deserialize, Serialize};

/// How well batches (centres, vendors) part in the data.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct BatchEffect {
    /// Mean silhouette by batch, -1 to 1: 0 when the batches lie through each other, near 1 when each is apart.
    pub silhouette: f64,
    /// Share of the `neighbours` nearest points that are of the point's own batch.
    pub own_neighbours: f64,
    /// That share when batches mean nothing: the mean over points of the batch's share among the others.
    pub expected_neighbours: f64,
    /// Neighbours that were looked at.
    pub neighbours: usize,
}

/// Measures the effect; `None` with fewer than two batches. A batch of one point has a silhouette of 0, as in scikit-learn.
///
/// Source: Rousseeuw, J. Comput. Appl. Math. 20:53 (1987); checked against scikit-learn's `silhouette_score` to 1e-12.
pub fn batch_effect(points: &Points, batch: &[usize], neighbours: usize) -> Option<BatchEffect> {
    let n = points.len();
    let batches = batch.iter().max().map_or(0, |m| m + 1);
    let mut sizes = vec![0_usize; batches];
    batch.iter().for_each(|&b| sizes[b] += 1);
    if batch.len() != n || sizes.iter().filter(|s| **s > 0).count() < 2 {
        return None;
    }
    let neighbours = neighbours.clamp(1, n - 1);
    let (mut silhouette, mut own, mut expected) = (0.0, 0.0, 0.0);
    for row in 0..n {
        let mut sums = vec![0.0; batches];
        for (other, d) in points.squared(row).iter().enumerate() {
            sums[batch[other]] += d.sqrt();
        }
        let mine = batch[row];
        if sizes[mine] > 1 {
            let inside = sums[mine] / (sizes[mine] - 1) as f64;
            let outside = (0..batches)
                .filter(|&b| b != mine && sizes[b] > 0)
                .map(|b| sums[b] / sizes[b] as f64)
                .fold(f64::INFINITY, f64::min);
            let larger = inside.max(outside);
            if larger > 0.0 {
                silhouette += (outside - inside) / larger;
            }
        }
        let near = points.by_distance(row);
        let same = near.iter().take(neighbours).filter(|&&j| batch[j] == mine);
        own += same.count() as f64 / neighbours as f64;
        expected += (sizes[mine] - 1) as f64 / (n - 1) as f64;
    }
    Some(BatchEffect {
        silhouette: silhouette / n as f64,
        own_neighbours: own / n as f64,
        expected_neighbours: expected / n as f64,
        neighbours,
    })
}
