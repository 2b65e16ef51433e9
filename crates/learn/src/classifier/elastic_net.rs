//! Logistic regression with an elastic net penalty as a classifier.

use crate::classifier::{balanced, softmax};
use crate::impute::same_columns;
use crate::inner::{Dealt, assign};
use crate::logistic::ClassWeight;
use crate::prepare::{ElasticNetSelection, StrengthRule};
use crate::{LearnError, Matrix, TrainingFold};
use serde::{Deserialize, Serialize};

/// Multinomial (two classes: binary) logistic regression with a lasso or elastic net penalty, at the strength that cross-validation within the
/// training fold finds along the path.
///
/// [`ElasticNetSelection`] has the settings, the objective and the path, which are those of R's glmnet. Where that step keeps the columns and leaves their
/// coefficients to another classifier, this one predicts with the shrunken coefficients themselves, as `predict` of `cv.glmnet` does: its
/// probabilities of held-out rows agree with those of glmnet 4.1 at the same folds to 1e-6 (`tests/parity/make_elastic_net_classifier.R`).
/// At a strength without any coefficient it says the shares of the classes (their weights, when balanced): there is no rule here that keeps a column
/// which inner cross-validation found no use for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FittedElasticNet {
    classes: usize,
    features: usize,
    alpha: f64,
    lambda: f64,
    rule: StrengthRule,
    class_weight: ClassWeight,
    /// Intercept of each class; with two classes one, for the second.
    intercepts: Vec<f64>,
    /// Columns with a coefficient, rising.
    columns: Vec<usize>,
    /// Coefficients of these columns in their own units, classes (1 for two) x columns.
    coefficients: Matrix,
}

impl FittedElasticNet {
    /// Fits the fold with the path, the inner folds and the rule of these settings.
    ///
    /// # Errors
    /// As [`ElasticNetSelection::curve`].
    pub fn fit(
        settings: &ElasticNetSelection,
        fold: &TrainingFold<'_>,
    ) -> Result<Self, LearnError> {
        settings.class_weight.of_rows(fold)?;
        let dealt = assign(fold, settings.inner)?;
        Self::along(settings, fold, &dealt)
    }

    /// [`fit`](Self::fit) with inner folds from elsewhere, one number from 0 for each row.
    ///
    /// # Errors
    /// As [`ElasticNetSelection::curve_on`].
    pub fn fit_on(
        settings: &ElasticNetSelection,
        fold: &TrainingFold<'_>,
        inner_folds: &[usize],
    ) -> Result<Self, LearnError> {
        if inner_folds.len() != fold.x().rows() {
            return Err(LearnError::Length {
                what: "inner folds".to_owned(),
                expected: fold.x().rows(),
                found: inner_folds.len(),
            });
        }
        Self::along(settings, fold, &Dealt::given(inner_folds))
    }

    fn along(
        settings: &ElasticNetSelection,
        fold: &TrainingFold<'_>,
        dealt: &Dealt,
    ) -> Result<Self, LearnError> {
        let point = settings.chosen(fold, dealt)?;
        let all = 0..point.coefficients.columns();
        let used = |j: &usize| point.coefficients.iter_rows().any(|row| row[*j] != 0.0);
        let columns: Vec<usize> = all.filter(used).collect();
        Ok(Self {
            classes: fold.classes().len(),
            features: fold.x().columns(),
            alpha: settings.alpha,
            lambda: point.lambda,
            rule: settings.rule,
            class_weight: settings.class_weight,
            intercepts: point.intercepts,
            coefficients: point.coefficients.select_columns(&columns),
            columns,
        })
    }

    /// Number of classes.
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// Strength of the penalty that was taken.
    pub fn lambda(&self) -> f64 {
        self.lambda
    }

    /// Columns with a coefficient, rising.
    pub fn columns(&self) -> &[usize] {
        &self.columns
    }

    /// Coefficients of [`columns`](Self::columns) in their own units, classes (1 for two) x columns.
    pub fn coefficients(&self) -> &Matrix {
        &self.coefficients
    }

    /// Probability of each class, rows x classes.
    ///
    /// # Errors
    /// [`LearnError::Length`] when the number of columns is another than in training.
    pub fn predict_proba(&self, x: &Matrix) -> Result<Matrix, LearnError> {
        same_columns(self.features, x)?;
        let mut probabilities = Matrix::zeros(x.rows(), self.classes);
        // With two classes the first has the score 0.
        let first = self.classes - self.intercepts.len();
        for i in 0..x.rows() {
            let row = x.row(i);
            let scores = probabilities.row_mut(i);
            for (k, intercept) in self.intercepts.iter().enumerate() {
                let terms = self.columns.iter().zip(self.coefficients.row(k));
                scores[first + k] = intercept + terms.map(|(&j, b)| row[j] * b).sum::<f64>();
            }
            softmax(scores);
        }
        Ok(probabilities)
    }

    pub(crate) fn describe(&self) -> String {
        let kind = match self.classes {
            2 => "binary",
            _ => "multinomial",
        };
        let penalty = match self.alpha {
            alpha if alpha < 1.0 => format!("elastic net, alpha = {alpha}"),
            _ => "lasso".to_owned(),
        };
        format!(
            "{kind} logistic regression ({penalty}, lambda = {:.3e} with {} of {} columns{})",
            self.lambda,
            self.columns.len(),
            self.features,
            balanced(self.class_weight)
        )
    }

    pub(crate) fn problem(&self, features: usize, classes: usize) -> Option<&'static str> {
        let blocks = if classes == 2 { 1 } else { classes };
        let finite = |values: &[f64]| values.iter().all(|v| v.is_finite());
        let fits = self.classes == classes
            && self.features == features
            && self.intercepts.len() == blocks
            && self.columns.windows(2).all(|pair| pair[0] < pair[1])
            && self.columns.last().is_none_or(|&last| last < features)
            && self.coefficients.columns() == self.columns.len()
            && (self.columns.is_empty() || self.coefficients.rows() == blocks)
            && self.lambda.is_finite()
            && finite(&self.intercepts)
            && finite(self.coefficients.values());
        (!fits).then_some("the elastic net does not fit the features and classes")
    }
}
