//! Ordinal regression: one set of coefficients for classes that have an order.

use crate::classifier::{balanced, check_c, softmax};
use crate::impute::{complete, same_columns};
use crate::logistic::ClassWeight;
use crate::minimise::{Stop, minimise};
use crate::newton::logistic;
use crate::{LearnError, Matrix, TrainingFold};
use serde::{Deserialize, Serialize};

/// Which odds are modelled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum OrdinalModel {
    /// Those of a class or any before it: `logit P(Y <= k) = threshold_k - x b` (McCullagh 1980, proportional odds).
    #[default]
    ProportionalOdds,
    /// Those of a class against the one before it: `log P(Y = k + 1) / P(Y = k) = x b - threshold_k` (Agresti, Analysis
    /// of Ordinal Categorical Data, 2nd edition, section 4.1).
    AdjacentCategory,
}

/// L2-penalised ordinal regression: minimises `0.5 |b|^2 + C sum_i s_i loss_i` with free thresholds.
///
/// The classes are in their order (zero, low, positive); larger `x b` means a later class. The penalty keeps the coefficients finite when
/// the classes are separable. Checked at large `C` against `polr` of R's MASS, `vglm` of VGAM and statsmodels'
/// `OrderedModel` (coefficients to 1e-4, where their own tolerances end), and at `C = 1` against scipy's minimum of the same
/// objective to 1e-6 (`tests/parity/make_classifiers.py`, `make_ordinal.R`).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OrdinalRegression {
    /// Which odds are modelled.
    pub model: OrdinalModel,
    /// Inverse strength of the penalty; positive.
    pub c: f64,
    /// Weight of the classes.
    pub class_weight: ClassWeight,
}

impl Default for OrdinalRegression {
    fn default() -> Self {
        Self {
            model: OrdinalModel::ProportionalOdds,
            c: 1.0,
            class_weight: ClassWeight::None,
        }
    }
}

/// A fitted ordinal regression.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FittedOrdinal {
    settings: OrdinalRegression,
    coefficients: Vec<f64>,
    thresholds: Vec<f64>,
}

impl OrdinalRegression {
    /// Fits the fold.
    ///
    /// # Errors
    /// [`LearnError::OneClass`], [`LearnError::ClassAbsent`], [`LearnError::BadSetting`], [`LearnError::Missing`] and
    /// [`LearnError::NoMinimum`].
    pub fn fit(&self, fold: &TrainingFold<'_>) -> Result<FittedOrdinal, LearnError> {
        complete(fold)?;
        check_c(self.c)?;
        let weights = self.class_weight.of_rows(fold)?;
        let x = fold.x();
        let (p, k) = (x.columns(), fold.classes().len());
        // Centred and scaled columns condition the search; the penalty stays that of the coefficients as they are given.
        let means = x.column_means();
        let scales = column_scales(x, &means);
        let z = Matrix::from_fn(x.rows(), p, |i, j| (x.row(i)[j] - means[j]) / scales[j]);
        let mut start = vec![0.0; p];
        start.extend(self.start(fold, &weights));
        // Divided by C, so that the value stays near the number of rows however weak the penalty.
        let penalty = 1.0 / self.c;
        let stop = Stop {
            gradient: 1e-9,
            steps: 20_000,
        };
        let found = minimise(start, stop, |theta, gradient| {
            let (b, t) = theta.split_at(p);
            gradient.fill(0.0);
            let mut value = 0.0;
            for j in 0..p {
                let own = b[j] / scales[j];
                value += 0.5 * penalty * own * own;
                gradient[j] = penalty * own / scales[j];
            }
            let mut dt = vec![0.0; k - 1];
            for (i, (&y, &weight)) in fold.y().iter().zip(&weights).enumerate() {
                let row = z.row(i);
                let score: f64 = row.iter().zip(b).map(|(x, b)| x * b).sum();
                let (loss, slope) = self.model.loss(score, t, y, weight, &mut dt);
                value += loss;
                for (g, x) in gradient.iter_mut().zip(row) {
                    *g += slope * x;
                }
            }
            gradient[p..].copy_from_slice(&dt);
            value
        });
        if !found.converged {
            return Err(LearnError::NoMinimum {
                what: "ordinal regression",
                steps: found.steps,
                gradient: found.gradient,
            });
        }
        let (b, t) = found.point.split_at(p);
        let coefficients: Vec<f64> = b.iter().zip(&scales).map(|(b, s)| b / s).collect();
        let shift: f64 = coefficients.iter().zip(&means).map(|(b, m)| b * m).sum();
        Ok(FittedOrdinal {
            settings: *self,
            thresholds: t.iter().map(|t| t + shift).collect(),
            coefficients,
        })
    }

