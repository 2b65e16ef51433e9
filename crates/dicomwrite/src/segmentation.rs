//! Masks out: binary DICOM segmentations of the images that this crate wrote.

use crate::DicomWriteError;
use crate::elements::{Elements, time_of_day, uid};
use crate::mr::{
    MrWriteOptions, WrittenImages, check_right_angles, orientation, pixel_spacing,
    put_patient_and_study, slice_position,
};
use dicom_core::VR;
use dicom_dictionary_std::tags;
use std::path::Path;
use triher_volume::Mask;

/// Segmentation Storage.
const SEGMENTATION: &str = "1.2.840.10008.5.1.4.1.1.66.4";

/// What a segmentation says and refers to.
#[derive(Clone, Debug)]
pub struct SegmentationOptions {
    images: MrWriteOptions,
    references: WrittenImages,
    /// ContentLabel.
    pub label: String,
    /// Whether frames without a voxel inside are left out. Viewers place a segmentation with all frames more reliably.
    pub omit_empty_frames: bool,
}

impl SegmentationOptions {
    /// A segmentation of images that were just written.
    pub fn for_images(options: &MrWriteOptions, written: &WrittenImages) -> Self {
        Self {
            images: options.clone(),
            references: written.clone(),
            label: "LESION".to_owned(),
            omit_empty_frames: false,
        }
    }
}

/// Writes regions on the images' grid as one binary segmentation, a segment each.
///
/// # Errors
/// No region, regions on different grids, files that cannot be written.
pub fn write_segmentation(
    path: &Path,
    options: &SegmentationOptions,
    regions: &[(String, Mask)],
) -> Result<(), DicomWriteError> {
    let Some((_, first)) = regions.first() else {
        return Err(DicomWriteError::Input(
            "a segmentation needs a region".to_owned(),
        ));
    };
    let grid = *first.geometry();
    check_right_angles(&grid)?;
    for (label, mask) in regions {
        first
            .check_same_grid("first region", mask, label)
            .map_err(|e| DicomWriteError::Input(e.to_string()))?;
    }
    let [ni, nj, nk] = grid.size();
    let seed = format!("{} segmentation {}", options.images.uid_seed, options.label);
    let instance = uid(&seed);
    let dimensions = uid(&format!("{seed} dimensions"));

    let mut frames = Vec::new();
    let mut bits = Vec::new();
    for (segment, (_, mask)) in regions.iter().enumerate() {
        for slice in 0..nk {
            let voxels = &mask.voxels()[slice * ni * nj..(slice + 1) * ni * nj];
            if options.omit_empty_frames && !voxels.contains(&true) {
                continue;
            }
            bits.extend_from_slice(voxels);
            frames.push((segment, slice));
        }
    }
    if frames.is_empty() {
        return Err(DicomWriteError::Input(
            "a segmentation without any voxel inside needs its empty frames".to_owned(),
        ));
    }
    let mut e = Elements::new();
    put_patient_and_study(&mut e, &options.images);
    put_description(&mut e, options, &instance, &seed);
    e.short(tags::ROWS, nj as u16)
        .short(tags::COLUMNS, ni as u16)
        .text(tags::NUMBER_OF_FRAMES, VR::IS, &frames.len().to_string())
        .item(tags::DIMENSION_ORGANIZATION_SEQUENCE, |item| {
            item.text(tags::DIMENSION_ORGANIZATION_UID, VR::UI, &dimensions);
        });
    let dimension = |pointer, group| {
        let mut item = Elements::new();
        item.text(tags::DIMENSION_ORGANIZATION_UID, VR::UI, &dimensions)
            .tags(tags::DIMENSION_INDEX_POINTER, &[pointer])
            .tags(tags::FUNCTIONAL_GROUP_POINTER, &[group]);
        item
    };
    e.sequence(
        tags::DIMENSION_INDEX_SEQUENCE,
        vec![
            dimension(
                tags::REFERENCED_SEGMENT_NUMBER,
                tags::SEGMENT_IDENTIFICATION_SEQUENCE,
            ),
            dimension(tags::IMAGE_POSITION_PATIENT, tags::PLANE_POSITION_SEQUENCE),
        ],
    );
    e.sequence(
        tags::SEGMENT_SEQUENCE,
        regions.iter().enumerate().map(segment).collect(),
    );
    e.item(tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE, |shared| {
        shared
            .item(tags::PIXEL_MEASURES_SEQUENCE, |item| {
                item.decimals(tags::PIXEL_SPACING, &pixel_spacing(&grid))
                    .decimals(tags::SLICE_THICKNESS, &[grid.spacing_mm()[2]])
                    .decimals(tags::SPACING_BETWEEN_SLICES, &[grid.spacing_mm()[2]]);
            })
            .item(tags::PLANE_ORIENTATION_SEQUENCE, |item| {
                item.decimals(tags::IMAGE_ORIENTATION_PATIENT, &orientation(&grid));
            });
    });
    let groups = frames.iter().map(|&(segment, slice)| {
        let mut frame = Elements::new();
        frame
            .item(tags::FRAME_CONTENT_SEQUENCE, |item| {
                item.longs(
                    tags::DIMENSION_INDEX_VALUES,
                    &[segment as u32 + 1, slice as u32 + 1],
                );
            })
            .item(tags::PLANE_POSITION_SEQUENCE, |item| {
                item.decimals(tags::IMAGE_POSITION_PATIENT, &slice_position(&grid, slice));
            })
            .item(tags::SEGMENT_IDENTIFICATION_SEQUENCE, |item| {
                item.short(tags::REFERENCED_SEGMENT_NUMBER, segment as u16 + 1);
            });
        put_derivation(&mut frame, &options.references, slice);
        frame
    });
    e.sequence(tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE, groups.collect());
    e.bytes(tags::PIXEL_DATA, VR::OB, packed(&bits));
    e.write(path, SEGMENTATION, &instance)
}

