//! The page with the maps of a cohort.

use crate::abbreviations::with_abbreviations;
use crate::catalogue::Catalogue;
use crate::figure::{BatchState, ScatterPanel, batch_effect, scatter};
use crate::page::{facts, figure, list, page, please_note, provenance, table};
use crate::said::said_notes;
use maud::html;

/// How the groups of a colouring are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Tones {
    /// Each in a colour and shape of its own; none stands out.
    #[default]
    Groups,
    /// The first group are calls that are right; those of the second, the wrong ones, stand out.
    Calls,
}

/// One way to colour the maps.
#[derive(Debug, Clone, PartialEq)]
pub struct Colouring {
    /// What by: "class", "centre".
    pub by: String,
    /// How the groups are drawn.
    pub tones: Tones,
    /// Names of the groups.
    pub names: Vec<String>,
    /// Group of each row; `None` where it is not known.
    pub groups: Vec<Option<usize>>,
}

/// What goes onto the page. Its sentences are those of the numeric crates, in English; the page says them in its own language.
#[derive(Debug, Clone, Default)]
pub struct CohortMapReport {
    /// The maps.
    pub panels: Vec<ScatterPanel>,
    /// How they are coloured.
    pub colourings: Vec<Colouring>,
    /// How well centres can be told, a row for each state of the features: the state, then the figures.
    pub batch: Vec<Vec<String>>,
    /// The same as a figure; empty when it cannot be told.
    pub batch_states: Vec<BatchState>,
    /// Centre of each row.
    pub by_centre: Option<Colouring>,
    /// Facts: name and value.
    pub facts: Vec<(String, String)>,
    /// What the reader must know.
    pub notes: Vec<String>,
    /// Provenance.
    pub manifest: Vec<(String, String)>,
}

/// The page as one HTML document.
pub fn cohort_map_report(report: &CohortMapReport, words: &Catalogue) -> String {
    let facts_in_words: Vec<(String, String)> = (report.facts.iter())
        .map(|(name, value)| (words.said(name), value.clone()))
        .collect();
    let batch: Vec<Vec<String>> = (report.batch.iter())
        .map(|row| row.iter().map(|cell| words.said(cell)).collect())
        .collect();
    let header = words.header(&[
        "map-features",
        "map-accuracy",
        "map-by-chance",
        "map-auc",
        "map-silhouette",
        "map-neighbours",
        "map-by-chance",
    ]);
    let reading = words.header(&["map-read-points", "map-read-trust", "map-read-proof"]);
    let body = html! {
        (please_note(&said_notes(&report.notes, words), words))
        (facts("", &facts_in_words))
        @for colouring in &report.colourings {
            h2 { (words.with("map-by", &[("by", &words.said(&colouring.by))])) }
            (figure(&scatter(colouring, &report.panels, words), ""))
        }
        @if !report.batch.is_empty() {
            h2 { (words.text("map-centre")) }
            @if let (Some(centres), false) = (&report.by_centre, report.batch_states.is_empty()) {
                (figure(&batch_effect(&report.batch_states, centres, words), &words.text("map-centre-caption")))
            }
            (table(&words.text("map-centre-table"), &header, &batch))
        }
        h2 { (words.text("map-reading")) }
        (list(&reading))
        (provenance(&report.manifest, words))
    };
    let title = words.text("map-title");
    let body = with_abbreviations(&body, words);
    page(words, &title, &words.text("map-subtitle"), &body)
}
