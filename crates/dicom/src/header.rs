//! What the scan keeps of each image.

use crate::DicomError;
use crate::dataset::{DataSet, Fields};
use crate::files::{Limits, Source};
use crate::rules::SeriesFacts;
use crate::stack::normal;
use crate::time::{SECONDS_A_DAY, date_time_s, days, time_s};
use crate::wire::FETCH_AGAIN;
use dicom_core::Tag;
use dicom_dictionary_std::{tags, uids};
use dicom_object::InMemDicomObject;
use std::io::Read;
use std::sync::Arc;

/// Frames of one object that are looked at: with functional groups, whose memory is limited, and without.
const MAX_DESCRIBED_FRAMES: usize = 1 << 20;
const MAX_BARE_FRAMES: usize = 1 << 16;

/// What a series says of itself, shared by its images.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Series {
    pub(crate) patient_id: String,
    pub(crate) study_uid: String,
    pub(crate) series_uid: String,
    pub(crate) number: Option<i64>,
    pub(crate) facts: SeriesFacts,
    pub(crate) field_strength: Option<f64>,
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
    /// Whether it is an image at all: reports and the like have no rows.
    pub(crate) is_image: bool,
    /// Why its pixels cannot be read, as far as the header tells.
    pub(crate) fault: Option<Arc<str>>,
    pub(crate) rows: usize,
    pub(crate) columns: usize,
    /// Row then column direction.
    pub(crate) orientation: Option<[f64; 6]>,
    pub(crate) position_mm: Option<[f64; 3]>,
    /// Whether the position was counted from the first frame's.
    pub(crate) counted_position: bool,
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
    /// Whether its header names a contrast agent.
    pub(crate) has_contrast: bool,
    pub(crate) bolus_start_s: Option<f64>,
    /// Repetition time, echo time, flip angle: what phases of one study share.
    pub(crate) protocol: [Option<f64>; 3],
}

/// Whether a file begins like DICOM: with the preamble, or with a group 2 or 8 element of a bare data set.
pub(crate) fn looks_like_dicom(source: &Source, limits: &Limits) -> bool {
    let mut start = Vec::new();
    let _ = source.stream(limits, |stream| stream.take(132).read_to_end(&mut start));
    begins_like_dicom(&start)
}

/// The same of a file's first 132 bytes.
pub(crate) fn begins_like_dicom(start: &[u8]) -> bool {
    let bare = matches!(
        start.get(..4),
        Some([2 | 8, 0, 0..=0x23, 0] | [0, 2 | 8, 0, 0..=0x23])
    );
    start.get(128..132) == Some(b"DICM") || bare
}

/// The images of a file.
pub(crate) fn read(source: &Arc<Source>, limits: &Limits) -> Result<Vec<Instance>, DicomError> {
    let parsed = source.stream(limits, |stream| DataSet::read(stream, limits))?;
    let set = parsed.map_err(|problem| DicomError::file(&source.name, problem))?;
    let object = &set.object;
    let fields = Fields(object);
    let mut base = base(source, &fields);
    let frames = fields.integer(tags::NUMBER_OF_FRAMES).unwrap_or(1);
    let described = object
        .get(tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE)
        .is_some();
    let frames = match usize::try_from(frames) {
        Ok(0) => 1,
        Ok(frames) if frames <= MAX_BARE_FRAMES => frames,
        Ok(frames) if frames <= MAX_DESCRIBED_FRAMES && described => frames,
        _ => {
            return Err(DicomError::file(
                &source.name,
                format!("it declares {frames} frames: it is damaged; {FETCH_AGAIN}"),
            ));
        }
    };
    base.fault = base
        .is_image
        .then(|| fault(&set, &base, frames, source.bytes))
        .flatten()
        .map(Arc::from);
    if frames == 1 && !described {
        return Ok(vec![base]);
    }
    frames_of(object, &base, frames)
}

