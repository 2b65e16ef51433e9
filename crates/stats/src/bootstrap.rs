//! The bootstrap over patients.
//!
//! Patients, not rows, are drawn with replacement, within strata of the true class, so that every
//! replicate has the classes' sizes of the cohort. Replicate `b` draws from stream `b` of
//! `ChaCha8Rng::seed_from_u64(seed)`; the result is the same with any number of threads. Scores are
//! ranked once; a replicate only re-weights them, so it costs `O(n K)`. Source: Efron and
//! Tibshirani, An Introduction to the Bootstrap (1993), chapters 8 and 13 (percentile interval).
//! Checked against an independent numpy bootstrap to sampling error (`tests/reference.py`).

use crate::auc::{Ranking, average, flatten};
use crate::predictions::MAX_CELLS;
use crate::scores::{brier_row, log_row};
use crate::{Predictions, StatsError, percentile};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use std::collections::BTreeMap;

/// At most this many replicates are drawn; more tell nothing more.
const MAX_REPLICATES: usize = 1_000_000;

/// How many replicates, and from which seed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BootstrapOptions {
    /// Replicates, `B`. Zero draws none and gives no intervals.
    pub replicates: usize,
    /// Seed of the generator.
    pub seed: u64,
}

impl Default for BootstrapOptions {
    fn default() -> Self {
        Self {
            replicates: 2000,
            seed: 20_251,
        }
    }
}

/// A number that every replicate has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Statistic {
    /// One-vs-rest AUC of a class, by its number.
    ClassAuc(usize),
    /// Macro AUC over the classes present in the cohort.
    MacroAuc,
    /// AUC weighted by prevalence.
    WeightedAuc,
    /// AUC over all probabilities.
    MicroAuc,
    /// Accuracy.
    Accuracy,
    /// Balanced accuracy over the classes present in the cohort.
    BalancedAccuracy,
    /// Multiclass Brier score.
    Brier,
    /// Log loss.
    LogLoss,
}

/// Statistics after the classes' AUCs in a replicate's row.
const FURTHER: usize = 7;

/// The statistics of all replicates.
#[derive(Debug, Clone, PartialEq)]
pub struct BootstrapResult {
    classes: usize,
    /// One row per replicate: `classes` AUCs, then the further statistics; NaN where undefined.
    rows: Vec<Vec<f64>>,
}

impl BootstrapResult {
    fn index(&self, statistic: Statistic) -> Option<usize> {
        match statistic {
            Statistic::ClassAuc(class) => (class < self.classes).then_some(class),
            Statistic::MacroAuc => Some(self.classes),
            Statistic::WeightedAuc => Some(self.classes + 1),
            Statistic::MicroAuc => Some(self.classes + 2),
            Statistic::Accuracy => Some(self.classes + 3),
            Statistic::BalancedAccuracy => Some(self.classes + 4),
            Statistic::Brier => Some(self.classes + 5),
            Statistic::LogLoss => Some(self.classes + 6),
        }
    }

    /// Replicates that were drawn.
    pub fn replicates(&self) -> usize {
        self.rows.len()
    }

    /// The statistic in every replicate, in the order of the replicates; `None` where a replicate
    /// lacks what it needs (a class without a draw). Empty for a class that is not there.
    pub fn values(&self, statistic: Statistic) -> Vec<Option<f64>> {
        let Some(index) = self.index(statistic) else {
            return Vec::new();
        };
        self.rows
            .iter()
            .map(|row| (!row[index].is_nan()).then_some(row[index]))
            .collect()
    }

    /// How many replicates lack the statistic.
    pub fn degenerate(&self, statistic: Statistic) -> usize {
        self.values(statistic)
            .iter()
            .filter(|value| value.is_none())
            .count()
    }

