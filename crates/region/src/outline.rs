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
