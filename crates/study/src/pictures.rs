//! Slices of the phases with the lesion's outline, for the patient's report.

use crate::StudyError;
use triher_patch::Window;
use triher_region::{IndexBox, bounding_box, outline};
use triher_report::{Catalogue, GreyImage, LabelledPicture, PhasePicture};
use triher_volume::{DynamicSeries, Geometry, Image, Mask, Phase, Volume, crop, reorient};

/// The slice of each phase on which the lesion is largest, with its outline and, where there is an
/// encoder, its crop.
///
/// Slices are those of the acquisition, drawn head up and with the patient's left on the right.
/// All phases share one grey window (1st to 99.5th percentile of the whole slices), so that enhancement shows. Heat (0 to 1, on the series'
/// grid) lies over each where given.
///
/// # Errors
/// When the images cannot be turned upright.
pub(crate) fn phases(
    series: &DynamicSeries,
    lesion: &Mask,
    window: Option<&Window>,
    heat: Option<&Image>,
    words: &Catalogue,
) -> Result<Vec<PhasePicture>, StudyError> {
    let upright = Upright::of(series.geometry());
    let crop = match window {
        Some(window) => {
            let window = window.index_box();
            let inside = Mask::from_fn(*series.geometry(), |index| {
                (0..3).all(|a| (window.start[a]..window.end[a]).contains(&index[a]))
            });
            bounding_box(&upright.turned(&inside)?)
        }
        None => None,
    };
    let lesion = upright.turned(lesion)?;
    let axis = upright.shown_axis(2);
    let index = fullest_slice(&lesion, axis);
    let slices = series
        .phases()
        .iter()
        .map(|p| Ok(Slice::of(&upright.turned(&p.image)?, axis, index)))
        .collect::<Result<Vec<Slice>, StudyError>>()?;
    let heat = heat.map(|heat| upright.turned(heat)).transpose()?;
    let heat = heat.map(|heat| Slice::of(&heat, axis, index).values);
    let window = grey_window(slices.iter().flat_map(|s| s.values.iter().copied()));
    let outlines = outline(&lesion, axis, index);
    let pictures = series.phases().iter().zip(&slices).enumerate();
    pictures
        .map(|(number, (phase, slice))| {
            Ok(PhasePicture {
                label: match number {
                    0 => words.text("phase-before"),
                    n => words.with("phase-after", &[("number", &n.to_string())]),
                },
                time_s: phase.time_s,
                slice: match &heat {
                    Some(heat) => slice.grey(window)?.with_heat(heat),
                    None => slice.grey(window)?,
                },
                outlines: outlines.clone(),
                crop: crop.as_ref().map(|bounds| in_plane(bounds, axis)),
            })
        })
        .collect()
}

/// The first difference (C1 - C0) in the three planes through the lesion, with heat (0 to 1, on the series' grid) over it where given. The
/// series begins with voxel `start` of the study, whose slices are numbered.
///
/// # Errors
/// None that a study which was read can cause.
pub(crate) fn planes(
    series: &DynamicSeries,
    lesion: &Mask,
    heat: Option<&Image>,
    start: [usize; 3],
    words: &Catalogue,
) -> Result<Vec<PhasePicture>, StudyError> {
    let first = &series.post()[0].image;
    let mut difference = first.clone();
    for (value, before) in difference
        .voxels_mut()
        .iter_mut()
        .zip(series.pre().voxels())
    {
        *value -= before;
    }
    let upright = Upright::of(series.geometry());
    let (difference, lesion) = (upright.turned(&difference)?, upright.turned(lesion)?);
    let heat = heat.map(|heat| upright.turned(heat)).transpose()?;
    ["plane-sagittal", "plane-coronal", "plane-axial"]
        .into_iter()
        .enumerate()
        .map(|(axis, plane)| {
            let index = fullest_slice(&lesion, axis);
            let slice = Slice::of(&difference, axis, index);
            let window = grey_window(slice.values.iter().copied());
            let stored = upright.stored_index(axis, index) + start[upright.stored_axis(axis)];
            let number = (stored + 1).to_string();
            let grey = slice.grey(window)?;
            Ok(PhasePicture {
                label: words.with(plane, &[("slice", &number)]),
                time_s: None,
                slice: match &heat {
                    Some(heat) => grey.with_heat(&Slice::of(heat, axis, index).values),
                    None => grey,
                },
                outlines: outline(&lesion, axis, index),
                crop: None,
            })
        })
        .collect()
}

