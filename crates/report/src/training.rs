//! The page on a training run: what was learned from, how the loss went, and what was written.

use crate::abbreviations::with_abbreviations;
use crate::catalogue::Catalogue;
use crate::figure::learning_curve;
use crate::page::{facts, figure, page, please_note, provenance, table};
use maud::{Markup, html};

/// A line of a figure.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LearningLine {
    /// What it is: "training loss".
    pub name: String,
    /// Step or epoch, and the number there.
    pub points: Vec<[f64; 2]>,
}

/// A figure of lines over steps or epochs.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LearningFigure {
    /// Heading and the figure's name.
    pub title: String,
    /// What the steps are: "Epoch".
    pub x_name: String,
    /// What the numbers are.
    pub y_name: String,
    /// The lines.
    pub lines: Vec<LearningLine>,
    /// Where something was chosen, and what to write there: "epoch 12 was kept".
    pub chosen: Option<(f64, String)>,
    /// Whether the axis of the numbers begins at 0.
    pub from_zero: bool,
    /// A sentence below the figure.
    pub caption: String,
}

/// What goes into the page on a training run, in the language of the page. `Default` is an empty one.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TrainingReport {
    /// Heading.
    pub title: String,
    /// What was trained, in a line.
    pub subtitle: String,
    /// What counts most: name, number, and a word on it.
    pub headline: Vec<[String; 3]>,
    /// What the reader must know first.
    pub notes: Vec<String>,
    /// What the network saw.
    pub data: Vec<(String, String)>,
    /// The network's sizes.
    pub network: Vec<(String, String)>,
    /// How it was trained.
    pub settings: Vec<(String, String)>,
    /// Learning curves.
    pub figures: Vec<LearningFigure>,
    /// Provenance: versions, hashes, seeds.
    pub manifest: Vec<(String, String)>,
    /// Whether the patches were simulated: then a banner says so.
    pub simulated: bool,
}

/// Rows of a figure's table.
const ROWS: usize = 12;

/// The page as one HTML document.
pub fn training_report(report: &TrainingReport, words: &Catalogue) -> String {
    let body = html! {
        @if report.simulated { (simulated(words)) }
        @if !report.headline.is_empty() {
            div class="headline" {
                @for [name, number, word] in &report.headline {
                    div { span { (name) } strong { (number) } span { (word) } }
                }
            }
        }
        (please_note(&report.notes, words))
        @for figure in &report.figures { (curve(figure, words)) }
        h2 { (words.text("evaluation-data")) }
        @if report.data.is_empty() { p { (words.text("training-no-data")) } }
        (facts("", &report.data))
        h2 { (words.text("training-network")) }
        (facts("", &report.network))
        h2 { (words.text("training-settings")) }
        (facts("", &report.settings))
        (provenance(&report.manifest, words))
    };
    let body = with_abbreviations(&body, words);
    page(words, &report.title, &report.subtitle, &body)
}

fn simulated(words: &Catalogue) -> Markup {
    html! {
        section class="notice simulated" {
            h2 { (words.text("simulated-heading")) }
            p { (words.text("training-simulated")) }
        }
    }
}

fn curve(learning: &LearningFigure, words: &Catalogue) -> Markup {
    // All steps that any line has, in order; of many, some evenly apart with the first and the last.
    let mut steps: Vec<f64> = learning
        .lines
        .iter()
        .flat_map(|line| line.points.iter().map(|p| p[0]))
        .filter(|x| x.is_finite())
        .collect();
    steps.sort_by(f64::total_cmp);
    steps.dedup();
    let last = steps.len().saturating_sub(1);
    let rows = ROWS.min(steps.len());
    let shown: Vec<f64> = (0..rows)
        .map(|row| steps[(row * last + (rows - 1) / 2) / (rows - 1).max(1)])
        .collect();
    let rows: Vec<Vec<String>> = shown
        .iter()
        .map(|&step| {
            let mut row = vec![format!("{step}")];
            row.extend(learning.lines.iter().map(|line| {
                let point = line.points.iter().find(|p| p[0] == step);
                point.map_or_else(String::new, |p| number(p[1], words))
            }));
            row
        })
        .collect();
    let mut header = vec![learning.x_name.as_str()];
    header.extend(learning.lines.iter().map(|line| line.name.as_str()));
    let caption = match steps.len() > rows.len() {
        true => words.with(
            "training-some-rows",
            &[
                ("shown", &rows.len().to_string()),
                ("rows", &steps.len().to_string()),
            ],
        ),
        false => String::new(),
    };
    html! {
        h2 { (learning.title) }
        (figure(&learning_curve(learning, words), &learning.caption))
        @if !rows.is_empty() { (table(&caption, &header, &rows)) }
    }
}

/// Four digits that count.
fn number(value: f64, words: &Catalogue) -> String {
    if !value.is_finite() {
        return words.text("not-available");
    }
    match value.abs() {
        size if size != 0.0 && !(1e-3..1e5).contains(&size) => format!("{value:.3e}"),
        size if size >= 10.0 => format!("{value:.2}"),
        _ => format!("{value:.4}"),
    }
}
