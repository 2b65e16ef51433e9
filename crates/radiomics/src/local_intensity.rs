//! Mean intensity of a sphere of one cubic centimetre about a peak (IBSI reference manual, section 3.2).

use crate::feature::{Entry, entry};
use crate::prepare::{PEAK_RADIUS_MM, Region};
use rayon::prelude::*;
use triher_region::{IndexBox, bounding_box};

/// Below any mean.
const LOWEST: (f64, f64) = (f64::NEG_INFINITY, f64::NEG_INFINITY);

/// Neighbouring spheres that are summed together: their sums stay in registers.
const BLOCK: usize = 8;

/// Sums over the spheres about `length` neighbours, the first of whose centres lies at `first` in the table of running sums: each row of the bundle, given
/// by its place from the centre and half of its length, adds the difference of two of them.
fn along(table: &[f64], first: usize, bundle: &[(isize, usize)], length: usize) -> Vec<f64> {
    let mut out = vec![0f64; length];
    for (at, out) in out.chunks_mut(BLOCK).enumerate() {
        let mut sums = [0f64; BLOCK];
        for &(offset, half) in bundle {
            let from = (first + at * BLOCK).wrapping_add_signed(offset);
            let row = &table[from - half..][..2 * half + 1 + BLOCK];
            let (begin, end) = (&row[..BLOCK], &row[2 * half + 1..]);
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
    let nx = size[0];
    let reach: [usize; 3] = std::array::from_fn(|a| (PEAK_RADIUS_MM / spacing[a]) as usize);
    let inside = region.intensity.voxels();
    let bounds = bounding_box(&region.intensity).unwrap_or(IndexBox {
        start: [0; 3],
        end: [0; 3],
    });
    // What the spheres about the region can hold.
    let low: [usize; 3] = std::array::from_fn(|a| bounds.start[a].saturating_sub(reach[a]));
    let high: [usize; 3] = std::array::from_fn(|a| (bounds.end[a] + reach[a]).min(size[a]));
    let extent: [usize; 3] = std::array::from_fn(|a| high[a].saturating_sub(low[a]));
    let row_at = |j: usize, k: usize| nx * (j + size[1] * k);
    // Sums along rows that go on beyond both ends: a sphere is a bundle of rows, each a difference of two sums.
    let width = extent[0] + 2 * reach[0] + 1;
    let running = |value: fn(f32) -> f64| {
        // The last block of a row may read beyond the row's end, what it reads there is not used.
        let mut table = vec![0f64; width * extent[1] * extent[2] + BLOCK];
        let lines = table[..width * extent[1] * extent[2]].par_chunks_exact_mut(width);
        lines.enumerate().for_each(|(row, line)| {
            let at = row_at(low[1] + row % extent[1], low[2] + row / extent[1]);
            let mut sum = 0.0;
            let values = &image.voxels()[at + low[0]..at + high[0]];
            for (out, v) in line[reach[0] + 1..].iter_mut().zip(values) {
                sum += if v.is_finite() { value(*v) } else { 0.0 };
                *out = sum;
            }
            line[reach[0] + extent[0] + 1..].fill(sum);
        });
        table
    };
    let sums = running(f64::from);
    // Where every voxel has a say, the voxels of a bundle that lies within the image are as many everywhere.
    let holes = image
        .voxels()
        .iter()
        .fold(false, |any, v| any | !v.is_finite());
    let counts = holes.then(|| running(|_| 1.0));
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
    let placed = |of: &mut dyn Iterator<Item = (isize, isize, usize)>| -> Vec<(isize, usize)> {
        of.map(|(dz, dy, half)| (width as isize * (dy + extent[1] as isize * dz), half))
            .collect()
    };
    let whole = placed(&mut bundle.iter().copied());
    let peak = (image.voxels().iter().zip(inside))
        .filter(|(_, m)| **m)
        .fold(f32::NEG_INFINITY, |most, (v, _)| most.max(*v));
    // A row of voxels at a time: the same rows of the bundle serve all of them.
    let (local, global) = (0..bounds.size()[1] * bounds.size()[2])
        .into_par_iter()
        .filter_map(|row| {
            let height = bounds.size()[1];
            let (j, k) = (
                bounds.start[1] + row % height,
                bounds.start[2] + row / height,
            );
            let marks = &inside[row_at(j, k)..][..nx];
            let first = marks.iter().position(|m| *m)?;
            let last = marks.iter().rposition(|m| *m)?;
            let length = last + 1 - first;
            let centre =
                width * (j - low[1] + extent[1] * (k - low[2])) + reach[0] + first - low[0];
            let within =
                |axis: usize, at: usize| at >= reach[axis] && at + reach[axis] < size[axis];
            let cut;
            let rows = if within(1, j) && within(2, k) {
                &whole
            } else {
                let there = |at: usize, step: isize, axis: usize| {
                    at.checked_add_signed(step)
                        .is_some_and(|at| at < size[axis])
                };
                let left = bundle.iter().copied();
                cut = placed(&mut left.filter(|(dz, dy, _)| there(k, *dz, 2) && there(j, *dy, 1)));
                &cut
            };
            let sum = along(&sums, centre, rows, length);
            let count = match &counts {
                Some(counts) => along(counts, centre, rows, length),
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
            let voxels = &image.voxels()[row_at(j, k) + first..][..length];
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
