//! Figures of one patient: probabilities, enhancement curve, reasons.

use super::{column, columns, short};
use crate::catalogue::Catalogue;
use crate::palette::{self, GRID, INK, QUIET};
use crate::patient::KineticCurve;
use crate::svg::{Anchor, Axes, Svg, round_ticks};

/// A bar per class with its probability.
pub fn probabilities(probabilities: &[(String, f64)], words: &Catalogue) -> String {
    let row = 34.0;
    let mut svg = Svg::new(
        560.0,
        row * probabilities.len() as f64 + 34.0,
        &words.text("figure-probabilities"),
        &probabilities
            .iter()
            .map(|(class, p)| format!("{class} {}", words.percent(*p, 1)))
            .collect::<Vec<_>>()
            .join(", "),
    );
    let frame = [130.0, 6.0, 340.0, row * probabilities.len() as f64];
    let axes = Axes {
        frame,
        x: [0.0, 1.0],
        y: [0.0, 1.0],
    };
    axes.draw(&mut svg, [&[0.0, 0.25, 0.5, 0.75, 1.0], &[]], ["", ""]);
    for (index, (class, p)) in probabilities.iter().enumerate() {
        let style = palette::class(index);
        let middle = 6.0 + row * (index as f64 + 0.5);
        svg.marker([14.0, middle], style.marker, 5.0, style.colour);
        svg.text(
            [28.0, middle + 4.0],
            Anchor::Start,
            13.0,
            INK,
            true,
            &short(class, 14),
        );
        if p.is_finite() {
            let end = axes.at(p.clamp(0.0, 1.0), 0.0)[0];
            svg.rectangle([130.0, middle - 10.0], [end - 130.0, 20.0], style.colour);
        }
        svg.text(
            [480.0, middle + 4.0],
            Anchor::Start,
            13.0,
            INK,
            true,
            &words.percent(*p, 1),
        );
    }
    svg.finish()
}

/// The mean enhancement of the lesion over the phases. Points are placed by their seconds when every
/// one has them, otherwise by the number of the phase.
pub fn kinetic_curve(curve: &KineticCurve, words: &Catalogue) -> String {
    let timed = curve
        .points
        .iter()
        .all(|p| p.time_s.is_some_and(f64::is_finite));
    let along = |index: usize| match curve.points.get(index).and_then(|p| p.time_s) {
        Some(time_s) if timed => time_s,
        _ => index as f64,
    };
    let values: Vec<[f64; 2]> = curve
        .points
        .iter()
        .enumerate()
        .map(|(index, point)| [along(index), point.mean])
        .filter(|p| p[1].is_finite())
        .collect();
    let undetermined = words.text("curve-undetermined");
    let kind = curve.curve_type.as_deref().unwrap_or(&undetermined);
    let mut svg = Svg::new(
        520.0,
        290.0,
        &words.text("curve-title"),
        &words.with("curve-caption", &[("kind", kind)]),
    );
    if values.len() < 2 {
        let message = words.text("curve-too-few");
        svg.text([260.0, 140.0], Anchor::Middle, 13.0, QUIET, false, &message);
        return svg.finish();
    }
    let range = |k: usize| {
        values
            .iter()
            .fold([f64::INFINITY, f64::NEG_INFINITY], |r, v| {
                [r[0].min(v[k]), r[1].max(v[k])]
            })
    };
    let widen = |[low, high]: [f64; 2]| {
        if high > low {
            [low, high]
        } else {
            [low - 0.5, high + 0.5]
        }
    };
    let cover = |ticks: &[f64], [low, high]: [f64; 2]| {
        [
            ticks.first().map_or(low, |t| t.min(low)),
            ticks.last().map_or(high, |t| t.max(high)),
        ]
    };
    let (x, y) = (widen(range(0)), widen([range(1)[0].min(0.0), range(1)[1]]));
    let x_ticks = if timed {
        round_ticks(x[0], x[1], 6)
    } else {
        (0..curve.points.len()).map(|index| index as f64).collect()
    };
    let y_ticks = round_ticks(y[0], y[1], 5);
    let axes = Axes {
        frame: [66.0, 14.0, 430.0, 226.0],
        x: cover(&x_ticks, x),
        y: cover(&y_ticks, y),
    };
    let name = words.text(if timed {
        "curve-axis-seconds"
    } else {
        "curve-phase"
    });
    axes.draw(&mut svg, [&x_ticks, &y_ticks], [&name, ""]);
    svg.text_upwards([18.0, 127.0], &short(&curve.quantity, 40));
    let style = palette::class(0);
    let points: Vec<[f64; 2]> = values.iter().map(|v| axes.at(v[0], v[1])).collect();
    svg.path(&points, style.colour, 2.2, "");
    for point in &points {
        svg.marker(*point, style.marker, 4.5, style.colour);
    }
    svg.finish()
}

