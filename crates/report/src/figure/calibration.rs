//! Calibration curves.

use super::short;
use crate::catalogue::Catalogue;
use crate::palette::{self, INK, QUIET};
use crate::svg::{Anchor, Axes, Svg};
use triher_stats::Evaluation;

/// Panels in a row.
const COLUMNS: usize = 3;
/// Width and height of a panel.
const PANEL: [f64; 2] = [238.0, 268.0];
const HALVES: [f64; 5] = [0.0, 0.25, 0.5, 0.75, 1.0];

/// One panel per class: the observed share against the mean predicted probability in bins of equal
/// mass, with Wilson bars. On the dashed line predictions come true.
pub fn calibration(evaluation: &Evaluation, words: &Catalogue) -> String {
    let classes = evaluation.classes.len();
    let columns = classes.clamp(1, COLUMNS);
    let rows = classes.div_ceil(columns).max(1);
    let mut svg = Svg::new(
        PANEL[0] * columns as f64 + 10.0,
        PANEL[1] * rows as f64,
        &words.text("figure-calibration"),
        &words.with(
            "figure-calibration-text",
            &[
                ("bins", &evaluation.calibration.bins.to_string()),
                ("error", &words.number(Some(evaluation.calibration.ece), 3)),
            ],
        ),
    );
    for (index, name) in evaluation.classes.iter().enumerate() {
        let style = palette::class(index);
        let corner = [
            PANEL[0] * (index % columns) as f64,
            PANEL[1] * (index / columns) as f64,
        ];
        let axes = Axes {
            frame: [corner[0] + 50.0, corner[1] + 26.0, 176.0, 176.0],
            x: [0.0, 1.0],
            y: [0.0, 1.0],
        };
        svg.text(
            [corner[0] + 138.0, corner[1] + 16.0],
            Anchor::Middle,
            13.0,
            INK,
            true,
            &short(&words.short_class(name), 26),
        );
        let label = if index % columns == 0 {
            words.text("figure-observed")
        } else {
            String::new()
        };
        axes.draw(
            &mut svg,
            [&HALVES, &HALVES],
            [&words.text("figure-predicted"), &label],
        );
        svg.line(axes.at(0.0, 0.0), axes.at(1.0, 1.0), QUIET, 1.0, "3 3");
        let Some(class) = evaluation.calibration.per_class.get(name) else {
            continue;
        };
        let points: Vec<[f64; 2]> = class
            .bins
            .iter()
            .map(|bin| axes.at(bin.predicted, bin.observed))
            .collect();
        for (bin, point) in class.bins.iter().zip(&points) {
            if let Some([low, high]) = bin.ci95 {
                let (from, to) = (axes.at(bin.predicted, low), axes.at(bin.predicted, high));
                svg.line(from, to, style.colour, 1.1, "");
                for end in [from, to] {
                    svg.line(
                        [end[0] - 3.0, end[1]],
                        [end[0] + 3.0, end[1]],
                        style.colour,
                        1.1,
                        "",
                    );
                }
            }
            svg.marker(*point, style.marker, 4.0, style.colour);
        }
        svg.path(&points, style.colour, 1.6, style.dash);
        svg.text(
            [corner[0] + 138.0, corner[1] + 256.0],
            Anchor::Middle,
            11.0,
            QUIET,
            false,
            &words.with(
                "figure-calibration-panel",
                &[
                    ("error", &words.number(Some(class.ece), 3)),
                    ("slope", &slope(class.slope, words)),
                ],
            ),
        );
    }
    svg.finish()
}

fn slope(value: Option<f64>, words: &Catalogue) -> String {
    value.map_or_else(
        || words.text("undefined"),
        |value| words.number(Some(value), 2),
    )
}
