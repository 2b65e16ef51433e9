//! Support vector machines with a linear or a Gaussian kernel.

use crate::classifier::platt::{Sigmoid, couple};
use crate::classifier::{balanced, check_c, smo};
use crate::impute::{complete, same_columns};
use crate::inner::{InnerFolds, assign};
use crate::logistic::ClassWeight;
use crate::{LearnError, Matrix, TrainingFold};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// Largest violation of the optimality conditions that is left; LIBSVM's default is 1e-3.
const TOLERANCE: f64 = 1e-6;
/// Rows above which the kernel matrix is refused: it would take over 800 MB.
const MOST_ROWS: usize = 10_000;

/// What stands for the inner product.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Kernel {
    /// `x'z`.
    #[default]
    Linear,
    /// `exp(-gamma |x - z|^2)`.
    Rbf {
        /// Inverse squared width; `1 / (columns * variance of all values)` when `None` (scikit-learn's `gamma="scale"`).
        #[serde(default)]
        gamma: Option<f64>,
    },
}

/// C-support vector classification, one machine for each pair of classes.
///
/// As scikit-learn's `SVC` (LIBSVM): decision values agree to 1e-4 at LIBSVM's tolerance of 1e-8 (`tests/parity/make_classifiers.py`).
/// Probabilities come from a sigmoid for each pair (Platt), fitted on decision values of rows that were left out by
/// patient, and from coupling the pairs (Wu, Lin and Weng). LIBSVM leaves rows out at random, so its probabilities are not
/// the same; the sigmoid and the coupling are checked against scipy. linfa-svm was looked at: it fits the sigmoid on
/// the training rows themselves, and brings thirty crates for a solver of a page.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SupportVectorMachine {
    /// The kernel.
    pub kernel: Kernel,
    /// Bound of the coefficients, as scikit-learn's `C`; positive.
    pub c: f64,
    /// Weight of the classes.
    pub class_weight: ClassWeight,
    /// Folds whose decision values the sigmoids are fitted on.
    pub inner: InnerFolds,
}

impl Default for SupportVectorMachine {
    fn default() -> Self {
        Self {
            kernel: Kernel::Linear,
            c: 1.0,
            class_weight: ClassWeight::None,
            inner: InnerFolds::default(),
        }
    }
}

/// Fitted machines.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FittedSupportVectors {
    settings: SupportVectorMachine,
    machines: Machines,
    /// By pair, in the order of the machines.
    sigmoids: Vec<Sigmoid>,
}

/// One machine for each pair of classes: (0, 1), (0, 2), ..., (1, 2), ...
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Machines {
    classes: usize,
    /// Rows that are compared with: the support vectors; for the linear kernel none, the machines then are the columns' weights.
    support: Matrix,
    /// `gamma`; `None` for the linear kernel.
    gamma: Option<f64>,
    /// Pairs x support vectors, or pairs x columns.
    coefficients: Matrix,
    intercepts: Vec<f64>,
}

/// The pairs of classes in order.
fn pairs(classes: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..classes).flat_map(move |i| (i + 1..classes).map(move |j| (i, j)))
}

fn kernel_value(gamma: Option<f64>, a: &[f64], b: &[f64]) -> f64 {
    let both = a.iter().zip(b);
    match gamma {
        None => both.map(|(a, b)| a * b).sum(),
        Some(gamma) => (-gamma * both.map(|(a, b)| (a - b) * (a - b)).sum::<f64>()).exp(),
    }
}

