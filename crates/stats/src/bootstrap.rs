//! The bootstrap over patients.
//!
//! Patients, not rows, are drawn with replacement, within strata of the true class, so that every
//! replicate has the classes' sizes of the cohort. Replicate `b` draws from stream `b` of
//! `ChaCha8Rng::seed_from_u64(seed)`; the result is the same with any number of threads. Scores are
//! ranked once; a replicate only re-weights them, so it costs `O(n K)`. Source: Efron and
//! Tibshirani, An Introduction to the Bootstrap (1993), chapters 8 and 13 (percentile interval).
//! Checked against an independent numpy bootstrap to sampling error (`tests/reference.py`).

use crate::auc::{Ranking, average, flatten};
use crate::polytomous::{ClassCounts, ClassRanking, index_of, m_of, one_vs_rest};
use crate::predictions::MAX_CELLS;
use crate::resampling::Resampling;
use crate::scores::{brier_row, log_row};
use crate::{
    Predictions, StatsError, acceleration, accuracy, balanced_accuracy, bca_interval, macro_f1,
    matthews_correlation, percentile, quadratic_kappa,
};
use rayon::prelude::*;

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
    /// Hand and Till's M.
    HandTill,
    /// Polytomous discrimination index.
    Polytomous,
    /// Mean F1 score of the classes.
    MacroF1,
    /// Matthews' correlation coefficient.
    Matthews,
    /// Cohen's kappa with quadratic weights.
    QuadraticKappa,
}

/// Statistics after the classes' AUCs in a replicate's row.
const FURTHER: usize = 12;

/// The statistics of all replicates.
#[derive(Debug, Clone, PartialEq)]
pub struct BootstrapResult {
    classes: usize,
    /// One row per replicate: `classes` AUCs, then the further statistics; NaN where undefined.
    rows: Vec<Vec<f64>>,
    /// The statistics of the cohort itself.
    estimates: Vec<f64>,
    /// Influence values, one row per patient; `None` when the cohort is too large for them.
    influence: Option<Vec<Vec<f64>>>,
}

impl BootstrapResult {
    /// Replicates that were made otherwise than by drawing patients.
    pub(crate) fn from_rows(classes: usize, rows: Vec<Vec<f64>>, estimates: Vec<f64>) -> Self {
        Self {
            classes,
            rows,
            estimates,
            influence: None,
        }
    }

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
            Statistic::HandTill => Some(self.classes + 7),
            Statistic::Polytomous => Some(self.classes + 8),
            Statistic::MacroF1 => Some(self.classes + 9),
            Statistic::Matthews => Some(self.classes + 10),
            Statistic::QuadraticKappa => Some(self.classes + 11),
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

    /// The statistic on the cohort itself; `None` where the data do not define it.
    pub fn estimate(&self, statistic: Statistic) -> Option<f64> {
        let value = *self.estimates.get(self.index(statistic)?)?;
        (!value.is_nan()).then_some(value)
    }

    /// The acceleration constant of the statistic, by leaving out one patient at a time within the
    /// strata. `None` where a value is not defined, and for cohorts in which rows times the
    /// largest class times classes exceed 2^31, whose percentile interval differs little.
    pub fn acceleration(&self, statistic: Statistic) -> Option<f64> {
        let index = self.index(statistic)?;
        let column: Vec<f64> = self.influence.as_ref()?.iter().map(|r| r[index]).collect();
        (column.iter().all(|l| l.is_finite())).then(|| acceleration(&column))
    }

