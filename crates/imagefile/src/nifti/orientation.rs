//! From voxel index to patient coordinates: sform, qform, or neither.

use super::{Common, Version};
use nalgebra::{Matrix3, Matrix4, Rotation3, UnitQuaternion, Vector4};
use triher_volume::Geometry;

/// A disagreement of qform and sform counts from this part of the smallest voxel side, at the farthest corner.
const DISAGREEMENT_VOXELS: f64 = 0.1;

/// From voxel index to LPS millimetres: the sform when there is one, else the qform, else spacing only.
///
/// Spacing only means: for NIfTI, the standard's method 1 (axes to the right, front and head, first voxel at the
/// origin); for Analyze, its transverse order (axes to the left, front and head) with the grid's centre, or the
/// voxel that SPM names, at the origin, as nibabel reads it. Either way with a warning.
pub(super) fn affine(
    common: &Common,
    size: [usize; 3],
    warnings: &mut Vec<String>,
) -> Matrix4<f64> {
    let unit_mm = match common.units & 0x07 {
        1 => 1000.0,
        3 => 1e-3,
        _ => 1.0,
    };
    let sform = (common.sform_code > 0).then(|| sform(common));
    let qform = (common.qform_code > 0).then(|| qform(common));
    let mut usable = |name: &str, matrix: Option<Matrix4<f64>>| {
        let matrix = matrix?;
        // Whether it is a grid's is what Geometry decides.
        let sound = Geometry::new(size, matrix).is_ok();
        if !sound {
            warnings.push(format!(
                "the {name} is no map onto patient coordinates and was left out"
            ));
        }
        sound.then_some(matrix)
    };
    let sform = usable("sform", sform);
    let qform = usable("qform", qform);
    if let (Some(s), Some(q)) = (&sform, &qform) {
        let apart_mm = farthest_corner(s, q, size) * unit_mm;
        let side_mm = (0..3)
            .map(|c| s.fixed_view::<3, 1>(0, c).norm() * unit_mm)
            .fold(f64::INFINITY, f64::min);
        if apart_mm > DISAGREEMENT_VOXELS * side_mm {
            warnings.push(format!(
                "qform and sform disagree by up to {apart_mm:.2} mm; the sform was used. If the image lies wrong, correct the header"
            ));
        }
    }
    let ras = sform
        .or(qform)
        .unwrap_or_else(|| spacing_only(common, size, warnings));
    // RAS to LPS: the first two rows change sign. A length unit other than millimetres is scaled.
    Matrix4::from_fn(|r, c| match r {
        0 | 1 => -ras[(r, c)] * unit_mm,
        2 => ras[(r, c)] * unit_mm,
        _ => ras[(r, c)],
    })
}

fn last_row(column: usize) -> f64 {
    if column == 3 { 1.0 } else { 0.0 }
}

fn sform(common: &Common) -> Matrix4<f64> {
    Matrix4::from_fn(|r, c| common.srow.get(r).map_or(last_row(c), |row| row[c]))
}

/// The affine of the quaternion (`nifti1.h`, method 2).
fn qform(common: &Common) -> Matrix4<f64> {
    let [mut b, mut c, mut d] = common.quatern;
    let mut a = 1.0 - (b * b + c * c + d * d);
    if a < 1e-7 {
        // Rounded beyond a unit quaternion: a turn by 180 degrees, as nifti1_io.c takes it.
        let norm = (b * b + c * c + d * d).sqrt();
        (a, b, c, d) = (0.0, b / norm, c / norm, d / norm);
    } else {
        a = a.sqrt();
    }
    let rotation = [
        [
            a * a + b * b - c * c - d * d,
            2.0 * (b * c - a * d),
            2.0 * (b * d + a * c),
        ],
        [
            2.0 * (b * c + a * d),
            a * a + c * c - b * b - d * d,
            2.0 * (c * d - a * b),
        ],
        [
            2.0 * (b * d - a * c),
            2.0 * (c * d + a * b),
            a * a + d * d - b * b - c * c,
        ],
    ];
    // nifti1_io.c takes a spacing that is not positive for 1; a negative pixdim[0] flips the third axis.
    let side = |axis: usize| {
        Some(common.pixdim[axis])
            .filter(|s| *s > 0.0)
            .unwrap_or(1.0)
    };
    let flip = if common.pixdim[0] < 0.0 { -1.0 } else { 1.0 };
    let step = [side(1), side(2), side(3) * flip];
    Matrix4::from_fn(|r, col| match (r, col) {
        (3, col) => last_row(col),
        (r, 3) => common.qoffset[r],
        (r, col) => rotation[r][col] * step[col],
    })
}

