//! Where everything stands on pages of A4: text, lists and boxes, and the order of the parts.

use super::pictures::{figure_size, row_height};
use super::tables::Cells;
use crate::palette::{GRID, INK, QUIET};
use crate::patient::document::{NoticeKind, Part};
use crate::patient::pdf_page::{MARGIN, Mark, PAGE};
use crate::patient::typeface::Typeface;

/// Where text begins below the notice on top, and where it ends above the foot, in points.
pub(super) const TOP: f32 = 62.0;
pub(super) const BOTTOM: f32 = PAGE[1] - 50.0;
pub(super) const ROOM: f32 = PAGE[0] - 2.0 * MARGIN;
/// Size of running text and distance of its lines, in points.
pub(super) const BODY: f32 = 9.5;
const LEADING: f32 = 1.45;
pub(super) const SMALL: f32 = 8.0;
const INDENT: f32 = 11.0;

/// Pages that are filled from top to bottom.
pub(super) struct Sheets<'a> {
    pub(super) typeface: &'a Typeface,
    pub(super) pages: Vec<Vec<Mark>>,
    /// Where the next part begins on the last page.
    pub(super) y: f32,
    /// Headings with page and height.
    pub(super) bookmarks: Vec<(String, usize, f32)>,
    /// Whether a character was replaced.
    pub(super) replaced: bool,
}

