//! The numbers behind the study's report, as tables.

use crate::StudyError;
use crate::explain::csv_of;
use crate::paper::{Paper, drifts_of};
use serde_json::Value;
use triher_report::StudyReport;
use triher_stats::{Estimate, Evaluation};

/// Every evaluation of the study by a name for files.
pub(crate) fn evaluations<'a>(report: &'a StudyReport<'_>) -> Vec<(String, &'a Evaluation)> {
    let internal = report.internal.map(|e| ("internal".to_owned(), e));
    let left_out = (report.left_out.as_ref()).map(|l| ("centres-left-out".to_owned(), l.0));
    let external = report.external.iter();
    let external = external.map(|e| (crate::run::slug(&e.name), e.evaluation));
    internal
        .into_iter()
        .chain(left_out)
        .chain(external)
        .collect()
}

/// The numbers of the figures, as tables of the same name.
pub(crate) fn numbers_of(
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
        all.push((format!("numbers-{name}"), every_number(e)?));
        let roc = e.roc.per_class.iter().flat_map(|(class, curve)| {
            curve.iter().flat_map(move |c| {
                let points = c.false_positive_rate.iter().zip(&c.true_positive_rate);
                points.map(move |(x, y)| [class.clone(), x.to_string(), y.to_string()])
            })
        });
        let header = ["class", "false_positive_rate", "true_positive_rate"];
        all.push((format!("roc-{name}"), csv_of(&header, roc)?));
        let bins = e.calibration.per_class.iter().flat_map(|(class, c)| {
            c.bins.iter().map(move |b| {
                let numbers = [b.predicted, b.observed];
                let [p, o] = numbers.map(|v| v.to_string());
                [class.clone(), p, o, b.events.to_string(), b.n.to_string()]
            })
        });
        let header = ["class", "predicted", "observed", "events", "cases"];
        all.push((format!("calibration-{name}"), csv_of(&header, bins)?));
        let mut header = vec!["truth"];
        header.extend(e.classes.iter().map(String::as_str));
        let rows = e.classes.iter().zip(&e.confusion).map(|(class, row)| {
            let cells = row.iter().map(u64::to_string);
            std::iter::once(class.clone())
                .chain(cells)
                .collect::<Vec<_>>()
        });
        all.push((format!("confusion-{name}"), csv_of(&header, rows)?));
        let benefit = e.net_benefit.iter().flat_map(|curve| {
            curve.points.iter().map(move |p| {
                let numbers = [p.threshold, p.model, p.treat_all].map(|v| v.to_string());
                let [t, m, a] = numbers;
                [curve.question.clone(), t, m, a]
            })
        });
        let header = ["decision", "threshold", "model", "treat_all"];
        all.push((format!("net-benefit-{name}"), csv_of(&header, benefit)?));
        let number = |v: Option<f64>| v.map_or_else(String::new, |v| v.to_string());
        let line = |group: String, n: usize, auc: &Estimate| {
            let bound = |k: usize| number(auc.ci95.map(|ci| ci[k]));
            [group, n.to_string(), number(auc.value), bound(0), bound(1)]
        };
        let header = ["group", "cases", "macro_auc", "low", "high"];
        let centres = e.per_centre.iter();
        let centres = centres.map(|(c, v)| line(c.clone(), v.n, &v.auc.macro_average));
        all.push((format!("forest-centres-{name}"), csv_of(&header, centres)?));
        let levels = e
            .subgroups
            .iter()
            .flat_map(|v| v.levels.iter().map(move |l| (v, l)));
        let levels = levels.map(|(v, l)| {
            line(
                format!("{}: {}", v.name, l.level),
                l.n,
                &l.auc.macro_average,
            )
        });
        all.push((format!("forest-subgroups-{name}"), csv_of(&header, levels)?));
    }
    let learning = report.learning.iter().map(|p| p.map(|v| v.to_string()));
    all.push((
        "learning-curve".to_owned(),
        csv_of(&["patients", "macro_auc"], learning)?,
    ));
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