/// The affine where the header tells no orientation.
fn spacing_only(common: &Common, size: [usize; 3], warnings: &mut Vec<String>) -> Matrix4<f64> {
    let spacing: [f64; 3] = std::array::from_fn(|axis| {
        let side = common.pixdim[axis + 1].abs();
        if side.is_finite() && side > 0.0 {
            side
        } else {
            1.0
        }
    });
    let (direction, first) = if common.version == Version::Analyze {
        let declared = common.spm_origin.map(f64::from);
        let count = size.map(|n| n as f64);
        let named = declared.iter().any(|o| *o != 0.0)
            && (0..3).all(|a| declared[a] > -count[a] && declared[a] < 2.0 * count[a]);
        let centre: [f64; 3] = std::array::from_fn(|a| {
            if named {
                declared[a] - 1.0
            } else {
                (count[a] - 1.0) / 2.0
            }
        });
        warnings.push(format!(
            "an Analyze header says nothing sure about orientation: the axes were taken to run to the left, front and head, with {} at the origin. Convert the file to NIfTI if that is wrong",
            if named { "SPM's origin voxel" } else { "the grid's centre" }
        ));
        ([-1.0, 1.0, 1.0], centre.map(|c| -c))
    } else {
        warnings.push(
            "the header has no qform and no sform, only spacing: the axes were taken to run to the right, front and head. Set the orientation in the header if that is wrong".to_owned(),
        );
        ([1.0; 3], [0.0; 3])
    };
    let mut affine = Matrix4::identity();
    for axis in 0..3 {
        affine[(axis, axis)] = direction[axis] * spacing[axis];
        affine[(axis, 3)] = direction[axis] * first[axis] * spacing[axis];
    }
    affine
}

/// The largest distance between the places that two affines give a grid's corners.
fn farthest_corner(a: &Matrix4<f64>, b: &Matrix4<f64>, size: [usize; 3]) -> f64 {
    (0..8)
        .map(|corner| {
            let index = |axis: usize| {
                if corner >> axis & 1 == 1 {
                    size[axis].saturating_sub(1) as f64
                } else {
                    0.0
                }
            };
            let p = Vector4::new(index(0), index(1), index(2), 1.0);
            (a * p - b * p).norm()
        })
        .fold(0.0, f64::max)
}

/// Quaternion (b, c, d) and sign of the third axis of a grid's directions in RAS; `None` when the grid is sheared,
/// which a qform cannot say.
pub(crate) fn quaternion_of(grid: &Geometry) -> Option<([f64; 3], f32)> {
    let lps = grid.directions();
    let mut turn = Matrix3::from_fn(|row, column| {
        let sign = if row < 2 { -1.0 } else { 1.0 };
        sign * lps[column][row]
    });
    let sheared = (0..3)
        .flat_map(|a| (0..a).map(move |b| (a, b)))
        .any(|(a, b)| turn.column(a).dot(&turn.column(b)).abs() > 1e-5);
    if sheared {
        return None;
    }
    let flip = if turn.determinant() < 0.0 { -1.0 } else { 1.0 };
    turn.column_mut(2).scale_mut(flip);
    let q = UnitQuaternion::from_rotation_matrix(&Rotation3::from_matrix_unchecked(turn));
    // NIfTI leaves out the real part, which must not be negative.
    let sign = if q.w < 0.0 { -1.0 } else { 1.0 };
    Some(([q.i * sign, q.j * sign, q.k * sign], flip as f32))
}
