//! Steps between the table and the classifier that choose or change features, each fitted on a [`TrainingFold`] alone.

mod correlation;
mod duplicate;
mod elastic_net;
mod information;
mod missing;
mod product;
mod ranks;
mod robustness;
mod selection;
mod univariate;
mod variance;

pub use correlation::{Correlation, CorrelationFilter};
pub use duplicate::DuplicateFilter;
pub use elastic_net::{ElasticNetSelection, PathPoint, StrengthCurve, StrengthRule};
pub use missing::{MissingColumns, MissingRule};
pub use robustness::{RobustnessFilter, UnknownRobustness};
pub use selection::Selection;
pub use univariate::{
    Keep, UnivariateResult, UnivariateSelection, UnivariateTest, benjamini_hochberg,
};
pub use variance::VarianceFilter;

use crate::{LearnError, Matrix, TrainingFold};
use serde::{Deserialize, Serialize};

/// How features are prepared: the rule for missing values, then steps in their order.
///
/// The order of a [`Pipeline`](crate::Pipeline) is: medians for missing values, the rule for missing values, these steps,
/// standardisation, principal components, classifier. The default does nothing.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Preparation {
    /// Columns with missing values.
    #[serde(skip_serializing_if = "MissingRule::is_default")]
    pub missing: MissingRule,
    /// The steps, in the order in which they are done.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<StepSpec>,
}

impl Preparation {
    /// Whether nothing is done.
    pub fn is_default(&self) -> bool {
        self.missing.is_default() && self.steps.is_empty()
    }
}

/// One step and its settings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "snake_case")]
#[non_exhaustive]
pub enum StepSpec {
    /// See [`VarianceFilter`].
    Variance(VarianceFilter),
    /// See [`DuplicateFilter`].
    Duplicates(DuplicateFilter),
    /// See [`CorrelationFilter`].
    Correlation(CorrelationFilter),
    /// See [`RobustnessFilter`].
    Robustness(RobustnessFilter),
    /// See [`UnivariateSelection`].
    Univariate(UnivariateSelection),
    /// See [`ElasticNetSelection`].
    ElasticNet(ElasticNetSelection),
}

/// A fitted step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum FittedStep {
    /// Some of the columns.
    Selection(Selection),
}

impl StepSpec {
    /// Fits the step on the fold.
    ///
    /// # Errors
    /// As the `fit` of the step.
    pub fn fit(&self, fold: &TrainingFold<'_>) -> Result<FittedStep, LearnError> {
        let selection = match self {
            Self::Variance(step) => step.fit(fold)?,
            Self::Duplicates(step) => step.fit(fold)?,
            Self::Correlation(step) => step.fit(fold)?,
            Self::Robustness(step) => step.fit(fold)?,
            Self::Univariate(step) => step.fit(fold)?,
            Self::ElasticNet(step) => step.fit(fold)?,
        };
        Ok(FittedStep::Selection(selection))
    }
}

impl FittedStep {
    /// The rows after the step. `centres` has one entry for each row.
    ///
    /// # Errors
    /// [`LearnError::Length`] when the number of columns is another than in training.
    pub fn transform(&self, x: &Matrix, centres: &[Option<&str>]) -> Result<Matrix, LearnError> {
        let _ = centres;
        match self {
            Self::Selection(selection) => selection.transform(x),
        }
    }

    /// The fold after the step, for the next step's fit.
    ///
    /// # Errors
    /// As [`transform`](Self::transform).
    pub fn transform_training<'a>(
        &self,
        fold: TrainingFold<'a>,
    ) -> Result<TrainingFold<'a>, LearnError> {
        match self {
            Self::Selection(selection) => selection.transform_training(fold),
        }
    }

    /// For each column after the step, the column before it that it comes from.
    pub(crate) fn origins(&self, inputs: usize) -> Vec<usize> {
        let _ = inputs;
        match self {
            Self::Selection(selection) => selection.kept().to_vec(),
        }
    }

    /// A few words, as reports show them.
    pub(crate) fn describe(&self) -> String {
        match self {
            Self::Selection(selection) => format!(
                "{} ({} of {} features)",
                selection.by(),
                selection.kept().len(),
                selection.inputs()
            ),
        }
    }

    /// Number of columns after the step.
    pub(crate) fn outputs(&self, inputs: usize) -> usize {
        let _ = inputs;
        match self {
            Self::Selection(selection) => selection.kept().len(),
        }
    }

    /// What is wrong with a step read from a file for `features` columns.
    pub(crate) fn problem(&self, features: usize) -> Option<&'static str> {
        match self {
            Self::Selection(selection) => selection.problem(features),
        }
    }
}
