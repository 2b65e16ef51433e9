//! A small writer of SVG: numbers with fixed digits, escaped text, no state that could differ
//! between two runs.

use crate::palette::{GRID, INK, Marker};
use std::fmt::Write as _;

/// Escapes text for XML and HTML, attributes included. Control characters that XML forbids become
/// spaces.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '\t' | '\n' => escaped.push(character),
            c if c.is_control() || c == '\u{fffe}' || c == '\u{ffff}' => escaped.push(' '),
            c => escaped.push(c),
        }
    }
    escaped
}

/// A coordinate with at most two decimals. A number that is not finite cannot be drawn; callers drop
/// such points, and this writes 0 should one come through.
pub(crate) fn coordinate(value: f64) -> String {
    if !value.is_finite() {
        return "0".into();
    }
    let text = format!("{value:.2}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" {
        "0".into()
    } else {
        text.into()
    }
}

/// Which end of a text stands at its position.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Anchor {
    Start,
    Middle,
    End,
}

impl Anchor {
    fn name(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Middle => "middle",
            Self::End => "end",
        }
    }
}

/// An SVG document being written.
pub(crate) struct Svg {
    body: String,
    width: f64,
    height: f64,
    title: String,
    description: String,
}

impl Svg {
    /// A drawing of `width` by `height` CSS pixels. The title names it; the description says in words
    /// what it shows.
    pub(crate) fn new(width: f64, height: f64, title: &str, description: &str) -> Self {
        Self {
            body: String::new(),
            width,
            height,
            title: title.into(),
            description: description.into(),
        }
    }

