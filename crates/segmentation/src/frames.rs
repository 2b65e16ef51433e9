//! DICOM SEG: frames of bits or shares, each at its place.

use crate::data::{Object, integer, items, numbers, text};
use crate::{FRACTIONAL_THRESHOLD, NamedMask, SegmentationError};
use dicom_core::Tag;
use dicom_dictionary_std::{tags, uids};
use dicom_object::InMemDicomObject;
use dicom_pixeldata::PixelDecoder;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use triher_volume::{Geometry, Mask, Provenance, Volume, VolumeError, place_on_lattice};

/// Voxels of a grid that frames are placed on.
const MAX_VOXELS: usize = 1 << 31;
/// Frames of one file.
const MAX_FRAMES: usize = 1 << 20;

/// Where a frame lies and what it shows.
struct FramePlace {
    segment: u32,
    position: [f64; 3],
}

/// How frames lie in the patient: shared by all.
struct Plane {
    rows: usize,
    columns: usize,
    orientation: [f64; 6],
    spacing: [f64; 2],
    thickness: Option<f64>,
}

pub(crate) fn read(
    object: &Object,
    reference: Option<&Geometry>,
) -> Result<Vec<NamedMask>, SegmentationError> {
    let (plane, places) = frame_places(object)?;
    let frames = Frames::read(object, &plane, places.len())?;
    let segments = segments(object)?;
    let grid = match reference {
        Some(grid) => *grid,
        None => own_grid(object, &plane, &places)?,
    };
    let mut masks: BTreeMap<u32, Mask> = BTreeMap::new();
    for &number in segments.keys() {
        masks.insert(number, Mask::filled(grid, false));
    }
    let mut outside = 0usize;
    for (index, place) in places.iter().enumerate() {
        let labelled: Vec<u32> = if frames.labels {
            segments.keys().copied().collect()
        } else {
            vec![place.segment]
        };
        for number in labelled {
            let Some(mask) = masks.get_mut(&number) else {
                return Err(object.wrong(format!(
                    "frame {} belongs to segment {number}, which is not described",
                    index + 1
                )));
            };
            let inside = frames.inside(index, number);
            if !inside.contains(&true) && reference.is_some() {
                // Nothing to place: an empty frame may lie where the images have no slice.
                continue;
            }
            let frame = frame_volume(object, &plane, place.position, &grid, inside)?;
            let placed = place_on_lattice(&frame, &grid)
                .ok_or_else(|| grid_error(object, &grid, frame.geometry()))?;
            let lost = frame.count() - placed.count();
            outside += lost;
            for (all, &new) in mask.voxels_mut().iter_mut().zip(placed.voxels()) {
                *all |= new;
            }
        }
    }
    let mut warnings = frames.warnings;
    if outside > 0 {
        warnings.push(format!(
            "{outside} voxels of the segmentation lie outside of the images and were left out"
        ));
    }
    Ok(segments
        .into_iter()
        .filter_map(|(number, label)| {
            let mask = masks
                .remove(&number)?
                .with_provenance(Provenance::from_source(&object.file));
            Some(NamedMask {
                number,
                label,
                mask,
                warnings: warnings.clone(),
            })
        })
        .collect())
}

fn grid_error(object: &Object, images: &Geometry, frame: &Geometry) -> SegmentationError {
    SegmentationError::Grid {
        file: object.file.clone(),
        source: Box::new(VolumeError::GridMismatch {
            left_name: "image".to_owned(),
            right_name: "mask".to_owned(),
            left: Box::new(*images),
            right: Box::new(*frame),
        }),
    }
}

fn segments(object: &Object) -> Result<BTreeMap<u32, String>, SegmentationError> {
    let mut segments = BTreeMap::new();
    for item in items(&object.data, tags::SEGMENT_SEQUENCE) {
        let number = integer(item, tags::SEGMENT_NUMBER).and_then(|n| u32::try_from(n).ok());
        let number =
            number.ok_or_else(|| object.wrong("a segment has no number: the file is damaged"))?;
        let label = text(item, tags::SEGMENT_LABEL).unwrap_or_else(|| format!("segment {number}"));
        segments.insert(number, label);
    }
    if segments.is_empty() {
        return Err(object.wrong("it describes no segment: the file is damaged"));
    }
    Ok(segments)
}

