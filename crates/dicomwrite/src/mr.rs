//! MR images out: the phases of a dynamic series in the ways that scanners lay them out.

use crate::DicomWriteError;
use crate::elements::{Elements, time_of_day, uid};
use dicom_core::VR;
use dicom_dictionary_std::tags;
use std::path::{Path, PathBuf};
use triher_volume::{DynamicSeries, Geometry, Image};

/// MR Image Storage.
const MR_IMAGE: &str = "1.2.840.10008.5.1.4.1.1.4";
/// Enhanced MR Image Storage.
const ENHANCED_MR: &str = "1.2.840.10008.5.1.4.1.1.4.1";

/// How the phases are laid out in series and tags.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PhaseLayout {
    /// One series a phase, told apart by AcquisitionTime.
    SeriesPerPhase,
    /// One series, with TemporalPositionIdentifier.
    OneSeriesTemporalPosition,
    /// One series, with TriggerTime.
    OneSeriesTriggerTime,
    /// One enhanced multi-frame object with all phases.
    EnhancedMultiFrame,
}

/// Who and what the images show, as the tags say it.
#[derive(Clone, Debug, PartialEq)]
pub struct MrWriteOptions {
    /// How phases are laid out.
    pub layout: PhaseLayout,
    /// PatientID; also the patient's name, so that no viewer shows an empty one.
    pub patient_id: String,
    /// PatientAge.
    pub age_years: Option<u32>,
    /// What the unique identifiers are derived from: the same text gives the same identifiers.
    pub uid_seed: String,
    /// StudyDate, `YYYYMMDD`.
    pub study_date: String,
    /// Start of the pre-contrast phase, in seconds after midnight.
    pub start_s: f64,
    /// StudyDescription.
    pub study_description: String,
    /// SeriesDescription.
    pub series_description: String,
    /// Manufacturer.
    pub manufacturer: String,
    /// ManufacturerModelName.
    pub model_name: String,
    /// InstitutionName.
    pub institution: Option<String>,
    /// MagneticFieldStrength, tesla.
    pub field_strength_t: f64,
    /// RepetitionTime, milliseconds.
    pub repetition_time_ms: f64,
    /// EchoTime, milliseconds.
    pub echo_time_ms: f64,
    /// FlipAngle, degrees.
    pub flip_angle_deg: f64,
    /// ContrastBolusAgent of the phases after contrast; not written to enhanced objects, where it would
    /// hold for all frames.
    pub contrast_agent: Option<String>,
}

impl Default for MrWriteOptions {
    fn default() -> Self {
        Self {
            layout: PhaseLayout::SeriesPerPhase,
            patient_id: "anonymous".to_owned(),
            age_years: None,
            uid_seed: "triher".to_owned(),
            study_date: "20000101".to_owned(),
            start_s: 36_000.0,
            study_description: "Breast DCE-MRI".to_owned(),
            series_description: "T1 3D dynamic".to_owned(),
            manufacturer: "TriHER".to_owned(),
            model_name: "none".to_owned(),
            institution: None,
            field_strength_t: 1.5,
            repetition_time_ms: 5.0,
            echo_time_ms: 2.0,
            flip_angle_deg: 12.0,
            contrast_agent: None,
        }
    }
}

/// The images that were written, as a segmentation refers to them.
#[derive(Clone, Debug, PartialEq)]
pub struct WrittenImages {
    /// Files, phase after phase, slice after slice.
    pub files: Vec<PathBuf>,
    /// SOP class of the images.
    pub(crate) class: &'static str,
    /// Series of the pre-contrast phase.
    pub(crate) series: String,
    /// Instance of each slice of the pre-contrast phase; one for all frames of an enhanced object.
    pub(crate) instances: Vec<String>,
}

/// Identifiers that a study's objects share.
pub(crate) fn study_uid(options: &MrWriteOptions) -> String {
    uid(&format!("{} study", options.uid_seed))
}

pub(crate) fn frame_of_reference_uid(options: &MrWriteOptions) -> String {
    uid(&format!("{} frame of reference", options.uid_seed))
}

