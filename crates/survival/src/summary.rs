//! Everything about one score and the survival of those who have it.

use crate::{
    Coefficient, CurvePoint, FollowUp, LogRank, SurvivalError, Ties, concordance, cox,
    kaplan_meier, log_rank,
};
use serde::{Deserialize, Serialize};

/// A score and the classes called by it, against follow-up.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SurvivalSummary {
    /// What the time is measured in, as the user says: `"months"`.
    pub unit: String,
    /// Patients with known follow-up.
    pub patients: usize,
    /// Events among them.
    pub events: usize,
    /// What the score is, in words.
    pub score: String,
    /// Cox regression on the score in units of its standard deviation (Efron's ties); `None` when it has no fit.
    pub cox: Option<Coefficient>,
    /// Harrell's concordance: the share of comparable pairs in which the higher score has the event first.
    pub concordance: Option<f64>,
    /// Kaplan-Meier curve of every group that has patients.
    pub groups: Vec<SurvivalGroup>,
    /// Whether the groups survive alike; `None` with fewer than two of them.
    pub log_rank: Option<LogRank>,
    /// Why a figure is missing.
    pub notes: Vec<String>,
}

/// The patients called by one class.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SurvivalGroup {
    /// The class.
    pub name: String,
    /// Patients.
    pub patients: usize,
    /// Events among them.
    pub events: usize,
    /// Their curve.
    pub curve: Vec<CurvePoint>,
}

/// What is summarised.
#[derive(Debug, Clone, Copy)]
pub struct Scored<'a> {
    /// Score of every patient.
    pub score: &'a [f64],
    /// What it is, in words.
    pub score_name: &'a str,
    /// Group of every patient, by number.
    pub group: &'a [usize],
    /// Names of the groups.
    pub group_names: &'a [String],
    /// What the time is measured in.
    pub unit: &'a str,
}

/// Judges a score and groups by follow-up. A figure that cannot be computed is left out with the reason.
///
/// # Errors
/// Columns of another length than the follow-up, a score that is not finite, or a confidence that does not lie
/// between 0 and 1.
pub fn summarise(
    follow_up: &FollowUp,
    scored: Scored<'_>,
    confidence: f64,
) -> Result<SurvivalSummary, SurvivalError> {
    crate::follow_up::same_length("score", follow_up.len(), scored.score.len())?;
    crate::follow_up::same_length("group", follow_up.len(), scored.group.len())?;
    crate::follow_up::all_finite("score", scored.score)?;
    let mut notes = Vec::new();
    let n = scored.score.len() as f64;
    let mean = scored.score.iter().sum::<f64>() / n;
    let deviation = (scored.score.iter().map(|s| (s - mean).powi(2)).sum::<f64>() / n).sqrt();
    let standard: Vec<f64> = (scored.score.iter())
        .map(|s| (s - mean) / deviation.max(f64::MIN_POSITIVE))
        .collect();
    let fit = cox(follow_up, &[standard], Ties::Efron, confidence);
    notes.extend(fit.as_ref().err().map(ToString::to_string));

    let mut groups = Vec::new();
    let mut number = vec![None; scored.group_names.len()];
    for (class, name) in scored.group_names.iter().enumerate() {
        let members: Vec<usize> = (0..follow_up.len())
            .filter(|&row| scored.group[row] == class)
            .collect();
        if members.is_empty() {
            continue;
        }
        number[class] = Some(groups.len());
        let own = FollowUp {
            time: members.iter().map(|&row| follow_up.time[row]).collect(),
            event: members.iter().map(|&row| follow_up.event[row]).collect(),
        };
        groups.push(SurvivalGroup {
            name: name.clone(),
            patients: own.len(),
            events: own.event.iter().filter(|e| **e).count(),
            curve: kaplan_meier(&own, confidence)?,
        });
    }
    // Groups without patients leave no gaps in the numbers.
    let dense: Option<Vec<usize>> = (scored.group.iter())
        .map(|&class| number.get(class).copied().flatten())
        .collect();
    let tested = match dense {
        // Without an event there is no test; the Cox model has said so.
        Some(dense) => log_rank(follow_up, &dense).unwrap_or_default(),
        None => None,
    };
    Ok(SurvivalSummary {
        unit: scored.unit.to_owned(),
        patients: follow_up.len(),
        events: follow_up.event.iter().filter(|e| **e).count(),
        score: scored.score_name.to_owned(),
        cox: fit.ok().and_then(|f| f.coefficients.first().copied()),
        concordance: concordance(follow_up, scored.score)?,
        groups,
        log_rank: tested,
        notes,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scored<'a>(score: &'a [f64], group: &'a [usize], names: &'a [String]) -> Scored<'a> {
        Scored {
            score,
            score_name: "expected class",
            group,
            group_names: names,
            unit: "months",
        }
    }

    #[test]
    fn a_score_that_shortens_life_is_found() {
        let names = ["zero", "low", "positive"].map(str::to_owned);
        let n = 60;
        let group: Vec<usize> = (0..n).map(|i| if i % 2 == 0 { 0 } else { 2 }).collect();
        let score: Vec<f64> = (0..n)
            .map(|i| group[i] as f64 + ((i * 7) % 11) as f64 / 5.0)
            .collect();
        let time: Vec<f64> = (0..n)
            .map(|i| 40.0 - 8.0 * group[i] as f64 + ((i * 13) % 17) as f64)
            .collect();
        let event: Vec<bool> = (0..n).map(|i| i % 5 != 0).collect();
        let follow_up = FollowUp::new(time, event).unwrap();
        let found = summarise(&follow_up, scored(&score, &group, &names), 0.95).unwrap();
        assert_eq!(found.groups.len(), 2, "nobody was called low");
        assert!(found.cox.unwrap().hazard_ratio > 1.0);
        assert!(found.concordance.unwrap() > 0.5);
        assert!(found.log_rank.unwrap().p_value < 0.01);
        assert_eq!(found.notes, Vec::<String>::new());
    }

    #[test]
    fn without_events_it_says_so() {
        let names = ["zero".to_owned()];
        let follow_up = FollowUp::new(vec![1.0, 2.0], vec![false; 2]).unwrap();
        let found = summarise(&follow_up, scored(&[0.1, 0.2], &[0, 0], &names), 0.95).unwrap();
        assert_eq!(found.cox, None);
        assert!(found.notes[0].contains("no event"), "{:?}", found.notes);
    }
}
