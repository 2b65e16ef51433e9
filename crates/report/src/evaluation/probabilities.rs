//! Whether the probabilities come true.

use crate::page::{facts, figure, table};
use crate::{figure as figures, text};
use maud::{Markup, html};
use triher_stats::{ClassCalibration, Evaluation};

pub(crate) fn calibration(evaluation: &Evaluation) -> Markup {
    let level = text::level(evaluation.bootstrap.confidence);
    let calibration = &evaluation.calibration;
    let summary: Vec<Vec<String>> = calibration
        .per_class
        .iter()
        .map(|(class, c)| {
            vec![
                class.clone(),
                text::number(Some(c.ece), 3),
                text::number(c.in_the_large, 2),
                text::number(c.slope, 2),
                text::number(c.intercept, 2),
            ]
        })
        .collect();
    // One row per bin, one column per class.
    let most = calibration
        .per_class
        .values()
        .map(|c| c.bins.len())
        .max()
        .unwrap_or(0);
    let bins: Vec<Vec<String>> = (0..most)
        .map(|bin| {
            let cell = |c: &ClassCalibration| match c.bins.get(bin) {
                Some(b) => format!(
                    "{:.3}: {}, {}\u{a0}of\u{a0}{}",
                    b.predicted,
                    text::with_interval(Some(b.observed), b.ci95, 2),
                    b.events,
                    b.n
                ),
                None => String::new(),
            };
            let cells = calibration.per_class.values().map(cell);
            std::iter::once((bin + 1).to_string())
                .chain(cells)
                .collect()
        })
        .collect();
    let mut header = vec!["Bin"];
    header.extend(calibration.per_class.keys().map(String::as_str));
    let skill = (evaluation.brier_reference > 0.0)
        .then(|| {
            evaluation
                .brier
                .value
                .map(|b| 1.0 - b / evaluation.brier_reference)
        })
        .flatten();
    let scores = [
        (
            "Brier score (0 is perfect, 2 the worst)",
            text::estimate(&evaluation.brier),
        ),
        (
            "Brier score of this cohort's class shares",
            text::number(Some(evaluation.brier_reference), 3),
        ),
        (
            "Brier skill (above 0 is better than the shares)",
            text::number(skill, 3),
        ),
        ("Log loss", text::estimate(&evaluation.log_loss)),
        (
            "Mean class-wise calibration error",
            text::number(Some(calibration.ece), 3),
        ),
    ]
    .map(|(name, value)| (name.to_string(), value));
    html! {
        h2 { "Calibration" }
        @if bins.is_empty() { p { "There are no calibration curves." } }
        @else {
            (figure(&figures::calibration(evaluation), &format!("Observed share against predicted probability in \
                bins of equal mass (at most {}), with {level} Wilson intervals. On the dashed line predictions \
                come true.", calibration.bins)))
        }
        (facts("", &scores))
        @if !summary.is_empty() {
            (table("Ideal are an error of 0, an intercept in the large of 0, a slope of 1. A slope below 1 \
                means that the probabilities are too extreme, above 1 that they are too timid.",
                &["Class", "Calibration error", "In the large", "Slope", "Intercept"], &summary))
            (table("The points of the calibration curves: mean predicted probability, observed share, cases of \
                the class in the bin.", &header, &bins))
        }
        (recalibration(evaluation))
        (parts(evaluation))
    }
}

/// Intercepts and slopes of the multinomial recalibration.
fn recalibration(evaluation: &Evaluation) -> Markup {
    let Some(fit) = &evaluation.probability.recalibration else {
        return html! {
            p { "Multinomial recalibration cannot be fitted here: a class has no cases, or the classes are separated." }
        };
    };
    let reference = evaluation.classes.first().cloned().unwrap_or_default();
    let with_error = |value: &f64, error: &f64| {
        let half = 1.96 * error;
        text::with_interval(Some(*value), Some([value - half, value + half]), 2)
    };
    let rows: Vec<Vec<String>> = (evaluation.classes.iter().skip(1).enumerate())
        .filter_map(|(k, class)| {
            Some(vec![
                format!("{class} against {reference}"),
                text::number(fit.in_the_large.get(k).copied(), 2),
                with_error(fit.intercepts.get(k)?, fit.intercept_errors.get(k)?),
                with_error(fit.slopes.get(k)?, fit.slope_errors.get(k)?),
            ])
        })
        .collect();
    table(
        "Multinomial recalibration (Van Hoorde 2014): the outcome regressed on the model's own log-odds, all classes at \
         once, with 95\u{a0}% Wald intervals. Ideal are intercepts of 0 and slopes of 1.",
        &["Log-odds of", "In the large", "Intercept", "Slope"],
        &rows,
    )
}

/// What the Brier scores of the classes are made of.
fn parts(evaluation: &Evaluation) -> Markup {
    let rows: Vec<Vec<String>> = (evaluation.probability.brier_parts.iter())
        .map(|(class, parts)| {
            let shown = |value| text::number(Some(value), 4);
            vec![
                class.clone(),
                shown(parts.score),
                shown(parts.reliability),
                shown(parts.resolution),
                shown(parts.uncertainty),
                shown(parts.within_variance - parts.within_covariance),
            ]
        })
        .collect();
    html! {
        @if !rows.is_empty() {
            (table("Parts of each class's Brier score: score = reliability (0 is ideal) - resolution (more is better) + \
                uncertainty + what lies within the bins.",
                &["Class", "Score", "Reliability", "Resolution", "Uncertainty", "Within bins"], &rows))
        }
        @if let Some(error) = evaluation.probability.top_label_ece {
            (facts("", &[("Calibration error of the called class's probability".to_owned(), text::number(Some(error), 3))]))
        }
    }
}
