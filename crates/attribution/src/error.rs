//! Errors.

use thiserror::Error;

/// Whatever a [`Score`](crate::Score) or a model reports.
pub type Fault = Box<dyn std::error::Error + Send + Sync>;

/// Why there is no map.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum AttributionError {
    /// The network refused its inputs.
    #[error(transparent)]
    Network(#[from] triher_training::TrainingError),
    /// The score could not be computed.
    #[error("the score that is to be explained could not be computed: {0}")]
    Score(#[source] Fault),
    /// The score is no number.
    #[error(
        "the score that is to be explained is not a finite number: look for missing values in the features"
    )]
    NotFinite,
    /// Two parts do not fit together.
    #[error("{what}: {found} numbers were given and {expected} are needed")]
    Length {
        /// Of what.
        what: &'static str,
        /// How many there are.
        found: usize,
        /// How many there must be.
        expected: usize,
    },
    /// A setting is of no use.
    #[error("{0}")]
    Setting(String),
}

/// Checks a length.
pub(crate) fn check(
    what: &'static str,
    found: usize,
    expected: usize,
) -> Result<(), AttributionError> {
    if found == expected {
        return Ok(());
    }
    Err(AttributionError::Length {
        what,
        found,
        expected,
    })
}
