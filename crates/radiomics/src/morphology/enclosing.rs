//! Smallest boxes and ellipsoids about a convex hull. The IBSI found no consensus on either: they are offered as defined, unconfirmed.

use super::mesh::{cross, dot, minus};
use nalgebra::{Matrix3, Matrix4, Vector3, Vector4};
use rayon::prelude::*;

type Point = [f64; 3];

/// Lengths of the sides of the smallest box, in any orientation, that has a face along a face of the hull (oriented minimum bounding box).
pub(super) fn smallest_box(points_mm: &[Point], triangles: &[[usize; 3]]) -> [f64; 3] {
    let unit = |v: Point| {
        let length = dot(v, v).sqrt();
        v.map(|x| x / length)
    };
    let mut normals: Vec<Point> = triangles
        .iter()
        .map(|t| {
            let [a, b, c] = t.map(|i| points_mm[i]);
            let n = unit(cross(minus(b, a), minus(c, a)));
            // Opposite faces give the same box.
            let sign = n
                .iter()
                .find(|v| v.abs() > 1e-12)
                .map_or(1.0, |v| v.signum());
            n.map(|v| v * sign)
        })
        .collect();
    normals.sort_by(|a, b| a.partial_cmp(b).unwrap_or(std::cmp::Ordering::Equal));
    normals.dedup_by(|a, b| (0..3).all(|i| (a[i] - b[i]).abs() < 1e-9));
    let boxes: Vec<[f64; 3]> = normals
        .par_iter()
        .map(|&normal| box_along(points_mm, normal))
        .collect();
    (boxes.into_iter())
        .min_by(|a, b| a.iter().product::<f64>().total_cmp(&b.iter().product()))
        .unwrap_or([f64::NAN; 3])
}

/// The smallest box with a face across a direction.
fn box_along(points_mm: &[Point], normal: Point) -> [f64; 3] {
    let other = if normal[0].abs() < 0.9 {
        [1.0, 0.0, 0.0]
    } else {
        [0.0, 1.0, 0.0]
    };
    let u = cross(normal, other);
    let length = dot(u, u).sqrt();
    let u = u.map(|v| v / length);
    let v = cross(normal, u);
    let extent = |values: &mut dyn Iterator<Item = f64>| {
        let (low, high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), x| {
            (l.min(x), h.max(x))
        });
        high - low
    };
    let height = extent(&mut points_mm.iter().map(|p| dot(*p, normal)));
    let mut flat: Vec<[f64; 2]> = points_mm.iter().map(|p| [dot(*p, u), dot(*p, v)]).collect();
    drop_inner(&mut flat);
    flat.sort_by(|a, b| a.partial_cmp(b).unwrap_or(std::cmp::Ordering::Equal));
    let outline = outline(&flat);
    let [along, across] = smallest_rectangle(&outline);
    [height, along, across]
}

/// Drops points that cannot be on the convex outline: those well within the polygon of the points that lie farthest in sixteen directions
/// (Akl and Toussaint's filter). Most points seen along a direction are such, and sorting what is left costs far less.
fn drop_inner(points: &mut Vec<[f64; 2]>) {
    // Few points are sorted sooner than filtered.
    if points.len() < 64 {
        return;
    }
    let mut corners: Vec<[f64; 2]> = Vec::with_capacity(16);
    let mut opposite: Vec<[f64; 2]> = Vec::with_capacity(8);
    for (c, s) in HALF_CIRCLE {
        let (mut low, mut high) = ((f64::INFINITY, 0), (f64::NEG_INFINITY, 0));
        for (at, p) in points.iter().enumerate() {
            let along = c * p[0] + s * p[1];
            if along > high.0 {
                high = (along, at);
            }
            if along < low.0 {
                low = (along, at);
            }
        }
        corners.push(points[high.1]);
        opposite.push(points[low.1]);
    }
    corners.append(&mut opposite);
    // Sides of the polygon, counterclockwise: a normal that points inwards, and its least product for points well within.
    let sides: Vec<[f64; 3]> = (0..corners.len())
        .filter_map(|i| {
            let (a, b) = (corners[i], corners[(i + 1) % corners.len()]);
            let (dx, dy) = (b[0] - a[0], b[1] - a[1]);
            let length = dx.hypot(dy);
            let normal = [-dy / length, dx / length];
            let least = normal[0] * a[0] + normal[1] * a[1] + MARGIN_MM;
            (length > 1e-9).then_some([normal[0], normal[1], least])
        })
        .collect();
    // A polygon without area has nothing within.
    if sides.len() > 2 {
        points.retain(|p| {
            sides
                .iter()
                .any(|[x, y, least]| x * p[0] + y * p[1] < *least)
        });
    }
}

