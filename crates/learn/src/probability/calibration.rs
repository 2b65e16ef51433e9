//! Calibration of probabilities on out-of-fold predictions.

use crate::classifier::{normalise, softmax};
use crate::inner::OutOfFold;
use crate::probability::Isotonic;
use crate::probability::scaling::{dirichlet, logarithms, temperature, vector};
use crate::{LearnError, Matrix};
use serde::{Deserialize, Serialize};

/// How probabilities are calibrated.
///
/// The parametric ones work on logarithms of the classifier's probabilities (those below 1e-12 count as that).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "method", rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Calibration {
    /// `softmax(log p / T)`: one temperature, between 0.01 and 100 (Guo et al. 2017). Minimum of the log loss to rounding.
    Temperature,
    /// `softmax(w log p + b)`, elementwise: the mean log loss plus `penalty (|w - 1|^2 + |b|^2)` is minimised (Guo et al. 2017,
    /// with a penalty that keeps it finite).
    Vector {
        /// The penalty.
        #[serde(default = "default_vector_penalty")]
        penalty: f64,
    },
    /// `softmax(W log p + b)`: Dirichlet calibration (Kull et al. 2019) with their penalty on what is off the diagonal and on the
    /// intercepts (ODIR): `lambda / (K (K - 1)) sum_(i != j) W_ij^2 + mu / K |b|^2` is added to the mean log loss.
    Dirichlet {
        /// Penalty of what is off the diagonal.
        #[serde(default = "default_dirichlet_penalty")]
        lambda: f64,
        /// Penalty of the intercepts.
        #[serde(default = "default_dirichlet_penalty")]
        mu: f64,
    },
    /// Isotonic regression of each class against the rest, divided by the sum; equal probabilities where the sum is 0.
    Isotonic,
}

fn default_vector_penalty() -> f64 {
    1e-3
}

fn default_dirichlet_penalty() -> f64 {
    1e-2
}

/// A fitted calibration. The parametric ones are checked against scipy's minimum of the same objective (probabilities to
/// 1e-6), isotonic ones against scikit-learn's to 1e-12 (`tests/parity/make_probability.py`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "method", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Calibrator {
    /// One temperature.
    Temperature {
        /// `T`: above 1 when the classifier was too sure of itself.
        temperature: f64,
        /// Number of classes.
        classes: usize,
    },
    /// A linear map of the logarithms: vector scaling when the weights are diagonal, else Dirichlet.
    Linear {
        /// Classes x classes.
        weights: Matrix,
        /// One for each class.
        intercepts: Vec<f64>,
    },
    /// One function for each class.
    Isotonic {
        /// By class.
        functions: Vec<Isotonic>,
    },
}

impl Calibrator {
    /// Fits out-of-fold predictions.
    ///
    /// # Errors
    /// [`LearnError::BadSetting`] for a negative penalty and [`LearnError::NoMinimum`].
    pub fn fit(method: Calibration, out: &OutOfFold) -> Result<Self, LearnError> {
        let penalty = |name, value: f64| match value >= 0.0 && value.is_finite() {
            true => Ok(value),
            false => Err(LearnError::BadSetting {
                name,
                value,
                remedy: "use 0 or more",
            }),
        };
        match method {
            Calibration::Temperature => Ok(temperature(out)),
            Calibration::Vector { penalty: p } => {
                vector(out, penalty("penalty of vector scaling", p)?)
            }
            Calibration::Dirichlet { lambda, mu } => dirichlet(
                out,
                penalty("lambda of Dirichlet calibration", lambda)?,
                penalty("mu of Dirichlet calibration", mu)?,
            ),
            Calibration::Isotonic => {
                let rows = || out.probabilities.iter_rows().zip(&out.y);
                let of_class = |class: usize| {
                    let pairs: Vec<(f64, f64)> = rows()
                        .map(|(row, &y)| (row[class], f64::from(y == class)))
                        .collect();
                    Isotonic::fit(&pairs).ok_or(LearnError::NoRows)
                };
                let functions = (0..out.classes()).map(of_class).collect::<Result<_, _>>()?;
                Ok(Self::Isotonic { functions })
            }
        }
    }

    /// Calibrated probabilities.
    ///
    /// # Errors
    /// [`LearnError::Length`] when the number of classes is another than in training.
    pub fn apply(&self, probabilities: &Matrix) -> Result<Matrix, LearnError> {
        crate::impute::same_columns(self.classes(), probabilities)?;
        let mut calibrated = probabilities.clone();
        for i in 0..calibrated.rows() {
            let row = calibrated.row_mut(i);
            match self {
                Self::Temperature { temperature, .. } => {
                    row.copy_from_slice(&logarithms(row));
                    row.iter_mut().for_each(|s| *s /= temperature);
                    softmax(row);
                }
                Self::Linear {
                    weights,
                    intercepts,
                } => {
                    let logs = logarithms(row);
                    for (class, out) in row.iter_mut().enumerate() {
                        let terms = weights.row(class).iter().zip(&logs);
                        *out = terms.map(|(w, l)| w * l).sum::<f64>() + intercepts[class];
                    }
                    softmax(row);
                }
                Self::Isotonic { functions } => {
                    for (p, function) in row.iter_mut().zip(functions) {
                        *p = function.at(*p);
                    }
                    normalise(row);
                }
            }
        }
        Ok(calibrated)
    }

    /// Number of classes.
    pub fn classes(&self) -> usize {
        match self {
            Self::Temperature { classes, .. } => *classes,
            Self::Linear { intercepts, .. } => intercepts.len(),
            Self::Isotonic { functions } => functions.len(),
        }
    }

