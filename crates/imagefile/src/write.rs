//! Writing NIfTI-1.

use crate::ImageFileError;
use crate::raw::file_name;
use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::Write;
use std::path::Path;
use triher_volume::{Geometry, Image, Mask};

/// Header and empty extension block of a single file.
const DATA_OFFSET: usize = 352;

/// Writes an image as NIfTI-1 of 32-bit floats; `.nii.gz` is packed, without a time stamp, so that the same image
/// gives the same bytes. The sform and, for grids without shear, the qform carry the geometry.
///
/// # Errors
/// When the file cannot be written or an axis is longer than NIfTI-1 can say (32,767).
pub fn write_nifti(path: &Path, image: &Image) -> Result<(), ImageFileError> {
    let data = image.voxels().iter().flat_map(|v| v.to_le_bytes());
    write(path, image.geometry(), 16, 32, data.collect())
}

/// Writes a mask as NIfTI-1 of bytes, 1 inside and 0 outside.
///
/// # Errors
/// As [`write_nifti`].
pub fn write_nifti_mask(path: &Path, mask: &Mask) -> Result<(), ImageFileError> {
    write(
        path,
        mask.geometry(),
        2,
        8,
        mask.voxels().iter().map(|&v| u8::from(v)).collect(),
    )
}

fn write(
    path: &Path,
    grid: &Geometry,
    datatype: i16,
    bits: i16,
    data: Vec<u8>,
) -> Result<(), ImageFileError> {
    let fail = |source| ImageFileError::Write {
        path: path.to_owned(),
        source,
    };
    let mut bytes = header(path, grid, datatype, bits)?;
    bytes.extend(data);
    if file_name(path).to_ascii_lowercase().ends_with(".gz") {
        let mut packer = GzEncoder::new(Vec::new(), Compression::default());
        packer.write_all(&bytes).map_err(fail)?;
        bytes = packer.finish().map_err(fail)?;
    }
    std::fs::write(path, bytes).map_err(fail)
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
        let count = i16::try_from(count).map_err(|_| ImageFileError::Malformed {
            path: path.to_owned(),
            problem: format!(
                "NIfTI-1 holds at most 32767 voxels along an axis, and this image has {count}"
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
    if let Some((quaternion, flip)) = quaternion(grid) {
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

/// Quaternion (b, c, d) and handedness of a grid's directions in RAS; `None` when they are sheared.
fn quaternion(grid: &Geometry) -> Option<([f64; 3], f32)> {
    let lps = grid.directions();
    // r[row][column]: the rotation in RAS.
    let mut r = [[0.0; 3]; 3];
    for (column, direction) in lps.iter().enumerate() {
        for row in 0..3 {
            r[row][column] = if row < 2 {
                -direction[row]
            } else {
                direction[row]
            };
        }
    }
    for a in 0..3 {
        for b in 0..a {
            let dot: f64 = (0..3).map(|row| r[row][a] * r[row][b]).sum();
            if dot.abs() > 1e-5 {
                return None;
            }
        }
    }
    let determinant = r[0][0] * (r[1][1] * r[2][2] - r[1][2] * r[2][1])
        - r[0][1] * (r[1][0] * r[2][2] - r[1][2] * r[2][0])
        + r[0][2] * (r[1][0] * r[2][1] - r[1][1] * r[2][0]);
    let flip = if determinant < 0.0 { -1.0 } else { 1.0 };
    for row in &mut r {
        row[2] *= flip;
    }
    let rotation = nalgebra::Matrix3::from_fn(|row, column| r[row][column]);
    let rotation = nalgebra::Rotation3::from_matrix_unchecked(rotation);
    let q = nalgebra::UnitQuaternion::from_rotation_matrix(&rotation);
    // NIfTI leaves out the real part, which must not be negative.
    let sign = if q.w < 0.0 { -1.0 } else { 1.0 };
    Some(([q.i * sign, q.j * sign, q.k * sign], flip as f32))
}
