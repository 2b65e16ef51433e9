//! The report as PDF: where everything stands on pages of A4.

use super::document::{Document, NoticeKind, Part, Picture};
use super::pdf_page::{MARGIN, Mark, PAGE, draw_page};
use super::typeface::Typeface;
use crate::catalogue::Catalogue;
use crate::palette::{CROP, GRID, INK, OUTLINE, QUIET};
use crate::picture::ReportError;
use krilla::Document as Pdf;
use krilla::destination::XyzDestination;
use krilla::geom::Point;
use krilla::metadata::Metadata;
use krilla::outline::{Outline, OutlineNode};

/// Where text begins below the notice on top, and where it ends above the foot, in points.
const TOP: f32 = 62.0;
const BOTTOM: f32 = PAGE[1] - 50.0;
const ROOM: f32 = PAGE[0] - 2.0 * MARGIN;
/// Size of running text and distance of its lines, in points.
const BODY: f32 = 9.5;
const LEADING: f32 = 1.45;
const SMALL: f32 = 8.0;
/// A figure's CSS pixel in points.
const PIXEL: f32 = 0.72;
const INDENT: f32 = 11.0;

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
    for (number, part) in document.parts.iter().enumerate() {
        sheets.part(part, document.parts.get(number + 1));
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

struct Sheets<'a> {
    typeface: &'a Typeface,
    pages: Vec<Vec<Mark>>,
    /// Where the next part begins on the last page.
    y: f32,
    /// Headings with page and height.
    bookmarks: Vec<(String, usize, f32)>,
    /// Whether a character was replaced.
    replaced: bool,
}

