//! Mutual information of a number and a class.

use statrs::function::gamma::digamma;

/// Ross's estimate in nats, 0 at least: for each row the distance to its `k`-th neighbour of the same class, and how many rows of any
/// class lie strictly within it.
///
/// Classes with one row take no part; a class with fewer than `k + 1` rows uses as many neighbours as it has. `groups`
/// gives the class of each row, `sizes` the rows of each class.
pub(crate) fn nearest_neighbour_information(
    values: &[f64],
    groups: &[usize],
    sizes: &[usize],
    neighbours: usize,
) -> f64 {
    // The bound for "strictly within" is the next number below the distance, which depends on the unit; scikit-learn takes standard deviations.
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let deviation = (values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n).sqrt();
    let unit = if deviation > 0.0 { deviation } else { 1.0 };
    let rows: Vec<usize> = (0..values.len())
        .filter(|&i| sizes[groups[i]] > 1)
        .collect();
    if rows.is_empty() {
        return 0.0;
    }
    let mut all: Vec<f64> = rows.iter().map(|&i| values[i] / unit).collect();
    all.sort_unstable_by(f64::total_cmp);
    let mut neighbour_terms = 0.0;
    let mut size_terms = 0.0;
    let mut within_terms = 0.0;
    for (group, &size) in sizes.iter().enumerate().filter(|(_, size)| **size > 1) {
        let k = neighbours.min(size - 1);
        let members = rows.iter().filter(|&&i| groups[i] == group);
        let mut own: Vec<f64> = members.map(|&i| values[i] / unit).collect();
        own.sort_unstable_by(f64::total_cmp);
        for at in 0..own.len() {
            let radius = distance_to_neighbour(&own, at, k);
            let radius = if radius > 0.0 {
                radius.next_down()
            } else {
                0.0
            };
            let inside = all.partition_point(|v| v - own[at] <= radius)
                - all.partition_point(|v| own[at] - v > radius);
            within_terms += digamma(inside as f64);
        }
        neighbour_terms += size as f64 * digamma(k as f64);
        size_terms += size as f64 * digamma(size as f64);
    }
    let rows = rows.len() as f64;
    let information = digamma(rows) + (neighbour_terms - size_terms - within_terms) / rows;
    information.max(0.0)
}

/// Distance from the number at `at` to its `k`-th nearest among the others of a sorted list.
fn distance_to_neighbour(sorted: &[f64], at: usize, k: usize) -> f64 {
    let (mut left, mut right) = (at, at);
    let mut distance = 0.0;
    for _ in 0..k {
        let below = left.checked_sub(1).map(|i| sorted[at] - sorted[i]);
        let above = sorted.get(right + 1).map(|v| v - sorted[at]);
        distance = match (below, above) {
            (Some(b), Some(a)) if b <= a => {
                left -= 1;
                b
            }
            (_, Some(a)) => {
                right += 1;
                a
            }
            (Some(b), None) => {
                left -= 1;
                b
            }
            (None, None) => distance,
        };
    }
    distance
}

/// Plug-in mutual information in nats of two lists of group numbers, below `a_groups` and `b_groups`.
pub(crate) fn discrete_information(a: &[u8], b: &[usize], a_groups: usize, b_groups: usize) -> f64 {
    let mut joint = vec![0_u32; a_groups * b_groups];
    for (a, b) in a.iter().zip(b) {
        joint[usize::from(*a) * b_groups + b] += 1;
    }
    let a_counts: Vec<u32> = joint
        .chunks_exact(b_groups)
        .map(|row| row.iter().sum())
        .collect();
    let b_counts: Vec<u32> = (0..b_groups)
        .map(|k| (0..a_groups).map(|g| joint[g * b_groups + k]).sum())
        .collect();
    let n = a.len() as f64;
    let mut information = 0.0;
    for (g, row) in joint.chunks_exact(b_groups).enumerate() {
        for (k, &count) in row.iter().enumerate().filter(|(_, count)| **count > 0) {
            let count = f64::from(count);
            let expected = f64::from(a_counts[g]) * f64::from(b_counts[k]);
            information += count / n * (count * n / expected).ln();
        }
    }
    information.max(0.0)
}
