//! A file's voxels before they become volumes, and how bytes are read within limits.

use crate::ImageFileError;
use crate::element::Element;
use crate::error::Parse;
use flate2::read::MultiGzDecoder;
use nalgebra::Matrix4;
use sha2::{Digest, Sha256};
use std::io::Read;
use std::path::Path;
use triher_volume::{Geometry, Image, Provenance};

/// No file and no array inside one may be larger: 8 GiB.
const MAX_BYTES: u64 = 8 << 30;

/// An array as the file describes it.
#[derive(Clone, Debug)]
pub(crate) struct Header {
    /// Voxels along the three axes of space.
    pub(crate) size: [usize; 3],
    /// Volumes, one after the other, or interleaved.
    pub(crate) volumes: usize,
    /// Whether the volumes are interleaved voxel by voxel (NRRD with the component axis first).
    pub(crate) interleaved: bool,
    pub(crate) element: Element,
    pub(crate) big_endian: bool,
    /// Slope and intercept.
    pub(crate) scale: Option<(f64, f64)>,
    /// From voxel index to LPS millimetres.
    pub(crate) affine: Matrix4<f64>,
    /// Seconds between volumes.
    pub(crate) volume_step_s: Option<f64>,
    pub(crate) warnings: Vec<String>,
}

impl Header {
    /// Bytes of all voxels; a sentence when they are more than can be.
    pub(crate) fn data_bytes(&self) -> Parse<usize> {
        let sizes = self.size.iter().chain([&self.volumes]);
        let bytes = sizes.fold(Some(self.element.bytes()), |n, &s| {
            n.and_then(|n| n.checked_mul(s))
        });
        match bytes {
            Some(bytes) if bytes as u64 <= MAX_BYTES => Ok(bytes),
            _ => Err(format!(
                "the header declares {:?} x {} voxels, which is more than the {} GiB that triher reads: the header is damaged, or the file must be split",
                self.size,
                self.volumes,
                MAX_BYTES >> 30
            )),
        }
    }

    pub(crate) fn geometry(&self) -> Result<Geometry, ImageFileError> {
        Ok(Geometry::new(self.size, self.affine)?)
    }

    /// The volumes of voxels `data`, which has [`Header::data_bytes`] bytes.
    pub(crate) fn images(&self, data: &[u8], source: &str) -> Result<Vec<Image>, ImageFileError> {
        let geometry = self.geometry()?;
        let voxels = self.element.decode(data, self.big_endian, self.scale);
        let provenance = Provenance::from_source(source);
        let count = geometry.len();
        let mut images = Vec::with_capacity(self.volumes);
        for volume in 0..self.volumes {
            let own: Vec<f32> = if self.interleaved {
                voxels
                    .iter()
                    .skip(volume)
                    .step_by(self.volumes)
                    .copied()
                    .collect()
            } else {
                voxels
                    .iter()
                    .skip(volume * count)
                    .take(count)
                    .copied()
                    .collect()
            };
            images.push(Image::new(geometry, own, provenance.clone())?);
        }
        Ok(images)
    }
}

/// The bytes of a file and their hash.
pub(crate) struct FileBytes {
    pub(crate) bytes: Vec<u8>,
    pub(crate) sha256: String,
}

/// Reads a whole file of at most [`MAX_BYTES`].
pub(crate) fn read_file(path: &Path) -> Result<FileBytes, ImageFileError> {
    let fail = |source| ImageFileError::Read {
        path: path.to_owned(),
        source,
    };
    let length = std::fs::metadata(path).map_err(fail)?.len();
    if length > MAX_BYTES {
        return Err(malformed(
            path,
            format!(
                "the file has {} GiB, and triher reads at most {} GiB",
                length >> 30,
                MAX_BYTES >> 30
            ),
        ));
    }
    let bytes = std::fs::read(path).map_err(fail)?;
    let digest = Sha256::digest(&bytes);
    let sha256 = digest.iter().map(|b| format!("{b:02x}")).collect();
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

/// Unpacks gzip up to `limit` bytes; memory grows only with what is really there.
pub(crate) fn unzip(bytes: &[u8], limit: usize) -> Parse<Vec<u8>> {
    let mut out = Vec::new();
    let read = MultiGzDecoder::new(bytes)
        .take(limit as u64)
        .read_to_end(&mut out);
    match read {
        Ok(_) => Ok(out),
        Err(error) => Err(format!(
            "the compressed data is damaged after {} bytes ({error}): copy the file again from its source",
            out.len()
        )),
    }
}

/// A [`ImageFileError::Malformed`].
pub(crate) fn malformed(path: &Path, problem: impl Into<String>) -> ImageFileError {
    ImageFileError::Malformed {
        path: path.to_owned(),
        problem: problem.into(),
    }
}

/// A path's last part.
pub(crate) fn file_name(path: &Path) -> String {
    path.file_name().map_or_else(
        || path.display().to_string(),
        |n| n.to_string_lossy().into_owned(),
    )
}
