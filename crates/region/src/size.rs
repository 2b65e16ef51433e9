//! How large a lesion is.

use crate::RegionError;
use nalgebra::Vector3;
use serde::Serialize;
use triher_volume::Mask;

/// Sizes of a lesion.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Size {
    /// Number of voxels times the volume of one (IBSI: approximate volume, YEKZ), cubic millimetres.
    pub volume_mm3: f64,
    /// Diameter of the sphere of that volume, millimetres.
    pub effective_diameter_mm: f64,
    /// Largest distance between two corners of the region's voxels, millimetres: what a caliper laid
    /// around the voxels would read. For a single voxel it is its diagonal.
    pub longest_diameter_mm: f64,
    /// Area of the faces between the region and its outside, square millimetres. Faces of voxels
    /// overestimate a smooth surface by up to one half.
    pub surface_area_mm2: f64,
}

/// Measures a region.
///
/// Right for oblique and for sheared grids. A brute-force search over all pairs of corners, and SciPy's
/// `ConvexHull` and `pdist`, give the same longest diameter within 1e-9 relative (`tests/reference/size.rs`).
///
/// # Errors
/// [`RegionError::EmptyMask`].
pub fn size(mask: &Mask) -> Result<Size, RegionError> {
    let count = mask.count();
    if count == 0 {
        return Err(RegionError::EmptyMask);
    }
    let volume_mm3 = mask.volume_mm3();
    Ok(Size {
        volume_mm3,
        effective_diameter_mm: (6.0 * volume_mm3 / std::f64::consts::PI).cbrt(),
        longest_diameter_mm: longest_diameter_mm(mask),
        surface_area_mm2: surface_area_mm2(mask),
    })
}

fn surface_area_mm2(mask: &Mask) -> f64 {
    let affine = mask.geometry().affine();
    let column =
        |axis: usize| Vector3::new(affine[(0, axis)], affine[(1, axis)], affine[(2, axis)]);
    let face = [
        column(1).cross(&column(2)).norm(),
        column(2).cross(&column(0)).norm(),
        column(0).cross(&column(1)).norm(),
    ];
    let size = mask.geometry().size();
    let stride = [1, size[0], size[0] * size[1]];
    let voxels = mask.voxels();
    let mut faces = [0usize; 3];
    for (offset, _) in voxels.iter().enumerate().filter(|&(_, &inside)| inside) {
        let index = mask.geometry().index_at(offset);
        for axis in 0..3 {
            let before = index[axis] > 0 && voxels[offset - stride[axis]];
            let after = index[axis] + 1 < size[axis] && voxels[offset + stride[axis]];
            faces[axis] += usize::from(!before) + usize::from(!after);
        }
    }
    (0..3).map(|axis| faces[axis] as f64 * face[axis]).sum()
}

/// The largest distance between corners of voxels. Only corners that may be vertices of the convex hull are
/// compared: along each line of corners in `i` the first and the last, and of these the vertices of the
/// hull in each plane of corners across `k`, `j` and `i` in turn.
fn longest_diameter_mm(mask: &Mask) -> f64 {
    let geometry = mask.geometry();
    let mut points = line_ends(mask);
    for axis in [2, 1, 0] {
        points = plane_hulls(points, axis);
    }
    let corner = |[i, j, k]: [i64; 3]| {
        let index = [i, j, k].map(|c| c as f64 - 0.5);
        Vector3::from(geometry.index_to_world(index))
    };
    let points: Vec<Vector3<f64>> = points.into_iter().map(corner).collect();
    farthest(&points)
}

/// For each line of lattice corners along `i`, the lowest and the highest that the region touches. Corner `[0, 0, 0]` is the
/// low corner of the first voxel.
fn line_ends(mask: &Mask) -> Vec<[i64; 3]> {
    let [ni, nj, nk] = mask.geometry().size();
    let mut lines = vec![None::<(usize, usize)>; (nj + 1) * (nk + 1)];
    for (row, voxels) in mask.voxels().chunks(ni).enumerate() {
        let (j, k) = (row % nj, row / nj);
        let (Some(first), Some(last)) = (
            voxels.iter().position(|&v| v),
            voxels.iter().rposition(|&v| v),
        ) else {
            continue;
        };
        for (dj, dk) in [(0, 0), (1, 0), (0, 1), (1, 1)] {
            let line = &mut lines[(j + dj) + (nj + 1) * (k + dk)];
            let (low, high) = line.unwrap_or((usize::MAX, 0));
            *line = Some((low.min(first), high.max(last + 1)));
        }
    }
    let mut points = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        if let Some((low, high)) = *line {
            let (j, k) = ((at % (nj + 1)) as i64, (at / (nj + 1)) as i64);
            points.push([low as i64, j, k]);
            points.push([high as i64, j, k]);
        }
    }
    points
}

