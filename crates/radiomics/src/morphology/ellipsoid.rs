//! The smallest ellipsoid about a convex hull, on which the IBSI found no consensus: offered as defined, unconfirmed. And the area of ellipsoids.

use nalgebra::{Cholesky, DMatrix, DVector, Matrix3, Matrix4, Vector3, Vector4};

type Point = [f64; 3];

/// How far outside of the ellipsoid a point may be, in squares of distances, relative.
const TOLERANCE: f64 = 1e-7;

/// Rounds of looking for points outside, and steps within a round. Some ten of each are taken.
const MOST_ROUNDS: usize = 200;
const MOST_STEPS: usize = 60;

/// Points that a round adds.
const ADDED: usize = 8;

/// Directions of which the farthest points on both sides are looked at first.
const DIRECTIONS: [Point; 13] = [
    [1.0, 0.0, 0.0],
    [0.0, 1.0, 0.0],
    [0.0, 0.0, 1.0],
    [1.0, 1.0, 0.0],
    [1.0, -1.0, 0.0],
    [1.0, 0.0, 1.0],
    [1.0, 0.0, -1.0],
    [0.0, 1.0, 1.0],
    [0.0, 1.0, -1.0],
    [1.0, 1.0, 1.0],
    [1.0, 1.0, -1.0],
    [1.0, -1.0, 1.0],
    [-1.0, 1.0, 1.0],
];

/// Semi-axes of the ellipsoid of least volume about points, in descending order; not a number when the points lie in one plane.
///
/// Only some ten points touch it. Weights of few points are found by an interior-point method, the points farthest outside of what they give are added,
/// and those without weight left out, until none is outside (Sun and Freund, 2004).
pub(super) fn smallest_ellipsoid(points_mm: &[Point]) -> [f64; 3] {
    let lifted: Vec<Vector4<f64>> = points_mm
        .iter()
        .map(|p| Vector4::new(p[0], p[1], p[2], 1.0))
        .collect();
    let mut active: Vec<usize> = Vec::new();
    for direction in DIRECTIONS {
        let along = |p: &Point| -> f64 { (0..3).map(|a| p[a] * direction[a]).sum() };
        let by = |a: &usize, b: &usize| along(&points_mm[*a]).total_cmp(&along(&points_mm[*b]));
        active.extend((0..points_mm.len()).max_by(by));
        active.extend((0..points_mm.len()).min_by(by));
    }
    let mut tolerance = 1e-3;
    for _ in 0..MOST_ROUNDS {
        active.sort_unstable();
        active.dedup();
        let points: Vec<Vector4<f64>> = active.iter().map(|&i| lifted[i]).collect();
        let Some(weights) = weigh(&points, tolerance) else {
            break;
        };
        let Some(inverse) = moments(&points, &weights).try_inverse() else {
            break;
        };
        let mut outside: Vec<(f64, usize)> = (lifted.iter().enumerate())
            .map(|(at, q)| (0.25 * q.dot(&(inverse * q)) - 1.0, at))
            .filter(|(excess, _)| *excess > TOLERANCE)
            .collect();
        outside.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        let excess = outside.first().map_or(0.0, |o| o.0);
        if excess <= TOLERANCE && tolerance <= TOLERANCE {
            return semi_axes(&points, &weights);
        }
        // As exact as the next round has use for.
        tolerance = (0.01 * excess).clamp(0.1 * TOLERANCE, tolerance);
        let mut weighted = weights.iter();
        active.retain(|_| weighted.next().is_some_and(|w| *w > 1e-6));
        active.extend(outside.iter().take(ADDED).map(|o| o.1));
    }
    [f64::NAN; 3]
}

/// Weighted moments of points with a fourth coordinate of 1.
fn moments(points: &[Vector4<f64>], weights: &[f64]) -> Matrix4<f64> {
    let each = points.iter().zip(weights);
    each.map(|(q, w)| q * q.transpose() * *w).sum()
}

/// The weights whose moments have the largest determinant: those of the smallest ellipsoid about the points. `None` when they lie in one plane.
///
/// Weights and their multipliers follow the central path by Newton's steps: `4 - d = s` and `s u = mu` for each point, where `d` is the squared distance
/// in the metric of the moments.
fn weigh(points: &[Vector4<f64>], tolerance: f64) -> Option<Vec<f64>> {
    let n = points.len();
    let mut weights = DVector::from_element(n, 1.0 / n as f64);
    let mut multipliers: Option<DVector<f64>> = None;
    for _ in 0..MOST_STEPS {
        let inverse = moments(points, weights.as_slice()).try_inverse()?;
        let seen: Vec<Vector4<f64>> = points.iter().map(|q| inverse * q).collect();
        let products = DMatrix::from_fn(n, n, |i, j| points[i].dot(&seen[j]));
        let distances = products.diagonal();
        let multipliers = multipliers.get_or_insert_with(|| distances.map(|d| (4.0 - d).max(0.5)));
        let gap = multipliers.dot(&weights) / n as f64;
        let error = (&distances + &*multipliers).add_scalar(-4.0).amax();
        if gap * n as f64 <= tolerance * 4.0 && error <= tolerance * 4.0 {
            let sum = weights.sum();
            return Some((weights / sum).as_slice().to_vec());
        }
        let target = 0.1 * gap;
        let mut system = products.component_mul(&products);
        for i in 0..n {
            system[(i, i)] += multipliers[i] / weights[i];
        }
        let side = DVector::from_fn(n, |i, _| distances[i] - 4.0 + target / weights[i]);
        let step = Cholesky::new(system)?.solve(&side);
        let other = DVector::from_fn(n, |i, _| {
            (target - multipliers[i] * (weights[i] + step[i])) / weights[i]
        });
        let room = |values: &DVector<f64>, steps: &DVector<f64>| {
            let each = values
                .iter()
                .zip(steps.iter())
                .filter(|(_, step)| **step < 0.0);
            each.map(|(value, step)| -0.95 * value / step)
                .fold(1.0, f64::min)
        };
        let length = room(&weights, &step).min(room(multipliers, &other));
        weights.axpy(length, &step, 1.0);
        multipliers.axpy(length, &other, 1.0);
    }
    None
}

