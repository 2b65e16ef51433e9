//! Cyclic coordinate descent for multinomial logistic regression with an elastic net penalty, at one strength of the penalty.
//!
//! Minimises `sum_i v_i loss_i + lambda sum_jk (alpha |b_jk| + (1 - alpha) / 2 b_jk^2)` over standardised columns and free
//! intercepts, with `sum v_i = 1`: the objective of glmnet (Friedman, Hastie and Tibshirani 2010, Journal of Statistical Software
//! 33(1), sections 3 and 4). The blocks of the coefficients that belong to one class take turns; each turn is a Newton step whose quadratic problem is
//! solved by coordinate descent. Only columns of the working set are touched. Which columns these are is decided by the strong
//! rule (Tibshirani et al. 2012, JRSS B 74:245) and made right by checking the conditions of the minimum on all columns.

use crate::prepare::product::{add_scaled, dot, weighted_square};

/// Turns of all blocks after which the descent gives up.
const MAX_TURNS: usize = 2000;
/// Sweeps over the columns within one turn.
const MAX_SWEEPS: usize = 1000;
/// Smallest probability whose curvature is believed, as glmnet's `pmin`; below, the steps are shorter and the minimum the same.
const SMALLEST_PROBABILITY: f64 = 1e-5;

/// Columns, classes and weights of a fit.
pub(crate) struct Problem {
    /// Standardised columns one after the other, `columns * rows` values.
    pub columns: Vec<f64>,
    /// Number of rows.
    pub rows: usize,
    /// Number of columns.
    pub features: usize,
    /// Class of each row.
    pub y: Vec<usize>,
    /// Number of classes.
    pub classes: usize,
    /// Weight of each row; they sum to 1.
    pub weights: Vec<f64>,
    /// Share of the absolute values in the penalty.
    pub alpha: f64,
    /// Largest curvature times squared change of a coefficient that still counts as none, in shares of the null deviance.
    pub tolerance: f64,
}

/// Where the descent stands. Two classes have one block, for the second class.
#[derive(Clone)]
pub(crate) struct State {
    /// Coefficients, block after block.
    pub coefficients: Vec<f64>,
    /// Intercept of each block.
    pub intercepts: Vec<f64>,
    /// Linear predictor, block after block.
    pub predictors: Vec<f64>,
    /// Columns in the working set, rising.
    pub working: Vec<usize>,
}

impl Problem {
    /// Number of blocks of coefficients.
    pub(crate) fn blocks(&self) -> usize {
        if self.classes == 2 { 1 } else { self.classes }
    }

    /// The class of a block.
    fn class_of(&self, block: usize) -> usize {
        if self.classes == 2 { 1 } else { block }
    }

    fn column(&self, j: usize) -> &[f64] {
        &self.columns[j * self.rows..(j + 1) * self.rows]
    }

    /// No coefficient, and the intercepts of the classes' shares.
    pub(crate) fn null(&self) -> State {
        let mut shares = vec![0.0; self.classes];
        for (&class, weight) in self.y.iter().zip(&self.weights) {
            shares[class] += weight;
        }
        let intercepts: Vec<f64> = if self.classes == 2 {
            vec![(shares[1] / shares[0]).ln()]
        } else {
            let mean = shares.iter().map(|s| s.ln()).sum::<f64>() / self.classes as f64;
            shares.iter().map(|s| s.ln() - mean).collect()
        };
        State {
            coefficients: vec![0.0; self.features * self.blocks()],
            predictors: intercepts
                .iter()
                .flat_map(|b| std::iter::repeat_n(*b, self.rows))
                .collect(),
            intercepts,
            working: Vec::new(),
        }
    }

    /// Probability of the block's class for every row.
    fn probabilities(&self, state: &State, block: usize, out: &mut [f64]) {
        let n = self.rows;
        if self.classes == 2 {
            for (p, eta) in out.iter_mut().zip(&state.predictors) {
                *p = 1.0 / (1.0 + (-eta).exp());
            }
            return;
        }
        for (i, p) in out.iter_mut().enumerate() {
            let own = state.predictors[block * n + i];
            let sum: f64 = (0..self.classes)
                .map(|k| (state.predictors[k * n + i] - own).exp())
                .sum();
            *p = 1.0 / sum;
        }
    }

