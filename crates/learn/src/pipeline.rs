//! From raw features to probabilities: all steps, fitted on one fold.

use crate::classifier::{ClassifierSpec, FittedClassifier};
use crate::impute::MedianImputer;
use crate::inner::OutOfFold;
use crate::pca::{Pca, PcaSpec};
use crate::prepare::{FittedStep, MissingColumns, Preparation};
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

/// All steps, fitted on the same fold.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FittedPipeline {
    imputer: MedianImputer,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    missing: Option<MissingColumns>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    steps: Vec<FittedStep>,
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
            let fold_of = crate::inner::assign(fold, spec.inner, 0)?;
            let (apart, kept): (Vec<usize>, Vec<usize>) =
                (0..fold_of.len()).partition(|&row| fold_of[row] == 0);
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

/// Fitted steps before the principal components.
struct Front {
    imputer: MedianImputer,
    missing: Option<MissingColumns>,
    steps: Vec<FittedStep>,
    standardizer: Option<Standardizer>,
}

impl Front {
    fn borrowed(&self) -> FrontRef<'_> {
        FrontRef {
            imputer: &self.imputer,
            missing: self.missing.as_ref(),
            steps: &self.steps,
            standardizer: self.standardizer.as_ref(),
        }
    }
}

/// The same, wherever they are kept.
struct FrontRef<'a> {
    imputer: &'a MedianImputer,
    missing: Option<&'a MissingColumns>,
    steps: &'a [FittedStep],
    standardizer: Option<&'a Standardizer>,
}

impl FrontRef<'_> {
    /// Raw features, imputed, put through all steps and standardised; `centres` has one entry a row.
    fn transform(&self, raw: &Matrix, centres: &[Option<&str>]) -> Result<Matrix, LearnError> {
        if centres.len() != raw.rows() {
            return Err(LearnError::Length {
                what: "centres".to_owned(),
                expected: raw.rows(),
                found: centres.len(),
            });
        }
        let mut x = self.imputer.transform(raw)?;
        if let Some(missing) = self.missing {
            x = missing.transform(raw, &x)?;
        }
        for step in self.steps {
            x = step.transform(&x, centres)?;
        }
        match self.standardizer {
            Some(standardizer) => standardizer.transform(&x),
            None => Ok(x),
        }
    }
}

impl FittedPipeline {
    /// The imputation.
    pub fn imputer(&self) -> &MedianImputer {
        &self.imputer
    }

    /// The rule for columns with missing values, when there is one.
    pub fn missing(&self) -> Option<&MissingColumns> {
        self.missing.as_ref()
    }

    /// The steps that chose or changed features, in their order.
    pub fn steps(&self) -> &[FittedStep] {
        &self.steps
    }

    /// For each column that the steps leave, the raw feature that it comes from.
    pub fn origins(&self) -> Vec<usize> {
        let all = || (0..self.features()).collect();
        let missing = self.missing.as_ref();
        let start = missing.map_or_else(all, MissingColumns::origins);
        self.steps.iter().fold(start, |before, step| {
            let after = step.origins();
            after.into_iter().map(|j| before[j]).collect()
        })
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

    /// Probability of each class, rows x classes, from raw features (`NaN` is missing), of rows whose centre is not known.
    ///
    /// # Errors
    /// As [`predict_proba_at`](Self::predict_proba_at).
    pub fn predict_proba(&self, x: &Matrix) -> Result<Matrix, LearnError> {
        self.predict_proba_at(x, &vec![None; x.rows()])
    }

    /// Probability of each class, rows x classes, from raw features (`NaN` is missing) and the centre of each row, which ComBat needs.
    ///
    /// # Errors
    /// [`LearnError::Length`] when the number of features is another than in training, [`LearnError::NotFinite`] for
    /// infinite values (the row is then named by its number from 1), and [`LearnError::UnseenCentre`].
    pub fn predict_proba_at(
        &self,
        x: &Matrix,
        centres: &[Option<&str>],
    ) -> Result<Matrix, LearnError> {
        for (i, row) in x.iter_rows().enumerate() {
            crate::dataset::check_row(row, &[], &(i + 1).to_string())?;
        }
        let mut x = self.prepare(x, centres)?;
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
        self.distances_at(x, &vec![None; x.rows()])
    }

    /// [`distances`](Self::distances) of rows with their centres.
    ///
    /// # Errors
    /// As [`predict_proba_at`](Self::predict_proba_at).
    pub fn distances_at(
        &self,
        x: &Matrix,
        centres: &[Option<&str>],
    ) -> Result<Option<Vec<Distances>>, LearnError> {
        let Some(novelty) = &self.novelty else {
            return Ok(None);
        };
        novelty.distances(&self.prepare(x, centres)?).map(Some)
    }

    /// One sentence part on the steps, as reports show it.
    pub fn describe(&self) -> String {
        let mut steps = vec!["medians for missing values".to_owned()];
        if let Some(missing) = &self.missing {
            let columns = missing.kept().len();
            let flags = missing.indicators().len();
            steps.push(format!(
                "{columns} columns kept and {flags} added by the rule for missing values"
            ));
        }
        steps.extend(self.steps.iter().map(FittedStep::describe));
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

    /// Raw features as the classifier (or its principal components) gets them: imputed, put through all steps and standardised.
    /// Column `j` comes from the raw feature [`origins`](Self::origins)`[j]`.
    ///
    /// # Errors
    /// As [`predict_proba_at`](Self::predict_proba_at).
    pub fn prepare(&self, x: &Matrix, centres: &[Option<&str>]) -> Result<Matrix, LearnError> {
        let front = FrontRef {
            imputer: &self.imputer,
            missing: self.missing.as_ref(),
            steps: &self.steps,
            standardizer: self.standardizer.as_ref(),
        };
        front.transform(x, centres)
    }

    /// What is wrong with a pipeline read from a file.
    pub(crate) fn problem(&self, features: usize, classes: usize) -> Option<&'static str> {
        let medians = self.imputer.medians();
        if medians.len() != features || medians.iter().flatten().any(|m| !m.is_finite()) {
            return Some("the medians do not fit the features");
        }
        let standardizer = self.standardizer.as_ref();
        let pca = self.pca.as_ref();
        let missing = self.missing.as_ref();
        if let Some(problem) = missing.and_then(|m| m.problem(features)) {
            return Some(problem);
        }
        let mut columns = missing.map_or(features, |m| m.origins().len());
        for step in &self.steps {
            if let Some(problem) = step.problem(columns) {
                return Some(problem);
            }
            columns = step.outputs();
        }
        let inputs = pca.map_or(columns, |p| p.components().rows());
        standardizer
            .and_then(|s| s.problem(columns))
            .or_else(|| pca.and_then(|p| p.problem(columns)))
            .or_else(|| self.classifier.problem(inputs, classes))
            .or_else(|| self.calibrator.as_ref().and_then(|c| c.problem(classes)))
            .or_else(|| self.conformal.as_ref().and_then(|c| c.problem(classes)))
            .or_else(|| self.novelty.as_ref().and_then(|n| n.problem(columns)))
    }
}
