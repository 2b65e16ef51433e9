//! The report on a whole study, in the order of a paper.

use crate::checklist::{Checklist, FilledItem, section};
use crate::cohort_table::{CohortTable, cohort_table};
use crate::evaluation::{
    calibration, calls, centres, cohort, discrimination, doubts, headline, worth,
};
use crate::figure::{self as figures, FlowCohort, ScatterPanel};
use crate::page::{facts, figure, list, notice, page, provenance, simulated, table};
use crate::training::LearningFigure;
use crate::{Colouring, ExplanationReport, text};
use maud::{Markup, html};
use triher_stats::{Estimate, Evaluation};

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

/// An external cohort of the study.
#[derive(Debug, Clone)]
pub struct ExternalCohort<'a> {
    /// Its name.
    pub name: String,
    /// File of its own report, beside this page.
    pub file: String,
    /// Its figures.
    pub evaluation: &'a Evaluation,
    /// The features that drifted most: name, standardised difference, Kolmogorov-Smirnov distance, stability index.
    pub drift: Vec<[String; 4]>,
    /// Prediction sets: group, rows, how many hold the true class, mean number of classes, empty ones.
    pub prediction_sets: Vec<[String; 5]>,
}

/// What goes into a study's report.
#[derive(Debug, Default)]
pub struct StudyReport<'a> {
    /// Heading.
    pub title: String,
    /// Whether the data were simulated.
    pub simulated: bool,
    /// What the reader must know first.
    pub warnings: Vec<String>,
    /// Further sentences.
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
    /// Macro AUC by training patients.
    pub learning: Vec<[f64; 2]>,
    /// p-value and number of permutations.
    pub permutation: Option<(f64, usize)>,
    /// Other classifiers.
    pub compared: Vec<ComparedClassifier>,
    /// External cohorts.
    pub external: Vec<ExternalCohort<'a>>,
    /// What moves the model.
    pub explanation: Option<ExplanationReport>,
    /// Maps of the training cohort and how they are coloured.
    pub maps: Option<(Vec<ScatterPanel>, Vec<Colouring>)>,
    /// Guidelines with their answers.
    pub checklists: Vec<(Checklist, Vec<FilledItem>)>,
    /// Provenance.
    pub manifest: Vec<(String, String)>,
}

/// The report as one HTML document.
pub fn study_report(report: &StudyReport<'_>) -> String {
    let body = html! {
        @if report.simulated { (simulated()) }
        (notice("warning", "Warnings", &report.warnings))
        (notice("calm", "Please note", &report.notes))
        h2 { "Patients" }
        (figure(&figures::flow(&report.flow), "From what was found to what was used."))
        @for table in &report.cohort_tables { (cohort_table(table)) }
        (facts("", &report.data))
        h2 { "Model" }
        (facts("", &report.model))
        (internal(report))
        (external(report))
        (explanation(report))
        (maps(report))
        @for (checklist, items) in &report.checklists { (section(checklist, items)) }
        (provenance(&report.manifest))
    };
    page(&report.title, "Study report", &body)
}

/// Macro AUC by the number of training patients, as a figure.
pub fn patients_curve(points: &[[f64; 2]]) -> String {
    let line = crate::training::LearningLine {
        name: "out of fold".to_owned(),
        points: points.to_vec(),
    };
    figures::learning_curve(&LearningFigure {
        title: "Learning curve".to_owned(),
        x_name: "Training patients".to_owned(),
        y_name: "Macro AUC".to_owned(),
        lines: vec![line],
        chosen: None,
        from_zero: false,
        caption:
            "Macro AUC of the same folds, learnt from growing shares of their training patients."
                .to_owned(),
    })
}

fn internal(report: &StudyReport<'_>) -> Markup {
    html! {
        h2 { "Validation within the training cohorts" }
        @match report.internal {
            None => p { "No cross-validation was possible." },
            Some(evaluation) => {
                p { "Out-of-fold predictions: every patient was predicted by a model that had not seen them; selection, tuning and \
                     calibration were fitted anew within each training fold." }
                (headline(evaluation))
                (of_figures(evaluation))
                @if let Some((estimate, parts)) = &report.over_folds {
                    p { "Mean macro AUC over the " (parts) " held-out folds: " (text::estimate(estimate)) ", the interval corrected for \
                         training rows that folds share (Nadeau and Bengio 2003). The bootstrap intervals below hold the models fixed and are \
                         too narrow where there is little to learn." }
                }
                (cohort(evaluation))
                (discrimination(evaluation, None))
                (calibration(evaluation))
                (calls(evaluation))
                (prediction_sets(&report.prediction_sets))
                (worth(evaluation))
                (doubts(evaluation))
                (centres(evaluation))
            }
        }
        @if let Some((evaluation, problems)) = &report.left_out {
            h2 { "Each centre by a model of the others" }
            (headline(evaluation))
            (of_figures(evaluation))
            (centres(evaluation))
            (list(&problems.iter().map(|(c, why)| format!("{c} could not be left out: {why}")).collect::<Vec<_>>()))
        }
        @if report.learning.len() > 1 {
            h2 { "Learning curve" }
            (figure(&patients_curve(&report.learning), "Where the curve still rises at its end, more patients would help."))
        }
        @if let Some((p, count)) = report.permutation {
            h2 { "Permutation test" }
            p { "The whole pipeline on permuted labels reached the observed macro AUC with p = " (text::number(Some(p), 3))
                " (" (count) " permutations within centres)." }
        }
        (compared(report))
    }
}

