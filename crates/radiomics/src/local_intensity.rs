//! Mean intensity of a sphere of one cubic centimetre about a peak (IBSI reference manual, section 3.2).

use crate::feature::{Entry, entry};
use crate::prepare::{PEAK_RADIUS_MM, Region};
use rayon::prelude::*;

/// Below any mean.
const LOWEST: (f64, f64) = (f64::NEG_INFINITY, f64::NEG_INFINITY);

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
    let mut sums = vec![0f64; width * ny * nz];
    let mut counts = vec![0f64; width * ny * nz];
    let lines = sums.par_chunks_exact_mut(width);
    lines
        .zip(counts.par_chunks_exact_mut(width))
        .zip(image.voxels().par_chunks_exact(nx))
        .for_each(|((sums, counts), row)| {
            let (mut sum, mut count) = (0.0, 0.0);
            for (at, v) in row.iter().enumerate() {
                if v.is_finite() {
                    sum += f64::from(*v);
                    count += 1.0;
                }
                sums[reach[0] + at + 1] = sum;
                counts[reach[0] + at + 1] = count;
            }
            sums[reach[0] + nx + 1..].fill(sum);
            counts[reach[0] + nx + 1..].fill(count);
        });
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
            let (mut sum, mut count) = (vec![0f64; length], vec![0f64; length]);
            for &(dz, dy, half) in &bundle {
                let (z, y) = (k.checked_add_signed(dz), j.checked_add_signed(dy));
                let (Some(z), Some(y)) = (z.filter(|z| *z < nz), y.filter(|y| *y < ny)) else {
                    continue;
                };
                let from = width * (y + ny * z) + reach[0] + first;
                let (low, high) = (from - half, from + half + 1);
                for (out, table) in [(&mut sum, &sums), (&mut count, &counts)] {
                    let ends = table[high..high + length]
                        .iter()
                        .zip(&table[low..low + length]);
                    for (out, (end, begin)) in out.iter_mut().zip(ends) {
                        *out += end - begin;
                    }
                }
            }
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
