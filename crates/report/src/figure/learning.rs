//! Learning curves: what training minimised, step by step or epoch by epoch.

use super::{columns, short};
use crate::catalogue::Catalogue;
use crate::palette::{self, INK, QUIET};
use crate::svg::{Anchor, Axes, Svg, round_ticks};
use crate::training::LearningFigure;

const WIDTH: f64 = 760.0;
const FRAME: [f64; 4] = [74.0, 40.0, 660.0, 230.0];
/// Points of a line; more are gathered into their mean, with a band from the smallest to the largest.
const POINTS: usize = 330;

/// Points that stand for a line: `[x, mean, smallest, largest]`.
fn gathered(points: &[[f64; 2]]) -> Vec<[f64; 4]> {
    let finite: Vec<&[f64; 2]> = points
        .iter()
        .filter(|p| p[0].is_finite() && p[1].is_finite())
        .collect();
    let each = finite.len().div_ceil(POINTS).max(1);
    finite
        .chunks(each)
        .map(|part| {
            let count = part.len() as f64;
            let mean = |k: usize| part.iter().map(|p| p[k] / count).sum::<f64>();
            let low = part.iter().fold(f64::INFINITY, |l, p| l.min(p[1]));
            let high = part.iter().fold(f64::NEG_INFINITY, |h, p| h.max(p[1]));
            [mean(0), mean(1), low, high]
        })
        .collect()
}

/// Smallest and largest of some numbers, apart from each other.
fn range(numbers: impl Iterator<Item = f64>) -> Option<[f64; 2]> {
    let [low, high] = numbers.fold([f64::INFINITY, f64::NEG_INFINITY], |[l, h], v| {
        [l.min(v), h.max(v)]
    });
    match (low.is_finite() && high.is_finite(), high > low) {
        (false, _) => None,
        (true, true) => Some([low, high]),
        (true, false) => {
            let room = (0.1 * low.abs()).max(1e-9);
            Some([low - room, high + room])
        }
    }
}

/// Lines over steps or epochs with a legend, and a mark where one was chosen. Of many points the mean is drawn, over a band of what it stands
/// for. The figure's own text is in the report's language already.
pub fn learning_curve(figure: &LearningFigure, words: &Catalogue) -> String {
    let lines: Vec<Vec<[f64; 4]>> = figure.lines.iter().map(|l| gathered(&l.points)).collect();
    let mut svg = Svg::new(WIDTH, 320.0, &figure.title, &figure.caption);
    let all = || lines.iter().flatten();
    let x = range(all().map(|p| p[0]));
    let y = range(all().flat_map(|p| [p[2], p[3]]));
    let (Some(x), Some(mut y)) = (x, y) else {
        let message = words.text("figure-no-numbers");
        svg.text(
            [WIDTH / 2.0, 150.0],
            Anchor::Middle,
            13.0,
            QUIET,
            false,
            &message,
        );
        return svg.finish();
    };
    if figure.from_zero {
        y[0] = y[0].min(0.0);
    }
    // The axis of steps ends where they do; whole numbers only.
    let x_ticks: Vec<f64> = round_ticks(x[0], x[1], 8)
        .into_iter()
        .filter(|t| (x[0]..=x[1]).contains(t) && t.fract() == 0.0)
        .collect();
    let y_ticks = round_ticks(y[0], y[1], 5);
    let axes = Axes {
        frame: FRAME,
        x,
        y: [
            y_ticks.first().map_or(y[0], |t| t.min(y[0])),
            y_ticks.last().map_or(y[1], |t| t.max(y[1])),
        ],
    };
    axes.draw(&mut svg, [&x_ticks, &[]], [&figure.x_name, ""]);
    let labels = labels(&y_ticks);
    for (tick, label) in y_ticks.iter().zip(labels) {
        let [_, at] = axes.at(x[0], *tick);
        let from = [FRAME[0], at];
        svg.line(from, [FRAME[0] + FRAME[2], at], palette::GRID, 1.0, "");
        svg.text(
            [FRAME[0] - 6.0, at + 4.0],
            Anchor::End,
            11.0,
            INK,
            false,
            &label,
        );
    }
    svg.text_upwards([16.0, FRAME[1] + FRAME[3] / 2.0], &figure.y_name);
    if let Some((at, label)) = figure.chosen.as_ref().filter(|(at, _)| at.is_finite()) {
        let [px, top] = axes.at(*at, axes.y[1]);
        svg.line([px, top], [px, FRAME[1] + FRAME[3]], INK, 1.2, "4 3");
        let (anchor, by) = match px > FRAME[0] + FRAME[2] / 2.0 {
            true => (Anchor::End, -6.0),
            false => (Anchor::Start, 6.0),
        };
        svg.text(
            [px + by, top + 13.0],
            anchor,
            11.0,
            INK,
            true,
            &short(label, 40),
        );
    }
    let mut legend = FRAME[0];
    for (index, (line, points)) in figure.lines.iter().zip(&lines).enumerate() {
        let style = palette::class(index);
        if points.iter().any(|p| p[3] > p[2]) {
            let upper = points.iter().map(|p| axes.at(p[0], p[3]));
            let lower = points.iter().rev().map(|p| axes.at(p[0], p[2]));
            let band: Vec<[f64; 2]> = upper.chain(lower).collect();
            svg.polygon(&band, style.colour, 0.18);
        }
        let drawn: Vec<[f64; 2]> = points.iter().map(|p| axes.at(p[0], p[1])).collect();
        svg.path(&drawn, style.colour, 1.8, style.dash);
        if drawn.len() <= 60 {
            for point in &drawn {
                svg.marker(*point, style.marker, 2.6, style.colour);
            }
        }
        let name = short(&line.name, 34);
        svg.line(
            [legend, 18.0],
            [legend + 26.0, 18.0],
            style.colour,
            2.0,
            style.dash,
        );
        svg.marker([legend + 13.0, 18.0], style.marker, 3.2, style.colour);
        svg.text(
            [legend + 32.0, 22.0],
            Anchor::Start,
            11.5,
            INK,
            false,
            &name,
        );
        legend += 50.0 + 6.4 * columns(&name) as f64;
    }
    svg.finish()
}

