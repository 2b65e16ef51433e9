//! What can go wrong when a region is measured.

use triher_volume::VolumeError;

/// Why no features could be computed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RadiomicsError {
    /// Image and mask do not share a grid, or the new grid is impossible.
    #[error(transparent)]
    Volume(#[from] VolumeError),
    /// An image could not be filtered.
    #[error(transparent)]
    Filter(#[from] triher_filter::FilterError),
    /// The mask has no voxel.
    #[error(
        "the mask has no voxel: nothing can be measured. Check that it was drawn on this image and that its label was read."
    )]
    EmptyMask,
    /// No voxel of the mask is left after resampling.
    #[error(
        "no voxel of the mask is left after resampling to {spacing_mm:?} mm: the region is smaller than a voxel of the new grid. \
         Use a finer spacing."
    )]
    LostByResampling {
        /// The new spacing.
        spacing_mm: [f64; 3],
    },
    /// No voxel of the mask is left after the range and the outliers were taken out.
    #[error(
        "none of the {voxels} voxels of the region is left: {not_finite} are not finite, the rest lies outside of the range. Check the \
         range of the resegmentation against the image's unit."
    )]
    NothingLeft {
        /// Voxels of the mask.
        voxels: usize,
        /// Voxels that are NaN or infinite.
        not_finite: usize,
    },
    /// A setting has a value that makes no sense.
    #[error("{setting} cannot be {value}: give {allowed}")]
    BadSetting {
        /// The setting.
        setting: &'static str,
        /// Its value.
        value: String,
        /// What it may be.
        allowed: &'static str,
    },
}
