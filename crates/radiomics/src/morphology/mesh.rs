//! The surface of a region by marching cubes through the middle between voxels inside and outside (Lorensen and Cline, 1987).
//!
//! Corners of a face that touch only across it are cut off one by one, on both sides of the face alike, so the surface is always closed. All voxels are
//! either in or out, so a cell has one of 256 shapes: cells are counted by shape, and area and volume follow from the counts.

use std::sync::LazyLock;

/// Corners of the six faces of a cell, against the clock seen from outside; corner `x + 2 y + 4 z`.
const FACES: [[usize; 4]; 6] = [
    [0, 4, 6, 2],
    [1, 3, 7, 5],
    [0, 1, 5, 4],
    [2, 6, 7, 3],
    [0, 2, 3, 1],
    [4, 5, 7, 6],
];

/// A point of a cell in half voxels.
type Point = [f64; 3];

/// What is inside of one shape of cell: polygons of the surface, and polygons on the cell's faces, all seen from outside against the clock.
#[derive(Clone, Debug, Default)]
struct Shape {
    surface: Vec<Bent>,
    walls: Vec<Vec<Point>>,
}

/// A polygon that need not be flat, and the ways it is cut into triangles: as the tables of marching cubes cut it. In cubic voxels that is the
/// way of the largest area; of seven corners it is from the one corner that the polygon's mirror plane goes through. Where several ways
/// are as large, all of them count alike, so a mirrored region has the same surface.
#[derive(Clone, Debug)]
struct Bent {
    polygon: Vec<Point>,
    cuts: Vec<Vec<[usize; 3]>>,
}

impl Bent {
    fn new(polygon: Vec<Point>) -> Self {
        let all = if polygon.len() == 7 {
            vec![mirror_fan(&polygon)]
        } else {
            cuts(0, polygon.len() - 1)
        };
        let areas: Vec<f64> = all.iter().map(|cut| measure_cut(&polygon, cut).0).collect();
        let most = areas.iter().copied().fold(0.0, f64::max);
        let kept = all.into_iter().zip(areas);
        let cuts = kept
            .filter(|(_, a)| *a > most - 1e-9)
            .map(|(cut, _)| cut)
            .collect();
        Self { polygon, cuts }
    }
}

/// The cut from the corner on the mirror plane: the only one whose area no other corner's cut has.
fn mirror_fan(polygon: &[Point]) -> Vec<[usize; 3]> {
    let n = polygon.len();
    let fan = |apex: usize| -> Vec<[usize; 3]> {
        let triangle = |i: usize| [apex, (apex + i) % n, (apex + i + 1) % n];
        (1..n - 1).map(triangle).collect()
    };
    let areas: Vec<f64> = (0..n)
        .map(|apex| measure_cut(polygon, &fan(apex)).0)
        .collect();
    let alone = |a: &f64| areas.iter().filter(|b| (*b - a).abs() < 1e-9).count() == 1;
    fan(areas.iter().position(alone).unwrap_or(0))
}

/// All ways to cut the corners from `first` to `last` of a polygon into triangles.
fn cuts(first: usize, last: usize) -> Vec<Vec<[usize; 3]>> {
    if last - first < 2 {
        return vec![Vec::new()];
    }
    let mut all = Vec::new();
    for middle in first + 1..last {
        for left in cuts(first, middle) {
            for right in cuts(middle, last) {
                let triangle = [first, middle, last];
                all.push([left.as_slice(), &right, &[triangle]].concat());
            }
        }
    }
    all
}

/// Area of a cut polygon, and what it adds to the volume of the body it bounds.
fn measure_cut(points: &[Point], cut: &[[usize; 3]]) -> (f64, f64) {
    cut.iter().fold((0.0, 0.0), |(area, volume), triangle| {
        let [a, b, c] = triangle.map(|i| points[i]);
        let normal = cross(minus(b, a), minus(c, a));
        (
            area + 0.5 * dot(normal, normal).sqrt(),
            volume + dot(a, normal) / 6.0,
        )
    })
}

static SHAPES: LazyLock<Vec<Shape>> = LazyLock::new(|| (0..256).map(Shape::new).collect());

fn corner(c: usize) -> Point {
    [c & 1, c >> 1 & 1, c >> 2 & 1].map(|v| v as f64)
}

fn middle(a: usize, b: usize) -> Point {
    let (a, b) = (corner(a), corner(b));
    std::array::from_fn(|i| 0.5 * (a[i] + b[i]))
}

