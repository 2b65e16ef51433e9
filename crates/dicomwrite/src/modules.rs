//! The modules that all objects of a study share (PS3.3, annex C), and where slices lie.

use crate::DicomWriteError;
use crate::elements::{Elements, uid};
use crate::moment::Moment;
use crate::options::{Laterality, MrWriteOptions};
use dicom_core::VR;
use dicom_dictionary_std::tags;
use triher_volume::{Geometry, Image};

/// The longest value of an element with a length of 32 bits, even and not "undefined".
const MAX_VALUE_BYTES: usize = 0xffff_fffe;

/// Patient and study as their attributes say them: what an object has in common with the images it belongs to.
///
/// Values are written as they stand; an empty text is an empty attribute.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PatientStudy {
    /// PatientName.
    pub patient_name: String,
    /// PatientID.
    pub patient_id: String,
    /// PatientBirthDate, `YYYYMMDD`.
    pub birth_date: String,
    /// PatientSex.
    pub sex: String,
    /// PatientAge, such as `051Y`; left out when empty.
    pub age: String,
    /// StudyInstanceUID.
    pub study_instance_uid: String,
    /// StudyDate, `YYYYMMDD`.
    pub study_date: String,
    /// StudyTime, `HHMMSS`.
    pub study_time: String,
    /// StudyID.
    pub study_id: String,
    /// AccessionNumber.
    pub accession_number: String,
    /// ReferringPhysicianName.
    pub referring_physician: String,
    /// StudyDescription; left out when empty.
    pub study_description: String,
}

impl PatientStudy {
    /// Patient and study of images that this crate writes.
    pub(crate) fn of(options: &MrWriteOptions, start: Moment) -> Self {
        Self {
            patient_name: format!("{}^", options.patient_id),
            patient_id: options.patient_id.clone(),
            sex: options.sex.map(String::from).unwrap_or_default(),
            age: options
                .age_years
                .map(|a| format!("{a:03}Y"))
                .unwrap_or_default(),
            study_instance_uid: uid(&format!("{} study", options.uid_seed)),
            study_date: start.date(),
            study_time: start.time(),
            study_id: "1".to_owned(),
            study_description: options.study_description.clone(),
            ..Self::default()
        }
    }

    /// Puts the modules Patient, General Study and Patient Study (PS3.3, C.7.1.1, C.7.2.1, C.7.2.2).
    pub(crate) fn put(&self, e: &mut Elements) {
        e.text(tags::SPECIFIC_CHARACTER_SET, VR::CS, "ISO_IR 192");
        for (tag, vr, value) in [
            (tags::PATIENT_NAME, VR::PN, &self.patient_name),
            (tags::PATIENT_ID, VR::LO, &self.patient_id),
            (tags::PATIENT_BIRTH_DATE, VR::DA, &self.birth_date),
            (tags::PATIENT_SEX, VR::CS, &self.sex),
            (tags::STUDY_INSTANCE_UID, VR::UI, &self.study_instance_uid),
            (tags::STUDY_DATE, VR::DA, &self.study_date),
            (tags::STUDY_TIME, VR::TM, &self.study_time),
            (
                tags::REFERRING_PHYSICIAN_NAME,
                VR::PN,
                &self.referring_physician,
            ),
            (tags::STUDY_ID, VR::SH, &self.study_id),
            (tags::ACCESSION_NUMBER, VR::SH, &self.accession_number),
        ] {
            if value.is_empty() {
                e.empty(tag, vr);
            } else {
                e.text(tag, vr, value);
            }
        }
        for (tag, vr, value) in [
            (tags::PATIENT_AGE, VR::AS, &self.age),
            (tags::STUDY_DESCRIPTION, VR::LO, &self.study_description),
        ] {
            if !value.is_empty() {
                e.text(tag, vr, value);
            }
        }
    }
}

/// The frame of reference of images that this crate writes.
pub(crate) fn frame_of_reference_uid(options: &MrWriteOptions) -> String {
    uid(&format!("{} frame of reference", options.uid_seed))
}

/// Puts the module Frame of Reference (PS3.3, C.7.4.1).
pub(crate) fn put_frame_of_reference(e: &mut Elements, uid: &str) {
    e.text(tags::FRAME_OF_REFERENCE_UID, VR::UI, uid)
        .empty(tags::POSITION_REFERENCE_INDICATOR, VR::LO);
}

