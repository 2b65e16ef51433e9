//! What the scan keeps of each image.

use crate::DicomError;
use crate::files::{Limits, Source};
use crate::rules::SeriesFacts;
use dicom_core::Tag;
use dicom_dictionary_std::tags;
use dicom_object::{DefaultDicomObject, InMemDicomObject, OpenFileOptions};
use std::io::Read;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// Frames of one object that are looked at.
const MAX_FRAMES: usize = 1 << 20;

/// What a series says of itself, shared by its images.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Series {
    pub(crate) patient_id: String,
    pub(crate) study_uid: String,
    pub(crate) series_uid: String,
    pub(crate) number: Option<i64>,
    pub(crate) facts: SeriesFacts,
    pub(crate) field_strength: Option<f64>,
    pub(crate) temporal_positions: Option<i64>,
}

impl Series {
    /// A name without personal data or identifiers.
    pub(crate) fn label(&self) -> String {
        let number = self.number.map_or("series without number".to_owned(), |n| {
            format!("series {n}")
        });
        match self.facts.description.as_str() {
            "" => number,
            description => format!("{number} ({description})"),
        }
    }
}

/// One image: a file, or a frame of one.
#[derive(Clone)]
pub(crate) struct Instance {
    pub(crate) source: Arc<Source>,
    pub(crate) frame: u32,
    pub(crate) series: Arc<Series>,
    pub(crate) has_pixels: bool,
    pub(crate) rows: usize,
    pub(crate) columns: usize,
    /// Row then column direction.
    pub(crate) orientation: Option<[f64; 6]>,
    pub(crate) position_mm: Option<[f64; 3]>,
    /// Between rows, then between columns.
    pub(crate) pixel_spacing_mm: Option<[f64; 2]>,
    pub(crate) slice_thickness_mm: Option<f64>,
    pub(crate) temporal_position: Option<i64>,
    pub(crate) trigger_time_s: Option<f64>,
    /// Seconds, with days counted in.
    pub(crate) acquisition_time_s: Option<f64>,
    pub(crate) content_time_s: Option<f64>,
    pub(crate) acquisition_number: Option<i64>,
    pub(crate) instance_number: Option<i64>,
    pub(crate) contrast_agent: Option<String>,
    pub(crate) bolus_start_s: Option<f64>,
    /// Repetition time, echo time, flip angle: what phases of one study share.
    pub(crate) protocol: [Option<f64>; 3],
}

/// Opens a file up to its pixels; third-party parsing runs behind a guard.
fn open(source: &Source, limits: &Limits) -> Result<DefaultDicomObject, DicomError> {
    let parsed = source.stream(limits, |stream| {
        catch_unwind(AssertUnwindSafe(|| {
            OpenFileOptions::new()
                .read_until(tags::PIXEL_DATA)
                .from_reader(stream)
                .map_err(|e| e.to_string())
        }))
    })?;
    match parsed {
        Ok(Ok(object)) => Ok(object),
        Ok(Err(error)) => Err(DicomError::file(
            &source.name,
            format!("it is damaged or cut short ({error}); fetch it again from the archive"),
        )),
        Err(_) => Err(DicomError::file(
            &source.name,
            "its structure cannot be parsed; fetch it again from the archive",
        )),
    }
}

/// Whether a file begins like DICOM: with the preamble, or with a group 2 or 8 element of a bare data set.
pub(crate) fn looks_like_dicom(source: &Source, limits: &Limits) -> bool {
    let mut start = Vec::new();
    let _ = source.stream(limits, |stream| stream.take(132).read_to_end(&mut start));
    let bare = matches!(start.get(..4), Some([2 | 8, 0, _, 0]));
    start.get(128..132) == Some(b"DICM") || bare
}

