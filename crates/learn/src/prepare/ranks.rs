//! Ranks with the mean rank for ties.

/// Rank of each value from 1, equal values sharing the mean of their ranks (as `scipy.stats.rankdata`), and the sum of
/// `t^3 - t` over groups of `t` equal values.
pub(crate) fn mid_ranks(values: &[f64]) -> (Vec<f64>, f64) {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut ranks = vec![0.0; values.len()];
    let mut ties = 0.0;
    let mut start = 0;
    for group in order.chunk_by(|&a, &b| values[a] == values[b]) {
        let size = group.len() as f64;
        for &at in group {
            ranks[at] = start as f64 + (size + 1.0) / 2.0;
        }
        ties += size * size * size - size;
        start += group.len();
    }
    (ranks, ties)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_values_share_the_mean_of_their_ranks() {
        let (ranks, ties) = mid_ranks(&[3.0, -0.0, 3.0, 1.0, 0.0]);
        assert_eq!(ranks, [4.5, 1.5, 4.5, 3.0, 1.5]);
        assert_eq!(ties, 12.0);
    }
}
