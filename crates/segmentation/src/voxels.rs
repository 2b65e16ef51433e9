//! The stored voxels of a SEG, frame by frame.

use crate::data::{Object, count, integer, text};
use crate::{ReadOptions, SegmentationError};
use dicom_core::Tag;
use dicom_dictionary_std::{tags, uids};
use dicom_encoding::transfer_syntax::TransferSyntaxIndex;
use dicom_object::{FileDicomObject, FileMetaTableBuilder, InMemDicomObject};
use dicom_pixeldata::PixelDecoder;
use dicom_transfer_syntax_registry::TransferSyntaxRegistry;
use std::borrow::Cow;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Pixels of one frame.
const MAX_FRAME: usize = 1 << 28;

/// What a stored number means.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Meaning {
    /// One bit a voxel, frames without gaps between (PS3.5, 8.1.1).
    Bits,
    /// A byte a voxel: inside from this value.
    Shares { least: u8 },
    /// One or two bytes a voxel: the number of its segment, and the number of none.
    Labels { bytes: usize, background: u32 },
}

/// Where the bytes are.
enum Stored<'a> {
    /// All frames, one after the other.
    Plain(Cow<'a, [u8]>),
    /// Encapsulated, with what decodes them.
    JpegLs(Vec<&'a [u8]>),
    Other(Box<FileDicomObject<InMemDicomObject>>),
}

/// The voxels of all frames.
pub(crate) struct FrameVoxels<'a> {
    object: &'a Object,
    stored: Stored<'a>,
    meaning: Meaning,
    columns: usize,
    rows: usize,
    warnings: Vec<String>,
}

impl<'a> FrameVoxels<'a> {
    /// Checks that the voxels of `frames` frames are there.
    pub(crate) fn open(
        object: &'a Object,
        frames: usize,
        options: &ReadOptions,
    ) -> Result<Self, SegmentationError> {
        let data = &object.data;
        let size = |tag: Tag, name: &str| {
            count(data, tag).ok_or_else(|| object.damaged(format!("it does not say its {name}")))
        };
        let (rows, columns) = (size(tags::ROWS, "rows")?, size(tags::COLUMNS, "columns")?);
        let samples = count(data, tags::SAMPLES_PER_PIXEL).unwrap_or(1);
        if samples != 1 {
            return Err(object.damaged(format!("it declares {samples} samples a voxel")));
        }
        let per_frame = rows.saturating_mul(columns);
        if per_frame > MAX_FRAME {
            return Err(object.too_large("the pixels of a frame are", per_frame, MAX_FRAME));
        }
        let (meaning, warnings) = meaning(object, options)?;
        let stored = stored(object, frames)?;
        if let Stored::Plain(bytes) = &stored {
            let bits = match meaning {
                Meaning::Bits => 1,
                Meaning::Shares { .. } => 8,
                Meaning::Labels { bytes, .. } => 8 * bytes,
            };
            // At most 2^28 pixels in 2^20 frames of 16 bits.
            let needed = (per_frame * frames * bits).div_ceil(8);
            if bytes.len() < needed {
                return Err(object.damaged(format!(
                    "its {frames} frames need {needed} bytes of voxels, and {} are there",
                    bytes.len()
                )));
            }
        }
        Ok(Self {
            object,
            stored,
            meaning,
            columns,
            rows,
            warnings,
        })
    }

    /// Columns and rows of a frame.
    pub(crate) fn size(&self) -> [usize; 2] {
        [self.columns, self.rows]
    }

    pub(crate) fn is_label_map(&self) -> bool {
        matches!(self.meaning, Meaning::Labels { .. })
    }

    pub(crate) fn warnings(&self) -> Vec<String> {
        self.warnings.clone()
    }

