//! The report on a whole study, in the order of a paper.

use crate::abbreviations::with_abbreviations;
use crate::catalogue::{Catalogue, Language};
use crate::checklist::{Checklist, FilledItem, section};
use crate::cohort_table::{CohortTable, cohort_table};
use crate::evaluation::{
    calibration, calls, centres, cohort, discrimination, doubts, headline, one_class,
    prediction_sets, subgroups, survival, worth,
};
use crate::explanation::contributions;
use crate::figure::{self as figures, FlowCohort, ScatterPanel};
use crate::page::{facts, figure, list, notice, page, please_note, provenance, simulated, table};
use crate::said::said_notes;
use crate::training::LearningFigure;
use crate::{Colouring, ExplanationReport};
use maud::{Markup, html};
use triher_stats::{Estimate, Evaluation};
use triher_survival::SurvivalSummary;

/// Another classifier on the same folds.
#[derive(Debug, Clone, PartialEq)]
pub struct ComparedClassifier {
    /// Its name.
    pub name: String,
    /// Its macro AUC; empty when it failed.
    pub macro_auc: Estimate,
    /// Macro AUC of the study's model minus its, from the same patients drawn for both.
    pub difference: Estimate,
    /// p-value of the difference, corrected after Holm.
    pub p_value: Option<f64>,
    /// Why it failed.
    pub problem: Option<String>,
}

/// The whole pipeline on labels that mean nothing.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PermutedLabels {
    /// p-value of the observed macro AUC.
    pub p_value: f64,
    /// Permutations that gave one.
    pub permutations: usize,
    /// Whether labels moved between the patients of one centre only.
    pub within_centres: bool,
}

/// An external cohort of the study.
#[derive(Debug, Clone)]
pub struct ExternalCohort<'a> {
    /// Its name.
    pub name: String,
    /// File of its own report, beside this page.
    pub file: String,
    /// Its figures.
    pub evaluation: &'a Evaluation,
    /// Survival by its score, where it is known.
    pub survival: Option<&'a SurvivalSummary>,
    /// The features that drifted most: name, standardised difference, Kolmogorov-Smirnov distance, stability index.
    pub drift: Vec<[String; 4]>,
    /// Prediction sets: group, rows, how many hold the true class, mean number of classes, empty ones.
    pub prediction_sets: Vec<[String; 5]>,
}

/// What goes into a study's report.
#[derive(Debug, Default)]
pub struct StudyReport<'a> {
    /// Language of the report.
    pub language: Language,
    /// Heading.
    pub title: String,
    /// Whether the data were simulated.
    pub simulated: bool,
    /// What the reader must know first.
    pub warnings: Vec<String>,
    /// Further sentences; those of the numeric crates are translated where the catalogue knows them.
    pub notes: Vec<String>,
    /// Flow of patients.
    pub flow: Vec<FlowCohort>,
    /// Who the patients are, by class and by centre.
    pub cohort_tables: Vec<CohortTable>,
    /// Facts of the data: name and value.
    pub data: Vec<(String, String)>,
    /// Facts of the model.
    pub model: Vec<(String, String)>,
    /// Cross-validated figures.
    pub internal: Option<&'a Evaluation>,
    /// Macro AUC over the folds with its corrected interval, and the number of folds.
    pub over_folds: Option<(Estimate, usize)>,
    /// Figures of centres left out, and centres that could not be.
    pub left_out: Option<(&'a Evaluation, Vec<(String, String)>)>,
    /// Out-of-fold prediction sets, as for [`ExternalCohort::prediction_sets`].
    pub prediction_sets: Vec<[String; 5]>,
    /// Survival by the out-of-fold score, where it is known.
    pub survival: Option<&'a SurvivalSummary>,
    /// Macro AUC by training patients.
    pub learning: Vec<[f64; 2]>,
    /// The permutation test.
    pub permutation: Option<PermutedLabels>,
    /// Other classifiers.
    pub compared: Vec<ComparedClassifier>,
    /// External cohorts.
    pub external: Vec<ExternalCohort<'a>>,
    /// What moves the model.
    pub explanation: Option<ExplanationReport>,
    /// Why there is no explanation, in the report's language.
    pub no_explanation: String,
    /// Maps of the training cohort and how they are coloured.
    pub maps: Option<(Vec<ScatterPanel>, Vec<Colouring>)>,
    /// Guidelines with their answers.
    pub checklists: Vec<(Checklist, Vec<FilledItem>)>,
    /// Provenance.
    pub manifest: Vec<(String, String)>,
}

