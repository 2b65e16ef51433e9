//! Survival by the model's score.

use crate::page::{facts, figure, list};
use crate::{figure as figures, text};
use maud::{Markup, html};
use triher_survival::SurvivalSummary;

/// Curves of the called classes, the Cox model and the concordance; nothing where no survival is known.
pub(crate) fn survival(summary: Option<&SurvivalSummary>) -> Markup {
    let Some(summary) = summary else {
        return html! {};
    };
    let p = |p: f64| match p < 0.001 {
        true => "< 0.001".to_owned(),
        false => text::number(Some(p), 3),
    };
    let hazard = summary.cox.map_or_else(
        || "not available".to_owned(),
        |c| {
            let ratio = text::with_interval(Some(c.hazard_ratio), Some(c.interval), 2);
            format!("{ratio}, p {}", p(c.p_value))
        },
    );
    let rank = summary.log_rank.as_ref().map_or_else(
        || "not available".to_owned(),
        |test| {
            let statistic = text::number(Some(test.statistic), 2);
            let freedom = test.degrees_of_freedom;
            format!(
                "chi-squared {statistic} with {freedom} degrees of freedom, p {}",
                p(test.p_value)
            )
        },
    );
    html! {
        h2 { "Survival" }
        (figure(&figures::survival(summary), "Kaplan-Meier curves of the patients by the class they were called, with the \
            numbers at risk under them."))
        (facts("", &[
            ("Patients with follow-up".to_owned(), summary.patients.to_string()),
            ("Events".to_owned(), summary.events.to_string()),
            ("Score".to_owned(), summary.score.clone()),
            ("Hazard ratio for one standard deviation of the score (Cox, Efron's ties; 95\u{a0}% interval)".to_owned(), hazard),
            ("Concordance (Harrell)".to_owned(), text::number(summary.concordance, 3)),
            ("Log-rank test of the called classes".to_owned(), rank),
        ]))
        (list(&summary.notes))
    }
}
