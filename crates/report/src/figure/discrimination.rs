//! ROC curves and the AUC of every centre.

use super::{columns, short};
use crate::catalogue::Catalogue;
use crate::palette::{self, INK, Marker, QUIET};
use crate::svg::{Anchor, Axes, Svg, round_ticks};
use triher_stats::{Estimate, Evaluation, RocCurve};

const TENTHS: [f64; 6] = [0.0, 0.2, 0.4, 0.6, 0.8, 1.0];

/// One-vs-rest ROC curves of all classes and the micro-averaged curve, with the AUCs and their
/// intervals in the legend. Classes without an AUC are named there.
pub fn roc(evaluation: &Evaluation, words: &Catalogue) -> String {
    let rows = evaluation.classes.len() + 2;
    let height = 400f64.max(60.0 + 40.0 * rows as f64);
    let mut svg = Svg::new(
        700.0,
        height,
        &words.text("figure-roc"),
        &words.with(
            "figure-roc-text",
            &[
                ("macro", &words.estimate(&evaluation.auc.macro_average)),
                ("micro", &words.estimate(&evaluation.auc.micro_average)),
            ],
        ),
    );
    let axes = Axes {
        frame: [54.0, 14.0, 330.0, 330.0],
        x: [0.0, 1.0],
        y: [0.0, 1.0],
    };
    axes.draw(
        &mut svg,
        [&TENTHS, &TENTHS],
        [
            &words.text("figure-one-minus-specificity"),
            &words.text("sensitivity"),
        ],
    );
    svg.line(axes.at(0.0, 0.0), axes.at(1.0, 1.0), QUIET, 1.0, "3 3");
    let points = |curve: &RocCurve| -> Vec<[f64; 2]> {
        let pairs = curve
            .false_positive_rate
            .iter()
            .zip(&curve.true_positive_rate);
        pairs.map(|(x, y)| axes.at(*x, *y)).collect()
    };
    for (index, class) in evaluation.classes.iter().enumerate() {
        if let Some(band) = evaluation.roc.bands.get(class) {
            let along = |bound: &[f64]| -> Vec<[f64; 2]> {
                let pairs = band.false_positive_rate.iter().zip(bound);
                pairs.map(|(x, y)| axes.at(*x, *y)).collect()
            };
            let mut outline = along(&band.low);
            outline.extend(along(&band.high).into_iter().rev());
            svg.polygon(&outline, palette::class(index).colour, 0.13);
        }
    }
    if let Some(curve) = &evaluation.roc.micro_average {
        svg.path(&points(curve), QUIET, 1.4, "1 2");
    }
    for (index, class) in evaluation.classes.iter().enumerate() {
        let style = palette::class(index);
        if let Some(Some(curve)) = evaluation.roc.per_class.get(class) {
            let points = points(curve);
            svg.path(&points, style.colour, 2.2, style.dash);
            // A few shapes along the curve tell the classes apart without colour.
            let every = points.len().div_ceil(5).max(1);
            let inner = points.len().saturating_sub(1);
            for point in points.iter().take(inner).skip(every / 2 + 1).step_by(every) {
                svg.marker(*point, style.marker, 3.6, style.colour);
            }
        }
    }

    let mut y = 32.0;
    svg.text(
        [410.0, y - 10.0],
        Anchor::Start,
        12.0,
        QUIET,
        false,
        &words.with(
            "figure-auc-interval",
            &[("level", &words.level(evaluation.bootstrap.confidence))],
        ),
    );
    let mut entry = |svg: &mut Svg, name: &str, estimate: &Estimate, colour, dash, marker| {
        y += 16.0;
        svg.line([410.0, y - 4.0], [444.0, y - 4.0], colour, 2.2, dash);
        if let Some(marker) = marker {
            svg.marker([427.0, y - 4.0], marker, 3.6, colour);
        }
        svg.text([452.0, y], Anchor::Start, 12.0, INK, true, &short(name, 30));
        svg.text(
            [452.0, y + 15.0],
            Anchor::Start,
            12.0,
            INK,
            false,
            &words.estimate(estimate),
        );
        y += 22.0;
    };
    for (index, class) in evaluation.classes.iter().enumerate() {
        let style = palette::class(index);
        let nothing = Estimate::default();
        let estimate = evaluation.auc.per_class.get(class).unwrap_or(&nothing);
        let name = words.against_rest(class);
        entry(
            &mut svg,
            &name,
            estimate,
            style.colour,
            style.dash,
            Some(style.marker),
        );
    }
    entry(
        &mut svg,
        &words.text("figure-micro"),
        &evaluation.auc.micro_average,
        QUIET,
        "1 2",
        None,
    );
    entry(
        &mut svg,
        &words.text("figure-macro"),
        &evaluation.auc.macro_average,
        "none",
        "",
        None,
    );
    svg.finish()
}

