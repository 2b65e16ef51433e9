//! First-order statistics, as the Image Biomarker Standardisation Initiative defines them.

/// First-order statistics of a set of values.
///
/// Definitions are those of the IBSI reference manual (Zwanenburg et al., arXiv 1612.07003, sections 3.3 and 3.4): moments are those of
/// the population (divided by n), percentiles are interpolated linearly between ranks. They agree with NumPy and SciPy
/// to 1e-12 relative (`tests/features.rs`) and with the IBSI's digital phantom (`tests/reference_data.rs`).
///
/// Skewness, kurtosis and the coefficient of variation are `None` where they would divide by zero. (For skewness and kurtosis the IBSI
/// writes 0 there.)
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FirstOrder {
    /// Mean (stat_mean, Q4LE).
    pub mean: f64,
    /// Variance (stat_var, ECT3).
    pub variance: f64,
    /// Skewness (stat_skew, KE2A).
    pub skewness: Option<f64>,
    /// Excess kurtosis (stat_kurt, IPH6).
    pub kurtosis: Option<f64>,
    /// Median (stat_median, Y12H).
    pub median: f64,
    /// Minimum (stat_min, 1GSF).
    pub minimum: f64,
    /// 10th percentile (stat_p10, QG58).
    pub p10: f64,
    /// 90th percentile (stat_p90, 8DWT).
    pub p90: f64,
    /// Maximum (stat_max, 84IY).
    pub maximum: f64,
    /// Interquartile range (stat_iqr, SALO).
    pub interquartile_range: f64,
    /// Range (stat_range, 2OJQ).
    pub range: f64,
    /// Mean absolute deviation from the mean (stat_mad, 4FUA).
    pub mean_absolute_deviation: f64,
    /// The same of the values from the 10th to the 90th percentile (stat_rmad, 1128).
    pub robust_mean_absolute_deviation: f64,
    /// Coefficient of variation (stat_cov, 7TET).
    pub coefficient_of_variation: Option<f64>,
    /// Energy: sum of squares (stat_energy, N8CA).
    pub energy: f64,
    /// Root mean square (stat_rms, 5ZWQ).
    pub root_mean_square: f64,
    /// Entropy of the histogram in bits (ih_entropy, TLU2).
    pub entropy: f64,
    /// Uniformity of the histogram (ih_uniformity, BJ5W).
    pub uniformity: f64,
}

impl FirstOrder {
    /// The statistics of finite values; the histogram has a fixed number of bins between minimum and maximum (IBSI: fixed bin number,
    /// `floor(bins (x - min) / (max - min))`, the maximum in the last bin). `None` without values or bins, or when one is not finite.
    pub fn of(values: &[f64], bins: usize) -> Option<Self> {
        if values.is_empty() || bins == 0 || values.iter().any(|v| !v.is_finite()) {
            return None;
        }
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        let at = |q| percentile(&sorted, q);
        let (p10, p90) = (at(10.0)?, at(90.0)?);
        let (minimum, maximum) = (at(0.0)?, at(100.0)?);
        let mean = mean_of(&sorted);
        let moment = |power| mean_of_map(&sorted, |v: f64| (v - mean).powi(power));
        let variance = moment(2);
        // Rounding of the mean leaves a variance in equal values.
        let spread = maximum > minimum && variance > 0.0;
        let energy = sorted.iter().map(|v| v * v).sum::<f64>();
        let robust: Vec<f64> = (sorted.iter().copied())
            .filter(|&v| v >= p10 && v <= p90)
            .collect();
        let robust_mean = mean_of(&robust);
        let (entropy, uniformity) = histogram(&sorted, minimum, maximum, bins);
        let finite = |v: f64| v.is_finite().then_some(v);
        Some(Self {
            mean,
            variance,
            skewness: finite(moment(3) / variance.powf(1.5)).filter(|_| spread),
            kurtosis: finite(moment(4) / (variance * variance) - 3.0).filter(|_| spread),
            median: at(50.0)?,
            minimum,
            p10,
            p90,
            maximum,
            interquartile_range: at(75.0)? - at(25.0)?,
            range: maximum - minimum,
            mean_absolute_deviation: mean_of_map(&sorted, |v| (v - mean).abs()),
            robust_mean_absolute_deviation: mean_of_map(&robust, |v| (v - robust_mean).abs()),
            coefficient_of_variation: finite(variance.sqrt() / mean),
            energy,
            root_mean_square: (energy / sorted.len() as f64).sqrt(),
            entropy,
            uniformity,
        })
    }
}

