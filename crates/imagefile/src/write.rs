//! Writing NIfTI-1.

use crate::ImageFileError;
use crate::bytes::file_name;
use crate::nifti::quaternion_of;
use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::{BufWriter, Write};
use std::path::Path;
use triher_volume::{Geometry, Image, Mask, Volume};

/// Header and empty extension block of a single file.
const DATA_OFFSET: usize = 352;

/// NIfTI's codes of the types that are written.
const FLOAT32: i16 = 16;
const UINT8: i16 = 2;

/// Voxels turned into bytes at a time, so that no second copy of the image is made.
const VOXELS_AT_A_TIME: usize = 1 << 16;

/// Writes an image as NIfTI-1 of 32-bit floats; a name that ends with `.gz` is packed, without a time stamp, so that
/// the same image gives the same bytes; at level 1, as nibabel packs, since floats gain little above. The sform and, for grids without shear, the qform carry the geometry.
///
/// # Errors
/// When the file cannot be written or an axis is longer than NIfTI-1 can say (32,767).
pub fn write_nifti(path: &Path, image: &Image) -> Result<(), ImageFileError> {
    write(path, image, FLOAT32, |voxel, bytes| {
        bytes.extend_from_slice(&voxel.to_le_bytes());
    })
}

/// Writes a mask as NIfTI-1 of bytes, 1 inside and 0 outside.
///
/// # Errors
/// As [`write_nifti`].
pub fn write_nifti_mask(path: &Path, mask: &Mask) -> Result<(), ImageFileError> {
    write(path, mask, UINT8, |&inside, bytes| {
        bytes.push(u8::from(inside))
    })
}

/// Images on one grid as the bytes of one NIfTI-1 file of 32-bit floats, unpacked: a 4-D series, or a 3-D image when there is one.
///
/// # Errors
/// [`ImageFileError::Unsupported`] without images, when their grids differ, or when an axis is longer than NIfTI-1 can say.
pub fn nifti_bytes(name: &str, images: &[&Image]) -> Result<Vec<u8>, ImageFileError> {
    let path = Path::new(name);
    let unsupported = |problem: &str| ImageFileError::Unsupported {
        path: path.to_owned(),
        problem: problem.to_owned(),
    };
    let Some(first) = images.first() else {
        return Err(unsupported("there is no image to write"));
    };
    let grid = first.geometry();
    if images.iter().any(|image| !grid.same_grid(image.geometry())) {
        return Err(unsupported("its images lie on different grids"));
    }
    let frames = i16::try_from(images.len()).map_err(|_| unsupported("it has too many images"))?;
    let mut bytes = header(path, grid, FLOAT32, 32)?;
    if frames > 1 {
        bytes[40..42].copy_from_slice(&4i16.to_le_bytes());
        bytes[48..50].copy_from_slice(&frames.to_le_bytes());
    }
    bytes.reserve(4 * grid.len() * images.len());
    for image in images {
        let voxels = image.voxels().iter();
        bytes.extend(voxels.flat_map(|voxel| voxel.to_le_bytes()));
    }
    Ok(bytes)
}

/// A mask as the bytes of a NIfTI-1 file of bytes, 1 inside and 0 outside.
///
/// # Errors
/// When an axis is longer than NIfTI-1 can say.
pub fn nifti_mask_bytes(name: &str, mask: &Mask) -> Result<Vec<u8>, ImageFileError> {
    let mut bytes = header(Path::new(name), mask.geometry(), UINT8, 8)?;
    bytes.extend(mask.voxels().iter().map(|&inside| u8::from(inside)));
    Ok(bytes)
}

fn write<T>(
    path: &Path,
    volume: &Volume<T>,
    datatype: i16,
    put: impl Fn(&T, &mut Vec<u8>),
) -> Result<(), ImageFileError> {
    let bits = if datatype == UINT8 { 8 } else { 32 };
    let header = header(path, volume.geometry(), datatype, bits)?;
    let stream = |out: &mut dyn Write| -> std::io::Result<()> {
        out.write_all(&header)?;
        let mut bytes = Vec::with_capacity(4 * VOXELS_AT_A_TIME);
        for voxels in volume.voxels().chunks(VOXELS_AT_A_TIME) {
            bytes.clear();
            voxels.iter().for_each(|voxel| put(voxel, &mut bytes));
            out.write_all(&bytes)?;
        }
        Ok(())
    };
    let packed = file_name(path).to_ascii_lowercase().ends_with(".gz");
    let whole = || -> std::io::Result<()> {
        let mut file = std::fs::File::create(path)?;
        if !packed {
            return stream(&mut file);
        }
        let mut packer = GzEncoder::new(BufWriter::new(file), Compression::fast());
        stream(&mut packer)?;
        packer.finish()?.flush()
    };
    whole().map_err(|source| ImageFileError::Write {
        path: path.to_owned(),
        source,
    })
}

