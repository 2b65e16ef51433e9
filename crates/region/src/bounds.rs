//! Boxes of voxels.

use crate::RegionError;
use triher_volume::{Geometry, Mask};

/// A box of voxels: from `start` up to, not including, `end`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
        std::array::from_fn(|a| (self.start[a] + self.end[a]) / 2)
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
    let geometry = mask.geometry();
    let mut start = [usize::MAX; 3];
    let mut end = [0; 3];
    for (offset, _) in mask
        .voxels()
        .iter()
        .enumerate()
        .filter(|&(_, &inside)| inside)
    {
        let index = geometry.index_at(offset);
        for a in 0..3 {
            start[a] = start[a].min(index[a]);
            end[a] = end[a].max(index[a] + 1);
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
