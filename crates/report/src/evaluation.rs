//! The report on an evaluation.

use crate::abbreviations::with_abbreviations;
use crate::catalogue::{Catalogue, Language};
use crate::page::{facts, list, notice, page, please_note, provenance, simulated, table};
use crate::said::said_notes;
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
/// All text is shown as it is given (escaped) and should be in the report's language; notes of the numeric crates are translated where the
/// catalogue knows them. Give no names of patients and no original UIDs.
#[derive(Debug, Clone)]
pub struct EvaluationReport<'a> {
    /// Language of the report.
    pub language: Language,
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
    /// How often prediction sets hold the true class: group, rows, how many hold it, mean number of classes, empty ones.
    pub prediction_sets: Vec<[String; 5]>,
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
            language: Language::English,
            title: title.into(),
            subtitle: String::new(),
            model: Vec::new(),
            data: Vec::new(),
            evaluation,
            prediction_sets: Vec::new(),
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
    let words = &Catalogue::new(report.language);
    let evaluation = report.evaluation;
    let notes = report.notes.iter().chain(&evaluation.notes);
    let notes = said_notes(notes, words);
    let body = html! {
        @if report.simulated { (simulated(words)) }
        (one_class(evaluation, words))
        (headline(evaluation, words))
        (please_note(&notes, words))
        h2 { (words.text("evaluation-data")) }
        (facts("", &report.data))
        (cohort(evaluation, words))
        h2 { (words.text("evaluation-model")) }
        @if report.model.is_empty() { p { (words.text("evaluation-no-model")) } }
        (facts("", &report.model))
        (discrimination(evaluation, report.cross_validated, words))
        (calibration(evaluation, words))
        (calls(evaluation, words))
        (prediction_sets(&report.prediction_sets, words))
        (operating(evaluation, words))
        (worth(evaluation, words))
        (doubts(evaluation, words))
        (centres(evaluation, words))
        (subgroups(evaluation, words))
        (survival(report.survival, words))
        h2 { (words.text("evaluation-limits")) }
        @if report.limits.is_empty() { p { (words.text("evaluation-no-limits")) } }
        (list(&report.limits))
        (provenance(&report.manifest, words))
    };
    let body = with_abbreviations(&body, words);
    page(words, &report.title, &report.subtitle, &body)
}

/// What an evaluation cannot tell because one class alone was called or is there; nothing otherwise.
pub(crate) fn one_class(evaluation: &Evaluation, words: &Catalogue) -> Markup {
    let classes = &evaluation.classes;
    let called = |k: usize| evaluation.confusion.iter().any(|row| row.get(k) > Some(&0));
    let there = |k: usize| {
        evaluation
            .confusion
            .get(k)
            .is_some_and(|row| row.iter().any(|n| *n > 0))
    };
    let only = |of: &dyn Fn(usize) -> bool| {
        let mut found = (0..classes.len()).filter(|&k| of(k));
        found.next().filter(|_| found.next().is_none())
    };
    let mut sentences = Vec::new();
    for (key, class) in [
        ("one-class-present", only(&there)),
        ("one-class-called", only(&called)),
    ] {
        if let Some(class) = class.and_then(|k| classes.get(k)) {
            sentences.push(words.with(key, &[("class", &words.short_class(class))]));
        }
    }
    notice("warning", &words.text("warnings-heading"), &sentences)
}

pub(crate) fn headline(evaluation: &Evaluation, words: &Catalogue) -> Markup {
    let level = words.level(evaluation.bootstrap.confidence);
    let card = |key: &str, value: Option<f64>, ci| {
        let interval = match words.interval(ci, 3) {
            Some(ci) => words.with("level-interval", &[("level", &level), ("interval", &ci)]),
            None => words.text("no-interval"),
        };
        html! {
            div { span { (words.text(key)) } strong { (words.number(value, 3)) } span { (interval) } }
        }
    };
    let patients = match evaluation.patients {
        1 => words.text("of-one-patient"),
        count => words.with("of-patients", &[("count", &count.to_string())]),
    };
    let (auc, balanced) = (&evaluation.auc, &evaluation.balanced_accuracy);
    html! {
        div class="headline" {
            (card("macro-auc", auc.macro_average.value, auc.macro_average.ci95))
            (card("micro-auc", auc.micro_average.value, auc.micro_average.ci95))
            (card("balanced-accuracy", balanced.value, balanced.ci95))
            div { span { (words.text("cases")) } strong { (evaluation.n) } span { (patients) } }
        }
    }
}

pub(crate) fn cohort(evaluation: &Evaluation, words: &Catalogue) -> Markup {
    let row = |class: &String| {
        let count = evaluation.counts.get(class);
        let share = evaluation.prevalence.get(class);
        vec![
            words.short_class(class),
            count.map_or_else(String::new, u64::to_string),
            share.map_or_else(String::new, |p| words.percent(*p, 1)),
        ]
    };
    let rows: Vec<Vec<String>> = evaluation.classes.iter().map(row).collect();
    let caption = words.text("evaluation-cases-caption");
    table(&caption, &words.header(&["class", "cases", "share"]), &rows)
}

/// How often prediction sets hold the true class; nothing where the model makes none.
pub(crate) fn prediction_sets(rows: &[[String; 5]], words: &Catalogue) -> Markup {
    let header = words.header(&[
        "study-sets-group",
        "study-sets-count",
        "study-sets-hold",
        "study-sets-size",
        "study-sets-empty",
    ]);
    html! {
        @if !rows.is_empty() {
            (table(&words.text("study-sets"), &header,
                &rows.iter().map(|row| row.to_vec()).collect::<Vec<_>>()))
        }
    }
}
