//! Compressed pixels: fragments to frames, and frames to stored bytes.
//!
//! RLE, 8-bit JPEG, lossless JPEG and JPEG 2000 are decoded by dicom-rs's adapters, JPEG-LS and 12-bit JPEG by our own decoders.
//! The size that a code stream declares is compared with the image's before anything is decoded.

use crate::files::Limits;
use crate::jpeg12;
use crate::wire::{FETCH_AGAIN, Problem};
use dicom_dictionary_std::uids;
use dicom_encoding::adapters::{PixelDataObject, RawPixelData};
use dicom_encoding::transfer_syntax::TransferSyntaxIndex;
use dicom_transfer_syntax_registry::TransferSyntaxRegistry;
use std::borrow::Cow;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// The fragments of encapsulated pixels (PS3.5 section A.4).
pub(crate) struct Fragments {
    /// Offsets of the frames from the first fragment, when given.
    offsets: Vec<u32>,
    pieces: Vec<Range<usize>>,
}

impl Fragments {
    /// Finds the fragments in a file, whose pixel element has its value at a position.
    pub(crate) fn find(data: &[u8], position: usize) -> Result<Self, Problem> {
        let mut at = position;
        let mut items = Vec::new();
        while let Some(header) = data.get(at..).and_then(<[u8]>::first_chunk::<8>) {
            let [a, b, c, d, e, f, g, h] = *header;
            let length = u32::from_le_bytes([e, f, g, h]) as usize;
            match [a, b, c, d] {
                [0xfe, 0xff, 0x00, 0xe0] => {}
                [0xfe, 0xff, 0xdd, 0xe0] => break,
                _ => return Err(format!("its compressed pixels are damaged; {FETCH_AGAIN}")),
            }
            let begin = at + 8;
            let end = begin.saturating_add(length);
            if end > data.len() {
                return Err(format!(
                    "its compressed pixels are cut short: a fragment declares {length} bytes and {} are left; {FETCH_AGAIN}",
                    data.len() - begin
                ));
            }
            items.push(begin..end);
            at = end;
        }
        if items.is_empty() {
            return Err(format!("it has no compressed pixels; {FETCH_AGAIN}"));
        }
        let table = items.remove(0);
        let offsets = data.get(table).unwrap_or_default().chunks_exact(4);
        Ok(Self {
            offsets: offsets
                .map(|o| u32::from_le_bytes([o[0], o[1], o[2], o[3]]))
                .collect(),
            pieces: items,
        })
    }

    /// The code stream of a frame.
    pub(crate) fn frame<'a>(
        &self,
        data: &'a [u8],
        frame: usize,
        frames: usize,
    ) -> Result<Cow<'a, [u8]>, Problem> {
        let join = |pieces: &[Range<usize>]| {
            let parts: Vec<&[u8]> = pieces.iter().filter_map(|p| data.get(p.clone())).collect();
            match parts.as_slice() {
                [one] => Cow::Borrowed(*one),
                many => Cow::Owned(many.concat()),
            }
        };
        if frames == 1 {
            return Ok(join(&self.pieces));
        }
        if self.pieces.len() == frames {
            return match self.pieces.get(frame) {
                Some(piece) => Ok(join(std::slice::from_ref(piece))),
                None => Err(missing(frame)),
            };
        }
        let first = self.pieces.first().map_or(0, |p| p.start - 8);
        let place = |n: usize| self.offsets.get(n).map(|o| first + *o as usize);
        let Some(begin) = place(frame).filter(|_| self.offsets.len() == frames) else {
            return Err(format!(
                "it has {frames} frames in {} pieces and does not say which are whose; transcode it with gdcmconv --raw",
                self.pieces.len()
            ));
        };
        let end = place(frame + 1).unwrap_or(usize::MAX);
        let from = self.pieces.partition_point(|p| p.start - 8 < begin);
        let to = self.pieces.partition_point(|p| p.start - 8 < end);
        match self.pieces.get(from..to) {
            Some(pieces) if !pieces.is_empty() => Ok(join(pieces)),
            _ => Err(missing(frame)),
        }
    }
}

fn missing(frame: usize) -> Problem {
    format!("its frame {} is missing; {FETCH_AGAIN}", frame + 1)
}

/// The image that a code stream must hold.
#[derive(Clone, Copy)]
pub(crate) struct Expected {
    pub(crate) rows: usize,
    pub(crate) columns: usize,
    /// Bytes of a stored pixel.
    pub(crate) bytes: usize,
    pub(crate) bits_stored: u32,
}

