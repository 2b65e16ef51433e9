//! The report as HTML.

use super::document::{Document, Part, Picture};
use crate::catalogue::Catalogue;
use crate::page::{facts, figure, list, notice, page, table};
use crate::picture::draw;
use maud::{Markup, PreEscaped, html};

pub(crate) fn write(document: &Document<'_>, words: &Catalogue) -> String {
    let body = html! { @for part in &document.parts { (written(part)) } };
    page(words, &document.title, &document.subtitle, &body)
}

fn written(part: &Part<'_>) -> Markup {
    match part {
        Part::Section(text) => html! { h2 { (text) } },
        Part::Subsection(text) => html! { h3 { (text) } },
        Part::Paragraph(text) => html! { p { (text) } },
        Part::List(sentences) => list(sentences),
        Part::Notice {
            kind,
            heading,
            sentences,
        } => notice(kind.class(), heading, sentences),
        Part::Facts { caption, rows } => facts(caption, rows),
        Part::Table {
            caption,
            header,
            rows,
        } => {
            let header: Vec<&str> = header.iter().map(String::as_str).collect();
            table(caption, &header, rows)
        }
        Part::Figure { svg, caption } => figure(svg, caption),
        Part::Legend(lines) => html! {
            p class="legend" {
                @for (colour, dash, text) in lines { span { (sample(colour, dash)) (text) } }
            }
        },
        Part::Pictures { small, pictures } => {
            let class = if *small { "pictures small" } else { "pictures" };
            html! { div class=(class) { @for picture in pictures { (drawn(picture)) } } }
        }
    }
}

fn drawn(picture: &Picture<'_>) -> Markup {
    let svg = draw(
        picture.image,
        picture.outlines,
        picture.crop,
        &picture.caption,
        picture.sharp,
    );
    html! { figure { (PreEscaped(svg)) figcaption { (picture.caption) } } }
}

/// A short line of the legend, on black as in the pictures.
fn sample(colour: &str, dash: &str) -> Markup {
    html! {
        svg xmlns="http://www.w3.org/2000/svg" width="30" height="12" aria-hidden="true" {
            rect width="30" height="12" fill="#000" {}
            line x1="2" y1="6" x2="28" y2="6" stroke=(colour) stroke-width="2" stroke-dasharray=(dash) {}
        }
    }
}
