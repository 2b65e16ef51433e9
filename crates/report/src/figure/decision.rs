//! Decision plots: how the scores of rows come about, feature after feature.

use super::rows::{FOOT, Rows, WIDTH, legend, middle_cut};
use crate::catalogue::Catalogue;
use crate::explanation::ExplanationReport;
use crate::palette::{self, INK, QUIET};
use crate::svg::{Anchor, Svg};

/// Lines of a figure; more cannot be told apart.
const LINES: usize = 120;
/// Where the steps begin, and the height of a line of names above them.
const TOP: f64 = 34.0;
const NAME: f64 = 16.0;
const ROW: f64 = 24.0;
/// Names in a line.
const NAMES: usize = 4;

/// The scores of one class from the base at the bottom to each row's score at the top. Lines are coloured and dashed by the row's class in
/// the table; rows that the report shows one by one are drawn in black over the others, numbered.
///
/// Source: `decision_plot` of the Python package `shap` (Lundberg et al., Nat. Biomed. Eng. 2:749, 2018).
pub fn decision(report: &ExplanationReport, class: usize, words: &Catalogue) -> String {
    let name = report.classes.get(class).map_or("", String::as_str);
    let name = words.short_class(name);
    let steps = report.decision_steps(words.text("figure-all-others"));
    let every = report.rows.len().div_ceil(LINES).max(1);
    let is_named = |row: usize| {
        let id = &report.rows[row].id;
        report.patients.iter().any(|p| p.patient == *id)
    };
    let rows: Vec<usize> = (0..report.rows.len())
        .filter(|&row| row % every == 0 || is_named(row))
        .collect();
    let paths: Vec<Vec<f64>> = rows
        .iter()
        .map(|&row| report.decision_path(class, row))
        .collect();
    let base = report.base.get(class).copied().unwrap_or(0.0);
    let (low, high) = (paths.iter().flatten())
        .filter(|v| v.is_finite())
        .fold((base, base), |(l, h), v| (l.min(*v), h.max(*v)));
    let room = 0.02 * if high > low { high - low } else { 1.0 };
    let named: Vec<usize> = rows.iter().copied().filter(|row| is_named(*row)).collect();
    let top = TOP + NAME * named.len().div_ceil(NAMES) as f64;
    let frame = Rows::new(top, ROW, steps.len(), [low - room, high + room], 6);
    let counts = [
        ("shown", &*rows.len().to_string()),
        ("rows", &report.rows.len().to_string()),
        ("steps", &steps.len().to_string()),
    ];
    let mut svg = Svg::new(
        WIDTH,
        frame.bottom() + FOOT,
        &words.with("figure-decision", &[("class", &name)]),
        &words.with("figure-decision-text", &counts),
    );
    let axis = [
        ("class", name.as_str()),
        ("unit", &words.said(&report.unit)),
        ("base", &format!("{base:.2}")),
    ];
    frame.draw(&mut svg, &words.with("figure-decision-axis", &axis));
    let classes: Vec<String> = (report.classes.iter())
        .map(|c| words.short_class(c))
        .collect();
    legend(
        &mut svg,
        [8.0, 16.0],
        24.0,
        &classes,
        |svg, [x, y], class| {
            let style = palette::class(class);
            svg.line([x, y], [x + 24.0, y], style.colour, 2.0, style.dash);
        },
    );
    for (step, label) in steps.iter().enumerate() {
        // The first step is at the bottom.
        let row = steps.len() - 1 - step;
        frame.name(&mut svg, row, label);
        frame.guide(&mut svg, row);
    }
    frame.across(&mut svg, base, QUIET, 1.0, "4 3");
    let along = |path: &[f64]| -> Vec<[f64; 2]> {
        let points = path.iter().enumerate();
        points
            .map(|(at, v)| [frame.x(*v), frame.bottom() - ROW * at as f64])
            .collect()
    };
    for (&row, path) in rows.iter().zip(&paths) {
        let style = palette::class(report.rows[row].class);
        svg.path(&along(path), style.colour, 0.8, style.dash);
    }
    for (number, &row) in named.iter().enumerate() {
        let points = along(&report.decision_path(class, row));
        svg.path(&points, INK, 2.2, "");
        let tag = (number + 1).to_string();
        if let Some([x, y]) = points.last().filter(|p| p[0].is_finite()) {
            svg.text([*x, y - 4.0], Anchor::Middle, 10.5, INK, true, &tag);
        }
        let place = [
            8.0 + 170.0 * (number % NAMES) as f64,
            TOP + NAME * (number / NAMES) as f64,
        ];
        let name = format!("{tag}: {}", middle_cut(&report.rows[row].id, 20));
        svg.text(place, Anchor::Start, 10.5, INK, true, &name);
    }
    svg.finish()
}