/// How far within the polygon a point is for certain not on the outline: far more than rounding.
const MARGIN_MM: f64 = 1e-6;

/// Cosine and sine of eight directions, each an eighth of half a circle from the last.
const HALF_CIRCLE: [(f64, f64); 8] = {
    use std::f64::consts::FRAC_1_SQRT_2;
    const COS: f64 = 0.923_879_532_511_286_7;
    const SIN: f64 = 0.382_683_432_365_089_8;
    [
        (1.0, 0.0),
        (COS, SIN),
        (FRAC_1_SQRT_2, FRAC_1_SQRT_2),
        (SIN, COS),
        (0.0, 1.0),
        (-SIN, COS),
        (-FRAC_1_SQRT_2, FRAC_1_SQRT_2),
        (-COS, SIN),
    ]
};

/// Sides of the smallest rectangle about a convex outline, with a side along one of its own: calipers go round once.
fn smallest_rectangle(outline: &[[f64; 2]]) -> [f64; 2] {
    let n = outline.len();
    let point = |i: usize| outline[i % n];
    let mut best = [f64::INFINITY, f64::INFINITY];
    // Farthest ahead, farthest across and farthest behind the current side; each only moves on.
    let (mut ahead, mut across, mut behind) = (0, 0, 0);
    for at in 0..n {
        let (a, b) = (point(at), point(at + 1));
        let (dx, dy) = (b[0] - a[0], b[1] - a[1]);
        let length = dx.hypot(dy);
        if length < 1e-9 {
            continue;
        }
        let (dx, dy) = (dx / length, dy / length);
        let along = |i: usize| point(i)[0] * dx + point(i)[1] * dy;
        let away = |i: usize| point(i)[1] * dx - point(i)[0] * dy;
        let advance = |from: usize, value: &dyn Fn(usize) -> f64| {
            let mut at = from;
            while at < from + n && value(at + 1) > value(at) {
                at += 1;
            }
            at
        };
        ahead = advance(ahead.max(at + 1), &along);
        across = advance(across.max(ahead), &away);
        behind = advance(behind.max(across), &|i| -along(i));
        let sides = [along(ahead) - along(behind), away(across) - away(at)];
        if sides[0] * sides[1] < best[0] * best[1] {
            best = sides;
        }
    }
    best
}

