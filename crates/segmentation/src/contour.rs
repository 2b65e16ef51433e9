//! RTSTRUCT (PS3.3, A.19): closed contours, filled on the slices they lie on.

use crate::data::{Object, integer, items, text};
use crate::polygon::{Polygon, fill};
use crate::{NamedMask, ReadOptions, SegmentationError};
use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;
use std::collections::BTreeMap;
use triher_volume::{Geometry, Mask, Provenance};

/// A contour belongs to a slice when all of its points lie this near to it, in slice distances.
const ON_SLICE: f64 = 0.05;

/// A slice: the axis of the grid that it lies across, and its number.
type Slice = (usize, usize);

/// Fills every region's contours on the images' grid.
pub(crate) fn read(
    object: &Object,
    grid: &Geometry,
    options: &ReadOptions,
) -> Result<Vec<NamedMask>, SegmentationError> {
    let mut names: BTreeMap<i64, String> = BTreeMap::new();
    for item in items(&object.data, tags::STRUCTURE_SET_ROI_SEQUENCE) {
        if let (Some(number), Some(name)) =
            (integer(item, tags::ROI_NUMBER), text(item, tags::ROI_NAME))
        {
            names.insert(number, name);
        }
    }
    let regions = items(&object.data, tags::ROI_CONTOUR_SEQUENCE);
    let mut masks = Vec::new();
    let mut left_out = Vec::new();
    for region in regions {
        let number = integer(region, tags::REFERENCED_ROI_NUMBER)
            .and_then(|n| u32::try_from(n).ok())
            .ok_or_else(|| object.damaged("contours belong to no region"))?;
        let label = names.get(&i64::from(number)).cloned();
        let label = label.unwrap_or_else(|| format!("region {number}"));
        let mut warnings = Vec::new();
        let slices = slices(object, grid, region, &label, &mut warnings)?;
        if slices.is_empty() {
            // Points and lines mark places; they enclose nothing.
            left_out.push(format!(
                "the region {label} has no closed contour and was left out"
            ));
            continue;
        }
        let all = grid.len().saturating_mul(masks.len() + 1);
        if all > options.max_voxels {
            return Err(object.too_large("the voxels of its regions are", all, options.max_voxels));
        }
        let mask = filled(grid, &slices);
        masks.push(NamedMask {
            number,
            label,
            mask: mask.with_provenance(Provenance::from_source(&object.file)),
            warnings,
        });
    }
    if masks.is_empty() {
        return Err(object.damaged("it holds no closed contours"));
    }
    for mask in &mut masks {
        mask.warnings.extend_from_slice(&left_out);
    }
    Ok(masks)
}

/// The closed contours of a region, by the slices that they lie on.
fn slices(
    object: &Object,
    grid: &Geometry,
    region: &InMemDicomObject,
    label: &str,
    warnings: &mut Vec<String>,
) -> Result<BTreeMap<Slice, Vec<Polygon>>, SegmentationError> {
    let mut slices: BTreeMap<Slice, Vec<Polygon>> = BTreeMap::new();
    let mut open = 0;
    for contour in items(region, tags::CONTOUR_SEQUENCE) {
        let kind = text(contour, tags::CONTOUR_GEOMETRIC_TYPE).unwrap_or_default();
        if kind != "CLOSED_PLANAR" && kind != "CLOSEDPLANAR_XOR" {
            open += 1;
            continue;
        }
        let points = points(contour).ok_or_else(|| {
            object.damaged(format!(
                "a contour of the region {label} is no list of points"
            ))
        })?;
        if points.len() < 3 {
            open += 1;
            continue;
        }
        let (slice, polygon) = on_slice(object, label, grid, &points)?;
        slices.entry(slice).or_default().push(polygon);
    }
    if open > 0 {
        warnings.push(format!(
            "{open} contours of the region {label} are points or lines, enclose nothing and were left out"
        ));
    }
    Ok(slices)
}

/// ContourData: finite coordinates, three a point.
fn points(contour: &InMemDicomObject) -> Option<Vec<[f64; 3]>> {
    let data = contour.get(tags::CONTOUR_DATA)?.to_multi_float64().ok()?;
    let (points, rest) = data.as_chunks::<3>();
    let whole = rest.is_empty() && data.iter().all(|v| v.is_finite());
    whole.then(|| points.to_vec())
}

/// The slice that a contour lies on, and its points on the two other axes.
fn on_slice(
    object: &Object,
    label: &str,
    grid: &Geometry,
    points: &[[f64; 3]],
) -> Result<(Slice, Polygon), SegmentationError> {
    let points: Vec<[f64; 3]> = points.iter().map(|p| grid.world_to_index(*p)).collect();
    let mut between = None;
    let mut outside = false;
    // Contours are drawn on the images as they were acquired: along k first.
    for axis in [2, 1, 0] {
        let along = points.iter().map(|p| p[axis]);
        let (low, high) = along.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), at| {
            (low.min(at), high.max(at))
        });
        let slice = (0.5 * (low + high)).round();
        let off = (low - slice).abs().max((high - slice).abs());
        if off <= ON_SLICE {
            if slice < 0.0 || slice >= grid.size()[axis] as f64 {
                outside = true;
                continue;
            }
            let [u, v] = others(axis);
            let polygon = points.iter().map(|p| [p[u], p[v]]).collect();
            return Ok(((axis, slice as usize), polygon));
        }
        if high - low <= 2.0 * ON_SLICE && between.is_none() {
            between = Some((axis, slice, 0.5 * (low + high) - slice));
        }
    }
    let (file, region) = (object.file.clone(), label.to_owned());
    let off_images = |how| SegmentationError::OffImages {
        file: file.clone(),
        region: region.clone(),
        how,
        grid: Box::new(*grid),
    };
    Err(match between {
        _ if outside => off_images("lies outside"),
        Some((axis, slice, gap)) => {
            let spacing_mm = grid.spacing_mm()[axis];
            SegmentationError::BetweenSlices {
                file,
                region,
                gap_mm: gap.abs() * spacing_mm,
                slice: slice as i64,
                spacing_mm,
            }
        }
        None => off_images("does not lie on a slice"),
    })
}

/// The two other axes.
fn others(axis: usize) -> [usize; 2] {
    match axis {
        0 => [1, 2],
        1 => [0, 2],
        _ => [0, 1],
    }
}

fn filled(grid: &Geometry, slices: &BTreeMap<Slice, Vec<Polygon>>) -> Mask {
    let mut mask = Mask::filled(*grid, false);
    for ((axis, slice), polygons) in slices {
        let [u, v] = others(*axis);
        let size = grid.size();
        fill([size[u], size[v]], polygons, |[at_u, at_v]| {
            let mut index = [*slice; 3];
            (index[u], index[v]) = (at_u, at_v);
            if let Some(voxel) = grid
                .offset(index)
                .and_then(|offset| mask.voxels_mut().get_mut(offset))
            {
                *voxel = true;
            }
        });
    }
    mask
}
