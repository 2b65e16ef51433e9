//! How well the classes are told apart.

use crate::catalogue::Catalogue;
use crate::figure as figures;
use crate::page::{figure, table};
use maud::{Markup, html};
use triher_stats::{AucBlock, Estimate, Evaluation, RocCurve};

pub(crate) fn discrimination(
    evaluation: &Evaluation,
    cross_validated: Option<&Evaluation>,
    words: &Catalogue,
) -> Markup {
    let level = words.level(evaluation.bootstrap.confidence);
    let mut header = vec!["AUC".to_owned(), words.text("discrimination-this")];
    if cross_validated.is_some() {
        header.push(words.text("discrimination-cross"));
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
    add(words.text("discrimination-macro"), &|auc| {
        words.estimate(&auc.macro_average)
    });
    add(words.text("discrimination-weighted"), &|auc| {
        words.estimate(&auc.weighted)
    });
    add(words.text("discrimination-micro"), &|auc| {
        words.estimate(&auc.micro_average)
    });
    for class in &evaluation.classes {
        add(words.against_rest(class), &|auc| {
            let estimate = auc.per_class.get(class);
            estimate.map_or_else(|| words.text("not-available"), |e| words.estimate(e))
        });
    }
    let intervals = match evaluation.bootstrap.replicates {
        0 => words.text("discrimination-no-intervals"),
        replicates => words.with(
            "discrimination-intervals",
            &[
                ("level", &level),
                ("replicates", &replicates.to_string()),
                ("unit", &words.said(&evaluation.bootstrap.unit)),
            ],
        ),
    };
    let banded = match evaluation.roc.bands.is_empty() {
        true => String::new(),
        false => words.with("discrimination-banded", &[("level", &level)]),
    };
    html! {
        h2 { (words.text("discrimination-heading")) }
        (figure(&figures::roc(evaluation, words), &words.with("discrimination-roc", &[("banded", &banded)])))
        (table(&intervals, &header, &rows))
        (over_all_classes(evaluation, words))
        (delong(evaluation, words))
        (specificities(evaluation, words))
        h3 { (words.text("discrimination-spread-heading")) }
        (figure(&figures::spread(evaluation, words), &words.text("discrimination-spread")))
        (spreads(evaluation, words))
    }
}

/// Figures that weigh all classes at once, with both kinds of interval.
fn over_all_classes(evaluation: &Evaluation, words: &Catalogue) -> Markup {
    let level = words.level(evaluation.bootstrap.confidence);
    let all = &evaluation.multiclass;
    let chance = 1.0 / evaluation.classes.len().max(1) as f64;
    let chance = words.number(Some(chance), 2);
    let rows: [(&str, &Estimate); 8] = [
        ("macro-auc", &evaluation.auc.macro_average),
        ("micro-auc", &evaluation.auc.micro_average),
        ("discrimination-hand-till", &all.hand_till),
        ("discrimination-pdi", &all.polytomous_discrimination),
        ("discrimination-f1", &all.macro_f1),
        ("discrimination-matthews", &all.matthews),
        ("discrimination-kappa", &all.quadratic_kappa),
        ("balanced-accuracy", &evaluation.balanced_accuracy),
    ];
    let rows: Vec<Vec<String>> = rows
        .into_iter()
        .map(|(key, estimate)| {
            vec![
                words.with(key, &[("chance", &chance)]),
                words.number(estimate.value, 3),
                words.interval_or_none(estimate.ci95, 3),
                words.interval_or_none(estimate.bca95, 3),
            ]
        })
        .collect();
    let mut header = words.header(&["figure-name", "value", "percentile"]);
    header.push("BCa".to_owned());
    let caption = words.with("discrimination-all", &[("level", &level)]);
    table(&caption, &header, &rows)
}

/// The classes' AUCs after DeLong, beside those of the bootstrap.
fn delong(evaluation: &Evaluation, words: &Catalogue) -> Markup {
    let level = words.level(evaluation.bootstrap.confidence);
    let rows: Vec<Vec<String>> = (evaluation.delong.iter())
        .map(|(class, area)| {
            vec![
                words.short_class(class),
                words.with_interval(Some(area.auc), area.ci95, 3),
                words.number(Some(area.standard_error), 4),
            ]
        })
        .collect();
    let header = [
        words.text("class"),
        "AUC".to_owned(),
        words.text("standard-error"),
    ];
    html! {
        @if !rows.is_empty() {
            (table(&words.with("discrimination-delong", &[("level", &level)]), &header, &rows))
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

/// Specificities at which sensitivities are read off the curves.
const SPECIFICITIES: [f64; 3] = [0.80, 0.90, 0.95];

fn specificities(evaluation: &Evaluation, words: &Catalogue) -> Markup {
    let rows: Vec<Vec<String>> = (evaluation.classes.iter())
        .map(|class| {
            let curve = evaluation.roc.per_class.get(class).and_then(Option::as_ref);
            let at = |least| words.number(curve.and_then(|c| sensitivity_at(c, least)), 2);
            let mut row = vec![words.short_class(class)];
            row.extend(SPECIFICITIES.map(at));
            row
        })
        .collect();
    let mut header = vec![words.text("class")];
    let at = |share| words.with("discrimination-at", &[("share", &words.percent(share, 0))]);
    header.extend(SPECIFICITIES.map(at));
    table(&words.text("discrimination-points"), &header, &rows)
}

fn spreads(evaluation: &Evaluation, words: &Catalogue) -> Markup {
    let mut rows = Vec::new();
    for truth in &evaluation.classes {
        let mut row = vec![words.short_class(truth)];
        for class in &evaluation.classes {
            let spread = evaluation.spread.get(truth).and_then(|s| s.get(class));
            row.push(match spread.and_then(|s| s.quartiles) {
                Some([_, lower, median, upper, _]) => {
                    let [lower, median, upper] =
                        [lower, median, upper].map(|v| words.number(Some(v), 2));
                    words.with(
                        "discrimination-quartiles",
                        &[("median", &median), ("low", &lower), ("high", &upper)],
                    )
                }
                None => words.text("no-cases"),
            });
        }
        rows.push(row);
    }
    let mut header = vec![words.text("classes-true")];
    let of = |class: &String| words.with("probability-of", &[("class", &words.short_class(class))]);
    header.extend(evaluation.classes.iter().map(of));
    table(&words.text("discrimination-spread-table"), &header, &rows)
}
