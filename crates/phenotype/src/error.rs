//! What can go wrong.

/// Why a lesion has no phenotypes.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PhenotypeError {
    /// The mask is empty.
    #[error(transparent)]
    Region(#[from] triher_region::RegionError),
    /// Mask and phases do not share a grid.
    #[error(transparent)]
    Volume(#[from] triher_volume::VolumeError),
    /// Enhancement cannot be told in any voxel.
    #[error(
        "none of the {voxels} voxels of the lesion has a positive, finite signal before contrast and finite ones after: enhancement cannot be told"
    )]
    NoUsableVoxels {
        /// Voxels of the mask.
        voxels: usize,
    },
    /// An option makes no sense.
    #[error("{clusters} clusters of curves are not possible: give from 2 to 16")]
    BadClusters {
        /// As given.
        clusters: usize,
    },
}
