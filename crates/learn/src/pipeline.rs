//! From raw features to probabilities: all steps, fitted on one fold.

use crate::impute::MedianImputer;
use crate::logistic::{ClassWeight, FittedLogistic, LogisticRegression, Penalty};
use crate::pca::{Pca, PcaSpec};
use crate::prepare::{FittedStep, MissingColumns, Preparation};
use crate::standardize::Standardizer;
use crate::{LearnError, Matrix, TrainingFold};
use serde::{Deserialize, Serialize};

/// A classifier and its settings.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "method", rename_all = "snake_case")]
#[non_exhaustive]
pub enum ClassifierSpec {
    /// Binary or multinomial logistic regression, see [`LogisticRegression`].
    Logistic {
        /// The penalty.
        #[serde(default)]
        penalty: Penalty,
        /// Inverse strength of the penalty, as scikit-learn's `C`.
        c: f64,
        /// Weight of the classes.
        #[serde(default)]
        class_weight: ClassWeight,
    },
}

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
}

/// Steps that are not fitted yet.
#[derive(Clone, Debug, PartialEq)]
pub struct Pipeline {
    spec: PipelineSpec,
}

/// The classifier of a [`FittedPipeline`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "method", rename_all = "snake_case")]
#[non_exhaustive]
pub enum FittedClassifier {
    /// Logistic regression.
    Logistic(FittedLogistic),
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
    /// # Errors
    /// As the steps: [`MedianImputer::fit`], [`MissingRule::fit`](crate::MissingRule::fit),
    /// [`StepSpec::fit`](crate::StepSpec::fit), [`Standardizer::fit`], [`Pca::fit`], [`LogisticRegression::fit`].
    pub fn fit(&self, fold: &TrainingFold<'_>) -> Result<FittedPipeline, LearnError> {
        let raw = fold;
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
        let mut pca = None;
        if let Some(spec) = self.spec.pca {
            let step = Pca::fit(&fold, spec)?;
            fold = step.transform_training(fold)?;
            pca = Some(step);
        }
        let ClassifierSpec::Logistic {
            penalty,
            c,
            class_weight,
        } = self.spec.classifier;
        let logistic = LogisticRegression {
            penalty,
            c,
            class_weight,
        };
        Ok(FittedPipeline {
            imputer,
            missing,
            steps,
            standardizer,
            pca,
            classifier: FittedClassifier::Logistic(logistic.fit(&fold)?),
        })
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
        let start = self
            .missing
            .as_ref()
            .map_or_else(all, MissingColumns::origins);
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

    /// Number of raw features.
    pub fn features(&self) -> usize {
        self.imputer.medians().len()
    }

    /// Number of classes.
    pub fn classes(&self) -> usize {
        let FittedClassifier::Logistic(logistic) = &self.classifier;
        logistic.classes()
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
        let FittedClassifier::Logistic(logistic) = &self.classifier;
        logistic.predict_proba(&x)
    }

    /// What each feature of one row adds to the score of each class, classes x features.
    ///
    /// The score of a class is the logarithm of its odds: with two classes the odds against the other class (the
    /// contributions to the two classes are opposite), with more classes those against the geometric mean of all
    /// classes. A contribution is the coefficient times the distance of the (imputed, standardised) value from the
    /// training mean; with principal components the coefficients are first turned back to the features. The contributions of a row
    /// and [`baseline`](Self::baseline) add up to the scores.
    ///
    /// # Errors
    /// As [`predict_proba`](Self::predict_proba).
    pub fn contributions(&self, row: &[f64]) -> Result<Matrix, LearnError> {
        self.contributions_at(row, None)
    }

    /// [`contributions`](Self::contributions) of a row of a centre. A feature that a step leaves out contributes 0; the column that
    /// says whether a feature is missing counts to the feature.
    ///
    /// # Errors
    /// As [`predict_proba_at`](Self::predict_proba_at).
    pub fn contributions_at(
        &self,
        row: &[f64],
        centre: Option<&str>,
    ) -> Result<Matrix, LearnError> {
        crate::dataset::check_row(row, &[], "1")?;
        let x = self.prepare(&Matrix::new(1, row.len(), row.to_vec())?, &[centre])?;
        let FittedClassifier::Logistic(logistic) = &self.classifier;
        let coefficients = self.feature_coefficients(logistic);
        let centre = self.centre();
        let classes = self.classes();
        let origins = self.origins();
        let mut contributions = Matrix::zeros(classes, row.len());
        for class in 0..classes {
            let (sign, predictor) = predictor_of(class, classes);
            let sums = contributions.row_mut(class);
            for (j, &origin) in origins.iter().enumerate() {
                sums[origin] += sign * coefficients.row(predictor)[j] * (x.row(0)[j] - centre[j]);
            }
        }
        Ok(contributions)
    }

    /// The score of each class for a row at the training mean, see [`contributions`](Self::contributions).
    pub fn baseline(&self) -> Vec<f64> {
        let FittedClassifier::Logistic(logistic) = &self.classifier;
        let coefficients = self.feature_coefficients(logistic);
        // Component scores are taken from the mean already.
        let shifted = self.pca.is_none();
        let centre = self.centre();
        let classes = self.classes();
        (0..classes)
            .map(|class| {
                let (sign, predictor) = predictor_of(class, classes);
                let row = coefficients.row(predictor).iter().zip(&centre);
                let shift: f64 = row.map(|(w, m)| w * m).sum();
                sign * (logistic.intercepts()[predictor] + if shifted { shift } else { 0.0 })
            })
            .collect()
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
        let FittedClassifier::Logistic(logistic) = &self.classifier;
        let kind = if logistic.classes() == 2 {
            "binary"
        } else {
            "multinomial"
        };
        let balanced = match logistic.settings().class_weight {
            ClassWeight::None => "",
            ClassWeight::Balanced => ", balanced classes",
        };
        steps.push(format!(
            "{kind} logistic regression (L2, C = {}{balanced})",
            logistic.settings().c
        ));
        steps.join(", ")
    }

    /// Raw features, imputed, put through all steps and standardised.
    fn prepare(&self, raw: &Matrix, centres: &[Option<&str>]) -> Result<Matrix, LearnError> {
        if centres.len() != raw.rows() {
            return Err(LearnError::Length {
                what: "centres".to_owned(),
                expected: raw.rows(),
                found: centres.len(),
            });
        }
        let mut x = self.imputer.transform(raw)?;
        if let Some(missing) = &self.missing {
            x = missing.transform(raw, &x)?;
        }
        for step in &self.steps {
            x = step.transform(&x, centres)?;
        }
        match &self.standardizer {
            Some(standardizer) => standardizer.transform(&x),
            None => Ok(x),
        }
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
            (None, Some(standardizer)) => vec![0.0; standardizer.means().len()],
            // Without standardisation the median of the training rows takes the mean's place; a column that says what is
            // missing is taken from that of the feature as well, which moves the baseline and nothing else.
            (None, None) => {
                let medians = self.imputer.medians();
                let origins = self.origins().into_iter();
                origins.map(|j| medians[j].unwrap_or(0.0)).collect()
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
        let FittedClassifier::Logistic(logistic) = &self.classifier;
        standardizer
            .and_then(|s| s.problem(columns))
            .or_else(|| pca.and_then(|p| p.problem(columns)))
            .or_else(|| logistic.problem(inputs, classes))
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