/// Puts the equipment, and what classic and enhanced series share.
pub(crate) fn put_equipment(e: &mut Elements, options: &MrWriteOptions) {
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

/// Puts the laterality of a classic image: of the series where it is one side, of the image where it is both
/// (PS3.3, C.7.3.1, Laterality).
pub(crate) fn put_laterality(e: &mut Elements, laterality: Laterality) {
    let tag = match laterality {
        Laterality::Both => tags::IMAGE_LATERALITY,
        _ => tags::LATERALITY,
    };
    e.text(tag, VR::CS, laterality.term());
}

/// Checks that a grid can be said in DICOM: axes at right angles, rows and columns within 16 bits.
pub(crate) fn check_grid(grid: &Geometry) -> Result<(), DicomWriteError> {
    let d = grid.directions();
    let dot = |a: usize, b: usize| (0..3).map(|r| d[a][r] * d[b][r]).sum::<f64>().abs();
    if dot(0, 1) > 1e-4 || dot(0, 2) > 1e-4 || dot(1, 2) > 1e-4 {
        return Err(DicomWriteError::NotRightAngles {
            grid: Box::new(*grid),
        });
    }
    let [columns, rows, _] = grid.size();
    within("rows", rows, usize::from(u16::MAX))?;
    within("columns", columns, usize::from(u16::MAX))
}

/// Checks a count against the most that there may be.
pub(crate) fn within(
    what: &'static str,
    found: usize,
    allowed: usize,
) -> Result<(), DicomWriteError> {
    if found > allowed {
        return Err(DicomWriteError::TooLarge {
            what,
            found,
            allowed,
        });
    }
    Ok(())
}

/// Checks the frames of one object and the length of their pixels, each `bits` long.
pub(crate) fn check_frames(
    grid: &Geometry,
    frames: usize,
    bits: usize,
) -> Result<(), DicomWriteError> {
    // NumberOfFrames is an IS, 32 bits with a sign.
    within("frames", frames, i32::MAX as usize)?;
    let [columns, rows, _] = grid.size();
    let pixels = [rows, columns, frames, bits]
        .into_iter()
        .fold(1usize, usize::saturating_mul);
    within("bytes of pixels", pixels.div_ceil(8), MAX_VALUE_BYTES)
}

/// Rows and columns of a slice.
pub(crate) fn put_size(e: &mut Elements, grid: &Geometry) {
    // Checked by `check_grid`.
    let [columns, rows, _] = grid.size().map(|n| u16::try_from(n).unwrap_or(u16::MAX));
    e.short(tags::ROWS, rows).short(tags::COLUMNS, columns);
}

/// PixelSpacing (between rows, along `j`; then between columns, along `i`) and the distance of slices.
pub(crate) fn put_spacing(e: &mut Elements, grid: &Geometry) {
    let [i, j, k] = grid.spacing_mm();
    e.decimals(tags::PIXEL_SPACING, &[j, i])
        .decimals(tags::SLICE_THICKNESS, &[k])
        .decimals(tags::SPACING_BETWEEN_SLICES, &[k]);
}

/// ImageOrientationPatient: direction of the rows (`i`), then of the columns (`j`).
pub(crate) fn put_orientation(e: &mut Elements, grid: &Geometry) {
    let [i, j, _] = grid.directions();
    let values = [i[0], i[1], i[2], j[0], j[1], j[2]];
    e.decimals(tags::IMAGE_ORIENTATION_PATIENT, &values);
}

/// ImagePositionPatient: centre of the slice's first voxel.
pub(crate) fn put_position(e: &mut Elements, grid: &Geometry, slice: usize) {
    let position = grid.index_to_world([0.0, 0.0, slice as f64]);
    e.decimals(tags::IMAGE_POSITION_PATIENT, &position);
}

/// Voxels of one slice.
pub(crate) fn slice_voxels<'a, T>(voxels: &'a [T], grid: &Geometry, slice: usize) -> &'a [T] {
    let [ni, nj, _] = grid.size();
    voxels
        .get(slice * ni * nj..(slice + 1) * ni * nj)
        .unwrap_or_default()
}

/// The slices of an image, in order.
pub(crate) fn slices(image: &Image) -> impl Iterator<Item = &[f32]> {
    let [ni, nj, _] = image.geometry().size();
    image.voxels().chunks(ni * nj)
}

/// One item of DimensionIndexSequence (PS3.3, C.7.6.17).
pub(crate) fn dimension(
    organization: &str,
    pointer: dicom_core::Tag,
    group: dicom_core::Tag,
) -> Elements {
    let mut item = Elements::new();
    item.text(tags::DIMENSION_ORGANIZATION_UID, VR::UI, organization)
        .tags(tags::DIMENSION_INDEX_POINTER, &[pointer])
        .tags(tags::FUNCTIONAL_GROUP_POINTER, &[group]);
    item
}
