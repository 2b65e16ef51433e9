//! What is told phase by phase and by kinds of curves: enhancement of each phase, parts of the functional volume, shares of patterns.

use crate::curve_pattern::{CurvePattern, CurvePatternRule};
use crate::functional_volume::{SerCutoffs, functional_of};
use crate::kinetic::{SUMMARIES, summary_values};
use crate::voxels::LesionVoxels;
use crate::{Feature, KineticsError};
use serde::{Deserialize, Serialize};
use triher_volume::{DynamicSeries, Mask};

/// Most phases after contrast that may have columns of their own.
const MOST_PHASES: usize = 64;

/// What [`phase_features`] measures. The number of phases and of cut-offs makes the names; thresholds are in the definitions only.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PhaseOptions {
    /// Phases after contrast that have columns (5); those that a series has not are missing, those that it has beyond are left out.
    pub phases: usize,
    /// The functional tumour volume and its parts by signal enhancement ratio.
    pub functional_volume: SerCutoffs,
    /// Thresholds of the 19 patterns of curves.
    pub curve_patterns: CurvePatternRule,
}

impl Default for PhaseOptions {
    fn default() -> Self {
        Self {
            phases: 5,
            functional_volume: SerCutoffs::default(),
            curve_patterns: CurvePatternRule::default(),
        }
    }
}

impl PhaseOptions {
    /// Checks the options.
    ///
    /// # Errors
    /// [`KineticsError::BadOption`].
    pub fn check(&self) -> Result<(), KineticsError> {
        if !(1..=MOST_PHASES).contains(&self.phases) {
            return Err(KineticsError::BadOption {
                option: "phases",
                value: self.phases.to_string(),
                allowed: "from 1 to 64",
            });
        }
        self.functional_volume.check()?;
        self.curve_patterns.check()
    }
}

/// What the phases of a lesion tell, in a fixed order for given options:
///
/// * `kin_pe_<n>_...`: percent enhancement `100 (S(n) - S(0)) / S(0)` of phase `n` after contrast, on the mean curve and over the voxels, with the endings
///   of [`kinetic_features`](crate::kinetic_features);
/// * `kin_functional_ser_<n>_mm3`: the part of the functional tumour volume in range `n` of the signal enhancement ratio, the lowest first
///   ([`SerCutoffs`]); `kin_functional_no_ser_mm3`: the part without a ratio, as the first or the last phase does not enhance;
/// * `kin_pattern_<name>_fraction`: the share of voxels with each of the 19 [`CurvePattern`]s, of those that have one.
///
/// NumPy gives the same values to 1e-9 relative (`tests/phase_features.rs`).
///
/// # Errors
/// As [`features`](crate::features).
pub fn phase_features(
    series: &DynamicSeries,
    lesion: &Mask,
    options: &PhaseOptions,
) -> Result<Vec<Feature>, KineticsError> {
    options.check()?;
    let voxels = LesionVoxels::collect(series, lesion)?;
    let mut features = enhancement(Some(&voxels), options);
    let voxel_mm3 = lesion.geometry().voxel_volume_mm3();
    features.extend(functional(Some((&voxels, voxel_mm3)), options));
    features.extend(patterns(Some(&voxels), options));
    Ok(features)
}

/// Names, units and definitions of [`phase_features`], in its order and without values.
pub fn phase_feature_list(options: &PhaseOptions) -> Vec<Feature> {
    let mut list = enhancement(None, options);
    list.extend(functional(None, options));
    list.extend(patterns(None, options));
    for feature in &mut list {
        feature.reason = None;
    }
    list
}

fn feature(
    name: String,
    unit: &'static str,
    definition: String,
    value: Option<f64>,
    missing: &str,
) -> Feature {
    let value = value.filter(|v| v.is_finite());
    Feature {
        name,
        value,
        unit,
        definition,
        reason: value.is_none().then(|| missing.to_owned()),
    }
}

