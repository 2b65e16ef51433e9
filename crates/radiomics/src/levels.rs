//! Grey levels of a region: a box of whole numbers from 1, with 0 outside of the region.

use crate::prepare::Region;
use crate::settings::Discretisation;
use std::sync::OnceLock;
use triher_region::bounding_box;

/// More grey levels than this make matrices that no feature is meant for.
const MOST_LEVELS: f64 = 4096.0;

/// Grey levels of a region, in its box with a border of one voxel.
#[derive(Clone, Debug)]
pub(crate) struct Levels {
    /// Voxels along each axis, the border included.
    pub(crate) size: [usize; 3],
    /// Grey level of each voxel, 0 outside of the region.
    pub(crate) data: Vec<u16>,
    /// Highest grey level that the discretisation gives.
    pub(crate) count: usize,
    /// Places in memory of the voxels that have a grey level, in ascending order.
    inside: Vec<u32>,
    /// Which voxels belong to the whole region.
    whole: Vec<bool>,
    /// What [`Levels::depth`] gives, in space and within the slice, once it has been asked for.
    depth: [OnceLock<Vec<u16>>; 2],
}

/// Intensities to grey levels.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bins {
    low: f64,
    /// Bins for one unit of intensity.
    scale: f64,
    /// Highest grey level.
    pub(crate) count: usize,
}

impl Bins {
    /// The bins of intensities, or why there are none.
    pub(crate) fn new(
        intensities: &[f64],
        range: Option<[f64; 2]>,
        discretisation: Discretisation,
    ) -> Result<Self, &'static str> {
        let low = intensities.iter().copied().fold(f64::INFINITY, f64::min);
        let high = intensities
            .iter()
            .copied()
            .fold(f64::NEG_INFINITY, f64::max);
        match discretisation {
            Discretisation::None => {
                if low < 0.5 || intensities.iter().any(|v| (v - v.round()).abs() > 1e-3) {
                    return Err("not discretised: intensities are no whole numbers from 1");
                }
                Self::checked(0.5, 1.0, high.round())
            }
            Discretisation::BinNumber { bins } => {
                let range = high - low;
                let scale = if range > 0.0 {
                    f64::from(bins) / range
                } else {
                    0.0
                };
                Self::checked(low, scale, f64::from(bins))
            }
            Discretisation::BinWidth { width } => {
                let low = range.map_or(low, |r| r[0]);
                Self::checked(low, 1.0 / width, ((high - low) / width).floor() + 1.0)
            }
        }
    }

    fn checked(low: f64, scale: f64, count: f64) -> Result<Self, &'static str> {
        if count.is_nan() || count > MOST_LEVELS {
            return Err("more than 4096 grey levels: choose wider bins or a fixed number of bins");
        }
        Ok(Self {
            low,
            scale,
            count: count as usize,
        })
    }

    /// The grey level of an intensity, from 1.
    pub(crate) fn level(&self, intensity: f64) -> u16 {
        // Bins below the first all become the first, so towards zero is as good as down, and far faster.
        let bin = (((intensity - self.low) * self.scale) as i64).saturating_add(1);
        bin.clamp(1, self.count.max(1) as i64) as u16
    }
}

impl Levels {
    /// Grey levels in a box with a border, up to `count`, and which voxels belong to the whole region.
    pub(crate) fn of(size: [usize; 3], data: Vec<u16>, count: usize, whole: Vec<bool>) -> Self {
        let with_level = (0u32..).zip(&data).filter(|(_, level)| **level > 0);
        let inside = with_level.map(|(at, _)| at).collect();
        Self {
            size,
            data,
            count,
            inside,
            whole,
            depth: Default::default(),
        }
    }

    /// Grey levels of the voxels that count.
    pub(crate) fn new(region: &Region, bins: &Bins) -> Self {
        // The region is not empty: it has been prepared.
        let bounds = bounding_box(&region.morphological).unwrap_or(triher_region::IndexBox {
            start: [0; 3],
            end: [0; 3],
        });
        let size: [usize; 3] = std::array::from_fn(|a| bounds.size()[a] + 2);
        let mut data = vec![0u16; size.iter().product()];
        let mut whole = vec![false; data.len()];
        let [nx, ny, _] = region.image.geometry().size();
        let width = bounds.size()[0];
        for k in bounds.start[2]..bounds.end[2] {
            for j in bounds.start[1]..bounds.end[1] {
                let from = bounds.start[0] + nx * (j + ny * k);
                let to =
                    1 + size[0] * (j - bounds.start[1] + 1 + size[1] * (k - bounds.start[2] + 1));
                whole[to..][..width]
                    .copy_from_slice(&region.morphological.voxels()[from..][..width]);
                let values = region.image.voxels()[from..][..width].iter();
                let counted = &region.intensity.voxels()[from..][..width];
                for (level, (value, counted)) in
                    data[to..][..width].iter_mut().zip(values.zip(counted))
                {
                    if *counted {
                        *level = bins.level(f64::from(*value));
                    }
                }
            }
        }
        Self::of(size, data, bins.count, whole)
    }

