//! What features add in each fold.

use super::effect::{LABELS, ROW, SHOWN, middle_cut};
use crate::palette::{GRID, INK, Marker, QUIET};
use crate::svg::{Anchor, Axes, Svg, round_ticks};

/// Features with the mean size of their contributions in each fold: a point a fold, a line from the smallest to the largest.
pub fn effect_folds(features: &[(String, Vec<f64>)], unit: &str) -> String {
    let features = &features[..features.len().min(SHOWN)];
    let finite = |sizes: &[f64]| -> Vec<f64> {
        let sizes = sizes.iter().copied();
        sizes.filter(|s| s.is_finite()).collect()
    };
    let most = (features.iter().flat_map(|f| finite(&f.1))).fold(0.0, f64::max);
    let ticks = round_ticks(0.0, if most > 0.0 { most } else { 1.0 }, 5);
    let height = ROW * features.len() as f64;
    let folds = features.first().map_or(0, |f| f.1.len());
    let mut svg = Svg::new(
        700.0,
        height + 58.0,
        "Contributions by fold",
        &format!("{} features in {folds} folds.", features.len()),
    );
    let axes = Axes {
        frame: [LABELS, 10.0, 450.0, height],
        x: [0.0, ticks.last().copied().unwrap_or(1.0)],
        y: [0.0, 1.0],
    };
    let caption = format!("Mean size of the contribution in a fold ({unit})");
    axes.draw(&mut svg, [&ticks, &[]], [&caption, ""]);
    for (row, (name, sizes)) in features.iter().enumerate() {
        let middle = 10.0 + ROW * (row as f64 + 0.5);
        let label = middle_cut(name, 34);
        svg.text(
            [LABELS - 8.0, middle + 4.0],
            Anchor::End,
            11.5,
            INK,
            false,
            &label,
        );
        svg.line([LABELS, middle], [LABELS + 450.0, middle], GRID, 0.5, "1 3");
        let sizes = finite(sizes);
        let bounds = sizes
            .iter()
            .fold((f64::MAX, f64::MIN), |(l, h), s| (l.min(*s), h.max(*s)));
        if !sizes.is_empty() {
            let [from, to] = [bounds.0, bounds.1].map(|v| axes.at(v, 0.0)[0]);
            svg.line([from, middle], [to, middle], QUIET, 1.5, "");
        }
        for size in sizes {
            let x = axes.at(size, 0.0)[0];
            svg.marker([x, middle], Marker::Circle, 3.0, "#0072B2");
        }
    }
    svg.finish()
}
