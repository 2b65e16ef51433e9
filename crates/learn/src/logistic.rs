//! Logistic regression with an L2 penalty.

use crate::impute::{complete, same_columns};
use crate::newton::{Problem, logistic};
use crate::{LearnError, Matrix, TrainingFold};
use faer::linalg::solvers::Qr;
use serde::{Deserialize, Serialize};

/// The penalty on the coefficients.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Penalty {
    /// Half the squared Euclidean norm; the intercept is free.
    #[default]
    L2,
}

/// How much the rows of a class weigh.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum ClassWeight {
    /// Every row weighs 1.
    #[default]
    None,
    /// A row weighs `n / (K n_class)` (scikit-learn's `class_weight="balanced"`).
    Balanced,
}

impl ClassWeight {
    /// Weight of each row of the fold; refuses a fold in which a class has no row.
    pub(crate) fn of_rows(self, fold: &TrainingFold<'_>) -> Result<Vec<f64>, LearnError> {
        let classes = fold.classes();
        if let [class] = classes {
            return Err(LearnError::OneClass {
                class: class.clone(),
            });
        }
        let mut counts = vec![0_usize; classes.len()];
        fold.y().iter().for_each(|&y| counts[y] += 1);
        let rows = fold.y().len();
        if let Some(absent) = counts.iter().position(|&n| n == 0) {
            return Err(LearnError::ClassAbsent {
                class: classes[absent].clone(),
                rows,
            });
        }
        let weight = |y: usize| match self {
            Self::None => 1.0,
            Self::Balanced => rows as f64 / (classes.len() as f64 * counts[y] as f64),
        };
        Ok(fold.y().iter().map(|&y| weight(y)).collect())
    }
}

/// L2-penalised logistic regression: minimises `0.5 |W|^2 + C sum_i s_i loss_i`, as scikit-learn's
/// `LogisticRegression`.
///
/// With two classes it is the binary model: one coefficient vector, for the second class. With three and more it is the
/// multinomial model: one vector for each class and the softmax; the vectors and the intercepts then sum to zero over the classes,
/// where scikit-learn's end as well. Coefficients agree with scikit-learn's at convergence to 1e-6.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogisticRegression {
    /// The penalty.
    #[serde(default)]
    pub penalty: Penalty,
    /// Inverse strength of the penalty, as scikit-learn's `C`; positive.
    pub c: f64,
    /// Weight of the classes.
    #[serde(default)]
    pub class_weight: ClassWeight,
}

/// A fitted logistic regression.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FittedLogistic {
    settings: LogisticRegression,
    classes: usize,
    /// 1 x features for two classes, else classes x features.
    coefficients: Matrix,
    intercepts: Vec<f64>,
    iterations: usize,
}

impl LogisticRegression {
    /// Fits the fold.
    ///
    /// When there are more features than rows, the coefficients lie in the span of the rows, so the problem is solved in an
    /// orthonormal basis of it (QR of the transposed matrix) and turned back: exact, and far smaller. A feature that is constant
    /// in the fold has the coefficient 0.
    ///
    /// The coefficients are those of the minimum to a relative 1e-9 on standardised features. On raw features whose scales lie
    /// many decades apart rounding allows less; it is a minimum then when the gradient has fallen by 1e9.
    ///
    /// # Errors
    /// [`LearnError::OneClass`], [`LearnError::ClassAbsent`], [`LearnError::BadSetting`], [`LearnError::Missing`],
    /// [`LearnError::NotConverged`] and [`LearnError::Factorisation`].
    pub fn fit(&self, fold: &TrainingFold<'_>) -> Result<FittedLogistic, LearnError> {
        complete(fold)?;
        if !(self.c > 0.0 && self.c <= 1e12) {
            return Err(LearnError::BadSetting {
                name: "C",
                value: self.c,
                remedy: "use a positive number up to 1e12; scikit-learn's default is 1",
            });
        }
        let mut weights = self.class_weight.of_rows(fold)?;
        weights.iter_mut().for_each(|w| *w *= self.c);
        let k = fold.classes().len();
        let predictors = if k == 2 { 1 } else { k };
        let x = fold.x();
        let (n, p) = (x.rows(), x.columns());
        let kept: Vec<usize> = (0..p)
            .filter(|&j| x.iter_rows().any(|row| row[j] != x.row(0)[j]))
            .collect();
        // The intercept is free, so centring changes nothing but its value; it takes most of the correlation between the
        // intercept and the coefficients away.
        let means = x.column_means();
        let d = kept.len().min(n);
        let wide = kept.len() > n;
        let qr = wide.then(|| {
            let transposed =
                faer::Mat::from_fn(kept.len(), n, |a, i| x.row(i)[kept[a]] - means[kept[a]]);
            Qr::new(transposed.as_ref())
        });
        let z = match &qr {
            None => faer::Mat::from_fn(n, d + 1, |i, a| {
                if a == d {
                    1.0
                } else {
                    x.row(i)[kept[a]] - means[kept[a]]
                }
            }),
            // X' = Q R, so X = R' Q' and the new coordinates of row i are column i of R.
            Some(qr) => {
                let r = qr.thin_R();
                faer::Mat::from_fn(n, d + 1, |i, a| match () {
                    () if a == d => 1.0,
                    () if a <= i => r[(a, i)],
                    () => 0.0,
                })
            }
        };
        let problem = Problem {
            z,
            y: fold.y(),
            weights,
            predictors,
        };
        let solution = problem.solve()?;
        let reduced = solution.theta.as_ref().subrows(0, d);
        let full = match &qr {
            None => reduced.to_owned(),
            Some(qr) => {
                let mut lifted = faer::Mat::<f64>::zeros(kept.len(), predictors);
                lifted.as_mut().subrows_mut(0, d).copy_from(reduced);
                apply_q(qr, lifted)
            }
        };
        let mut coefficients = Matrix::zeros(predictors, p);
        let mut intercepts = Vec::with_capacity(predictors);
        for c in 0..predictors {
            let row = coefficients.row_mut(c);
            for (a, &j) in kept.iter().enumerate() {
                row[j] = full[(a, c)];
            }
            let shift: f64 = row.iter().zip(&means).map(|(w, m)| w * m).sum();
            intercepts.push(solution.theta[(d, c)] - shift);
        }
        if predictors > 1 {
            // Only differences between classes matter; the sum is 0 by convention.
            let mean = intercepts.iter().sum::<f64>() / predictors as f64;
            intercepts.iter_mut().for_each(|b| *b -= mean);
        }
        Ok(FittedLogistic {
            settings: *self,
            classes: k,
            coefficients,
            intercepts,
            iterations: solution.iterations,
        })
    }
}

