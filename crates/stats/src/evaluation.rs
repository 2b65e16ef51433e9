//! Everything about one set of predictions, ready to be written and drawn.

use crate::auc::average;
use crate::bootstrap::{BootstrapOptions, BootstrapResult, Statistic, bootstrap};
use crate::calibration::{Calibration, calibrate, calibration_bins};
use crate::classification::{ClassPerformance, accuracy, balanced_accuracy, confusion, per_class};
use crate::resampling::number_groups;
use crate::{
    OperatingPerformance, Predictions, RocBand, RocCurve, Spread, StatsError, SubgroupVariable,
    auc_micro, auc_one_vs_rest, brier_reference, brier_score, log_loss, roc_band, roc_curve,
    spread,
};
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

mod benefit;
mod centre;
mod multiclass;
mod notes;

pub(crate) use benefit::ordered_cuts;
pub use benefit::{LabelNoise, NetBenefit, NoisyFigure};
pub use centre::{CentreEvaluation, CentreSummary};
pub use multiclass::{ClassDelong, Multiclass, ProbabilityQuality};

/// How to evaluate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EvaluationOptions {
    /// Bootstrap replicates; 0 for none, and then no bootstrap intervals. 2000 by default.
    pub bootstrap: usize,
    /// Seed of the bootstrap.
    pub seed: u64,
    /// Level of every interval, between 0 and 1. 0.95 by default.
    pub confidence: f64,
    /// A centre with fewer patients than this gets no AUC (but a note). 5 by default, at least 2.
    pub min_centre: usize,
    /// Bins of equal mass for the calibration; [`calibration_bins`] of `n` when `None`.
    pub calibration_bins: Option<usize>,
}

impl Default for EvaluationOptions {
    fn default() -> Self {
        let bootstrap = BootstrapOptions::default();
        Self {
            bootstrap: bootstrap.replicates,
            seed: bootstrap.seed,
            confidence: 0.95,
            min_centre: 5,
            calibration_bins: None,
        }
    }
}

impl EvaluationOptions {
    /// The bootstrap that the options ask for.
    pub(crate) fn draws(&self) -> BootstrapOptions {
        BootstrapOptions {
            replicates: self.bootstrap,
            seed: self.seed,
        }
    }
}

/// A number with the interval of the bootstrap over patients. Both are `None` (`null`) when the
/// data do not define the number; the reason is in the notes.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Estimate {
    /// The number, on the cohort as it is.
    pub value: Option<f64>,
    /// Percentile interval `[low, high]` at [`BootstrapSummary::confidence`]. The field's name
    /// says 95 because that is the level unless another was asked for; then a note says so.
    pub ci95: Option<[f64; 2]>,
    /// Bias-corrected and accelerated interval of the same replicates. `None` where the statistic has no
    /// influence values (subgroups, cohorts too large for them).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bca95: Option<[f64; 2]>,
}

impl Estimate {
    /// The logit of an estimate between 0 and 1 with its variance, taken from the width of the interval on that
    /// scale; `None` without an interval, or where a bound is 0 or 1.
    pub(crate) fn logit(&self, confidence: f64) -> Option<(f64, f64)> {
        let logit = |p: f64| (p > 0.0 && p < 1.0).then(|| (p / (1.0 - p)).ln());
        let [low, high] = self.ci95?;
        let half = (logit(high)? - logit(low)?) / 2.0;
        let error = half / crate::interval::normal_quantile(confidence)?;
        Some((logit(self.value?)?, error * error)).filter(|(_, variance)| *variance > 0.0)
    }
}

/// Areas under the ROC curve.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AucBlock {
    /// Mean of the one-vs-rest AUCs over the classes present. `macro` in JSON.
    #[serde(rename = "macro")]
    pub macro_average: Estimate,
    /// Mean of the one-vs-rest AUCs weighted by the classes' rows. `weighted` in JSON.
    pub weighted: Estimate,
    /// One AUC over all probabilities. `micro` in JSON.
    #[serde(rename = "micro")]
    pub micro_average: Estimate,
    /// One-vs-rest AUC of every class, in the order of [`Evaluation::classes`].
    pub per_class: IndexMap<String, Estimate>,
}

impl AucBlock {
    /// A block in which nothing is known.
    pub(crate) fn empty(classes: &[String]) -> Self {
        let nothing = |name: &String| (name.clone(), Estimate::default());
        Self {
            macro_average: Estimate::default(),
            weighted: Estimate::default(),
            micro_average: Estimate::default(),
            per_class: classes.iter().map(nothing).collect(),
        }
    }
}

/// ROC curves.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RocSet {
    /// One-vs-rest curve of every class; `None` where the AUC is.
    pub per_class: IndexMap<String, Option<RocCurve>>,
    /// The curve over all probabilities. `micro` in JSON.
    #[serde(rename = "micro")]
    pub micro_average: Option<RocCurve>,
    /// Band of every class's curve from the same kind of bootstrap; empty without replicates.
    #[serde(default)]
    pub bands: IndexMap<String, RocBand>,
}

