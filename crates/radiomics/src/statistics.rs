//! Statistics of values (IBSI reference manual, section 3.3) and of grey levels (section 3.4).

use crate::feature::{Entry, entry};

/// What [`statistics`] gives: in the order of the IBSI's tables.
pub(crate) struct Moments {
    pub(crate) mean: f64,
    pub(crate) variance: f64,
    pub(crate) skewness: f64,
    pub(crate) kurtosis: f64,
    pub(crate) median: f64,
    pub(crate) minimum: f64,
    pub(crate) p10: f64,
    pub(crate) p90: f64,
    pub(crate) maximum: f64,
    pub(crate) iqr: f64,
    pub(crate) range: f64,
    pub(crate) mad: f64,
    pub(crate) rmad: f64,
    pub(crate) medad: f64,
    pub(crate) cov: f64,
    pub(crate) qcod: f64,
    pub(crate) energy: f64,
    pub(crate) rms: f64,
}

/// A percentile of sorted values, interpolated linearly between ranks.
fn percentile(sorted: &[f64], percent: f64) -> f64 {
    let last = sorted.len().saturating_sub(1);
    let rank = percent / 100.0 * last as f64;
    let low = rank.floor() as usize;
    let at = |i: usize| sorted.get(i).copied().unwrap_or(f64::NAN);
    let share = rank - low as f64;
    if share > 0.0 {
        at(low) + share * (at(low + 1) - at(low))
    } else {
        at(low)
    }
}

/// Moments of values in ascending order; at least one.
pub(crate) fn moments(sorted: &[f64]) -> Moments {
    let n = sorted.len() as f64;
    let mean_of = |f: &dyn Fn(f64) -> f64| sorted.iter().map(|&v| f(v)).sum::<f64>() / n;
    let at = |percent| percentile(sorted, percent);
    let mean = mean_of(&|v| v);
    let (mut two, mut three, mut four, mut absolute) = (0f64, 0f64, 0f64, 0f64);
    for v in sorted {
        let d = v - mean;
        let square = d * d;
        two += square;
        three += square * d;
        four += square * square;
        absolute += d.abs();
    }
    let (minimum, maximum, median) = (at(0.0), at(100.0), at(50.0));
    let variance = two / n;
    // Rounding of the mean leaves a variance in equal values.
    let spread = maximum > minimum && variance > 0.0;
    let (p10, p90, p25, p75) = (at(10.0), at(90.0), at(25.0), at(75.0));
    let from = sorted.partition_point(|v| *v < p10);
    let to = sorted.partition_point(|v| *v <= p90);
    let robust = &sorted[from..to.max(from)];
    let robust_mean = robust.iter().sum::<f64>() / robust.len() as f64;
    let energy = sorted.iter().map(|v| v * v).sum::<f64>();
    Moments {
        mean,
        variance,
        skewness: if spread {
            three / n / variance.powf(1.5)
        } else {
            0.0
        },
        kurtosis: if spread {
            four / n / (variance * variance) - 3.0
        } else {
            0.0
        },
        median,
        minimum,
        p10,
        p90,
        maximum,
        iqr: p75 - p25,
        range: maximum - minimum,
        mad: absolute / n,
        rmad: robust.iter().map(|v| (v - robust_mean).abs()).sum::<f64>() / robust.len() as f64,
        medad: mean_of(&|v| (v - median).abs()),
        cov: variance.sqrt() / mean,
        qcod: (p75 - p25) / (p75 + p25),
        energy,
        rms: (energy / n).sqrt(),
    }
}

const ONE_VALUE: &str = "all intensities are equal: the value that the IBSI's manual sets";

/// The 18 features of intensities.
pub(crate) fn statistics(sorted: &[f64]) -> Vec<Entry> {
    let m = moments(sorted);
    let one = m.range <= 0.0;
    let (i, i2) = ("intensity", "intensity2");
    vec![
        entry("stat_mean", "Mean", i, m.mean),
        entry("stat_var", "Variance", i2, m.variance),
        entry("stat_skew", "Skewness", "1", m.skewness).flagged(one, ONE_VALUE),
        entry("stat_kurt", "(Excess) kurtosis", "1", m.kurtosis).flagged(one, ONE_VALUE),
        entry("stat_median", "Median", i, m.median),
        entry("stat_min", "Minimum", i, m.minimum),
        entry("stat_p10", "10th percentile", i, m.p10),
        entry("stat_p90", "90th percentile", i, m.p90),
        entry("stat_max", "Maximum", i, m.maximum),
        entry("stat_iqr", "Interquartile range", i, m.iqr),
        entry("stat_range", "Range", i, m.range),
        entry("stat_mad", "Mean absolute deviation", i, m.mad),
        entry("stat_rmad", "Robust mean absolute deviation", i, m.rmad),
        entry("stat_medad", "Median absolute deviation", i, m.medad),
        ratio("stat_cov", "Coefficient of variation", m.cov),
        ratio("stat_qcod", "Quartile coefficient of dispersion", m.qcod),
        entry("stat_energy", "Energy", i2, m.energy),
        entry("stat_rms", "Root mean square", i, m.rms),
    ]
}

