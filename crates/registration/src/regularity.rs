//! What keeps a deformation plausible: bending energy, and tissue that neither grows nor shrinks.

use crate::lattice::Lattice;
use nalgebra::Matrix3;

/// Penalties on the displacement at the knots of a lattice.
pub(crate) struct Regularity {
    lattice: Lattice,
    /// How distances along the grid's axes change with the place in the patient: `[axis][world]`.
    along: Matrix3<f64>,
    /// Rotation that the displacement is added to.
    rotation: Matrix3<f64>,
    /// Weight of the bending energy, in square millimetres.
    bending_mm2: f64,
    /// Weight of the squared logarithm of the Jacobian determinant.
    volume: f64,
}

/// A derivative at a knot as weights of the 27 control points around it, the first axis fastest.
type Stencil = [f64; 27];

impl Regularity {
    pub(crate) fn new(
        lattice: &Lattice,
        along: Matrix3<f64>,
        rotation: Matrix3<f64>,
        bending_mm2: f64,
        volume: f64,
    ) -> Self {
        Self {
            lattice: lattice.clone(),
            along,
            rotation,
            bending_mm2,
            volume,
        }
    }

    /// The weighted penalty, with its derivatives by the coefficients of the three components; infinite where the tissue folds.
    ///
    /// Both are means over the knots: the bending energy of Rueckert et al. (IEEE Trans Med Imaging 1999;18:712), and
    /// `(log det J)^2`, of which Rohlfing et al. (IEEE Trans Med Imaging 2003;22:730) take the absolute value: tissue is hardly compressible, so
    /// a tumour must not shrink because it became brighter. The square is smooth and grows without bound towards a fold.
    pub(crate) fn penalty(&self, coefficients: &[f64], gradient: &mut [f64]) -> f64 {
        let points = self.lattice.points();
        let count = self.lattice.len();
        let knots: usize = self.lattice.intervals.iter().map(|n| n + 1).product();
        let share = 1.0 / knots as f64;
        let bends = self.bends();
        let firsts: [Stencil; 3] = std::array::from_fn(|axis| {
            let mut orders = [0; 3];
            orders[axis] = 1;
            self.stencil(orders)
        });
        let mut total = 0.0;
        for at in 0..knots {
            let knot = [
                at % (self.lattice.intervals[0] + 1),
                at / (self.lattice.intervals[0] + 1) % (self.lattice.intervals[1] + 1),
                at / ((self.lattice.intervals[0] + 1) * (self.lattice.intervals[1] + 1)),
            ];
            let offset = |n: usize| {
                let (i, j, k) = (knot[0] + n % 3, knot[1] + n / 3 % 3, knot[2] + n / 9);
                i + points[0] * (j + points[1] * k)
            };
            let offsets: [usize; 27] = std::array::from_fn(offset);
            for component in 0..3 {
                let start = component * count;
                for (stencil, weight) in &bends {
                    let second = apply(stencil, coefficients, start, &offsets);
                    total += self.bending_mm2 * share * weight * second * second;
                    let slope = 2.0 * self.bending_mm2 * share * weight * second;
                    spread(stencil, slope, gradient, start, &offsets);
                }
            }
            // Derivatives of the displacement along the axes of the grid, then by the place in the patient.
            let by_axis = Matrix3::from_fn(|component, axis| {
                apply(&firsts[axis], coefficients, component * count, &offsets)
            });
            let jacobian = self.rotation + by_axis * self.along;
            let determinant = jacobian.determinant();
            if determinant.is_nan() || determinant <= 0.0 {
                return f64::INFINITY;
            }
            let log = determinant.ln();
            total += self.volume * share * log * log;
            let Some(inverse) = jacobian.try_inverse() else {
                return f64::INFINITY;
            };
            // The logarithm of the determinant changes with J by the transpose of its inverse.
            let by_jacobian = inverse.transpose() * (2.0 * self.volume * share * log);
            let slopes = by_jacobian * self.along.transpose();
            for component in 0..3 {
                for (axis, stencil) in firsts.iter().enumerate() {
                    let slope = slopes[(component, axis)];
                    spread(stencil, slope, gradient, component * count, &offsets);
                }
            }
        }
        total
    }

