//! What features add: bars, bee swarms, waterfalls.

use crate::catalogue::{Catalogue, Language};
use crate::explanation::{FeatureEffect, PatientEffect};
use crate::palette::{self, GRID, INK, Marker, QUIET};
use crate::svg::{Anchor, Axes, Svg, round_ticks};

/// Features of a figure; the table beside it holds the rest.
pub(crate) const SHOWN: usize = 15;
/// Points of a row in a bee swarm; more cannot be told apart.
const POINTS: usize = 400;
pub(super) const LABELS: f64 = 230.0;
pub(super) const ROW: f64 = 24.0;

/// A long name keeps its beginning and its end, which is where features differ.
pub(super) fn middle_cut(name: &str, limit: usize) -> String {
    let letters: Vec<char> = name.chars().collect();
    if letters.len() <= limit {
        return name.to_owned();
    }
    let half = (limit - 1) / 2;
    let start: String = letters[..half].iter().collect();
    let end: String = letters[letters.len() - (limit - 1 - half)..]
        .iter()
        .collect();
    format!("{start}\u{2026}{end}")
}

/// Stacked bars, one a feature or block: its mean contribution to each class.
pub fn effect_bars(classes: &[String], rows: &[(String, Vec<f64>)], unit: &str) -> String {
    effect_bars_in(classes, rows, unit, &Catalogue::new(Language::English))
}

