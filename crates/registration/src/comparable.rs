//! Which voxels of two phases can be compared at all: contrast agent makes tissue so bright that nothing in the other phase answers to it.

use crate::RegistrationError;
use crate::error::bad_option;
use crate::level::smoothed;
use crate::rigid_fit::check_grids;
use rayon::prelude::*;
use triher_volume::{Image, Mask, Provenance};

/// When a voxel's brightness is taken for contrast agent.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ComparableOptions {
    /// How far tissue may still have moved, in millimetres: brightness that the other phase has within a box of this reach
    /// is not taken for contrast agent.
    pub reach_mm: f64,
    /// By what share of that box's brightest voxel a voxel must be brighter.
    pub excess: f64,
    /// By how many standard deviations of the noise it must be brighter.
    pub noise: f64,
    /// How far around such voxels nothing is compared, in millimetres.
    pub margin_mm: f64,
}

impl Default for ComparableOptions {
    fn default() -> Self {
        Self {
            reach_mm: 5.0,
            excess: 0.05,
            noise: 4.0,
            margin_mm: 3.0,
        }
    }
}

/// The part of the mask (or of the grid) where two phases show the same tissue in brightnesses that may be compared.
///
/// A voxel that is brighter than every voxel of the other phase within the reach enhances; such voxels, of either phase, are left out with a margin. A
/// similarity that saw them would move the borders of a lesion to wherever the phase without contrast agent has an edge. Edges that
/// merely moved stay in: their brightness is found nearby.
///
/// # Errors
/// [`RegistrationError::Volume`] when the grids differ, [`RegistrationError::BadOption`].
pub fn comparable_region(
    reference: &Image,
    phase: &Image,
    mask: Option<&Mask>,
    options: &ComparableOptions,
) -> Result<Mask, RegistrationError> {
    check_grids(reference, phase, mask)?;
    let sane = |v: f64| (0.0..=1000.0).contains(&v);
    for (name, value) in [
        ("reach_mm", options.reach_mm),
        ("excess", options.excess),
        ("noise", options.noise),
        ("margin_mm", options.margin_mm),
    ] {
        if !sane(value) {
            return Err(bad_option(name, value, "0 to 1000"));
        }
    }
    let grid = reference.geometry();
    let spacing = grid.spacing_mm();
    let [a, b] = [reference, phase].map(|image| smoothed(image, spacing).into_voxels());
    let noise = options.noise * noise_deviation(&a, &b, mask);
    let reach = voxels(options.reach_mm, spacing);
    let size = grid.size();
    let brighter = |one: &[f32], other: &[f32]| -> Vec<f32> {
        let brightest = box_maxima(other, size, reach);
        let pairs = one.par_iter().zip(&brightest);
        pairs
            .map(|(&value, &most)| {
                let limit = f64::from(most) + options.excess * f64::from(most.abs()) + noise;
                f32::from(u8::from(f64::from(value) > limit))
            })
            .collect()
    };
    let mut enhancing = brighter(&a, &b);
    for (here, there) in enhancing.iter_mut().zip(brighter(&b, &a)) {
        *here = here.max(there);
    }
    let left_out = box_maxima(&enhancing, size, voxels(options.margin_mm, spacing));
    let inside = |at: usize| mask.is_none_or(|m| m.voxels()[at]);
    let region = left_out
        .iter()
        .enumerate()
        .map(|(at, &out)| out == 0.0 && inside(at))
        .collect();
    let provenance = Provenance::from_source("voxels that two phases can be compared by");
    Ok(Mask::new(*grid, region, provenance)?)
}

fn voxels(length_mm: f64, spacing_mm: [f64; 3]) -> [usize; 3] {
    spacing_mm.map(|s| (length_mm / s).round() as usize)
}

/// Standard deviation of the difference's noise: 1.4826 times its median absolute value, over the mask.
fn noise_deviation(a: &[f32], b: &[f32], mask: Option<&Mask>) -> f64 {
    let inside = |at: usize| mask.is_none_or(|m| m.voxels()[at]);
    let mut differences: Vec<f32> = (0..a.len())
        .filter(|&at| inside(at))
        .map(|at| (a[at] - b[at]).abs())
        .collect();
    if differences.is_empty() {
        return 0.0;
    }
    let middle = differences.len() / 2;
    let (_, median, _) = differences.select_nth_unstable_by(middle, f32::total_cmp);
    1.4826 * f64::from(*median)
}

