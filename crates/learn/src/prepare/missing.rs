//! Columns with too many missing values, and columns that say what was missing.

use crate::impute::same_columns;
use crate::{LearnError, Matrix, TrainingFold};
use serde::{Deserialize, Serialize};

/// What is done with columns that have missing values, beside the median that fills them
/// ([`MedianImputer`](crate::MedianImputer)).
///
/// The default keeps every column and adds none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MissingRule {
    /// A column is left out when more than this share (0 to 1) of its training values is missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drop_above: Option<f64>,
    /// Whether each kept column with a missing training value gets a column beside it that is 1 where the value is missing and else 0
    /// (scikit-learn's `MissingIndicator(features="missing-only")`). It is named after the feature, followed by " missing".
    pub indicators: bool,
}

/// A fitted [`MissingRule`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MissingColumns {
    inputs: usize,
    kept: Vec<usize>,
    indicators: Vec<usize>,
}

impl MissingRule {
    /// Whether the rule changes nothing.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// Counts the missing values of the fold's columns.
    ///
    /// # Errors
    /// [`LearnError::NoRows`], [`LearnError::BadSetting`] and [`LearnError::NothingLeft`] when every column has too many.
    pub fn fit(&self, fold: &TrainingFold<'_>) -> Result<MissingColumns, LearnError> {
        let x = fold.x();
        if x.rows() == 0 {
            return Err(LearnError::NoRows);
        }
        let limit = self.drop_above.unwrap_or(1.0);
        if !(0.0..=1.0).contains(&limit) {
            return Err(LearnError::BadSetting {
                name: "the largest share of missing values",
                value: limit,
                remedy: "use a number from 0 to 1",
            });
        }
        let mut missing = vec![0_usize; x.columns()];
        for row in x.iter_rows() {
            for (count, value) in missing.iter_mut().zip(row) {
                *count += usize::from(value.is_nan());
            }
        }
        let rows = x.rows() as f64;
        let kept: Vec<usize> = (0..x.columns())
            .filter(|&j| missing[j] as f64 / rows <= limit)
            .collect();
        if kept.is_empty() {
            return Err(LearnError::NothingLeft {
                step: "the rule for missing values",
                remedy: "every column has a larger share of missing values than allowed; raise `drop_above`",
            });
        }
        let indicators = if self.indicators {
            kept.iter().copied().filter(|&j| missing[j] > 0).collect()
        } else {
            Vec::new()
        };
        Ok(MissingColumns {
            inputs: x.columns(),
            kept,
            indicators,
        })
    }
}

impl MissingColumns {
    /// Columns that are kept, as positions in the raw table, in their order.
    pub fn kept(&self) -> &[usize] {
        &self.kept
    }

    /// Columns whose missing values get a column of their own, as positions in the raw table.
    pub fn indicators(&self) -> &[usize] {
        &self.indicators
    }

    /// The kept columns of `imputed`, then one column for each indicator, taken from `raw`.
    ///
    /// # Errors
    /// [`LearnError::Length`] when the number of columns is another than in training.
    pub fn transform(&self, raw: &Matrix, imputed: &Matrix) -> Result<Matrix, LearnError> {
        same_columns(self.inputs, raw)?;
        same_columns(self.inputs, imputed)?;
        let columns = self.kept.len() + self.indicators.len();
        let mut values = Vec::with_capacity(raw.rows() * columns);
        for (raw, imputed) in raw.iter_rows().zip(imputed.iter_rows()) {
            values.extend(self.kept.iter().map(|&j| imputed[j]));
            let flags = self.indicators.iter();
            values.extend(flags.map(|&j| f64::from(u8::from(raw[j].is_nan()))));
        }
        Matrix::new(raw.rows(), columns, values)
    }

    /// The same for the fold; `raw` is the fold before the imputation, `imputed` the one after it.
    ///
    /// # Errors
    /// As [`transform`](Self::transform).
    pub fn transform_training<'a>(
        &self,
        raw: &TrainingFold<'a>,
        imputed: TrainingFold<'a>,
    ) -> Result<TrainingFold<'a>, LearnError> {
        let x = self.transform(raw.x(), imputed.x())?;
        let kept = self.kept.iter().map(|&j| raw.feature_name(j));
        let flags = self.indicators.iter();
        let flags = flags.map(|&j| format!("{} missing", raw.feature_name(j)));
        let names = kept.chain(flags).collect();
        Ok(imputed.with_named_columns(x, names))
    }

    /// The raw column that each column comes from.
    pub(crate) fn origins(&self) -> Vec<usize> {
        self.kept.iter().chain(&self.indicators).copied().collect()
    }

    /// What is wrong with a rule read from a file for `features` columns.
    pub(crate) fn problem(&self, features: usize) -> Option<&'static str> {
        let inside = |list: &[usize]| list.iter().all(|&j| j < features);
        let fits = self.inputs == features
            && !self.kept.is_empty()
            && inside(&self.kept)
            && inside(&self.indicators);
        (!fits).then_some("the rule for missing values does not fit the features")
    }
}
