//! The page with the maps of a cohort.

use crate::catalogue::{Catalogue, Language};
use crate::figure::{BatchState, ScatterPanel, batch_effect, scatter};
use crate::page::{facts, figure, list, notice, page, provenance, table};
use maud::html;

/// One way to colour the maps.
#[derive(Debug, Clone, PartialEq)]
pub struct Colouring {
    /// What by: "class", "centre".
    pub by: String,
    /// Names of the groups.
    pub names: Vec<String>,
    /// Group of each row; `None` where it is not known.
    pub groups: Vec<Option<usize>>,
}

/// What goes onto the page.
#[derive(Debug, Clone, Default)]
pub struct CohortMapReport {
    /// Heading.
    pub title: String,
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
pub fn cohort_map_report(report: &CohortMapReport) -> String {
    let body = html! {
        (notice("calm", "Please note", &report.notes))
        (facts("", &report.facts))
        @for colouring in &report.colourings {
            h2 { "By " (colouring.by) }
            (figure(&scatter(&colouring.by, &report.panels, &colouring.groups, &colouring.names), ""))
        }
        @if !report.batch.is_empty() {
            h2 { "How well the centre can be told" }
            @if let (Some(centres), false) = (&report.by_centre, report.batch_states.is_empty()) {
                (figure(&batch_effect(&report.batch_states, &centres.groups, &centres.names),
                    "Principal components of the features, coloured by centre, and below them how well the centre can be told. After ComBat the \
                     points should lie on the bars of chance."))
            }
            (table("A model that learns the centre instead of the biology is worth little elsewhere. The accuracy is that of a logistic \
                regression on the features, out of fold, against what always naming the largest centre would give; the silhouette is 0 when \
                centres lie through each other and near 1 when each lies apart.",
                &["Features", "Accuracy for the centre", "By chance", "Macro AUC for the centre", "Silhouette", "Neighbours of the own centre", "By chance"],
                &report.batch))
        }
        h2 { "How to read the maps" }
        (list(&[
            "Each point is a row of the table. Principal components keep large distances; t-SNE and UMAP keep neighbourhoods: in them the distance between two groups, their size and their density mean little.".to_owned(),
            "Trustworthiness is the share of what looks near on the map and is near in the features, continuity the reverse; 1 is all.".to_owned(),
            "Groups that part on a map are no proof that a model can tell them on new patients: that is what the evaluation is for.".to_owned(),
        ]))
        (provenance(&report.manifest, &Catalogue::new(Language::English)))
    };
    page(
        &report.title,
        "Maps of the features in two dimensions",
        &body,
    )
}
