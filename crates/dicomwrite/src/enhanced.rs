//! Enhanced MR objects: all phases in one file, frame after frame (PS3.3, A.36).

use crate::elements::{Elements, uid};
use crate::modules::{
    PatientStudy, check_frames, dimension, frame_of_reference_uid, put_equipment,
    put_frame_of_reference, put_orientation, put_position, put_size, put_spacing, slices,
};
use crate::mr::{PhaseMoment, WrittenImages};
use crate::source::{SourceImages, SourceSlice};
use crate::stored::Scale;
use crate::{DicomWriteError, MrWriteOptions};
use dicom_core::VR;
use dicom_dictionary_std::{tags, uids};
use std::path::Path;
use triher_volume::{DynamicSeries, Geometry};

/// Gyromagnetic ratio of hydrogen over 2 pi, MHz per tesla (CODATA 2018).
const HYDROGEN_MHZ_PER_T: f64 = 42.577_478_518;

/// Frame type of all frames.
const FRAME_TYPE: [&str; 4] = ["ORIGINAL", "PRIMARY", "DYNAMIC", "NONE"];

/// Writes all phases into one file.
pub(crate) fn write(
    folder: &Path,
    options: &MrWriteOptions,
    series: &DynamicSeries,
    scale: &Scale,
    moments: &[PhaseMoment],
) -> Result<WrittenImages, DicomWriteError> {
    let grid = series.geometry();
    let nk = grid.size()[2];
    let count = series.phases().len().saturating_mul(nk);
    check_frames(grid, count, 16)?;
    let start = options.checked()?;
    let patient = PatientStudy::of(options, start);
    let series_uid = uid(&format!("{} series", options.uid_seed));
    let instance = uid(&format!("{} enhanced", options.uid_seed));
    let dimensions = uid(&format!("{} dimensions", options.uid_seed));
    let last = moments.len().saturating_sub(1);
    let duration_s =
        moments.last().map_or(0.0, |m| m.time_s) + phase_duration_ms(moments, last) / 1000.0;

    let mut e = Elements::new();
    patient.put(&mut e);
    put_frame_of_reference(&mut e, &frame_of_reference_uid(options));
    put_equipment(&mut e, options);
    put_size(&mut e, grid);
    scale.put(&mut e);
    put_image(&mut e, options);
    e.text(tags::SOP_CLASS_UID, VR::UI, uids::ENHANCED_MR_IMAGE_STORAGE)
        .text(tags::SOP_INSTANCE_UID, VR::UI, &instance)
        .text(tags::SERIES_INSTANCE_UID, VR::UI, &series_uid)
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
        .text(tags::ACQUISITION_NUMBER, VR::IS, "1")
        .text(tags::CONTENT_DATE, VR::DA, &start.date())
        .text(tags::CONTENT_TIME, VR::TM, &start.time())
        .text(tags::ACQUISITION_DATE_TIME, VR::DT, &start.date_time())
        .double(tags::ACQUISITION_DURATION, duration_s)
        .text(tags::NUMBER_OF_FRAMES, VR::IS, &count.to_string())
        .item(tags::DIMENSION_ORGANIZATION_SEQUENCE, |item| {
            item.text(tags::DIMENSION_ORGANIZATION_UID, VR::UI, &dimensions);
        })
        .sequence(
            tags::DIMENSION_INDEX_SEQUENCE,
            [
                tags::TEMPORAL_POSITION_INDEX,
                tags::IN_STACK_POSITION_NUMBER,
            ]
            .map(|tag| dimension(&dimensions, tag, tags::FRAME_CONTENT_SEQUENCE))
            .into(),
        )
        .item(tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE, |shared| {
            put_shared_groups(shared, options, grid, scale);
        });
    let mut frames = Vec::with_capacity(count);
    let mut pixels = Vec::with_capacity(series.phases().len() * grid.len() * 2);
    for (number, (phase, moment)) in series.phases().iter().zip(moments).enumerate() {
        for (slice, voxels) in slices(&phase.image).enumerate() {
            // Counts fit: `check_frames` has seen their product.
            let place = [number as u32 + 1, slice as u32 + 1];
            let mut frame = Elements::new();
            frame
                .item(tags::FRAME_CONTENT_SEQUENCE, |item| {
                    let at = moment.moment.date_time();
                    item.text(tags::FRAME_ACQUISITION_DATE_TIME, VR::DT, &at)
                        .text(tags::FRAME_REFERENCE_DATE_TIME, VR::DT, &at)
                        .double(
                            tags::FRAME_ACQUISITION_DURATION,
                            phase_duration_ms(moments, number),
                        )
                        .text(tags::STACK_ID, VR::SH, "1")
                        .longs(tags::IN_STACK_POSITION_NUMBER, &place[1..])
                        .longs(tags::TEMPORAL_POSITION_INDEX, &place[..1])
                        .longs(tags::DIMENSION_INDEX_VALUES, &place);
                })
                .item(tags::PLANE_POSITION_SEQUENCE, |item| {
                    put_position(item, grid, slice);
                });
            frames.push(frame);
            pixels.extend(scale.pixels(voxels));
        }
    }
    e.sequence(tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE, frames)
        .bytes(tags::PIXEL_DATA, VR::OW, pixels);
    let file = folder.join("enhanced.dcm");
    e.write(&file, uids::ENHANCED_MR_IMAGE_STORAGE, &instance)?;
    let slices = (1..=nk).map(|frame| SourceSlice {
        sop_instance_uid: instance.clone(),
        frame: u32::try_from(frame).ok(),
    });
    Ok(WrittenImages {
        files: vec![file],
        source: SourceImages {
            patient,
            geometry: *grid,
            frame_of_reference_uid: frame_of_reference_uid(options),
            sop_class_uid: uids::ENHANCED_MR_IMAGE_STORAGE.to_owned(),
            series_instance_uid: series_uid,
            slices: slices.collect(),
        },
    })
}

