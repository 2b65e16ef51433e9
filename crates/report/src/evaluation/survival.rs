//! Survival by the model's score.

use crate::catalogue::Catalogue;
use crate::figure as figures;
use crate::page::{facts, figure, list};
use crate::said::said_notes;
use maud::{Markup, html};
use triher_survival::SurvivalSummary;

/// Curves of the called classes, the Cox model and the concordance; nothing where no survival is known.
pub(crate) fn survival(summary: Option<&SurvivalSummary>, words: &Catalogue) -> Markup {
    let Some(summary) = summary else {
        return html! {};
    };
    let none = || words.text("not-available");
    let hazard = summary.cox.map_or_else(none, |c| {
        let ratio = words.with_interval(Some(c.hazard_ratio), Some(c.interval), 2);
        let p = words.p_value(Some(c.p_value));
        words.with("survival-hazard-value", &[("ratio", &ratio), ("p", &p)])
    });
    let rank = summary.log_rank.as_ref().map_or_else(none, |test| {
        words.with(
            "survival-test",
            &[
                ("statistic", &words.number(Some(test.statistic), 2)),
                ("freedom", &test.degrees_of_freedom.to_string()),
                ("p", &words.p_value(Some(test.p_value))),
            ],
        )
    });
    html! {
        h2 { (words.text("survival-heading")) }
        (figure(&figures::survival(summary, words), &words.text("survival-caption")))
        (facts("", &[
            (words.text("survival-patients"), summary.patients.to_string()),
            (words.text("survival-events"), summary.events.to_string()),
            (words.text("survival-score"), words.said(&summary.score)),
            (words.text("survival-hazard"), hazard),
            (words.text("survival-concordance"), words.number(summary.concordance, 3)),
            (words.text("survival-log-rank"), rank),
        ]))
        (list(&said_notes(&summary.notes, words)))
    }
}
