//! Resampling between parallel grids: one axis after the other.

use super::taps::Taps;
use super::{IndexMap, Interpolation};
use rayon::prelude::*;

/// Values at every voxel of a grid whose axis `order[a]` is parallel to axis `a` of the source.
pub(super) fn sample(
    values: &[f32],
    size: [usize; 3],
    map: &IndexMap,
    order: [usize; 3],
    interpolation: Interpolation,
    outside: f32,
) -> Vec<f32> {
    let taps: [Vec<Option<Taps>>; 3] = std::array::from_fn(|a| {
        let axis = order[a];
        let position = |s: usize| map.origin[a] + s as f64 * map.step[axis][a];
        (0..map.size[axis])
            .map(|s| Taps::at(position(s), size[a], interpolation))
            .collect()
    });
    // In the axis order of the source; put into the order of the grid at the end.
    let sampled = in_source_order(values, size, &taps, outside);
    if order == [0, 1, 2] {
        return sampled;
    }
    transposed(&sampled, std::array::from_fn(|a| map.size[order[a]]), order)
}

fn in_source_order(
    values: &[f32],
    size: [usize; 3],
    taps: &[Vec<Option<Taps>>; 3],
    outside: f32,
) -> Vec<f32> {
    let [mi, mj, mk] = std::array::from_fn(|a| taps[a].len());
    let mut out = vec![outside; mi * mj * mk];
    let (Some((i0, i1)), Some((j0, j1))) = (reach(&taps[0]), reach(&taps[1])) else {
        return out;
    };
    let width = i1 - i0;
    let slices = out.par_chunks_mut(mi * mj).zip(taps[2].par_iter());
    slices.for_each_init(
        || (vec![0f32; width * (j1 - j0)], vec![0f32; width]),
        |(plane, line), (slice, along_k)| {
            let Some(along_k) = along_k else { return };
            for (row, j) in plane.chunks_mut(width).zip(j0..j1) {
                let sources = along_k.iter().map(|(k, weight)| {
                    let start = i0 + size[0] * (j + size[1] * k);
                    (&values[start..start + width], weight)
                });
                weighted_sum(row, sources);
            }
            for (row, along_j) in slice.chunks_mut(mi).zip(&taps[1]) {
                let Some(along_j) = along_j else { continue };
                let sources = along_j.iter().map(|(j, weight)| {
                    let start = (j - j0) * width;
                    (&plane[start..start + width], weight)
                });
                weighted_sum(line, sources);
                for (value, along_i) in row.iter_mut().zip(&taps[0]) {
                    if let Some(along_i) = along_i {
                        *value = along_i
                            .iter()
                            .map(|(i, weight)| weight * line[i - i0])
                            .sum();
                    }
                }
            }
        },
    );
    out
}

/// First and one past the last voxel of a line that any position takes.
fn reach(taps: &[Option<Taps>]) -> Option<(usize, usize)> {
    let indices = || taps.iter().flatten().flat_map(|t| t.iter().map(|(i, _)| i));
    Some((indices().min()?, indices().max()? + 1))
}

/// The weighted sum of rows, at least one.
fn weighted_sum<'a>(out: &mut [f32], rows: impl Iterator<Item = (&'a [f32], f32)>) {
    for (number, (row, weight)) in rows.enumerate() {
        if number == 0 {
            out.iter_mut().zip(row).for_each(|(o, v)| *o = weight * v);
        } else {
            out.iter_mut().zip(row).for_each(|(o, v)| *o += weight * v);
        }
    }
}

/// Values stored with axis `a` as given, reordered so that it becomes axis `order[a]`.
fn transposed(values: &[f32], size: [usize; 3], order: [usize; 3]) -> Vec<f32> {
    let strides = [1, size[0], size[0] * size[1]];
    let (mut new_size, mut new_strides) = ([0; 3], [0; 3]);
    for a in 0..3 {
        new_size[order[a]] = size[a];
        new_strides[order[a]] = strides[a];
    }
    let mut out = vec![0f32; values.len()];
    out.par_chunks_mut(new_size[0] * new_size[1])
        .enumerate()
        .for_each(|(k, slice)| {
            for (j, row) in slice.chunks_mut(new_size[0]).enumerate() {
                let start = j * new_strides[1] + k * new_strides[2];
                for (i, value) in row.iter_mut().enumerate() {
                    *value = values[start + i * new_strides[0]];
                }
            }
        });
    out
}
