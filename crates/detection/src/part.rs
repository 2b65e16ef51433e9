//! A region within a box of the images.

use crate::DetectionError;
use triher_region::{IndexBox, bounding_box};
use triher_volume::{Geometry, Mask, Volume, crop};

/// A box of the images and a region in it, on the box's own grid.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    pub(crate) bounds: IndexBox,
    pub(crate) region: Mask,
}

impl Part {
    /// The part of a volume that lies in the box.
    pub(crate) fn cut<T: Clone>(&self, volume: &Volume<T>) -> Result<Vec<T>, DetectionError> {
        Ok(crop(volume, self.bounds.start, self.bounds.size())?.into_voxels())
    }

    /// The region on the grid of the images.
    pub(crate) fn whole(&self, geometry: &Geometry) -> Mask {
        let mut mask = Mask::filled(*geometry, false);
        for offset in self.offsets(geometry) {
            mask.voxels_mut()[offset] = true;
        }
        mask
    }

    /// Offsets of the region's voxels in the images, in rising order.
    pub(crate) fn offsets(&self, geometry: &Geometry) -> Vec<usize> {
        let inside = self.region.voxels().iter().enumerate();
        inside
            .filter(|&(_, &inside)| inside)
            .filter_map(|(offset, _)| {
                let index = self.region.geometry().index_at(offset);
                geometry.offset(std::array::from_fn(|a| index[a] + self.bounds.start[a]))
            })
            .collect()
    }

    /// The box of the region in the images; `None` when it is empty.
    pub(crate) fn own_bounds(&self) -> Option<IndexBox> {
        let own = bounding_box(&self.region)?;
        Some(IndexBox {
            start: std::array::from_fn(|a| own.start[a] + self.bounds.start[a]),
            end: std::array::from_fn(|a| own.end[a] + self.bounds.start[a]),
        })
    }

    /// Centre of the region, patient coordinates (LPS), millimetres; the box's first voxel when the region is empty.
    pub(crate) fn centre_mm(&self) -> [f64; 3] {
        let grid = self.region.geometry();
        let (mut sum, mut count) = ([0.0; 3], 0.0);
        for (offset, _) in self.region.voxels().iter().enumerate().filter(|v| *v.1) {
            let index = grid.index_at(offset);
            for a in 0..3 {
                sum[a] += index[a] as f64;
            }
            count += 1.0;
        }
        grid.index_to_world(sum.map(|s| s / f64::max(count, 1.0)))
    }
}

/// A box with room on each side, as far as the grid goes.
pub(crate) fn with_room(bounds: IndexBox, geometry: &Geometry, room_mm: f64) -> IndexBox {
    let (size, spacing) = (geometry.size(), geometry.spacing_mm());
    let room: [usize; 3] = std::array::from_fn(|a| (room_mm / spacing[a]).ceil() as usize);
    IndexBox {
        start: std::array::from_fn(|a| bounds.start[a].saturating_sub(room[a])),
        end: std::array::from_fn(|a| bounds.end[a].saturating_add(room[a]).min(size[a])),
    }
}