/// A map at the voxels of a grid, linearly interpolated in patient coordinates. Outside of the map, and where it is no number, there is 0.
pub(crate) fn map_on(map: &Image, grid: &Geometry) -> Image {
    let from = map.geometry();
    let size = from.size();
    let value = |index: [usize; 3]| {
        let place = from.world_to_index(grid.index_to_world(index.map(|i| i as f64)));
        // Half a voxel beyond the outer centres still belongs to the map.
        let inside = (0..3).all(|a| place[a] >= -0.5 && place[a] <= size[a] as f64 - 0.5);
        if !inside {
            return 0.0;
        }
        let mut sum = 0.0;
        for corner in 0..8usize {
            let mut weight = 1.0;
            let mut at = [0; 3];
            for axis in 0..3 {
                let place = place[axis].clamp(0.0, (size[axis] - 1) as f64);
                let (low, part) = (place.floor(), place - place.floor());
                let upper = corner >> axis & 1;
                weight *= if upper == 1 { part } else { 1.0 - part };
                at[axis] = (low as usize + upper).min(size[axis] - 1);
            }
            let value = f64::from(map.get(at).copied().unwrap_or(0.0));
            if weight > 0.0 && value.is_finite() {
                sum += weight * value;
            }
        }
        sum as f32
    };
    Image::from_fn(*grid, value)
}

/// The absolute values of [`map_on`] divided by the 99.5th percentile of those that are not 0, so that single voxels do not hide the rest;
/// `None` when nothing is left.
pub(crate) fn heat_on(map: &Image, grid: &Geometry) -> Option<Image> {
    let mut heat = map_on(map, grid).map(|v| v.abs());
    let present = sorted(heat.voxels().iter().copied().filter(|v| *v > 0.0));
    let largest = value_at(&present, 0.995)?;
    for value in heat.voxels_mut() {
        *value = (*value / largest).min(1.0);
    }
    Some(heat)
}

/// Phases, outline and heat of the part of a study that holds heat, with some room around it.
pub(crate) struct Close {
    pub(crate) series: DynamicSeries,
    pub(crate) lesion: Mask,
    pub(crate) heat: Image,
    /// The voxel of the whole study that the part begins with.
    pub(crate) start: [usize; 3],
}

/// Room around the heat, mm.
const ROOM_MM: f64 = 8.0;

/// Goes close to the heat; the lesion stays in sight.
///
/// # Errors
/// None that a study which was read can cause.
pub(crate) fn close_to(
    series: &DynamicSeries,
    lesion: &Mask,
    heat: &Image,
) -> Result<Close, StudyError> {
    let mut shown = heat.map(|&h| h > 0.0);
    let inside = shown.voxels_mut().iter_mut().zip(lesion.voxels());
    inside.for_each(|(shown, lesion)| *shown |= lesion);
    let geometry = series.geometry();
    let (size, spacing) = (geometry.size(), geometry.spacing_mm());
    let bounds = bounding_box(&shown)
        .ok_or_else(|| StudyError::Internal("there is neither heat nor lesion".to_owned()))?;
    let room = |axis: usize| (ROOM_MM / spacing[axis]).ceil() as usize;
    let start = [0, 1, 2].map(|a| bounds.start[a].saturating_sub(room(a)));
    let count = [0, 1, 2].map(|a| (bounds.end[a] + room(a)).min(size[a]) - start[a]);
    let mut phases = Vec::with_capacity(series.phases().len());
    for phase in series.phases() {
        phases.push(Phase {
            image: crop(&phase.image, start, count)?,
            time_s: phase.time_s,
        });
    }
    Ok(Close {
        series: DynamicSeries::new(phases)?,
        lesion: crop(lesion, start, count)?,
        heat: crop(heat, start, count)?,
        start,
    })
}

/// The middle slice of each patch that the encoder sees.
///
/// # Errors
/// None that a study which was read can cause.
pub(crate) fn patches(patches: &[(String, Image)]) -> Result<Vec<LabelledPicture>, StudyError> {
    patches
        .iter()
        .map(|(name, patch)| {
            let slice = Slice::of(patch, 2, patch.geometry().size()[2] / 2);
            let window = grey_window(slice.values.iter().copied());
            Ok(LabelledPicture {
                label: name.clone(),
                image: slice.grey(window)?,
            })
        })
        .collect()
}

/// Directions in which radiologists look at slices: the patient's left on the right, the back and the feet below.
const UPRIGHT: &str = "LPI";

/// How a stored grid is turned for looking at, axis by axis.
pub(crate) struct Upright {
    /// For each shown axis: the stored axis, its size, and whether it runs the other way.
    axes: [(usize, usize, bool); 3],
}

impl Upright {
    pub(crate) fn of(stored: &Geometry) -> Self {
        let orientation = stored.orientation();
        let mut axes = [(0, 0, false); 3];
        for (axis, (shown, opposite)) in axes.iter_mut().zip(UPRIGHT.chars().zip("RAS".chars())) {
            let source = orientation.find([shown, opposite]).unwrap_or_default();
            let reversed = orientation.chars().nth(source) == Some(opposite);
            *axis = (source, stored.size()[source], reversed);
        }
        Self { axes }
    }

    pub(crate) fn turned<T: Clone>(&self, volume: &Volume<T>) -> Result<Volume<T>, StudyError> {
        reorient(volume, UPRIGHT).map_err(|e| StudyError::Internal(e.to_string()))
    }

    /// The shown axis that a stored one becomes.
    fn shown_axis(&self, stored: usize) -> usize {
        let found = self.axes.iter().position(|&(source, ..)| source == stored);
        found.unwrap_or(stored)
    }

