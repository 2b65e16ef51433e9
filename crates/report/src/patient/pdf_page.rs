//! The sheets of a PDF report: what is drawn where, before the number of pages is known.

use super::typeface::Typeface;
use crate::picture::ReportError;
use krilla::Document as Pdf;
use krilla::color::rgb;
use krilla::geom::{PathBuilder, Point, Rect, Size, Transform};
use krilla::image::Image;
use krilla::num::NormalizedF32;
use krilla::page::PageSettings;
use krilla::paint::{Fill, Stroke, StrokeDash};
use krilla::surface::Surface;
use krilla::text::TextDirection;
use krilla_svg::{SurfaceExt, SvgSettings};

/// A4 in points.
pub(crate) const PAGE: [f32; 2] = [595.28, 841.89];
/// Left and right margin in points.
pub(crate) const MARGIN: f32 = 48.0;

/// A mark on a sheet; positions in points from the top left.
pub(crate) enum Mark {
    Text {
        at: [f32; 2],
        size: f32,
        bold: bool,
        colour: &'static str,
        text: String,
    },
    Box {
        at: [f32; 2],
        size: [f32; 2],
        fill: &'static str,
    },
    Line {
        points: Vec<[f32; 2]>,
        closed: bool,
        width: f32,
        colour: &'static str,
        dash: &'static [f32],
    },
    Png {
        at: [f32; 2],
        size: [f32; 2],
        bytes: Vec<u8>,
        smooth: bool,
    },
    Svg {
        at: [f32; 2],
        size: [f32; 2],
        text: String,
    },
}

/// Draws the marks of a sheet as a page.
pub(crate) fn draw_page(
    pdf: &mut Pdf,
    marks: &[Mark],
    typeface: &Typeface,
) -> Result<(), ReportError> {
    let settings = PageSettings::from_wh(PAGE[0], PAGE[1])
        .ok_or_else(|| ReportError::Pdf("A4 is no size of a page".into()))?;
    let mut page = pdf.start_page_with(settings);
    let mut surface = page.surface();
    for mark in marks {
        draw(&mut surface, mark, typeface)?;
    }
    surface.finish();
    page.finish();
    Ok(())
}

fn draw(surface: &mut Surface<'_>, mark: &Mark, typeface: &Typeface) -> Result<(), ReportError> {
    match mark {
        Mark::Text {
            at,
            size,
            bold,
            colour,
            text,
        } => {
            if text.is_empty() {
                return Ok(());
            }
            surface.set_stroke(None);
            surface.set_fill(Some(fill(colour)));
            let at = Point::from_xy(at[0], at[1]);
            let font = typeface.font(*bold);
            surface.draw_text(at, font, *size, text, false, TextDirection::LeftToRight);
        }
        Mark::Box {
            at,
            size,
            fill: colour,
        } => {
            let Some(rect) = Rect::from_xywh(at[0], at[1], size[0], size[1]) else {
                return Ok(());
            };
            let mut path = PathBuilder::new();
            path.push_rect(rect);
            surface.set_stroke(None);
            surface.set_fill(Some(fill(colour)));
            if let Some(path) = path.finish() {
                surface.draw_path(&path);
            }
        }
        Mark::Line {
            points,
            closed,
            width,
            colour,
            dash,
        } => {
            let mut path = PathBuilder::new();
            for (number, point) in points.iter().enumerate() {
                match number {
                    0 => path.move_to(point[0], point[1]),
                    _ => path.line_to(point[0], point[1]),
                }
            }
            if *closed {
                path.close();
            }
            surface.set_fill(None);
            surface.set_stroke(Some(Stroke {
                paint: colour_of(colour).into(),
                width: *width,
                dash: (!dash.is_empty()).then(|| StrokeDash {
                    array: dash.to_vec(),
                    offset: 0.0,
                }),
                ..Stroke::default()
            }));
            if let Some(path) = path.finish() {
                surface.draw_path(&path);
            }
        }
        Mark::Png {
            at,
            size,
            bytes,
            smooth,
        } => {
            let image = Image::from_png(bytes.clone().into(), *smooth).map_err(ReportError::Pdf)?;
            placed(surface, *at, *size, |surface, size| {
                surface.draw_image(image, size)
            });
        }
        Mark::Svg { at, size, text } => {
            let tree = (typeface.figure(text))
                .map_err(|e| ReportError::Pdf(format!("a figure is no SVG ({e})")))?;
            placed(surface, *at, *size, |surface, size| {
                // None would mean a figure without an area, of which nothing is to be drawn.
                let _ = surface.draw_svg(&tree, size, SvgSettings::default());
            });
        }
    }
    Ok(())
}

fn placed(
    surface: &mut Surface<'_>,
    at: [f32; 2],
    size: [f32; 2],
    draw: impl FnOnce(&mut Surface<'_>, Size),
) {
    if let Some(size) = Size::from_wh(size[0], size[1]) {
        surface.push_transform(&Transform::from_translate(at[0], at[1]));
        draw(surface, size);
        surface.pop();
    }
}

fn fill(colour: &str) -> Fill {
    Fill {
        paint: colour_of(colour).into(),
        opacity: NormalizedF32::ONE,
        ..Fill::default()
    }
}

/// "#rrggbb" or "#rgb"; anything else is black.
fn colour_of(text: &str) -> rgb::Color {
    let digits: Vec<u8> = text
        .chars()
        .filter_map(|c| c.to_digit(16))
        .filter_map(|d| u8::try_from(d).ok())
        .collect();
    match digits.as_slice() {
        [r, s, g, h, b, c] => rgb::Color::new(16 * r + s, 16 * g + h, 16 * b + c),
        [r, g, b] => rgb::Color::new(17 * r, 17 * g, 17 * b),
        _ => rgb::Color::new(0, 0, 0),
    }
}
