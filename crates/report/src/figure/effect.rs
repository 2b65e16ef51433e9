//! What features add: bars, bee swarms, waterfalls.

use super::rows::{FOOT, LABELS, Rows, SHOWN, WIDTH, legend};
use crate::catalogue::Catalogue;
use crate::explanation::{ExplanationReport, PatientEffect};
use crate::palette::{self, INK, Marker, QUIET};
use crate::svg::{Anchor, Svg};

/// Points of a row in a bee swarm; more cannot be told apart.
const POINTS: usize = 400;
const ROW: f64 = 24.0;
const SWARM_ROW: f64 = 28.0;

/// Stacked bars, one a feature or block: its mean contribution to each class.
pub fn effect_bars(
    classes: &[String],
    rows: &[(String, Vec<f64>)],
    unit: &str,
    words: &Catalogue,
) -> String {
    let unit = words.said(unit);
    let rows = &rows[..rows.len().min(SHOWN)];
    let total = |sizes: &[f64]| sizes.iter().filter(|s| s.is_finite()).sum::<f64>();
    let most = rows.iter().map(|r| total(&r.1)).fold(0.0, f64::max);
    let frame = Rows::new(30.0, ROW, rows.len(), [0.0, most], 5);
    let counts = [
        ("features", &*rows.len().to_string()),
        ("classes", &classes.len().to_string()),
    ];
    let mut svg = Svg::new(
        WIDTH,
        frame.bottom() + FOOT,
        &words.text("figure-effects"),
        &words.with("figure-effects-text", &counts),
    );
    frame.draw(
        &mut svg,
        &words.with("figure-effects-axis", &[("unit", &unit)]),
    );
    let names: Vec<String> = classes.iter().map(|c| words.short_class(c)).collect();
    legend(
        &mut svg,
        [LABELS, 20.0],
        12.0,
        &names,
        |svg, [x, y], class| {
            svg.rectangle([x, y - 6.0], [12.0, 12.0], palette::class(class).colour);
        },
    );
    for (row, (name, sizes)) in rows.iter().enumerate() {
        frame.name(&mut svg, row, name);
        let mut from = 0.0;
        for (index, size) in sizes.iter().enumerate().filter(|(_, s)| s.is_finite()) {
            let colour = palette::class(index).colour;
            frame.bar(&mut svg, row, [from, from + size], colour);
            from += size;
        }
    }
    svg.finish()
}

/// Between blue for small and orange for large, over a light grey.
fn ramp(rank: Option<f64>) -> String {
    const ENDS: [[f64; 3]; 3] = [
        [0.0, 114.0, 178.0],
        [200.0, 200.0, 200.0],
        [213.0, 94.0, 0.0],
    ];
    let Some(rank) = rank.filter(|r| r.is_finite()) else {
        return QUIET.to_owned();
    };
    let (side, share) = match rank < 0.5 {
        true => (0, rank * 2.0),
        false => (1, rank * 2.0 - 1.0),
    };
    let mix = |c: usize| {
        (ENDS[side][c] + share.clamp(0.0, 1.0) * (ENDS[side + 1][c] - ENDS[side][c])).round()
    };
    format!(
        "#{:02x}{:02x}{:02x}",
        mix(0) as u8,
        mix(1) as u8,
        mix(2) as u8
    )
}

/// The contributions of the leading features to one class, a point a row of the table; points of like size are stacked apart.
pub fn beeswarm(report: &ExplanationReport, class: usize, words: &Catalogue) -> String {
    let name = report.classes.get(class).map_or("", String::as_str);
    let (name, unit) = (words.short_class(name), words.said(&report.unit));
    let features = &report.features[..report.features.len().min(SHOWN)];
    let all = features.iter().flat_map(|f| f.of_class(class));
    let all = all.copied().filter(|v| v.is_finite());
    let (low, high) = all.fold((0.0, 0.0), |(l, h): (f64, f64), v| (l.min(v), h.max(v)));
    let room = 0.02 * if high > low { high - low } else { 1.0 };
    let bounds = [low - room, high + room];
    let rows = Rows::new(34.0, SWARM_ROW, features.len(), bounds, 6);
    let mut svg = Svg::new(
        WIDTH,
        rows.bottom() + FOOT,
        &words.with("figure-swarm", &[("class", &name)]),
        &words.with(
            "figure-swarm-text",
            &[("features", &features.len().to_string())],
        ),
    );
    rows.draw(
        &mut svg,
        &words.with("figure-swarm-axis", &[("class", &name), ("unit", &unit)]),
    );
    rows.across(&mut svg, 0.0, INK, 1.0, "");
    let quiet = |svg: &mut Svg, x: f64, key: &str| {
        let text = words.text(key);
        svg.text([x, 20.0], Anchor::Start, 11.0, QUIET, false, &text);
    };
    quiet(&mut svg, LABELS, "figure-value-small");
    for step in 0..24 {
        let colour = ramp(Some(f64::from(step) / 23.0));
        let at = [LABELS + 74.0 + 4.0 * f64::from(step), 11.0];
        svg.rectangle(at, [4.2, 10.0], &colour);
    }
    quiet(&mut svg, LABELS + 178.0, "figure-value-large");
    for (row, feature) in features.iter().enumerate() {
        rows.name(&mut svg, row, &feature.name);
        rows.guide(&mut svg, row);
        let values = feature.of_class(class);
        let every = values.len().div_ceil(POINTS).max(1);
        // How many points stand in each column of two pixels already.
        let mut standing = [0_u32; 256];
        let shown = values.iter().enumerate().step_by(every);
        for (index, value) in shown.filter(|(_, v)| v.is_finite()) {
            let x = rows.x(*value);
            let column = (((x - LABELS) / 2.0).max(0.0) as usize).min(standing.len() - 1);
            let place = standing[column];
            standing[column] += 1;
            // Alternately above and below, and over each other when the row is full.
            let away = f64::from(place.div_ceil(2) % 6) * 2.0;
            let y = rows.middle(row) + if place % 2 == 0 { away } else { -away };
            let colour = ramp(feature.value_rank.get(index).copied().flatten());
            svg.marker([x, y], Marker::Circle, 2.0, &colour);
        }
    }
    svg.finish()
}

