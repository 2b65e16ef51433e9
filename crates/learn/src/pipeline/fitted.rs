//! A fitted pipeline: raw features to probabilities, sets and distances.

use crate::classifier::FittedClassifier;
use crate::impute::MedianImputer;
use crate::pca::Pca;
use crate::prepare::{FittedStep, MissingColumns};
use crate::probability::{Calibrator, Conformal, Distances, Novelty};
use crate::standardize::Standardizer;
use crate::tuning::Tuned;
use crate::{LearnError, Matrix};
use serde::{Deserialize, Serialize};

/// All steps, fitted on the same fold.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FittedPipeline {
    pub(super) imputer: MedianImputer,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) missing: Option<MissingColumns>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) steps: Vec<FittedStep>,
    pub(super) standardizer: Option<Standardizer>,
    pub(super) pca: Option<Pca>,
    pub(super) classifier: FittedClassifier,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) calibrator: Option<Calibrator>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) conformal: Option<Conformal>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) novelty: Option<Novelty>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) tuned: Option<Tuned>,
}

/// Fitted steps before the principal components.
pub(super) struct Front {
    pub(super) imputer: MedianImputer,
    pub(super) missing: Option<MissingColumns>,
    pub(super) steps: Vec<FittedStep>,
    pub(super) standardizer: Option<Standardizer>,
}

impl Front {
    pub(super) fn borrowed(&self) -> FrontRef<'_> {
        FrontRef {
            imputer: &self.imputer,
            missing: self.missing.as_ref(),
            steps: &self.steps,
            standardizer: self.standardizer.as_ref(),
        }
    }
}

/// The same, wherever they are kept.
pub(super) struct FrontRef<'a> {
    imputer: &'a MedianImputer,
    missing: Option<&'a MissingColumns>,
    steps: &'a [FittedStep],
    standardizer: Option<&'a Standardizer>,
}

impl FrontRef<'_> {
    /// Raw features, imputed, put through all steps and standardised; `centres` has one entry a row.
    pub(super) fn transform(
        &self,
        raw: &Matrix,
        centres: &[Option<&str>],
    ) -> Result<Matrix, LearnError> {
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

    /// Whether classifier and calibration have slopes; those of isotonic regression change from piece to piece.
    pub fn has_slopes(&self) -> bool {
        let isotonic = matches!(self.calibrator, Some(Calibrator::Isotonic { .. }));
        self.classifier.has_slopes() && !isotonic
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