    /// The method in words.
    pub fn describe(&self) -> String {
        match self {
            Self::Temperature { temperature, .. } => {
                format!("temperature scaling (T = {temperature:.3})")
            }
            Self::Linear { weights, .. } => {
                let k = weights.rows();
                let diagonal = (0..k).all(|i| (0..k).all(|j| i == j || weights.row(i)[j] == 0.0));
                let name = if diagonal {
                    "vector scaling"
                } else {
                    "Dirichlet calibration"
                };
                name.to_owned()
            }
            Self::Isotonic { .. } => "isotonic calibration".to_owned(),
        }
    }

    /// What is wrong with parameters read from a file.
    pub(crate) fn problem(&self, classes: usize) -> Option<&'static str> {
        let sane = match self {
            Self::Temperature { temperature, .. } => *temperature > 0.0 && temperature.is_finite(),
            Self::Linear {
                weights,
                intercepts,
            } => {
                let all = weights.values().iter().chain(intercepts);
                weights.rows() == classes
                    && weights.columns() == classes
                    && all.into_iter().all(|v| v.is_finite())
            }
            Self::Isotonic { functions } => functions.iter().all(Isotonic::is_sound),
        };
        (!sane || self.classes() != classes).then_some("the calibration does not fit the classes")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize)]
    struct Reference {
        probabilities: Vec<f64>,
        y: Vec<usize>,
        new: Vec<f64>,
        temperature: f64,
        vector: Vector,
        dirichlet: Dirichlet,
        isotonic: Tied,
    }

    #[derive(Deserialize)]
    struct Vector {
        penalty: f64,
        calibrated: Vec<f64>,
    }

    #[derive(Deserialize)]
    struct Dirichlet {
        lambda: f64,
        mu: f64,
        calibrated: Vec<f64>,
    }

    #[derive(Deserialize)]
    struct Tied {
        inputs: Vec<f64>,
        new: Vec<f64>,
        calibrated: Vec<f64>,
    }

    fn reference() -> Reference {
        serde_json::from_str(include_str!("../../tests/parity/probability.json")).unwrap()
    }

    fn by_class(values: &[f64]) -> Matrix {
        Matrix::new(values.len() / 3, 3, values.to_vec()).unwrap()
    }

    fn out_of_fold(values: &[f64], y: &[usize]) -> OutOfFold {
        OutOfFold {
            probabilities: by_class(values),
            y: y.to_vec(),
            fold_of: vec![0; y.len()],
        }
    }

    fn difference(found: &Matrix, expected: &[f64]) -> f64 {
        let pairs = found.values().iter().zip(expected);
        pairs.fold(0.0, |m, (a, b)| m.max((a - b).abs()))
    }

    #[test]
    fn parametric_calibrations_end_at_scipys_minimum() {
        let r = reference();
        let out = out_of_fold(&r.probabilities, &r.y);
        let fit = |method| Calibrator::fit(method, &out).unwrap();
        let Calibrator::Temperature { temperature, .. } = fit(Calibration::Temperature) else {
            panic!("no temperature")
        };
        println!("temperature {:e}", temperature - r.temperature);
        assert!((temperature - r.temperature).abs() < 1e-6);
        let new = by_class(&r.new);
        let vector = fit(Calibration::Vector {
            penalty: r.vector.penalty,
        });
        let off = difference(&vector.apply(&new).unwrap(), &r.vector.calibrated);
        println!("vector {off:e}");
        assert!(off < 1e-6);
        assert_eq!(vector.describe(), "vector scaling");
        let dirichlet = fit(Calibration::Dirichlet {
            lambda: r.dirichlet.lambda,
            mu: r.dirichlet.mu,
        });
        let off = difference(&dirichlet.apply(&new).unwrap(), &r.dirichlet.calibrated);
        println!("dirichlet {off:e}");
        assert!(off < 1e-6);
        assert_eq!(dirichlet.describe(), "Dirichlet calibration");
    }

    #[test]
    fn isotonic_calibration_is_scikit_learns() {
        let r = reference();
        let out = out_of_fold(&r.isotonic.inputs, &r.y);
        let fitted = Calibrator::fit(Calibration::Isotonic, &out).unwrap();
        let found = fitted.apply(&by_class(&r.isotonic.new)).unwrap();
        let off = difference(&found, &r.isotonic.calibrated);
        println!("isotonic {off:e}");
        assert!(off < 1e-12);
        assert!(fitted.problem(3).is_none() && fitted.problem(2).is_some());
    }

    #[test]
    fn certain_and_right_predictions_are_calibrated_without_an_infinity() {
        let y: Vec<usize> = (0..30).map(|i| i % 3).collect();
        let sure: Vec<f64> = y
            .iter()
            .flat_map(|&y| (0..3).map(move |k| f64::from(k == y)))
            .collect();
        let out = out_of_fold(&sure, &y);
        for method in [
            Calibration::Temperature,
            Calibration::Vector { penalty: 1e-3 },
            Calibration::Dirichlet {
                lambda: 1e-2,
                mu: 1e-2,
            },
            Calibration::Isotonic,
        ] {
            let found = Calibrator::fit(method, &out)
                .unwrap()
                .apply(&out.probabilities)
                .unwrap();
            for (row, &y) in found.iter_rows().zip(&y) {
                assert!(
                    row.iter().all(|p| p.is_finite()) && row[y] > 0.9,
                    "{method:?} {row:?}"
                );
            }
        }
        assert!(Calibrator::fit(Calibration::Vector { penalty: -1.0 }, &out).is_err());
    }
}
