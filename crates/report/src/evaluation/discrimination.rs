//! How well the classes are told apart.

use crate::page::{figure, table};
use crate::{figure as figures, text};
use maud::{Markup, html};
use triher_stats::{AucBlock, Estimate, Evaluation, RocCurve};

pub(crate) fn discrimination(
    evaluation: &Evaluation,
    cross_validated: Option<&Evaluation>,
) -> Markup {
    let level = text::level(evaluation.bootstrap.confidence);
    let mut header = vec!["AUC", "This evaluation"];
    if cross_validated.is_some() {
        header.push("Cross-validated on the training cohort");
    }
    let other = cross_validated.map(|c| &c.auc);
    let mut rows: Vec<Vec<String>> = Vec::new();
    let mut add = |name: String, pick: &dyn Fn(&AucBlock) -> String| {
        let mut row = vec![name, pick(&evaluation.auc)];
        if let Some(other) = other {
            row.push(pick(other));
        }
        rows.push(row);
    };
    add("Macro (mean of the classes)".into(), &|auc| {
        text::estimate(&auc.macro_average)
    });
    add("Weighted by prevalence".into(), &|auc| {
        text::estimate(&auc.weighted)
    });
    add("Micro (all probabilities)".into(), &|auc| {
        text::estimate(&auc.micro_average)
    });
    for class in &evaluation.classes {
        add(format!("{class} against the rest"), &|auc| {
            auc.per_class
                .get(class)
                .map_or_else(|| "not available".into(), text::estimate)
        });
    }
    let intervals = if evaluation.bootstrap.replicates == 0 {
        "No intervals were computed.".to_string()
    } else {
        format!(
            "In parentheses the {level} percentile interval of {} bootstrap replicates over {}.",
            evaluation.bootstrap.replicates, evaluation.bootstrap.unit
        )
    };
    let banded = if evaluation.roc.bands.is_empty() {
        String::new()
    } else {
        format!(", with its pointwise {level} band from the bootstrap")
    };
    html! {
        h2 { "Discrimination" }
        (figure(&figures::roc(evaluation), &format!("ROC curve of every class against the rest{}. The micro average \
            depends on prevalence and calibration, the macro average does not.", banded)))
        (table(&intervals, &header, &rows))
        (over_all_classes(evaluation))
        (delong(evaluation))
        (specificities(evaluation))
        h3 { "Spread of the probabilities" }
        (figure(&figures::spread(evaluation), "Each row holds the cases of one true class. The histograms are \
            scaled to their own largest bin; the bar spans the quartiles and the shape marks the median."))
        (spreads(evaluation))
    }
}

/// Figures that weigh all classes at once, with both kinds of interval.
fn over_all_classes(evaluation: &Evaluation) -> Markup {
    let level = text::level(evaluation.bootstrap.confidence);
    let all = &evaluation.multiclass;
    let chance = 1.0 / evaluation.classes.len().max(1) as f64;
    let index = format!(
        "Polytomous discrimination index (by chance {})",
        text::number(Some(chance), 2)
    );
    let rows: [(&str, &Estimate); 8] = [
        ("Macro AUC", &evaluation.auc.macro_average),
        ("Micro AUC", &evaluation.auc.micro_average),
        ("Hand and Till's M (pairs of classes)", &all.hand_till),
        (&index, &all.polytomous_discrimination),
        ("Macro F1", &all.macro_f1),
        ("Matthews' correlation", &all.matthews),
        ("Kappa with quadratic weights", &all.quadratic_kappa),
        ("Balanced accuracy", &evaluation.balanced_accuracy),
    ];
    let rows: Vec<Vec<String>> = rows
        .into_iter()
        .map(|(name, estimate)| {
            let bounds = |ci| text::interval(ci, 3).unwrap_or_else(|| "not available".into());
            vec![
                name.to_owned(),
                text::number(estimate.value, 3),
                bounds(estimate.ci95),
                bounds(estimate.bca95),
            ]
        })
        .collect();
    table(
        &format!(
            "Figures over all classes with two {level} intervals of the same bootstrap: percentile, and bias-corrected \
             and accelerated (BCa). Where they part, the statistic is skewed and the second is the better one."
        ),
        &["Figure", "Value", "Percentile", "BCa"],
        &rows,
    )
}

/// The classes' AUCs after DeLong, beside those of the bootstrap.
fn delong(evaluation: &Evaluation) -> Markup {
    let level = text::level(evaluation.bootstrap.confidence);
    let rows: Vec<Vec<String>> = evaluation
        .delong
        .iter()
        .map(|(class, area)| {
            vec![
                class.clone(),
                text::with_interval(Some(area.auc), area.ci95, 3),
                text::number(Some(area.standard_error), 4),
            ]
        })
        .collect();
    html! {
        @if !rows.is_empty() {
            (table(&format!("AUC of every class against the rest with DeLong's variance ({level} interval on the scale of \
                the logit). It takes rows as independent; the bootstrap above draws patients."),
                &["Class", "AUC", "Standard error"], &rows))
        }
    }
}

/// The largest sensitivity at a specificity of at least `least`.
fn sensitivity_at(curve: &RocCurve, least: f64) -> Option<f64> {
    let pairs = curve
        .false_positive_rate
        .iter()
        .zip(&curve.true_positive_rate);
    pairs
        .filter(|(x, _)| 1.0 - **x >= least - 1e-12)
        .map(|(_, y)| *y)
        .reduce(f64::max)
}

fn specificities(evaluation: &Evaluation) -> Markup {
    let rows: Vec<Vec<String>> = evaluation
        .classes
        .iter()
        .map(|class| {
            let curve = evaluation.roc.per_class.get(class).and_then(Option::as_ref);
            let at = |least| text::number(curve.and_then(|c| sensitivity_at(c, least)), 2);
            vec![class.clone(), at(0.80), at(0.90), at(0.95)]
        })
        .collect();
    table(
        "Points of the curves: sensitivity where the specificity is at least as stated. They are read off \
         this very cohort, so they describe the curves and are no promise for a threshold.",
        &["Class", "at 80 %", "at 90 %", "at 95 %"],
        &rows,
    )
}

fn spreads(evaluation: &Evaluation) -> Markup {
    let mut rows = Vec::new();
    for truth in &evaluation.classes {
        let mut row = vec![truth.clone()];
        for class in &evaluation.classes {
            let quartiles = evaluation
                .spread
                .get(truth)
                .and_then(|s| s.get(class))
                .and_then(|s| s.quartiles);
            row.push(match quartiles {
                Some([_, lower, median, upper, _]) => {
                    format!("{median:.2} ({lower:.2} to {upper:.2})")
                }
                None => "no cases".into(),
            });
        }
        rows.push(row);
    }
    let names: Vec<String> = evaluation
        .classes
        .iter()
        .map(|class| format!("P({class})"))
        .collect();
    let mut header = vec!["True class"];
    header.extend(names.iter().map(String::as_str));
    table(
        "Median (quartiles) of the predicted probabilities.",
        &header,
        &rows,
    )
}