    /// The stored axis that a shown one was.
    pub(crate) fn stored_axis(&self, shown: usize) -> usize {
        self.axes[shown].0
    }

    /// The number that a shown slice has in the stored grid.
    pub(crate) fn stored_index(&self, axis: usize, index: usize) -> usize {
        let (_, size, reversed) = self.axes[axis];
        if reversed { size - 1 - index } else { index }
    }
}

/// The slice across `axis` with most voxels of the lesion, the first of equals.
pub(crate) fn fullest_slice(lesion: &Mask, axis: usize) -> usize {
    let geometry = lesion.geometry();
    let mut counts = vec![0usize; geometry.size()[axis]];
    for (offset, _) in lesion
        .voxels()
        .iter()
        .enumerate()
        .filter(|&(_, &inside)| inside)
    {
        counts[geometry.index_at(offset)[axis]] += 1;
    }
    let mut best = 0;
    for (index, &count) in counts.iter().enumerate() {
        if count > counts[best] {
            best = index;
        }
    }
    debug_assert!(bounding_box(lesion).is_some());
    best
}

/// The window of 1st to 99.5th percentile.
pub(crate) fn grey_window(values: impl Iterator<Item = f32>) -> (f32, f32) {
    let sorted = sorted(values);
    let at = |share: f64| value_at(&sorted, share).unwrap_or(0.0);
    (at(0.01), at(0.995))
}

/// The finite values, ascending.
pub(crate) fn sorted(values: impl Iterator<Item = f32>) -> Vec<f32> {
    let mut sorted: Vec<f32> = values.filter(|v| v.is_finite()).collect();
    sorted.sort_by(f32::total_cmp);
    sorted
}

/// The value that is nearest to a share of an ascending sample; `None` for an empty one.
pub(crate) fn value_at(sorted: &[f32], share: f64) -> Option<f32> {
    let rank = (sorted.len().saturating_sub(1) as f64 * share).round() as usize;
    sorted.get(rank).copied()
}

fn in_plane(bounds: &IndexBox, axis: usize) -> [f64; 4] {
    let (u, v) = other_axes(axis);
    [
        bounds.start[u] as f64 - 0.5,
        bounds.start[v] as f64 - 0.5,
        bounds.end[u] as f64 - 0.5,
        bounds.end[v] as f64 - 0.5,
    ]
}

/// The two axes across an axis, in rising order.
fn other_axes(axis: usize) -> (usize, usize) {
    match axis {
        0 => (1, 2),
        1 => (0, 2),
        _ => (0, 1),
    }
}

/// One slice of an image.
pub(crate) struct Slice {
    /// Row by row.
    pub(crate) values: Vec<f32>,
    pub(crate) width: usize,
    pub(crate) height: usize,
    /// Height of a pixel divided by its width.
    pixel_aspect: f64,
}

impl Slice {
    pub(crate) fn of(image: &Image, axis: usize, index: usize) -> Self {
        let (u, v) = other_axes(axis);
        let size = image.geometry().size();
        let spacing = image.geometry().spacing_mm();
        let mut values = Vec::with_capacity(size[u] * size[v]);
        for b in 0..size[v] {
            for a in 0..size[u] {
                let mut at = [0; 3];
                (at[axis], at[u], at[v]) = (index, a, b);
                values.push(image.get(at).copied().unwrap_or(0.0));
            }
        }
        Self {
            values,
            width: size[u],
            height: size[v],
            pixel_aspect: spacing[v] / spacing[u],
        }
    }

    fn grey(&self, window: (f32, f32)) -> Result<GreyImage, StudyError> {
        let image = GreyImage::from_slice(&self.values, self.width, self.height, window);
        let image = image.map_err(|e| StudyError::Internal(e.to_string()))?;
        Ok(image.with_pixel_aspect(self.pixel_aspect))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_are_upright_whatever_the_grid_is_stored_like() {
        // Sagittal from right to left with rows that run up: "AS" in plane.
        let directions = [[0.0, -1.0, 0.0], [0.0, 0.0, 1.0], [1.0, 0.0, 0.0]];
        let grid = Geometry::from_parts([4, 5, 6], [0.0; 3], [1.0, 2.0, 3.0], directions).unwrap();
        let upright = Upright::of(&grid);
        assert_eq!(grid.orientation(), "ASL");
        assert_eq!(upright.shown_axis(2), 0);
        assert_eq!(upright.stored_index(0, 4), 4);
        assert_eq!(upright.stored_index(1, 0), 3);
        assert_eq!(upright.stored_index(2, 1), 3);
        let image = Image::from_fn(grid, |[i, j, k]| (i + 10 * j + 100 * k) as f32);
        let shown = upright.turned(&image).unwrap();
        let slice = Slice::of(&shown, 0, 4);
        // Top left: front and head.
        assert_eq!(slice.values[0], 443.0);
        assert_eq!((slice.width, slice.height, slice.pixel_aspect), (4, 5, 2.0));
    }
}
