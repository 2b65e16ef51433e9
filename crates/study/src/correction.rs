//! One study with its bias field taken off and its motion undone, written with what was found.

use crate::StudyError;
use crate::cohort::PatientImages;
use crate::manifest::{Manifest, write_json, write_whole};
use crate::motion_picture::motion_picture;
use crate::preparation::{BiasFieldMethod, prepare};
use crate::source::{PatientStudy, ReadOptions, file_name};
use serde::Serialize;
use std::path::PathBuf;
use triher_registration::{MotionModel, MotionReport};

/// What to correct and where to.
#[derive(Clone, Debug)]
pub struct CorrectPlan {
    /// The study: DICOM folder, zip or file; folder of phases.
    pub images: PathBuf,
    /// How it is read.
    pub reading: ReadOptions,
    /// How the bias field is estimated; not at all when `None`.
    pub bias_field: Option<BiasFieldMethod>,
    /// Which motion is undone; none when `None`.
    pub motion: Option<MotionModel>,
    /// Folder to write the phases to.
    pub out: PathBuf,
    /// Picture of before and after to write (PNG), when motion is undone.
    pub picture: Option<PathBuf>,
    /// The phase that the picture shows; the one that moved most when `None`.
    pub picture_phase: Option<usize>,
}

/// What was found and done, as `correction.json` tells it.
#[derive(Clone, Debug, Serialize)]
pub struct Correction {
    /// Files of the corrected phases, in their order.
    pub phases: Vec<String>,
    /// Seconds of the phases, where known: NIfTI does not keep them.
    pub times_s: Option<Vec<f64>>,
    /// File of the field that all phases were divided by.
    pub bias_field: Option<String>,
    /// The motion of each phase, with the Jacobian determinant of its deformation and whether it was believed.
    pub motion: Option<MotionReport>,
    /// What was done, in words.
    pub notes: Vec<String>,
}

/// Corrects a study and writes its phases as NIfTI (`NAME_0000.nii.gz` before contrast, then `NAME_0001.nii.gz` ...), which `triher extract` reads again, with
/// `bias_field.nii.gz` in a folder of its own, `correction.json` and `manifest.json`.
///
/// # Errors
/// When nothing is asked for, the study cannot be read or corrected, or a file cannot be written.
pub fn correct(plan: &CorrectPlan) -> Result<Correction, StudyError> {
    if plan.bias_field.is_none() && plan.motion.is_none() {
        return Err(StudyError::Input(
            "there is nothing to correct: ask for the bias field, the motion, or both".to_owned(),
        ));
    }
    if plan.picture.is_some() && plan.motion.is_none() {
        return Err(StudyError::Input(
            "a picture of before and after is of the motion: ask for motion to be undone"
                .to_owned(),
        ));
    }
    let study = PatientStudy::read(&PatientImages::Path(plan.images.clone()), &plan.reading)?;
    let prepared = prepare(&study.series, plan.bias_field, plan.motion)?;
    std::fs::create_dir_all(&plan.out).map_err(StudyError::write(&plan.out))?;
    let mut manifest = Manifest::new(
        "correct",
        &serde_json::json!({"bias_field": plan.bias_field, "motion": plan.motion}),
    );
    manifest.inputs = study.inputs.clone();
    let name = match crate::run::slug(&study.id).as_str() {
        "" => "phase".to_owned(),
        slug => slug.to_owned(),
    };
    let mut correction = Correction {
        phases: Vec::new(),
        times_s: study.series.times_s(),
        bias_field: None,
        motion: prepared.motion.clone(),
        notes: prepared.notes.clone(),
    };
    for (number, phase) in prepared.series().phases().iter().enumerate() {
        let path = plan.out.join(format!("{name}_{number:04}.nii.gz"));
        triher_imagefile::write_nifti(&path, &phase.image)?;
        manifest.add_output(&path)?;
        correction.phases.push(file_name(&path));
    }
    if let Some(found) = &prepared.bias_field {
        // Beside the phases it would be taken for one of them.
        let folder = plan.out.join("field");
        std::fs::create_dir_all(&folder).map_err(StudyError::write(&folder))?;
        let path = folder.join("bias_field.nii.gz");
        triher_imagefile::write_nifti(&path, &found.field)?;
        manifest.add_output(&path)?;
        correction.bias_field = Some("field/bias_field.nii.gz".to_owned());
    }
    if let (Some(path), Some(report), Some(before)) =
        (&plan.picture, &prepared.motion, &prepared.before_motion)
    {
        let drawn = motion_picture(before, prepared.series(), report, plan.picture_phase)?;
        write_whole(path, &drawn)?;
        manifest.add_output(path)?;
    }
    let json = plan.out.join("correction.json");
    write_json(&json, &correction)?;
    manifest.add_output(&json)?;
    manifest.notes = study.warnings.clone();
    manifest.notes.extend(correction.notes.iter().cloned());
    manifest.write(&plan.out.join("manifest.json"))?;
    Ok(correction)
}
