//! What stands before a data set: preamble and file meta information, either of which may be missing.

use crate::files::Limits;
use crate::wire::{FETCH_AGAIN, Problem, cut_short};
use dicom_core::Tag;
use dicom_dictionary_std::uids;
use std::io::Read;

/// What stands before the data set: its transfer syntax, and bytes already read of the data set.
pub(crate) struct Prelude {
    pub(crate) syntax: Option<String>,
    pub(crate) ahead: Vec<u8>,
    /// Bytes before the data set.
    pub(crate) length: u64,
}

/// Reads the preamble and the file meta information (PS3.10 section 7.1), both of which may be missing.
pub(crate) fn prelude(stream: &mut dyn Read) -> Result<Prelude, Problem> {
    let failed =
        |e: std::io::Error| format!("it cannot be read ({e}); copy it again from its source");
    let mut start = Vec::new();
    stream.take(132).read_to_end(&mut start).map_err(failed)?;
    let preamble = start.get(128..132) == Some(b"DICM");
    let before = if preamble { 132 } else { 0 };
    let mut rest = start.split_off(if preamble { start.len() } else { 0 });
    let mut length = before;
    let mut syntax = None;
    loop {
        fill(stream, &mut rest, 12).map_err(failed)?;
        let Some(&[2, 0, e0, e1, v, w, a, b]) = rest.first_chunk::<8>() else {
            break;
        };
        let long = matches!(
            &[v, w],
            b"OB"
                | b"OW"
                | b"UN"
                | b"SQ"
                | b"UT"
                | b"UC"
                | b"UR"
                | b"OD"
                | b"OF"
                | b"OL"
                | b"OV"
                | b"SV"
                | b"UV"
        );
        let (head, declared) = match (long, rest.get(8..12)) {
            (false, _) => (8, u32::from(u16::from_le_bytes([a, b]))),
            (true, Some(&[p, q, r, s])) => (12, u32::from_le_bytes([p, q, r, s])),
            (true, _) => return Err(cut_short()),
        };
        let whole = head + declared as usize;
        if declared > 1 << 24 {
            return Err(format!(
                "its file meta information is damaged; {FETCH_AGAIN}"
            ));
        }
        fill(stream, &mut rest, whole).map_err(failed)?;
        let Some(value) = rest.get(head..whole) else {
            return Err(format!(
                "it is cut short: its element {} declares {declared} bytes and {} are left; {FETCH_AGAIN}",
                Tag(2, u16::from_le_bytes([e0, e1])),
                rest.len() - head.min(rest.len())
            ));
        };
        if (e0, e1) == (0x10, 0) {
            let text = String::from_utf8_lossy(value);
            let text = text.trim_matches(|c: char| c == '\0' || c.is_whitespace());
            syntax = (!text.is_empty()).then(|| text.to_owned());
        }
        rest.drain(..whole);
        length += whole as u64;
    }
    Ok(Prelude {
        syntax,
        ahead: rest,
        length,
    })
}

/// Reads until so many bytes are at hand, or the stream ends.
fn fill(stream: &mut dyn Read, rest: &mut Vec<u8>, count: usize) -> std::io::Result<()> {
    let missing = count.saturating_sub(rest.len()) as u64;
    if missing > 0 {
        stream.take(missing).read_to_end(rest)?;
    }
    Ok(())
}

/// How a data set without a transfer syntax is encoded, from its first bytes.
pub(crate) fn guess(start: &[u8]) -> Option<&'static str> {
    let letters = matches!(start.get(4..6), Some([b'A'..=b'Z', b'A'..=b'Z']));
    match start.get(..4)? {
        [0, 2 | 8, 0, _] if letters => Some("1.2.840.10008.1.2.2"),
        [2..=0x60, 0, _, _] if letters => Some(uids::EXPLICIT_VR_LITTLE_ENDIAN),
        [2..=0x60, 0, _, _] => Some(uids::IMPLICIT_VR_LITTLE_ENDIAN),
        _ => None,
    }
}

/// A deflated data set (PS3.5 section A.5) as a stream that ends at the limit.
pub(crate) fn inflate<'a>(stream: impl Read + 'a, limits: &Limits) -> impl Read + 'a {
    flate2::read::DeflateDecoder::new(stream).take(limits.file_bytes)
}
