//! Columns that say what another column says already.

use crate::impute::complete;
use crate::prepare::Selection;
use crate::prepare::product::dot;
use crate::prepare::variance::constant;
use crate::{LearnError, Matrix, TrainingFold};
use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, Par};
use serde::{Deserialize, Serialize};
use std::cmp::Reverse;
use std::collections::BTreeMap;
use triher_stats::mid_ranks;

/// Columns of the correlation matrix that are in memory at once.
const BLOCK: usize = 128;
/// Mean correlations are compared in this many steps from 0 to 1, so that rounding decides no tie.
const STEPS: f64 = 1e10;

/// Which correlation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Correlation {
    /// Of the values.
    #[default]
    Pearson,
    /// Of the ranks, equal values sharing the mean of theirs.
    Spearman,
}

/// Leaves out columns that are highly correlated with a column that stays.
///
/// The rule: columns are put in an order, and each stays unless the size of its correlation with one that stays already is above
/// `threshold`. First come those of the highest `stability`, where it is given; then, or among columns without it, those with the lowest mean
/// size of the correlation with all other columns; of equal ones the first in the table. So of any two columns that
/// are too much alike, the more stable (or less redundant) one stays, and every column left out has a partner that stays. The
/// correlation with a constant column counts as 0. The correlation matrix is never held as a whole.
///
/// Checked against the same rule on NumPy's `corrcoef` and SciPy's `spearmanr` (`tests/parity/make_filters.py`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CorrelationFilter {
    /// Which correlation.
    pub method: Correlation,
    /// Largest size of a correlation that stays, 0 to 1.
    pub threshold: f64,
    /// How stable features are, by name, for instance their ICC under perturbation; larger is better. Features that are not named come
    /// after all that are.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub stability: BTreeMap<String, f64>,
}

impl Default for CorrelationFilter {
    fn default() -> Self {
        Self {
            method: Correlation::Pearson,
            threshold: 0.9,
            stability: BTreeMap::new(),
        }
    }
}

impl CorrelationFilter {
    /// Finds the columns of the fold that stay.
    ///
    /// # Errors
    /// [`LearnError::Missing`] and [`LearnError::BadSetting`].
    pub fn fit(&self, fold: &TrainingFold<'_>) -> Result<Selection, LearnError> {
        complete(fold)?;
        if !(0.0..=1.0).contains(&self.threshold) {
            return Err(LearnError::BadSetting {
                name: "largest correlation",
                value: self.threshold,
                remedy: "use a number from 0 to 1",
            });
        }
        if let Some(&value) = self.stability.values().find(|v| !v.is_finite()) {
            return Err(LearnError::BadSetting {
                name: "stability",
                value,
                remedy: "leave features without a known stability out of the list",
            });
        }
        let units = unit_columns(fold.x(), self.method);
        let redundancy = mean_sizes(&units);
        let stability: Vec<f64> = (0..units.rows())
            .map(|j| {
                let known = self.stability.get(&fold.feature_name(j));
                known.copied().unwrap_or(f64::NEG_INFINITY)
            })
            .collect();
        let mut order: Vec<usize> = (0..units.rows()).collect();
        // -0.0 would come before 0.0 otherwise.
        let rank = |j: usize| Reverse(Total(stability[j] + 0.0));
        order.sort_by_key(|&j| (rank(j), (redundancy[j] * STEPS).round() as u64, j));
        let mut kept: Vec<usize> = Vec::new();
        for j in order {
            let alike = |&k: &usize| dot(units.row(j), units.row(k)).abs() > self.threshold;
            if !kept.iter().any(alike) {
                kept.push(j);
            }
        }
        Ok(Selection::new("correlation filter", units.rows(), kept))
    }
}

/// A number in total order.
#[derive(Clone, Copy, PartialEq)]
struct Total(f64);

impl Eq for Total {}

impl PartialOrd for Total {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Total {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.total_cmp(&other.0)
    }
}

/// Columns (as rows) with mean 0 and length 1, of values or ranks; 0 for a constant column.
fn unit_columns(x: &Matrix, method: Correlation) -> Matrix {
    let mut columns = x.transposed();
    for j in 0..columns.rows() {
        let column = columns.row_mut(j);
        if constant(column) {
            column.fill(0.0);
            continue;
        }
        if method == Correlation::Spearman {
            let (ranks, _) = mid_ranks(column);
            column.copy_from_slice(&ranks);
        }
        let mean = column.iter().sum::<f64>() / column.len() as f64;
        column.iter_mut().for_each(|v| *v -= mean);
        let length = dot(column, column).sqrt();
        column.iter_mut().for_each(|v| *v /= length);
    }
    columns
}

/// Mean size of each column's correlation with all others.
fn mean_sizes(units: &Matrix) -> Vec<f64> {
    let (p, n) = (units.rows(), units.columns());
    let all = units.as_faer();
    let mut sizes = Vec::with_capacity(p);
    let mut start = 0;
    while start < p {
        let width = BLOCK.min(p - start);
        let mut block = Mat::<f64>::zeros(p, width);
        let part = all.submatrix(start, 0, width, n).transpose();
        matmul(block.as_mut(), Accum::Replace, all, part, 1.0, Par::Seq);
        for a in 0..width {
            let others = (0..p).filter(|&i| i != start + a);
            let sum: f64 = others.map(|i| block[(i, a)].abs()).sum();
            sizes.push(sum / (p - 1).max(1) as f64);
        }
        start += width;
    }
    sizes
}
