//! What can go wrong with a registration.

/// Why two images could not be registered.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RegistrationError {
    /// The images, or the mask and the images, do not share a grid.
    #[error(transparent)]
    Volume(#[from] triher_volume::VolumeError),
    /// An option has a value that makes no sense.
    #[error("the registration option {option} cannot be {value}: it takes {allowed}")]
    BadOption {
        /// Name of the option.
        option: &'static str,
        /// The value as given.
        value: String,
        /// What may be given.
        allowed: &'static str,
    },
    /// The mask leaves too little to compare.
    #[error(
        "only {found} voxels of {spacing_mm:.2} mm are left to compare the phases by, at least {needed} are needed: give a larger mask or finer levels"
    )]
    TooFewVoxels {
        /// Voxels of the coarsest level inside the mask.
        found: usize,
        /// The least that can be used.
        needed: usize,
        /// Spacing of that level, in millimetres.
        spacing_mm: f64,
    },
    /// An image holds values that are not finite.
    #[error(
        "the {image} has {count} voxels that are not finite numbers: correct the file, or leave the phase out"
    )]
    NotFinite {
        /// Which image.
        image: &'static str,
        /// How many voxels.
        count: usize,
    },
    /// One grey value everywhere: there is nothing to align.
    #[error(
        "the {image} has the same value at every voxel of the region: there is nothing to align"
    )]
    Flat {
        /// Which image.
        image: &'static str,
    },
    /// The reference phase does not exist.
    #[error(
        "phase {reference} cannot be the reference: the series has {phases} phases, counted from 0"
    )]
    NoSuchPhase {
        /// The phase that was asked for.
        reference: usize,
        /// Phases of the series.
        phases: usize,
    },
}

/// An error on an option.
pub(crate) fn bad_option(
    option: &'static str,
    value: impl std::fmt::Debug,
    allowed: &'static str,
) -> RegistrationError {
    RegistrationError::BadOption {
        option,
        value: format!("{value:?}"),
        allowed,
    }
}
