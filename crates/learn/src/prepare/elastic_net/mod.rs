//! Selection by the lasso or elastic net: columns that have a coefficient at the strength that inner cross-validation finds.

mod descent;
mod path;

pub(crate) use path::{Prepared, Sparse};

use crate::impute::complete;
use crate::inner::{Dealt, InnerFolds, assign};
use crate::logistic::ClassWeight;
use crate::prepare::Selection;
use crate::{LearnError, Matrix, TrainingFold};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// Which strength of the penalty is taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum StrengthRule {
    /// That of the smallest inner cross-validated deviance (glmnet's `lambda.min`).
    #[default]
    Minimum,
    /// The strongest within one standard error of it (glmnet's `lambda.1se`): fewer features.
    OneStandardError,
}

/// Keeps the columns that have a coefficient in multinomial (two classes: binary) logistic regression with an elastic net penalty.
///
/// The objective, the standardisation of columns within the fit, the sequence of strengths, the ends of the path and the two rules are those of
/// glmnet (Friedman, Hastie and Tibshirani 2010, Journal of Statistical Software 33(1)): the mean loss of the rows plus
/// `lambda (alpha |b| + (1 - alpha) / 2 b^2)`. Coefficients agree with R's glmnet 4.1 at tight tolerance to 1e-6, the cross-validated deviance
/// on the same folds to 1e-6, and the objective with that of scikit-learn's saga (`tests/parity/make_elastic_net.R`, `.py`).
/// When no column has a coefficient at the strength found, the first one that enters the path stays. The inner folds are
/// made within the training fold, by patient, with equal shares of the classes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ElasticNetSelection {
    /// Share of the absolute values in the penalty: 1 is the lasso; above 0.
    pub alpha: f64,
    /// Number of strengths on the path, 2 to 1000.
    pub strengths: usize,
    /// Weakest strength as a share of the strongest; `None` is glmnet's: 0.0001 with more rows than columns, else 0.01.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weakest: Option<f64>,
    /// Which strength is taken.
    pub rule: StrengthRule,
    /// Inner folds.
    pub inner: InnerFolds,
    /// Weight of the classes in the fit.
    pub class_weight: ClassWeight,
    /// Accuracy: largest curvature times squared change of a coefficient, in shares of the null deviance (glmnet's `thresh`).
    pub tolerance: f64,
}

impl Default for ElasticNetSelection {
    fn default() -> Self {
        Self {
            alpha: 1.0,
            strengths: 100,
            weakest: None,
            rule: StrengthRule::Minimum,
            inner: InnerFolds::default(),
            class_weight: ClassWeight::None,
            tolerance: 1e-7,
        }
    }
}

/// The fit at one strength.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct PathPoint {
    /// Strength of the penalty.
    pub lambda: f64,
    /// Intercept of each class; with two classes one, for the second.
    pub intercepts: Vec<f64>,
    /// Coefficients of the columns in their own units, classes (1 for two) x features.
    pub coefficients: Matrix,
}

/// The inner cross-validation along the path.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct StrengthCurve {
    /// Strengths, falling.
    pub lambdas: Vec<f64>,
    /// Mean deviance of the rows left out, for each strength.
    pub deviance: Vec<f64>,
    /// Its standard error over the folds.
    pub standard_error: Vec<f64>,
    /// Position of the smallest deviance.
    pub minimum: usize,
    /// Position of the strongest within one standard error of it.
    pub one_standard_error: usize,
}

impl ElasticNetSelection {
    fn check(&self, fold: &TrainingFold<'_>) -> Result<(), LearnError> {
        complete(fold)?;
        let weakest = self.weakest.unwrap_or(0.01);
        for (bad, name, value, remedy) in [
            (
                !(self.alpha > 0.0 && self.alpha <= 1.0),
                "alpha",
                self.alpha,
                "use a number above 0 and up to 1; 1 is the lasso",
            ),
            (
                !(2..=1000).contains(&self.strengths),
                "number of strengths",
                self.strengths as f64,
                "use 2 to 1000; glmnet's default is 100",
            ),
            (
                !(weakest > 0.0 && weakest < 1.0),
                "weakest strength",
                weakest,
                "use a share between 0 and 1, such as 0.01",
            ),
            (
                !(self.tolerance > 0.0 && self.tolerance <= 1e-2),
                "tolerance",
                self.tolerance,
                "use a small positive number; glmnet's default is 1e-7",
            ),
        ] {
            if bad {
                return Err(LearnError::BadSetting {
                    name,
                    value,
                    remedy,
                });
            }
        }
        Ok(())
    }

