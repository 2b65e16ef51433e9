//! Free-form deformations.

use crate::RigidTransform;
use crate::lattice::Lattice;
use crate::level::index_slopes;
use crate::transform::made;
use nalgebra::{Matrix3, Vector3};
use rayon::prelude::*;
use triher_volume::{Geometry, Image, Provenance, Volume};

/// A rigid motion plus a displacement that is a cubic B-spline on a lattice over the reference's grid (Rueckert et al., IEEE Trans Med
/// Imaging 1999;18:712): a point `x` of the reference lies in the phase at `rigid(x) + u(x)`, in LPS millimetres.
#[derive(Clone, Debug, PartialEq)]
pub struct FreeFormDeformation {
    rigid: RigidTransform,
    grid: Geometry,
    lattice: Lattice,
    /// Of the components L, P and S, one after the other.
    coefficients: Vec<f64>,
}

impl FreeFormDeformation {
    /// A deformation with a coefficient for each component and control point.
    pub(crate) fn new(
        rigid: RigidTransform,
        grid: Geometry,
        lattice: Lattice,
        coefficients: Vec<f64>,
    ) -> Self {
        debug_assert_eq!(coefficients.len(), 3 * lattice.len());
        Self {
            rigid,
            grid,
            lattice,
            coefficients,
        }
    }

    /// The rigid part.
    pub fn rigid(&self) -> &RigidTransform {
        &self.rigid
    }

    /// The reference's grid.
    pub fn grid(&self) -> &Geometry {
        &self.grid
    }

    /// Distance of the control points along the axes of the grid, in millimetres.
    pub fn control_spacing_mm(&self) -> [f64; 3] {
        self.lattice.interval_mm
    }

    /// Where a point of the reference lies in the phase; both in LPS millimetres. Outside of the grid the displacement is that of the
    /// nearest point on its border.
    pub fn apply(&self, point_mm: [f64; 3]) -> [f64; 3] {
        let index = self.grid.world_to_index(point_mm);
        let along: [f64; 3] = std::array::from_fn(|a| {
            let last = self.grid.size()[a] as f64 - 1.0;
            index[a].clamp(0.0, last) * self.grid.spacing_mm()[a]
        });
        let moved = self.rigid.apply(point_mm);
        std::array::from_fn(|c| moved[c] + self.lattice.value(self.component(c), along))
    }

    /// How far each voxel of the reference moves, in millimetres along L, P and S; rigid motion included.
    pub fn displacement_mm(&self) -> Volume<[f32; 3]> {
        let sampling = self.lattice.sampling(&self.grid, &self.grid);
        let parts: [Vec<f64>; 3] =
            std::array::from_fn(|c| sampling.values(self.component(c), None));
        let voxels = (0..self.grid.len())
            .into_par_iter()
            .map(|at| {
                let index = self.grid.index_at(at).map(|i| i as f64);
                let point = self.grid.index_to_world(index);
                let moved = self.rigid.apply(point);
                std::array::from_fn(|c| (moved[c] + parts[c][at] - point[c]) as f32)
            })
            .collect();
        made(&self.grid, voxels, Provenance::from_source("displacement"))
    }

    /// The determinant of the deformation's Jacobian matrix at every voxel, from the spline's own derivatives: 1 where volume is kept, below 1
    /// where the reference's tissue is smaller in the phase, 0 or less where it folds.
    pub fn jacobian_determinant(&self) -> Image {
        let sampling = self.lattice.sampling(&self.grid, &self.grid);
        let slopes: [[Vec<f64>; 3]; 3] = std::array::from_fn(|c| {
            std::array::from_fn(|axis| sampling.values(self.component(c), Some(axis)))
        });
        let (along, rotation) = (along_slopes(&self.grid), self.rigid.rotation());
        let voxels = (0..self.grid.len())
            .into_par_iter()
            .map(|at| {
                let by_axis = Matrix3::from_fn(|c, axis| slopes[c][axis][at]);
                (rotation + by_axis * along).determinant() as f32
            })
            .collect();
        made(
            &self.grid,
            voxels,
            Provenance::from_source("Jacobian determinant"),
        )
    }

    fn component(&self, c: usize) -> &[f64] {
        let count = self.lattice.len();
        &self.coefficients[c * count..(c + 1) * count]
    }
}

/// How distances along the grid's axes, in millimetres, change with the place in the patient: `[axis][world]`.
pub(crate) fn along_slopes(grid: &Geometry) -> Matrix3<f64> {
    let spacing = Vector3::from(grid.spacing_mm());
    Matrix3::from_diagonal(&spacing) * index_slopes(grid)
}
