//! How the probabilities of each class are spread among the true classes.

use super::short;
use crate::catalogue::Catalogue;
use crate::palette::{self, INK, QUIET};
use crate::svg::{Anchor, Axes, Svg};
use triher_stats::{Evaluation, Spread};

/// Panels in a row.
const COLUMNS: usize = 3;
const ROW: f64 = 54.0;

/// One panel per class whose probability is shown, one row per true class in it: a histogram
/// mirrored about the row's middle, the quartiles as a bar and the median as the class's shape. In a
/// model that tells the class apart its own row lies further to the right than the others.
pub fn spread(evaluation: &Evaluation, words: &Catalogue) -> String {
    let classes = evaluation.classes.len();
    let columns = classes.clamp(1, COLUMNS);
    let panel = [220.0, ROW * classes as f64 + 78.0];
    let left = 84.0;
    let rows = classes.div_ceil(columns).max(1);
    let mut svg = Svg::new(
        left + panel[0] * columns as f64,
        panel[1] * rows as f64,
        &words.text("figure-spread"),
        &words.text("figure-spread-text"),
    );
    for (shown, class) in evaluation.classes.iter().enumerate() {
        let column = shown % columns;
        let corner = [
            left + panel[0] * column as f64,
            panel[1] * (shown / columns) as f64,
        ];
        let axes = Axes {
            frame: [
                corner[0] + 6.0,
                corner[1] + 26.0,
                196.0,
                ROW * classes as f64,
            ],
            x: [0.0, 1.0],
            y: [0.0, 1.0],
        };
        let class_in_words = short(&words.short_class(class), 20);
        let title = words.with("probability-of", &[("class", &class_in_words)]);
        svg.text(
            [corner[0] + 104.0, corner[1] + 16.0],
            Anchor::Middle,
            13.0,
            INK,
            true,
            &title,
        );
        axes.draw(
            &mut svg,
            [&[0.0, 0.25, 0.5, 0.75, 1.0], &[]],
            [&words.text("figure-predicted"), ""],
        );
        for (row, truth) in evaluation.classes.iter().enumerate() {
            let middle = corner[1] + 26.0 + ROW * (row as f64 + 0.5);
            let style = palette::class(row);
            if column == 0 {
                let name = short(&words.short_class(truth), 11);
                svg.text(
                    [left - 6.0, middle],
                    Anchor::End,
                    12.0,
                    INK,
                    row == shown,
                    &name,
                );
            }
            let Some(values) = evaluation.spread.get(truth).and_then(|per| per.get(class)) else {
                continue;
            };
            if column == 0 {
                let n = format!("n = {}", values.n);
                svg.text(
                    [left - 6.0, middle + 13.0],
                    Anchor::End,
                    10.5,
                    QUIET,
                    false,
                    &n,
                );
            }
            draw_row(&mut svg, &axes, middle, values, style, words);
        }
    }
    svg.finish()
}

fn draw_row(
    svg: &mut Svg,
    axes: &Axes,
    middle: f64,
    values: &Spread,
    style: palette::Style,
    words: &Catalogue,
) {
    let Some([_, lower, median, upper, _]) = values.quartiles else {
        let at = [axes.at(0.5, 0.0)[0], middle + 4.0];
        let none = words.text("no-cases");
        svg.text(at, Anchor::Middle, 11.0, QUIET, false, &none);
        return;
    };
    let most = values.histogram.iter().copied().max().unwrap_or(0).max(1) as f64;
    let bins = values.histogram.len().max(1) as f64;
    let reach = |count: u64| (ROW / 2.0 - 5.0) * count as f64 / most;
    let mut outline = Vec::new();
    for (bin, &count) in values.histogram.iter().enumerate() {
        for edge in [bin, bin + 1] {
            outline.push([axes.at(edge as f64 / bins, 0.0)[0], middle - reach(count)]);
        }
    }
    for (bin, &count) in values.histogram.iter().enumerate().rev() {
        for edge in [bin + 1, bin] {
            outline.push([axes.at(edge as f64 / bins, 0.0)[0], middle + reach(count)]);
        }
    }
    svg.polygon(&outline, style.colour, 0.35);
    let x = |value| axes.at(value, 0.0)[0];
    svg.line(
        [x(lower), middle],
        [x(upper), middle],
        style.colour,
        3.4,
        "",
    );
    svg.marker([x(median), middle], style.marker, 5.2, "#ffffff");
    svg.marker([x(median), middle], style.marker, 3.8, style.colour);
}
