//! Finding the deformation between two phases.

use crate::error::bad_option;
use crate::free_form::along_slopes;
use crate::lattice::{Lattice, Sampling};
use crate::level::{Level, pyramid};
use crate::optimise::{Limits, minimise};
use crate::regularity::Regularity;
use crate::rigid_fit::{IndexMotion, check_grids, check_search};
use crate::similarity::Metric;
use crate::{FreeFormDeformation, RegistrationError, RigidTransform, Similarity};
use rayon::prelude::*;
use triher_volume::{Image, Mask};

/// The most control points of a lattice.
const MAX_POINTS: usize = 1 << 24;

/// How a deformation is looked for.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DeformableOptions {
    /// What the phases are compared by.
    pub similarity: Similarity,
    /// Spacing of the pyramid's levels, coarse to fine, in millimetres. An axis that is coarser than a level stays as it is.
    pub levels_mm: Vec<f64>,
    /// Distance of the control points on the finest level, in millimetres; it doubles with each coarser level.
    pub control_spacing_mm: f64,
    /// Weight of the mean bending energy against the similarity, in square millimetres.
    pub bending_mm2: f64,
    /// Weight of the mean squared logarithm of the Jacobian determinant: how firmly tissue keeps its volume.
    pub volume: f64,
    /// Most iterations on each level.
    pub iterations: usize,
    /// A level ends when no control point moves by more than this, in millimetres.
    pub tolerance_mm: f64,
}

impl Default for DeformableOptions {
    fn default() -> Self {
        Self {
            similarity: Similarity::LocalCorrelation { radius_mm: 4.0 },
            levels_mm: vec![8.0, 4.0, 2.0],
            control_spacing_mm: 12.0,
            bending_mm2: 200.0,
            volume: 60.0,
            iterations: 60,
            tolerance_mm: 0.01,
        }
    }
}

/// A deformation that was found.
#[derive(Clone, Debug, PartialEq)]
pub struct DeformableFit {
    /// From points of the reference to points of the phase.
    pub transform: FreeFormDeformation,
    /// Similarity on the finest level with the rigid motion alone.
    pub similarity_before: f64,
    /// Similarity on the finest level with the deformation.
    pub similarity_after: f64,
    /// Iterations on each level.
    pub iterations: Vec<usize>,
}

/// Finds the deformation that, on top of a rigid motion, takes points of the reference to points of the phase.
///
/// The displacement is a cubic B-spline whose lattice becomes finer with the images. Minimised is `-similarity + bending + volume` by L-BFGS with exact
/// gradients; a step that would fold the tissue at a knot is not taken. Where contrast agent arrives between the two phases, mutual
/// information over the whole image pulls at the borders of what enhances; local correlation with the volume's penalty is the
/// default because it leaves an enhancing lesion where it is (`docs/motion.md` has figures).
///
/// # Errors
/// As [`crate::register_rigid`].
pub fn register_deformable(
    reference: &Image,
    phase: &Image,
    mask: Option<&Mask>,
    rigid: &RigidTransform,
    options: &DeformableOptions,
) -> Result<DeformableFit, RegistrationError> {
    options.check()?;
    check_grids(reference, phase, mask)?;
    let levels = pyramid(reference, phase, mask, &options.levels_mm)?;
    let grid = *reference.geometry();
    let coarsest_mm = options.control_spacing_mm * f64::from(1u32 << (levels.len() - 1));
    let mut lattice = Lattice::new(&grid, coarsest_mm);
    // Refining at most doubles the points along each axis.
    let finest = lattice.points().iter().try_fold(1usize, |n, p| {
        n.checked_mul(p.checked_mul(1 << (levels.len() - 1))?)
    });
    if finest.is_none_or(|n| n > MAX_POINTS) {
        let allowed = "a distance that makes at most 2^24 control points over the grid";
        return Err(bad_option(
            "control_spacing_mm",
            options.control_spacing_mm,
            allowed,
        ));
    }
    let mut coefficients = vec![0.0; 3 * lattice.len()];
    let mut iterations = Vec::new();
    let (mut before, mut after) = (0.0, 0.0);
    for (number, level) in levels.iter().enumerate() {
        if number > 0 {
            (lattice, coefficients) = refine(&lattice, &coefficients);
        }
        let metric = level.metric(options.similarity);
        let task = Task {
            level,
            metric: metric.as_ref(),
            motion: IndexMotion::new(&level.geometry, rigid),
            to_index: crate::level::index_slopes(&level.geometry),
            sampling: lattice.sampling(&grid, &level.geometry),
            regularity: Regularity::new(
                &lattice,
                along_slopes(&grid),
                rigid.rotation(),
                options.bending_mm2,
                options.volume,
            ),
        };
        let limits = Limits {
            iterations: options.iterations,
            step: 0.5 * level.spacing_mm,
            tolerance: options.tolerance_mm,
        };
        let found = minimise(coefficients, limits, |c| task.cost(c));
        coefficients = found.at;
        iterations.push(found.iterations);
        if number + 1 == levels.len() {
            before = task.similarity(&vec![0.0; coefficients.len()]).0;
            after = task.similarity(&coefficients).0;
        }
    }
    Ok(DeformableFit {
        transform: FreeFormDeformation::new(*rigid, grid, lattice, coefficients),
        similarity_before: before,
        similarity_after: after,
        iterations,
    })
}