/// What the header says of all frames.
fn base(source: &Arc<Source>, fields: &Fields<'_>) -> Instance {
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
            contrast_agent: fields.text(tags::CONTRAST_BOLUS_AGENT).unwrap_or_default(),
        },
        field_strength: fields.number(tags::MAGNETIC_FIELD_STRENGTH),
    });
    // Without a date of its own, a time is of the study's or series' day.
    let date = |own: Tag| {
        [own, tags::SERIES_DATE, tags::STUDY_DATE]
            .into_iter()
            .find_map(|tag| fields.text(tag).and_then(|d| days(&d)))
            .unwrap_or(0.0)
    };
    let date_time = |own: Tag, time: Tag| {
        let seconds = fields.text(time).and_then(|t| time_s(&t))?;
        Some(seconds + SECONDS_A_DAY * date(own))
    };
    let both = fields
        .text(tags::ACQUISITION_DATE_TIME)
        .and_then(|t| date_time_s(&t));
    let agent = fields.text(tags::CONTRAST_BOLUS_AGENT);
    let names_none = |agent: &str| {
        matches!(
            agent.to_ascii_uppercase().as_str(),
            "NONE" | "NO" | "N" | "NOT APPLICABLE" | "N/A" | "UNKNOWN"
        )
    };
    Instance {
        source: Arc::clone(source),
        frame: 0,
        series,
        is_image: fields.size(tags::ROWS).is_some(),
        fault: None,
        rows: fields.size(tags::ROWS).unwrap_or(0),
        columns: fields.size(tags::COLUMNS).unwrap_or(0),
        orientation: fields.numbers(tags::IMAGE_ORIENTATION_PATIENT),
        position_mm: fields.numbers(tags::IMAGE_POSITION_PATIENT),
        counted_position: false,
        pixel_spacing_mm: fields.numbers(tags::PIXEL_SPACING),
        slice_thickness_mm: fields.number(tags::SLICE_THICKNESS),
        temporal_position: fields.integer(tags::TEMPORAL_POSITION_IDENTIFIER),
        trigger_time_s: fields.number(tags::TRIGGER_TIME).map(|ms| ms / 1000.0),
        acquisition_time_s: date_time(tags::ACQUISITION_DATE, tags::ACQUISITION_TIME).or(both),
        content_time_s: date_time(tags::CONTENT_DATE, tags::CONTENT_TIME),
        acquisition_number: fields.integer(tags::ACQUISITION_NUMBER),
        instance_number: fields.integer(tags::INSTANCE_NUMBER),
        has_contrast: agent.is_some_and(|a| !names_none(&a))
            || !fields.items(tags::CONTRAST_BOLUS_AGENT_SEQUENCE).is_empty(),
        bolus_start_s: date_time(tags::ACQUISITION_DATE, tags::CONTRAST_BOLUS_START_TIME),
        protocol: [tags::REPETITION_TIME, tags::ECHO_TIME, tags::FLIP_ANGLE]
            .map(|t| fields.number(t)),
    }
}

/// Why the pixels cannot be read, from the header and the size of the file.
fn fault(set: &DataSet, base: &Instance, frames: usize, file_bytes: u64) -> Option<String> {
    let Some(pixels) = set.pixels else {
        return Some(format!(
            "it has no pixels, or is cut short before them; {FETCH_AGAIN}"
        ));
    };
    if let Some(problem) = set.unread() {
        return Some(problem);
    }
    let left = file_bytes.saturating_sub(set.start.saturating_add(pixels.position));
    let Some(declared) = pixels.length else {
        // A frame has a fragment at least, and a fragment a header.
        let too_many = (frames as u64).saturating_mul(8) > left;
        return too_many.then(|| {
            format!("it declares {frames} frames and holds {left} bytes of them: it is cut short; {FETCH_AGAIN}")
        });
    };
    let bits = Fields(&set.object).size(tags::BITS_ALLOCATED).unwrap_or(16);
    let needed = [base.rows, base.columns, frames, bits]
        .into_iter()
        .try_fold(1u64, |product, n| product.checked_mul(n as u64))
        .map(|bits| bits / 8);
    let deflated = set.syntax == uids::DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN;
    let there = if deflated {
        u64::from(declared)
    } else {
        u64::from(declared).min(left)
    };
    if !deflated && u64::from(declared) > left {
        return Some(format!(
            "its pixels are cut short: {declared} bytes are declared and {left} are left in the file; {FETCH_AGAIN}"
        ));
    }
    needed.is_none_or(|needed| needed > there).then(|| {
        format!(
            "its pixels are cut short: {} x {} pixels in {frames} frames need more than the {there} bytes there; {FETCH_AGAIN}",
            base.columns, base.rows
        )
    })
}

/// The frames of an enhanced object from its functional groups, or of a classic multi-frame object from its offsets.
fn frames_of(
    object: &InMemDicomObject,
    base: &Instance,
    frames: usize,
) -> Result<Vec<Instance>, DicomError> {
    let fields = Fields(object);
    let per_frame = fields.items(tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE);
    let shared = fields
        .items(tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE)
        .first();
    if per_frame.is_empty() && shared.is_none() {
        return Ok(classic_frames(&fields, base, frames));
    }
    if !per_frame.is_empty() && per_frame.len() != frames {
        return Err(DicomError::file(
            &base.source.name,
            format!(
                "it declares {frames} frames and describes {}: it is damaged or cut short; {FETCH_AGAIN}",
                per_frame.len()
            ),
        ));
    }
    let frame = |index: usize| {
        let groups = [per_frame.get(index), shared];
        described_frame(base, index, groups)
    };
    Ok((0..frames).map(frame).collect())
}

