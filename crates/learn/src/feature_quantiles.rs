//! Where a feature's value stands among the training rows.

use crate::Matrix;
use serde::{Deserialize, Serialize};

/// Number of quantiles that are kept: 0 %, 5 %, ..., 100 %.
const QUANTILES: usize = 21;

/// 21 quantiles of each feature over the rows a model was trained on, in the order of the features.
///
/// Quantiles interpolate linearly between order statistics (type 7 of Hyndman and Fan 1996, as NumPy does by default), over finite values
/// only. They are kept as single-precision numbers, since they only tell where a value stands. A feature without a finite value has none.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FeatureQuantiles(Vec<Vec<f32>>);

impl FeatureQuantiles {
    /// Of the columns of training rows.
    pub fn of(rows: &Matrix) -> Self {
        let column = |j: usize| {
            let mut values: Vec<f64> = rows
                .iter_rows()
                .map(|row| row[j])
                .filter(|v| v.is_finite())
                .collect();
            values.sort_by(f64::total_cmp);
            (0..QUANTILES)
                .filter_map(|k| quantile(&values, k as f64 / (QUANTILES - 1) as f64))
                .map(|q| q.clamp(f64::from(f32::MIN), f64::from(f32::MAX)) as f32)
                .collect()
        };
        Self((0..rows.columns()).map(column).collect())
    }

    /// Whether there are none: models of older versions.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The quantiles of a feature, by its place.
    pub fn of_feature(&self, feature: usize) -> Option<&[f32]> {
        self.0.get(feature).map(Vec::as_slice)
    }

    /// The share of training rows below a value, 0 to 1, read off linearly between the quantiles; among equal quantiles the middle.
    /// `None` without quantiles of the feature or a finite value.
    pub fn share_below(&self, feature: usize, value: f64) -> Option<f64> {
        let quantiles = self.of_feature(feature).filter(|q| q.len() > 1)?;
        if !value.is_finite() {
            return None;
        }
        let value = value.clamp(f64::from(f32::MIN), f64::from(f32::MAX)) as f32;
        let steps = (quantiles.len() - 1) as f64;
        let below = quantiles.partition_point(|&q| q < value);
        let up_to = quantiles.partition_point(|&q| q <= value);
        if below < up_to {
            return Some((below + up_to - 1) as f64 / 2.0 / steps);
        }
        if below == 0 || below == quantiles.len() {
            return Some(if below == 0 { 0.0 } else { 1.0 });
        }
        let (low, high) = (f64::from(quantiles[below - 1]), f64::from(quantiles[below]));
        let part = (f64::from(value) - low) / (high - low);
        Some(((below - 1) as f64 + part) / steps)
    }
}

/// A quantile of sorted values; `None` for none.
fn quantile(sorted: &[f64], share: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    let place = share * last as f64;
    let low = place.floor() as usize;
    let (a, b) = (*sorted.get(low)?, sorted[(low + 1).min(last)]);
    Some(a + (place - low as f64) * (b - a))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `numpy.quantile([3.5, -1, 7, 2.25, 0, 11, 4], k / 20)` of NumPy 2; single precision.
    #[test]
    fn quantiles_are_those_of_numpy() {
        let values = vec![3.5, -1.0, 7.0, 2.25, 0.0, 11.0, 4.0, f64::NAN];
        let quantiles = FeatureQuantiles::of(&Matrix::new(8, 1, values).unwrap());
        let expected = [
            -1.0, -0.7, -0.4, -0.1, 0.45, 1.125, 1.8, 2.375, 2.75, 3.125, 3.5, 3.65, 3.8, 3.95,
            4.6, 5.5, 6.4, 7.4, 8.6, 9.8, 11.0,
        ];
        for (found, expected) in quantiles.of_feature(0).unwrap().iter().zip(expected) {
            assert!(
                (f64::from(*found) - expected).abs() < 1e-6,
                "{found} {expected}"
            );
        }
        let share = |value| quantiles.share_below(0, value).unwrap();
        assert_eq!((share(-9.0), share(3.5), share(99.0)), (0.0, 0.5, 1.0));
        assert!((share(8.0) - 0.875).abs() < 1e-6);
        assert_eq!(quantiles.share_below(0, f64::NAN), None);
        assert_eq!(quantiles.share_below(1, 0.0), None);
    }

    #[test]
    fn ties_stand_in_the_middle_and_nothing_stands_nowhere() {
        let rows = Matrix::new(
            4,
            2,
            vec![5.0, f64::NAN, 5.0, f64::NAN, 5.0, f64::NAN, 5.0, f64::NAN],
        );
        let quantiles = FeatureQuantiles::of(&rows.unwrap());
        assert_eq!(quantiles.share_below(0, 5.0), Some(0.5));
        assert_eq!(quantiles.share_below(1, 5.0), None);
    }
}
