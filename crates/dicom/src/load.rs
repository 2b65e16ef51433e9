//! The voxels of a study.

use crate::files::{self, Limits, Source};
use crate::header::{self, Instance};
use crate::pixels::Opened;
use crate::stack::stack;
use crate::study::{PhaseStack, tesla};
use crate::{DicomError, StudyScan};
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use triher_volume::{DynamicSeries, Image, Phase, Provenance, SequenceParameters};

/// Voxels of slices, by the number of the slice.
type SliceVoxels = Vec<(usize, Vec<f32>)>;

/// A file that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputFile {
    /// Its name.
    pub name: String,
    /// SHA-256 of its content.
    pub sha256: String,
}

/// A study with its voxels.
#[derive(Clone, Debug)]
pub struct LoadedStudy {
    /// The phases.
    pub series: DynamicSeries,
    /// Files that were read.
    pub inputs: Vec<InputFile>,
    /// What the reader should know.
    pub warnings: Vec<String>,
}

impl StudyScan {
    /// Reads the voxels of all phases.
    ///
    /// # Errors
    /// The study's own problem when it has one; damaged files and pixels that cannot be decoded; phases on different grids.
    pub fn load(&self) -> Result<LoadedStudy, DicomError> {
        if let Some(problem) = &self.problem {
            return Err(problem.clone());
        }
        let mut phases = Vec::with_capacity(self.stacks.len());
        let mut inputs = BTreeMap::new();
        for (stack, scanned) in self.stacks.iter().zip(&self.phases) {
            let image = image(stack, &self.limits, &mut inputs)?;
            phases.push(Phase {
                image,
                time_s: scanned.seconds,
            });
        }
        Ok(LoadedStudy {
            series: DynamicSeries::new(phases)?.with_sequence(self.sequence()),
            inputs: inputs.into_values().collect(),
            warnings: self.warnings.clone(),
        })
    }

    /// What the header of the first image says of the pulse sequence, in the units of [`SequenceParameters`]; numbers that are not positive say nothing.
    fn sequence(&self) -> SequenceParameters {
        let Some(first) = self.stacks.first().and_then(|stack| stack.slices.first()) else {
            return SequenceParameters::default();
        };
        let positive = |value: Option<f64>| value.filter(|v| v.is_finite() && *v > 0.0);
        let [repetition, echo, flip] = first.protocol;
        SequenceParameters {
            repetition_time_ms: positive(repetition),
            echo_time_ms: positive(echo),
            flip_angle_deg: positive(flip),
            field_strength_t: positive(first.series.field_strength).map(tesla),
        }
    }

    /// Reads one of the series that were set aside, such as a derived map.
    ///
    /// # Errors
    /// When there is no such series, or it is no single volume.
    pub fn load_set_aside(&self, index: usize) -> Result<Image, DicomError> {
        let Some(images) = self.aside.get(index).filter(|i| !i.is_empty()) else {
            return Err(DicomError::NoDynamicSeries(format!(
                "there is no set-aside series {index}"
            )));
        };
        image_of(images, &self.limits)
    }
}

/// Reads a single three-dimensional image: a folder or zip archive of one series, or a multi-frame file. Series rules are not asked.
///
/// # Errors
/// When there are several series or phases, or a file cannot be read.
pub fn read_image(path: &Path) -> Result<Image, DicomError> {
    let limits = Limits::default();
    let mut images = Vec::new();
    for source in files::sources(path, &limits)? {
        let source = Arc::new(source);
        if header::looks_like_dicom(&source, &limits) {
            let found = header::read(&source, &limits)?;
            images.extend(found.into_iter().filter(|i| i.is_image));
        }
    }
    let Some(first) = images.first() else {
        return Err(DicomError::NoDynamicSeries(format!(
            "{} holds no DICOM image",
            files::name_of(path)
        )));
    };
    let other = images
        .iter()
        .find(|i| i.series.series_uid != first.series.series_uid);
    if let Some(other) = other {
        return Err(DicomError::Limit {
            what: format!(
                "{} holds several series ({} and {})",
                files::name_of(path),
                first.series.label(),
                other.series.label()
            ),
            remedy: "Give the folder or file of one.".to_owned(),
        });
    }
    image_of(&images, &limits)
}

/// Stacks the images of one series and reads their voxels.
fn image_of(images: &[Instance], limits: &Limits) -> Result<Image, DicomError> {
    let Some(first) = images.first() else {
        return Err(DicomError::NoDynamicSeries("there is no image".to_owned()));
    };
    if let Some((file, fault)) = images
        .iter()
        .find_map(|i| Some((&i.source.name, i.fault.as_ref()?)))
    {
        return Err(DicomError::file(file, fault.to_string()));
    }
    let label = first.series.label();
    let (slices, _) = stack(&label, &images.iter().collect::<Vec<_>>())?;
    let stack = PhaseStack {
        series: Arc::clone(&first.series),
        slices: slices.into_iter().cloned().collect(),
        evidence: None,
    };
    image(&stack, limits, &mut BTreeMap::new())
}

/// Reads the voxels of an ordered stack.
pub(crate) fn image(
    phase: &PhaseStack,
    limits: &Limits,
    inputs: &mut BTreeMap<usize, InputFile>,
) -> Result<Image, DicomError> {
    let label = phase.series.label();
    let (slices, geometry) = stack(&label, &phase.slices.iter().collect::<Vec<_>>())?;
    // Frames of one file are read together: the file is opened once.
    let mut files: BTreeMap<usize, Vec<(usize, &Instance)>> = BTreeMap::new();
    for (slice, instance) in slices.iter().enumerate() {
        files
            .entry(Arc::as_ptr(&instance.source) as usize)
            .or_default()
            .push((slice, *instance));
    }
    let mut files: Vec<Vec<(usize, &Instance)>> = files.into_values().collect();
    files.sort_by_key(|frames| frames[0].0);
    let read: Vec<(SliceVoxels, InputFile)> = files
        .par_iter()
        .map(|frames| {
            let source: &Source = &frames[0].1.source;
            let opened = Opened::read(source, limits)?;
            let voxels = frames
                .iter()
                .map(|(slice, i)| Ok((*slice, opened.frame(i, limits)?)));
            let voxels = voxels.collect::<Result<Vec<_>, DicomError>>()?;
            Ok((
                voxels,
                InputFile {
                    name: source.name.clone(),
                    sha256: opened.sha256,
                },
            ))
        })
        .collect::<Result<_, DicomError>>()?;
    let [ni, nj, nk] = geometry.size();
    let mut voxels = vec![0f32; ni * nj * nk];
    for (frames, (parts, input)) in files.iter().zip(read) {
        for (slice, values) in parts {
            voxels[slice * ni * nj..(slice + 1) * ni * nj].copy_from_slice(&values);
        }
        inputs.insert(Arc::as_ptr(&frames[0].1.source) as usize, input);
    }
    Ok(Image::new(
        geometry,
        voxels,
        Provenance::from_source(label),
    )?)
}