/// A frame of an enhanced object: a functional group stands with the frame, or with all frames (PS3.3 section C.7.6.16).
fn described_frame(
    base: &Instance,
    index: usize,
    groups: [Option<&InMemDicomObject>; 2],
) -> Instance {
    let group = |sequence: Tag| {
        let mut groups = groups.into_iter().flatten();
        groups.find_map(|item| Fields(item).items(sequence).first().map(Fields))
    };
    let mut instance = base.clone();
    instance.frame = index as u32;
    instance.instance_number = Some(index as i64 + 1);
    if let Some(plane) = group(tags::PLANE_POSITION_SEQUENCE) {
        instance.position_mm = plane.numbers(tags::IMAGE_POSITION_PATIENT);
    }
    if let Some(plane) = group(tags::PLANE_ORIENTATION_SEQUENCE) {
        instance.orientation = plane.numbers(tags::IMAGE_ORIENTATION_PATIENT);
    }
    if let Some(measures) = group(tags::PIXEL_MEASURES_SEQUENCE) {
        instance.pixel_spacing_mm = measures.numbers(tags::PIXEL_SPACING);
        instance.slice_thickness_mm = measures.number(tags::SLICE_THICKNESS);
    }
    if let Some(content) = group(tags::FRAME_CONTENT_SEQUENCE) {
        instance.temporal_position = content
            .integer(tags::TEMPORAL_POSITION_INDEX)
            .or(base.temporal_position);
        instance.acquisition_time_s = content
            .text(tags::FRAME_ACQUISITION_DATE_TIME)
            .or_else(|| content.text(tags::FRAME_REFERENCE_DATE_TIME))
            .and_then(|t| date_time_s(&t))
            .or(base.acquisition_time_s);
        instance.acquisition_number = content
            .integer(tags::FRAME_ACQUISITION_NUMBER)
            .or(base.acquisition_number);
    }
    if let Some(cardiac) = group(tags::CARDIAC_SYNCHRONIZATION_SEQUENCE) {
        let ms = cardiac.number(tags::NOMINAL_CARDIAC_TRIGGER_DELAY_TIME);
        instance.trigger_time_s = ms.map(|ms| ms / 1000.0).or(base.trigger_time_s);
    }
    if let Some(temporal) = group(tags::TEMPORAL_POSITION_SEQUENCE) {
        instance.trigger_time_s = temporal
            .number(tags::TEMPORAL_POSITION_TIME_OFFSET)
            .or(instance.trigger_time_s);
    }
    if let Some(usage) = group(tags::CONTRAST_BOLUS_USAGE_SEQUENCE) {
        match usage
            .text(tags::CONTRAST_BOLUS_AGENT_ADMINISTERED)
            .as_deref()
        {
            Some("NO") => instance.has_contrast = false,
            Some("YES") => instance.has_contrast = true,
            _ => {}
        }
    }
    if let Some(timing) = group(tags::MR_TIMING_AND_RELATED_PARAMETERS_SEQUENCE) {
        let [repetition, _, flip] = &mut instance.protocol;
        *repetition = timing.number(tags::REPETITION_TIME).or(*repetition);
        *flip = timing.number(tags::FLIP_ANGLE).or(*flip);
    }
    if let Some(echo) = group(tags::MR_ECHO_SEQUENCE) {
        let time = &mut instance.protocol[1];
        *time = echo.number(tags::EFFECTIVE_ECHO_TIME).or(*time);
    }
    instance
}

/// Frames of an object without functional groups lie along the normal: at GridFrameOffsetVector, or a SpacingBetweenSlices apart. Without either,
/// only the first frame has a place.
fn classic_frames(fields: &Fields<'_>, base: &Instance, frames: usize) -> Vec<Instance> {
    let offsets = fields
        .many(tags::GRID_FRAME_OFFSET_VECTOR)
        .filter(|offsets| offsets.len() == frames);
    let temporal = fields.integer(tags::NUMBER_OF_TEMPORAL_POSITIONS);
    let step = fields
        .number(tags::SPACING_BETWEEN_SLICES)
        .filter(|s| *s > 0.0 && temporal.is_none_or(|n| n <= 1));
    let frame = |index: usize| {
        let mut instance = base.clone();
        instance.frame = index as u32;
        instance.instance_number = Some(index as i64 + 1);
        let offset = match (&offsets, step) {
            (Some(offsets), _) => offsets.get(index).zip(offsets.first()).map(|(o, f)| o - f),
            (None, Some(step)) => Some(step * index as f64),
            (None, None) => (index == 0).then_some(0.0),
        };
        instance.position_mm = match (base.position_mm, base.orientation, offset) {
            (Some(first), Some(orientation), Some(offset)) => {
                let n = normal(&orientation);
                Some(std::array::from_fn(|r| first[r] + offset * n[r]))
            }
            _ => None,
        };
        instance.counted_position = offsets.is_none() && index > 0;
        instance
    };
    (0..frames).map(frame).collect()
}
