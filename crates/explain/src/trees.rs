//! Trees: interventional Shapley values along all paths that a row and a background row can take together.
//!
//! For a row `x` and a background row `z`, a leaf is reached by a coalition when each feature on its path that sends the two apart
//! is set as the leaf needs it: `u` features from `x`, `v` from `z`. Such a leaf adds its value with the weight
//! `(u - 1)! v! / (u + v)!` to each of the first and `-u! (v - 1)! / (u + v)!` to each of the second (Lundberg et al. 2020,
//! the independent algorithm). The mean over the background is the value.

use crate::explanation::{ExplainError, Explanation, Link, Method};
use rayon::prelude::*;
use triher_learn::{FittedBoosting, FittedForest, Matrix, Tree};

/// A sum of trees whose leaves hold one number a class, or one number for one class.
struct Walk<'a> {
    tree: &'a Tree,
    /// Whether a value equal to the threshold goes left.
    equal_left: bool,
    x: &'a [f64],
    z: &'a [f64],
}

/// What a feature on the path has been set to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum From {
    X,
    Z,
}

impl Walk<'_> {
    fn left(&self, value: f64, threshold: f64) -> bool {
        value < threshold || (self.equal_left && value == threshold)
    }

    /// Adds what all leaves give to `values` (columns x outputs).
    fn add(&self, node: usize, path: &mut Vec<(usize, From)>, values: &mut [f64]) {
        let Some([left, right]) = self.tree.children(node) else {
            self.leaf(node, path, values);
            return;
        };
        let (column, threshold) = self.tree.question(node);
        let child = |value: f64| {
            if self.left(value, threshold) {
                left
            } else {
                right
            }
        };
        let (of_x, of_z) = (child(self.x[column]), child(self.z[column]));
        if of_x == of_z {
            return self.add(of_x, path, values);
        }
        match path.iter().find(|(c, _)| *c == column) {
            // A column that was set before stays as it was set.
            Some((_, From::X)) => self.add(of_x, path, values),
            Some((_, From::Z)) => self.add(of_z, path, values),
            None => {
                for (from, next) in [(From::X, of_x), (From::Z, of_z)] {
                    path.push((column, from));
                    self.add(next, path, values);
                    path.pop();
                }
            }
        }
    }

    fn leaf(&self, node: usize, path: &[(usize, From)], values: &mut [f64]) {
        if path.is_empty() {
            return;
        }
        let u = path.iter().filter(|(_, from)| *from == From::X).count();
        let v = path.len() - u;
        let leaf = self.tree.values(node);
        for &(column, from) in path {
            let weight = match from {
                From::X => share(u - 1, v),
                From::Z => -share(u, v - 1),
            };
            let row = &mut values[column * leaf.len()..(column + 1) * leaf.len()];
            row.iter_mut()
                .zip(leaf)
                .for_each(|(s, value)| *s += weight * value);
        }
    }
}

/// `a! b! / (a + b + 1)!`, as a product of small fractions.
fn share(a: usize, b: usize) -> f64 {
    let mut value = 1.0 / (a + b + 1) as f64;
    for i in 1..=b {
        value *= i as f64 / (a + i) as f64;
    }
    value
}

/// Values of one row by some trees: columns x outputs, the mean over the background.
fn of_row(
    trees: &[Tree],
    equal_left: bool,
    x: &[f64],
    background: &Matrix,
    outputs: usize,
) -> Vec<f64> {
    let mut values = vec![0.0; x.len() * outputs];
    let mut path = Vec::new();
    for tree in trees {
        for z in background.iter_rows() {
            let walk = Walk {
                tree,
                equal_left,
                x,
                z,
            };
            walk.add(0, &mut path, &mut values);
        }
    }
    let n = background.rows() as f64;
    values.iter_mut().for_each(|v| *v /= n);
    values
}

/// A forest: the probability of each class.
pub(crate) fn of_forest(
    forest: &FittedForest,
    x: &Matrix,
    background: &Matrix,
) -> Result<Explanation, ExplainError> {
    let classes = forest.classes();
    let count = forest.trees().len() as f64;
    let rows: Vec<Vec<f64>> = (0..x.rows())
        .into_par_iter()
        .map(|i| of_row(forest.trees(), true, x.row(i), background, classes))
        .collect();
    let values = (0..classes)
        .map(|class| {
            Matrix::from_fn(x.rows(), x.columns(), |i, j| {
                rows[i][j * classes + class] / count
            })
        })
        .collect();
    Ok(Explanation {
        link: Link::Probability,
        method: Method::Trees,
        base: column_means(&forest.predict_proba(background)?),
        values,
        scores: forest.predict_proba(x)?,
        background: background.rows(),
    })
}

/// Boosted trees: the log-odds of each class against the rest.
pub(crate) fn of_boosting(
    boosting: &FittedBoosting,
    x: &Matrix,
    background: &Matrix,
) -> Result<Explanation, ExplainError> {
    let sums: Vec<Matrix> = boosting
        .sums()
        .map(|(_, trees)| {
            let rows: Vec<Vec<f64>> = (0..x.rows())
                .into_par_iter()
                .map(|i| of_row(trees, false, x.row(i), background, 1))
                .collect();
            Matrix::from_fn(x.rows(), x.columns(), |i, j| rows[i][j])
        })
        .collect();
    let margins = boosting.decision_function(x)?;
    let base = column_means(&boosting.decision_function(background)?);
    let (link, values, base, scores) = match sums.as_slice() {
        // One sum for two classes: the log-odds of the second, with the other sign those of the first.
        [second] => {
            let first = Matrix::from_fn(x.rows(), x.columns(), |i, j| -second.row(i)[j]);
            let scores = Matrix::from_fn(x.rows(), 2, |i, k| {
                (2.0 * k as f64 - 1.0) * margins.row(i)[0]
            });
            let values = vec![first, second.clone()];
            (Link::LogOdds, values, vec![-base[0], base[0]], scores)
        }
        _ => (Link::LogOddsAgainstRest, sums, base, margins),
    };
    Ok(Explanation {
        link,
        method: Method::Trees,
        base,
        values,
        scores,
        background: background.rows(),
    })
}

/// Mean of each column.
pub(crate) fn column_means(x: &Matrix) -> Vec<f64> {
    let n = x.rows().max(1) as f64;
    (0..x.columns())
        .map(|j| x.iter_rows().map(|row| row[j]).sum::<f64>() / n)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::share;

    #[test]
    fn shares_are_those_of_the_factorials() {
        let factorial = |n: usize| (1..=n).map(|i| i as f64).product::<f64>();
        for a in 0..8 {
            for b in 0..8 {
                let exact = factorial(a) * factorial(b) / factorial(a + b + 1);
                assert!((share(a, b) - exact).abs() < 1e-15 + 1e-13 * exact);
            }
        }
    }
}
