//! The page around a report, and the tables in it.

use maud::{DOCTYPE, Markup, PreEscaped, html};

/// What stands on top of every report and at the foot of every printed page.
pub(crate) const RESEARCH_USE: &str = "Research use only - not for diagnosis";

/// Nothing is loaded, nothing runs: the browser itself refuses what a report must not contain.
const POLICY: &str = "default-src 'none'; img-src data:; style-src 'unsafe-inline'";

/// What a page says by itself, in its language.
pub(crate) struct PageWords<'a> {
    /// Tag by BCP 47.
    pub(crate) language: &'a str,
    /// What stands on top and at the foot of every printed page.
    pub(crate) notice: &'a str,
    /// What stands at the end.
    pub(crate) footer: &'a str,
}

/// A whole HTML document in English.
pub(crate) fn page(title: &str, subtitle: &str, body: &Markup) -> String {
    let words = PageWords {
        language: "en",
        notice: RESEARCH_USE,
        footer: &format!("{RESEARCH_USE}. Written by triher."),
    };
    page_in(&words, title, subtitle, body)
}

/// A whole HTML document in any language.
pub(crate) fn page_in(words: &PageWords<'_>, title: &str, subtitle: &str, body: &Markup) -> String {
    html! {
        (DOCTYPE)
        html lang=(words.language) {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="generator" content="triher";
                title { (title) }
                style { (PreEscaped(include_str!("page.css"))) }
            }
            body {
                div class="ruo" role="note" { (words.notice) }
                main {
                    header {
                        h1 { (title) }
                        @if !subtitle.is_empty() { p { (subtitle) } }
                    }
                    (body)
                    footer { (words.footer) }
                }
                div class="running" aria-hidden="true" { span { (words.notice) } }
            }
        }
    }
    .into_string()
}

/// Two columns: what, and its value. Nothing for no rows.
pub(crate) fn facts(caption: &str, rows: &[(String, String)]) -> Markup {
    html! {
        @if !rows.is_empty() {
            table class="facts" {
                @if !caption.is_empty() { caption { (caption) } }
                tbody {
                    @for (name, value) in rows { tr { th scope="row" { (name) } td { (value) } } }
                }
            }
        }
    }
}

/// A table with a header row; the first cell of each row names it.
pub(crate) fn table(caption: &str, header: &[&str], rows: &[Vec<String>]) -> Markup {
    // Many columns need smaller letters to fit on paper.
    let class = (header.len() > 5).then_some("wide");
    html! {
        table class=[class] {
            @if !caption.is_empty() { caption { (caption) } }
            thead { tr { @for name in header { th scope="col" { (name) } } } }
            tbody {
                @for row in rows {
                    tr {
                        @for (index, cell) in row.iter().enumerate() {
                            @if index == 0 { th scope="row" { (cell) } } @else { td { (cell) } }
                        }
                    }
                }
            }
        }
    }
}

/// An SVG document with a caption.
pub(crate) fn figure(svg: &str, caption: &str) -> Markup {
    html! {
        figure {
            (PreEscaped(svg))
            @if !caption.is_empty() { figcaption { (caption) } }
        }
    }
}

/// A list of sentences; nothing for none.
pub(crate) fn list(sentences: &[String]) -> Markup {
    html! {
        @if !sentences.is_empty() {
            ul { @for sentence in sentences { li { (sentence) } } }
        }
    }
}

/// A box that stands out, with a heading and sentences; nothing for none.
pub(crate) fn notice(kind: &str, heading: &str, sentences: &[String]) -> Markup {
    html! {
        @if !sentences.is_empty() {
            section class={ "notice " (kind) } { h2 { (heading) } (list(sentences)) }
        }
    }
}

/// That the data were simulated.
pub(crate) fn simulated() -> Markup {
    html! {
        section class="notice simulated" {
            h2 { "Simulated data" }
            p {
                "These images were computed from a physical model and belong to no patient. The \
                 figures show that the software works; they say nothing about how well HER2 \
                 status can be told in patients."
            }
        }
    }
}

/// Where the report comes from.
pub(crate) fn provenance(manifest: &[(String, String)]) -> Markup {
    html! {
        @if !manifest.is_empty() {
            h2 { "Provenance" }
            p { "What is needed to make this report again." }
            (facts("", manifest))
        }
    }
}
