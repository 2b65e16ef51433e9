//! Resampling onto any grid: point by point.

use super::taps::{Taps, is_inside, nearest};
use super::{IndexMap, Interpolation};
use rayon::prelude::*;

/// Values at every voxel of a grid.
pub(super) fn sample(
    values: &[f32],
    size: [usize; 3],
    map: &IndexMap,
    interpolation: Interpolation,
    outside: f32,
) -> Vec<f32> {
    if interpolation == Interpolation::Nearest {
        return sample_nearest(values, size, map, outside);
    }
    sample_points(map, outside, |p| {
        let i = Taps::at(p[0], size[0], interpolation)?;
        let j = Taps::at(p[1], size[1], interpolation)?;
        let k = Taps::at(p[2], size[2], interpolation)?;
        Some(weighted(values, size, &i, &j, &k))
    })
}

/// The nearest voxels at every voxel of a grid.
pub(super) fn sample_nearest<T: Copy + Send + Sync>(
    values: &[T],
    size: [usize; 3],
    map: &IndexMap,
    outside: T,
) -> Vec<T> {
    sample_points(map, outside, |p| {
        let inside = (0..3).all(|a| is_inside(p[a], size[a]));
        inside.then(|| {
            let [i, j, k] = std::array::from_fn(|a| nearest(p[a], size[a]));
            values[i + size[0] * (j + size[1] * k)]
        })
    })
}

/// A function of the source's continuous index at every voxel of a grid, in parallel over slices; every voxel is
/// computed on its own.
fn sample_points<T: Copy + Send + Sync>(
    map: &IndexMap,
    outside: T,
    value: impl Fn([f64; 3]) -> Option<T> + Sync,
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
                for (i, voxel) in row.iter_mut().enumerate() {
                    let p = std::array::from_fn(|a| start[a] + i as f64 * map.step[0][a]);
                    *voxel = value(p).unwrap_or(outside);
                }
            }
        });
    out
}

/// Sum of values with the product of the weights of each axis.
#[inline]
fn weighted(values: &[f32], size: [usize; 3], i: &Taps, j: &Taps, k: &Taps) -> f32 {
    // Four voxels in a row, as all inner points of a spline have, are read as one piece.
    let in_a_row = i.count == 4 && i.index[3] == i.index[0] + 3 && i.index[1] == i.index[0] + 1;
    let mut lanes = [0f32; 4];
    let mut sum = 0f32;
    for (k, weight_k) in k.iter() {
        for (j, weight_j) in j.iter() {
            let row = size[0] * (j + size[1] * k);
            let weight = weight_j * weight_k;
            if in_a_row {
                let piece = &values[row + i.index[0]..row + i.index[0] + 4];
                for (lane, value) in lanes.iter_mut().zip(piece) {
                    *lane += weight * value;
                }
            } else {
                let line: f32 = i.iter().map(|(i, w)| w * values[row + i]).sum();
                sum += weight * line;
            }
        }
    }
    if in_a_row {
        for (lane, weight) in lanes.iter().zip(&i.weight) {
            sum += lane * weight;
        }
    }
    sum
}
