//! Columns that do not vary, or hardly.

use crate::impute::complete;
use crate::prepare::Selection;
use crate::{LearnError, TrainingFold};
use serde::{Deserialize, Serialize};

/// Leaves out columns that are constant in the fold and, when asked for, those that are nearly so.
///
/// Constant is constant up to rounding, the rule of [`Standardizer`](crate::Standardizer). Nearly constant is the rule of `nearZeroVar` of R's
/// caret (Kuhn 2008, Journal of Statistical Software 28(5)): the most frequent value is more than `frequency_ratio` times as frequent
/// as the second, and fewer than `unique_percent` per cent of the values differ; checked against it, column by column.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct VarianceFilter {
    /// Whether nearly constant columns are left out too.
    pub near_zero: bool,
    /// Frequency of the most frequent value over that of the second, above which a column may be nearly constant; caret's is 95/5.
    pub frequency_ratio: f64,
    /// Different values in per cent of the rows, at or below which a column may be nearly constant; caret's is 10.
    pub unique_percent: f64,
}

impl Default for VarianceFilter {
    fn default() -> Self {
        Self {
            near_zero: true,
            frequency_ratio: 19.0,
            unique_percent: 10.0,
        }
    }
}

impl VarianceFilter {
    /// Finds the columns of the fold that vary.
    ///
    /// # Errors
    /// [`LearnError::Missing`], [`LearnError::BadSetting`], and [`LearnError::NothingLeft`] when no column varies.
    pub fn fit(&self, fold: &TrainingFold<'_>) -> Result<Selection, LearnError> {
        complete(fold)?;
        for (name, value, largest) in [
            ("frequency ratio", self.frequency_ratio, f64::MAX),
            (
                "share of different values in per cent",
                self.unique_percent,
                100.0,
            ),
        ] {
            if !(value >= 0.0 && value <= largest) {
                return Err(LearnError::BadSetting {
                    name,
                    value,
                    remedy: "caret's defaults are 19 for the ratio and 10 for the per cent",
                });
            }
        }
        let columns = fold.x().transposed();
        let kept: Vec<usize> = columns
            .iter_rows()
            .enumerate()
            .filter(|(_, column)| !(constant(column) || self.near_zero && self.nearly(column)))
            .map(|(j, _)| j)
            .collect();
        if kept.is_empty() {
            return Err(LearnError::NothingLeft {
                step: "the variance filter",
                remedy: "no column varies enough among the training rows; add features or set `near_zero` to false",
            });
        }
        Ok(Selection::new("variance filter", columns.rows(), kept))
    }

    /// caret's rule.
    fn nearly(&self, column: &[f64]) -> bool {
        let mut sorted = column.to_vec();
        sorted.sort_unstable_by(f64::total_cmp);
        let mut counts: Vec<usize> = sorted.chunk_by(|a, b| a == b).map(<[f64]>::len).collect();
        let different = 100.0 * counts.len() as f64 / column.len() as f64;
        counts.sort_unstable_by(|a, b| b.cmp(a));
        let ratio = match counts.as_slice() {
            [first, second, ..] => *first as f64 / *second as f64,
            _ => 0.0,
        };
        ratio > self.frequency_ratio && different <= self.unique_percent
    }
}

/// Whether the values are equal up to rounding, by the bound of [`Standardizer`](crate::Standardizer).
pub(crate) fn constant(column: &[f64]) -> bool {
    let n = column.len() as f64;
    let mean = column.iter().sum::<f64>() / n;
    let variance = column.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / n;
    let rounding = n * mean * f64::EPSILON;
    variance <= n * f64::EPSILON * variance + rounding * rounding
}
