//! A DICOM object in memory, read behind a guard.

use crate::SegmentationError;
use dicom_core::Tag;
use dicom_dictionary_std::tags;
use dicom_object::{DefaultDicomObject, InMemDicomObject, OpenFileOptions};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

/// Larger files are no segmentation: 2 GiB.
const MAX_BYTES: u64 = 2 << 30;

/// An object and what messages call its file.
pub(crate) struct Object {
    pub(crate) data: DefaultDicomObject,
    pub(crate) file: String,
}

impl Object {
    pub(crate) fn open(path: &Path) -> Result<Self, SegmentationError> {
        let file = path.file_name().map_or_else(
            || path.display().to_string(),
            |n| n.to_string_lossy().into_owned(),
        );
        let wrong = |problem: String| SegmentationError::File {
            file: file.clone(),
            problem,
        };
        let length = std::fs::metadata(path)
            .map_err(|e| {
                wrong(format!(
                    "it cannot be read ({e}): check that it exists and that you may read it"
                ))
            })?
            .len();
        if length > MAX_BYTES {
            return Err(wrong(format!(
                "it has {} MiB, and segmentations of up to {} MiB are read",
                length >> 20,
                MAX_BYTES >> 20
            )));
        }
        let bytes = std::fs::read(path).map_err(|e| wrong(format!("it cannot be read ({e})")))?;
        let parsed = catch_unwind(AssertUnwindSafe(|| {
            OpenFileOptions::new()
                .from_reader(bytes.as_slice())
                .map_err(|e| e.to_string())
        }));
        match parsed {
            Ok(Ok(data)) => Ok(Self { data, file }),
            Ok(Err(error)) => Err(wrong(format!(
                "it is no mask that can be read: neither NIfTI nor NRRD, and as DICOM damaged or cut short ({error})"
            ))),
            Err(_) => Err(wrong(
                "its structure cannot be parsed; fetch it again from its source".to_owned(),
            )),
        }
    }

    pub(crate) fn wrong(&self, problem: impl Into<String>) -> SegmentationError {
        SegmentationError::File {
            file: self.file.clone(),
            problem: problem.into(),
        }
    }

    pub(crate) fn modality(&self) -> String {
        text(&self.data, tags::MODALITY).unwrap_or_else(|| "nameless".to_owned())
    }
}

pub(crate) fn text(object: &InMemDicomObject, tag: Tag) -> Option<String> {
    let text = object.get(tag)?.to_str().ok()?;
    let text = text.trim_matches(|c: char| c.is_whitespace() || c == '\0');
    (!text.is_empty()).then(|| text.to_owned())
}

pub(crate) fn integer(object: &InMemDicomObject, tag: Tag) -> Option<i64> {
    object.get(tag)?.to_int().ok()
}

pub(crate) fn numbers<const N: usize>(object: &InMemDicomObject, tag: Tag) -> Option<[f64; N]> {
    let values = object.get(tag)?.to_multi_float64().ok()?;
    <[f64; N]>::try_from(values)
        .ok()
        .filter(|v| v.iter().all(|x| x.is_finite()))
}

pub(crate) fn items(object: &InMemDicomObject, tag: Tag) -> &[InMemDicomObject] {
    object.get(tag).and_then(|e| e.items()).unwrap_or_default()
}
