//! Decision plots: how the scores of rows come about, feature after feature.

use super::effect::{LABELS, ROW, middle_cut};
use crate::explanation::ExplanationReport;
use crate::palette::{self, GRID, INK, QUIET};
use crate::svg::{Anchor, Axes, Svg, round_ticks};

/// Lines of a figure; more cannot be told apart.
const LINES: usize = 120;
/// Where the steps begin, and the height of a line of names above them.
const TOP: f64 = 34.0;
const NAME: f64 = 16.0;
/// Names in a line.
const NAMES: usize = 4;

/// The scores of one class from the base at the bottom to each row's score at the top. Lines are coloured and dashed by the row's class in
/// the table; rows that the report shows one by one are drawn in black over the others, numbered.
///
/// Source: `decision_plot` of the Python package `shap` (Lundberg et al., Nat. Biomed. Eng. 2:749, 2018).
pub fn decision(report: &ExplanationReport, class: usize) -> String {
    let name = report.classes.get(class).map_or("", String::as_str);
    let steps = report.decision_steps();
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
    let span = if high > low { high - low } else { 1.0 };
    let ticks = round_ticks(low - 0.02 * span, high + 0.02 * span, 6);
    let height = ROW * steps.len() as f64;
    let named: Vec<usize> = rows.iter().copied().filter(|row| is_named(*row)).collect();
    let top = TOP + NAME * named.len().div_ceil(NAMES) as f64;
    let axes = Axes {
        frame: [LABELS, top, 450.0, height],
        x: [
            ticks.first().copied().unwrap_or(-1.0),
            ticks.last().copied().unwrap_or(1.0),
        ],
        y: [0.0, steps.len() as f64],
    };
    let mut svg = Svg::new(
        700.0,
        top + height + 46.0,
        &format!("How the scores of {name} come about"),
        &format!(
            "Decision plot: {} of {} rows as lines over {} steps.",
            rows.len(),
            report.rows.len(),
            steps.len()
        ),
    );
    let caption = format!("Score of {name} ({}); base {base:.2}", report.unit);
    axes.draw(&mut svg, [&ticks, &[]], [&caption, ""]);
    legend(&mut svg, &report.classes);
    for (step, label) in steps.iter().enumerate() {
        let [_, line] = axes.at(axes.x[0], step as f64 + 1.0);
        svg.line([LABELS, line], [LABELS + 450.0, line], GRID, 0.5, "1 3");
        let label = middle_cut(label, 34);
        svg.text(
            [LABELS - 8.0, line + ROW / 2.0 + 4.0],
            Anchor::End,
            11.5,
            INK,
            false,
            &label,
        );
    }
    svg.line(
        axes.at(base, 0.0),
        axes.at(base, axes.y[1]),
        QUIET,
        1.0,
        "4 3",
    );
    let along = |path: &[f64]| -> Vec<[f64; 2]> {
        let points = path.iter().enumerate();
        points.map(|(at, v)| axes.at(*v, at as f64)).collect()
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

/// Which line is which class.
fn legend(svg: &mut Svg, classes: &[String]) {
    let mut x = 8.0;
    for (index, class) in classes.iter().enumerate() {
        let style = palette::class(index);
        svg.line([x, 12.0], [x + 24.0, 12.0], style.colour, 2.0, style.dash);
        let class = super::short(class, 14);
        svg.text([x + 29.0, 16.0], Anchor::Start, 11.5, INK, false, &class);
        x += 44.0 + 7.0 * class.chars().count() as f64;
    }
}