fn frame_places(object: &Object) -> Result<(Plane, Vec<FramePlace>), SegmentationError> {
    let data: &InMemDicomObject = &object.data;
    let count = integer(data, tags::NUMBER_OF_FRAMES).unwrap_or(1);
    let count = usize::try_from(count)
        .ok()
        .filter(|n| (1..=MAX_FRAMES).contains(n));
    let count = count.ok_or_else(|| {
        object.wrong("it declares no frames, or more than can be: the file is damaged")
    })?;
    let shared = items(data, tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE).first();
    let per_frame = items(data, tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE);
    if per_frame.len() != count {
        return Err(object.wrong(format!(
            "it declares {count} frames and describes {}: it is damaged or cut short",
            per_frame.len()
        )));
    }
    let group = |frame: usize, sequence: Tag| {
        let places = [per_frame.get(frame), shared];
        places
            .into_iter()
            .flatten()
            .find_map(|item| items(item, sequence).first())
    };
    let size = |tag| {
        integer(data, tag)
            .and_then(|n| usize::try_from(n).ok())
            .filter(|n| *n > 0)
    };
    let lacks = |what: &str| {
        object.wrong(format!(
            "it does not say the {what} of its frames: it cannot be placed"
        ))
    };
    let measures = group(0, tags::PIXEL_MEASURES_SEQUENCE).ok_or_else(|| lacks("spacing"))?;
    let plane = Plane {
        rows: size(tags::ROWS).ok_or_else(|| lacks("size"))?,
        columns: size(tags::COLUMNS).ok_or_else(|| lacks("size"))?,
        orientation: group(0, tags::PLANE_ORIENTATION_SEQUENCE)
            .and_then(|i| numbers(i, tags::IMAGE_ORIENTATION_PATIENT))
            .ok_or_else(|| lacks("orientation"))?,
        spacing: numbers(measures, tags::PIXEL_SPACING).ok_or_else(|| lacks("spacing"))?,
        thickness: numbers::<1>(measures, tags::SPACING_BETWEEN_SLICES)
            .or_else(|| numbers::<1>(measures, tags::SLICE_THICKNESS))
            .map(|[t]| t.abs())
            .filter(|t| *t > 0.0),
    };
    let mut places = Vec::with_capacity(count);
    for frame in 0..count {
        let position = group(frame, tags::PLANE_POSITION_SEQUENCE)
            .and_then(|i| numbers(i, tags::IMAGE_POSITION_PATIENT));
        let segment = group(frame, tags::SEGMENT_IDENTIFICATION_SEQUENCE)
            .and_then(|i| integer(i, tags::REFERENCED_SEGMENT_NUMBER))
            .and_then(|n| u32::try_from(n).ok())
            .unwrap_or(1);
        places.push(FramePlace {
            segment,
            position: position.ok_or_else(|| lacks("position"))?,
        });
    }
    Ok((plane, places))
}

fn normal(orientation: &[f64; 6]) -> [f64; 3] {
    let [a, b, c, d, e, f] = *orientation;
    [b * f - c * e, c * d - a * f, a * e - b * d]
}

/// One frame as a volume of one slice. Its thickness is that of the images along the slice normal, so that a lattice can be compared.
fn frame_volume(
    object: &Object,
    plane: &Plane,
    position: [f64; 3],
    grid: &Geometry,
    inside: Vec<bool>,
) -> Result<Mask, SegmentationError> {
    let normal = normal(&plane.orientation);
    let step = grid
        .directions()
        .iter()
        .zip(grid.spacing_mm())
        .map(|(d, s)| ((0..3).map(|a| d[a] * normal[a]).sum::<f64>().abs(), s))
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map_or(1.0, |(_, spacing)| spacing);
    let geometry = plane_grid(plane, position, step, 1).map_err(|e| object.wrong(e.to_string()))?;
    Volume::new(geometry, inside, Provenance::from_source(&object.file))
        .map_err(|e| object.wrong(e.to_string()))
}

fn plane_grid(
    plane: &Plane,
    origin: [f64; 3],
    step: f64,
    slices: usize,
) -> Result<Geometry, VolumeError> {
    let o = &plane.orientation;
    let directions = [[o[0], o[1], o[2]], [o[3], o[4], o[5]], normal(o)];
    let spacing = [plane.spacing[1], plane.spacing[0], step];
    Geometry::from_parts(
        [plane.columns, plane.rows, slices],
        origin,
        spacing,
        directions,
    )
}

/// The grid that the frames themselves make: from the lowest to the highest position.
fn own_grid(
    object: &Object,
    plane: &Plane,
    places: &[FramePlace],
) -> Result<Geometry, SegmentationError> {
    let n = normal(&plane.orientation);
    let along = |p: &[f64; 3]| (0..3).map(|a| p[a] * n[a]).sum::<f64>();
    let mut positions: Vec<(f64, [f64; 3])> = places
        .iter()
        .map(|p| (along(&p.position), p.position))
        .collect();
    positions.sort_by(|a, b| a.0.total_cmp(&b.0));
    positions.dedup_by(|next, kept| next.0 - kept.0 < 0.01);
    let gaps = positions.windows(2).map(|w| w[1].0 - w[0].0);
    let step = gaps.fold(f64::INFINITY, f64::min);
    let step = if step.is_finite() {
        step
    } else {
        plane.thickness.unwrap_or(1.0)
    };
    let (first, last) = (positions[0], positions[positions.len() - 1]);
    let slices = ((last.0 - first.0) / step).round() as usize + 1;
    if slices.saturating_mul(plane.rows * plane.columns) > MAX_VOXELS {
        return Err(
            object.wrong("its frames lie too far apart to be one volume: the file is damaged")
        );
    }
    plane_grid(plane, first.1, step, slices).map_err(|e| object.wrong(e.to_string()))
}

