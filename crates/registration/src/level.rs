//! One level of the Gaussian pyramid.

use crate::interpolant::Interpolant;
use crate::similarity::{LocalCorrelation, Metric, MutualInformation};
use crate::{RegistrationError, Similarity};
use nalgebra::Matrix3;
use rayon::prelude::*;
use triher_volume::{
    Geometry, Image, Interpolation, Mask, anti_alias, resample_mask_onto, resample_to_spacing,
};

/// The least voxels of the coarsest level that say anything about a motion.
const NEEDED: usize = 64;

/// Standard deviation of the smoothing, in voxels of the level.
///
/// An interpolated image has less noise between voxel centres than at them (a cubic spline keeps 0.44 of its variance half a
/// voxel off along all axes), so that a similarity prefers displacements of half a voxel. Smoothing takes noise away near the grid's limit frequency,
/// where interpolation would; more of it would blend the edges of neighbouring tissues, whose places then seem to move with contrast.
const SMOOTHING_VOXELS: f64 = 0.4;

/// The reference and the phase on a grid of about one spacing.
pub(crate) struct Level {
    pub(crate) geometry: Geometry,
    /// The spacing that was asked for, in millimetres: finer axes were made as coarse.
    pub(crate) spacing_mm: f64,
    fixed: Vec<f32>,
    moving: Image,
    interpolant: Interpolant,
    region: Vec<bool>,
    /// Index of the last voxel along each axis.
    last: [f64; 3],
}

/// A phase on the reference's grid and how each value changes as its point moves.
pub(crate) struct Warped {
    /// NaN where nothing is compared.
    pub(crate) values: Vec<f32>,
    /// Derivatives by the point's place, per millimetre, along L, P and S.
    pub(crate) slopes: Vec<[f32; 3]>,
}

/// The levels of two images, coarse to fine.
pub(crate) fn pyramid(
    reference: &Image,
    phase: &Image,
    mask: Option<&Mask>,
    levels_mm: &[f64],
) -> Result<Vec<Level>, RegistrationError> {
    check_image("reference", reference, mask)?;
    check_image("phase", phase, mask)?;
    let levels: Vec<Level> = levels_mm
        .iter()
        .map(|&spacing_mm| Level::new(reference, phase, mask, spacing_mm))
        .collect::<Result<_, _>>()?;
    for level in &levels {
        let found = level.region.iter().filter(|r| **r).count();
        if found < NEEDED {
            return Err(RegistrationError::TooFewVoxels {
                found,
                needed: NEEDED,
                spacing_mm: level.spacing_mm,
            });
        }
    }
    Ok(levels)
}

fn check_image(
    name: &'static str,
    image: &Image,
    mask: Option<&Mask>,
) -> Result<(), RegistrationError> {
    let count = image.voxels().iter().filter(|v| !v.is_finite()).count();
    if count > 0 {
        return Err(RegistrationError::NotFinite { image: name, count });
    }
    let inside = |at: usize| mask.is_none_or(|m| m.voxels()[at]);
    let mut values = (0..image.voxels().len())
        .filter(|&at| inside(at))
        .map(|at| image.voxels()[at]);
    let first = values.next();
    if first.is_some() && values.all(|v| Some(v) == first) {
        return Err(RegistrationError::Flat { image: name });
    }
    Ok(())
}

impl Level {
    /// Both images as they are, for [`crate::similarity`].
    pub(crate) fn as_given(reference: &Image, phase: &Image, mask: Option<&Mask>) -> Self {
        let geometry = *reference.geometry();
        let region = match mask {
            Some(mask) => mask.voxels().to_vec(),
            None => vec![true; geometry.len()],
        };
        Self::of(reference.clone(), phase.clone(), region, 0.0)
    }

    fn of(fixed: Image, moving: Image, region: Vec<bool>, spacing_mm: f64) -> Self {
        let geometry = *fixed.geometry();
        Self {
            geometry,
            spacing_mm,
            fixed: fixed.into_voxels(),
            interpolant: Interpolant::new(&moving),
            moving,
            region,
            last: geometry.size().map(|n| n as f64 - 1.0),
        }
    }

    /// Both images smoothed and sampled so that no axis is much finer than the spacing; axes that are
    /// coarser stay as they are.
    fn new(
        reference: &Image,
        phase: &Image,
        mask: Option<&Mask>,
        spacing_mm: f64,
    ) -> Result<Self, RegistrationError> {
        let target = reference
            .geometry()
            .spacing_mm()
            .map(|s| s * (spacing_mm / s).round().max(1.0));
        let coarser = |image: &Image| {
            let smooth = smoothed(image, target);
            if target == image.geometry().spacing_mm() {
                return Ok(smooth);
            }
            resample_to_spacing(&smooth, target, Interpolation::Linear)
        };
        let (fixed, moving) = (coarser(reference)?, coarser(phase)?);
        let geometry = *fixed.geometry();
        let region = match mask {
            Some(mask) => resample_mask_onto(mask, &geometry).into_voxels(),
            None => vec![true; geometry.len()],
        };
        Ok(Self::of(fixed, moving, region, spacing_mm))
    }

