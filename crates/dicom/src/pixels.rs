//! Voxels of one image.
//!
//! A voxel is `stored * RescaleSlope + RescaleIntercept` (PS3.3 section C.11.1) or, where Philips states it, the scanner's own value (see
//! [`Opened::rescale`]). Stored values are the bits that BitsStored and HighBit name, with their sign; others may hold overlays.
//! Voxels with the PixelPaddingValue lie outside the scanned field and become 0. MONOCHROME1 only turns the display around
//! (PS3.3 section C.7.6.3.1.2), and it is not known from MR scanners but from secondary captures: such images are refused.

use crate::DicomError;
use crate::codec::{self, Expected, Fragments};
use crate::dataset::{DataSet, EXPLICIT_BIG_ENDIAN, Fields};
use crate::files::{Limits, Source};
use crate::header::Instance;
use crate::wire::{FETCH_AGAIN, Problem};
use dicom_core::header::Header;
use dicom_core::{Tag, VR};
use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;
use sha2::{Digest, Sha256};

/// Philips MR: the creator of the private elements for the scaling to the scanner's own floating point values.
const PHILIPS_CREATOR: &str = "Philips MR Imaging DD 001";
const PHILIPS_GROUP: u16 = 0x2005;
const PHILIPS_SCALE_SLOPE: u8 = 0x0e;

/// A file in memory.
pub(crate) struct Opened {
    set: DataSet,
    data: Vec<u8>,
    fragments: Option<Fragments>,
    name: String,
    /// SHA-256 of the file.
    pub(crate) sha256: String,
}

impl Opened {
    /// Reads a file whole.
    pub(crate) fn read(source: &Source, limits: &Limits) -> Result<Self, DicomError> {
        let bytes = source.read(limits)?;
        let digest = Sha256::digest(&bytes);
        let sha256 = digest.iter().map(|b| format!("{b:02x}")).collect();
        let name = source.name.clone();
        let wrong = |problem: Problem| DicomError::file(&source.name, problem);
        let (set, data) = DataSet::read_whole(bytes, limits).map_err(wrong)?;
        let mut opened = Self {
            set,
            data,
            fragments: None,
            name,
            sha256,
        };
        if opened.set.is_encapsulated() {
            let at = opened.pixel_position().map_err(wrong)?;
            opened.fragments = Some(Fragments::find(&opened.data, at).map_err(wrong)?);
        }
        Ok(opened)
    }

    /// The voxels of a frame, rescaled: `rows x columns`, row after row.
    pub(crate) fn frame(
        &self,
        instance: &Instance,
        limits: &Limits,
    ) -> Result<Vec<f32>, DicomError> {
        self.values(instance, limits)
            .map_err(|problem| DicomError::file(&self.name, problem))
    }

