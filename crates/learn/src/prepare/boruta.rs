//! Selection of all columns that tell more than their own shuffled copies.

use crate::classifier::{CandidateFeatures, Growth, RandomForest, TreeRows, impurity_importance};
use crate::impute::complete;
use crate::logistic::ClassWeight;
use crate::prepare::Selection;
use crate::prepare::univariate::descending;
use crate::{LearnError, Matrix, TrainingFold};
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use statrs::distribution::{Binomial, DiscreteCDF};

/// Fewest shuffled copies beside the columns (Kursa and Rudnicki 2010, section 2).
const FEWEST_SHADOWS: usize = 5;

/// Boruta (Kursa and Rudnicki 2010, Journal of Statistical Software 36(11)): keeps every column that matters, not only the fewest that predict.
///
/// In each round a random forest is grown on the columns and on as many shadows: copies of the columns with their rows shuffled, which can
/// matter by chance alone. A column has a hit when its importance exceeds that of the best shadow. After each round, columns with more hits than a fair
/// coin would have given (binomial, one-sided at `level`, Bonferroni over all columns) are confirmed, and those with fewer are rejected and leave
/// the forests with their shadows. It ends when all are decided or after `rounds`.
///
/// The tests, their correction, the shadows and the rule for tentative columns are those of the R package; the importance is the mean decrease of
/// the Gini impurity, as in BorutaPy, where the R package permutes rows out of the bag. Decisions agree with BorutaPy 0.4.3
/// (`two_step=False`) on a table with known truth (`tests/parity/make_boruta.py`). Round `r` draws from stream `r` of the seed.
/// A constant column can have no hit, and two copies of a column share their importance.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Boruta {
    /// Trees of each round's forest, 1 to 10,000.
    pub trees: usize,
    /// Largest depth of the trees; no limit when `None`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_depth: Option<usize>,
    /// Most rounds, 1 to 1000. Fewer than about ten cannot decide anything.
    pub rounds: usize,
    /// Level of the tests over all columns, between 0 and 1.
    pub level: f64,
    /// Columns that are neither confirmed nor rejected at the end.
    pub tentative: Tentative,
    /// Weight of the classes in the forests.
    pub class_weight: ClassWeight,
    /// Seed of the shadows and forests.
    pub seed: u64,
}

/// What becomes of columns that the rounds did not decide.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Tentative {
    /// They stay when the median of their importance over the rounds exceeds the median of the best shadow's (the R package's `TentativeRoughFix`).
    #[default]
    Median,
    /// They stay.
    Keep,
    /// They go.
    Drop,
}

/// What the rounds found of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BorutaDecision {
    /// More hits than by chance.
    Confirmed,
    /// Fewer hits than by chance.
    Rejected,
    /// Not decided.
    Tentative,
}

/// What the rounds found.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct BorutaResult {
    /// Decision on each column.
    pub decisions: Vec<BorutaDecision>,
    /// Rounds in which each column beat the best shadow.
    pub hits: Vec<usize>,
    /// Median importance of each column over the rounds that it took part in.
    pub importance: Vec<f64>,
    /// Median importance of the best shadow over the rounds.
    pub shadow: f64,
    /// Rounds that were made.
    pub rounds: usize,
}

impl Default for Boruta {
    fn default() -> Self {
        Self {
            trees: 500,
            max_depth: None,
            rounds: 100,
            level: 0.01,
            tentative: Tentative::Median,
            class_weight: ClassWeight::None,
            seed: 1,
        }
    }
}

impl Boruta {
    fn check(&self) -> Result<(), LearnError> {
        for (bad, name, value, remedy) in [
            (
                !(1..=10_000).contains(&self.trees),
                "number of trees",
                self.trees as f64,
                "use 1 to 10,000; 500 are usual",
            ),
            (
                !(1..=1000).contains(&self.rounds),
                "number of rounds",
                self.rounds as f64,
                "use 1 to 1000; 100 are usual",
            ),
            (
                !(self.level > 0.0 && self.level < 1.0),
                "level of the tests",
                self.level,
                "use a number between 0 and 1; 0.01 is usual",
            ),
        ] {
            if bad {
                return Err(LearnError::BadSetting {
                    name,
                    value,
                    remedy,
                });
            }
        }
        Ok(())
    }

    /// Makes the rounds on the fold.
    ///
    /// # Errors
    /// [`LearnError::Missing`], [`LearnError::BadSetting`], [`LearnError::OneClass`] and [`LearnError::ClassAbsent`].
    pub fn decide(&self, fold: &TrainingFold<'_>) -> Result<BorutaResult, LearnError> {
        complete(fold)?;
        self.check()?;
        let weights = self.class_weight.of_rows(fold)?;
        let p = fold.x().columns();
        let mut decisions = vec![BorutaDecision::Tentative; p];
        let mut hits = vec![0_usize; p];
        let mut history: Vec<Vec<f64>> = vec![Vec::new(); p];
        let mut shadows = Vec::new();
        let mut rounds = 0;
        while rounds < self.rounds && decisions.contains(&BorutaDecision::Tentative) {
            rounds += 1;
            let left: Vec<usize> = (0..p)
                .filter(|&j| decisions[j] != BorutaDecision::Rejected)
                .collect();
            let importance = self.round(fold, &weights, &left, rounds as u64);
            let (own, of_shadows) = importance.split_at(left.len());
            let best = of_shadows.iter().copied().fold(0.0, f64::max);
            shadows.push(best);
            for (&j, &value) in left.iter().zip(own) {
                history[j].push(value);
                hits[j] += usize::from(value > best);
            }
            self.test(&mut decisions, &hits, rounds);
        }
        Ok(BorutaResult {
            decisions,
            hits,
            importance: history.into_iter().map(median).collect(),
            shadow: median(shadows),
            rounds,
        })
    }

