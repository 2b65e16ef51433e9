//! From voxel index to patient coordinates: the fields of space.

use super::{Axes, Fields};
use crate::error::{Parse, malformed, unsupported};
use nalgebra::Matrix4;

/// From voxel index to LPS millimetres.
pub(super) fn affine(
    fields: &Fields,
    axes: &Axes,
    warnings: &mut Vec<String>,
) -> Parse<Matrix4<f64>> {
    let signs = signs(fields, warnings)?;
    let mut affine = Matrix4::identity();
    if let Some(text) = fields.get("spacedirections") {
        let vectors = vectors(text)?;
        for (column, &axis) in axes.space.iter().enumerate() {
            let Some(direction) = vectors.get(axis).copied().flatten() else {
                return malformed(format!(
                    "the space directions \"{text}\" have no direction for axis {axis}: the header is damaged"
                ));
            };
            for row in 0..3 {
                affine[(row, column)] = direction[row] * signs[row];
            }
        }
    } else if let Some(text) = fields.get("spacings") {
        let spacings: Vec<f64> = text
            .split_whitespace()
            .map(|t| t.parse().unwrap_or(f64::NAN))
            .collect();
        for (column, &axis) in axes.space.iter().enumerate() {
            let spacing = spacings.get(axis).copied().unwrap_or(f64::NAN);
            if spacing.is_finite() && spacing != 0.0 {
                affine[(column, column)] = spacing * signs[column];
            } else {
                affine[(column, column)] = signs[column];
                warnings.push(format!(
                    "the NRRD header has no spacing for axis {axis}: 1 mm was taken"
                ));
            }
        }
    } else {
        for row in 0..3 {
            affine[(row, row)] = signs[row];
        }
        warnings
            .push("the NRRD header has no spacing: voxels were taken for 1 mm cubes".to_owned());
    }
    if let Some(text) = fields.get("spaceorigin") {
        let Some(Some(origin)) = vectors(text)?.first().copied() else {
            return malformed(format!(
                "the space origin \"{text}\" is no point: the header is damaged"
            ));
        };
        for row in 0..3 {
            affine[(row, 3)] = origin[row] * signs[row];
        }
    }
    Ok(affine)
}

/// Signs that turn the file's space into LPS.
fn signs(fields: &Fields, warnings: &mut Vec<String>) -> Parse<[f64; 3]> {
    let space = fields.get("space").map(str::to_ascii_lowercase);
    Ok(match space.as_deref() {
        Some("left-posterior-superior" | "lps") => [1.0, 1.0, 1.0],
        Some("right-anterior-superior" | "ras") => [-1.0, -1.0, 1.0],
        Some("left-anterior-superior" | "las") => [1.0, -1.0, 1.0],
        Some(named @ ("scanner-xyz" | "3d-right-handed" | "3d-left-handed")) => {
            warnings.push(format!(
                "the space \"{named}\" says nothing about the patient: it was taken for left-posterior-superior"
            ));
            [1.0; 3]
        }
        Some(other) => {
            return unsupported(format!(
                "the space \"{other}\" is no anatomical one of three dimensions: save the file in left-posterior-superior"
            ));
        }
        None => {
            warnings.push("the NRRD header names no anatomical space: the axes were taken for left-posterior-superior".to_owned());
            [1.0; 3]
        }
    })
}

/// Vectors such as `(1,0,0) (0,1,0) none`.
pub(super) fn vectors(text: &str) -> Parse<Vec<Option<[f64; 3]>>> {
    let mut vectors = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix("none") {
            vectors.push(None);
            rest = after.trim_start();
            continue;
        }
        let inner = rest.strip_prefix('(').and_then(|r| r.split_once(')'));
        let Some((inner, after)) = inner else {
            return malformed(format!(
                "\"{text}\" is no list of vectors: the header is damaged"
            ));
        };
        let numbers: Option<Vec<f64>> = inner.split(',').map(|t| t.trim().parse().ok()).collect();
        match numbers.as_deref() {
            Some(&[x, y, z]) => vectors.push(Some([x, y, z])),
            _ => {
                return malformed(format!(
                    "\"({inner})\" is no vector of three numbers: the header is damaged"
                ));
            }
        }
        rest = after.trim_start();
    }
    Ok(vectors)
}
