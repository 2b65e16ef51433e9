//! Mean intensity of a sphere of one cubic centimetre about a peak (IBSI reference manual, section 3.2).

use crate::feature::{Entry, entry};
use crate::prepare::{PEAK_RADIUS_MM, Region};
use rayon::prelude::*;

/// Below any mean.
const LOWEST: (f64, f64) = (f64::NEG_INFINITY, f64::NEG_INFINITY);

/// Neighbouring spheres that are summed together: their sums stay in registers.
const BLOCK: usize = 8;

/// Sums over the spheres about `length` neighbours: each row of the bundle, given by where the first sphere's centre lies in the table of running
/// sums and half of its own length, adds the difference of two of them.
fn along(table: &[f64], rows: &[(usize, usize)], length: usize) -> Vec<f64> {
    let mut out = vec![0f64; length];
    for (at, out) in out.chunks_mut(BLOCK).enumerate() {
        let mut sums = [0f64; BLOCK];
        for (from, half) in rows {
            let from = from + at * BLOCK;
            let end = &table[from + half + 1..][..BLOCK];
            let begin = &table[from - half..][..BLOCK];
            for (sum, (end, begin)) in sums.iter_mut().zip(end.iter().zip(begin)) {
                *sum += end - begin;
            }
        }
        out.copy_from_slice(&sums[..out.len()]);
    }
    out
}

/// The 2 features: about the region's highest intensity, and the highest of all such means. Voxels beyond the image, and such that are not
/// finite, have no say in a mean.
pub(crate) fn features(region: &Region) -> Vec<Entry> {
    let image = &region.image;
    let size = image.geometry().size();
    let spacing = image.geometry().spacing_mm();
    let [nx, ny, nz] = size;
    let reach: [usize; 3] = std::array::from_fn(|a| (PEAK_RADIUS_MM / spacing[a]) as usize);
    // Sums along rows that go on beyond both ends: a sphere is a bundle of rows, each a difference of two sums.
    let width = nx + 2 * reach[0] + 1;
    let running = |value: fn(f32) -> f64| {
        // The last block of a row may read beyond the row's end, what it reads there is not used.
        let mut table = vec![0f64; width * ny * nz + BLOCK];
        let lines = table[..width * ny * nz].par_chunks_exact_mut(width);
        lines
            .zip(image.voxels().par_chunks_exact(nx))
            .for_each(|(line, row)| {
                let mut sum = 0.0;
                for (out, v) in line[reach[0] + 1..].iter_mut().zip(row) {
                    if v.is_finite() {
                        sum += value(*v);
                    }
                    *out = sum;
                }
                line[reach[0] + nx + 1..].fill(sum);
            });
        table
    };
    let sums = running(f64::from);
    // Where every voxel has a say, the voxels of a bundle that lies within the image are as many everywhere.
    let counts = (image.voxels().par_iter().any(|v| !v.is_finite())).then(|| running(|_| 1.0));
    let mut bundle: Vec<(isize, isize, usize)> = Vec::new();
    let steps = |axis: usize| -(reach[axis] as isize)..=reach[axis] as isize;
    for dz in steps(2) {
        for dy in steps(1) {
            let across = (dy as f64 * spacing[1]).powi(2) + (dz as f64 * spacing[2]).powi(2);
            let left = PEAK_RADIUS_MM * PEAK_RADIUS_MM - across;
            if left >= 0.0 {
                bundle.push((dz, dy, (left.sqrt() / spacing[0]) as usize));
            }
        }
    }
    let inside = region.intensity.voxels();
    let peak = (image.voxels().iter().zip(inside))
        .filter(|(_, m)| **m)
        .fold(f32::NEG_INFINITY, |most, (v, _)| most.max(*v));
    // A row of voxels at a time: the same rows of the bundle serve all of them.
    let (local, global) = inside
        .par_chunks_exact(nx)
        .enumerate()
        .filter_map(|(row, marks)| {
            let first = marks.iter().position(|m| *m)?;
            let last = marks.iter().rposition(|m| *m)?;
            let (j, k) = (row % ny, row / ny);
            let length = last + 1 - first;
            let rows: Vec<(usize, usize)> = (bundle.iter())
                .filter_map(|&(dz, dy, half)| {
                    let z = k.checked_add_signed(dz).filter(|z| *z < nz)?;
                    let y = j.checked_add_signed(dy).filter(|y| *y < ny)?;
                    Some((width * (y + ny * z) + reach[0] + first, half))
                })
                .collect();
            let sum = along(&sums, &rows, length);
            let count = match &counts {
                Some(counts) => along(counts, &rows, length),
                None if first >= reach[0] && last + reach[0] < nx => {
                    let all: usize = rows.iter().map(|(_, half)| 2 * half + 1).sum();
                    vec![all as f64; length]
                }
                None => (first..=last)
                    .map(|at| {
                        let within =
                            |half: usize| (at + half + 1).min(nx) - at.saturating_sub(half);
                        rows.iter().map(|(_, half)| within(*half)).sum::<usize>() as f64
                    })
                    .collect(),
            };
            let voxels = &image.voxels()[nx * row + first..][..length];
            let marked = (first..=last).filter(|i| marks[*i]).map(|i| i - first);
            Some(marked.fold(LOWEST, |best, i| {
                let mean = sum[i] / count[i];
                let of_peak = if voxels[i] == peak {
                    mean
                } else {
                    f64::NEG_INFINITY
                };
                (best.0.max(of_peak), best.1.max(mean))
            }))
        })
        .reduce(|| LOWEST, |a, b| (a.0.max(b.0), a.1.max(b.1)));
    vec![
        entry("loc_peak_loc", "Local intensity peak", "intensity", local),
        entry(
            "loc_peak_glob",
            "Global intensity peak",
            "intensity",
            global,
        ),
    ]
}
