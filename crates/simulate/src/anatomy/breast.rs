//! The breast on its chest wall.

use super::field::SmoothField;
use super::vessel::Vessel;
use super::{Composition, Lesion, Point, edge, length};
use crate::stream::uniform;
use rand_chacha::ChaCha8Rng;

/// A breast and what lies behind it.
pub(crate) struct Breast {
    /// Half width (left to right), depth (to the nipple) and half height, millimetres.
    half_axes: Point,
    skin_mm: f64,
    pectoral_mm: f64,
    /// Centre and radius of the heart.
    heart: (Point, f64),
    /// How much gland there is: added to the field before its threshold.
    density: f64,
    coarse: SmoothField,
    fine: SmoothField,
    vessels: Vec<Vessel>,
}

/// Radius of the chest, seen from above.
const CHEST_RADIUS_MM: f64 = 150.0;
/// Fat in front of the chest wall beside the breast.
const SUBCUTANEOUS_MM: f64 = 9.0;

impl Breast {
    /// A breast that fits a field of view of these extents (left-right, front-back, foot-head), millimetres.
    pub(crate) fn new(rng: &mut ChaCha8Rng, extent_mm: [f64; 3]) -> Self {
        let half_axes = [
            uniform(rng, 50.0, 60.0).min(0.45 * extent_mm[0]),
            uniform(rng, 66.0, 84.0).min(0.64 * extent_mm[1]),
            uniform(rng, 46.0, 56.0).min(0.46 * extent_mm[2]),
        ];
        let heart_x = uniform(rng, -65.0, -35.0);
        let heart_y = uniform(rng, -78.0, -68.0);
        let vessels = 3 + usize::from(uniform(rng, 0.0, 1.0) < 0.5);
        Self {
            half_axes,
            skin_mm: uniform(rng, 1.4, 2.2),
            pectoral_mm: uniform(rng, 8.0, 14.0),
            heart: (
                [heart_x, heart_y, uniform(rng, -25.0, 5.0)],
                uniform(rng, 44.0, 50.0),
            ),
            density: uniform(rng, -1.9, -0.1),
            coarse: SmoothField::new(rng, 11.0),
            fine: SmoothField::new(rng, 4.2),
            vessels: (0..vessels)
                .map(|_| Vessel::new(rng, [half_axes[0], half_axes[2]], half_axes[1]))
                .collect(),
        }
    }

    /// Half width, depth and half height, millimetres.
    pub(crate) fn half_axes(&self) -> Point {
        self.half_axes
    }

    /// Distance to the chest wall, which curves back to the sides; negative behind it.
    fn before_wall_mm(&self, [x, y, _]: Point) -> f64 {
        // The breast sits beside the breastbone: the chest falls off towards the left.
        y + (x + 25.0).powi(2) / (2.0 * CHEST_RADIUS_MM) - 2.0
    }

    /// Signed distance to the skin's surface, about; negative inside.
    fn outside_mm(&self, point: Point) -> f64 {
        let [a, d, c] = self.half_axes;
        let wall = self.before_wall_mm(point);
        let [x, _, z] = point;
        let y = wall.max(0.0);
        let scaled = ((x / a).powi(2) + (y / d).powi(2) + (z / c).powi(2)).sqrt();
        let breast = if scaled > 1e-9 {
            (scaled - 1.0) * length([x, y, z]) / scaled
        } else {
            -a.min(c).min(d)
        };
        let nipple = length([x, wall - d, z]) - 4.5;
        smooth_min(
            smooth_min(breast, wall - SUBCUTANEOUS_MM, 10.0),
            nipple,
            5.0,
        )
    }

    /// Above 0 in the cone in which gland lies.
    fn gland_envelope(&self, point: Point) -> f64 {
        let [a, d, c] = self.half_axes;
        let along = (self.before_wall_mm(point) - 0.52 * d) / (0.5 * d);
        // Narrow at the nipple, wide at the base.
        let width = 0.82 - 0.30 * along;
        1.0 - (point[0] / (width * a)).powi(2) - (point[2] / (width * c)).powi(2) - along * along
    }

    /// Whether a ball lies in the breast, away from skin and chest wall, and mostly where gland may be.
    pub(crate) fn holds(&self, centre: Point, radius_mm: f64) -> bool {
        self.outside_mm(centre) < -(radius_mm + self.skin_mm + 2.0)
            && self.before_wall_mm(centre) > radius_mm + 2.0
            && self.gland_envelope(centre) > -0.2
    }

    /// What a point is made of, edges smoothed over a width in millimetres.
    pub(crate) fn at(&self, point: Point, lesion: &Lesion, width_mm: f64) -> Composition {
        let mut parts = Composition::default();
        let outside = self.outside_mm(point);
        let mut rest = edge(outside, width_mm);
        if rest <= 0.0 {
            return parts;
        }
        // What comes first takes its share of what is left.
        let mut take = |share: f64| {
            let taken = rest * share;
            rest -= taken;
            taken
        };
        let wall = self.before_wall_mm(point);
        parts.skin = take(1.0 - edge(outside + self.skin_mm, width_mm));
        let chest = take(edge(wall + self.pectoral_mm, width_mm));
        if chest > 0.0 {
            let (centre, radius) = self.heart;
            let to_heart = std::array::from_fn(|n| point[n] - centre[n]);
            let heart = edge(length(to_heart) - radius, width_mm);
            parts.blood = chest * heart;
            parts.lung = chest * (1.0 - heart);
        }
        parts.muscle = take(edge(wall, width_mm));
        if let Some((share, uptake)) = lesion.at(point, width_mm) {
            parts.lesion = take(share);
            parts.uptake = uptake;
        }
        let vessel = self.vessels.iter().map(|v| v.distance_mm(point));
        parts.blood += take(edge(vessel.fold(f64::INFINITY, f64::min), width_mm));
        let envelope = self.gland_envelope(point);
        let fine = self.fine.at(point);
        // Septa: thin sheets where the fine field changes its sign.
        let septa = 0.35 * (1.0 - (fine.abs() / 0.16).min(1.0));
        if envelope > -1.5 {
            let coarse = self.coarse.at(point);
            let amount = 1.7 * envelope + self.density + 0.75 * coarse + 0.55 * fine;
            parts.gland = take((0.5 + amount / 0.7).clamp(0.0, 1.0).max(septa));
            parts.gland_uptake = (0.45 * coarse + 0.25 * fine).exp();
        } else {
            parts.gland = take(septa);
            parts.gland_uptake = 0.5;
        }
        parts.fat = rest;
        parts
    }
}

/// A smooth minimum: rounds the valley between two bodies over about this distance.
fn smooth_min(a: f64, b: f64, round_mm: f64) -> f64 {
    let h = (0.5 + 0.5 * (b - a) / round_mm).clamp(0.0, 1.0);
    b + (a - b) * h - round_mm * h * (1.0 - h)
}