/// Writes the phases into a folder, which must exist.
///
/// Whole numbers from -32,768 to 65,535 are stored as they are; anything else with RescaleSlope and RescaleIntercept over 65,536 steps
/// of its range, the same for all phases. The same input gives the same bytes.
///
/// # Errors
/// Voxels that are not finite, grids with axes that are not at right angles (DICOM cannot say them), files that cannot be written.
pub fn write_mr_phases(
    folder: &Path,
    options: &MrWriteOptions,
    series: &DynamicSeries,
) -> Result<WrittenImages, DicomWriteError> {
    check_right_angles(series.geometry())?;
    let scale = Scale::of(series)?;
    match options.layout {
        PhaseLayout::EnhancedMultiFrame => write_enhanced(folder, options, series, &scale),
        _ => write_slices(folder, options, series, &scale),
    }
}

pub(crate) fn check_right_angles(grid: &Geometry) -> Result<(), DicomWriteError> {
    let d = grid.directions();
    let dot = |a: usize, b: usize| (0..3).map(|r| d[a][r] * d[b][r]).sum::<f64>().abs();
    if dot(0, 1) > 1e-4 || dot(0, 2) > 1e-4 || dot(1, 2) > 1e-4 {
        return Err(DicomWriteError::Input(format!(
            "a grid whose axes are not at right angles cannot be written as DICOM: {grid}. Resample it first."
        )));
    }
    Ok(())
}

/// How voxels become stored numbers.
struct Scale {
    slope: f64,
    intercept: f64,
    signed: bool,
}

impl Scale {
    fn of(series: &DynamicSeries) -> Result<Self, DicomWriteError> {
        let (mut low, mut high, mut whole) = (f64::INFINITY, f64::NEG_INFINITY, true);
        for phase in series.phases() {
            for &value in phase.image.voxels() {
                let value = f64::from(value);
                if !value.is_finite() {
                    return Err(DicomWriteError::Input(
                        "an image with voxels that are not finite cannot be written as DICOM"
                            .to_owned(),
                    ));
                }
                low = low.min(value);
                high = high.max(value);
                whole &= value.fract() == 0.0;
            }
        }
        if whole && low >= 0.0 && high <= 65_535.0 {
            return Ok(Self {
                slope: 1.0,
                intercept: 0.0,
                signed: false,
            });
        }
        if whole && low >= -32_768.0 && high <= 32_767.0 {
            return Ok(Self {
                slope: 1.0,
                intercept: 0.0,
                signed: true,
            });
        }
        // Rounded to what a decimal string holds, so that reader and writer use the same numbers.
        let rounded = |v: f64| crate::elements::decimal(v).parse().unwrap_or(v);
        let slope: f64 = rounded(((high - low) / 65_000.0).max(f64::MIN_POSITIVE * 1e10));
        Ok(Self {
            slope,
            intercept: rounded(low),
            signed: false,
        })
    }

    fn stored(&self, value: f32) -> [u8; 2] {
        let number = ((f64::from(value) - self.intercept) / self.slope).round();
        if self.signed {
            (number as i16).to_le_bytes()
        } else {
            (number as u16).to_le_bytes()
        }
    }

    fn pixels(&self, voxels: &[f32]) -> Vec<u8> {
        voxels.iter().flat_map(|&v| self.stored(v)).collect()
    }

    fn put(&self, e: &mut Elements) {
        e.short(tags::SAMPLES_PER_PIXEL, 1)
            .text(tags::PHOTOMETRIC_INTERPRETATION, VR::CS, "MONOCHROME2")
            .short(tags::BITS_ALLOCATED, 16)
            .short(tags::BITS_STORED, 16)
            .short(tags::HIGH_BIT, 15)
            .short(tags::PIXEL_REPRESENTATION, u16::from(self.signed));
    }
}

/// What all objects of the study share.
pub(crate) fn put_patient_and_study(e: &mut Elements, options: &MrWriteOptions) {
    e.text(tags::SPECIFIC_CHARACTER_SET, VR::CS, "ISO_IR 192")
        .text(
            tags::PATIENT_NAME,
            VR::PN,
            &format!("{}^", options.patient_id),
        )
        .text(tags::PATIENT_ID, VR::LO, &options.patient_id)
        .empty(tags::PATIENT_BIRTH_DATE, VR::DA)
        .text(tags::PATIENT_SEX, VR::CS, "F")
        .text(tags::STUDY_INSTANCE_UID, VR::UI, &study_uid(options))
        .text(tags::STUDY_DATE, VR::DA, &options.study_date)
        .text(tags::STUDY_TIME, VR::TM, &time_of_day(options.start_s))
        .empty(tags::REFERRING_PHYSICIAN_NAME, VR::PN)
        .text(tags::STUDY_ID, VR::SH, "1")
        .empty(tags::ACCESSION_NUMBER, VR::SH)
        .text(tags::STUDY_DESCRIPTION, VR::LO, &options.study_description)
        .text(
            tags::FRAME_OF_REFERENCE_UID,
            VR::UI,
            &frame_of_reference_uid(options),
        )
        .empty(tags::POSITION_REFERENCE_INDICATOR, VR::LO);
    if let Some(age) = options.age_years {
        e.text(tags::PATIENT_AGE, VR::AS, &format!("{age:03}Y"));
    }
}