/// The images of a file.
pub(crate) fn read(source: &Arc<Source>, limits: &Limits) -> Result<Vec<Instance>, DicomError> {
    let object = open(source, limits)?;
    let fields = Fields(&object);
    let series = Arc::new(Series {
        patient_id: fields
            .text(tags::PATIENT_ID)
            .unwrap_or_else(|| "unknown".to_owned()),
        study_uid: fields.text(tags::STUDY_INSTANCE_UID).unwrap_or_default(),
        series_uid: fields.text(tags::SERIES_INSTANCE_UID).unwrap_or_default(),
        number: fields.integer(tags::SERIES_NUMBER),
        facts: SeriesFacts {
            modality: fields.text(tags::MODALITY).unwrap_or_default(),
            image_type: fields.texts(tags::IMAGE_TYPE),
            description: fields.text(tags::SERIES_DESCRIPTION).unwrap_or_default(),
            protocol: fields.text(tags::PROTOCOL_NAME).unwrap_or_default(),
            sequence_name: fields.text(tags::SEQUENCE_NAME).unwrap_or_default(),
            scanning_sequence: fields.texts(tags::SCANNING_SEQUENCE),
        },
        field_strength: fields.number(tags::MAGNETIC_FIELD_STRENGTH),
        temporal_positions: fields.integer(tags::NUMBER_OF_TEMPORAL_POSITIONS),
    });
    let date_time = |date: Tag, time: Tag| {
        let seconds = fields.text(time).and_then(|t| time_s(&t))?;
        let days = fields.text(date).and_then(|d| days(&d)).unwrap_or(0.0);
        Some(seconds + 86_400.0 * days)
    };
    let both = fields
        .text(tags::ACQUISITION_DATE_TIME)
        .and_then(|t| date_time_s(&t));
    let base = Instance {
        source: Arc::clone(source),
        frame: 0,
        series,
        has_pixels: fields.integer(tags::ROWS).is_some(),
        rows: fields
            .integer(tags::ROWS)
            .and_then(|n| usize::try_from(n).ok())
            .unwrap_or(0),
        columns: fields
            .integer(tags::COLUMNS)
            .and_then(|n| usize::try_from(n).ok())
            .unwrap_or(0),
        orientation: fields.numbers(tags::IMAGE_ORIENTATION_PATIENT),
        position_mm: fields.numbers(tags::IMAGE_POSITION_PATIENT),
        pixel_spacing_mm: fields.numbers(tags::PIXEL_SPACING),
        slice_thickness_mm: fields.number(tags::SLICE_THICKNESS),
        temporal_position: fields.integer(tags::TEMPORAL_POSITION_IDENTIFIER),
        trigger_time_s: fields.number(tags::TRIGGER_TIME).map(|ms| ms / 1000.0),
        acquisition_time_s: date_time(tags::ACQUISITION_DATE, tags::ACQUISITION_TIME).or(both),
        content_time_s: date_time(tags::CONTENT_DATE, tags::CONTENT_TIME),
        acquisition_number: fields.integer(tags::ACQUISITION_NUMBER),
        instance_number: fields.integer(tags::INSTANCE_NUMBER),
        contrast_agent: fields.text(tags::CONTRAST_BOLUS_AGENT).filter(|a| {
            !matches!(
                a.to_ascii_uppercase().as_str(),
                "NONE" | "NO" | "N" | "NOT APPLICABLE" | "UNKNOWN"
            )
        }),
        bolus_start_s: date_time(tags::ACQUISITION_DATE, tags::CONTRAST_BOLUS_START_TIME),
        protocol: [tags::REPETITION_TIME, tags::ECHO_TIME, tags::FLIP_ANGLE]
            .map(|t| fields.number(t)),
    };
    let frames = fields.integer(tags::NUMBER_OF_FRAMES).unwrap_or(1);
    match usize::try_from(frames) {
        Ok(0 | 1)
            if object
                .get(tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE)
                .is_none() =>
        {
            Ok(vec![base])
        }
        Ok(frames) if frames <= MAX_FRAMES => frames_of(&object, &base, frames),
        _ => Err(DicomError::file(
            &source.name,
            format!("it declares {frames} frames: it is damaged"),
        )),
    }
}

/// The frames of an enhanced object, from its functional groups; of a classic multi-frame file, every frame stands as it is.
fn frames_of(
    object: &InMemDicomObject,
    base: &Instance,
    frames: usize,
) -> Result<Vec<Instance>, DicomError> {
    let per_frame = object
        .get(tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE)
        .and_then(|e| e.items());
    let shared = object
        .get(tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE)
        .and_then(|e| e.items());
    let shared = shared.and_then(|items| items.first());
    if let Some(groups) = per_frame
        && groups.len() != frames
    {
        return Err(DicomError::file(
            &base.source.name,
            format!(
                "it declares {frames} frames and describes {}: it is damaged or cut short",
                groups.len()
            ),
        ));
    }
    let mut instances = Vec::with_capacity(frames);
    for frame in 0..frames {
        let own = per_frame.and_then(|groups| groups.get(frame));
        // A functional group stands with the frame, or with all frames.
        let group = |sequence: Tag| {
            [own, shared].into_iter().flatten().find_map(|item| {
                item.get(sequence)
                    .and_then(|e| e.items())
                    .and_then(|items| items.first())
            })
        };
        let mut instance = base.clone();
        instance.frame = frame as u32;
        instance.instance_number = Some(frame as i64 + 1);
        if let Some(item) = group(tags::PLANE_POSITION_SEQUENCE) {
            instance.position_mm = Fields(item).numbers(tags::IMAGE_POSITION_PATIENT);
        }
        if let Some(item) = group(tags::PLANE_ORIENTATION_SEQUENCE) {
            instance.orientation = Fields(item).numbers(tags::IMAGE_ORIENTATION_PATIENT);
        }
        if let Some(item) = group(tags::PIXEL_MEASURES_SEQUENCE) {
            instance.pixel_spacing_mm = Fields(item).numbers(tags::PIXEL_SPACING);
            instance.slice_thickness_mm = Fields(item).number(tags::SLICE_THICKNESS);
        }
        if let Some(item) = group(tags::FRAME_CONTENT_SEQUENCE) {
            let fields = Fields(item);
            instance.temporal_position = fields.integer(tags::TEMPORAL_POSITION_INDEX);
            let time = fields
                .text(tags::FRAME_ACQUISITION_DATE_TIME)
                .or_else(|| fields.text(tags::FRAME_REFERENCE_DATE_TIME));
            instance.acquisition_time_s = time.and_then(|t| date_time_s(&t));
            instance.acquisition_number = fields
                .integer(tags::FRAME_ACQUISITION_NUMBER)
                .or(base.acquisition_number);
        }
        if let Some(item) = group(tags::CARDIAC_SYNCHRONIZATION_SEQUENCE) {
            let ms = Fields(item).number(tags::NOMINAL_CARDIAC_TRIGGER_DELAY_TIME);
            instance.trigger_time_s = ms.map(|ms| ms / 1000.0);
        }
        if let Some(item) = group(tags::TEMPORAL_POSITION_SEQUENCE) {
            instance.trigger_time_s = Fields(item)
                .number(tags::TEMPORAL_POSITION_TIME_OFFSET)
                .or(instance.trigger_time_s);
        }
        instances.push(instance);
    }
    Ok(instances)
}

