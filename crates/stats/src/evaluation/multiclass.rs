//! Figures over all classes at once, DeLong's intervals, and how good the probabilities are.

use super::Estimate;
use crate::bootstrap::{BootstrapResult, Statistic};
use crate::{
    BrierParts, MultinomialRecalibration, Predictions, StatsError, brier_parts, delong,
    multinomial_recalibration, top_label_ece,
};
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

/// Figures over all classes at once, each with the intervals of the bootstrap.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Multiclass {
    /// Hand and Till's M: the mean AUC over pairs of classes, which does not depend on the prevalence.
    pub hand_till: Estimate,
    /// Polytomous discrimination index: one patient of every class, is the right one picked? By chance 1/K.
    pub polytomous_discrimination: Estimate,
    /// Mean F1 score of the classes at the most probable class.
    pub macro_f1: Estimate,
    /// Matthews' correlation coefficient for several classes, -1 to 1.
    pub matthews: Estimate,
    /// Cohen's kappa with quadratic weights between truth and call; the classes are taken as ordered.
    pub quadratic_kappa: Estimate,
}

pub(super) fn block(draws: &BootstrapResult, level: f64) -> Multiclass {
    let estimate = |statistic| Estimate {
        value: draws.estimate(statistic),
        ci95: draws.interval(statistic, level),
        bca95: draws.bca_interval(statistic, level),
    };
    Multiclass {
        hand_till: estimate(Statistic::HandTill),
        polytomous_discrimination: estimate(Statistic::Polytomous),
        macro_f1: estimate(Statistic::MacroF1),
        matthews: estimate(Statistic::Matthews),
        quadratic_kappa: estimate(Statistic::QuadraticKappa),
    }
}

/// AUC of a class with DeLong's variance, which treats rows as independent.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ClassDelong {
    /// The area.
    pub auc: f64,
    /// Its standard error.
    pub standard_error: f64,
    /// Interval made on the scale of the logit; `None` at an area of 0 or 1.
    pub ci95: Option<[f64; 2]>,
}

pub(super) fn delong_of(
    predictions: &Predictions,
    level: f64,
) -> Result<IndexMap<String, ClassDelong>, StatsError> {
    let mut areas = IndexMap::new();
    for (class, name) in predictions.classes().iter().enumerate() {
        if let Some(area) = delong(&predictions.column(class), &predictions.is_class(class))? {
            let found = ClassDelong {
                auc: area.auc,
                standard_error: area.variance.sqrt(),
                ci95: area.logit_interval(level),
            };
            areas.insert(name.clone(), found);
        }
    }
    Ok(areas)
}

/// How good the probabilities are, beyond the calibration curves.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct ProbabilityQuality {
    /// Intercepts and slopes of the outcome on the model's log-odds, against the first class; `None` when
    /// they cannot be fitted (a class without rows, separated classes).
    pub recalibration: Option<MultinomialRecalibration>,
    /// What the Brier score of each class is made of.
    pub brier_parts: IndexMap<String, BrierParts>,
    /// Expected calibration error of the winning class's probability.
    pub top_label_ece: Option<f64>,
}

pub(super) fn quality(
    predictions: &Predictions,
    bins: usize,
) -> Result<ProbabilityQuality, StatsError> {
    let mut parts = IndexMap::new();
    for (class, name) in predictions.classes().iter().enumerate() {
        let column = predictions.column(class);
        if let Some(found) = brier_parts(&column, &predictions.is_class(class), bins)? {
            parts.insert(name.clone(), found);
        }
    }
    Ok(ProbabilityQuality {
        recalibration: multinomial_recalibration(predictions),
        brier_parts: parts,
        top_label_ece: match predictions.is_empty() {
            true => None,
            false => Some(top_label_ece(predictions, bins)?),
        },
    })
}