impl SupportVectorMachine {
    /// Fits the fold: once on all rows, and once for each inner fold for the sigmoids.
    ///
    /// # Errors
    /// [`LearnError::BadSetting`], [`LearnError::Missing`], [`LearnError::FewInnerPatients`], [`LearnError::NoMinimum`],
    /// [`LearnError::OneClass`] and [`LearnError::ClassAbsent`].
    pub fn fit(&self, fold: &TrainingFold<'_>) -> Result<FittedSupportVectors, LearnError> {
        complete(fold)?;
        check_c(self.c)?;
        let x = fold.x();
        if x.rows() > MOST_ROWS {
            return Err(LearnError::BadSetting {
                name: "number of training rows",
                value: x.rows() as f64,
                remedy: "a support vector machine takes 10,000 at most; use logistic regression",
            });
        }
        let gamma = match self.kernel {
            Kernel::Linear => None,
            Kernel::Rbf { gamma: Some(gamma) } if gamma > 0.0 && gamma.is_finite() => Some(gamma),
            Kernel::Rbf { gamma: Some(gamma) } => {
                return Err(LearnError::BadSetting {
                    name: "gamma",
                    value: gamma,
                    remedy: "use a positive number, or none for 1 / (columns * variance)",
                });
            }
            Kernel::Rbf { gamma: None } => Some(scale_gamma(x)),
        };
        let machines = self.machines(fold, gamma)?;
        let dealt = assign(fold, self.inner)?;
        let parts: Vec<Result<(Vec<usize>, Matrix), LearnError>> = (0..dealt.folds())
            .into_par_iter()
            .map(|held| {
                let (out, kept) = dealt.sides(held);
                let part = self.machines(&fold.part(&kept), gamma)?;
                let values = part.decision(&x.select_rows(&out));
                Ok((out, values))
            })
            .collect();
        let mut values = Matrix::zeros(x.rows(), machines.intercepts.len());
        for part in parts {
            let (rows, found) = part?;
            for (at, row) in rows.into_iter().enumerate() {
                values.row_mut(row).copy_from_slice(found.row(at));
            }
        }
        let held_out = dealt.held_out();
        let mut sigmoids = Vec::with_capacity(machines.intercepts.len());
        for (at, (i, j)) in pairs(machines.classes).enumerate() {
            let of_classes = |r: &usize| fold.y()[*r] == i || fold.y()[*r] == j;
            let rows = || held_out.iter().copied().filter(of_classes);
            let of_pair: Vec<f64> = rows().map(|r| values.row(r)[at]).collect();
            let positive: Vec<bool> = rows().map(|r| fold.y()[r] == i).collect();
            sigmoids.push(Sigmoid::fit(&of_pair, &positive)?);
        }
        Ok(FittedSupportVectors {
            settings: *self,
            machines,
            sigmoids,
        })
    }

    fn machines(
        &self,
        fold: &TrainingFold<'_>,
        gamma: Option<f64>,
    ) -> Result<Machines, LearnError> {
        let (x, y, classes) = (fold.x(), fold.y(), fold.classes().len());
        let weights = self.class_weight.of_rows(fold)?;
        let mut dual = Matrix::zeros(classes * (classes - 1) / 2, x.rows());
        let mut intercepts = Vec::new();
        for (at, (i, j)) in pairs(classes).enumerate() {
            let rows: Vec<usize> = (0..x.rows()).filter(|&r| y[r] == i || y[r] == j).collect();
            let kernel = Matrix::from_fn(rows.len(), rows.len(), |a, b| {
                kernel_value(gamma, x.row(rows[a]), x.row(rows[b]))
            });
            let positive: Vec<bool> = rows.iter().map(|&r| y[r] == i).collect();
            let bounds: Vec<f64> = rows.iter().map(|&r| self.c * weights[r]).collect();
            let solved = smo::solve(&kernel, &positive, &bounds, TOLERANCE)?;
            for (&row, &coefficient) in rows.iter().zip(&solved.coefficients) {
                dual.row_mut(at)[row] = coefficient;
            }
            intercepts.push(solved.intercept);
        }
        if gamma.is_none() {
            let coefficients = Matrix::from_fn(dual.rows(), x.columns(), |at, column| {
                (0..x.rows())
                    .map(|r| dual.row(at)[r] * x.row(r)[column])
                    .sum()
            });
            return Ok(Machines {
                classes,
                support: Matrix::zeros(0, x.columns()),
                gamma,
                coefficients,
                intercepts,
            });
        }
        let support: Vec<usize> = (0..x.rows())
            .filter(|&r| (0..dual.rows()).any(|at| dual.row(at)[r] != 0.0))
            .collect();
        Ok(Machines {
            classes,
            support: x.select_rows(&support),
            gamma,
            coefficients: dual.select_columns(&support),
            intercepts,
        })
    }
}

