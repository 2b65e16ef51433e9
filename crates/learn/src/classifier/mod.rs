//! Classifiers: what can be asked for, and what a fit gives.

mod boosting;
mod elastic_net;
mod ensemble;
mod forest;
mod gate;
mod importance;
mod neighbours;
mod ordinal;
mod perceptron;
mod platt;
mod smo;
mod support_vector;
mod tree;
mod two_stage;

pub use boosting::{FittedBoosting, GradientBoosting};
pub use elastic_net::FittedElasticNet;
pub use ensemble::{Combination, Ensemble, FittedEnsemble, Member};
pub(crate) use forest::TreeRows;
pub use forest::{CandidateFeatures, FittedForest, RandomForest};
pub(crate) use importance::impurity_importance;
pub(crate) use neighbours::nearest;
pub use neighbours::{FittedNeighbours, NearestNeighbours, NeighbourWeight};
pub use ordinal::{FittedOrdinal, OrdinalModel, OrdinalRegression};
pub use perceptron::{Activation, FittedPerceptron, Perceptron};
pub use support_vector::{FittedSupportVectors, Kernel, SupportVectorMachine};
pub(crate) use tree::Growth;
pub use tree::Tree;
pub use two_stage::{FittedTwoStage, TwoStage};

use crate::logistic::{ClassWeight, FittedLogistic, LogisticRegression, Penalty};
use crate::prepare::ElasticNetSelection;
use crate::{LearnError, Matrix, TrainingFold};
use serde::{Deserialize, Serialize};

/// A classifier and its settings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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
    /// Logistic regression with a lasso or elastic net penalty, its strength found by inner cross-validation along the path, see [`FittedElasticNet`].
    ElasticNet(ElasticNetSelection),
    /// Ordinal regression, see [`OrdinalRegression`].
    Ordinal(OrdinalRegression),
    /// The first class against the rest, then the rest among themselves, see [`TwoStage`].
    TwoStage(TwoStage),
    /// k nearest neighbours, see [`NearestNeighbours`].
    NearestNeighbours(NearestNeighbours),
    /// A random forest, see [`RandomForest`].
    RandomForest(RandomForest),
    /// A support vector machine, see [`SupportVectorMachine`].
    SupportVector(SupportVectorMachine),
    /// Gradient-boosted trees, see [`GradientBoosting`].
    Boosting(GradientBoosting),
    /// A multi-layer perceptron, see [`Perceptron`].
    Perceptron(Perceptron),
    /// Several classifiers, each on its block of features, put together: see [`Ensemble`].
    Ensemble(Ensemble),
}

/// A fitted classifier.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "method", rename_all = "snake_case")]
#[non_exhaustive]
pub enum FittedClassifier {
    /// Logistic regression.
    Logistic(FittedLogistic),
    /// Logistic regression with an elastic net penalty.
    ElasticNet(FittedElasticNet),
    /// Ordinal regression.
    Ordinal(FittedOrdinal),
    /// Two stages.
    TwoStage(FittedTwoStage),
    /// k nearest neighbours.
    NearestNeighbours(FittedNeighbours),
    /// A random forest.
    RandomForest(FittedForest),
    /// A support vector machine.
    SupportVector(FittedSupportVectors),
    /// Gradient-boosted trees.
    Boosting(FittedBoosting),
    /// A multi-layer perceptron.
    Perceptron(FittedPerceptron),
    /// Several classifiers.
    Ensemble(FittedEnsemble),
}

impl ClassifierSpec {
    /// The name of the method, as specifications write it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Logistic { .. } => "logistic",
            Self::ElasticNet(_) => "elastic_net",
            Self::Ordinal(_) => "ordinal",
            Self::TwoStage(_) => "two_stage",
            Self::NearestNeighbours(_) => "nearest_neighbours",
            Self::RandomForest(_) => "random_forest",
            Self::SupportVector(_) => "support_vector",
            Self::Boosting(_) => "boosting",
            Self::Perceptron(_) => "perceptron",
            Self::Ensemble(_) => "ensemble",
        }
    }

    /// Fits the fold, which must be without missing values.
    ///
    /// # Errors
    /// [`LearnError::OneClass`] and [`LearnError::ClassAbsent`]; whatever else a method reports, within
    /// [`LearnError::ClassifierFailed`] with the method's name (logistic regression's own errors name it already).
    pub fn fit(&self, fold: &TrainingFold<'_>) -> Result<FittedClassifier, LearnError> {
        // What every classifier needs is refused in the same words for all of them.
        ClassWeight::None.of_rows(fold)?;
        let fitted = match self {
            Self::Logistic {
                penalty,
                c,
                class_weight,
            } => {
                let settings = LogisticRegression {
                    penalty: *penalty,
                    c: *c,
                    class_weight: *class_weight,
                };
                return Ok(FittedClassifier::Logistic(settings.fit(fold)?));
            }
            Self::ElasticNet(settings) => {
                FittedElasticNet::fit(settings, fold).map(FittedClassifier::ElasticNet)
            }
            Self::Ordinal(settings) => settings.fit(fold).map(FittedClassifier::Ordinal),
            Self::TwoStage(settings) => settings.fit(fold).map(FittedClassifier::TwoStage),
            Self::NearestNeighbours(settings) => {
                settings.fit(fold).map(FittedClassifier::NearestNeighbours)
            }
            Self::RandomForest(settings) => settings.fit(fold).map(FittedClassifier::RandomForest),
            Self::SupportVector(settings) => {
                settings.fit(fold).map(FittedClassifier::SupportVector)
            }
            Self::Boosting(settings) => settings.fit(fold).map(FittedClassifier::Boosting),
            Self::Perceptron(settings) => settings.fit(fold).map(FittedClassifier::Perceptron),
            Self::Ensemble(settings) => settings.fit(fold).map(FittedClassifier::Ensemble),
        };
        fitted.map_err(|source| LearnError::ClassifierFailed {
            classifier: self.name().to_owned(),
            source: Box::new(source),
        })
    }
}