fn put_description(e: &mut Elements, options: &SegmentationOptions, instance: &str, seed: &str) {
    let images = &options.images;
    let references = &options.references;
    let time = time_of_day(images.start_s);
    e.text(tags::SOP_CLASS_UID, VR::UI, SEGMENTATION)
        .text(tags::SOP_INSTANCE_UID, VR::UI, instance)
        .text(
            tags::SERIES_INSTANCE_UID,
            VR::UI,
            &uid(&format!("{seed} series")),
        )
        .text(tags::SERIES_NUMBER, VR::IS, "100")
        .text(tags::SERIES_DESCRIPTION, VR::LO, "Segmentation")
        .text(tags::INSTANCE_NUMBER, VR::IS, "1")
        .text(tags::MODALITY, VR::CS, "SEG")
        .text(tags::MANUFACTURER, VR::LO, &images.manufacturer)
        .text(tags::MANUFACTURER_MODEL_NAME, VR::LO, &images.model_name)
        .text(tags::DEVICE_SERIAL_NUMBER, VR::LO, "0")
        .text(tags::SOFTWARE_VERSIONS, VR::LO, env!("CARGO_PKG_VERSION"))
        .text(tags::CONTENT_DATE, VR::DA, &images.study_date)
        .text(tags::CONTENT_TIME, VR::TM, &time)
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
    let instances = references.instances.iter().map(|instance| {
        let mut item = Elements::new();
        item.text(tags::REFERENCED_SOP_CLASS_UID, VR::UI, references.class)
            .text(tags::REFERENCED_SOP_INSTANCE_UID, VR::UI, instance);
        item
    });
    let instances = instances.collect();
    e.item(tags::REFERENCED_SERIES_SEQUENCE, |item| {
        item.text(tags::SERIES_INSTANCE_UID, VR::UI, &references.series)
            .sequence(tags::REFERENCED_INSTANCE_SEQUENCE, instances);
    });
}

fn segment((index, (label, _)): (usize, &(String, Mask))) -> Elements {
    let mut item = Elements::new();
    item.short(tags::SEGMENT_NUMBER, index as u16 + 1)
        .text(tags::SEGMENT_LABEL, VR::LO, label)
        .text(tags::SEGMENT_ALGORITHM_TYPE, VR::CS, "MANUAL")
        .code(
            tags::SEGMENTED_PROPERTY_CATEGORY_CODE_SEQUENCE,
            ("49755003", "SCT", "Morphologically Altered Structure"),
        )
        .code(
            tags::SEGMENTED_PROPERTY_TYPE_CODE_SEQUENCE,
            ("108369006", "SCT", "Neoplasm"),
        );
    item
}

/// Which source image a frame was drawn on.
fn put_derivation(frame: &mut Elements, references: &WrittenImages, slice: usize) {
    let (instance, frame_number) = match references.instances.as_slice() {
        [only] if references.files.len() == 1 => (only, Some(slice + 1)),
        slices => match slices.get(slice) {
            Some(instance) => (instance, None),
            None => return,
        },
    };
    frame.item(tags::DERIVATION_IMAGE_SEQUENCE, |item| {
        item.code(
            tags::DERIVATION_CODE_SEQUENCE,
            ("113076", "DCM", "Segmentation"),
        )
        .item(tags::SOURCE_IMAGE_SEQUENCE, |source| {
            source
                .text(tags::REFERENCED_SOP_CLASS_UID, VR::UI, references.class)
                .text(tags::REFERENCED_SOP_INSTANCE_UID, VR::UI, instance);
            if let Some(number) = frame_number {
                source.text(tags::REFERENCED_FRAME_NUMBER, VR::IS, &number.to_string());
            }
            source.code(
                tags::PURPOSE_OF_REFERENCE_CODE_SEQUENCE,
                (
                    "121322",
                    "DCM",
                    "Source image for image processing operation",
                ),
            );
        });
    });
}

/// Eight voxels a byte, the first in the lowest bit, frames without gaps between (PS3.5, 8.1.1).
fn packed(bits: &[bool]) -> Vec<u8> {
    bits.chunks(8)
        .map(|eight| {
            eight
                .iter()
                .enumerate()
                .fold(0, |byte, (n, &bit)| byte | u8::from(bit) << n)
        })
        .collect()
}
