//! A DICOM object in memory, its lengths checked before dicom-rs parses it.

use crate::wire::{self, Encoding};
use crate::{ReadOptions, SegmentationError};
use dicom_core::Tag;
use dicom_dictionary_std::{tags, uids};
use dicom_encoding::transfer_syntax::TransferSyntaxIndex;
use dicom_object::InMemDicomObject;
use dicom_transfer_syntax_registry::TransferSyntaxRegistry;
use flate2::read::DeflateDecoder;
use std::fs::File;
use std::io::Read;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

/// Explicit VR big endian: retired, still met.
const EXPLICIT_BIG_ENDIAN: &str = "1.2.840.10008.1.2.2";
/// Where the mark of a DICOM file stands, behind the preamble.
const MARK_AT: usize = 128;
/// Bytes that hold the file meta information of any file.
const META_BYTES: u64 = 64 << 10;

/// File meta information: what is needed of it.
struct Meta {
    class: String,
    syntax: String,
    /// Where the data set begins.
    end: usize,
}

/// An object and what messages call its file.
pub(crate) struct Object {
    pub(crate) data: InMemDicomObject,
    /// Transfer syntax UID.
    pub(crate) syntax: String,
    pub(crate) file: String,
    class: String,
}

impl Object {
    pub(crate) fn open(path: &Path, options: &ReadOptions) -> Result<Self, SegmentationError> {
        let file = file_name(path);
        let unreadable = |e: std::io::Error| SegmentationError::Unreadable {
            file: file.clone(),
            problem: e.to_string(),
        };
        let damaged = |problem: String| SegmentationError::Damaged {
            file: file.clone(),
            problem,
        };
        let opened = File::open(path).map_err(unreadable)?;
        let bytes = read_limited(opened, options.max_file_bytes, &file, unreadable)?;
        if !has_mark(&bytes) {
            return Err(SegmentationError::NotDicom { file });
        }
        let meta = meta(&bytes).map_err(damaged)?;
        let rest = bytes.get(meta.end..).unwrap_or_default();
        let inflated;
        let (data_set, encoding) = match meta.syntax.as_str() {
            uids::DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN => {
                let stream = DeflateDecoder::new(rest);
                let broken = |e: std::io::Error| damaged(format!("deflated data ({e})"));
                inflated = read_limited(stream, options.max_file_bytes, &file, broken)?;
                (inflated.as_slice(), Encoding::EXPLICIT_LITTLE)
            }
            syntax => {
                let encoding = Encoding {
                    explicit: syntax != uids::IMPLICIT_VR_LITTLE_ENDIAN,
                    big_endian: syntax == EXPLICIT_BIG_ENDIAN,
                };
                (rest, encoding)
            }
        };
        wire::check(data_set, encoding).map_err(damaged)?;
        let data = parse(data_set, encoding).map_err(damaged)?;
        Ok(Self {
            data,
            syntax: meta.syntax,
            file,
            class: meta.class,
        })
    }

    pub(crate) fn damaged(&self, problem: impl Into<String>) -> SegmentationError {
        SegmentationError::Damaged {
            file: self.file.clone(),
            problem: problem.into(),
        }
    }

    pub(crate) fn unsupported(
        &self,
        what: impl Into<String>,
        remedy: &'static str,
    ) -> SegmentationError {
        SegmentationError::Unsupported {
            file: self.file.clone(),
            what: what.into(),
            remedy,
        }
    }

    pub(crate) fn too_large(
        &self,
        what: &'static str,
        found: usize,
        allowed: usize,
    ) -> SegmentationError {
        SegmentationError::TooLarge {
            file: self.file.clone(),
            what,
            found: found as u64,
            allowed: allowed as u64,
        }
    }

    /// What the object is, by its class and, where that is missing, its modality.
    pub(crate) fn kind(&self) -> Kind {
        let class = text(&self.data, tags::SOP_CLASS_UID).unwrap_or_else(|| self.class.clone());
        match (Kind::of_class(&class), self.modality().as_str()) {
            (Kind::Other, "SEG") => Kind::Segmentation,
            (Kind::Other, "RTSTRUCT") => Kind::StructureSet,
            (kind, _) => kind,
        }
    }

    pub(crate) fn modality(&self) -> String {
        text(&self.data, tags::MODALITY).unwrap_or_else(|| "nameless".to_owned())
    }
}

/// Kinds of objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Segmentation,
    StructureSet,
    Other,
}

impl Kind {
    fn of_class(class: &str) -> Self {
        match class {
            uids::SEGMENTATION_STORAGE | uids::LABEL_MAP_SEGMENTATION_STORAGE => Self::Segmentation,
            uids::RT_STRUCTURE_SET_STORAGE => Self::StructureSet,
            _ => Self::Other,
        }
    }

