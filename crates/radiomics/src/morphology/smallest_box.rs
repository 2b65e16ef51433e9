//! The smallest box about a convex hull, in any orientation that has a face along a face of the hull (oriented minimum bounding box). The IBSI found no
//! consensus on it: it is offered as defined, unconfirmed.

use super::mesh::{cross, dot, minus};
use rayon::prelude::*;

type Point = [f64; 3];

/// Lengths of the sides of the smallest box.
///
/// Each face's direction gets a bound first: the smallest rectangle about the polygon of those corners that lie farthest in sixteen directions across
/// it. The polygon lies within the hull's outline, so its rectangle is no larger. Outlines are made in the order of the bounds until the next bound is
/// above the best box: of some ten faces, where a bound costs a few steps from corner to corner.
pub(super) fn smallest_box(points_mm: &[Point], triangles: &[[usize; 3]]) -> [f64; 3] {
    let neighbours = Neighbours::new(points_mm, triangles);
    let directions = face_directions(points_mm, triangles);
    let bounds: Vec<(f64, usize)> = (directions.par_iter().enumerate())
        .map(|(at, normal)| (least_volume(points_mm, &neighbours, *normal), at))
        .collect();
    let mut order = bounds;
    order.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    let (mut best, mut sides) = (f64::INFINITY, [f64::NAN; 3]);
    for (bound, at) in order {
        // A little less than the bound, for what rounding does.
        if bound * (1.0 - 1e-9) > best {
            break;
        }
        let found = box_along(points_mm, directions[at]);
        let volume = found.iter().product();
        if volume < best {
            (best, sides) = (volume, found);
        }
    }
    sides
}

/// Directions across the faces, each once.
fn face_directions(points_mm: &[Point], triangles: &[[usize; 3]]) -> Vec<Point> {
    let unit = |v: Point| {
        let length = dot(v, v).sqrt();
        v.map(|x| x / length)
    };
    let mut directions: Vec<Point> = triangles
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
    directions.sort_by(|a, b| a.partial_cmp(b).unwrap_or(std::cmp::Ordering::Equal));
    directions.dedup_by(|a, b| (0..3).all(|i| (a[i] - b[i]).abs() < 1e-9));
    directions
}

/// Which corners of a hull an edge joins.
struct Neighbours {
    /// Where each corner's neighbours begin; one more for the end of the last.
    from: Vec<usize>,
    all: Vec<usize>,
    /// The corners at both ends of each axis, from which searches begin.
    ends: Vec<usize>,
}

impl Neighbours {
    fn new(points_mm: &[Point], triangles: &[[usize; 3]]) -> Self {
        let points = points_mm.len();
        // Every edge is walked once in each direction, because the hull is closed.
        let edges = || {
            let of = |t: &[usize; 3]| [(t[0], t[1]), (t[1], t[2]), (t[2], t[0])];
            triangles.iter().flat_map(of)
        };
        let mut from = vec![0usize; points + 1];
        for (a, _) in edges() {
            from[a + 1] += 1;
        }
        for at in 0..points {
            from[at + 1] += from[at];
        }
        let mut next = from.clone();
        let mut all = vec![0usize; 3 * triangles.len()];
        for (a, b) in edges() {
            all[next[a]] = b;
            next[a] += 1;
        }
        let mut ends = Vec::with_capacity(6);
        for axis in 0..3 {
            let by = |a: &usize, b: &usize| points_mm[*a][axis].total_cmp(&points_mm[*b][axis]);
            ends.extend((0..points).max_by(by));
            ends.extend((0..points).min_by(by));
        }
        Self { from, all, ends }
    }

    /// The one of the corners at the ends of the axes that lies farthest in a direction.
    fn start(&self, points_mm: &[Point], direction: Point) -> usize {
        let along = |at: &usize| dot(points_mm[*at], direction);
        let farthest = |a: &usize, b: &usize| along(a).total_cmp(&along(b));
        (self.ends.iter().copied()).max_by(farthest).unwrap_or(0)
    }

    /// The corner that lies farthest in a direction, from edge to edge: on a convex body a corner that no neighbour surpasses is the farthest. (A point within
    /// a flat face may be one of the corners, and has no neighbour behind that face: the search must not begin at the wrong end.)
    fn farthest(&self, points_mm: &[Point], direction: Point, start: usize) -> (usize, f64) {
        let (mut at, mut most) = (start, dot(points_mm[start], direction));
        loop {
            let before = at;
            for &next in &self.all[self.from[before]..self.from[before + 1]] {
                let along = dot(points_mm[next], direction);
                if along > most {
                    (at, most) = (next, along);
                }
            }
            if at == before {
                return (at, most);
            }
        }
    }
}

/// Two directions across a third and each other.
fn across(normal: Point) -> [Point; 2] {
    let other = if normal[0].abs() < 0.9 {
        [1.0, 0.0, 0.0]
    } else {
        [0.0, 1.0, 0.0]
    };
    let u = cross(normal, other);
    let length = dot(u, u).sqrt();
    let u = u.map(|v| v / length);
    [u, cross(normal, u)]
}

