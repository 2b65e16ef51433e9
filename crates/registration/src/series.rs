//! All phases of a study onto one of them.

use crate::error::bad_option;
use crate::{
    DeformableOptions, RegistrationError, RigidOptions, RigidTransform, Transform,
    register_deformable, register_rigid,
};
use triher_volume::{DynamicSeries, Image, Interpolation, Mask, Phase};

/// Which motions are corrected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MotionModel {
    /// Rotation and translation.
    Rigid,
    /// Rotation and translation, then a smooth deformation.
    Deformable,
}

/// How the motion between phases is corrected.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MotionOptions {
    /// The phase that stays, counted from 0. By default the first after contrast: lesions are outlined there, and all other phases
    /// after contrast look much like it.
    pub reference: usize,
    /// Which motions are corrected.
    pub model: MotionModel,
    /// The rigid fit.
    pub rigid: RigidOptions,
    /// The deformable fit.
    pub deformable: DeformableOptions,
    /// By how much the rigid fit's similarity must rise for the motion to be believed. The default is for mutual information, in
    /// nats, of which noise and contrast agent alone gave up to 0.002.
    pub least_rigid_gain: f64,
    /// By how much the deformable fit's similarity must rise for the deformation to be believed. The default is for local correlation: contrast
    /// agent and noise alone let a deformation gain up to 0.022 (`docs/motion.md`).
    pub least_deformable_gain: f64,
    /// Least and largest Jacobian determinant of a deformation that is believed: breast tissue is hardly compressible.
    pub jacobian_limits: [f64; 2],
    /// How corrected phases are interpolated.
    pub interpolation: Interpolation,
    /// Intensity where a corrected phase has nothing, because the motion leads out of its grid.
    pub outside: f32,
}

impl Default for MotionOptions {
    fn default() -> Self {
        Self {
            reference: 1,
            model: MotionModel::Deformable,
            rigid: RigidOptions::default(),
            deformable: DeformableOptions::default(),
            least_rigid_gain: 0.005,
            least_deformable_gain: 0.03,
            jacobian_limits: [0.4, 2.5],
            interpolation: Interpolation::CubicBSpline,
            outside: 0.0,
        }
    }
}

/// What was done with a phase.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Correction {
    /// It is the reference.
    Reference,
    /// It was left as it was, because the motion found made it hardly more alike.
    Rejected,
    /// The rigid motion was undone.
    Rigid,
    /// Rigid motion and deformation were undone.
    Deformable,
}

/// Similarity of a phase to the reference before and after a fit, on the fit's finest level.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct SimilarityChange {
    /// Before: without motion for the rigid fit, with the rigid motion for the deformable one.
    pub before: f64,
    /// After.
    pub after: f64,
}

impl SimilarityChange {
    /// How much more alike the fit made the phases.
    pub fn gain(&self) -> f64 {
        self.after - self.before
    }
}

/// The motion of one phase.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct PhaseMotion {
    /// The phase, counted from 0.
    pub phase: usize,
    /// What was done.
    pub correction: Correction,
    /// Why a fit was rejected, as a sentence; of the deformation when the rigid motion was undone.
    pub rejected: Option<String>,
    /// The rigid motion that was found, whether or not it was undone.
    pub rigid: Option<RigidTransform>,
    /// Its angle, in degrees.
    pub rotation_deg: f64,
    /// Its translation of the region's centre along L, P and S, in millimetres.
    pub translation_mm: [f64; 3],
    /// Mean displacement that was undone, over the region, in millimetres.
    pub mean_displacement_mm: f64,
    /// Largest displacement that was undone, over the region, in millimetres.
    pub max_displacement_mm: f64,
    /// Least and largest Jacobian determinant of the deformation that was found, over the whole grid.
    pub jacobian_range: Option<[f64; 2]>,
    /// The rigid fit's similarity.
    pub rigid_similarity: Option<SimilarityChange>,
    /// The deformable fit's similarity.
    pub deformable_similarity: Option<SimilarityChange>,
    /// The motion that was undone.
    #[serde(skip)]
    pub transform: Transform,
}

/// The motion of all phases.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct MotionReport {
    /// The phase that stayed.
    pub reference: usize,
    /// One entry for each phase, in their order.
    pub phases: Vec<PhaseMotion>,
}

/// Moves each phase onto the reference.
///
/// Phases are fitted one after the other, each directly to the reference. A rigid motion is undone when it makes the phase clearly more alike, a
/// deformation when it does so once more and its Jacobian determinant stays within the limits everywhere; what is rejected
/// is reported with the reason, and the phase stays as the step before left it. A mask limits the voxels that are compared and the region of the report's
/// displacements; it should hold the breast with some air, not the lesion alone.
///
/// # Errors
/// [`RegistrationError::NoSuchPhase`], and as [`register_rigid`].
pub fn register_series(
    series: &DynamicSeries,
    mask: Option<&Mask>,
    options: &MotionOptions,
) -> Result<(DynamicSeries, MotionReport), RegistrationError> {
    let phases = series.phases();
    let Some(reference) = phases.get(options.reference) else {
        return Err(RegistrationError::NoSuchPhase {
            reference: options.reference,
            phases: phases.len(),
        });
    };
    let gains = [options.least_rigid_gain, options.least_deformable_gain];
    if !gains.iter().all(|g| *g >= 0.0 && g.is_finite()) {
        return Err(bad_option(
            "least gain",
            gains,
            "numbers that are not negative",
        ));
    }
    let [low, high] = options.jacobian_limits;
    if !(0.0..1.0).contains(&low) || high.is_nan() || high <= 1.0 {
        let allowed = "a number from 0 to below 1, and one above 1";
        return Err(bad_option(
            "jacobian_limits",
            options.jacobian_limits,
            allowed,
        ));
    }
    let mut corrected = Vec::with_capacity(phases.len());
    let mut motions = Vec::with_capacity(phases.len());
    for (number, phase) in phases.iter().enumerate() {
        let motion = if number == options.reference {
            PhaseMotion::still(number, Correction::Reference)
        } else {
            phase_motion(number, &reference.image, &phase.image, mask, options)?
        };
        let image = motion
            .transform
            .resample(&phase.image, options.interpolation, options.outside);
        corrected.push(Phase {
            image,
            time_s: phase.time_s,
        });
        motions.push(motion);
    }
    let report = MotionReport {
        reference: options.reference,
        phases: motions,
    };
    Ok((series.with_phases(corrected)?, report))
}

