//! Resampling onto any grid: point by point.

use super::taps::{Taps, cubic_weights, is_inside, nearest};
use super::{IndexMap, Interpolation};
use rayon::prelude::*;
use std::ops::Range;

/// Values at every voxel of a grid.
pub(super) fn sample(
    values: &[f32],
    size: [usize; 3],
    map: &IndexMap,
    interpolation: Interpolation,
    outside: f32,
) -> Vec<f32> {
    let anywhere = |p: [f64; 3]| {
        let i = Taps::at(p[0], size[0], interpolation)?;
        let j = Taps::at(p[1], size[1], interpolation)?;
        let k = Taps::at(p[2], size[2], interpolation)?;
        Some(weighted(values, size, &i, &j, &k))
    };
    match interpolation {
        Interpolation::Nearest => sample_nearest(values, size, map, outside),
        Interpolation::Linear => {
            let inner = Inner::new(size, 0, 1);
            let value = |p: [f64; 3]| {
                let value = linear(values, size, p);
                // A voxel with no weight must not spread its NaN: the careful way decides.
                if value.is_finite() {
                    value
                } else {
                    anywhere(p).unwrap_or(outside)
                }
            };
            sample_points(
                map,
                &inner,
                value,
                |p| anywhere(p).unwrap_or(outside),
                outside,
            )
        }
        Interpolation::CubicBSpline => {
            let inner = Inner::new(size, 1, 2);
            let value = |p: [f64; 3]| cubic(values, size, p);
            sample_points(
                map,
                &inner,
                value,
                |p| anywhere(p).unwrap_or(outside),
                outside,
            )
        }
    }
}

/// The nearest voxels at every voxel of a grid.
pub(super) fn sample_nearest<T: Copy + Send + Sync>(
    values: &[T],
    size: [usize; 3],
    map: &IndexMap,
    outside: T,
) -> Vec<T> {
    let value = |p: [f64; 3]| {
        let [i, j, k] = std::array::from_fn(|a| nearest(p[a], size[a]));
        values[i + size[0] * (j + size[1] * k)]
    };
    let anywhere = |p: [f64; 3]| {
        let inside = (0..3).all(|a| is_inside(p[a], size[a]));
        if inside { value(p) } else { outside }
    };
    sample_points(map, &Inner::new(size, 0, 0), value, anywhere, outside)
}

/// The positions that need no care for borders, along each axis.
struct Inner {
    low: [f64; 3],
    high: [f64; 3],
}

impl Inner {
    /// Positions whose integer part has `before` voxels before and `after` voxels after it.
    fn new(size: [usize; 3], before: usize, after: usize) -> Self {
        Self {
            low: [before as f64; 3],
            // A hair below the last one, which has no neighbour.
            high: size
                .map(|n| n as f64 - 1.0 - after as f64 + if after > 0 { 1.0 - 1e-9 } else { 0.0 }),
        }
    }

    fn holds(&self, p: [f64; 3]) -> bool {
        (0..3).all(|a| p[a] >= self.low[a] && p[a] <= self.high[a])
    }

    /// The voxels of a row of `n` whose positions, `start + i * step`, are all held.
    fn run(&self, start: [f64; 3], step: [f64; 3], n: usize) -> Range<usize> {
        let (mut first, mut last) = (0.0f64, n as f64 - 1.0);
        for a in 0..3 {
            let ends = [self.low[a], self.high[a]].map(|end| (end - start[a]) / step[a]);
            // A step of 0 gives infinities or NaN, which `max` and `min` pass over; the ends are checked below.
            first = first.max(ends[0].min(ends[1]));
            last = last.min(ends[0].max(ends[1]));
        }
        let mut run = (first.ceil() as usize)..((last.floor() + 1.0).max(0.0) as usize).min(n);
        let at = |i: usize| std::array::from_fn(|a| start[a] + i as f64 * step[a]);
        // Positions rise or fall steadily along a row, so that what holds at both ends holds between.
        while !run.is_empty() && !self.holds(at(run.start)) {
            run.start += 1;
        }
        while !run.is_empty() && !self.holds(at(run.end - 1)) {
            run.end -= 1;
        }
        run
    }
}