/// One patient's score, feature after feature, from the base at the bottom to the score at the top.
pub fn waterfall(patient: &PatientEffect, unit: &str, words: &Catalogue) -> String {
    let shown = patient.contributions.len().min(SHOWN);
    let (leading, others) = patient.contributions.split_at(shown);
    let mut steps: Vec<(String, f64)> = Vec::with_capacity(shown + 1);
    if !others.is_empty() {
        let sum = others.iter().map(|(_, v)| v).sum();
        let count = others.len().to_string();
        let name = words.with("figure-other-features", &[("count", &count)]);
        steps.push((name, sum));
    }
    steps.extend(leading.iter().rev().cloned());
    let mut at = patient.base;
    let mut bounds = vec![patient.base, patient.score];
    for (_, step) in &steps {
        at += step;
        bounds.push(at);
    }
    let known = bounds.iter().filter(|v| v.is_finite());
    let (low, high) = known.fold((f64::MAX, f64::MIN), |(l, h), v| (l.min(*v), h.max(*v)));
    let room = 0.05 * if high > low { high - low } else { 1.0 };
    let rows = Rows::new(26.0, ROW, steps.len(), [low - room, high + room], 6);
    let class = words.short_class(&patient.class);
    let [base, score] = [patient.base, patient.score].map(|v| format!("{v:.2}"));
    let mut svg = Svg::new(
        WIDTH,
        rows.bottom() + FOOT,
        &words.with("figure-waterfall", &[("class", &class)]),
        &words.with(
            "figure-waterfall-text",
            &[("base", &base), ("score", &score)],
        ),
    );
    let axis = [
        ("class", class.as_str()),
        ("unit", &words.said(unit)),
        ("base", &base),
    ];
    rows.draw(&mut svg, &words.with("figure-decision-axis", &axis));
    let ends = [
        (patient.score, "figure-score", &score),
        (patient.base, "figure-base", &base),
    ];
    for (place, (value, key, text)) in ends.into_iter().enumerate() {
        rows.across(&mut svg, value, QUIET, 1.0, "3 3");
        // Two labels would lie on each other: the base stands in the axis' name, too.
        if place == 0 || (rows.x(patient.score) - rows.x(patient.base)).abs() >= 90.0 {
            let text = words.with(key, &[("value", text)]);
            let at = [rows.x(value), 18.0];
            svg.text(at, Anchor::Middle, 11.0, QUIET, false, &text);
        }
    }
    let mut at = patient.base;
    for (index, (name, step)) in steps.iter().enumerate() {
        let row = steps.len() - 1 - index;
        // Blue speaks for the class, orange against, as in the patient's report.
        let colour = palette::class(if *step >= 0.0 { 0 } else { 2 }).colour;
        rows.bar(&mut svg, row, [at, at + step], colour);
        rows.name(&mut svg, row, name);
        let (from, to) = (rows.x(at), rows.x(at + step));
        let beside = from.max(to) + 5.0;
        let score = rows.x(patient.score);
        let crossed = (beside - 4.0..beside + 34.0).contains(&score);
        let (x, anchor) = match beside > 640.0 || crossed {
            true => (from.min(to) - 5.0, Anchor::End),
            false => (beside, Anchor::Start),
        };
        let place = [x, rows.middle(row) + 4.0];
        svg.text(place, anchor, 11.0, INK, false, &format!("{step:+.2}"));
        at += step;
    }
    svg.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_end_where_they_should() {
        assert_eq!(ramp(Some(0.0)), "#0072b2");
        assert_eq!(ramp(Some(1.0)), "#d55e00");
        assert_eq!(ramp(None), QUIET);
    }
}
