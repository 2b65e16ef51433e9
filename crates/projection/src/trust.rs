//! Whether neighbours on the map are neighbours in the data.

use crate::Points;
use rayon::prelude::*;

/// How much of what looks near on the map is near in the data: 1 is all. `neighbours` is cut to less than half of the points.
///
/// Source: Venna and Kaski, ICANN 2001; scikit-learn's `trustworthiness` (1e-12).
pub fn trustworthiness(points: &Points, map: &[[f64; 2]], neighbours: usize) -> f64 {
    let data: Vec<Vec<usize>> = orders(points.len(), |i| points.by_distance(i));
    let on_map = orders(points.len(), |i| nearest_on_map(map, i));
    agreement(&data, &on_map, neighbours)
}

/// How much of what is near in the data looks near on the map: 1 is all.
pub fn continuity(points: &Points, map: &[[f64; 2]], neighbours: usize) -> f64 {
    let data: Vec<Vec<usize>> = orders(points.len(), |i| points.by_distance(i));
    let on_map = orders(points.len(), |i| nearest_on_map(map, i));
    agreement(&on_map, &data, neighbours)
}

fn orders(n: usize, of: impl Fn(usize) -> Vec<usize> + Sync + Send) -> Vec<Vec<usize>> {
    (0..n).into_par_iter().map(of).collect()
}

fn nearest_on_map(map: &[[f64; 2]], row: usize) -> Vec<usize> {
    let distance = |j: usize| {
        (0..2)
            .map(|k| (map[j][k] - map[row][k]).powi(2))
            .sum::<f64>()
    };
    let mut order: Vec<usize> = (0..map.len()).filter(|&j| j != row).collect();
    order.sort_by(|&a, &b| distance(a).total_cmp(&distance(b)).then(a.cmp(&b)));
    order
}

/// One less the penalty for each of the `k` nearest in `seen` that is further than `k`-th in `truth`.
fn agreement(truth: &[Vec<usize>], seen: &[Vec<usize>], neighbours: usize) -> f64 {
    let n = truth.len();
    let k = neighbours.clamp(1, (n.saturating_sub(1) / 2).max(1));
    let penalty_of = |row: usize| -> usize {
        let mut rank = vec![0; n];
        for (place, &other) in truth[row].iter().enumerate() {
            rank[other] = place + 1;
        }
        let near = seen[row].iter().take(k);
        near.map(|&other| rank[other].saturating_sub(k)).sum()
    };
    let penalty: usize = (0..n).into_par_iter().map(penalty_of).sum();
    let most = n as f64 * k as f64 * (2.0 * n as f64 - 3.0 * k as f64 - 1.0);
    1.0 - 2.0 * penalty as f64 / most
}
