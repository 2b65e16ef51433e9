//! Resampling onto another grid: nearest, linear and cubic B-spline.

mod lines;
mod points;
mod spline;
mod taps;

use crate::{Geometry, Image, Mask, Volume, VolumeError};
use nalgebra::Matrix4;
use std::fmt;

/// How values between voxel centres are found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Interpolation {
    /// The nearest voxel; halves go to the higher index.
    Nearest,
    /// Trilinear.
    Linear,
    /// Cubic B-spline through the samples, mirrored about the outermost centres (Unser, Splines: a perfect fit for
    /// signal and image processing, IEEE Signal Processing Magazine 1999). It overshoots at sharp edges.
    #[serde(rename = "cubic-bspline")]
    CubicBSpline,
}

impl fmt::Display for Interpolation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Nearest => "nearest",
            Self::Linear => "linear",
            Self::CubicBSpline => "cubic-bspline",
        })
    }
}

/// Resamples an image onto a grid.
///
/// A point whose continuous index lies outside of `-0.5 ..= n - 0.5` on an axis takes the value
/// `outside`; between the outermost centres and that border the image is continued, by its edge for
/// linear and by mirroring for the spline. This is what ITK's resampler does: SimpleITK's linear, nearest
/// and order-3 B-spline interpolators give the same numbers within 2e-6 of the image's range, on oblique
/// and on parallel grids, borders included (`tests/reference/resample.rs`).
///
/// A voxel that is not finite makes those points so that depend on it: for nearest and linear its
/// neighbours, for the spline the whole image.
///
/// Grids whose axes are parallel to the image's (in any order) are resampled axis by axis, all others
/// point by point. Slices are computed in parallel, and their values do not depend on the number of threads.
pub fn resample_onto(
    image: &Image,
    grid: &Geometry,
    interpolation: Interpolation,
    outside: f32,
) -> Image {
    let size = image.geometry().size();
    let coefficients;
    let values = match interpolation {
        Interpolation::CubicBSpline => {
            coefficients = spline::coefficients(image.voxels(), size);
            &coefficients
        }
        _ => image.voxels(),
    };
    let map = IndexMap::new(image.geometry(), grid);
    let voxels = match map.parallel_axes() {
        Some(order) => lines::sample(values, size, &map, order, interpolation, outside),
        None => points::sample(values, size, &map, interpolation, outside),
    };
    let step = format!("resampled ({interpolation}) onto {grid}");
    Volume::from_parts_unchecked(*grid, voxels, image.provenance().clone().with_step(step))
}

/// Coefficients of the cubic B-spline that passes through an image's voxels, in the image's order: what
/// [`Interpolation::CubicBSpline`] sums with its weights. For those who also need the spline's derivatives, such as
/// registration. Beyond the outermost centres they are mirrored about these.
pub fn cubic_bspline_coefficients(image: &Image) -> Vec<f32> {
    spline::coefficients(image.voxels(), image.geometry().size())
}

/// Resamples a mask onto a grid by its nearest voxels; outside is not part of the region.
pub fn resample_mask_onto(mask: &Mask, grid: &Geometry) -> Mask {
    let map = IndexMap::new(mask.geometry(), grid);
    let voxels = points::sample_nearest(mask.voxels(), mask.geometry().size(), &map, false);
    let step = format!("resampled (nearest) onto {grid}");
    Volume::from_parts_unchecked(*grid, voxels, mask.provenance().clone().with_step(step))
}

/// Resamples an image to another spacing over the same extent: the centre of the grid stays, and each
/// axis gets as many voxels as cover its extent, rounded to the nearest number (at least one). No voxel centre of
/// the new grid lies outside of the image. Smooth with [`crate::anti_alias`] first when the grid becomes coarser.
///
/// # Errors
/// [`VolumeError::BadSpacing`] when a spacing is not positive and finite, [`VolumeError::TooFine`] when the
/// grid would have more than 2^30 voxels.
pub fn resample_to_spacing(
    image: &Image,
    spacing_mm: [f64; 3],
    interpolation: Interpolation,
) -> Result<Image, VolumeError> {
    let grid = respaced(image.geometry(), spacing_mm)?;
    Ok(resample_onto(image, &grid, interpolation, 0.0))
}

/// The most voxels that [`resample_to_spacing`] makes: 4 GiB of intensities.
const MAX_RESPACED: usize = 1 << 30;

/// The grid of [`resample_to_spacing`].
fn respaced(geometry: &Geometry, spacing_mm: [f64; 3]) -> Result<Geometry, VolumeError> {
    if !spacing_mm.iter().all(|s| s.is_finite() && *s > 0.0) {
        return Err(VolumeError::BadSpacing { spacing_mm });
    }
    let old = geometry.spacing_mm();
    let mut size = [1usize; 3];
    let mut scale = Matrix4::identity();
    for axis in 0..3 {
        let ratio = spacing_mm[axis] / old[axis];
        let count = (geometry.size()[axis] as f64 / ratio).round().max(1.0);
        // A float too large for the type becomes its largest value, which is then refused.
        size[axis] = count as usize;
        scale[(axis, axis)] = ratio;
        let (n, m) = (geometry.size()[axis] as f64, count);
        scale[(axis, 3)] = (n - 1.0) / 2.0 - ratio * (m - 1.0) / 2.0;
    }
    let voxels = size.iter().try_fold(1usize, |n, &s| n.checked_mul(s));
    if voxels.is_none_or(|n| n > MAX_RESPACED) {
        return Err(VolumeError::TooFine { spacing_mm, size });
    }
    Geometry::new(size, geometry.affine() * scale)
}

/// The map from the voxel index of a grid to the continuous index of an image.
struct IndexMap {
    /// Size of the grid.
    size: [usize; 3],
    /// Image index of the grid's first voxel.
    origin: [f64; 3],
    /// Image index steps along the axes of the grid: `step[grid axis][image axis]`.
    step: [[f64; 3]; 3],
}

impl IndexMap {
    fn new(image: &Geometry, grid: &Geometry) -> Self {
        let index_of = |index: [f64; 3]| image.world_to_index(grid.index_to_world(index));
        let origin = index_of([0.0; 3]);
        // From the far end of each axis, so that rounding does not grow along it.
        let step = std::array::from_fn(|axis| {
            let far = (grid.size()[axis] - 1).max(1) as f64;
            let mut index = [0.0; 3];
            index[axis] = far;
            let p = index_of(index);
            std::array::from_fn(|a| (p[a] - origin[a]) / far)
        });
        Self {
            size: grid.size(),
            origin,
            step,
        }
    }

    /// For each axis of the image the axis of the grid that is parallel to it; `None` when an axis of the grid
    /// strays by more than a millionth of a voxel over its length.
    fn parallel_axes(&self) -> Option<[usize; 3]> {
        let length = |axis: usize, a: usize| (self.step[axis][a] * self.size[axis] as f64).abs();
        let mut order = [0; 3];
        for (image_axis, grid_axis) in order.iter_mut().enumerate() {
            *grid_axis = (0..3).max_by(|&x, &y| {
                let steps = [x, y].map(|axis| self.step[axis][image_axis].abs());
                steps[0].total_cmp(&steps[1])
            })?;
        }
        let each_once = (0..3).all(|axis| order.contains(&axis));
        let straight =
            (0..3).all(|axis| (0..3).all(|a| order[a] == axis || length(axis, a) <= 1e-6));
        (each_once && straight).then_some(order)
    }
}
