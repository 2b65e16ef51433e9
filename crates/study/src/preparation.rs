//! What is done to the phases of a study before anything is measured: the bias field taken off, motion undone.

use crate::StudyError;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use triher_bias::{BiasField, N4Options, n4};
pub use triher_registration::MotionModel;
use triher_registration::{Correction, MotionOptions, MotionReport, register_series};
use triher_volume::{DynamicSeries, Phase};

/// Voxels along an axis that the receive field is estimated from at least, where there are so many.
const LEAST_SAMPLES: usize = 16;

/// How the receive field is estimated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BiasFieldMethod {
    /// N4 (Tustison et al., IEEE Trans Med Imaging 2010;29:1310) on the phase before contrast.
    N4,
}

/// A study whose phases are ready to be measured.
#[derive(Clone, Debug)]
pub struct Prepared<'a> {
    series: Cow<'a, DynamicSeries>,
    /// The phases after the bias field and before the motion was undone, when both was asked for or motion alone: what a picture of before shows.
    pub before_motion: Option<Cow<'a, DynamicSeries>>,
    /// The field that all phases were divided by.
    pub bias_field: Option<BiasField>,
    /// What was found of the motion, and what was undone.
    pub motion: Option<MotionReport>,
    /// What was done, in words.
    pub notes: Vec<String>,
}

impl Prepared<'_> {
    /// The phases to measure.
    pub fn series(&self) -> &DynamicSeries {
        &self.series
    }
}

/// Takes the bias field off and undoes the motion, as far as each is asked for.
///
/// The field is estimated on the phase before contrast, within the body, and all phases are divided by it: a field of each phase's own would take contrast agent for
/// inhomogeneity, while one common factor cancels in percent enhancement and in the signal enhancement ratio. It comes first, since the field
/// stands still while the patient moves.
///
/// # Errors
/// When the field cannot be estimated or the phases cannot be registered.
pub fn prepare(
    series: &DynamicSeries,
    bias_field: Option<BiasFieldMethod>,
    motion: Option<MotionModel>,
) -> Result<Prepared<'_>, StudyError> {
    let mut prepared = Prepared {
        series: Cow::Borrowed(series),
        before_motion: None,
        bias_field: None,
        motion: None,
        notes: Vec::new(),
    };
    if let Some(BiasFieldMethod::N4) = bias_field {
        prepared.take_off_field()?;
    }
    if let Some(model) = motion {
        let options = MotionOptions {
            model,
            ..MotionOptions::default()
        };
        let (corrected, report) = register_series(&prepared.series, None, &options)?;
        note_motion(&report, &mut prepared.notes);
        prepared.before_motion = Some(std::mem::replace(
            &mut prepared.series,
            Cow::Owned(corrected),
        ));
        prepared.motion = Some(report);
    }
    Ok(prepared)
}

impl Prepared<'_> {
    fn take_off_field(&mut self) -> Result<(), StudyError> {
        // Air has no field to tell: it would only be noise to the fit.
        let body = match triher_detection::breast_region(&self.series, &Default::default()) {
            Ok(region) => Some(region.body),
            Err(error) => {
                self.notes.push(format!(
                    "bias field: the body cannot be told ({error}), so all voxels above 0 take part"
                ));
                None
            }
        };
        let size = self.series.geometry().size();
        let options = N4Options {
            // Every fourth voxel at most, and where an axis has few, enough of them to see the field by.
            shrink: size.map(|voxels| (voxels / LEAST_SAMPLES).clamp(1, 4)),
            ..N4Options::default()
        };
        let found = n4(self.series.pre(), body.as_ref(), &options)?;
        let phases = self.series.phases().iter().map(|phase| {
            Ok(Phase {
                image: found.corrected(&phase.image)?,
                time_s: phase.time_s,
            })
        });
        let phases = phases.collect::<Result<Vec<Phase>, StudyError>>()?;
        let within = |at: usize| body.as_ref().is_none_or(|b| b.voxels()[at]);
        let factors = found.field.voxels().iter().enumerate();
        let (low, high) = factors
            .filter(|(at, _)| within(*at))
            .fold((f32::INFINITY, 0f32), |(low, high), (_, &v)| {
                (low.min(v), high.max(v))
            });
        self.notes.push(format!(
            "bias field: all phases were divided by the field of the phase before contrast (N4), {low:.2} to {high:.2} in the body"
        ));
        self.series = Cow::Owned(self.series.with_phases(phases)?);
        self.bias_field = Some(found);
        Ok(())
    }
}

/// Says of each phase which motion was found and what was done.
fn note_motion(report: &MotionReport, notes: &mut Vec<String>) {
    for phase in &report.phases {
        match (&phase.correction, &phase.rejected) {
            (Correction::Reference, _) => {}
            (Correction::Rejected, why) => notes.push(format!(
                "motion of phase C{}: left as it is ({})",
                phase.phase,
                why.as_deref().unwrap_or("no gain")
            )),
            (_, rejected) => notes.push(format!(
                "motion of phase C{}: {:.1} degrees and {:.1} mm undone on average{}",
                phase.phase,
                phase.rotation_deg,
                phase.mean_displacement_mm,
                rejected
                    .as_ref()
                    .map_or(String::new(), |why| format!("; {why}"))
            )),
        }
    }
}
