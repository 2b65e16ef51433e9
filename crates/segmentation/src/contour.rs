//! RTSTRUCT: closed contours, filled on the slices they lie on.

use crate::data::{Object, integer, items, text};
use crate::{NamedMask, SegmentationError};
use dicom_dictionary_std::tags;
use std::collections::BTreeMap;
use triher_volume::{Geometry, Mask, Provenance};

/// Points of all contours.
const MAX_POINTS: usize = 10_000_000;
/// A contour belongs to a slice when all of its points lie this near to it, in slice distances.
const ON_SLICE: f64 = 0.05;

/// Points of a contour on the slice's two axes.
type Polygon = Vec<[f64; 2]>;

/// Fills every region's contours on the images' grid: voxels whose centres lie inside, by the even-odd rule, so that a contour
/// within another is a hole.
pub(crate) fn read(object: &Object, grid: &Geometry) -> Result<Vec<NamedMask>, SegmentationError> {
    let mut names: BTreeMap<i64, String> = BTreeMap::new();
    for item in items(&object.data, tags::STRUCTURE_SET_ROI_SEQUENCE) {
        if let Some(number) = integer(item, tags::ROI_NUMBER) {
            names.insert(
                number,
                text(item, tags::ROI_NAME).unwrap_or_else(|| format!("region {number}")),
            );
        }
    }
    let mut masks = Vec::new();
    let mut points = 0;
    for item in items(&object.data, tags::ROI_CONTOUR_SEQUENCE) {
        let number = integer(item, tags::REFERENCED_ROI_NUMBER).unwrap_or(0);
        let label = names
            .get(&number)
            .cloned()
            .unwrap_or_else(|| format!("region {number}"));
        let mut slices: BTreeMap<(usize, usize), Vec<Polygon>> = BTreeMap::new();
        for contour in items(item, tags::CONTOUR_SEQUENCE) {
            let kind = text(contour, tags::CONTOUR_GEOMETRIC_TYPE).unwrap_or_default();
            if kind != "CLOSED_PLANAR" && kind != "CLOSEDPLANAR_XOR" {
                return Err(object.wrong(format!("the region {label} has a contour of the type {kind}, and closed ones enclose voxels: redraw it")));
            }
            let data = contour
                .get(tags::CONTOUR_DATA)
                .and_then(|e| e.to_multi_float64().ok())
                .unwrap_or_default();
            points += data.len() / 3;
            if points > MAX_POINTS
                || data.iter().any(|v| !v.is_finite())
                || data.len() % 3 != 0
                || data.len() < 9
            {
                return Err(
                    object.wrong(format!("the region {label} has a contour that is damaged"))
                );
            }
            let (slice, polygon) = on_slice(object, &label, grid, &data)?;
            slices.entry(slice).or_default().push(polygon);
        }
        let mut mask = Mask::filled(*grid, false);
        for ((axis, slice), polygons) in &slices {
            fill(&mut mask, *axis, *slice, polygons);
        }
        let mask = mask.with_provenance(Provenance::from_source(&object.file));
        masks.push(NamedMask {
            number: u32::try_from(number).unwrap_or(0),
            label,
            mask,
            warnings: Vec::new(),
        });
    }
    if masks.is_empty() {
        return Err(object.wrong("it holds no contours"));
    }
    Ok(masks)
}

/// The axis and slice that a contour lies on, and its points on the two other axes.
fn on_slice(
    object: &Object,
    label: &str,
    grid: &Geometry,
    data: &[f64],
) -> Result<((usize, usize), Polygon), SegmentationError> {
    let points: Vec<[f64; 3]> = data
        .chunks_exact(3)
        .map(|p| grid.world_to_index([p[0], p[1], p[2]]))
        .collect();
    for axis in [2, 1, 0] {
        let first = points[0][axis];
        if points.iter().any(|p| (p[axis] - first).abs() > ON_SLICE) {
            continue;
        }
        let slice = first.round();
        if (first - slice).abs() > ON_SLICE {
            return Err(object.wrong(format!(
                "a contour of the region {label} lies between slices ({:.2} of a slice off): it was drawn on other images; give the images it was drawn on",
                (first - slice).abs()
            )));
        }
        if slice < 0.0 || slice >= grid.size()[axis] as f64 {
            return Err(object.wrong(format!(
                "a contour of the region {label} lies outside of the images ({grid}): give the images it was drawn on"
            )));
        }
        let (u, v) = others(axis);
        return Ok((
            (axis, slice as usize),
            points.iter().map(|p| [p[u], p[v]]).collect(),
        ));
    }
    Err(object.wrong(format!("a contour of the region {label} does not lie on a slice of the images ({grid}): it was drawn on others")))
}

fn others(axis: usize) -> (usize, usize) {
    match axis {
        0 => (1, 2),
        1 => (0, 2),
        _ => (0, 1),
    }
}

/// Even-odd filling, row by row: crossings of each row of voxel centres with all edges of the slice.
fn fill(mask: &mut Mask, axis: usize, slice: usize, polygons: &[Polygon]) {
    let grid = *mask.geometry();
    let (u, v) = others(axis);
    for row in 0..grid.size()[v] {
        let y = row as f64;
        let mut crossings = Vec::new();
        for polygon in polygons {
            for (a, b) in polygon.iter().zip(polygon.iter().cycle().skip(1)) {
                // Half-open in y, so that a vertex on the row counts once.
                if (a[1] <= y) != (b[1] <= y) {
                    crossings.push(a[0] + (y - a[1]) / (b[1] - a[1]) * (b[0] - a[0]));
                }
            }
        }
        crossings.sort_by(f64::total_cmp);
        for pair in crossings.chunks_exact(2) {
            let last = grid.size()[u] as f64 - 1.0;
            let (from, to) = (pair[0].ceil().max(0.0), pair[1].floor().min(last));
            let mut at = from;
            while at <= to {
                let mut index = [0; 3];
                (index[axis], index[u], index[v]) = (slice, at as usize, row);
                if let Some(offset) = grid.offset(index) {
                    mask.voxels_mut()[offset] = true;
                }
                at += 1.0;
            }
        }
    }
}
