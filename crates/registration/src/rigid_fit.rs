//! Finding the rigid motion between two phases.

use crate::error::bad_option;
use crate::level::{Level, index_slopes, pyramid};
use crate::optimise::{Limits, minimise};
use crate::similarity::Metric;
use crate::{RegistrationError, RigidTransform, Similarity};
use nalgebra::{Matrix3, Vector3};
use rayon::prelude::*;
use triher_volume::{Geometry, Image, Mask};

/// How a rigid motion is looked for.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RigidOptions {
    /// What the phases are compared by.
    pub similarity: Similarity,
    /// Spacing of the pyramid's levels, coarse to fine, in millimetres. Both images are smoothed before they are made coarser; an axis
    /// that is coarser than a level stays as it is.
    pub levels_mm: Vec<f64>,
    /// Most iterations on each level.
    pub iterations: usize,
    /// A level ends when a step moves by less than this, in millimetres.
    pub tolerance_mm: f64,
}

impl Default for RigidOptions {
    fn default() -> Self {
        Self {
            similarity: Similarity::MutualInformation {
                bins: 32,
                sampled: 1.0,
            },
            levels_mm: vec![8.0, 4.0, 2.0],
            iterations: 60,
            tolerance_mm: 0.002,
        }
    }
}

/// A rigid motion that was found.
#[derive(Clone, Debug, PartialEq)]
pub struct RigidFit {
    /// From points of the reference to points of the phase.
    pub transform: RigidTransform,
    /// Similarity on the finest level without motion.
    pub similarity_before: f64,
    /// Similarity on the finest level with the motion.
    pub similarity_after: f64,
    /// Iterations on each level.
    pub iterations: Vec<usize>,
}

/// Finds the rigid motion that takes points of the reference to points of the phase.
///
/// The centre of rotation is that of the mask, or of the grid. Angles, scaled by the region's radius, and translation are fitted by
/// L-BFGS with the similarity's exact gradient, on each level of a Gaussian pyramid in turn; the phase is interpolated by
/// a cubic B-spline. Only voxels of the mask, if there is one, are compared.
///
/// # Errors
/// [`RegistrationError::Volume`] when the grids differ, [`RegistrationError::BadOption`], [`RegistrationError::TooFewVoxels`],
/// [`RegistrationError::NotFinite`], [`RegistrationError::Flat`].
pub fn register_rigid(
    reference: &Image,
    phase: &Image,
    mask: Option<&Mask>,
    options: &RigidOptions,
) -> Result<RigidFit, RegistrationError> {
    options.check()?;
    check_grids(reference, phase, mask)?;
    let levels = pyramid(reference, phase, mask, &options.levels_mm)?;
    let Some(finest) = levels.last() else {
        return Err(bad_levels(&options.levels_mm));
    };
    let (centre_mm, radius_mm) = finest.centre_and_radius_mm();
    let start = RigidTransform::identity(centre_mm);
    let mut parameters = vec![0.0; 6];
    let mut iterations = Vec::new();
    for level in &levels {
        let metric = level.metric(options.similarity);
        let limits = Limits {
            iterations: options.iterations,
            step: 0.5 * level.spacing_mm,
            tolerance: options.tolerance_mm,
        };
        let found = minimise(parameters, limits, |p| {
            cost(level, metric.as_ref(), start, radius_mm, p)
        });
        parameters = found.at;
        iterations.push(found.iterations);
    }
    let metric = finest.metric(options.similarity);
    let similarity = |p: &[f64]| -cost(finest, metric.as_ref(), start, radius_mm, p).0;
    Ok(RigidFit {
        transform: transform(start, radius_mm, &parameters),
        similarity_before: similarity(&[0.0; 6]),
        similarity_after: similarity(&parameters),
        iterations,
    })
}

/// Similarity of two images on one grid without any motion, on the grid as it is: for checks and reports. Mutual information is in nats.
///
/// # Errors
/// As [`register_rigid`].
pub fn similarity(
    reference: &Image,
    phase: &Image,
    mask: Option<&Mask>,
    similarity: Similarity,
) -> Result<f64, RegistrationError> {
    similarity.check()?;
    check_grids(reference, phase, mask)?;
    let level = Level::as_given(reference, phase, mask);
    Ok(level.metric(similarity).evaluate(phase.voxels()).0)
}

pub(crate) fn check_grids(
    reference: &Image,
    phase: &Image,
    mask: Option<&Mask>,
) -> Result<(), RegistrationError> {
    reference.check_same_grid("reference", phase, "phase")?;
    if let Some(mask) = mask {
        reference.check_same_grid("reference", mask, "mask")?;
    }
    Ok(())
}

