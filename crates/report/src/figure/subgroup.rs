//! The AUC of every subgroup.

use super::short;
use crate::catalogue::Catalogue;
use crate::palette::{GRID, INK, Marker, QUIET};
use crate::svg::{Anchor, Axes, Svg, round_ticks};
use triher_stats::{Estimate, Evaluation};

const ROW: f64 = 24.0;
const TOP: f64 = 12.0;

/// One line of the plot.
enum Line<'a> {
    Variable(String),
    Level(String, usize, &'a Estimate),
}

/// Macro AUC of all patients and of every level of every variable with intervals. Levels without an AUC are listed
/// without a point.
pub fn subgroup_forest(evaluation: &Evaluation, words: &Catalogue) -> String {
    let all = words.text("figure-all-patients");
    let mut lines = vec![Line::Level(
        all,
        evaluation.n,
        &evaluation.auc.macro_average,
    )];
    for variable in &evaluation.subgroups {
        let test = match variable.p_value {
            Some(p) if p < 0.001 => " (p < 0.001)".to_owned(),
            Some(p) => format!(" (p = {p:.3})"),
            None => String::new(),
        };
        lines.push(Line::Variable(format!(
            "{}{test}",
            short(&variable.name, 40)
        )));
        let levels = variable.levels.iter();
        lines.extend(
            levels.map(|l| Line::Level(words.subgroup_level(&l.level), l.n, &l.auc.macro_average)),
        );
    }
    let estimates = lines.iter().filter_map(|line| match line {
        Line::Level(_, _, estimate) => Some(*estimate),
        Line::Variable(_) => None,
    });
    let lowest = estimates
        .flat_map(|e| e.value.into_iter().chain(e.ci95.map(|ci| ci[0])))
        .filter(|value| value.is_finite())
        .fold(0.4, f64::min);
    // The axis begins at a tick.
    let ticks = round_ticks(lowest.clamp(0.0, 0.4), 1.0, 6);
    let low = ticks.first().copied().unwrap_or(0.0);
    let height = ROW * lines.len() as f64;
    let mut svg = Svg::new(
        700.0,
        TOP + height + 52.0,
        &words.text("figure-subgroups"),
        &words.with(
            "figure-subgroups-text",
            &[("count", &evaluation.subgroups.len().to_string())],
        ),
    );
    let axes = Axes {
        frame: [220.0, TOP, 310.0, height],
        x: [low, 1.0],
        y: [0.0, 1.0],
    };
    axes.draw(&mut svg, [&ticks, &[]], [&words.text("macro-auc"), ""]);
    if let Some(all) = evaluation.auc.macro_average.value {
        svg.line(axes.at(all, 0.0), axes.at(all, 1.0), QUIET, 1.0, "3 3");
    }
    for (index, line) in lines.iter().enumerate() {
        let middle = TOP + ROW * (index as f64 + 0.5);
        match line {
            Line::Variable(name) => {
                svg.line(
                    [8.0, middle - ROW / 2.0],
                    [692.0, middle - ROW / 2.0],
                    GRID,
                    0.8,
                    "",
                );
                svg.text([8.0, middle + 4.0], Anchor::Start, 12.0, INK, true, name);
            }
            Line::Level(name, n, estimate) => {
                let summary = words.estimate(estimate);
                level(
                    &mut svg,
                    &axes,
                    middle,
                    index == 0,
                    (name, *n),
                    (estimate, &summary),
                );
            }
        }
    }
    svg.finish()
}

fn level(
    svg: &mut Svg,
    axes: &Axes,
    middle: f64,
    bold: bool,
    (name, n): (&str, usize),
    (estimate, summary): (&Estimate, &str),
) {
    let indent = if bold { 8.0 } else { 22.0 };
    svg.text(
        [indent, middle + 4.0],
        Anchor::Start,
        12.0,
        INK,
        bold,
        &short(name, 20),
    );
    svg.text(
        [212.0, middle + 4.0],
        Anchor::End,
        10.5,
        QUIET,
        false,
        &format!("n = {n}"),
    );
    svg.text(
        [542.0, middle + 4.0],
        Anchor::Start,
        12.0,
        INK,
        bold,
        summary,
    );
    if let Some([low, high]) = estimate.ci95 {
        let (from, to) = (axes.at(low, 0.0)[0], axes.at(high, 0.0)[0]);
        svg.line([from, middle], [to, middle], INK, 1.5, "");
        for end in [from, to] {
            svg.line([end, middle - 4.0], [end, middle + 4.0], INK, 1.5, "");
        }
    }
    if let Some(value) = estimate.value {
        let at = [axes.at(value, 0.0)[0], middle];
        let marker = if bold {
            Marker::Diamond
        } else {
            Marker::Square
        };
        svg.marker(at, marker, 4.6, INK);
    }
}