/// `Q m` by the Householder reflections of the factorisation.
fn apply_q(qr: &Qr<f64>, mut m: faer::Mat<f64>) -> faer::Mat<f64> {
    use faer::dyn_stack::{MemBuffer, MemStack};
    use faer::linalg::householder;
    let (basis, coefficients) = (qr.Q_basis(), qr.Q_coeff());
    let mut memory = MemBuffer::new(
        householder::apply_block_householder_sequence_on_the_left_in_place_scratch::<f64>(
            basis.nrows(),
            coefficients.nrows(),
            m.ncols(),
        ),
    );
    householder::apply_block_householder_sequence_on_the_left_in_place_with_conj(
        basis,
        coefficients,
        faer::Conj::No,
        m.as_mut(),
        faer::Par::Seq,
        MemStack::new(&mut memory),
    );
    m
}

impl FittedLogistic {
    /// The settings it was fitted with.
    pub fn settings(&self) -> &LogisticRegression {
        &self.settings
    }

    /// Coefficients: 1 x features for two classes (of the second class), else classes x features.
    pub fn coefficients(&self) -> &Matrix {
        &self.coefficients
    }

    /// Intercepts, one for each row of the coefficients.
    pub fn intercepts(&self) -> &[f64] {
        &self.intercepts
    }

    /// Newton steps that the fit took.
    pub fn iterations(&self) -> usize {
        self.iterations
    }

    /// Number of classes.
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// The linear predictors, rows x predictors (1 for two classes).
    ///
    /// # Errors
    /// [`LearnError::Length`] when the number of columns is another than in training.
    pub fn decision_function(&self, x: &Matrix) -> Result<Matrix, LearnError> {
        same_columns(self.coefficients.columns(), x)?;
        Ok(Matrix::from_fn(x.rows(), self.intercepts.len(), |i, c| {
            let row = x.row(i).iter().zip(self.coefficients.row(c));
            self.intercepts[c] + row.map(|(x, w)| x * w).sum::<f64>()
        }))
    }

    /// Probability of each class, rows x classes.
    ///
    /// # Errors
    /// [`LearnError::Length`] when the number of columns is another than in training.
    pub fn predict_proba(&self, x: &Matrix) -> Result<Matrix, LearnError> {
        let scores = self.decision_function(x)?;
        let mut probabilities = Matrix::zeros(x.rows(), self.classes);
        for i in 0..x.rows() {
            let (scores, row) = (scores.row(i), probabilities.row_mut(i));
            if let [score] = scores {
                row[0] = logistic(-score);
                row[1] = logistic(*score);
                continue;
            }
            let largest = scores.iter().fold(f64::NEG_INFINITY, |m, s| m.max(*s));
            for (p, s) in row.iter_mut().zip(scores) {
                *p = (s - largest).exp();
            }
            let sum: f64 = row.iter().sum();
            row.iter_mut().for_each(|p| *p /= sum);
        }
        Ok(probabilities)
    }

    /// What is wrong with parameters read from a file.
    pub(crate) fn problem(&self, features: usize, classes: usize) -> Option<&'static str> {
        let predictors = if classes == 2 { 1 } else { classes };
        let fits = self.classes == classes
            && classes >= 2
            && self.coefficients.rows() == predictors
            && self.coefficients.columns() == features
            && self.intercepts.len() == predictors;
        let sane = [self.coefficients.values(), &self.intercepts]
            .iter()
            .all(|values| values.iter().all(|v| v.is_finite()));
        (!fits || !sane).then_some("the coefficients do not fit the features and classes")
    }
}
