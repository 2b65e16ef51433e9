//! Zero mean and unit standard deviation.

use crate::impute::{complete, same_columns};
use crate::{LearnError, Matrix, TrainingFold};
use serde::{Deserialize, Serialize};

/// Subtracts each column's mean and divides by its standard deviation, both of the training rows.
///
/// As scikit-learn's `StandardScaler`: the standard deviation is that of the population (divisor n), and a column that is
/// constant up to rounding has the scale 1 (the bound is `n eps var + (n mean eps)^2`, the one of
/// `sklearn.preprocessing._data._is_constant_feature`). Checked against `StandardScaler` to 1e-12.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Standardizer {
    means: Vec<f64>,
    scales: Vec<f64>,
}

impl Standardizer {
    /// Takes means and standard deviations of the fold.
    ///
    /// # Errors
    /// [`LearnError::NoRows`], [`LearnError::NoFeatures`], and [`LearnError::Missing`] when a value is missing.
    pub fn fit(fold: &TrainingFold<'_>) -> Result<Self, LearnError> {
        complete(fold)?;
        let x = fold.x();
        let n = x.rows() as f64;
        let means = x.column_means();
        // Two passes; the second term takes out what rounding of the mean left (Chan, Golub and LeVeque 1983).
        let mut squares = vec![0.0; x.columns()];
        let mut rests = vec![0.0; x.columns()];
        for row in x.iter_rows() {
            for j in 0..row.len() {
                let d = row[j] - means[j];
                squares[j] += d * d;
                rests[j] += d;
            }
        }
        let scales = (0..x.columns()).map(|j| {
            let variance = ((squares[j] - rests[j] * rests[j] / n) / n).max(0.0);
            let rounding = n * means[j] * f64::EPSILON;
            let constant = variance <= n * f64::EPSILON * variance + rounding * rounding;
            if constant { 1.0 } else { variance.sqrt() }
        });
        let scales = scales.collect();
        Ok(Self { means, scales })
    }

    /// Mean of each column in training, in the column's unit.
    pub fn means(&self) -> &[f64] {
        &self.means
    }

    /// Population standard deviation of each column in training; 1 for a constant column.
    pub fn scales(&self) -> &[f64] {
        &self.scales
    }

    /// The matrix in standard deviations from the training mean.
    ///
    /// # Errors
    /// [`LearnError::Length`] when the number of columns is another than in training.
    pub fn transform(&self, x: &Matrix) -> Result<Matrix, LearnError> {
        let mut scaled = x.clone();
        self.scale(&mut scaled)?;
        Ok(scaled)
    }

    fn scale(&self, scaled: &mut Matrix) -> Result<(), LearnError> {
        same_columns(self.means.len(), scaled)?;
        for i in 0..scaled.rows() {
            let row = scaled.row_mut(i).iter_mut();
            for ((value, mean), scale) in row.zip(&self.means).zip(&self.scales) {
                *value = (*value - mean) / scale;
            }
        }
        Ok(())
    }

    /// The fold in standard deviations, for the next step's fit.
    ///
    /// # Errors
    /// As [`transform`](Self::transform).
    pub fn transform_training<'a>(
        &self,
        mut fold: TrainingFold<'a>,
    ) -> Result<TrainingFold<'a>, LearnError> {
        self.scale(fold.values_mut())?;
        Ok(fold)
    }

    /// What is wrong with parameters read from a file for `features` columns.
    pub(crate) fn problem(&self, features: usize) -> Option<&'static str> {
        let fits = self.means.len() == features && self.scales.len() == features;
        let sane = self.means.iter().all(|m| m.is_finite())
            && self.scales.iter().all(|s| s.is_finite() && *s > 0.0);
        (!fits || !sane).then_some("the standardisation does not fit the features")
    }
}