impl FittedClassifier {
    /// Number of classes.
    pub fn classes(&self) -> usize {
        match self {
            Self::Logistic(c) => c.classes(),
            Self::ElasticNet(c) => c.classes(),
            Self::Ordinal(c) => c.classes(),
            Self::TwoStage(c) => c.classes(),
            Self::NearestNeighbours(c) => c.classes(),
            Self::RandomForest(c) => c.classes(),
            Self::SupportVector(c) => c.classes(),
            Self::Boosting(c) => c.classes(),
            Self::Perceptron(c) => c.classes(),
            Self::Ensemble(c) => c.classes(),
        }
    }

    /// Probability of each class, rows x classes, from the columns that it was fitted on.
    ///
    /// # Errors
    /// [`LearnError::Length`] when the number of columns is another than in training.
    pub fn predict_proba(&self, x: &Matrix) -> Result<Matrix, LearnError> {
        match self {
            Self::Logistic(c) => c.predict_proba(x),
            Self::ElasticNet(c) => c.predict_proba(x),
            Self::Ordinal(c) => c.predict_proba(x),
            Self::TwoStage(c) => c.predict_proba(x),
            Self::NearestNeighbours(c) => c.predict_proba(x),
            Self::RandomForest(c) => c.predict_proba(x),
            Self::SupportVector(c) => c.predict_proba(x),
            Self::Boosting(c) => c.predict_proba(x),
            Self::Perceptron(c) => c.predict_proba(x),
            Self::Ensemble(c) => c.predict_proba(x),
        }
    }

    /// Whether its probabilities change with every small change of the columns, so that they have slopes; those of trees and of nearest
    /// neighbours change in steps.
    pub fn has_slopes(&self) -> bool {
        match self {
            Self::Logistic(_)
            | Self::ElasticNet(_)
            | Self::Ordinal(_)
            | Self::SupportVector(_)
            | Self::Perceptron(_) => true,
            Self::NearestNeighbours(_) | Self::RandomForest(_) | Self::Boosting(_) => false,
            Self::TwoStage(c) => c.has_slopes(),
            Self::Ensemble(c) => c.has_slopes(),
        }
    }

    /// The method and its settings in words.
    pub fn describe(&self) -> String {
        match self {
            Self::Logistic(c) => describe_logistic(c),
            Self::ElasticNet(c) => c.describe(),
            Self::Ordinal(c) => c.describe(),
            Self::TwoStage(c) => c.describe(),
            Self::NearestNeighbours(c) => c.describe(),
            Self::RandomForest(c) => c.describe(),
            Self::SupportVector(c) => c.describe(),
            Self::Boosting(c) => c.describe(),
            Self::Perceptron(c) => c.describe(),
            Self::Ensemble(c) => c.describe(),
        }
    }

    /// What is wrong with parameters read from a file.
    pub(crate) fn problem(&self, features: usize, classes: usize) -> Option<&'static str> {
        match self {
            Self::Logistic(c) => c.problem(features, classes),
            Self::ElasticNet(c) => c.problem(features, classes),
            Self::Ordinal(c) => c.problem(features, classes),
            Self::TwoStage(c) => c.problem(features, classes),
            Self::NearestNeighbours(c) => c.problem(features, classes),
            Self::RandomForest(c) => c.problem(features, classes),
            Self::SupportVector(c) => c.problem(features, classes),
            Self::Boosting(c) => c.problem(features, classes),
            Self::Perceptron(c) => c.problem(features, classes),
            Self::Ensemble(c) => c.problem(features, classes),
        }
    }
}

fn describe_logistic(logistic: &FittedLogistic) -> String {
    let kind = if logistic.classes() == 2 {
        "binary"
    } else {
        "multinomial"
    };
    let settings = logistic.settings();
    format!(
        "{kind} logistic regression (L2, C = {}{})",
        settings.c,
        balanced(settings.class_weight)
    )
}

/// The weight of the classes as a part of a description.
fn balanced(weight: ClassWeight) -> &'static str {
    match weight {
        ClassWeight::None => "",
        ClassWeight::Balanced => ", balanced classes",
    }
}

/// Refuses an inverse penalty that is no positive number.
fn check_c(c: f64) -> Result<(), LearnError> {
    if c > 0.0 && c <= 1e12 {
        return Ok(());
    }
    Err(LearnError::BadSetting {
        name: "C",
        value: c,
        remedy: "use a positive number up to 1e12; scikit-learn's default is 1",
    })
}

/// Refuses a count outside of its range.
fn check_count(
    name: &'static str,
    value: usize,
    largest: usize,
    remedy: &'static str,
) -> Result<(), LearnError> {
    if (1..=largest).contains(&value) {
        return Ok(());
    }
    Err(LearnError::BadSetting {
        name,
        value: value as f64,
        remedy,
    })
}

/// The softmax of scores, in place.
pub(crate) fn softmax(scores: &mut [f64]) {
    let largest = scores.iter().fold(f64::NEG_INFINITY, |m, s| m.max(*s));
    scores.iter_mut().for_each(|s| *s = (*s - largest).exp());
    let sum: f64 = scores.iter().sum();
    scores.iter_mut().for_each(|s| *s /= sum);
}

/// Divides by the sum; equal shares when the sum is 0.
pub(crate) fn normalise(row: &mut [f64]) {
    let sum: f64 = row.iter().sum();
    let share = 1.0 / row.len() as f64;
    row.iter_mut()
        .for_each(|p| *p = if sum > 0.0 { *p / sum } else { share });
}