    /// Twice the weighted mean of the cross-entropy.
    pub(crate) fn deviance(&self, state: &State) -> f64 {
        let n = self.rows;
        let mut sum = 0.0;
        for i in 0..n {
            let row = |k: usize| state.predictors[k * n + i];
            let loss = if self.classes == 2 {
                let margin = if self.y[i] == 1 { row(0) } else { -row(0) };
                softplus(-margin)
            } else {
                let top = (0..self.classes).map(row).fold(f64::MIN, f64::max);
                let total: f64 = (0..self.classes).map(|k| (row(k) - top).exp()).sum();
                top + total.ln() - row(self.y[i])
            };
            sum += self.weights[i] * loss;
        }
        2.0 * sum
    }

    /// For each column, the largest size over the blocks of the loss's derivative, and whether the column has a coefficient.
    pub(crate) fn gradients(&self, state: &State) -> Vec<f64> {
        let mut largest = vec![0.0_f64; self.features];
        let mut residual = vec![0.0; self.rows];
        for block in 0..self.blocks() {
            self.residual(state, block, &mut residual);
            for (j, size) in largest.iter_mut().enumerate() {
                *size = size.max(dot(self.column(j), &residual).abs());
            }
        }
        largest
    }

    /// `v_i (y_ik - p_ik)`; gives the probabilities back in the place of the residuals' input.
    fn residual(&self, state: &State, block: usize, out: &mut [f64]) {
        self.probabilities(state, block, out);
        let class = self.class_of(block);
        for ((r, weight), &y) in out.iter_mut().zip(&self.weights).zip(&self.y) {
            *r = weight * (f64::from(u8::from(y == class)) - *r);
        }
    }

    /// Goes to the minimum at `lambda`, starting from `state`. `previous` is the strength that `state` belongs to, and `gradients` are its
    /// gradients. `null_deviance` gives the scale of the tolerance. Returns the gradients at the minimum, or `None` when the descent gave up.
    pub(crate) fn descend(
        &self,
        state: &mut State,
        lambda: f64,
        previous: f64,
        gradients: &[f64],
        null_deviance: f64,
    ) -> Option<Vec<f64>> {
        let bound = self.alpha * (2.0 * lambda - previous);
        let strong: Vec<usize> = (0..self.features)
            .filter(|&j| gradients[j] >= bound && gradients[j] > 0.0)
            .collect();
        let limit = self.alpha * lambda * (1.0 + 1e-9) + 1e-14;
        let mut turns = 0;
        loop {
            self.settle(state, lambda, null_deviance, &mut turns)?;
            let now = self.gradients(state);
            let breaks = |j: &usize| now[*j] > limit && state.working.binary_search(j).is_err();
            // Columns of the strong set come first; most passes end there.
            let mut violators: Vec<usize> = strong.iter().copied().filter(breaks).collect();
            if violators.is_empty() {
                violators = (0..self.features).filter(breaks).collect();
            }
            if violators.is_empty() {
                return Some(now);
            }
            state.working.extend(violators);
            state.working.sort_unstable();
        }
    }

    /// Turns of all blocks until no coefficient of the working set moves.
    fn settle(
        &self,
        state: &mut State,
        lambda: f64,
        null_deviance: f64,
        turns: &mut usize,
    ) -> Option<()> {
        let goal = self.tolerance * null_deviance;
        loop {
            self.centre(state);
            let mut moved = 0.0_f64;
            for block in 0..self.blocks() {
                moved = moved.max(self.newton_step(state, block, lambda, goal));
            }
            if moved <= goal {
                return Some(());
            }
            *turns += 1;
            if *turns > MAX_TURNS || !moved.is_finite() {
                return None;
            }
        }
    }

    /// Takes from the coefficients of each column what they have in common and the penalty could do without.
    ///
    /// Adding one number to a column's coefficients in all classes changes no probability, so the best such number depends on the penalty
    /// alone (section 4.1 of the paper). Descent by single coordinates finds it, but slowly. The predictors of all
    /// classes move alike, which changes nothing that is made of them, so they are left as they are.
    fn centre(&self, state: &mut State) {
        let blocks = self.blocks();
        if blocks == 1 {
            return;
        }
        let mut sorted = vec![0.0; blocks];
        for &j in &state.working {
            for (k, value) in sorted.iter_mut().enumerate() {
                *value = state.coefficients[k * self.features + j];
            }
            sorted.sort_unstable_by(f64::total_cmp);
            let shift = common_part(&sorted, self.alpha);
            if shift != 0.0 {
                for k in 0..blocks {
                    state.coefficients[k * self.features + j] -= shift;
                }
            }
        }
    }

