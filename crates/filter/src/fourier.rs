//! Discrete Fourier transforms of grids of complex numbers.

use crate::grid::Grid;
use rayon::prelude::*;
use rustfft::num_complex::Complex;
use rustfft::{Fft, FftPlanner};
use std::sync::Arc;

/// Transforms along the axes of a grid of one size, planned once.
pub(crate) struct Transform {
    size: [usize; 3],
    forward: [Arc<dyn Fft<f64>>; 3],
    backward: [Arc<dyn Fft<f64>>; 3],
}

impl Transform {
    pub(crate) fn new(size: [usize; 3]) -> Self {
        let mut planner = FftPlanner::new();
        Self {
            size,
            forward: size.map(|n| planner.plan_fft_forward(n)),
            backward: size.map(|n| planner.plan_fft_inverse(n)),
        }
    }

    /// To frequencies, along the first `axes` axes.
    pub(crate) fn forward(&self, values: &mut [Complex<f64>], axes: usize) {
        self.along(values, axes, &self.forward);
    }

    /// Back to voxels, divided by the number of them that belong together.
    pub(crate) fn backward(&self, values: &mut [Complex<f64>], axes: usize) {
        self.along(values, axes, &self.backward);
        let scale = 1.0 / self.size[..axes].iter().product::<usize>() as f64;
        values.par_iter_mut().for_each(|v| *v *= scale);
    }

    fn along(&self, values: &mut [Complex<f64>], axes: usize, plans: &[Arc<dyn Fft<f64>>; 3]) {
        let [nx, ny, nz] = self.size;
        if values.is_empty() {
            return;
        }
        let plane = nx * ny;
        values.par_chunks_mut(plane).for_each(|slice| {
            if nx > 1 {
                plans[0].process(slice);
            }
            if axes > 1 && ny > 1 {
                transposed(slice, nx, ny, plans[1].as_ref());
            }
        });
        if axes > 2 && nz > 1 {
            // Lines of the third axis lie far apart: they are brought together, transformed and put back.
            let mut lines = vec![Complex::default(); values.len()];
            lines
                .par_chunks_mut(nz)
                .enumerate()
                .for_each(|(place, line)| {
                    for (k, v) in line.iter_mut().enumerate() {
                        *v = values[k * plane + place];
                    }
                    plans[2].process(line);
                });
            values
                .par_chunks_mut(plane)
                .enumerate()
                .for_each(|(k, slice)| {
                    for (place, v) in slice.iter_mut().enumerate() {
                        *v = lines[place * nz + k];
                    }
                });
        }
    }
}

/// Transforms the columns of a slice.
fn transposed(slice: &mut [Complex<f64>], nx: usize, ny: usize, plan: &dyn Fft<f64>) {
    let mut columns = vec![Complex::default(); slice.len()];
    for (j, row) in slice.chunks_exact(nx).enumerate() {
        for (i, v) in row.iter().enumerate() {
            columns[i * ny + j] = *v;
        }
    }
    plan.process(&mut columns);
    for (j, row) in slice.chunks_exact_mut(nx).enumerate() {
        for (i, v) in row.iter_mut().enumerate() {
            *v = columns[i * ny + j];
        }
    }
}

/// Multiplies each frequency of a grid, along its first `axes` axes, by what a transfer function gives for it, and takes the real part of what comes back.
pub(crate) fn transferred(
    image: &Grid,
    axes: usize,
    transfer: impl Fn([f64; 3]) -> Complex<f64>,
) -> Grid {
    let transform = Transform::new(image.size);
    let mut values: Vec<Complex<f64>> = image.values.iter().map(|&v| v.into()).collect();
    transform.forward(&mut values, axes);
    let along: [Vec<f64>; 3] = std::array::from_fn(|a| {
        if a < axes {
            frequencies(image.size[a])
        } else {
            vec![0.0; image.size[a]]
        }
    });
    let mut place = values.iter_mut();
    for &z in &along[2] {
        for &y in &along[1] {
            for (&x, value) in along[0].iter().zip(&mut place) {
                *value *= transfer([x, y, z]);
            }
        }
    }
    transform.backward(&mut values, axes);
    Grid {
        size: image.size,
        values: values.iter().map(|v| v.re).collect(),
    }
}

/// The smallest number from `least` on whose prime factors are 2, 3 and 5: such transforms are fast.
pub(crate) fn fast_size(least: usize) -> usize {
    let smooth = |n: usize| {
        let divided = [2, 3, 5].into_iter().fold(n, |mut n, p| {
            while n.is_multiple_of(p) {
                n /= p;
            }
            n
        });
        divided == 1
    };
    (least.max(1)..).find(|&n| smooth(n)).unwrap_or(least)
}

/// Frequencies along an axis in the order of the transform: equally spaced from -1 to 1, both included, 1 being the Nyquist frequency. For an axis of an
/// even number of voxels zero is not among them; this is the grid with which the IBSI's reference maps are met.
fn frequencies(size: usize) -> Vec<f64> {
    if size < 2 {
        return vec![0.0; size];
    }
    (0..size)
        .map(|i| -1.0 + 2.0 * ((i + size / 2) % size) as f64 / (size - 1) as f64)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back() {
        let size = [5, 4, 3];
        let transform = Transform::new(size);
        let values: Vec<Complex<f64>> = (0..60)
            .map(|i| Complex::new(f64::from(i * i % 17), f64::from(i % 5)))
            .collect();
        for axes in 1..=3 {
            let mut there = values.clone();
            transform.forward(&mut there, axes);
            // The zero frequency of the first group is its sum.
            let group: usize = size[..axes].iter().product();
            let sum: Complex<f64> = values[..group].iter().sum();
            assert!((there[0] - sum).norm() < 1e-10);
            transform.backward(&mut there, axes);
            for (a, b) in values.iter().zip(&there) {
                assert!((a - b).norm() < 1e-12);
            }
        }
    }

    #[test]
    fn sizes_and_frequencies() {
        assert_eq!([1, 7, 11, 97, 121].map(fast_size), [1, 8, 12, 100, 125]);
        assert_eq!(frequencies(1), [0.0]);
        assert_eq!(frequencies(5), [0.0, 0.5, 1.0, -1.0, -0.5]);
        // numpy.fft.ifftshift(numpy.linspace(-1, 1, 4))
        let four = [1.0 / 3.0, 1.0, -1.0, -1.0 / 3.0];
        assert!(
            frequencies(4)
                .iter()
                .zip(four)
                .all(|(a, b)| (a - b).abs() < 1e-15)
        );
    }
}
