//! What can go wrong with a correction.

/// Why a bias field could not be estimated.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BiasError {
    /// The image and the mask, or the field, do not share a grid.
    #[error(transparent)]
    Volume(#[from] triher_volume::VolumeError),
    /// An option has a value that makes no sense.
    #[error("the option {option} of N4 cannot be {value}: it takes {allowed}")]
    BadOption {
        /// Name of the option.
        option: &'static str,
        /// The value as given.
        value: String,
        /// What may be given.
        allowed: &'static str,
    },
    /// There is too little to estimate a field from.
    #[error(
        "only {found} voxels of the shrunk image are inside the mask and above 0, N4 needs at least {needed}: give a larger mask or a smaller shrink factor"
    )]
    TooFewVoxels {
        /// Voxels that could be used.
        found: usize,
        /// The least that can be used.
        needed: usize,
    },
    /// One grey value everywhere: no histogram can be sharpened.
    #[error("all voxels inside the mask have the same value: there is no field to be seen in them")]
    Flat,
}
