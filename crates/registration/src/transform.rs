//! Any motion: what it does to points, voxels and images.

use crate::interpolant::Interpolant;
use crate::{FreeFormDeformation, RigidTransform};
use rayon::prelude::*;
use triher_volume::{Geometry, Image, Interpolation, Provenance, Volume};

/// A motion from points of the reference to points of a phase.
#[derive(Clone, Debug, PartialEq)]
pub enum Transform {
    /// The phase is taken as it is.
    Identity,
    /// A rotation and a translation.
    Rigid(RigidTransform),
    /// A rigid motion and a smooth displacement.
    Deformable(Box<FreeFormDeformation>),
}

impl Transform {
    /// Where a point of the reference lies in the phase; both in LPS millimetres.
    pub fn apply(&self, point_mm: [f64; 3]) -> [f64; 3] {
        match self {
            Self::Identity => point_mm,
            Self::Rigid(rigid) => rigid.apply(point_mm),
            Self::Deformable(deformation) => deformation.apply(point_mm),
        }
    }

    /// How far each voxel of a grid moves, in millimetres along L, P and S.
    pub fn displacement_mm(&self, grid: &Geometry) -> Volume<[f32; 3]> {
        if let Self::Deformable(deformation) = self
            && deformation.grid() == grid
        {
            return deformation.displacement_mm();
        }
        let voxels = (0..grid.len())
            .into_par_iter()
            .map(|at| {
                let point = grid.index_to_world(grid.index_at(at).map(|i| i as f64));
                let moved = self.apply(point);
                std::array::from_fn(|c| (moved[c] - point[c]) as f32)
            })
            .collect();
        made(grid, voxels, Provenance::from_source("displacement"))
    }

    /// The phase as it would have been without the motion: each voxel of the phase's grid takes the value at the place that the motion gives
    /// for it.
    ///
    /// Values stay within the range of the phase, which a spline would leave at sharp edges. Points more than half a voxel
    /// outside of the phase become `outside`.
    pub fn resample(&self, phase: &Image, interpolation: Interpolation, outside: f32) -> Image {
        if *self == Self::Identity {
            return phase.clone();
        }
        let grid = phase.geometry();
        let displacement = self.displacement_mm(grid);
        let slopes = crate::level::index_slopes(grid);
        let (low, high) = phase
            .voxels()
            .iter()
            .fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), &v| {
                (low.min(v), high.max(v))
            });
        let place = |at: usize| -> [f64; 3] {
            let index = grid.index_at(at);
            let moved = displacement.voxels()[at].map(f64::from);
            std::array::from_fn(|axis| {
                let along: f64 = (0..3).map(|c| slopes[(axis, c)] * moved[c]).sum();
                index[axis] as f64 + along
            })
        };
        let count = 0..grid.len();
        let voxels = match interpolation {
            Interpolation::CubicBSpline => {
                let spline = Interpolant::new(phase);
                let value = |at| spline.value(place(at)).map(|v| v.clamp(low, high));
                count
                    .into_par_iter()
                    .map(|at| value(at).unwrap_or(outside))
                    .collect()
            }
            Interpolation::Linear => {
                let value = |at| linear(phase, place(at));
                count
                    .into_par_iter()
                    .map(|at| value(at).unwrap_or(outside))
                    .collect()
            }
            Interpolation::Nearest => {
                let value = |at| grid.nearest_voxel(place(at)).and_then(|v| phase.get(v));
                count
                    .into_par_iter()
                    .map(|at| value(at).copied().unwrap_or(outside))
                    .collect()
            }
        };
        let step = format!("motion corrected ({interpolation})");
        made(grid, voxels, phase.provenance().clone().with_step(step))
    }
}

/// Trilinear, continued by the edge up to half a voxel beyond the outermost centres.
fn linear(image: &Image, index: [f64; 3]) -> Option<f32> {
    let size = image.geometry().size();
    let inside = (0..3).all(|a| index[a] >= -0.5 && index[a] <= size[a] as f64 - 0.5);
    if !inside {
        return None;
    }
    let at: [f64; 3] = std::array::from_fn(|a| index[a].clamp(0.0, size[a] as f64 - 1.0));
    let low = at.map(|v| v as usize);
    let mut sum = 0.0;
    for corner in 0..8 {
        let (mut weight, mut offset) = (1.0, [0; 3]);
        for a in 0..3 {
            let t = at[a] - low[a] as f64;
            let next = corner >> a & 1;
            weight *= if next == 1 { t } else { 1.0 - t };
            offset[a] = low[a] + next;
        }
        if weight > 0.0 {
            sum += weight * f64::from(*image.get(offset)?);
        }
    }
    Some(sum as f32)
}

/// A volume of one value for each voxel of a grid.
pub(crate) fn made<T: Clone + Default>(
    grid: &Geometry,
    voxels: Vec<T>,
    provenance: Provenance,
) -> Volume<T> {
    let mut volume = Volume::filled(*grid, T::default()).with_provenance(provenance);
    for (to, from) in volume.voxels_mut().iter_mut().zip(voxels) {
        *to = from;
    }
    volume
}

#[cfg(test)]
mod tests {
    use super::*;

    const KINDS: [Interpolation; 3] = [
        Interpolation::Nearest,
        Interpolation::Linear,
        Interpolation::CubicBSpline,
    ];

    fn phase() -> Image {
        let grid = Geometry::axis_aligned([7, 6, 5], [2.0, 2.0, 3.0], [0.0; 3]).unwrap();
        Image::from_fn(grid, |[i, j, k]| ((i * 37 + j * 61 + k * 17) % 29) as f32)
    }

    /// By whole voxels nothing is interpolated: values move, and what has none becomes the value outside.
    #[test]
    fn whole_voxels_are_moved_exactly() {
        let phase = phase();
        let shift = Transform::Rigid(RigidTransform {
            translation_mm: [4.0, -2.0, 3.0],
            ..RigidTransform::identity([0.0; 3])
        });
        for kind in KINDS {
            let moved = shift.resample(&phase, kind, -7.0);
            for (at, value) in moved.voxels().iter().enumerate() {
                let [i, j, k] = phase.geometry().index_at(at);
                let from = j.checked_sub(1).and_then(|j| phase.get([i + 2, j, k + 1]));
                let expected = from.copied().unwrap_or(-7.0);
                assert!(
                    (value - expected).abs() < 1e-4,
                    "{kind} {at}: {value} {expected}"
                );
            }
        }
    }

    #[test]
    fn without_motion_nothing_changes() {
        let phase = phase();
        assert_eq!(Transform::Identity.resample(&phase, KINDS[2], 0.0), phase);
        let displacement = Transform::Identity.displacement_mm(phase.geometry());
        assert!(displacement.voxels().iter().all(|d| *d == [0.0; 3]));
    }

    #[test]
    fn a_spline_does_not_leave_the_range() {
        let grid = Geometry::axis_aligned([9, 4, 4], [1.0; 3], [0.0; 3]).unwrap();
        let edge = Image::from_fn(grid, |[i, ..]| if i < 4 { 0.0 } else { 100.0 });
        let shift = Transform::Rigid(RigidTransform {
            translation_mm: [0.4, 0.0, 0.0],
            ..RigidTransform::identity([0.0; 3])
        });
        let moved = shift.resample(&edge, Interpolation::CubicBSpline, 0.0);
        assert!(moved.voxels().iter().all(|v| (0.0..=100.0).contains(v)));
    }
}
