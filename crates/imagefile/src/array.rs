//! A file's array as its header describes it, before it becomes volumes.

use crate::element::Element;
use crate::error::{Parse, Problem};
use nalgebra::Matrix4;
use triher_volume::{Geometry, VolumeError};

/// No file and no array inside one may be larger: 8 GiB.
pub(crate) const MAX_BYTES: u64 = 8 << 30;

/// Type, shape and place of an array.
#[derive(Clone, Debug)]
pub(crate) struct ArrayHeader {
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
    /// Sentences without the file's name.
    pub(crate) warnings: Vec<String>,
}

impl ArrayHeader {
    /// Voxels of one volume. Only after [`ArrayHeader::data_bytes`] has checked that the product fits.
    pub(crate) fn voxels(&self) -> usize {
        self.size.iter().product()
    }

    /// Bytes of all voxels, at most [`MAX_BYTES`].
    pub(crate) fn data_bytes(&self) -> Parse<usize> {
        let mut sizes = self.size.iter().chain([&self.volumes]);
        let bytes = sizes.try_fold(self.element.bytes(), |n, &s| n.checked_mul(s));
        match bytes {
            Some(bytes) if bytes as u64 <= MAX_BYTES => Ok(bytes),
            _ => Err(Problem::TooLarge {
                bytes: bytes.map_or(u64::MAX, |b| b as u64),
                limit_bytes: MAX_BYTES,
            }),
        }
    }

    /// The grid of each volume.
    pub(crate) fn geometry(&self) -> Result<Geometry, VolumeError> {
        Geometry::new(self.size, self.affine)
    }

    /// Intensities of each volume from `data`, which has [`ArrayHeader::data_bytes`] bytes.
    pub(crate) fn intensities(&self, data: &[u8]) -> Vec<Vec<f32>> {
        let decode = |bytes: &[u8]| self.element.decode(bytes, self.big_endian, self.scale);
        self.split(data, decode)
    }

    /// Labels of each volume; the first value that is none as the error.
    pub(crate) fn labels(&self, data: &[u8]) -> Result<Vec<Vec<i32>>, f64> {
        let decode = |bytes: &[u8]| {
            self.element
                .decode_labels(bytes, self.big_endian, self.scale)
        };
        self.split(data, decode).into_iter().collect()
    }

    /// Each volume's bytes through `decode`.
    fn split<T>(&self, data: &[u8], decode: impl Fn(&[u8]) -> T) -> Vec<T> {
        let step = self.element.bytes();
        if !self.interleaved || self.volumes == 1 {
            let each = (self.voxels() * step).max(1);
            return data.chunks_exact(each).map(decode).collect();
        }
        let mut own = Vec::with_capacity(self.voxels() * step);
        (0..self.volumes)
            .map(|volume| {
                own.clear();
                for voxel in data.chunks_exact(step * self.volumes) {
                    own.extend_from_slice(&voxel[volume * step..(volume + 1) * step]);
                }
                decode(&own)
            })
            .collect()
    }
}