    /// The voxels of one frame.
    pub(crate) fn frame(&self, index: usize) -> Result<FrameValues<'_>, SegmentationError> {
        let per_frame = self.rows * self.columns;
        let (bytes, first_bit) = match (&self.stored, self.meaning) {
            (Stored::Plain(all), Meaning::Bits) => {
                let first = index * per_frame;
                let range = first / 8..(first + per_frame).div_ceil(8);
                (all.get(range).map(Cow::Borrowed), first % 8)
            }
            (Stored::Plain(all), _) => {
                let size = per_frame * self.bytes();
                let range = index * size..(index + 1) * size;
                (all.get(range).map(Cow::Borrowed), 0)
            }
            (Stored::JpegLs(frames), _) => {
                let packed = frames.get(index).copied().unwrap_or_default();
                (Some(Cow::Owned(self.jpeg_ls(packed, index)?)), 0)
            }
            (Stored::Other(file), _) => (Some(Cow::Owned(self.decoded(file, index)?)), 0),
        };
        let needed = match self.meaning {
            Meaning::Bits => (first_bit + per_frame).div_ceil(8),
            _ => per_frame * self.bytes(),
        };
        let bytes = bytes.filter(|b| b.len() >= needed).ok_or_else(|| {
            self.object
                .damaged(format!("the voxels of frame {} are cut short", index + 1))
        })?;
        Ok(FrameValues {
            bytes,
            first_bit,
            meaning: self.meaning,
            columns: self.columns,
            count: per_frame,
        })
    }

    fn bytes(&self) -> usize {
        match self.meaning {
            Meaning::Labels { bytes, .. } => bytes,
            _ => 1,
        }
    }

    fn undecodable(&self, index: usize, problem: &str) -> SegmentationError {
        let syntax = &self.object.syntax;
        self.object.damaged(format!(
            "the voxels of frame {} (transfer syntax {syntax}) cannot be decoded ({problem})",
            index + 1
        ))
    }

    fn jpeg_ls(&self, packed: &[u8], index: usize) -> Result<Vec<u8>, SegmentationError> {
        let frame = triher_jpegls::decode(packed, self.rows * self.columns)
            .map_err(|e| self.undecodable(index, &e.to_string()))?;
        let bytes = self.bytes();
        let samples = frame.samples.iter().map(|s| s.to_le_bytes());
        Ok(samples.flat_map(|s| s.into_iter().take(bytes)).collect())
    }

    fn decoded(
        &self,
        file: &FileDicomObject<InMemDicomObject>,
        index: usize,
    ) -> Result<Vec<u8>, SegmentationError> {
        let number = u32::try_from(index).unwrap_or(u32::MAX);
        let decoded = catch_unwind(AssertUnwindSafe(|| {
            file.decode_pixel_data_frame(number)
                .map(|d| d.data().to_vec())
                .map_err(|e| e.to_string())
        }));
        match decoded {
            Ok(Ok(bytes)) => Ok(bytes),
            Ok(Err(error)) => Err(self.undecodable(index, &error)),
            Err(_) => Err(self.undecodable(index, "the decoder gave up")),
        }
    }
}

/// What stored numbers mean, and what the reader should know of it.
fn meaning(
    object: &Object,
    options: &ReadOptions,
) -> Result<(Meaning, Vec<String>), SegmentationError> {
    let data = &object.data;
    let allocated = integer(data, tags::BITS_ALLOCATED).unwrap_or(1);
    let kind = text(data, tags::SEGMENTATION_TYPE).unwrap_or_else(|| "BINARY".to_owned());
    let background = integer(data, tags::PIXEL_PADDING_VALUE).unwrap_or(0);
    let background = u32::try_from(background).unwrap_or(0);
    let plain = |meaning| Ok((meaning, Vec::new()));
    match (kind.as_str(), allocated) {
        ("BINARY", 1) => plain(Meaning::Bits),
        // Not in the standard, but unmistakable.
        ("BINARY", 8) => plain(Meaning::Shares { least: 1 }),
        ("FRACTIONAL", 8) => {
            let highest = integer(data, tags::MAXIMUM_FRACTIONAL_VALUE).unwrap_or(255);
            if !(1..=255).contains(&highest) {
                return Err(object.damaged(format!("its MaximumFractionalValue is {highest}")));
            }
            let share = options.fractional_threshold;
            // Rounded up: a voxel is inside when its value is not below the share. Between 1 and 255.
            let least = (highest as f64 * share).ceil().max(1.0) as u8;
            let warning = format!(
                "the segmentation is fractional: voxels of {} % and more were taken as inside",
                100.0 * share
            );
            Ok((Meaning::Shares { least }, vec![warning]))
        }
        ("LABELMAP", 8) => plain(Meaning::Labels {
            bytes: 1,
            background,
        }),
        ("LABELMAP", 16) => plain(Meaning::Labels {
            bytes: 2,
            background,
        }),
        (kind, bits) => Err(object.unsupported(
            format!("a {kind} segmentation of {bits} bits a voxel"),
            "export it as BINARY",
        )),
    }
}

