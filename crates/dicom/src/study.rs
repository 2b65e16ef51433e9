//! One study: from its images to phases, set-aside series and the reasons for both.

use crate::files::Limits;
use crate::header::{Instance, Series};
use crate::ladder::{PhaseEvidence, split};
use crate::rules::{Kind, SeriesRules};
use crate::stack::{check_planes, distinct_positions, same_plane, stack};
use crate::time::over_midnight;
use crate::{DicomError, PhaseScan, StudyScan};
use std::collections::BTreeMap;
use std::sync::Arc;
use triher_volume::Geometry;

/// A phase whose slices are ordered.
#[derive(Clone)]
pub(crate) struct PhaseStack {
    pub(crate) slices: Vec<Instance>,
    pub(crate) series: Arc<Series>,
    pub(crate) evidence: Option<PhaseEvidence>,
}

/// A series that would be dynamic and has a fault.
struct Faulty {
    problem: DicomError,
    /// Its first image, to tell what the series would have belonged to.
    first: Instance,
}

/// One study from its images.
pub(crate) fn scan_study(
    label: String,
    mut instances: Vec<Instance>,
    rules: &SeriesRules,
    limits: &Limits,
) -> StudyScan {
    let acquired = instances
        .iter_mut()
        .filter_map(|i| i.acquisition_time_s.as_mut());
    over_midnight(&mut acquired.collect::<Vec<_>>());
    let made = instances
        .iter_mut()
        .filter_map(|i| i.content_time_s.as_mut());
    over_midnight(&mut made.collect::<Vec<_>>());
    let mut study = StudyScan {
        label,
        phases: Vec::new(),
        set_aside: Vec::new(),
        evidence: None,
        geometry: None,
        warnings: Vec::new(),
        problem: None,
        explain: Vec::new(),
        stacks: Vec::new(),
        aside: Vec::new(),
        limits: *limits,
    };
    let mut by_series: BTreeMap<(Option<i64>, String), Vec<Instance>> = BTreeMap::new();
    for instance in instances {
        let key = (instance.series.number, instance.series.series_uid.clone());
        by_series.entry(key).or_default().push(instance);
    }
    let mut candidates: Vec<PhaseStack> = Vec::new();
    let mut problems: Vec<Faulty> = Vec::new();
    for images in by_series.into_values() {
        let series = Arc::clone(&images[0].series);
        let name = series.label();
        let (kind, reason) = rules.decide(&series.facts);
        study
            .explain
            .push(format!("{name}: {} images, {reason}", images.len()));
        let reason = if kind == Kind::Dynamic && !images.iter().any(|i| i.is_image) {
            Some("no images: its objects have no pixels".to_owned())
        } else {
            (kind != Kind::Dynamic).then_some(reason)
        };
        if let Some(reason) = reason {
            study.put_aside(name, reason, images);
            continue;
        }
        match phases_of_series(&name, &images, &mut study) {
            Ok(mut phases) => candidates.append(&mut phases),
            Err(problem) => {
                problems.push(Faulty {
                    problem: problem.clone(),
                    first: images[0].clone(),
                });
                study.put_aside(name, problem.to_string(), images);
            }
        }
    }
    choose(&mut study, candidates, problems, rules);
    study
}

fn phases_of_series(
    name: &str,
    images: &[Instance],
    study: &mut StudyScan,
) -> Result<Vec<PhaseStack>, DicomError> {
    let all: Vec<&Instance> = images.iter().collect();
    if let Some((file, fault)) = all
        .iter()
        .find_map(|i| Some((&i.source.name, i.fault.as_ref()?)))
    {
        return Err(DicomError::file(file, fault.to_string()));
    }
    if let Some(lost) = all.iter().find(|i| {
        i.position_mm.is_none() || i.orientation.is_none() || i.pixel_spacing_mm.is_none()
    }) {
        return Err(DicomError::file(
            &lost.source.name,
            "it lacks ImagePositionPatient, ImageOrientationPatient or PixelSpacing, so its place in the patient is unknown",
        ));
    }
    check_planes(name, &all)?;
    let split = split(name, &all)?;
    study.explain.extend(split.explain);
    study.warnings.extend(split.warnings);
    if all.iter().any(|i| i.counted_position) {
        study.warnings.push(format!(
            "{name}: its frames have no positions of their own and were placed a SpacingBetweenSlices apart"
        ));
    }
    let mut phases = Vec::new();
    for phase in split.phases {
        let (slices, _) = stack(name, &phase)?;
        phases.push(PhaseStack {
            series: Arc::clone(&slices[0].series),
            slices: slices.into_iter().cloned().collect(),
            evidence: split.evidence,
        });
    }
    Ok(phases)
}

