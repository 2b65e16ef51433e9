//! What follows from calling: the most probable class, frozen thresholds, net benefit, doubtful labels.

use crate::catalogue::Catalogue;
use crate::figure as figures;
use crate::page::{facts, figure, table};
use maud::{Markup, html};
use triher_stats::Evaluation;

pub(crate) fn calls(evaluation: &Evaluation, words: &Catalogue) -> Markup {
    let level = words.level(evaluation.bootstrap.confidence);
    let rows: Vec<Vec<String>> = (evaluation.per_class.iter())
        .map(|(class, p)| {
            let mut row = vec![words.short_class(class)];
            let shares = [&p.sensitivity, &p.specificity, &p.ppv, &p.npv];
            row.extend(shares.map(|share| words.proportion(share)));
            row
        })
        .collect();
    let (classes, confusion) = (&evaluation.classes, &evaluation.confusion);
    html! {
        h2 { (words.text("calls-heading")) }
        p { (words.text("calls-text")) }
        (figure(&figures::confusion(classes, confusion, words), &words.text("calls-caption")))
        (matrix_table(&words.text("calls-matrix"), classes, confusion, words))
        (facts("", &[
            (words.text("calls-accuracy"), words.estimate(&evaluation.accuracy)),
            (words.text("calls-balanced"), words.estimate(&evaluation.balanced_accuracy)),
        ]))
        (table(&words.with("calls-table", &[("level", &level)]),
            &words.header(&["class", "sensitivity", "specificity", "ppv", "npv"]), &rows))
    }
}

/// Counts of truth and call as a table.
fn matrix_table(
    caption: &str,
    classes: &[String],
    confusion: &[Vec<u64>],
    words: &Catalogue,
) -> Markup {
    let mut header = vec![words.text("classes-true")];
    let called =
        |class: &String| words.with("calls-called", &[("class", &words.short_class(class))]);
    header.extend(classes.iter().map(called));
    let rows: Vec<Vec<String>> = (classes.iter().zip(confusion))
        .map(|(class, row)| {
            let cells = row.iter().map(u64::to_string);
            std::iter::once(words.short_class(class))
                .chain(cells)
                .collect()
        })
        .collect();
    table(caption, &header, &rows)
}

/// Operating points that were chosen on validation and frozen.
pub(crate) fn operating(evaluation: &Evaluation, words: &Catalogue) -> Markup {
    let level = words.level(evaluation.bootstrap.confidence);
    let points = evaluation.operating.iter();
    let rows: Vec<Vec<String>> = points
        .clone()
        .filter_map(|point| {
            let p = point.performance.as_ref()?;
            let mut row = vec![
                words.decision(&point.question),
                words.said(&point.rule),
                words.number(point.thresholds.first().copied(), 3),
            ];
            let shares = [&p.sensitivity, &p.specificity, &p.ppv, &p.npv];
            row.extend(shares.map(|share| words.proportion(share)));
            Some(row)
        })
        .collect();
    let of_all = points.filter_map(|point| Some((point, point.confusion.as_ref()?)));
    let cuts = |thresholds: &[f64]| {
        let numbers = thresholds.iter().map(|t| words.number(Some(*t), 3));
        words.joined("list-and", numbers)
    };
    let header = words.header(&[
        "operating-decision",
        "operating-by",
        "operating-threshold",
        "sensitivity",
        "specificity",
        "ppv",
        "npv",
    ]);
    html! {
        @if !rows.is_empty() {
            h3 { (words.text("operating-heading")) }
            (table(&words.with("operating-table", &[("level", &level)]), &header, &rows))
        }
        @for (point, confusion) in of_all {
            (matrix_table(&words.with("operating-cuts",
                &[("cuts", &cuts(&point.thresholds)), ("rule", &words.said(&point.rule))]),
                &evaluation.classes, confusion, words))
        }
    }
}

/// Decision curves.
pub(crate) fn worth(evaluation: &Evaluation, words: &Catalogue) -> Markup {
    let level = words.level(evaluation.bootstrap.confidence);
    let header = words.header(&[
        "operating-decision",
        "operating-threshold",
        "benefit-model",
        "benefit-everybody",
        "benefit-nobody",
    ]);
    html! {
        @if !evaluation.net_benefit.is_empty() {
            h2 { (words.text("benefit-heading")) }
            p { (words.text("benefit-text")) }
            (figure(&figures::net_benefit(evaluation, words),
                &words.with("benefit-caption", &[("level", &level)])))
            (table(&words.text("benefit-table"), &header, &benefit_rows(evaluation, words)))
        }
    }
}

/// Thresholds of the table beside the curves.
const SHOWN: [f64; 5] = [0.1, 0.2, 0.3, 0.5, 0.7];

fn benefit_rows(evaluation: &Evaluation, words: &Catalogue) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    for curve in &evaluation.net_benefit {
        let shown = |t: f64| SHOWN.iter().any(|s| (s - t).abs() < 1e-9);
        for point in curve.points.iter().filter(|p| shown(p.threshold)) {
            rows.push(vec![
                words.decision(&curve.question),
                words.percent(point.threshold, 0),
                words.with_interval(Some(point.model), point.band, 3),
                words.number(Some(point.treat_all), 3),
                words.number(Some(0.0), 3),
            ]);
        }
    }
    rows
}

/// What doubtful labels could do.
pub(crate) fn doubts(evaluation: &Evaluation, words: &Catalogue) -> Markup {
    let Some(noise) = &evaluation.label_noise else {
        return html! {};
    };
    let level = words.level(evaluation.bootstrap.confidence);
    let rows: Vec<Vec<String>> = (noise.figures.iter())
        .map(|(name, figure)| {
            vec![
                words.said(name),
                words.number(figure.as_labelled, 3),
                words.interval_or_none(figure.range95, 3),
            ]
        })
        .collect();
    let text = words.with(
        "doubts-text",
        &[
            ("source", &words.said(&noise.source)),
            ("count", &noise.in_doubt.to_string()),
            ("rate", &words.percent(noise.rate, 1)),
            ("replicates", &noise.replicates.to_string()),
        ],
    );
    html! {
        h2 { (words.text("doubts-heading")) }
        p { (text) }
        (table(&words.with("doubts-table", &[("level", &level)]),
            &words.header(&["figure-name", "doubts-as-labelled", "doubts-range"]), &rows))
    }
}
