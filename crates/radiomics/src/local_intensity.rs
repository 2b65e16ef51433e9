//! Mean intensity of a sphere of one cubic centimetre about a peak (IBSI reference manual, section 3.2).

use crate::feature::{Entry, entry};
use crate::prepare::{PEAK_RADIUS_MM, Region};
use rayon::prelude::*;

/// The 2 features: about the region's highest intensity, and the highest of all such means. Voxels beyond the image, and such that are not
/// finite, have no say in a mean.
pub(crate) fn features(region: &Region) -> Vec<Entry> {
    let image = &region.image;
    let size = image.geometry().size();
    let spacing = image.geometry().spacing_mm();
    let [nx, ny, nz] = size;
    // Sums along rows: a sphere is a bundle of rows.
    let mut sums = vec![(0f64, 0u32); (nx + 1) * ny * nz];
    let rows = image.voxels().par_chunks_exact(nx);
    sums.par_chunks_exact_mut(nx + 1)
        .zip(rows)
        .for_each(|(sums, row)| {
            for (at, v) in row.iter().enumerate() {
                let (sum, count) = sums[at];
                sums[at + 1] = if v.is_finite() {
                    (sum + f64::from(*v), count + 1)
                } else {
                    (sum, count)
                };
            }
        });
    let reach: [isize; 3] = std::array::from_fn(|a| (PEAK_RADIUS_MM / spacing[a]) as isize);
    let mut bundle: Vec<(isize, isize, isize)> = Vec::new();
    for dz in -reach[2]..=reach[2] {
        for dy in -reach[1]..=reach[1] {
            let across = (dy as f64 * spacing[1]).powi(2) + (dz as f64 * spacing[2]).powi(2);
            let left = PEAK_RADIUS_MM * PEAK_RADIUS_MM - across;
            if left >= 0.0 {
                bundle.push((dz, dy, (left.sqrt() / spacing[0]) as isize));
            }
        }
    }
    let mean = |at: usize| {
        let (i, j, k) = (at % nx, at / nx % ny, at / (nx * ny));
        let (mut sum, mut count) = (0f64, 0u32);
        for &(dz, dy, half) in &bundle {
            let (Some(z), Some(y)) = (k.checked_add_signed(dz), j.checked_add_signed(dy)) else {
                continue;
            };
            if z >= nz || y >= ny {
                continue;
            }
            let row = &sums[(nx + 1) * (y + ny * z)..][..nx + 1];
            let half = half as usize;
            let (a, b) = (row[i.saturating_sub(half)], row[(i + half + 1).min(nx)]);
            sum += b.0 - a.0;
            count += b.1 - a.1;
        }
        sum / f64::from(count)
    };
    let inside = region.intensity.voxels();
    let peak = (image.voxels().iter().zip(inside))
        .filter(|(_, m)| **m)
        .fold(f32::NEG_INFINITY, |most, (v, _)| most.max(*v));
    let (local, global) = (0..inside.len())
        .into_par_iter()
        .filter(|&at| inside[at])
        .map(|at| {
            let mean = mean(at);
            let of_peak = if image.voxels()[at] == peak {
                mean
            } else {
                f64::NEG_INFINITY
            };
            (of_peak, mean)
        })
        .reduce(
            || (f64::NEG_INFINITY, f64::NEG_INFINITY),
            |a, b| (a.0.max(b.0), a.1.max(b.1)),
        );
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