    /// Thresholds without any feature: those of the classes' shares.
    fn start(&self, fold: &TrainingFold<'_>, weights: &[f64]) -> Vec<f64> {
        let mut shares = vec![0.0; fold.classes().len()];
        for (&y, w) in fold.y().iter().zip(weights) {
            shares[y] += w;
        }
        let total: f64 = shares.iter().sum();
        let mut below = 0.0;
        shares
            .windows(2)
            .map(|pair| {
                below += pair[0];
                match self.model {
                    OrdinalModel::ProportionalOdds => (below / (total - below)).ln(),
                    OrdinalModel::AdjacentCategory => (pair[0] / pair[1]).ln(),
                }
            })
            .collect()
    }
}

impl OrdinalModel {
    /// Weighted loss of one row and its slope in the score; adds to the slopes in the thresholds.
    fn loss(self, score: f64, t: &[f64], y: usize, weight: f64, dt: &mut [f64]) -> (f64, f64) {
        match self {
            Self::ProportionalOdds => {
                let upper = t.get(y).map(|t| t - score);
                let lower = y.checked_sub(1).and_then(|k| t.get(k)).map(|t| t - score);
                let gap = match (upper, lower) {
                    (Some(a), Some(b)) => a - b,
                    _ => f64::INFINITY,
                };
                if gap <= 0.0 {
                    return (f64::INFINITY, 0.0);
                }
                // log of F(a) - F(b) = F(a) F(-b) (1 - exp(b - a)), which keeps its digits in both tails.
                let between = 1.0 / gap.exp_m1();
                let mut loss = -(-(-gap).exp()).ln_1p();
                let mut slope = 0.0;
                if let Some(a) = upper {
                    loss += softplus(-a);
                    let d = logistic(-a) + between;
                    dt[y] -= weight * d;
                    slope += d;
                }
                if let Some(b) = lower {
                    loss += softplus(b);
                    let d = logistic(b) + between;
                    dt[y - 1] += weight * d;
                    slope -= d;
                }
                (weight * loss, weight * slope)
            }
            Self::AdjacentCategory => {
                let mut p = adjacent_scores(score, t);
                let own = p[y];
                let largest = p.iter().fold(f64::NEG_INFINITY, |m, s| m.max(*s));
                let sum: f64 = p.iter().map(|s| (s - largest).exp()).sum();
                let loss = sum.ln() + largest - own;
                softmax(&mut p);
                p[y] -= 1.0;
                let slope: f64 = p.iter().enumerate().map(|(k, p)| k as f64 * p).sum();
                // Threshold j enters the scores of all classes after j with the sign -1.
                let mut after = 0.0;
                for j in (0..t.len()).rev() {
                    after += p[j + 1];
                    dt[j] -= weight * after;
                }
                (weight * loss, weight * slope)
            }
        }
    }

