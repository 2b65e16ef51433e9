//! A choice of columns, as every filter and selection leaves it.

use crate::impute::same_columns;
use crate::{LearnError, Matrix, TrainingFold};
use serde::{Deserialize, Serialize};

/// The columns that a step keeps, in their old order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Selection {
    by: String,
    inputs: usize,
    kept: Vec<usize>,
}

impl Selection {
    /// Keeps `kept` of `inputs` columns; sorts them. `by` is the step in words.
    pub(crate) fn new(by: impl Into<String>, inputs: usize, mut kept: Vec<usize>) -> Self {
        kept.sort_unstable();
        kept.dedup();
        Self {
            by: by.into(),
            inputs,
            kept,
        }
    }

    /// The step in words.
    pub fn by(&self) -> &str {
        &self.by
    }

    /// Number of columns before the step.
    pub fn inputs(&self) -> usize {
        self.inputs
    }

    /// Positions of the kept columns, rising.
    pub fn kept(&self) -> &[usize] {
        &self.kept
    }

    /// The kept columns of a matrix.
    ///
    /// # Errors
    /// [`LearnError::Length`] when the number of columns is another than in training.
    pub fn transform(&self, x: &Matrix) -> Result<Matrix, LearnError> {
        same_columns(self.inputs, x)?;
        Ok(x.select_columns(&self.kept))
    }

    /// The kept columns of the fold, for the next step's fit.
    ///
    /// # Errors
    /// As [`transform`](Self::transform).
    pub fn transform_training<'a>(
        &self,
        fold: TrainingFold<'a>,
    ) -> Result<TrainingFold<'a>, LearnError> {
        same_columns(self.inputs, fold.x())?;
        Ok(fold.with_columns(&self.kept))
    }

    /// What is wrong with a selection read from a file for `features` columns.
    pub(crate) fn problem(&self, features: usize) -> Option<&'static str> {
        let rising = self.kept.windows(2).all(|pair| pair[0] < pair[1]);
        let inside = self.kept.last().is_some_and(|&last| last < features);
        let fits = self.inputs == features && rising && inside;
        (!fits).then_some("a selection of features does not fit the features before it")
    }
}