impl Shape {
    fn new(case: usize) -> Self {
        let inside = |c: usize| case >> c & 1 == 1;
        let key = |a: usize, b: usize| 8 * a.min(b) + a.max(b);
        // Where the surface goes on from a crossed edge, over the face where that edge enters the region.
        let mut next = [None; 64];
        let mut walls = Vec::new();
        for face in FACES {
            for start in 0..4 {
                let before = face[(start + 3) % 4];
                if inside(before) || !inside(face[start]) {
                    continue;
                }
                let mut wall = vec![middle(before, face[start])];
                let mut at = start;
                while inside(face[at % 4]) {
                    wall.push(corner(face[at % 4]));
                    at += 1;
                }
                let (last, after) = (face[(at + 3) % 4], face[at % 4]);
                wall.push(middle(last, after));
                walls.push(wall);
                next[key(before, face[start])] = Some((key(last, after), middle(last, after)));
            }
            if face.iter().all(|&c| inside(c)) {
                walls.push(face.map(corner).to_vec());
            }
        }
        let mut surface = Vec::new();
        for edge in 0..64 {
            let mut polygon = Vec::new();
            let mut at = edge;
            while let Some((to, point)) = next[at].take() {
                polygon.push(point);
                at = to;
            }
            if !polygon.is_empty() {
                surface.push(Bent::new(polygon));
            }
        }
        Self { surface, walls }
    }

    /// Area of the surface in mm2, volume of the cones from the cell's first corner to it in mm3, and its area as a vector.
    fn measure_surface(&self, spacing_mm: [f64; 3]) -> (f64, f64, Point) {
        let (mut area, mut volume, mut normal) = (0.0, 0.0, [0.0; 3]);
        for bent in &self.surface {
            let points: Vec<Point> = bent.polygon.iter().map(|p| scaled(p, spacing_mm)).collect();
            let share = 1.0 / bent.cuts.len() as f64;
            for cut in &bent.cuts {
                let (a, v) = measure_cut(&points, cut);
                area += share * a;
                volume += share * v;
            }
            // A closed polygon's area as a vector does not depend on how it is cut.
            for at in 1..points.len() - 1 {
                let n = cross(
                    minus(points[at], points[0]),
                    minus(points[at + 1], points[0]),
                );
                normal = std::array::from_fn(|i| normal[i] + 0.5 * n[i]);
            }
        }
        (area, volume, normal)
    }

    /// Area of the surface in mm2, and volume of what is inside in mm3.
    fn measure(&self, spacing_mm: [f64; 3]) -> (f64, f64) {
        let (area, mut volume, _) = self.measure_surface(spacing_mm);
        for wall in &self.walls {
            let points: Vec<Point> = wall.iter().map(|p| scaled(p, spacing_mm)).collect();
            for at in 1..points.len() - 1 {
                volume += measure_cut(&points, &[[0, at, at + 1]]).1;
            }
        }
        (area, volume)
    }
}

fn scaled(point: &Point, spacing_mm: [f64; 3]) -> Point {
    std::array::from_fn(|a| point[a] * spacing_mm[a])
}

pub(super) fn minus(a: Point, b: Point) -> Point {
    std::array::from_fn(|i| a[i] - b[i])
}

pub(super) fn cross(a: Point, b: Point) -> Point {
    [
        a[1] * b[2] - a[2] * b[1],
        a[2] * b[0] - a[0] * b[2],
        a[0] * b[1] - a[1] * b[0],
    ]
}

pub(super) fn dot(a: Point, b: Point) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

/// Area in mm2 and volume in mm3 of the surface of the voxels that are not 0, in a box with an empty border.
pub(super) fn measure(inside: &[u8], size: [usize; 3], spacing_mm: [f64; 3]) -> (f64, f64) {
    let mut counts = [0u64; 256];
    let [nx, ny, nz] = size;
    for k in 0..nz - 1 {
        for j in 0..ny - 1 {
            let row = |dj: usize, dk: usize| &inside[nx * (j + dj + ny * (k + dk))..][..nx];
            let rows = [row(0, 0), row(1, 0), row(0, 1), row(1, 1)];
            // The corners of the left side, then those of the right.
            let side = |i: usize| -> usize {
                let bit = |r: usize| usize::from(rows[r][i] != 0) << (2 * r);
                bit(0) | bit(1) | bit(2) | bit(3)
            };
            let mut left = side(0);
            for i in 1..nx {
                let right = side(i);
                counts[left | right << 1] += 1;
                left = right;
            }
        }
    }
    let (mut area, mut volume) = (0.0, 0.0);
    for (shape, count) in SHAPES.iter().zip(counts) {
        if count > 0 {
            let (a, v) = shape.measure(spacing_mm);
            area += a * count as f64;
            volume += v * count as f64;
        }
    }
    (area, volume)
}

/// Area in mm2 and volume in mm3 as PyRadiomics has them: a cell whose corner `(0, 1, 1)` is inside counts as its complement, turned inside
/// out. The surface need not be closed then, so the volume is that of the cones from the box's corner.
pub(super) fn measure_reduced(inside: &[u8], size: [usize; 3], spacing_mm: [f64; 3]) -> (f64, f64) {
    let mut counts = [0u64; 256];
    let mut places = [[0u64; 3]; 256];
    let [nx, ny, nz] = size;
    for k in 0..nz - 1 {
        for j in 0..ny - 1 {
            for i in 0..nx - 1 {
                let bit = |c: usize| {
                    let at = i + (c & 1) + nx * (j + (c >> 1 & 1) + ny * (k + (c >> 2)));
                    usize::from(inside[at] != 0) << c
                };
                let case = (0..8).map(bit).sum::<usize>();
                counts[case] += 1;
                for (sum, place) in places[case].iter_mut().zip([i, j, k]) {
                    *sum += place as u64;
                }
            }
        }
    }
    let (mut area, mut volume) = (0.0, 0.0);
    for (case, (count, place)) in counts.into_iter().zip(places).enumerate() {
        if count == 0 {
            continue;
        }
        let turned = case >> 6 & 1 == 1;
        let (shape, sign) = if turned {
            (&SHAPES[255 - case], -1.0)
        } else {
            (&SHAPES[case], 1.0)
        };
        let (a, v, normal) = shape.measure_surface(spacing_mm);
        let moved: f64 = (0..3)
            .map(|axis| place[axis] as f64 * spacing_mm[axis] * normal[axis])
            .sum();
        area += a * count as f64;
        volume += sign * (v * count as f64 + moved / 3.0);
    }
    (area, volume.abs())
}

