//! What figures of named rows share: a name on the left, numbers along a common axis on the right, and a legend above.

use super::columns;
use crate::palette::{GRID, INK};
use crate::svg::{Anchor, Axes, Svg, round_ticks};

/// Features of a figure; the table beside it holds the rest.
pub(crate) const SHOWN: usize = 15;
/// Width of a figure, of the names in it and of the numbers beside them.
pub(super) const WIDTH: f64 = 700.0;
pub(super) const LABELS: f64 = 230.0;
const NUMBERS: f64 = 450.0;
/// Room below the rows for ticks and the axis' name.
pub(super) const FOOT: f64 = 48.0;
/// Letters of a name.
const LETTERS: usize = 34;

/// Rows below each other, the first on top.
pub(super) struct Rows {
    axes: Axes,
    ticks: Vec<f64>,
    height: f64,
}

impl Rows {
    /// `count` rows of a height, their axis over about `ticks` round numbers from at most `low` to at least `high`.
    pub(super) fn new(
        top: f64,
        height: f64,
        count: usize,
        [low, high]: [f64; 2],
        ticks: usize,
    ) -> Self {
        let ticks = round_ticks(low, if high > low { high } else { low + 1.0 }, ticks);
        let ends = [ticks.first(), ticks.last()].map(|t| t.copied());
        Self {
            axes: Axes {
                frame: [LABELS, top, NUMBERS, height * count.max(1) as f64],
                x: [ends[0].unwrap_or(low), ends[1].unwrap_or(low + 1.0)],
                y: [0.0, 1.0],
            },
            ticks,
            height,
        }
    }

    /// Where the rows end.
    pub(super) fn bottom(&self) -> f64 {
        self.axes.frame[1] + self.axes.frame[3]
    }

    /// Draws the axis with its ticks and its name.
    pub(super) fn draw(&self, svg: &mut Svg, name: &str) {
        self.axes.draw(svg, [&self.ticks, &[]], [name, ""]);
    }

    /// Writes the name of a row. A long one keeps its beginning and its end, which is where features differ.
    pub(super) fn name(&self, svg: &mut Svg, row: usize, name: &str) {
        let at = [LABELS - 8.0, self.middle(row) + 4.0];
        let name = middle_cut(name, LETTERS);
        svg.text(at, Anchor::End, 11.5, INK, false, &name);
    }

    /// A faint line through a row, along which points are read.
    pub(super) fn guide(&self, svg: &mut Svg, row: usize) {
        let y = self.middle(row);
        svg.line([LABELS, y], [LABELS + NUMBERS, y], GRID, 0.5, "1 3");
    }

    /// A line through all rows.
    pub(super) fn across(&self, svg: &mut Svg, value: f64, colour: &str, width: f64, dash: &str) {
        let x = self.x(value);
        let ends = [self.axes.frame[1], self.bottom()];
        svg.line([x, ends[0]], [x, ends[1]], colour, width, dash);
    }

    /// Middle of a row.
    pub(super) fn middle(&self, row: usize) -> f64 {
        self.axes.frame[1] + self.height * (row as f64 + 0.5)
    }

    /// Where a number lies along the axis.
    pub(super) fn x(&self, value: f64) -> f64 {
        self.axes.at(value, 0.0)[0]
    }

    /// A bar in a row between two numbers; at least a pixel wide when they differ.
    pub(super) fn bar(&self, svg: &mut Svg, row: usize, [from, to]: [f64; 2], colour: &str) {
        if from == to {
            return;
        }
        let (from, to) = (self.x(from), self.x(to));
        let thick = self.height - 8.0;
        let corner = [from.min(to), self.middle(row) - thick / 2.0];
        svg.rectangle(corner, [(to - from).abs().max(1.0), thick], colour);
    }
}

/// Names in a line with their base at `y`, the first from `x` on, each behind a sample that `sample` draws at the place of its left edge;
/// tells where the next would begin.
pub(super) fn legend(
    svg: &mut Svg,
    [mut x, y]: [f64; 2],
    sample_width: f64,
    names: &[String],
    sample: impl Fn(&mut Svg, [f64; 2], usize),
) -> f64 {
    for (index, name) in names.iter().enumerate() {
        sample(svg, [x, y - 4.0], index);
        let name = super::short(name, 24);
        let at = [x + sample_width + 5.0, y];
        svg.text(at, Anchor::Start, 11.5, INK, false, &name);
        x += sample_width + 24.0 + 7.0 * columns(&name) as f64;
    }
    x
}

/// A long name keeps its beginning and its end.
pub(super) fn middle_cut(name: &str, limit: usize) -> String {
    let letters: Vec<char> = name.chars().collect();
    if letters.len() <= limit {
        return name.to_owned();
    }
    let half = (limit - 1) / 2;
    let start: String = letters[..half].iter().collect();
    let end: String = letters[letters.len() - (limit - 1 - half)..]
        .iter()
        .collect();
    format!("{start}\u{2026}{end}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_cut_in_the_middle() {
        assert_eq!(middle_cut("abcdefghij", 7), "abc\u{2026}hij");
        assert_eq!(middle_cut("short", 7), "short");
    }

    #[test]
    fn rows_lie_below_each_other_and_an_axis_without_range_has_one() {
        let rows = Rows::new(10.0, 20.0, 3, [0.0, 0.0], 5);
        assert_eq!(
            (rows.middle(0), rows.middle(2), rows.bottom()),
            (20.0, 60.0, 70.0)
        );
        assert!(rows.x(0.0) < rows.x(0.5) && rows.x(0.0) == LABELS);
    }
}
