//! Voxels of one image.

use crate::DicomError;
use crate::files::Limits;
use crate::header::{Fields, Instance};
use dicom_core::Tag;
use dicom_dictionary_std::{tags, uids};
use dicom_object::{DefaultDicomObject, InMemDicomObject, OpenFileOptions};
use dicom_pixeldata::PixelDecoder;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Philips MR: scale slope and intercept to the scanner's own floating point values.
const PHILIPS_SLOPE: Tag = Tag(0x2005, 0x100e);
const PHILIPS_INTERCEPT: Tag = Tag(0x2005, 0x100d);

/// A whole file in memory.
pub(crate) struct Opened {
    object: DefaultDicomObject,
    name: String,
}

impl Opened {
    pub(crate) fn parse(bytes: &[u8], name: &str) -> Result<Self, DicomError> {
        let parsed = catch_unwind(AssertUnwindSafe(|| {
            OpenFileOptions::new()
                .from_reader(bytes)
                .map_err(|e| e.to_string())
        }));
        match parsed {
            Ok(Ok(object)) => Ok(Self {
                object,
                name: name.to_owned(),
            }),
            Ok(Err(error)) => Err(DicomError::file(
                name,
                format!("it is damaged or cut short ({error}); fetch it again from the archive"),
            )),
            Err(_) => Err(DicomError::file(
                name,
                "its structure cannot be parsed; fetch it again from the archive",
            )),
        }
    }

    /// The voxels of a frame, rescaled: `rows x columns`, row after row.
    pub(crate) fn frame(
        &self,
        instance: &Instance,
        limits: &Limits,
    ) -> Result<Vec<f32>, DicomError> {
        let fields = Fields(&self.object);
        let count = instance
            .rows
            .checked_mul(instance.columns)
            .filter(|n| *n > 0 && *n <= limits.voxels);
        let wrong = |problem: String| DicomError::file(&self.name, problem);
        let Some(count) = count else {
            return Err(wrong(format!(
                "it declares {} x {} pixels: it is damaged",
                instance.rows, instance.columns
            )));
        };
        let layout = Layout::of(&fields).map_err(wrong)?;
        let bytes = self.stored(instance.frame, count, &layout, limits)?;
        let frame = (layout.bytes * count).min(bytes.len());
        if frame < layout.bytes * count {
            return Err(wrong(format!(
                "its pixels are cut short: {} bytes are there, {} are declared; fetch it again from the archive",
                bytes.len(),
                layout.bytes * count
            )));
        }
        let (slope, intercept) = self.rescale(instance.frame);
        let one = (slope, intercept) == (1.0, 0.0);
        Ok(layout
            .numbers(&bytes[..frame])
            .map(|v| {
                if one {
                    v as f32
                } else {
                    (v * slope + intercept) as f32
                }
            })
            .collect())
    }

    /// The stored bytes of a frame, unpacked.
    fn stored(
        &self,
        frame: u32,
        count: usize,
        layout: &Layout,
        limits: &Limits,
    ) -> Result<Vec<u8>, DicomError> {
        let wrong = |problem: String| DicomError::file(&self.name, problem);
        let syntax = self
            .object
            .meta()
            .transfer_syntax()
            .trim_end_matches('\0')
            .to_owned();
        let Some(element) = self.object.get(tags::PIXEL_DATA) else {
            return Err(wrong(
                "it has no pixels, or is cut short before them; fetch it again from the archive"
                    .to_owned(),
            ));
        };
        match syntax.as_str() {
            uids::IMPLICIT_VR_LITTLE_ENDIAN
            | uids::EXPLICIT_VR_LITTLE_ENDIAN
            | uids::DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN
            | "1.2.840.10008.1.2.2" => {
                let all = element
                    .to_bytes()
                    .map_err(|e| wrong(format!("its pixels cannot be read ({e})")))?;
                let size = layout.bytes * count;
                let start = size * frame as usize;
                Ok(all
                    .get(start..)
                    .map(|rest| rest[..size.min(rest.len())].to_vec())
                    .unwrap_or_default())
            }
            uids::JPEGLS_LOSSLESS | uids::JPEGLS_NEAR_LOSSLESS => {
                let fragments = element.fragments().unwrap_or_default();
                let frames = self.frames();
                let packed = match (frames, fragments.get(frame as usize)) {
                    (1, _) => fragments.concat(),
                    (_, Some(fragment)) if fragments.len() == frames => fragment.clone(),
                    _ => return Err(wrong("its JPEG-LS frames are split in an unknown way; transcode it with dcmdjpls (dcmtk)".to_owned())),
                };
                let decoded = triher_jpegls::decode(&packed, limits.voxels.min(count))
                    .map_err(|e| wrong(e.to_string()))?;
                Ok(decoded
                    .samples
                    .iter()
                    .flat_map(|s| s.to_le_bytes().into_iter().take(layout.bytes))
                    .collect())
            }
            _ => {
                let decoded = catch_unwind(AssertUnwindSafe(|| {
                    self.object
                        .decode_pixel_data_frame(frame)
                        .map(|d| d.data().to_vec())
                        .map_err(|e| e.to_string())
                }));
                match decoded {
                    Ok(Ok(bytes)) => Ok(bytes),
                    Ok(Err(error)) => Err(wrong(format!(
                        "its pixels (transfer syntax {syntax}) cannot be decoded ({error}); transcode it with dcmconv or gdcmconv --raw"
                    ))),
                    Err(_) => Err(wrong(format!(
                        "its pixels (transfer syntax {syntax}) cannot be decoded; transcode it with gdcmconv --raw"
                    ))),
                }
            }
        }
    }

