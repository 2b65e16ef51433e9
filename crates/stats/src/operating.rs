//! Operating points: chosen on validation scores, frozen, then applied to the test.
//!
//! A threshold chosen on the patients it is judged on flatters the model. A [`FrozenThreshold`] and
//! [`FrozenCutPoints`] are therefore made from [`ValidationScores`] only, and applied to
//! [`Predictions`] of which they report what happens, without a way to be changed by them.
//!
//! Sources: Youden, Cancer 3:32 (1950); Nakas, Alonzo and Yiannoutsos, Stat. Med. 29:2946 (2010)
//! for several classes. Both checked against trying every threshold
//! (`tests/parity/make_figures.py`, 1e-12).

use crate::{Predictions, Proportion, StatsError};
use serde::{Deserialize, Serialize};

/// Predictions that may be used for choosing: the validation part or out-of-fold predictions.
///
/// A type of its own so that a choice on test predictions has to be written out as a lie.
#[derive(Debug, Clone, Copy)]
pub struct ValidationScores<'a>(&'a Predictions);

impl<'a> ValidationScores<'a> {
    /// Declares that these predictions are not those the choice will be judged on.
    pub fn from_validation(predictions: &'a Predictions) -> Self {
        Self(predictions)
    }

    /// The predictions that are chosen on.
    pub(crate) fn predictions(self) -> &'a Predictions {
        self.0
    }
}

/// Which classes count as positive: "not zero" is low and positive, say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BinarySplit {
    positive: Vec<bool>,
}

impl BinarySplit {
    /// The split in which the classes named count as positive.
    ///
    /// # Errors
    /// A name that is no class, or a split with nothing on one side.
    pub fn new(predictions: &Predictions, positive: &[&str]) -> Result<Self, StatsError> {
        let classes = predictions.classes();
        if let Some(name) = (positive.iter()).find(|name| !classes.iter().any(|c| c == **name)) {
            return Err(StatsError::UnknownClass {
                name: (*name).to_string(),
                classes: classes.join(", "),
            });
        }
        let positive: Vec<bool> = (classes.iter())
            .map(|class| positive.contains(&class.as_str()))
            .collect();
        if positive.iter().all(|p| *p) || positive.iter().all(|p| !*p) {
            return Err(StatsError::OneSidedSplit);
        }
        Ok(Self { positive })
    }

    /// The summed probability of the positive classes and whether the truth is one, for every row.
    ///
    /// # Errors
    /// The predictions have another number of classes than the split was made for.
    pub fn apply(&self, predictions: &Predictions) -> Result<(Vec<f64>, Vec<bool>), StatsError> {
        if predictions.class_count() != self.positive.len() {
            return Err(StatsError::Length {
                column: "split",
                expected: predictions.class_count(),
                found: self.positive.len(),
                rows: predictions.len(),
            });
        }
        let sum = |row: &[f64]| {
            (row.iter().zip(&self.positive))
                .filter(|(_, positive)| **positive)
                .map(|(p, _)| p)
                .sum()
        };
        Ok((
            predictions.rows().map(sum).collect(),
            predictions
                .truth()
                .iter()
                .map(|t| self.positive[*t])
                .collect(),
        ))
    }
}

/// How a threshold was chosen.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ThresholdRule {
    /// Greatest sensitivity + specificity - 1; of equal ones the highest threshold.
    Youden,
    /// The highest threshold with at least this sensitivity.
    Sensitivity(f64),
}

/// A threshold on the probability of a [`BinarySplit`], chosen on validation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FrozenThreshold {
    split: BinarySplit,
    threshold: f64,
    rule: ThresholdRule,
}

/// What a frozen threshold does on a set of predictions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ThresholdPerformance {
    /// Share of positives at or above the threshold.
    pub sensitivity: Proportion,
    /// Share of negatives below it.
    pub specificity: Proportion,
    /// Share of positives among those at or above it.
    pub ppv: Proportion,
    /// Share of negatives among those below it.
    pub npv: Proportion,
}

impl FrozenThreshold {
    /// Chooses on validation scores. `None` when they lack positives or negatives.
    ///
    /// # Errors
    /// A target sensitivity outside of 0..=1, or a split made for other classes.
    pub fn choose(
        validation: ValidationScores<'_>,
        split: &BinarySplit,
        rule: ThresholdRule,
    ) -> Result<Option<Self>, StatsError> {
        if let ThresholdRule::Sensitivity(target) = rule
            && !(0.0..=1.0).contains(&target)
        {
            return Err(StatsError::BadOption {
                option: "sensitivity",
                value: target,
                remedy: "a target sensitivity lies between 0 and 1",
            });
        }
        let (scores, positive) = split.apply(validation.0)?;
        let mut rows: Vec<(f64, bool)> = scores.into_iter().zip(positive).collect();
        rows.sort_by(|a, b| b.0.total_cmp(&a.0));
        let positives = rows.iter().filter(|r| r.1).count() as f64;
        let negatives = rows.len() as f64 - positives;
        if positives == 0.0 || negatives == 0.0 {
            return Ok(None);
        }
        let (mut hits, mut false_alarms) = (0.0, 0.0);
        let mut best: Option<(f64, f64)> = None;
        for run in rows.chunk_by(|a, b| a.0 == b.0) {
            let cases = run.iter().filter(|r| r.1).count() as f64;
            hits += cases;
            false_alarms += run.len() as f64 - cases;
            let sensitivity = hits / positives;
            let value = match rule {
                ThresholdRule::Youden => sensitivity - false_alarms / negatives,
                ThresholdRule::Sensitivity(target) => f64::from(u8::from(sensitivity >= target)),
            };
            if best.is_none_or(|(value_so_far, _)| value > value_so_far) {
                best = Some((value, run[0].0));
            }
        }
        Ok(best.map(|(_, threshold)| Self {
            split: split.clone(),
            threshold,
            rule,
        }))
    }