/// The largest value within a box around each voxel.
fn box_maxima(values: &[f32], size: [usize; 3], radius: [usize; 3]) -> Vec<f32> {
    let [ni, nj, nk] = size;
    let mut in_plane = vec![0f32; values.len()];
    in_plane
        .par_chunks_mut(ni * nj)
        .zip(values.par_chunks(ni * nj))
        .for_each(|(out, slice)| {
            let rows: Vec<f32> = slice
                .chunks(ni)
                .flat_map(|row| {
                    (0..ni).map(|i| {
                        let ends = i.saturating_sub(radius[0])..(i + radius[0] + 1).min(ni);
                        row[ends].iter().copied().fold(f32::NEG_INFINITY, f32::max)
                    })
                })
                .collect();
            for (j, out) in out.chunks_mut(ni).enumerate() {
                out.copy_from_slice(&rows[j * ni..(j + 1) * ni]);
                for from in j.saturating_sub(radius[1])..(j + radius[1] + 1).min(nj) {
                    raise(out, &rows[from * ni..(from + 1) * ni]);
                }
            }
        });
    let mut maxima = in_plane.clone();
    maxima
        .par_chunks_mut(ni * nj)
        .enumerate()
        .for_each(|(k, out)| {
            for from in k.saturating_sub(radius[2])..(k + radius[2] + 1).min(nk) {
                raise(out, &in_plane[from * ni * nj..(from + 1) * ni * nj]);
            }
        });
    maxima
}

fn raise(out: &mut [f32], values: &[f32]) {
    for (out, value) in out.iter_mut().zip(values) {
        *out = out.max(*value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use triher_volume::Geometry;

    /// A bright ball that both phases have at places 4 mm apart is compared; one that only one phase has is not.
    #[test]
    fn what_moved_is_compared_and_what_enhanced_is_not() {
        let grid = Geometry::axis_aligned([40, 30, 20], [2.0; 3], [0.0; 3]).unwrap();
        let ball = |index: [usize; 3], centre: [f64; 3]| {
            let squares: f64 = (0..3).map(|a| (index[a] as f64 - centre[a]).powi(2)).sum();
            f64::from(u8::from(squares < 16.0))
        };
        let noise = |index: [usize; 3], salt: usize| {
            ((index[0] * 7919 + index[1] * 104_729 + index[2] * 1_299_709 + salt) % 101) as f64
                / 50.0
        };
        let image = |x: f64, contrast: f64, salt: usize| {
            Image::from_fn(grid, |index| {
                let moved = 80.0 * ball(index, [x, 10.0, 10.0]);
                let agent = contrast * ball(index, [28.0, 15.0, 10.0]);
                (50.0 + moved + agent + noise(index, salt)) as f32
            })
        };
        let (pre, post) = (image(10.0, 0.0, 1), image(12.0, 120.0, 17));
        for (a, b) in [(&pre, &post), (&post, &pre)] {
            let region = comparable_region(a, b, None, &ComparableOptions::default()).unwrap();
            assert_eq!(region.get([11, 10, 10]), Some(&true));
            assert_eq!(region.get([7, 10, 10]), Some(&true));
            assert_eq!(region.get([28, 15, 10]), Some(&false));
            assert_eq!(region.get([28, 19, 10]), Some(&false));
            let share = region.count() as f64 / grid.len() as f64;
            assert!(share > 0.9, "{share}");
        }
    }

    #[test]
    fn a_reach_without_sense_is_refused() {
        let grid = Geometry::axis_aligned([4, 4, 4], [2.0; 3], [0.0; 3]).unwrap();
        let image = Image::filled(grid, 1.0);
        let options = ComparableOptions {
            reach_mm: f64::NAN,
            ..ComparableOptions::default()
        };
        let error = comparable_region(&image, &image, None, &options).unwrap_err();
        assert!(error.to_string().contains("reach_mm"), "{error}");
    }
}