/// The stored voxels of all frames.
struct Frames {
    bytes: Vec<u8>,
    per_frame: usize,
    kind: Kind,
    labels: bool,
    warnings: Vec<String>,
}

#[derive(Clone, Copy)]
enum Kind {
    /// One bit a voxel, frames without gaps between.
    Bits,
    /// A byte a voxel: inside from this value.
    Shares(f64),
    /// One or two bytes a voxel: the number of its segment.
    Labels(usize),
}

impl Frames {
    fn read(object: &Object, plane: &Plane, frames: usize) -> Result<Self, SegmentationError> {
        let data: &InMemDicomObject = &object.data;
        let allocated = integer(data, tags::BITS_ALLOCATED).unwrap_or(1);
        let kind_name = text(data, tags::SEGMENTATION_TYPE).unwrap_or_else(|| "BINARY".to_owned());
        let mut warnings = Vec::new();
        let kind = match (kind_name.as_str(), allocated) {
            ("BINARY", 1) => Kind::Bits,
            ("BINARY", 8) => Kind::Shares(1.0),
            ("FRACTIONAL", 8) => {
                let highest = integer(data, tags::MAXIMUM_FRACTIONAL_VALUE).unwrap_or(255) as f64;
                warnings.push(format!(
                    "the segmentation is fractional: voxels of {:.0} % and more were taken as inside",
                    100.0 * FRACTIONAL_THRESHOLD
                ));
                Kind::Shares((highest * FRACTIONAL_THRESHOLD).max(1.0))
            }
            ("LABELMAP", 8) => Kind::Labels(1),
            ("LABELMAP", 16) => Kind::Labels(2),
            (kind, bits) => {
                return Err(object.wrong(format!(
                    "a {kind} segmentation of {bits} bits a voxel is not read: export it as BINARY"
                )));
            }
        };
        let per_frame = plane
            .rows
            .checked_mul(plane.columns)
            .filter(|n| n.saturating_mul(frames) <= MAX_VOXELS);
        let per_frame = per_frame.ok_or_else(|| {
            object.wrong("it declares more voxels than can be: the file is damaged")
        })?;
        let needed = match kind {
            Kind::Bits => (per_frame * frames).div_ceil(8),
            Kind::Shares(_) => per_frame * frames,
            Kind::Labels(bytes) => per_frame * frames * bytes,
        };
        let bytes = stored(object)?;
        if bytes.len() < needed {
            return Err(object.wrong(format!(
                "its voxels are cut short: {} bytes are there, {frames} frames need {needed}; fetch it again from its source",
                bytes.len()
            )));
        }
        Ok(Self {
            bytes,
            per_frame,
            kind,
            labels: matches!(kind, Kind::Labels(_)),
            warnings,
        })
    }

    /// Which voxels of a frame lie inside of a segment.
    fn inside(&self, frame: usize, segment: u32) -> Vec<bool> {
        let range = frame * self.per_frame..(frame + 1) * self.per_frame;
        match self.kind {
            Kind::Bits => range
                .map(|v| self.bytes[v / 8] >> (v % 8) & 1 == 1)
                .collect(),
            Kind::Shares(least) => self.bytes[range]
                .iter()
                .map(|&b| f64::from(b) >= least)
                .collect(),
            Kind::Labels(1) => self.bytes[range]
                .iter()
                .map(|&b| u32::from(b) == segment)
                .collect(),
            Kind::Labels(_) => range
                .map(|v| {
                    u32::from(u16::from_le_bytes([
                        self.bytes[2 * v],
                        self.bytes[2 * v + 1],
                    ])) == segment
                })
                .collect(),
        }
    }
}

fn stored(object: &Object) -> Result<Vec<u8>, SegmentationError> {
    let element = object.data.get(tags::PIXEL_DATA);
    let element =
        element.ok_or_else(|| object.wrong("it has no voxels, or is cut short before them"))?;
    let syntax = object.data.meta().transfer_syntax().trim_end_matches('\0');
    let plain = [
        uids::IMPLICIT_VR_LITTLE_ENDIAN,
        uids::EXPLICIT_VR_LITTLE_ENDIAN,
        uids::DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
        "1.2.840.10008.1.2.2",
    ];
    if plain.contains(&syntax) {
        return element
            .to_bytes()
            .map(|b| b.to_vec())
            .map_err(|e| object.wrong(format!("its voxels cannot be read ({e})")));
    }
    let decoded = catch_unwind(AssertUnwindSafe(|| {
        object
            .data
            .decode_pixel_data()
            .map(|d| d.data().to_vec())
            .map_err(|e| e.to_string())
    }));
    match decoded {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(error)) => Err(object.wrong(format!("its voxels (transfer syntax {syntax}) cannot be decoded ({error}); transcode it with dcmconv"))),
        Err(_) => Err(object.wrong(format!("its voxels (transfer syntax {syntax}) cannot be decoded; transcode it with dcmconv"))),
    }
}