/// Values of a data set, where they are what they should be.
pub(crate) struct Fields<'a>(pub(crate) &'a InMemDicomObject);

impl Fields<'_> {
    pub(crate) fn text(&self, tag: Tag) -> Option<String> {
        let text = self.0.get(tag)?.to_str().ok()?;
        let text = text.trim_matches(|c: char| c.is_whitespace() || c == '\0');
        (!text.is_empty()).then(|| text.to_owned())
    }

    pub(crate) fn texts(&self, tag: Tag) -> Vec<String> {
        let values = self.0.get(tag).and_then(|e| e.to_multi_str().ok());
        values
            .map(|v| v.iter().map(|t| t.trim().to_owned()).collect())
            .unwrap_or_default()
    }

    pub(crate) fn integer(&self, tag: Tag) -> Option<i64> {
        self.0.get(tag)?.to_int().ok()
    }

    pub(crate) fn number(&self, tag: Tag) -> Option<f64> {
        self.0.get(tag)?.to_float64().ok().filter(|v| v.is_finite())
    }

    pub(crate) fn numbers<const N: usize>(&self, tag: Tag) -> Option<[f64; N]> {
        let values = self.0.get(tag)?.to_multi_float64().ok()?;
        <[f64; N]>::try_from(values)
            .ok()
            .filter(|v| v.iter().all(|x| x.is_finite()))
    }
}

/// Seconds after midnight of a time `HHMMSS.ffffff`, of which the end may be missing.
fn time_s(text: &str) -> Option<f64> {
    let text: String = text.chars().filter(|c| *c != ':').collect();
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    if !whole.bytes().all(|b| b.is_ascii_digit()) || !matches!(whole.len(), 2 | 4 | 6) {
        return None;
    }
    let part = |at: usize| {
        whole
            .get(at..at + 2)
            .map_or(Some(0.0), |t| t.parse::<f64>().ok())
    };
    let fraction: f64 = if fraction.is_empty() {
        0.0
    } else {
        format!("0.{fraction}").parse().ok()?
    };
    Some(part(0)? * 3600.0 + part(2)? * 60.0 + part(4)? + fraction)
}

/// Days since some day long ago of a date `YYYYMMDD`: differences are right across months and years.
fn days(text: &str) -> Option<f64> {
    if text.len() < 8 || !text.bytes().take(8).all(|b| b.is_ascii_digit()) {
        return None;
    }
    let part = |range: std::ops::Range<usize>| text.get(range)?.parse::<i64>().ok();
    let (year, month, day) = (part(0..4)?, part(4..6)?, part(6..8)?);
    // Years begin in March, so that the leap day is the last.
    let (year, month) = if month <= 2 {
        (year - 1, month + 9)
    } else {
        (year, month - 3)
    };
    Some(
        (365 * year + year.div_euclid(4) - year.div_euclid(100)
            + year.div_euclid(400)
            + (153 * month + 2).div_euclid(5)
            + day) as f64,
    )
}

fn date_time_s(text: &str) -> Option<f64> {
    // A time zone at the end is the same for all images of a study.
    let text = text.split(['+', '-', '&']).next().unwrap_or(text);
    let time = text
        .get(8..)
        .filter(|t| !t.is_empty())
        .map_or(Some(0.0), time_s)?;
    Some(days(text)? * 86_400.0 + time)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_in_all_their_forms() {
        assert_eq!(time_s("102551"), Some(37_551.0));
        assert_eq!(time_s("10:25:51.5"), Some(37_551.5));
        assert_eq!(time_s("1025"), Some(37_500.0));
        assert_eq!(time_s("nonsense"), None);
        let late = date_time_s("20231231235959.5").unwrap();
        assert_eq!(date_time_s("20240101000000+0100").unwrap() - late, 0.5);
        assert_eq!(
            date_time_s("20240301000000").unwrap() - date_time_s("20240228000000").unwrap(),
            2.0 * 86_400.0
        );
    }
}