/// A volume that no box with a face across a direction falls short of.
fn least_volume(points_mm: &[Point], neighbours: &Neighbours, normal: Point) -> f64 {
    let [u, v] = across(normal);
    let [high, low] = [1.0, -1.0].map(|sign| {
        let direction = normal.map(|x| sign * x);
        neighbours
            .farthest(points_mm, direction, neighbours.start(points_mm, direction))
            .1
    });
    let mut at = neighbours.start(points_mm, u);
    let mut corners: Vec<usize> = Vec::with_capacity(16);
    for turn in [1.0, -1.0] {
        for (c, s) in HALF_CIRCLE {
            let direction = std::array::from_fn(|i| turn * (c * u[i] + s * v[i]));
            at = neighbours.farthest(points_mm, direction, at).0;
            if corners.last() != Some(&at) {
                corners.push(at);
            }
        }
    }
    if corners.len() > 1 && corners.first() == corners.last() {
        corners.pop();
    }
    let mut inner: Vec<[f64; 2]> = corners
        .iter()
        .map(|&i| [dot(points_mm[i], u), dot(points_mm[i], v)])
        .collect();
    let [along, across] = smallest_rectangle(&mut inner);
    let volume = (high + low) * along * across;
    // Fewer than three points have no rectangle and bound nothing.
    if volume.is_finite() { volume } else { 0.0 }
}

/// The smallest box with a face across a direction.
fn box_along(points_mm: &[Point], normal: Point) -> [f64; 3] {
    let [u, v] = across(normal);
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
    let [along, across] = smallest_rectangle(&mut outline(&flat));
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

/// Points so near to each other differ by rounding.
const SAME_MM: f64 = 1e-9;

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

/// Sides of the smallest rectangle about a convex outline, with a side along one of its own: calipers go round once. Of points one above the other, which
/// would stop the calipers, one is kept.
fn smallest_rectangle(outline: &mut Vec<[f64; 2]>) -> [f64; 2] {
    let one = |a: [f64; 2], b: [f64; 2]| (a[0] - b[0]).abs().max((a[1] - b[1]).abs()) < SAME_MM;
    outline.dedup_by(|a, b| one(*a, *b));
    while outline.len() > 1 && one(outline[0], outline[outline.len() - 1]) {
        outline.pop();
    }
    let n = outline.len();
    let point = |i: usize| outline[i % n];
    let mut best = [f64::INFINITY, f64::INFINITY];
    // Farthest ahead, farthest across and farthest behind the current side; each only moves on.
    let (mut ahead, mut across, mut behind) = (0, 0, 0);
    for at in 0..n {
        let (a, b) = (point(at), point(at + 1));
        let (dx, dy) = (b[0] - a[0], b[1] - a[1]);
        let length = dx.hypot(dy);
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

#[cfg(test)]
mod tests {

    use super::super::hull::Hull;
    use super::*;

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

    fn turned(i: u32, [x, y, z]: [f64; 3]) -> Point {
        let turn = nalgebra::Rotation3::from_euler_angles(0.3, -0.5, 1.1 + f64::from(i));
        (turn * nalgebra::Vector3::new(x, y, z)).into()
    }

    /// A box turned in space is found again.
    #[test]
    fn a_turned_box_is_found() {
        let lattice = (0..125).map(|i| [i % 5, i / 5 % 5, i / 25]).collect();
        let hull = Hull::new(lattice).unwrap();
        let points: Vec<Point> = (hull.points.iter())
            .map(|p| {
                turned(
                    0,
                    [0.5 * p[0] as f64, 0.75 * p[1] as f64, 1.25 * p[2] as f64],
                )
            })
            .collect();
        let mut sides = smallest_box(&points, &hull.triangles);
        sides.sort_by(f64::total_cmp);
        for (side, expected) in sides.iter().zip([2.0, 3.0, 5.0]) {
            assert!((side - expected).abs() < 1e-9, "{sides:?}");
        }
    }

    /// Bounds leave out no direction that has the smallest box: all of them, one by one, give no smaller.
    #[test]
    fn bounds_change_nothing() {
        for (number, radii) in [[9.0, 12.0, 14.0], [12.0, 12.0, 12.0], [4.0, 13.0, 6.0]]
            .into_iter()
            .enumerate()
        {
            let points = (0..40 * 40 * 40)
                .map(|i: i64| [i % 40 - 20, i / 40 % 40 - 20, i / 1600 - 20])
                .filter(|p| {
                    let rough = 1.0 + 0.1 * ((p[0] * 7 + p[1] * 13 + p[2] * 5) % 11) as f64 / 11.0;
                    let d: f64 = (0..3).map(|a| (p[a] as f64 / radii[a]).powi(2)).sum();
                    d < rough
                });
            let hull = Hull::new(points.collect()).unwrap();
            let points: Vec<Point> = (hull.points.iter())
                .map(|p| turned(number as u32, p.map(|v| 0.5 * v as f64)))
                .collect();
            let volume = |sides: [f64; 3]| sides.iter().product::<f64>();
            let neighbours = Neighbours::new(&points, &hull.triangles);
            let mut least = f64::INFINITY;
            for normal in face_directions(&points, &hull.triangles) {
                let whole = volume(box_along(&points, normal));
                let bound = least_volume(&points, &neighbours, normal);
                assert!(bound <= whole * (1.0 + 1e-9), "{bound} {whole}");
                assert!(bound > 0.8 * whole, "{bound} {whole}");
                least = least.min(whole);
            }
            let found = volume(smallest_box(&points, &hull.triangles));
            assert_eq!(found.to_bits(), least.to_bits());
        }
    }
}
