//! What can go wrong when a model is fitted.

use crate::Model;
use triher_volume::VolumeError;

/// Why no kinetics could be fitted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PharmacokineticError {
    /// Images and mask do not share a grid.
    #[error(transparent)]
    Volume(#[from] VolumeError),
    /// The phases carry no times.
    #[error(
        "the phases carry no times, and kinetics are per minute: give the seconds of the phases"
    )]
    NoTimes,
    /// More unknowns than samples.
    #[error(
        "{samples} samples after the arrival of the contrast agent do not tell the {unknowns} unknowns of {model}: use a simpler model, or more phases"
    )]
    TooFewSamples {
        /// Samples after the first.
        samples: usize,
        /// Parameters of the model.
        unknowns: usize,
        /// The model.
        model: Model,
    },
    /// Times that do not rise or are not finite.
    #[error("the times of {what} have to rise and be finite")]
    BadTimes {
        /// Whose times.
        what: &'static str,
    },
    /// As many values as times are needed.
    #[error("{what} has {found} values for {expected} times")]
    Length {
        /// What.
        what: &'static str,
        /// Values that were given.
        found: usize,
        /// Values that were expected.
        expected: usize,
    },
    /// No voxel of the region can be fitted.
    #[error(
        "none of the {voxels} voxels of the region has a concentration in every phase: its signal before contrast is not positive, or a phase is not finite"
    )]
    NothingToFit {
        /// Voxels of the region.
        voxels: usize,
    },
    /// A number of the protocol makes no sense.
    #[error("{setting} cannot be {value}: give {allowed}")]
    BadSetting {
        /// The setting.
        setting: &'static str,
        /// Its value.
        value: f64,
        /// What it may be.
        allowed: &'static str,
    },
}