    /// Importance of the columns that are left, then of their shadows.
    fn round(
        &self,
        fold: &TrainingFold<'_>,
        weights: &[f64],
        left: &[usize],
        round: u64,
    ) -> Vec<f64> {
        let mut random = ChaCha8Rng::seed_from_u64(self.seed);
        random.set_stream(round);
        let forest_seed: u64 = random.random();
        let rows = fold.x().rows();
        // As the R package, columns are doubled until there are enough shadows.
        let mut shadow_of = left.to_vec();
        while shadow_of.len() < FEWEST_SHADOWS {
            shadow_of.extend_from_within(..);
        }
        let mut shuffled = Vec::with_capacity(shadow_of.len());
        for &j in &shadow_of {
            let mut column: Vec<f64> = fold.x().iter_rows().map(|row| row[j]).collect();
            column.shuffle(&mut random);
            shuffled.push(column);
        }
        let columns = left.len() + shadow_of.len();
        let x = Matrix::from_fn(rows, columns, |i, at| match at.checked_sub(left.len()) {
            None => fold.x().row(i)[left[at]],
            Some(shadow) => shuffled[shadow][i],
        });
        let forest = RandomForest {
            trees: self.trees,
            max_depth: self.max_depth,
            min_leaf: 1,
            candidates: CandidateFeatures::Sqrt,
            bootstrap: true,
            class_weight: self.class_weight,
            seed: forest_seed,
        };
        let growth = Growth {
            max_depth: self.max_depth.unwrap_or(usize::MAX),
            min_leaf: 1,
            candidates: columns.isqrt().max(1),
            classes: fold.classes().len(),
        };
        let table = TreeRows {
            x: &x,
            y: fold.y(),
            weights,
        };
        impurity_importance(&forest, table, growth)
    }

    /// Confirms and rejects tentative columns by their hits in `rounds` rounds.
    fn test(&self, decisions: &mut [BorutaDecision], hits: &[usize], rounds: usize) {
        // A half and a count are always a distribution.
        let Ok(coin) = Binomial::new(0.5, rounds as u64) else {
            return;
        };
        let level = self.level / decisions.len() as f64;
        for (decision, &hits) in decisions.iter_mut().zip(hits) {
            if *decision != BorutaDecision::Tentative {
                continue;
            }
            let hits = hits as u64;
            let at_least = hits.checked_sub(1).map_or(1.0, |below| coin.sf(below));
            if at_least < level {
                *decision = BorutaDecision::Confirmed;
            } else if coin.cdf(hits) < level {
                *decision = BorutaDecision::Rejected;
            }
        }
    }

    /// Finds the columns of the fold that stay; when none does, the one with the most hits and, of those, the largest importance.
    ///
    /// # Errors
    /// As [`decide`](Self::decide).
    pub fn fit(&self, fold: &TrainingFold<'_>) -> Result<Selection, LearnError> {
        let found = self.decide(fold)?;
        let stays = |j: &usize| match (found.decisions[*j], self.tentative) {
            (BorutaDecision::Confirmed, _) => true,
            (BorutaDecision::Rejected, _) => false,
            (BorutaDecision::Tentative, Tentative::Keep) => true,
            (BorutaDecision::Tentative, Tentative::Drop) => false,
            (BorutaDecision::Tentative, Tentative::Median) => found.importance[*j] > found.shadow,
        };
        let p = found.decisions.len();
        let mut kept: Vec<usize> = (0..p).filter(stays).collect();
        if kept.is_empty() {
            // Importances are at most 1, so that they order columns with equal hits.
            let ranks = (0..p).map(|j| found.hits[j] as f64 * 2.0 + found.importance[j]);
            kept = descending(ranks)[..1].to_vec();
        }
        Ok(Selection::new("Boruta", p, kept))
    }
}

/// The middle value, or the mean of the two; 0 of none.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let n = values.len();
    match n {
        0 => 0.0,
        _ if n % 2 == 1 => values[n / 2],
        _ => 0.5 * (values[n / 2 - 1] + values[n / 2]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use BorutaDecision::{Confirmed, Rejected};

    /// R: `pbinom(hits - 1, 20, 0.5, lower.tail = FALSE) * 10 < 0.01` from 18 hits on, `pbinom(hits, 20, 0.5) * 10 < 0.01` up to 2.
    #[test]
    fn hits_decide_as_in_r() {
        let boruta = Boruta::default();
        let hits = [0, 2, 3, 10, 16, 17, 18, 20, 4, 9];
        let mut decisions = [BorutaDecision::Tentative; 10];
        boruta.test(&mut decisions, &hits, 20);
        let of = |wanted| {
            (0..10)
                .filter(move |&j| decisions[j] == wanted)
                .map(|j| hits[j])
        };
        assert_eq!(of(Confirmed).collect::<Vec<_>>(), [18, 20]);
        assert_eq!(of(Rejected).collect::<Vec<_>>(), [0, 2]);
        // What is decided stays decided.
        boruta.test(&mut decisions, &[10; 10], 20);
        assert_eq!(decisions[7], Confirmed);
        assert_eq!(median(vec![3.0, 1.0, 2.0, 8.0]), 2.5);
    }
}
