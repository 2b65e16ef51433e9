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
    /// Rungs that contradict the one that decided.
    pub(crate) warnings: Vec<String>,
}

/// What a rung looks at, in seconds or counts.
type Key = fn(&Instance) -> Option<f64>;

struct Rung {
    evidence: PhaseEvidence,
    key: Key,
    /// Whether the value is a time, which may differ from slice to slice of a phase.
    is_time: bool,
}

/// The ladder, the strongest rung first.
const RUNGS: [Rung; 6] = [
    Rung {
        evidence: PhaseEvidence::TemporalPosition,
        key: |i| i.temporal_position.map(|n| n as f64),
        is_time: false,
    },
    Rung {
        evidence: PhaseEvidence::TriggerTime,
        key: |i| i.trigger_time_s,
        is_time: true,
    },
    Rung {
        evidence: PhaseEvidence::AcquisitionTime,
        key: |i| i.acquisition_time_s,
        is_time: true,
    },
    Rung {
        evidence: PhaseEvidence::ContentTime,
        key: |i| i.content_time_s,
        is_time: true,
    },
    Rung {
        evidence: PhaseEvidence::RepeatedPositions,
        key: |i| i.instance_number.map(|n| n as f64),
        is_time: false,
    },
    Rung {
        evidence: PhaseEvidence::AcquisitionNumber,
        key: |i| i.acquisition_number.map(|n| n as f64),
        is_time: false,
    },
];

/// The phases as numbers of images, and how they were made.
struct Made {
    phases: Vec<Vec<usize>>,
    how: String,
}

/// Why a rung makes no phases.
enum Refused {
    /// It says nothing, in words.
    Silent(String),
    /// It makes groups that are no phases.
    Faulty { groups: usize, problem: DicomError },
}

/// The images of a series with their places along the normal.
struct Series<'a> {
    label: &'a str,
    instances: &'a [&'a Instance],
    positions: Vec<f64>,
    /// Number of the position of each image.
    place: Vec<usize>,
}

/// Splits a series into phases.
///
/// A rung counts only when it makes phases that all have the same positions, each once. Every rung is tried: those below the one that decides
/// and make other phases are reported.
///
/// # Errors
/// When positions repeat and no rung tells them apart: a missing slice when one rung nearly does, duplicates otherwise.
pub(crate) fn split<'a>(label: &str, instances: &[&'a Instance]) -> Result<Split<'a>, DicomError> {
    let positions = distinct_positions(instances);
    let place = instances
        .iter()
        .map(|i| along_normal(i).map_or(0, |at| position_index(&positions, at)));
    let series = Series {
        label,
        instances,
        place: place.collect(),
        positions,
    };
    let mut split = Split {
        phases: vec![instances.to_vec()],
        evidence: None,
        explain: Vec::new(),
        warnings: Vec::new(),
    };
    if instances.len() == series.positions.len() {
        return Ok(split);
    }
    let mut decided: Option<(PhaseEvidence, Vec<Vec<usize>>)> = None;
    let mut nearly: Option<DicomError> = None;
    for rung in &RUNGS {
        let name = rung.evidence;
        match (series.phases_by(rung), &decided) {
            (Ok(made), None) => {
                split.explain.push(format!("{label}: {}", made.how));
                decided = Some((name, made.phases));
            }
            (Ok(made), Some((first, phases))) if made.phases != *phases => {
                let told =
                    format!("{label}: {name} makes other phases than {first}, which was followed");
                // The numbers of images are known to be in any order, times are not.
                if name < PhaseEvidence::RepeatedPositions {
                    split.warnings.push(told.clone());
                }
                split.explain.push(told);
            }
            (_, Some(_)) => {}
            (Err(Refused::Silent(why)), None) => split.explain.push(format!("{label}: {why}")),
            (Err(Refused::Faulty { groups, problem }), None) => {
                split.explain.push(format!(
                    "{label}: {name} makes {groups} groups that are no phases ({problem})"
                ));
                // As many groups as there must be phases are phases with a fault; more are times of
                // single slices.
                if groups <= instances.len().div_ceil(series.positions.len()) {
                    nearly.get_or_insert(problem);
                }
            }
        }
    }
    let Some((evidence, phases)) = decided else {
        return Err(nearly.unwrap_or_else(|| series.uneven_repetition()));
    };
    let phase = |numbers: Vec<usize>| numbers.into_iter().map(|n| instances[n]).collect();
    split.phases = phases.into_iter().map(phase).collect();
    split.evidence = Some(evidence);
    Ok(split)
}

