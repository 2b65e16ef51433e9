//! The distribution of a weighted sum of squared normal variables.

use statrs::distribution::{ChiSquared, ContinuousCDF};
use statrs::function::gamma::ln_gamma;

/// Terms of the series after which it is cut; it converges by then unless weights differ by a factor of more than ten thousand.
const MOST_TERMS: usize = 200_000;
/// Probability that the terms left out may hold.
const EXACT: f64 = 1e-12;

/// The probability that `sum of w_i z_i^2` is at most `q`, for independent standard normal `z_i`.
///
/// The series of Ruben (Ann. Math. Stat. 33:542, 1962) with the smallest weight as its scale, so that it is a mixture of chi-squared
/// distributions with coefficients that are not negative; it is cut where the rest holds less than 1e-12. Weights must be above 0.
pub(crate) fn weighted_chi_squared_cdf(weights: &[f64], q: f64) -> f64 {
    if q <= 0.0 {
        return 0.0;
    }
    let scale = weights.iter().copied().fold(f64::INFINITY, f64::min);
    let shares: Vec<f64> = weights.iter().map(|w| 1.0 - scale / w).collect();
    let half = weights.len() as f64 / 2.0;
    let x = q / scale;
    let Ok(first) = ChiSquared::new(weights.len() as f64) else {
        return f64::NAN;
    };
    // The distribution function falls by twice the density as the degrees of freedom rise by two.
    let mut below = first.cdf(x);
    let mut step = (half * (x / 2.0).ln() - x / 2.0 - ln_gamma(half + 1.0)).exp();
    let logs: f64 = weights.iter().map(|w| (scale / w).ln()).sum();
    let mut coefficient = (0.5 * logs).exp();
    let mut left = 1.0 - coefficient;
    let mut found = coefficient * below;
    let mut sums = vec![0.0; shares.len()];
    for term in 1..MOST_TERMS {
        let number = term as f64;
        for (sum, share) in sums.iter_mut().zip(&shares) {
            *sum = coefficient + share * *sum;
        }
        let both = sums.iter().zip(&shares);
        coefficient = both.map(|(sum, share)| sum * share).sum::<f64>() / (2.0 * number);
        below = (below - step).max(0.0);
        step *= x / (2.0 * (half + number));
        found += coefficient * below;
        left -= coefficient;
        if left.max(0.0) * below < EXACT {
            break;
        }
    }
    found.clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Equal weights give a chi-squared distribution; of two weights the sum is a convolution, done here by brute force.
    #[test]
    fn known_distributions() {
        for count in [1usize, 2, 5, 30] {
            let exact = ChiSquared::new(count as f64).unwrap();
            for q in [0.01, 0.7, 4.0, 60.0] {
                let found = weighted_chi_squared_cdf(&vec![2.5; count], 2.5 * q);
                assert!((found - exact.cdf(q)).abs() < 1e-11, "{count} {q}");
            }
        }
        let one = ChiSquared::new(1.0).unwrap();
        for (a, b, q) in [(1.0, 3.0, 2.0), (0.2, 7.0, 1.0), (1.0, 400.0, 90.0)] {
            // z^2 with z at the middle of many equally probable slices.
            let normal = statrs::distribution::Normal::standard();
            let slices = 200_000;
            let mean: f64 = (0..slices)
                .map(|i| normal.inverse_cdf((f64::from(i) + 0.5) / f64::from(slices)))
                .map(|z| one.cdf(((q - b * z * z) / a).max(0.0)))
                .sum();
            let found = weighted_chi_squared_cdf(&[a, b], q);
            assert!(
                (found - mean / f64::from(slices)).abs() < 2e-5,
                "{a} {b} {q}: {found}"
            );
        }
        assert_eq!(weighted_chi_squared_cdf(&[1.0, 2.0], 0.0), 0.0);
        assert!(weighted_chi_squared_cdf(&[1e-3, 2.0], 1e6) > 1.0 - 1e-9);
    }
}
