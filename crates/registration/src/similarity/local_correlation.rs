//! Squared correlation coefficients in a window around every voxel.

use super::mutual_information::moments;
use super::{FLATNESS, Metric, ordered_sum};
use rayon::prelude::*;

pub(crate) struct LocalCorrelation {
    size: [usize; 3],
    /// Voxels to each side of the window's middle.
    radius: [usize; 3],
    region: Vec<bool>,
    /// The fixed image less its mean, over its standard deviation.
    fixed: Vec<f32>,
    mean: f64,
    /// One over the standard deviation of the moving image.
    scale: f64,
    /// Sums of the fixed image when every voxel of the region has a value.
    sums: FixedSums,
}

/// Sums over the windows that do not depend on the moving image's values.
struct FixedSums {
    count: Vec<f32>,
    value: Vec<f32>,
    square: Vec<f32>,
}

impl LocalCorrelation {
    pub(crate) fn new(
        fixed: &[f32],
        moving: &[f32],
        region: &[bool],
        size: [usize; 3],
        radius: [usize; 3],
    ) -> Self {
        let (fixed_mean, fixed_deviation) = moments(fixed, region);
        let (mean, deviation) = moments(moving, region);
        let fixed: Vec<f32> = fixed
            .iter()
            .map(|&v| ((f64::from(v) - fixed_mean) / fixed_deviation.max(1e-30)) as f32)
            .collect();
        let weight: Vec<f32> = region.iter().map(|&r| f32::from(u8::from(r))).collect();
        Self {
            sums: FixedSums::new(&fixed, &weight, size, radius),
            size,
            radius,
            region: region.to_vec(),
            fixed,
            mean,
            scale: 1.0 / deviation.max(1e-30),
        }
    }

    fn sums(&self, of: impl Fn(usize) -> f32 + Sync + Send) -> Vec<f32> {
        let values: Vec<f32> = (0..self.fixed.len()).into_par_iter().map(of).collect();
        window_sums(&values, self.size, self.radius)
    }
}

impl FixedSums {
    fn new(fixed: &[f32], weight: &[f32], size: [usize; 3], radius: [usize; 3]) -> Self {
        let weighted = |power: i32| -> Vec<f32> {
            let pairs = fixed.par_iter().zip(weight);
            let values: Vec<f32> = pairs.map(|(f, w)| w * f.powi(power)).collect();
            window_sums(&values, size, radius)
        };
        Self {
            count: weighted(0),
            value: weighted(1),
            square: weighted(2),
        }
    }
}

/// What the gradient needs of each window.
#[derive(Clone, Copy, Default)]
struct Window {
    /// `2 A / (B C)`.
    straight: f32,
    /// `2 A^2 / (B C^2)`.
    shrink: f32,
    fixed_mean: f32,
    moving_mean: f32,
    squared: f32,
    /// The most that `squared` can be, for the flatness of the fixed image: `B / (B + n s^2)`.
    most: f32,
}

impl Metric for LocalCorrelation {
    fn region(&self) -> &[bool] {
        &self.region
    }

    fn evaluate(&self, warped: &[f32]) -> (f64, Vec<f32>) {
        let slice = self.size[0] * self.size[1];
        // Zero weight where nothing is compared, so that every sum below passes over it.
        let weight: Vec<f32> = self
            .region
            .par_iter()
            .zip(warped)
            .map(|(&r, w)| f32::from(u8::from(r && w.is_finite())))
            .collect();
        let moving: Vec<f32> = warped
            .par_iter()
            .zip(&weight)
            .map(|(&v, &w)| {
                if w > 0.0 {
                    ((f64::from(v) - self.mean) * self.scale) as f32
                } else {
                    0.0
                }
            })
            .collect();
        let count: f64 = ordered_sum(weight.len(), slice, |piece| {
            weight[piece].iter().map(|&w| f64::from(w)).sum()
        });
        if count == 0.0 {
            return (f64::NEG_INFINITY, vec![0.0; warped.len()]);
        }
        let complete = self.region.iter().zip(&weight).all(|(r, w)| !r || *w > 0.0);
        let own = (!complete).then(|| FixedSums::new(&self.fixed, &weight, self.size, self.radius));
        let of_fixed = own.as_ref().unwrap_or(&self.sums);
        let (n, f, ff) = (&of_fixed.count, &of_fixed.value, &of_fixed.square);
        let m = self.sums(|at| moving[at]);
        let mm = self.sums(|at| moving[at] * moving[at]);
        let fm = self.sums(|at| self.fixed[at] * moving[at]);
        let flat = FLATNESS * FLATNESS;
        let windows: Vec<Window> = (0..weight.len())
            .into_par_iter()
            .map(|at| {
                if weight[at] == 0.0 {
                    return Window::default();
                }
                let [n, f, m, ff, mm, fm] =
                    [n[at], f[at], m[at], ff[at], mm[at], fm[at]].map(f64::from);
                let a = fm - f * m / n;
                let spread = (ff - f * f / n).max(0.0);
                let b = spread + n * flat;
                let c = (mm - m * m / n).max(0.0) + n * flat;
                let squared = a * a / (b * c);
                Window {
                    straight: (2.0 * a / (b * c)) as f32,
                    shrink: (2.0 * squared / c) as f32,
                    most: (spread / b) as f32,
                    fixed_mean: (f / n) as f32,
                    moving_mean: (m / n) as f32,
                    squared: squared as f32,
                }
            })
            .collect();
        let total = |of: fn(&Window) -> f32| {
            ordered_sum(windows.len(), slice, |piece| {
                windows[piece].iter().map(|w| f64::from(of(w))).sum()
            })
        };
        // Windows of air count as little in the divisor as in the sum.
        let most = total(|w| w.most).max(1e-9 * count);
        let value = total(|w| w.squared) / most;
        // Each voxel takes part in all windows that hold it.
        let straight = self.sums(|at| windows[at].straight);
        let straight_mean = self.sums(|at| windows[at].straight * windows[at].fixed_mean);
        let shrink = self.sums(|at| windows[at].shrink);
        let shrink_mean = self.sums(|at| windows[at].shrink * windows[at].moving_mean);
        let gain = (self.scale / most) as f32;
        let gradient = (0..weight.len())
            .into_par_iter()
            .map(|at| {
                let along = self.fixed[at] * straight[at] - straight_mean[at];
                let back = moving[at] * shrink[at] - shrink_mean[at];
                weight[at] * gain * (along - back)
            })
            .collect();
        (value, gradient)
    }
}