/// Semi-axes of the ellipsoid that the moments describe.
fn semi_axes(points: &[Vector4<f64>], weights: &[f64]) -> [f64; 3] {
    let weighted = || {
        let each = points.iter().zip(weights);
        each.map(|(q, w)| (Vector3::new(q[0], q[1], q[2]), *w))
    };
    let centre: Vector3<f64> = weighted().map(|(p, w)| p * w).sum();
    let spread: Matrix3<f64> = weighted()
        .map(|(p, w)| (p - centre) * (p - centre).transpose() * w)
        .sum();
    let mut axes: [f64; 3] = spread
        .symmetric_eigenvalues()
        .map(|l| (3.0 * l.max(0.0)).sqrt())
        .into();
    axes.sort_by(|a, b| b.total_cmp(a));
    axes
}

/// Surface area of an ellipsoid with semi-axes in descending order, by Legendre polynomials up to the 20th, as the IBSI's reference manual prints
/// the formula (section 3.1.20) and its reference values were made. Its two eccentricities are both taken from the major axis, so but for
/// spheres it falls short of the true area, by 4 % for the digital phantom.
pub(super) fn ellipsoid_area([a, b, c]: [f64; 3]) -> f64 {
    if a <= 0.0 {
        return f64::NAN;
    }
    let squares = (1.0 - (b / a).powi(2), 1.0 - (c / a).powi(2));
    // Q_k = (alpha beta)^k P_k((alpha^2 + beta^2) / (2 alpha beta)) has a recurrence without the quotient.
    let (half_sum, product) = (0.5 * (squares.0 + squares.1), squares.0 * squares.1);
    let (mut before, mut now) = (1.0, half_sum);
    let mut sum = 1.0;
    for k in 1..=20 {
        let k = f64::from(k);
        sum += now / (1.0 - 4.0 * k * k);
        let next = ((2.0 * k + 1.0) * half_sum * now - k * product * before) / (k + 1.0);
        (before, now) = (now, next);
    }
    4.0 * std::f64::consts::PI * a * b * sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sphere_has_its_area() {
        assert!((ellipsoid_area([2.0; 3]) - 16.0 * std::f64::consts::PI).abs() < 1e-12);
        // The manual's formula, evaluated with another program; the true area of this ellipsoid is 297.6.
        let area = ellipsoid_area([5.7, 4.655, 4.27]);
        assert!((area - 286.462_445_239_122_3).abs() < 1e-9, "{area}");
    }

    /// The ellipsoid about a turned box's corners has the known axes, whatever lies within the box.
    #[test]
    fn the_ellipsoid_about_a_turned_box_is_found() {
        let turn = nalgebra::Rotation3::from_euler_angles(0.3, -0.5, 1.1);
        let points: Vec<Point> = (0..125)
            .map(|i| {
                let place = |n: i32, side: f64| f64::from(n % 5) * 0.25 * side;
                let p = Vector3::new(place(i, 2.0), place(i / 5, 3.0), place(i / 25, 5.0));
                (turn * p).into()
            })
            .collect();
        let axes = smallest_ellipsoid(&points);
        for (axis, side) in axes.iter().zip([5.0, 3.0, 2.0]) {
            assert!(
                (axis - 3f64.sqrt() * side / 2.0).abs() < 1e-6 * side,
                "{axes:?}"
            );
        }
    }

    /// As Khachiyan's algorithm in its plainest form finds it, in some ten thousand steps (Todd and Yildirim, 2007).
    #[test]
    fn rough_points_have_the_ellipsoid_that_plain_steps_find() {
        let points: Vec<Point> = (0..200u32)
            .map(|i| {
                let z = (f64::from(i) + 0.5) / 100.0 - 1.0;
                let (s, c) = (f64::from(i) * 2.399_963).sin_cos();
                let r = (1.0 - z * z).sqrt() * (1.0 + 0.05 * f64::from(i * 7919 % 101) / 101.0);
                [14.0 * r * c, 11.0 * r * s, 17.0 * z]
            })
            .collect();
        let lifted: Vec<Vector4<f64>> = (points.iter())
            .map(|p| Vector4::new(p[0], p[1], p[2], 1.0))
            .collect();
        let mut weights = vec![1.0 / 200.0; 200];
        loop {
            let inverse = moments(&lifted, &weights).try_inverse().unwrap();
            let distance = |q: &Vector4<f64>| q.dot(&(inverse * q));
            let far = (lifted.iter().map(distance).enumerate())
                .max_by(|a, b| a.1.total_cmp(&b.1))
                .unwrap();
            if far.1 <= 4.0 * (1.0 + 1e-4) {
                break;
            }
            let step = (far.1 - 4.0) / (4.0 * (far.1 - 1.0));
            weights.iter_mut().for_each(|w| *w *= 1.0 - step);
            weights[far.0] += step;
        }
        let (plain, found) = (semi_axes(&lifted, &weights), smallest_ellipsoid(&points));
        for (a, b) in found.iter().zip(plain) {
            assert!((a - b).abs() < 1e-3 * b, "{found:?} {plain:?}");
        }
        let volume = |axes: [f64; 3]| axes.iter().product::<f64>();
        assert!((volume(found) / volume(plain) - 1.0).abs() < 2e-4);
    }
}