/// How the intervals were made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BootstrapSummary {
    /// Replicates drawn.
    pub replicates: usize,
    /// Seed of the generator.
    pub seed: u64,
    /// Level of all intervals.
    pub confidence: f64,
    /// What is drawn: `"patients, stratified by class"`.
    pub unit: String,
    /// Kind of interval: `"percentile"`.
    pub interval: String,
    /// Replicates in which at least one class had no draw, and that are left out of the intervals
    /// of the averages.
    pub degenerate: usize,
}

/// Discrimination, calibration and classification of one set of predictions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// Rows (lesions).
    pub n: usize,
    /// Patients.
    pub patients: usize,
    /// The classes in their order, that of every list and matrix here.
    pub classes: Vec<String>,
    /// Rows per true class.
    pub counts: IndexMap<String, u64>,
    /// Share of rows per true class.
    pub prevalence: IndexMap<String, f64>,
    /// Areas under the ROC curve.
    pub auc: AucBlock,
    /// Confusion matrix: row = truth, column = most probable class.
    pub confusion: Vec<Vec<u64>>,
    /// Each class against the rest at the most probable class.
    pub per_class: IndexMap<String, ClassPerformance>,
    /// Share of rows called by their true class.
    pub accuracy: Estimate,
    /// Mean sensitivity over the classes present.
    pub balanced_accuracy: Estimate,
    /// Multiclass Brier score (0 to 2, lower is better).
    pub brier: Estimate,
    /// Brier score of giving everyone this cohort's class shares.
    pub brier_reference: f64,
    /// Log loss (natural logarithm).
    pub log_loss: Estimate,
    /// Calibration per class.
    pub calibration: Calibration,
    /// ROC curves.
    pub roc: RocSet,
    /// `spread[truth][class]`: the probabilities of `class` among rows whose truth is `truth`.
    pub spread: IndexMap<String, IndexMap<String, Spread>>,
    /// AUC of every class after DeLong, beside the bootstrap's; classes without an AUC are left out.
    #[serde(default)]
    pub delong: IndexMap<String, ClassDelong>,
    /// Figures over all classes at once.
    #[serde(default)]
    pub multiclass: Multiclass,
    /// Recalibration, parts of the Brier score, error of the winning class's probability.
    #[serde(default)]
    pub probability: ProbabilityQuality,
    /// Net benefit at each cut between the ordered classes.
    #[serde(default)]
    pub net_benefit: Vec<NetBenefit>,
    /// What doubtful labels alone could do to the figures; `None` where no two classes are zero and low.
    #[serde(default)]
    pub label_noise: Option<LabelNoise>,
    /// What thresholds do that were chosen elsewhere and frozen; empty when none were given.
    #[serde(default)]
    pub operating: Vec<OperatingPerformance>,
    /// Subgroups of patients; empty when none were asked for.
    #[serde(default)]
    pub subgroups: Vec<SubgroupVariable>,
    /// Every centre by name; empty when no centres are known.
    pub per_centre: BTreeMap<String, CentreEvaluation>,
    /// The centres summarised with random effects: macro AUC first, then each class; empty below two centres with an AUC.
    #[serde(default)]
    pub centre_summary: Vec<CentreSummary>,
    /// How the bootstrap intervals were made.
    pub bootstrap: BootstrapSummary,
    /// What a reader should know: classes that are absent, intervals that could not be made,
    /// assumptions that the data break.
    pub notes: Vec<String>,
}

/// Evaluates predictions.
///
/// # Errors
/// A confidence outside of 0..1, zero calibration bins, a centre threshold below 2, too many
/// replicates, or a cohort too large for exact ranks.
pub fn evaluate(
    predictions: &Predictions,
    options: &EvaluationOptions,
) -> Result<Evaluation, StatsError> {
    check(options)?;
    let classes = predictions.classes();
    let level = options.confidence;
    let counts = predictions.class_counts();
    let draws = draw(predictions, options)?;
    let areas = auc_block(predictions, &draws, level);
    let matrix = confusion(predictions);
    let bins = options
        .calibration_bins
        .unwrap_or_else(|| calibration_bins(predictions.len()));
    let patients = number_groups(predictions.groups()).1;

    let mut notes = notes::cohort(predictions, patients);
    notes.extend(notes::options(options));
    notes.extend(notes::intervals(predictions, &draws, &areas, options));
    let estimate = |value, statistic| Estimate {
        value,
        ci95: draws.interval(statistic, level),
        bca95: draws.bca_interval(statistic, level),
    };
    let per_centre = centre::centres(predictions, options)?;
    let named = |values: Vec<u64>| classes.iter().cloned().zip(values).collect();
    Ok(Evaluation {
        n: predictions.len(),
        patients,
        classes: classes.to_vec(),
        prevalence: classes
            .iter()
            .cloned()
            .zip(counts.iter().map(|&c| c as f64 / predictions.len() as f64))
            .collect(),
        counts: named(counts),
        per_class: classes
            .iter()
            .cloned()
            .zip(per_class(&matrix, level))
            .collect(),
        accuracy: estimate(accuracy(&matrix), Statistic::Accuracy),
        balanced_accuracy: estimate(balanced_accuracy(&matrix), Statistic::BalancedAccuracy),
        confusion: matrix,
        brier: estimate(Some(brier_score(predictions)), Statistic::Brier),
        brier_reference: brier_reference(predictions),
        log_loss: estimate(Some(log_loss(predictions)), Statistic::LogLoss),
        calibration: calibrate(predictions, bins, level)?,
        roc: roc_set(predictions, options)?,
        delong: multiclass::delong_of(predictions, level)?,
        multiclass: multiclass::block(&draws, level),
        probability: multiclass::quality(predictions, bins)?,
        net_benefit: benefit::net_benefit(predictions, options)?,
        label_noise: benefit::label_noise_of(predictions, options)?,
        operating: Vec::new(),
        subgroups: Vec::new(),
        spread: spreads(predictions),
        centre_summary: centre::summary(predictions, &per_centre, level)?,
        per_centre,
        bootstrap: BootstrapSummary {
            replicates: options.bootstrap,
            seed: options.seed,
            confidence: level,
            unit: "patients, stratified by class".into(),
            interval: "percentile".into(),
            degenerate: draws.degenerate(Statistic::BalancedAccuracy),
        },
        auc: areas,
        notes,
    })
}