    /// The similarity of this level's images.
    pub(crate) fn metric(&self, similarity: Similarity) -> Box<dyn Metric> {
        let moving = self.moving.voxels();
        match similarity {
            Similarity::MutualInformation { bins, sampled } => Box::new(MutualInformation::new(
                &self.fixed,
                moving,
                &self.region,
                bins,
                sampled,
            )),
            Similarity::LocalCorrelation { radius_mm } => {
                let spacing = self.geometry.spacing_mm();
                // A window of fewer than three voxels along an axis says nothing about it.
                let size = self.geometry.size();
                let radius = std::array::from_fn(|a| {
                    ((radius_mm / spacing[a]).round() as usize).clamp(1, size[a])
                });
                Box::new(LocalCorrelation::new(
                    &self.fixed,
                    moving,
                    &self.region,
                    self.geometry.size(),
                    radius,
                ))
            }
        }
    }

    /// The centre of the voxels that are compared, and the root mean square distance from it, in millimetres.
    pub(crate) fn centre_and_radius_mm(&self) -> ([f64; 3], f64) {
        let points = || {
            let inside = (0..self.region.len()).filter(|&at| self.region[at]);
            inside.map(|at| {
                let index = self.geometry.index_at(at).map(|i| i as f64);
                self.geometry.index_to_world(index)
            })
        };
        let count = points().count().max(1) as f64;
        let mut centre = [0.0; 3];
        for point in points() {
            (0..3).for_each(|a| centre[a] += point[a]);
        }
        let centre = centre.map(|c| c / count);
        let squares: f64 = points()
            .map(|p| (0..3).map(|a| (p[a] - centre[a]).powi(2)).sum::<f64>())
            .sum();
        (centre, (squares / count).sqrt().max(1.0))
    }

    /// The phase at the points that `place` gives for the reference's voxels (as continuous indices of this level),
    /// over a region. A point beyond the grid takes the value at its border: if it were left out, the similarity would jump
    /// each time that a row of voxels leaves, and a fit would end at the jump.
    pub(crate) fn warp(
        &self,
        region: &[bool],
        place: impl Fn([usize; 3], usize) -> [f64; 3] + Sync,
    ) -> Warped {
        let [ni, nj, _] = self.geometry.size();
        let to_index = index_slopes(&self.geometry).map(|v| v as f32);
        let mut values = vec![f32::NAN; region.len()];
        let mut slopes = vec![[0f32; 3]; region.len()];
        values
            .par_chunks_mut(ni)
            .zip(slopes.par_chunks_mut(ni))
            .enumerate()
            .for_each(|(row, (values, slopes))| {
                let start = row * ni;
                for i in (0..ni).filter(|i| region[start + i]) {
                    let at = place([i, row % nj, row / nj], start + i);
                    let inside: [f64; 3] =
                        std::array::from_fn(|a| at[a].clamp(-0.5, self.last[a] + 0.5));
                    if let Some((value, mut slope)) = self.interpolant.value_and_gradient(inside) {
                        (0..3)
                            .filter(|&a| inside[a] != at[a])
                            .for_each(|a| slope[a] = 0.0);
                        values[i] = value;
                        slopes[i] = std::array::from_fn(|world| {
                            (0..3).map(|a| slope[a] * to_index[(a, world)]).sum()
                        });
                    }
                }
            });
        Warped { values, slopes }
    }
}

/// Smoothed by [`SMOOTHING_VOXELS`] of a target spacing.
fn smoothed(image: &Image, target_mm: [f64; 3]) -> Image {
    // `anti_alias` takes the spacing for which a Gaussian is right, not its width.
    let full_width = 2.0 * (2.0 * std::f64::consts::LN_2).sqrt();
    let own = image.geometry().spacing_mm();
    let spacing = std::array::from_fn(|a| {
        let sigma = SMOOTHING_VOXELS * target_mm[a] / own[a];
        own[a] * (1.0 + (full_width * sigma).powi(2)).sqrt()
    });
    anti_alias(image, spacing)
}

/// How an index changes with the place in the patient: `[index axis][world axis]`, per millimetre.
pub(crate) fn index_slopes(geometry: &Geometry) -> Matrix3<f64> {
    let origin = geometry.world_to_index([0.0; 3]);
    Matrix3::from_fn(|axis, world| {
        let mut point = [0.0; 3];
        point[world] = 1.0;
        geometry.world_to_index(point)[axis] - origin[axis]
    })
}