impl Series<'_> {
    fn phases_by(&self, rung: &Rung) -> Result<Made, Refused> {
        let name = rung.evidence;
        let silent = |what: &str| Err(Refused::Silent(format!("{name} {what}")));
        let values: Option<Vec<f64>> = self.instances.iter().map(|i| (rung.key)(i)).collect();
        let Some(values) = values else {
            return silent("is not in every image");
        };
        if name == PhaseEvidence::RepeatedPositions {
            return match self.in_order(&values) {
                Some(phases) => Ok(Made {
                    how: format!("{} phases by {name}", phases.len()),
                    phases,
                }),
                None => Err(Refused::Silent(
                    "positions do not all repeat equally often with an InstanceNumber of their own"
                        .to_owned(),
                )),
            };
        }
        let microseconds = |s: f64| (s * 1e6).round() as i64;
        let mut groups: BTreeMap<i64, Vec<usize>> = BTreeMap::new();
        for (number, value) in values.iter().enumerate() {
            groups.entry(microseconds(*value)).or_default().push(number);
        }
        let count = groups.len();
        if count < 2 {
            return silent("is the same in every image");
        }
        let mut groups: Vec<Vec<usize>> = groups.into_values().collect();
        match self.complete(&groups) {
            Ok(()) => {
                for group in &mut groups {
                    group.sort_by_key(|&n| self.place[n]);
                }
                Ok(Made {
                    how: format!("{count} phases by {name}"),
                    phases: groups,
                })
            }
            Err(problem) if !rung.is_time => Err(Refused::Faulty {
                groups: count,
                problem,
            }),
            Err(problem) => {
                // Slices of one phase may have times of their own: then phases follow each other.
                let phases = self.in_order(&values).filter(|phases| {
                    let (least, most) = (
                        f64::min as fn(f64, f64) -> f64,
                        f64::max as fn(f64, f64) -> f64,
                    );
                    let bound = |phase: &[usize], of: fn(f64, f64) -> f64| {
                        phase.iter().map(|&n| values[n]).reduce(of)
                    };
                    phases
                        .windows(2)
                        .all(|w| bound(&w[0], most) < bound(&w[1], least))
                });
                phases
                    .map(|phases| Made {
                        how: format!(
                            "{} phases by {name}, which differs from slice to slice and does not overlap between phases",
                            phases.len()
                        ),
                        phases,
                    })
                    .ok_or(Refused::Faulty {
                        groups: count,
                        problem,
                    })
            }
        }
    }

    /// The k-th image of each position makes phase k, when all positions occur equally often and the values order them.
    fn in_order(&self, values: &[f64]) -> Option<Vec<Vec<usize>>> {
        let mut at_position: Vec<Vec<usize>> = vec![Vec::new(); self.positions.len()];
        for (number, &place) in self.place.iter().enumerate() {
            at_position[place].push(number);
        }
        let count = at_position.first()?.len();
        for images in &mut at_position {
            images.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
            // Copies of one file have the same number: they are duplicates, not phases.
            let alike = images.windows(2).any(|w| values[w[0]] == values[w[1]]);
            if images.len() != count || alike {
                return None;
            }
        }
        Some(
            (0..count)
                .map(|phase| at_position.iter().map(|images| images[phase]).collect())
                .collect(),
        )
    }

    /// Whether every group has every position once.
    fn complete(&self, groups: &[Vec<usize>]) -> Result<(), DicomError> {
        for (phase, group) in groups.iter().enumerate() {
            let mut seen = vec![0usize; self.positions.len()];
            for &number in group {
                seen[self.place[number]] += 1;
            }
            if let Some(at) = seen.iter().position(|&n| n > 1) {
                return Err(DicomError::DuplicateSlices {
                    series: self.label.to_owned(),
                    position_mm: self.positions[at],
                });
            }
            if let Some(at) = seen.iter().position(|&n| n == 0) {
                return Err(DicomError::MissingSlice {
                    series: self.label.to_owned(),
                    place: format!(
                        "in phase {phase}, at {:.2} mm, where other phases have one",
                        self.positions[at]
                    ),
                });
            }
        }
        Ok(())
    }

    /// What is wrong where no rung tells images at one position apart.
    fn uneven_repetition(&self) -> DicomError {
        let mut counts = vec![0usize; self.positions.len()];
        for &place in &self.place {
            counts[place] += 1;
        }
        let mut sorted = counts.clone();
        sorted.sort_unstable();
        let usual = sorted.get(sorted.len() / 2).copied().unwrap_or(0);
        let odd = counts.iter().position(|&n| n != usual);
        match odd.map(|at| (counts[at], self.positions[at])) {
            Some((count, at)) if count < usual => DicomError::MissingSlice {
                series: self.label.to_owned(),
                place: format!(
                    "at {at:.2} mm, where there are {count} images and {usual} elsewhere"
                ),
            },
            other => {
                let repeated = counts.iter().position(|&n| n > 1).unwrap_or(0);
                let first = self.positions.get(repeated).copied().unwrap_or(f64::NAN);
                DicomError::DuplicateSlices {
                    series: self.label.to_owned(),
                    position_mm: other.map_or(first, |(_, at)| at),
                }
            }
        }
    }
}
