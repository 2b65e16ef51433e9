//! What can go wrong when a cohort is simulated.

use triher_volume::VolumeError;

/// Why a patient could not be simulated.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SimulateError {
    /// A value of the specification makes no sense.
    #[error("centre \"{centre}\": {field} cannot be {value}; give {allowed}")]
    BadSpec {
        /// The centre's name.
        centre: String,
        /// The field of [`CentreSpec`](crate::CentreSpec).
        field: &'static str,
        /// Its value.
        value: String,
        /// What it may be.
        allowed: &'static str,
    },
    /// Two centres have one name.
    #[error(
        "two centres are named \"{name}\": patients need ids of their own, so give each centre another name"
    )]
    SameName {
        /// The name.
        name: String,
    },
    /// The specification has no such patient.
    #[error(
        "the cohort has no patient {patient} in centre {centre}: counting starts at 0, and `patients` lists them"
    )]
    NoSuchPatient {
        /// Index of the centre.
        centre: usize,
        /// Index of the patient in the centre.
        patient: usize,
    },
    /// The grid could not be made.
    #[error(transparent)]
    Volume(#[from] VolumeError),
}
