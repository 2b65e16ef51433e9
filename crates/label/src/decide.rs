//! How a rule decides on one patient.

use crate::finding::{Evidence, IhcFinding, IhcScore, IhcStatus, IshOutcome};
use crate::ish::{self, Called};
use crate::rule::{ByScore, Outcome, Rule};
use serde::Serialize;
use std::fmt;

/// Something about the findings that a reader should check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Flag {
    /// The IHC score is not that of the IHC status.
    ScoreContradictsStatus,
    /// IHC 3+ with ISH not amplified, or 0 or 1+ with ISH amplified.
    IhcContradictsIsh,
    /// ISH is reported otherwise than its counts say.
    IshStatusContradictsCounts,
    /// Groups 2 to 4 of dual-probe ISH: the guideline asks for IHC, and for a recount with 2+.
    IhcWorkUp,
    /// The ratio without the copies.
    RatioAlone,
    /// The copies without the ratio.
    CopiesAlone,
    /// The number of copies is a sum over many cells.
    CopiesAreSum,
    /// A filled-in cell of the table was not understood.
    NotUnderstood,
    /// Rows of the same patient have different classes.
    RowsContradict,
}

impl fmt::Display for Flag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ScoreContradictsStatus => "IHC score contradicts IHC status",
            Self::IhcContradictsIsh => "IHC contradicts ISH",
            Self::IshStatusContradictsCounts => "ISH status contradicts ISH counts",
            Self::IhcWorkUp => "ISH group 2, 3 or 4: IHC work-up",
            Self::RatioAlone => "ISH ratio without copies",
            Self::CopiesAlone => "ISH copies without ratio",
            Self::CopiesAreSum => "ISH copies are a sum over cells",
            Self::NotUnderstood => "a cell was not understood",
            Self::RowsContradict => "rows of the patient contradict each other",
        })
    }
}

/// What a rule decided, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Decision {
    /// The class, or that none can be told.
    pub outcome: Outcome,
    /// Why, as one sentence.
    pub reason: String,
    /// Whether a zero is HER2-ultralow (faint, incomplete staining in at most 10 % of the cells), when it was reported.
    pub ultralow: Option<bool>,
    /// What to check, in a fixed order, each once.
    pub flags: Vec<Flag>,
}

/// Decides the class of one patient. Findings of any kind get a decision: where the rule cannot tell, it is
/// [`Outcome::Indeterminate`] with the reason.
pub fn classify(evidence: &Evidence, rule: &Rule) -> Decision {
    let mut flags = Vec::new();
    let called = ish::call(evidence, &rule.ish, &mut flags);
    let (outcome, mut reason) = decide(&evidence.ihc, called, rule, &mut flags);
    for (column, text) in &evidence.not_understood {
        reason.push_str(&format!("; \"{text}\" in {column} was not understood"));
        flags.push(Flag::NotUnderstood);
    }
    let ultralow = evidence
        .ihc
        .faint_staining
        .filter(|_| outcome == Outcome::Zero);
    if ultralow == Some(true) {
        reason.push_str("; faint staining: HER2-ultralow");
    }
    flags.sort();
    flags.dedup();
    Decision {
        outcome,
        reason,
        ultralow,
        flags,
    }
}

fn decide(
    ihc: &IhcFinding,
    called: Option<Called>,
    rule: &Rule,
    flags: &mut Vec<Flag>,
) -> (Outcome, String) {
    let amplified = called.as_ref().map(|c| c.outcome);
    let ish_text = called.map_or("no ISH".to_owned(), |c| c.text);
    let Some(score) = ihc.score else {
        return without_score(ihc.status, amplified, &ish_text, rule, flags);
    };
    if let Some(status) = ihc.status.filter(|s| !s.fits(score))
        && let Some(decided) = contradiction(score, status, amplified, &ish_text, rule, flags)
    {
        return decided;
    }
    match (score, amplified) {
        (IhcScore::Zero | IhcScore::One, Some(IshOutcome::Amplified)) => {
            flags.push(Flag::IhcContradictsIsh);
            let reason = format!("contradiction: IHC {score} with {ish_text}");
            return (rule.edge.ihc_0_or_1_ish_amplified, reason);
        }
        (IhcScore::Three, Some(IshOutcome::NotAmplified)) => {
            flags.push(Flag::IhcContradictsIsh);
            let reason = format!("IHC 3+ decides, although {ish_text}: check the report");
            return (rule.edge.ihc_3_ish_not_amplified, reason);
        }
        _ => {}
    }
    let outcome = by_score(score, amplified, rule);
    let reason = match score {
        IhcScore::Two if amplified.is_none() => format!("IHC {score}, {ish_text}: ISH is needed"),
        IhcScore::Two => format!("IHC {score}, {ish_text}"),
        _ => format!("IHC {score}"),
    };
    (outcome, reason)
}

