//! What can go wrong when a lesion is measured.

use triher_region::RegionError;
use triher_volume::VolumeError;

/// Why features could not be computed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KineticsError {
    /// Images and mask do not share a grid.
    #[error(transparent)]
    Volume(#[from] VolumeError),
    /// The lesion could not be measured; an empty mask is [`RegionError::EmptyMask`].
    #[error(transparent)]
    Region(#[from] RegionError),
    /// Every voxel of the lesion had to be left out.
    #[error(
        "none of the {region} voxels of the lesion can be used: {not_finite} are not finite in some phase, {no_signal} have no signal \
         before contrast. Check that the first phase is an image of this patient and that the mask lies on the breast."
    )]
    NoUsableVoxels {
        /// Voxels of the mask.
        region: usize,
        /// Voxels that are not finite in some phase.
        not_finite: usize,
        /// Finite voxels whose intensity before contrast is not positive.
        no_signal: usize,
    },
    /// An option has a value that makes no sense.
    #[error("{option} cannot be {value}: give {allowed}")]
    BadOption {
        /// The option.
        option: &'static str,
        /// Its value.
        value: String,
        /// What it may be.
        allowed: &'static str,
    },
}