/// A function of the source's continuous index at every voxel of a grid, in parallel over slices; every voxel is
/// computed on its own. `inner` is used where the positions need no care, `anywhere` everywhere else.
fn sample_points<T: Copy + Send + Sync>(
    map: &IndexMap,
    inside: &Inner,
    inner: impl Fn([f64; 3]) -> T + Sync,
    anywhere: impl Fn([f64; 3]) -> T + Sync,
    outside: T,
) -> Vec<T> {
    let [ni, nj, nk] = map.size;
    let mut out = vec![outside; ni * nj * nk];
    out.par_chunks_mut(ni * nj)
        .enumerate()
        .for_each(|(k, slice)| {
            for (j, row) in slice.chunks_mut(ni).enumerate() {
                let start: [f64; 3] = std::array::from_fn(|a| {
                    map.origin[a] + j as f64 * map.step[1][a] + k as f64 * map.step[2][a]
                });
                let at = |i: usize| std::array::from_fn(|a| start[a] + i as f64 * map.step[0][a]);
                let run = inside.run(start, map.step[0], ni);
                for (i, voxel) in row.iter_mut().enumerate() {
                    *voxel = if run.contains(&i) {
                        inner(at(i))
                    } else {
                        anywhere(at(i))
                    };
                }
            }
        });
    out
}

/// Trilinear at a position that has a voxel after it on every axis.
#[inline]
fn linear(values: &[f32], size: [usize; 3], p: [f64; 3]) -> f32 {
    let [(i, x), (j, y), (k, z)] = p.map(split);
    let base = i + size[0] * (j + size[1] * k);
    let row = |offset: usize| {
        let pair = &values[base + offset..base + offset + 2];
        pair[0] + x * (pair[1] - pair[0])
    };
    let plane = |offset: usize| {
        let (a, b) = (row(offset), row(offset + size[0]));
        a + y * (b - a)
    };
    let (a, b) = (plane(0), plane(size[0] * size[1]));
    a + z * (b - a)
}

/// The cubic spline at a position that has one voxel before and two after it on every axis.
#[inline]
fn cubic(values: &[f32], size: [usize; 3], p: [f64; 3]) -> f32 {
    let [(i, x), (j, y), (k, z)] = p.map(split);
    let [x, y, z] = [x, y, z].map(cubic_weights);
    let base = (i - 1) + size[0] * ((j - 1) + size[1] * (k - 1));
    let mut lanes = [0f32; 4];
    for (slice, weight_k) in z.iter().enumerate() {
        let mut plane = [0f32; 4];
        for (row, weight_j) in y.iter().enumerate() {
            let start = base + size[0] * (row + size[1] * slice);
            let piece = &values[start..start + 4];
            for (lane, value) in plane.iter_mut().zip(piece) {
                *lane += weight_j * value;
            }
        }
        for (lane, value) in lanes.iter_mut().zip(plane) {
            *lane += weight_k * value;
        }
    }
    (lanes[0] * x[0] + lanes[1] * x[1]) + (lanes[2] * x[2] + lanes[3] * x[3])
}

/// The voxel at or before a position that is not negative, and how far the position lies beyond it.
#[inline]
fn split(position: f64) -> (usize, f32) {
    let whole = position as i64;
    (whole as usize, (position - whole as f64) as f32)
}

/// Sum of values with the product of the weights of each axis.
fn weighted(values: &[f32], size: [usize; 3], i: &Taps, j: &Taps, k: &Taps) -> f32 {
    let mut sum = 0f32;
    for (k, weight_k) in k.iter() {
        for (j, weight_j) in j.iter() {
            let row = size[0] * (j + size[1] * k);
            let line: f32 = i.iter().map(|(i, w)| w * values[row + i]).sum();
            sum += weight_j * weight_k * line;
        }
    }
    sum
}
