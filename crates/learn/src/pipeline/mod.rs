//! From raw features to probabilities: all steps, fitted on one fold.

mod fitted;

pub use fitted::FittedPipeline;

use crate::classifier::ClassifierSpec;
use crate::impute::MedianImputer;
use crate::inner::OutOfFold;
use crate::pca::{Pca, PcaSpec};
use crate::prepare::Preparation;
use crate::probability::{Calibrator, Conformal, Novelty, ProbabilitySpec, SetRows};
use crate::standardize::Standardizer;
use crate::tuning::TuningSpec;
use crate::{LearnError, TrainingFold};
use fitted::Front;
use serde::{Deserialize, Serialize};

/// The steps between raw features and probabilities.
///
/// Missing values are always imputed first, by [`MedianImputer`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PipelineSpec {
    /// Features that are left out or changed before all else, see [`Preparation`].
    #[serde(default, skip_serializing_if = "Preparation::is_default")]
    pub prepare: Preparation,
    /// Whether features are standardised ([`Standardizer`]).
    pub standardize: bool,
    /// Principal components to go on with; all features when `None`.
    #[serde(default)]
    pub pca: Option<PcaSpec>,
    /// The classifier.
    pub classifier: ClassifierSpec,
    /// What follows the classifier: calibration, prediction sets, distances from the training rows.
    #[serde(default)]
    pub probability: ProbabilitySpec,
    /// Search for the classifier's settings within each training fold; none when `None`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tuning: Option<TuningSpec>,
}

impl PipelineSpec {
    /// Standardised features and a classifier, with nothing else.
    pub fn new(classifier: ClassifierSpec) -> Self {
        Self {
            prepare: Preparation::default(),
            standardize: true,
            pca: None,
            classifier,
            probability: ProbabilitySpec::default(),
            tuning: None,
        }
    }
}

/// Steps that are not fitted yet.
#[derive(Clone, Debug, PartialEq)]
pub struct Pipeline {
    spec: PipelineSpec,
}

impl Pipeline {
    /// The steps of a specification.
    pub fn new(spec: PipelineSpec) -> Self {
        Self { spec }
    }

    /// The specification.
    pub fn spec(&self) -> &PipelineSpec {
        &self.spec
    }

    /// Fits every step on the fold, each on what the one before it made of the fold.
    ///
    /// What follows the classifier is fitted on predictions of rows that were left out within the fold, by pipelines fitted
    /// anew from the first step on. A tuning comes first, and its result is what all later fits use.
    ///
    /// # Errors
    /// As the steps: [`MedianImputer::fit`], [`MissingRule::fit`](crate::MissingRule::fit), [`StepSpec::fit`](crate::StepSpec::fit), [`Standardizer::fit`], [`Pca::fit`], [`ClassifierSpec::fit`],
    /// [`Calibrator::fit`], [`Conformal::fit`]; [`LearnError::FewInnerPatients`] when a class has too few patients for inner folds.
    pub fn fit(&self, fold: &TrainingFold<'_>) -> Result<FittedPipeline, LearnError> {
        let mut classifier = self.spec.classifier.clone();
        let mut tuned = None;
        if let Some(tuning) = self.spec.tuning {
            let found = tuning.search(&classifier, fold, |candidate, part, x, centres| {
                self.steps(candidate, part)?.predict_proba_at(x, centres)
            })?;
            classifier = found.classifier.clone();
            tuned = Some(found);
        }
        let spec = &self.spec.probability;
        let split = spec.conformal.is_some_and(|c| c.rows == SetRows::Split);
        let mut fitted = if split {
            let (apart, kept) = crate::inner::assign(fold, spec.inner)?.sides(0);
            let mut fitted = self.calibrated(&classifier, &fold.part(&kept))?.0;
            let apart = fold.part(&apart);
            let unseen = OutOfFold {
                probabilities: fitted.predict_proba_at(apart.x(), apart.centres())?,
                y: apart.y().to_vec(),
                fold_of: vec![0; apart.y().len()],
            };
            fitted.conformal = spec
                .conformal
                .map(|c| Conformal::fit(c, &unseen))
                .transpose()?;
            fitted
        } else {
            let (mut fitted, out) = self.calibrated(&classifier, fold)?;
            if let (Some(conformal), Some(out)) = (spec.conformal, out) {
                fitted.conformal = Some(Conformal::fit(conformal, &out)?);
            }
            fitted
        };
        if let Some(novelty) = spec.novelty {
            // All rows of the fold, in the coordinates of this pipeline's own preparation.
            let prepared = fold
                .clone()
                .with_values(fitted.prepare(fold.x(), fold.centres())?);
            let found = Novelty::fit(novelty, spec.inner, fold, &prepared, |part, x, centres| {
                let (front, prepared) = self.prepared(part)?;
                Ok((prepared, front.borrowed().transform(x, centres)?))
            })?;
            fitted.novelty = Some(found);
        }
        fitted.tuned = tuned;
        Ok(fitted)
    }