/// How long a phase was acquired at most: until the next began; the last as long as the one before.
fn phase_duration_ms(moments: &[PhaseMoment], phase: usize) -> f64 {
    let gap = |a: usize| Some(moments.get(a + 1)?.time_s - moments.get(a)?.time_s);
    let gap = gap(phase).or_else(|| gap(phase.checked_sub(1)?));
    gap.unwrap_or(0.0) * 1000.0
}

/// Module Enhanced MR Image and MR Pulse Sequence of a spoiled gradient echo in three dimensions (PS3.3, C.8.13.1, C.8.13.4).
fn put_image(e: &mut Elements, options: &MrWriteOptions) {
    e.texts(tags::IMAGE_TYPE, VR::CS, &FRAME_TYPE.map(str::to_owned));
    for (tag, term) in [
        (tags::PIXEL_PRESENTATION, "MONOCHROME"),
        (tags::VOLUMETRIC_PROPERTIES, "VOLUME"),
        (tags::VOLUME_BASED_CALCULATION_TECHNIQUE, "NONE"),
        (tags::COMPLEX_IMAGE_COMPONENT, "MAGNITUDE"),
        (tags::ACQUISITION_CONTRAST, "T1"),
        (tags::CONTENT_QUALIFICATION, "RESEARCH"),
        (tags::RESONANT_NUCLEUS, "1H"),
        (tags::BURNED_IN_ANNOTATION, "NO"),
        (tags::LOSSY_IMAGE_COMPRESSION, "00"),
        (tags::PRESENTATION_LUT_SHAPE, "IDENTITY"),
        (tags::MR_ACQUISITION_TYPE, "3D"),
        (tags::ECHO_PULSE_SEQUENCE, "GRADIENT"),
        (tags::MULTI_PLANAR_EXCITATION, "NO"),
        (tags::PHASE_CONTRAST, "NO"),
        (tags::TIME_OF_FLIGHT_CONTRAST, "NO"),
        (tags::STEADY_STATE_PULSE_SEQUENCE, "LONGITUDINAL"),
        (tags::ECHO_PLANAR_PULSE_SEQUENCE, "NO"),
        (tags::SATURATION_RECOVERY, "NO"),
        (tags::SPECTRALLY_SELECTED_SUPPRESSION, "NONE"),
        (tags::OVERSAMPLING_PHASE, "NONE"),
        (tags::GEOMETRY_OF_K_SPACE_TRAVERSAL, "RECTILINEAR"),
        (tags::SEGMENTED_K_SPACE_TRAVERSAL, "SINGLE"),
        (tags::RECTILINEAR_PHASE_ENCODE_REORDERING, "LINEAR"),
        (tags::COVERAGE_OF_K_SPACE, "FULL"),
        (tags::K_SPACE_FILTERING, "NONE"),
        (tags::APPLICABLE_SAFETY_STANDARD_AGENCY, "IEC"),
    ] {
        e.text(tag, VR::CS, term);
    }
    e.text(tags::PULSE_SEQUENCE_NAME, VR::SH, "SPGR")
        .short(tags::NUMBER_OF_K_SPACE_TRAJECTORIES, 1)
        .sequence(tags::ACQUISITION_CONTEXT_SEQUENCE, Vec::new())
        .decimals(tags::MAGNETIC_FIELD_STRENGTH, &[options.field_strength_t]);
}