impl PhaseMotion {
    fn still(phase: usize, correction: Correction) -> Self {
        Self {
            phase,
            correction,
            rejected: None,
            rigid: None,
            rotation_deg: 0.0,
            translation_mm: [0.0; 3],
            mean_displacement_mm: 0.0,
            max_displacement_mm: 0.0,
            jacobian_range: None,
            rigid_similarity: None,
            deformable_similarity: None,
            transform: Transform::Identity,
        }
    }
}

fn phase_motion(
    number: usize,
    reference: &Image,
    phase: &Image,
    mask: Option<&Mask>,
    options: &MotionOptions,
) -> Result<PhaseMotion, RegistrationError> {
    let mut motion = PhaseMotion::still(number, Correction::Rejected);
    let fit = register_rigid(reference, phase, mask, &options.rigid)?;
    let change = SimilarityChange {
        before: fit.similarity_before,
        after: fit.similarity_after,
    };
    motion.rotation_deg = fit.transform.rotation_deg();
    motion.translation_mm = fit.transform.translation_mm;
    motion.rigid = Some(fit.transform);
    motion.rigid_similarity = Some(change);
    let mut start = RigidTransform::identity(fit.transform.centre_mm);
    if change.gain() > options.least_rigid_gain {
        start = fit.transform;
        motion.correction = Correction::Rigid;
        motion.transform = Transform::Rigid(start);
    } else {
        motion.rejected = Some(too_little("rigid motion", change, options.least_rigid_gain));
    }
    if options.model == MotionModel::Deformable {
        deform(&mut motion, reference, phase, mask, &start, options)?;
    }
    let region = |at: usize| mask.is_none_or(|m| m.voxels()[at]);
    let displacement = motion.transform.displacement_mm(reference.geometry());
    let (mut sum, mut count) = (0.0, 0.0);
    for (_, d) in displacement
        .voxels()
        .iter()
        .enumerate()
        .filter(|(at, _)| region(*at))
    {
        let length = d.iter().map(|c| f64::from(c * c)).sum::<f64>().sqrt();
        sum += length;
        count += 1.0;
        motion.max_displacement_mm = motion.max_displacement_mm.max(length);
    }
    if count > 0.0 {
        motion.mean_displacement_mm = sum / count;
    }
    Ok(motion)
}

/// Adds a deformation to a phase's motion, if it is to be believed.
fn deform(
    motion: &mut PhaseMotion,
    reference: &Image,
    phase: &Image,
    mask: Option<&Mask>,
    start: &RigidTransform,
    options: &MotionOptions,
) -> Result<(), RegistrationError> {
    let fit = register_deformable(reference, phase, mask, start, &options.deformable)?;
    let change = SimilarityChange {
        before: fit.similarity_before,
        after: fit.similarity_after,
    };
    let jacobian = fit.transform.jacobian_determinant();
    let [low, high] = jacobian
        .voxels()
        .iter()
        .fold([f64::INFINITY, f64::NEG_INFINITY], |[low, high], &v| {
            [low.min(f64::from(v)), high.max(f64::from(v))]
        });
    motion.deformable_similarity = Some(change);
    motion.jacobian_range = Some([low, high]);
    let [least, largest] = options.jacobian_limits;
    if change.gain().is_nan() || change.gain() <= options.least_deformable_gain {
        motion.rejected = Some(too_little(
            "deformation",
            change,
            options.least_deformable_gain,
        ));
    } else if low.is_nan() || low <= 0.0 {
        motion.rejected = Some(format!(
            "the deformation folds tissue: its Jacobian determinant reaches {low:.3}"
        ));
    } else if low < least || high > largest {
        motion.rejected = Some(format!(
            "the deformation changes volumes by factors from {low:.3} to {high:.3}, which breast tissue does not ({least} to {largest} are believed)"
        ));
    } else {
        motion.rejected = None;
        motion.correction = Correction::Deformable;
        motion.transform = Transform::Deformable(Box::new(fit.transform));
    }
    Ok(())
}

/// The sentence on a fit that gained too little.
fn too_little(what: &str, change: SimilarityChange, least: f64) -> String {
    format!(
        "the {what} makes the phase hardly more alike: similarity {:.4} before and {:.4} after, a gain of more than {least} is believed",
        change.before, change.after
    )
}
