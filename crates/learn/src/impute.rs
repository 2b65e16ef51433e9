//! Missing values.

use crate::{LearnError, Matrix, TrainingFold};
use serde::{Deserialize, Serialize};

/// Replaces missing values (`NaN`) by the median of the column among the training rows.
///
/// The rule of scikit-learn's `SimpleImputer(strategy="median")`: the mean of the two middle values when their number is
/// even. A column that is missing in every training row has no median; it becomes 0 for all rows, seen or not, so that
/// it carries nothing and gets the coefficient 0 (scikit-learn drops it, or with `keep_empty_features=True` does the
/// same). [`empty_columns`](Self::empty_columns) tells which.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MedianImputer {
    /// Median of each column; `None` where every training value is missing.
    medians: Vec<Option<f64>>,
}

impl MedianImputer {
    /// Takes the medians of the fold.
    ///
    /// # Errors
    /// [`LearnError::NoRows`] and [`LearnError::NoFeatures`].
    pub fn fit(fold: &TrainingFold<'_>) -> Result<Self, LearnError> {
        let x = fold.x();
        if x.rows() == 0 {
            return Err(LearnError::NoRows);
        }
        if x.columns() == 0 {
            return Err(LearnError::NoFeatures);
        }
        let mut column = Vec::with_capacity(x.rows());
        let medians = (0..x.columns())
            .map(|j| {
                column.clear();
                column.extend(x.iter_rows().map(|row| row[j]).filter(|v| !v.is_nan()));
                median(&mut column)
            })
            .collect();
        Ok(Self { medians })
    }

    /// Median of each column; `None` where every training value was missing.
    pub fn medians(&self) -> &[Option<f64>] {
        &self.medians
    }

    /// Columns that had no value in training.
    pub fn empty_columns(&self) -> Vec<usize> {
        let columns = self.medians.iter().enumerate();
        columns
            .filter(|(_, m)| m.is_none())
            .map(|(j, _)| j)
            .collect()
    }

    /// The matrix without missing values.
    ///
    /// # Errors
    /// [`LearnError::Length`] when the number of columns is another than in training.
    pub fn transform(&self, x: &Matrix) -> Result<Matrix, LearnError> {
        let mut filled = x.clone();
        self.fill(&mut filled)?;
        Ok(filled)
    }

    fn fill(&self, filled: &mut Matrix) -> Result<(), LearnError> {
        same_columns(self.medians.len(), filled)?;
        for i in 0..filled.rows() {
            for (value, median) in filled.row_mut(i).iter_mut().zip(&self.medians) {
                match median {
                    None => *value = 0.0,
                    Some(median) if value.is_nan() => *value = *median,
                    Some(_) => {}
                }
            }
        }
        Ok(())
    }

    /// The fold without missing values, for the next step's fit.
    ///
    /// # Errors
    /// As [`transform`](Self::transform).
    pub fn transform_training<'a>(
        &self,
        mut fold: TrainingFold<'a>,
    ) -> Result<TrainingFold<'a>, LearnError> {
        self.fill(fold.values_mut())?;
        Ok(fold)
    }
}

/// Refuses a matrix with another number of columns.
pub(crate) fn same_columns(expected: usize, x: &Matrix) -> Result<(), LearnError> {
    if x.columns() == expected {
        return Ok(());
    }
    Err(LearnError::Length {
        what: "columns".to_owned(),
        expected,
        found: x.columns(),
    })
}

/// Refuses a fold that cannot be fitted on by a step that needs every value.
pub(crate) fn complete(fold: &TrainingFold<'_>) -> Result<(), LearnError> {
    let x = fold.x();
    if x.rows() == 0 {
        return Err(LearnError::NoRows);
    }
    if x.columns() == 0 {
        return Err(LearnError::NoFeatures);
    }
    match x.values().iter().position(|v| v.is_nan()) {
        None => Ok(()),
        Some(at) => Err(LearnError::Missing {
            feature: fold.feature_name(at % x.columns()),
            row: (*fold.ids().get(at / x.columns()).unwrap_or(&"")).to_owned(),
        }),
    }
}

/// Median of values without `NaN`; the order of `values` is lost.
fn median(values: &mut [f64]) -> Option<f64> {
    if values.is_empty() {
        return None;
    }
    let middle = values.len() / 2;
    let even = values.len().is_multiple_of(2);
    let (below, upper, _) = values.select_nth_unstable_by(middle, f64::total_cmp);
    let upper = *upper;
    if !even {
        return Some(upper);
    }
    let lower = below.iter().copied().max_by(f64::total_cmp)?;
    Some((lower + upper) / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_of_odd_and_even_numbers_of_values() {
        assert_eq!(median(&mut [3.0, -1.0, 2.0]), Some(2.0));
        assert_eq!(median(&mut [4.0, 3.0, -1.0, 2.0]), Some(2.5));
        assert_eq!(median(&mut [7.0]), Some(7.0));
        assert_eq!(median(&mut []), None);
    }
}
