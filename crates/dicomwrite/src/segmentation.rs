//! Masks out: binary DICOM segmentations (PS3.3, A.51).

use crate::elements::{Elements, uid};
use crate::modules::{
    check_frames, check_grid, dimension, put_frame_of_reference, put_orientation, put_position,
    put_size, put_spacing, slice_voxels, within,
};
use crate::options::{code_string, long_string};
use crate::source::{SourceImages, SourceSlice};
use crate::{DicomWriteError, MrWriteOptions, WrittenImages};
use dicom_core::VR;
use dicom_dictionary_std::{tags, uids};
use std::path::Path;
use triher_volume::{Mask, VolumeError};

/// How the regions came about (SegmentAlgorithmType).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SegmentOrigin {
    /// Drawn by a person.
    Manual,
    /// Started by a person, finished by the algorithm of this name.
    SemiAutomatic(String),
    /// Made by the algorithm of this name.
    Automatic(String),
}

/// What a segmentation says and refers to.
#[derive(Clone, Debug, PartialEq)]
pub struct SegmentationOptions {
    /// The images it was drawn on.
    pub source: SourceImages,
    /// What the identifiers are derived from, together with the label.
    pub uid_seed: String,
    /// ContentLabel: up to 16 capitals, digits, spaces and underscores.
    pub label: String,
    /// SeriesNumber.
    pub series_number: u32,
    /// SeriesDescription.
    pub series_description: String,
    /// Manufacturer of the software that made it.
    pub manufacturer: String,
    /// ManufacturerModelName.
    pub model_name: String,
    /// How the regions came about.
    pub origin: SegmentOrigin,
    /// Whether frames without a voxel inside are left out. Viewers place a segmentation with all frames more reliably.
    pub omit_empty_frames: bool,
}

impl SegmentationOptions {
    /// A segmentation of images whose identifiers are known.
    pub fn new(source: SourceImages, uid_seed: impl Into<String>) -> Self {
        Self {
            source,
            uid_seed: uid_seed.into(),
            label: "LESION".to_owned(),
            series_number: 100,
            series_description: "Segmentation".to_owned(),
            manufacturer: "TriHER".to_owned(),
            model_name: "none".to_owned(),
            origin: SegmentOrigin::Manual,
            omit_empty_frames: false,
        }
    }

    /// A segmentation of images that were just written.
    pub fn for_images(options: &MrWriteOptions, written: &WrittenImages) -> Self {
        Self {
            manufacturer: options.manufacturer.clone(),
            model_name: options.model_name.clone(),
            ..Self::new(written.source.clone(), &options.uid_seed)
        }
    }

    fn check(&self) -> Result<(), DicomWriteError> {
        self.source.check()?;
        code_string("ContentLabel", &self.label)?;
        long_string("SeriesDescription", &self.series_description, 64)?;
        long_string("Manufacturer", &self.manufacturer, 64)?;
        long_string("ManufacturerModelName", &self.model_name, 64)?;
        match &self.origin {
            SegmentOrigin::Manual => Ok(()),
            SegmentOrigin::SemiAutomatic(name) | SegmentOrigin::Automatic(name) => {
                long_string("SegmentAlgorithmName", name, 64)
            }
        }
    }
}

/// A frame: its segment and slice, from 0.
#[derive(Clone, Copy)]
struct Frame {
    segment: usize,
    slice: usize,
}

/// Writes regions on the images' grid as one binary segmentation, a segment each, numbered from 1 in the order given.
///
/// Every region has a frame for each slice of the images, unless empty ones are left out. Each frame refers to its source image.
/// highdicom reads back the same voxels and `dciodvfy` accepts the file (`tests/peers/check.py`).
///
/// # Errors
/// [`DicomWriteError`]: no region, regions on another grid than the images, values that break the rules of their attribute, files that
/// cannot be written.
pub fn write_segmentation(
    path: &Path,
    options: &SegmentationOptions,
    regions: &[(String, Mask)],
) -> Result<(), DicomWriteError> {
    let source = &options.source;
    options.check()?;
    check_regions(source, regions)?;
    let grid = &source.geometry;
    let frames = frames(options, regions)?;
    check_frames(grid, frames.len(), 1)?;
    let seed = format!("{} segmentation {}", options.uid_seed, options.label);
    let instance = uid(&seed);
    let dimensions = uid(&format!("{seed} dimensions"));

    let mut e = Elements::new();
    source.patient.put(&mut e);
    put_frame_of_reference(&mut e, &source.frame_of_reference_uid);
    put_description(&mut e, options, &instance, &seed);
    put_size(&mut e, grid);
    e.text(tags::NUMBER_OF_FRAMES, VR::IS, &frames.len().to_string())
        .item(tags::DIMENSION_ORGANIZATION_SEQUENCE, |item| {
            item.text(tags::DIMENSION_ORGANIZATION_UID, VR::UI, &dimensions);
        })
        .sequence(
            tags::DIMENSION_INDEX_SEQUENCE,
            [
                (
                    tags::REFERENCED_SEGMENT_NUMBER,
                    tags::SEGMENT_IDENTIFICATION_SEQUENCE,
                ),
                (tags::IMAGE_POSITION_PATIENT, tags::PLANE_POSITION_SEQUENCE),
            ]
            .map(|(tag, group)| dimension(&dimensions, tag, group))
            .into(),
        );
    let segments = regions.iter().enumerate();
    let segments = segments.map(|(n, (label, _))| segment(n, label, &options.origin));
    e.sequence(tags::SEGMENT_SEQUENCE, segments.collect());
    e.item(tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE, |shared| {
        shared
            .item(tags::PIXEL_MEASURES_SEQUENCE, |item| {
                put_spacing(item, grid)
            })
            .item(tags::PLANE_ORIENTATION_SEQUENCE, |item| {
                put_orientation(item, grid);
            });
    });
    let groups = frames.iter().map(|frame| frame_groups(source, *frame));
    e.sequence(tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE, groups.collect());
    let voxels = frames.iter().flat_map(|frame| {
        let mask = regions.get(frame.segment).map(|(_, mask)| mask.voxels());
        slice_voxels(mask.unwrap_or_default(), grid, frame.slice)
    });
    e.bytes(tags::PIXEL_DATA, VR::OB, packed(voxels.copied()));
    e.write(path, uids::SEGMENTATION_STORAGE, &instance)
}

