//! Sums over all pairs of voxels as sums over frequencies.

use super::Pairs;
use rayon::prelude::*;
use realfft::{RealFftPlanner, RealToComplex};
use rustfft::num_complex::Complex;
use rustfft::{Fft, FftPlanner};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

/// By Parseval's theorem: each sum over pairs is a sum over frequencies of the weights' transform with that of two signals: the mask, the deviations and
/// their squares. All are real, so half of the frequencies suffice; the weights are even along every axis, so an eighth of theirs does.
pub(super) fn by_transforms(
    deviations: &[f64],
    size: [usize; 3],
    padded: [usize; 3],
    spacing_mm: [f64; 3],
) -> Pairs {
    let weights = transformed_weights(padded, spacing_mm);
    let [nx, ny, nz] = size;
    let [px, py, pz] = padded;
    let half = px / 2 + 1;
    let zero = Complex::new(0.0, 0.0);
    let along_x = real_plan(px);
    let (along_y, along_z) = (plan(py), plan(pz));
    // Slices of the three signals, one after another, transformed within the slice: columns along y lie together.
    let plane = half * py;
    let mut slices = vec![zero; 3 * plane * nz];
    let each = slices.par_chunks_exact_mut(plane).enumerate();
    each.for_each_init(
        || {
            (
                vec![0f64; px],
                vec![zero; half],
                along_x.make_scratch_vec(),
                scratch(&*along_y),
            )
        },
        |(row, line, scratch_x, scratch_y), (at, slice)| {
            let (signal, k) = (at / nz, at % nz);
            let rows = deviations[nx * ny * k..][..nx * ny].chunks_exact(nx);
            for (j, values) in rows.enumerate() {
                // A row without a voxel has no transform but zero.
                if values.iter().all(|v| v.is_nan()) {
                    continue;
                }
                for (v, value) in row.iter_mut().zip(values) {
                    *v = match signal {
                        _ if value.is_nan() => 0.0,
                        0 => 1.0,
                        1 => *value,
                        _ => value * value,
                    };
                }
                row[nx..].fill(0.0);
                // Lengths fit, because the plan made them.
                let _ = along_x.process_with_scratch(row, line, scratch_x);
                for (column, v) in slice.chunks_exact_mut(py).zip(line.iter()) {
                    column[j] = *v;
                }
            }
            along_y.process_with_scratch(slice, scratch_y);
        },
    );
    let octant = [half, py / 2 + 1, pz / 2 + 1];
    let sums: Vec<[f64; 3]> = (0..half)
        .into_par_iter()
        .map_init(
            || {
                (
                    vec![zero; 3 * COLUMNS * pz],
                    scratch(&*along_z),
                    vec![0f64; 3 * octant[2]],
                )
            },
            |(columns, scratch, energies), i| {
                let mut sums = [0f64; 3];
                for from in (0..py).step_by(COLUMNS) {
                    let width = (py - from).min(COLUMNS);
                    columns.fill(zero);
                    for signal in 0..3 {
                        for k in 0..nz {
                            let place = (signal * nz + k) * plane + i * py + from;
                            for (c, v) in slices[place..][..width].iter().enumerate() {
                                columns[(signal * width + c) * pz + k] = *v;
                            }
                        }
                    }
                    let used = &mut columns[..3 * width * pz];
                    along_z.process_with_scratch(used, scratch);
                    for c in 0..width {
                        let j = from + c;
                        let weights =
                            &weights[octant[2] * (i + half * j.min(py - j))..][..octant[2]];
                        let of = |signal: usize| &used[(signal * width + c) * pz..][..pz];
                        let part = weighted(weights, [of(0), of(1), of(2)], energies);
                        for (sum, part) in sums.iter_mut().zip(part) {
                            *sum += part;
                        }
                    }
                }
                // Frequencies that have no mirror image among those that were left out count once.
                let count = if i == 0 || 2 * i == px { 1.0 } else { 2.0 };
                sums.map(|sum| count * sum)
            },
        )
        .collect();
    let scale = 1.0 / (px * py * pz) as f64;
    let sum = |i: usize| scale * sums.iter().map(|s| s[i]).sum::<f64>();
    Pairs {
        weights: sum(0),
        products: sum(1),
        squares: sum(2),
    }
}

/// Sums over the frequencies of a line: of the mask's and of the deviations' energies, and of the product of the squares' transform with the mask's. The weights
/// are even: each stands for two frequencies.
fn weighted(weights: &[f64], lines: [&[Complex<f64>]; 3], energies: &mut [f64]) -> [f64; 3] {
    let [mask, deviation, square] = lines;
    let (length, octant) = (mask.len(), weights.len());
    let (of_mask, rest) = energies.split_at_mut(octant);
    let (of_deviation, of_both) = rest.split_at_mut(octant);
    let both = |k: usize| square[k].re * mask[k].re + square[k].im * mask[k].im;
    of_mask[0] = mask[0].norm_sqr();
    of_deviation[0] = deviation[0].norm_sqr();
    of_both[0] = both(0);
    for k in 1..octant {
        let other = length - k;
        of_mask[k] = mask[k].norm_sqr() + mask[other].norm_sqr();
        of_deviation[k] = deviation[k].norm_sqr() + deviation[other].norm_sqr();
        of_both[k] = both(k) + both(other);
    }
    if length.is_multiple_of(2) {
        // The frequency in the middle is its own mirror image.
        for energies in [&mut *of_mask, &mut *of_deviation, &mut *of_both] {
            energies[octant - 1] *= 0.5;
        }
    }
    [of_mask, of_deviation, of_both].map(|energies| dot(weights, energies))
}

