//! Gaussian smoothing, as it is needed before a coarser grid is sampled.

use crate::{Image, Volume};
use rayon::prelude::*;

/// Smooths an image so that sampling it every `target_spacing_mm` does not alias.
///
/// Along each axis that becomes coarser by the factor `f > 1`, a Gaussian with a standard deviation of
/// `sqrt(f^2 - 1) / (2 sqrt(2 ln 2))` old voxels is applied: voxels are taken for Gaussians whose full width
/// at half maximum is the spacing, and the smoothing makes up the difference of the variances (Cardoso et
/// al., Scale factor point spread function matching, MICCAI 2015). Axes that become finer are left alone. The
/// kernel ends at four standard deviations; borders are repeated.
pub fn anti_alias(image: &Image, target_spacing_mm: [f64; 3]) -> Image {
    let spacing = image.geometry().spacing_mm();
    let mut smoothed = image.voxels().to_vec();
    let size = image.geometry().size();
    for axis in 0..3 {
        let factor = target_spacing_mm[axis] / spacing[axis];
        if factor > 1.0 && factor.is_finite() {
            let sigma = (factor * factor - 1.0).sqrt() / FULL_WIDTH_AT_HALF_MAXIMUM;
            smoothed = gaussian_axis(&smoothed, size, axis, sigma);
        }
    }
    let step = format!("smoothed against aliasing at {target_spacing_mm:?} mm");
    let provenance = image.provenance().clone().with_step(step);
    Volume::from_parts_unchecked(*image.geometry(), smoothed, provenance)
}

/// Of a Gaussian, in standard deviations: `2 sqrt(2 ln 2)`.
const FULL_WIDTH_AT_HALF_MAXIMUM: f64 = 2.354_820_045_030_949_3;

fn gaussian_axis(data: &[f32], size: [usize; 3], axis: usize, sigma: f64) -> Vec<f32> {
    let radius = ((4.0 * sigma).ceil() as usize).min(4 * size[axis]);
    let mut kernel: Vec<f64> = (0..=2 * radius)
        .map(|t| (-0.5 * ((t as f64 - radius as f64) / sigma).powi(2)).exp())
        .collect();
    let total: f64 = kernel.iter().sum();
    kernel.iter_mut().for_each(|w| *w /= total);
    let stride: usize = size[..axis].iter().product();
    let n = size[axis];
    let mut out = vec![0f32; data.len()];
    out.par_chunks_mut(size[0])
        .enumerate()
        .for_each(|(row, values)| {
            for (i, value) in values.iter_mut().enumerate() {
                let offset = row * size[0] + i;
                let here = offset / stride % n;
                let base = offset - here * stride;
                let sum: f64 = kernel
                    .iter()
                    .enumerate()
                    .map(|(t, w)| {
                        let at = (here + t).saturating_sub(radius).min(n - 1);
                        w * f64::from(data[base + at * stride])
                    })
                    .sum();
                *value = sum as f32;
            }
        });
    out
}