    /// The document. It stands on its own as a file and inside of HTML.
    pub(crate) fn finish(self) -> String {
        let (w, h) = (coordinate(self.width), coordinate(self.height));
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" width=\"{w}\" height=\"{h}\" \
             viewBox=\"0 0 {w} {h}\" preserveAspectRatio=\"xMinYMin meet\" font-family=\"sans-serif\" font-size=\"12\" fill=\"{INK}\">\
             <title>{}</title><desc>{}</desc>{}</svg>",
            escape(&self.title),
            escape(&self.description),
            self.body
        )
    }

    /// A filled rectangle.
    pub(crate) fn rectangle(&mut self, corner: [f64; 2], size: [f64; 2], fill: &str) {
        let _ = write!(
            self.body,
            "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"{fill}\"/>",
            coordinate(corner[0]),
            coordinate(corner[1]),
            coordinate(size[0].max(0.0)),
            coordinate(size[1].max(0.0)),
        );
    }

    /// A straight line.
    pub(crate) fn line(
        &mut self,
        from: [f64; 2],
        to: [f64; 2],
        stroke: &str,
        width: f64,
        dash: &str,
    ) {
        self.path(&[from, to], stroke, width, dash);
    }

    /// A line through points; points that are not finite are left out.
    pub(crate) fn path(&mut self, points: &[[f64; 2]], stroke: &str, width: f64, dash: &str) {
        let points: Vec<String> = points
            .iter()
            .filter(|p| p[0].is_finite() && p[1].is_finite())
            .map(|p| format!("{},{}", coordinate(p[0]), coordinate(p[1])))
            .collect();
        if points.len() < 2 {
            return;
        }
        let _ = write!(
            self.body,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{stroke}\" stroke-width=\"{}\"",
            points.join(" "),
            coordinate(width)
        );
        if !dash.is_empty() {
            let _ = write!(self.body, " stroke-dasharray=\"{dash}\"");
        }
        self.body.push_str("/>");
    }

    /// A filled polygon.
    pub(crate) fn polygon(&mut self, points: &[[f64; 2]], fill: &str, opacity: f64) {
        let points: Vec<String> = points
            .iter()
            .filter(|p| p[0].is_finite() && p[1].is_finite())
            .map(|p| format!("{},{}", coordinate(p[0]), coordinate(p[1])))
            .collect();
        if points.len() < 3 {
            return;
        }
        let _ = write!(
            self.body,
            "<polygon points=\"{}\" fill=\"{fill}\" fill-opacity=\"{}\"/>",
            points.join(" "),
            coordinate(opacity)
        );
    }

    /// Text of a size, in a colour.
    pub(crate) fn text(
        &mut self,
        at: [f64; 2],
        anchor: Anchor,
        size: f64,
        colour: &str,
        bold: bool,
        text: &str,
    ) {
        let _ = write!(
            self.body,
            "<text x=\"{}\" y=\"{}\" text-anchor=\"{}\" font-size=\"{}\" fill=\"{colour}\"{}>{}</text>",
            coordinate(at[0]),
            coordinate(at[1]),
            anchor.name(),
            coordinate(size),
            if bold { " font-weight=\"bold\"" } else { "" },
            escape(text)
        );
    }

    /// Text that reads upwards, centred at a position.
    pub(crate) fn text_upwards(&mut self, at: [f64; 2], text: &str) {
        let (x, y) = (coordinate(at[0]), coordinate(at[1]));
        let _ = write!(
            self.body,
            "<text x=\"{x}\" y=\"{y}\" text-anchor=\"middle\" transform=\"rotate(-90 {x} {y})\">{}</text>",
            escape(text)
        );
    }

    /// A point of a shape, `size` pixels from its centre to its edge.
    pub(crate) fn marker(&mut self, at: [f64; 2], marker: Marker, size: f64, fill: &str) {
        if !(at[0].is_finite() && at[1].is_finite()) {
            return;
        }
        let [x, y] = at;
        match marker {
            Marker::Circle => {
                let _ = write!(
                    self.body,
                    "<circle cx=\"{}\" cy=\"{}\" r=\"{}\" fill=\"{fill}\"/>",
                    coordinate(x),
                    coordinate(y),
                    coordinate(size)
                );
            }
            Marker::Square => {
                let s = size * 0.9;
                self.rectangle([x - s, y - s], [2.0 * s, 2.0 * s], fill);
            }
            Marker::Triangle => {
                let s = size * 1.2;
                let corners = [[x, y - s], [x + s, y + 0.8 * s], [x - s, y + 0.8 * s]];
                self.polygon(&corners, fill, 1.0);
            }
            Marker::Diamond => {
                let s = size * 1.3;
                self.polygon(&[[x, y - s], [x + s, y], [x, y + s], [x - s, y]], fill, 1.0);
            }
            Marker::Cross => {
                let s = size * 1.2;
                self.line([x - s, y - s], [x + s, y + s], fill, 0.7 * size, "");
                self.line([x - s, y + s], [x + s, y - s], fill, 0.7 * size, "");
            }
        }
    }
}

/// A rectangle of the drawing in which numbers are placed.
pub(crate) struct Axes {
    /// Left, top, width, height in pixels.
    pub(crate) frame: [f64; 4],
    /// Smallest and largest number along x.
    pub(crate) x: [f64; 2],
    /// Smallest and largest number along y, upwards.
    pub(crate) y: [f64; 2],
}

impl Axes {
    /// Where a pair of numbers lies.
    pub(crate) fn at(&self, x: f64, y: f64) -> [f64; 2] {
        let [left, top, width, height] = self.frame;
        let share = |value: f64, [low, high]: [f64; 2]| {
            if high > low {
                (value - low) / (high - low)
            } else {
                0.5
            }
        };
        [
            left + width * share(x, self.x),
            top + height * (1.0 - share(y, self.y)),
        ]
    }

