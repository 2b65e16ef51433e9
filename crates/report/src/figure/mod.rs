//! The figures of the reports, each an SVG document that also stands on its own as a file.
//!
//! Every function gives the text of the document, with a `<title>` and a `<desc>` that says in words
//! what is shown. What the data do not define is not drawn but named.

mod batch;
mod benefit;
mod calibration;
mod confusion;
mod decision;
mod discrimination;
mod effect;
mod effect_folds;
mod flow;
mod learning;
mod lesion;
mod rows;
mod scatter;
mod spread;
mod subgroup;
mod survival;

pub use batch::{BatchState, batch_effect};
pub use benefit::net_benefit;
pub use calibration::calibration;
pub use confusion::confusion;
pub use decision::decision;
pub use discrimination::{forest, roc};
pub use effect::{beeswarm, effect_bars, waterfall};
pub use effect_folds::effect_folds;
pub use flow::{FlowCohort, flow};
pub use learning::learning_curve;
pub use lesion::{contributions, kinetic_curve, probabilities};
pub(crate) use rows::SHOWN;
pub use scatter::{ScatterPanel, scatter};
pub use spread::spread;
pub use subgroup::subgroup_forest;
pub use survival::survival;

/// A label cut to `limit` characters, so that a long name cannot push a figure apart.
fn short(text: &str, limit: usize) -> String {
    if text.chars().count() <= limit {
        return text.to_string();
    }
    let kept: String = text.chars().take(limit.saturating_sub(1)).collect();
    format!("{}\u{2026}", kept.trim_end())
}

/// Room that a text takes, in widths of a Latin letter.
fn columns(text: &str) -> usize {
    text.chars().map(column).sum()
}

/// Chinese characters are twice as wide as Latin letters.
fn column(character: char) -> usize {
    if character >= '\u{2e80}' { 2 } else { 1 }
}

#[cfg(test)]
mod tests {
    #[test]
    fn labels_are_cut_by_characters() {
        assert_eq!(super::short("Köln", 4), "Köln");
        assert_eq!(super::short("Universität", 7), "Univer\u{2026}");
        assert_eq!(super::short("ab", 0), "\u{2026}");
    }
}