    fn values(&self, instance: &Instance, limits: &Limits) -> Result<Vec<f32>, Problem> {
        let (rows, columns) = (instance.rows, instance.columns);
        let count = rows
            .checked_mul(columns)
            .filter(|n| *n > 0 && *n <= limits.voxels);
        let Some(count) = count else {
            return Err(format!(
                "it declares {columns} x {rows} pixels: it is damaged; {FETCH_AGAIN}"
            ));
        };
        if let Some(problem) = self.set.unread() {
            return Err(problem);
        }
        let layout = Layout::of(&self.set)?;
        let frame = instance.frame as usize;
        let scaling = Scaling {
            slope_intercept: self.rescale(frame),
            padding: Fields(&self.set.object).integer(tags::PIXEL_PADDING_VALUE),
        };
        if let Some(fragments) = &self.fragments {
            let frames = Fields(&self.set.object).size(tags::NUMBER_OF_FRAMES);
            let packed = fragments.frame(&self.data, frame, frames.unwrap_or(1).max(1))?;
            let expected = Expected {
                rows,
                columns,
                bytes: layout.bytes,
                bits_stored: layout.bits_stored,
            };
            let stored = codec::decode(&self.set.syntax, &packed, expected, limits)?;
            if stored.len() < count * layout.bytes {
                return Err(format!(
                    "its compressed image is cut short: it holds {} of {} bytes; {FETCH_AGAIN}",
                    stored.len(),
                    count * layout.bytes
                ));
            }
            let stored = stored.get(..count * layout.bytes).unwrap_or_default();
            return Ok(layout.decode(stored, false, &scaling));
        }
        let size = count
            .checked_mul(layout.bytes)
            .ok_or_else(|| format!("it declares {columns} x {rows} pixels: it is damaged"))?;
        let cut_short = || {
            format!(
                "its pixels are cut short: frame {} of {size} bytes is not all there; {FETCH_AGAIN}",
                frame + 1
            )
        };
        let base = self.pixel_position()?;
        let first = size.checked_mul(frame).ok_or_else(cut_short)?;
        let big = self.set.syntax == EXPLICIT_BIG_ENDIAN;
        if big && layout.bytes == 1 && self.set.pixels.is_some_and(|p| p.words) {
            // 8-bit pixels in words: the first is the lower byte, which comes second (PS3.5 section 8.1.1).
            let pixel = |n: usize| self.data.get(base.checked_add(n ^ 1)?).copied();
            let stored: Option<Vec<u8>> = (first..first.saturating_add(size)).map(pixel).collect();
            return Ok(layout.decode(&stored.ok_or_else(cut_short)?, false, &scaling));
        }
        let stored = base
            .checked_add(first)
            .and_then(|start| self.data.get(start..start.checked_add(size)?))
            .ok_or_else(cut_short)?;
        Ok(layout.decode(stored, big, &scaling))
    }

    /// Where the value of the pixel element begins.
    fn pixel_position(&self) -> Result<usize, Problem> {
        let pixels = self.set.pixels;
        pixels
            .and_then(|p| usize::try_from(p.position.checked_add(self.set.start)?).ok())
            .ok_or_else(|| format!("it has no pixels, or is cut short before them; {FETCH_AGAIN}"))
    }

    /// Slope and intercept of a frame.
    ///
    /// Where Philips states the scanner's own scaling (private element (2005,xx0E)), voxels are `(stored * RescaleSlope + RescaleIntercept) / (RescaleSlope *
    /// ScaleSlope)`, that is `stored / ScaleSlope + RescaleIntercept / (RescaleSlope * ScaleSlope)`: only these compare between
    /// phases, whose rescaling may differ (Chenevert et al., Transl Oncol 2014, 7:65; dcm2niix does the same unless it is told not to).
    fn rescale(&self, frame: usize) -> (f64, f64) {
        let own = Fields(&self.set.object);
        let groups = [
            own.items(tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE)
                .get(frame),
            own.items(tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE).first(),
        ];
        let mut transformations = groups.iter().flatten().flat_map(|group| {
            let fields = Fields(group);
            fields.items(tags::PIXEL_VALUE_TRANSFORMATION_SEQUENCE)
        });
        let fields = Fields(transformations.next().unwrap_or(&self.set.object));
        let slope = fields
            .number(tags::RESCALE_SLOPE)
            .filter(|s| *s != 0.0)
            .unwrap_or(1.0);
        let intercept = fields.number(tags::RESCALE_INTERCEPT).unwrap_or(0.0);
        // In enhanced objects the private elements stand in a private sequence of the frame.
        let private = groups.iter().flatten().flat_map(|group| group.iter());
        let private = private
            .filter(|e| e.tag().0 == PHILIPS_GROUP)
            .filter_map(|e| e.items()?.first());
        let scale = private.chain([&self.set.object]).find_map(philips_scale);
        match scale {
            Some(scale) => (1.0 / scale, intercept / (slope * scale)),
            None => (slope, intercept),
        }
    }
}

/// Philips' scale slope, if it is stated.
fn philips_scale(object: &InMemDicomObject) -> Option<f64> {
    let element = object
        .private_element(PHILIPS_GROUP, PHILIPS_CREATOR, PHILIPS_SCALE_SLOPE)
        .ok()?;
    let scale = if element.vr() == VR::UN {
        // In implicit files its representation, FL, is not known to the parser.
        let bytes = element.to_bytes().ok()?;
        f64::from(f32::from_le_bytes(*bytes.first_chunk::<4>()?))
    } else {
        element.to_float64().ok()?
    };
    (scale.is_normal() && (1.0 / scale).is_finite()).then_some(scale)
}