fn put_equipment(e: &mut Elements, options: &MrWriteOptions) {
    e.text(tags::MANUFACTURER, VR::LO, &options.manufacturer)
        .text(tags::MANUFACTURER_MODEL_NAME, VR::LO, &options.model_name)
        .text(tags::DEVICE_SERIAL_NUMBER, VR::LO, "0")
        .text(tags::SOFTWARE_VERSIONS, VR::LO, env!("CARGO_PKG_VERSION"))
        .text(tags::MODALITY, VR::CS, "MR")
        // Breasts are imaged prone, head first.
        .text(tags::PATIENT_POSITION, VR::CS, "HFP")
        .text(tags::BODY_PART_EXAMINED, VR::CS, "BREAST")
        .decimals(tags::MAGNETIC_FIELD_STRENGTH, &[options.field_strength_t]);
    if let Some(institution) = &options.institution {
        e.text(tags::INSTITUTION_NAME, VR::LO, institution);
    }
}

fn put_sequence_parameters(e: &mut Elements, options: &MrWriteOptions) {
    e.text(tags::SCANNING_SEQUENCE, VR::CS, "GR")
        .text(tags::SEQUENCE_VARIANT, VR::CS, "SP")
        .empty(tags::SCAN_OPTIONS, VR::CS)
        .text(tags::MR_ACQUISITION_TYPE, VR::CS, "3D")
        .decimals(tags::REPETITION_TIME, &[options.repetition_time_ms])
        .decimals(tags::ECHO_TIME, &[options.echo_time_ms])
        .text(tags::ECHO_TRAIN_LENGTH, VR::IS, "1")
        .decimals(tags::FLIP_ANGLE, &[options.flip_angle_deg]);
}

/// ImageOrientationPatient: direction of the rows (`i`), then of the columns (`j`).
pub(crate) fn orientation(grid: &Geometry) -> [f64; 6] {
    let [i, j, _] = grid.directions();
    [i[0], i[1], i[2], j[0], j[1], j[2]]
}

/// PixelSpacing: distance between rows (along `j`), then between columns (along `i`).
pub(crate) fn pixel_spacing(grid: &Geometry) -> [f64; 2] {
    let spacing = grid.spacing_mm();
    [spacing[1], spacing[0]]
}

pub(crate) fn slice_position(grid: &Geometry, slice: usize) -> [f64; 3] {
    grid.index_to_world([0.0, 0.0, slice as f64])
}

fn slice_voxels(image: &Image, slice: usize) -> &[f32] {
    let [ni, nj, _] = image.geometry().size();
    &image.voxels()[slice * ni * nj..(slice + 1) * ni * nj]
}

