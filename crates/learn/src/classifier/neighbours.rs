//! k nearest neighbours.

use crate::classifier::{check_count, normalise};
use crate::impute::{complete, same_columns};
use crate::{LearnError, Matrix, TrainingFold};
use serde::{Deserialize, Serialize};

/// How much each neighbour counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum NeighbourWeight {
    /// All the same.
    #[default]
    Uniform,
    /// The inverse of its distance; when a neighbour lies at distance 0, only such ones count.
    Distance,
}

/// Shares of the classes among the nearest training rows in Euclidean distance.
///
/// As scikit-learn's `KNeighborsClassifier`, equal to it to 1e-12 where no two distances are equal; of equal distances
/// the earlier training row is nearer. The model holds the (prepared) training rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NearestNeighbours {
    /// Number of neighbours, 1 or more and at most the number of training rows.
    pub neighbours: usize,
    /// How much each neighbour counts.
    pub weight: NeighbourWeight,
}

impl Default for NearestNeighbours {
    fn default() -> Self {
        Self {
            neighbours: 5,
            weight: NeighbourWeight::Uniform,
        }
    }
}

/// Training rows to be compared with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FittedNeighbours {
    settings: NearestNeighbours,
    classes: usize,
    x: Matrix,
    y: Vec<usize>,
}

impl NearestNeighbours {
    /// Takes the rows of the fold.
    ///
    /// # Errors
    /// [`LearnError::BadSetting`] and [`LearnError::Missing`].
    pub fn fit(&self, fold: &TrainingFold<'_>) -> Result<FittedNeighbours, LearnError> {
        complete(fold)?;
        check_count(
            "number of neighbours",
            self.neighbours,
            fold.x().rows(),
            "use 1 or more, and no more than there are training rows",
        )?;
        Ok(FittedNeighbours {
            settings: *self,
            classes: fold.classes().len(),
            x: fold.x().clone(),
            y: fold.y().to_vec(),
        })
    }
}

/// The `count` smallest squared Euclidean distances from `point` to the rows of `x`, nearest first, with the row; of equal distances
/// the earlier row first.
pub(crate) fn nearest(x: &Matrix, point: &[f64], count: usize) -> Vec<(f64, usize)> {
    let mut all: Vec<(f64, usize)> = x
        .iter_rows()
        .enumerate()
        .map(|(i, row)| {
            let squares = row.iter().zip(point).map(|(a, b)| (a - b) * (a - b));
            (squares.sum(), i)
        })
        .collect();
    let order = |a: &(f64, usize), b: &(f64, usize)| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1));
    if count < all.len() {
        all.select_nth_unstable_by(count, order);
        all.truncate(count);
    }
    all.sort_unstable_by(order);
    all
}

impl FittedNeighbours {
    /// Number of classes.
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// Probability of each class, rows x classes.
    ///
    /// # Errors
    /// [`LearnError::Length`] when the number of columns is another than in training.
    pub fn predict_proba(&self, x: &Matrix) -> Result<Matrix, LearnError> {
        same_columns(self.x.columns(), x)?;
        let mut probabilities = Matrix::zeros(x.rows(), self.classes);
        for i in 0..x.rows() {
            let near = nearest(&self.x, x.row(i), self.settings.neighbours);
            let touching = near.first().is_some_and(|(d, _)| *d == 0.0);
            let row = probabilities.row_mut(i);
            for (squared, j) in near {
                row[self.y[j]] += match self.settings.weight {
                    NeighbourWeight::Uniform => 1.0,
                    NeighbourWeight::Distance if touching => f64::from(squared == 0.0),
                    NeighbourWeight::Distance => 1.0 / squared.sqrt(),
                };
            }
            normalise(row);
        }
        Ok(probabilities)
    }

    pub(crate) fn describe(&self) -> String {
        let weight = match self.settings.weight {
            NeighbourWeight::Uniform => "equal weights",
            NeighbourWeight::Distance => "weights by distance",
        };
        format!("{} nearest neighbours ({weight})", self.settings.neighbours)
    }

    pub(crate) fn problem(&self, features: usize, classes: usize) -> Option<&'static str> {
        let fits = self.x.columns() == features
            && self.classes == classes
            && self.x.rows() == self.y.len()
            && (1..=self.y.len()).contains(&self.settings.neighbours);
        let sane =
            self.y.iter().all(|&y| y < classes) && self.x.values().iter().all(|v| v.is_finite());
        (!fits || !sane).then_some("the neighbours do not fit the features and classes")
    }
}
