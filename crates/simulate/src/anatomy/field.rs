//! Smooth random fields that can be evaluated at any point.

use super::Point;
use crate::stream::normal;
use rand_chacha::ChaCha8Rng;

/// Knots along each axis; the field repeats after them.
const KNOTS: usize = 32;

/// A smooth random field: normal numbers on a lattice, blended by quadratic B-splines. Mean 0, variance 1 on average, repeating
/// after 32 knots.
pub(crate) struct SmoothField {
    knots: Vec<f32>,
    per_knot: f64,
}

/// Square root of the mean sum of squared weights of the quadratic B-spline, 11/20 for one axis, for three.
const BLENDED_DEVIATION: f64 = 0.407_890_917;

impl SmoothField {
    /// A field with knots at this distance (about its correlation length).
    pub(crate) fn new(rng: &mut ChaCha8Rng, knot_distance: f64) -> Self {
        let knots = (0..KNOTS * KNOTS * KNOTS)
            .map(|_| (normal(rng) / BLENDED_DEVIATION) as f32)
            .collect();
        Self {
            knots,
            per_knot: 1.0 / knot_distance,
        }
    }

    /// The field at a point.
    pub(crate) fn at(&self, point: Point) -> f64 {
        let mut places = [[0usize; 3]; 3];
        let mut weights = [[0f32; 3]; 3];
        for axis in 0..3 {
            let place = point[axis] * self.per_knot;
            let nearest = place.round();
            let t = (place - nearest) as f32;
            weights[axis] = [
                0.5 * (0.5 - t) * (0.5 - t),
                0.75 - t * t,
                0.5 * (0.5 + t) * (0.5 + t),
            ];
            let nearest = nearest as i64;
            places[axis] =
                [-1, 0, 1].map(|step| (nearest + step).rem_euclid(KNOTS as i64) as usize);
        }
        let mut sum = 0f32;
        for (k, wk) in places[2].into_iter().zip(weights[2]) {
            for (j, wj) in places[1].into_iter().zip(weights[1]) {
                let row = &self.knots[KNOTS * (j + KNOTS * k)..][..KNOTS];
                let along = weights[0][0] * row[places[0][0]]
                    + weights[0][1] * row[places[0][1]]
                    + weights[0][2] * row[places[0][2]];
                sum += wk * wj * along;
            }
        }
        f64::from(sum)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream::{Purpose, stream};

    #[test]
    fn mean_variance_and_smoothness() {
        let field = SmoothField::new(&mut stream(1, 0, 0, Purpose::Anatomy), 5.0);
        let points: Vec<Point> = (0..20_000)
            .map(|i| {
                let i = f64::from(i);
                [
                    (i * 0.731) % 160.0,
                    (i * 1.377) % 160.0,
                    (i * 2.113) % 160.0,
                ]
            })
            .collect();
        let values: Vec<f64> = points.iter().map(|&p| field.at(p)).collect();
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / values.len() as f64;
        assert!(
            mean.abs() < 0.03 && (variance - 1.0).abs() < 0.05,
            "{mean} {variance}"
        );
        for (&[x, y, z], value) in points.iter().zip(values) {
            assert!((field.at([x + 1e-4, y, z]) - value).abs() < 1e-2);
        }
        assert!((field.at([1.0, 2.0, 3.0]) - field.at([161.0, 162.0, -157.0])).abs() < 1e-5);
    }
}
