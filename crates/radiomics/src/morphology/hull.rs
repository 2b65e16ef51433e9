//! The convex hull of lattice points, exact in whole numbers (Barber, Dobkin and Huhdanpaa: the quickhull algorithm, 1996).
//!
//! Voxel surfaces are full of points in one plane, where a hull in floating point breaks; whole numbers have no such doubt.

type Point = [i64; 3];

/// A triangle of the hull.
#[derive(Clone, Debug)]
struct Face {
    corners: [usize; 3],
    /// The faces over the edges from each corner to the next.
    across: [usize; 3],
    normal: Point,
    offset: i64,
    outside: Vec<usize>,
    alive: bool,
}

/// The convex hull of points.
#[derive(Clone, Debug, Default)]
pub(super) struct Hull {
    /// The points.
    pub(super) points: Vec<Point>,
    /// Triangles, seen from outside against the clock.
    pub(super) triangles: Vec<[usize; 3]>,
}

fn minus(a: Point, b: Point) -> Point {
    std::array::from_fn(|i| a[i] - b[i])
}

fn cross(a: Point, b: Point) -> Point {
    [
        a[1] * b[2] - a[2] * b[1],
        a[2] * b[0] - a[0] * b[2],
        a[0] * b[1] - a[1] * b[0],
    ]
}

fn dot(a: Point, b: Point) -> i64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

impl Hull {
    /// The hull of points that do not lie in one plane; coordinates below a million. `None` when they do.
    pub(super) fn new(points: Vec<Point>) -> Option<Self> {
        let points = planar_hulls(points);
        let mut work = Work::begin(&points)?;
        while let Some(face) = work.open.pop() {
            if work.faces[face].alive && !work.faces[face].outside.is_empty() {
                work.add_farthest(face);
            }
        }
        let mut index = vec![usize::MAX; points.len()];
        let mut hull = Self::default();
        for face in work.faces.iter().filter(|f| f.alive) {
            let triangle = face.corners.map(|c| {
                if index[c] == usize::MAX {
                    index[c] = hull.points.len();
                    hull.points.push(points[c]);
                }
                index[c]
            });
            hull.triangles.push(triangle);
        }
        Some(hull)
    }
}

/// Makes coordinates of either sign whole numbers from 0.
const OFFSET: i64 = 1 << 20;

/// Only points on the hull of their own plane (of one z) can be corners: the others go before the work begins.
pub(super) fn planar_hulls(mut points: Vec<Point>) -> Vec<Point> {
    // Coordinates in one whole number each, which sort in a fraction of the time; they are below a million, so 21 bits hold them.
    let mut keys: Vec<u64> = (points.iter())
        .map(|p| {
            [p[2], p[0], p[1]]
                .iter()
                .fold(0, |key, v| key << 21 | (v + OFFSET) as u64)
        })
        .collect();
    keys.sort_unstable();
    keys.dedup();
    points.clear();
    points.extend(keys.iter().map(|key| {
        let of = |shift: u32| (key >> shift & 0x1f_ffff) as i64 - OFFSET;
        [of(21), of(0), of(42)]
    }));
    let mut kept = Vec::new();
    for plane in points.chunk_by(|a, b| a[2] == b[2]) {
        let turn = |a: Point, b: Point, c: Point| {
            (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
        };
        let mut chain = |along: &mut dyn Iterator<Item = &Point>| {
            let start = kept.len();
            for &p in along {
                while kept.len() >= start + 2
                    && turn(kept[kept.len() - 2], kept[kept.len() - 1], p) <= 0
                {
                    kept.pop();
                }
                kept.push(p);
            }
            // The last point begins the other chain.
            kept.pop();
        };
        if plane.len() == 1 {
            kept.push(plane[0]);
        } else {
            chain(&mut plane.iter());
            chain(&mut plane.iter().rev());
        }
    }
    kept
}

struct Work<'p> {
    points: &'p [Point],
    faces: Vec<Face>,
    open: Vec<usize>,
    /// For corners of the last horizon, the new faces on the edges that begin and end there.
    begins: Vec<usize>,
    ends: Vec<usize>,
}

impl<'p> Work<'p> {
    /// A first tetrahedron, as large as is easily found.
    fn begin(points: &'p [Point]) -> Option<Self> {
        let farthest = |measure: &dyn Fn(Point) -> i64| {
            let (at, most) = (points.iter().enumerate())
                .map(|(at, p)| (at, measure(*p)))
                .fold(
                    (0, 0),
                    |best, next| if next.1 > best.1 { next } else { best },
                );
            (most > 0).then_some(at)
        };
        let first = *points.first()?;
        let a = 0;
        let square = |v: Point| dot(v, v);
        let b = farthest(&|p| square(minus(p, first)))?;
        let line = minus(points[b], first);
        let c = farthest(&|p| {
            // Up to 10^13 in a lattice of a thousand voxels; its square would not fit.
            let away = cross(line, minus(p, first));
            away.iter().map(|v| v.abs()).sum()
        })?;
        let normal = cross(line, minus(points[c], first));
        let d = farthest(&|p| dot(normal, minus(p, first)).abs())?;
        let mut corners = [a, b, c, d];
        if dot(normal, minus(points[d], first)) > 0 {
            corners.swap(1, 2);
        }
        let [a, b, c, d] = corners;
        let mut work = Self {
            points,
            faces: Vec::new(),
            open: Vec::new(),
            begins: vec![0; points.len()],
            ends: vec![0; points.len()],
        };
        for (corners, across) in [
            ([a, b, c], [1, 2, 3]),
            ([b, a, d], [0, 3, 2]),
            ([c, b, d], [0, 1, 3]),
            ([a, c, d], [0, 2, 1]),
        ] {
            work.push(corners, across);
        }
        work.share_out((0..points.len()).collect(), 0);
        Some(work)
    }