/// Bars to the right for features that speak for the class and to the left for those against it.
pub fn contributions(contributions: &[(String, f64)], words: &Catalogue) -> String {
    let row = 30.0;
    let height = row * contributions.len() as f64;
    let mut svg = Svg::new(
        700.0,
        height + 32.0,
        &words.text("reasons-figure"),
        &words.text("reasons-bars"),
    );
    let largest = contributions
        .iter()
        .map(|(_, value)| value.abs())
        .filter(|value| value.is_finite())
        .fold(0.0, f64::max);
    let reach = if largest > 0.0 { largest } else { 1.0 };
    let axes = Axes {
        frame: [340.0, 24.0, 270.0, height],
        x: [-reach, reach],
        y: [0.0, 1.0],
    };
    let zero = axes.at(0.0, 0.0)[0];
    svg.text(
        [zero - 12.0, 14.0],
        Anchor::End,
        11.0,
        QUIET,
        false,
        &format!("\u{2190} {}", words.text("reasons-against")),
    );
    svg.text(
        [zero + 12.0, 14.0],
        Anchor::Start,
        11.0,
        QUIET,
        false,
        &format!("{} \u{2192}", words.text("reasons-for")),
    );
    for (index, (feature, value)) in contributions.iter().enumerate() {
        let middle = 24.0 + row * (index as f64 + 0.5);
        svg.line(
            [8.0, middle + row / 2.0],
            [692.0, middle + row / 2.0],
            GRID,
            0.6,
            "",
        );
        let lines = two_lines(feature);
        for (number, line) in lines.iter().enumerate() {
            let shift = 13.0 * (number as f64 - (lines.len() - 1) as f64 / 2.0);
            svg.text(
                [8.0, middle + 4.0 + shift],
                Anchor::Start,
                11.5,
                INK,
                false,
                line,
            );
        }
        if !value.is_finite() {
            svg.text(
                [622.0, middle + 4.0],
                Anchor::Start,
                12.0,
                QUIET,
                false,
                &words.text("not-available"),
            );
            continue;
        }
        let end = axes.at(*value, 0.0)[0];
        let colour = if *value >= 0.0 {
            palette::class(0).colour
        } else {
            palette::class(2).colour
        };
        svg.rectangle(
            [zero.min(end), middle - 8.0],
            [(end - zero).abs(), 16.0],
            colour,
        );
        svg.text(
            [622.0, middle + 4.0],
            Anchor::Start,
            12.0,
            INK,
            false,
            &format!("{value:+.3}"),
        );
    }
    svg.line([zero, 24.0], [zero, 24.0 + height], INK, 1.2, "");
    svg.finish()
}

/// Room for one line of a feature's name, in widths of a Latin letter.
const LABEL_WIDTH: usize = 52;

/// A name in one line, or in two parted after a comma or at a blank where it is too long; what is longer still is cut.
fn two_lines(text: &str) -> Vec<String> {
    if columns(text) <= LABEL_WIDTH {
        return vec![text.to_owned()];
    }
    let mut width = 0;
    let mut part = None;
    for (at, character) in text.char_indices() {
        width += column(character);
        if width > LABEL_WIDTH {
            break;
        }
        if matches!(character, ' ' | '\u{ff0c}' | '_' | '\u{3001}') {
            part = Some(at + character.len_utf8());
        }
    }
    match part {
        Some(at) => vec![
            text[..at].trim_end().to_owned(),
            short(&text[at..], LABEL_WIDTH),
        ],
        None => vec![short(text, LABEL_WIDTH)],
    }
}