fn header(
    path: &Path,
    grid: &Geometry,
    datatype: i16,
    bits: i16,
) -> Result<Vec<u8>, ImageFileError> {
    let mut h = vec![0u8; DATA_OFFSET];
    let mut put = |at: usize, bytes: &[u8]| h[at..at + bytes.len()].copy_from_slice(bytes);
    put(0, &348i32.to_le_bytes());
    let size = grid.size();
    put(40, &3i16.to_le_bytes());
    for axis in 0..7 {
        let count = size.get(axis).copied().unwrap_or(1);
        let count = i16::try_from(count).map_err(|_| ImageFileError::Unsupported {
            path: path.to_owned(),
            problem: format!(
                "NIfTI-1 holds at most 32767 voxels along an axis, and this image has {count}: crop it"
            ),
        })?;
        put(42 + 2 * axis, &count.to_le_bytes());
    }
    put(70, &datatype.to_le_bytes());
    put(72, &bits.to_le_bytes());
    put(108, &(DATA_OFFSET as f32).to_le_bytes());
    put(112, &1f32.to_le_bytes());
    // Millimetres and seconds.
    put(123, &[2 | 8]);
    put(254, &1i16.to_le_bytes());
    // LPS to RAS: the first two rows change sign.
    let affine = grid.affine();
    let ras = |r: usize, c: usize| {
        if r < 2 {
            -affine[(r, c)]
        } else {
            affine[(r, c)]
        }
    };
    for row in 0..3 {
        for column in 0..4 {
            put(
                280 + 16 * row + 4 * column,
                &(ras(row, column) as f32).to_le_bytes(),
            );
        }
    }
    let spacing = grid.spacing_mm();
    let mut handedness = 1f32;
    if let Some((quaternion, flip)) = quaternion_of(grid) {
        handedness = flip;
        put(252, &1i16.to_le_bytes());
        for (n, value) in quaternion.iter().enumerate() {
            put(256 + 4 * n, &(*value as f32).to_le_bytes());
            put(268 + 4 * n, &(ras(n, 3) as f32).to_le_bytes());
        }
    }
    put(76, &handedness.to_le_bytes());
    for (axis, value) in spacing.iter().enumerate() {
        put(80 + 4 * axis, &(*value as f32).to_le_bytes());
    }
    put(344, b"n+1\0");
    Ok(h)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ReadOptions, read_from_bytes};

    #[test]
    fn a_series_in_memory_is_read_again() {
        let grid = Geometry::axis_aligned([3, 4, 2], [5.0, -6.0, 7.0], [1.0, 2.0, 3.0]).unwrap();
        let image =
            |step: f32| Image::from_fn(grid, |[i, j, k]| step + (i + 3 * j + 12 * k) as f32);
        let (a, b) = (image(0.5), image(100.0));
        let bytes = nifti_bytes("series.nii", &[&a, &b]).unwrap();
        let read = read_from_bytes("series.nii", &bytes, &ReadOptions::default()).unwrap();
        assert_eq!(read.images.len(), 2);
        for (read, wrote) in read.images.iter().zip([&a, &b]) {
            assert_eq!(read.voxels(), wrote.voxels());
            assert!(read.geometry().same_grid(&grid));
        }
        let mask = a.map(|&v| v > 10.0);
        let bytes = nifti_mask_bytes("mask.nii", &mask).unwrap();
        let read = read_from_bytes("mask.nii", &bytes, &ReadOptions::default()).unwrap();
        assert_eq!(read.images[0].map(|&v| v > 0.5).voxels(), mask.voxels());
        assert!(nifti_bytes("none.nii", &[]).is_err());
    }
}
