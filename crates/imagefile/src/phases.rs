//! The phases of a dynamic study read from image files: one file a phase, or one file whose fourth dimension is time.

use crate::bytes::file_name;
use crate::read::{InputFile, ReadImage, ReadOptions, read_image_with, read_images};
use crate::{ImageFileError, PatientPhases};
use rayon::prelude::*;
use std::path::Path;
use triher_volume::{DynamicSeries, Phase};

/// Phases that were read.
#[derive(Clone, Debug)]
pub struct LoadedPhases {
    /// The phases.
    pub series: DynamicSeries,
    /// Number of each phase as its file name says, which may have gaps; 0, 1, 2 ... of a file of several volumes.
    pub phase_numbers: Vec<usize>,
    /// Files that were read, in the order of the phases.
    pub inputs: Vec<InputFile>,
    /// What the reader should know: sentences that begin with a file's or the patient's name.
    pub warnings: Vec<String>,
}

/// Reads the phases of one patient onto one grid. `times_s` are the seconds of the phases, one each.
///
/// A single file is read as a series of its own ([`load_time_series`]). Phases are read in parallel; the result does not
/// depend on the number of threads.
///
/// # Errors
/// As [`crate::read_image`]; phases on different grids; fewer than two phases; no pre-contrast phase (number 0); times that
/// are not one for each phase or do not increase.
pub fn load_phases(
    patient: &PatientPhases,
    times_s: Option<&[f64]>,
) -> Result<LoadedPhases, ImageFileError> {
    let name = &patient.patient;
    let numbers: Vec<usize> = patient.phases.iter().map(|p| p.0).collect();
    if numbers.first() != Some(&0) {
        let first = patient.phases.first();
        return Err(ImageFileError::NoPhaseBeforeContrast {
            patient: name.clone(),
            first: first.map(|(number, file)| (*number, file_name(file))),
        });
    }
    if let [(_, file)] = patient.phases.as_slice() {
        return series_of_file(name, file, times_s);
    }
    check_times(name, numbers.len(), times_s)?;
    let read: Vec<ReadImage> = patient
        .phases
        .par_iter()
        .map(|(_, file)| read_image_with(file, &ReadOptions::default()))
        .collect::<Result<_, _>>()?;
    let mut warnings = merged_warnings(name, &read);
    if let Some(missing) = (0..).zip(&numbers).find(|(index, number)| index != *number) {
        warnings.push(format!(
            "{name}: phase {} is missing; the phases {numbers:?} were taken as 0 to {}",
            missing.0,
            numbers.len() - 1
        ));
    }
    let mut inputs = Vec::new();
    let mut phases = Vec::new();
    for (index, read) in read.into_iter().enumerate() {
        inputs.extend(read.files);
        phases.push(Phase {
            image: read.image,
            time_s: times_s.and_then(|t| t.get(index).copied()),
        });
    }
    Ok(LoadedPhases {
        series: series(name, patient.phases.iter().map(|p| file_name(&p.1)), phases)?,
        phase_numbers: numbers,
        inputs,
        warnings,
    })
}

/// Reads a file whose fourth dimension is time: the first volume is before contrast. Seconds come from the header when
/// it says the step and its unit.
///
/// # Errors
/// As [`crate::read_images`]; a file of a single volume.
pub fn load_time_series(path: &Path) -> Result<LoadedPhases, ImageFileError> {
    series_of_file(&file_name(path), path, None)
}

fn series_of_file(
    patient: &str,
    path: &Path,
    times_s: Option<&[f64]>,
) -> Result<LoadedPhases, ImageFileError> {
    let read = read_images(path)?;
    check_times(patient, read.images.len(), times_s)?;
    let step = read.volume_step_s;
    let time_s = |index: usize| match times_s {
        Some(times) => times.get(index).copied(),
        None => step.map(|s| s * index as f64),
    };
    let images = read.images.into_iter().enumerate();
    let phases: Vec<Phase> = images
        .map(|(index, image)| Phase {
            image,
            time_s: time_s(index),
        })
        .collect();
    Ok(LoadedPhases {
        phase_numbers: (0..phases.len()).collect(),
        series: series(patient, std::iter::once(file_name(path)), phases)?,
        inputs: read.files,
        warnings: read.warnings,
    })
}

fn check_times(
    patient: &str,
    phases: usize,
    times_s: Option<&[f64]>,
) -> Result<(), ImageFileError> {
    match times_s {
        Some(times) if times.len() != phases => Err(ImageFileError::TimesCount {
            patient: patient.to_owned(),
            phases,
            times: times.len(),
        }),
        _ => Ok(()),
    }
}

fn series(
    patient: &str,
    files: impl Iterator<Item = String>,
    phases: Vec<Phase>,
) -> Result<DynamicSeries, ImageFileError> {
    DynamicSeries::new(phases).map_err(|source| ImageFileError::Series {
        patient: patient.to_owned(),
        files: files.collect(),
        source: Box::new(source),
    })
}

/// Warnings that every phase has, once with the patient's name; the others as they are.
fn merged_warnings(patient: &str, read: &[ReadImage]) -> Vec<String> {
    let own = |r: &ReadImage| -> Vec<String> {
        let name = r.image.provenance().source.clone() + ": ";
        let strip = |w: &String| w.strip_prefix(&name).unwrap_or(w).to_owned();
        r.warnings.iter().map(strip).collect()
    };
    let texts: Vec<Vec<String>> = read.iter().map(own).collect();
    let of_all = |text: &String| texts.iter().all(|own| own.contains(text));
    let mut merged: Vec<String> = Vec::new();
    for (read, texts) in read.iter().zip(&texts) {
        for (warning, text) in read.warnings.iter().zip(texts) {
            let sentence = if of_all(text) {
                format!("{patient}, every phase: {text}")
            } else {
                warning.clone()
            };
            if !merged.contains(&sentence) {
                merged.push(sentence);
            }
        }
    }
    merged
}