fn check(options: &EvaluationOptions) -> Result<(), StatsError> {
    let bad = |option, value, remedy| {
        Err(StatsError::BadOption {
            option,
            value,
            remedy,
        })
    };
    if !(options.confidence > 0.0 && options.confidence < 1.0) {
        return bad(
            "confidence",
            options.confidence,
            "give a level between 0 and 1, such as 0.95",
        );
    }
    if options.min_centre < 2 {
        let value = options.min_centre as f64;
        return bad("min_centre", value, "an AUC needs at least 2 patients");
    }
    if options.calibration_bins == Some(0) {
        return bad(
            "calibration_bins",
            0.0,
            "give at least one bin, or leave it out",
        );
    }
    Ok(())
}

fn draw(
    predictions: &Predictions,
    options: &EvaluationOptions,
) -> Result<BootstrapResult, StatsError> {
    bootstrap(predictions, &options.draws())
}

pub(crate) fn auc_block(
    predictions: &Predictions,
    draws: &BootstrapResult,
    level: f64,
) -> AucBlock {
    let areas = auc_one_vs_rest(predictions);
    let estimate = |value: Option<f64>, statistic| Estimate {
        value,
        ci95: value.and_then(|_| draws.interval(statistic, level)),
        bca95: value.and_then(|_| draws.bca_interval(statistic, level)),
    };
    // With one class only the flattened AUC can be computed, but tells nothing about
    // discrimination: it compares different classes' probabilities of the same patients.
    let defined = areas.iter().any(Option::is_some);
    AucBlock {
        macro_average: estimate(
            average(&areas, &vec![1; predictions.class_count()]),
            Statistic::MacroAuc,
        ),
        weighted: estimate(
            average(&areas, &predictions.class_counts()),
            Statistic::WeightedAuc,
        ),
        micro_average: estimate(
            if defined {
                auc_micro(predictions)
            } else {
                None
            },
            Statistic::MicroAuc,
        ),
        per_class: predictions
            .classes()
            .iter()
            .enumerate()
            .map(|(class, name)| {
                (
                    name.clone(),
                    estimate(areas[class], Statistic::ClassAuc(class)),
                )
            })
            .collect(),
    }
}

fn roc_set(predictions: &Predictions, options: &EvaluationOptions) -> Result<RocSet, StatsError> {
    let mut curves = IndexMap::new();
    let mut bands = IndexMap::new();
    for (class, name) in predictions.classes().iter().enumerate() {
        let curve = roc_curve(&predictions.column(class), &predictions.is_class(class))?;
        curves.insert(name.clone(), curve);
        if let Some(band) = roc_band(predictions, class, &options.draws(), options.confidence)? {
            bands.insert(name.clone(), band);
        }
    }
    let (scores, positive) = crate::auc::flatten(predictions);
    let defined = curves.values().any(Option::is_some);
    Ok(RocSet {
        per_class: curves,
        bands,
        micro_average: if defined {
            roc_curve(&scores, &positive)?
        } else {
            None
        },
    })
}

fn spreads(predictions: &Predictions) -> IndexMap<String, IndexMap<String, Spread>> {
    let classes = predictions.classes();
    let among = |truth: usize, class: usize| {
        let rows = predictions.rows().zip(predictions.truth());
        let values: Vec<f64> = rows
            .filter(|(_, t)| **t == truth)
            .map(|(p, _)| p[class])
            .collect();
        spread(&values)
    };
    let mut spreads = IndexMap::new();
    for (truth, name) in classes.iter().enumerate() {
        let row = classes
            .iter()
            .enumerate()
            .map(|(class, name)| (name.clone(), among(truth, class)));
        spreads.insert(name.clone(), row.collect());
    }
    spreads
}

#[cfg(test)]
mod tests;
