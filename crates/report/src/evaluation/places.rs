//! Centres and subgroups of patients.

use crate::page::{figure, list, table};
use crate::{figure as figures, text};
use maud::{Markup, html};
use triher_stats::Evaluation;

pub(crate) fn centres(evaluation: &Evaluation) -> Markup {
    let mut header = vec!["Centre", "Cases", "Patients", "Macro AUC"];
    header.extend(evaluation.classes.iter().map(String::as_str));
    header.push("Accuracy");
    let rows: Vec<Vec<String>> = evaluation
        .per_centre
        .iter()
        .map(|(name, centre)| {
            let counts: Vec<String> = centre.counts.values().map(u64::to_string).collect();
            let mut row = vec![
                name.clone(),
                format!("{} ({})", centre.n, counts.join("\u{a0}/\u{a0}")),
                centre.patients.to_string(),
                text::estimate(&centre.auc.macro_average),
            ];
            row.extend(evaluation.classes.iter().map(|class| {
                centre
                    .auc
                    .per_class
                    .get(class)
                    .map_or_else(String::new, text::estimate)
            }));
            row.push(text::with_interval(
                centre.accuracy.value,
                centre.accuracy.ci95,
                2,
            ));
            row
        })
        .collect();
    let notes: Vec<String> = evaluation
        .per_centre
        .iter()
        .flat_map(|(name, centre)| {
            centre
                .notes
                .iter()
                .map(move |note| format!("{name}: {note}"))
        })
        .collect();
    html! {
        h2 { "Centres" }
        @if rows.is_empty() {
            p { "The data name no centres, so there are no figures per centre." }
        } @else {
            @if rows.len() == 1 { p { "All cases come from one centre: nothing can be said about how the \
                model carries over to others." } }
            (figure(&figures::forest(evaluation), "Squares are macro AUCs with their intervals, the shapes under them \
                the classes' AUCs. The dashed line is chance."))
            (table(&format!("AUC of every centre, overall and of each class against the rest. In the second column the \
                cases of {}.", evaluation.classes.join(" / ")), &header, &rows))
            (list(&notes))
            (summary(evaluation))
        }
    }
}

/// The centres summarised with random effects.
fn summary(evaluation: &Evaluation) -> Markup {
    let level = text::level(evaluation.bootstrap.confidence);
    let rows: Vec<Vec<String>> = (evaluation.centre_summary.iter())
        .map(|s| {
            let figure = match s.figure.as_str() {
                "macro" => "Macro".to_owned(),
                class => format!("{class} against the rest"),
            };
            vec![
                figure,
                s.logit.centres.to_string(),
                text::with_interval(Some(s.auc), Some(s.ci95), 3),
                text::interval(Some(s.prediction95), 3).unwrap_or_default(),
                text::percent(s.logit.i2, 0),
                p_value(Some(s.logit.q_p_value)),
            ]
        })
        .collect();
    html! {
        @if !rows.is_empty() {
            (table(&format!("The centres' AUCs summarised with random effects on the scale of the logit (restricted maximum \
                likelihood; {level} interval after Hartung and Knapp). The prediction interval says where the AUC of a further \
                centre would lie; I\u{b2} is the share of the variance that lies between centres, p tests that there is none. \
                With few centres both intervals are wide, and rightly so; of four, the prediction interval holds a further \
                centre some 84 times in 100 and not 95."),
                &["AUC", "Centres", "Mean", "Prediction interval", "I\u{b2}", "p"], &rows))
        }
    }
}

/// Subgroups of patients.
pub(crate) fn subgroups(evaluation: &Evaluation) -> Markup {
    let level = text::level(evaluation.bootstrap.confidence);
    let mut rows = Vec::new();
    let mut notes = Vec::new();
    for variable in &evaluation.subgroups {
        for (index, here) in variable.levels.iter().enumerate() {
            let counts: Vec<String> = here.counts.values().map(u64::to_string).collect();
            let test = match (index, variable.p_value) {
                (0, Some(_)) => format!(
                    "{} ({})",
                    p_value(variable.p_value),
                    p_value(variable.p_value_holm)
                ),
                _ => String::new(),
            };
            rows.push(vec![
                format!("{}: {}", variable.name, here.level),
                format!("{} ({})", here.n, counts.join("\u{a0}/\u{a0}")),
                text::estimate(&here.auc.macro_average),
                text::estimate(&here.auc_difference),
                text::with_interval(here.accuracy.value, here.accuracy.ci95, 2),
                text::estimate(&here.accuracy_difference),
                test,
            ]);
            let note = |note: &String| format!("{}: {}: {note}", variable.name, here.level);
            notes.extend(here.notes.iter().map(note));
        }
        if variable.missing > 0 {
            let missing = variable.missing;
            notes.push(format!("{}: not known for {missing} rows.", variable.name));
        }
    }
    html! {
        @if !rows.is_empty() {
            h2 { "Subgroups" }
            (figure(&figures::subgroup_forest(evaluation), &format!("Macro AUC of every subgroup with its {level} interval. The \
                dashed line is the AUC of all patients.")))
            (table(&format!("Subgroups with their cases ({}), and the difference to all other patients. p tests that the levels \
                of a variable have the same macro AUC; in parentheses corrected for the number of variables after Holm.",
                evaluation.classes.join(" / ")),
                &["Subgroup", "Cases", "Macro AUC", "Difference of AUC", "Accuracy", "Difference of accuracy", "p (corrected)"], &rows))
            (list(&notes))
        }
    }
}

/// "0.031", "< 0.001".
fn p_value(p: Option<f64>) -> String {
    match p {
        Some(p) if p < 0.001 => "< 0.001".into(),
        p => text::number(p, 3),
    }
}
