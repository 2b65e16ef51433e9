//! The optimiser of logistic regression: Newton's method with preconditioned conjugate gradients.
//!
//! Minimises `f(theta) = 0.5 |W|^2 + sum_i c_i loss_i(z_i theta)` over `theta`, a (d + 1) x k matrix whose last row is
//! the intercept, which is not penalised. The loss is the logistic loss (`k = 1`) or the cross-entropy of the softmax of
//! `k` predictors. The linear system of each Newton step is solved by conjugate gradients (Nocedal and Wright, Numerical
//! Optimization, 2nd edition, algorithm 7.1) with the blocks of the Hessian that belong to one class as
//! preconditioner. Because the penalty bounds the curvature below by 1, `|W - W*| <= |gradient|`: the gradient bounds the error of the
//! coefficients.

use crate::LearnError;
use faer::linalg::matmul::matmul;
use faer::linalg::matmul::triangular::{self, BlockStructure};
use faer::linalg::solvers::{Llt, Solve};
use faer::{Accum, Mat, MatRef, Par, Side};

/// Newton steps after which the problem is called hopeless.
const MAX_STEPS: usize = 200;
/// Relative error of the coefficients that is aimed at.
const TOLERANCE: f64 = 1e-9;

/// A penalised problem.
pub(crate) struct Problem<'a> {
    /// Rows x (d + 1), the last column all ones.
    pub z: Mat<f64>,
    /// Class of each row.
    pub y: &'a [usize],
    /// Weight of each row's loss: C times its sample weight.
    pub weights: Vec<f64>,
    /// Number of linear predictors: 1 for two classes, else the number of classes.
    pub predictors: usize,
}

/// The minimum.
pub(crate) struct Solution {
    /// (d + 1) x k.
    pub theta: Mat<f64>,
    /// Newton steps done.
    pub iterations: usize,
}

/// Loss, weighted residuals and probabilities at one point.
struct Point {
    objective: f64,
    /// Rows x k, `c_i (p_ik - [y_i = k])`.
    residual: Mat<f64>,
    /// Rows x k.
    probability: Mat<f64>,
}

