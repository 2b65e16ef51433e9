//! Columns that a lasso finds again and again on halves of the rows.

use crate::impute::complete;
use crate::inner::halves;
use crate::logistic::ClassWeight;
use crate::prepare::elastic_net::Prepared;
use crate::prepare::univariate::descending;
use crate::prepare::{ElasticNetSelection, Selection};
use crate::{LearnError, TrainingFold};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// Stability selection (Meinshausen and Buehlmann 2010, JRSS B 72:417) on complementary pairs of halves (Shah and Samworth 2013, JRSS B 75:55).
///
/// The patients are put into two halves with equal shares of the classes, `pairs` times; on each half a multinomial lasso path is followed until
/// `per_half` columns have had a coefficient, in the order in which they enter (of columns that enter at one strength, those with the larger
/// coefficients first). Columns found on at least the share `threshold` of the halves stay; when none is, the one found most often. The bound on the expected number of
/// falsely found columns is in [`StabilityResult`]; on tables of pure noise the mean number of columns found stays below it (`tests/stability.rs`).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StabilitySelection {
    /// Columns that a lasso may find on one half (the paper's q).
    pub per_half: usize,
    /// Smallest share of the halves, above 0.5 and up to 1.
    pub threshold: f64,
    /// Pairs of halves, 1 to 1000.
    pub pairs: usize,
    /// Seed of the halves; pair `b` draws from stream `b`.
    pub seed: u64,
    /// Weight of the classes in the lasso.
    pub class_weight: ClassWeight,
}

impl Default for StabilitySelection {
    fn default() -> Self {
        Self {
            per_half: 20,
            threshold: 0.75,
            pairs: 50,
            seed: 1,
            class_weight: ClassWeight::None,
        }
    }
}

/// How often each column was found, and what that promises.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct StabilityResult {
    /// Share of the halves in which each column was found.
    pub shares: Vec<f64>,
    /// Bound on the expected number of columns that stay though they are found no more often than by chance, without further
    /// assumption: `q^2 / ((2 threshold - 1) p)` (Meinshausen and Buehlmann, theorem 1; Shah and Samworth, equation 6).
    pub false_bound: f64,
    /// The same when the shares of such columns have a unimodal distribution (Shah and Samworth, theorem 3 with equation 8); `None` where the theorem
    /// does not reach.
    pub false_bound_unimodal: Option<f64>,
}

impl StabilitySelection {
    /// Finds how often each column of the fold is found.
    ///
    /// # Errors
    /// [`LearnError::Missing`], [`LearnError::BadSetting`], [`LearnError::OneClass`], [`LearnError::ClassAbsent`] and
    /// [`LearnError::FewInnerPatients`] when a class has a single patient.
    pub fn shares(&self, fold: &TrainingFold<'_>) -> Result<StabilityResult, LearnError> {
        complete(fold)?;
        for (bad, name, value, remedy) in [
            (
                self.per_half == 0,
                "columns found on one half",
                0.0,
                "use 1 or more",
            ),
            (
                !(self.threshold > 0.5 && self.threshold <= 1.0),
                "share of the halves",
                self.threshold,
                "use a number above 0.5 and up to 1; 0.6 to 0.9 are usual",
            ),
            (
                !(1..=1000).contains(&self.pairs),
                "number of pairs of halves",
                self.pairs as f64,
                "use 1 to 1000; 50 are usual",
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
        let halves: Vec<Result<Vec<usize>, LearnError>> = (0..2 * self.pairs)
            .into_par_iter()
            .map(|half| {
                let side = halves(fold, self.seed, (half / 2) as u64)?;
                let rows: Vec<usize> = (0..side.len())
                    .filter(|&row| side[row] == half % 2)
                    .collect();
                self.found(&fold.part(&rows))
            })
            .collect();
        let p = fold.x().columns();
        let mut counts = vec![0_usize; p];
        for found in halves {
            found?.into_iter().for_each(|j| counts[j] += 1);
        }
        let all = (2 * self.pairs) as f64;
        Ok(StabilityResult {
            shares: counts.iter().map(|&c| c as f64 / all).collect(),
            false_bound: self.false_bound(p),
            false_bound_unimodal: self.false_bound_unimodal(p),
        })
    }

    /// The first columns on the path of a half.
    fn found(&self, half: &TrainingFold<'_>) -> Result<Vec<usize>, LearnError> {
        let lasso = ElasticNetSelection {
            class_weight: self.class_weight,
            ..ElasticNetSelection::default()
        };
        let prepared: Prepared = lasso.prepared(half)?;
        let strengths = lasso.sequence(half, &prepared);
        let wanted = self.per_half.min(half.x().columns());
        let path = prepared.path(&strengths, true, |point| point.columns().count() >= wanted);
        let mut found: Vec<usize> = Vec::with_capacity(wanted);
        for point in &path {
            for j in point.by_size() {
                if found.len() < wanted && !found.contains(&j) {
                    found.push(j);
                }
            }
        }
        Ok(found)
    }

    /// Finds the columns of the fold that stay.
    ///
    /// # Errors
    /// As [`shares`](Self::shares).
    pub fn fit(&self, fold: &TrainingFold<'_>) -> Result<Selection, LearnError> {
        let result = self.shares(fold)?;
        let p = result.shares.len();
        let mut kept: Vec<usize> = (0..p)
            .filter(|&j| result.shares[j] >= self.threshold - 1e-12)
            .collect();
        if kept.is_empty() {
            kept = descending(result.shares.iter().copied())[..1].to_vec();
        }
        Ok(Selection::new("stability selection", p, kept))
    }

    fn false_bound(&self, p: usize) -> f64 {
        let q = self.per_half.min(p) as f64;
        q * q / ((2.0 * self.threshold - 1.0) * p as f64)
    }

    fn false_bound_unimodal(&self, p: usize) -> Option<f64> {
        let (q, p, b) = (self.per_half.min(p) as f64, p as f64, self.pairs as f64);
        let theta = q / p;
        let t = self.threshold;
        // The theorem asks for theta up to 1 / sqrt(3).
        let reach = theta <= 1.0 / 3.0_f64.sqrt();
        let lowest = 0.5 + (theta * theta).min(1.0 / (2.0 * b) + 0.75 * theta * theta);
        if !reach || t <= lowest {
            return None;
        }
        let constant = if t <= 0.75 {
            1.0 / (2.0 * (2.0 * t - 1.0 - 1.0 / (2.0 * b)))
        } else {
            4.0 * (1.0 - t + 1.0 / (2.0 * b)) / (1.0 + 1.0 / b)
        };
        (constant > 0.0).then_some(constant * q * theta)
    }
}