    /// Everything before the principal components, and the fold in its coordinates.
    fn prepared<'a>(
        &self,
        raw: &TrainingFold<'a>,
    ) -> Result<(Front, TrainingFold<'a>), LearnError> {
        let imputer = MedianImputer::fit(raw)?;
        let mut fold = imputer.transform_training(raw.clone())?;
        let mut missing = None;
        if !self.spec.prepare.missing.is_default() {
            let rule = self.spec.prepare.missing.fit(raw)?;
            fold = rule.transform_training(raw, fold)?;
            missing = Some(rule);
        }
        let mut steps = Vec::with_capacity(self.spec.prepare.steps.len());
        for spec in &self.spec.prepare.steps {
            let step = spec.fit(&fold)?;
            fold = step.transform_training(fold)?;
            steps.push(step);
        }
        let mut standardizer = None;
        if self.spec.standardize {
            let step = Standardizer::fit(&fold)?;
            fold = step.transform_training(fold)?;
            standardizer = Some(step);
        }
        let front = Front {
            imputer,
            missing,
            steps,
            standardizer,
        };
        Ok((front, fold))
    }

    /// The steps up to and with a classifier.
    fn steps(
        &self,
        classifier: &ClassifierSpec,
        fold: &TrainingFold<'_>,
    ) -> Result<FittedPipeline, LearnError> {
        let (front, mut fold) = self.prepared(fold)?;
        let mut pca = None;
        if let Some(spec) = self.spec.pca {
            let step = Pca::fit(&fold, spec)?;
            fold = step.transform_training(fold)?;
            pca = Some(step);
        }
        Ok(FittedPipeline {
            imputer: front.imputer,
            missing: front.missing,
            steps: front.steps,
            standardizer: front.standardizer,
            pca,
            classifier: classifier.fit(&fold)?,
            calibrator: None,
            conformal: None,
            novelty: None,
            tuned: None,
        })
    }

    /// The steps with their calibration, and calibrated out-of-fold predictions where something needs them: those of each inner
    /// fold are calibrated by what was fitted on the other ones.
    fn calibrated(
        &self,
        classifier: &ClassifierSpec,
        fold: &TrainingFold<'_>,
    ) -> Result<(FittedPipeline, Option<OutOfFold>), LearnError> {
        let spec = &self.spec.probability;
        let mut fitted = self.steps(classifier, fold)?;
        let sets = spec.conformal.is_some_and(|c| c.rows == SetRows::OutOfFold);
        if spec.calibration.is_none() && !sets {
            return Ok((fitted, None));
        }
        let mut out = OutOfFold::of(fold, spec.inner, |part, x, centres| {
            self.steps(classifier, part)?.predict_proba_at(x, centres)
        })?;
        if let Some(method) = spec.calibration {
            fitted.calibrator = Some(Calibrator::fit(method, &out)?);
            if sets {
                out = out.cross_calibrated(|part| Calibrator::fit(method, part))?;
            }
        }
        Ok((fitted, Some(out)))
    }
}
