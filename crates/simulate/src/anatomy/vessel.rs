//! Vessels of the breast.

use super::Point;
use crate::stream::uniform;
use rand_chacha::ChaCha8Rng;

/// A vessel that runs from the chest wall towards the nipple, winding: its course as a table over y.
pub(crate) struct Vessel {
    /// x, z and radius at every millimetre from `-MARGIN_MM` on.
    course: Vec<[f64; 3]>,
}

/// How far behind the chest wall's surface the course begins.
const MARGIN_MM: f64 = 2.0;

impl Vessel {
    /// A vessel of a breast with these half widths and depth, millimetres.
    pub(crate) fn new(rng: &mut ChaCha8Rng, half_widths_mm: [f64; 2], depth_mm: f64) -> Self {
        let angle = uniform(rng, 0.0, std::f64::consts::TAU);
        let away = uniform(rng, 0.45, 0.72);
        let start = [
            angle.cos() * half_widths_mm[0] * away,
            angle.sin() * half_widths_mm[1] * away,
        ];
        let windings: [[f64; 3]; 2] = std::array::from_fn(|_| {
            [
                uniform(rng, 2.0, 6.0),
                uniform(rng, 0.05, 0.16),
                uniform(rng, 0.0, std::f64::consts::TAU),
            ]
        });
        let radius = uniform(rng, 0.9, 1.7);
        let reach = depth_mm * uniform(rng, 0.5, 0.85);
        let steps = (reach + MARGIN_MM) as usize + 2;
        let course = (0..steps).map(|step| {
            let y = step as f64 - MARGIN_MM;
            let along = (y / reach).clamp(0.0, 1.0);
            // Towards the nipple vessels come together and get thinner.
            let inward = 1.0 - 0.65 * along;
            let [x, z]: [f64; 2] = std::array::from_fn(|n| {
                let [amplitude, frequency, phase] = windings[n];
                start[n] * inward + amplitude * (frequency * y + phase).sin()
            });
            [x, z, radius * (1.0 - 0.55 * along)]
        });
        Self {
            course: course.collect(),
        }
    }

    /// Signed distance to the vessel's surface, millimetres, measured across its main direction: near its wall within some tenths of the true one.
    pub(crate) fn distance_mm(&self, [x, y, z]: Point) -> f64 {
        let place = y + MARGIN_MM;
        if place < 0.0 || place + 1.0 >= self.course.len() as f64 {
            return f64::INFINITY;
        }
        let step = place as usize;
        let share = place - step as f64;
        let (a, b) = (self.course[step], self.course[step + 1]);
        let [cx, cz, radius]: [f64; 3] = std::array::from_fn(|n| a[n] + share * (b[n] - a[n]));
        let slope = ((b[0] - a[0]).powi(2) + (b[1] - a[1]).powi(2)).sqrt();
        (x - cx).hypot(z - cz) / 1f64.hypot(slope) - radius
    }
}
