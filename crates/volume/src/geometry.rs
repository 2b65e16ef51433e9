//! Where a grid lies in the patient.

use crate::VolumeError;
use nalgebra::{Matrix3, Matrix4, Vector3, Vector4};
use std::fmt;

/// The most voxels that a grid may hold: far more than any study, far less than an overflow.
const MAX_VOXELS: usize = 1 << 40;

/// Size of a grid and the affine map from voxel index to patient coordinates (LPS, millimetres).
///
/// The first three columns of the affine are the steps of one voxel along `i`, `j` and `k`;
/// the last is the centre of voxel `[0, 0, 0]`. Oblique, sagittal, coronal and left-handed grids
/// are ordinary; only a singular affine is refused.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Geometry {
    size: [usize; 3],
    affine: Matrix4<f64>,
    inverse: Matrix4<f64>,
}

impl Geometry {
    /// A grid of `size` voxels with the given 4x4 affine (LPS, millimetres; last row `0 0 0 1`).
    ///
    /// # Errors
    /// [`VolumeError::BadSize`] and [`VolumeError::BadAffine`].
    pub fn new(size: [usize; 3], affine: Matrix4<f64>) -> Result<Self, VolumeError> {
        let count = size.iter().try_fold(1usize, |n, &s| n.checked_mul(s));
        if !matches!(count, Some(1..=MAX_VOXELS)) {
            return Err(VolumeError::BadSize { size });
        }
        let bad = || VolumeError::BadAffine {
            affine: std::array::from_fn(|r| std::array::from_fn(|c| affine[(r, c)])),
        };
        let linear: Matrix3<f64> = affine.fixed_view::<3, 3>(0, 0).into_owned();
        let steps: [f64; 3] = std::array::from_fn(|c| linear.column(c).norm());
        // A determinant relative to the column lengths: the volume of the unit directions.
        let skew = linear.determinant().abs() / (steps[0] * steps[1] * steps[2]);
        let last_row = [
            affine[(3, 0)],
            affine[(3, 1)],
            affine[(3, 2)],
            affine[(3, 3)],
        ];
        let usable = affine.iter().all(|v| v.is_finite()) && last_row == [0.0, 0.0, 0.0, 1.0];
        if !usable || !skew.is_finite() || skew < 1e-6 {
            return Err(bad());
        }
        let inverse = affine.try_inverse().ok_or_else(bad)?;
        Ok(Self {
            size,
            affine,
            inverse,
        })
    }

    /// A grid from DICOM-like parts: centre of the first voxel, spacing, and the unit directions
    /// of the axes `i`, `j`, `k` in patient coordinates.
    ///
    /// # Errors
    /// As [`Geometry::new`].
    pub fn from_parts(
        size: [usize; 3],
        origin_mm: [f64; 3],
        spacing_mm: [f64; 3],
        directions: [[f64; 3]; 3],
    ) -> Result<Self, VolumeError> {
        let mut affine = Matrix4::identity();
        for axis in 0..3 {
            for row in 0..3 {
                affine[(row, axis)] = directions[axis][row] * spacing_mm[axis];
            }
        }
        for row in 0..3 {
            affine[(row, 3)] = origin_mm[row];
        }
        Self::new(size, affine)
    }

    /// A grid whose axes are the patient's L, P and S.
    ///
    /// # Errors
    /// As [`Geometry::new`].
    pub fn axis_aligned(
        size: [usize; 3],
        spacing_mm: [f64; 3],
        origin_mm: [f64; 3],
    ) -> Result<Self, VolumeError> {
        let directions = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
        Self::from_parts(size, origin_mm, spacing_mm, directions)
    }

    /// A grid of `size` voxels whose index maps to an index of this grid by `to_index`, which is
    /// a permutation, flip or shift: it cannot make the affine singular.
    pub(crate) fn transformed(&self, size: [usize; 3], to_index: &Matrix4<f64>) -> Self {
        let affine = self.affine * to_index;
        let inverse = affine.try_inverse().unwrap_or(self.inverse);
        Self {
            size,
            affine,
            inverse,
        }
    }

    /// Voxels along `i`, `j`, `k`.
    pub fn size(&self) -> [usize; 3] {
        self.size
    }

    /// Number of voxels.
    pub fn len(&self) -> usize {
        self.size.iter().product()
    }

    /// Never true: a grid has at least one voxel.
    pub fn is_empty(&self) -> bool {
        false
    }

    /// The map from voxel index to patient coordinates (LPS, millimetres).
    pub fn affine(&self) -> &Matrix4<f64> {
        &self.affine
    }

    /// Distance between neighbouring voxel centres along `i`, `j`, `k`, in millimetres.
    pub fn spacing_mm(&self) -> [f64; 3] {
        std::array::from_fn(|c| self.affine.fixed_view::<3, 1>(0, c).norm())
    }

    /// Unit directions of the axes `i`, `j`, `k` in patient coordinates (LPS).
    pub fn directions(&self) -> [[f64; 3]; 3] {
        let spacing = self.spacing_mm();
        std::array::from_fn(|c| std::array::from_fn(|r| self.affine[(r, c)] / spacing[c]))
    }