    fn frames(&self) -> usize {
        let frames = Fields(&self.object)
            .integer(tags::NUMBER_OF_FRAMES)
            .unwrap_or(1);
        usize::try_from(frames).unwrap_or(1).max(1)
    }

    /// Slope and intercept of a frame. Where Philips states the scanner's own scaling, values are
    /// `(stored * RescaleSlope + RescaleIntercept) / (RescaleSlope * ScaleSlope)`: only these compare between phases, whose display scaling may
    /// differ (Chenevert et al., Transl Oncol 2014; dcm2niix does the same by default).
    fn rescale(&self, frame: u32) -> (f64, f64) {
        let group = self.frame_group(frame);
        let fields = group.map_or(Fields(&self.object), Fields);
        let slope = fields
            .number(tags::RESCALE_SLOPE)
            .filter(|s| *s != 0.0)
            .unwrap_or(1.0);
        let intercept = fields.number(tags::RESCALE_INTERCEPT).unwrap_or(0.0);
        let own = Fields(&self.object);
        match (
            own.number(PHILIPS_SLOPE).filter(|s| *s != 0.0),
            own.number(PHILIPS_INTERCEPT),
        ) {
            (Some(scale), Some(_)) if self.is_philips() => {
                (1.0 / scale, intercept / (slope * scale))
            }
            _ => (slope, intercept),
        }
    }

    fn is_philips(&self) -> bool {
        Fields(&self.object)
            .text(tags::MANUFACTURER)
            .is_some_and(|m| m.to_lowercase().contains("philips"))
    }

    /// The pixel value transformation of an enhanced object's frame.
    fn frame_group(&self, frame: u32) -> Option<&InMemDicomObject> {
        let object: &InMemDicomObject = &self.object;
        let item = |sequence: Tag, at: usize| {
            object
                .get(sequence)
                .and_then(|e| e.items())
                .and_then(|i| i.get(at))
        };
        let places = [
            item(tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE, frame as usize),
            item(tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE, 0),
        ];
        places.into_iter().flatten().find_map(|group| {
            group
                .get(tags::PIXEL_VALUE_TRANSFORMATION_SEQUENCE)
                .and_then(|e| e.items())
                .and_then(|i| i.first())
        })
    }
}

/// How pixels are stored.
struct Layout {
    bytes: usize,
    bits_stored: u32,
    high_bit: u32,
    signed: bool,
}

impl Layout {
    fn of(fields: &Fields<'_>) -> Result<Self, String> {
        let get = |tag, default| fields.integer(tag).unwrap_or(default);
        let samples = get(tags::SAMPLES_PER_PIXEL, 1);
        let photometric = fields
            .text(tags::PHOTOMETRIC_INTERPRETATION)
            .unwrap_or_else(|| "MONOCHROME2".to_owned());
        if samples != 1 || photometric != "MONOCHROME2" {
            return Err(format!(
                "it is a {photometric} image with {samples} samples per pixel, and MR images are MONOCHROME2 with one: it is no MR image"
            ));
        }
        let allocated = get(tags::BITS_ALLOCATED, 16);
        let bytes = match allocated {
            8 => 1,
            16 => 2,
            32 => 4,
            other => {
                return Err(format!(
                    "it stores {other} bits per pixel, and 8, 16 and 32 are read"
                ));
            }
        };
        let stored = get(tags::BITS_STORED, allocated);
        let high = get(tags::HIGH_BIT, stored - 1);
        if !(1..=allocated).contains(&stored) || !(stored - 1..allocated).contains(&high) {
            return Err(format!(
                "it says that {stored} of {allocated} bits up to bit {high} are used: it is damaged"
            ));
        }
        Ok(Self {
            bytes,
            bits_stored: stored as u32,
            high_bit: high as u32,
            signed: get(tags::PIXEL_REPRESENTATION, 0) == 1,
        })
    }

    /// Stored values: the used bits alone (others may hold overlays), with their sign.
    fn numbers<'a>(&'a self, bytes: &'a [u8]) -> impl Iterator<Item = f64> + 'a {
        let shift = self.high_bit + 1 - self.bits_stored;
        bytes.chunks_exact(self.bytes).map(move |chunk| {
            let raw = chunk.iter().rev().fold(0u64, |n, &b| n << 8 | u64::from(b)) >> shift;
            let value = raw & ((1u64 << self.bits_stored) - 1);
            if self.signed && value >> (self.bits_stored - 1) == 1 {
                value as f64 - (1u64 << self.bits_stored) as f64
            } else {
                value as f64
            }
        })
    }
}