    /// The percentile interval over the replicates that have the statistic; `None` when fewer than
    /// half of them do, or the confidence does not lie between 0 and 1.
    pub fn interval(&self, statistic: Statistic, confidence: f64) -> Option<[f64; 2]> {
        if !(confidence > 0.0 && confidence < 1.0) {
            return None;
        }
        let mut values: Vec<f64> = self.values(statistic).into_iter().flatten().collect();
        if values.is_empty() || values.len() * 2 < self.rows.len() {
            return None;
        }
        values.sort_unstable_by(f64::total_cmp);
        let tail = (1.0 - confidence) / 2.0;
        Some([percentile(&values, tail)?, percentile(&values, 1.0 - tail)?])
    }
}

/// What all replicates share: ranks, patients and strata.
struct Plan {
    rankings: Vec<Ranking>,
    micro: Ranking,
    /// Patient of each row.
    patient: Vec<u32>,
    /// Patients of each stratum.
    strata: Vec<Vec<u32>>,
    patients: usize,
    truth: Vec<u32>,
    correct: Vec<bool>,
    brier: Vec<f64>,
    log: Vec<f64>,
    present: Vec<bool>,
}

/// The number of each row's patient, in the order of first appearance, and how many there are.
pub(crate) fn number_groups(groups: &[String]) -> (Vec<u32>, usize) {
    let mut numbers: BTreeMap<&str, u32> = BTreeMap::new();
    let mut column = Vec::with_capacity(groups.len());
    for group in groups {
        let next = numbers.len() as u32;
        column.push(*numbers.entry(group).or_insert(next));
    }
    (column, numbers.len())
}

impl Plan {
    fn new(predictions: &Predictions) -> Result<Self, StatsError> {
        let classes = predictions.class_count();
        let (patient, patients) = number_groups(predictions.groups());

        // A patient drawn every time repeats its rows that often: the counts stay below 2^31, so
        // that the products of two of them stay below 2^62.
        let mut rows_of = vec![0u64; patients];
        for &p in &patient {
            rows_of[p as usize] += 1;
        }
        let largest = rows_of.iter().copied().max().unwrap_or(0);
        let most = largest
            .saturating_mul(patients as u64)
            .saturating_mul(classes as u64);
        if most > MAX_CELLS || predictions.probabilities().len() >= 1 << 30 {
            return Err(StatsError::TooLarge {
                rows: most,
                limit: MAX_CELLS,
            });
        }

        // A patient's stratum is the class most of the patient's rows have, of equals the last.
        let mut votes = vec![vec![0u32; classes]; patients];
        for (&p, &t) in patient.iter().zip(predictions.truth()) {
            votes[p as usize][t] += 1;
        }
        let mut strata = vec![Vec::new(); classes];
        for (number, votes) in votes.iter().enumerate() {
            let class = (0..classes).max_by_key(|&class| votes[class]).unwrap_or(0);
            strata[class].push(number as u32);
        }

        let rankings = (0..classes)
            .map(|class| {
                Ranking::new(
                    &predictions.column(class),
                    &predictions.is_class(class),
                    &patient,
                )
            })
            .collect();
        let (scores, positive) = flatten(predictions);
        let item: Vec<u32> = patient
            .iter()
            .flat_map(|&p| (0..classes).map(move |_| p))
            .collect();
        let rows = || predictions.rows().zip(predictions.truth());
        Ok(Self {
            rankings,
            micro: Ranking::new(&scores, &positive, &item),
            patient,
            strata,
            patients,
            truth: predictions.truth().iter().map(|&t| t as u32).collect(),
            correct: predictions
                .predicted()
                .iter()
                .zip(predictions.truth())
                .map(|(p, t)| p == t)
                .collect(),
            brier: rows().map(|(p, &t)| brier_row(p, t)).collect(),
            log: rows().map(|(p, &t)| log_row(p, t)).collect(),
            present: predictions.class_counts().iter().map(|&c| c > 0).collect(),
        })
    }

    /// How often each patient is drawn in replicate `number`.
    fn draw(&self, options: &BootstrapOptions, number: u64, weights: &mut [u32]) {
        let mut generator = ChaCha8Rng::seed_from_u64(options.seed);
        generator.set_stream(number);
        weights.fill(0);
        for stratum in &self.strata {
            let size = stratum.len() as u32;
            for _ in 0..size {
                weights[stratum[generator.random_range(0..size) as usize] as usize] += 1;
            }
        }
    }

