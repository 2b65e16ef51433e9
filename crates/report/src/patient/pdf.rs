//! The report as PDF: its sheets, what stands on each of them, bookmarks and metadata.

mod pictures;
mod sheets;
mod tables;

use super::document::Document;
use super::pdf_page::{MARGIN, Mark, PAGE, draw_page};
use super::typeface::Typeface;
use crate::catalogue::Catalogue;
use crate::palette::{GRID, INK, QUIET};
use crate::picture::ReportError;
use krilla::Document as Pdf;
use krilla::destination::XyzDestination;
use krilla::geom::Point;
use krilla::metadata::Metadata;
use krilla::outline::{Outline, OutlineNode};
use sheets::{BODY, ROOM, SMALL, Sheets, TOP};

pub(crate) fn write(document: &Document<'_>, words: &Catalogue) -> Result<Vec<u8>, ReportError> {
    let typeface = Typeface::new()?;
    let mut sheets = Sheets {
        typeface: &typeface,
        pages: vec![Vec::new()],
        y: TOP,
        bookmarks: Vec::new(),
        replaced: false,
    };
    sheets.text(&document.title, 19.0, true, INK, MARGIN, ROOM);
    sheets.text(&document.subtitle, BODY, false, QUIET, MARGIN, ROOM);
    sheets.y += 3.0;
    sheets.rule(INK, 1.2);
    for number in 0..document.parts.len() {
        sheets.part(&document.parts[number..]);
    }
    if sheets.replaced {
        sheets.y += 8.0;
        sheets.text(
            &words.text("replaced-characters"),
            SMALL,
            false,
            QUIET,
            MARGIN,
            ROOM,
        );
    }
    let notice = words.text("research-use");
    let footer = words.with(
        "written-by",
        &[("notice", &notice), ("version", env!("CARGO_PKG_VERSION"))],
    );
    let Sheets {
        pages, bookmarks, ..
    } = sheets;
    let count = pages.len().to_string();
    let mut pdf = Pdf::new();
    for (number, mut marks) in pages.into_iter().enumerate() {
        let number = (number + 1).to_string();
        let numbers = words.with("page-of", &[("page", &number), ("pages", &count)]);
        marks.extend(frame(&typeface, &notice, &footer, &numbers));
        draw_page(&mut pdf, &marks, &typeface)?;
    }
    let mut outline = Outline::new();
    for (text, page, y) in bookmarks {
        let place = XyzDestination::new(page, Point::from_xy(MARGIN, y));
        outline.push_child(OutlineNode::new(text, place));
    }
    pdf.set_outline(outline);
    // No date and no random identifier: the same report gives the same bytes.
    pdf.set_metadata(
        Metadata::new()
            .title(document.title.clone())
            .creator("triher".to_owned())
            .language(words.language().tag().to_owned()),
    );
    pdf.finish().map_err(|e| ReportError::Pdf(format!("{e:?}")))
}

/// What stands on every page: the notice on top, and at the foot the notice again with the page's number.
fn frame(typeface: &Typeface, notice: &str, footer: &str, numbers: &str) -> Vec<Mark> {
    let text = |at, size, bold, colour, text: &str| Mark::Text {
        at,
        size,
        bold,
        colour,
        text: typeface.shown(text),
    };
    let middle = (PAGE[0] - typeface.width(notice, BODY, true)) / 2.0;
    let right = PAGE[0] - MARGIN - typeface.width(numbers, SMALL, false);
    let foot = PAGE[1] - 28.0;
    let above = vec![[MARGIN, foot - 12.0], [PAGE[0] - MARGIN, foot - 12.0]];
    vec![
        Mark::Box {
            at: [0.0, 0.0],
            size: [PAGE[0], 26.0],
            fill: INK,
        },
        text([middle, 17.0], BODY, true, "#ffffff", notice),
        Mark::Line {
            points: above,
            closed: false,
            width: 0.5,
            colour: GRID,
            dash: &[],
        },
        text([MARGIN, foot], SMALL, false, QUIET, footer),
        text([right, foot], SMALL, false, QUIET, numbers),
    ]
}