/// From stored values to voxels.
struct Scaling {
    slope_intercept: (f64, f64),
    padding: Option<i64>,
}

/// How pixels are stored.
struct Layout {
    bytes: usize,
    bits_stored: u32,
    high_bit: u32,
    signed: bool,
}

impl Layout {
    fn of(set: &DataSet) -> Result<Self, Problem> {
        let fields = Fields(&set.object);
        let get = |tag: Tag, default| fields.integer(tag).unwrap_or(default);
        let samples = get(tags::SAMPLES_PER_PIXEL, 1);
        let photometric = fields
            .text(tags::PHOTOMETRIC_INTERPRETATION)
            .unwrap_or_else(|| "MONOCHROME2".to_owned());
        if samples != 1 || photometric != "MONOCHROME2" {
            return Err(format!(
                "it is a {photometric} image with {samples} samples per pixel, and MR images are MONOCHROME2 with one: it is a screen capture or the like; give the scanner's own images"
            ));
        }
        let allocated = get(tags::BITS_ALLOCATED, 16);
        let bytes = match allocated {
            8 => 1,
            16 => 2,
            32 => 4,
            other => {
                return Err(format!(
                    "it stores {other} bits per pixel, and 8, 16 and 32 are read; transcode it with gdcmconv"
                ));
            }
        };
        let stored = get(tags::BITS_STORED, allocated);
        let high = get(tags::HIGH_BIT, stored.saturating_sub(1));
        if !(1..=allocated).contains(&stored) || !(stored - 1..allocated).contains(&high) {
            return Err(format!(
                "it says that {stored} of {allocated} bits up to bit {high} are used: it is damaged; {FETCH_AGAIN}"
            ));
        }
        Ok(Self {
            bytes,
            bits_stored: stored as u32,
            high_bit: high as u32,
            signed: get(tags::PIXEL_REPRESENTATION, 0) == 1,
        })
    }

    fn decode(&self, stored: &[u8], big_endian: bool, scaling: &Scaling) -> Vec<f32> {
        let pairs = stored.chunks_exact(2).map(|c| [c[0], c[1]]);
        let quads = stored.chunks_exact(4).map(|c| [c[0], c[1], c[2], c[3]]);
        match (self.bytes, big_endian) {
            (1, _) => self.voxels(stored.iter().map(|b| u32::from(*b)), scaling),
            (2, true) => self.voxels(pairs.map(|p| u16::from_be_bytes(p).into()), scaling),
            (2, false) => self.voxels(pairs.map(|p| u16::from_le_bytes(p).into()), scaling),
            (_, true) => self.voxels(quads.map(u32::from_be_bytes), scaling),
            (_, false) => self.voxels(quads.map(u32::from_le_bytes), scaling),
        }
    }

    /// Voxels from stored words.
    fn voxels(&self, words: impl Iterator<Item = u32>, scaling: &Scaling) -> Vec<f32> {
        // The used bits are moved to the top, and back down with their sign.
        let (up, down) = (31 - self.high_bit, 32 - self.bits_stored);
        let signed = self.signed;
        let number = move |word: u32| match signed {
            true => f64::from(((word << up) as i32) >> down),
            false => f64::from((word << up) >> down),
        };
        let (slope, intercept) = scaling.slope_intercept;
        // The padding value is compared as it would be stored, whatever its own representation.
        let padding = scaling
            .padding
            .map(|p| number((p as u32) << (self.high_bit + 1 - self.bits_stored)));
        match padding {
            Some(padding) => words
                .map(number)
                .map(|v| {
                    if v == padding {
                        0.0
                    } else {
                        (v * slope + intercept) as f32
                    }
                })
                .collect(),
            None if (slope, intercept) == (1.0, 0.0) => words.map(|w| number(w) as f32).collect(),
            None => words
                .map(|w| (number(w) * slope + intercept) as f32)
                .collect(),
        }
    }
}

#[cfg(test)]
#[path = "pixels_tests.rs"]
mod tests;