/// Whether two stacks can be phases of one dynamic study: the same grid and sequence parameters.
fn belong_together(a: &PhaseStack, b: &PhaseStack) -> bool {
    same_sequence(&a.slices[0], &b.slices[0]) && a.slices.len() == b.slices.len() && {
        let places = |s: &PhaseStack| distinct_positions(&s.slices.iter().collect::<Vec<_>>());
        places(a)
            .iter()
            .zip(places(b))
            .all(|(p, q)| (p - q).abs() < 0.05)
    }
}

/// Whether two images have the same plane and sequence parameters.
fn same_sequence(x: &Instance, y: &Instance) -> bool {
    let same = |p: Option<f64>, q: Option<f64>| match (p, q) {
        (Some(p), Some(q)) => (p - q).abs() <= 0.01 * p.abs().max(q.abs()) + 1e-9,
        _ => true,
    };
    let parameters = x
        .protocol
        .iter()
        .zip(&y.protocol)
        .all(|(p, q)| same(*p, *q));
    parameters && same_plane(x, y)
}

/// Takes the largest family of stacks that belong together as the dynamic study; sets the others aside.
fn choose(
    study: &mut StudyScan,
    candidates: Vec<PhaseStack>,
    problems: Vec<Faulty>,
    rules: &SeriesRules,
) {
    let mut families: Vec<Vec<PhaseStack>> = Vec::new();
    for stack in candidates {
        match families.iter_mut().find(|f| belong_together(&f[0], &stack)) {
            Some(family) => family.push(stack),
            None => families.push(vec![stack]),
        }
    }
    let size = |f: &[PhaseStack]| (f.len(), f[0].slices.len());
    let mut best: Option<usize> = None;
    for (index, family) in families.iter().enumerate() {
        if best.is_none_or(|b| size(family) > size(&families[b])) {
            best = Some(index);
        }
    }
    let Some(best) = best else {
        let reason = match problems.into_iter().next() {
            Some(faulty) => faulty.problem,
            None => DicomError::NoDynamicSeries(
                "every series was set aside; `--explain` says why, and a rule can take one in"
                    .to_owned(),
            ),
        };
        study.problem = Some(reason);
        return;
    };
    let family = families.swap_remove(best);
    for other in families.into_iter().flatten() {
        let reason = "not part of the dynamic series: it lies on another grid or has other sequence parameters";
        study.put_aside(other.series.label(), reason.to_owned(), other.slices);
    }
    take(study, family, problems, rules);
}

