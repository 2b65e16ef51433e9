//! Search for a classifier's settings within a budget, on folds within the training fold.

mod space;

use crate::classifier::ClassifierSpec;
use crate::inner::{InnerFolds, assign};
use crate::{LearnError, Matrix, TrainingFold};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use space::{Parameter, apply, parameters};

/// Factor by which successive halving thins out its candidates.
const THINNING: usize = 3;
/// Candidates drawn at random before the tree-structured Parzen estimator takes over.
const WARM_UP: usize = 6;

/// How settings are looked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Search {
    /// Random candidates, each on all folds (Bergstra and Bengio 2012).
    Random,
    /// Random candidates, all on few folds, the best third on more, and so on (Jamieson and Talwalkar 2016), with folds as the resource.
    #[default]
    Halving,
    /// Candidates by tree-structured Parzen estimators (Bergstra et al. 2011; the crate `tpe`), each on all folds.
    Parzen,
}

/// A search to be made within each training fold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TuningSpec {
    /// How.
    pub search: Search,
    /// Fits of the pipeline that the search may make.
    pub budget: usize,
    /// Folds within the training fold, and the seed of candidates and folds.
    pub inner: InnerFolds,
}

impl Default for TuningSpec {
    fn default() -> Self {
        Self {
            search: Search::Halving,
            budget: 60,
            inner: InnerFolds::default(),
        }
    }
}

/// One candidate of a search.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trial {
    /// What was changed: name and value. Empty for the settings as they were given, which always are a candidate.
    pub settings: Vec<(String, f64)>,
    /// Folds that it was fitted on.
    pub folds: usize,
    /// Mean log loss of the rows left out of these folds; `None` when a fit failed.
    pub log_loss: Option<f64>,
    /// Why a fit failed.
    pub problem: Option<String>,
}

/// What a search found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tuned {
    /// What was asked for.
    pub spec: TuningSpec,
    /// All candidates.
    pub trials: Vec<Trial>,
    /// Position of the one that was taken.
    pub chosen: usize,
    /// Fits that were made.
    pub fits: usize,
    /// The classifier with the settings found.
    pub classifier: ClassifierSpec,
}

/// A candidate while the search runs.
struct Candidate {
    values: Vec<f64>,
    classifier: ClassifierSpec,
    /// Sum of the log losses of the rows of the folds done.
    loss: f64,
    rows: usize,
    folds: usize,
    problem: Option<String>,
}

impl Candidate {
    fn new(base: &ClassifierSpec, space: &[Parameter], values: Vec<f64>) -> Self {
        Self {
            classifier: apply(base, space, &values),
            values,
            loss: 0.0,
            rows: 0,
            folds: 0,
            problem: None,
        }
    }

    fn score(&self) -> f64 {
        if self.problem.is_some() || self.rows == 0 {
            return f64::INFINITY;
        }
        self.loss / self.rows as f64
    }
}