/// Labels with as many digits as tell the ticks apart.
fn labels(ticks: &[f64]) -> Vec<String> {
    let step = match ticks {
        [first, second, ..] => second - first,
        _ => 1.0,
    };
    let largest = ticks.iter().fold(0f64, |l, t| l.max(t.abs()));
    if !(1e-2..1e6).contains(&largest) {
        return ticks
            .iter()
            .map(|t| match t.abs() < 1e-3 * step {
                true => "0".to_owned(),
                false => format!("{t:.1e}"),
            })
            .collect();
    }
    let digits = (-(step * 0.999).log10().floor()).clamp(0.0, 6.0) as usize;
    // A step of 0.25 takes one digit more than 0.1.
    let digits = digits + usize::from((step * 10f64.powi(digits as i32)).fract() > 1e-6);
    let label = |t: &f64| format!("{:.digits$}", if t.abs() < 1e-9 * step { 0.0 } else { *t });
    ticks.iter().map(label).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_tell_ticks_apart() {
        assert_eq!(labels(&[0.0, 0.25, 0.5]), ["0.00", "0.25", "0.50"]);
        assert_eq!(labels(&[0.0, 0.2, 0.4]), ["0.0", "0.2", "0.4"]);
        assert_eq!(labels(&[0.0, 5e-4, 1e-3]), ["0", "5.0e-4", "1.0e-3"]);
        assert_eq!(labels(&[10.0, 20.0]), ["10", "20"]);
    }

    #[test]
    fn many_points_become_means_with_a_band() {
        let points: Vec<[f64; 2]> = (0..1000)
            .map(|i| [f64::from(i), f64::from(i % 2)])
            .collect();
        let gathered = gathered(&points);
        assert!(gathered.len() <= POINTS);
        assert_eq!(gathered[0], [1.5, 0.5, 0.0, 1.0]);
        let few = super::gathered(&points[..10]);
        assert_eq!(few[3], [3.0, 1.0, 1.0, 1.0]);
    }
}
