//! Principal components.

use crate::impute::{complete, same_columns};
use crate::{LearnError, Matrix, TrainingFold};
use faer::linalg::solvers::Svd;
use serde::{Deserialize, Serialize};

/// How many principal components to keep.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PcaSpec {
    /// This many; at most `min(rows - 1, features)` exist.
    Components(usize),
    /// As many as are needed for more than this share of the variance, between 0 and 1 (scikit-learn's fractional
    /// `n_components`).
    VarianceShare(f64),
}

/// Principal components of the training rows, by the singular value decomposition of the centred matrix.
///
/// As scikit-learn's `PCA(svd_solver="full")`, without whitening: the sign of each component is chosen so that its loading
/// of largest size is positive (`svd_flip(u_based_decision=False)`). Checked against it to 1e-8.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pca {
    mean: Vec<f64>,
    /// Components x features.
    components: Matrix,
    explained_variance: Vec<f64>,
    explained_variance_ratio: Vec<f64>,
}

impl Pca {
    /// Finds the components of the fold.
    ///
    /// # Errors
    /// [`LearnError::TooManyComponents`], [`LearnError::BadSetting`], [`LearnError::Missing`], and
    /// [`LearnError::Factorisation`].
    pub fn fit(fold: &TrainingFold<'_>, spec: PcaSpec) -> Result<Self, LearnError> {
        complete(fold)?;
        let x = fold.x();
        let possible = x.columns().min(x.rows() - 1);
        match spec {
            PcaSpec::Components(asked) if asked > possible => {
                return Err(LearnError::TooManyComponents {
                    asked,
                    rows: x.rows(),
                    features: x.columns(),
                    possible,
                });
            }
            PcaSpec::Components(0) => {
                return Err(LearnError::BadSetting {
                    name: "number of principal components",
                    value: 0.0,
                    remedy: "use 1 or more, or no PCA",
                });
            }
            PcaSpec::VarianceShare(share) if !(share > 0.0 && share < 1.0) => {
                return Err(LearnError::BadSetting {
                    name: "share of variance",
                    value: share,
                    remedy: "use a number between 0 and 1",
                });
            }
            _ => {}
        }
        if possible == 0 {
            return Err(LearnError::TooManyComponents {
                asked: 1,
                rows: x.rows(),
                features: x.columns(),
                possible,
            });
        }
        let mean = x.column_means();
        let centred = faer::Mat::from_fn(x.rows(), x.columns(), |i, j| x.row(i)[j] - mean[j]);
        let failed = || LearnError::Factorisation {
            what: "the principal component analysis",
        };
        let svd = Svd::new_thin(centred.as_ref()).map_err(|_| failed())?;
        let singular: Vec<f64> = svd.S().column_vector().iter().copied().collect();
        let variance: Vec<f64> = singular
            .iter()
            .map(|s| s * s / (x.rows() - 1) as f64)
            .collect();
        let total: f64 = variance.iter().sum();
        if !total.is_finite() {
            return Err(failed());
        }
        let ratio: Vec<f64> = variance
            .iter()
            .map(|v| if total > 0.0 { v / total } else { 0.0 })
            .collect();
        let kept = match spec {
            PcaSpec::Components(kept) => kept,
            PcaSpec::VarianceShare(share) => {
                let mut sum = 0.0;
                let below = ratio.iter().take_while(|r| {
                    sum += **r;
                    sum <= share
                });
                (below.count() + 1).min(possible)
            }
        };
        let v = svd.V();
        let signs: Vec<f64> = (0..kept)
            .map(|k| {
                let mut largest = 0.0_f64;
                for j in 0..x.columns() {
                    if v[(j, k)].abs() > largest.abs() {
                        largest = v[(j, k)];
                    }
                }
                if largest < 0.0 { -1.0 } else { 1.0 }
            })
            .collect();
        let components = Matrix::from_fn(kept, x.columns(), |k, j| signs[k] * v[(j, k)]);
        Ok(Self {
            mean,
            components,
            explained_variance: variance[..kept].to_vec(),
            explained_variance_ratio: ratio[..kept].to_vec(),
        })
    }

    /// The components, components x features; each row has length 1.
    pub fn components(&self) -> &Matrix {
        &self.components
    }

    /// Mean of each feature in training.
    pub fn mean(&self) -> &[f64] {
        &self.mean
    }

    /// Variance along each component (divisor n - 1).
    pub fn explained_variance(&self) -> &[f64] {
        &self.explained_variance
    }

    /// Share of the whole variance along each component.
    pub fn explained_variance_ratio(&self) -> &[f64] {
        &self.explained_variance_ratio
    }

    /// The rows in the coordinates of the components, rows x components.
    ///
    /// # Errors
    /// [`LearnError::Length`] when the number of columns is another than in training.
    pub fn transform(&self, x: &Matrix) -> Result<Matrix, LearnError> {
        same_columns(self.mean.len(), x)?;
        let centred = faer::Mat::from_fn(x.rows(), x.columns(), |i, j| x.row(i)[j] - self.mean[j]);
        let scores = &centred * self.components.as_faer().transpose();
        Ok(Matrix::from_faer(scores.as_ref()))
    }

    /// The fold in the coordinates of the components, for the next step's fit.
    ///
    /// # Errors
    /// As [`transform`](Self::transform).
    pub fn transform_training<'a>(
        &self,
        fold: TrainingFold<'a>,
    ) -> Result<TrainingFold<'a>, LearnError> {
        let x = self.transform(fold.x())?;
        Ok(fold.with_components(x))
    }

    /// What is wrong with parameters read from a file for `features` columns.
    pub(crate) fn problem(&self, features: usize) -> Option<&'static str> {
        let kept = self.components.rows();
        let fits = self.mean.len() == features
            && self.components.columns() == features
            && self.explained_variance.len() == kept
            && self.explained_variance_ratio.len() == kept;
        let sane = [&self.mean[..], self.components.values()]
            .iter()
            .all(|values| values.iter().all(|v| v.is_finite()));
        (!fits || !sane).then_some("the principal components do not fit the features")
    }
}
