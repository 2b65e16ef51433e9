//! The report on what moves a model.

use crate::abbreviations::with_abbreviations;
use crate::catalogue::Catalogue;
use crate::figure as figures;
use crate::page::{facts, figure, list, page, please_note, provenance, table};
use crate::picture::png_uri;
use crate::said::said_notes;
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

impl FeatureEffect {
    /// The contributions to one class, a number a row.
    pub(crate) fn of_class(&self, class: usize) -> &[f64] {
        self.contributions.get(class).map_or(&[], Vec::as_slice)
    }
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

/// What goes into an explanation report. Its sentences are those of the numeric crates, in English; the page says them in its own language.
#[derive(Debug, Clone, Default)]
pub struct ExplanationReport {
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
    /// The features with the mean size of their contribution to each class, as bars show them.
    pub fn sizes(&self) -> Vec<(String, Vec<f64>)> {
        let all = self.features.iter();
        all.map(|f| (f.name.clone(), f.mean_size.clone())).collect()
    }

    /// The steps of a decision plot from its bottom to its top: all that is not shown by itself, named by the caller, then the features from
    /// the smallest to the largest of those shown.
    pub fn decision_steps(&self, others: String) -> Vec<String> {
        let named = self.features.iter().take(figures::SHOWN).rev();
        let named = named.map(|f| f.name.clone());
        std::iter::once(others).chain(named).collect()
    }

    /// The score of a class after each step, the base first and the row's score last.
    pub fn decision_path(&self, class: usize, row: usize) -> Vec<f64> {
        let base = self.base.get(class).copied().unwrap_or(f64::NAN);
        let scores = self.rows.get(row).map(|r| r.scores.as_slice());
        let score = (scores.and_then(|s| s.get(class)).copied()).unwrap_or(f64::NAN);
        let of = |f: &FeatureEffect| f.of_class(class).get(row).copied().unwrap_or(0.0);
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
pub fn explanation_report(report: &ExplanationReport, words: &Catalogue) -> String {
    let limits = [
        "explain-limit-cause",
        "explain-limit-shared",
        "explain-limit-calibration",
    ];
    let body = html! {
        (please_note(&said_notes(&report.notes, words), words))
        (contributions(report, words))
        @if !report.features.is_empty() { (sizes(report, words)) }
        @for patient in &report.patients { (one(report, patient, words)) }
        h2 { (words.text("explain-limits")) }
        (list(&words.header(&limits)))
        (provenance(&report.manifest, words))
    };
    let title = words.text("explain-title");
    let body = with_abbreviations(&body, words);
    page(words, &title, &words.text("explain-subtitle"), &body)
}

/// The facts of an explanation, and the figures over all rows: what the study's page shows, too.
pub(crate) fn contributions(report: &ExplanationReport, words: &Catalogue) -> Markup {
    let facts_in_words: Vec<(String, String)> = (report.facts.iter())
        .map(|(name, value)| (words.said(name), words.said(value)))
        .collect();
    let blocks: Vec<(String, Vec<f64>)> = (report.blocks.iter())
        .map(|(name, sizes)| (words.said(name), sizes.clone()))
        .collect();
    let (classes, unit) = (&report.classes, &report.unit);
    let of_class = |class: &String| words.short_class(class);
    html! {
        (facts("", &facts_in_words))
        @if report.features.is_empty() {
            p { (words.text("explain-none")) }
        } @else {
            (figure(&figures::effect_bars(classes, &report.sizes(), unit, words),
                &words.with("explain-bars", &[("method", &words.said(&report.method))])))
            @for (class, name) in classes.iter().enumerate() {
                (figure(&figures::beeswarm(report, class, words),
                    &words.with("explain-swarm", &[("class", &of_class(name))])))
            }
            h3 { (words.text("explain-decisions")) }
            @for (class, name) in classes.iter().enumerate() {
                (figure(&figures::decision(report, class, words),
                    &words.with("explain-decision", &[("class", &of_class(name))])))
            }
            @if !report.patients.is_empty() { p { (words.text("explain-decision-named")) } }
            @if !report.folds.is_empty() {
                h3 { (words.text("explain-folds")) }
                (figure(&figures::effect_folds(&report.folds, unit, words), &words.text("explain-folds-text")))
            }
            @if blocks.len() > 1 {
                h3 { (words.text("explain-blocks")) }
                (figure(&figures::effect_bars(classes, &blocks, unit, words), &words.text("explain-blocks-text")))
            }
        }
    }
}

/// The features with their mean sizes as a table.
fn sizes(report: &ExplanationReport, words: &Catalogue) -> Markup {
    let mut header = vec![words.text("study-feature")];
    header.extend(report.classes.iter().map(|c| words.short_class(c)));
    let rows: Vec<Vec<String>> = (report.features.iter())
        .map(|f| {
            let sizes = f.mean_size.iter().map(|s| words.number(Some(*s), 3));
            std::iter::once(f.name.clone()).chain(sizes).collect()
        })
        .collect();
    let unit = words.said(&report.unit);
    html! {
        h2 { (words.text("explain-features")) }
        (table(&words.with("explain-table", &[("unit", &unit)]), &header, &rows))
    }
}

fn one(report: &ExplanationReport, patient: &PatientEffect, words: &Catalogue) -> Markup {
    let class = words.short_class(&patient.class);
    html! {
        h2 { (words.with("explain-patient", &[("patient", &patient.patient)])) }
        (figure(&figures::waterfall(patient, &report.unit, words),
            &words.with("explain-waterfall", &[("class", &class)])))
        @if !patient.similar.is_empty() {
            (table(&words.text("similar-text"), &similar_header(words), &similar_rows(&patient.similar, words)))
            (crops(patient, words))
        }
    }
}

/// The columns of a table of similar cases.
pub(crate) fn similar_header(words: &Catalogue) -> Vec<String> {
    words.header(&["similar-case", "class", "similar-distance"])
}

/// Similar cases as rows of a table.
pub(crate) fn similar_rows(cases: &[AlikeCase], words: &Catalogue) -> Vec<Vec<String>> {
    let row = |case: &AlikeCase| {
        let distance = words.number(Some(case.distance), 2);
        vec![case.id.clone(), words.short_class(&case.class), distance]
    };
    cases.iter().map(row).collect()
}

/// The pictures of a patient and of the cases alike, side by side.
fn crops(patient: &PatientEffect, words: &Catalogue) -> Markup {
    let shown = |caption: String, picture: &Option<Vec<u8>>| {
        html! {
            figure {
                @match picture {
                    Some(png) => img src=(png_uri(png)) alt=(words.with("similar-lesion", &[("case", &caption)]));,
                    None => p { (words.text("similar-no-picture")) },
                }
                figcaption { (caption) }
            }
        }
    };
    let named = |case: &AlikeCase| {
        let class = words.short_class(&case.class);
        words.with("list-comma", &[("first", &case.id), ("second", &class)])
    };
    html! {
        @if patient.picture.is_some() || patient.similar.iter().any(|case| case.picture.is_some()) {
            div class="pictures small" {
                (shown(words.text("similar-this"), &patient.picture))
                @for case in &patient.similar { (shown(named(case), &case.picture)) }
            }
            p { (words.text("similar-pictures")) }
        }
    }
}
