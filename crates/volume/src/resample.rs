//! Resampling onto another grid: nearest, linear and cubic B-spline.

use crate::{Geometry, Image, Mask, Volume, VolumeError};
use nalgebra::Matrix4;
use rayon::prelude::*;

/// How values between voxel centres are found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Interpolation {
    /// The nearest voxel; halves go to the higher index.
    Nearest,
    /// Trilinear.
    Linear,
    /// Cubic B-spline through the samples (Unser 1999), mirrored at the borders.
    CubicBSpline,
}

/// Resamples an image onto a grid.
///
/// A point whose continuous index lies outside of `-0.5 ..= n - 0.5` on an axis takes the value
/// `outside`; between the outermost centres and that border the image is continued (by its edge for
/// linear, by mirroring for the spline). SimpleITK's resampler gives the same numbers inside the outermost
/// centres to 1e-4 of the image's range (`tests/resample.rs`).
pub fn resample_onto(
    image: &Image,
    grid: &Geometry,
    interpolation: Interpolation,
    outside: f32,
) -> Image {
    let sampler = Sampler::new(image, interpolation);
    let voxels = sample_grid(image.geometry(), grid, |p| sampler.at(p), outside);
    let step = format!("resampled ({interpolation:?}) onto {grid}");
    Volume::from_parts_unchecked(*grid, voxels, image.provenance().clone().with_step(step))
}

/// Resamples a mask onto a grid by its nearest voxels; outside is not part of the region.
pub fn resample_mask_onto(mask: &Mask, grid: &Geometry) -> Mask {
    let size = mask.geometry().size();
    let nearest = |p: [f64; 3]| {
        let index = std::array::from_fn(|a| nearest_index(p[a], size[a]));
        mask.get(index).copied().unwrap_or(false)
    };
    let voxels = sample_grid(mask.geometry(), grid, nearest, false);
    let step = format!("resampled (nearest) onto {grid}");
    Volume::from_parts_unchecked(*grid, voxels, mask.provenance().clone().with_step(step))
}

/// Resamples an image to another spacing over the same extent: the centre of the grid stays, and each
/// axis gets as many voxels as cover its extent, rounded to the nearest number.
///
/// # Errors
/// [`VolumeError::BadAffine`] or [`VolumeError::BadSize`] when a spacing is not positive and finite or is too fine.
pub fn resample_to_spacing(
    image: &Image,
    spacing_mm: [f64; 3],
    interpolation: Interpolation,
) -> Result<Image, VolumeError> {
    let grid = respaced(image.geometry(), spacing_mm)?;
    Ok(resample_onto(image, &grid, interpolation, 0.0))
}

/// The grid of [`resample_to_spacing`].
fn respaced(geometry: &Geometry, spacing_mm: [f64; 3]) -> Result<Geometry, VolumeError> {
    let old = geometry.spacing_mm();
    let mut size = [1usize; 3];
    let mut scale = Matrix4::identity();
    for axis in 0..3 {
        let ratio = spacing_mm[axis] / old[axis];
        let count = (geometry.size()[axis] as f64 / ratio).round().max(1.0);
        // A bad spacing gives NaN, which the cast would turn into 0: refuse it as a size.
        size[axis] = if ratio > 0.0 && count < 1e9 {
            count as usize
        } else {
            0
        };
        scale[(axis, axis)] = ratio;
        let (n, m) = (geometry.size()[axis] as f64, size[axis] as f64);
        scale[(axis, 3)] = (n - 1.0) / 2.0 - ratio * (m - 1.0) / 2.0;
    }
    if size.contains(&0) {
        return Err(VolumeError::BadSize { size });
    }
    Geometry::new(size, geometry.affine() * scale)
}

