//! A path of elastic net fits from the strongest penalty to weak ones.

use crate::logistic::ClassWeight;
use crate::prepare::elastic_net::descent::{Problem, State};
use crate::prepare::variance::constant;
use crate::{LearnError, Matrix, TrainingFold};

/// Smallest gain of the deviance, in shares of itself, for which the path goes on (glmnet's `fdev`).
const SMALLEST_GAIN: f64 = 1e-5;
/// Share of the deviance after which the path ends (glmnet's `devmax`).
const LARGEST_SHARE: f64 = 0.999;
/// Strengths that are fitted before a small gain may end the path (glmnet's `mnlam`).
const FEWEST: usize = 5;

/// A fold made ready for fitting: columns with mean 0 and standard deviation 1 under the rows' weights.
pub(crate) struct Prepared {
    problem: Problem,
    means: Vec<f64>,
    scales: Vec<f64>,
}

/// Coefficients of standardised columns at one strength; only columns that have one.
#[derive(Clone)]
pub(crate) struct Sparse {
    pub lambda: f64,
    intercepts: Vec<f64>,
    /// Column and its coefficient in each block.
    coefficients: Vec<(usize, Vec<f64>)>,
}

impl Sparse {
    /// Columns with a coefficient, rising.
    pub(crate) fn columns(&self) -> impl Iterator<Item = usize> {
        self.coefficients.iter().map(|(j, _)| *j)
    }

    /// The same columns, those with the largest coefficient first; equal ones in their order.
    pub(crate) fn by_size(&self) -> Vec<usize> {
        let size = |values: &[f64]| values.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
        let mut order: Vec<&(usize, Vec<f64>)> = self.coefficients.iter().collect();
        order.sort_by(|a, b| size(&b.1).total_cmp(&size(&a.1)));
        order.into_iter().map(|(j, _)| *j).collect()
    }
}

impl Prepared {
    /// Standardises the fold's columns as glmnet does (population standard deviation); a constant column becomes 0 and gets no coefficient.
    pub(crate) fn of(
        fold: &TrainingFold<'_>,
        alpha: f64,
        class_weight: ClassWeight,
        tolerance: f64,
    ) -> Result<Self, LearnError> {
        let mut weights = class_weight.of_rows(fold)?;
        let total: f64 = weights.iter().sum();
        weights.iter_mut().for_each(|w| *w /= total);
        let mut columns = fold.x().transposed();
        let (rows, features) = (columns.columns(), columns.rows());
        let mut means = Vec::with_capacity(features);
        let mut scales = Vec::with_capacity(features);
        for j in 0..features {
            let column = columns.row_mut(j);
            let weighted =
                |values: &[f64]| -> f64 { values.iter().zip(&weights).map(|(v, w)| v * w).sum() };
            let mean = weighted(column);
            let same = constant(column);
            column.iter_mut().for_each(|v| *v -= mean);
            let square: f64 = column.iter().zip(&weights).map(|(v, w)| w * v * v).sum();
            let scale = if same { 1.0 } else { square.sqrt() };
            column
                .iter_mut()
                .for_each(|v| *v = if same { 0.0 } else { *v / scale });
            means.push(mean);
            scales.push(scale);
        }
        Ok(Self {
            problem: Problem {
                columns: columns.into_values(),
                rows,
                features,
                y: fold.y().to_vec(),
                classes: fold.classes().len(),
                weights,
                alpha,
                tolerance,
            },
            means,
            scales,
        })
    }

    /// Strengths from the smallest without any coefficient down to `ratio` times it, `count` in equal steps of the logarithm.
    pub(crate) fn strengths(&self, count: usize, ratio: f64) -> Vec<f64> {
        let null = self.problem.null();
        let gradients = self.problem.gradients(&null);
        let largest = gradients.iter().copied().fold(0.0, f64::max) / self.problem.alpha.max(1e-3);
        let step = ratio.ln() / (count - 1).max(1) as f64;
        (0..count)
            .map(|i| largest * (step * i as f64).exp())
            .collect()
    }

