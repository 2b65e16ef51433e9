//! Rigid motions.

use nalgebra::{Matrix3, Matrix4, Vector3};

/// A rotation about a centre and a translation, in LPS millimetres: a point `x` of the reference lies in the phase at
/// `R (x - centre) + centre + translation`, where `R = Rz Rx Ry` turns by the angles about the axes x (L), y (P) and z (S).
/// This is ITK's `Euler3DTransform` with the same numbers.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct RigidTransform {
    /// Angles about the axes x, y and z, in radians.
    pub angles_rad: [f64; 3],
    /// Translation, in millimetres.
    pub translation_mm: [f64; 3],
    /// The point that only the translation moves, in millimetres.
    pub centre_mm: [f64; 3],
}

impl RigidTransform {
    /// No motion, about a centre.
    pub fn identity(centre_mm: [f64; 3]) -> Self {
        Self {
            angles_rad: [0.0; 3],
            translation_mm: [0.0; 3],
            centre_mm,
        }
    }

    /// Where a point of the reference lies in the phase; both in LPS millimetres.
    pub fn apply(&self, point_mm: [f64; 3]) -> [f64; 3] {
        let centre = Vector3::from(self.centre_mm);
        let turned = self.rotation() * (Vector3::from(point_mm) - centre);
        (turned + centre + Vector3::from(self.translation_mm)).into()
    }

    /// The angle of the rotation about its own axis, in degrees.
    pub fn rotation_deg(&self) -> f64 {
        // From the antisymmetric part, which is exact for small angles where the trace is not.
        let r = self.rotation();
        let sine = Vector3::new(
            r[(2, 1)] - r[(1, 2)],
            r[(0, 2)] - r[(2, 0)],
            r[(1, 0)] - r[(0, 1)],
        );
        (0.5 * sine.norm())
            .atan2(0.5 * (r.trace() - 1.0))
            .to_degrees()
    }

    /// Length of the translation, in millimetres: how far the centre moves.
    pub fn shift_mm(&self) -> f64 {
        Vector3::from(self.translation_mm).norm()
    }

    /// The rotation as a matrix.
    pub(crate) fn rotation(&self) -> Matrix3<f64> {
        let [x, y, z] = self.angles_rad;
        about(2, z) * about(0, x) * about(1, y)
    }

    /// Derivatives of the rotation by its three angles.
    pub(crate) fn rotation_slopes(&self) -> [Matrix3<f64>; 3] {
        let [x, y, z] = self.angles_rad;
        [
            about(2, z) * about_slope(0, x) * about(1, y),
            about(2, z) * about(0, x) * about_slope(1, y),
            about_slope(2, z) * about(0, x) * about(1, y),
        ]
    }

    /// The map of points as a 4x4 matrix (LPS, millimetres).
    pub fn matrix(&self) -> Matrix4<f64> {
        let mut matrix = self.rotation().to_homogeneous();
        let origin = self.apply([0.0; 3]);
        for row in 0..3 {
            matrix[(row, 3)] = origin[row];
        }
        matrix
    }
}

/// Rotation about a world axis.
fn about(axis: usize, angle: f64) -> Matrix3<f64> {
    let (s, c) = angle.sin_cos();
    let (a, b) = ((axis + 1) % 3, (axis + 2) % 3);
    let mut r = Matrix3::identity();
    r[(a, a)] = c;
    r[(b, b)] = c;
    r[(a, b)] = -s;
    r[(b, a)] = s;
    r
}

/// Derivative of [`about`] by the angle.
fn about_slope(axis: usize, angle: f64) -> Matrix3<f64> {
    let (s, c) = angle.sin_cos();
    let (a, b) = ((axis + 1) % 3, (axis + 2) % 3);
    let mut r = Matrix3::zeros();
    r[(a, a)] = -s;
    r[(b, b)] = -s;
    r[(a, b)] = -c;
    r[(b, a)] = c;
    r
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn angles_turn_from_axis_to_axis() {
        let quarter = std::f64::consts::FRAC_PI_2;
        for (axis, from, to) in [
            (0, [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]),
            (1, [0.0, 0.0, 1.0], [1.0, 0.0, 0.0]),
            (2, [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]),
        ] {
            let mut transform = RigidTransform::identity([0.0; 3]);
            transform.angles_rad[axis] = quarter;
            let turned = transform.apply(from);
            assert!((0..3).all(|n| (turned[n] - to[n]).abs() < 1e-12));
            assert!((transform.rotation_deg() - 90.0).abs() < 1e-9);
        }
    }

    #[test]
    fn the_centre_moves_by_the_translation_and_the_matrix_says_the_same() {
        let transform = RigidTransform {
            angles_rad: [0.1, -0.2, 0.3],
            translation_mm: [1.0, -2.0, 2.0],
            centre_mm: [40.0, 50.0, -60.0],
        };
        assert_eq!(transform.apply(transform.centre_mm), [41.0, 48.0, -58.0]);
        assert_eq!(transform.shift_mm(), 3.0);
        let point = [3.0, 4.0, 5.0];
        let moved = transform.matrix() * nalgebra::Vector4::new(3.0, 4.0, 5.0, 1.0);
        let expected = transform.apply(point);
        assert!((0..3).all(|n| (moved[n] - expected[n]).abs() < 1e-12));
    }

    #[test]
    fn slopes_are_those_of_differences() {
        let at = |angles_rad| {
            RigidTransform {
                angles_rad,
                ..RigidTransform::identity([0.0; 3])
            }
            .rotation()
        };
        let angles = [0.4, -0.3, 0.2];
        let transform = RigidTransform {
            angles_rad: angles,
            ..RigidTransform::identity([0.0; 3])
        };
        for (n, slope) in transform.rotation_slopes().into_iter().enumerate() {
            let (mut up, mut down) = (angles, angles);
            up[n] += 1e-6;
            down[n] -= 1e-6;
            assert!(((at(up) - at(down)) / 2e-6 - slope).norm() < 1e-9);
        }
    }
}