impl Problem<'_> {
    /// Finds the minimum, starting from zero coefficients.
    pub(crate) fn solve(&self) -> Result<Solution, LearnError> {
        let d = self.z.ncols() - 1;
        let k = self.predictors;
        let mut theta = Mat::<f64>::zeros(d + 1, k);
        let mut point = self.evaluate(theta.as_ref());
        let mut gradient = self.gradient(theta.as_ref(), &point);
        let first_norm = norm(gradient.as_ref());
        let noise = self.rounding_noise(theta.as_ref());
        let mut preconditioner = Preconditioner::new(self, &point)?;
        let patience = (d / 20).max(10);
        let mut iterations = 0;
        let mut fresh = true;
        loop {
            let size = norm(gradient.as_ref());
            let goal = (TOLERANCE * norm(theta.as_ref()).max(1e-3)).max(noise);
            if size <= goal {
                break;
            }
            let stuck = |iterations| LearnError::NotConverged {
                iterations,
                gradient: size,
            };
            if iterations == MAX_STEPS || !size.is_finite() {
                return Err(stuck(iterations));
            }
            // Superlinear convergence: the system is solved the better the closer the minimum (Nocedal and Wright 7.2).
            let forcing = 0.1_f64.min((size / first_norm).sqrt()) * size;
            let (step, inner) =
                self.direction(&gradient, &point, &preconditioner, forcing.max(0.5 * goal));
            let Some((next, next_point)) = self.line_search(&theta, &point, &gradient, &step)
            else {
                // No progress that rounding lets us see. That is the end when the gradient bounds the error of the
                // coefficients well enough, is nothing but rounding, or has all but vanished: features whose
                // scales lie many decades apart allow no more.
                let enough = [
                    1e4 * goal,
                    16.0 * self.rounding_noise(theta.as_ref()),
                    1e-9 * first_norm,
                ];
                if enough.iter().any(|bound| size <= *bound) {
                    break;
                }
                if fresh {
                    return Err(stuck(iterations));
                }
                preconditioner = Preconditioner::new(self, &point)?;
                fresh = true;
                continue;
            };
            theta = next;
            point = next_point;
            gradient = self.gradient(theta.as_ref(), &point);
            iterations += 1;
            fresh = inner > patience;
            if fresh {
                preconditioner = Preconditioner::new(self, &point)?;
            }
        }
        Ok(Solution { theta, iterations })
    }

    fn evaluate(&self, theta: MatRef<'_, f64>) -> Point {
        let (n, k) = (self.z.nrows(), self.predictors);
        let mut scores = Mat::<f64>::zeros(n, k);
        matmul(&mut scores, Accum::Replace, &self.z, theta, 1.0, Par::Seq);
        let mut residual = Mat::<f64>::zeros(n, k);
        let mut probability = scores;
        let mut loss = 0.0;
        for (i, (&y, &weight)) in self.y.iter().zip(&self.weights).enumerate() {
            if k == 1 {
                let score = probability[(i, 0)];
                let p = logistic(score);
                let margin = if y == 1 { score } else { -score };
                loss += weight * softplus(-margin);
                probability[(i, 0)] = p;
                // 1 - p by the other tail, so that it keeps its digits when p is near 1.
                residual[(i, 0)] = weight * if y == 1 { -logistic(-score) } else { p };
                continue;
            }
            let own = probability[(i, y)];
            let largest = (0..k).fold(f64::NEG_INFINITY, |m, c| m.max(probability[(i, c)]));
            let mut sum = 0.0;
            for c in 0..k {
                let e = (probability[(i, c)] - largest).exp();
                probability[(i, c)] = e;
                sum += e;
            }
            // ln_1p keeps the digits of a small loss, when the row's own class is the most probable.
            let rest: f64 = (0..k)
                .filter(|c| *c != y)
                .map(|c| probability[(i, c)])
                .sum();
            let row_loss = match own == largest {
                true => rest.ln_1p(),
                false => sum.ln() + largest - own,
            };
            loss += weight * row_loss;
            let mut others = 0.0;
            for c in 0..k {
                let p = probability[(i, c)] / sum;
                probability[(i, c)] = p;
                residual[(i, c)] = weight * p;
                others += if c == y { 0.0 } else { p };
            }
            residual[(i, y)] = -weight * others;
        }
        let d = self.z.ncols() - 1;
        let penalty = 0.5 * theta.subrows(0, d).squared_norm_l2();
        Point {
            objective: penalty + loss,
            residual,
            probability,
        }
    }

    fn gradient(&self, theta: MatRef<'_, f64>, point: &Point) -> Mat<f64> {
        let d = self.z.ncols() - 1;
        let mut gradient = theta.to_owned();
        gradient.row_mut(d).fill(0.0);
        matmul(
            &mut gradient,
            Accum::Add,
            self.z.transpose(),
            &point.residual,
            1.0,
            Par::Seq,
        );
        gradient
    }

    /// The Hessian at `point` times `v`.
    fn hessian_times(&self, v: &Mat<f64>, point: &Point) -> Mat<f64> {
        let (n, k) = (self.z.nrows(), self.predictors);
        let d = self.z.ncols() - 1;
        let mut u = Mat::<f64>::zeros(n, k);
        matmul(&mut u, Accum::Replace, &self.z, v, 1.0, Par::Seq);
        let p = &point.probability;
        for (i, &weight) in self.weights.iter().enumerate() {
            if k == 1 {
                u[(i, 0)] *= weight * p[(i, 0)] * (1.0 - p[(i, 0)]);
                continue;
            }
            let mean: f64 = (0..k).map(|c| p[(i, c)] * u[(i, c)]).sum();
            for c in 0..k {
                u[(i, c)] = weight * p[(i, c)] * (u[(i, c)] - mean);
            }
        }
        let mut product = v.clone();
        product.row_mut(d).fill(0.0);
        matmul(
            &mut product,
            Accum::Add,
            self.z.transpose(),
            &u,
            1.0,
            Par::Seq,
        );
        product
    }

    /// Solves `H step = -gradient` until the residual is `tolerance`; gives the step and the number of products with `H`.
    fn direction(
        &self,
        gradient: &Mat<f64>,
        point: &Point,
        preconditioner: &Preconditioner,
        tolerance: f64,
    ) -> (Mat<f64>, usize) {
        let limit = 20 + 2 * gradient.nrows() * gradient.ncols();
        let mut step = Mat::<f64>::zeros(gradient.nrows(), gradient.ncols());
        let mut residual = gradient.clone();
        let mut conditioned = preconditioner.solve(&residual);
        let mut search = -&conditioned;
        let mut rho = dot(residual.as_ref(), conditioned.as_ref());
        for done in 0..limit {
            if norm(residual.as_ref()) <= tolerance {
                return (step, done);
            }
            let product = self.hessian_times(&search, point);
            let curvature = dot(search.as_ref(), product.as_ref());
            if !(curvature > 0.0 && rho > 0.0) {
                return (step, done);
            }
            let alpha = rho / curvature;
            step += faer::Scale(alpha) * &search;
            residual += faer::Scale(alpha) * &product;
            conditioned = preconditioner.solve(&residual);
            let next = dot(residual.as_ref(), conditioned.as_ref());
            search = faer::Scale(next / rho) * &search - &conditioned;
            rho = next;
        }
        (step, limit)
    }

    /// Halves the step until the objective falls enough (Armijo); `None` when it never does.
    fn line_search(
        &self,
        theta: &Mat<f64>,
        point: &Point,
        gradient: &Mat<f64>,
        step: &Mat<f64>,
    ) -> Option<(Mat<f64>, Point)> {
        let slope = dot(gradient.as_ref(), step.as_ref());
        if slope >= 0.0 || slope.is_nan() {
            return None;
        }
        // Near the minimum the fall is below what the objective can show: then the gradient decides.
        let total: f64 = self.weights.iter().sum();
        let blur = 8.0 * f64::EPSILON * (point.objective.abs() + total);
        let before = norm(gradient.as_ref());
        let mut length = 1.0;
        for _ in 0..50 {
            let next = theta + faer::Scale(length) * step;
            let next_point = self.evaluate(next.as_ref());
            let fall = next_point.objective - point.objective;
            if fall <= 1e-4 * length * slope - blur {
                return Some((next, next_point));
            }
            let smaller =
                || norm(self.gradient(next.as_ref(), &next_point).as_ref()) < 0.9 * before;
            if fall <= blur && smaller() {
                return Some((next, next_point));
            }
            length *= 0.5;
        }
        None
    }

    /// Size of a gradient that is nothing but rounding: each row's part carries the relative error of its residual,
    /// which is that of its scores' largest terms.
    fn rounding_noise(&self, theta: MatRef<'_, f64>) -> f64 {
        let d = theta.nrows();
        let mut squares = 0.0;
        for (i, weight) in self.weights.iter().enumerate() {
            let row = self.z.row(i);
            let terms = theta.col_iter().map(|column| {
                let terms = (0..d).map(|j| (row[j] * column[j]).abs());
                terms.sum::<f64>()
            });
            let length = weight * row.norm_l2() * (1.0 + terms.fold(0.0, f64::max));
            squares += length * length;
        }
        4.0 * f64::EPSILON * squares.sqrt()
    }
}

