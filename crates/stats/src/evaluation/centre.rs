//! The centres of a cohort, one by one and summarised.

use super::{AucBlock, EvaluationOptions, auc_block, draw, notes};
use crate::classification::{Proportion, confusion};
use crate::resampling::number_groups;
use crate::{
    BetweenVariance, Predictions, RandomEffects, StatsError, delong, few_centres, random_effects,
};
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The name under which rows without a centre are listed in [`super::Evaluation::per_centre`].
const NO_CENTRE: &str = "not stated";

/// One centre of the cohort.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CentreEvaluation {
    /// Rows.
    pub n: usize,
    /// Patients.
    pub patients: usize,
    /// Rows per true class.
    pub counts: IndexMap<String, u64>,
    /// AUCs, with intervals from this centre's patients alone.
    pub auc: AucBlock,
    /// Rows called by their true class, with Wilson interval.
    pub accuracy: Proportion,
    /// Confusion matrix, row = truth.
    pub confusion: Vec<Vec<u64>>,
    /// Why a number is missing, or should be read with care.
    pub notes: Vec<String>,
}

pub(super) fn centres(
    predictions: &Predictions,
    options: &EvaluationOptions,
) -> Result<BTreeMap<String, CentreEvaluation>, StatsError> {
    let mut rows: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (row, centre) in predictions.centres().unwrap_or_default().iter().enumerate() {
        rows.entry(centre.as_deref().unwrap_or(NO_CENTRE))
            .or_default()
            .push(row);
    }
    if rows.len() == 1 && rows.contains_key(NO_CENTRE) {
        return Ok(BTreeMap::new());
    }
    rows.into_iter()
        .map(|(name, rows)| {
            Ok((
                name.to_string(),
                centre(&predictions.subset(&rows)?, options)?,
            ))
        })
        .collect()
}

/// One centre, with draws from its patients alone: its interval is the one it would have if it were
/// evaluated by itself with the same seed.
fn centre(
    predictions: &Predictions,
    options: &EvaluationOptions,
) -> Result<CentreEvaluation, StatsError> {
    let level = options.confidence;
    let patients = number_groups(predictions.groups()).1;
    let counts = predictions.class_counts();
    let matrix = confusion(predictions);
    let hits = (0..matrix.len()).map(|k| matrix[k][k]).sum();
    let (areas, notes) = if patients < options.min_centre {
        let areas = AucBlock::empty(predictions.classes());
        (
            areas,
            vec![notes::small_centre(patients, options.min_centre)],
        )
    } else {
        let draws = draw(predictions, options)?;
        let areas = auc_block(predictions, &draws, level);
        let mut notes = notes::absent_classes(predictions, "at this centre");
        notes.extend(notes::intervals(predictions, &draws, &areas, options));
        (areas, notes)
    };
    Ok(CentreEvaluation {
        n: predictions.len(),
        patients,
        counts: predictions.classes().iter().cloned().zip(counts).collect(),
        auc: areas,
        accuracy: Proportion::new(hits, predictions.len() as u64, level),
        confusion: matrix,
        notes,
    })
}

/// One AUC over the centres.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CentreSummary {
    /// Which AUC: `"macro"`, or a class against the rest.
    pub figure: String,
    /// Mean of the centres' AUCs, on the scale of AUCs.
    pub auc: f64,
    /// Interval of that mean, by [`few_centres`].
    pub ci95: [f64; 2],
    /// Where the AUC of a further centre would lie, by [`few_centres`].
    pub prediction95: [f64; 2],
    /// The summary on the scale of the logit, with the variance between centres, I2 and Q, and the intervals of Hartung and Knapp and of metafor.
    pub logit: RandomEffects,
    /// Centres that are not in it: no AUC, or one of 0 or 1, whose logit is infinite.
    pub left_out: Vec<String>,
}

/// A centre with the logit of its AUC and its variance; `None` where there is none.
type CentreLogit<'a> = (&'a str, Option<(f64, f64)>);

/// The centres' AUCs summarised with random effects (restricted likelihood) on the scale of the logit.
///
/// The variance of a class's AUC is DeLong's. That of the macro AUC comes from the bootstrap interval
/// of the centre, whose width on the scale of the logit is taken as that of a normal one.
pub(super) fn summary(
    predictions: &Predictions,
    per_centre: &BTreeMap<String, CentreEvaluation>,
    confidence: f64,
) -> Result<Vec<CentreSummary>, StatsError> {
    let mut columns: IndexMap<String, Vec<CentreLogit<'_>>> = IndexMap::new();
    for (name, centre) in per_centre {
        let area = &centre.auc.macro_average;
        columns
            .entry("macro".to_owned())
            .or_default()
            .push((name, area.logit(confidence)));
        let rows: Vec<usize> = (0..predictions.len())
            .filter(|&row| centre_of(predictions, row) == name)
            .collect();
        let here = predictions.subset(&rows)?;
        for (class, label) in predictions.classes().iter().enumerate() {
            // The evaluation gave a small centre no AUC: nor does the summary use one.
            let known = centre.auc.per_class.get(label).and_then(|e| e.value);
            let area = match known {
                Some(_) => delong(&here.column(class), &here.is_class(class))?,
                None => None,
            };
            let column = columns.entry(label.clone()).or_default();
            column.push((name, area.and_then(|a| a.logit())));
        }
    }
    let back = |logit: f64| 1.0 / (1.0 + (-logit).exp());
    let mut summaries = Vec::new();
    for (figure, centres) in columns {
        let known: Vec<(f64, f64)> = centres.iter().filter_map(|(_, a)| *a).collect();
        let known: Vec<(f64, f64)> = known.into_iter().filter(|(_, v)| *v > 0.0).collect();
        let (estimates, variances): (Vec<f64>, Vec<f64>) = known.into_iter().unzip();
        let method = BetweenVariance::Reml;
        let summary = random_effects(&estimates, &variances, method, confidence)?;
        let few = few_centres(&estimates, &variances, confidence)?;
        if let Some((logit, few)) = summary.zip(few) {
            let out = centres
                .iter()
                .filter(|(_, a)| a.is_none_or(|(_, v)| v <= 0.0));
            summaries.push(CentreSummary {
                figure,
                auc: back(logit.estimate),
                ci95: few.interval.map(back),
                prediction95: few.prediction.map(back),
                left_out: out.map(|(name, _)| (*name).to_owned()).collect(),
                logit,
            });
        }
    }
    Ok(summaries)
}

/// Name of a row's centre.
fn centre_of(predictions: &Predictions, row: usize) -> &str {
    let centres = predictions.centres().unwrap_or_default();
    let centre = centres.get(row).and_then(Option::as_deref);
    centre.unwrap_or(NO_CENTRE)
}
