//! From raw features to probabilities: all steps, fitted on one fold.

use crate::classifier::{ClassifierSpec, FittedClassifier};
use crate::impute::MedianImputer;
use crate::inner::OutOfFold;
use crate::pca::{Pca, PcaSpec};
use crate::probability::{Calibrator, Conformal, Distances, Novelty, ProbabilitySpec, SetRows};
use crate::standardize::Standardizer;
use crate::tuning::{Tuned, TuningSpec};
use crate::{LearnError, Matrix, TrainingFold};
use serde::{Deserialize, Serialize};

/// The steps between raw features and probabilities.
///
/// Missing values are always imputed first, by [`MedianImputer`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PipelineSpec {
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

/// All steps, fitted on the same fold.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FittedPipeline {
    imputer: MedianImputer,
    standardizer: Option<Standardizer>,
    pca: Option<Pca>,
    classifier: FittedClassifier,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    calibrator: Option<Calibrator>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    conformal: Option<Conformal>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    novelty: Option<Novelty>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tuned: Option<Tuned>,
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
    /// As the steps: [`MedianImputer::fit`], [`Standardizer::fit`], [`Pca::fit`], [`ClassifierSpec::fit`],
    /// [`Calibrator::fit`], [`Conformal::fit`]; [`LearnError::FewInnerPatients`] when a class has too few patients for inner folds.
    pub fn fit(&self, fold: &TrainingFold<'_>) -> Result<FittedPipeline, LearnError> {
        let mut classifier = self.spec.classifier.clone();
        let mut tuned = None;
        if let Some(tuning) = self.spec.tuning {
            let found = tuning.search(&classifier, fold, |candidate, part, x| {
                self.steps(candidate, part)?.predict_proba(x)
            })?;
            classifier = found.classifier.clone();
            tuned = Some(found);
        }
        let spec = &self.spec.probability;
        let split = spec.conformal.is_some_and(|c| c.rows == SetRows::Split);
        let mut fitted = if split {
            let fold_of = crate::inner::assign(fold, spec.inner, 0)?;
            let (apart, kept): (Vec<usize>, Vec<usize>) =
                (0..fold_of.len()).partition(|&row| fold_of[row] == 0);
            let mut fitted = self.calibrated(&classifier, &fold.part(&kept))?.0;
            let apart = fold.part(&apart);
            let unseen = OutOfFold {
                probabilities: fitted.predict_proba(apart.x())?,
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
            let prepared = fold.clone().with_values(fitted.prepare(fold.x())?);
            let found = Novelty::fit(novelty, spec.inner, fold, &prepared, |part, x| {
                let (imputer, standardizer, prepared) = self.prepared(part)?;
                Ok((prepared, transformed(&imputer, standardizer.as_ref(), x)?))
            })?;
            fitted.novelty = Some(found);
        }
        fitted.tuned = tuned;
        Ok(fitted)
    }

    /// Imputation and standardisation, and the fold in their coordinates.
    fn prepared<'a>(
        &self,
        fold: &TrainingFold<'a>,
    ) -> Result<(MedianImputer, Option<Standardizer>, TrainingFold<'a>), LearnError> {
        let imputer = MedianImputer::fit(fold)?;
        let mut fold = imputer.transform_training(fold.clone())?;
        let mut standardizer = None;
        if self.spec.standardize {
            let step = Standardizer::fit(&fold)?;
            fold = step.transform_training(fold)?;
            standardizer = Some(step);
        }
        Ok((imputer, standardizer, fold))
    }

    /// The steps up to and with a classifier.
    fn steps(
        &self,
        classifier: &ClassifierSpec,
        fold: &TrainingFold<'_>,
    ) -> Result<FittedPipeline, LearnError> {
        let (imputer, standardizer, mut fold) = self.prepared(fold)?;
        let mut pca = None;
        if let Some(spec) = self.spec.pca {
            let step = Pca::fit(&fold, spec)?;
            fold = step.transform_training(fold)?;
            pca = Some(step);
        }
        Ok(FittedPipeline {
            imputer,
            standardizer,
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
        let mut out = OutOfFold::of(fold, spec.inner, |part, x| {
            self.steps(classifier, part)?.predict_proba(x)
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

/// Rows in the coordinates of a fitted preparation.
fn transformed(
    imputer: &MedianImputer,
    standardizer: Option<&Standardizer>,
    x: &Matrix,
) -> Result<Matrix, LearnError> {
    let x = imputer.transform(x)?;
    match standardizer {
        Some(standardizer) => standardizer.transform(&x),
        None => Ok(x),
    }
}

impl FittedPipeline {
    /// The imputation.
    pub fn imputer(&self) -> &MedianImputer {
        &self.imputer
    }

    /// The standardisation, when there is one.
    pub fn standardizer(&self) -> Option<&Standardizer> {
        self.standardizer.as_ref()
    }

    /// The principal components, when they are used.
    pub fn pca(&self) -> Option<&Pca> {
        self.pca.as_ref()
    }

    /// The classifier.
    pub fn classifier(&self) -> &FittedClassifier {
        &self.classifier
    }

    /// The calibration, when there is one.
    pub fn calibrator(&self) -> Option<&Calibrator> {
        self.calibrator.as_ref()
    }

    /// The prediction sets, when there are any.
    pub fn conformal(&self) -> Option<&Conformal> {
        self.conformal.as_ref()
    }

    /// The distances from the training rows, when they are measured.
    pub fn novelty(&self) -> Option<&Novelty> {
        self.novelty.as_ref()
    }

    /// What the tuning found, when there was one.
    pub fn tuned(&self) -> Option<&Tuned> {
        self.tuned.as_ref()
    }

    /// Number of raw features.
    pub fn features(&self) -> usize {
        self.imputer.medians().len()
    }

    /// Number of classes.
    pub fn classes(&self) -> usize {
        self.classifier.classes()
    }

    /// Probability of each class, rows x classes, from raw features (`NaN` is missing).
    ///
    /// # Errors
    /// [`LearnError::Length`] when the number of features is another than in training, and [`LearnError::NotFinite`] for
    /// infinite values; the row is then named by its number from 1.
    pub fn predict_proba(&self, x: &Matrix) -> Result<Matrix, LearnError> {
        for (i, row) in x.iter_rows().enumerate() {
            crate::dataset::check_row(row, &[], &(i + 1).to_string())?;
        }
        let mut x = self.prepare(x)?;
        if let Some(pca) = &self.pca {
            x = pca.transform(&x)?;
        }
        let probabilities = self.classifier.predict_proba(&x)?;
        match &self.calibrator {
            Some(calibrator) => calibrator.apply(&probabilities),
            None => Ok(probabilities),
        }
    }

    /// For each row of probabilities, which classes its prediction set holds; `None` when no sets were asked for.
    ///
    /// # Errors
    /// As [`Conformal::sets`].
    pub fn prediction_sets(
        &self,
        probabilities: &Matrix,
    ) -> Result<Option<Vec<Vec<bool>>>, LearnError> {
        let conformal = self.conformal.as_ref();
        conformal.map(|c| c.sets(probabilities)).transpose()
    }

    /// Distances of rows of raw features from the training rows; `None` when they were not asked for.
    ///
    /// # Errors
    /// As [`predict_proba`](Self::predict_proba).
    pub fn distances(&self, x: &Matrix) -> Result<Option<Vec<Distances>>, LearnError> {
        let Some(novelty) = &self.novelty else {
            return Ok(None);
        };
        novelty.distances(&self.prepare(x)?).map(Some)
    }

    /// One sentence part on the steps, as reports show it.
    pub fn describe(&self) -> String {
        let mut steps = vec!["medians for missing values".to_owned()];
        if self.standardizer.is_some() {
            steps.push("standardised features".to_owned());
        }
        if let Some(pca) = &self.pca {
            let kept = pca.components().rows();
            let share: f64 = pca.explained_variance_ratio().iter().sum();
            let plural = if kept == 1 { "" } else { "s" };
            steps.push(format!(
                "{kept} principal component{plural} ({:.0} % of the variance)",
                100.0 * share
            ));
        }
        steps.push(self.classifier.describe());
        if let Some(tuned) = &self.tuned {
            steps.push(format!("tuned among {} candidates", tuned.trials.len()));
        }
        steps.extend(self.calibrator.iter().map(Calibrator::describe));
        steps.extend(self.conformal.iter().map(Conformal::describe));
        if self.novelty.is_some() {
            steps.push("distances from the training rows".to_owned());
        }
        steps.join(", ")
    }

    /// Raw features, imputed and standardised.
    pub(crate) fn prepare(&self, x: &Matrix) -> Result<Matrix, LearnError> {
        transformed(&self.imputer, self.standardizer.as_ref(), x)
    }

    /// What is wrong with a pipeline read from a file.
    pub(crate) fn problem(&self, features: usize, classes: usize) -> Option<&'static str> {
        let medians = self.imputer.medians();
        if medians.len() != features || medians.iter().flatten().any(|m| !m.is_finite()) {
            return Some("the medians do not fit the features");
        }
        let standardizer = self.standardizer.as_ref();
        let pca = self.pca.as_ref();
        let inputs = pca.map_or(features, |p| p.components().rows());
        standardizer
            .and_then(|s| s.problem(features))
            .or_else(|| pca.and_then(|p| p.problem(features)))
            .or_else(|| self.classifier.problem(inputs, classes))
            .or_else(|| self.calibrator.as_ref().and_then(|c| c.problem(classes)))
            .or_else(|| self.conformal.as_ref().and_then(|c| c.problem(classes)))
            .or_else(|| self.novelty.as_ref().and_then(|n| n.problem(features)))
    }
}
