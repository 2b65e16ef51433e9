//! Images of one phase as a regular stack of slices.

use crate::DicomError;
use crate::header::Instance;
use triher_volume::{Geometry, VolumeError};

/// Positions closer than this share of the slice distance (or this many millimetres) are one.
const SAME_POSITION_MM: f64 = 0.01;
/// Distances between neighbours may differ by this share: positions are rounded in headers.
const EVEN: f64 = 0.02;

/// Orientation, size and spacing of an image: what all slices of a volume share.
pub(crate) fn same_plane(a: &Instance, b: &Instance) -> bool {
    let close = |a: &[f64], b: &[f64], by: f64| a.iter().zip(b).all(|(x, y)| (x - y).abs() <= by);
    let (Some(oa), Some(ob)) = (a.orientation, b.orientation) else {
        return false;
    };
    let (Some(sa), Some(sb)) = (a.pixel_spacing_mm, b.pixel_spacing_mm) else {
        return false;
    };
    (a.rows, a.columns) == (b.rows, b.columns) && close(&oa, &ob, 1e-3) && close(&sa, &sb, 1e-3)
}

/// Whether all images have one size and lie in parallel planes with the same spacing.
pub(crate) fn check_planes(label: &str, instances: &[&Instance]) -> Result<(), DicomError> {
    let Some(first) = instances.first() else {
        return Ok(());
    };
    let Some(other) = instances.iter().find(|i| !same_plane(first, i)) else {
        return Ok(());
    };
    if (first.rows, first.columns) != (other.rows, other.columns) {
        return Err(DicomError::InconsistentSizes {
            series: label.to_owned(),
            file: other.source.name.clone(),
            sizes: [[first.columns, first.rows], [other.columns, other.rows]],
        });
    }
    Err(DicomError::MixedOrientations {
        series: label.to_owned(),
        file: other.source.name.clone(),
        position_mm: other.position_mm.unwrap_or([f64::NAN; 3]),
    })
}

pub(crate) fn normal(orientation: &[f64; 6]) -> [f64; 3] {
    let [a, b, c, d, e, f] = *orientation;
    [b * f - c * e, c * d - a * f, a * e - b * d]
}

/// Position of an image along the normal of its plane.
pub(crate) fn along_normal(instance: &Instance) -> Option<f64> {
    let n = normal(instance.orientation.as_ref()?);
    let p = instance.position_mm?;
    Some(n[0] * p[0] + n[1] * p[1] + n[2] * p[2])
}

/// Distinct positions along the normal, rising.
pub(crate) fn distinct_positions(instances: &[&Instance]) -> Vec<f64> {
    let mut all: Vec<f64> = instances.iter().filter_map(|i| along_normal(i)).collect();
    all.sort_by(f64::total_cmp);
    all.dedup_by(|next, kept| (*next - *kept).abs() <= SAME_POSITION_MM);
    all
}

/// Number of a position among distinct ones.
pub(crate) fn position_index(positions: &[f64], at: f64) -> usize {
    let after = positions.partition_point(|p| *p < at - SAME_POSITION_MM);
    after.min(positions.len().saturating_sub(1))
}

/// Slices in the order of their positions, and the grid they make.
///
/// `i` runs along the rows, `j` along the columns, `k` along the normal; the step of `k` comes from the first and the last position.
pub(crate) fn stack<'a>(
    label: &str,
    instances: &[&'a Instance],
) -> Result<(Vec<&'a Instance>, Geometry), DicomError> {
    let mut slices: Vec<(f64, &Instance)> = Vec::with_capacity(instances.len());
    for instance in instances {
        match along_normal(instance) {
            Some(at) => slices.push((at, *instance)),
            None => {
                return Err(DicomError::file(
                    &instance.source.name,
                    "it has no ImagePositionPatient or ImageOrientationPatient, so its place in the patient is unknown",
                ));
            }
        }
    }
    slices.sort_by(|a, b| {
        a.0.total_cmp(&b.0)
            .then(a.1.instance_number.cmp(&b.1.instance_number))
    });
    if slices.is_empty() {
        return Err(DicomError::NoDynamicSeries(
            "a phase without images".to_owned(),
        ));
    }
    check_planes(label, instances)?;
    check_distances(label, &slices.iter().map(|s| s.0).collect::<Vec<_>>())?;
    let geometry = grid(&slices.iter().map(|s| s.1).collect::<Vec<_>>())?;
    Ok((slices.into_iter().map(|s| s.1).collect(), geometry))
}

/// Duplicates, gaps and uneven distances are errors that say where.
pub(crate) fn check_distances(label: &str, positions: &[f64]) -> Result<(), DicomError> {
    let gaps: Vec<f64> = positions.windows(2).map(|w| w[1] - w[0]).collect();
    if let Some(at) = gaps.iter().position(|g| *g <= SAME_POSITION_MM) {
        return Err(DicomError::DuplicateSlices {
            series: label.to_owned(),
            position_mm: positions[at],
        });
    }
    let mut sorted = gaps.clone();
    sorted.sort_by(f64::total_cmp);
    // The lower median: with few slices, a gap must not pass for the typical distance.
    let Some(&typical) = sorted.get(sorted.len().saturating_sub(1) / 2) else {
        return Ok(());
    };
    if let Some(at) = gaps.iter().position(|g| *g > 1.5 * typical) {
        return Err(DicomError::MissingSlice {
            series: label.to_owned(),
            place: format!(
                "between {:.2} and {:.2} mm, where neighbours are {typical:.2} mm apart",
                positions[at],
                positions[at + 1]
            ),
        });
    }
    let (lowest, highest) = (sorted[0], sorted[sorted.len() - 1]);
    if highest - lowest > (EVEN * typical).max(SAME_POSITION_MM) {
        return Err(DicomError::UnevenSlices {
            series: label.to_owned(),
            lowest_mm: lowest,
            highest_mm: highest,
            position_mm: gaps
                .iter()
                .position(|g| *g == highest)
                .map_or(f64::NAN, |at| positions[at]),
        });
    }
    Ok(())
}

/// The grid of ordered slices of one plane.
fn grid(slices: &[&Instance]) -> Result<Geometry, DicomError> {
    let (first, last) = (slices[0], slices[slices.len() - 1]);
    let orientation = first.orientation.unwrap_or_default();
    let [between_rows, between_columns] = first.pixel_spacing_mm.unwrap_or_default();
    let origin = first.position_mm.unwrap_or_default();
    let end = last.position_mm.unwrap_or_default();
    let n = normal(&orientation);
    let steps = (slices.len() - 1) as f64;
    // A single slice is as thick as it says.
    let thickness = first.slice_thickness_mm.filter(|t| *t > 0.0).unwrap_or(1.0);
    let step = |r: usize| {
        if steps > 0.0 {
            (end[r] - origin[r]) / steps
        } else {
            n[r] * thickness
        }
    };
    let affine = nalgebra::Matrix4::from_fn(|r, c| match (r, c) {
        (3, c) => f64::from(u8::from(c == 3)),
        (r, 0) => orientation[r] * between_columns,
        (r, 1) => orientation[3 + r] * between_rows,
        (r, 2) => step(r),
        (r, _) => origin[r],
    });
    Geometry::new([first.columns, first.rows, slices.len()], affine)
        .map_err(|e: VolumeError| e.into())
}
