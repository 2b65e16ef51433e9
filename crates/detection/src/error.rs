//! What can go wrong.

/// Why no lesion could be looked for.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DetectionError {
    /// There is no tissue in the images.
    #[error(
        "no breast was found: hardly a voxel is brighter than the air in front of it. Check that the images are breast MRI and that their geometry (front, back) is right, or give a mask, a box or a seed point."
    )]
    NoBreast,
    /// Nothing enhances in the breast.
    #[error(
        "nothing enhances in the breast: the images before and after contrast hardly differ. Check the order of the phases, or give a mask, a box or a seed point."
    )]
    NoEnhancement,
    /// No lesion could be told from its surroundings.
    #[error(
        "no lesion could be told from what surrounds {place}: choose a point inside the enhancing lesion, or a box that is larger than it"
    )]
    NoLesion {
        /// The seed or the box.
        place: String,
    },
    /// An option has a value without sense.
    #[error("the option {name} cannot be {value}: {allowed}")]
    BadOption {
        /// Name of the option.
        name: &'static str,
        /// Its value.
        value: f64,
        /// What is allowed.
        allowed: &'static str,
    },
    /// A region could not be made.
    #[error(transparent)]
    Region(#[from] triher_region::RegionError),
    /// Volumes do not fit.
    #[error(transparent)]
    Volume(#[from] triher_volume::VolumeError),
}
