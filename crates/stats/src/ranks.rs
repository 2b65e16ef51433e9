//! Ranks, and what is made of them.

use statrs::function::gamma::checked_gamma_ur;

/// Rank of each value from 1, equal values sharing the mean of their ranks (as `scipy.stats.rankdata`), and the sum of `t^3 - t` over groups
/// of `t` equal values. Values that are NaN come last, each for itself.
pub fn mid_ranks(values: &[f64]) -> (Vec<f64>, f64) {
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

/// Spearman's correlation with middle ranks for ties, as `scipy.stats.spearmanr`; `None` when one side is constant or they differ in length.
pub fn rank_correlation(a: &[f64], b: &[f64]) -> Option<f64> {
    if a.len() != b.len() {
        return None;
    }
    let ((a, _), (b, _)) = (mid_ranks(a), mid_ranks(b));
    let mean = (a.len() as f64 + 1.0) / 2.0;
    let product = |x: &[f64], y: &[f64]| -> f64 {
        x.iter().zip(y).map(|(x, y)| (x - mean) * (y - mean)).sum()
    };
    let spread = (product(&a, &a) * product(&b, &b)).sqrt();
    (spread > 0.0).then(|| product(&a, &b) / spread)
}

/// The test of Kruskal and Wallis, corrected for ties, as `scipy.stats.kruskal`: the statistic and its p-value by the chi-squared distribution.
/// `groups[i]` is the group of `values[i]`; groups without values take no part. `None` with fewer than two groups, or one value only.
pub fn kruskal_wallis(values: &[f64], groups: &[usize]) -> Option<(f64, f64)> {
    let count = groups.iter().max().map_or(0, |g| g + 1);
    let n = values.len() as f64;
    let (ranks, ties) = mid_ranks(values);
    let correction = 1.0 - ties / (n * n * n - n);
    let (mut sums, mut sizes) = (vec![0.0; count], vec![0usize; count]);
    for (rank, &group) in ranks.into_iter().zip(groups) {
        sums[group] += rank;
        sizes[group] += 1;
    }
    let present = sizes.iter().filter(|&&s| s > 0).count();
    // Without values the correction is no number.
    if present < 2 || correction.is_nan() || correction <= 0.0 {
        return None;
    }
    let filled = sums.iter().zip(&sizes).filter(|&(_, &size)| size > 0);
    let squares: f64 = filled.map(|(s, &size)| s * s / size as f64).sum();
    let h = (12.0 / (n * (n + 1.0)) * squares - 3.0 * (n + 1.0)) / correction;
    Some((h, upper_chi_squared(h, present - 1)))
}

/// P(chi2 > statistic) by the incomplete gamma function, Abramowitz and Stegun 26.4.19; 1 for groups that are alike to the last row.
pub(crate) fn upper_chi_squared(statistic: f64, freedom: usize) -> f64 {
    checked_gamma_ur(freedom as f64 / 2.0, statistic.max(0.0) / 2.0).unwrap_or(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_values_share_the_mean_of_their_ranks() {
        let (ranks, ties) = mid_ranks(&[3.0, -0.0, 3.0, 1.0, 0.0]);
        assert_eq!(ranks, [4.5, 1.5, 4.5, 3.0, 1.5]);
        assert_eq!(ties, 12.0);
        assert_eq!(mid_ranks(&[3.0, 1.0, 3.0]).0, [2.5, 1.0, 2.5]);
    }

    #[test]
    fn rank_correlations_by_hand() {
        let up = [1.0, 2.0, 3.0];
        assert_eq!(rank_correlation(&up, &[10.0, 20.0, 30.0]), Some(1.0));
        assert_eq!(rank_correlation(&up, &[3.0, 2.0, 1.0]), Some(-1.0));
        assert_eq!(rank_correlation(&[1.0, 1.0], &[1.0, 2.0]), None);
        assert_eq!(rank_correlation(&up, &[1.0, 2.0]), None);
    }

    #[test]
    fn ties_share_their_rank() {
        // scipy.stats.spearmanr([1, 2, 2, 5, 4], [3, 1, 2, 2, 9]).statistic
        let r = rank_correlation(&[1.0, 2.0, 2.0, 5.0, 4.0], &[3.0, 1.0, 2.0, 2.0, 9.0]);
        assert!(
            (r.unwrap() - 0.026_315_789_473_684_213).abs() < 1e-12,
            "{r:?}"
        );
    }
}
