//! Shapley values of a pipeline.

use crate::{coalition, linear, trees};
use serde::{Deserialize, Serialize};
use triher_learn::{FittedClassifier, FittedPipeline, LearnError, Matrix};

/// Why an explanation could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExplainError {
    /// No background rows.
    #[error("there are no background rows: give the table the model was trained on")]
    NoBackground,
    /// The pipeline refused the rows.
    #[error(transparent)]
    Learn(#[from] LearnError),
}

/// How much work may be done where the values are not exact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExplainOptions {
    /// Background rows that are used at most, spread evenly over those given.
    pub background: usize,
    /// Pairs of a random order of the features and its reverse.
    pub permutations: usize,
    /// Seed of the orders.
    pub seed: u64,
}

impl Default for ExplainOptions {
    fn default() -> Self {
        Self {
            background: 100,
            permutations: 10,
            seed: 1,
        }
    }
}

/// What the score of a class is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Link {
    /// With two classes the log-odds against the other; with more, those against the geometric mean of all classes.
    LogOdds,
    /// The log-odds of the class against all others, before the classes are scaled to add up to 1.
    LogOddsAgainstRest,
    /// The probability.
    Probability,
}

impl Link {
    /// In words, for axes and captions.
    pub fn in_words(self) -> &'static str {
        match self {
            Self::LogOdds => "log-odds",
            Self::LogOddsAgainstRest => "log-odds against the rest",
            Self::Probability => "probability",
        }
    }
}

/// How the values were found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// Coefficient times distance from the background's mean: exact.
    Linear,
    /// All paths of all trees against every background row: exact for the background rows used.
    Trees,
    /// All coalitions: exact for the background rows used.
    Enumeration,
    /// Antithetic permutations: they add up exactly, single values are estimates.
    Permutation,
}

impl Method {
    /// In words.
    pub fn in_words(self) -> &'static str {
        match self {
            Self::Linear => "exact, from the coefficients",
            Self::Trees => "exact, over all paths of the trees",
            Self::Enumeration => "exact, over all coalitions of features",
            Self::Permutation => "estimated by antithetic permutations; the sums are exact",
        }
    }
}

/// Shapley values of rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Explanation {
    /// What the scores are.
    pub link: Link,
    /// How the values were found.
    pub method: Method,
    /// Score of each class when nothing is known: the mean over the background.
    pub base: Vec<f64>,
    /// For each class, rows x raw features. `base + sum of a row = score` of the class.
    pub values: Vec<Matrix>,
    /// Score of each class, rows x classes.
    pub scores: Matrix,
    /// Background rows that were used.
    pub background: usize,
}

/// The features of a class by the size of what they add.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// Number of the feature.
    pub feature: usize,
    /// Mean size of its value for each class.
    pub mean_size: Vec<f64>,
}

impl Explanation {
    /// What the values are measured in, in words, and that they are estimates where they are: "log-odds", "log-odds, estimated".
    pub fn unit_in_words(&self) -> String {
        let unit = self.link.in_words();
        match self.method {
            Method::Permutation => format!("{unit}, estimated"),
            _ => unit.to_owned(),
        }
    }

    /// The features by their mean size over rows and classes, largest first; equal ones in their order.
    pub fn summary(&self) -> Vec<Summary> {
        let features = self.values.first().map_or(0, Matrix::columns);
        let mut all: Vec<Summary> = (0..features)
            .map(|feature| Summary {
                feature,
                mean_size: (self.values.iter())
                    .map(|class| {
                        let sum: f64 = class.iter_rows().map(|row| row[feature].abs()).sum();
                        sum / class.rows().max(1) as f64
                    })
                    .collect(),
            })
            .collect();
        let total = |s: &Summary| s.mean_size.iter().sum::<f64>();
        all.sort_by(|a, b| total(b).total_cmp(&total(a)));
        all
    }
}

/// Explains rows of raw features against background rows of raw features.
///
/// What is explained is the classifier before calibration: calibration changes how sure the model is, not why. Columns that a step
/// makes of one feature count to the feature; features that no step keeps have zeros. The values of a row do not depend on the
/// other rows.
///
/// # Errors
/// [`ExplainError::NoBackground`], and as [`FittedPipeline::predict_proba_at`].
pub fn explain(
    pipeline: &FittedPipeline,
    rows: (&Matrix, &[Option<&str>]),
    background: (&Matrix, &[Option<&str>]),
    options: &ExplainOptions,
) -> Result<Explanation, ExplainError> {
    let x = pipeline.prepare(rows.0, rows.1)?;
    let all = pipeline.prepare(background.0, background.1)?;
    if all.rows() == 0 {
        return Err(ExplainError::NoBackground);
    }
    let few = spread(&all, options.background.max(1));
    let found = match pipeline.classifier() {
        FittedClassifier::Logistic(_) => linear::values(pipeline, &x, &all)?,
        FittedClassifier::RandomForest(forest) if pipeline.pca().is_none() => {
            trees::of_forest(forest, &x, &few)?
        }
        FittedClassifier::Boosting(boosting) if pipeline.pca().is_none() => {
            trees::of_boosting(boosting, &x, &few)?
        }
        _ => coalition::values(pipeline, &x, &few, options)?,
    };
    Ok(found.by_feature(&pipeline.origins(), pipeline.features()))
}

/// How the values of a pipeline's features are found.
pub fn method(pipeline: &FittedPipeline) -> Method {
    match pipeline.classifier() {
        FittedClassifier::Logistic(_) => Method::Linear,
        FittedClassifier::RandomForest(_) | FittedClassifier::Boosting(_)
            if pipeline.pca().is_none() =>
        {
            Method::Trees
        }
        _ => coalition::method(pipeline.origins().len()),
    }
}

impl Explanation {
    /// The same with the values of all columns of a raw feature added up.
    fn by_feature(self, origins: &[usize], features: usize) -> Self {
        let gather = |columns: &Matrix| {
            let mut values = Matrix::zeros(columns.rows(), features);
            for (i, row) in columns.iter_rows().enumerate() {
                let sums = values.row_mut(i);
                row.iter().zip(origins).for_each(|(v, &j)| sums[j] += v);
            }
            values
        };
        Self {
            values: self.values.iter().map(gather).collect(),
            ..self
        }
    }
}

/// At most `count` rows, evenly spread from the first to the last.
fn spread(x: &Matrix, count: usize) -> Matrix {
    let n = x.rows();
    if n <= count {
        return x.clone();
    }
    let rows: Vec<&[f64]> = (0..count).map(|i| x.row(i * n / count)).collect();
    Matrix::from_fn(count, x.columns(), |i, j| rows[i][j])
}
