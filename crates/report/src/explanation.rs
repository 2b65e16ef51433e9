//! The report on what moves a model.

use crate::catalogue::{Catalogue, Language};
use crate::page::{facts, figure, list, notice, page, provenance, table};
use crate::picture::png_uri;
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

/// A row whose contributions are shown.
#[derive(Debug, Clone, PartialEq)]
pub struct ExplainedRow {
    /// Pseudonym.
    pub id: String,
    /// Its class in the table.
    pub class: usize,
    /// Score of each class.
    pub scores: Vec<f64>,
}

/// A training case that is alike.
#[derive(Debug, Clone, PartialEq)]
pub struct AlikeCase {
    /// Pseudonym.
    pub id: String,
    /// Its class.
    pub class: String,
    /// Distance in standard deviations, averaged over the features.
    pub distance: f64,
    /// Its picture, as a PNG file.
    pub picture: Option<Vec<u8>>,
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
    /// Cases alike, nearest first.
    pub similar: Vec<AlikeCase>,
    /// The patient's own picture, as a PNG file.
    pub picture: Option<Vec<u8>>,
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
    /// Score of each class when nothing is known.
    pub base: Vec<f64>,
    /// The rows that contributions are of, in their order.
    pub rows: Vec<ExplainedRow>,
    /// The features with the largest contributions, largest first.
    pub features: Vec<FeatureEffect>,
    /// Leading features with the mean size of their contributions in each fold of a cross-validation, largest first; empty when no fold was asked.
    pub folds: Vec<(String, Vec<f64>)>,
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

impl ExplanationReport {
    /// The steps of a decision plot from its bottom to its top: what is not shown by itself, then the features from the smallest to the
    /// largest of those shown.
    pub fn decision_steps(&self) -> Vec<String> {
        let named = self.features.iter().take(figures::SHOWN).rev();
        let others = std::iter::once("all other features".to_owned());
        others.chain(named.map(|f| f.name.clone())).collect()
    }

    /// The score of a class after each step, the base first and the row's score last.
    pub fn decision_path(&self, class: usize, row: usize) -> Vec<f64> {
        let base = self.base.get(class).copied().unwrap_or(f64::NAN);
        let scores = self.rows.get(row).map(|r| r.scores.as_slice());
        let score = (scores.and_then(|s| s.get(class)).copied()).unwrap_or(f64::NAN);
        let of = |f: &FeatureEffect| {
            let all = f.contributions.get(class).map(Vec::as_slice);
            all.and_then(|c| c.get(row)).copied().unwrap_or(0.0)
        };
        let named = || self.features.iter().take(figures::SHOWN).rev();
        let others = score - base - named().map(of).sum::<f64>();
        let mut path = vec![base, base + others];
        let mut at = base + others;
        for feature in named() {
            at += of(feature);
            path.push(at);
        }
        path
    }
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
        h2 { "How scores come about" }
        @for (class, name) in report.classes.iter().enumerate() {
            (figure(&figures::decision(report, class), &format!(
                "Each line is a patient, coloured by the class in the table: from what the model says of {name} when it knows nothing (bottom), feature \
                 after feature, to the patient's score (top). Patients that are shown one by one below are drawn in black and numbered.")))
        }
        @if !report.folds.is_empty() {
            h2 { "Would another part of the cohort have named the same features?" }
            (figure(&figures::effect_folds(&report.folds, &report.unit),
                "The model was fitted anew in each fold and its held-out patients were explained: a point is the mean size of the feature's \
                 contributions in one fold, summed over the classes, the line runs from the smallest to the largest."))
        }
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
        .map(|case| {
            vec![
                case.id.clone(),
                case.class.clone(),
                text::number(Some(case.distance), 2),
            ]
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
            (crops(patient))
        }
    }
}

/// The pictures of a patient and of the cases alike, side by side.
fn crops(patient: &PatientEffect) -> Markup {
    let shown = |caption: String, picture: &Option<Vec<u8>>| {
        html! {
            figure {
                @match picture {
                    Some(png) => img src=(png_uri(png)) alt=(format!("Lesion of {caption}"));,
                    None => p { "no picture" },
                }
                figcaption { (caption) }
            }
        }
    };
    html! {
        @if patient.picture.is_some() || patient.similar.iter().any(|case| case.picture.is_some()) {
            div class="pictures small" {
                (shown("this patient".to_owned(), &patient.picture))
                @for case in &patient.similar { (shown(format!("{}, {}", case.id, case.class), &case.picture)) }
            }
            p {
                "The slice on which each lesion is largest: the first phase after contrast on the left, less the phase before on the right. Head up, \
                 the patient's left on the right; 48 mm wide, or as much as a larger lesion needs. Each picture has its own grey scale."
            }
        }
    }
}