    fn push(&mut self, corners: [usize; 3], across: [usize; 3]) {
        let [a, b, c] = corners.map(|c| self.points[c]);
        let normal = cross(minus(b, a), minus(c, a));
        self.faces.push(Face {
            corners,
            across,
            normal,
            offset: dot(normal, a),
            outside: Vec::new(),
            alive: true,
        });
    }

    /// How far a point lies outside of a face, in units of the face.
    fn above(&self, face: usize, point: usize) -> i64 {
        dot(self.faces[face].normal, self.points[point]) - self.faces[face].offset
    }

    /// Gives points to the first of the new faces that they lie outside of; those inside are done with.
    fn share_out(&mut self, points: Vec<usize>, from: usize) {
        for point in points {
            if let Some(face) = (from..self.faces.len()).find(|&f| self.above(f, point) > 0) {
                self.faces[face].outside.push(point);
            }
        }
        self.open.extend(from..self.faces.len());
    }

    /// Adds the farthest point outside of a face.
    fn add_farthest(&mut self, face: usize) {
        let outside = self.faces[face].outside.iter().copied();
        let Some(point) = outside.max_by_key(|&p| (self.above(face, p), std::cmp::Reverse(p)))
        else {
            return;
        };
        let mut visible = vec![face];
        self.faces[face].alive = false;
        let mut horizon = Vec::new();
        let mut at = 0;
        while at < visible.len() {
            let seen = visible[at];
            at += 1;
            for edge in 0..3 {
                let beyond = self.faces[seen].across[edge];
                if !self.faces[beyond].alive {
                    continue;
                }
                if self.above(beyond, point) > 0 {
                    self.faces[beyond].alive = false;
                    visible.push(beyond);
                } else {
                    let corners = self.faces[seen].corners;
                    horizon.push((corners[edge], corners[(edge + 1) % 3], beyond));
                }
            }
        }
        let from = self.faces.len();
        // A horizon is one round, so every corner begins an edge and ends another.
        for (new, &(a, b, _)) in (from..).zip(&horizon) {
            self.begins[a] = new;
            self.ends[b] = new;
        }
        for (new, &(a, b, beyond)) in (from..).zip(&horizon) {
            let across = [beyond, self.begins[b], self.ends[a]];
            self.push([a, b, point], across);
            let corners = self.faces[beyond].corners;
            if let Some(edge) = (0..3).find(|&e| corners[e] == b) {
                self.faces[beyond].across[edge] = new;
            }
        }
        let mut points = Vec::new();
        for face in visible {
            points.append(&mut self.faces[face].outside);
        }
        self.share_out(points, from);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn volume6(hull: &Hull) -> i64 {
        let [a, b, c] = [0, 1, 2].map(|i| move |t: &[usize; 3]| t[i]);
        (hull.triangles.iter())
            .map(|t| {
                dot(
                    hull.points[a(t)],
                    cross(hull.points[b(t)], hull.points[c(t)]),
                )
            })
            .sum()
    }

    #[test]
    fn a_cube_of_lattice_points_has_twelve_triangles_and_its_volume() {
        let points = (0..125).map(|i| [i % 5, i / 5 % 5, i / 25]).collect();
        let hull = Hull::new(points).unwrap();
        assert_eq!(volume6(&hull), 6 * 64);
        assert_eq!((hull.points.len(), hull.triangles.len()), (8, 12));
        assert!(Hull::new((0..9).map(|i| [i % 3, i / 3, 0]).collect()).is_none());
        assert!(Hull::new(Vec::new()).is_none());
    }

    proptest! {
        /// All points lie inside, every edge is walked in both directions, and the corners are of the points.
        #[test]
        fn it_is_convex_closed_and_holds_all(points in prop::collection::vec(prop::array::uniform3(-6i64..6), 4..80)) {
            let Some(hull) = Hull::new(points.clone()) else { return Ok(()) };
            let mut edges = std::collections::HashSet::new();
            for t in &hull.triangles {
                let [a, b, c] = t.map(|i| hull.points[i]);
                let normal = cross(minus(b, a), minus(c, a));
                prop_assert!(normal != [0; 3]);
                for p in &points {
                    prop_assert!(dot(normal, minus(*p, a)) <= 0);
                }
                for edge in [(t[0], t[1]), (t[1], t[2]), (t[2], t[0])] {
                    prop_assert!(edges.insert(edge));
                }
            }
            prop_assert!(edges.iter().all(|&(a, b)| edges.contains(&(b, a))));
            prop_assert!(hull.points.iter().all(|p| points.contains(p)));
            prop_assert!(volume6(&hull) > 0);
        }
    }
}