fn bad_levels(levels_mm: &[f64]) -> RegistrationError {
    bad_option(
        "levels_mm",
        levels_mm,
        "one to eight spacings above 0 that do not increase",
    )
}

/// Checks the options that both kinds of fit have.
pub(crate) fn check_search(
    levels_mm: &[f64],
    iterations: usize,
    tolerance_mm: f64,
) -> Result<(), RegistrationError> {
    let falling = levels_mm.windows(2).all(|w| w[1] <= w[0]);
    let positive = levels_mm.iter().all(|l| *l > 0.0 && l.is_finite());
    if !(1..=8).contains(&levels_mm.len()) || !falling || !positive {
        return Err(bad_levels(levels_mm));
    }
    if !(1..=10_000).contains(&iterations) {
        return Err(bad_option("iterations", iterations, "1 to 10000"));
    }
    if !(tolerance_mm > 0.0 && tolerance_mm < 10.0) {
        return Err(bad_option("tolerance_mm", tolerance_mm, "above 0 to 10 mm"));
    }
    Ok(())
}

impl RigidOptions {
    fn check(&self) -> Result<(), RegistrationError> {
        self.similarity.check()?;
        check_search(&self.levels_mm, self.iterations, self.tolerance_mm)
    }
}

/// The motion of six parameters, all in millimetres: angles times radius, then translation.
fn transform(start: RigidTransform, radius_mm: f64, parameters: &[f64]) -> RigidTransform {
    RigidTransform {
        angles_rad: std::array::from_fn(|n| parameters[n] / radius_mm),
        translation_mm: std::array::from_fn(|n| parameters[3 + n]),
        ..start
    }
}

/// Minus the similarity, with its gradient.
fn cost(
    level: &Level,
    metric: &dyn Metric,
    start: RigidTransform,
    radius_mm: f64,
    parameters: &[f64],
) -> (f64, Vec<f64>) {
    let motion = transform(start, radius_mm, parameters);
    let map = IndexMotion::new(&level.geometry, &motion);
    let warped = level.warp(metric.region(), |index, _| map.place(index));
    let (value, slopes) = metric.evaluate(&warped.values);
    let (force, lever) = forces(level, start.centre_mm, &slopes, &warped.slopes);
    let turns = motion.rotation_slopes();
    let angles = turns
        .iter()
        .map(|t| t.component_mul(&lever).sum() / radius_mm);
    let gradient = angles.chain(force.iter().copied()).map(|g| -g).collect();
    (-value, gradient)
}

/// The sum of all forces, and that of each force times its lever from the centre: `sum F (x - centre)^T`.
fn forces(
    level: &Level,
    centre_mm: [f64; 3],
    slopes: &[f32],
    directions: &[[f32; 3]],
) -> (Vector3<f64>, Matrix3<f64>) {
    let [ni, nj, _] = level.geometry.size();
    let pieces: Vec<(Vector3<f64>, Matrix3<f64>)> = slopes
        .par_chunks(ni)
        .zip(directions.par_chunks(ni))
        .enumerate()
        .map(|(row, (slopes, directions))| {
            let place = |i: usize| {
                let index = [i, row % nj, row / nj].map(|v| v as f64);
                Vector3::from(level.geometry.index_to_world(index)) - Vector3::from(centre_mm)
            };
            // Along a row the lever is linear in i: two sums say all.
            let (mut sum, mut by_i) = (Vector3::zeros(), Vector3::zeros());
            for (i, (slope, direction)) in slopes.iter().zip(directions).enumerate() {
                let force = Vector3::from(direction.map(|d| f64::from(d * slope)));
                sum += force;
                by_i += force * i as f64;
            }
            let (first, step) = (place(0), place(1) - place(0));
            (sum, sum * first.transpose() + by_i * step.transpose())
        })
        .collect();
    pieces
        .into_iter()
        .fold((Vector3::zeros(), Matrix3::zeros()), |(f, l), (df, dl)| {
            (f + df, l + dl)
        })
}

/// A rigid motion as a map between voxel indices of one grid.
pub(crate) struct IndexMotion {
    linear: Matrix3<f64>,
    origin: Vector3<f64>,
}

impl IndexMotion {
    pub(crate) fn new(geometry: &Geometry, motion: &RigidTransform) -> Self {
        let steps = geometry.affine().fixed_view::<3, 3>(0, 0).into_owned();
        let linear = index_slopes(geometry) * motion.rotation() * steps;
        let moved = motion.apply(geometry.origin_mm());
        Self {
            linear,
            origin: geometry.world_to_index(moved).into(),
        }
    }

    #[inline]
    pub(crate) fn place(&self, index: [usize; 3]) -> [f64; 3] {
        (self.linear * Vector3::from(index.map(|v| v as f64)) + self.origin).into()
    }
}
