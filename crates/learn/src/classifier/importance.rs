//! How much each column of a forest purifies.

use crate::Matrix;
use crate::classifier::forest::{RandomForest, TreeRows};
use crate::classifier::tree::{Growth, Tree};

/// Mean decrease of the Gini impurity by each column over the trees of a forest (Breiman et al. 1984, chapter 5), each tree's decreases divided by
/// their sum; the means sum to 1, or are all 0 when no tree has a split. As scikit-learn's `feature_importances_`.
pub(crate) fn impurity_importance(
    forest: &RandomForest,
    table: TreeRows<'_>,
    growth: Growth,
) -> Vec<f64> {
    let columns = table.x.columns();
    let by_tree = forest.grow_all(table, growth, |tree, weights| {
        shares(decreases(&tree, table.x, table.y, weights, growth.classes))
    });
    let mut mean = vec![0.0; columns];
    // In the order of the trees, so that the sums have the same bits with any number of threads.
    for tree in by_tree {
        mean.iter_mut().zip(tree).for_each(|(m, d)| *m += d);
    }
    shares(mean)
}

/// Divided by their sum; as they are when it is 0.
fn shares(mut values: Vec<f64>) -> Vec<f64> {
    let sum: f64 = values.iter().sum();
    if sum > 0.0 {
        values.iter_mut().for_each(|v| *v /= sum);
    }
    values
}

/// Decrease of the weighted Gini impurity by the splits of each column.
fn decreases(tree: &Tree, x: &Matrix, y: &[usize], weights: &[f64], classes: usize) -> Vec<f64> {
    let mut counts = vec![0.0; tree.nodes() * classes];
    for (i, &weight) in weights.iter().enumerate().filter(|(_, w)| **w > 0.0) {
        let mut node = 0;
        counts[y[i]] += weight;
        while tree.left[node] != 0 {
            let goes_left = x.row(i)[tree.feature[node] as usize] <= tree.threshold[node];
            let side = if goes_left { &tree.left } else { &tree.right };
            node = side[node] as usize;
            counts[node * classes + y[i]] += weight;
        }
    }
    // Weight times impurity of a node.
    let impurity = |node: usize| {
        let own = &counts[node * classes..(node + 1) * classes];
        let total: f64 = own.iter().sum();
        let squares: f64 = own.iter().map(|c| c * c).sum();
        if total > 0.0 {
            total - squares / total
        } else {
            0.0
        }
    };
    let mut decreases = vec![0.0; x.columns()];
    for node in (0..tree.nodes()).filter(|&node| tree.left[node] != 0) {
        let (left, right) = (tree.left[node] as usize, tree.right[node] as usize);
        let decrease = impurity(node) - impurity(left) - impurity(right);
        decreases[tree.feature[node] as usize] += decrease.max(0.0);
    }
    decreases
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ClassWeight;
    use crate::classifier::CandidateFeatures;
    use serde::Deserialize;

    #[derive(Deserialize)]
    struct Expected {
        rows: usize,
        columns: usize,
        x: Vec<f64>,
        y: Vec<usize>,
        importance: Vec<f64>,
        importance_balanced: Vec<f64>,
    }

    /// `feature_importances_` of scikit-learn's trees to 1e-9 (`tests/parity/make_boruta.py`).
    #[test]
    fn importances_are_scikit_learns() {
        let text = include_str!("../../tests/parity/boruta.json");
        let expected: Expected = serde_json::from_str(text).unwrap();
        let x = Matrix::new(expected.rows, expected.columns, expected.x).unwrap();
        let counts = [0, 1, 2].map(|k| expected.y.iter().filter(|y| **y == k).count());
        let share = |y: &usize| expected.rows as f64 / (3.0 * counts[*y] as f64);
        let balanced = expected.y.iter().map(share).collect();
        let equal = vec![1.0; expected.rows];
        for (weights, wanted) in [
            (equal, &expected.importance),
            (balanced, &expected.importance_balanced),
        ] {
            let forest = RandomForest {
                trees: 2,
                bootstrap: false,
                candidates: CandidateFeatures::All,
                class_weight: ClassWeight::None,
                ..RandomForest::default()
            };
            let growth = Growth {
                max_depth: 2,
                min_leaf: 3,
                candidates: expected.columns,
                classes: 3,
            };
            let table = TreeRows {
                x: &x,
                y: &expected.y,
                weights: &weights,
            };
            let found = impurity_importance(&forest, table, growth);
            for (j, (a, b)) in found.iter().zip(wanted).enumerate() {
                assert!((a - b).abs() < 1e-9, "column {j}: {a} {b}");
            }
        }
    }

    #[test]
    fn a_tree_without_a_split_has_no_importance() {
        let x = Matrix::from_fn(6, 2, |_, _| 1.0);
        let forest = RandomForest {
            trees: 3,
            ..RandomForest::default()
        };
        let growth = Growth {
            max_depth: 5,
            min_leaf: 1,
            candidates: 1,
            classes: 2,
        };
        let table = TreeRows {
            x: &x,
            y: &[0, 1, 0, 1, 0, 1],
            weights: &[1.0; 6],
        };
        assert_eq!(impurity_importance(&forest, table, growth), [0.0, 0.0]);
    }
}
