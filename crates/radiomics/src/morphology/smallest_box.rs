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
    let sides = |normal: Point, whole: bool| {
        let (height, mut outline) = seen_along(points_mm, &neighbours, normal, whole);
        let [along, across] = smallest_rectangle(&mut outline);
        [height, along, across]
    };
    let volume = |sides: [f64; 3]| sides.iter().product::<f64>();
    let mut order: Vec<(f64, usize)> = (directions.par_iter().enumerate())
        .map(|(at, normal)| {
            let bound = volume(sides(*normal, false));
            // Fewer than three points have no rectangle and bound nothing.
            (if bound.is_finite() { bound } else { 0.0 }, at)
        })
        .collect();
    order.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    let (mut best, mut found) = (f64::INFINITY, [f64::NAN; 3]);
    for (bound, at) in order {
        // A little less than the bound, for what rounding does.
        if bound * (1.0 - 1e-9) > best {
            break;
        }
        let box_sides = sides(directions[at], true);
        if volume(box_sides) < best {
            (best, found) = (volume(box_sides), box_sides);
        }
    }
    found
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
        let ends = (0..3).flat_map(|axis| {
            let by = |a: &usize, b: &usize| points_mm[*a][axis].total_cmp(&points_mm[*b][axis]);
            let (last, first) = ((0..points).max_by(by), (0..points).min_by(by));
            last.into_iter().chain(first)
        });
        let ends = ends.collect();
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

/// What a hull looks like along a direction: its height, and the corners of its outline against the clock. With `whole` all of them, else those that lie
/// farthest in sixteen directions.
fn seen_along(
    points_mm: &[Point],
    neighbours: &Neighbours,
    normal: Point,
    whole: bool,
) -> (f64, Vec<[f64; 2]>) {
    let [high, low] = [1.0, -1.0].map(|sign| {
        let direction = normal.map(|x| sign * x);
        let start = neighbours.start(points_mm, direction);
        neighbours.farthest(points_mm, direction, start).1
    });
    let view = View {
        points_mm,
        neighbours,
        axes: across(normal),
    };
    let mut at = neighbours.start(points_mm, view.axes[0]);
    let mut corners: Vec<usize> = Vec::with_capacity(17);
    for turn in [1.0, -1.0] {
        for (c, s) in HALF_CIRCLE {
            at = view.farthest([turn * c, turn * s], at).0;
            if corners.last() != Some(&at) {
                corners.push(at);
            }
        }
    }
    if corners.len() > 1 && corners.first() == corners.last() {
        corners.pop();
    }
    if whole {
        let round = corners.iter().zip(corners.iter().cycle().skip(1));
        let mut all = Vec::new();
        for (&a, &b) in round {
            all.push(a);
            view.between(a, b, &mut all);
        }
        corners = all;
    }
    (high + low, corners.iter().map(|&i| view.place(i)).collect())
}

/// A hull seen along a direction.
struct View<'h> {
    points_mm: &'h [Point],
    neighbours: &'h Neighbours,
    /// Directions across the one along which it is seen.
    axes: [Point; 2],
}

impl View<'_> {
    fn place(&self, corner: usize) -> [f64; 2] {
        self.axes.map(|axis| dot(self.points_mm[corner], axis))
    }

    /// The corner that lies farthest in a direction of the view, and how far.
    fn farthest(&self, [x, y]: [f64; 2], start: usize) -> (usize, f64) {
        let [u, v] = self.axes;
        let direction = std::array::from_fn(|i| x * u[i] + y * v[i]);
        self.neighbours.farthest(self.points_mm, direction, start)
    }

    /// The corners of the outline between two of them, in their order.
    fn between(&self, a: usize, b: usize, corners: &mut Vec<usize>) {
        let (from, to) = (self.place(a), self.place(b));
        let (dx, dy) = (to[0] - from[0], to[1] - from[1]);
        let length = (dx * dx + dy * dy).sqrt();
        if length < SAME_MM {
            return;
        }
        let away = [dy / length, -dx / length];
        let (corner, far) = self.farthest(away, a);
        if corner != b && far > away[0] * from[0] + away[1] * from[1] + SAME_MM {
            self.between(a, corner, corners);
            corners.push(corner);
            self.between(corner, b, corners);
        }
    }
}

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
        let length = (dx * dx + dy * dy).sqrt();
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

#[cfg(test)]
mod tests {

    use super::super::hull::Hull;
    use super::*;

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

    /// The smallest rectangle about points, along every line through two of them that has all others on one side.
    fn rectangle_by_trying(points: &[[f64; 2]]) -> f64 {
        let mut least = f64::INFINITY;
        for a in points {
            for b in points {
                let (dx, dy) = (b[0] - a[0], b[1] - a[1]);
                let length = dx.hypot(dy);
                if length < 1e-6 {
                    continue;
                }
                let extent = |x: f64, y: f64| {
                    let along = points.iter().map(|p| (p[0] * x + p[1] * y) / length);
                    along.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| {
                        (l.min(v), h.max(v))
                    })
                };
                let (low, high) = extent(dx, dy);
                let (near, far) = extent(-dy, dx);
                if near > (a[1] * dx - a[0] * dy) / length - 1e-9 {
                    least = least.min((high - low) * (far - near));
                }
            }
        }
        least
    }

    /// Every face's box by trying all pairs of corners: the bounds are below, and the smallest is found.
    #[test]
    fn trying_everything_finds_no_smaller_box() {
        for (number, radii) in [[4.5, 6.0, 7.0], [6.0, 6.0, 6.0], [2.0, 6.5, 3.0]]
            .into_iter()
            .enumerate()
        {
            let points = (0..20 * 20 * 20)
                .map(|i: i64| [i % 20 - 10, i / 20 % 20 - 10, i / 400 - 10])
                .filter(|p| {
                    let rough = 1.0 + 0.1 * ((p[0] * 7 + p[1] * 13 + p[2] * 5) % 11) as f64 / 11.0;
                    let d: f64 = (0..3).map(|a| (p[a] as f64 / radii[a]).powi(2)).sum();
                    d < rough
                });
            let hull = Hull::new(points.collect()).unwrap();
            let points: Vec<Point> = (hull.points.iter())
                .map(|p| turned(number as u32, p.map(|v| 0.5 * v as f64)))
                .collect();
            let neighbours = Neighbours::new(&points, &hull.triangles);
            let mut least = f64::INFINITY;
            for normal in face_directions(&points, &hull.triangles) {
                let [u, v] = across(normal);
                let flat: Vec<[f64; 2]> = points.iter().map(|p| [dot(*p, u), dot(*p, v)]).collect();
                let along = points.iter().map(|p| dot(*p, normal));
                let height = along.clone().fold(f64::NEG_INFINITY, f64::max)
                    - along.fold(f64::INFINITY, f64::min);
                let tried = height * rectangle_by_trying(&flat);
                let (seen, mut some) = seen_along(&points, &neighbours, normal, false);
                let bound = seen * smallest_rectangle(&mut some).iter().product::<f64>();
                assert!(bound <= tried * (1.0 + 1e-9), "{bound} {tried}");
                assert!(bound > 0.7 * tried, "{bound} {tried}");
                let (seen, mut all) = seen_along(&points, &neighbours, normal, true);
                let whole = seen * smallest_rectangle(&mut all).iter().product::<f64>();
                assert!((whole / tried - 1.0).abs() < 1e-8, "{whole} {tried}");
                least = least.min(tried);
            }
            let found: f64 = smallest_box(&points, &hull.triangles).iter().product();
            assert!((found / least - 1.0).abs() < 1e-8, "{found} {least}");
        }
    }
}