    /// Probability of each class at a score.
    fn probabilities(self, score: f64, t: &[f64], row: &mut [f64]) {
        match self {
            Self::ProportionalOdds => {
                let k = row.len();
                for (class, p) in row.iter_mut().enumerate() {
                    let above = |t: f64| logistic(score - t);
                    let below = |t: f64| logistic(t - score);
                    *p = match (class.checked_sub(1).map(|j| t[j]), t.get(class)) {
                        (None, Some(a)) => below(*a),
                        (Some(b), None) => above(b),
                        (Some(b), Some(a)) => below(*a) * above(b) * -(b - a).exp_m1(),
                        (None, None) => 1.0 / k as f64,
                    };
                }
            }
            Self::AdjacentCategory => {
                let mut scores = adjacent_scores(score, t);
                softmax(&mut scores);
                row.copy_from_slice(&scores);
            }
        }
    }
}

/// Scores of the classes whose differences are `score - threshold`.
fn adjacent_scores(score: f64, t: &[f64]) -> Vec<f64> {
    let mut scores = Vec::with_capacity(t.len() + 1);
    let mut sum = 0.0;
    scores.push(sum);
    for t in t {
        sum += score - t;
        scores.push(sum);
    }
    scores
}

/// Population standard deviation of each column; 1 for a constant one.
pub(crate) fn column_scales(x: &Matrix, means: &[f64]) -> Vec<f64> {
    let mut squares = vec![0.0; x.columns()];
    for row in x.iter_rows() {
        for j in 0..row.len() {
            squares[j] += (row[j] - means[j]) * (row[j] - means[j]);
        }
    }
    let n = x.rows() as f64;
    let scale = |(s, m): (&f64, &f64)| {
        let deviation = (s / n).sqrt();
        if deviation > 1e-12 * m.abs() && deviation > 0.0 {
            deviation
        } else {
            1.0
        }
    };
    squares.iter().zip(means).map(scale).collect()
}

/// `ln(1 + exp(score))` without overflow.
fn softplus(score: f64) -> f64 {
    score.max(0.0) + (-score.abs()).exp().ln_1p()
}

impl FittedOrdinal {
    /// The settings it was fitted with.
    pub fn settings(&self) -> &OrdinalRegression {
        &self.settings
    }

    /// One coefficient for each feature: what a unit adds to the log-odds of a later class.
    pub fn coefficients(&self) -> &[f64] {
        &self.coefficients
    }

    /// One threshold between each class and the next, in units of the score `x b`.
    pub fn thresholds(&self) -> &[f64] {
        &self.thresholds
    }

    /// Number of classes.
    pub fn classes(&self) -> usize {
        self.thresholds.len() + 1
    }

    /// Probability of each class, rows x classes.
    ///
    /// # Errors
    /// [`LearnError::Length`] when the number of columns is another than in training.
    pub fn predict_proba(&self, x: &Matrix) -> Result<Matrix, LearnError> {
        same_columns(self.coefficients.len(), x)?;
        let mut probabilities = Matrix::zeros(x.rows(), self.classes());
        for i in 0..x.rows() {
            let row = x.row(i).iter().zip(&self.coefficients);
            let score: f64 = row.map(|(x, b)| x * b).sum();
            let out = probabilities.row_mut(i);
            self.settings
                .model
                .probabilities(score, &self.thresholds, out);
        }
        Ok(probabilities)
    }

    pub(crate) fn describe(&self) -> String {
        let model = match self.settings.model {
            OrdinalModel::ProportionalOdds => "proportional odds",
            OrdinalModel::AdjacentCategory => "adjacent categories",
        };
        format!(
            "ordinal regression ({model}, L2, C = {}{})",
            self.settings.c,
            balanced(self.settings.class_weight)
        )
    }

    pub(crate) fn problem(&self, features: usize, classes: usize) -> Option<&'static str> {
        let fits = self.coefficients.len() == features && self.thresholds.len() + 1 == classes;
        let ordered = self.settings.model == OrdinalModel::AdjacentCategory
            || self.thresholds.windows(2).all(|pair| pair[0] < pair[1]);
        let all = self.coefficients.iter().chain(&self.thresholds);
        let sane = classes >= 2 && ordered && all.into_iter().all(|v| v.is_finite());
        (!fits || !sane).then_some("the ordinal regression does not fit the features and classes")
    }
}
