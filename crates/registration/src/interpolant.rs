//! An image as a smooth function of the continuous voxel index, with its gradient.

use triher_volume::{Image, cubic_bspline_coefficients};

/// The cubic B-spline through an image's voxels, mirrored about the outermost centres.
///
/// Linear interpolation is not used for fitting: it averages much of the noise away between voxel centres, so that a similarity
/// looks better half a voxel off (Pluim, Maintz, Viergever, Computer Vision and Image Understanding 2000;77:211).
pub(crate) struct Interpolant {
    coefficients: Vec<f32>,
    size: [usize; 3],
}

/// The four voxels along an axis that a position takes, with the spline's weights and their derivatives.
struct Taps {
    index: [usize; 4],
    weight: [f32; 4],
    slope: [f32; 4],
}

impl Interpolant {
    pub(crate) fn new(image: &Image) -> Self {
        Self {
            coefficients: cubic_bspline_coefficients(image),
            size: image.geometry().size(),
        }
    }

    /// Value at a continuous index, `None` more than half a voxel beyond the outermost centres.
    pub(crate) fn value(&self, index: [f64; 3]) -> Option<f32> {
        self.value_and_gradient(index).map(|(value, _)| value)
    }

    /// Value and its derivatives by the three components of the index.
    #[inline]
    pub(crate) fn value_and_gradient(&self, index: [f64; 3]) -> Option<(f32, [f32; 3])> {
        let x = taps(index[0], self.size[0])?;
        let y = taps(index[1], self.size[1])?;
        let z = taps(index[2], self.size[2])?;
        let [ni, nj, _] = self.size;
        let run = x.index[3] == x.index[0] + 3 && x.index[1] == x.index[0] + 1;
        let (mut value, mut gradient) = (0f32, [0f32; 3]);
        for c in 0..4 {
            let (mut plane, mut along_y) = ([0f32; 4], [0f32; 4]);
            for b in 0..4 {
                let row = ni * (y.index[b] + nj * z.index[c]);
                let piece: [f32; 4] = if run {
                    let start = row + x.index[0];
                    let four = &self.coefficients[start..start + 4];
                    [four[0], four[1], four[2], four[3]]
                } else {
                    x.index.map(|i| self.coefficients[row + i])
                };
                for lane in 0..4 {
                    plane[lane] += y.weight[b] * piece[lane];
                    along_y[lane] += y.slope[b] * piece[lane];
                }
            }
            let in_plane = dot(&x.weight, &plane);
            value += z.weight[c] * in_plane;
            gradient[0] += z.weight[c] * dot(&x.slope, &plane);
            gradient[1] += z.weight[c] * dot(&x.weight, &along_y);
            gradient[2] += z.slope[c] * in_plane;
        }
        Some((value, gradient))
    }
}

#[inline]
fn dot(a: &[f32; 4], b: &[f32; 4]) -> f32 {
    (a[0] * b[0] + a[1] * b[1]) + (a[2] * b[2] + a[3] * b[3])
}

#[inline]
fn taps(position: f64, n: usize) -> Option<Taps> {
    // Rounding of affines must not push a voxel's own centre out of the image.
    const SLACK: f64 = 1e-6;
    if !(position >= -0.5 - SLACK && position <= n as f64 - 0.5 + SLACK) {
        return None;
    }
    let low = position.floor();
    let t = (position - low) as f32;
    let first = low as isize - 1;
    let inside = first >= 0 && first + 3 < n as isize;
    Some(Taps {
        index: std::array::from_fn(|d| {
            let index = first + d as isize;
            if inside {
                index as usize
            } else {
                mirror(index, n)
            }
        }),
        weight: cubic_weights(t),
        slope: cubic_slopes(t),
    })
}

/// The voxel that stands for an index beyond the ends: reflected about the outermost centres.
fn mirror(index: isize, n: usize) -> usize {
    if n == 1 {
        return 0;
    }
    let period = 2 * (n as isize - 1);
    let folded = index.rem_euclid(period);
    folded.min(period - folded) as usize
}

/// Weights of the cubic B-spline for the points at -1, 0, 1, 2 at a fraction `t` of the way from 0 to 1.
fn cubic_weights(t: f32) -> [f32; 4] {
    let s = 1.0 - t;
    [
        s * s * s / 6.0,
        2.0 / 3.0 - t * t * (1.0 - 0.5 * t),
        2.0 / 3.0 - s * s * (1.0 - 0.5 * s),
        t * t * t / 6.0,
    ]
}

/// Derivatives of [`cubic_weights`] by `t`.
fn cubic_slopes(t: f32) -> [f32; 4] {
    let s = 1.0 - t;
    [
        -0.5 * s * s,
        t * (1.5 * t - 2.0),
        -s * (1.5 * s - 2.0),
        0.5 * t * t,
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use triher_volume::{Geometry, Interpolation, resample_onto};

    fn image(size: [usize; 3]) -> Image {
        let geometry = Geometry::axis_aligned(size, [1.0; 3], [0.0; 3]).unwrap();
        Image::from_fn(geometry, |[i, j, k]| {
            ((i * 37 + j * 61 + k * 17) % 29) as f32
        })
    }

    #[test]
    fn values_are_those_of_resampling() {
        let image = image([6, 5, 4]);
        let shifted = Geometry::axis_aligned([6, 5, 4], [1.0; 3], [0.3, -0.4, 0.45]).unwrap();
        let expected = resample_onto(&image, &shifted, Interpolation::CubicBSpline, -1.0);
        let spline = Interpolant::new(&image);
        for (offset, want) in expected.voxels().iter().enumerate() {
            let at = shifted.index_at(offset).map(|i| i as f64);
            let got = spline.value([at[0] + 0.3, at[1] - 0.4, at[2] + 0.45]);
            assert!((got.unwrap_or(-1.0) - want).abs() < 1e-4);
        }
        assert_eq!(spline.value([6.0, 0.0, 0.0]), None);
        assert_eq!(spline.value([f64::NAN, 0.0, 0.0]), None);
    }

    #[test]
    fn gradients_are_those_of_differences() {
        for size in [[6, 5, 4], [6, 5, 1]] {
            let spline = Interpolant::new(&image(size));
            let at = [2.3, 0.2, if size[2] == 1 { 0.0 } else { 1.6 }];
            let (_, gradient) = spline.value_and_gradient(at).unwrap();
            for axis in 0..3 {
                let value = |step: f64| {
                    let mut p = at;
                    p[axis] += step;
                    f64::from(spline.value(p).unwrap())
                };
                let difference = (value(1e-2) - value(-1e-2)) / 2e-2;
                assert!((difference - f64::from(gradient[axis])).abs() < 2e-2);
            }
        }
    }
}