    /// The kind that a file's meta information tells; `Other` for anything that cannot be read.
    pub(crate) fn of_file(path: &Path) -> Self {
        let mut bytes = Vec::new();
        let read = File::open(path).and_then(|f| f.take(META_BYTES).read_to_end(&mut bytes));
        if read.is_err() || !has_mark(&bytes) {
            return Self::Other;
        }
        meta(&bytes).map_or(Self::Other, |meta| Self::of_class(&meta.class))
    }
}

fn file_name(path: &Path) -> String {
    path.file_name().map_or_else(
        || path.display().to_string(),
        |n| n.to_string_lossy().into_owned(),
    )
}

fn has_mark(bytes: &[u8]) -> bool {
    bytes.get(MARK_AT..MARK_AT + 4) == Some(b"DICM")
}

/// Reads a stream to its end, which must come within the limit.
fn read_limited(
    stream: impl Read,
    limit: u64,
    file: &str,
    failed: impl Fn(std::io::Error) -> SegmentationError,
) -> Result<Vec<u8>, SegmentationError> {
    let mut bytes = Vec::new();
    let limited = stream.take(limit.saturating_add(1)).read_to_end(&mut bytes);
    limited.map_err(failed)?;
    if bytes.len() as u64 > limit {
        return Err(SegmentationError::TooLarge {
            file: file.to_owned(),
            what: "its bytes are more than",
            found: limit,
            allowed: limit,
        });
    }
    Ok(bytes)
}

/// Reads the file meta information, which is always in explicit little endian (PS3.10, 7.1).
fn meta(bytes: &[u8]) -> Result<Meta, String> {
    let mut at = MARK_AT + 4;
    let (mut class, mut syntax) = (None, None);
    while bytes.get(at..at + 2) == Some(&[2, 0]) {
        let header = wire::header(bytes, at, Encoding::EXPLICIT_LITTLE)?;
        let value = header
            .length
            .and_then(|length| bytes.get(header.value..header.value.checked_add(length)?))
            .ok_or("its meta information ends too early")?;
        let text = || {
            String::from_utf8_lossy(value)
                .trim_matches(['\0', ' '])
                .to_owned()
        };
        match header.tag {
            tags::MEDIA_STORAGE_SOP_CLASS_UID => class = Some(text()),
            tags::TRANSFER_SYNTAX_UID => syntax = Some(text()),
            _ => {}
        }
        at = header.value + value.len();
    }
    Ok(Meta {
        class: class.unwrap_or_default(),
        syntax: syntax.ok_or("its meta information names no transfer syntax")?,
        end: at,
    })
}

/// Hands a checked data set to dicom-rs. Encapsulated syntaxes are explicit little endian around their fragments.
fn parse(bytes: &[u8], encoding: Encoding) -> Result<InMemDicomObject, String> {
    let syntax = match encoding {
        Encoding {
            explicit: false, ..
        } => uids::IMPLICIT_VR_LITTLE_ENDIAN,
        Encoding {
            big_endian: true, ..
        } => EXPLICIT_BIG_ENDIAN,
        _ => uids::EXPLICIT_VR_LITTLE_ENDIAN,
    };
    let syntax = TransferSyntaxRegistry
        .get(syntax)
        .ok_or("its encoding is not known")?;
    let parsed = catch_unwind(AssertUnwindSafe(|| {
        InMemDicomObject::read_dataset_with_ts(bytes, syntax).map_err(|e| e.to_string())
    }));
    parsed.unwrap_or_else(|_| Err("its structure cannot be parsed".to_owned()))
}

/// A text that is not empty.
pub(crate) fn text(object: &InMemDicomObject, tag: Tag) -> Option<String> {
    let text = object.get(tag)?.to_str().ok()?;
    let text = text.trim_matches(|c: char| c.is_whitespace() || c == '\0');
    (!text.is_empty()).then(|| text.to_owned())
}

/// A whole number.
pub(crate) fn integer(object: &InMemDicomObject, tag: Tag) -> Option<i64> {
    object.get(tag)?.to_int().ok()
}

/// A count: a whole number above 0.
pub(crate) fn count(object: &InMemDicomObject, tag: Tag) -> Option<usize> {
    usize::try_from(integer(object, tag)?)
        .ok()
        .filter(|n| *n > 0)
}

/// Exactly `N` finite numbers.
pub(crate) fn numbers<const N: usize>(object: &InMemDicomObject, tag: Tag) -> Option<[f64; N]> {
    let values = object.get(tag)?.to_multi_float64().ok()?;
    <[f64; N]>::try_from(values)
        .ok()
        .filter(|v| v.iter().all(|x| x.is_finite()))
}

/// Items of a sequence; none where there is no such sequence.
pub(crate) fn items(object: &InMemDicomObject, tag: Tag) -> &[InMemDicomObject] {
    object.get(tag).and_then(|e| e.items()).unwrap_or_default()
}
