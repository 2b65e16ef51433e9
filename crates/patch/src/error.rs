//! What can go wrong between a lesion and the encoder.

use crate::Profile;
use triher_volume::VolumeError;

/// Why an encoder's input could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PatchError {
    /// The mask marks no voxel.
    #[error(
        "the mask is empty: it marks no voxel as lesion. Check that it is this patient's mask and that the lesion's label is above 0."
    )]
    EmptyMask,
    /// All parts of the mask are too small for the profile.
    #[error(
        "all {components} parts of the mask have {limit} voxels or fewer, and the profile {profile} drops such parts: draw the lesion as one part, or use the profile isotropic"
    )]
    OnlySmallParts {
        /// The profile.
        profile: Profile,
        /// Number of parts.
        components: usize,
        /// Parts of this many voxels and fewer are dropped.
        limit: usize,
    },
    /// A margin is not a number of 0 or more.
    #[error("{margin_mm} mm is no margin: give a number of 0 or more")]
    BadMargin {
        /// The margin as given, in millimetres.
        margin_mm: f64,
    },
    /// No voxel of a patch is a number.
    #[error(
        "none of the {voxels} voxels of the patch is a number (all are NaN or infinite): check the image where the lesion lies"
    )]
    NotFinite {
        /// Voxels of the patch.
        voxels: usize,
    },
    /// No profile has this name.
    #[error("there is no profile \"{name}\": choose fm-bcmri, bl4as or isotropic")]
    UnknownProfile {
        /// The name as given.
        name: String,
    },
    /// A profile exists, but not in this version.
    #[error(
        "the profile {name} has no version {version}: this triher knows version {known}; use the triher that wrote the file"
    )]
    UnknownVersion {
        /// The profile's name.
        name: String,
        /// The version as given.
        version: String,
        /// The version that is known.
        known: u32,
    },
    /// No variant has this name.
    #[error("there is no variant \"{name}\": choose bbox or roi-only")]
    UnknownVariant {
        /// The name as given.
        name: String,
    },
    /// No set of views has this name.
    #[error("there is no set of views \"{name}\": choose none, flips, shifts or flips-and-shifts")]
    UnknownTestTime {
        /// The name as given.
        name: String,
    },
    /// Phase arithmetic cannot be read.
    #[error(
        "\"{text}\" is no phase input: write a phase (C2) or a difference (C5-C2), where C0 is before contrast"
    )]
    BadPhaseInput {
        /// The text as given.
        text: String,
    },
    /// A phase that the input asks for is not there.
    #[error(
        "the input {input} needs phase C{missing}, but the study has the phases C0 to C{last}: choose inputs among these"
    )]
    MissingPhase {
        /// The input.
        input: String,
        /// The phase that is missing.
        missing: usize,
        /// The last phase that is there.
        last: usize,
    },
    /// Image and mask do not fit.
    #[error(transparent)]
    Volume(#[from] VolumeError),
}
