//! Reading and unpacking bytes within limits.

use crate::ImageFileError;
use crate::array::MAX_BYTES;
use crate::error::{Parse, Problem, malformed};
use flate2::bufread::GzDecoder;
use flate2::read::MultiGzDecoder;
use sha2::{Digest, Sha256};
use std::io::Read;
use std::path::Path;

/// Unpacked bytes behind the last voxel that are still read, so that the checksum at the end of a gzip file is
/// checked. A file with more is read, with a warning.
const TAIL_BYTES: u64 = 1 << 16;

/// The bytes of a file and their hash.
pub(crate) struct FileBytes {
    pub(crate) bytes: Vec<u8>,
    pub(crate) sha256: String,
}

/// SHA-256 as lowercase hexadecimal digits.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().map(|b| format!("{b:02x}")).collect()
}

/// Reads a whole file of at most [`MAX_BYTES`].
pub(crate) fn read_file(path: &Path) -> Result<FileBytes, ImageFileError> {
    let fail = |source| ImageFileError::Read {
        path: path.to_owned(),
        source,
    };
    let length = std::fs::metadata(path).map_err(fail)?.len();
    if length > MAX_BYTES {
        let problem = Problem::TooLarge {
            bytes: length,
            limit_bytes: MAX_BYTES,
        };
        return Err(problem.at(path));
    }
    let bytes = std::fs::read(path).map_err(fail)?;
    let sha256 = sha256(&bytes);
    Ok(FileBytes { bytes, sha256 })
}

/// Reads the first bytes of a file, unpacked when it is gzip.
pub(crate) fn read_start(path: &Path, length: usize) -> Result<Vec<u8>, ImageFileError> {
    let fail = |source| ImageFileError::Read {
        path: path.to_owned(),
        source,
    };
    let mut file = std::fs::File::open(path).map_err(fail)?;
    let mut magic = Vec::new();
    file.by_ref()
        .take(2)
        .read_to_end(&mut magic)
        .map_err(fail)?;
    let whole = magic.as_slice().chain(file);
    let mut start = Vec::new();
    if is_gzip(&magic) {
        // A damaged tail does not matter for the start: what came through is used.
        let _ = MultiGzDecoder::new(whole)
            .take(length as u64)
            .read_to_end(&mut start);
    } else {
        whole
            .take(length as u64)
            .read_to_end(&mut start)
            .map_err(fail)?;
    }
    Ok(start)
}

/// Whether bytes begin like a gzip file.
pub(crate) fn is_gzip(bytes: &[u8]) -> bool {
    bytes.starts_with(&[0x1f, 0x8b])
}

/// The first `limit` unpacked bytes, whatever follows.
pub(crate) fn unzip_start(packed: &[u8], limit: usize) -> Vec<u8> {
    let mut out = Vec::new();
    let _ = MultiGzDecoder::new(packed)
        .take(limit as u64)
        .read_to_end(&mut out);
    out
}

/// Unpacks the `wanted` bytes that a header declares, and whether more than that follows.
///
/// Memory grows with what is really there and never beyond `wanted`. The checksum is checked unless much more
/// follows. Bytes behind the last gzip member are ignored, as gzip does.
pub(crate) fn unzip(packed: &[u8], wanted: usize) -> Parse<(Vec<u8>, bool)> {
    // A first guess that a short file cannot make large.
    let mut out = Vec::with_capacity(wanted.min(packed.len().saturating_mul(8)));
    let damaged = |done: usize, error: std::io::Error| {
        malformed(format!(
            "the compressed data is damaged after {done} bytes ({error}): copy the file again from its source"
        ))
    };
    let mut rest = packed;
    loop {
        let mut member = GzDecoder::new(rest);
        let missing = (wanted - out.len()) as u64;
        if let Err(error) = member.by_ref().take(missing).read_to_end(&mut out) {
            if error.kind() == std::io::ErrorKind::UnexpectedEof {
                return Err(Problem::CutShort {
                    declared: wanted,
                    found: out.len(),
                });
            }
            return damaged(out.len(), error);
        }
        if out.len() == wanted {
            let mut behind = Vec::new();
            match member.by_ref().take(TAIL_BYTES).read_to_end(&mut behind) {
                Ok(count) => return Ok((out, count > 0 || is_gzip(member.into_inner()))),
                Err(error) => return damaged(out.len(), error),
            }
        }
        rest = member.into_inner();
        if !is_gzip(rest) {
            return Err(Problem::CutShort {
                declared: wanted,
                found: out.len(),
            });
        }
    }
}

/// A path's last part.
pub(crate) fn file_name(path: &Path) -> String {
    path.file_name().map_or_else(
        || path.display().to_string(),
        |n| n.to_string_lossy().into_owned(),
    )
}