/// Of the points in each plane across an axis, the vertices of their convex hull (Andrew's monotone chain, in whole
/// numbers). A vertex of the hull of all points is one in its plane, so none of those is lost.
fn plane_hulls(mut points: Vec<[i64; 3]>, axis: usize) -> Vec<[i64; 3]> {
    let (u, v) = [(1, 2), (0, 2), (0, 1)][axis];
    points.sort_by_key(|p| (p[axis], p[u], p[v]));
    points.dedup();
    // Whether three points turn clockwise or lie on a line.
    let no_left_turn = |a: &[i64; 3], b: &[i64; 3], c: &[i64; 3]| {
        let (x1, y1) = (i128::from(b[u] - a[u]), i128::from(b[v] - a[v]));
        let (x2, y2) = (i128::from(c[u] - a[u]), i128::from(c[v] - a[v]));
        x1 * y2 - y1 * x2 <= 0
    };
    let mut kept = Vec::new();
    for plane in points.chunk_by(|a, b| a[axis] == b[axis]) {
        let half = |order: &mut dyn Iterator<Item = &[i64; 3]>| {
            let mut chain: Vec<[i64; 3]> = Vec::new();
            for point in order {
                while chain.len() >= 2
                    && no_left_turn(&chain[chain.len() - 2], &chain[chain.len() - 1], point)
                {
                    chain.pop();
                }
                chain.push(*point);
            }
            chain
        };
        kept.extend(half(&mut plane.iter()));
        kept.extend(half(&mut plane.iter().rev()));
    }
    kept.sort_unstable();
    kept.dedup();
    kept
}

/// The largest distance between two of some points: sorted by their distance from the middle, a pair
/// further in than half the best cannot win, which leaves few pairs for any elongated region.
fn farthest(points: &[Vector3<f64>]) -> f64 {
    let Some(count) = std::num::NonZero::new(points.len()) else {
        return 0.0;
    };
    let middle = points.iter().sum::<Vector3<f64>>() / count.get() as f64;
    let mut sorted: Vec<(f64, &Vector3<f64>)> =
        points.iter().map(|p| ((p - middle).norm(), p)).collect();
    sorted.sort_by(|a, b| b.0.total_cmp(&a.0));
    let mut best = 0.0f64;
    for (rank, (radius, point)) in sorted.iter().enumerate() {
        if 2.0 * radius <= best {
            break;
        }
        for (other_radius, other) in &sorted[rank + 1..] {
            if radius + other_radius <= best {
                break;
            }
            best = best.max((*point - *other).norm());
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use triher_volume::{Geometry, Provenance};

    fn oblique(size: [usize; 3]) -> Geometry {
        let (s, c) = 0.4f64.sin_cos();
        let directions = [[c, s, 0.0], [-s, c, 0.0], [0.0, 0.0, -1.0]];
        Geometry::from_parts(size, [5.0, -60.0, 12.0], [0.8, 1.1, 2.5], directions).unwrap()
    }

    /// All pairs of all corners.
    fn brute_force(mask: &Mask) -> f64 {
        let mut corners = Vec::new();
        for (offset, _) in mask.voxels().iter().enumerate().filter(|&(_, &v)| v) {
            let index = mask.geometry().index_at(offset);
            for corner in 0..8 {
                let at =
                    std::array::from_fn(|a| index[a] as f64 - 0.5 + f64::from(corner >> a & 1));
                corners.push(Vector3::from(mask.geometry().index_to_world(at)));
            }
        }
        let pairs = corners
            .iter()
            .flat_map(|p| corners.iter().map(move |q| (p - q).norm()));
        pairs.fold(0.0, f64::max)
    }

    #[test]
    fn one_voxel() {
        let mut mask = Mask::filled(oblique([3, 3, 3]), false);
        assert!(matches!(size(&mask), Err(RegionError::EmptyMask)));
        mask.voxels_mut()[13] = true;
        let size = size(&mask).unwrap();
        let volume = 0.8 * 1.1 * 2.5;
        let diagonal = (0.8f64 * 0.8 + 1.1 * 1.1 + 2.5 * 2.5).sqrt();
        assert!((size.volume_mm3 - volume).abs() < 1e-12);
        assert!((size.longest_diameter_mm - diagonal).abs() < 1e-12);
        assert!((size.surface_area_mm2 - 2.0 * (0.8 * 1.1 + 0.8 * 2.5 + 1.1 * 2.5)).abs() < 1e-12);
        assert!(
            (size.effective_diameter_mm.powi(3) * std::f64::consts::PI / 6.0 - volume).abs()
                < 1e-12
        );
    }

    /// A large ball, whose corners are all about equally far out, must not take quadratic time in its surface.
    #[test]
    fn a_large_ball_is_quick() {
        let geometry = Geometry::axis_aligned([201; 3], [1.0; 3], [0.0; 3]).unwrap();
        let ball = Mask::from_fn(geometry, |index| {
            index
                .iter()
                .map(|&i| (i as f64 - 100.0).powi(2))
                .sum::<f64>()
                <= 1e4
        });
        let start = std::time::Instant::now();
        let size = size(&ball).unwrap();
        println!("{:?}", start.elapsed());
        assert!((size.longest_diameter_mm - 201.0).abs() < 1.0, "{size:?}");
        assert!(start.elapsed().as_secs() < 20);
    }

    proptest! {
        #[test]
        fn the_longest_diameter_is_the_brute_force_one(voxels in prop::collection::vec(prop::bool::weighted(0.15), 60)) {
            let mask = Mask::new(oblique([5, 4, 3]), voxels, Provenance::default()).unwrap();
            match size(&mask) {
                Ok(size) => prop_assert!((size.longest_diameter_mm - brute_force(&mask)).abs() < 1e-9),
                Err(_) => prop_assert_eq!(mask.count(), 0),
            }
        }
    }
}
