//! A mean of several classifiers whose weights depend on how sure each is of the row.

use crate::LearnError;
use crate::classifier::softmax;
use crate::inner::OutOfFold;
use crate::minimise::{Stop, minimise};
use serde::{Deserialize, Serialize};

/// `softmax_m (bias_m + slope_m confidence_m)`, see [`Combination::Gate`](crate::Combination::Gate).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Gate {
    biases: Vec<f64>,
    slopes: Vec<f64>,
}

/// 1 minus the entropy over that of equal probabilities: 0 when nothing is known, 1 when all is.
fn confidence(row: &[f64]) -> f64 {
    let entropy: f64 = row.iter().filter(|p| **p > 0.0).map(|p| -p * p.ln()).sum();
    1.0 - entropy / (row.len() as f64).ln()
}

/// Weight of each member for one row.
fn weights_of(rows: &[&[f64]], biases: &[f64], slopes: &[f64]) -> Vec<f64> {
    let scores = rows.iter().zip(biases).zip(slopes);
    let mut weights: Vec<f64> = scores
        .map(|((row, bias), slope)| bias + slope * confidence(row))
        .collect();
    softmax(&mut weights);
    weights
}

impl Gate {
    /// Fits the members' out-of-fold probabilities with the inverse penalty `c`.
    pub(crate) fn fit(out: &[OutOfFold], c: f64) -> Result<Self, LearnError> {
        let members = out.len();
        let y = out.first().map_or(&[][..], |o| o.truth());
        let stop = Stop {
            gradient: 1e-8,
            steps: 2_000,
        };
        let found = minimise(vec![0.0; 2 * members], stop, |theta, gradient| {
            let (biases, slopes) = theta.split_at(members);
            let mut value = 0.0;
            for (g, t) in gradient.iter_mut().zip(theta) {
                value += 0.5 / c * t * t;
                *g = t / c;
            }
            for (i, &y) in y.iter().enumerate() {
                let rows: Vec<&[f64]> = out.iter().map(|o| o.probabilities().row(i)).collect();
                let weights = weights_of(&rows, biases, slopes);
                // A member that gives the class no chance at all must not make the loss infinite.
                let own: Vec<f64> = rows.iter().map(|row| row[y].max(1e-12)).collect();
                let mixed: f64 = weights.iter().zip(&own).map(|(w, p)| w * p).sum();
                value -= mixed.ln();
                for m in 0..members {
                    let slope = -weights[m] * (own[m] - mixed) / mixed;
                    gradient[m] += slope;
                    gradient[members + m] += slope * confidence(rows[m]);
                }
            }
            value
        });
        if !found.converged {
            return Err(LearnError::NoMinimum {
                what: "the gate of the ensemble",
                steps: found.steps,
                gradient: found.gradient,
            });
        }
        let (biases, slopes) = found.point.split_at(members);
        Ok(Self {
            biases: biases.to_vec(),
            slopes: slopes.to_vec(),
        })
    }

    /// Weight of each member for one row, from the members' probabilities of it.
    pub(crate) fn weights(&self, rows: &[&[f64]]) -> Vec<f64> {
        weights_of(rows, &self.biases, &self.slopes)
    }

    /// Whether a gate read from a file is one of this many members.
    pub(crate) fn is_sound(&self, members: usize) -> bool {
        let mut all = self.biases.iter().chain(&self.slopes);
        [self.biases.len(), self.slopes.len()] == [members; 2] && all.all(|v| v.is_finite())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Matrix;

    #[derive(Deserialize)]
    struct Reference {
        gate: Case,
    }

    #[derive(Deserialize)]
    struct Case {
        c: f64,
        truth: Vec<usize>,
        members: Vec<Vec<f64>>,
        biases: Vec<f64>,
        slopes: Vec<f64>,
    }

    /// scipy's minimum of the same objective, to 1e-5 (its derivatives are differences).
    #[test]
    fn the_gate_ends_at_scipys_minimum() {
        let text = include_str!("../../tests/parity/classifiers.json");
        let expected = serde_json::from_str::<Reference>(text).unwrap().gate;
        let n = expected.truth.len();
        let members = expected.members.iter().map(|values| OutOfFold {
            probabilities: Matrix::new(n, 3, values.clone()).unwrap(),
            y: expected.truth.clone(),
            fold_of: vec![0; n],
        });
        let out: Vec<OutOfFold> = members.collect();
        let Gate { biases, slopes } = Gate::fit(&out, expected.c).unwrap();
        let found = biases.iter().chain(&slopes);
        for (a, b) in found.zip(expected.biases.iter().chain(&expected.slopes)) {
            assert!((a - b).abs() < 1e-5, "{biases:?} {slopes:?}");
        }
    }
}