impl Sheets<'_> {
    pub(super) fn mark(&mut self, mark: Mark) {
        if let Some(page) = self.pages.last_mut() {
            page.push(mark);
        }
    }

    /// A line of text, its base at a place.
    pub(super) fn write(
        &mut self,
        at: [f32; 2],
        size: f32,
        bold: bool,
        colour: &'static str,
        text: String,
    ) {
        self.mark(Mark::Text {
            at,
            size,
            bold,
            colour,
            text,
        });
    }

    /// A line from margin to margin where the next part begins.
    pub(super) fn across(&mut self, colour: &'static str, width: f32) {
        let points = vec![[MARGIN, self.y], [MARGIN + ROOM, self.y]];
        self.mark(Mark::Line {
            points,
            closed: false,
            width,
            colour,
            dash: &[],
        });
    }

    /// The same with some room below it.
    pub(super) fn rule(&mut self, colour: &'static str, width: f32) {
        self.across(colour, width);
        self.y += 4.0;
    }

    /// Begins a new page when less than `height` is left; a part that is higher than a page begins one only after something else.
    pub(super) fn need(&mut self, height: f32) {
        if self.y + height > BOTTOM && self.y > TOP {
            self.pages.push(Vec::new());
            self.y = TOP;
        }
    }

    pub(super) fn lines(&mut self, text: &str, size: f32, bold: bool, room: f32) -> Vec<String> {
        self.replaced |= self.typeface.lacks(text);
        self.typeface.lines(text, size, bold, room)
    }

    /// Lines of text from the left edge `x`, over pages where need be.
    pub(super) fn text(
        &mut self,
        text: &str,
        size: f32,
        bold: bool,
        colour: &'static str,
        x: f32,
        room: f32,
    ) {
        for text in self.lines(text, size, bold, room) {
            self.need(size * LEADING);
            self.write([x, self.y + size * 1.1], size, bold, colour, text);
            self.y += size * LEADING;
        }
    }

    /// Height that the beginning of what comes next takes, so that a heading or a sentence stays with what it speaks of.
    fn beginning(&mut self, parts: &[Part<'_>]) -> f32 {
        let Some((first, rest)) = parts.split_first() else {
            return 0.0;
        };
        match first {
            Part::Figure { svg, .. } => figure_size(svg)[1] + 24.0,
            Part::Pictures { small, pictures } => row_height(*small, pictures),
            Part::Legend(_) => 17.0 + self.beginning(rest),
            Part::Subsection(_) => 26.0 + self.beginning(rest),
            Part::Paragraph(text) => {
                let lines = self.lines(text, BODY, false, ROOM).len() as f32;
                let seen = matches!(
                    rest.first(),
                    Some(Part::Pictures { .. } | Part::Legend(_) | Part::Figure { .. })
                );
                let next = if seen { self.beginning(rest) } else { 0.0 };
                lines * BODY * LEADING + 4.0 + next
            }
            Part::Facts { .. } | Part::Table { .. } => {
                Cells::of(first).map_or(0.0, |cells| self.table_beginning(&cells))
            }
            Part::Section(_) | Part::List(_) | Part::Notice { .. } => 50.0,
        }
    }

    /// Writes the first of the parts; those after it say how much has to stay with it.
    pub(super) fn part(&mut self, parts: &[Part<'_>]) {
        let Some((part, rest)) = parts.split_first() else {
            return;
        };
        match part {
            Part::Section(text) => {
                self.y += 12.0;
                let next = self.beginning(rest);
                self.need(30.0 + next);
                let place = (text.clone(), self.pages.len() - 1, self.y);
                self.bookmarks.push(place);
                self.text(text, 13.0, true, INK, MARGIN, ROOM);
                self.y += 1.0;
                self.rule(GRID, 0.8);
            }
            Part::Subsection(text) => {
                self.y += 7.0;
                let next = self.beginning(parts);
                self.need(next);
                self.text(text, 10.5, true, INK, MARGIN, ROOM);
                self.y += 2.0;
            }
            Part::Paragraph(text) => {
                let whole = self.beginning(parts);
                self.need(whole);
                self.text(text, BODY, false, INK, MARGIN, ROOM);
                self.y += 4.0;
            }
            Part::List(sentences) => {
                self.list(sentences, MARGIN, ROOM);
                self.y += 4.0;
            }
            Part::Notice {
                kind,
                heading,
                sentences,
            } => self.notice(*kind, heading, sentences),
            Part::Facts { .. } | Part::Table { .. } => {
                if let Some(cells) = Cells::of(part) {
                    self.table(&cells);
                }
            }
            Part::Figure { svg, caption } => self.figure(svg, caption),
            Part::Legend(lines) => {
                let whole = self.beginning(parts);
                self.need(whole);
                self.legend(lines);
            }
            Part::Pictures { small, pictures } => self.pictures(*small, pictures),
        }
    }

    fn list(&mut self, sentences: &[String], x: f32, room: f32) {
        for sentence in sentences {
            self.need(BODY * LEADING);
            let at = [x + 1.0, self.y + BODY * 1.1];
            self.write(at, BODY, false, QUIET, "\u{2022}".to_owned());
            self.text(sentence, BODY, false, INK, x + INDENT, room - INDENT);
        }
    }

    fn notice(&mut self, kind: NoticeKind, heading: &str, sentences: &[String]) {
        let (bar, ground) = match kind {
            NoticeKind::Warning => ("#D55E00", "#fdf3ec"),
            NoticeKind::Simulated => ("#CC79A7", "#fcf4f9"),
            NoticeKind::Calm => ("#0072B2", "#f1f7fb"),
        };
        let room = ROOM - 24.0;
        self.y += 6.0;
        let line = BODY * LEADING;
        let count = |sheets: &mut Self, text: &str| {
            sheets.lines(text, BODY, false, room - INDENT).len() as f32
        };
        let lines: f32 = sentences.iter().map(|s| count(self, s)).sum();
        let height = line * (lines + 1.0) + 14.0;
        self.need(height);
        // A box that is higher than a page has no ground: only its text runs on.
        if height <= BOTTOM - TOP {
            let at = [MARGIN, self.y];
            self.mark(Mark::Box {
                at,
                size: [ROOM, height],
                fill: ground,
            });
            self.mark(Mark::Box {
                at,
                size: [4.0, height],
                fill: bar,
            });
        }
        self.y += 5.0;
        self.text(heading, BODY, true, INK, MARGIN + 14.0, room);
        self.list(sentences, MARGIN + 14.0, room);
        self.y += 13.0;
    }
}
