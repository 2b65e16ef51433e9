//! A page that says why something was not done.

use crate::abbreviations::with_abbreviations;
use crate::catalogue::{Catalogue, Language};
use crate::page::{facts, page, provenance, simulated};
use maud::html;

/// Why something was not done, in the language of the report.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Refusal {
    /// What is missing.
    pub what: String,
    /// What to do.
    pub remedy: String,
    /// The program's own message, in English.
    pub message: String,
}

impl Refusal {
    /// As rows of a table.
    pub(crate) fn rows(&self, words: &Catalogue) -> Vec<(String, String)> {
        let rows = [
            ("refused-what", &self.what),
            ("refused-remedy", &self.remedy),
            ("refused-message", &self.message),
        ];
        let rows = rows.into_iter().filter(|(_, text)| !text.is_empty());
        rows.map(|(key, text)| (words.text(key), text.clone()))
            .collect()
    }
}

/// What goes onto the page.
#[derive(Debug, Clone, Default)]
pub struct RefusalReport {
    /// Language of the page.
    pub language: Language,
    /// Heading of the page.
    pub title: String,
    /// What was not done: "No evaluation was made".
    pub heading: String,
    /// Why.
    pub refusal: Refusal,
    /// Whether the data were simulated.
    pub simulated: bool,
    /// Provenance.
    pub manifest: Vec<(String, String)>,
}

/// The page as one HTML document.
pub fn refusal_report(report: &RefusalReport) -> String {
    let words = &Catalogue::new(report.language);
    let body = html! {
        @if report.simulated { (simulated(words)) }
        section class="notice warning" {
            h2 { (report.heading) }
            (facts("", &report.refusal.rows(words)))
        }
        (provenance(&report.manifest, words))
    };
    let body = with_abbreviations(&body, words);
    page(words, &report.title, "", &body)
}