fn stored(object: &Object, frames: usize) -> Result<Stored<'_>, SegmentationError> {
    let element = object.data.get(tags::PIXEL_DATA);
    let element = element.ok_or_else(|| object.damaged("it has no voxels"))?;
    let syntax = object.syntax.as_str();
    let Some(fragments) = element.fragments() else {
        return match element.to_bytes() {
            Ok(bytes) => Ok(Stored::Plain(bytes)),
            Err(error) => Err(object.damaged(format!("its voxels cannot be read ({error})"))),
        };
    };
    if matches!(syntax, uids::JPEGLS_LOSSLESS | uids::JPEGLS_NEAR_LOSSLESS) {
        if fragments.len() != frames {
            return Err(object.unsupported(
                "a JPEG-LS frame in several fragments",
                "transcode it with dcmdjpls (dcmtk)",
            ));
        }
        return Ok(Stored::JpegLs(
            fragments.iter().map(Vec::as_slice).collect(),
        ));
    }
    let known = TransferSyntaxRegistry.get(syntax);
    if !known.is_some_and(|s| s.can_decode_all()) {
        return Err(object.unsupported(
            format!("the transfer syntax {syntax}"),
            "transcode it to explicit little endian with dcmconv (dcmtk) or gdcmconv",
        ));
    }
    let meta = FileMetaTableBuilder::new()
        .transfer_syntax(syntax)
        .media_storage_sop_class_uid(uids::SEGMENTATION_STORAGE)
        .media_storage_sop_instance_uid("2.25.1")
        .build();
    let meta = meta.map_err(|e| object.damaged(e.to_string()))?;
    let file = object.data.clone().with_exact_meta(meta);
    Ok(Stored::Other(Box::new(file)))
}

/// The voxels of one frame, row after row.
pub(crate) struct FrameValues<'a> {
    bytes: Cow<'a, [u8]>,
    first_bit: usize,
    meaning: Meaning,
    columns: usize,
    count: usize,
}

impl FrameValues<'_> {
    /// Whether any voxel lies inside of a region.
    pub(crate) fn contains_inside(&self) -> bool {
        // Most frames are empty: whole bytes first. Bits of a neighbouring frame may stand in the first and last byte.
        let zero_is_outside = match self.meaning {
            Meaning::Labels { background, .. } => background == 0,
            Meaning::Bits | Meaning::Shares { .. } => true,
        };
        let empty = zero_is_outside && self.bytes.iter().all(|b| *b == 0);
        !empty && (0..self.count).any(|at| self.inside(at))
    }

    /// Calls with column and row of every voxel inside.
    pub(crate) fn each_inside(&self, mut call: impl FnMut(usize, usize)) {
        for at in (0..self.count).filter(|&at| self.inside(at)) {
            call(at % self.columns, at / self.columns);
        }
    }

    /// Calls with column, row and number of every voxel of a label map that belongs to a segment.
    pub(crate) fn each_label(&self, mut call: impl FnMut(usize, usize, u32)) {
        let Meaning::Labels { background, .. } = self.meaning else {
            return;
        };
        for at in 0..self.count {
            let label = self.label(at);
            if label != background {
                call(at % self.columns, at / self.columns, label);
            }
        }
    }

    fn inside(&self, at: usize) -> bool {
        match self.meaning {
            Meaning::Bits => {
                let bit = self.first_bit + at;
                let byte = self.bytes.get(bit / 8);
                byte.is_some_and(|b| b >> (bit % 8) & 1 == 1)
            }
            Meaning::Shares { least } => self.bytes.get(at).is_some_and(|b| *b >= least),
            Meaning::Labels { background, .. } => self.label(at) != background,
        }
    }

    fn label(&self, at: usize) -> u32 {
        let byte = |at: usize| u32::from(self.bytes.get(at).copied().unwrap_or(0));
        match self.meaning {
            Meaning::Labels { bytes: 2, .. } => byte(2 * at) | byte(2 * at + 1) << 8,
            _ => byte(at),
        }
    }
}