/// The report as one HTML document.
pub fn study_report(report: &StudyReport<'_>) -> String {
    let words = &Catalogue::new(report.language);
    let warnings = said_notes(&report.warnings, words);
    let body = html! {
        @if report.simulated { (simulated(words)) }
        (notice("warning", &words.text("warnings-heading"), &warnings))
        (please_note(&said_notes(&report.notes, words), words))
        h2 { (words.text("study-patients")) }
        (figure(&figures::flow(&report.flow, words), &words.text("study-flow")))
        @for table in &report.cohort_tables { (cohort_table(table, words)) }
        (facts("", &report.data))
        h2 { (words.text("evaluation-model")) }
        (facts("", &report.model))
        (internal(report, words))
        (external(report, words))
        (explanation(report, words))
        (maps(report, words))
        @for (checklist, items) in &report.checklists { (section(checklist, items, words)) }
        (provenance(&report.manifest, words))
    };
    let body = with_abbreviations(&body, words);
    page(words, &report.title, &words.text("study-subtitle"), &body)
}

/// Macro AUC by the number of training patients, as a figure.
pub fn patients_curve(points: &[[f64; 2]], words: &Catalogue) -> String {
    let line = crate::training::LearningLine {
        name: words.text("study-learning-line"),
        points: points.to_vec(),
    };
    let figure = LearningFigure {
        title: words.text("study-learning"),
        x_name: words.text("study-learning-patients"),
        y_name: words.text("macro-auc"),
        lines: vec![line],
        chosen: None,
        from_zero: false,
        caption: words.text("study-learning-caption"),
    };
    figures::learning_curve(&figure, words)
}

fn internal(report: &StudyReport<'_>, words: &Catalogue) -> Markup {
    html! {
        h2 { (words.text("study-internal")) }
        @match report.internal {
            None => p { (words.text("study-internal-none")) },
            Some(evaluation) => {
                p { (words.text("study-internal-text")) }
                (one_class(evaluation, words))
                (headline(evaluation, words))
                (of_figures(evaluation, words))
                @if let Some((estimate, parts)) = &report.over_folds {
                    p { (words.with("study-over-folds",
                        &[("folds", &parts.to_string()), ("auc", &words.estimate(estimate))])) }
                }
                (cohort(evaluation, words))
                (discrimination(evaluation, None, words))
                (calibration(evaluation, words))
                (calls(evaluation, words))
                (prediction_sets(&report.prediction_sets, words))
                (worth(evaluation, words))
                (doubts(evaluation, words))
                (centres(evaluation, words))
                (subgroups(evaluation, words))
                (survival(report.survival, words))
            }
        }
        (left_out(report, words))
        @if report.learning.len() > 1 {
            h2 { (words.text("study-learning")) }
            (figure(&patients_curve(&report.learning, words), &words.text("study-learning-text")))
        }
        @if let Some(test) = report.permutation {
            h2 { (words.text("study-permutation")) }
            p { (permutation(test, words)) }
        }
        (compared(report, words))
    }
}

fn permutation(test: PermutedLabels, words: &Catalogue) -> String {
    let key = match test.within_centres {
        true => "study-permutation-centres",
        false => "study-permutation-text",
    };
    let p = words.number(Some(test.p_value), 3);
    words.with(key, &[("p", &p), ("count", &test.permutations.to_string())])
}