    /// Draws the grid, the ticks with their labels and the axes' names.
    pub(crate) fn draw(&self, svg: &mut Svg, ticks: [&[f64]; 2], names: [&str; 2]) {
        let [left, top, width, height] = self.frame;
        for &tick in ticks[0] {
            let [x, _] = self.at(tick, self.y[0]);
            svg.line([x, top], [x, top + height], GRID, 1.0, "");
            svg.text(
                [x, top + height + 16.0],
                Anchor::Middle,
                11.0,
                INK,
                false,
                &tick_label(tick),
            );
        }
        for &tick in ticks[1] {
            let [_, y] = self.at(self.x[0], tick);
            svg.line([left, y], [left + width, y], GRID, 1.0, "");
            svg.text(
                [left - 6.0, y + 4.0],
                Anchor::End,
                11.0,
                INK,
                false,
                &tick_label(tick),
            );
        }
        svg.line(
            [left, top + height],
            [left + width, top + height],
            INK,
            1.2,
            "",
        );
        svg.line([left, top], [left, top + height], INK, 1.2, "");
        if !names[0].is_empty() {
            let at = [left + width / 2.0, top + height + 34.0];
            svg.text(at, Anchor::Middle, 12.0, INK, false, names[0]);
        }
        if !names[1].is_empty() {
            svg.text_upwards([left - 36.0, top + height / 2.0], names[1]);
        }
    }
}

/// A tick's number in as few digits as it needs.
pub(crate) fn tick_label(value: f64) -> String {
    if value.abs() >= 1e7 {
        return format!("{value:.1e}");
    }
    let text = format!("{value:.4}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" {
        "0".into()
    } else {
        text.into()
    }
}

/// About `count` round numbers that cover `low..=high`.
pub(crate) fn round_ticks(low: f64, high: f64, count: usize) -> Vec<f64> {
    if !(low.is_finite() && high.is_finite() && (high - low).is_finite())
        || high <= low
        || count == 0
    {
        return vec![];
    }
    let rough = (high - low) / count as f64;
    let power = 10f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 2.5, 5.0, 10.0]
        .iter()
        .map(|m| m * power)
        .find(|step| *step >= rough * 0.999)
        .unwrap_or(10.0 * power);
    let (first, last) = ((low / step).floor() as i64, (high / step).ceil() as i64);
    // The step is at least a quarter of the range over `count`, so this stays short.
    (first..=last.min(first.saturating_add(4 * count as i64 + 2)))
        .map(|k| k as f64 * step)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_cannot_leave_its_element() {
        let mut svg = Svg::new(10.0, 10.0, "</title><script>", "a & b");
        svg.text(
            [0.0, 0.0],
            Anchor::Start,
            12.0,
            "black",
            false,
            "<b x='1'>\u{1}",
        );
        let text = svg.finish();
        assert!(!text.contains("<script>") && !text.contains("<b "));
        assert!(text.contains("&lt;b x=&#39;1&#39;&gt; </text>"));
        assert!(text.contains("<desc>a &amp; b</desc>"));
    }

    #[test]
    fn numbers_that_are_not_finite_are_not_drawn() {
        let mut svg = Svg::new(10.0, 10.0, "t", "d");
        svg.path(
            &[[0.0, 0.0], [f64::NAN, 1.0], [f64::INFINITY, 2.0]],
            "red",
            1.0,
            "",
        );
        svg.marker([f64::NAN, 0.0], Marker::Circle, 3.0, "red");
        let text = svg.finish();
        assert!(!text.contains("polyline") && !text.contains("circle") && !text.contains("NaN"));
        assert_eq!(coordinate(-0.001), "0");
        assert_eq!(coordinate(1.50), "1.5");
        assert_eq!(coordinate(100.0), "100");
    }

    #[test]
    fn ticks_are_round_and_cover_the_range() {
        assert_eq!(
            round_ticks(0.0, 1.0, 5),
            [0.0, 0.2, 0.4, 0.6000000000000001, 0.8, 1.0]
        );
        assert_eq!(round_ticks(12.0, 431.0, 4), [0.0, 200.0, 400.0, 600.0]);
        assert!(round_ticks(1.0, 1.0, 4).is_empty() && round_ticks(f64::NAN, 1.0, 4).is_empty());
        assert!(round_ticks(-1e300, 1e300, 4).len() < 30);
        assert!(round_ticks(f64::MIN, f64::MAX, 4).is_empty());
        assert_eq!(
            (tick_label(0.25), tick_label(2e9)),
            ("0.25".into(), "2.0e9".into())
        );
    }
}
