//! PyRadiomics' bins: edges as NumPy makes them, so that a value on an edge falls where it falls there.

use super::parameters::Parameters;
use super::prepare::Region;
use crate::RadiomicsError;
use crate::levels::Levels;
use triher_region::bounding_box;

/// Grey levels of the region, the highest being that of its brightest voxel.
pub(super) fn levels(region: &Region, parameters: &Parameters) -> Result<Levels, RadiomicsError> {
    let values = region.intensities();
    let low = values.iter().copied().fold(f64::INFINITY, f64::min);
    let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let edges = edges(low, high, parameters)?;
    let bounds = bounding_box(&region.mask).ok_or(RadiomicsError::EmptyMask)?;
    let mut most = 1;
    let mut level = |value: f32| {
        let level = edges.partition_point(|e| *e <= f64::from(value)) as u16;
        most = most.max(level);
        level
    };
    let size: [usize; 3] = std::array::from_fn(|a| bounds.size()[a] + 2);
    let mut data = vec![0u16; size.iter().product()];
    let [nx, ny, _] = region.image.geometry().size();
    for k in 0..bounds.size()[2] {
        for j in 0..bounds.size()[1] {
            let from = bounds.start[0] + nx * (bounds.start[1] + j + ny * (bounds.start[2] + k));
            let to = 1 + size[0] * (j + 1 + size[1] * (k + 1));
            for i in 0..bounds.size()[0] {
                if region.mask.voxels()[from + i] {
                    data[to + i] = level(region.image.voxels()[from + i]);
                }
            }
        }
    }
    // No class of PyRadiomics asks for the distance from the border, so the whole region need not be known.
    let whole = vec![false; data.len()];
    Ok(Levels::of(size, data, usize::from(most), whole))
}

fn edges(low: f64, high: f64, parameters: &Parameters) -> Result<Vec<f64>, RadiomicsError> {
    let too_many = |setting, value: String| RadiomicsError::BadSetting {
        setting,
        value,
        allowed: "bins that give at most 4096 grey levels in this region",
    };
    if let Some(bins) = parameters.bin_count {
        if bins > 4096 {
            return Err(too_many("binCount", bins.to_string()));
        }
        let (low, high) = if low == high {
            (low - 0.5, high + 0.5)
        } else {
            (low, high)
        };
        let step = (high - low) / f64::from(bins);
        let mut edges: Vec<f64> = (0..=bins).map(|i| low + f64::from(i) * step).collect();
        if let Some(last) = edges.last_mut() {
            *last = high + 1.0;
        }
        return Ok(edges);
    }
    let width = parameters.bin_width;
    // Python's remainder has the divisor's sign.
    let first = low - low.rem_euclid(width);
    let count = ((high + 2.0 * width - first) / width).ceil();
    if count > 4098.0 {
        return Err(too_many("binWidth", width.to_string()));
    }
    Ok((0..count as usize)
        .map(|i| first + i as f64 * width)
        .collect())
}