/// A product of vectors, in four sums at once.
fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut sums = [0f64; 4];
    let (a, b) = (a.chunks_exact(4), b.chunks_exact(4));
    let last: f64 = (a.remainder().iter().zip(b.remainder()))
        .map(|(a, b)| a * b)
        .sum();
    for (a, b) in a.zip(b) {
        for lane in 0..4 {
            sums[lane] += a[lane] * b[lane];
        }
    }
    sums.iter().sum::<f64>() + last
}

fn scratch(plan: &dyn Fft<f64>) -> Vec<Complex<f64>> {
    vec![Complex::new(0.0, 0.0); plan.get_inplace_scratch_len()]
}

/// Plans of transforms are made once for each length.
static PLANS: LazyLock<Mutex<(RealFftPlanner<f64>, FftPlanner<f64>)>> =
    LazyLock::new(|| Mutex::new((RealFftPlanner::new(), FftPlanner::new())));

fn plan(length: usize) -> Arc<dyn Fft<f64>> {
    let mut plans = PLANS.lock().unwrap_or_else(PoisonError::into_inner);
    plans.1.plan_fft_forward(length)
}

fn real_plan(length: usize) -> Arc<dyn RealToComplex<f64>> {
    let mut plans = PLANS.lock().unwrap_or_else(PoisonError::into_inner);
    plans.0.plan_fft_forward(length)
}

/// Columns that are transformed together: a few rows of memory at a time.
const COLUMNS: usize = 8;

/// The transform of the weights of inverse distance on the padded grid, which is real and even along every axis: its first octant, the last axis fastest,
/// then the first.
fn transformed_weights(padded: [usize; 3], spacing_mm: [f64; 3]) -> Vec<f64> {
    let octant = padded.map(|n| n / 2 + 1);
    let [ox, oy, oz] = octant;
    let plans = padded.map(plan);
    // Lines of the last axis lie together in `[y][x][z]`.
    let mut table = vec![0f64; ox * oy * oz];
    let square = |i: usize, axis: usize| (i as f64 * spacing_mm[axis]).powi(2);
    let planes = table.par_chunks_exact_mut(ox * oz).enumerate();
    planes.for_each(|(j, plane)| {
        for (i, line) in plane.chunks_exact_mut(oz).enumerate() {
            for (k, weight) in line.iter_mut().enumerate() {
                let d = square(i, 0) + square(j, 1) + square(k, 2);
                *weight = if d > 0.0 { 1.0 / d.sqrt() } else { 0.0 };
            }
        }
        let mut even = Even::new(&*plans[2]);
        for pair in plane.chunks_mut(2 * oz) {
            let (one, two) = pair.split_at_mut(oz);
            even.transform(oz, |i| (one[i], two.get(i).copied().unwrap_or(0.0)));
            for (i, one) in one.iter_mut().enumerate() {
                *one = even.result(i).0;
            }
            for (i, two) in two.iter_mut().enumerate() {
                *two = even.result(i).1;
            }
        }
        let mut even = Even::new(&*plans[0]);
        for k in (0..oz).step_by(2) {
            let second = if k + 1 < oz { k + 1 } else { k };
            even.transform(ox, |i| (plane[i * oz + k], plane[i * oz + second]));
            for i in 0..ox {
                (plane[i * oz + k], plane[i * oz + second]) = {
                    let (a, b) = even.result(i);
                    if second == k { (a, a) } else { (a, b) }
                };
            }
        }
    });
    // Along the second axis columns are far apart: part by part into a copy that is written back.
    let part = ox * oz;
    let lines: Vec<Vec<f64>> = (0..part)
        .step_by(2 * COLUMNS)
        .collect::<Vec<_>>()
        .into_par_iter()
        .map(|from| {
            let width = (part - from).min(2 * COLUMNS);
            let mut even = Even::new(&*plans[1]);
            let mut out = vec![0f64; width * oy];
            for c in (0..width).step_by(2) {
                let second = if c + 1 < width { c + 1 } else { c };
                let at = |j: usize, c: usize| table[j * part + from + c];
                even.transform(oy, |j| (at(j, c), at(j, second)));
                for j in 0..oy {
                    let (a, b) = even.result(j);
                    out[j * width + second] = b;
                    out[j * width + c] = a;
                }
            }
            out
        })
        .collect();
    for (from, block) in (0..part).step_by(2 * COLUMNS).zip(lines) {
        let width = (part - from).min(2 * COLUMNS);
        for (j, row) in block.chunks_exact(width).enumerate() {
            table[j * part + from..][..width].copy_from_slice(row);
        }
    }
    table
}

/// Transforms of two even signals at once, one as the real and one as the imaginary part: both come out real.
struct Even<'p> {
    plan: &'p dyn Fft<f64>,
    line: Vec<Complex<f64>>,
    scratch: Vec<Complex<f64>>,
}

impl<'p> Even<'p> {
    fn new(plan: &'p dyn Fft<f64>) -> Self {
        let zero = Complex::new(0.0, 0.0);
        Self {
            plan,
            line: vec![zero; plan.len()],
            scratch: vec![zero; plan.get_inplace_scratch_len()],
        }
    }

    /// Transforms signals of which the first `count` values are given, the rest being their mirror image.
    fn transform(&mut self, count: usize, value: impl Fn(usize) -> (f64, f64)) {
        let n = self.line.len();
        for i in 0..count {
            let (a, b) = value(i);
            self.line[i] = Complex::new(a, b);
            if i > 0 {
                self.line[n - i] = Complex::new(a, b);
            }
        }
        self.plan
            .process_with_scratch(&mut self.line, &mut self.scratch);
    }

    fn result(&self, i: usize) -> (f64, f64) {
        (self.line[i].re, self.line[i].im)
    }
}
