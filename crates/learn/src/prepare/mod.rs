//! Steps between the table and the classifier that choose or change features, each fitted on a [`TrainingFold`] alone.

mod boruta;
mod combat;
mod correlation;
mod duplicate;
mod elastic_net;
mod information;
mod missing;
mod mrmr;
mod product;
mod robustness;
mod selection;
mod stability;
mod univariate;
mod variance;

pub use boruta::{Boruta, BorutaDecision, BorutaResult, Tentative};
pub use combat::{Combat, CombatPrior, FittedCombat, UnseenCentre};
pub use correlation::{Correlation, CorrelationFilter};
pub use duplicate::DuplicateFilter;
pub use elastic_net::{ElasticNetSelection, PathPoint, StrengthCurve, StrengthRule};
pub use missing::{MissingColumns, MissingRule};
pub use mrmr::{Mrmr, MrmrCriterion};
pub use robustness::{RobustnessFilter, UnknownRobustness};
pub use selection::Selection;
pub use stability::{StabilityResult, StabilitySelection};
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
    /// See [`Mrmr`].
    Mrmr(Mrmr),
    /// See [`StabilitySelection`].
    Stability(StabilitySelection),
    /// See [`Boruta`].
    Boruta(Boruta),
    /// See [`Combat`].
    Combat(Combat),
}

/// A fitted step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum FittedStep {
    /// Some of the columns.
    Selection(Selection),
    /// Centres brought together.
    Combat(Box<FittedCombat>),
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
            Self::Mrmr(step) => step.fit(fold)?,
            Self::Stability(step) => step.fit(fold)?,
            Self::Boruta(step) => step.fit(fold)?,
            Self::Combat(step) => return Ok(FittedStep::Combat(Box::new(step.fit(fold)?))),
        };
        Ok(FittedStep::Selection(selection))
    }
}

impl FittedStep {
    /// The rows after the step. `centres` has one entry for each row.
    ///
    /// # Errors
    /// [`LearnError::Length`] when the number of columns is another than in training, and [`LearnError::UnseenCentre`].
    pub fn transform(&self, x: &Matrix, centres: &[Option<&str>]) -> Result<Matrix, LearnError> {
        match self {
            Self::Selection(selection) => selection.transform(x),
            Self::Combat(combat) => combat.transform(x, centres),
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
            Self::Combat(combat) => combat.transform_training(fold),
        }
    }

    /// For each column after the step, the column before it that it comes from.
    pub(crate) fn origins(&self) -> Vec<usize> {
        match self {
            Self::Selection(selection) => selection.kept().to_vec(),
            Self::Combat(combat) => (0..combat.columns()).collect(),
        }
    }

    /// What a reader must know of the fit.
    pub fn notes(&self) -> Vec<String> {
        match self {
            Self::Selection(_) => Vec::new(),
            Self::Combat(combat) => combat
                .one_class_centres()
                .iter()
                .map(|centre| {
                    format!(
                        "all training patients of the centre {centre} are of one class: ComBat cannot tell the class from the centre there and takes both out"
                    )
                })
                .collect(),
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
            Self::Combat(combat) => format!("ComBat over {} centres", combat.centres().len()),
        }
    }

    /// Number of columns after the step.
    pub(crate) fn outputs(&self) -> usize {
        match self {
            Self::Selection(selection) => selection.kept().len(),
            Self::Combat(combat) => combat.columns(),
        }
    }

    /// What is wrong with a step read from a file for `features` columns.
    pub(crate) fn problem(&self, features: usize) -> Option<&'static str> {
        match self {
            Self::Selection(selection) => selection.problem(features),
            Self::Combat(combat) => combat.problem(features),
        }
    }
}