/// Sums over the window of `radius` voxels to each side, cut at the borders.
fn window_sums(values: &[f32], size: [usize; 3], radius: [usize; 3]) -> Vec<f32> {
    let [ni, nj, nk] = size;
    let mut in_plane = vec![0f32; values.len()];
    in_plane.par_chunks_mut(ni * nj).enumerate().for_each_init(
        || vec![0f32; ni * nj],
        |rows, (k, out)| {
            let slice = &values[k * ni * nj..(k + 1) * ni * nj];
            for (row, sums) in slice.chunks(ni).zip(rows.chunks_mut(ni)) {
                along_row(row, sums, radius[0]);
            }
            for (j, out) in out.chunks_mut(ni).enumerate() {
                for from in j.saturating_sub(radius[1])..(j + radius[1] + 1).min(nj) {
                    add(out, &rows[from * ni..(from + 1) * ni]);
                }
            }
        },
    );
    if nk == 1 {
        return in_plane;
    }
    let mut sums = vec![0f32; values.len()];
    sums.par_chunks_mut(ni * nj)
        .enumerate()
        .for_each(|(k, out)| {
            for from in k.saturating_sub(radius[2])..(k + radius[2] + 1).min(nk) {
                add(out, &in_plane[from * ni * nj..(from + 1) * ni * nj]);
            }
        });
    sums
}

fn add(out: &mut [f32], values: &[f32]) {
    for (out, value) in out.iter_mut().zip(values) {
        *out += value;
    }
}

fn along_row(row: &[f32], sums: &mut [f32], radius: usize) {
    let n = row.len();
    sums.copy_from_slice(row);
    for distance in 1..=radius.min(n - 1) {
        add(&mut sums[..n - distance], &row[distance..]);
        add(&mut sums[distance..], &row[..n - distance]);
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{check_gradient, pair};
    use super::*;

    const SIZE: [usize; 3] = [12, 11, 9];

    #[test]
    fn the_gradient_is_that_of_differences() {
        let (fixed, moving) = pair(12 * 11 * 9);
        let mut region = vec![true; fixed.len()];
        region[40..90].fill(false);
        let metric = LocalCorrelation::new(&fixed, &moving, &region, SIZE, [2, 1, 3]);
        check_gradient(&metric, &moving, 0.02);
    }

    #[test]
    fn sums_are_those_of_the_definition() {
        let (values, _) = pair(12 * 11 * 9);
        let sums = window_sums(&values, SIZE, [2, 1, 3]);
        for at in [[0usize, 0, 0], [5, 5, 5], [11, 10, 8], [3, 0, 7]] {
            let mut sum = 0f64;
            for (offset, value) in values.iter().enumerate() {
                let index = [offset % 12, offset / 12 % 11, offset / 132];
                if (0..3).all(|a| index[a].abs_diff(at[a]) <= [2, 1, 3][a]) {
                    sum += f64::from(*value);
                }
            }
            let found = f64::from(sums[at[0] + 12 * (at[1] + 11 * at[2])]);
            assert!((found - sum).abs() < 1e-3 * sum, "{found} {sum}");
        }
    }

    #[test]
    fn brightness_and_contrast_do_not_matter() {
        let (fixed, _) = pair(12 * 11 * 9);
        let brighter: Vec<f32> = fixed.iter().map(|v| 7.0 + 3.0 * v).collect();
        let region = vec![true; fixed.len()];
        let metric = LocalCorrelation::new(&fixed, &brighter, &region, SIZE, [2; 3]);
        let (value, _) = metric.evaluate(&brighter);
        assert!((0.9..1.0).contains(&value), "{value}");
    }
}
