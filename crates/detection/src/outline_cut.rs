//! The outline of a candidate by a graph cut.

use crate::breast::BreastRegion;
use crate::cut::{GridCapacities, minimum_cut};
use crate::outline::{closed_part, measurable, part_that_shares};
use crate::part::Part;
use crate::{DetectionError, DetectionOptions};
use triher_region::IndexBox;
use triher_volume::{DynamicSeries, Mask, crop};

/// Capacities are whole numbers: this is 1.
const UNIT: f64 = 1000.0;
/// A voxel fits a class at worst this badly (negative logarithm of its likelihood, relative to the best).
const WORST_FIT: f64 = 20.0;
/// Weight of the border between neighbours that look alike, against the fit of one voxel.
const BORDER: f64 = 2.0;

/// Outlines what enhances around a first guess by a minimum cut (Boykov and Jolly, ICCV 2001): each voxel's mean enhancement fits the
/// Gaussian of the guess or that of the rest of the box better, and a border costs most between neighbours that enhance alike.
///
/// Enhancement beyond a class's mean, away from the other class, fits as well as the mean. Borders cost the more the nearer two voxels lie. Skin, air
/// and what lies behind the chest wall, and the border of the box, go with the rest. `None` when nothing is left or there is nothing to tell apart.
pub(crate) fn outlined_by_cut(
    series: &DynamicSeries,
    breast: &BreastRegion,
    guess: &Part,
    bounds: IndexBox,
    options: &DetectionOptions,
) -> Result<Option<Part>, DetectionError> {
    let cut = |mask: &Mask| crop(mask, bounds.start, bounds.size());
    let inside = cut(&guess.whole(series.geometry()))?;
    let allowed = cut(&breast.breast)?;
    let depth = crop(&breast.depth_mm, bounds.start, bounds.size())?;
    let pre = crop(series.pre(), bounds.start, bounds.size())?;
    let mut enhancement = vec![0.0; pre.voxels().len()];
    for phase in series.post() {
        let after = crop(&phase.image, bounds.start, bounds.size())?;
        for ((e, a), b) in enhancement.iter_mut().zip(after.voxels()).zip(pre.voxels()) {
            *e += f64::from(a - b) / series.post().len() as f64;
        }
    }
    let usable = |o: usize| {
        let tissue = allowed.voxels()[o] && f64::from(depth.voxels()[o]) > options.skin_mm;
        (tissue || inside.voxels()[o]) && enhancement[o].is_finite()
    };
    let normal = |wanted: bool| {
        let chosen = (0..enhancement.len()).filter(|&o| usable(o) && inside.voxels()[o] == wanted);
        let values: Vec<f64> = chosen.map(|o| enhancement[o]).collect();
        let count = values.len() as f64;
        let mean = values.iter().sum::<f64>() / count;
        let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / count;
        (values.len() > 1 && variance > 0.0).then(|| (mean, variance.sqrt()))
    };
    let (Some(lesion), Some(rest)) = (normal(true), normal(false)) else {
        return Ok(None);
    };
    if lesion.0 <= rest.0 {
        return Ok(None);
    }
    let misfit = |value: f64, (mean, sd): (f64, f64)| 0.5 * ((value - mean) / sd).powi(2) + sd.ln();
    let size = bounds.size();
    let grid = *inside.geometry();
    let count = enhancement.len();
    let (mut to_source, mut to_sink) = (vec![0; count], vec![0; count]);
    for o in 0..count {
        let index = grid.index_at(o);
        // Along an axis of one or two voxels every voxel would be the border.
        let at_border = (0..3).any(|a| size[a] > 2 && (index[a] == 0 || index[a] + 1 == size[a]));
        if !usable(o) || (at_border && !inside.voxels()[o]) {
            to_sink[o] = (1e6 * UNIT) as i64;
            continue;
        }
        let as_lesion = misfit(enhancement[o].min(lesion.0), lesion);
        let as_rest = misfit(enhancement[o].max(rest.0), rest);
        let best = as_lesion.min(as_rest);
        to_sink[o] = (UNIT * (as_lesion - best).min(WORST_FIT)) as i64;
        to_source[o] = (UNIT * (as_rest - best).min(WORST_FIT)) as i64;
    }
    let spacing = grid.spacing_mm();
    let shortest = spacing.iter().copied().fold(f64::INFINITY, f64::min);
    let stride = [1, size[0], size[0] * size[1]];
    let between = std::array::from_fn(|a| {
        let capacity = |o: usize| {
            let other = o + stride[a];
            if grid.index_at(o)[a] + 1 >= size[a] || !usable(o) || !usable(other) {
                return 0;
            }
            let apart = (enhancement[o] - enhancement[other]) / rest.1;
            (UNIT * BORDER * (-0.5 * apart * apart).exp() * shortest / spacing[a]) as i64
        };
        (0..count).map(capacity).collect()
    });
    let capacities = GridCapacities {
        size,
        to_source,
        to_sink,
        between,
    };
    let Some(found) = minimum_cut(&capacities) else {
        return Ok(None);
    };
    let mut member = inside.map(|_| false);
    member.voxels_mut().copy_from_slice(&found.with_source);
    let Some(part) = part_that_shares(&member, &inside) else {
        return Ok(None);
    };
    let region = closed_part(&part, options)?;
    measurable(Part { bounds, region }, series)
}
