//! Where a map lies against an outline.

use crate::AttributionError;
use crate::error::check;

/// A map against a region.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pointing {
    /// Whether the largest value lies in the region: a hit of the pointing game (Zhang et al., 2018, with no margin around the region).
    pub hit: bool,
    /// The largest value's place, `[z, y, x]`.
    pub peak: [usize; 3],
    /// The share of all positive attribution that lies in the region; `NaN` without any.
    pub share_inside: f64,
    /// The share of the voxels that the region holds: what a map without knowledge gets.
    pub share_of_voxels: f64,
}

/// Compares a map, `[z][y][x]` of `size` voxels, with a region on the same voxels.
///
/// # Errors
/// [`AttributionError::Length`] when map or region have another size.
pub fn pointing(
    map: &[f32],
    region: &[bool],
    size: [usize; 3],
) -> Result<Pointing, AttributionError> {
    let voxels = size.iter().product();
    check("voxels of the map", map.len(), voxels)?;
    check("voxels of the region", region.len(), voxels)?;
    let [_, rows, columns] = size;
    let mut peak = 0;
    let (mut inside, mut all) = (0f64, 0f64);
    for (at, (&value, &in_region)) in map.iter().zip(region).enumerate() {
        if value > map[peak] {
            peak = at;
        }
        let positive = f64::from(value.max(0.0));
        all += positive;
        inside += if in_region { positive } else { 0.0 };
    }
    let count = region.iter().filter(|&&r| r).count();
    Ok(Pointing {
        hit: region.get(peak).copied().unwrap_or(false),
        peak: [
            peak / (rows * columns),
            peak / columns % rows,
            peak % columns,
        ],
        share_inside: inside / all,
        share_of_voxels: count as f64 / region.len() as f64,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_and_the_peak_are_counted() {
        let map = [0.0, 1.0, 3.0, -5.0, 0.0, 0.0, 2.0, 0.0];
        let region = [true, false, true, true, false, false, false, false];
        let found = pointing(&map, &region, [2; 3]).unwrap();
        assert!(found.hit);
        assert_eq!(found.peak, [0, 1, 0]);
        assert_eq!((found.share_inside, found.share_of_voxels), (0.5, 0.375));
        assert!(!pointing(&map, &[false; 8], [2; 3]).unwrap().hit);
        assert!(pointing(&map, &region, [3; 3]).is_err());
    }
}
