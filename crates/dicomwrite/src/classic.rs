//! Classic MR objects: one file a slice (PS3.3, A.4).

use crate::elements::{Elements, uid};
use crate::modules::{
    PatientStudy, frame_of_reference_uid, put_equipment, put_frame_of_reference, put_laterality,
    put_orientation, put_position, put_size, put_spacing, slices,
};
use crate::mr::{PhaseMoment, WrittenImages};
use crate::source::{SourceImages, SourceSlice};
use crate::stored::Scale;
use crate::{DicomWriteError, MrWriteOptions, PhaseLayout};
use dicom_core::VR;
use dicom_dictionary_std::{tags, uids};
use std::path::Path;
use triher_volume::{DynamicSeries, Geometry};

/// Writes one file a slice.
pub(crate) fn write(
    folder: &Path,
    options: &MrWriteOptions,
    series: &DynamicSeries,
    scale: &Scale,
    moments: &[PhaseMoment],
) -> Result<WrittenImages, DicomWriteError> {
    let grid = series.geometry();
    let nk = grid.size()[2];
    let start = options.checked()?;
    let patient = PatientStudy::of(options, start);
    let own_series = options.layout == PhaseLayout::SeriesPerPhase;
    let series_uid = |phase: usize| match own_series {
        true => uid(&format!("{} series {phase}", options.uid_seed)),
        false => uid(&format!("{} series", options.uid_seed)),
    };
    let common = common(options, grid, scale, &patient);
    let mut files = Vec::with_capacity(series.phases().len() * nk);
    let mut sources = Vec::with_capacity(nk);
    for (number, phase) in series.phases().iter().enumerate() {
        let mut of_phase = common.clone();
        let e = &mut of_phase;
        let series_number = if own_series { number } else { 0 } + options.series_number as usize;
        e.text(tags::SERIES_INSTANCE_UID, VR::UI, &series_uid(number))
            .text(tags::SERIES_NUMBER, VR::IS, &series_number.to_string());
        let acquisition = if own_series { 1 } else { number + 1 };
        e.text(tags::ACQUISITION_NUMBER, VR::IS, &acquisition.to_string());
        put_times(e, options, moments, number);
        if options.layout == PhaseLayout::OneSeriesTemporalPosition {
            let (position, of) = (number + 1, series.phases().len());
            e.text(
                tags::TEMPORAL_POSITION_IDENTIFIER,
                VR::IS,
                &position.to_string(),
            )
            .text(tags::NUMBER_OF_TEMPORAL_POSITIONS, VR::IS, &of.to_string());
        }
        if let Some(agent) = options.contrast_agent.as_ref().filter(|_| number > 0) {
            e.text(tags::CONTRAST_BOLUS_AGENT, VR::LO, agent);
        }
        for (slice, voxels) in slices(&phase.image).enumerate() {
            let instance = uid(&format!("{} image {number} {slice}", options.uid_seed));
            let image_number = 1 + slice + if own_series { 0 } else { number * nk };
            let mut e = of_phase.clone();
            e.text(tags::SOP_INSTANCE_UID, VR::UI, &instance).text(
                tags::INSTANCE_NUMBER,
                VR::IS,
                &image_number.to_string(),
            );
            put_position(&mut e, grid, slice);
            e.bytes(tags::PIXEL_DATA, VR::OW, scale.pixels(voxels).collect());
            let file = folder.join(format!("phase{number}-slice{:03}.dcm", slice + 1));
            e.write(&file, uids::MR_IMAGE_STORAGE, &instance)?;
            files.push(file);
            if number == 0 {
                sources.push(SourceSlice {
                    sop_instance_uid: instance,
                    frame: None,
                });
            }
        }
    }
    Ok(WrittenImages {
        files,
        source: SourceImages {
            patient,
            geometry: *grid,
            frame_of_reference_uid: frame_of_reference_uid(options),
            sop_class_uid: uids::MR_IMAGE_STORAGE.to_owned(),
            series_instance_uid: series_uid(0),
            slices: sources,
        },
    })
}

/// What all images say alike.
fn common(
    options: &MrWriteOptions,
    grid: &Geometry,
    scale: &Scale,
    patient: &PatientStudy,
) -> Elements {
    let mut common = Elements::new();
    let e = &mut common;
    patient.put(e);
    put_frame_of_reference(e, &frame_of_reference_uid(options));
    put_equipment(e, options);
    put_laterality(e, options.laterality);
    put_size(e, grid);
    put_spacing(e, grid);
    put_orientation(e, grid);
    scale.put(e);
    // Not part of the classic MR object, though scanners write them: only where they say something.
    if !scale.is_identity() {
        scale.put_rescale(e);
    }
    e.text(tags::SOP_CLASS_UID, VR::UI, uids::MR_IMAGE_STORAGE)
        .text(
            tags::SERIES_DESCRIPTION,
            VR::LO,
            &options.series_description,
        )
        .texts(
            tags::IMAGE_TYPE,
            VR::CS,
            &["ORIGINAL", "PRIMARY", "OTHER", "NONE"].map(str::to_owned),
        )
        .text(tags::SCANNING_SEQUENCE, VR::CS, "GR")
        .text(tags::SEQUENCE_VARIANT, VR::CS, "SP")
        .empty(tags::SCAN_OPTIONS, VR::CS)
        .text(tags::MR_ACQUISITION_TYPE, VR::CS, "3D")
        .decimals(tags::REPETITION_TIME, &[options.repetition_time_ms])
        .decimals(tags::ECHO_TIME, &[options.echo_time_ms])
        .text(tags::ECHO_TRAIN_LENGTH, VR::IS, "1")
        .decimals(tags::FLIP_ANGLE, &[options.flip_angle_deg]);
    common
}

/// Times of a phase; nothing where the phases have none.
fn put_times(e: &mut Elements, options: &MrWriteOptions, moments: &[PhaseMoment], phase: usize) {
    let (Some(first), Some(here)) = (moments.first(), moments.get(phase)) else {
        return;
    };
    let at = if options.layout == PhaseLayout::OneSeriesTriggerTime {
        // A scanner of this kind gives every image the time at which the series began.
        e.decimals(tags::TRIGGER_TIME, &[here.time_s * 1000.0]);
        first.moment
    } else {
        here.moment
    };
    e.text(tags::ACQUISITION_DATE, VR::DA, &at.date())
        .text(tags::ACQUISITION_TIME, VR::TM, &at.time())
        .text(tags::CONTENT_DATE, VR::DA, &at.date())
        .text(tags::CONTENT_TIME, VR::TM, &at.time());
}