fn enhancement(voxels: Option<&LesionVoxels>, options: &PhaseOptions) -> Vec<Feature> {
    let percent = |curve: &[f64], phase: usize| {
        let (before, after) = (curve.first()?, curve.get(phase)?);
        let percent = 100.0 * (after - before) / before;
        percent.is_finite().then_some(percent)
    };
    let mean_curve = voxels.map(LesionVoxels::mean_curve);
    let mut features = Vec::with_capacity(options.phases * SUMMARIES.len());
    for phase in 1..=options.phases {
        let defined = voxels.map_or_else(Vec::new, |v| {
            v.curves().filter_map(|c| percent(c, phase)).collect()
        });
        let of_curve = mean_curve.as_deref().and_then(|c| percent(c, phase));
        let missing = match voxels {
            Some(voxels) if phase >= voxels.phases => {
                format!("there is no phase {phase} after contrast")
            }
            _ => "the intensities are too large".to_owned(),
        };
        let values = summary_values(of_curve, defined);
        features.extend(SUMMARIES.iter().zip(values).map(|((ending, what), value)| {
            let definition =
                format!("percent enhancement 100 (S{phase} - S0) / S0 of phase {phase} after contrast; {what}");
            feature(format!("kin_pe_{phase}_{ending}"), "%", definition, value, &missing)
        }));
    }
    features
}

fn functional(voxels: Option<(&LesionVoxels, f64)>, options: &PhaseOptions) -> Vec<Feature> {
    const MISSING: &str = "there is only one phase after contrast";
    let rule = &options.functional_volume;
    let parts = voxels
        .filter(|(v, _)| v.phases > 2)
        .map(|(v, voxel_mm3)| functional_of(v, voxel_mm3, rule));
    let cutoffs = &rule.cutoffs;
    let range = |n: usize| match (
        n.checked_sub(1).and_then(|n| cutoffs.get(n)),
        cutoffs.get(n),
    ) {
        (None, None) => "any signal enhancement ratio".to_owned(),
        (None, Some(high)) => format!("a signal enhancement ratio below {high}"),
        (Some(low), None) => format!("a signal enhancement ratio of {low} and more"),
        (Some(low), Some(high)) => {
            format!("a signal enhancement ratio from {low} to below {high}")
        }
    };
    let threshold = rule.minimum_pe_percent;
    let definition = |what: String| {
        format!(
            "volume of the voxels that enhance by {threshold} % and more in the first phase after contrast, with {what}"
        )
    };
    let mut features: Vec<Feature> = (0..=cutoffs.len())
        .map(|n| {
            let value = parts.as_ref().and_then(|p| p.by_ser_mm3.get(n).copied());
            let name = format!("kin_functional_ser_{}_mm3", n + 1);
            feature(name, "mm3", definition(range(n)), value, MISSING)
        })
        .collect();
    features.push(feature(
        "kin_functional_no_ser_mm3".to_owned(),
        "mm3",
        definition("no ratio, as their first or last phase does not enhance".to_owned()),
        parts.as_ref().map(|p| p.without_ser_mm3),
        MISSING,
    ));
    features
}

fn patterns(voxels: Option<&LesionVoxels>, options: &PhaseOptions) -> Vec<Feature> {
    let rule = &options.curve_patterns;
    let all = CurvePattern::all();
    let mut counts = vec![0usize; all.len()];
    for pattern in voxels
        .iter()
        .flat_map(|v| v.curves())
        .filter_map(|c| rule.of(c))
    {
        counts[pattern.number()] += 1;
    }
    let total: usize = counts.iter().sum();
    let missing = match voxels {
        Some(voxels) if voxels.phases < 3 => "there is only one phase after contrast",
        _ => "no voxel has intensity after contrast",
    };
    let thresholds = format!(
        "triher's thresholds: peak of {} %, medium from {} %, fast from {} %, plateau within {} %, steady within {} %",
        rule.enhancement_percent,
        rule.medium_percent,
        rule.fast_percent,
        rule.plateau_percent,
        rule.steady_percent
    );
    all.iter()
        .zip(counts)
        .map(|(pattern, count)| {
            let name = pattern.name();
            let definition =
                format!("share of voxels with a curve of pattern {name} ({thresholds})");
            let value = (total > 0).then(|| count as f64 / total as f64);
            feature(
                format!("kin_pattern_{name}_fraction"),
                "",
                definition,
                value,
                missing,
            )
        })
        .collect()
}
