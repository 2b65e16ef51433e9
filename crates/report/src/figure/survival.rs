//! Kaplan-Meier curves.

use super::{columns, short};
use crate::catalogue::Catalogue;
use crate::palette::{self, INK, QUIET};
use crate::svg::{Anchor, Axes, Svg, round_ticks, tick_label};
use triher_survival::{SurvivalGroup, SurvivalSummary};

const TENTHS: [f64; 6] = [0.0, 0.2, 0.4, 0.6, 0.8, 1.0];

/// Survival of every group as a staircase, with the numbers at risk under the axis.
pub fn survival(summary: &SurvivalSummary, words: &Catalogue) -> String {
    let times = summary
        .groups
        .iter()
        .flat_map(|g| g.curve.iter().map(|p| p.time));
    let last = times.filter(|t| t.is_finite()).fold(0.0, f64::max);
    let ticks = round_ticks(0.0, if last > 0.0 { last } else { 1.0 }, 6);
    let end = ticks.last().copied().unwrap_or(1.0);
    let rows = summary.groups.len();
    let unit = words.said(&summary.unit);
    let mut svg = Svg::new(
        700.0,
        352.0 + 18.0 * rows as f64,
        &words.text("figure-survival"),
        &words.with(
            "figure-survival-text",
            &[
                ("count", &rows.to_string()),
                ("time", &tick_label(end)),
                ("unit", &unit),
            ],
        ),
    );
    let axes = Axes {
        frame: [110.0, 34.0, 560.0, 240.0],
        x: [0.0, end],
        y: [0.0, 1.0],
    };
    let time = words.with("figure-time", &[("unit", &unit)]);
    axes.draw(
        &mut svg,
        [&ticks, &TENTHS],
        [&time, &words.text("survival-heading")],
    );
    let mut x = 110.0;
    for (index, group) in summary.groups.iter().enumerate() {
        let style = palette::class(index);
        let class = short(&words.short_class(&group.name), 16);
        let name = words.with("calls-called", &[("class", &class)]);
        svg.line([x, 14.0], [x + 30.0, 14.0], style.colour, 2.2, style.dash);
        svg.text([x + 36.0, 18.0], Anchor::Start, 12.0, INK, false, &name);
        x += 56.0 + 6.6 * columns(&name) as f64;
        let mut stairs = vec![axes.at(0.0, 1.0)];
        let mut level = 1.0;
        for point in &group.curve {
            stairs.push(axes.at(point.time, level));
            level = point.survival;
            stairs.push(axes.at(point.time, level));
        }
        svg.path(&stairs, style.colour, 2.0, style.dash);
    }
    let at_risk_in_words = words.text("figure-at-risk");
    svg.text(
        [8.0, 336.0],
        Anchor::Start,
        11.0,
        QUIET,
        false,
        &at_risk_in_words,
    );
    for (index, group) in summary.groups.iter().enumerate() {
        let y = 354.0 + 18.0 * index as f64 - 2.0;
        let colour = palette::class(index).colour;
        svg.text(
            [8.0, y],
            Anchor::Start,
            11.5,
            colour,
            true,
            &short(&words.short_class(&group.name), 13),
        );
        for tick in &ticks {
            let at = axes.at(*tick, 0.0)[0];
            let number = at_risk(group, *tick).to_string();
            svg.text([at, y], Anchor::Middle, 11.0, INK, false, &number);
        }
    }
    svg.finish()
}

/// Patients under observation just before a time.
fn at_risk(group: &SurvivalGroup, time: f64) -> usize {
    let next = group.curve.iter().find(|point| point.time >= time);
    next.map_or(0, |point| point.at_risk)
}