/// A quotient that may divide by zero.
fn ratio(tag: &'static str, name: &'static str, value: f64) -> Entry {
    let defined = if value.is_finite() { value } else { f64::NAN };
    entry(tag, name, "1", defined).flagged(!value.is_finite(), "it divides by zero")
}

/// The 23 features of the intensity histogram: of grey levels from 1 to `count`, in ascending order.
pub(crate) fn histogram(sorted: &[f64], count: usize) -> Vec<Entry> {
    let m = moments(sorted);
    let n = sorted.len() as f64;
    let mut bins = vec![0f64; count + 1];
    for level in sorted {
        if let Some(bin) = bins.get_mut(*level as usize) {
            *bin += 1.0;
        }
    }
    let bins = &bins[1..];
    let most = bins.iter().copied().fold(0.0, f64::max);
    // Of several modes, the one next to the mean, and the lower of two as near.
    let mode = (bins.iter().enumerate())
        .filter(|(_, c)| **c == most)
        .map(|(i, _)| (i + 1) as f64)
        .min_by(|a, b| (a - m.mean).abs().total_cmp(&(b - m.mean).abs()))
        .unwrap_or(f64::NAN);
    let shares = || bins.iter().filter(|c| **c > 0.0).map(|c| c / n);
    let entropy: f64 = shares().map(|p| -p * p.log2()).sum();
    let uniformity: f64 = shares().map(|p| p * p).sum();
    let gradient: Vec<f64> = (0..count)
        .map(|i| match (i.checked_sub(1), bins.get(i + 1)) {
            (Some(before), Some(after)) => (after - bins[before]) / 2.0,
            (None, Some(after)) => after - bins[i],
            (Some(before), None) => bins[i] - bins[before],
            (None, None) => 0.0,
        })
        .collect();
    let extreme = |sign: f64| {
        (gradient.iter().enumerate()).fold((f64::NEG_INFINITY, 0), |best, (i, g)| {
            if sign * g > best.0 {
                (sign * g, i + 1)
            } else {
                best
            }
        })
    };
    let (steepest, at_steepest) = extreme(1.0);
    let (falling, at_falling) = extreme(-1.0);
    let one = m.range <= 0.0;
    let (g, g2) = ("grey level", "grey level2");
    vec![
        entry("ih_mean", "Mean", g, m.mean),
        entry("ih_var", "Variance", g2, m.variance),
        entry("ih_skew", "Skewness", "1", m.skewness).flagged(one, ONE_VALUE),
        entry("ih_kurt", "(Excess) kurtosis", "1", m.kurtosis).flagged(one, ONE_VALUE),
        entry("ih_median", "Median", g, m.median),
        entry("ih_min", "Minimum", g, m.minimum),
        entry("ih_p10", "10th percentile", g, m.p10),
        entry("ih_p90", "90th percentile", g, m.p90),
        entry("ih_max", "Maximum", g, m.maximum),
        entry("ih_mode", "Mode", g, mode),
        entry("ih_iqr", "Interquartile range", g, m.iqr),
        entry("ih_range", "Range", g, m.range),
        entry("ih_mad", "Mean absolute deviation", g, m.mad),
        entry("ih_rmad", "Robust mean absolute deviation", g, m.rmad),
        entry("ih_medad", "Median absolute deviation", g, m.medad),
        entry("ih_cov", "Coefficient of variation", "1", m.cov),
        entry("ih_qcod", "Quartile coefficient of dispersion", "1", m.qcod),
        entry("ih_entropy", "Entropy", "bit", entropy.max(0.0)),
        entry("ih_uniformity", "Uniformity", "1", uniformity),
        entry(
            "ih_max_grad",
            "Maximum histogram gradient",
            "voxel",
            steepest,
        ),
        entry(
            "ih_max_grad_g",
            "Maximum histogram gradient intensity",
            g,
            at_steepest as f64,
        ),
        entry(
            "ih_min_grad",
            "Minimum histogram gradient",
            "voxel",
            -falling,
        ),
        entry(
            "ih_min_grad_g",
            "Minimum histogram gradient intensity",
            g,
            at_falling as f64,
        ),
    ]
}