    /// Fits the strengths in turn, each starting from the one before it, until one of them does not converge, the deviance is all but
    /// explained, or `enough` says so of the latest fit. With `saturate` the path also ends when the deviance hardly falls any more.
    pub(crate) fn path(
        &self,
        strengths: &[f64],
        saturate: bool,
        enough: impl Fn(&Sparse) -> bool,
    ) -> Vec<Sparse> {
        let mut state = self.problem.null();
        let null_deviance = self.problem.deviance(&state);
        let mut gradients = self.problem.gradients(&state);
        let steepest = gradients.iter().copied().fold(0.0, f64::max);
        let mut previous = steepest / self.problem.alpha.max(1e-3);
        let mut explained = 0.0;
        let mut path = Vec::with_capacity(strengths.len());
        for &lambda in strengths {
            let settled = self.problem.descend(
                &mut state,
                lambda,
                previous.max(lambda),
                &gradients,
                null_deviance,
            );
            let Some(now) = settled else { break };
            gradients = now;
            previous = lambda;
            let point = self.sparse(&state, lambda);
            let done = enough(&point);
            path.push(point);
            let share = 1.0 - self.problem.deviance(&state) / null_deviance;
            let gain = share - explained;
            explained = share;
            let flat = saturate && path.len() >= FEWEST && gain < SMALLEST_GAIN * share;
            if done || flat || share > LARGEST_SHARE {
                break;
            }
        }
        path
    }

    /// Lets go of the table, when nothing more is fitted: [`deviances`](Self::deviances) and [`original`](Self::original) do without it.
    pub(crate) fn release(&mut self) {
        self.problem.columns = Vec::new();
    }

    /// The fit without any coefficient.
    pub(crate) fn null(&self) -> Sparse {
        let strongest = self.strengths(2, 0.5).first().copied().unwrap_or(0.0);
        self.sparse(&self.problem.null(), strongest)
    }

    fn sparse(&self, state: &State, lambda: f64) -> Sparse {
        let blocks = self.problem.blocks();
        let of = |j: usize| -> Vec<f64> {
            (0..blocks)
                .map(|k| state.coefficients[k * self.problem.features + j])
                .collect()
        };
        let all = state.working.iter().map(|&j| (j, of(j)));
        Sparse {
            lambda,
            intercepts: state.intercepts.clone(),
            coefficients: all
                .filter(|(_, values)| values.iter().any(|v| *v != 0.0))
                .collect(),
        }
    }

    /// Intercepts, and coefficients (blocks x features), for columns that are not standardised. The intercepts of three and more
    /// classes sum to 0.
    pub(crate) fn original(&self, point: &Sparse) -> (Vec<f64>, Matrix) {
        let blocks = self.problem.blocks();
        let mut coefficients = Matrix::zeros(blocks, self.problem.features);
        let mut intercepts = point.intercepts.clone();
        for (j, values) in &point.coefficients {
            for (k, value) in values.iter().enumerate() {
                let slope = value / self.scales[*j];
                coefficients.row_mut(k)[*j] = slope;
                intercepts[k] -= slope * self.means[*j];
            }
        }
        if blocks > 1 {
            let mean = intercepts.iter().sum::<f64>() / blocks as f64;
            intercepts.iter_mut().for_each(|b| *b -= mean);
        }
        (intercepts, coefficients)
    }

    /// Deviance (minus twice the logarithm of the class's probability) of rows that were not fitted, one value a row.
    pub(crate) fn deviances(&self, point: &Sparse, x: &Matrix, y: &[usize]) -> Vec<f64> {
        let rows = x.iter_rows().zip(y);
        rows.map(|(row, &class)| {
            let mut scores = point.intercepts.clone();
            for (j, values) in &point.coefficients {
                let z = (row[*j] - self.means[*j]) / self.scales[*j];
                for (score, value) in scores.iter_mut().zip(values) {
                    *score += value * z;
                }
            }
            if self.problem.classes == 2 {
                scores.insert(0, 0.0);
            }
            let top = scores.iter().copied().fold(f64::MIN, f64::max);
            let total: f64 = scores.iter().map(|s| (s - top).exp()).sum();
            // As cv.glmnet, a probability is at least 1e-5, so that one row cannot outweigh all others.
            -2.0 * (scores[class] - top - total.ln())
                .max(1e-5_f64.ln())
                .min((1.0 - 1e-5_f64).ln())
        })
        .collect()
    }
}
