//! What tells the phases of one series apart: a ladder of evidence, the strongest first.

use crate::DicomError;
use crate::header::Instance;
use crate::stack::{along_normal, distinct_positions, position_index};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt;

/// The rung that told the phases apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum PhaseEvidence {
    /// TemporalPositionIdentifier, or TemporalPositionIndex of enhanced objects.
    TemporalPosition,
    /// TriggerTime, or the trigger delay of enhanced objects.
    TriggerTime,
    /// AcquisitionTime or AcquisitionDateTime.
    AcquisitionTime,
    /// ContentTime.
    ContentTime,
    /// Every position occurs as often as there are phases; InstanceNumber gives the order.
    RepeatedPositions,
    /// AcquisitionNumber.
    AcquisitionNumber,
    /// Each phase is a series of its own.
    SeriesPerPhase,
}

impl fmt::Display for PhaseEvidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TemporalPosition => "TemporalPositionIdentifier",
            Self::TriggerTime => "TriggerTime",
            Self::AcquisitionTime => "AcquisitionTime",
            Self::ContentTime => "ContentTime",
            Self::RepeatedPositions => "repeated positions, in the order of InstanceNumber",
            Self::AcquisitionNumber => "AcquisitionNumber",
            Self::SeriesPerPhase => "one series for each phase, in the order of their times",
        })
    }
}

/// The phases of one series.
pub(crate) struct Split<'a> {
    pub(crate) phases: Vec<Vec<&'a Instance>>,
    /// `None` when the series is a single phase.
    pub(crate) evidence: Option<PhaseEvidence>,
    pub(crate) explain: Vec<String>,
}

/// Splits a series into phases.
///
/// A rung counts only when it makes phases that all have the same positions, each once.
///
/// # Errors
/// When positions repeat and no rung tells them apart: a missing slice when one rung nearly does, duplicates otherwise.
pub(crate) fn split<'a>(label: &str, instances: &[&'a Instance]) -> Result<Split<'a>, DicomError> {
    let positions = distinct_positions(instances);
    if instances.len() == positions.len() {
        return Ok(Split {
            phases: vec![instances.to_vec()],
            evidence: None,
            explain: Vec::new(),
        });
    }
    let mut explain = Vec::new();
    let mut nearly: Option<DicomError> = None;
    let microseconds = |s: f64| (s * 1e6).round() as i64;
    type Key = fn(&Instance) -> Option<f64>;
    let rungs: [(PhaseEvidence, Key); 5] = [
        (PhaseEvidence::TemporalPosition, |i| {
            i.temporal_position.map(|n| n as f64)
        }),
        (PhaseEvidence::TriggerTime, |i| i.trigger_time_s),
        (PhaseEvidence::AcquisitionTime, |i| i.acquisition_time_s),
        (PhaseEvidence::ContentTime, |i| i.content_time_s),
        (PhaseEvidence::AcquisitionNumber, |i| {
            i.acquisition_number.map(|n| n as f64)
        }),
    ];
    for (evidence, key) in rungs {
        if evidence == PhaseEvidence::AcquisitionNumber {
            match by_repetition(instances, &positions) {
                Some(phases) => {
                    explain.push(format!(
                        "{label}: phases by {}",
                        PhaseEvidence::RepeatedPositions
                    ));
                    return Ok(Split {
                        phases,
                        evidence: Some(PhaseEvidence::RepeatedPositions),
                        explain,
                    });
                }
                None => explain.push(format!(
                    "{label}: positions do not all repeat equally often"
                )),
            }
        }
        let values: Option<Vec<i64>> = instances.iter().map(|i| key(i).map(microseconds)).collect();
        let Some(values) = values else {
            explain.push(format!("{label}: {evidence} is not in every image"));
            continue;
        };
        let mut groups: BTreeMap<i64, Vec<&Instance>> = BTreeMap::new();
        for (instance, value) in instances.iter().zip(values) {
            groups.entry(value).or_default().push(instance);
        }
        let count = groups.len();
        if count < 2 {
            explain.push(format!("{label}: {evidence} is the same in every image"));
            continue;
        }
        match complete(label, &groups, &positions) {
            Ok(()) => {
                explain.push(format!("{label}: {count} phases by {evidence}"));
                let phases = groups.into_values().collect();
                return Ok(Split {
                    phases,
                    evidence: Some(evidence),
                    explain,
                });
            }
            Err(problem) => {
                explain.push(format!(
                    "{label}: {evidence} makes {count} groups that are no phases ({problem})"
                ));
                // As many groups as there must be phases are phases with a fault; more are times of
                // single slices.
                if count <= instances.len().div_ceil(positions.len()) {
                    nearly.get_or_insert(problem);
                }
            }
        }
    }
    Err(nearly.unwrap_or_else(|| DicomError::DuplicateSlices {
        series: label.to_owned(),
        position_mm: first_repeated(instances, &positions),
    }))
}

/// Whether every group has every position once.
fn complete(
    label: &str,
    groups: &BTreeMap<i64, Vec<&Instance>>,
    positions: &[f64],
) -> Result<(), DicomError> {
    for (phase, group) in groups.values().enumerate() {
        let mut seen = vec![0usize; positions.len()];
        for instance in group {
            if let Some(at) = along_normal(instance) {
                seen[position_index(positions, at)] += 1;
            }
        }
        if let Some(at) = seen.iter().position(|&n| n > 1) {
            return Err(DicomError::DuplicateSlices {
                series: label.to_owned(),
                position_mm: positions[at],
            });
        }
        if let Some(at) = seen.iter().position(|&n| n == 0) {
            return Err(DicomError::MissingSlice {
                series: label.to_owned(),
                place: format!(
                    "in phase {phase}, at {:.2} mm, where other phases have one",
                    positions[at]
                ),
            });
        }
    }
    Ok(())
}

/// The k-th image of each position makes phase k, when all positions occur equally often and InstanceNumber orders them.
fn by_repetition<'a>(
    instances: &[&'a Instance],
    positions: &[f64],
) -> Option<Vec<Vec<&'a Instance>>> {
    let mut at_position: Vec<Vec<&Instance>> = vec![Vec::new(); positions.len()];
    for instance in instances {
        at_position[position_index(positions, along_normal(instance)?)].push(instance);
    }
    let count = at_position.first()?.len();
    for images in &mut at_position {
        if images.len() != count || images.iter().any(|i| i.instance_number.is_none()) {
            return None;
        }
        images.sort_by_key(|i| i.instance_number);
        // Copies of one file have the same number: they are duplicates, not phases.
        if images
            .windows(2)
            .any(|w| w[0].instance_number == w[1].instance_number)
        {
            return None;
        }
    }
    Some(
        (0..count)
            .map(|phase| at_position.iter().map(|images| images[phase]).collect())
            .collect(),
    )
}

fn first_repeated(instances: &[&Instance], positions: &[f64]) -> f64 {
    let mut seen = vec![false; positions.len()];
    for at in instances.iter().filter_map(|i| along_normal(i)) {
        let index = position_index(positions, at);
        if std::mem::replace(&mut seen[index], true) {
            return at;
        }
    }
    f64::NAN
}
