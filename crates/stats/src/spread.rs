//! How probabilities are spread, for figures and tables.

use crate::percentile;
use serde::{Deserialize, Serialize};

/// Bins of the histogram of a [`Spread`], equally wide over 0..=1.
pub const HISTOGRAM_BINS: usize = 20;

/// Five numbers and a histogram of the probabilities that one class got among rows of one truth.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Spread {
    /// Rows.
    pub n: u64,
    /// Minimum, lower quartile, median, upper quartile, maximum; `None` without rows. Quartiles as
    /// in numpy (type 7).
    pub quartiles: Option<[f64; 5]>,
    /// Rows in each of [`HISTOGRAM_BINS`] equal bins of 0..=1; the last holds 1.
    pub histogram: Vec<u64>,
}

/// Summarises values in 0..=1. Values beyond are counted in the first or last bin; NaN is left out.
pub fn spread(values: &[f64]) -> Spread {
    let mut ascending: Vec<f64> = values.iter().copied().filter(|v| !v.is_nan()).collect();
    ascending.sort_unstable_by(f64::total_cmp);
    let mut histogram = vec![0; HISTOGRAM_BINS];
    for value in &ascending {
        let bin = (value.clamp(0.0, 1.0) * HISTOGRAM_BINS as f64) as usize;
        histogram[bin.min(HISTOGRAM_BINS - 1)] += 1;
    }
    let at = |fraction| percentile(&ascending, fraction);
    let quartiles = match (at(0.0), at(0.25), at(0.5), at(0.75), at(1.0)) {
        (Some(a), Some(b), Some(c), Some(d), Some(e)) => Some([a, b, c, d, e]),
        _ => None,
    };
    Spread {
        n: ascending.len() as u64,
        quartiles,
        histogram,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quartiles_and_bins() {
        let s = spread(&[0.0, 0.05, 0.5, 1.0, f64::NAN]);
        assert_eq!(s.n, 4);
        assert_eq!(s.quartiles, Some([0.0, 0.75 * 0.05, 0.275, 0.625, 1.0]));
        assert_eq!(
            (
                s.histogram[0],
                s.histogram[1],
                s.histogram[10],
                s.histogram[19]
            ),
            (1, 1, 1, 1)
        );
        assert_eq!(spread(&[]).quartiles, None);
    }
}
