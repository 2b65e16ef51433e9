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

#[cfg(test)]
mod tests {
    use super::*;

    /// On an oblique grid: voxels move as points do, and the determinant is that of differences of points.
    #[test]
    fn voxels_points_and_determinants_agree() {
        let (s, c) = 20f64.to_radians().sin_cos();
        let directions = [[c, s, 0.0], [-s, c, 0.0], [0.0, 0.0, -1.0]];
        let grid = Geometry::from_parts([14, 12, 9], [5.0, -3.0, 8.0], [1.5, 2.0, 3.0], directions)
            .unwrap();
        let lattice = Lattice::new(&grid, 8.0);
        let coefficients = (0..3 * lattice.len())
            .map(|n| ((n * 7919) % 101) as f64 / 60.0 - 0.8)
            .collect();
        let rigid = RigidTransform {
            angles_rad: [0.1, -0.2, 0.15],
            translation_mm: [1.0, 2.0, -3.0],
            centre_mm: [10.0, 10.0, 0.0],
        };
        let deformation = FreeFormDeformation::new(rigid, grid, lattice, coefficients);
        let displacement = deformation.displacement_mm();
        let determinant = deformation.jacobian_determinant();
        for index in [[3, 4, 5], [7, 8, 2], [12, 10, 7]] {
            let point = grid.index_to_world(index.map(|v| v as f64));
            let moved = deformation.apply(point);
            let by = displacement.get(index).unwrap();
            for a in 0..3 {
                assert!((point[a] + f64::from(by[a]) - moved[a]).abs() < 1e-5);
            }
            let slope = Matrix3::from_fn(|row, column| {
                let at = |step: f64| {
                    let mut p = point;
                    p[column] += step;
                    deformation.apply(p)[row]
                };
                (at(1e-4) - at(-1e-4)) / 2e-4
            });
            let found = f64::from(*determinant.get(index).unwrap());
            assert!((found - slope.determinant()).abs() < 1e-5, "{found}");
        }
    }
}
