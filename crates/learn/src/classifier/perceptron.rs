//! A small multi-layer perceptron.

use crate::classifier::{check_count, softmax};
use crate::impute::{complete, same_columns};
use crate::logistic::ClassWeight;
use crate::minimise::{Stop, minimise};
use crate::{LearnError, Matrix, TrainingFold};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

/// Weights above which a network is no small one.
const MOST_WEIGHTS: usize = 2_000_000;

/// What a hidden unit makes of its input.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Activation {
    /// `max(0, z)`.
    #[default]
    Relu,
    /// The hyperbolic tangent.
    Tanh,
}

/// A multi-layer perceptron with a softmax at its end, fitted by L-BFGS from a seeded start.
///
/// The objective is that of scikit-learn's `MLPClassifier(solver="lbfgs")`: the mean cross-entropy plus `alpha / (2 n)` times the squared
/// norm of the weights, the biases free; the start is Glorot and Bengio's uniform one. The objective and the probabilities
/// at given weights agree with scikit-learn's to 1e-12, the gradient with differences; the minimum depends on the start, as there
/// (`tests/parity/make_classifiers.py`). Like scikit-learn's, the search ends after `steps` steps whether or not it is at a minimum.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Perceptron {
    /// Units of each hidden layer.
    pub hidden: Vec<usize>,
    /// What the hidden units do.
    pub activation: Activation,
    /// The penalty.
    pub alpha: f64,
    /// Steps of L-BFGS at most.
    pub steps: usize,
    /// Weight of the classes.
    pub class_weight: ClassWeight,
    /// Seed of the start.
    pub seed: u64,
}

impl Default for Perceptron {
    fn default() -> Self {
        Self {
            hidden: vec![16],
            activation: Activation::Relu,
            alpha: 1.0,
            steps: 200,
            class_weight: ClassWeight::None,
            seed: 1,
        }
    }
}

/// A fitted perceptron.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FittedPerceptron {
    settings: Perceptron,
    /// Units of each layer, from the columns to the classes.
    layers: Vec<usize>,
    /// Layer after layer: inputs x outputs weights row by row, then the biases.
    weights: Vec<f64>,
    steps: usize,
}

/// The shape of a network, with its passes.
#[derive(Clone, Copy, Debug)]
struct Network<'a> {
    layers: &'a [usize],
    activation: Activation,
}

