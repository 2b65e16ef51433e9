//! From raw features to probabilities: all steps, fitted on one fold.

use crate::classifier::{ClassifierSpec, FittedClassifier};
use crate::impute::MedianImputer;
use crate::inner::OutOfFold;
use crate::logistic::FittedLogistic;
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

    /// What each feature of one row adds to the score of each class, classes x features.
    ///
    /// The score of a class is the logarithm of its odds: with two classes the odds against the other class (the
    /// contributions to the two classes are opposite), with more classes those against the geometric mean of all
    /// classes. A contribution is the coefficient times the distance of the (imputed, standardised) value from the
    /// training mean; with principal components the coefficients are first turned back to the features. The contributions of a row
    /// and [`baseline`](Self::baseline) add up to the scores.
    ///
    /// Classifiers other than logistic regression have no coefficients: there a contribution is how much the score falls when
    /// this feature alone is put at its training mean. For logistic regression that is the same number; for the others the
    /// contributions need not add up to the scores. Both speak of the classifier before calibration.
    ///
    /// # Errors
    /// As [`predict_proba`](Self::predict_proba).
    pub fn contributions(&self, row: &[f64]) -> Result<Matrix, LearnError> {
        crate::dataset::check_row(row, &[], "1")?;
        let x = self.prepare(&Matrix::new(1, row.len(), row.to_vec())?)?;
        let FittedClassifier::Logistic(logistic) = &self.classifier else {
            return self.occluded(x.row(0));
        };
        let coefficients = self.feature_coefficients(logistic);
        let centre = self.centre();
        let classes = self.classes();
        Ok(Matrix::from_fn(classes, row.len(), |class, j| {
            let (sign, predictor) = predictor_of(class, classes);
            sign * coefficients.row(predictor)[j] * (x.row(0)[j] - centre[j])
        }))
    }

    /// The score of each class for a row at the training mean, see [`contributions`](Self::contributions).
    ///
    /// # Errors
    /// As [`predict_proba`](Self::predict_proba).
    pub fn baseline(&self) -> Result<Vec<f64>, LearnError> {
        let FittedClassifier::Logistic(logistic) = &self.classifier else {
            let centre = self.centre();
            let scores = self.scores(&Matrix::new(1, centre.len(), centre)?)?;
            return Ok(scores.row(0).to_vec());
        };
        let coefficients = self.feature_coefficients(logistic);
        // Component scores are taken from the mean already.
        let shifted = self.pca.is_none();
        let centre = self.centre();
        let classes = self.classes();
        let score = |class| {
            let (sign, predictor) = predictor_of(class, classes);
            let row = coefficients.row(predictor).iter().zip(&centre);
            let shift: f64 = row.map(|(w, m)| w * m).sum();
            sign * (logistic.intercepts()[predictor] + if shifted { shift } else { 0.0 })
        };
        Ok((0..classes).map(score).collect())
    }

    /// What each prepared feature adds to the scores of a prepared row: the fall when it is put at its training mean.
    fn occluded(&self, row: &[f64]) -> Result<Matrix, LearnError> {
        let centre = self.centre();
        let whole = self.scores(&Matrix::new(1, row.len(), row.to_vec())?)?;
        let mut contributions = Matrix::zeros(self.classes(), row.len());
        // Blocks of rows keep the memory flat however many features there are.
        for start in (0..row.len()).step_by(64) {
            let end = row.len().min(start + 64);
            let without = Matrix::from_fn(end - start, row.len(), |i, j| {
                if j == start + i { centre[j] } else { row[j] }
            });
            let scores = self.scores(&without)?;
            for j in start..end {
                for class in 0..self.classes() {
                    let fall = whole.row(0)[class] - scores.row(j - start)[class];
                    contributions.row_mut(class)[j] = fall;
                }
            }
        }
        Ok(contributions)
    }

    /// Scores of prepared rows, rows x classes, as [`contributions`](Self::contributions) says, from the probabilities of the
    /// classifier; probabilities below 1e-12 count as that.
    fn scores(&self, prepared: &Matrix) -> Result<Matrix, LearnError> {
        let x = match &self.pca {
            Some(pca) => &pca.transform(prepared)?,
            None => prepared,
        };
        let mut scores = self.classifier.predict_proba(x)?;
        for i in 0..scores.rows() {
            let row = scores.row_mut(i);
            row.iter_mut().for_each(|p| *p = p.max(1e-12).ln());
            let mean = row.iter().sum::<f64>() / row.len() as f64;
            // Against the one other class the distance is twice that from the mean of both.
            let factor = if row.len() == 2 { 2.0 } else { 1.0 };
            row.iter_mut().for_each(|s| *s = factor * (*s - mean));
        }
        Ok(scores)
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
    fn prepare(&self, x: &Matrix) -> Result<Matrix, LearnError> {
        transformed(&self.imputer, self.standardizer.as_ref(), x)
    }

    /// Coefficients by feature: those of the classifier, turned back through the components.
    fn feature_coefficients(&self, logistic: &FittedLogistic) -> Matrix {
        match &self.pca {
            None => logistic.coefficients().clone(),
            Some(pca) => {
                let product = logistic.coefficients().as_faer() * pca.components().as_faer();
                Matrix::from_faer(product.as_ref())
            }
        }
    }

    /// Training mean of each prepared feature; 0 where it is not known (no standardisation and no components).
    fn centre(&self) -> Vec<f64> {
        match (&self.pca, &self.standardizer) {
            (Some(pca), _) => pca.mean().to_vec(),
            // Standardised features have the mean 0.
            (None, Some(_)) => vec![0.0; self.features()],
            // Without standardisation the median of the training rows takes the mean's place.
            (None, None) => {
                let medians = self.imputer.medians().iter();
                medians.map(|m| m.unwrap_or(0.0)).collect()
            }
        }
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

/// The linear predictor of a class and its sign: with two classes there is one, for the second.
fn predictor_of(class: usize, classes: usize) -> (f64, usize) {
    match (classes, class) {
        (2, 0) => (-1.0, 0),
        (2, _) => (1.0, 0),
        _ => (1.0, class),
    }
}
