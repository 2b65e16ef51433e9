//! What can go wrong when an image is filtered.

/// Why an image could not be filtered.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FilterError {
    /// Volumes that do not fit together.
    #[error(transparent)]
    Volume(#[from] triher_volume::VolumeError),
    /// A setting has a value that makes no sense.
    #[error("the filter {kind} cannot have {setting} = {value}: it takes {allowed}")]
    BadSetting {
        /// Kind of the filter.
        kind: &'static str,
        /// Name of the setting.
        setting: &'static str,
        /// The value as given.
        value: String,
        /// What may be given.
        allowed: &'static str,
    },
    /// The filter treats all of its axes alike, the grid does not.
    #[error(
        "the filter {filter} needs the same spacing along {axes}, the image has {spacing_mm:?} mm: resample it to cubic voxels, or filter by slice"
    )]
    Anisotropic {
        /// Name of the filter.
        filter: String,
        /// The axes that it works along.
        axes: &'static str,
        /// Spacing of the image.
        spacing_mm: [f64; 3],
    },
    /// Voxels that are not numbers would spread over the whole response.
    #[error(
        "{count} voxels of the image are not finite numbers and would spread into the response of the filter {filter}: replace them first"
    )]
    NotFinite {
        /// Name of the filter.
        filter: String,
        /// How many voxels.
        count: usize,
    },
}