    /// The statistics of the cohort in which each patient counts `weights` times.
    fn statistics(&self, weights: &[u32]) -> Vec<f64> {
        let weight = |patient: usize| u64::from(weights[patient]);
        let classes = self.rankings.len();
        let areas: Vec<Option<f64>> = self
            .rankings
            .iter()
            .map(|ranking| ranking.auc(weight))
            .collect();

        let mut totals = vec![0u64; classes];
        let mut hits = vec![0u64; classes];
        let (mut brier, mut log) = (0.0, 0.0);
        for (row, &patient) in self.patient.iter().enumerate() {
            let w = weight(patient as usize);
            if w == 0 {
                continue;
            }
            let truth = self.truth[row] as usize;
            totals[truth] += w;
            hits[truth] += w * u64::from(self.correct[row]);
            brier += w as f64 * self.brier[row];
            log += w as f64 * self.log[row];
        }
        let n: u64 = totals.iter().sum();
        // What is averaged over classes means the same classes in every replicate.
        let whole = (0..classes).all(|class| !self.present[class] || totals[class] > 0);
        let over_classes = |value: Option<f64>| match value {
            Some(value) if whole => value,
            _ => f64::NAN,
        };
        let recalls: Vec<Option<f64>> = (0..classes)
            .map(|class| (totals[class] > 0).then(|| hits[class] as f64 / totals[class] as f64))
            .collect();
        let mut row: Vec<f64> = areas.iter().map(|area| area.unwrap_or(f64::NAN)).collect();
        row.reserve(FURTHER);
        row.push(over_classes(average(&areas, &vec![1; classes])));
        row.push(over_classes(average(&areas, &totals)));
        row.push(self.micro.auc(weight).unwrap_or(f64::NAN));
        row.push(hits.iter().sum::<u64>() as f64 / n as f64);
        row.push(over_classes(average(&recalls, &vec![1; classes])));
        row.push(brier / n as f64);
        row.push(log / n as f64);
        row
    }
}

