//! Figures, and pictures in rows with what is drawn over them.

use super::sheets::{BOTTOM, ROOM, SMALL, Sheets, TOP};
use crate::palette::{CROP, OUTLINE, QUIET};
use crate::patient::document::Picture;
use crate::patient::pdf_page::{MARGIN, Mark};

/// A figure's CSS pixel in points.
const PIXEL: f32 = 0.72;

impl Sheets<'_> {
    pub(super) fn figure(&mut self, svg: &str, caption: &str) {
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

    pub(super) fn legend(&mut self, lines: &[(&'static str, &'static str, String)]) {
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
            let size = SMALL + 0.5;
            self.write([x + 29.0, y + 8.0], size, false, QUIET, shown);
            x += width + 44.0;
        }
        self.y += 17.0;
    }

    pub(super) fn pictures(&mut self, small: bool, pictures: &[Picture<'_>]) {
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
                // Each caption right below its picture, however high the others of the row are.
                let below = self.y + picture_height(picture, width);
                for (line, text) in caption.into_iter().enumerate() {
                    let at = [x, below + SMALL * (1.2 + 1.35 * line as f32)];
                    self.write(at, SMALL, false, QUIET, text);
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

pub(super) fn row_height(small: bool, pictures: &[Picture<'_>]) -> f32 {
    let heights = pictures.iter().take(columns(small));
    heights
        .map(|p| picture_height(p, column_width(small)))
        .fold(0.0, f32::max)
        + 30.0
}

/// Size of a figure in points: its own, or what fits between the margins. The writer of SVG puts width and height first.
pub(super) fn figure_size(svg: &str) -> [f32; 2] {
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
