//! Resizing by averaging: how the published encoders' patches are made.

use crate::{Geometry, Image, Provenance, Volume, VolumeError};
use nalgebra::Matrix4;
use rayon::prelude::*;

/// Resizes an image to `size` voxels by adaptive average pooling.
///
/// Along each axis of `n` voxels that becomes `m`, output voxel `i` averages the input voxels from
/// `floor(i n / m)` up to (not including) `ceil((i + 1) n / m)`; this also enlarges, by repeating. It is
/// what MONAI's `Resize` does in its mode `area` (PyTorch's `adaptive_avg_pool3d`). Sums are in `f64` and the
/// result is rounded once; PyTorch agrees to 1e-6 relative (`tests/resize.rs`).
///
/// The extent of the grid stays what it was: voxels become larger or smaller.
///
/// # Errors
/// [`VolumeError::BadSize`] when an axis of `size` is 0.
pub fn resize_area(image: &Image, size: [usize; 3]) -> Result<Image, VolumeError> {
    let from = image.geometry().size();
    let geometry = rescaled(image.geometry(), size)?;
    // The pooling windows of the three axes are independent, so the mean over a box is a chain of
    // three one-axis means; each is exact in f64 for the sizes that occur.
    let mut data: Vec<f64> = image.voxels().iter().map(|&v| f64::from(v)).collect();
    let mut shape = from;
    for axis in 0..3 {
        data = pool_axis(&data, shape, axis, size[axis]);
        shape[axis] = size[axis];
    }
    let voxels = data.into_iter().map(|v| v as f32).collect();
    let step = format!("resized from {from:?} to {size:?} voxels by area averaging");
    let provenance: Provenance = image.provenance().clone().with_step(step);
    Volume::new(geometry, voxels, provenance)
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

/// Means over the windows of one axis.
fn pool_axis(data: &[f64], shape: [usize; 3], axis: usize, out: usize) -> Vec<f64> {
    let n = shape[axis];
    let inner: usize = shape[..axis].iter().product();
    let outer: usize = shape[axis + 1..].iter().product();
    let windows: Vec<(usize, usize)> = (0..out)
        .map(|i| (i * n / out, ((i + 1) * n).div_ceil(out)))
        .collect();
    let mut pooled = vec![0.0; inner * out * outer];
    pooled
        .par_chunks_mut(inner * out)
        .enumerate()
        .for_each(|(o, block)| {
            for (row, &(start, end)) in block.chunks_mut(inner).zip(&windows) {
                for s in start..end {
                    let source = &data[(o * n + s) * inner..(o * n + s + 1) * inner];
                    for (sum, value) in row.iter_mut().zip(source) {
                        *sum += value;
                    }
                }
                let count = (end - start) as f64;
                row.iter_mut().for_each(|v| *v /= count);
            }
        });
    pooled
}