/// A way to read the time of an image, and what messages call it.
type TimeSource = (&'static str, fn(&Instance) -> Option<f64>);

const TIME_SOURCES: [TimeSource; 3] = [
    ("TriggerTime", |i| i.trigger_time_s),
    ("AcquisitionTime", |i| i.acquisition_time_s),
    ("ContentTime", |i| i.content_time_s),
];

/// Orders the phases, finds their seconds and checks that the first is before contrast.
fn take(
    study: &mut StudyScan,
    mut family: Vec<PhaseStack>,
    problems: Vec<Faulty>,
    rules: &SeriesRules,
) {
    let per_series = family
        .iter()
        .any(|p| p.series.series_uid != family[0].series.series_uid);
    if per_series {
        // Series may come in any order: their times decide, then their numbers.
        let time = |p: &PhaseStack| {
            earliest(p, TIME_SOURCES[1].1)
                .or_else(|| earliest(p, TIME_SOURCES[2].1))
                .unwrap_or(0.0)
        };
        family.sort_by(|a, b| {
            let positions = (a.slices[0].temporal_position, b.slices[0].temporal_position);
            time(a)
                .total_cmp(&time(b))
                .then(positions.0.cmp(&positions.1))
                .then(a.series.number.cmp(&b.series.number))
        });
    }
    let evidence = if per_series {
        Some(PhaseEvidence::SeriesPerPhase)
    } else {
        family[0].evidence
    };
    let seconds = phase_seconds(&family, study);
    let grid = {
        let slices: Vec<&Instance> = family[0].slices.iter().collect();
        stack(&family[0].series.label(), &slices).map(|(_, grid)| grid)
    };
    let grid: Option<Geometry> = grid.map_err(|e| study.problem = Some(e)).ok();
    study.geometry = grid;
    for (index, phase) in family.iter().enumerate() {
        study.phases.push(PhaseScan {
            index,
            seconds: seconds.as_ref().map(|s| s[index]),
            slices: phase.slices.len(),
            series: phase.series.label(),
            size: grid.map_or([0; 3], |g| g.size()),
            spacing_mm: grid.map_or([0.0; 3], |g| g.spacing_mm()),
            orientation: grid.map(|g| g.orientation()).unwrap_or_default(),
        });
    }
    study.evidence = evidence;
    if let Some(evidence) = evidence {
        study
            .explain
            .push(format!("phases told apart by {evidence}"));
    }
    let strength = family[0].series.field_strength;
    if let Some(strength) = strength.filter(|s| tesla(*s) != *s) {
        study.warnings.push(format!(
            "MagneticFieldStrength {strength} was taken for gauss: {} T",
            tesla(strength)
        ));
    }
    let voxels = family
        .iter()
        .map(|p| p.slices.len() * p.slices[0].rows * p.slices[0].columns)
        .sum::<usize>();
    if study.problem.is_none() {
        study.problem = if voxels > study.limits.voxels {
            Some(DicomError::Limit {
                what: format!("the study declares {voxels} voxels"),
                remedy: "Check that it is one patient's; the limit guards against damaged headers."
                    .to_owned(),
            })
        } else if let Some(problem) = lost_phase(&family[0].slices[0], problems) {
            Some(problem)
        } else if family.len() < 2 {
            Some(DicomError::OnePhase {
                series: family[0].series.label(),
            })
        } else {
            pre_contrast_problem(&family, per_series, rules)
        };
    }
    study.stacks = family;
}

/// A field strength in tesla: what cannot be tesla is taken for gauss.
pub(crate) fn tesla(strength: f64) -> f64 {
    if strength > 100.0 {
        strength / 10_000.0
    } else {
        strength
    }
}

/// The fault of a series that would be a phase: to go on without it would silently change which phase is which.
fn lost_phase(phase: &Instance, problems: Vec<Faulty>) -> Option<DicomError> {
    let mut problems = problems.into_iter();
    problems
        .find(|faulty| same_sequence(phase, &faulty.first))
        .map(|faulty| faulty.problem)
}

fn earliest(phase: &PhaseStack, time: fn(&Instance) -> Option<f64>) -> Option<f64> {
    let times: Option<Vec<f64>> = phase.slices.iter().map(time).collect();
    times.map(|t| t.into_iter().fold(f64::INFINITY, f64::min))
}

/// Seconds after phase 0 from the best source that rises from phase to phase.
fn phase_seconds(family: &[PhaseStack], study: &mut StudyScan) -> Option<Vec<f64>> {
    // Trigger times of several series each begin anew.
    let several = family
        .iter()
        .any(|p| p.series.series_uid != family[0].series.series_uid);
    let order = if several { [1, 0, 2] } else { [0, 1, 2] };
    for (name, time) in order.map(|n| TIME_SOURCES[n]) {
        let times: Option<Vec<f64>> = family.iter().map(|p| earliest(p, time)).collect();
        let Some(times) = times else { continue };
        if times.len() < 2 || times.windows(2).any(|w| w[1] <= w[0]) {
            continue;
        }
        if name == "ContentTime" {
            study.warnings.push(
                "phase times are from ContentTime, when images were made: seconds are approximate"
                    .to_owned(),
            );
        }
        study.explain.push(format!("phase times from {name}"));
        return Some(times.iter().map(|t| t - times[0]).collect());
    }
    if family.len() > 1 {
        study.warnings.push(
            "no tag gives phase times: features that need seconds cannot be computed".to_owned(),
        );
    }
    None
}

/// Why phase 0 cannot be taken for pre-contrast.
fn pre_contrast_problem(
    family: &[PhaseStack],
    per_series: bool,
    rules: &SeriesRules,
) -> Option<DicomError> {
    let first = &family[0].slices[0];
    let description = first.series.facts.description.to_lowercase();
    let words: Vec<&str> = description
        .split(|c: char| !c.is_alphanumeric() && c != '+')
        .collect();
    if words.iter().any(|w| {
        matches!(
            *w,
            "pre" | "precontrast" | "nativ" | "native" | "unenhanced" | "without"
        )
    }) {
        return None;
    }
    let remedy =
        "Fetch the phase before contrast, or set assume_first_is_pre_contrast in the series rules.";
    if per_series
        && words
            .iter()
            .any(|w| w.starts_with("post") || *w == "+c" || *w == "c+")
    {
        return Some(DicomError::NoPreContrast(format!(
            "the earliest phase is {}, whose description says post-contrast. {remedy}",
            first.series.label()
        )));
    }
    // Identifiers count from 1: when the first is another, the earlier phases are not here.
    if let Some(position) = first.temporal_position {
        let starts = position <= 1 || rules.assume_first_is_pre_contrast;
        return (!starts).then(|| DicomError::NoPreContrast(format!("the earliest phase has the temporal position {position}: the phases before it are missing. {remedy}")));
    }
    if let (Some(bolus), Some(acquired)) =
        (first.bolus_start_s, earliest(&family[0], TIME_SOURCES[1].1))
        && acquired < bolus
    {
        return None;
    }
    let agents = family.iter().filter(|p| p.slices[0].has_contrast).count();
    if agents == family.len() && !rules.assume_first_is_pre_contrast {
        return Some(DicomError::NoPreContrast(format!(
            "every phase names a contrast agent, also the earliest. {remedy}"
        )));
    }
    None
}
