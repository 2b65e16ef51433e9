//! Moves of voxels that change no value: reorientation, cropping, placing on a lattice.

use crate::geometry::ANATOMICAL;
use crate::{Geometry, Volume, VolumeError};
use nalgebra::Matrix4;

/// Reorders and flips axes so that `i`, `j`, `k` run nearest to the three anatomical directions
/// of `code` (one letter each of L/R, P/A and S/I, such as `LPS` or `RAS`).
///
/// Voxels are only permuted: each keeps its value and its place in the patient.
///
/// # Errors
/// [`VolumeError::BadOrientation`] when `code` does not name each anatomical axis once.
pub fn reorient<T: Clone>(volume: &Volume<T>, code: &str) -> Result<Volume<T>, VolumeError> {
    let wanted = parse_orientation(code)?;
    let present = volume.geometry().nearest_axes();
    let mut axes = [(0usize, false); 3];
    for (axis, &(world, positive)) in wanted.iter().enumerate() {
        let source = present
            .iter()
            .position(|&(w, _)| w == world)
            .unwrap_or(axis);
        axes[axis] = (source, present[source].1 != positive);
    }
    Ok(permute(volume, axes, &format!("reoriented to {code}")))
}

fn parse_orientation(code: &str) -> Result<[(usize, bool); 3], VolumeError> {
    let bad = || VolumeError::BadOrientation {
        code: code.to_owned(),
    };
    let letters: Vec<char> = code.to_ascii_uppercase().chars().collect();
    if letters.len() != 3 {
        return Err(bad());
    }
    let mut axes = [(0, false); 3];
    for (axis, letter) in letters.iter().enumerate() {
        let world = ANATOMICAL
            .iter()
            .position(|ends| ends.contains(letter))
            .ok_or_else(bad)?;
        axes[axis] = (world, ANATOMICAL[world][0] == *letter);
    }
    let distinct = (0..3).all(|w| axes.iter().any(|&(world, _)| world == w));
    if distinct { Ok(axes) } else { Err(bad()) }
}

/// New axis `a` is old axis `axes[a].0`, flipped when `axes[a].1`.
fn permute<T: Clone>(volume: &Volume<T>, axes: [(usize, bool); 3], step: &str) -> Volume<T> {
    let old = volume.geometry();
    let size: [usize; 3] = std::array::from_fn(|a| old.size()[axes[a].0]);
    let strides = [1, old.size()[0], old.size()[0] * old.size()[1]];
    let mut to_old = Matrix4::zeros();
    to_old[(3, 3)] = 1.0;
    for (a, &(source, flipped)) in axes.iter().enumerate() {
        to_old[(source, a)] = if flipped { -1.0 } else { 1.0 };
        if flipped {
            to_old[(source, 3)] = (size[a] - 1) as f64;
        }
    }
    // Offset in the old volume along new axis `a`.
    let along = |a: usize, index: usize| {
        let (source, flipped) = axes[a];
        strides[source] * if flipped { size[a] - 1 - index } else { index }
    };
    let mut voxels = Vec::with_capacity(old.len());
    for k in 0..size[2] {
        for j in 0..size[1] {
            let row = along(1, j) + along(2, k);
            if axes[0] == (0, false) {
                voxels.extend_from_slice(&volume.voxels()[row..row + size[0]]);
            } else {
                voxels.extend((0..size[0]).map(|i| volume.voxels()[row + along(0, i)].clone()));
            }
        }
    }
    let geometry = old.transformed(size, &to_old);
    Volume::from_parts_unchecked(
        geometry,
        voxels,
        volume.provenance().clone().with_step(step),
    )
}

/// The window of `size` voxels that begins at voxel `start`; its voxels keep their places.
///
/// # Errors
/// [`VolumeError::WindowOutside`] when the window is empty or leaves the grid.
pub fn crop<T: Clone>(
    volume: &Volume<T>,
    start: [usize; 3],
    size: [usize; 3],
) -> Result<Volume<T>, VolumeError> {
    let grid = volume.geometry().size();
    let inside = (0..3).all(|a| {
        size[a] > 0
            && start[a]
                .checked_add(size[a])
                .is_some_and(|end| end <= grid[a])
    });
    if !inside {
        return Err(VolumeError::WindowOutside { start, size, grid });
    }
    let mut voxels = Vec::with_capacity(size.iter().product());
    for k in start[2]..start[2] + size[2] {
        for j in start[1]..start[1] + size[1] {
            let row = start[0] + grid[0] * (j + grid[1] * k);
            voxels.extend_from_slice(&volume.voxels()[row..row + size[0]]);
        }
    }
    let mut shift = Matrix4::identity();
    for axis in 0..3 {
        shift[(axis, 3)] = start[axis] as f64;
    }
    let geometry = volume.geometry().transformed(size, &shift);
    let step = format!("cropped to {size:?} voxels from {start:?}");
    let provenance = volume.provenance().clone().with_step(step);
    Ok(Volume::from_parts_unchecked(geometry, voxels, provenance))
}

/// Moves a volume onto a grid of the same lattice without interpolation: axes may be permuted and
/// flipped and the extent may differ by whole voxels. Voxels that the volume does not cover get the
/// default value; those outside of `grid` are lost. `None` when the lattices differ (by more than a
/// hundredth of a voxel anywhere on the grid).
pub fn place_on_lattice<T: Clone + Default>(
    volume: &Volume<T>,
    grid: &Geometry,
) -> Option<Volume<T>> {
    let from = volume.geometry();
    let index_of = |i: usize, j: usize, k: usize| {
        from.world_to_index(grid.index_to_world([i as f64, j as f64, k as f64]))
    };
    let origin = index_of(0, 0, 0);
    let whole = |v: f64| (v - v.round()).abs() <= 0.01;
    if !origin.iter().all(|v| whole(*v) && v.abs() < 1e9) {
        return None;
    }
    // Each step of the grid must be one step of the volume, exactly enough for its far corner.
    let mut steps = [[0isize; 3]; 3];
    for axis in 0..3 {
        let mut unit = [0usize; 3];
        unit[axis] = 1;
        let next = index_of(unit[0], unit[1], unit[2]);
        let far = (grid.size()[axis] - 1).max(1) as f64;
        for a in 0..3 {
            let step = next[a] - origin[a];
            if (step - step.round()).abs() * far > 0.01 {
                return None;
            }
            steps[axis][a] = step.round() as isize;
        }
        if steps[axis].iter().map(|s| s.abs()).sum::<isize>() != 1 {
            return None;
        }
    }
    let start: [isize; 3] = std::array::from_fn(|a| origin[a].round() as isize);
    let [ni, nj, nk] = grid.size();
    let mut voxels = Vec::with_capacity(grid.len());
    for k in 0..nk {
        for j in 0..nj {
            let row: [isize; 3] = std::array::from_fn(|a| {
                start[a] + steps[1][a] * j as isize + steps[2][a] * k as isize
            });
            voxels.extend((0..ni).map(|i| {
                // What lies before the first voxel wraps round to far behind the last.
                let source = std::array::from_fn(|a| (row[a] + steps[0][a] * i as isize) as usize);
                volume.get(source).cloned().unwrap_or_default()
            }));
        }
    }
    let provenance = volume
        .provenance()
        .clone()
        .with_step(format!("placed on {grid}"));
    Some(Volume::from_parts_unchecked(*grid, voxels, provenance))
}