/// The class of a score, with ISH where the rule leaves it to that.
fn by_score(score: IhcScore, amplified: Option<IshOutcome>, rule: &Rule) -> Outcome {
    let by_score = match score {
        IhcScore::Zero => rule.ihc.zero,
        IhcScore::One => rule.ihc.one,
        IhcScore::Two => rule.ihc.two,
        IhcScore::Three => rule.ihc.three,
    };
    let by_ish = &rule.ihc_2_by_ish;
    match (by_score, amplified) {
        (ByScore::Zero, _) => Outcome::Zero,
        (ByScore::Low, _) => Outcome::Low,
        (ByScore::Positive, _) => Outcome::Positive,
        (ByScore::Indeterminate, _) => Outcome::Indeterminate,
        (ByScore::ByIsh, Some(IshOutcome::Amplified)) => by_ish.amplified,
        (ByScore::ByIsh, Some(IshOutcome::NotAmplified)) => by_ish.not_amplified,
        (ByScore::ByIsh, Some(IshOutcome::Equivocal)) => by_ish.equivocal,
        (ByScore::ByIsh, None) => by_ish.not_done,
    }
}

/// A score whose status is another's; `None` when the score can be followed all the same.
fn contradiction(
    score: IhcScore,
    status: IhcStatus,
    amplified: Option<IshOutcome>,
    ish_text: &str,
    rule: &Rule,
    flags: &mut Vec<Flag>,
) -> Option<(Outcome, String)> {
    let settled = amplified.is_some_and(|a| a != IshOutcome::Equivocal);
    if score == IhcScore::Two && settled {
        // A 2+ may be reported by its final result (Positive after ISH amplified, Negative after not amplified),
        // which is no contradiction; and ISH decides on a 2+ whatever the IHC is called.
        let final_result = matches!(
            (status, amplified),
            (IhcStatus::Positive, Some(IshOutcome::Amplified))
                | (IhcStatus::Negative, Some(IshOutcome::NotAmplified))
        );
        if !final_result {
            flags.push(Flag::ScoreContradictsStatus);
        }
        return None;
    }
    flags.push(Flag::ScoreContradictsStatus);
    // Equivocal means 2+: where that reading gives the same class as the score, the class is sure.
    let one_way = by_score(score, amplified, rule);
    let other_way = by_score(IhcScore::Two, amplified, rule);
    let agree = status == IhcStatus::Equivocal && settled && one_way == other_way;
    if agree && one_way != Outcome::Indeterminate {
        let reason =
            format!("IHC {score} reported as {status}, {ish_text}: {one_way} by either reading");
        return Some((one_way, reason));
    }
    let reason = match amplified {
        None => format!("contradiction: IHC {score} is reported as {status}"),
        Some(_) => format!("contradiction: IHC {score} is reported as {status}, {ish_text}"),
    };
    Some((rule.edge.score_contradicts_status, reason))
}

fn without_score(
    status: Option<IhcStatus>,
    amplified: Option<IshOutcome>,
    ish_text: &str,
    rule: &Rule,
    flags: &mut Vec<Flag>,
) -> (Outcome, String) {
    use IshOutcome::{Amplified, NotAmplified};
    let edge = &rule.edge;
    match (status, amplified) {
        (Some(IhcStatus::Negative), Some(Amplified)) => {
            flags.push(Flag::IhcContradictsIsh);
            let reason = format!("contradiction: IHC Negative without a score, {ish_text}");
            (edge.ihc_0_or_1_ish_amplified, reason)
        }
        (_, Some(Amplified)) => (
            edge.amplified_without_score,
            format!("{ish_text}, no IHC score"),
        ),
        (Some(IhcStatus::Positive), Some(NotAmplified)) => {
            flags.push(Flag::IhcContradictsIsh);
            let reason = format!(
                "IHC Positive without a score and {ish_text}: 2+ and 3+ cannot be told apart"
            );
            (edge.score_contradicts_status, reason)
        }
        (Some(IhcStatus::Positive), _) => (
            edge.positive_without_score,
            "IHC Positive without a score: means 3+".to_owned(),
        ),
        (Some(IhcStatus::Equivocal), Some(NotAmplified)) => (
            rule.ihc_2_by_ish.not_amplified,
            format!("IHC Equivocal (means 2+), {ish_text}"),
        ),
        (Some(IhcStatus::Equivocal), None) => (
            rule.ihc_2_by_ish.not_done,
            format!("IHC Equivocal (means 2+), {ish_text}: ISH is needed"),
        ),
        (Some(IhcStatus::Equivocal), Some(_)) => (
            rule.ihc_2_by_ish.equivocal,
            format!("IHC Equivocal (means 2+), {ish_text}"),
        ),
        (Some(IhcStatus::Negative), _) => (
            edge.negative_without_score,
            "IHC Negative without a score: 0 and 1+ cannot be told apart".to_owned(),
        ),
        (_, Some(NotAmplified)) => (
            edge.negative_without_score,
            format!("{ish_text} without an IHC score: zero and low cannot be told apart"),
        ),
        (_, Some(_)) => (
            Outcome::Indeterminate,
            format!("{ish_text} without an IHC score"),
        ),
        (_, None) => (
            Outcome::Indeterminate,
            "no IHC score and no ISH result".to_owned(),
        ),
    }
}
