//! What is made of a classifier's probabilities: calibration, prediction sets, and a warning of rows unlike those of training.

mod calibration;
mod conformal;
mod coverage;
mod isotonic;
mod novelty;
mod scaling;

pub use calibration::{Calibration, Calibrator};
pub use conformal::{Conformal, ConformalScore, ConformalSpec, SetRows};
pub use coverage::{ClassCoverage, Coverage, coverage};
pub use isotonic::Isotonic;
pub use novelty::{Distances, Novelty, NoveltySpec};

use crate::inner::InnerFolds;
use serde::{Deserialize, Serialize};

/// What follows the classifier. Everything here is fitted on predictions of rows that were left out within the training fold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ProbabilitySpec {
    /// How probabilities are calibrated; as the classifier gives them when `None`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub calibration: Option<Calibration>,
    /// Prediction sets; none when `None`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conformal: Option<ConformalSpec>,
    /// Whether rows unlike those of training are found; not when `None`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub novelty: Option<NoveltySpec>,
    /// The folds within the training fold.
    pub inner: InnerFolds,
}
