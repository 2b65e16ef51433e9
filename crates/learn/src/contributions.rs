//! What each feature adds to a prediction.

use crate::classifier::FittedClassifier;
use crate::logistic::FittedLogistic;
use crate::{FittedPipeline, LearnError, Matrix};

impl FittedPipeline {
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
        let by_column = self.column_contributions(&x)?;
        let mut contributions = Matrix::zeros(self.classes(), row.len());
        let origins = self.origins();
        for class in 0..self.classes() {
            let sums = contributions.row_mut(class);
            for (value, &origin) in by_column.row(class).iter().zip(&origins) {
                sums[origin] += value;
            }
        }
        Ok(contributions)
    }

    /// What each prepared column adds.
    fn column_contributions(&self, x: &Matrix) -> Result<Matrix, LearnError> {
        let FittedClassifier::Logistic(logistic) = self.classifier() else {
            return self.occluded(x.row(0));
        };
        let coefficients = self.feature_coefficients(logistic);
        let centre = self.centre();
        let classes = self.classes();
        Ok(Matrix::from_fn(classes, x.columns(), |class, j| {
            let (sign, predictor) = predictor_of(class, classes);
            sign * coefficients.row(predictor)[j] * (x.row(0)[j] - centre[j])
        }))
    }

    /// The score of each class for a row at the training mean, see [`contributions`](Self::contributions).
    ///
    /// # Errors
    /// As [`predict_proba`](Self::predict_proba).
    pub fn baseline(&self) -> Result<Vec<f64>, LearnError> {
        let FittedClassifier::Logistic(logistic) = self.classifier() else {
            let centre = self.centre();
            let scores = self.scores(&Matrix::new(1, centre.len(), centre)?)?;
            return Ok(scores.row(0).to_vec());
        };
        let coefficients = self.feature_coefficients(logistic);
        // Component scores are taken from the mean already.
        let shifted = self.pca().is_none();
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
    ///
    /// # Errors
    /// [`LearnError::Length`] for another number of columns than [`origins`](Self::origins) has.
    pub fn scores(&self, prepared: &Matrix) -> Result<Matrix, LearnError> {
        let x = match self.pca() {
            Some(pca) => &pca.transform(prepared)?,
            None => prepared,
        };
        let mut scores = self.classifier().predict_proba(x)?;
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

    /// Coefficients of logistic regression for the prepared columns (turned back through the principal components), classes x
    /// columns; with two classes one row, for the second. `None` for other classifiers.
    pub fn linear_coefficients(&self) -> Option<Matrix> {
        match self.classifier() {
            FittedClassifier::Logistic(logistic) => Some(self.feature_coefficients(logistic)),
            _ => None,
        }
    }

    /// Coefficients by feature: those of the classifier, turned back through the components.
    fn feature_coefficients(&self, logistic: &FittedLogistic) -> Matrix {
        match self.pca() {
            None => logistic.coefficients().clone(),
            Some(pca) => {
                let product = logistic.coefficients().as_faer() * pca.components().as_faer();
                Matrix::from_faer(product.as_ref())
            }
        }
    }

    /// Training mean of each prepared feature; 0 where it is not known (no standardisation and no components).
    fn centre(&self) -> Vec<f64> {
        match (self.pca(), self.standardizer()) {
            (Some(pca), _) => pca.mean().to_vec(),
            // Standardised features have the mean 0.
            (None, Some(standardizer)) => vec![0.0; standardizer.means().len()],
            // Without standardisation the median of the training rows takes the mean's place; a column that says what is
            // missing takes that of its feature as well, which moves the baseline and nothing else.
            (None, None) => {
                let medians = self.imputer().medians();
                let origins = self.origins().into_iter();
                origins.map(|j| medians[j].unwrap_or(0.0)).collect()
            }
        }
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