fn check_regions(source: &SourceImages, regions: &[(String, Mask)]) -> Result<(), DicomWriteError> {
    if regions.is_empty() {
        return Err(DicomWriteError::NoRegion);
    }
    within("segments", regions.len(), usize::from(u16::MAX))?;
    check_grid(&source.geometry)?;
    for (label, mask) in regions {
        long_string("SegmentLabel", label, 64)?;
        if !source.geometry.same_grid(mask.geometry()) {
            return Err(DicomWriteError::Grid(VolumeError::GridMismatch {
                left_name: "image".to_owned(),
                right_name: "mask".to_owned(),
                left: Box::new(source.geometry),
                right: Box::new(*mask.geometry()),
            }));
        }
    }
    Ok(())
}

/// The frames to write, segment after segment.
fn frames(
    options: &SegmentationOptions,
    regions: &[(String, Mask)],
) -> Result<Vec<Frame>, DicomWriteError> {
    let grid = &options.source.geometry;
    let mut frames = Vec::new();
    for (segment, (_, mask)) in regions.iter().enumerate() {
        let kept = (0..grid.size()[2]).filter(|&slice| {
            !options.omit_empty_frames || slice_voxels(mask.voxels(), grid, slice).contains(&true)
        });
        frames.extend(kept.map(|slice| Frame { segment, slice }));
    }
    if frames.is_empty() {
        return Err(DicomWriteError::NothingInside);
    }
    Ok(frames)
}

/// Modules General Series, Enhanced General Equipment, Segmentation Image and Common Instance Reference.
fn put_description(e: &mut Elements, options: &SegmentationOptions, instance: &str, seed: &str) {
    let source = &options.source;
    let patient = &source.patient;
    e.text(tags::SOP_CLASS_UID, VR::UI, uids::SEGMENTATION_STORAGE)
        .text(tags::SOP_INSTANCE_UID, VR::UI, instance)
        .text(
            tags::SERIES_INSTANCE_UID,
            VR::UI,
            &uid(&format!("{seed} series")),
        )
        .text(
            tags::SERIES_NUMBER,
            VR::IS,
            &options.series_number.to_string(),
        )
        .text(
            tags::SERIES_DESCRIPTION,
            VR::LO,
            &options.series_description,
        )
        .text(tags::INSTANCE_NUMBER, VR::IS, "1")
        .text(tags::MODALITY, VR::CS, "SEG")
        .text(tags::MANUFACTURER, VR::LO, &options.manufacturer)
        .text(tags::MANUFACTURER_MODEL_NAME, VR::LO, &options.model_name)
        .text(tags::DEVICE_SERIAL_NUMBER, VR::LO, "0")
        .text(tags::SOFTWARE_VERSIONS, VR::LO, env!("CARGO_PKG_VERSION"))
        // The study's own, because no clock is read.
        .text(tags::CONTENT_DATE, VR::DA, &patient.study_date)
        .text(tags::CONTENT_TIME, VR::TM, &patient.study_time)
        .text(tags::CONTENT_LABEL, VR::CS, &options.label)
        .empty(tags::CONTENT_DESCRIPTION, VR::LO)
        .empty(tags::CONTENT_CREATOR_NAME, VR::PN)
        .texts(
            tags::IMAGE_TYPE,
            VR::CS,
            &["DERIVED", "PRIMARY"].map(str::to_owned),
        )
        .text(tags::SEGMENTATION_TYPE, VR::CS, "BINARY")
        .text(tags::LOSSY_IMAGE_COMPRESSION, VR::CS, "00")
        .short(tags::SAMPLES_PER_PIXEL, 1)
        .text(tags::PHOTOMETRIC_INTERPRETATION, VR::CS, "MONOCHROME2")
        .short(tags::BITS_ALLOCATED, 1)
        .short(tags::BITS_STORED, 1)
        .short(tags::HIGH_BIT, 0)
        .short(tags::PIXEL_REPRESENTATION, 0);
    let instances = source.instances().map(|instance| {
        let mut item = Elements::new();
        item.text(
            tags::REFERENCED_SOP_CLASS_UID,
            VR::UI,
            &source.sop_class_uid,
        )
        .text(tags::REFERENCED_SOP_INSTANCE_UID, VR::UI, instance);
        item
    });
    let instances = instances.collect();
    e.item(tags::REFERENCED_SERIES_SEQUENCE, |item| {
        item.text(
            tags::SERIES_INSTANCE_UID,
            VR::UI,
            &source.series_instance_uid,
        )
        .sequence(tags::REFERENCED_INSTANCE_SEQUENCE, instances);
    });
}