    /// The six second derivatives with how often each counts.
    fn bends(&self) -> [(Stencil, f64); 6] {
        [
            ([2, 0, 0], 1.0),
            ([0, 2, 0], 1.0),
            ([0, 0, 2], 1.0),
            ([1, 1, 0], 2.0),
            ([1, 0, 1], 2.0),
            ([0, 1, 1], 2.0),
        ]
        .map(|(orders, weight)| (self.stencil(orders), weight))
    }

    /// The derivative of the given order along each axis.
    fn stencil(&self, orders: [usize; 3]) -> Stencil {
        let weights: [[f64; 3]; 3] = std::array::from_fn(|axis| {
            let h = self.lattice.interval_mm[axis];
            match orders[axis] {
                0 => [1.0 / 6.0, 2.0 / 3.0, 1.0 / 6.0],
                1 => [-0.5 / h, 0.0, 0.5 / h],
                _ => [1.0 / (h * h), -2.0 / (h * h), 1.0 / (h * h)],
            }
        });
        std::array::from_fn(|n| weights[0][n % 3] * weights[1][n / 3 % 3] * weights[2][n / 9])
    }
}

fn apply(stencil: &Stencil, coefficients: &[f64], start: usize, offsets: &[usize; 27]) -> f64 {
    let terms = stencil.iter().zip(offsets);
    terms.map(|(w, o)| w * coefficients[start + o]).sum()
}

fn spread(
    stencil: &Stencil,
    slope: f64,
    gradient: &mut [f64],
    start: usize,
    offsets: &[usize; 27],
) {
    for (weight, offset) in stencil.iter().zip(offsets) {
        gradient[start + offset] += slope * weight;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::RigidTransform;
    use triher_volume::Geometry;

    fn regularity(bending_mm2: f64, volume: f64) -> Regularity {
        let grid = Geometry::axis_aligned([13, 9, 7], [1.0, 1.5, 2.0], [0.0; 3]).unwrap();
        let rotation = RigidTransform {
            angles_rad: [0.1, 0.2, -0.1],
            ..RigidTransform::identity([0.0; 3])
        };
        Regularity::new(
            &Lattice::new(&grid, 6.0),
            Matrix3::new(0.8, 0.6, 0.0, -0.6, 0.8, 0.0, 0.0, 0.0, 1.0),
            rotation.rotation(),
            bending_mm2,
            volume,
        )
    }

    #[test]
    fn the_gradient_is_that_of_differences() {
        for regularity in [regularity(3.0, 0.0), regularity(0.0, 2.0)] {
            let count = 3 * regularity.lattice.len();
            let coefficients: Vec<f64> = (0..count)
                .map(|n| ((n * 7919) % 101) as f64 / 100.0 - 0.5)
                .collect();
            let mut gradient = vec![0.0; count];
            assert!(regularity.penalty(&coefficients, &mut gradient) > 0.0);
            for at in (0..count).step_by(23) {
                let value = |step: f64| {
                    let mut moved = coefficients.clone();
                    moved[at] += step;
                    regularity.penalty(&moved, &mut vec![0.0; count])
                };
                let difference = (value(1e-5) - value(-1e-5)) / 2e-5;
                assert!((difference - gradient[at]).abs() < 1e-6 * (1.0 + gradient[at].abs()));
            }
        }
    }

    /// A shift costs nothing; a fold cannot be paid for.
    #[test]
    fn shifts_are_free_and_folds_forbidden() {
        let regularity = regularity(3.0, 2.0);
        let count = 3 * regularity.lattice.len();
        let mut gradient = vec![0.0; count];
        assert!(regularity.penalty(&vec![4.0; count], &mut gradient) < 1e-20);
        let mut folded = vec![0.0; count];
        let points = regularity.lattice.points()[0];
        for (n, value) in folded.iter_mut().take(count / 3).enumerate() {
            *value = -15.0 * (n % points) as f64;
        }
        assert_eq!(regularity.penalty(&folded, &mut gradient), f64::INFINITY);
    }
}
