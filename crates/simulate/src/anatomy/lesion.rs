//! The lesion: its shape and how it takes up contrast agent.

use super::field::SmoothField;
use super::{Point, edge, length};
use crate::Truth;
use crate::stream::{direction, normal, uniform};
use rand_chacha::ChaCha8Rng;

/// A lesion: an ellipsoid with lobes and spicules.
pub(crate) struct Lesion {
    centre: Point,
    radius_mm: f64,
    /// Rows: the ellipsoid's axes, divided by their relative lengths.
    to_ball: [Point; 3],
    lobes: SmoothField,
    lobe_height: f64,
    spicules: Vec<(Point, f64)>,
    perfusion: SmoothField,
    ktrans_per_min: f64,
    ve: f64,
    vp: f64,
    rim_fraction: f64,
    heterogeneity: f64,
    necrosis_fraction: f64,
}

/// How a point of the lesion takes up contrast agent.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct LesionUptake {
    pub(crate) ktrans_per_min: f64,
    pub(crate) kep_per_min: f64,
    pub(crate) vp: f64,
}

/// How sharp spicules are: the exponent of the cosine of the angle to their direction.
const SPICULE_SHARPNESS: f64 = 45.0;
/// From core to rim between 0.45 and 0.8 of the radius.
const CORE_DEPTH: f64 = 0.45;
const RIM_STEP: f64 = 0.35;
/// Uptake of necrosis relative to vital tissue.
const NECROTIC_UPTAKE: f64 = 0.04;

impl Lesion {
    /// A lesion with the truth's parameters at a place in breast coordinates.
    pub(crate) fn new(rng: &mut ChaCha8Rng, truth: &Truth, centre: Point) -> Self {
        // Axes whose product is 1, so that the volume stays.
        let stretch: [f64; 2] =
            std::array::from_fn(|_| (0.14 * normal(rng)).clamp(-0.35, 0.35).exp());
        let axes = [stretch[0], stretch[1], 1.0 / (stretch[0] * stretch[1])];
        let basis = orthonormal(rng);
        let to_ball = std::array::from_fn(|n| basis[n].map(|c| c / axes[n]));
        let spicules =
            (0..14).map(|_| (direction(rng), truth.spiculation * uniform(rng, 0.3, 1.0)));
        let spicules = spicules.collect();
        Self {
            centre,
            radius_mm: truth.lesion_diameter_mm / 2.0,
            to_ball,
            lobes: SmoothField::new(rng, 0.7),
            lobe_height: uniform(rng, 0.07, 0.15),
            spicules,
            perfusion: SmoothField::new(rng, (0.22 * truth.lesion_diameter_mm).max(2.5)),
            ktrans_per_min: truth.ktrans_per_min,
            ve: truth.ve,
            vp: truth.vp,
            rim_fraction: truth.rim_fraction,
            heterogeneity: truth.heterogeneity,
            necrosis_fraction: truth.necrosis_fraction,
        }
    }

    /// Centre in breast coordinates.
    pub(crate) fn centre(&self) -> Point {
        self.centre
    }

    /// A radius beyond which there is nothing of the lesion, millimetres.
    pub(crate) fn reach_mm(&self) -> f64 {
        let longest = self.spicules.iter().map(|s| s.1).fold(0.0, f64::max);
        // Of the longest axis; lobes are cut at three deviations.
        let stretch = self
            .to_ball
            .iter()
            .map(|row| 1.0 / length(*row))
            .fold(1.0, f64::max);
        self.radius_mm * stretch * (1.0 + 3.0 * self.lobe_height + longest)
    }

    /// Share of lesion at a point, its edge smoothed over a width, and the uptake there.
    pub(crate) fn at(&self, point: Point, width_mm: f64) -> Option<(f64, LesionUptake)> {
        let offset: Point = std::array::from_fn(|n| point[n] - self.centre[n]);
        if length(offset) > self.reach_mm() + width_mm {
            return None;
        }
        let (distance, surface) = self.towards(offset);
        let share = edge(distance - surface, width_mm);
        (share > 0.0).then(|| (share, self.uptake(offset, distance / surface)))
    }

    /// Whether a point lies in the rim and not in the core: where the core's lesser uptake has gone half-way over to the rim's.
    pub(crate) fn in_rim(&self, point: Point) -> bool {
        let offset: Point = std::array::from_fn(|n| point[n] - self.centre[n]);
        let (distance, surface) = self.towards(offset);
        distance / surface >= CORE_DEPTH + RIM_STEP / 2.0
    }

    /// Distance of an offset from the centre in the ball that the ellipsoid is made of, and that of the surface in its direction, millimetres.
    fn towards(&self, offset: Point) -> (f64, f64) {
        let ball: Point =
            std::array::from_fn(|n| self.to_ball[n].iter().zip(offset).map(|(a, b)| a * b).sum());
        let distance = length(ball);
        let unit = if distance > 1e-9 {
            ball.map(|c| c / distance)
        } else {
            [1.0, 0.0, 0.0]
        };
        (distance, self.radius_mm * (1.0 + self.relief(unit)))
    }

    /// Height of the surface over the ellipsoid in a direction, relative to the radius.
    fn relief(&self, unit: Point) -> f64 {
        let lobes = self.lobe_height * self.lobes.at(unit).clamp(-3.0, 3.0);
        let spicule = self.spicules.iter().map(|(towards, height)| {
            let cosine: f64 = towards.iter().zip(unit).map(|(a, b)| a * b).sum();
            height * (SPICULE_SHARPNESS * (cosine - 1.0)).exp()
        });
        lobes + spicule.fold(0.0, f64::max)
    }

    /// Uptake at an offset from the centre and a relative depth (0 centre, 1 surface).
    fn uptake(&self, offset: Point, depth: f64) -> LesionUptake {
        let core = 1.0 - smooth_step((depth - CORE_DEPTH) / RIM_STEP);
        let mut factor = 1.0 - self.rim_fraction * core;
        if self.necrosis_fraction > 0.0 {
            let vital = smooth_step((depth - self.necrosis_fraction) / 0.12 + 0.5);
            factor *= NECROTIC_UPTAKE + (1.0 - NECROTIC_UPTAKE) * vital;
        }
        let field = self.perfusion.at(offset).clamp(-3.0, 3.0);
        let ktrans_per_min = self.ktrans_per_min * factor * (self.heterogeneity * field).exp();
        LesionUptake {
            ktrans_per_min,
            kep_per_min: ktrans_per_min / self.ve,
            vp: self.vp * factor,
        }
    }
}

/// 0 below 0, 1 above 1, smooth between.
fn smooth_step(t: f64) -> f64 {
    let t = t.clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}

/// Three random unit vectors at right angles.
fn orthonormal(rng: &mut ChaCha8Rng) -> [Point; 3] {
    let a = direction(rng);
    loop {
        let b = direction(rng);
        let along: f64 = a.iter().zip(b).map(|(x, y)| x * y).sum();
        let b: Point = std::array::from_fn(|n| b[n] - along * a[n]);
        let norm = length(b);
        if norm > 1e-3 {
            let b = b.map(|c| c / norm);
            let c = [
                a[1] * b[2] - a[2] * b[1],
                a[2] * b[0] - a[0] * b[2],
                a[0] * b[1] - a[1] * b[0],
            ];
            return [a, b, c];
        }
    }
}
