//! What features add in each fold.

use super::rows::{FOOT, Rows, SHOWN, WIDTH};
use crate::catalogue::Catalogue;
use crate::palette::{self, Marker, QUIET};
use crate::svg::Svg;

const TOP: f64 = 10.0;
const ROW: f64 = 24.0;

/// Features with the mean size of their contributions in each fold: a point a fold, a line from the smallest to the largest.
pub fn effect_folds(features: &[(String, Vec<f64>)], unit: &str, words: &Catalogue) -> String {
    let features = &features[..features.len().min(SHOWN)];
    let finite = |sizes: &[f64]| -> Vec<f64> {
        let sizes = sizes.iter().copied();
        sizes.filter(|s| s.is_finite()).collect()
    };
    let most = (features.iter().flat_map(|f| finite(&f.1))).fold(0.0, f64::max);
    let rows = Rows::new(TOP, ROW, features.len(), [0.0, most], 5);
    let folds = features.first().map_or(0, |f| f.1.len());
    let counts = [
        ("features", &*features.len().to_string()),
        ("folds", &folds.to_string()),
    ];
    let mut svg = Svg::new(
        WIDTH,
        rows.bottom() + FOOT,
        &words.text("figure-folds"),
        &words.with("figure-folds-text", &counts),
    );
    let unit = words.said(unit);
    rows.draw(
        &mut svg,
        &words.with("figure-folds-axis", &[("unit", &unit)]),
    );
    for (row, (name, sizes)) in features.iter().enumerate() {
        rows.name(&mut svg, row, name);
        rows.guide(&mut svg, row);
        let sizes = finite(sizes);
        let bounds = (sizes.iter()).fold((f64::MAX, f64::MIN), |(l, h), s| (l.min(*s), h.max(*s)));
        let middle = rows.middle(row);
        if !sizes.is_empty() {
            let [from, to] = [bounds.0, bounds.1].map(|v| rows.x(v));
            svg.line([from, middle], [to, middle], QUIET, 1.5, "");
        }
        for size in sizes {
            let at = [rows.x(size), middle];
            svg.marker(at, Marker::Circle, 3.0, palette::class(0).colour);
        }
    }
    svg.finish()
}
