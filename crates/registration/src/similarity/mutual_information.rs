//! Mutual information with Parzen windows.

use super::{Metric, ordered_sum};
use rayon::prelude::*;

/// Bins at each end that hold no voxel's centre, for the width of the cubic window.
const PADDING: usize = 2;
/// Voxels of one piece of work.
const CHUNK: usize = 1 << 14;
/// Marks a voxel that is not compared.
const NOT_COMPARED: u16 = u16::MAX;

pub(crate) struct MutualInformation {
    bins: usize,
    region: Vec<bool>,
    /// Bin of each voxel of the fixed image.
    fixed_bin: Vec<u16>,
    minimum: f64,
    /// Width of a bin of the moving image.
    width: f64,
}

impl MutualInformation {
    /// For a fixed image and a moving one, over the region thinned to the share `sampled`.
    pub(crate) fn new(
        fixed: &[f32],
        moving: &[f32],
        region: &[bool],
        bins: usize,
        sampled: f64,
    ) -> Self {
        let moving_range = range(moving);
        let region = thinned(region, sampled);
        let inside = || fixed.iter().zip(&region).filter(|(_, r)| **r);
        let low = inside().fold(f32::INFINITY, |m, (&v, _)| m.min(v));
        let high = inside().fold(f32::NEG_INFINITY, |m, (&v, _)| m.max(v));
        let fixed_width = bin_width([low, high], bins);
        let fixed_bin = fixed.iter().zip(&region).map(|(&v, &r)| {
            if !r {
                return NOT_COMPARED;
            }
            let bin = (f64::from(v) - f64::from(low)) / fixed_width + PADDING as f64;
            (bin as usize).clamp(PADDING, bins - PADDING - 1) as u16
        });
        Self {
            bins,
            fixed_bin: fixed_bin.collect(),
            region,
            minimum: f64::from(moving_range[0]),
            width: bin_width(moving_range, bins),
        }
    }

    /// Continuous bin of an intensity of the moving image, and whether it was within the range: a spline overshoots.
    fn bin(&self, value: f32) -> (f64, bool) {
        let bin = (f64::from(value) - self.minimum) / self.width + PADDING as f64;
        let last = (self.bins - PADDING) as f64 - 1e-9;
        (
            bin.clamp(PADDING as f64, last),
            (PADDING as f64..=last).contains(&bin),
        )
    }

    /// The joint histogram, `[fixed][moving]`, and the number of voxels in it.
    fn histogram(&self, warped: &[f32]) -> (Vec<f64>, f64) {
        let pieces: Vec<(Vec<f64>, f64)> = warped
            .par_chunks(CHUNK)
            .zip(self.fixed_bin.par_chunks(CHUNK))
            .map(|(values, fixed)| {
                let mut joint = vec![0.0; self.bins * self.bins];
                let mut count = 0.0;
                for (&value, &row) in values.iter().zip(fixed) {
                    if row == NOT_COMPARED || !value.is_finite() {
                        continue;
                    }
                    let (first, t) = first_tap(self.bin(value).0);
                    let start = row as usize * self.bins + first;
                    for (bin, weight) in joint[start..start + 4].iter_mut().zip(window(t)) {
                        *bin += weight;
                    }
                    count += 1.0;
                }
                (joint, count)
            })
            .collect();
        let mut joint = vec![0.0; self.bins * self.bins];
        let mut count = 0.0;
        for (piece, n) in pieces {
            joint.iter_mut().zip(piece).for_each(|(a, b)| *a += b);
            count += n;
        }
        (joint, count)
    }
}

impl Metric for MutualInformation {
    fn region(&self) -> &[bool] {
        &self.region
    }

    fn evaluate(&self, warped: &[f32]) -> (f64, Vec<f32>) {
        let (mut joint, count) = self.histogram(warped);
        if count == 0.0 {
            return (f64::NEG_INFINITY, vec![0.0; warped.len()]);
        }
        joint.iter_mut().for_each(|p| *p /= count);
        let fixed: Vec<f64> = joint
            .chunks(self.bins)
            .map(|row| row.iter().sum())
            .collect();
        let moving: Vec<f64> = (0..self.bins)
            .map(|m| joint.iter().skip(m).step_by(self.bins).sum())
            .collect();
        let mut value = 0.0;
        // What a share more in this bin adds: the logarithm of p(f, m) / p(m). The rest of the derivative sums to zero.
        let mut gain = vec![0.0; joint.len()];
        for (f, p_fixed) in fixed.iter().enumerate() {
            for (m, p_moving) in moving.iter().enumerate() {
                let p = joint[f * self.bins + m];
                if p > 0.0 {
                    value += p * (p / (p_fixed * p_moving)).ln();
                    gain[f * self.bins + m] = (p / p_moving).ln();
                }
            }
        }
        let scale = 1.0 / (count * self.width);
        let gradient = warped
            .par_iter()
            .zip(&self.fixed_bin)
            .with_min_len(CHUNK)
            .map(|(&value, &row)| {
                if row == NOT_COMPARED || !value.is_finite() {
                    return 0.0;
                }
                let (bin, within) = self.bin(value);
                if !within {
                    return 0.0;
                }
                let (first, t) = first_tap(bin);
                let start = row as usize * self.bins + first;
                let slope: f64 = gain[start..start + 4]
                    .iter()
                    .zip(window_slope(t))
                    .map(|(g, s)| g * s)
                    .sum();
                (slope * scale) as f32
            })
            .collect();
        (value, gradient)
    }
}