/// Decodes one frame to stored pixels, little endian.
pub(crate) fn decode(
    syntax: &str,
    packed: &[u8],
    expected: Expected,
    limits: &Limits,
) -> Result<Vec<u8>, Problem> {
    let count = expected.rows * expected.columns;
    match syntax {
        uids::JPEGLS_LOSSLESS | uids::JPEGLS_NEAR_LOSSLESS => {
            let frame = triher_jpegls::decode(packed, limits.voxels.min(count))
                .map_err(|e| e.to_string())?;
            same_size(frame.width, frame.height, 1, expected)?;
            Ok(little_endian(&frame.samples, expected.bytes))
        }
        uids::JPEG_BASELINE8_BIT
        | uids::JPEG_EXTENDED12_BIT
        | uids::JPEG_LOSSLESS
        | uids::JPEG_LOSSLESS_SV1 => {
            let start = jpeg12::frame_header(packed)?;
            same_size(start.width, start.height, start.components, expected)?;
            if start.precision == 12 && !start.lossless {
                let samples = jpeg12::decode(packed)?;
                return Ok(little_endian(&samples, expected.bytes));
            }
            // The adapter writes single bytes for up to 8 bits, whatever is allocated.
            let bytes = if start.precision <= 8 { 1 } else { 2 };
            let decoded = adapter(syntax, packed, Expected { bytes, ..expected })?;
            Ok(widen(decoded, bytes, expected.bytes))
        }
        uids::JPEG2000 | uids::JPEG2000_LOSSLESS => {
            let (width, height, components) = j2k_size(packed)?;
            same_size(width, height, components, expected)?;
            adapter(syntax, packed, expected)
        }
        _ => adapter(syntax, packed, expected),
    }
}

fn same_size(
    width: usize,
    height: usize,
    components: usize,
    expected: Expected,
) -> Result<(), Problem> {
    if (width, height, components) == (expected.columns, expected.rows, 1) {
        return Ok(());
    }
    Err(format!(
        "its header declares {} x {} pixels, and its compressed image {width} x {height} with {components} components: it is damaged; {FETCH_AGAIN}",
        expected.columns, expected.rows
    ))
}

fn little_endian(samples: &[u16], bytes: usize) -> Vec<u8> {
    let wide = samples.iter().map(|s| u32::from(*s).to_le_bytes());
    wide.flat_map(|b| b.into_iter().take(bytes)).collect()
}

fn widen(decoded: Vec<u8>, from: usize, to: usize) -> Vec<u8> {
    if from == to {
        return decoded;
    }
    let samples = decoded.chunks_exact(from);
    samples
        .flat_map(|s| s.iter().copied().chain([0; 4]).take(to))
        .collect()
}

/// Runs a decoder of dicom-rs behind a guard: crafted streams make some of them panic.
fn adapter(syntax: &str, packed: &[u8], expected: Expected) -> Result<Vec<u8>, Problem> {
    let failed = |why: &str| {
        format!(
            "its pixels (transfer syntax {syntax}) cannot be decoded{why}; fetch it again from the archive, or transcode it with gdcmconv --raw"
        )
    };
    let frame = OneFrame {
        syntax,
        packed,
        expected,
    };
    let decoded = catch_unwind(AssertUnwindSafe(|| {
        let reader = TransferSyntaxRegistry
            .get(syntax)
            .and_then(|s| s.pixel_data_reader())?;
        let mut bytes = Vec::new();
        Some(
            reader
                .decode_frame(&frame, 0, &mut bytes)
                .map(|()| bytes)
                .map_err(|e| e.to_string()),
        )
    }));
    match decoded {
        Ok(Some(Ok(bytes))) => Ok(bytes),
        Ok(Some(Err(error))) => Err(failed(&format!(" ({error})"))),
        Ok(None) | Err(_) => Err(failed("")),
    }
}

