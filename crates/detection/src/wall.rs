//! The chest wall as a surface.

use nalgebra::{Matrix3, Vector3};
use serde::{Deserialize, Serialize};

/// Curvature of the chest from left to right: half of one over a radius of 150 mm, per millimetre (an adult chest, seen from above).
const CURVATURE_PER_MM: f64 = 1.0 / 300.0;
/// Weight of skin that lies in front of the surface: it may be breast.
const WEIGHT_IN_FRONT: f64 = 0.01;
/// Skin further behind the surface than this is a flank, an arm or a gap in the images, millimetres.
const FLANK_MM: f64 = 20.0;
/// Steps of the fit at most.
const STEPS: usize = 100;

/// The chest wall: `y = intercept + slope_x x + slope_z z + curvature x^2` in patient coordinates (LPS, millimetres).
///
/// It is found from the skin alone, so it needs neither lung nor muscle to be seen, and works alike for sagittal images of one breast
/// and axial images of both: skin that is not breast (above, below, beside and between the breasts) lies on the chest, which is taken
/// for a cylinder with a radius of 150 mm; breasts lie in front of it. The surface is fitted to the skin by asymmetric least squares (Newey and
/// Powell, Econometrica 1987;55:819): skin in front of the surface has a hundredth of the weight of skin behind it, so that breasts hardly
/// count, and skin more than 20 mm behind has that weight, too. The curvature is kept, because a breast that fills the images would
/// otherwise be taken for a strongly curved chest; where its top lies is free. The chest wall lies a stated depth behind that skin.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChestWall {
    /// y at x = z = 0, millimetres.
    pub intercept_mm: f64,
    /// Change of y along x (to the left).
    pub slope_x: f64,
    /// Change of y along z (to the head).
    pub slope_z: f64,
    /// Factor of x squared, per millimetre.
    pub curvature_per_mm: f64,
}

impl ChestWall {
    /// The surface through the skin of the chest. `None` with fewer than three points, or points on one line.
    pub(crate) fn through_skin(points_mm: &[[f64; 3]]) -> Option<Self> {
        // What is left of y when the known curvature is taken off.
        let flat = |p: &[f64; 3]| p[1] - CURVATURE_PER_MM * p[0] * p[0];
        let count = points_mm.len() as f64;
        let middle = |axis: usize| points_mm.iter().map(|p| p[axis]).sum::<f64>() / count;
        let (mx, mz) = (middle(0), middle(2));
        let mut depths: Vec<f64> = points_mm.iter().map(flat).collect();
        depths.sort_by(f64::total_cmp);
        // Begin at a depth behind most of the skin.
        let mut fit = Vector3::new(*depths.get(depths.len() * 7 / 10)?, 0.0, 0.0);
        for _ in 0..STEPS {
            let (mut normal, mut right) = (Matrix3::zeros(), Vector3::zeros());
            for p in points_mm {
                let row = Vector3::new(1.0, p[0] - mx, p[2] - mz);
                let behind = flat(p) - row.dot(&fit);
                let weight = if (0.0..=FLANK_MM).contains(&behind) {
                    1.0
                } else {
                    WEIGHT_IN_FRONT
                };
                normal += weight * row * row.transpose();
                right += weight * flat(p) * row;
            }
            let next = normal.cholesky()?.solve(&right);
            let change = (next - fit).abs().max();
            fit = next;
            if change < 1e-9 {
                break;
            }
        }
        let wall = Self {
            intercept_mm: fit[0] - fit[1] * mx - fit[2] * mz,
            slope_x: fit[1],
            slope_z: fit[2],
            curvature_per_mm: CURVATURE_PER_MM,
        };
        wall.intercept_mm.is_finite().then_some(wall)
    }

    /// The same surface further to the back.
    pub(crate) fn deeper(self, by_mm: f64) -> Self {
        Self {
            intercept_mm: self.intercept_mm + by_mm,
            ..self
        }
    }

    /// How far a point lies in front of the wall, millimetres along y; negative behind it.
    pub fn in_front_mm(&self, [x, y, z]: [f64; 3]) -> f64 {
        self.intercept_mm + self.slope_x * x + self.slope_z * z + self.curvature_per_mm * x * x - y
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A chest whose top lies at x = 20, rising to the head, with a breast of 80 mm that covers half of it.
    #[test]
    fn the_chest_is_found_behind_the_breast() {
        let mut points = Vec::new();
        for x in (-60..=90).step_by(3) {
            for z in (-70..=70).step_by(3) {
                let (x, z) = (f64::from(x), f64::from(z));
                let chest = -30.0 + (x - 20.0).powi(2) / 300.0 - 0.1 * z;
                let r = ((x - 30.0) / 50.0).powi(2) + (z / 45.0).powi(2);
                let breast = 80.0 * (1.0 - r).max(0.0).sqrt();
                points.push([x, chest - breast, z]);
            }
        }
        let wall = ChestWall::through_skin(&points).unwrap();
        for p in [[20.0, -30.0, 0.0], [80.0, -18.0, 0.0], [20.0, -37.0, 70.0]] {
            assert!(wall.in_front_mm(p).abs() < 6.0, "{p:?} {wall:?}");
        }
        assert!(wall.in_front_mm([30.0, -110.0, 0.0]) > 70.0);
        assert!(wall.deeper(8.0).in_front_mm([30.0, -110.0, 0.0]) > 78.0);
    }

    #[test]
    fn too_few_points_are_no_chest() {
        assert_eq!(ChestWall::through_skin(&[]), None);
        assert_eq!(ChestWall::through_skin(&[[1.0, 2.0, 3.0]; 5]), None);
        let nan = [[f64::NAN; 3], [0.0; 3], [1.0; 3], [1.0, 0.0, 2.0]];
        assert_eq!(ChestWall::through_skin(&nan), None);
    }
}