/// As [`effect_bars`], in a language.
pub fn effect_bars_in(
    classes: &[String],
    rows: &[(String, Vec<f64>)],
    unit: &str,
    words: &Catalogue,
) -> String {
    let unit = words.said(unit);
    let rows = &rows[..rows.len().min(SHOWN)];
    let total = |sizes: &[f64]| sizes.iter().filter(|s| s.is_finite()).sum::<f64>();
    let most = rows.iter().map(|r| total(&r.1)).fold(0.0, f64::max);
    let ticks = round_ticks(0.0, if most > 0.0 { most } else { 1.0 }, 5);
    let end = ticks.last().copied().unwrap_or(1.0);
    let height = ROW * rows.len() as f64;
    let mut svg = Svg::new(
        700.0,
        height + 84.0,
        &words.text("figure-effects"),
        &words.with(
            "figure-effects-text",
            &[
                ("features", &rows.len().to_string()),
                ("classes", &classes.len().to_string()),
            ],
        ),
    );
    let axes = Axes {
        frame: [LABELS, 30.0, 450.0, height],
        x: [0.0, end],
        y: [0.0, 1.0],
    };
    axes.draw(
        &mut svg,
        [&ticks, &[]],
        [&words.with("figure-effects-axis", &[("unit", &unit)]), ""],
    );
    let mut x = LABELS;
    for (index, class) in classes.iter().enumerate() {
        let name = super::short(&words.short_class(class), 14);
        svg.rectangle([x, 10.0], [12.0, 12.0], palette::class(index).colour);
        svg.text([x + 17.0, 20.0], Anchor::Start, 11.5, INK, false, &name);
        x += 36.0 + 7.0 * super::columns(&name) as f64;
    }
    for (row, (name, sizes)) in rows.iter().enumerate() {
        let top = 30.0 + ROW * row as f64;
        let label = middle_cut(name, 34);
        svg.text(
            [LABELS - 8.0, top + 16.0],
            Anchor::End,
            11.5,
            INK,
            false,
            &label,
        );
        let mut from = 0.0;
        for (index, size) in sizes.iter().enumerate().filter(|(_, s)| s.is_finite()) {
            let (left, right) = (axes.at(from, 0.0)[0], axes.at(from + size, 0.0)[0]);
            let colour = palette::class(index).colour;
            svg.rectangle([left, top + 4.0], [right - left, ROW - 8.0], colour);
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
pub fn beeswarm(name: &str, class: usize, features: &[FeatureEffect], unit: &str) -> String {
    let words = Catalogue::new(Language::English);
    beeswarm_in(name, class, features, unit, &words)
}

/// As [`beeswarm`], in a language.
pub fn beeswarm_in(
    name: &str,
    class: usize,
    features: &[FeatureEffect],
    unit: &str,
    words: &Catalogue,
) -> String {
    let (name, unit) = (words.short_class(name), words.said(unit));
    let features = &features[..features.len().min(SHOWN)];
    let of = |f: &FeatureEffect| f.contributions.get(class).cloned().unwrap_or_default();
    let all = features.iter().flat_map(&of).filter(|v| v.is_finite());
    let (low, high) = all.fold((0.0, 0.0), |(l, h): (f64, f64), v| (l.min(v), h.max(v)));
    let span = if high > low { high - low } else { 1.0 };
    let ticks = round_ticks(low - 0.02 * span, high + 0.02 * span, 6);
    let (first, last) = (
        ticks.first().copied().unwrap_or(-1.0),
        ticks.last().copied().unwrap_or(1.0),
    );
    let row_height = 28.0;
    let height = row_height * features.len() as f64;
    let mut svg = Svg::new(
        700.0,
        height + 92.0,
        &words.with("figure-swarm", &[("class", &name)]),
        &words.with(
            "figure-swarm-text",
            &[("features", &features.len().to_string())],
        ),
    );
    let axes = Axes {
        frame: [LABELS, 34.0, 450.0, height],
        x: [first, last],
        y: [0.0, 1.0],
    };
    axes.draw(
        &mut svg,
        [&ticks, &[]],
        [
            &words.with("figure-swarm-axis", &[("class", &name), ("unit", &unit)]),
            "",
        ],
    );
    svg.line(axes.at(0.0, 0.0), axes.at(0.0, 1.0), INK, 1.0, "");
    svg.text(
        [LABELS, 20.0],
        Anchor::Start,
        11.0,
        QUIET,
        false,
        &words.text("figure-value-small"),
    );
    for step in 0..24 {
        let colour = ramp(Some(f64::from(step) / 23.0));
        svg.rectangle(
            [LABELS + 74.0 + 4.0 * f64::from(step), 11.0],
            [4.2, 10.0],
            &colour,
        );
    }
    svg.text(
        [LABELS + 178.0, 20.0],
        Anchor::Start,
        11.0,
        QUIET,
        false,
        &words.text("figure-value-large"),
    );
    for (row, feature) in features.iter().enumerate() {
        let middle = 34.0 + row_height * (row as f64 + 0.5);
        let label = middle_cut(&feature.name, 34);
        svg.text(
            [LABELS - 8.0, middle + 4.0],
            Anchor::End,
            11.5,
            INK,
            false,
            &label,
        );
        svg.line([LABELS, middle], [LABELS + 450.0, middle], GRID, 0.5, "1 3");
        let values = of(feature);
        let every = values.len().div_ceil(POINTS).max(1);
        // How many points stand in each column of two pixels already.
        let mut standing = [0_u32; 256];
        for (index, value) in values
            .iter()
            .enumerate()
            .step_by(every)
            .filter(|(_, v)| v.is_finite())
        {
            let x = axes.at(*value, 0.0)[0];
            let column = (((x - LABELS) / 2.0).max(0.0) as usize).min(standing.len() - 1);
            let place = standing[column];
            standing[column] += 1;
            // Alternately above and below, and over each other when the row is full.
            let away = f64::from(place.div_ceil(2) % 6) * 2.0;
            let y = middle + if place % 2 == 0 { away } else { -away };
            let colour = ramp(feature.value_rank.get(index).copied().flatten());
            svg.marker([x, y], Marker::Circle, 2.0, &colour);
        }
    }
    svg.finish()
}

/// One patient's score, feature after feature, from the base at the bottom to the score at the top.
pub fn waterfall(patient: &PatientEffect, unit: &str) -> String {
    let shown = patient.contributions.len().min(SHOWN);
    let (leading, others) = patient.contributions.split_at(shown);
    let mut steps: Vec<(String, f64)> = Vec::with_capacity(shown + 1);
    if !others.is_empty() {
        let sum = others.iter().map(|(_, v)| v).sum();
        steps.push((format!("{} other features", others.len()), sum));
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
    let span = if high > low { high - low } else { 1.0 };
    let ticks = round_ticks(low - 0.05 * span, high + 0.05 * span, 6);
    let axes = Axes {
        frame: [LABELS, 26.0, 450.0, ROW * steps.len().max(1) as f64],
        x: [
            ticks.first().copied().unwrap_or(0.0),
            ticks.last().copied().unwrap_or(1.0),
        ],
        y: [0.0, 1.0],
    };
    let height = axes.frame[3];
    let mut svg = Svg::new(
        700.0,
        height + 78.0,
        &format!("How the score of {} comes about", patient.class),
        &format!("From {:.2} to {:.2}.", patient.base, patient.score),
    );
    axes.draw(
        &mut svg,
        [&ticks, &[]],
        [&format!("Score of {} ({unit})", patient.class), ""],
    );
    for (value, name, y, from) in [
        (patient.score, "score", 18.0, 26.0),
        (patient.base, "base", 18.0, 26.0),
    ] {
        let x = axes.at(value, 0.0)[0];
        svg.line([x, from], [x, 26.0 + height], QUIET, 1.0, "3 3");
        let text = format!("{name} {value:.2}");
        svg.text([x, y], Anchor::Middle, 11.0, QUIET, false, &text);
        if (axes.at(patient.score, 0.0)[0] - axes.at(patient.base, 0.0)[0]).abs() < 90.0 {
            // Two labels would lie on each other: the base stands in the axis' caption.
            break;
        }
    }
    let mut at = patient.base;
    for (index, (name, step)) in steps.iter().enumerate() {
        let top = 26.0 + height - ROW * (index as f64 + 1.0);
        let (from, to) = (axes.at(at, 0.0)[0], axes.at(at + step, 0.0)[0]);
        // Orange speaks for the class, blue against.
        let colour = palette::class(if *step >= 0.0 { 2 } else { 0 }).colour;
        svg.rectangle(
            [from.min(to), top + 4.0],
            [(to - from).abs().max(1.0), ROW - 8.0],
            colour,
        );
        svg.text(
            [LABELS - 8.0, top + 16.0],
            Anchor::End,
            11.5,
            INK,
            false,
            &middle_cut(name, 34),
        );
        let beside = from.max(to) + 5.0;
        let (x, anchor) = match beside > 640.0 {
            true => (from.min(to) - 5.0, Anchor::End),
            false => (beside, Anchor::Start),
        };
        svg.text(
            [x, top + 16.0],
            anchor,
            11.0,
            INK,
            false,
            &format!("{step:+.2}"),
        );
        at += step;
    }
    svg.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_cut_in_the_middle_and_colours_end_where_they_should() {
        assert_eq!(middle_cut("abcdefghij", 7), "abc\u{2026}hij");
        assert_eq!(middle_cut("short", 7), "short");
        assert_eq!(ramp(Some(0.0)), "#0072b2");
        assert_eq!(ramp(Some(1.0)), "#d55e00");
        assert_eq!(ramp(None), QUIET);
    }
}