fn write_slices(
    folder: &Path,
    options: &MrWriteOptions,
    series: &DynamicSeries,
    scale: &Scale,
) -> Result<WrittenImages, DicomWriteError> {
    let grid = series.geometry();
    let [ni, nj, nk] = grid.size();
    let series_uid = |phase: usize| match options.layout {
        PhaseLayout::SeriesPerPhase => uid(&format!("{} series {phase}", options.uid_seed)),
        _ => uid(&format!("{} series", options.uid_seed)),
    };
    let mut common = Elements::new();
    put_patient_and_study(&mut common, options);
    put_equipment(&mut common, options);
    put_sequence_parameters(&mut common, options);
    scale.put(&mut common);
    common
        .text(tags::SOP_CLASS_UID, VR::UI, MR_IMAGE)
        .empty(tags::LATERALITY, VR::CS)
        .texts(
            tags::IMAGE_TYPE,
            VR::CS,
            &["ORIGINAL", "PRIMARY", "OTHER", "NONE"].map(str::to_owned),
        )
        .short(tags::ROWS, nj as u16)
        .short(tags::COLUMNS, ni as u16)
        .decimals(tags::PIXEL_SPACING, &pixel_spacing(grid))
        .decimals(tags::SLICE_THICKNESS, &[grid.spacing_mm()[2]])
        .decimals(tags::SPACING_BETWEEN_SLICES, &[grid.spacing_mm()[2]])
        .decimals(tags::IMAGE_ORIENTATION_PATIENT, &orientation(grid));
    if (scale.slope, scale.intercept) != (1.0, 0.0) {
        common
            .decimals(tags::RESCALE_INTERCEPT, &[scale.intercept])
            .decimals(tags::RESCALE_SLOPE, &[scale.slope])
            .text(tags::RESCALE_TYPE, VR::LO, "US");
    }
    let mut written = WrittenImages {
        files: Vec::new(),
        class: MR_IMAGE,
        series: series_uid(0),
        instances: Vec::new(),
    };
    for (number, phase) in series.phases().iter().enumerate() {
        let time_s = phase.time_s.unwrap_or(number as f64);
        let time = time_of_day(options.start_s + time_s);
        for slice in 0..nk {
            let instance = uid(&format!("{} image {number} {slice}", options.uid_seed));
            let mut e = common.clone();
            let own_series = options.layout == PhaseLayout::SeriesPerPhase;
            let image_number = if own_series {
                slice + 1
            } else {
                number * nk + slice + 1
            };
            e.text(tags::SOP_INSTANCE_UID, VR::UI, &instance)
                .text(tags::SERIES_INSTANCE_UID, VR::UI, &series_uid(number))
                .text(
                    tags::SERIES_NUMBER,
                    VR::IS,
                    &if own_series { 10 + number } else { 10 }.to_string(),
                )
                .text(
                    tags::SERIES_DESCRIPTION,
                    VR::LO,
                    &options.series_description,
                )
                .text(tags::INSTANCE_NUMBER, VR::IS, &image_number.to_string())
                .text(
                    tags::ACQUISITION_NUMBER,
                    VR::IS,
                    &if own_series { 1 } else { number + 1 }.to_string(),
                )
                .text(tags::ACQUISITION_DATE, VR::DA, &options.study_date)
                .text(tags::ACQUISITION_TIME, VR::TM, &time)
                .text(tags::CONTENT_DATE, VR::DA, &options.study_date)
                .text(tags::CONTENT_TIME, VR::TM, &time)
                .decimals(tags::IMAGE_POSITION_PATIENT, &slice_position(grid, slice));
            match options.layout {
                PhaseLayout::OneSeriesTemporalPosition => {
                    e.text(
                        tags::TEMPORAL_POSITION_IDENTIFIER,
                        VR::IS,
                        &(number + 1).to_string(),
                    )
                    .text(
                        tags::NUMBER_OF_TEMPORAL_POSITIONS,
                        VR::IS,
                        &series.phases().len().to_string(),
                    );
                }
                PhaseLayout::OneSeriesTriggerTime => {
                    // A scanner of this kind gives every image the time at which the series began.
                    let start = time_of_day(options.start_s);
                    e.decimals(tags::TRIGGER_TIME, &[time_s * 1000.0])
                        .text(tags::ACQUISITION_TIME, VR::TM, &start)
                        .text(tags::CONTENT_TIME, VR::TM, &start);
                }
                _ => {}
            }
            if let Some(agent) = options.contrast_agent.as_ref().filter(|_| number > 0) {
                e.text(tags::CONTRAST_BOLUS_AGENT, VR::LO, agent);
            }
            e.bytes(
                tags::PIXEL_DATA,
                VR::OW,
                scale.pixels(slice_voxels(&phase.image, slice)),
            );
            let file = folder.join(format!("phase{number}-slice{:03}.dcm", slice + 1));
            e.write(&file, MR_IMAGE, &instance)?;
            written.files.push(file);
            if number == 0 {
                written.instances.push(instance);
            }
        }
    }
    Ok(written)
}