/// Values of a function of the source's continuous index at every voxel of a grid, in parallel over
/// slices; every voxel is computed on its own, so the number of threads does not matter.
fn sample_grid<T: Copy + Send + Sync>(
    source: &Geometry,
    grid: &Geometry,
    value: impl Fn([f64; 3]) -> T + Sync,
    outside: T,
) -> Vec<T> {
    let [ni, nj, _] = grid.size();
    let size = source.size();
    let origin = source.world_to_index(grid.index_to_world([0.0; 3]));
    let step: [[f64; 3]; 3] = std::array::from_fn(|axis| {
        let mut unit = [0.0; 3];
        unit[axis] = 1.0;
        let p = source.world_to_index(grid.index_to_world(unit));
        std::array::from_fn(|a| p[a] - origin[a])
    });
    let mut out = vec![outside; grid.len()];
    out.par_chunks_mut(ni * nj)
        .enumerate()
        .for_each(|(k, slice)| {
            for (o, voxel) in slice.iter_mut().enumerate() {
                let (i, j) = ((o % ni) as f64, (o / ni) as f64);
                let p: [f64; 3] = std::array::from_fn(|a| {
                    origin[a] + i * step[0][a] + j * step[1][a] + k as f64 * step[2][a]
                });
                // Rounding of affines must not push a voxel on the border out of the image.
                const SLACK: f64 = 1e-6;
                let inside =
                    (0..3).all(|a| p[a] >= -0.5 - SLACK && p[a] <= size[a] as f64 - 0.5 + SLACK);
                if inside {
                    *voxel = value(p);
                }
            }
        });
    out
}

fn nearest_index(p: f64, n: usize) -> usize {
    // Adding the slack keeps exact halves, which rounding may have moved, on one side.
    ((p + 0.5 + 1e-9).floor().max(0.0) as usize).min(n - 1)
}

/// An image prepared for interpolation.
struct Sampler<'a> {
    size: [usize; 3],
    voxels: &'a [f32],
    /// Spline coefficients; empty otherwise.
    coefficients: Vec<f32>,
    interpolation: Interpolation,
}

impl<'a> Sampler<'a> {
    fn new(image: &'a Image, interpolation: Interpolation) -> Self {
        let size = image.geometry().size();
        let coefficients = match interpolation {
            Interpolation::CubicBSpline => spline_coefficients(image.voxels(), size),
            _ => Vec::new(),
        };
        Self {
            size,
            voxels: image.voxels(),
            coefficients,
            interpolation,
        }
    }

    fn at(&self, p: [f64; 3]) -> f32 {
        match self.interpolation {
            Interpolation::Nearest => {
                let [i, j, k] = std::array::from_fn(|a| nearest_index(p[a], self.size[a]));
                self.voxels[i + self.size[0] * (j + self.size[1] * k)]
            }
            Interpolation::Linear => self.linear(p),
            Interpolation::CubicBSpline => self.cubic(p),
        }
    }

    fn linear(&self, p: [f64; 3]) -> f32 {
        let taps: [([usize; 2], [f64; 2]); 3] = std::array::from_fn(|a| {
            let last = self.size[a] - 1;
            let x = p[a].clamp(0.0, last as f64);
            let low = (x.floor() as usize).min(last);
            let t = x - low as f64;
            ([low, (low + 1).min(last)], [1.0 - t, t])
        });
        weighted(self.voxels, self.size, &taps)
    }

    fn cubic(&self, p: [f64; 3]) -> f32 {
        let taps: [([usize; 4], [f64; 4]); 3] = std::array::from_fn(|a| {
            let x = p[a].clamp(-0.5, self.size[a] as f64 - 0.5);
            let low = x.floor();
            let t = x - low;
            let low = low as isize;
            let indices = std::array::from_fn(|d| mirror(low - 1 + d as isize, self.size[a]));
            let u = 1.0 - t;
            // The cubic B-spline at distances 1 + t, t, 1 - t, 2 - t.
            let weights = [
                u * u * u / 6.0,
                (4.0 - 6.0 * t * t + 3.0 * t * t * t) / 6.0,
                (4.0 - 6.0 * u * u + 3.0 * u * u * u) / 6.0,
                t * t * t / 6.0,
            ];
            (indices, weights)
        });
        weighted(&self.coefficients, self.size, &taps)
    }
}