    /// Centre of voxel `[0, 0, 0]` in patient coordinates, in millimetres.
    pub fn origin_mm(&self) -> [f64; 3] {
        std::array::from_fn(|r| self.affine[(r, 3)])
    }

    /// Volume of one voxel, in cubic millimetres (also right for sheared grids).
    pub fn voxel_volume_mm3(&self) -> f64 {
        self.affine.fixed_view::<3, 3>(0, 0).determinant().abs()
    }

    /// Patient coordinates (LPS, millimetres) of a continuous voxel index.
    pub fn index_to_world(&self, index: [f64; 3]) -> [f64; 3] {
        let p = self.affine * Vector4::new(index[0], index[1], index[2], 1.0);
        [p.x, p.y, p.z]
    }

    /// Continuous voxel index of a point in patient coordinates (LPS, millimetres).
    pub fn world_to_index(&self, world_mm: [f64; 3]) -> [f64; 3] {
        let p = self.inverse * Vector4::new(world_mm[0], world_mm[1], world_mm[2], 1.0);
        [p.x, p.y, p.z]
    }

    /// Position in memory of voxel `[i, j, k]`, or `None` outside of the grid.
    pub fn offset(&self, index: [usize; 3]) -> Option<usize> {
        let [ni, nj, _] = self.size;
        (0..3)
            .all(|a| index[a] < self.size[a])
            .then(|| index[0] + ni * (index[1] + nj * index[2]))
    }

    /// Voxel index at a position in memory (the inverse of [`Geometry::offset`]).
    pub fn index_at(&self, offset: usize) -> [usize; 3] {
        let [ni, nj, _] = self.size;
        [offset % ni, offset / ni % nj, offset / (ni * nj)]
    }

    /// The nearest voxel to a continuous index, or `None` when it lies outside of the grid
    /// (more than half a voxel from the outermost centres).
    pub fn nearest_voxel(&self, index: [f64; 3]) -> Option<[usize; 3]> {
        let inside = (0..3).all(|a| index[a] >= -0.5 && index[a] < self.size[a] as f64 - 0.5);
        inside.then(|| {
            std::array::from_fn(|a| (index[a].round().max(0.0) as usize).min(self.size[a] - 1))
        })
    }

    /// Whether two grids are the same: equal sizes and corners that lie within a hundredth of the
    /// smallest spacing of each other (headers are rounded; a tenth of a voxel is a real shift).
    pub fn same_grid(&self, other: &Geometry) -> bool {
        if self.size != other.size {
            return false;
        }
        let tolerance_mm = 0.01 * self.spacing_mm().into_iter().fold(f64::INFINITY, f64::min);
        (0..8).all(|corner| {
            let index = std::array::from_fn(|a| {
                if corner >> a & 1 == 1 {
                    (self.size[a] - 1) as f64
                } else {
                    0.0
                }
            });
            let (p, q) = (self.index_to_world(index), other.index_to_world(index));
            Vector3::from(p).metric_distance(&Vector3::from(q)) <= tolerance_mm
        })
    }

    /// Three letters that say where `i`, `j`, `k` run to, nearest anatomical direction each:
    /// `LPS` for a standard axial DICOM grid, `PIR` for a sagittal one.
    ///
    /// Axes are given letters so that each anatomical axis occurs once, the steepest first.
    pub fn orientation(&self) -> String {
        let axes = self.nearest_axes();
        axes.iter()
            .map(|&(world, positive)| ANATOMICAL[world][usize::from(!positive)])
            .collect()
    }

    /// For each grid axis, the world axis it is nearest to and whether it runs in its positive
    /// direction; every world axis is used once.
    pub(crate) fn nearest_axes(&self) -> [(usize, bool); 3] {
        const ORDERS: [[usize; 3]; 6] = [
            [0, 1, 2],
            [0, 2, 1],
            [1, 0, 2],
            [1, 2, 0],
            [2, 0, 1],
            [2, 1, 0],
        ];
        let directions = self.directions();
        let score = |order: &[usize; 3]| -> f64 {
            (0..3).map(|axis| directions[axis][order[axis]].abs()).sum()
        };
        let best = ORDERS
            .iter()
            .copied()
            .reduce(|a, b| if score(&b) > score(&a) + 1e-12 { b } else { a })
            .unwrap_or([0, 1, 2]);
        std::array::from_fn(|axis| (best[axis], directions[axis][best[axis]] >= 0.0))
    }
}

/// Letters of the positive and the negative end of the LPS world axes.
pub(crate) const ANATOMICAL: [[char; 2]; 3] = [['L', 'R'], ['P', 'A'], ['S', 'I']];

impl fmt::Display for Geometry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [ni, nj, nk] = self.size;
        let s = self.spacing_mm();
        let o = self.origin_mm();
        write!(
            f,
            "{ni} x {nj} x {nk} voxels of {:.4} x {:.4} x {:.4} mm, axes to {}, first voxel at ({:.2}, {:.2}, {:.2}) mm LPS",
            s[0],
            s[1],
            s[2],
            self.orientation(),
            o[0],
            o[1],
            o[2]
        )
    }
}
