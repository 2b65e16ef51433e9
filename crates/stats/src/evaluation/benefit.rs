//! What the calls are worth, and what doubtful labels could do to the figures.

use super::EvaluationOptions;
use crate::bootstrap::Statistic;
use crate::{
    BinarySplit, DecisionPoint, LabelDoubt, Predictions, StatsError, ZERO_READ_AS_LOW,
    decision_curve, her2_scale, label_noise,
};
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

/// Thresholds of a curve, in steps of this share.
const STEP: f64 = 0.02;
/// The last threshold; beyond it hardly a call is made and the weight of a false one explodes.
const LAST: f64 = 0.90;
/// Most replicates of a band or of the flipped labels; a percentile band gains nothing visible from more.
const REPLICATES: usize = 500;

/// A decision curve for one question.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NetBenefit {
    /// What is decided: `"low or positive against zero"`.
    pub question: String,
    /// The classes that would be treated.
    pub treated: Vec<String>,
    /// The curve, by rising threshold.
    pub points: Vec<DecisionPoint>,
}

/// The cuts between ordered classes: every class from the `k`-th on against those before, in words.
pub(crate) fn ordered_cuts(classes: &[String]) -> Vec<(String, Vec<&str>)> {
    (1..classes.len())
        .map(|cut| {
            let (below, above) = classes.split_at(cut);
            let question = format!("{} against {}", above.join(" or "), below.join(" or "));
            (question, above.iter().map(String::as_str).collect())
        })
        .collect()
}

/// Net benefit at every cut between the classes in their order: for HER2, who is eligible for
/// trastuzumab deruxtecan (low or positive), and who for the older antibodies (positive).
pub(super) fn net_benefit(
    predictions: &Predictions,
    options: &EvaluationOptions,
) -> Result<Vec<NetBenefit>, StatsError> {
    if predictions.is_empty() {
        return Ok(Vec::new());
    }
    let steps = (LAST / STEP).round() as usize;
    let thresholds: Vec<f64> = (1..=steps).map(|i| i as f64 * STEP).collect();
    let mut draws = options.draws();
    draws.replicates = draws.replicates.min(REPLICATES);
    ordered_cuts(predictions.classes())
        .into_iter()
        .map(|(question, treated)| {
            let split = BinarySplit::new(predictions, &treated)?;
            Ok(NetBenefit {
                question,
                points: decision_curve(
                    predictions,
                    &split,
                    &thresholds,
                    &draws,
                    options.confidence,
                )?,
                treated: treated.into_iter().map(str::to_owned).collect(),
            })
        })
        .collect()
}

/// Figures when some labels had been read otherwise.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LabelNoise {
    /// Share of the HER2-zero rows that another reader would call low, and the source of that share.
    pub rate: f64,
    /// Where the rate comes from, in words.
    pub source: String,
    /// Rows in doubt: those labelled zero.
    pub in_doubt: usize,
    /// Replicates with flipped labels.
    pub replicates: usize,
    /// Figure by name: as labelled, and the range that flips alone give it.
    pub figures: IndexMap<String, NoisyFigure>,
}

/// A figure under doubtful labels.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct NoisyFigure {
    /// With the labels as they are.
    pub as_labelled: Option<f64>,
    /// Range over the replicates at the level of the evaluation.
    pub range95: Option<[f64; 2]>,
}

/// Flips labels of HER2-zero to low at the published rate. `None` without such classes or replicates.
pub(super) fn label_noise_of(
    predictions: &Predictions,
    options: &EvaluationOptions,
) -> Result<Option<LabelNoise>, StatsError> {
    let named = |wanted: &str| {
        let mut classes = predictions.classes().iter();
        classes.position(|class| her2_scale(class).is_some_and(|(_, word)| word == wanted))
    };
    let (Some(zero), Some(low)) = (named("zero"), named("low")) else {
        return Ok(None);
    };
    let truth = predictions.truth().iter().enumerate();
    let doubts: Vec<LabelDoubt> = truth
        .filter(|(_, class)| **class == zero)
        .map(|(row, _)| LabelDoubt {
            row,
            other_class: low,
            rate: ZERO_READ_AS_LOW,
        })
        .collect();
    let replicates = options.bootstrap.min(REPLICATES);
    if doubts.is_empty() || replicates == 0 {
        return Ok(None);
    }
    let found = label_noise(predictions, &doubts, replicates, options.seed)?;
    let figure = |statistic| NoisyFigure {
        as_labelled: found.estimate(statistic),
        range95: found.interval(statistic, options.confidence),
    };
    let mut figures = IndexMap::from([
        ("macro AUC".to_owned(), figure(Statistic::MacroAuc)),
        ("micro AUC".to_owned(), figure(Statistic::MicroAuc)),
    ]);
    for (class, name) in predictions.classes().iter().enumerate() {
        let name = format!("AUC of {name} against the rest");
        figures.insert(name, figure(Statistic::ClassAuc(class)));
    }
    let more = [
        ("balanced accuracy", Statistic::BalancedAccuracy),
        ("quadratic kappa", Statistic::QuadraticKappa),
    ];
    figures.extend(more.map(|(name, statistic)| (name.to_owned(), figure(statistic))));
    Ok(Some(LabelNoise {
        rate: ZERO_READ_AS_LOW,
        source: "readers agreed with HER2-0 in 74.6 % of the cases before training (Arch Pathol Lab Med 149:431)".to_owned(),
        in_doubt: doubts.len(),
        replicates,
        figures,
    }))
}
