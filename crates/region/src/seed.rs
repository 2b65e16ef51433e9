//! Outlining an enhancing lesion from a point or a box.

use crate::{Connectivity, IndexBox, RegionError, connected_components};
use triher_volume::{DynamicSeries, Geometry, Mask};

/// How a lesion is outlined where no reader has drawn it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SeedOptions {
    /// A voxel belongs to the lesion when its early enhancement reaches this fraction of the peak
    /// near the seed.
    pub fraction: f64,
    /// Radius around the seed in which the peak is looked for, in millimetres.
    pub peak_radius_mm: f64,
    /// The lesion reaches at most this far from the seed, in millimetres.
    pub reach_mm: f64,
}

impl Default for SeedOptions {
    /// Half the peak within 5 mm, at most 40 mm away.
    fn default() -> Self {
        Self {
            fraction: 0.5,
            peak_radius_mm: 5.0,
            reach_mm: 40.0,
        }
    }
}

/// Outlines the lesion around a seed voxel.
///
/// Early enhancement is the first phase after contrast minus the phase before it. The peak is its 90th
/// percentile within `peak_radius_mm` of the seed; the lesion is the face-connected part that holds the seed (or the
/// strongest voxel near it) of all voxels within `reach_mm` that reach `fraction` of the peak, with holes filled.
///
/// This is a threshold outline, meant to be looked at: it follows vessels that touch the lesion.
///
/// # Errors
/// [`RegionError::SeedOutside`], [`RegionError::NoEnhancement`].
pub fn grow_from_seed(
    series: &DynamicSeries,
    seed: [usize; 3],
    options: &SeedOptions,
) -> Result<Mask, RegionError> {
    let geometry = series.geometry();
    let Some(seed_offset) = geometry.offset(seed) else {
        return Err(RegionError::SeedOutside {
            seed,
            size: geometry.size(),
        });
    };
    let enhancement = early_enhancement(series);
    let near = within(geometry, seed, options.peak_radius_mm);
    let threshold = threshold(&enhancement, near.iter().copied(), options).ok_or_else(|| {
        RegionError::NoEnhancement {
            place: format!("the seed voxel {seed:?}"),
        }
    })?;
    let candidates = within(geometry, seed, options.reach_mm);
    let mut mask = Mask::filled(*geometry, false);
    for offset in candidates {
        mask.voxels_mut()[offset] = f64::from(enhancement[offset]) >= threshold;
    }
    // A seed on a dark voxel inside the lesion still means this lesion: take the brightest near it.
    let start = if mask.voxels()[seed_offset] {
        seed_offset
    } else {
        let brightest = near
            .iter()
            .copied()
            .max_by(|&a, &b| enhancement[a].total_cmp(&enhancement[b]));
        brightest.unwrap_or(seed_offset)
    };
    let components = connected_components(&mask, Connectivity::Faces);
    let label = components.labels.voxels()[start];
    let region = components
        .region(label)
        .ok_or_else(|| RegionError::NoEnhancement {
            place: format!("the seed voxel {seed:?}"),
        })?;
    Ok(fill_holes(&region).with_provenance(
        series
            .pre()
            .provenance()
            .clone()
            .with_step(format!("lesion outlined from the seed voxel {seed:?}")),
    ))
}

/// Outlines the lesion inside a box: the largest face-connected part that reaches `fraction` of the
/// peak (90th percentile of the enhancing voxels) in the box, with holes filled.
///
/// # Errors
/// [`RegionError::BoxOutside`], [`RegionError::NoEnhancement`].
pub fn lesion_in_box(
    series: &DynamicSeries,
    bounds: IndexBox,
    options: &SeedOptions,
) -> Result<Mask, RegionError> {
    let geometry = series.geometry();
    bounds.check(geometry)?;
    let enhancement = early_enhancement(series);
    let inside: Vec<usize> = (0..geometry.len())
        .filter(|&o| bounds.contains(geometry.index_at(o)))
        .collect();
    let place = || format!("the box from {:?} to {:?}", bounds.start, bounds.end);
    let threshold = threshold(&enhancement, inside.iter().copied(), options)
        .ok_or_else(|| RegionError::NoEnhancement { place: place() })?;
    let mut mask = Mask::filled(*geometry, false);
    for offset in inside {
        mask.voxels_mut()[offset] = f64::from(enhancement[offset]) >= threshold;
    }
    let components = connected_components(&mask, Connectivity::Faces);
    let region = components
        .largest()
        .and_then(|label| components.region(label));
    let region = region.ok_or_else(|| RegionError::NoEnhancement { place: place() })?;
    let step = format!("lesion outlined in {}", place());
    Ok(fill_holes(&region).with_provenance(series.pre().provenance().clone().with_step(step)))
}

/// First phase after contrast minus the phase before it; NaN counts as no enhancement.
fn early_enhancement(series: &DynamicSeries) -> Vec<f32> {
    let first = series.post()[0].image.voxels();
    let difference = first.iter().zip(series.pre().voxels()).map(|(a, b)| a - b);
    difference
        .map(|d| if d.is_finite() { d } else { f32::MIN })
        .collect()
}

/// The fraction of the 90th percentile of the positive enhancement among some voxels.
fn threshold(
    enhancement: &[f32],
    voxels: impl Iterator<Item = usize>,
    options: &SeedOptions,
) -> Option<f64> {
    let mut positive: Vec<f32> = voxels
        .map(|o| enhancement[o])
        .filter(|&e| e > 0.0)
        .collect();
    positive.sort_by(f32::total_cmp);
    let rank = (positive.len() * 9 / 10).min(positive.len().checked_sub(1)?);
    Some(f64::from(positive[rank]) * options.fraction)
}

/// Offsets of the voxels whose centres lie within a radius of a voxel's centre.
fn within(geometry: &Geometry, centre: [usize; 3], radius_mm: f64) -> Vec<usize> {
    let spacing = geometry.spacing_mm();
    let size = geometry.size();
    // A sheared grid can bring far indices near; twice the reach covers any real scanner's grid.
    let span: [usize; 3] = std::array::from_fn(|a| (2.0 * radius_mm / spacing[a]).ceil() as usize);
    let low: [usize; 3] = std::array::from_fn(|a| centre[a].saturating_sub(span[a]));
    let high: [usize; 3] = std::array::from_fn(|a| (centre[a] + span[a] + 1).min(size[a]));
    let middle = geometry.index_to_world(centre.map(|c| c as f64));
    let mut offsets = Vec::new();
    for k in low[2]..high[2] {
        for j in low[1]..high[1] {
            for i in low[0]..high[0] {
                let p = geometry.index_to_world([i as f64, j as f64, k as f64]);
                let distance2: f64 = (0..3).map(|a| (p[a] - middle[a]).powi(2)).sum();
                if distance2 <= radius_mm * radius_mm
                    && let Some(offset) = geometry.offset([i, j, k])
                {
                    offsets.push(offset);
                }
            }
        }
    }
    offsets
}

/// Fills what the region encloses: parts of the outside that do not touch the border of the grid.
fn fill_holes(region: &Mask) -> Mask {
    let outside = region.map(|&inside| !inside);
    let components = connected_components(&outside, Connectivity::Faces);
    let geometry = region.geometry();
    let size = geometry.size();
    let mut open = vec![false; components.sizes.len() + 1];
    for (offset, &label) in components.labels.voxels().iter().enumerate() {
        let index = geometry.index_at(offset);
        if (0..3).any(|a| index[a] == 0 || index[a] + 1 == size[a]) {
            open[label as usize] = true;
        }
    }
    components
        .labels
        .map(|&label| label == 0 || !open[label as usize])
}
