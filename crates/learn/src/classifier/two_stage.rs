//! The first class against the rest, then the rest among themselves.

use crate::classifier::{ClassifierSpec, FittedClassifier};
use crate::impute::complete;
use crate::logistic::{ClassWeight, Penalty};
use crate::{LearnError, Matrix, TrainingFold};
use serde::{Deserialize, Serialize};

/// Two classifiers in a row: `P(first class)`, then `P(class | not the first)` fitted on the rows that are not of the first class.
///
/// For HER2: zero against low and positive, then low against positive. This is the sequential (continuation ratio) decomposition
/// with free choice of the classifier of each stage. With logistic regression in both, the probabilities are the
/// products of two of scikit-learn's models to 1e-8 (`tests/parity/make_classifiers.py`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TwoStage {
    /// The first class against all others.
    pub first: Box<ClassifierSpec>,
    /// The others among themselves.
    pub rest: Box<ClassifierSpec>,
}

impl Default for TwoStage {
    fn default() -> Self {
        let logistic = ClassifierSpec::Logistic {
            penalty: Penalty::L2,
            c: 1.0,
            class_weight: ClassWeight::None,
        };
        Self {
            first: Box::new(logistic.clone()),
            rest: Box::new(logistic),
        }
    }
}

/// Two fitted stages.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FittedTwoStage {
    first: Box<FittedClassifier>,
    rest: Box<FittedClassifier>,
}

impl TwoStage {
    /// Fits the fold.
    ///
    /// # Errors
    /// [`LearnError::BadSetting`] with fewer than three classes, and as the classifiers of the stages.
    pub fn fit(&self, fold: &TrainingFold<'_>) -> Result<FittedTwoStage, LearnError> {
        complete(fold)?;
        let classes = fold.classes();
        if classes.len() < 3 {
            return Err(LearnError::BadSetting {
                name: "number of classes",
                value: classes.len() as f64,
                remedy: "two stages need three classes or more; use logistic regression for two",
            });
        }
        let sides = [classes[0].clone(), format!("not {}", classes[0])];
        let y = fold.y().iter().map(|&y| usize::from(y > 0)).collect();
        let first = self.first.fit(&fold.relabelled(y, &sides))?;
        let rows: Vec<usize> = (0..fold.y().len()).filter(|&i| fold.y()[i] > 0).collect();
        let later = fold.part(&rows);
        let y = later.y().iter().map(|&y| y - 1).collect();
        let rest = self.rest.fit(&later.relabelled(y, &classes[1..]))?;
        Ok(FittedTwoStage {
            first: Box::new(first),
            rest: Box::new(rest),
        })
    }
}

impl FittedTwoStage {
    /// Whether both stages have slopes; see [`FittedClassifier::has_slopes`].
    pub fn has_slopes(&self) -> bool {
        self.first.has_slopes() && self.rest.has_slopes()
    }

    /// Number of classes.
    pub fn classes(&self) -> usize {
        1 + self.rest.classes()
    }

    /// The first class against the others.
    pub fn first(&self) -> &FittedClassifier {
        &self.first
    }

    /// The others among themselves.
    pub fn rest(&self) -> &FittedClassifier {
        &self.rest
    }

    /// Probability of each class, rows x classes.
    ///
    /// # Errors
    /// [`LearnError::Length`] when the number of columns is another than in training.
    pub fn predict_proba(&self, x: &Matrix) -> Result<Matrix, LearnError> {
        let (first, rest) = (self.first.predict_proba(x)?, self.rest.predict_proba(x)?);
        Ok(Matrix::from_fn(
            x.rows(),
            self.classes(),
            |i, class| match class {
                0 => first.row(i)[0],
                _ => first.row(i)[1] * rest.row(i)[class - 1],
            },
        ))
    }

    pub(crate) fn describe(&self) -> String {
        format!(
            "two stages (first class against the rest: {}; the rest: {})",
            self.first.describe(),
            self.rest.describe()
        )
    }

    pub(crate) fn problem(&self, features: usize, classes: usize) -> Option<&'static str> {
        if classes < 3 {
            return Some("two stages do not fit two classes");
        }
        self.first
            .problem(features, 2)
            .or_else(|| self.rest.problem(features, classes - 1))
    }
}
