//! What the images say of patient, study and scanner, checked before anything is written.

use crate::DicomWriteError;
use crate::moment::Moment;

/// How the phases are laid out in series and tags.
///
/// Every layout is one that scanners write; `dciodvfy` accepts all, except that it objects to
/// `TriggerTime` without cardiac gating, which is how those scanners write it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PhaseLayout {
    /// One series a phase, told apart by AcquisitionTime and ContentTime.
    SeriesPerPhase,
    /// One series, with TemporalPositionIdentifier and NumberOfTemporalPositions.
    OneSeriesTemporalPosition,
    /// One series whose images all have the time at which it began, with TriggerTime (milliseconds after it).
    OneSeriesTriggerTime,
    /// One enhanced multi-frame object with all phases.
    EnhancedMultiFrame,
}

/// Which breast the images show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Laterality {
    /// The left breast.
    Left,
    /// The right breast.
    Right,
    /// Both, as breast MRI is usually acquired.
    Both,
}

impl Laterality {
    /// The defined term of ImageLaterality and FrameLaterality.
    pub(crate) fn term(self) -> &'static str {
        match self {
            Self::Left => "L",
            Self::Right => "R",
            Self::Both => "B",
        }
    }
}

/// Who and what the images show, as the tags say it.
#[derive(Clone, Debug, PartialEq)]
pub struct MrWriteOptions {
    /// How phases are laid out.
    pub layout: PhaseLayout,
    /// PatientID; also the patient's name, so that no viewer shows an empty one.
    pub patient_id: String,
    /// PatientSex: `F`, `M` or `O`; `None` leaves it empty.
    pub sex: Option<char>,
    /// PatientAge, 0 to 999 years.
    pub age_years: Option<u32>,
    /// What the unique identifiers are derived from: the same text gives the same identifiers.
    pub uid_seed: String,
    /// StudyDate, `YYYYMMDD`.
    pub study_date: String,
    /// Start of the pre-contrast phase, in seconds after midnight. Phases after midnight are dated the next day.
    pub start_s: f64,
    /// StudyDescription.
    pub study_description: String,
    /// SeriesNumber; with [`PhaseLayout::SeriesPerPhase`] that of the first phase, counted on from there.
    pub series_number: u32,
    /// SeriesDescription.
    pub series_description: String,
    /// Which breast is imaged.
    pub laterality: Laterality,
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
    /// PixelBandwidth, hertz; asked for by enhanced objects and written to them only.
    pub pixel_bandwidth_hz: f64,
    /// ContrastBolusAgent of the phases after contrast; not written to enhanced objects, where it would
    /// hold for all frames.
    pub contrast_agent: Option<String>,
}

impl Default for MrWriteOptions {
    fn default() -> Self {
        Self {
            layout: PhaseLayout::SeriesPerPhase,
            patient_id: "anonymous".to_owned(),
            sex: Some('F'),
            age_years: None,
            uid_seed: "triher".to_owned(),
            study_date: "20000101".to_owned(),
            start_s: 36_000.0,
            study_description: "Breast DCE-MRI".to_owned(),
            series_number: 10,
            series_description: "T1 3D dynamic".to_owned(),
            laterality: Laterality::Both,
            manufacturer: "TriHER".to_owned(),
            model_name: "none".to_owned(),
            institution: None,
            field_strength_t: 1.5,
            repetition_time_ms: 5.0,
            echo_time_ms: 2.0,
            flip_angle_deg: 12.0,
            pixel_bandwidth_hz: 300.0,
            contrast_agent: None,
        }
    }
}

impl MrWriteOptions {
    /// Checks every value against the rules of its attribute and gives the moment at which the first phase begins.
    pub(crate) fn checked(&self) -> Result<Moment, DicomWriteError> {
        long_string("PatientID", &self.patient_id, 64)?;
        // The identifier is also the one component of the name that is written.
        refuse(
            "PatientID",
            &self.patient_id,
            self.patient_id.is_empty() || self.patient_id.contains(['^', '=']),
            "a text that is not empty, without ^ and =",
        )?;
        for (attribute, value) in [
            ("StudyDescription", &self.study_description),
            ("SeriesDescription", &self.series_description),
            ("Manufacturer", &self.manufacturer),
            ("ManufacturerModelName", &self.model_name),
        ] {
            long_string(attribute, value, 64)?;
        }
        if let Some(institution) = &self.institution {
            long_string("InstitutionName", institution, 64)?;
        }
        if let Some(agent) = &self.contrast_agent {
            long_string("ContrastBolusAgent", agent, 64)?;
        }
        if let Some(sex) = self.sex {
            refuse(
                "PatientSex",
                &sex.to_string(),
                !['F', 'M', 'O'].contains(&sex),
                "F, M or O",
            )?;
        }
        if let Some(age) = self.age_years {
            refuse("PatientAge", &age.to_string(), age > 999, "0 to 999 years")?;
        }
        for (attribute, value) in [
            ("MagneticFieldStrength", self.field_strength_t),
            ("RepetitionTime", self.repetition_time_ms),
            ("EchoTime", self.echo_time_ms),
            ("FlipAngle", self.flip_angle_deg),
            ("PixelBandwidth", self.pixel_bandwidth_hz),
        ] {
            let good = value.is_finite() && value > 0.0;
            refuse(attribute, &value.to_string(), !good, "a positive number")?;
        }
        Moment::new(&self.study_date, self.start_s)
    }
}

/// Refuses a value of an attribute.
pub(crate) fn refuse(
    attribute: &'static str,
    value: &str,
    bad: bool,
    rule: &'static str,
) -> Result<(), DicomWriteError> {
    if bad {
        return Err(DicomWriteError::BadValue {
            attribute,
            value: value.to_owned(),
            rule,
        });
    }
    Ok(())
}

/// A text of value representation LO or SH: no backslash (it parts values), no control character.
pub(crate) fn long_string(
    attribute: &'static str,
    value: &str,
    longest: usize,
) -> Result<(), DicomWriteError> {
    let bad = value.contains('\\')
        || value.chars().any(char::is_control)
        || value.chars().count() > longest;
    let rule = if longest == 16 {
        "at most 16 characters without backslash and control characters"
    } else {
        "at most 64 characters without backslash and control characters"
    };
    refuse(attribute, value, bad, rule)
}

/// A text of value representation CS.
pub(crate) fn code_string(attribute: &'static str, value: &str) -> Result<(), DicomWriteError> {
    let good = (1..=16).contains(&value.len())
        && value
            .bytes()
            .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b' ' || b == b'_');
    let rule = "1 to 16 characters of capitals A to Z, digits, space and underscore";
    refuse(attribute, value, !good, rule)
}
