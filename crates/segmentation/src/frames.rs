//! DICOM SEG (PS3.3, A.51): segments, frames, and the masks they make.

use crate::data::{Object, count, integer, items, numbers, text};
use crate::place::{FramePlace, Lattice, Plane};
use crate::voxels::FrameVoxels;
use crate::{NamedMask, ReadOptions, SegmentationError};
use dicom_core::Tag;
use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;
use std::collections::BTreeMap;
use triher_volume::{Geometry, Mask, Provenance, Volume, VolumeError};

/// Frames of one file.
const MAX_FRAMES: usize = 1 << 20;

/// Reads the segments as masks on the reference grid, or on the grid that the frames make.
pub(crate) fn read(
    object: &Object,
    reference: Option<&Geometry>,
    options: &ReadOptions,
) -> Result<Vec<NamedMask>, SegmentationError> {
    let frames = frame_places(object)?;
    let voxels = FrameVoxels::open(object, frames.len(), options)?;
    let segments = segments(object, voxels.is_label_map())?;
    let limit = options.max_voxels / segments.len().max(1);
    let grid = match reference {
        Some(grid) => *grid,
        None => crate::place::own_grid(object, &voxels.size(), &frames, limit)?,
    };
    if grid.len() > limit {
        let all = grid.len().saturating_mul(segments.len());
        return Err(object.too_large("the voxels of its regions are", all, options.max_voxels));
    }
    let mut masks: BTreeMap<u32, Vec<bool>> = segments
        .keys()
        .map(|&number| (number, vec![false; grid.len()]))
        .collect();
    let mut found = Found::default();
    for (index, frame) in frames.iter().enumerate() {
        let values = voxels.frame(index)?;
        if !values.contains_inside() {
            // Nothing to place: an empty frame may lie where the images have no slice.
            continue;
        }
        let lattice = Lattice::new(&frame.plane, &voxels.size(), &grid)
            .ok_or_else(|| misplaced(object, reference, frame, &voxels.size(), index))?;
        found.see(frame, &grid, &lattice);
        if voxels.is_label_map() {
            values.each_label(|column, row, label| {
                match (masks.get_mut(&label), lattice.offset(column, row)) {
                    (Some(mask), Some(offset)) => set(mask, offset),
                    (Some(_), None) => found.outside += 1,
                    (None, _) => found.undescribed += 1,
                }
            });
        } else {
            let number = frame
                .segment
                .or_else(|| (segments.len() == 1).then(|| segments.keys().next().copied())?);
            let Some(mask) = number.and_then(|n| masks.get_mut(&n)) else {
                return Err(object.damaged(format!(
                    "frame {} belongs to {}, which is not described",
                    index + 1,
                    number.map_or("no segment".to_owned(), |n| format!("segment {n}"))
                )));
            };
            values.each_inside(|column, row| match lattice.offset(column, row) {
                Some(offset) => set(mask, offset),
                None => found.outside += 1,
            });
        }
    }
    let warnings = [voxels.warnings(), found.warnings(segments.contains_key(&0))].concat();
    named(object, &grid, segments, masks, &warnings)
}

fn set(mask: &mut [bool], offset: usize) {
    if let Some(voxel) = mask.get_mut(offset) {
        *voxel = true;
    }
}

fn named(
    object: &Object,
    grid: &Geometry,
    segments: BTreeMap<u32, String>,
    mut masks: BTreeMap<u32, Vec<bool>>,
    warnings: &[String],
) -> Result<Vec<NamedMask>, SegmentationError> {
    let mut named = Vec::with_capacity(segments.len());
    for (number, label) in segments {
        let provenance = Provenance::from_source(&object.file);
        let voxels = masks.remove(&number).unwrap_or_default();
        let mask: Mask =
            Volume::new(*grid, voxels, provenance).map_err(|e| object.damaged(e.to_string()))?;
        named.push(NamedMask {
            number,
            label,
            mask,
            warnings: warnings.to_vec(),
        });
    }
    Ok(named)
}

/// What is worth a warning.
#[derive(Default)]
struct Found {
    /// Voxels inside of a region and outside of the grid.
    outside: usize,
    /// Voxels of a label map whose number is not described.
    undescribed: usize,
    /// Distances that the frames declare, where they are not the grid's: declared and found, in millimetres.
    distances_mm: Option<[f64; 2]>,
}

impl Found {
    fn see(&mut self, frame: &FramePlace, grid: &Geometry, lattice: &Lattice) {
        let found = grid.spacing_mm()[lattice.slice_axis()];
        if let Some(declared) = frame.spacing_mm
            && (declared - found).abs() > 0.01 * found
        {
            self.distances_mm = Some([declared, found]);
        }
    }

    fn warnings(&self, background: bool) -> Vec<String> {
        let mut warnings = Vec::new();
        if self.outside > 0 {
            warnings.push(format!(
                "{} voxels of the segmentation lie outside of the images and were left out",
                self.outside
            ));
        }
        if self.undescribed > 0 && !background {
            warnings.push(format!(
                "{} voxels belong to segments that are not described and were left out",
                self.undescribed
            ));
        }
        if let Some([declared, found]) = self.distances_mm {
            warnings.push(format!(
                "the segmentation declares slices {declared} mm apart, and the images' lie {found} mm apart: look whether slices are missing"
            ));
        }
        warnings
    }
}

