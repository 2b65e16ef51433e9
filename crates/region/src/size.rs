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

/// Inside at an index that may lie outside of the grid.
fn inside(mask: &Mask, index: [isize; 3]) -> bool {
    index.iter().all(|&i| i >= 0)
        && mask
            .get(index.map(|i| i as usize))
            .copied()
            .unwrap_or(false)
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
    let mut faces = [0usize; 3];
    for (offset, _) in mask.voxels().iter().enumerate().filter(|&(_, &v)| v) {
        let index = mask.geometry().index_at(offset).map(|i| i as isize);
        for axis in 0..3 {
            for step in [-1, 1] {
                let mut next = index;
                next[axis] += step;
                faces[axis] += usize::from(!inside(mask, next));
            }
        }
    }
    (0..3).map(|axis| faces[axis] as f64 * face[axis]).sum()
}

/// The largest distance between corners of voxels. Only corners that can be extreme are compared:
/// along each line of voxels in `i` the first and the last, which keeps all points of the convex hull.
fn longest_diameter_mm(mask: &Mask) -> f64 {
    let geometry = mask.geometry();
    let [ni, nj, nk] = geometry.size();
    // For each line of lattice corners, the lowest and the highest corner that the region touches.
    let mut lines = vec![None::<(usize, usize)>; (nj + 1) * (nk + 1)];
    for k in 0..nk {
        for j in 0..nj {
            let row = ni * (j + nj * k);
            let voxels = &mask.voxels()[row..row + ni];
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
    }
    let corner = |i: usize, j: usize, k: usize| {
        let index = [i, j, k].map(|c| c as f64 - 0.5);
        Vector3::from(geometry.index_to_world(index))
    };
    let mut points = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        if let Some((low, high)) = *line {
            let (j, k) = (at % (nj + 1), at / (nj + 1));
            points.push(corner(low, j, k));
            points.push(corner(high, j, k));
        }
    }
    farthest(&points)
}

/// The largest distance between two of some points: sorted by their distance from the middle, a pair
/// further in than half the best cannot win, which leaves few pairs for any compact region.
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