fn write_enhanced(
    folder: &Path,
    options: &MrWriteOptions,
    series: &DynamicSeries,
    scale: &Scale,
) -> Result<WrittenImages, DicomWriteError> {
    let grid = series.geometry();
    let [ni, nj, nk] = grid.size();
    let series_uid = uid(&format!("{} series", options.uid_seed));
    let instance = uid(&format!("{} enhanced", options.uid_seed));
    let dimensions = uid(&format!("{} dimensions", options.uid_seed));
    let phases = series.phases().len();
    let times: Vec<f64> = series
        .phases()
        .iter()
        .enumerate()
        .map(|(n, p)| p.time_s.unwrap_or(n as f64))
        .collect();
    let date_time = |seconds: f64| {
        format!(
            "{}{}",
            options.study_date,
            time_of_day(options.start_s + seconds)
        )
    };
    let mut e = Elements::new();
    put_patient_and_study(&mut e, options);
    put_equipment(&mut e, options);
    scale.put(&mut e);
    let start = time_of_day(options.start_s);
    e.text(tags::SOP_CLASS_UID, VR::UI, ENHANCED_MR)
        .text(tags::SOP_INSTANCE_UID, VR::UI, &instance)
        .text(tags::SERIES_INSTANCE_UID, VR::UI, &series_uid)
        .text(tags::SERIES_NUMBER, VR::IS, "10")
        .text(
            tags::SERIES_DESCRIPTION,
            VR::LO,
            &options.series_description,
        )
        .text(tags::INSTANCE_NUMBER, VR::IS, "1")
        .text(tags::ACQUISITION_NUMBER, VR::IS, "1")
        .text(tags::CONTENT_DATE, VR::DA, &options.study_date)
        .text(tags::CONTENT_TIME, VR::TM, &start)
        .text(tags::ACQUISITION_DATE_TIME, VR::DT, &date_time(0.0))
        .double(
            tags::ACQUISITION_DURATION,
            times.last().copied().unwrap_or(0.0),
        )
        .texts(
            tags::IMAGE_TYPE,
            VR::CS,
            &["ORIGINAL", "PRIMARY", "DYNAMIC", "NONE"].map(str::to_owned),
        )
        .text(tags::PIXEL_PRESENTATION, VR::CS, "MONOCHROME")
        .text(tags::VOLUMETRIC_PROPERTIES, VR::CS, "VOLUME")
        .text(tags::VOLUME_BASED_CALCULATION_TECHNIQUE, VR::CS, "NONE")
        .text(tags::COMPLEX_IMAGE_COMPONENT, VR::CS, "MAGNITUDE")
        .text(tags::ACQUISITION_CONTRAST, VR::CS, "T1")
        .text(tags::CONTENT_QUALIFICATION, VR::CS, "RESEARCH")
        .text(tags::RESONANT_NUCLEUS, VR::CS, "1H")
        .text(tags::BURNED_IN_ANNOTATION, VR::CS, "NO")
        .text(tags::LOSSY_IMAGE_COMPRESSION, VR::CS, "00")
        .text(tags::PRESENTATION_LUT_SHAPE, VR::CS, "IDENTITY")
        .short(tags::ROWS, nj as u16)
        .short(tags::COLUMNS, ni as u16)
        .text(tags::NUMBER_OF_FRAMES, VR::IS, &(phases * nk).to_string())
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
            dimension(tags::TEMPORAL_POSITION_INDEX, tags::FRAME_CONTENT_SEQUENCE),
            dimension(tags::IN_STACK_POSITION_NUMBER, tags::FRAME_CONTENT_SEQUENCE),
        ],
    );
    e.item(tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE, |shared| {
        put_shared_groups(shared, options, grid, scale)
    });
    let mut frames = Vec::with_capacity(phases * nk);
    let mut pixels = Vec::with_capacity(phases * ni * nj * nk * 2);
    for (number, phase) in series.phases().iter().enumerate() {
        for slice in 0..nk {
            let mut frame = Elements::new();
            frame
                .item(tags::FRAME_CONTENT_SEQUENCE, |item| {
                    item.text(
                        tags::FRAME_ACQUISITION_DATE_TIME,
                        VR::DT,
                        &date_time(times[number]),
                    )
                    .text(
                        tags::FRAME_REFERENCE_DATE_TIME,
                        VR::DT,
                        &date_time(times[number]),
                    )
                    .double(tags::FRAME_ACQUISITION_DURATION, 1000.0)
                    .text(tags::STACK_ID, VR::SH, "1")
                    .longs(tags::IN_STACK_POSITION_NUMBER, &[slice as u32 + 1])
                    .longs(tags::TEMPORAL_POSITION_INDEX, &[number as u32 + 1])
                    .longs(
                        tags::DIMENSION_INDEX_VALUES,
                        &[number as u32 + 1, slice as u32 + 1],
                    );
                })
                .item(tags::PLANE_POSITION_SEQUENCE, |item| {
                    item.decimals(tags::IMAGE_POSITION_PATIENT, &slice_position(grid, slice));
                });
            frames.push(frame);
            pixels.extend(scale.pixels(slice_voxels(&phase.image, slice)));
        }
    }
    e.sequence(tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE, frames);
    e.bytes(tags::PIXEL_DATA, VR::OW, pixels);
    let file = folder.join("enhanced.dcm");
    e.write(&file, ENHANCED_MR, &instance)?;
    Ok(WrittenImages {
        files: vec![file],
        class: ENHANCED_MR,
        series: series_uid,
        instances: vec![instance],
    })
}