impl DeformableOptions {
    fn check(&self) -> Result<(), RegistrationError> {
        self.similarity.check()?;
        check_search(&self.levels_mm, self.iterations, self.tolerance_mm)?;
        let spacing = self.control_spacing_mm;
        if !(1.0..=1000.0).contains(&spacing) {
            return Err(bad_option("control_spacing_mm", spacing, "1 to 1000 mm"));
        }
        for (name, weight) in [("bending_mm2", self.bending_mm2), ("volume", self.volume)] {
            if !(weight >= 0.0 && weight.is_finite()) {
                return Err(bad_option(name, weight, "a number that is not negative"));
            }
        }
        Ok(())
    }
}

/// The same displacement on a lattice twice as fine.
fn refine(lattice: &Lattice, coefficients: &[f64]) -> (Lattice, Vec<f64>) {
    let mut fine = lattice.clone();
    let mut values = Vec::new();
    for component in coefficients.chunks(lattice.len()) {
        let (finer, refined) = lattice.refined(component);
        fine = finer;
        values.extend(refined);
    }
    (fine, values)
}

/// What is minimised on one level.
struct Task<'a> {
    level: &'a Level,
    metric: &'a dyn Metric,
    motion: IndexMotion,
    to_index: nalgebra::Matrix3<f64>,
    sampling: Sampling,
    regularity: Regularity,
}

impl Task<'_> {
    fn cost(&self, coefficients: &[f64]) -> (f64, Vec<f64>) {
        let mut penalty_slopes = vec![0.0; coefficients.len()];
        let penalty = self.regularity.penalty(coefficients, &mut penalty_slopes);
        if !penalty.is_finite() {
            return (penalty, penalty_slopes);
        }
        let (similarity, mut slopes) = self.similarity(coefficients);
        for (slope, penalty) in slopes.iter_mut().zip(penalty_slopes) {
            *slope = penalty - *slope;
        }
        (penalty - similarity, slopes)
    }

    /// The similarity with its derivatives by the coefficients.
    fn similarity(&self, coefficients: &[f64]) -> (f64, Vec<f64>) {
        let count = coefficients.len() / 3;
        let parts: Vec<Vec<f64>> = coefficients
            .chunks(count)
            .map(|component| self.sampling.values(component, None))
            .collect();
        let warped = self.level.warp(self.metric.region(), |index, at| {
            let start = self.motion.place(index);
            std::array::from_fn(|axis| {
                let moved: f64 = (0..3)
                    .map(|c| self.to_index[(axis, c)] * parts[c][at])
                    .sum();
                start[axis] + moved
            })
        });
        let (value, slopes) = self.metric.evaluate(&warped.values);
        let gradient = (0..3).flat_map(|c| {
            let forces: Vec<f64> = slopes
                .par_iter()
                .zip(&warped.slopes)
                .map(|(slope, direction)| f64::from(slope * direction[c]))
                .collect();
            self.sampling.gathered(&forces)
        });
        (value, gradient.collect())
    }
}
