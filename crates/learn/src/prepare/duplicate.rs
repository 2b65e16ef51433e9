//! Columns that repeat another.

use crate::impute::complete;
use crate::prepare::Selection;
use crate::{LearnError, TrainingFold};
use serde::{Deserialize, Serialize};
use std::collections::HashSet;

/// Leaves out columns that have the same value as an earlier column in every row of the fold; the first stays.
///
/// Columns that are multiples of another are the correlation filter's matter ([`CorrelationFilter`](crate::CorrelationFilter)).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DuplicateFilter {}

impl DuplicateFilter {
    /// Finds the columns of the fold that repeat none before them.
    ///
    /// # Errors
    /// [`LearnError::NoRows`], [`LearnError::NoFeatures`] and [`LearnError::Missing`].
    pub fn fit(&self, fold: &TrainingFold<'_>) -> Result<Selection, LearnError> {
        complete(fold)?;
        let columns = fold.x().transposed();
        let mut seen = HashSet::with_capacity(columns.rows());
        let kept = (0..columns.rows())
            .filter(|&j| {
                // -0 and 0 are the same value.
                let bits = columns.row(j).iter().map(|v| (v + 0.0).to_bits());
                seen.insert(bits.collect::<Vec<u64>>())
            })
            .collect();
        Ok(Selection::new("duplicate columns", columns.rows(), kept))
    }
}