    /// Places in memory of the voxels of a part of it that have a grey level, in ascending order.
    pub(crate) fn inside(&self, part: std::ops::Range<usize>) -> &[u32] {
        let place = |at: usize| self.inside.partition_point(|i| (*i as usize) < at);
        &self.inside[place(part.start)..place(part.end)]
    }

    /// Distance of each voxel from the border of the whole region, in steps over faces: 1 on the border, in space or within the slice.
    pub(crate) fn depth(&self, in_space: bool) -> &[u16] {
        let axes = if in_space { 3 } else { 2 };
        self.depth[usize::from(!in_space)].get_or_init(|| depth(&self.whole, self.size, axes))
    }

    /// Slices with the border, one after another.
    pub(crate) fn slice(&self, k: usize) -> std::ops::Range<usize> {
        let area = self.size[0] * self.size[1];
        k * area..(k + 1) * area
    }

    /// Slices that hold part of the region's box.
    pub(crate) fn slices(&self) -> std::ops::Range<usize> {
        1..self.size[2] - 1
    }

    /// Step in memory of a step on the grid.
    pub(crate) fn offset(&self, step: [isize; 3]) -> isize {
        step[0] + self.size[0] as isize * (step[1] + self.size[1] as isize * step[2])
    }
}

/// Distance from the border in steps over faces along the first `axes` axes; two sweeps give it exactly.
fn depth(inside: &[bool], size: [usize; 3], axes: usize) -> Vec<u16> {
    let strides = [1, size[0], size[0] * size[1]];
    let strides = &strides[..axes];
    let mut depth: Vec<u16> = inside.iter().map(|&v| u16::from(v) * u16::MAX).collect();
    // Voxels of the region do not lie in the border of the box, so every neighbour is there.
    for at in 0..depth.len() {
        if depth[at] > 0 {
            let nearest = strides.iter().map(|s| depth[at - s]).min().unwrap_or(0);
            depth[at] = depth[at].min(nearest.saturating_add(1));
        }
    }
    for at in (0..depth.len()).rev() {
        if depth[at] > 0 {
            let nearest = strides.iter().map(|s| depth[at + s]).min().unwrap_or(0);
            depth[at] = depth[at].min(nearest.saturating_add(1));
        }
    }
    depth
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bins_of_a_fixed_number_end_with_the_maximum() {
        let bins = Bins::new(
            &[0.0, 5.0, 10.0],
            None,
            Discretisation::BinNumber { bins: 4 },
        )
        .unwrap();
        let levels: Vec<u16> = [0.0, 2.4, 2.5, 5.0, 9.9, 10.0]
            .map(|v| bins.level(v))
            .into();
        assert_eq!(levels, [1, 1, 2, 3, 4, 4]);
    }

    #[test]
    fn bins_of_a_fixed_width_begin_at_the_range() {
        let width = Discretisation::BinWidth { width: 25.0 };
        let bins = Bins::new(&[-480.0, 0.0], Some([-500.0, 400.0]), width).unwrap();
        assert_eq!([-500.0, -475.0, 0.0].map(|v| bins.level(v)), [1, 2, 21]);
        let bins = Bins::new(&[-480.0, 0.0], None, width).unwrap();
        assert_eq!([-480.0, -455.0].map(|v| bins.level(v)), [1, 2]);
        assert!(Bins::new(&[0.0, 1e9], None, width).is_err());
    }

    #[test]
    fn depth_counts_steps_over_faces() {
        let size = [7, 7, 3];
        let mut inside = vec![false; 147];
        for j in 1..6 {
            for i in 1..6 {
                inside[i + 7 * j + 49] = true;
            }
        }
        let flat = depth(&inside, size, 2);
        assert_eq!((flat[49 + 7 + 1], flat[49 + 3 * 7 + 3]), (1, 3));
        assert_eq!(depth(&inside, size, 3)[49 + 3 * 7 + 3], 1);
    }
}