/// Functional groups that all frames of an enhanced object share.
fn put_shared_groups(
    shared: &mut Elements,
    options: &MrWriteOptions,
    grid: &Geometry,
    scale: &Scale,
) {
    shared
        .item(tags::PIXEL_MEASURES_SEQUENCE, |item| {
            item.decimals(tags::PIXEL_SPACING, &pixel_spacing(grid))
                .decimals(tags::SLICE_THICKNESS, &[grid.spacing_mm()[2]])
                .decimals(tags::SPACING_BETWEEN_SLICES, &[grid.spacing_mm()[2]]);
        })
        .item(tags::PLANE_ORIENTATION_SEQUENCE, |item| {
            item.decimals(tags::IMAGE_ORIENTATION_PATIENT, &orientation(grid));
        })
        .item(tags::PIXEL_VALUE_TRANSFORMATION_SEQUENCE, |item| {
            item.decimals(tags::RESCALE_INTERCEPT, &[scale.intercept])
                .decimals(tags::RESCALE_SLOPE, &[scale.slope])
                .text(tags::RESCALE_TYPE, VR::LO, "US");
        })
        .item(tags::FRAME_ANATOMY_SEQUENCE, |item| {
            item.text(tags::FRAME_LATERALITY, VR::CS, "U").code(
                tags::ANATOMIC_REGION_SEQUENCE,
                ("76752008", "SCT", "Breast"),
            );
        })
        .item(tags::MR_IMAGE_FRAME_TYPE_SEQUENCE, |item| {
            item.texts(
                tags::FRAME_TYPE,
                VR::CS,
                &["ORIGINAL", "PRIMARY", "DYNAMIC", "NONE"].map(str::to_owned),
            )
            .text(tags::PIXEL_PRESENTATION, VR::CS, "MONOCHROME")
            .text(tags::VOLUMETRIC_PROPERTIES, VR::CS, "VOLUME")
            .text(tags::VOLUME_BASED_CALCULATION_TECHNIQUE, VR::CS, "NONE")
            .text(tags::COMPLEX_IMAGE_COMPONENT, VR::CS, "MAGNITUDE")
            .text(tags::ACQUISITION_CONTRAST, VR::CS, "T1");
        })
        .item(tags::MR_TIMING_AND_RELATED_PARAMETERS_SEQUENCE, |item| {
            item.decimals(tags::REPETITION_TIME, &[options.repetition_time_ms])
                .decimals(tags::FLIP_ANGLE, &[options.flip_angle_deg])
                .text(tags::ECHO_TRAIN_LENGTH, VR::IS, "1")
                .short(tags::RF_ECHO_TRAIN_LENGTH, 0)
                .short(tags::GRADIENT_ECHO_TRAIN_LENGTH, 1)
                .item(tags::SPECIFIC_ABSORPTION_RATE_SEQUENCE, |rate| {
                    rate.text(
                        tags::SPECIFIC_ABSORPTION_RATE_DEFINITION,
                        VR::CS,
                        "IEC_WHOLE_BODY",
                    )
                    .double(tags::SPECIFIC_ABSORPTION_RATE_VALUE, 0.0);
                });
        })
        .item(tags::MR_ECHO_SEQUENCE, |item| {
            item.double(tags::EFFECTIVE_ECHO_TIME, options.echo_time_ms);
        });
}
