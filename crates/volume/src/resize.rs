//! Resizing by averaging: how the published encoders' patches are made.

use crate::{Geometry, Image, Provenance, Volume, VolumeError};
use nalgebra::Matrix4;
use rayon::prelude::*;

/// Resizes an image to `size` voxels by adaptive average pooling.
///
/// Along each axis of `n` voxels that becomes `m`, output voxel `i` averages the input voxels from
/// `floor(i n / m)` up to (not including) `ceil((i + 1) n / m)`; this also enlarges, by repeating. It is
/// what MONAI's `Resize` does in its mode `area` (PyTorch's `adaptive_avg_pool3d`). The sum runs in `f32` in memory
/// order and is divided by the three window lengths in turn, slowest axis first, as PyTorch does on the CPU, and gives the same
/// bits (`tests/reference/resize.rs`).
///
/// The extent of the grid stays what it was: voxels become larger or smaller.
///
/// # Errors
/// [`VolumeError::BadSize`] when an axis of `size` is 0 or the grid becomes too large.
pub fn resize_area(image: &Image, size: [usize; 3]) -> Result<Image, VolumeError> {
    let from = image.geometry().size();
    let geometry = rescaled(image.geometry(), size)?;
    let windows: [Vec<(usize, usize)>; 3] = std::array::from_fn(|a| windows(from[a], size[a]));
    let values = image.voxels();
    let mut voxels = vec![0f32; geometry.len()];
    voxels
        .par_chunks_mut(size[0] * size[1])
        .zip(windows[2].par_iter())
        .for_each(|(slice, &(k0, k1))| {
            for (row, &(j0, j1)) in slice.chunks_mut(size[0]).zip(&windows[1]) {
                for (voxel, &(i0, i1)) in row.iter_mut().zip(&windows[0]) {
                    let mut sum = 0f32;
                    for k in k0..k1 {
                        for j in j0..j1 {
                            let start = from[0] * (j + from[1] * k);
                            for value in &values[start + i0..start + i1] {
                                sum += value;
                            }
                        }
                    }
                    *voxel = sum / (k1 - k0) as f32 / (j1 - j0) as f32 / (i1 - i0) as f32;
                }
            }
        });
    let step = format!("resized from {from:?} to {size:?} voxels by area averaging");
    let provenance: Provenance = image.provenance().clone().with_step(step);
    Volume::new(geometry, voxels, provenance)
}

/// First and one past the last input voxel of each of `m` output voxels of a line of `n`.
fn windows(n: usize, m: usize) -> Vec<(usize, usize)> {
    // In 128 bits: the product of two sizes may leave 64.
    let (n, m) = (n as u128, m as u128);
    let window = |i: u128| ((i * n / m) as usize, ((i + 1) * n).div_ceil(m) as usize);
    (0..m).map(window).collect()
}

/// The same extent with another number of voxels.
fn rescaled(geometry: &Geometry, size: [usize; 3]) -> Result<Geometry, VolumeError> {
    if size.contains(&0) {
        return Err(VolumeError::BadSize { size });
    }
    let mut scale = Matrix4::identity();
    for axis in 0..3 {
        let ratio = geometry.size()[axis] as f64 / size[axis] as f64;
        scale[(axis, axis)] = ratio;
        // The outer faces stay in place: index -0.5 maps to -0.5.
        scale[(axis, 3)] = 0.5 * ratio - 0.5;
    }
    Geometry::new(size, geometry.affine() * scale)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn windows_are_those_of_the_definition() {
        assert_eq!(windows(5, 3), [(0, 2), (1, 4), (3, 5)]);
        assert_eq!(windows(2, 4), [(0, 1), (0, 1), (1, 2), (1, 2)]);
        assert_eq!(windows(4, 1), [(0, 4)]);
    }

    #[test]
    fn no_voxels_cannot_be_had() {
        let geometry = Geometry::axis_aligned([2, 2, 2], [1.0; 3], [0.0; 3]).unwrap();
        let error = resize_area(&Image::filled(geometry, 1.0), [4, 0, 4]).unwrap_err();
        assert!(matches!(error, VolumeError::BadSize { size: [4, 0, 4] }));
    }

    proptest! {
        #[test]
        fn constants_and_the_extent_stay(
            from in prop::array::uniform3(1usize..9),
            to in prop::array::uniform3(1usize..9),
            value in -1000i16..1000,
        ) {
            let geometry = Geometry::axis_aligned(from, [0.7, 1.3, 2.0], [5.0, -7.0, 3.0]).unwrap();
            let image = Image::filled(geometry, f32::from(value));
            let resized = resize_area(&image, to).unwrap();
            prop_assert!(resized.voxels().iter().all(|&v| v == f32::from(value)));
            let outer = |g: &Geometry, at: f64| {
                let index = g.size().map(|n| if at < 0.0 { -0.5 } else { n as f64 - 0.5 });
                g.index_to_world(index)
            };
            for at in [-1.0, 1.0] {
                let (a, b) = (outer(&geometry, at), outer(resized.geometry(), at));
                for axis in 0..3 {
                    prop_assert!((a[axis] - b[axis]).abs() < 1e-9);
                }
            }
        }
    }
}
