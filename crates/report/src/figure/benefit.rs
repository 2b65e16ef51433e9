//! Decision curves.

use super::short;
use crate::catalogue::Catalogue;
use crate::palette::{self, GRID, INK, QUIET};
use crate::svg::{Anchor, Axes, Svg, round_ticks};
use triher_stats::{Evaluation, NetBenefit};

const WIDTH: f64 = 320.0;
const FRAME: [f64; 2] = [250.0, 200.0];

/// Net benefit against the threshold for every decision, two panels a row: the model with its band, treating
/// everybody, treating nobody.
pub fn net_benefit(evaluation: &Evaluation, words: &Catalogue) -> String {
    let curves = &evaluation.net_benefit;
    let rows = curves.len().div_ceil(2).max(1);
    let mut svg = Svg::new(
        700.0,
        24.0 + 290.0 * rows as f64,
        &words.text("benefit-heading"),
        &words.text("figure-benefit-text"),
    );
    let entries = [
        ("figure-benefit-model", INK, ""),
        ("figure-benefit-everybody", QUIET, "6 3"),
        ("figure-benefit-nobody", QUIET, "2 2"),
    ];
    let mut x = 54.0;
    for (key, colour, dash) in entries {
        svg.line([x, 12.0], [x + 30.0, 12.0], colour, 2.0, dash);
        svg.text(
            [x + 36.0, 16.0],
            Anchor::Start,
            11.5,
            INK,
            false,
            &words.text(key),
        );
        x += 110.0;
    }
    for (index, curve) in curves.iter().enumerate() {
        let corner = [
            54.0 + (WIDTH + 14.0) * (index % 2) as f64,
            48.0 + 290.0 * (index / 2) as f64,
        ];
        panel(&mut svg, curve, corner, index + 1, words);
    }
    svg.finish()
}

fn panel(svg: &mut Svg, curve: &NetBenefit, corner: [f64; 2], colour: usize, words: &Catalogue) {
    let bounds = curve.points.iter().flat_map(|p| {
        let band = p.band.unwrap_or([p.model; 2]);
        [p.model, band[1]]
    });
    let highest = bounds.fold(0.0, f64::max).max(0.05);
    // Treating everybody falls without end; what lies far below zero is of no use to anybody. The panel ends at ticks.
    let ticks = round_ticks(-0.3 * highest, highest * 1.05, 5);
    let lowest = ticks.first().copied().unwrap_or(0.0).min(-0.3 * highest);
    let top = ticks.last().copied().unwrap_or(1.0).max(highest * 1.05);
    let axes = Axes {
        frame: [corner[0], corner[1], FRAME[0], FRAME[1]],
        x: [0.0, 0.9],
        y: [lowest, top],
    };
    axes.draw(
        svg,
        [&[0.0, 0.2, 0.4, 0.6, 0.8], &ticks],
        [
            &words.text("operating-threshold"),
            &words.text("benefit-heading"),
        ],
    );
    svg.text(
        [corner[0], corner[1] - 10.0],
        Anchor::Start,
        12.0,
        INK,
        true,
        &short(&words.decision(&curve.question), 42),
    );
    svg.line(axes.at(0.0, 0.0), axes.at(0.9, 0.0), QUIET, 1.4, "2 2");
    let clip = |value: f64| value.clamp(lowest, top);
    let style = palette::class(colour);
    let along = |pick: &dyn Fn(&triher_stats::DecisionPoint) -> f64| -> Vec<[f64; 2]> {
        let points = curve.points.iter();
        points
            .map(|p| axes.at(p.threshold, clip(pick(p))))
            .collect()
    };
    if curve.points.iter().all(|p| p.band.is_some()) {
        let mut outline = along(&|p| p.band.map_or(p.model, |b| b[0]));
        outline.extend(
            along(&|p| p.band.map_or(p.model, |b| b[1]))
                .into_iter()
                .rev(),
        );
        svg.polygon(&outline, style.colour, 0.18);
    }
    // Treating everybody is drawn until it leaves the panel, through the point where it does.
    let all: Vec<[f64; 2]> = (curve.points.iter())
        .take_while(|p| p.treat_all > lowest)
        .map(|p| axes.at(p.threshold, clip(p.treat_all)))
        .collect();
    svg.path(&all, QUIET, 1.6, "6 3");
    svg.path(&along(&|p| p.model), INK, 2.0, "");
    svg.line(
        [corner[0], corner[1] + FRAME[1]],
        [corner[0] + FRAME[0], corner[1] + FRAME[1]],
        GRID,
        0.6,
        "",
    );
}