impl Network<'_> {
    /// Number of weights and biases.
    fn size(&self) -> usize {
        let sizes = self
            .layers
            .windows(2)
            .map(|l| (l[0] + 1).saturating_mul(l[1]));
        sizes.fold(0, usize::saturating_add)
    }

    /// Outputs of every layer for one row; the last one is the softmax.
    fn forward(&self, weights: &[f64], row: &[f64]) -> Vec<Vec<f64>> {
        let mut outputs = vec![row.to_vec()];
        let mut rest = weights;
        let last = self.layers.len() - 2;
        for (at, pair) in self.layers.windows(2).enumerate() {
            let (w, after) = rest.split_at(pair[0] * pair[1]);
            let (bias, after) = after.split_at(pair[1]);
            rest = after;
            let mut z = bias.to_vec();
            for (input, w) in outputs[at].iter().zip(w.chunks_exact(pair[1])) {
                if *input != 0.0 {
                    z.iter_mut().zip(w).for_each(|(z, w)| *z += input * w);
                }
            }
            match self.activation {
                _ if at == last => softmax(&mut z),
                Activation::Relu => z.iter_mut().for_each(|z| *z = z.max(0.0)),
                Activation::Tanh => z.iter_mut().for_each(|z| *z = z.tanh()),
            }
            outputs.push(z);
        }
        outputs
    }

    /// Adds the gradient of one row's weighted loss.
    fn backward(
        &self,
        weights: &[f64],
        outputs: &[Vec<f64>],
        y: usize,
        weight: f64,
        gradient: &mut [f64],
    ) {
        let mut delta = outputs[outputs.len() - 1].clone();
        delta[y] -= 1.0;
        delta.iter_mut().for_each(|d| *d *= weight);
        let mut end = weights.len();
        for at in (0..self.layers.len() - 1).rev() {
            let (inputs, units) = (self.layers[at], self.layers[at + 1]);
            let start = end - (inputs + 1) * units;
            let (dw, db) = gradient[start..end].split_at_mut(inputs * units);
            db.iter_mut().zip(&delta).for_each(|(g, d)| *g += d);
            let mut before = vec![0.0; inputs];
            for (j, &input) in outputs[at].iter().enumerate() {
                let w = &weights[start + j * units..start + (j + 1) * units];
                let row = &mut dw[j * units..(j + 1) * units];
                if input != 0.0 {
                    row.iter_mut()
                        .zip(&delta)
                        .for_each(|(g, d)| *g += input * d);
                }
                let slope = match self.activation {
                    Activation::Relu => f64::from(input > 0.0),
                    Activation::Tanh => 1.0 - input * input,
                };
                if at > 0 && slope != 0.0 {
                    before[j] = slope * w.iter().zip(&delta).map(|(w, d)| w * d).sum::<f64>();
                }
            }
            delta = before;
            end = start;
        }
    }

    /// The objective over all rows, and its gradient.
    fn objective(
        &self,
        weights: &[f64],
        data: (&Matrix, &[usize], &[f64]),
        alpha: f64,
        gradient: &mut [f64],
    ) -> f64 {
        let (x, y, row_weights) = data;
        let n = x.rows() as f64;
        gradient.fill(0.0);
        let mut value = 0.0;
        for (i, (&y, weight)) in y.iter().zip(row_weights).enumerate() {
            let outputs = self.forward(weights, x.row(i));
            let p = outputs[outputs.len() - 1][y];
            value -= weight / n * p.max(f64::MIN_POSITIVE).ln();
            self.backward(weights, &outputs, y, weight / n, gradient);
        }
        let mut start = 0;
        for pair in self.layers.windows(2) {
            for at in start..start + pair[0] * pair[1] {
                value += 0.5 * alpha / n * weights[at] * weights[at];
                gradient[at] += alpha / n * weights[at];
            }
            start += (pair[0] + 1) * pair[1];
        }
        value
    }
}

impl Perceptron {
    /// Fits the fold.
    ///
    /// # Errors
    /// [`LearnError::BadSetting`], [`LearnError::Missing`], [`LearnError::OneClass`], [`LearnError::ClassAbsent`], and
    /// [`LearnError::NoMinimum`] when the objective is not finite.
    pub fn fit(&self, fold: &TrainingFold<'_>) -> Result<FittedPerceptron, LearnError> {
        complete(fold)?;
        for &units in &self.hidden {
            check_count("units of a layer", units, 10_000, "use 1 to 10,000")?;
        }
        if !(0.0..=1e12).contains(&self.alpha) {
            return Err(LearnError::BadSetting {
                name: "alpha",
                value: self.alpha,
                remedy: "use 0 or more",
            });
        }
        let row_weights = self.class_weight.of_rows(fold)?;
        let mut layers = vec![fold.x().columns()];
        layers.extend(&self.hidden);
        layers.push(fold.classes().len());
        let network = Network {
            layers: &layers,
            activation: self.activation,
        };
        check_count(
            "number of weights",
            network.size(),
            MOST_WEIGHTS,
            "a small perceptron has 2 million at most: use fewer units, or principal components",
        )?;
        let mut random = ChaCha8Rng::seed_from_u64(self.seed);
        let mut start = Vec::with_capacity(network.size());
        for pair in layers.windows(2) {
            let bound = (6.0 / (pair[0] + pair[1]) as f64).sqrt();
            let count = (pair[0] + 1) * pair[1];
            start.extend((0..count).map(|_| random.random_range(-bound..=bound)));
        }
        let stop = Stop {
            gradient: 1e-6,
            steps: self.steps,
        };
        let data = (fold.x(), fold.y(), row_weights.as_slice());
        let found = minimise(start, stop, |weights, gradient| {
            network.objective(weights, data, self.alpha, gradient)
        });
        if !found.value.is_finite() {
            return Err(LearnError::NoMinimum {
                what: "the perceptron",
                steps: found.steps,
                gradient: found.gradient,
            });
        }
        Ok(FittedPerceptron {
            settings: self.clone(),
            layers,
            weights: found.point,
            steps: found.steps,
        })
    }
}