/// Functional groups that all frames share (PS3.3, C.7.6.16.2 and C.8.13.5).
fn put_shared_groups(
    shared: &mut Elements,
    options: &MrWriteOptions,
    grid: &Geometry,
    scale: &Scale,
) {
    shared
        .item(tags::PIXEL_MEASURES_SEQUENCE, |item| {
            put_spacing(item, grid)
        })
        .item(tags::PLANE_ORIENTATION_SEQUENCE, |item| {
            put_orientation(item, grid);
        })
        .item(tags::PIXEL_VALUE_TRANSFORMATION_SEQUENCE, |item| {
            scale.put_rescale(item);
        })
        .item(tags::FRAME_ANATOMY_SEQUENCE, |item| {
            item.text(tags::FRAME_LATERALITY, VR::CS, options.laterality.term())
                .code(
                    tags::ANATOMIC_REGION_SEQUENCE,
                    ("76752008", "SCT", "Breast"),
                );
        })
        .item(tags::MR_IMAGE_FRAME_TYPE_SEQUENCE, |item| {
            item.texts(tags::FRAME_TYPE, VR::CS, &FRAME_TYPE.map(str::to_owned));
            for (tag, term) in [
                (tags::PIXEL_PRESENTATION, "MONOCHROME"),
                (tags::VOLUMETRIC_PROPERTIES, "VOLUME"),
                (tags::VOLUME_BASED_CALCULATION_TECHNIQUE, "NONE"),
                (tags::COMPLEX_IMAGE_COMPONENT, "MAGNITUDE"),
                (tags::ACQUISITION_CONTRAST, "T1"),
            ] {
                item.text(tag, VR::CS, term);
            }
        });
    put_encoding(shared, grid);
    put_acquisition_groups(shared, options);
}

/// Group MR FOV/Geometry: every voxel encoded once, rows by frequency.
fn put_encoding(shared: &mut Elements, grid: &Geometry) {
    let steps = grid.size().map(|n| u16::try_from(n).unwrap_or(u16::MAX));
    shared.item(tags::MRFOV_GEOMETRY_SEQUENCE, |item| {
        item.text(tags::IN_PLANE_PHASE_ENCODING_DIRECTION, VR::CS, "COLUMN")
            .short(tags::MR_ACQUISITION_FREQUENCY_ENCODING_STEPS, steps[0])
            .short(tags::MR_ACQUISITION_PHASE_ENCODING_STEPS_IN_PLANE, steps[1])
            .short(
                tags::MR_ACQUISITION_PHASE_ENCODING_STEPS_OUT_OF_PLANE,
                steps[2],
            )
            .decimals(tags::PERCENT_SAMPLING, &[100.0])
            .decimals(tags::PERCENT_PHASE_FIELD_OF_VIEW, &[100.0]);
    });
}

