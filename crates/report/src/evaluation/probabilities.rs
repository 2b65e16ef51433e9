//! Whether the probabilities come true.

use crate::catalogue::Catalogue;
use crate::figure as figures;
use crate::page::{facts, figure, table};
use maud::{Markup, html};
use triher_stats::{ClassCalibration, Evaluation};

pub(crate) fn calibration(evaluation: &Evaluation, words: &Catalogue) -> Markup {
    let level = words.level(evaluation.bootstrap.confidence);
    let calibration = &evaluation.calibration;
    let summary: Vec<Vec<String>> = (calibration.per_class.iter())
        .map(|(class, c)| {
            vec![
                words.short_class(class),
                words.number(Some(c.ece), 3),
                words.number(c.in_the_large, 2),
                words.number(c.slope, 2),
                words.number(c.intercept, 2),
            ]
        })
        .collect();
    let bins = bins(evaluation, words);
    let mut header = vec![words.text("calibration-bin")];
    header.extend(calibration.per_class.keys().map(|c| words.short_class(c)));
    let of_summary = words.header(&[
        "class",
        "calibration-error",
        "calibration-large",
        "calibration-slope",
        "calibration-intercept",
    ]);
    let most = calibration.bins.to_string();
    let caption = words.with("calibration-caption", &[("bins", &most), ("level", &level)]);
    html! {
        h2 { (words.text("calibration-heading")) }
        @if bins.is_empty() { p { (words.text("calibration-nothing")) } }
        @else { (figure(&figures::calibration(evaluation, words), &caption)) }
        (facts("", &scores(evaluation, words)))
        @if !summary.is_empty() {
            (table(&words.text("calibration-ideal"), &of_summary, &summary))
            (table(&words.text("calibration-points"), &header, &bins))
        }
        (recalibration(evaluation, words))
        (parts(evaluation, words))
    }
}

/// One row per bin, one column per class.
fn bins(evaluation: &Evaluation, words: &Catalogue) -> Vec<Vec<String>> {
    let classes = &evaluation.calibration.per_class;
    let most = classes.values().map(|c| c.bins.len()).max().unwrap_or(0);
    let cell = |c: &ClassCalibration, bin: usize| match c.bins.get(bin) {
        Some(b) => words.with(
            "calibration-cell",
            &[
                ("predicted", &words.number(Some(b.predicted), 3)),
                (
                    "observed",
                    &words.with_interval(Some(b.observed), b.ci95, 2),
                ),
                ("events", &b.events.to_string()),
                ("cases", &b.n.to_string()),
            ],
        ),
        None => String::new(),
    };
    let row = |bin: usize| {
        let cells = classes.values().map(|c| cell(c, bin));
        std::iter::once((bin + 1).to_string())
            .chain(cells)
            .collect()
    };
    (0..most).map(row).collect()
}

fn scores(evaluation: &Evaluation, words: &Catalogue) -> [(String, String); 5] {
    let reference = evaluation.brier_reference;
    let brier = evaluation.brier.value;
    let skill = brier
        .filter(|_| reference > 0.0)
        .map(|b| 1.0 - b / reference);
    let ece = evaluation.calibration.ece;
    [
        ("calibration-brier", words.estimate(&evaluation.brier)),
        ("calibration-brier-shares", words.number(Some(reference), 3)),
        ("calibration-brier-skill", words.number(skill, 3)),
        ("calibration-log-loss", words.estimate(&evaluation.log_loss)),
        ("calibration-ece", words.number(Some(ece), 3)),
    ]
    .map(|(key, value)| (words.text(key), value))
}

/// Intercepts and slopes of the multinomial recalibration.
fn recalibration(evaluation: &Evaluation, words: &Catalogue) -> Markup {
    let Some(fit) = &evaluation.probability.recalibration else {
        return html! { p { (words.text("calibration-no-recalibration")) } };
    };
    let reference = evaluation.classes.first().map(|c| words.short_class(c));
    let reference = reference.unwrap_or_default();
    let with_error = |value: &f64, error: &f64| {
        let half = 1.96 * error;
        words.with_interval(Some(*value), Some([value - half, value + half]), 2)
    };
    let rows: Vec<Vec<String>> = (evaluation.classes.iter().skip(1).enumerate())
        .filter_map(|(k, class)| {
            let names = [
                ("class", words.short_class(class)),
                ("reference", reference.clone()),
            ];
            let names = names.each_ref().map(|(key, name)| (*key, name.as_str()));
            Some(vec![
                words.with("calibration-against", &names),
                words.number(fit.in_the_large.get(k).copied(), 2),
                with_error(fit.intercepts.get(k)?, fit.intercept_errors.get(k)?),
                with_error(fit.slopes.get(k)?, fit.slope_errors.get(k)?),
            ])
        })
        .collect();
    let header = words.header(&[
        "calibration-log-odds",
        "calibration-large",
        "calibration-intercept",
        "calibration-slope",
    ]);
    table(&words.text("calibration-recalibration"), &header, &rows)
}

/// What the Brier scores of the classes are made of.
fn parts(evaluation: &Evaluation, words: &Catalogue) -> Markup {
    let rows: Vec<Vec<String>> = (evaluation.probability.brier_parts.iter())
        .map(|(class, parts)| {
            let shown = |value| words.number(Some(value), 4);
            vec![
                words.short_class(class),
                shown(parts.score),
                shown(parts.reliability),
                shown(parts.resolution),
                shown(parts.uncertainty),
                shown(parts.within_variance - parts.within_covariance),
            ]
        })
        .collect();
    let header = words.header(&[
        "class",
        "calibration-score",
        "calibration-reliability",
        "calibration-resolution",
        "calibration-uncertainty",
        "calibration-within",
    ]);
    html! {
        @if !rows.is_empty() { (table(&words.text("calibration-parts"), &header, &rows)) }
        @if let Some(error) = evaluation.probability.top_label_ece {
            (facts("", &[(words.text("calibration-top"), words.number(Some(error), 3))]))
        }
    }
}
