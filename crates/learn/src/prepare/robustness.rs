//! Features that hold when images and masks change a little.

use crate::prepare::Selection;
use crate::{LearnError, TrainingFold};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What happens to features whose robustness is not known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum UnknownRobustness {
    /// They stay, as clinical columns should.
    #[default]
    Keep,
    /// They go.
    Drop,
}

/// Keeps features whose intraclass correlation under perturbation, or its lower confidence limit, is high enough.
///
/// The values come from outside: from repeated measurements of the same lesions (`triher robustness`), without any label. Zwanenburg
/// et al. 2019 (Scientific Reports 9:614) keep features whose lower limit is 0.75 or more.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RobustnessFilter {
    /// Intraclass correlation by name of the feature.
    pub icc: BTreeMap<String, f64>,
    /// Smallest value that stays.
    #[serde(default = "default_at_least")]
    pub at_least: f64,
    /// Features that are not in `icc`.
    #[serde(default)]
    pub unknown: UnknownRobustness,
}

fn default_at_least() -> f64 {
    0.75
}

impl RobustnessFilter {
    /// Finds the columns of the fold that stay; their values are not looked at.
    ///
    /// # Errors
    /// [`LearnError::NoFeatures`], [`LearnError::BadSetting`] and [`LearnError::NothingLeft`].
    pub fn fit(&self, fold: &TrainingFold<'_>) -> Result<Selection, LearnError> {
        let inputs = fold.x().columns();
        if inputs == 0 {
            return Err(LearnError::NoFeatures);
        }
        if !self.at_least.is_finite() {
            return Err(LearnError::BadSetting {
                name: "smallest intraclass correlation",
                value: self.at_least,
                remedy: "use a number such as 0.75",
            });
        }
        let kept: Vec<usize> = (0..inputs)
            .filter(|&j| match self.icc.get(&fold.feature_name(j)) {
                Some(icc) => *icc >= self.at_least,
                None => self.unknown == UnknownRobustness::Keep,
            })
            .collect();
        if kept.is_empty() {
            return Err(LearnError::NothingLeft {
                step: "the robustness filter",
                remedy: "no feature reaches the smallest intraclass correlation; lower `at_least`, or check that the names are those of the table",
            });
        }
        Ok(Selection::new("robustness filter", inputs, kept))
    }
}
