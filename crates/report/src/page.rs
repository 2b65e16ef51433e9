//! The page around a report, and the tables in it.

use crate::catalogue::Catalogue;
use maud::{DOCTYPE, Markup, PreEscaped, html};

/// Nothing is loaded, nothing runs: the browser itself refuses what a report must not contain.
const POLICY: &str = "default-src 'none'; img-src data:; style-src 'unsafe-inline'";

/// A whole HTML document in the catalogue's language.
pub(crate) fn page(words: &Catalogue, title: &str, subtitle: &str, body: &Markup) -> String {
    let notice = words.text("research-use");
    let version = env!("CARGO_PKG_VERSION");
    let footer = words.with("written-by", &[("notice", &notice), ("version", version)]);
    html! {
        (DOCTYPE)
        html lang=(words.language().tag()) {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="generator" content="triher";
                title { (title) }
                style { (PreEscaped(include_str!("page.css"))) }
            }
            body {
                div class="ruo" role="note" { (notice) }
                main {
                    header {
                        h1 { (title) }
                        @if !subtitle.is_empty() { p { (subtitle) } }
                    }
                    (body)
                    footer { (footer) }
                }
                div class="running" aria-hidden="true" { span { (notice) } }
            }
        }
    }
    .into_string()
}
/// Two columns: what, and its value. Nothing for no rows.
pub(crate) fn facts(caption: &str, rows: &[(String, String)]) -> Markup {
    html! {
        @if !rows.is_empty() {
            table class=(if rows.len() > LONG { "facts long" } else { "facts" }) {
                @if !caption.is_empty() { caption { (caption) } }
                tbody {
                    @for (name, value) in rows { tr { th scope="row" { (name) } td { (value) } } }
                }
            }
        }
    }
}

/// A table with a header row; the first cell of each row names it.
pub(crate) fn table(caption: &str, header: &[impl AsRef<str>], rows: &[Vec<String>]) -> Markup {
    // Many columns need smaller letters to fit on paper.
    let wide = (header.len() > 5).then_some("wide");
    table_of(wide.unwrap_or_default(), caption, header, rows)
}

/// Rows of a table from which on it may run over pages.
const LONG: usize = 14;

/// A table of a class of the style sheet.
pub(crate) fn table_of(
    class: &str,
    caption: &str,
    header: &[impl AsRef<str>],
    rows: &[Vec<String>],
) -> Markup {
    let long = (rows.len() > LONG).then_some("long");
    let classes: Vec<&str> = std::iter::once(class)
        .chain(long)
        .filter(|c| !c.is_empty())
        .collect();
    let classes = (!classes.is_empty()).then(|| classes.join(" "));
    html! {
        table class=[classes] {
            @if !caption.is_empty() { caption { (caption) } }
            thead { tr { @for name in header { th scope="col" { (name.as_ref()) } } } }
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

/// What a reader must know, in a calm box; nothing for none.
pub(crate) fn please_note(notes: &[String], words: &Catalogue) -> Markup {
    notice("calm", &words.text("page-note"), notes)
}

/// That the data were simulated.
pub(crate) fn simulated(words: &Catalogue) -> Markup {
    html! {
        section class="notice simulated" {
            h2 { (words.text("simulated-heading")) }
            p { (words.text("simulated-text")) }
        }
    }
}

/// Where the report comes from.
pub(crate) fn provenance(manifest: &[(String, String)], words: &Catalogue) -> Markup {
    html! {
        @if !manifest.is_empty() {
            h2 { (words.text("provenance-heading")) }
            p { (words.text("page-provenance")) }
            (facts("", manifest))
        }
    }
}
