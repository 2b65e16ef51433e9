//! Centres and subgroups of patients.

use crate::catalogue::Catalogue;
use crate::figure as figures;
use crate::page::{figure, list, table};
use maud::{Markup, html};
use triher_stats::Evaluation;

/// "30 (10 / 12 / 8)": cases, and those of each class.
fn cases<'a>(n: usize, counts: impl Iterator<Item = &'a u64>, words: &Catalogue) -> String {
    let counts: Vec<String> = counts.map(u64::to_string).collect();
    let each = counts.join("\u{a0}/\u{a0}");
    words.with(
        "with-interval",
        &[("value", &n.to_string()), ("interval", &each)],
    )
}

pub(crate) fn centres(evaluation: &Evaluation, words: &Catalogue) -> Markup {
    let mut header = words.header(&["centre", "cases", "patients", "macro-auc"]);
    header.extend(evaluation.classes.iter().map(|c| words.short_class(c)));
    header.push(words.text("accuracy"));
    let rows: Vec<Vec<String>> = (evaluation.per_centre.iter())
        .map(|(name, centre)| {
            let mut row = vec![
                words.said(name),
                cases(centre.n, centre.counts.values(), words),
                centre.patients.to_string(),
                words.estimate(&centre.auc.macro_average),
            ];
            row.extend(evaluation.classes.iter().map(|class| {
                let estimate = centre.auc.per_class.get(class);
                estimate.map_or_else(String::new, |e| words.estimate(e))
            }));
            let accuracy = &centre.accuracy;
            row.push(words.with_interval(accuracy.value, accuracy.ci95, 2));
            row
        })
        .collect();
    let of_centre = |(name, note): (&String, &String)| {
        let text = words.said(note);
        words.with("named", &[("name", &words.said(name)), ("text", &text)])
    };
    let notes = evaluation.per_centre.iter();
    let notes = notes.flat_map(|(name, centre)| centre.notes.iter().map(move |n| (name, n)));
    let notes: Vec<String> = notes.map(of_centre).collect();
    let classes = words.classes(&evaluation.classes);
    html! {
        h2 { (words.text("centres-heading")) }
        @if rows.is_empty() {
            p { (words.text("centres-none")) }
        } @else {
            @if rows.len() == 1 { p { (words.text("centres-one")) } }
            (figure(&figures::forest(evaluation, words), &words.text("centres-caption")))
            (table(&words.with("centres-table", &[("classes", &classes)]), &header, &rows))
            (list(&notes))
            (summary(evaluation, words))
        }
    }
}

/// The centres summarised with random effects.
fn summary(evaluation: &Evaluation, words: &Catalogue) -> Markup {
    let level = words.level(evaluation.bootstrap.confidence);
    let rows: Vec<Vec<String>> = (evaluation.centre_summary.iter())
        .map(|s| {
            let figure = match s.figure.as_str() {
                "macro" => words.text("centres-macro"),
                class => words.against_rest(class),
            };
            vec![
                figure,
                s.logit.centres.to_string(),
                words.with_interval(Some(s.auc), Some(s.ci95), 3),
                words.interval(Some(s.prediction95), 3).unwrap_or_default(),
                words.percent(s.logit.i2, 0),
                words.p_value(Some(s.logit.q_p_value)),
            ]
        })
        .collect();
    let mut header = vec!["AUC".to_owned()];
    header.extend(words.header(&["centres-heading", "centres-mean", "centres-prediction"]));
    header.extend(["I\u{b2}", "p"].map(str::to_owned));
    html! {
        @if !rows.is_empty() {
            (table(&words.with("centres-summary", &[("level", &level)]), &header, &rows))
        }
    }
}

/// Subgroups of patients.
pub(crate) fn subgroups(evaluation: &Evaluation, words: &Catalogue) -> Markup {
    let level = words.level(evaluation.bootstrap.confidence);
    let mut rows = Vec::new();
    let mut notes = Vec::new();
    for variable in &evaluation.subgroups {
        for (index, here) in variable.levels.iter().enumerate() {
            let name = words.with(
                "named",
                &[
                    ("name", &variable.name),
                    ("text", &words.subgroup_level(&here.level)),
                ],
            );
            let test = match (index, variable.p_value) {
                (0, Some(_)) => {
                    let p = [variable.p_value, variable.p_value_holm].map(|p| words.p_value(p));
                    words.with("with-interval", &[("value", &p[0]), ("interval", &p[1])])
                }
                _ => String::new(),
            };
            let note = |note: &String| {
                words.with("named", &[("name", &name), ("text", &words.said(note))])
            };
            notes.extend(here.notes.iter().map(note));
            rows.push(vec![
                name,
                cases(here.n, here.counts.values(), words),
                words.estimate(&here.auc.macro_average),
                words.estimate(&here.auc_difference),
                words.with_interval(here.accuracy.value, here.accuracy.ci95, 2),
                words.estimate(&here.accuracy_difference),
                test,
            ]);
        }
        if variable.missing > 0 {
            let missing = variable.missing.to_string();
            let numbers = [("name", variable.name.as_str()), ("count", &missing)];
            notes.push(words.with("subgroups-missing", &numbers));
        }
    }
    let header = words.header(&[
        "subgroups-subgroup",
        "cases",
        "macro-auc",
        "subgroups-auc-difference",
        "accuracy",
        "subgroups-accuracy-difference",
        "subgroups-p",
    ]);
    let classes = words.classes(&evaluation.classes);
    html! {
        @if !rows.is_empty() {
            h2 { (words.text("subgroups-heading")) }
            (figure(&figures::subgroup_forest(evaluation, words),
                &words.with("subgroups-caption", &[("level", &level)])))
            (table(&words.with("subgroups-table", &[("classes", &classes)]), &header, &rows))
            (list(&notes))
        }
    }
}