/// All points where the surface crosses between two voxels, in half voxels.
pub(super) fn crossings(inside: &[u8], size: [usize; 3]) -> Vec<[i64; 3]> {
    let [nx, ny, _] = size;
    let mut points = Vec::new();
    for at in (0..inside.len()).filter(|&at| inside[at] != 0) {
        let index = [at % nx, at / nx % ny, at / (nx * ny)].map(|i| 2 * i as i64);
        for (axis, stride) in [1, nx, nx * ny].into_iter().enumerate() {
            for (step, next) in [(-1, at - stride), (1, at + stride)] {
                if inside[next] == 0 {
                    let mut point = index;
                    point[axis] += step;
                    points.push(point);
                }
            }
        }
    }
    points
}

/// Points that span the convex hull of the surface, in half voxels: of every row along an axis its first and its last crossing.
pub(super) fn outermost(inside: &[u8], size: [usize; 3]) -> Vec<[i64; 3]> {
    let [nx, ny, nz] = size;
    let mut points = Vec::new();
    let mut along_y = vec![(usize::MAX, 0); nx];
    let mut along_z = vec![(usize::MAX, 0); nx * ny];
    let half = |i: usize| 2 * i as i64;
    for k in 0..nz {
        along_y.fill((usize::MAX, 0));
        for j in 0..ny {
            let row = &inside[nx * (j + ny * k)..][..nx];
            let (Some(first), Some(last)) = (
                row.iter().position(|&v| v != 0),
                row.iter().rposition(|&v| v != 0),
            ) else {
                continue;
            };
            points.push([half(first) - 1, half(j), half(k)]);
            points.push([half(last) + 1, half(j), half(k)]);
            for i in first..=last {
                if row[i] != 0 {
                    along_y[i] = (along_y[i].0.min(j), j);
                    let there = &mut along_z[i + nx * j];
                    *there = (there.0.min(k), k);
                }
            }
        }
        for (i, &(first, last)) in along_y.iter().enumerate() {
            if first != usize::MAX {
                points.push([half(i), half(first) - 1, half(k)]);
                points.push([half(i), half(last) + 1, half(k)]);
            }
        }
    }
    for (at, &(first, last)) in along_z.iter().enumerate() {
        if first != usize::MAX {
            let (i, j) = (half(at % nx), half(at / nx));
            points.push([i, j, half(first) - 1]);
            points.push([i, j, half(last) + 1]);
        }
    }
    points
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every edge of a shape's polygons is walked once in each direction: surface and walls close it.
    #[test]
    fn every_shape_is_closed() {
        for (case, shape) in SHAPES.iter().enumerate() {
            let key = |p: &Point| p.map(|v| (2.0 * v) as i32);
            let mut edges = std::collections::HashMap::new();
            let surface = shape.surface.iter().map(|bent| &bent.polygon);
            for polygon in surface.chain(&shape.walls) {
                assert!(polygon.len() >= 3, "{case}");
                for (at, a) in polygon.iter().enumerate() {
                    let b = &polygon[(at + 1) % polygon.len()];
                    *edges.entry((key(a), key(b))).or_insert(0) += 1;
                    *edges.entry((key(b), key(a))).or_insert(0) -= 1;
                }
            }
            // Edges along the cell's own edges belong to two walls, all others to a wall and the surface.
            assert!(edges.values().all(|&n| n == 0), "{case}");
            let (_, volume) = shape.measure([1.0; 3]);
            assert!((0.0..=1.0 + 1e-12).contains(&volume), "{case} {volume}");
        }
    }

    #[test]
    fn one_voxel_is_an_octahedron() {
        let mut inside = vec![0; 27];
        inside[13] = 1;
        let (area, volume) = measure(&inside, [3; 3], [1.0, 1.0, 1.0]);
        assert!((volume - 1.0 / 6.0).abs() < 1e-12, "{volume}");
        assert!((area - 3f64.sqrt()).abs() < 1e-12, "{area}");
        let (_, volume) = measure(&inside, [3; 3], [1.0, 2.0, 3.0]);
        assert!((volume - 1.0).abs() < 1e-12, "{volume}");
        assert_eq!(outermost(&inside, [3; 3]).len(), 6);
    }
}