    pub(crate) fn prepared(&self, fold: &TrainingFold<'_>) -> Result<Prepared, LearnError> {
        self.check(fold)?;
        Prepared::of(fold, self.alpha, self.class_weight, self.tolerance)
    }

    pub(crate) fn sequence(&self, fold: &TrainingFold<'_>, prepared: &Prepared) -> Vec<f64> {
        let wide = fold.x().rows() < fold.x().columns();
        let ratio = self.weakest.unwrap_or(if wide { 0.01 } else { 1e-4 });
        prepared.strengths(self.strengths, ratio)
    }

    /// The fits at given strengths, which must fall; fewer when one does not converge or nothing is left to explain.
    ///
    /// # Errors
    /// [`LearnError::Missing`], [`LearnError::OneClass`], [`LearnError::ClassAbsent`] and [`LearnError::BadSetting`].
    pub fn path(
        &self,
        fold: &TrainingFold<'_>,
        lambdas: &[f64],
    ) -> Result<Vec<PathPoint>, LearnError> {
        let prepared = self.prepared(fold)?;
        let path = prepared.path(lambdas, false, |_| false);
        Ok(original(&prepared, &path))
    }

    /// The fits at the strengths of the fold's own path, which ends where the deviance hardly falls any more.
    ///
    /// # Errors
    /// As [`path`](Self::path).
    pub fn path_of(&self, fold: &TrainingFold<'_>) -> Result<Vec<PathPoint>, LearnError> {
        let prepared = self.prepared(fold)?;
        let lambdas = self.sequence(fold, &prepared);
        let path = prepared.path(&lambdas, true, |_| false);
        Ok(original(&prepared, &path))
    }

    /// The inner cross-validation: strengths of the whole fold's path, each inner part fitted on them.
    ///
    /// # Errors
    /// As [`path`](Self::path), and [`LearnError::FewInnerPatients`] when a class has a single patient.
    pub fn curve(&self, fold: &TrainingFold<'_>) -> Result<StrengthCurve, LearnError> {
        let prepared = self.prepared(fold)?;
        let lambdas = self.sequence(fold, &prepared);
        let path = prepared.path(&lambdas, true, |_| false);
        let folds = assign(fold, self.inner)?;
        self.curve_of(fold, &path, &folds)
    }

    /// [`curve`](Self::curve) with inner folds from elsewhere, one number from 0 for each row.
    ///
    /// # Errors
    /// As [`curve`](Self::curve), and [`LearnError::Length`].
    pub fn curve_on(
        &self,
        fold: &TrainingFold<'_>,
        inner_folds: &[usize],
    ) -> Result<StrengthCurve, LearnError> {
        if inner_folds.len() != fold.x().rows() {
            return Err(LearnError::Length {
                what: "inner folds".to_owned(),
                expected: fold.x().rows(),
                found: inner_folds.len(),
            });
        }
        let prepared = self.prepared(fold)?;
        let lambdas = self.sequence(fold, &prepared);
        let path = prepared.path(&lambdas, true, |_| false);
        self.curve_of(fold, &path, &Dealt::given(inner_folds))
    }