/// Width, height and components of a JPEG 2000 code stream (ISO 15444-1 section A.5.1), also within a JP2 file.
fn j2k_size(packed: &[u8]) -> Result<(usize, usize, usize), Problem> {
    let marks = [0xff, 0x4f, 0xff, 0x51];
    let searched = packed.get(..packed.len().min(4096)).unwrap_or_default();
    let at = searched.windows(4).position(|w| w == marks);
    let siz = at.and_then(|at| packed.get(at + 4..)?.first_chunk::<38>());
    let Some(siz) = siz else {
        return Err(format!("its JPEG 2000 image has no size; {FETCH_AGAIN}"));
    };
    let number = |at: usize| u32::from_be_bytes([siz[at], siz[at + 1], siz[at + 2], siz[at + 3]]);
    let (width, height) = (
        number(4).saturating_sub(number(12)),
        number(8).saturating_sub(number(16)),
    );
    // Tiles of a few pixels make a decoder's tables larger than the image.
    if number(20) < width.min(32) || number(24) < height.min(32) {
        return Err(format!(
            "its JPEG 2000 image is cut into tiles of {} x {} pixels: it is damaged; {FETCH_AGAIN}",
            number(20),
            number(24)
        ));
    }
    let components = usize::from(u16::from_be_bytes([siz[36], siz[37]]));
    Ok((width as usize, height as usize, components))
}

/// A compressed frame as dicom-rs's adapters take it.
struct OneFrame<'a> {
    syntax: &'a str,
    packed: &'a [u8],
    expected: Expected,
}

impl PixelDataObject for OneFrame<'_> {
    fn transfer_syntax_uid(&self) -> &str {
        self.syntax
    }
    fn rows(&self) -> Option<u16> {
        u16::try_from(self.expected.rows).ok()
    }
    fn cols(&self) -> Option<u16> {
        u16::try_from(self.expected.columns).ok()
    }
    fn samples_per_pixel(&self) -> Option<u16> {
        Some(1)
    }
    fn bits_allocated(&self) -> Option<u16> {
        Some(8 * self.expected.bytes as u16)
    }
    fn bits_stored(&self) -> Option<u16> {
        Some(self.expected.bits_stored as u16)
    }
    fn photometric_interpretation(&self) -> Option<&str> {
        Some("MONOCHROME2")
    }
    fn number_of_frames(&self) -> Option<u32> {
        Some(1)
    }
    fn number_of_fragments(&self) -> Option<u32> {
        Some(1)
    }
    fn fragment(&self, fragment: usize) -> Option<Cow<'_, [u8]>> {
        (fragment == 0).then_some(Cow::Borrowed(self.packed))
    }
    fn offset_table(&self) -> Option<Cow<'_, [u32]>> {
        Some(Cow::Borrowed(&[]))
    }
    fn raw_pixel_data(&self) -> Option<RawPixelData> {
        Some(RawPixelData {
            fragments: std::iter::once(self.packed.to_vec()).collect(),
            offset_table: Default::default(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(bytes: &[u8]) -> Vec<u8> {
        let mut item = b"\xfe\xff\x00\xe0".to_vec();
        item.extend((bytes.len() as u32).to_le_bytes());
        item.extend(bytes);
        item
    }

    #[test]
    fn frames_in_several_fragments_are_found_by_their_offsets() {
        let mut data = b"xx".to_vec();
        data.extend(item(&[0, 0, 0, 0, 20, 0, 0, 0]));
        for piece in [b"ab", b"cd", b"ef"] {
            data.extend(item(piece));
        }
        data.extend(b"\xfe\xff\xdd\xe0\0\0\0\0");
        let found = Fragments::find(&data, 2).unwrap();
        assert_eq!(&*found.frame(&data, 0, 2).unwrap(), b"abcd");
        assert_eq!(&*found.frame(&data, 1, 2).unwrap(), b"ef");
        assert_eq!(&*found.frame(&data, 2, 3).unwrap(), b"ef");
        assert_eq!(&*found.frame(&data, 0, 1).unwrap(), b"abcdef");
        assert!(
            found
                .frame(&data, 0, 7)
                .unwrap_err()
                .contains("which are whose")
        );
        assert!(found.frame(&data, 2, 2).is_err());
        data.truncate(data.len() - 9);
        assert!(Fragments::find(&data, 2).is_err_and(|e| e.contains("cut short")));
    }

    #[test]
    fn a_code_stream_of_another_size_is_refused_before_it_is_decoded() {
        let mut stream = b"\xff\x4f\xff\x51\0\x29\0\0".to_vec();
        for number in [60_000u32, 60_000, 0, 0, 60_000, 60_000, 0, 0] {
            stream.extend(number.to_be_bytes());
        }
        stream.extend([0, 1, 15, 1, 1]);
        let expected = Expected {
            rows: 4,
            columns: 4,
            bytes: 2,
            bits_stored: 16,
        };
        let told = decode(uids::JPEG2000, &stream, expected, &Limits::default()).unwrap_err();
        assert!(told.contains("60000 x 60000"), "{told}");
    }
}
