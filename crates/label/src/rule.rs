//! The rule as data, and how it decides.

use crate::LabelError;
use crate::finding::{Evidence, IhcScore, IhcStatus, IshOutcome};
use serde::{Deserialize, Serialize};
use std::fmt;

/// The three classes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum HerClass {
    /// IHC 0.
    Zero,
    /// IHC 1+, or 2+ with ISH not amplified.
    Low,
    /// IHC 3+, or 2+ with ISH amplified.
    Positive,
}

/// A class, or that none can be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// IHC 0.
    Zero,
    /// HER2-low.
    Low,
    /// HER2-positive.
    Positive,
    /// The findings do not tell.
    Indeterminate,
}

impl Outcome {
    /// The class, when there is one.
    pub fn class(self) -> Option<HerClass> {
        match self {
            Self::Zero => Some(HerClass::Zero),
            Self::Low => Some(HerClass::Low),
            Self::Positive => Some(HerClass::Positive),
            Self::Indeterminate => None,
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Zero => "zero",
            Self::Low => "low",
            Self::Positive => "positive",
            Self::Indeterminate => "indeterminate",
        })
    }
}

/// What an IHC score alone says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum ByScore {
    Zero,
    Low,
    ByIsh,
    Positive,
    Indeterminate,
}

/// A rule: which findings make which class. The built-in one is [`Rule::asco_cap`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Name, for manifests.
    pub name: String,
    ihc: ByIhc,
    ihc_2_by_ish: ByIsh,
    ish: IshRule,
    edge: EdgeRule,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ByIhc {
    #[serde(rename = "0")]
    zero: ByScore,
    #[serde(rename = "1+")]
    one: ByScore,
    #[serde(rename = "2+")]
    two: ByScore,
    #[serde(rename = "3+")]
    three: ByScore,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct ByIsh {
    amplified: Outcome,
    not_amplified: Outcome,
    equivocal: Outcome,
    not_done: Outcome,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct IshRule {
    ratio_cutoff: f64,
    copies_high: f64,
    copies_low: f64,
    groups: IshGroups,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct IshGroups {
    group_1: IshOutcome,
    group_2: IshOutcome,
    group_3: IshOutcome,
    group_4: IshOutcome,
    group_5: IshOutcome,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct EdgeRule {
    ihc_3_ish_not_amplified: Outcome,
    ihc_0_or_1_ish_amplified: Outcome,
    score_contradicts_status: Outcome,
    positive_without_score: Outcome,
    negative_without_score: Outcome,
    amplified_without_score: Outcome,
}

/// What a rule decided, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Decision {
    /// The class.
    pub outcome: Outcome,
    /// Why, as one sentence.
    pub reason: String,
    /// Whether a zero is HER2-ultralow (faint staining), when it was reported.
    pub ultralow: Option<bool>,
}

impl Rule {
    /// The built-in rule: ASCO/CAP 2018 (2023) with HER2-low.
    pub fn asco_cap() -> Self {
        Self::from_toml(include_str!("../rules/asco-cap.toml"))
            .unwrap_or_else(|_| unreachable!("the built-in rule is tested"))
    }

    /// A rule from TOML, in the shape of `rules/asco-cap.toml`.
    ///
    /// # Errors
    /// [`LabelError::Configuration`].
    pub fn from_toml(text: &str) -> Result<Self, LabelError> {
        toml::from_str(text).map_err(|e| LabelError::Configuration {
            what: "rule",
            problem: e.to_string(),
        })
    }

    /// The outcome of in situ hybridisation, from its status or its counts, with what it rests on.
    fn ish(&self, evidence: &Evidence) -> Option<(IshOutcome, String)> {
        if let Some(status) = evidence.ish_status {
            return Some((status, format!("ISH {status}")));
        }
        let ratio = evidence.ish_ratio?;
        let high_ratio = ratio >= self.ish.ratio_cutoff;
        let groups = &self.ish.groups;
        let Some(copies) = evidence.ish_copies else {
            // Without the count of copies, groups 1 and 2, and 3 to 5, cannot be told apart.
            let outcome = if high_ratio {
                groups.group_1
            } else {
                groups.group_5
            };
            return Some((
                outcome,
                format!("ISH {outcome} (HER2/CEP17 ratio {ratio}, copies not given)"),
            ));
        };
        let (group, outcome) = match (high_ratio, copies) {
            (true, c) if c >= self.ish.copies_low => (1, groups.group_1),
            (true, _) => (2, groups.group_2),
            (false, c) if c >= self.ish.copies_high => (3, groups.group_3),
            (false, c) if c >= self.ish.copies_low => (4, groups.group_4),
            (false, _) => (5, groups.group_5),
        };
        Some((
            outcome,
            format!("ISH {outcome} (ratio {ratio}, {copies} copies: group {group})"),
        ))
    }
}

/// Decides the class of one patient.
pub fn classify(evidence: &Evidence, rule: &Rule) -> Decision {
    let (outcome, mut reason) = decide(evidence, rule);
    for (column, text) in &evidence.not_understood {
        reason.push_str(&format!("; \"{text}\" in {column} was not understood"));
    }
    let ultralow = if outcome == Outcome::Zero {
        evidence.faint_staining
    } else {
        None
    };
    if ultralow == Some(true) {
        reason.push_str("; faint staining: HER2-ultralow");
    }
    Decision {
        outcome,
        reason,
        ultralow,
    }
}

fn decide(evidence: &Evidence, rule: &Rule) -> (Outcome, String) {
    let ish = rule.ish(evidence);
    let amplified = ish.as_ref().map(|(outcome, _)| *outcome);
    let ish_text = ish.map_or("no ISH".to_owned(), |(_, text)| text);
    let Some(score) = evidence.ihc_score else {
        return without_score(evidence.ihc_status, amplified, &ish_text, rule);
    };
    // A 2+ may be reported by its final result: Positive after ISH amplified, Negative after not amplified.
    let explained = score == IhcScore::Two
        && matches!(
            (evidence.ihc_status, amplified),
            (Some(IhcStatus::Positive), Some(IshOutcome::Amplified))
                | (Some(IhcStatus::Negative), Some(IshOutcome::NotAmplified))
        );
    if let Some(status) = evidence.ihc_status.filter(|s| !s.fits(score) && !explained) {
        // 1+ called Equivocal (which means 2+) is low by either reading when ISH is not amplified.
        let low_either_way = score == IhcScore::One
            && status == IhcStatus::Equivocal
            && amplified == Some(IshOutcome::NotAmplified)
            && rule.ihc.one == ByScore::Low
            && rule.ihc_2_by_ish.not_amplified == Outcome::Low;
        if low_either_way {
            let reason = format!("IHC 1+ reported as Equivocal, {ish_text}: low by either reading");
            return (Outcome::Low, reason);
        }
        // With 2+, ISH decides whatever the IHC is called.
        let settled =
            score == IhcScore::Two && amplified.is_some_and(|a| a != IshOutcome::Equivocal);
        if !settled {
            let outcome = rule.edge.score_contradicts_status;
            return (
                outcome,
                format!("contradiction: IHC {score} is reported as {status}"),
            );
        }
    }
    let outcome = match score {
        IhcScore::Zero => rule.ihc.zero,
        IhcScore::One => rule.ihc.one,
        IhcScore::Two => rule.ihc.two,
        IhcScore::Three => rule.ihc.three,
    };
    match (score, amplified) {
        (IhcScore::Zero | IhcScore::One, Some(IshOutcome::Amplified)) => {
            let outcome = rule.edge.ihc_0_or_1_ish_amplified;
            return (
                outcome,
                format!("contradiction: IHC {score} with {ish_text}"),
            );
        }
        (IhcScore::Three, Some(IshOutcome::NotAmplified)) => {
            let outcome = rule.edge.ihc_3_ish_not_amplified;
            return (
                outcome,
                format!("IHC 3+ decides, although {ish_text}: check the report"),
            );
        }
        _ => {}
    }
    match outcome {
        ByScore::Zero => (Outcome::Zero, format!("IHC {score}")),
        ByScore::Low => (Outcome::Low, format!("IHC {score}")),
        ByScore::Positive => (Outcome::Positive, format!("IHC {score}")),
        ByScore::Indeterminate => (Outcome::Indeterminate, format!("IHC {score}")),
        ByScore::ByIsh => {
            let by_ish = &rule.ihc_2_by_ish;
            let outcome = match amplified {
                Some(IshOutcome::Amplified) => by_ish.amplified,
                Some(IshOutcome::NotAmplified) => by_ish.not_amplified,
                Some(IshOutcome::Equivocal) => by_ish.equivocal,
                None => by_ish.not_done,
            };
            let missing = if amplified.is_none() {
                ": ISH is needed"
            } else {
                ""
            };
            (outcome, format!("IHC {score}, {ish_text}{missing}"))
        }
    }
}

fn without_score(
    status: Option<IhcStatus>,
    amplified: Option<IshOutcome>,
    ish_text: &str,
    rule: &Rule,
) -> (Outcome, String) {
    let edge = &rule.edge;
    match (status, amplified) {
        (Some(IhcStatus::Negative), Some(IshOutcome::Amplified)) => (
            edge.ihc_0_or_1_ish_amplified,
            format!("contradiction: IHC Negative without a score, {ish_text}"),
        ),
        (_, Some(IshOutcome::Amplified)) => (
            edge.amplified_without_score,
            format!("{ish_text}, no IHC score"),
        ),
        (Some(IhcStatus::Positive), Some(IshOutcome::NotAmplified)) => (
            edge.score_contradicts_status,
            format!("IHC Positive without a score and {ish_text}: 2+ and 3+ cannot be told apart"),
        ),
        (Some(IhcStatus::Positive), _) => (
            edge.positive_without_score,
            "IHC Positive without a score: means 3+".to_owned(),
        ),
        (Some(IhcStatus::Equivocal), Some(IshOutcome::NotAmplified)) => (
            rule.ihc_2_by_ish.not_amplified,
            format!("IHC Equivocal (means 2+), {ish_text}"),
        ),
        (Some(IhcStatus::Equivocal), _) => (
            rule.ihc_2_by_ish.not_done,
            format!("IHC Equivocal (means 2+), {ish_text}: ISH is needed"),
        ),
        (Some(IhcStatus::Negative), _) => (
            edge.negative_without_score,
            "IHC Negative without a score: 0 and 1+ cannot be told apart".to_owned(),
        ),
        (_, Some(IshOutcome::NotAmplified)) => (
            edge.negative_without_score,
            format!("{ish_text} without an IHC score: zero and low cannot be told apart"),
        ),
        _ => (
            Outcome::Indeterminate,
            "no IHC score and no ISH result".to_owned(),
        ),
    }
}