impl FittedPerceptron {
    /// Number of classes.
    pub fn classes(&self) -> usize {
        self.layers.last().copied().unwrap_or(0)
    }

    /// Probability of each class, rows x classes.
    ///
    /// # Errors
    /// [`LearnError::Length`] when the number of columns is another than in training.
    pub fn predict_proba(&self, x: &Matrix) -> Result<Matrix, LearnError> {
        same_columns(self.layers.first().copied().unwrap_or(0), x)?;
        let network = Network {
            layers: &self.layers,
            activation: self.settings.activation,
        };
        let mut probabilities = Matrix::zeros(x.rows(), self.classes());
        for i in 0..x.rows() {
            let outputs = network.forward(&self.weights, x.row(i));
            probabilities
                .row_mut(i)
                .copy_from_slice(&outputs[outputs.len() - 1]);
        }
        Ok(probabilities)
    }

    pub(crate) fn describe(&self) -> String {
        let hidden: Vec<String> = self.settings.hidden.iter().map(usize::to_string).collect();
        format!(
            "multi-layer perceptron (hidden units {}, alpha = {}, {} steps)",
            hidden.join(" + "),
            self.settings.alpha,
            self.steps
        )
    }

    pub(crate) fn problem(&self, features: usize, classes: usize) -> Option<&'static str> {
        let network = Network {
            layers: &self.layers,
            activation: self.settings.activation,
        };
        let fits = self.layers.len() >= 2
            && self.layers.first() == Some(&features)
            && self.layers.last() == Some(&classes)
            && network.size() == self.weights.len();
        let sane = self.weights.iter().all(|w| w.is_finite());
        (!fits || !sane).then_some("the perceptron does not fit the features and classes")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize)]
    struct Reference {
        rows: usize,
        train: usize,
        columns: usize,
        x: Vec<f64>,
        y: Vec<usize>,
        perceptrons: Given,
    }

    #[derive(Deserialize)]
    struct Given {
        given_weights: Vec<Case>,
    }

    #[derive(Deserialize)]
    struct Case {
        activation: Activation,
        layers: Vec<usize>,
        alpha: f64,
        weights: Vec<f64>,
        objective: f64,
        probabilities: Vec<f64>,
    }

    /// scikit-learn's loss and probabilities at the same weights, to 1e-12; the gradient against central differences.
    #[test]
    fn objective_and_probabilities_are_scikit_learns() {
        let text = include_str!("../../tests/parity/classifiers.json");
        let reference: Reference = serde_json::from_str(text).unwrap();
        let all = Matrix::new(reference.rows, reference.columns, reference.x).unwrap();
        let train: Vec<usize> = (0..reference.train).collect();
        let test: Vec<usize> = (reference.train..reference.rows).collect();
        let (x, new) = (all.select_rows(&train), all.select_rows(&test));
        let ones = vec![1.0; train.len()];
        let data = (&x, &reference.y[..train.len()], ones.as_slice());
        for case in reference.perceptrons.given_weights {
            let network = Network {
                layers: &case.layers,
                activation: case.activation,
            };
            let mut gradient = vec![0.0; network.size()];
            let value = network.objective(&case.weights, data, case.alpha, &mut gradient);
            assert!((value - case.objective).abs() < 1e-12, "{value}");
            let outputs = new
                .iter_rows()
                .flat_map(|row| network.forward(&case.weights, row).pop().unwrap());
            for (found, expected) in outputs.zip(&case.probabilities) {
                assert!((found - expected).abs() < 1e-12);
            }
            let mut unused = gradient.clone();
            for at in 0..case.weights.len() {
                let mut at_step = |step: f64| {
                    let mut moved = case.weights.clone();
                    moved[at] += step;
                    network.objective(&moved, data, case.alpha, &mut unused)
                };
                let slope = (at_step(1e-6) - at_step(-1e-6)) / 2e-6;
                assert!(
                    (slope - gradient[at]).abs() < 1e-7,
                    "{at}: {slope} {}",
                    gradient[at]
                );
            }
        }
    }
}