/// `1 / (columns * variance of all values)`; 1 when nothing varies.
fn scale_gamma(x: &Matrix) -> f64 {
    let n = x.values().len() as f64;
    let mean = x.values().iter().sum::<f64>() / n;
    let variance = x
        .values()
        .iter()
        .map(|v| (v - mean) * (v - mean))
        .sum::<f64>()
        / n;
    if variance > 0.0 {
        1.0 / (x.columns() as f64 * variance)
    } else {
        1.0
    }
}

impl Machines {
    /// Decision values, rows x pairs; positive for the first class of the pair.
    fn decision(&self, x: &Matrix) -> Matrix {
        let mut values = Matrix::zeros(x.rows(), self.intercepts.len());
        for r in 0..x.rows() {
            let row = x.row(r);
            let inputs: Vec<f64> = match self.gamma {
                None => row.to_vec(),
                gamma => self
                    .support
                    .iter_rows()
                    .map(|s| kernel_value(gamma, s, row))
                    .collect(),
            };
            for (at, out) in values.row_mut(r).iter_mut().enumerate() {
                let terms = inputs.iter().zip(self.coefficients.row(at));
                *out = terms.map(|(k, c)| k * c).sum::<f64>() + self.intercepts[at];
            }
        }
        values
    }

    fn columns(&self) -> usize {
        self.support.columns()
    }
}

impl FittedSupportVectors {
    /// Number of classes.
    pub fn classes(&self) -> usize {
        self.machines.classes
    }

    /// Decision values, rows x pairs of classes (0, 1), (0, 2), ..., (1, 2), ...; positive for the first class of the pair.
    ///
    /// # Errors
    /// [`LearnError::Length`] when the number of columns is another than in training.
    pub fn decision_function(&self, x: &Matrix) -> Result<Matrix, LearnError> {
        same_columns(self.machines.columns(), x)?;
        Ok(self.machines.decision(x))
    }

    /// Probability of each class, rows x classes.
    ///
    /// # Errors
    /// [`LearnError::Length`] when the number of columns is another than in training.
    pub fn predict_proba(&self, x: &Matrix) -> Result<Matrix, LearnError> {
        let values = self.decision_function(x)?;
        let classes = self.classes();
        let mut probabilities = Matrix::zeros(x.rows(), classes);
        for r in 0..x.rows() {
            let mut pair = vec![vec![0.5; classes]; classes];
            for (at, (i, j)) in pairs(classes).enumerate() {
                pair[i][j] = self.sigmoids[at].probability(values.row(r)[at]);
            }
            let row = couple(classes, |i, j| pair[i][j]);
            probabilities.row_mut(r).copy_from_slice(&row);
        }
        Ok(probabilities)
    }

    pub(crate) fn describe(&self) -> String {
        let kernel = match self.machines.gamma {
            None => "linear".to_owned(),
            Some(gamma) => format!("Gaussian, gamma = {gamma:.3e}"),
        };
        format!(
            "support vector machine ({kernel}, C = {}{}; Platt's probabilities)",
            self.settings.c,
            balanced(self.settings.class_weight)
        )
    }

    pub(crate) fn problem(&self, features: usize, classes: usize) -> Option<&'static str> {
        let m = &self.machines;
        let count = classes * classes.saturating_sub(1) / 2;
        let inputs = m.gamma.map_or(features, |_| m.support.rows());
        let fits = classes >= 2
            && m.classes == classes
            && m.columns() == features
            && m.intercepts.len() == count
            && m.coefficients.rows() == count
            && m.coefficients.columns() == inputs
            && self.sigmoids.len() == count;
        let sigmoids = self.sigmoids.iter().flat_map(|s| [s.a, s.b]);
        let sane = m.gamma.is_none_or(|g| g > 0.0 && g.is_finite())
            && m.intercepts
                .iter()
                .chain(m.coefficients.values())
                .all(|v| v.is_finite())
            && m.support.values().iter().all(|v| v.is_finite())
            && sigmoids.into_iter().all(f64::is_finite);
        (!fits || !sane).then_some("the support vectors do not fit the features and classes")
    }
}
