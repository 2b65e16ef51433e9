//! Where the lesion is: from a mask of any format, a seed point or a box.

use crate::StudyError;
use crate::cohort::{LesionPlace, Seed};
use crate::manifest::FileHash;
use crate::source::{PatientStudy, file_name};
use std::path::Path;
use triher_region::{Lesion, LesionRule, SeedOptions};
use triher_volume::{Geometry, Mask, resample_mask_onto};

/// The lesions of one patient and the files they were read from.
#[derive(Clone, Debug)]
pub struct Lesions {
    /// One or several, as the rule says.
    pub lesions: Vec<Lesion>,
    /// How they were found, in words.
    pub found_by: String,
    /// Mask files.
    pub inputs: Vec<FileHash>,
    /// What the reader should know.
    pub warnings: Vec<String>,
}

/// Finds the lesions of a study.
///
/// With `resample`, a mask on another grid is resampled onto the phases by its nearest voxels;
/// without it, that is an error which prints both grids.
///
/// # Errors
/// When nothing says where the lesion is, the mask is empty, lies elsewhere or cannot be read.
pub fn find_lesions(
    study: &PatientStudy,
    place: &LesionPlace,
    rule: &LesionRule,
    resample: bool,
) -> Result<Lesions, StudyError> {
    let grid = study.series.geometry();
    let outlined = |mask: Mask, found_by: &str| Lesions {
        lesions: vec![Lesion {
            name: "lesion".to_owned(),
            mask,
        }],
        found_by: found_by.to_owned(),
        inputs: Vec::new(),
        warnings: vec![format!(
            "the lesion was outlined from {found_by}, not drawn by a reader: check the outline"
        )],
    };
    match place {
        LesionPlace::Mask(path) => lesions_of_mask(path, grid, rule, resample),
        LesionPlace::MaskTemplate { folder, template } => {
            let path = folder.join(template.replace("{patient}", &study.id));
            lesions_of_mask(&path, grid, rule, resample)
        }
        LesionPlace::Seed(seed) => {
            let voxel = match seed {
                Seed::Voxel(voxel) => *voxel,
                Seed::WorldMm(world) => grid
                    .nearest_voxel(grid.world_to_index(*world))
                    .ok_or_else(|| {
                        StudyError::Input(format!(
                            "the seed {world:?} mm lies outside of the images: {grid}"
                        ))
                    })?,
            };
            let mask =
                triher_region::grow_from_seed(&study.series, voxel, &SeedOptions::default())?;
            Ok(outlined(mask, "a seed point"))
        }
        LesionPlace::Box(bounds) => {
            let mask =
                triher_region::lesion_in_box(&study.series, *bounds, &SeedOptions::default())?;
            Ok(outlined(mask, "a box"))
        }
        LesionPlace::Unknown => Err(StudyError::Input(
            "nothing says where the lesion is: give a mask, a seed point or a box".to_owned(),
        )),
    }
}

/// Reads a mask of any format onto a grid and picks its lesions.
fn lesions_of_mask(
    path: &Path,
    grid: &Geometry,
    rule: &LesionRule,
    resample: bool,
) -> Result<Lesions, StudyError> {
    let read = read_masks(path, grid, resample)?;
    let lesions = match (rule, read.masks.as_slice()) {
        (LesionRule::Named(_), _) => triher_region::select_named(&read.masks, rule)?,
        (_, [(_, only)]) => triher_region::select_lesions(only, rule)?,
        (_, several) => {
            let labels: Vec<&str> = several.iter().map(|(label, _)| label.as_str()).collect();
            return Err(StudyError::Input(format!(
                "{} holds {} regions ({}): name the lesion's one with named:LABEL",
                file_name(path),
                several.len(),
                labels.join(", ")
            )));
        }
    };
    Ok(Lesions {
        lesions,
        found_by: format!("the mask {}", file_name(path)),
        inputs: vec![FileHash::of(path)?],
        warnings: read.warnings,
    })
}

/// The regions of a mask file, each with its label.
pub struct ReadMasks {
    /// Label and region.
    pub masks: Vec<(String, Mask)>,
    /// What the reader should know.
    pub warnings: Vec<String>,
}

/// Reads a mask from NIfTI, NRRD, DICOM SEG or RTSTRUCT onto the grid of the images.
///
/// # Errors
/// As the readers; [`triher_volume::VolumeError::GridMismatch`] when the mask lies on another grid and `resample` is not set.
pub fn read_masks(path: &Path, grid: &Geometry, resample: bool) -> Result<ReadMasks, StudyError> {
    let mut warnings = Vec::new();
    if triher_imagefile::is_image_file(path) {
        let regions = triher_imagefile::read_regions(path)?;
        let mut masks = Vec::new();
        for (label, mask) in regions {
            let placed = if mask.geometry().same_grid(grid) {
                mask
            } else if resample {
                warnings.push(format!(
                    "the mask was resampled onto the images' grid from {}",
                    mask.geometry()
                ));
                resample_mask_onto(&mask, grid)
            } else {
                let reference = triher_volume::Volume::filled(*grid, false);
                reference.check_same_grid("image", &mask, "mask")?;
                mask
            };
            masks.push((label, placed));
        }
        return Ok(ReadMasks { masks, warnings });
    }
    let reference = (!resample).then_some(grid);
    let named = triher_segmentation::read_masks(path, reference)?;
    let mut masks = Vec::new();
    for region in named {
        warnings.extend(region.warnings);
        let mask = if resample && !region.mask.geometry().same_grid(grid) {
            resample_mask_onto(&region.mask, grid)
        } else {
            region.mask
        };
        masks.push((region.label, mask));
    }
    Ok(ReadMasks { masks, warnings })
}