    /// The threshold: rows with at least this probability are called positive.
    pub fn threshold(&self) -> f64 {
        self.threshold
    }

    /// How it was chosen.
    pub fn rule(&self) -> ThresholdRule {
        self.rule
    }

    /// What the threshold does on other predictions, with Wilson intervals.
    ///
    /// # Errors
    /// The predictions have another number of classes.
    pub fn apply(
        &self,
        test: &Predictions,
        confidence: f64,
    ) -> Result<ThresholdPerformance, StatsError> {
        let (scores, positive) = self.split.apply(test)?;
        let mut cells = [[0u64; 2]; 2];
        for (score, positive) in scores.iter().zip(&positive) {
            cells[usize::from(*positive)][usize::from(*score >= self.threshold)] += 1;
        }
        let [[tn, fp], [missed, hit]] = cells;
        Ok(ThresholdPerformance {
            sensitivity: Proportion::new(hit, hit + missed, confidence),
            specificity: Proportion::new(tn, tn + fp, confidence),
            ppv: Proportion::new(hit, hit + fp, confidence),
            npv: Proportion::new(tn, tn + missed, confidence),
        })
    }
}

/// Cut points on the expected class `sum_k k p_k` of ordered classes, chosen on validation by
/// Youden's index for several classes: the sum of the classes' sensitivities, minus 1.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FrozenCutPoints {
    cuts: Vec<f64>,
    youden: f64,
}

/// The expected class, to nine decimals so that equal mixtures are equal numbers.
fn expected_class(row: &[f64]) -> f64 {
    let sum: f64 = row.iter().enumerate().map(|(k, p)| k as f64 * p).sum();
    (sum * 1e9).round() / 1e9
}

impl FrozenCutPoints {
    /// Chooses the cut points exactly, in the time of sorting. `None` when a class has no rows.
    pub fn choose(validation: ValidationScores<'_>) -> Option<Self> {
        let counts = validation.0.class_counts();
        if counts.contains(&0) {
            return None;
        }
        let mut rows: Vec<(f64, usize)> = (validation.0.rows())
            .zip(validation.0.truth())
            .map(|(row, &t)| (expected_class(row), t))
            .collect();
        rows.sort_by(|a, b| a.0.total_cmp(&b.0));
        let classes = counts.len();
        let gain = |run: &[(f64, usize)], class: usize| {
            run.iter().filter(|r| r.1 == class).count() as f64 / counts[class] as f64
        };
        let runs: Vec<&[(f64, usize)]> = rows.chunk_by(|a, b| a.0 == b.0).collect();
        // best[k][i]: the most that the first i runs can give to the classes 0..=k.
        let mut best = vec![vec![0.0; runs.len() + 1]; classes];
        // Whether run i goes to class k or all of the runs before and it to lower classes.
        let mut kept = vec![vec![false; runs.len() + 1]; classes];
        for class in 0..classes {
            for (i, run) in runs.iter().enumerate() {
                let with = best[class][i] + gain(run, class);
                let lower = if class > 0 {
                    best[class - 1][i + 1]
                } else {
                    with
                };
                kept[class][i + 1] = class == 0 || with > lower;
                best[class][i + 1] = with.max(lower);
            }
        }
        let mut cuts = vec![f64::INFINITY; classes - 1];
        let mut end = runs.len();
        for class in (1..classes).rev() {
            while end > 0 && kept[class][end] {
                end -= 1;
            }
            cuts[class - 1] = runs.get(end).map_or(f64::INFINITY, |run| run[0].0);
        }
        Some(Self {
            cuts,
            youden: best[classes - 1][runs.len()] - 1.0,
        })
    }

    /// `K - 1` cut points, ascending: class `k` has an expected class of at least cut `k - 1` and
    /// below cut `k`. Infinite when a class is never called.
    pub fn cuts(&self) -> &[f64] {
        &self.cuts
    }

    /// The index on the validation scores (not an estimate of anything: it was maximised).
    pub fn validation_youden(&self) -> f64 {
        self.youden
    }

    /// The confusion matrix of other predictions: row = truth, column = call.
    ///
    /// # Errors
    /// The predictions have another number of classes.
    pub fn apply(&self, test: &Predictions) -> Result<Vec<Vec<u64>>, StatsError> {
        let classes = self.cuts.len() + 1;
        if test.class_count() != classes {
            return Err(StatsError::Length {
                column: "cut points",
                expected: test.class_count() - 1,
                found: self.cuts.len(),
                rows: test.len(),
            });
        }
        let mut matrix = vec![vec![0; classes]; classes];
        for (row, &truth) in test.rows().zip(test.truth()) {
            let score = expected_class(row);
            matrix[truth][self.cuts.partition_point(|cut| *cut <= score)] += 1;
        }
        Ok(matrix)
    }
}