/// What the figures themselves have to say: classes with few patients, intervals that could not be made.
fn of_figures(evaluation: &Evaluation) -> Markup {
    notice("calm", "On these figures", &evaluation.notes)
}

fn prediction_sets(rows: &[[String; 5]]) -> Markup {
    html! {
        @if !rows.is_empty() {
            (table("Prediction sets: how often they hold the true class. What they promise holds for patients like those of training; by class where the sets \
                were made within classes, and for no single centre.",
                &["Group", "Sets", "Hold the true class", "Classes in a set", "Empty sets"],
                &rows.iter().map(|row| row.to_vec()).collect::<Vec<_>>()))
        }
    }
}

fn compared(report: &StudyReport<'_>) -> Markup {
    let rows: Vec<Vec<String>> = (report.compared.iter())
        .map(|c| match &c.problem {
            Some(problem) => vec![
                c.name.clone(),
                format!("failed: {problem}"),
                String::new(),
                String::new(),
            ],
            None => vec![
                c.name.clone(),
                text::estimate(&c.macro_auc),
                text::estimate(&c.difference),
                match c.p_value {
                    Some(p) if p < 0.001 => "< 0.001".to_owned(),
                    p => text::number(p, 3),
                },
            ],
        })
        .collect();
    html! {
        @if !rows.is_empty() {
            h2 { "Other classifiers" }
            (table("On the same folds. The difference is that of the study's model minus the other, over patients drawn together for both; \
                p is corrected for the number of classifiers after Holm.",
                &["Classifier", "Macro AUC", "Difference", "p"], &rows))
        }
    }
}

fn external(report: &StudyReport<'_>) -> Markup {
    html! {
        @for cohort in &report.external {
            h2 { "External cohort " (cohort.name) }
            p { "All figures are in " a href=(cohort.file) { (cohort.file) } "." }
            (headline(cohort.evaluation))
            (of_figures(cohort.evaluation))
            (discrimination(cohort.evaluation, report.internal))
            (prediction_sets(&cohort.prediction_sets))
            @if !cohort.drift.is_empty() {
                (table("The features of the model that differ most from the training cohort. A standardised difference above 0.1 is usually \
                    looked at; a stability index above 0.25 is called a large shift.",
                    &["Feature", "Standardised difference", "Kolmogorov-Smirnov distance", "Stability index"],
                    &cohort.drift.iter().map(|row| row.to_vec()).collect::<Vec<_>>()))
            }
        }
        @if report.external.is_empty() {
            h2 { "External cohorts" }
            p { "The study names none: nothing is known of how the model does elsewhere." }
        }
    }
}

fn explanation(report: &StudyReport<'_>) -> Markup {
    let Some(explanation) = &report.explanation else {
        return html! {};
    };
    let rows: Vec<(String, Vec<f64>)> = (explanation.features.iter())
        .map(|f| (f.name.clone(), f.mean_size.clone()))
        .collect();
    html! {
        h2 { "What moves the model" }
        (facts("", &explanation.facts))
        @if rows.is_empty() { p { "No feature moves it." } } @else {
            (figure(&figures::effect_bars(&explanation.classes, &rows, &explanation.unit),
                "Mean size of each feature's Shapley value, stacked over the classes."))
            @for (class, name) in explanation.classes.iter().enumerate() {
                (figure(&figures::beeswarm(name, class, &explanation.features, &explanation.unit),
                    &format!("What each feature adds to {name}, a point a training patient.")))
            }
        }
    }
}

fn maps(report: &StudyReport<'_>) -> Markup {
    let Some((panels, colourings)) = &report.maps else {
        return html! {};
    };
    html! {
        h2 { "Maps of the training cohorts" }
        @for c in colourings {
            (figure(&figures::scatter(&c.by, panels, &c.groups, &c.names), "In t-SNE and UMAP the distance between groups means little."))
        }
    }
}