impl TuningSpec {
    /// Looks for the settings of `base` whose predictions of left-out rows have the smallest log loss.
    ///
    /// `predict(classifier, part, x, centres)` fits the whole pipeline with a classifier on a part of the fold and predicts the rows `x` of
    /// these centres.
    /// Whatever is not better than the settings as they are given is not taken.
    pub(crate) fn search(
        &self,
        base: &ClassifierSpec,
        fold: &TrainingFold<'_>,
        predict: impl Fn(
            &ClassifierSpec,
            &TrainingFold<'_>,
            &Matrix,
            &[Option<&str>],
        ) -> Result<Matrix, LearnError>
        + Sync,
    ) -> Result<Tuned, LearnError> {
        let dealt = assign(fold, self.inner)?;
        let folds = dealt.folds();
        let smallest_part = fold.y().len() - fold.y().len().div_ceil(folds);
        let space = parameters(base, smallest_part);
        if self.budget < folds {
            return Err(LearnError::BadSetting {
                name: "budget of the tuning",
                value: self.budget as f64,
                remedy: "allow at least as many fits as there are inner folds",
            });
        }
        if space.is_empty() {
            return Err(LearnError::ClassifierFailed {
                classifier: base.name().to_owned(),
                source: Box::new(LearnError::BadSetting {
                    name: "number of settings to tune",
                    value: 0.0,
                    remedy: "leave out the tuning of this classifier",
                }),
            });
        }
        // The folds from `from` to `to` of every candidate, in parallel; sums are made in order.
        let run = |candidates: &mut [Candidate], to: usize| -> usize {
            let work: Vec<(usize, usize)> = candidates
                .iter()
                .enumerate()
                .filter(|(_, c)| c.problem.is_none())
                .flat_map(|(at, c)| (c.folds..to).map(move |held| (at, held)))
                .collect();
            let shared = &*candidates;
            let results: Vec<Result<(f64, usize), LearnError>> = work
                .par_iter()
                .map(|&(at, held)| {
                    let (out, kept) = dealt.sides(held);
                    let x = fold.x().select_rows(&out);
                    let part = fold.part(&kept);
                    let p = predict(&shared[at].classifier, &part, &x, &fold.centres_of(&out))?;
                    let rows = p.iter_rows().zip(&out);
                    let loss = rows.map(|(p, &row)| -p[fold.y()[row]].max(1e-12).ln());
                    Ok((loss.sum(), out.len()))
                })
                .collect();
            for (&(at, _), result) in work.iter().zip(results) {
                let candidate = &mut candidates[at];
                candidate.folds += 1;
                match result {
                    Ok((loss, rows)) => {
                        candidate.loss += loss;
                        candidate.rows += rows;
                    }
                    Err(e) => candidate.problem = Some(e.to_string()),
                }
            }
            work.len()
        };
        let mut random = ChaCha8Rng::seed_from_u64(self.inner.seed);
        // Streams below belong to the folds.
        random.set_stream(u64::MAX);
        let mut draw = |space: &[Parameter]| -> Vec<f64> {
            space
                .iter()
                .map(|p| p.at(random.random_range(0.0..1.0)))
                .collect()
        };
        let mut given = Candidate::new(base, &[], Vec::new());
        given.classifier = base.clone();
        let mut all = vec![given];
        let mut fits = 0;
        match self.search {
            Search::Random => {
                let more = self.budget / folds - 1;
                all.extend((0..more).map(|_| Candidate::new(base, &space, draw(&space))));
                fits += run(&mut all, folds);
            }
            Search::Halving => {
                let rungs = rungs(folds);
                let count = candidates_within(self.budget, &rungs);
                let more = count.saturating_sub(1);
                all.extend((0..more).map(|_| Candidate::new(base, &space, draw(&space))));
                let mut dropped = Vec::new();
                for (rung, &to) in rungs.iter().enumerate() {
                    fits += run(&mut all, to);
                    if rung + 1 < rungs.len() {
                        // The settings as given stay to the end; the sort is stable, so of equals the earlier stays.
                        all.sort_by(|a, b| {
                            let by_kind = (!a.values.is_empty()).cmp(&!b.values.is_empty());
                            by_kind.then(a.score().total_cmp(&b.score()))
                        });
                        let kept = survivors(count, rung + 1).min(all.len());
                        dropped.splice(0..0, all.split_off(kept));
                    }
                }
                all.extend(dropped);
            }
            Search::Parzen => {
                fits += run(&mut all, folds);
                let range = tpe::range(0.0, 1.0).map_err(|e| refused(e.to_string()))?;
                let mut optimisers: Vec<tpe::TpeOptimizer> = space
                    .iter()
                    .map(|_| tpe::TpeOptimizer::new(tpe::parzen_estimator(), range))
                    .collect();
                let mut asked = ChaCha8Rng::seed_from_u64(self.inner.seed);
                asked.set_stream(u64::MAX - 1);
                for round in 1..self.budget / folds {
                    let mut places = Vec::with_capacity(space.len());
                    for optimiser in &mut optimisers {
                        places.push(match round <= WARM_UP {
                            true => asked.random_range(0.0..1.0),
                            false => optimiser
                                .ask(&mut asked)
                                .map_err(|e| refused(e.to_string()))?,
                        });
                    }
                    let values = space.iter().zip(&places).map(|(p, u)| p.at(*u)).collect();
                    let mut next = [Candidate::new(base, &space, values)];
                    fits += run(&mut next, folds);
                    // A candidate that fails is told as a very bad one: the estimator takes no infinity.
                    let score = next[0].score().min(1e6);
                    for (optimiser, place) in optimisers.iter_mut().zip(&places) {
                        optimiser
                            .tell(*place, score)
                            .map_err(|e| refused(e.to_string()))?;
                    }
                    all.extend(next);
                }
            }
        }
        let complete = |c: &Candidate| c.folds == folds;
        let best = (0..all.len())
            .filter(|&at| complete(&all[at]) && all[at].problem.is_none())
            .min_by(|&a, &b| all[a].score().total_cmp(&all[b].score()));
        let Some(chosen) = best else {
            let reason = all
                .iter()
                .find_map(|c| c.problem.clone())
                .unwrap_or_default();
            return Err(LearnError::ClassifierFailed {
                classifier: base.name().to_owned(),
                source: Box::new(refused(format!("no candidate could be fitted: {reason}"))),
            });
        };
        let trials = all.iter().map(|c| Trial {
            settings: space
                .iter()
                .zip(&c.values)
                .map(|(p, v)| (p.name.clone(), *v))
                .collect(),
            folds: c.folds,
            log_loss: Some(c.score()).filter(|s| s.is_finite()),
            problem: c.problem.clone(),
        });
        Ok(Tuned {
            spec: *self,
            trials: trials.collect(),
            chosen,
            fits,
            classifier: all[chosen].classifier.clone(),
        })
    }
}

fn refused(reason: String) -> LearnError {
    LearnError::Library {
        what: "the tuning",
        reason,
    }
}

/// Folds that are done after each round of halving: up to all of them, each time about three times as many.
fn rungs(folds: usize) -> Vec<usize> {
    let mut rungs = vec![folds];
    while let Some(&last) = rungs.last()
        && last > 1
    {
        rungs.push(last.div_ceil(THINNING));
    }
    rungs.reverse();
    rungs
}

/// Candidates of `count` that are left after some rounds, 1 or more.
fn survivors(count: usize, rounds: usize) -> usize {
    (0..rounds)
        .fold(count, |left, _| left.div_ceil(THINNING))
        .max(1)
}

/// The most candidates whose rounds stay within the budget.
fn candidates_within(budget: usize, rungs: &[usize]) -> usize {
    let cost = |count: usize| -> usize {
        let mut done = 0;
        let mut sum = 0;
        for (rung, &to) in rungs.iter().enumerate() {
            sum += survivors(count, rung) * (to - done);
            done = to;
        }
        sum
    };
    (1..=budget)
        .take_while(|&count| cost(count) <= budget)
        .last()
        .unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halving_stays_within_its_budget() {
        assert_eq!(rungs(5), [1, 2, 5]);
        assert_eq!(rungs(1), [1]);
        assert_eq!(survivors(20, 1), 7);
        assert_eq!(survivors(20, 2), 3);
        // 20 on one fold, 7 on a second one, 3 on three more.
        assert_eq!(candidates_within(36, &rungs(5)), 20);
        assert_eq!(candidates_within(35, &rungs(5)), 19);
    }
}