/// Sum of values with the product of the weights of each axis.
fn weighted<const N: usize>(
    values: &[f32],
    size: [usize; 3],
    taps: &[([usize; N], [f64; N]); 3],
) -> f32 {
    let mut sum = 0.0;
    for (&k, &wk) in taps[2].0.iter().zip(&taps[2].1) {
        for (&j, &wj) in taps[1].0.iter().zip(&taps[1].1) {
            let row = size[0] * (j + size[1] * k);
            let mut line = 0.0;
            for (&i, &wi) in taps[0].0.iter().zip(&taps[0].1) {
                // A weight of nothing must not spread a NaN of a voxel that is not asked for.
                if wi != 0.0 {
                    line += wi * f64::from(values[row + i]);
                }
            }
            if wj * wk != 0.0 {
                sum += wj * wk * line;
            }
        }
    }
    sum as f32
}

/// Index mirrored about the outermost centres (whole-sample symmetry).
fn mirror(index: isize, n: usize) -> usize {
    if n == 1 {
        return 0;
    }
    let period = 2 * (n as isize - 1);
    let folded = index.rem_euclid(period);
    (if folded < n as isize {
        folded
    } else {
        period - folded
    }) as usize
}

/// Coefficients of the cubic B-spline that passes through the voxels: Unser's recursive filter with
/// the pole `sqrt(3) - 2` along each axis, mirrored at the borders.
fn spline_coefficients(voxels: &[f32], size: [usize; 3]) -> Vec<f32> {
    let mut data: Vec<f32> = voxels.to_vec();
    let [ni, nj, nk] = size;
    data.par_chunks_mut(ni)
        .for_each_init(Vec::new, |line, row| filter_strided(row, 0, 1, ni, line));
    data.par_chunks_mut(ni * nj)
        .for_each_init(Vec::new, |line, slice| {
            for i in 0..ni {
                filter_strided(slice, i, ni, nj, line);
            }
        });
    // Along k the lines cross every slice: transpose blocks of columns through a buffer.
    let columns: Vec<Vec<f32>> = (0..ni * nj)
        .into_par_iter()
        .map(|column| {
            let mut line: Vec<f64> = (0..nk)
                .map(|k| f64::from(data[column + k * ni * nj]))
                .collect();
            prefilter(&mut line);
            line.into_iter().map(|v| v as f32).collect()
        })
        .collect();
    for (column, line) in columns.iter().enumerate() {
        for (k, value) in line.iter().enumerate() {
            data[column + k * ni * nj] = *value;
        }
    }
    data
}

fn filter_strided(data: &mut [f32], start: usize, stride: usize, n: usize, line: &mut Vec<f64>) {
    line.clear();
    line.extend((0..n).map(|s| f64::from(data[start + s * stride])));
    prefilter(line);
    for (s, value) in line.iter().enumerate() {
        data[start + s * stride] = *value as f32;
    }
}

/// Samples of one line to spline coefficients (Unser 1999, box 2), exact mirrored start.
fn prefilter(line: &mut [f64]) {
    let n = line.len();
    if n < 2 {
        return;
    }
    let pole = 3f64.sqrt() - 2.0;
    // First causal coefficient: the sum over the whole mirrored period, in closed form.
    let last = pole.powi(n as i32 - 1);
    let mut sum = line[0] + last * line[n - 1];
    let (mut up, mut down) = (pole, last * last / pole);
    for value in &line[1..n - 1] {
        sum += (up + down) * value;
        up *= pole;
        down /= pole;
    }
    line[0] = sum / (1.0 - last * last);
    for s in 1..n {
        line[s] += pole * line[s - 1];
    }
    line[n - 1] = pole / (pole * pole - 1.0) * (line[n - 1] + pole * line[n - 2]);
    for s in (0..n - 1).rev() {
        line[s] = pole * (line[s + 1] - line[s]);
    }
    // Gain of the filter: (1 - pole) (1 - 1 / pole) = 6.
    line.iter_mut().for_each(|v| *v *= 6.0);
}
