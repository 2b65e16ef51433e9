//! The voxels of a study.

use crate::header::Instance;
use crate::pixels::Opened;
use crate::stack::stack;
use crate::study::PhaseStack;
use crate::{DicomError, StudyScan};
use rayon::prelude::*;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::sync::Arc;
use triher_volume::{DynamicSeries, Image, Phase, Provenance};

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
            let image = self.image(stack, &mut inputs)?;
            phases.push(Phase {
                image,
                time_s: scanned.seconds,
            });
        }
        Ok(LoadedStudy {
            series: DynamicSeries::new(phases)?,
            inputs: inputs.into_values().collect(),
            warnings: self.warnings.clone(),
        })
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
        let label = images[0].series.label();
        let (slices, _) = stack(&label, &images.iter().collect::<Vec<_>>())?;
        let stack = PhaseStack {
            series: Arc::clone(&images[0].series),
            slices: slices.into_iter().cloned().collect(),
            evidence: None,
        };
        self.image(&stack, &mut BTreeMap::new())
    }

    fn image(
        &self,
        phase: &PhaseStack,
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
                let source = &frames[0].1.source;
                let bytes = source.read(&self.limits)?;
                let sha256 = Sha256::digest(&bytes)
                    .iter()
                    .map(|b| format!("{b:02x}"))
                    .collect();
                let opened = Opened::parse(&bytes, &source.name)?;
                let voxels = frames
                    .iter()
                    .map(|(slice, i)| Ok((*slice, opened.frame(i, &self.limits)?)));
                let voxels = voxels.collect::<Result<Vec<_>, DicomError>>()?;
                Ok((
                    voxels,
                    InputFile {
                        name: source.name.clone(),
                        sha256,
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
}