/// Convex outline of points in ascending order (Andrew's chains).
fn outline(sorted: &[[f64; 2]]) -> Vec<[f64; 2]> {
    let turn = |a: [f64; 2], b: [f64; 2], c: [f64; 2]| {
        (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
    };
    let mut kept: Vec<[f64; 2]> = Vec::new();
    let mut chain = |points: &mut dyn Iterator<Item = &[f64; 2]>| {
        let start = kept.len();
        for &p in points {
            while kept.len() >= start + 2
                && turn(kept[kept.len() - 2], kept[kept.len() - 1], p) <= 0.0
            {
                kept.pop();
            }
            kept.push(p);
        }
        kept.pop();
    };
    chain(&mut sorted.iter());
    chain(&mut sorted.iter().rev());
    kept
}

/// Semi-axes of the ellipsoid of least volume about points, by Khachiyan's algorithm to 1e-3 of the volume (Todd and Yildirim, 2007).
pub(super) fn smallest_ellipsoid(points_mm: &[Point]) -> [f64; 3] {
    const TOLERANCE: f64 = 1e-3;
    let n = points_mm.len();
    let lifted: Vec<Vector4<f64>> = points_mm
        .iter()
        .map(|p| Vector4::new(p[0], p[1], p[2], 1.0))
        .collect();
    let mut weights = vec![1.0 / n as f64; n];
    let moments: Matrix4<f64> = lifted.iter().map(|q| q * q.transpose() / n as f64).sum();
    let Some(mut inverse) = moments.try_inverse() else {
        return [f64::NAN; 3];
    };
    let mut distances: Vec<f64> = lifted.iter().map(|q| q.dot(&(inverse * q))).collect();
    for _ in 0..100_000 {
        let (far, most) =
            (distances.iter().copied().enumerate()).fold((0, f64::NEG_INFINITY), |best, next| {
                if next.1 > best.1 { next } else { best }
            });
        if most <= 4.0 * (1.0 + TOLERANCE) {
            break;
        }
        let step = (most - 4.0) / (4.0 * (most - 1.0));
        weights.iter_mut().for_each(|w| *w *= 1.0 - step);
        weights[far] += step;
        // One more point changes the inverse by a product of two vectors (Sherman and Morrison).
        let towards = inverse * lifted[far];
        let share = step / (1.0 - step + step * most);
        inverse = (inverse - towards * towards.transpose() * share) / (1.0 - step);
        for (distance, q) in distances.iter_mut().zip(&lifted) {
            *distance = (*distance - share * q.dot(&towards).powi(2)) / (1.0 - step);
        }
    }
    let position = |p: &Point| Vector3::new(p[0], p[1], p[2]);
    let centre: Vector3<f64> = (points_mm.iter().zip(&weights))
        .map(|(p, w)| position(p) * *w)
        .sum();
    let spread: Matrix3<f64> = (points_mm.iter().zip(&weights))
        .map(|(p, w)| {
            let d = position(p) - centre;
            d * d.transpose() * *w
        })
        .sum();
    let mut axes: Vec<f64> = (spread.symmetric_eigenvalues().iter())
        .map(|l| (3.0 * l.max(0.0)).sqrt())
        .collect();
    axes.sort_by(|a, b| b.total_cmp(a));
    [axes[0], axes[1], axes[2]]
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

    /// Points on a circle, an ellipse and a square with a filling: the filter leaves the outline as it was.
    #[test]
    fn inner_points_do_not_change_the_outline() {
        let golden = |i: u32| (f64::from(i) * 2.399_963).sin_cos();
        let shapes: [Vec<[f64; 2]>; 3] = [
            (0..400)
                .map(|i| {
                    let (s, c) = golden(i);
                    let r = (f64::from(i) / 400.0).sqrt() * 20.0;
                    [r * c + 3.0, 0.2 * r * s - 8.0]
                })
                .collect(),
            (0..400)
                .map(|i| [f64::from(i % 20), f64::from(i / 20)])
                .collect(),
            (0..400).map(|i| [f64::from(i), 0.0]).collect(),
        ];
        for mut points in shapes {
            let order = |a: &[f64; 2], b: &[f64; 2]| a.partial_cmp(b).unwrap();
            let mut kept = points.clone();
            drop_inner(&mut kept);
            let dropped = points.len() - kept.len();
            points.sort_by(order);
            kept.sort_by(order);
            assert_eq!(outline(&points), outline(&kept));
            // Points on one line have no inside.
            assert!(
                dropped > 200 || points.iter().all(|p| p[1] == 0.0),
                "{dropped}"
            );
        }
    }

    /// A box turned in space is found again, and the ellipsoid about its corners has the known axes.
    #[test]
    fn a_turned_box_is_found() {
        let turn = nalgebra::Rotation3::from_euler_angles(0.3, -0.5, 1.1);
        let points: Vec<Point> = (0..8)
            .map(|i| {
                let p = Vector3::new(
                    f64::from(i & 1) * 2.0,
                    f64::from(i >> 1 & 1) * 3.0,
                    f64::from(i >> 2) * 5.0,
                );
                (turn * p).into()
            })
            .collect();
        let faces = [
            [0, 1, 3],
            [4, 5, 7],
            [0, 1, 5],
            [2, 3, 7],
            [0, 2, 6],
            [1, 3, 7],
        ];
        let mut sides = smallest_box(&points, &faces);
        sides.sort_by(f64::total_cmp);
        for (side, expected) in sides.iter().zip([2.0, 3.0, 5.0]) {
            assert!((side - expected).abs() < 1e-9, "{sides:?}");
        }
        let axes = smallest_ellipsoid(&points);
        for (axis, side) in axes.iter().zip([5.0, 3.0, 2.0]) {
            assert!(
                (axis - 3f64.sqrt() * side / 2.0).abs() < 2e-3 * side,
                "{axes:?}"
            );
        }
    }
}