/// What the figures themselves have to say: classes with few patients, intervals that could not be made.
fn of_figures(evaluation: &Evaluation, words: &Catalogue) -> Markup {
    let notes = said_notes(&evaluation.notes, words);
    notice("calm", &words.text("study-of-figures"), &notes)
}

fn left_out(report: &StudyReport<'_>, words: &Catalogue) -> Markup {
    let Some((evaluation, problems)) = &report.left_out else {
        return html! {};
    };
    let problem = |(centre, why): &(String, String)| {
        let why = words.said(why);
        words.with("study-not-left-out", &[("centre", centre), ("why", &why)])
    };
    html! {
        h2 { (words.text("study-left-out")) }
        (headline(evaluation, words))
        (of_figures(evaluation, words))
        (centres(evaluation, words))
        (list(&problems.iter().map(problem).collect::<Vec<_>>()))
    }
}

fn compared(report: &StudyReport<'_>, words: &Catalogue) -> Markup {
    let row = |c: &ComparedClassifier| match &c.problem {
        Some(problem) => vec![
            words.said(&c.name),
            words.with("study-failed", &[("why", &words.said(problem))]),
            String::new(),
            String::new(),
        ],
        None => vec![
            words.said(&c.name),
            words.estimate(&c.macro_auc),
            words.estimate(&c.difference),
            words.p_value(c.p_value),
        ],
    };
    let rows: Vec<Vec<String>> = report.compared.iter().map(row).collect();
    let mut header = words.header(&["study-classifier", "macro-auc", "study-difference"]);
    header.push("p".to_owned());
    html! {
        @if !rows.is_empty() {
            h2 { (words.text("study-compared")) }
            (table(&words.text("study-compared-text"), &header, &rows))
        }
    }
}

fn external(report: &StudyReport<'_>, words: &Catalogue) -> Markup {
    let drift = words.header(&[
        "study-feature",
        "study-standardised",
        "study-ks",
        "study-stability-index",
    ]);
    let all = words.text("study-external-file");
    let (before, after) = all.split_once("{$file}").unwrap_or((&all, ""));
    html! {
        @for cohort in &report.external {
            h2 { (words.with("study-external", &[("name", &cohort.name)])) }
            p { (before) a href=(cohort.file) { (cohort.file) } (after) }
            (one_class(cohort.evaluation, words))
            (headline(cohort.evaluation, words))
            (of_figures(cohort.evaluation, words))
            (discrimination(cohort.evaluation, report.internal, words))
            (calibration(cohort.evaluation, words))
            (calls(cohort.evaluation, words))
            (prediction_sets(&cohort.prediction_sets, words))
            (worth(cohort.evaluation, words))
            @if cohort.evaluation.per_centre.len() > 1 { (centres(cohort.evaluation, words)) }
            (subgroups(cohort.evaluation, words))
            (survival(cohort.survival, words))
            @if !cohort.drift.is_empty() {
                (table(&words.text("study-drift"), &drift,
                    &cohort.drift.iter().map(|row| row.to_vec()).collect::<Vec<_>>()))
            }
        }
        @if report.external.is_empty() {
            h2 { (words.text("study-external-heading")) }
            p { (words.text("study-external-none")) }
        }
    }
}

fn explanation(report: &StudyReport<'_>, words: &Catalogue) -> Markup {
    let Some(explanation) = &report.explanation else {
        return html! {
            @if !report.no_explanation.is_empty() {
                h2 { (words.text("explain-title")) }
                p { (report.no_explanation) }
            }
        };
    };
    html! {
        h2 { (words.text("explain-title")) }
        (contributions(explanation, words))
    }
}

fn maps(report: &StudyReport<'_>, words: &Catalogue) -> Markup {
    let Some((panels, colourings)) = &report.maps else {
        return html! {};
    };
    html! {
        h2 { (words.text("study-maps")) }
        @for c in colourings {
            (figure(&figures::scatter(c, panels, words), &words.text("study-maps-text")))
        }
    }
}