    fn curve_of(
        &self,
        fold: &TrainingFold<'_>,
        path: &[Sparse],
        folds: &Dealt,
    ) -> Result<StrengthCurve, LearnError> {
        let lambdas: Vec<f64> = path.iter().map(|point| point.lambda).collect();
        let means: Vec<Result<(f64, Vec<f64>), LearnError>> = (0..folds.folds())
            .into_par_iter()
            .map(|held| {
                let (out, kept) = folds.sides(held);
                let mut part = self.prepared(&fold.part(&kept))?;
                let x = fold.x().select_rows(&out);
                let y: Vec<usize> = out.iter().map(|&row| fold.y()[row]).collect();
                let fits = part.path(&lambdas, false, |_| false);
                part.release();
                let mut means: Vec<f64> = fits
                    .iter()
                    .map(|point| {
                        let sum: f64 = part.deviances(point, &x, &y).iter().sum();
                        sum / out.len().max(1) as f64
                    })
                    .collect();
                // Where a path has ended, its last fit stands for the weaker strengths.
                let last = means.last().copied().unwrap_or(f64::INFINITY);
                means.resize(lambdas.len(), last);
                Ok((out.len() as f64, means))
            })
            .collect();
        let means = means.into_iter().collect::<Result<Vec<_>, _>>()?;
        let rows: f64 = means.iter().map(|(n, _)| n).sum();
        let spread = (means.len().max(2) - 1) as f64;
        let mut deviance = Vec::with_capacity(lambdas.len());
        let mut standard_error = Vec::with_capacity(lambdas.len());
        for l in 0..lambdas.len() {
            let mean = means.iter().map(|(n, m)| n * m[l]).sum::<f64>() / rows;
            let square = means.iter().map(|(n, m)| n * (m[l] - mean).powi(2));
            standard_error.push((square.sum::<f64>() / rows / spread).sqrt());
            deviance.push(mean);
        }
        let mut minimum = 0;
        for (l, value) in deviance.iter().enumerate() {
            if *value < deviance[minimum] {
                minimum = l;
            }
        }
        let bound = match (deviance.get(minimum), standard_error.get(minimum)) {
            (Some(d), Some(e)) => d + e,
            _ => f64::INFINITY,
        };
        let one_standard_error = deviance.iter().position(|d| *d <= bound).unwrap_or(0);
        Ok(StrengthCurve {
            lambdas,
            deviance,
            standard_error,
            minimum,
            one_standard_error,
        })
    }

    /// The path of the fold, and the place on it that the rule takes, with a fit that has no coefficient. What is prepared has let go of its table.
    fn settled(
        &self,
        fold: &TrainingFold<'_>,
        folds: &Dealt,
    ) -> Result<(Prepared, Vec<Sparse>, usize, Sparse), LearnError> {
        let mut prepared = self.prepared(fold)?;
        let lambdas = self.sequence(fold, &prepared);
        let path = prepared.path(&lambdas, true, |_| false);
        let null = prepared.null();
        prepared.release();
        let curve = self.curve_of(fold, &path, folds)?;
        let chosen = match self.rule {
            StrengthRule::Minimum => curve.minimum,
            StrengthRule::OneStandardError => curve.one_standard_error,
        };
        Ok((prepared, path, chosen, null))
    }

    /// The fit at the strength that the rule takes; a path without any fit is that of the shares of the classes.
    pub(crate) fn chosen(
        &self,
        fold: &TrainingFold<'_>,
        folds: &Dealt,
    ) -> Result<PathPoint, LearnError> {
        let (prepared, path, chosen, null) = self.settled(fold, folds)?;
        let point = path.get(chosen).cloned().unwrap_or(null);
        let (intercepts, coefficients) = prepared.original(&point);
        Ok(PathPoint {
            lambda: point.lambda,
            intercepts,
            coefficients,
        })
    }

    /// Finds the columns of the fold that stay.
    ///
    /// # Errors
    /// As [`curve`](Self::curve).
    pub fn fit(&self, fold: &TrainingFold<'_>) -> Result<Selection, LearnError> {
        // What no fold could mend is said before what folds cannot do.
        self.check(fold)?;
        self.class_weight.of_rows(fold)?;
        let (_, path, chosen, _) = self.settled(fold, &assign(fold, self.inner)?)?;
        let later = path.iter().skip(chosen);
        let kept = later
            .map(|point| point.columns().collect::<Vec<_>>())
            .find(|columns| !columns.is_empty())
            .unwrap_or_else(|| vec![0]);
        let what = if self.alpha < 1.0 {
            "elastic net"
        } else {
            "lasso"
        };
        Ok(Selection::new(what, fold.x().columns(), kept))
    }
}

/// Fits in the columns' own units.
fn original(prepared: &Prepared, path: &[Sparse]) -> Vec<PathPoint> {
    let point = |point: &Sparse| {
        let (intercepts, coefficients) = prepared.original(point);
        PathPoint {
            lambda: point.lambda,
            intercepts,
            coefficients,
        }
    };
    path.iter().map(point).collect()
}
