//! The lesion's voxels that can be used.

use crate::KineticsError;
use rayon::prelude::*;
use triher_region::RegionError;
use triher_volume::{DynamicSeries, Mask};

/// How many voxels of a lesion were used and why the others were not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct VoxelCounts {
    /// Voxels of the mask.
    pub region: usize,
    /// Voxels that were used.
    pub used: usize,
    /// Voxels left out because they are not finite in some phase.
    pub not_finite: usize,
    /// Finite voxels left out because their intensity before contrast is not positive: enhancement relative to it
    /// has no meaning.
    pub no_signal: usize,
}

/// Counts the voxels that [`features`](crate::features) uses and leaves out.
///
/// # Errors
/// As [`curve`](crate::curve).
pub fn voxel_counts(series: &DynamicSeries, lesion: &Mask) -> Result<VoxelCounts, KineticsError> {
    Ok(LesionVoxels::collect(series, lesion)?.counts)
}

/// Intensities of the usable voxels of a lesion.
pub(crate) struct LesionVoxels {
    /// Phases of the series, at least two.
    pub(crate) phases: usize,
    /// Intensities: all phases of the first voxel, then of the next; voxels in memory order.
    pub(crate) values: Vec<f64>,
    /// Seconds after the pre-contrast phase.
    pub(crate) times_s: Option<Vec<f64>>,
    /// What was left out.
    pub(crate) counts: VoxelCounts,
}

impl LesionVoxels {
    /// Collects a lesion's voxels.
    pub(crate) fn collect(series: &DynamicSeries, lesion: &Mask) -> Result<Self, KineticsError> {
        series.pre().check_same_grid("image", lesion, "mask")?;
        let images: Vec<&[f32]> = series.phases().iter().map(|p| p.image.voxels()).collect();
        let phases = images.len();
        let offsets: Vec<usize> = (lesion.voxels().iter().enumerate())
            .filter_map(|(offset, &inside)| inside.then_some(offset))
            .collect();
        if offsets.is_empty() {
            return Err(RegionError::EmptyMask.into());
        }
        let mut counts = VoxelCounts {
            region: offsets.len(),
            used: 0,
            not_finite: 0,
            no_signal: 0,
        };
        let mut values = Vec::with_capacity(offsets.len() * phases);
        for &offset in &offsets {
            if !images.iter().all(|image| image[offset].is_finite()) {
                counts.not_finite += 1;
            } else if images[0][offset] <= 0.0 {
                counts.no_signal += 1;
            } else {
                counts.used += 1;
                values.extend(images.iter().map(|image| f64::from(image[offset])));
            }
        }
        if counts.used == 0 {
            return Err(KineticsError::NoUsableVoxels {
                region: counts.region,
                not_finite: counts.not_finite,
                no_signal: counts.no_signal,
            });
        }
        Ok(Self {
            phases,
            values,
            times_s: series.times_s(),
            counts,
        })
    }

    /// The curves of the voxels.
    pub(crate) fn curves(&self) -> std::slice::ChunksExact<'_, f64> {
        self.values.chunks_exact(self.phases)
    }

    /// The curves of the voxels, for parallel work in their order.
    pub(crate) fn par_curves(&self) -> rayon::slice::ChunksExact<'_, f64> {
        self.values.par_chunks_exact(self.phases)
    }

    /// The mean intensity of each phase.
    pub(crate) fn mean_curve(&self) -> Vec<f64> {
        let mut sums = vec![0f64; self.phases];
        for curve in self.curves() {
            for (sum, value) in sums.iter_mut().zip(curve) {
                *sum += value;
            }
        }
        sums.iter().map(|s| s / self.counts.used as f64).collect()
    }
}
