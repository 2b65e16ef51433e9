//! The numbers behind the study's report that no figure shows, as tables.

use crate::StudyError;
use crate::explain::csv_of;
use crate::paper::{Paper, drifts_of};
use crate::paper_figures::{bands_csv, evaluations};
use serde_json::Value;
use triher_report::StudyReport;
use triher_stats::Evaluation;

/// What no figure has as its own table: the drift of every feature, the bands of the curves, and every number of each evaluation.
pub(crate) fn tables_of(
    paper: &Paper<'_>,
    report: &StudyReport<'_>,
) -> Result<Vec<(String, Vec<u8>)>, StudyError> {
    let mut all = Vec::new();
    for external in paper.external {
        let here = &external.evaluated.dataset;
        let drifted = drifts_of(here, &paper.trained.dataset, &paper.trained.model);
        let number = |v: Option<f64>| v.map_or_else(String::new, |v| v.to_string());
        let lines = drifted.into_iter().map(|(feature, d)| {
            let differences = [
                d.standardised_difference,
                Some(d.ks_distance),
                Some(d.stability_index),
            ];
            let [difference, distance, index] = differences.map(number);
            [feature, difference, distance, index]
        });
        let header = [
            "feature",
            "standardised_difference",
            "ks_distance",
            "stability_index",
        ];
        let name = format!("drift-{}", crate::run::slug(&external.name));
        all.push((name, csv_of(&header, lines)?));
    }
    for (name, e) in evaluations(report) {
        all.push((format!("roc-bands-{name}"), bands_csv(e)?));
        all.push((format!("numbers-{name}"), every_number(e)?));
    }
    Ok(all)
}

/// Every figure of an evaluation, a line each: where it stands in the JSON (`auc.macro.value`), and its value. Curves have tables of their own.
fn every_number(evaluation: &Evaluation) -> Result<Vec<u8>, StudyError> {
    let value =
        serde_json::to_value(evaluation).map_err(|e| StudyError::Internal(e.to_string()))?;
    let mut lines = Vec::new();
    flatten(&value, String::new(), &mut lines);
    csv_of(&["figure", "value"], lines.into_iter())
}

/// Parts of an evaluation that are curves.
const CURVES: [&str; 3] = ["roc", "net_benefit", "bins"];

fn flatten(value: &Value, path: String, lines: &mut Vec<[String; 2]>) {
    let below = |name: &str| match path.is_empty() {
        true => name.to_owned(),
        false => format!("{path}.{name}"),
    };
    match value {
        Value::Object(fields) => {
            let fields = fields
                .iter()
                .filter(|(name, _)| !CURVES.contains(&name.as_str()));
            fields.for_each(|(name, value)| flatten(value, below(name), lines));
        }
        Value::Array(values) => {
            let values = values.iter().enumerate();
            values.for_each(|(at, value)| flatten(value, below(&at.to_string()), lines));
        }
        Value::Null => lines.push([path, String::new()]),
        Value::String(text) => lines.push([path, text.clone()]),
        other => lines.push([path, other.to_string()]),
    }
}
