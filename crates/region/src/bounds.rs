//! Boxes of voxels.

use crate::RegionError;
use triher_volume::{Geometry, Mask};

/// A box of voxels: from `start` up to, not including, `end`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct IndexBox {
    /// First voxel.
    pub start: [usize; 3],
    /// One past the last voxel.
    pub end: [usize; 3],
}

impl IndexBox {
    /// Voxels along each axis.
    pub fn size(&self) -> [usize; 3] {
        std::array::from_fn(|a| self.end[a].saturating_sub(self.start[a]))
    }

    /// The integer centre `(start + end) div 2`, as the published encoders' preprocessing takes it.
    pub fn centre(&self) -> [usize; 3] {
        std::array::from_fn(|a| self.start[a].midpoint(self.end[a]))
    }

    /// Whether a voxel lies inside.
    pub fn contains(&self, index: [usize; 3]) -> bool {
        (0..3).all(|a| (self.start[a]..self.end[a]).contains(&index[a]))
    }

    /// Checks that the box holds a voxel and lies inside of a grid.
    ///
    /// # Errors
    /// [`RegionError::BoxOutside`].
    pub fn check(&self, geometry: &Geometry) -> Result<(), RegionError> {
        let size = geometry.size();
        let inside = (0..3).all(|a| self.start[a] < self.end[a] && self.end[a] <= size[a]);
        if inside {
            Ok(())
        } else {
            Err(RegionError::BoxOutside {
                start: self.start,
                end: self.end,
                size,
            })
        }
    }
}

/// The smallest box that holds the region, or `None` when the region is empty.
pub fn bounding_box(mask: &Mask) -> Option<IndexBox> {
    let [ni, nj, _] = mask.geometry().size();
    let mut start = [usize::MAX; 3];
    let mut end = [0; 3];
    for (row, voxels) in mask.voxels().chunks(ni).enumerate() {
        // Most rows are empty, and all voxels at once are looked at sooner than one by one.
        if !voxels.iter().fold(false, |any, v| any | v) {
            continue;
        }
        let (Some(first), Some(last)) = (
            voxels.iter().position(|&v| v),
            voxels.iter().rposition(|&v| v),
        ) else {
            continue;
        };
        for (a, (low, high)) in [(first, last), (row % nj, row % nj), (row / nj, row / nj)]
            .into_iter()
            .enumerate()
        {
            start[a] = start[a].min(low);
            end[a] = end[a].max(high + 1);
        }
    }
    (end[0] > 0).then_some(IndexBox { start, end })
}

/// A region that fills a box.
///
/// # Errors
/// [`RegionError::BoxOutside`].
pub fn box_region(geometry: &Geometry, bounds: IndexBox) -> Result<Mask, RegionError> {
    bounds.check(geometry)?;
    Ok(Mask::from_fn(*geometry, |index| bounds.contains(index)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_box_is_found_again(a in prop::array::uniform3(0usize..6), b in prop::array::uniform3(0usize..8)) {
            let geometry = Geometry::axis_aligned([6, 7, 5], [1.0; 3], [0.0; 3]).unwrap();
            let bounds = IndexBox { start: a, end: b };
            match box_region(&geometry, bounds) {
                Ok(mask) => {
                    prop_assert_eq!(bounding_box(&mask), Some(bounds));
                    prop_assert_eq!(mask.count(), bounds.size().iter().product::<usize>());
                    prop_assert!(bounds.contains(bounds.centre()));
                }
                Err(error) => {
                    prop_assert!((0..3).any(|x| b[x] <= a[x] || b[x] > geometry.size()[x]), "{}", error);
                }
            }
        }
    }

    #[test]
    fn the_centre_is_rounded_down() {
        let bounds = IndexBox {
            start: [2, 3, 4],
            end: [5, 7, 5],
        };
        assert_eq!(bounds.centre(), [3, 5, 4]);
        assert_eq!(bounds.size(), [3, 4, 1]);
    }

    #[test]
    fn an_empty_mask_has_no_box() {
        let geometry = Geometry::axis_aligned([3, 2, 1], [1.0; 3], [0.0; 3]).unwrap();
        assert_eq!(bounding_box(&Mask::filled(geometry, false)), None);
    }
}
