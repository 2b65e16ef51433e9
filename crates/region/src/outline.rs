//! The contour of a region on a slice, for pictures.

use std::collections::BTreeMap;
use triher_volume::Mask;

/// Closed polygons along the voxel edges of a region on slice `slice` across `axis`.
///
/// Points are continuous indices of the two other axes in rising order (for `axis` 2: `[i, j]`), without the closing
/// repetition of the first; a voxel reaches half an index to each side of its centre. Holes are polygons of their own, with
/// the opposite turn. Empty when the slice lies outside or does not meet the region.
pub fn outline(mask: &Mask, axis: usize, slice: usize) -> Vec<Vec<[f64; 2]>> {
    let size = mask.geometry().size();
    if axis > 2 || slice >= size[axis] {
        return Vec::new();
    }
    let (u, v) = match axis {
        0 => (1, 2),
        1 => (0, 2),
        _ => (0, 1),
    };
    let inside = |a: isize, b: isize| -> bool {
        if a < 0 || b < 0 {
            return false;
        }
        let mut index = [0; 3];
        (index[axis], index[u], index[v]) = (slice, a as usize, b as usize);
        mask.get(index).copied().unwrap_or(false)
    };
    // Directed edges between lattice corners, the region always on the same side.
    let mut edges: BTreeMap<(isize, isize), Vec<(isize, isize)>> = BTreeMap::new();
    for b in 0..size[v] as isize {
        for a in 0..size[u] as isize {
            if !inside(a, b) {
                continue;
            }
            let mut add = |from, to| edges.entry(from).or_default().push(to);
            if !inside(a, b - 1) {
                add((a, b), (a + 1, b));
            }
            if !inside(a + 1, b) {
                add((a + 1, b), (a + 1, b + 1));
            }
            if !inside(a, b + 1) {
                add((a + 1, b + 1), (a, b + 1));
            }
            if !inside(a - 1, b) {
                add((a, b + 1), (a, b));
            }
        }
    }
    let mut polygons = Vec::new();
    while let Some(&start) = edges.keys().next() {
        let mut corners = Vec::new();
        let mut at = start;
        while let Some(next) = take_edge(&mut edges, at) {
            corners.push(at);
            at = next;
            if at == start {
                break;
            }
        }
        polygons.push(without_straight_corners(&corners));
    }
    polygons
}

fn take_edge(
    edges: &mut BTreeMap<(isize, isize), Vec<(isize, isize)>>,
    from: (isize, isize),
) -> Option<(isize, isize)> {
    let ends = edges.get_mut(&from)?;
    let next = ends.pop();
    if ends.is_empty() {
        edges.remove(&from);
    }
    next
}

/// Drops corners on straight runs and moves from corners to continuous indices.
fn without_straight_corners(corners: &[(isize, isize)]) -> Vec<[f64; 2]> {
    let n = corners.len();
    let turns = (0..n).filter(|&c| {
        let (before, here, after) = (corners[(c + n - 1) % n], corners[c], corners[(c + 1) % n]);
        (here.0 - before.0, here.1 - before.1) != (after.0 - here.0, after.1 - here.1)
    });
    turns
        .map(|c| [corners[c].0 as f64 - 0.5, corners[c].1 as f64 - 0.5])
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use triher_volume::{Geometry, Provenance};

    fn area(polygon: &[[f64; 2]]) -> f64 {
        let n = polygon.len();
        let cross = |p: usize| {
            let (a, b) = (polygon[p], polygon[(p + 1) % n]);
            a[0] * b[1] - b[0] * a[1]
        };
        (0..n).map(cross).sum::<f64>() / 2.0
    }

    #[test]
    fn a_ring_has_two_outlines() {
        let geometry = Geometry::axis_aligned([5, 5, 1], [1.0; 3], [0.0; 3]).unwrap();
        let ring = Mask::from_fn(geometry, |[i, j, _]| {
            (1..4).contains(&i) && (1..4).contains(&j) && [i, j] != [2, 2]
        });
        let outlines = outline(&ring, 2, 0);
        assert_eq!(outlines.len(), 2);
        assert_eq!(
            outlines[0],
            [[0.5, 0.5], [3.5, 0.5], [3.5, 3.5], [0.5, 3.5]]
        );
        assert_eq!((area(&outlines[0]), area(&outlines[1])), (9.0, -1.0));
        assert!(outline(&ring, 2, 1).is_empty());
        assert!(outline(&ring, 3, 0).is_empty());
        assert!(outline(&ring, 0, 0).is_empty());
    }

    proptest! {
        /// The signed areas add up to the number of voxels, and every polygon runs along voxel edges and turns at every corner.
        #[test]
        fn outlines_enclose_the_region(voxels in prop::collection::vec(prop::bool::ANY, 60), axis in 0usize..3) {
            let geometry = Geometry::axis_aligned([5, 4, 3], [1.0; 3], [0.0; 3]).unwrap();
            let mask = Mask::new(geometry, voxels, Provenance::default()).unwrap();
            for slice in 0..geometry.size()[axis] {
                let in_slice = mask.voxels().iter().enumerate().filter(|&(_, &v)| v);
                let count = in_slice.filter(|&(o, _)| geometry.index_at(o)[axis] == slice).count();
                let outlines = outline(&mask, axis, slice);
                prop_assert_eq!(outlines.iter().map(|p| area(p)).sum::<f64>(), count as f64);
                for polygon in &outlines {
                    for p in 0..polygon.len() {
                        let [a, b, c] = [0, 1, 2].map(|s| polygon[(p + s) % polygon.len()]);
                        let along = |a: [f64; 2], b: [f64; 2]| usize::from(a[0] == b[0]);
                        prop_assert!(a[0] == b[0] || a[1] == b[1]);
                        prop_assert!(a != b && along(a, b) != along(b, c) || b == a || a == c);
                    }
                }
            }
        }
    }
}