/// One item of SegmentSequence.
fn segment(index: usize, label: &str, origin: &SegmentOrigin) -> Elements {
    let (kind, algorithm) = match origin {
        SegmentOrigin::Manual => ("MANUAL", None),
        SegmentOrigin::SemiAutomatic(name) => ("SEMIAUTOMATIC", Some(name)),
        SegmentOrigin::Automatic(name) => ("AUTOMATIC", Some(name)),
    };
    // SegmentLabel must not be empty.
    let name = format!("segment {}", index + 1);
    let label = if label.is_empty() { &name } else { label };
    let mut item = Elements::new();
    item.short(tags::SEGMENT_NUMBER, number(index))
        .text(tags::SEGMENT_LABEL, VR::LO, label)
        .text(tags::SEGMENT_ALGORITHM_TYPE, VR::CS, kind)
        .code(
            tags::SEGMENTED_PROPERTY_CATEGORY_CODE_SEQUENCE,
            ("49755003", "SCT", "Morphologically Altered Structure"),
        )
        .code(
            tags::SEGMENTED_PROPERTY_TYPE_CODE_SEQUENCE,
            ("108369006", "SCT", "Neoplasm"),
        );
    if let Some(algorithm) = algorithm {
        item.text(tags::SEGMENT_ALGORITHM_NAME, VR::LO, algorithm);
    }
    item
}

/// SegmentNumber; `check_regions` has seen that it fits.
fn number(index: usize) -> u16 {
    u16::try_from(index + 1).unwrap_or(u16::MAX)
}

/// Functional groups of one frame.
fn frame_groups(source: &SourceImages, frame: Frame) -> Elements {
    let slice = u32::try_from(frame.slice + 1).unwrap_or(u32::MAX);
    let mut groups = Elements::new();
    groups
        .item(tags::FRAME_CONTENT_SEQUENCE, |item| {
            let place = [u32::from(number(frame.segment)), slice];
            item.longs(tags::DIMENSION_INDEX_VALUES, &place);
        })
        .item(tags::PLANE_POSITION_SEQUENCE, |item| {
            put_position(item, &source.geometry, frame.slice);
        })
        .item(tags::SEGMENT_IDENTIFICATION_SEQUENCE, |item| {
            item.short(tags::REFERENCED_SEGMENT_NUMBER, number(frame.segment));
        });
    if let Some(image) = source.slices.get(frame.slice) {
        put_derivation(&mut groups, &source.sop_class_uid, image);
    }
    groups
}

/// Which source image a frame was drawn on (PS3.3, C.7.6.16.2.6).
fn put_derivation(frame: &mut Elements, class: &str, image: &SourceSlice) {
    frame.item(tags::DERIVATION_IMAGE_SEQUENCE, |item| {
        item.code(
            tags::DERIVATION_CODE_SEQUENCE,
            ("113076", "DCM", "Segmentation"),
        )
        .item(tags::SOURCE_IMAGE_SEQUENCE, |source| {
            source
                .text(tags::REFERENCED_SOP_CLASS_UID, VR::UI, class)
                .text(
                    tags::REFERENCED_SOP_INSTANCE_UID,
                    VR::UI,
                    &image.sop_instance_uid,
                );
            // The grid is that of the images: a voxel of the frame is the voxel of the image.
            source.text(tags::SPATIAL_LOCATIONS_PRESERVED, VR::CS, "YES");
            if let Some(number) = image.frame {
                source.text(tags::REFERENCED_FRAME_NUMBER, VR::IS, &number.to_string());
            }
            let purpose = "Source image for image processing operation";
            source.code(
                tags::PURPOSE_OF_REFERENCE_CODE_SEQUENCE,
                ("121322", "DCM", purpose),
            );
        });
    });
}

/// Eight voxels a byte, the first in the lowest bit, frames without gaps between (PS3.5, 8.1.1).
fn packed(bits: impl Iterator<Item = bool>) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (at, bit) in bits.enumerate() {
        if at % 8 == 0 {
            bytes.push(0);
        }
        if let Some(last) = bytes.last_mut() {
            *last |= u8::from(bit) << (at % 8);
        }
    }
    bytes
}
