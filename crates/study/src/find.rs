//! Finding the lesion where no mask is given: ranked candidates for a reader to confirm or correct.

use crate::StudyError;
use crate::cohort::{PatientImages, Seed};
use crate::find_network::by_network;
use crate::find_picture::picture;
use crate::manifest::{write_json, write_whole};
use crate::source::{PatientStudy, ReadOptions};
use serde::Serialize;
use std::path::PathBuf;
use triher_detection::{
    Candidate, Detection, DetectionOptions, Reason, candidate_at_seed, candidate_in_box, detect,
};
use triher_region::IndexBox;

/// What to look for, and where.
#[derive(Clone, Debug)]
pub struct FindPlan {
    /// The study: DICOM folder, zip or file; folder of phases.
    pub images: PathBuf,
    /// How it is read.
    pub reading: ReadOptions,
    /// Card of a segmentation network that looks for lesions instead of the built-in search.
    pub network: Option<PathBuf>,
    /// A point in the lesion: the candidate there comes first.
    pub seed: Option<Seed>,
    /// A box around the lesion.
    pub bounds: Option<IndexBox>,
    /// Which candidate is written, 1 being the likeliest.
    pub candidate: usize,
    /// Mask to write (NIfTI).
    pub mask: Option<PathBuf>,
    /// Picture for quality control to write (PNG).
    pub picture: Option<PathBuf>,
    /// List of candidates to write (JSON).
    pub json: Option<PathBuf>,
}

/// One region that may be the lesion.
#[derive(Clone, Debug, Serialize)]
pub struct Found {
    /// 1 is the likeliest.
    pub rank: usize,
    /// For ranking; no probability.
    pub confidence: f64,
    /// Volume in mm3.
    pub volume_mm3: f64,
    /// Centre in patient coordinates (LPS), mm.
    pub centre_mm: [f64; 3],
    /// Centre as a voxel of the phases.
    pub centre_voxel: [usize; 3],
    /// What the confidence is made of.
    pub reasons: Vec<Reason>,
}

/// Finds candidates, the likeliest first, and writes what the plan names.
///
/// # Errors
/// When the study cannot be read, there is no breast or no enhancement in it, the seed or box lies outside, or no candidate has the
/// number that is to be written.
pub fn find(plan: &FindPlan) -> Result<Vec<Found>, StudyError> {
    let study = PatientStudy::read(&PatientImages::Path(plan.images.clone()), &plan.reading)?;
    let options = DetectionOptions::default();
    let (mut candidates, detected) = match &plan.network {
        Some(card) => (by_network(card, &study.series, &options)?, None),
        None => {
            let mut found = detect(&study.series, &options)?;
            (std::mem::take(&mut found.candidates), Some(found))
        }
    };
    let grid = *study.series.geometry();
    let pointed: Option<Candidate> = match (&plan.seed, &plan.bounds) {
        (Some(seed), _) => {
            let voxel = match seed {
                Seed::Voxel(voxel) => *voxel,
                Seed::WorldMm(world) => grid
                    .nearest_voxel(grid.world_to_index(*world))
                    .ok_or_else(|| {
                        StudyError::Input(format!(
                            "the seed {world:?} mm lies outside of the images {grid}"
                        ))
                    })?,
            };
            Some(candidate_at_seed(&study.series, voxel, &options)?)
        }
        (None, Some(bounds)) => Some(candidate_in_box(&study.series, *bounds, &options)?),
        (None, None) => None,
    };
    if let Some(pointed) = pointed {
        let overlaps = |c: &Candidate| {
            let both = c.mask.voxels().iter().zip(pointed.mask.voxels());
            both.into_iter().any(|(a, b)| *a && *b)
        };
        candidates.retain(|c| !overlaps(c));
        candidates.insert(0, pointed);
    }
    let found: Vec<Found> = (1..)
        .zip(&candidates)
        .map(|(rank, c)| Found {
            rank,
            confidence: c.confidence,
            volume_mm3: c.volume_mm3,
            centre_mm: c.centre_mm,
            centre_voxel: grid
                .nearest_voxel(grid.world_to_index(c.centre_mm))
                .unwrap_or_default(),
            reasons: c.reasons.clone(),
        })
        .collect();
    if let Some(path) = &plan.json {
        write_json(path, &found)?;
    }
    if let Some(path) = &plan.mask {
        let at = plan.candidate.checked_sub(1);
        let Some(candidate) = at.and_then(|at| candidates.get(at)) else {
            return Err(StudyError::Input(format!(
                "there is no candidate {}: {} were found",
                plan.candidate,
                candidates.len()
            )));
        };
        triher_imagefile::write_nifti_mask(path, &candidate.mask)?;
    }
    if let Some(path) = &plan.picture {
        let detection = match detected {
            Some(found) => Detection {
                candidates,
                ..found
            },
            None => Detection::of(&study.series, candidates, &options)?,
        };
        let spacing = grid.spacing_mm();
        let thickest = (0..3).fold(
            2,
            |best, a| if spacing[a] > spacing[best] { a } else { best },
        );
        write_whole(path, &picture(&detection.picture(thickest))?)?;
    }
    Ok(found)
}
