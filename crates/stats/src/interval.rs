//! Intervals for proportions and percentiles of a sample.

use statrs::distribution::{ContinuousCDF, Normal};

/// The quantile of the standard normal distribution for a two-sided interval: 1.959963... at 0.95.
/// `None` unless `0 < confidence < 1`.
pub(crate) fn normal_quantile(confidence: f64) -> Option<f64> {
    if !(confidence > 0.0 && confidence < 1.0) {
        return None;
    }
    let normal = Normal::new(0.0, 1.0).ok()?;
    let z = normal.inverse_cdf(0.5 + confidence / 2.0);
    z.is_finite().then_some(z)
}

/// Wilson's score interval of a proportion, `[low, high]` within 0..=1.
///
/// `None` when there are no trials, more successes than trials, or the confidence does not lie
/// between 0 and 1. Source: Wilson, J. Am. Stat. Assoc. 22:209 (1927). Checked against scipy
/// `binomtest(..).proportion_ci(method="wilson")` to 1e-12.
pub fn wilson_interval(successes: u64, trials: u64, confidence: f64) -> Option<[f64; 2]> {
    if trials == 0 || successes > trials {
        return None;
    }
    let z = normal_quantile(confidence)?;
    let n = trials as f64;
    let p = successes as f64 / n;
    let scale = 1.0 + z * z / n;
    let centre = (p + z * z / (2.0 * n)) / scale;
    let half = z / scale * (p * (1.0 - p) / n + z * z / (4.0 * n * n)).sqrt();
    // At 0 of n and n of n the bound is 0 or 1 exactly; rounding would leave a trace.
    let low = if successes == 0 {
        0.0
    } else {
        (centre - half).max(0.0)
    };
    let high = if successes == trials {
        1.0
    } else {
        (centre + half).min(1.0)
    };
    Some([low, high])
}

/// The value below which the share `fraction` (0..=1) of an ascending sample lies, interpolated
/// linearly between order statistics (type 7 of Hyndman and Fan, the default of numpy and R).
/// `None` for an empty sample or a fraction that is NaN.
pub fn percentile(ascending: &[f64], fraction: f64) -> Option<f64> {
    let last = ascending.len().checked_sub(1)?;
    if fraction.is_nan() {
        return None;
    }
    let place = fraction.clamp(0.0, 1.0) * last as f64;
    let below = (place.floor() as usize).min(last);
    let above = (below + 1).min(last);
    Some(between(
        ascending[below],
        ascending[above],
        place - below as f64,
    ))
}

/// Linear interpolation that gives the ends exactly (the form of numpy).
pub(crate) fn between(low: f64, high: f64, t: f64) -> f64 {
    if t >= 0.5 {
        high - (high - low) * (1.0 - t)
    } else {
        low + (high - low) * t
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_quantile_is_right_to_the_last_digits() {
        // scipy.stats.norm.ppf(0.975), ppf(0.95), ppf(0.995)
        for (confidence, expected) in [
            (0.95, 1.959963984540054),
            (0.90, 1.6448536269514722),
            (0.99, 2.5758293035489004),
        ] {
            assert!((normal_quantile(confidence).unwrap() - expected).abs() < 1e-14);
        }
        assert_eq!(normal_quantile(1.0), None);
        assert_eq!(normal_quantile(f64::NAN), None);
    }

    #[test]
    fn proportions_without_trials_have_no_interval() {
        assert_eq!(wilson_interval(0, 0, 0.95), None);
        assert_eq!(wilson_interval(3, 2, 0.95), None);
        assert_eq!(percentile(&[], 0.5), None);
        assert_eq!(percentile(&[4.0], 0.3), Some(4.0));
        assert_eq!(percentile(&[1.0, 2.0, 4.0], 0.75), Some(3.0));
    }

    proptest! {
        #[test]
        fn wilson_contains_the_proportion(trials in 1u64..5000, share in 0.0f64..=1.0) {
            let successes = ((trials as f64) * share).round() as u64;
            let [low, high] = wilson_interval(successes, trials, 0.95).unwrap();
            let p = successes as f64 / trials as f64;
            prop_assert!(0.0 <= low && low <= p && p <= high && high <= 1.0);
            let [mirror_low, mirror_high] = wilson_interval(trials - successes, trials, 0.95).unwrap();
            prop_assert!((low + mirror_high - 1.0).abs() < 1e-12);
            prop_assert!((high + mirror_low - 1.0).abs() < 1e-12);
        }
    }
}