/// The first of the four bins that a window reaches, and how far the bin lies beyond the second.
fn first_tap(bin: f64) -> (usize, f64) {
    let low = bin.floor();
    (low as usize - 1, bin - low)
}

fn window(t: f64) -> [f64; 4] {
    let s = 1.0 - t;
    [
        s * s * s / 6.0,
        2.0 / 3.0 - t * t * (1.0 - 0.5 * t),
        2.0 / 3.0 - s * s * (1.0 - 0.5 * s),
        t * t * t / 6.0,
    ]
}

fn window_slope(t: f64) -> [f64; 4] {
    let s = 1.0 - t;
    [
        -0.5 * s * s,
        t * (1.5 * t - 2.0),
        -s * (1.5 * s - 2.0),
        0.5 * t * t,
    ]
}

fn bin_width(range: [f32; 2], bins: usize) -> f64 {
    let width = (f64::from(range[1]) - f64::from(range[0])) / (bins - 2 * PADDING) as f64;
    if width > 0.0 { width } else { 1.0 }
}

/// The region with one voxel, at a pseudo-random place, of each run of `1 / share` voxels.
fn thinned(region: &[bool], share: f64) -> Vec<bool> {
    let run = (1.0 / share).round().max(1.0) as usize;
    let mut thin = vec![false; region.len()];
    for (number, start) in (0..region.len()).step_by(run).enumerate() {
        // SplitMix64 of the run's number: a fixed seed, no state that threads could share.
        let mut z = (number as u64).wrapping_add(0x9E37_79B9_7F4A_7C15);
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        let at = start + ((z ^ (z >> 31)) % run as u64) as usize;
        if let (Some(out), Some(&inside)) = (thin.get_mut(at), region.get(at)) {
            *out = inside;
        }
    }
    thin
}

/// Lowest and highest value.
fn range(values: &[f32]) -> [f32; 2] {
    values
        .iter()
        .fold([f32::INFINITY, f32::NEG_INFINITY], |[low, high], &v| {
            [low.min(v), high.max(v)]
        })
}

/// Standard deviation and mean over a region, in a fixed order of sums.
pub(crate) fn moments(values: &[f32], region: &[bool]) -> (f64, f64) {
    let over = |of: &(dyn Fn(f64) -> f64 + Sync)| {
        ordered_sum(values.len(), CHUNK, |piece| {
            values[piece.clone()]
                .iter()
                .zip(&region[piece])
                .filter(|(_, r)| **r)
                .map(|(&v, _)| of(f64::from(v)))
                .sum()
        })
    };
    let count = over(&|_| 1.0).max(1.0);
    let mean = over(&|v| v) / count;
    let variance = over(&|v| (v - mean) * (v - mean)) / count;
    (mean, variance.sqrt())
}

#[cfg(test)]
mod tests {
    use super::super::tests::{check_gradient, pair};
    use super::*;

    #[test]
    fn the_gradient_is_that_of_differences() {
        let (fixed, moving) = pair(1500);
        let region = vec![true; 1500];
        let metric = MutualInformation::new(&fixed, &moving, &region, 24, 1.0);
        check_gradient(&metric, &moving, 0.05);
    }

    #[test]
    fn an_image_tells_more_of_itself_than_of_noise() {
        let (fixed, moving) = pair(4000);
        let region = vec![true; 4000];
        let metric = MutualInformation::new(&fixed, &moving, &region, 32, 1.0);
        let mixed: Vec<f32> = (0..4000).map(|n| moving[n * 1777 % 4000]).collect();
        let (same, unlike) = (metric.evaluate(&moving).0, metric.evaluate(&mixed).0);
        assert!(same > 1.0 && unlike < 0.3, "{same} {unlike}");
        assert_eq!(metric.evaluate(&[f32::NAN; 4000]).0, f64::NEG_INFINITY);
    }

    #[test]
    fn thinning_keeps_the_share() {
        let thin = thinned(&[true; 10_000], 0.1);
        assert_eq!(thin.iter().filter(|t| **t).count(), 1000);
        assert_eq!(thinned(&[true; 77], 1.0), vec![true; 77]);
        // Not every tenth voxel: places vary within their run.
        let places: Vec<usize> = (0..10_000).filter(|&n| thin[n]).map(|n| n % 10).collect();
        assert!((0..10).all(|place| places.contains(&place)));
    }
}