/// A percentile of values in ascending order, interpolated linearly between ranks (as `numpy.percentile` does by default);
/// `percent` from 0 to 100. `None` without values.
pub fn percentile(sorted: &[f64], percent: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    let rank = (percent / 100.0).clamp(0.0, 1.0) * last as f64;
    let low = rank.floor() as usize;
    let (a, b) = (*sorted.get(low)?, *sorted.get((low + 1).min(last))?);
    let share = rank - low as f64;
    Some(if share > 0.0 { a + share * (b - a) } else { a })
}

/// Arithmetic mean in the order of the values; 0 of none.
pub(crate) fn mean_of(values: &[f64]) -> f64 {
    mean_of_map(values, |v| v)
}

fn mean_of_map(values: &[f64], f: impl Fn(f64) -> f64) -> f64 {
    if values.is_empty() {
        return 0.0;
    }
    values.iter().map(|&v| f(v)).sum::<f64>() / values.len() as f64
}

/// Entropy in bits and uniformity of the histogram.
fn histogram(sorted: &[f64], minimum: f64, maximum: f64, bins: usize) -> (f64, f64) {
    let range = maximum - minimum;
    let bin = |v: f64| {
        if range > 0.0 {
            // A huge range of doubles overflows: then the quotient is not a number, and the bin 0.
            ((bins as f64 * (v - minimum) / range).floor() as usize).min(bins - 1)
        } else {
            0
        }
    };
    // Values are in order, so equal bins follow each other: no table of bins is needed.
    let (mut entropy, mut uniformity) = (0f64, 0f64);
    for run in sorted.chunk_by(|&a, &b| bin(a) == bin(b)) {
        let p = run.len() as f64 / sorted.len() as f64;
        entropy -= p * p.log2();
        uniformity += p * p;
    }
    // One bin gives minus zero.
    (entropy.max(0.0), uniformity)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn one_value_has_no_shape() {
        let one = FirstOrder::of(&[5.0], 32).unwrap();
        assert_eq!(
            (one.mean, one.variance, one.entropy, one.uniformity),
            (5.0, 0.0, 0.0, 1.0)
        );
        assert_eq!((one.skewness, one.kurtosis), (None, None));
        assert_eq!(one.coefficient_of_variation, Some(0.0));
        assert_eq!(FirstOrder::of(&[], 32), None);
        assert_eq!(FirstOrder::of(&[f64::NAN], 32), None);
        assert_eq!(
            FirstOrder::of(&[0.0, 0.0], 32)
                .unwrap()
                .coefficient_of_variation,
            None
        );
    }

    #[test]
    fn equal_values_that_are_no_binary_fractions_have_no_shape() {
        let equal = FirstOrder::of(&[0.1; 7], 32).unwrap();
        assert_eq!(
            (equal.skewness, equal.kurtosis, equal.uniformity),
            (None, None, 1.0)
        );
    }

    proptest! {
        #[test]
        fn order_does_not_matter_and_bounds_hold(mut values in prop::collection::vec(-1e3f64..1e3, 1..60)) {
            let a = FirstOrder::of(&values, 32).unwrap();
            values.reverse();
            prop_assert_eq!(a, FirstOrder::of(&values, 32).unwrap());
            prop_assert!(a.minimum <= a.p10 && a.p10 <= a.median && a.median <= a.p90 && a.p90 <= a.maximum);
            prop_assert!(a.entropy >= 0.0 && a.entropy <= 5.0 + 1e-9);
            prop_assert!(a.uniformity > 0.0 && a.uniformity <= 1.0 + 1e-12);
            prop_assert!(a.mean_absolute_deviation <= a.variance.sqrt() + 1e-9);
        }

        #[test]
        fn scale_cancels_in_the_shape(values in prop::collection::vec(1f64..1e3, 3..60), scale in 0.01f64..100.0) {
            let scaled: Vec<f64> = values.iter().map(|v| v * scale).collect();
            let (a, b) = (FirstOrder::of(&values, 32).unwrap(), FirstOrder::of(&scaled, 32).unwrap());
            if let (Some(a), Some(b)) = (a.skewness, b.skewness) {
                prop_assert!((a - b).abs() < 1e-6);
            }
        }

        #[test]
        fn any_doubles_never_panic(values in prop::collection::vec(any::<f64>(), 0..20), bins in 0usize..40) {
            let _ = FirstOrder::of(&values, bins);
        }
    }
}
