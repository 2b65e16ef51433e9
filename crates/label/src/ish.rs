//! The outcome of in situ hybridisation, from what is said in words and from the counts.

use crate::decide::Flag;
use crate::finding::{Evidence, IhcScore, IshOutcome, Measured};
use crate::rule::{Group, IshRule, Preferred};

/// An outcome with what it rests on.
pub(crate) struct Called {
    pub(crate) outcome: IshOutcome,
    /// Such as "ISH amplified (ratio 2.4, 5 copies: group 1)".
    pub(crate) text: String,
}

/// The outcome, or `None` when ISH was not done.
pub(crate) fn call(evidence: &Evidence, rule: &IshRule, flags: &mut Vec<Flag>) -> Option<Called> {
    let ish = &evidence.ish;
    let mut of_counts = Vec::new();
    let from_counts = from_counts(evidence, rule, &mut of_counts);
    let status = ish.status.or(ish.words);
    let decided_by_words = status.is_some()
        && from_counts
            .as_ref()
            .is_none_or(|c| Some(c.outcome) == status);
    // How the counts were read matters where they decide or disagree; a sum in the place of a mean always does.
    let kept = of_counts
        .into_iter()
        .filter(|f| !decided_by_words || *f == Flag::CopiesAreSum);
    flags.extend(kept);
    if let (Some(status), Some(words)) = (ish.status, ish.words)
        && status != words
    {
        flags.push(Flag::IshStatusContradictsCounts);
        return Some(against(
            status,
            words,
            &format!("\"{words}\" in the column of counts"),
            rule,
        ));
    }
    let Some(status) = status else {
        return from_counts;
    };
    match from_counts {
        Some(counts) if counts.outcome != status => {
            flags.push(Flag::IshStatusContradictsCounts);
            Some(against(status, counts.outcome, &counts.text, rule))
        }
        _ => Some(Called {
            outcome: status,
            text: format!("ISH {status}"),
        }),
    }
}

/// The outcome where words and counts disagree.
fn against(status: IshOutcome, counts: IshOutcome, text: &str, rule: &IshRule) -> Called {
    let outcome = match rule.status_against_counts {
        Preferred::Status => status,
        Preferred::Counts => counts,
        Preferred::Indeterminate => IshOutcome::Equivocal,
    };
    Called {
        outcome,
        text: format!("ISH {outcome} (reported as {status} against {text})"),
    }
}

fn from_counts(evidence: &Evidence, rule: &IshRule, flags: &mut Vec<Flag>) -> Option<Called> {
    let copies = mean_copies(evidence, rule, flags);
    let ratio = ratio(evidence);
    let called = |outcome: IshOutcome, basis: String| {
        Some(Called {
            outcome,
            text: format!("ISH {outcome} ({basis})"),
        })
    };
    match (ratio, copies) {
        (None, None) => None,
        (Some(ratio), None) => {
            flags.push(Flag::RatioAlone);
            let high = ratio.is_at_least(rule.ratio_cutoff);
            let outcome = if high {
                rule.ratio_alone_high
            } else {
                rule.ratio_alone_low
            };
            called(outcome, format!("ratio {ratio}, copies not given"))
        }
        (None, Some(copies)) => {
            flags.push(Flag::CopiesAlone);
            let outcome = if copies.is_at_least(rule.copies_high) {
                rule.copies_alone.high
            } else if copies.is_at_least(rule.copies_low) {
                rule.copies_alone.between
            } else {
                rule.copies_alone.low
            };
            called(outcome, format!("{copies} copies, ratio not given"))
        }
        (Some(ratio), Some(copies)) => {
            let (number, group) = group(rule, ratio, copies);
            if matches!(number, 2..=4) {
                flags.push(Flag::IhcWorkUp);
            }
            let outcome = match evidence.ihc.level() {
                Some(IhcScore::Zero | IhcScore::One) => group.ihc_0_or_1,
                Some(IhcScore::Two) => group.ihc_2,
                Some(IhcScore::Three) => group.ihc_3,
                None => group.alone,
            };
            called(
                outcome,
                format!("ratio {ratio}, {copies} copies: group {number}"),
            )
        }
    }
}

/// The guideline's group of dual-probe counts.
fn group(rule: &IshRule, ratio: Measured, copies: Measured) -> (u8, &Group) {
    let low = !copies.is_at_least(rule.copies_low);
    let high = copies.is_at_least(rule.copies_high);
    match (ratio.is_at_least(rule.ratio_cutoff), low, high) {
        (true, false, _) => (1, &rule.group_1),
        (true, true, _) => (2, &rule.group_2),
        (false, _, true) => (3, &rule.group_3),
        (false, false, _) => (4, &rule.group_4),
        (false, true, _) => (5, &rule.group_5),
    }
}

/// Mean HER2 copies per cell. A number too large for one cell is a sum over the cells that were counted.
fn mean_copies(evidence: &Evidence, rule: &IshRule, flags: &mut Vec<Flag>) -> Option<Measured> {
    let plausible = |copies: &Measured| copies.number() <= rule.copies_plausible_max;
    let copies = evidence.ish.copies?;
    if plausible(&copies) {
        return Some(copies);
    }
    flags.push(Flag::CopiesAreSum);
    let cells = evidence.ish.cells?.number();
    // To two decimals, as reports give means: 172 signals in 20 cells are 8.6.
    let mean = (100.0 * copies.number() / cells).round() / 100.0;
    let mean = Measured::Exactly(mean);
    (cells >= 1.0 && plausible(&mean)).then_some(mean)
}

/// The ratio as given, or of the two numbers of copies, which are sums or means both.
fn ratio(evidence: &Evidence) -> Option<Measured> {
    let ish = &evidence.ish;
    if ish.ratio.is_some() {
        return ish.ratio;
    }
    match (ish.copies?, ish.cep17_copies?) {
        (Measured::Exactly(her2), Measured::Exactly(cep17)) if cep17 > 0.0 => {
            Some(Measured::Exactly((100.0 * her2 / cep17).round() / 100.0))
        }
        _ => None,
    }
}
