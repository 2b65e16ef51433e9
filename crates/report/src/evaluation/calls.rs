//! What follows from calling: the most probable class, frozen thresholds, net benefit, doubtful labels.

use crate::page::{facts, figure, table};
use crate::{figure as figures, text};
use maud::{Markup, html};
use triher_stats::Evaluation;

pub(crate) fn calls(evaluation: &Evaluation) -> Markup {
    let level = text::level(evaluation.bootstrap.confidence);
    let rows: Vec<Vec<String>> = evaluation
        .per_class
        .iter()
        .map(|(class, p)| {
            vec![
                class.clone(),
                text::proportion(&p.sensitivity),
                text::proportion(&p.specificity),
                text::proportion(&p.ppv),
                text::proportion(&p.npv),
            ]
        })
        .collect();
    html! {
        h2 { "Classification" }
        p { "Every case is called by its most probable class." }
        (figure(&figures::confusion(&evaluation.classes, &evaluation.confusion),
            "Counts, and the share of their row. Framed cells are right."))
        (matrix_table("Confusion matrix.", &evaluation.classes, &evaluation.confusion))
        (facts("", &[
            ("Accuracy".to_string(), text::estimate(&evaluation.accuracy)),
            ("Balanced accuracy (mean sensitivity)".to_string(), text::estimate(&evaluation.balanced_accuracy)),
        ]))
        (table(&format!("Each class against the rest, with {level} Wilson intervals. The predictive values hold \
            for this cohort's prevalence."),
            &["Class", "Sensitivity", "Specificity", "Positive predictive value", "Negative predictive value"],
            &rows))
    }
}

/// Counts of truth and call as a table.
fn matrix_table(caption: &str, classes: &[String], confusion: &[Vec<u64>]) -> Markup {
    let names: Vec<String> = classes.iter().map(|c| format!("called {c}")).collect();
    let header: Vec<&str> = (std::iter::once("True class"))
        .chain(names.iter().map(String::as_str))
        .collect();
    let rows: Vec<Vec<String>> = (classes.iter().zip(confusion))
        .map(|(class, row)| {
            let cells = row.iter().map(u64::to_string);
            std::iter::once(class.clone()).chain(cells).collect()
        })
        .collect();
    table(caption, &header, &rows)
}

/// Operating points that were chosen on validation and frozen.
pub(crate) fn operating(evaluation: &Evaluation) -> Markup {
    let level = text::level(evaluation.bootstrap.confidence);
    let points = evaluation.operating.iter();
    let rows: Vec<Vec<String>> = points
        .clone()
        .filter_map(|point| {
            let p = point.performance.as_ref()?;
            Some(vec![
                point.question.clone(),
                point.rule.clone(),
                text::number(point.thresholds.first().copied(), 3),
                text::proportion(&p.sensitivity),
                text::proportion(&p.specificity),
                text::proportion(&p.ppv),
                text::proportion(&p.npv),
            ])
        })
        .collect();
    let of_all = points.filter_map(|point| Some((point, point.confusion.as_ref()?)));
    html! {
        @if !rows.is_empty() {
            h3 { "Frozen operating points" }
            (table(&format!("Thresholds on the summed probability, chosen on the out-of-fold predictions of the training cohort \
                and applied here as they are, with {level} Wilson intervals."),
                &["Decision", "Chosen by", "Threshold", "Sensitivity", "Specificity", "Positive predictive value",
                  "Negative predictive value"], &rows))
        }
        @for (point, confusion) in of_all {
            (matrix_table(&format!("Confusion matrix at the cut points {} on the expected class ({}), chosen on the training \
                cohort's out-of-fold predictions.",
                point.thresholds.iter().map(|t| text::number(Some(*t), 3)).collect::<Vec<_>>().join(" and "), point.rule),
                &evaluation.classes, confusion))
        }
    }
}

/// Decision curves.
pub(crate) fn worth(evaluation: &Evaluation) -> Markup {
    let level = text::level(evaluation.bootstrap.confidence);
    html! {
        @if !evaluation.net_benefit.is_empty() {
            h2 { "Net benefit" }
            p { "Benefit counts the cases that are rightly treated, less those wrongly treated at the weight that the \
                 threshold gives them, per patient. The model is worth using where its curve lies above both treating \
                 everybody and treating nobody." }
            (figure(&figures::net_benefit(evaluation), &format!("Decision curves with their {level} bands from the \
                bootstrap. The threshold is the probability from which one would treat.")))
            (table("Net benefit at some thresholds.", &["Decision", "Threshold", "Model", "Everybody", "Nobody"],
                &benefit_rows(evaluation)))
        }
    }
}

/// Thresholds of the table beside the curves.
const SHOWN: [f64; 5] = [0.1, 0.2, 0.3, 0.5, 0.7];

fn benefit_rows(evaluation: &Evaluation) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    for curve in &evaluation.net_benefit {
        let shown = |t: f64| SHOWN.iter().any(|s| (s - t).abs() < 1e-9);
        for point in curve.points.iter().filter(|p| shown(p.threshold)) {
            rows.push(vec![
                curve.question.clone(),
                text::percent(point.threshold, 0),
                text::with_interval(Some(point.model), point.band, 3),
                text::number(Some(point.treat_all), 3),
                text::number(Some(0.0), 3),
            ]);
        }
    }
    rows
}

/// What doubtful labels could do.
pub(crate) fn doubts(evaluation: &Evaluation) -> Markup {
    let Some(noise) = &evaluation.label_noise else {
        return html! {};
    };
    let level = text::level(evaluation.bootstrap.confidence);
    let rows: Vec<Vec<String>> = (noise.figures.iter())
        .map(|(name, figure)| {
            vec![
                name.clone(),
                text::number(figure.as_labelled, 3),
                text::interval(figure.range95, 3).unwrap_or_else(|| "not available".into()),
            ]
        })
        .collect();
    html! {
        h2 { "Doubtful labels" }
        p { "Pathologists part most between HER2-zero and HER2-low: " (noise.source) ". Here each of the " (noise.in_doubt)
            " cases labelled zero became low with a probability of " (text::percent(noise.rate, 1)) ", "
            (noise.replicates) " times over; the predictions stayed as they are." }
        (table(&format!("Figures as labelled, and the {level} range that such readings alone give them."),
            &["Figure", "As labelled", "Range"], &rows))
    }
}