    /// One block's turn. Returns the largest curvature times squared change of a coefficient.
    fn newton_step(&self, state: &mut State, block: usize, lambda: f64, goal: f64) -> f64 {
        let n = self.rows;
        let mut residual = vec![0.0; n];
        self.probabilities(state, block, &mut residual);
        let class = self.class_of(block);
        let mut curvature = vec![0.0; n];
        for i in 0..n {
            let (p, weight) = (residual[i], self.weights[i]);
            let held = p.clamp(SMALLEST_PROBABILITY, 1.0 - SMALLEST_PROBABILITY);
            curvature[i] = weight * held * (1.0 - held);
            residual[i] = weight * (f64::from(u8::from(self.y[i] == class)) - p);
        }
        let total: f64 = curvature.iter().sum();
        let start = residual.clone();
        let at = block * self.features;
        let before: Vec<f64> = state
            .working
            .iter()
            .map(|&j| state.coefficients[at + j])
            .collect();
        let squares: Vec<f64> = state
            .working
            .iter()
            .map(|&j| weighted_square(self.column(j), &curvature))
            .collect();
        let intercept = state.intercepts[block];
        let mut scaled = vec![0.0; n];
        let mut only_active = false;
        for _ in 0..MAX_SWEEPS {
            let mut change = 0.0_f64;
            for (a, &j) in state.working.iter().enumerate() {
                let old = state.coefficients[at + j];
                if only_active && old == 0.0 {
                    continue;
                }
                let column = self.column(j);
                let pull = dot(column, &residual) + squares[a] * old;
                let new =
                    shrink(pull, lambda * self.alpha) / (squares[a] + lambda * (1.0 - self.alpha));
                // A column without curvature (constant among the rows that count) has no pull either.
                let new = if new.is_finite() { new } else { 0.0 };
                let step = new - old;
                if step != 0.0 {
                    state.coefficients[at + j] = new;
                    add_scaled(&mut residual, &curvature, column, -step);
                    change = change.max(squares[a] * step * step);
                }
            }
            let step = residual.iter().sum::<f64>() / total;
            state.intercepts[block] += step;
            for (r, h) in residual.iter_mut().zip(&curvature) {
                *r -= h * step;
            }
            change = change.max(total * step * step);
            if change <= goal {
                if !only_active {
                    break;
                }
                // The columns at zero are asked again before the step is believed.
                only_active = false;
            } else {
                only_active = true;
            }
        }
        // The residual has fallen by the curvature times the change of the predictor.
        for ((s, (a, b)), h) in scaled
            .iter_mut()
            .zip(start.iter().zip(&residual))
            .zip(&curvature)
        {
            *s = (a - b) / h;
        }
        let predictors = &mut state.predictors[block * n..(block + 1) * n];
        for (eta, s) in predictors.iter_mut().zip(&scaled) {
            *eta += s;
        }
        let moved = state.intercepts[block] - intercept;
        let mut largest = total * moved * moved;
        for (a, &j) in state.working.iter().enumerate() {
            let step = state.coefficients[at + j] - before[a];
            largest = largest.max(squares[a] * step * step);
        }
        largest
    }
}

/// `sign(z) max(|z| - t, 0)`.
fn shrink(z: f64, t: f64) -> f64 {
    if z > t {
        z - t
    } else if z < -t {
        z + t
    } else {
        0.0
    }
}

/// The `c` that makes `sum_k alpha |b_k - c| + (1 - alpha) / 2 (b_k - c)^2` smallest, of rising `b`; where a whole interval does
/// (an even number of classes and no square), the one nearest to 0.
fn common_part(sorted: &[f64], alpha: f64) -> f64 {
    let count = sorted.len();
    let middle = count / 2;
    if alpha >= 1.0 {
        return if count % 2 == 1 {
            sorted[middle]
        } else {
            0.0_f64.clamp(sorted[middle - 1], sorted[middle])
        };
    }
    let k = count as f64;
    let mean = sorted.iter().sum::<f64>() / k;
    for (below, &next) in sorted.iter().enumerate() {
        // With `below` values under c, the derivative vanishes here.
        let flat = mean + alpha * (k - 2.0 * below as f64) / (k * (1.0 - alpha));
        let from = below
            .checked_sub(1)
            .map_or(f64::NEG_INFINITY, |b| sorted[b]);
        if flat <= from {
            return from;
        }
        if flat < next {
            return flat;
        }
    }
    sorted[count - 1]
}

/// `ln(1 + exp(z))`.
fn softplus(z: f64) -> f64 {
    z.max(0.0) + (-z.abs()).exp().ln_1p()
}