    /// The bias-corrected and accelerated interval; `None` as for [`Self::interval`] and
    /// [`crate::bca_interval`].
    pub fn bca_interval(&self, statistic: Statistic, confidence: f64) -> Option<[f64; 2]> {
        let values: Vec<f64> = self.values(statistic).into_iter().flatten().collect();
        if values.len() * 2 < self.rows.len() {
            return None;
        }
        let acceleration = self.acceleration(statistic)?;
        bca_interval(self.estimate(statistic)?, &values, acceleration, confidence)
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
pub(crate) struct Plan {
    rankings: Vec<ClassRanking>,
    micro: Ranking,
    resampling: Resampling,
    truth: Vec<u32>,
    called: Vec<u32>,
    brier: Vec<f64>,
    log: Vec<f64>,
    present: Vec<bool>,
    /// Rows, to know whether the weights of the jackknife can be held.
    rows: u64,
}

impl Plan {
    pub(crate) fn new(predictions: &Predictions) -> Result<Self, StatsError> {
        let classes = predictions.class_count();
        let resampling = Resampling::new(predictions);

        // A patient drawn every time repeats its rows that often: the counts stay below 2^31, so
        // that the products of two of them stay below 2^62.
        let mut rows_of = vec![0u64; resampling.patients];
        for &p in &resampling.patient {
            rows_of[p as usize] += 1;
        }
        let largest = rows_of.iter().copied().max().unwrap_or(0);
        let most = largest
            .saturating_mul(resampling.patients as u64)
            .saturating_mul(classes as u64);
        if most > MAX_CELLS || predictions.probabilities().len() >= 1 << 30 || classes > 1 << 16 {
            return Err(StatsError::TooLarge {
                rows: most,
                limit: MAX_CELLS,
            });
        }
        let rankings = (0..classes)
            .map(|class| ClassRanking::new(predictions, class, &resampling.patient))
            .collect();
        let (scores, positive) = flatten(predictions);
        let item: Vec<u32> = resampling
            .patient
            .iter()
            .flat_map(|&p| (0..classes).map(move |_| p))
            .collect();
        let rows = || predictions.rows().zip(predictions.truth());
        Ok(Self {
            rankings,
            micro: Ranking::new(&scores, &positive, &item),
            resampling,
            truth: predictions.truth().iter().map(|&t| t as u32).collect(),
            called: predictions.predicted().iter().map(|&t| t as u32).collect(),
            brier: rows().map(|(p, &t)| brier_row(p, t)).collect(),
            log: rows().map(|(p, &t)| log_row(p, t)).collect(),
            present: predictions.class_counts().iter().map(|&c| c > 0).collect(),
            rows: predictions.len() as u64,
        })
    }

    /// The statistics of the cohort itself.
    pub(crate) fn estimates(&self) -> Vec<f64> {
        self.statistics(&vec![1; self.resampling.patients])
    }

    /// The statistics of the cohort in which each patient counts `weights` times.
    fn statistics(&self, weights: &[u32]) -> Vec<f64> {
        let classes = self.rankings.len();
        let counts: Vec<ClassCounts> = (self.rankings.iter())
            .map(|ranking| ranking.count(weights))
            .collect();
        let areas: Vec<Option<f64>> = (counts.iter().enumerate())
            .map(|(class, counts)| one_vs_rest(counts, class))
            .collect();

        let mut matrix = vec![vec![0u64; classes]; classes];
        let (mut brier, mut log) = (0.0, 0.0);
        for (row, &patient) in self.resampling.patient.iter().enumerate() {
            let w = weights[patient as usize];
            if w == 0 {
                continue;
            }
            matrix[self.truth[row] as usize][self.called[row] as usize] += u64::from(w);
            brier += f64::from(w) * self.brier[row];
            log += f64::from(w) * self.log[row];
        }
        let totals: Vec<u64> = matrix.iter().map(|row| row.iter().sum()).collect();
        let n: u64 = totals.iter().sum();
        // What is averaged over classes means the same classes in every replicate.
        let whole = (0..classes).all(|class| !self.present[class] || totals[class] > 0);
        let over_classes = |value: Option<f64>| value.filter(|_| whole).unwrap_or(f64::NAN);
        let mut row: Vec<f64> = areas.iter().map(|area| area.unwrap_or(f64::NAN)).collect();
        row.reserve(FURTHER);
        row.push(over_classes(average(&areas, &vec![1; classes])));
        row.push(over_classes(average(&areas, &totals)));
        row.push(
            self.micro
                .auc(|patient| u64::from(weights[patient]))
                .unwrap_or(f64::NAN),
        );
        row.push(accuracy(&matrix).unwrap_or(f64::NAN));
        row.push(over_classes(balanced_accuracy(&matrix)));
        row.push(brier / n as f64);
        row.push(log / n as f64);
        row.push(over_classes(m_of(&counts)));
        row.push(index_of(&counts).unwrap_or(f64::NAN));
        row.push(over_classes(macro_f1(&matrix)));
        row.push(matthews_correlation(&matrix).unwrap_or(f64::NAN));
        row.push(quadratic_kappa(&matrix).unwrap_or(f64::NAN));
        row
    }

    /// Influence values of every statistic, one row per patient, by leaving patients out.
    ///
    /// The stratum keeps its weight when one of its `m` patients is left out: its others count
    /// `m` times and everybody else `m - 1` times, in whole numbers. `None` when those numbers do
    /// not fit. Each costs one weighted walk, so that `n` of them cost as much as `n` replicates.
    fn influence(&self) -> Option<Vec<Vec<f64>>> {
        let strata = &self.resampling.strata;
        let largest = strata.iter().map(Vec::len).max().unwrap_or(0) as u64;
        let most = (self.rows.saturating_mul(largest)).saturating_mul(self.rankings.len() as u64);
        if most > MAX_CELLS {
            return None;
        }
        let whole = self.estimates();
        let left_out: Vec<(usize, u32)> = (strata.iter().enumerate())
            .flat_map(|(number, members)| members.iter().map(move |&p| (number, p)))
            .collect();
        let rows = left_out
            .into_par_iter()
            .map(|(number, patient)| {
                let size = strata[number].len() as u32;
                if size < 2 {
                    return vec![0.0; whole.len()];
                }
                let mut weights = vec![size - 1; self.resampling.patients];
                for &member in &strata[number] {
                    weights[member as usize] = size;
                }
                weights[patient as usize] = 0;
                (self.statistics(&weights).iter().zip(&whole))
                    .map(|(without, with)| f64::from(size - 1) * (with - without))
                    .collect()
            })
            .collect();
        Some(rows)
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
    run(predictions, options, true)
}

/// [`bootstrap`], with the influence values (which cost as much as a replicate for each patient)
/// only where somebody wants accelerated intervals.
pub(crate) fn run(
    predictions: &Predictions,
    options: &BootstrapOptions,
    accelerated: bool,
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
            || vec![0u32; plan.resampling.patients],
            |weights, number| {
                plan.resampling.draw(options.seed, number, weights);
                plan.statistics(weights)
            },
        )
        .collect();
    // Without replicates there is no interval that would want them.
    let influence = if accelerated && options.replicates > 0 {
        plan.influence()
    } else {
        None
    };
    Ok(BootstrapResult {
        classes: predictions.class_count(),
        estimates: plan.estimates(),
        rows,
        influence,
    })
}

/// The difference, first model minus second, of every [`Statistic`] in replicates that draw the
/// same patients for both: the paired bootstrap.
///
/// # Errors
/// As [`bootstrap`], or the two differ in patients, truth or classes.
pub fn bootstrap_difference(
    first: &Predictions,
    second: &Predictions,
    options: &BootstrapOptions,
) -> Result<BootstrapResult, StatsError> {
    if first.groups() != second.groups()
        || first.truth() != second.truth()
        || first.classes() != second.classes()
    {
        return Err(StatsError::NotPaired);
    }
    let (a, b) = (bootstrap(first, options)?, bootstrap(second, options)?);
    let minus = |x: &Vec<f64>, y: &Vec<f64>| x.iter().zip(y).map(|(x, y)| x - y).collect();
    let rows = |x: &[Vec<f64>], y: &[Vec<f64>]| x.iter().zip(y).map(|(x, y)| minus(x, y)).collect();
    Ok(BootstrapResult {
        classes: a.classes,
        estimates: minus(&a.estimates, &b.estimates),
        rows: rows(&a.rows, &b.rows),
        influence: (a.influence.zip(b.influence)).map(|(x, y)| rows(&x, &y)),
    })
}

#[cfg(test)]
mod tests;