/// Draws the replicates and computes every [`Statistic`] in each.
///
/// # Errors
/// More than a million replicates, or so many rows of one patient that a replicate could have more
/// than 2^31 probabilities.
pub fn bootstrap(
    predictions: &Predictions,
    options: &BootstrapOptions,
) -> Result<BootstrapResult, StatsError> {
    if options.replicates > MAX_REPLICATES {
        return Err(StatsError::BadOption {
            option: "bootstrap",
            value: options.replicates as f64,
            remedy: "at most a million replicates are drawn",
        });
    }
    let plan = Plan::new(predictions)?;
    let rows = (0..options.replicates as u64)
        .into_par_iter()
        .map_init(
            || vec![0u32; plan.patients],
            |weights, number| {
                plan.draw(options, number, weights);
                plan.statistics(weights)
            },
        )
        .collect();
    Ok(BootstrapResult {
        classes: predictions.class_count(),
        rows,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cohort(n: usize, rows_per_patient: usize) -> Predictions {
        let p = |i: usize| ((i * 7919 + 13) % 101) as f64 / 101.0;
        Predictions::new(
            (0..n).map(|i| format!("r{i}")).collect(),
            (0..n)
                .map(|i| format!("p{}", i / rows_per_patient))
                .collect(),
            vec!["zero".into(), "low".into(), "positive".into()],
            (0..n).map(|i| (i / rows_per_patient) % 3).collect(),
            (0..n)
                .flat_map(|i| {
                    let a = p(i);
                    let b = (1.0 - a) * p(i + 50);
                    [a, b, 1.0 - a - b]
                })
                .collect(),
            None,
        )
        .unwrap()
    }

    #[test]
    fn unit_weights_give_the_estimates_themselves() {
        let predictions = cohort(60, 2);
        let plan = Plan::new(&predictions).unwrap();
        let row = plan.statistics(&vec![1; plan.patients]);
        let areas = crate::auc_one_vs_rest(&predictions);
        assert_eq!(
            row[..3],
            [areas[0].unwrap(), areas[1].unwrap(), areas[2].unwrap()]
        );
        assert_eq!(row[3], crate::auc_macro(&predictions).unwrap());
        assert_eq!(row[4], crate::auc_weighted(&predictions).unwrap());
        assert_eq!(row[5], crate::auc_micro(&predictions).unwrap());
        let matrix = crate::confusion(&predictions);
        assert_eq!(row[6], crate::accuracy(&matrix).unwrap());
        assert!((row[7] - crate::balanced_accuracy(&matrix).unwrap()).abs() < 1e-15);
        assert_eq!(row[8], crate::brier_score(&predictions));
        assert_eq!(row[9], crate::log_loss(&predictions));
    }

    #[test]
    fn draws_keep_the_strata_and_move_whole_patients() {
        let predictions = cohort(60, 2);
        let plan = Plan::new(&predictions).unwrap();
        assert_eq!(plan.patients, 30);
        let mut weights = vec![0; 30];
        for number in 0..50 {
            plan.draw(&BootstrapOptions::default(), number, &mut weights);
            for stratum in &plan.strata {
                let drawn: u32 = stratum.iter().map(|&p| weights[p as usize]).sum();
                assert_eq!(drawn as usize, stratum.len());
            }
        }
    }

    #[test]
    fn the_number_of_threads_and_replicates_does_not_change_a_replicate() {
        let predictions = cohort(90, 1);
        let run = |threads, replicates| {
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build()
                .unwrap();
            pool.install(|| {
                bootstrap(
                    &predictions,
                    &BootstrapOptions {
                        replicates,
                        seed: 7,
                    },
                )
                .unwrap()
            })
        };
        let one = run(1, 300);
        assert_eq!(one, run(3, 300));
        assert_eq!(one.rows[..100], run(2, 100).rows[..]);
        assert_ne!(one.rows[0], one.rows[1]);
        let other = bootstrap(
            &predictions,
            &BootstrapOptions {
                replicates: 300,
                seed: 8,
            },
        )
        .unwrap();
        assert_ne!(one, other);
    }

    #[test]
    fn a_class_that_is_missing_or_rare_is_counted_not_guessed() {
        let predictions = cohort(3, 1).subset(&[0, 1]).unwrap();
        let result = bootstrap(
            &predictions,
            &BootstrapOptions {
                replicates: 50,
                seed: 1,
            },
        )
        .unwrap();
        assert_eq!(result.degenerate(Statistic::ClassAuc(2)), 50);
        assert_eq!(result.interval(Statistic::ClassAuc(2), 0.95), None);
        assert_eq!(result.interval(Statistic::ClassAuc(9), 0.95), None);
        assert_eq!(result.degenerate(Statistic::MacroAuc), 0);
        assert_eq!(result.interval(Statistic::MacroAuc, 1.5), None);

        // One patient with rows of two classes: some replicates lose one class, and say so.
        let name = |s: &str| s.to_string();
        let mixed = Predictions::new(
            ["a", "b", "c", "d"].map(name).to_vec(),
            ["p", "p", "q", "q"].map(name).to_vec(),
            vec![name("zero"), name("low")],
            vec![0, 1, 1, 1],
            vec![0.6, 0.4, 0.3, 0.7, 0.2, 0.8, 0.4, 0.6],
            None,
        )
        .unwrap();
        let result = bootstrap(
            &mixed,
            &BootstrapOptions {
                replicates: 400,
                seed: 1,
            },
        )
        .unwrap();
        let lost = result.degenerate(Statistic::MacroAuc);
        // Both patients are in one stratum; a quarter of the draws is q twice.
        assert!((60..140).contains(&lost), "{lost}");
        assert!(result.interval(Statistic::MacroAuc, 0.95).is_some());
    }

    #[test]
    fn too_many_replicates_are_refused() {
        let options = BootstrapOptions {
            replicates: usize::MAX,
            seed: 0,
        };
        assert!(matches!(
            bootstrap(&cohort(6, 1), &options),
            Err(StatsError::BadOption {
                option: "bootstrap",
                ..
            })
        ));
    }
}