/// How the sequence was run: timing, echo, modifiers, coils, averages.
fn put_acquisition_groups(shared: &mut Elements, options: &MrWriteOptions) {
    shared
        .item(tags::MR_TIMING_AND_RELATED_PARAMETERS_SEQUENCE, |item| {
            item.decimals(tags::REPETITION_TIME, &[options.repetition_time_ms])
                .decimals(tags::FLIP_ANGLE, &[options.flip_angle_deg])
                .text(tags::ECHO_TRAIN_LENGTH, VR::IS, "1")
                .short(tags::RF_ECHO_TRAIN_LENGTH, 0)
                .short(tags::GRADIENT_ECHO_TRAIN_LENGTH, 1)
                .item(tags::OPERATING_MODE_SEQUENCE, |mode| {
                    mode.text(tags::OPERATING_MODE_TYPE, VR::CS, "STATIC FIELD")
                        .text(tags::OPERATING_MODE, VR::CS, "IEC_NORMAL");
                })
                .item(tags::SPECIFIC_ABSORPTION_RATE_SEQUENCE, |rate| {
                    let definition = tags::SPECIFIC_ABSORPTION_RATE_DEFINITION;
                    rate.text(definition, VR::CS, "IEC_WHOLE_BODY")
                        .double(tags::SPECIFIC_ABSORPTION_RATE_VALUE, 0.0);
                });
        })
        .item(tags::MR_ECHO_SEQUENCE, |item| {
            item.double(tags::EFFECTIVE_ECHO_TIME, options.echo_time_ms);
        })
        .item(tags::MR_MODIFIER_SEQUENCE, |item| {
            for (tag, term) in [
                (tags::INVERSION_RECOVERY, "NO"),
                (tags::FLOW_COMPENSATION, "NONE"),
                (tags::SPOILING, "RF"),
                (tags::T2_PREPARATION, "NO"),
                (tags::SPECTRALLY_SELECTED_EXCITATION, "NONE"),
                (tags::SPATIAL_PRESATURATION, "NONE"),
                (tags::PARTIAL_FOURIER, "NO"),
                (tags::PARALLEL_ACQUISITION, "NO"),
            ] {
                item.text(tag, VR::CS, term);
            }
        })
        .item(tags::MR_IMAGING_MODIFIER_SEQUENCE, |item| {
            item.text(tags::MAGNETIZATION_TRANSFER, VR::CS, "NONE")
                .text(tags::BLOOD_SIGNAL_NULLING, VR::CS, "NO")
                .text(tags::TAGGING, VR::CS, "NONE")
                .double(
                    tags::TRANSMITTER_FREQUENCY,
                    HYDROGEN_MHZ_PER_T * options.field_strength_t,
                )
                .decimals(tags::PIXEL_BANDWIDTH, &[options.pixel_bandwidth_hz]);
        })
        .item(tags::MR_RECEIVE_COIL_SEQUENCE, |item| {
            item.text(tags::RECEIVE_COIL_NAME, VR::SH, "BREAST")
                .empty(tags::RECEIVE_COIL_MANUFACTURER_NAME, VR::LO)
                .text(tags::RECEIVE_COIL_TYPE, VR::CS, "SURFACE")
                .text(tags::QUADRATURE_RECEIVE_COIL, VR::CS, "NO");
        })
        .item(tags::MR_TRANSMIT_COIL_SEQUENCE, |item| {
            item.text(tags::TRANSMIT_COIL_NAME, VR::SH, "BODY")
                .empty(tags::TRANSMIT_COIL_MANUFACTURER_NAME, VR::LO)
                .text(tags::TRANSMIT_COIL_TYPE, VR::CS, "BODY");
        })
        .item(tags::MR_AVERAGES_SEQUENCE, |item| {
            item.decimals(tags::NUMBER_OF_AVERAGES, &[1.0]);
        });
}
