//! The report on an evaluation.

use crate::page::{facts, list, notice, page, provenance, simulated, table};
use crate::text;
use maud::{Markup, html};
use triher_stats::Evaluation;
use triher_survival::SurvivalSummary;

mod calls;
mod discrimination;
mod places;
mod probabilities;
mod survival;

pub(crate) use calls::{calls, doubts, operating, worth};
pub(crate) use discrimination::discrimination;
pub(crate) use places::{centres, subgroups};
pub(crate) use probabilities::calibration;
pub(crate) use survival::survival;

/// What goes into an evaluation report. Make one with [`EvaluationReport::new`] and fill the rest.
///
/// All text is shown as it is given (escaped): give no names of patients and no original UIDs.
#[derive(Debug, Clone)]
pub struct EvaluationReport<'a> {
    /// Heading, such as "External evaluation".
    pub title: String,
    /// Line under the heading: the cohort, the date.
    pub subtitle: String,
    /// Key facts of the model: name and value.
    pub model: Vec<(String, String)>,
    /// Key facts of the data: name and value.
    pub data: Vec<(String, String)>,
    /// The evaluation that is reported.
    pub evaluation: &'a Evaluation,
    /// Survival by the model's score, where it is known.
    pub survival: Option<&'a SurvivalSummary>,
    /// The same model's cross-validated figures on its training cohort, shown beside.
    pub cross_validated: Option<&'a Evaluation>,
    /// Sentences for the reader, beside those of the evaluation itself.
    pub notes: Vec<String>,
    /// What the evaluation cannot say.
    pub limits: Vec<String>,
    /// Provenance: versions, hashes, seeds, commands.
    pub manifest: Vec<(String, String)>,
    /// Whether the data were simulated: then a banner says so.
    pub simulated: bool,
}

impl<'a> EvaluationReport<'a> {
    /// A report with a heading and an evaluation, everything else empty.
    pub fn new(title: impl Into<String>, evaluation: &'a Evaluation) -> Self {
        Self {
            title: title.into(),
            subtitle: String::new(),
            model: Vec::new(),
            data: Vec::new(),
            evaluation,
            survival: None,
            cross_validated: None,
            notes: Vec::new(),
            limits: Vec::new(),
            manifest: Vec::new(),
            simulated: false,
        }
    }
}

/// The report as one HTML document.
pub fn evaluation_report(report: &EvaluationReport<'_>) -> String {
    let evaluation = report.evaluation;
    let notes: Vec<String> = report
        .notes
        .iter()
        .chain(&evaluation.notes)
        .cloned()
        .collect();
    let body = html! {
        @if report.simulated { (simulated()) }
        (headline(evaluation))
        (notice("calm", "Please note", &notes))
        h2 { "Data" }
        (facts("", &report.data))
        (cohort(evaluation))
        h2 { "Model" }
        @if report.model.is_empty() { p { "No facts about the model were given." } }
        (facts("", &report.model))
        (discrimination(evaluation, report.cross_validated))
        (calibration(evaluation))
        (calls(evaluation))
        (operating(evaluation))
        (worth(evaluation))
        (doubts(evaluation))
        (centres(evaluation))
        (subgroups(evaluation))
        (survival(report.survival))
        h2 { "Limits" }
        @if report.limits.is_empty() { p { "None were stated by the authors of this evaluation." } }
        (list(&report.limits))
        (provenance(&report.manifest))
    };
    page(&report.title, &report.subtitle, &body)
}

pub(crate) fn headline(evaluation: &Evaluation) -> Markup {
    let level = text::level(evaluation.bootstrap.confidence);
    let card = |name: &str, value: Option<f64>, ci| {
        let interval = text::interval(ci, 3);
        html! {
            div {
                span { (name) }
                strong { (text::number(value, 3)) }
                span {
                    @match interval {
                        Some(ci) => { (level) " CI " (ci) }
                        None => { "no interval" }
                    }
                }
            }
        }
    };
    html! {
        div class="headline" {
            (card("Macro AUC", evaluation.auc.macro_average.value, evaluation.auc.macro_average.ci95))
            (card("Micro AUC", evaluation.auc.micro_average.value, evaluation.auc.micro_average.ci95))
            (card("Balanced accuracy", evaluation.balanced_accuracy.value, evaluation.balanced_accuracy.ci95))
            div {
                span { "Cases" }
                strong { (evaluation.n) }
                span { "of " (evaluation.patients) @if evaluation.patients == 1 { " patient" } @else { " patients" } }
            }
        }
    }
}

pub(crate) fn cohort(evaluation: &Evaluation) -> Markup {
    let rows: Vec<Vec<String>> = evaluation
        .classes
        .iter()
        .map(|class| {
            vec![
                class.clone(),
                evaluation
                    .counts
                    .get(class)
                    .map_or_else(String::new, u64::to_string),
                evaluation
                    .prevalence
                    .get(class)
                    .map_or_else(String::new, |p| text::percent(*p, 1)),
            ]
        })
        .collect();
    table(
        "Cases of every true class.",
        &["Class", "Cases", "Share"],
        &rows,
    )
}
