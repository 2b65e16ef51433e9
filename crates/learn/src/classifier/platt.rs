//! From decision values of pairs of classes to probabilities.

use crate::LearnError;
use crate::classifier::normalise;
use crate::minimise::{Stop, minimise};
use crate::newton::logistic;
use serde::{Deserialize, Serialize};

/// `P(positive | f) = 1 / (1 + exp(a f + b))`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Sigmoid {
    pub a: f64,
    pub b: f64,
}

impl Sigmoid {
    /// Fits decision values with Platt's targets `(N+ + 1) / (N+ + 2)` and `1 / (N- + 2)` (Platt 1999; Lin, Lin and Weng 2007).
    pub(crate) fn fit(values: &[f64], positive: &[bool]) -> Result<Self, LearnError> {
        let plus = positive.iter().filter(|p| **p).count() as f64;
        let minus = positive.len() as f64 - plus;
        let targets: Vec<f64> = positive
            .iter()
            .map(|p| {
                if *p {
                    (plus + 1.0) / (plus + 2.0)
                } else {
                    1.0 / (minus + 2.0)
                }
            })
            .collect();
        let start = vec![0.0, ((minus + 1.0) / (plus + 1.0)).ln()];
        let stop = Stop {
            gradient: 1e-10,
            steps: 500,
        };
        // Decision values of any size: a belongs to values in units of their root mean square.
        let squares: f64 = values.iter().map(|f| f * f).sum();
        let unit = (squares / values.len() as f64).sqrt().max(1e-12);
        let found = minimise(start, stop, |point, gradient| {
            let (mut value, mut da, mut db) = (0.0, 0.0, 0.0);
            for (f, t) in values.iter().zip(&targets) {
                let f = f / unit;
                let z = point[0] * f + point[1];
                // -t log p - (1 - t) log(1 - p) with p = 1 / (1 + exp z).
                value += z.max(0.0) + (-z.abs()).exp().ln_1p() - (1.0 - t) * z;
                let d = t - logistic(-z);
                da += d * f;
                db += d;
            }
            gradient.copy_from_slice(&[da, db]);
            value
        });
        if !found.converged {
            return Err(LearnError::NoMinimum {
                what: "Platt's sigmoid",
                steps: found.steps,
                gradient: found.gradient,
            });
        }
        Ok(Self {
            a: found.point[0] / unit,
            b: found.point[1],
        })
    }

    /// The probability at a decision value.
    pub(crate) fn probability(self, value: f64) -> f64 {
        logistic(-(self.a * value + self.b))
    }
}

/// Class probabilities whose pairs come closest to the given ones: the minimum of `sum_(i<j) (r_ji p_i - r_ij p_j)^2` over
/// probabilities (Wu, Lin and Weng, JMLR 5:975, 2004, second method), by their fixed-point iteration.
///
/// `pairs(i, j)` is `P(class i | class i or j)` for `i < j`.
pub(crate) fn couple(classes: usize, pairs: impl Fn(usize, usize) -> f64) -> Vec<f64> {
    // Pairs that are certain would stop the iteration; LIBSVM bounds them in the same way.
    let r = |i: usize, j: usize| {
        let p = if i < j {
            pairs(i, j)
        } else {
            1.0 - pairs(j, i)
        };
        p.clamp(1e-7, 1.0 - 1e-7)
    };
    let mut p = vec![1.0 / classes as f64; classes];
    if classes == 2 {
        return vec![r(0, 1), r(1, 0)];
    }
    let q = |t: usize, j: usize| match t == j {
        true => (0..classes)
            .filter(|&s| s != t)
            .map(|s| r(s, t) * r(s, t))
            .sum::<f64>(),
        false => -r(j, t) * r(t, j),
    };
    let q: Vec<Vec<f64>> = (0..classes)
        .map(|t| (0..classes).map(|j| q(t, j)).collect())
        .collect();
    for _ in 0..10_000 {
        let product = |p: &[f64]| -> Vec<f64> {
            let rows = q
                .iter()
                .map(|row| row.iter().zip(p).map(|(q, p)| q * p).sum());
            rows.collect()
        };
        let qp = product(&p);
        let pqp: f64 = p.iter().zip(&qp).map(|(p, q)| p * q).sum();
        let error = qp.iter().fold(0.0_f64, |m, v| m.max((v - pqp).abs()));
        if error < 1e-14 {
            break;
        }
        for t in 0..classes {
            let qp = product(&p);
            let pqp: f64 = p.iter().zip(&qp).map(|(p, q)| p * q).sum();
            p[t] = (p[t] + (pqp - qp[t]) / q[t][t]).max(0.0);
            normalise(&mut p);
        }
    }
    p
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_that_agree_give_their_classes_probabilities() {
        let p = [0.2, 0.5, 0.3];
        let found = couple(3, |i, j| p[i] / (p[i] + p[j]));
        for (a, b) in found.iter().zip(p) {
            assert!((a - b).abs() < 1e-12, "{found:?}");
        }
    }

    #[derive(Deserialize)]
    struct Reference {
        sigmoid: Expected,
        coupling: Vec<Coupling>,
    }

    #[derive(Deserialize)]
    struct Expected {
        values: Vec<f64>,
        positive: Vec<bool>,
        a: f64,
        b: f64,
    }

    #[derive(Deserialize)]
    struct Coupling {
        pairs: Vec<f64>,
        probabilities: Vec<f64>,
    }

    fn reference() -> Reference {
        serde_json::from_str(include_str!("../../tests/parity/classifiers.json")).unwrap()
    }

    /// scipy's minimum of the same objective, to 1e-7.
    #[test]
    fn the_sigmoid_ends_at_scipys_minimum() {
        let expected = reference().sigmoid;
        let found = Sigmoid::fit(&expected.values, &expected.positive).unwrap();
        let off = (found.a - expected.a)
            .abs()
            .max((found.b - expected.b).abs());
        println!("{off:e}");
        assert!(off < 1e-7, "{found:?}");
    }

    /// The linear system of the minimum, solved by numpy, to 1e-10.
    #[test]
    fn pairs_that_contradict_each_other_are_coupled_as_the_linear_system_says() {
        for case in reference().coupling {
            let at = |i: usize, j: usize| [[0, 0, 1, 2], [0, 0, 3, 4], [0, 0, 0, 5]][i][j];
            let found = couple(4, |i, j| case.pairs[at(i, j)]);
            for (a, b) in found.iter().zip(&case.probabilities) {
                assert!((a - b).abs() < 1e-10, "{found:?} {:?}", case.probabilities);
            }
        }
    }
}
