//! The classes, and the rule as data.

use crate::LabelError;
use crate::finding::IshOutcome;
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
pub(crate) enum ByScore {
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
    pub(crate) ihc: ByIhc,
    pub(crate) ihc_2_by_ish: ByIsh,
    pub(crate) ish: IshRule,
    pub(crate) edge: EdgeRule,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ByIhc {
    #[serde(rename = "0")]
    pub(crate) zero: ByScore,
    #[serde(rename = "1+")]
    pub(crate) one: ByScore,
    #[serde(rename = "2+")]
    pub(crate) two: ByScore,
    #[serde(rename = "3+")]
    pub(crate) three: ByScore,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct ByIsh {
    pub(crate) amplified: Outcome,
    pub(crate) not_amplified: Outcome,
    pub(crate) equivocal: Outcome,
    pub(crate) not_done: Outcome,
}

/// How in situ hybridisation is called from its counts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct IshRule {
    pub(crate) ratio_cutoff: f64,
    pub(crate) copies_high: f64,
    pub(crate) copies_low: f64,
    pub(crate) copies_plausible_max: f64,
    pub(crate) status_against_counts: Preferred,
    pub(crate) ratio_alone_high: IshOutcome,
    pub(crate) ratio_alone_low: IshOutcome,
    pub(crate) copies_alone: CopiesAlone,
    pub(crate) group_1: Group,
    pub(crate) group_2: Group,
    pub(crate) group_3: Group,
    pub(crate) group_4: Group,
    pub(crate) group_5: Group,
}

/// What counts when the words and the numbers of a report disagree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Preferred {
    Status,
    Counts,
    Indeterminate,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CopiesAlone {
    pub(crate) high: IshOutcome,
    pub(crate) between: IshOutcome,
    pub(crate) low: IshOutcome,
}

/// The outcome of one of the guideline's groups by the IHC of the same tumour.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Group {
    pub(crate) ihc_0_or_1: IshOutcome,
    pub(crate) ihc_2: IshOutcome,
    pub(crate) ihc_3: IshOutcome,
    pub(crate) alone: IshOutcome,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EdgeRule {
    pub(crate) ihc_3_ish_not_amplified: Outcome,
    pub(crate) ihc_0_or_1_ish_amplified: Outcome,
    pub(crate) score_contradicts_status: Outcome,
    pub(crate) positive_without_score: Outcome,
    pub(crate) negative_without_score: Outcome,
    pub(crate) amplified_without_score: Outcome,
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
        let fail = |problem: String| LabelError::Configuration {
            what: "rule",
            problem,
        };
        let rule: Self = toml::from_str(text).map_err(|e| fail(e.to_string()))?;
        rule.check().map_err(fail)?;
        Ok(rule)
    }

    fn check(&self) -> Result<(), String> {
        let ish = &self.ish;
        let numbers = [
            ish.ratio_cutoff,
            ish.copies_low,
            ish.copies_high,
            ish.copies_plausible_max,
        ];
        if !numbers.iter().all(|n| n.is_finite() && *n > 0.0) {
            return Err("the numbers under [ish] must be positive".to_owned());
        }
        if ish.copies_low > ish.copies_high || ish.copies_high > ish.copies_plausible_max {
            return Err(
                "copies_low, copies_high and copies_plausible_max must not decrease".to_owned(),
            );
        }
        Ok(())
    }
}
