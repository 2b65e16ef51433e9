//! Columns that say much of the class and little of each other.

use crate::impute::complete;
use crate::prepare::Selection;
use crate::prepare::information::discrete_information;
use crate::{LearnError, TrainingFold};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// How relevance and redundancy are put together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum MrmrCriterion {
    /// Mutual information difference (MID): relevance minus mean redundancy.
    #[default]
    Difference,
    /// Mutual information quotient (MIQ): relevance over mean redundancy plus 0.01, the constant that keeps the quotient of an independent
    /// column finite (Gulgezen, Cataltepe and Yu 2009).
    Quotient,
}

/// Added to the redundancy of the quotient, in nats.
const QUOTIENT_FLOOR: f64 = 0.01;
/// Scores closer than this, in shares of the larger, are equal: then the first column in the table is taken.
const TIE: f64 = 1e-12;

/// Minimum redundancy, maximum relevance (Ding and Peng 2005, J. Bioinform. Comput. Biol. 3:185; Peng, Long and Ding 2005, IEEE TPAMI
/// 27:1226).
///
/// Columns are taken one after the other: first the most relevant, then always the one whose mutual information with the class is highest
/// compared with its mean mutual information with those that are taken. Mutual information is the plug-in estimate on values cut into `bins`
/// groups of (as nearly as ties allow) equal size; the cuts are those of the training fold. Checked, column by column in the order taken,
/// against scikit-learn's `mutual_info_score` and the rule written down once more (`tests/parity/make_mrmr.py`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mrmr {
    /// Columns to take, or all when there are fewer.
    pub keep: usize,
    /// How relevance and redundancy are put together.
    #[serde(default)]
    pub criterion: MrmrCriterion,
    /// Groups that values are cut into, 2 to 255.
    #[serde(default = "default_bins")]
    pub bins: usize,
}

fn default_bins() -> usize {
    4
}

impl Mrmr {
    /// The columns in the order in which they are taken.
    ///
    /// # Errors
    /// [`LearnError::Missing`] and [`LearnError::BadSetting`].
    pub fn order(&self, fold: &TrainingFold<'_>) -> Result<Vec<usize>, LearnError> {
        complete(fold)?;
        if self.keep == 0 {
            return Err(LearnError::BadSetting {
                name: "number of features to keep",
                value: 0.0,
                remedy: "use 1 or more",
            });
        }
        if !(2..=255).contains(&self.bins) {
            return Err(LearnError::BadSetting {
                name: "number of bins",
                value: self.bins as f64,
                remedy: "use 2 to 255; 3 to 5 suit some hundred rows",
            });
        }
        let columns = fold.x().transposed();
        let p = columns.rows();
        let cut: Vec<Vec<u8>> = (0..p)
            .into_par_iter()
            .map(|j| self.cut(columns.row(j)))
            .collect();
        let classes = fold.classes().len();
        let relevance: Vec<f64> = cut
            .par_iter()
            .map(|column| discrete_information(column, fold.y(), self.bins, classes))
            .collect();
        let mut redundancy = vec![0.0; p];
        let mut taken: Vec<usize> = Vec::new();
        let mut free = vec![true; p];
        while taken.len() < self.keep.min(p) {
            let score = |j: usize| {
                let mean = redundancy[j] / taken.len().max(1) as f64;
                match (taken.is_empty(), self.criterion) {
                    (true, _) => relevance[j],
                    (_, MrmrCriterion::Difference) => relevance[j] - mean,
                    (_, MrmrCriterion::Quotient) => relevance[j] / (mean + QUOTIENT_FLOOR),
                }
            };
            let mut best: Option<(usize, f64)> = None;
            for j in (0..p).filter(|&j| free[j]) {
                let now = score(j);
                let better = best.is_none_or(|(_, b)| now > b + TIE * now.abs().max(b.abs()));
                if better {
                    best = Some((j, now));
                }
            }
            let Some((next, _)) = best else { break };
            free[next] = false;
            taken.push(next);
            let with: Vec<usize> = cut[next].iter().map(|&b| usize::from(b)).collect();
            let more: Vec<f64> = (0..p)
                .into_par_iter()
                .map(|j| match free[j] {
                    true => discrete_information(&cut[j], &with, self.bins, self.bins),
                    false => 0.0,
                })
                .collect();
            redundancy.iter_mut().zip(more).for_each(|(r, m)| *r += m);
        }
        Ok(taken)
    }

    /// Finds the columns of the fold that stay.
    ///
    /// # Errors
    /// As [`order`](Self::order).
    pub fn fit(&self, fold: &TrainingFold<'_>) -> Result<Selection, LearnError> {
        let taken = self.order(fold)?;
        Ok(Selection::new("mRMR", fold.x().columns(), taken))
    }

    /// Group of each value: how many of the cuts it exceeds. The cuts are the sorted values at `b n / bins`, rounded down; a value that is equal
    /// to a cut lies below it.
    fn cut(&self, column: &[f64]) -> Vec<u8> {
        let mut sorted = column.to_vec();
        sorted.sort_unstable_by(f64::total_cmp);
        let cuts: Vec<f64> = (1..self.bins)
            .map(|b| sorted[(b * sorted.len() / self.bins).saturating_sub(1)])
            .collect();
        let group = |v: &f64| cuts.partition_point(|cut| cut < v);
        column.iter().map(|v| group(v) as u8).collect()
    }
}