impl Sheets<'_> {
    fn mark(&mut self, mark: Mark) {
        if let Some(page) = self.pages.last_mut() {
            page.push(mark);
        }
    }

    /// Begins a new page when less than `height` is left; a part that is higher than a page begins one only after something else.
    fn need(&mut self, height: f32) {
        if self.y + height > BOTTOM && self.y > TOP {
            self.pages.push(Vec::new());
            self.y = TOP;
        }
    }

    fn lines(&mut self, text: &str, size: f32, bold: bool, room: f32) -> Vec<String> {
        self.replaced |= self.typeface.lacks(text);
        self.typeface.lines(text, size, bold, room)
    }

    /// Lines of text from the left edge `x`, over pages where need be.
    fn text(&mut self, text: &str, size: f32, bold: bool, colour: &'static str, x: f32, room: f32) {
        for text in self.lines(text, size, bold, room) {
            self.need(size * LEADING);
            let at = [x, self.y + size * 1.1];
            self.mark(Mark::Text {
                at,
                size,
                bold,
                colour,
                text,
            });
            self.y += size * LEADING;
        }
    }

    fn rule(&mut self, colour: &'static str, width: f32) {
        let points = vec![[MARGIN, self.y], [MARGIN + ROOM, self.y]];
        self.mark(Mark::Line {
            points,
            closed: false,
            width,
            colour,
            dash: &[],
        });
        self.y += 4.0;
    }

    /// Height that the first piece of a part takes, so that a heading stays with what follows.
    fn beginning(&self, part: Option<&Part<'_>>) -> f32 {
        match part {
            Some(Part::Figure { svg, .. }) => figure_size(svg)[1].min(300.0),
            Some(Part::Pictures { small, pictures }) => row_height(*small, pictures).min(300.0),
            Some(Part::Subsection(_) | Part::Legend(_)) => 160.0,
            _ => 50.0,
        }
    }

    fn part(&mut self, part: &Part<'_>, next: Option<&Part<'_>>) {
        match part {
            Part::Section(text) => {
                self.y += 12.0;
                self.need(30.0 + self.beginning(next));
                let place = (text.clone(), self.pages.len() - 1, self.y);
                self.bookmarks.push(place);
                self.text(text, 13.0, true, INK, MARGIN, ROOM);
                self.y += 1.0;
                self.rule(GRID, 0.8);
            }
            Part::Subsection(text) => {
                self.y += 7.0;
                self.need(20.0 + self.beginning(next));
                self.text(text, 10.5, true, INK, MARGIN, ROOM);
                self.y += 2.0;
            }
            Part::Paragraph(text) => {
                self.need(self.beginning(next).min(120.0));
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
            Part::Facts { caption, rows } => {
                let rows: Vec<Vec<String>> = rows
                    .iter()
                    .map(|(name, value)| vec![name.clone(), value.clone()])
                    .collect();
                self.table(caption, &[], &rows, &[0.3, 0.7]);
            }
            Part::Table {
                caption,
                header,
                rows,
            } => {
                let shares: &[f32] = match header.len() {
                    2 => &[0.5, 0.5],
                    3 => &[0.44, 0.4, 0.16],
                    _ => &[],
                };
                self.table(caption, header, rows, shares);
            }
            Part::Figure { svg, caption } => self.figure(svg, caption),
            Part::Legend(lines) => self.legend(lines),
            Part::Pictures { small, pictures } => self.pictures(*small, pictures),
        }
    }

    fn list(&mut self, sentences: &[String], x: f32, room: f32) {
        for sentence in sentences {
            self.need(BODY * LEADING);
            let at = [x + 1.0, self.y + BODY * 1.1];
            let text = "\u{2022}".to_owned();
            self.mark(Mark::Text {
                at,
                size: BODY,
                bold: false,
                colour: QUIET,
                text,
            });
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

    fn table(&mut self, caption: &str, header: &[String], rows: &[Vec<String>], shares: &[f32]) {
        if !caption.is_empty() {
            self.need(50.0);
            self.text(caption, SMALL + 0.5, false, QUIET, MARGIN, ROOM);
            self.y += 2.0;
        }
        if !header.is_empty() {
            self.row(header, shares, true);
        }
        for row in rows {
            self.row(row, shares, false);
        }
        self.y += 6.0;
    }

    fn row(&mut self, cells: &[String], shares: &[f32], head: bool) {
        let equal = 1.0 / cells.len().max(1) as f32;
        let size = SMALL + 0.5;
        let mut x = MARGIN;
        let mut columns = Vec::new();
        for (number, cell) in cells.iter().enumerate() {
            let width = ROOM * shares.get(number).copied().unwrap_or(equal);
            columns.push((x, self.lines(cell, size, head, width - 8.0)));
            x += width;
        }
        let most = columns
            .iter()
            .map(|(_, lines)| lines.len())
            .max()
            .unwrap_or(0);
        let height = most as f32 * size * 1.35 + 5.0;
        self.need(height);
        for (column, (x, lines)) in columns.into_iter().enumerate() {
            let colour = if column == 0 && shares.len() == 2 && !head {
                QUIET
            } else {
                INK
            };
            for (number, text) in lines.into_iter().enumerate() {
                let y = self.y + 2.0 + size * (1.0 + 1.35 * number as f32);
                self.mark(Mark::Text {
                    at: [x, y],
                    size,
                    bold: head,
                    colour,
                    text,
                });
            }
        }
        self.y += height;
        let (colour, width) = if head { (INK, 0.9) } else { (GRID, 0.6) };
        let points = vec![[MARGIN, self.y], [MARGIN + ROOM, self.y]];
        self.mark(Mark::Line {
            points,
            closed: false,
            width,
            colour,
            dash: &[],
        });
    }

    fn figure(&mut self, svg: &str, caption: &str) {
        let size = figure_size(svg);
        self.need(size[1] + 24.0);
        self.replaced |= self.typeface.lacks(svg);
        let text = self.typeface.shown(svg);
        self.mark(Mark::Svg {
            at: [MARGIN, self.y],
            size,
            text,
        });
        self.y += size[1] + 2.0;
        if !caption.is_empty() {
            self.text(caption, SMALL + 0.5, false, QUIET, MARGIN, ROOM);
        }
        self.y += 6.0;
    }

    fn legend(&mut self, lines: &[(&'static str, &'static str, String)]) {
        self.need(160.0);
        let mut x = MARGIN;
        for (colour, dash, text) in lines {
            let y = self.y + 2.0;
            self.mark(Mark::Box {
                at: [x, y],
                size: [24.0, 9.0],
                fill: "#000000",
            });
            let points = vec![[x + 2.0, y + 4.5], [x + 22.0, y + 4.5]];
            let dash: &[f32] = if dash.is_empty() { &[] } else { &[4.0, 2.0] };
            self.mark(Mark::Line {
                points,
                closed: false,
                width: 1.4,
                colour,
                dash,
            });
            let shown = self.typeface.shown(text);
            let width = self.typeface.width(&shown, SMALL + 0.5, false);
            let at = [x + 29.0, y + 8.0];
            let size = SMALL + 0.5;
            self.mark(Mark::Text {
                at,
                size,
                bold: false,
                colour: QUIET,
                text: shown,
            });
            x += width + 44.0;
        }
        self.y += 17.0;
    }

    fn pictures(&mut self, small: bool, pictures: &[Picture<'_>]) {
        let columns = columns(small);
        let width = column_width(small);
        for row in pictures.chunks(columns) {
            let height = row
                .iter()
                .map(|p| picture_height(p, width))
                .fold(0.0, f32::max);
            let captions: Vec<Vec<String>> = row
                .iter()
                .map(|p| self.lines(&p.caption, SMALL, false, width))
                .collect();
            let lines = captions.iter().map(Vec::len).max().unwrap_or(0) as f32;
            self.need(height + lines * SMALL * 1.35 + 8.0);
            for (number, (picture, caption)) in row.iter().zip(captions).enumerate() {
                let x = MARGIN + number as f32 * (width + GAP);
                self.picture(
                    picture,
                    [x, self.y],
                    [width, picture_height(picture, width)],
                );
                for (line, text) in caption.into_iter().enumerate() {
                    let y = self.y + height + SMALL * (1.2 + 1.35 * line as f32);
                    let at = [x, y];
                    self.mark(Mark::Text {
                        at,
                        size: SMALL,
                        bold: false,
                        colour: QUIET,
                        text,
                    });
                }
            }
            self.y += height + lines * SMALL * 1.35 + 8.0;
        }
    }

    fn picture(&mut self, picture: &Picture<'_>, at: [f32; 2], size: [f32; 2]) {
        let bytes = picture.image.png();
        self.mark(Mark::Png {
            at,
            size,
            bytes,
            smooth: !picture.sharp,
        });
        let (columns, rows) = (picture.image.width() as f64, picture.image.height() as f64);
        let place = |[x, y]: [f64; 2]| {
            let share = [(x + 0.5) / columns, (y + 0.5) / rows];
            [
                at[0] + share[0] as f32 * size[0],
                at[1] + share[1] as f32 * size[1],
            ]
        };
        let finite = |p: &&[f64; 2]| p[0].is_finite() && p[1].is_finite();
        for outline in picture.outlines {
            let points: Vec<[f32; 2]> = outline.iter().filter(finite).map(|p| place(*p)).collect();
            // Dark under bright, so that the line is seen on every grey.
            for (colour, width) in [("#000000", 1.5), (OUTLINE, 0.8)] {
                let points = points.clone();
                self.mark(Mark::Line {
                    points,
                    closed: true,
                    width,
                    colour,
                    dash: &[],
                });
            }
        }
        if let Some([x0, y0, x1, y1]) = picture.crop.filter(|c| c.iter().all(|v| v.is_finite())) {
            let corners = [[x0, y0], [x1, y0], [x1, y1], [x0, y1]].map(place).to_vec();
            for (colour, width, dash) in [("#000000", 1.5, &[][..]), (CROP, 1.0, &[4.0, 2.0])] {
                let points = corners.clone();
                self.mark(Mark::Line {
                    points,
                    closed: true,
                    width,
                    colour,
                    dash,
                });
            }
        }
    }
}

/// Distance between pictures in points.
const GAP: f32 = 8.0;

fn columns(small: bool) -> usize {
    if small { 6 } else { 3 }
}

fn column_width(small: bool) -> f32 {
    let columns = columns(small) as f32;
    (ROOM - GAP * (columns - 1.0)) / columns
}

fn picture_height(picture: &Picture<'_>, width: f32) -> f32 {
    let image = picture.image;
    let height = image.height() as f64 * image.pixel_aspect() / image.width() as f64;
    // A picture of few columns and many rows must still fit on a page.
    (width * height as f32).min(0.6 * (BOTTOM - TOP))
}

fn row_height(small: bool, pictures: &[Picture<'_>]) -> f32 {
    let heights = pictures.iter().take(columns(small));
    heights
        .map(|p| picture_height(p, column_width(small)))
        .fold(0.0, f32::max)
        + 30.0
}

/// Size of a figure in points: its own, or what fits between the margins. The writer of SVG puts width and height first.
fn figure_size(svg: &str) -> [f32; 2] {
    let value = |name: &str| {
        let from = svg.split_once(&format!(" {name}=\""))?.1;
        from.split_once('"')?.0.parse::<f32>().ok()
    };
    let (width, height) = (
        value("width").unwrap_or(500.0),
        value("height").unwrap_or(300.0),
    );
    let scale = PIXEL.min(ROOM / width).min(0.8 * (BOTTOM - TOP) / height);
    [width * scale, height * scale]
}
