//! A JPEG-LS (ISO 14495-1) decoder for untrusted medical images.
//!
//! Grey images of 2 to 16 bits, lossless and near-lossless: what DICOM's JPEG-LS transfer syntaxes hold of MR. Written from
//! ITU-T T.87, because the crate that there is (`charls`) wraps a C++ library that a plain `cargo build` must not need. CharLS decodes the
//! committed samples to the same numbers (`tests/charls`).
//!
//! ```
//! // A 1 x 1 image is not much of an image, but a truncated one is an error and no panic.
//! let error = triher_jpegls::decode(&[0xff, 0xd8, 0xff], 1 << 20).unwrap_err();
//! assert!(error.to_string().contains("JPEG-LS"));
//! ```

mod bits;
mod scan;

use scan::Coding;

/// A decoded image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Samples in a row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// Bits of a sample.
    pub bits: u8,
    /// Samples, row after row.
    pub samples: Vec<u16>,
}

/// Why an image could not be decoded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JpegLsError {
    /// The stream ends too early or breaks the format.
    #[error("the JPEG-LS image is damaged or cut short ({0}): fetch it again from its source")]
    Damaged(&'static str),
    /// The stream uses a part of the standard that MR images do not.
    #[error("the JPEG-LS image uses {0}, which is not read: transcode it with dcmdjpls (dcmtk)")]
    Unsupported(&'static str),
    /// The image declares more pixels than the caller allows.
    #[error(
        "the JPEG-LS image declares {declared} pixels, and at most {allowed} are expected: it is damaged"
    )]
    TooLarge {
        /// Pixels declared.
        declared: usize,
        /// Pixels allowed.
        allowed: usize,
    },
}

/// The segments before the scan.
struct Header {
    bits: u8,
    width: usize,
    height: usize,
    /// MAXVAL, T1, T2, T3, RESET where given; 0 stands for the default.
    preset: [u32; 5],
}

/// Decodes a stream of at most `max_pixels` pixels.
///
/// # Errors
/// [`JpegLsError`]; memory is only taken for pixels that the limit allows.
pub fn decode(bytes: &[u8], max_pixels: usize) -> Result<Frame, JpegLsError> {
    let mut at = 0;
    let mut header: Option<Header> = None;
    let mut preset = [0; 5];
    if marker(bytes, &mut at)? != 0xd8 {
        return Err(JpegLsError::Damaged("it does not begin as an image"));
    }
    loop {
        let code = marker(bytes, &mut at)?;
        if code == 0xd9 {
            return Err(JpegLsError::Damaged("it ends before its pixels"));
        }
        let segment = segment(bytes, &mut at)?;
        match code {
            0xf7 => header = Some(frame_header(segment, max_pixels)?),
            0xf8 => match segment {
                [1, rest @ ..] if rest.len() >= 10 => {
                    for (value, pair) in preset.iter_mut().zip(rest.chunks_exact(2)) {
                        *value = u32::from(u16::from_be_bytes([pair[0], pair[1]]));
                    }
                }
                [1, ..] => return Err(JpegLsError::Damaged("its parameters are cut short")),
                _ => {
                    return Err(JpegLsError::Unsupported(
                        "mapping tables or very large dimensions",
                    ));
                }
            },
            0xdd if segment.iter().any(|b| *b != 0) => {
                return Err(JpegLsError::Unsupported("restart intervals"));
            }
            0xda => {
                let Some(mut header) = header else {
                    return Err(JpegLsError::Damaged("its pixels come before its size"));
                };
                header.preset = preset;
                return scan_of(&header, segment, bytes.get(at..).unwrap_or_default());
            }
            0xc0..=0xcf => return Err(JpegLsError::Unsupported("another coding than JPEG-LS")),
            _ => {}
        }
    }
}

fn marker(bytes: &[u8], at: &mut usize) -> Result<u8, JpegLsError> {
    let damaged = JpegLsError::Damaged("a marker is missing");
    if bytes.get(*at) != Some(&0xff) {
        return Err(damaged);
    }
    // Fill bytes may stand before a marker.
    while bytes.get(*at) == Some(&0xff) {
        *at += 1;
    }
    let code = *bytes.get(*at).ok_or(damaged)?;
    *at += 1;
    Ok(code)
}

fn segment<'a>(bytes: &'a [u8], at: &mut usize) -> Result<&'a [u8], JpegLsError> {
    let damaged = JpegLsError::Damaged("a segment is cut short");
    let length = match bytes.get(*at..) {
        Some([high, low, ..]) => usize::from(u16::from_be_bytes([*high, *low])),
        _ => return Err(damaged),
    };
    let found = bytes
        .get(*at + 2..*at + length)
        .filter(|_| length >= 2)
        .ok_or(damaged)?;
    *at += length;
    Ok(found)
}

fn frame_header(segment: &[u8], max_pixels: usize) -> Result<Header, JpegLsError> {
    let &[bits, y1, y0, x1, x0, components, ..] = segment else {
        return Err(JpegLsError::Damaged("its size is cut short"));
    };
    let (height, width) = (
        usize::from(u16::from_be_bytes([y1, y0])),
        usize::from(u16::from_be_bytes([x1, x0])),
    );
    if components != 1 {
        return Err(JpegLsError::Unsupported("several components"));
    }
    if !(2..=16).contains(&bits) || width == 0 || height == 0 {
        return Err(JpegLsError::Damaged("its size or depth cannot be"));
    }
    let declared = width * height;
    if declared > max_pixels {
        return Err(JpegLsError::TooLarge {
            declared,
            allowed: max_pixels,
        });
    }
    Ok(Header {
        bits,
        width,
        height,
        preset: [0; 5],
    })
}

fn scan_of(header: &Header, segment: &[u8], data: &[u8]) -> Result<Frame, JpegLsError> {
    let &[1, _, table, near, interleave, transform] = segment else {
        return Err(JpegLsError::Damaged(
            "the scan's parameters are not those of one component",
        ));
    };
    if table != 0 || interleave != 0 || transform != 0 {
        return Err(JpegLsError::Unsupported(
            "mapping tables, interleaving or a point transform",
        ));
    }
    let coding = Coding::new(header.bits, u32::from(near), header.preset)?;
    let samples = scan::decode(coding, data, header.width, header.height)?;
    Ok(Frame {
        width: header.width,
        height: header.height,
        bits: header.bits,
        samples,
    })
}