/// Cholesky factors of the diagonal blocks of the Hessian, one for each predictor.
struct Preconditioner {
    blocks: Vec<Llt<f64>>,
    /// Predictor -> block: predictors of equal probabilities share one.
    block_of: Vec<usize>,
}

impl Preconditioner {
    fn new(problem: &Problem<'_>, point: &Point) -> Result<Self, LearnError> {
        let mut blocks = Vec::new();
        let mut block_of = Vec::with_capacity(problem.predictors);
        let p = &point.probability;
        for c in 0..problem.predictors {
            // At the start all classes are equally probable and their blocks are the same.
            let same = (0..c).find(|&b| (0..p.nrows()).all(|i| p[(i, b)] == p[(i, c)]));
            if let Some(b) = same {
                block_of.push(block_of[b]);
                continue;
            }
            let curvature: Vec<f64> = problem
                .weights
                .iter()
                .enumerate()
                .map(|(i, w)| w * p[(i, c)] * (1.0 - p[(i, c)]))
                .collect();
            block_of.push(blocks.len());
            blocks.push(factor(&problem.z, &curvature)?);
        }
        Ok(Self { blocks, block_of })
    }

    fn solve(&self, residual: &Mat<f64>) -> Mat<f64> {
        let mut solved = residual.clone();
        for (c, &block) in self.block_of.iter().enumerate() {
            let rhs = solved.subcols_mut(c, 1);
            self.blocks[block].solve_in_place(rhs);
        }
        solved
    }
}

/// Cholesky factor of `I + Z' diag(curvature) Z`, without the `I` for the intercept.
fn factor(z: &Mat<f64>, curvature: &[f64]) -> Result<Llt<f64>, LearnError> {
    let d = z.ncols() - 1;
    let scaled = Mat::from_fn(z.nrows(), d + 1, |i, j| curvature[i].sqrt() * z[(i, j)]);
    let mut block = Mat::<f64>::zeros(d + 1, d + 1);
    triangular::matmul(
        &mut block,
        BlockStructure::TriangularLower,
        Accum::Replace,
        scaled.transpose(),
        BlockStructure::Rectangular,
        &scaled,
        BlockStructure::Rectangular,
        1.0,
        Par::Seq,
    );
    for j in 0..d {
        block[(j, j)] += 1.0;
    }
    // With all rows decided the intercept has no curvature left; this keeps the block invertible.
    let largest = (0..=d).fold(1.0_f64, |m, j| m.max(block[(j, j)]));
    let mut ridge = 4.0 * f64::EPSILON * largest;
    block[(d, d)] += ridge;
    for _ in 0..12 {
        if let Ok(factor) = Llt::new(block.as_ref(), Side::Lower) {
            return Ok(factor);
        }
        ridge *= 16.0;
        for j in 0..=d {
            block[(j, j)] += ridge;
        }
    }
    Err(LearnError::Factorisation {
        what: "logistic regression",
    })
}

/// `1 / (1 + exp(-score))` without overflow.
pub(crate) fn logistic(score: f64) -> f64 {
    if score >= 0.0 {
        1.0 / (1.0 + (-score).exp())
    } else {
        let e = score.exp();
        e / (1.0 + e)
    }
}

/// `ln(1 + exp(score))` without overflow.
fn softplus(score: f64) -> f64 {
    score.max(0.0) + (-score.abs()).exp().ln_1p()
}

fn norm(m: MatRef<'_, f64>) -> f64 {
    m.norm_l2()
}

fn dot(a: MatRef<'_, f64>, b: MatRef<'_, f64>) -> f64 {
    let columns = a.col_iter().zip(b.col_iter());
    columns.map(|(x, y)| x.transpose() * y).sum()
}
