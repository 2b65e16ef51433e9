//! The report on what moves a model.

use crate::catalogue::{Catalogue, Language};
use crate::page::{facts, figure, list, notice, page, provenance, table};
use crate::{figure as figures, text};
use maud::{Markup, html};

/// What one feature adds, over rows.
#[derive(Debug, Clone, PartialEq)]
pub struct FeatureEffect {
    /// Name of the feature.
    pub name: String,
    /// Mean size of its contribution to each class.
    pub mean_size: Vec<f64>,
    /// For each class, the contribution in every row.
    pub contributions: Vec<Vec<f64>>,
    /// Where the row's value lies among all rows, 0 (smallest) to 1; `None` where it is missing.
    pub value_rank: Vec<Option<f64>>,
}

/// What one patient's features add to the class that is explained.
#[derive(Debug, Clone, PartialEq)]
pub struct PatientEffect {
    /// Pseudonym.
    pub patient: String,
    /// The class.
    pub class: String,
    /// Score when nothing is known.
    pub base: f64,
    /// Score of the patient.
    pub score: f64,
    /// Features with their contribution, largest first; the rest is summed up in the figure.
    pub contributions: Vec<(String, f64)>,
    /// Cases alike: identifier, class, distance.
    pub similar: Vec<(String, String, f64)>,
}

/// What goes into an explanation report.
#[derive(Debug, Clone, Default)]
pub struct ExplanationReport {
    /// Heading.
    pub title: String,
    /// Line under the heading.
    pub subtitle: String,
    /// Classes in their order.
    pub classes: Vec<String>,
    /// What contributions are measured in: `"log-odds"`.
    pub unit: String,
    /// How they were found, in words.
    pub method: String,
    /// The features with the largest contributions, largest first.
    pub features: Vec<FeatureEffect>,
    /// Mean size of what each block of features adds to each class.
    pub blocks: Vec<(String, Vec<f64>)>,
    /// Patients that are shown one by one.
    pub patients: Vec<PatientEffect>,
    /// How stable it is over folds, and other facts: name and value.
    pub facts: Vec<(String, String)>,
    /// What the reader must know.
    pub notes: Vec<String>,
    /// Provenance.
    pub manifest: Vec<(String, String)>,
}

/// The report as one HTML document.
pub fn explanation_report(report: &ExplanationReport) -> String {
    let body = html! {
        (notice("calm", "Please note", &report.notes))
        (facts("", &report.facts))
        @if report.features.is_empty() {
            p { "No feature moves this model: it says the same of every patient." }
        } @else {
            (features(report))
        }
        @for patient in &report.patients { (one(report, patient)) }
        h2 { "What this cannot say" }
        (list(&[
            "A contribution says what moved this model, not what causes a tumour to be of a class.".to_owned(),
            "Features that rise and fall together share their contributions in a way that another model of the same quality may share differently.".to_owned(),
            "The values speak of the classifier before its calibration, which changes how sure it is and not why.".to_owned(),
        ]))
        (provenance(&report.manifest, &Catalogue::new(Language::English)))
    };
    page(&report.title, &report.subtitle, &body)
}

fn features(report: &ExplanationReport) -> Markup {
    let mut header = vec!["Feature"];
    header.extend(report.classes.iter().map(String::as_str));
    let rows: Vec<Vec<String>> = (report.features.iter())
        .map(|f| {
            let sizes = f.mean_size.iter().map(|s| text::number(Some(*s), 3));
            std::iter::once(f.name.clone()).chain(sizes).collect()
        })
        .collect();
    html! {
        h2 { "Features" }
        (figure(&figures::effect_bars(&report.classes, &bars(report), &report.unit),
            "Mean size of each feature's contribution, stacked over the classes."))
        @for (class, name) in report.classes.iter().enumerate() {
            (figure(&figures::beeswarm(name, class, &report.features, &report.unit), &format!(
                "What each feature adds to {name}, a point a patient: right of the line it speaks for {name}, left of it against. \
                 Colour says whether the patient's value is small or large among all.")))
        }
        (table(&format!("Mean size of the contributions ({}), the largest first.", report.unit), &header, &rows))
        @if report.blocks.len() > 1 {
            h2 { "Blocks of features" }
            (figure(&figures::effect_bars(&report.classes, &report.blocks, &report.unit),
                "Mean size of what all features of a block add together, with their signs, stacked over the classes."))
        }
    }
}

fn bars(report: &ExplanationReport) -> Vec<(String, Vec<f64>)> {
    let all = report.features.iter();
    all.map(|f| (f.name.clone(), f.mean_size.clone())).collect()
}

fn one(report: &ExplanationReport, patient: &PatientEffect) -> Markup {
    let rows: Vec<Vec<String>> = (patient.similar.iter())
        .map(|(id, class, distance)| {
            vec![id.clone(), class.clone(), text::number(Some(*distance), 2)]
        })
        .collect();
    html! {
        h2 { "Patient " (patient.patient) }
        (figure(&figures::waterfall(patient, &report.unit), &format!(
            "From what the model says when it knows nothing (bottom) to what it says of this patient (top), {}.",
            patient.class)))
        @if !rows.is_empty() {
            (table("The cases nearest to this patient in the features that the model uses. The distance is in standard deviations, \
                averaged over the features.", &["Case", "Class", "Distance"], &rows))
        }
    }
}