/// The macro AUC of the whole cohort and of every centre with its interval, and the classes' AUCs as
/// shapes under it. Centres without an AUC are listed without a point.
pub fn forest(evaluation: &Evaluation, words: &Catalogue) -> String {
    let whole = (words.text("figure-all"), evaluation.n, &evaluation.auc);
    let centres = evaluation
        .per_centre
        .iter()
        .map(|(name, c)| (words.said(name), c.n, &c.auc));
    let rows: Vec<_> = std::iter::once(whole).chain(centres).collect();

    let lowest = rows
        .iter()
        .flat_map(|(_, _, auc)| {
            let all = auc.per_class.values().chain([&auc.macro_average]);
            all.flat_map(|e| e.value.into_iter().chain(e.ci95.map(|ci| ci[0])))
        })
        .filter(|value| value.is_finite())
        .fold(0.4, f64::min);
    // The axis begins at a tick.
    let ticks = round_ticks(lowest.clamp(0.0, 0.4), 1.0, 6);
    let low = ticks.first().copied().unwrap_or(0.0);
    let row_height = 38.0;
    let height = row_height * rows.len() as f64;
    let mut svg = Svg::new(
        700.0,
        height + 92.0,
        &words.text("figure-forest"),
        &words.with(
            "figure-forest-text",
            &[("count", &(rows.len() - 1).to_string())],
        ),
    );
    let axes = Axes {
        frame: [170.0, 30.0, 350.0, height],
        x: [low, 1.0],
        y: [0.0, 1.0],
    };
    axes.draw(&mut svg, [&ticks, &[]], ["AUC", ""]);
    svg.line(axes.at(0.5, 0.0), axes.at(0.5, 1.0), QUIET, 1.0, "3 3");

    // Legend above.
    let mut x = 170.0;
    svg.marker([x + 4.0, 14.0], Marker::Square, 5.0, INK);
    let name = words.text("figure-macro-short");
    svg.text([x + 14.0, 18.0], Anchor::Start, 11.0, INK, false, &name);
    x += 70.0;
    for (index, class) in evaluation.classes.iter().enumerate() {
        let style = palette::class(index);
        let name = short(&words.short_class(class), 14);
        svg.marker([x + 4.0, 14.0], style.marker, 3.6, style.colour);
        svg.text([x + 14.0, 18.0], Anchor::Start, 11.0, INK, false, &name);
        x += 30.0 + 6.5 * columns(&name) as f64;
    }

    for (index, (name, n, auc)) in rows.iter().enumerate() {
        let middle = 30.0 + row_height * (index as f64 + 0.5);
        let bold = index == 0;
        svg.text(
            [8.0, middle],
            Anchor::Start,
            12.0,
            INK,
            bold,
            &short(name, 22),
        );
        svg.text(
            [8.0, middle + 13.0],
            Anchor::Start,
            10.5,
            QUIET,
            false,
            &format!("n = {n}"),
        );
        let summary = words.estimate(&auc.macro_average);
        svg.text(
            [534.0, middle + 2.0],
            Anchor::Start,
            12.0,
            INK,
            bold,
            &summary,
        );
        if let Some([low, high]) = auc.macro_average.ci95 {
            let (from, to) = (axes.at(low, 0.0)[0], axes.at(high, 0.0)[0]);
            svg.line([from, middle - 6.0], [to, middle - 6.0], INK, 1.6, "");
            for end in [from, to] {
                svg.line([end, middle - 10.0], [end, middle - 2.0], INK, 1.6, "");
            }
        }
        if let Some(value) = auc.macro_average.value {
            svg.marker(
                [axes.at(value, 0.0)[0], middle - 6.0],
                Marker::Square,
                5.0,
                INK,
            );
        }
        for (index, class) in evaluation.classes.iter().enumerate() {
            let style = palette::class(index);
            if let Some(value) = auc.per_class.get(class).and_then(|e| e.value) {
                svg.marker(
                    [axes.at(value, 0.0)[0], middle + 9.0],
                    style.marker,
                    3.6,
                    style.colour,
                );
            }
        }
        let bottom = 30.0 + row_height * (index as f64 + 1.0);
        svg.line([8.0, bottom], [692.0, bottom], palette::GRID, 0.6, "");
    }
    svg.finish()
}