/// Why a frame has no place: not on the images' lattice, or no volume by itself.
fn misplaced(
    object: &Object,
    reference: Option<&Geometry>,
    frame: &FramePlace,
    size: &[usize; 2],
    index: usize,
) -> SegmentationError {
    let file = object.file.clone();
    let no_volume = |file| SegmentationError::NoVolume {
        file,
        frame: index + 1,
    };
    let Some(images) = reference else {
        return no_volume(file);
    };
    match frame
        .plane
        .grid(size, frame.spacing_mm.or(frame.thickness_mm), 1)
    {
        Ok(right) => SegmentationError::Grid {
            file,
            source: Box::new(VolumeError::GridMismatch {
                left_name: "image".to_owned(),
                right_name: "mask".to_owned(),
                left: Box::new(*images),
                right: Box::new(right),
            }),
        },
        Err(error) => object.damaged(error.to_string()),
    }
}

/// Numbers and labels of the segments; of a label map without its background.
fn segments(object: &Object, label_map: bool) -> Result<BTreeMap<u32, String>, SegmentationError> {
    let background = integer(&object.data, tags::PIXEL_PADDING_VALUE).unwrap_or(0);
    let mut segments = BTreeMap::new();
    for item in items(&object.data, tags::SEGMENT_SEQUENCE) {
        let number = integer(item, tags::SEGMENT_NUMBER)
            .and_then(|n| u32::try_from(n).ok())
            .ok_or_else(|| object.damaged("a segment has no number"))?;
        if label_map && i64::from(number) == background {
            continue;
        }
        let label = text(item, tags::SEGMENT_LABEL).unwrap_or_else(|| format!("segment {number}"));
        if segments.insert(number, label).is_some() {
            return Err(object.damaged(format!("it describes segment {number} twice")));
        }
    }
    if segments.is_empty() {
        return Err(object.damaged("it describes no segment"));
    }
    Ok(segments)
}

/// Where every frame lies.
fn frame_places(object: &Object) -> Result<Vec<FramePlace>, SegmentationError> {
    let data = &object.data;
    let per_frame = items(data, tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE);
    let declared = match integer(data, tags::NUMBER_OF_FRAMES) {
        Some(declared) => usize::try_from(declared).unwrap_or(0),
        None => 1,
    };
    if !(1..=MAX_FRAMES).contains(&declared) {
        return Err(object.damaged(format!(
            "it declares {declared} frames, and 1 to {MAX_FRAMES} can be"
        )));
    }
    if per_frame.len() != declared {
        return Err(object.damaged(format!(
            "it declares {declared} frames and describes {}",
            per_frame.len()
        )));
    }
    let shared = items(data, tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE).first();
    per_frame
        .iter()
        .enumerate()
        .map(|(index, item)| frame_place(object, item, shared, index))
        .collect()
}

/// Where a frame lies: its own functional groups come before the shared ones.
fn frame_place(
    object: &Object,
    own: &InMemDicomObject,
    shared: Option<&InMemDicomObject>,
    index: usize,
) -> Result<FramePlace, SegmentationError> {
    let group = |sequence: Tag| {
        let places = [Some(own), shared];
        let mut groups = places.into_iter().flatten();
        groups.find_map(|item| items(item, sequence).first())
    };
    let lacks = |what: &str| {
        object.damaged(format!(
            "frame {} does not say its {what} and cannot be placed",
            index + 1
        ))
    };
    let measures = group(tags::PIXEL_MEASURES_SEQUENCE).ok_or_else(|| lacks("spacing"))?;
    let spacing_mm: [f64; 2] =
        numbers(measures, tags::PIXEL_SPACING).ok_or_else(|| lacks("spacing"))?;
    let orientation = group(tags::PLANE_ORIENTATION_SEQUENCE)
        .and_then(|i| numbers(i, tags::IMAGE_ORIENTATION_PATIENT))
        .ok_or_else(|| lacks("orientation"))?;
    let position = group(tags::PLANE_POSITION_SEQUENCE);
    if position.is_none() && group(tags::PLANE_POSITION_SLIDE_SEQUENCE).is_some() {
        return Err(object.unsupported(
            "a segmentation of a slide",
            "give one of the images in patient coordinates",
        ));
    }
    let position_mm = position
        .and_then(|i| numbers(i, tags::IMAGE_POSITION_PATIENT))
        .ok_or_else(|| lacks("position"))?;
    let distance = |tag| {
        numbers(measures, tag)
            .map(|[t]: [f64; 1]| t.abs())
            .filter(|t| *t > 0.0)
    };
    let segment = group(tags::SEGMENT_IDENTIFICATION_SEQUENCE)
        .and_then(|i| count(i, tags::REFERENCED_SEGMENT_NUMBER))
        .and_then(|n| u32::try_from(n).ok());
    Ok(FramePlace {
        segment,
        plane: Plane {
            position_mm,
            orientation,
            spacing_mm,
        },
        spacing_mm: distance(tags::SPACING_BETWEEN_SLICES),
        thickness_mm: distance(tags::SLICE_THICKNESS),
    })
}
