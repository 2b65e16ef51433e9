//! A binary decision tree in arrays, and the growing of a classification tree.

use crate::Matrix;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

/// Smallest distance of two values between which a split may lie, as scikit-learn's `FEATURE_THRESHOLD`.
const SMALLEST_GAP: f64 = 1e-7;

/// A binary decision tree. Node 0 is the root; children come after their parent.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tree {
    /// Column that each node asks for; 0 in a leaf.
    pub(crate) feature: Vec<u32>,
    /// Rows up to this value go left.
    pub(crate) threshold: Vec<f64>,
    /// Left child; 0 marks a leaf.
    pub(crate) left: Vec<u32>,
    /// Right child; 0 marks a leaf.
    pub(crate) right: Vec<u32>,
    /// What the leaves say: nodes x outputs.
    pub(crate) value: Vec<f64>,
}

/// Which rows a node sends left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    /// Those whose value is the threshold or less (CART).
    UpTo,
    /// Those whose value is less than the threshold (XGBoost and its kin).
    Below,
}

impl Tree {
    /// Number of nodes.
    pub fn nodes(&self) -> usize {
        self.feature.len()
    }

    /// Children of a node, left and right; `None` for a leaf. Node 0 is the root.
    pub fn children(&self, node: usize) -> Option<[usize; 2]> {
        let (left, right) = (*self.left.get(node)?, *self.right.get(node)?);
        (left != 0).then_some([left as usize, right as usize])
    }

    /// Column that a node looks at, and its threshold; meaningless for a leaf.
    pub fn question(&self, node: usize) -> (usize, f64) {
        (self.feature[node] as usize, self.threshold[node])
    }

    /// Values of a node, one for each output of the tree.
    pub fn values(&self, node: usize) -> &[f64] {
        let outputs = self.value.len() / self.nodes().max(1);
        &self.value[node * outputs..(node + 1) * outputs]
    }

    /// Adds a leaf and gives its number.
    pub(crate) fn push_leaf(&mut self, value: &[f64]) -> usize {
        self.feature.push(0);
        self.threshold.push(0.0);
        self.left.push(0);
        self.right.push(0);
        self.value.extend_from_slice(value);
        self.feature.len() - 1
    }

    /// What the leaf of a row says.
    pub(crate) fn leaf(&self, row: &[f64], outputs: usize, side: Side) -> &[f64] {
        let mut node = 0;
        while self.left[node] != 0 {
            let value = row[self.feature[node] as usize];
            let goes_left = match side {
                Side::UpTo => value <= self.threshold[node],
                Side::Below => value < self.threshold[node],
            };
            node = if goes_left {
                self.left[node]
            } else {
                self.right[node]
            } as usize;
        }
        &self.value[node * outputs..(node + 1) * outputs]
    }

    /// Whether a tree read from a file can be walked: every child comes after its parent, so that each walk ends.
    pub(crate) fn is_sound(&self, features: usize, outputs: usize) -> bool {
        let n = self.feature.len();
        let lengths = [self.threshold.len(), self.left.len(), self.right.len()];
        n > 0
            && lengths.iter().all(|l| *l == n)
            && self.value.len() == n * outputs
            && self
                .value
                .iter()
                .chain(&self.threshold)
                .all(|v| v.is_finite())
            && (0..n).all(|node| {
                let (left, right) = (self.left[node] as usize, self.right[node] as usize);
                let leaf = left == 0 && right == 0;
                let parent = left > node && right > node && left < n && right < n;
                leaf || (parent && (self.feature[node] as usize) < features)
            })
    }
}

/// Limits of the growth.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Growth {
    /// Largest depth; the root has depth 0.
    pub max_depth: usize,
    /// Fewest rows of a leaf (drawn twice counts once, as in scikit-learn).
    pub min_leaf: usize,
    /// Columns looked at for each split.
    pub candidates: usize,
    /// Number of classes.
    pub classes: usize,
}

/// A classification tree by Gini impurity (Breiman et al., CART, 1984), each leaf holding its classes' shares.
///
/// `rows` are the training rows to use, `weights` is by row of `x`. Columns are drawn without replacement for each split; as in
/// scikit-learn, the search goes on beyond `candidates` columns until one allows a split.
pub(crate) fn grow(
    x: &Matrix,
    y: &[usize],
    weights: &[f64],
    rows: Vec<usize>,
    growth: Growth,
    random: &mut ChaCha8Rng,
) -> Tree {
    let mut tree = Tree::default();
    let mut order: Vec<usize> = (0..x.columns()).collect();
    let share = |rows: &[usize]| {
        let mut share = vec![0.0; growth.classes];
        rows.iter().for_each(|&i| share[y[i]] += weights[i]);
        share
    };
    let mut open = vec![(rows, 0_usize, None::<(usize, bool)>)];
    while let Some((rows, depth, parent)) = open.pop() {
        let counts = share(&rows);
        let total: f64 = counts.iter().sum();
        let leaf: Vec<f64> = counts.iter().map(|c| c / total).collect();
        let node = tree.push_leaf(&leaf);
        if let Some((parent, left)) = parent {
            let link = if left {
                &mut tree.left
            } else {
                &mut tree.right
            };
            link[parent] = node as u32;
        }
        let pure = counts.iter().filter(|c| **c > 0.0).count() < 2;
        if pure || depth >= growth.max_depth || rows.len() < 2 * growth.min_leaf {
            continue;
        }
        let node_rows = NodeRows {
            x,
            y,
            weights,
            rows: &rows,
            counts: &counts,
        };
        let Some((feature, threshold)) = node_rows.best_split(growth, &mut order, random) else {
            continue;
        };
        tree.feature[node] = feature as u32;
        tree.threshold[node] = threshold;
        let (left, right): (Vec<usize>, Vec<usize>) = rows
            .into_iter()
            .partition(|&i| x.row(i)[feature] <= threshold);
        open.push((right, depth + 1, Some((node, false))));
        open.push((left, depth + 1, Some((node, true))));
    }
    tree
}

/// The rows of one node.
struct NodeRows<'a> {
    x: &'a Matrix,
    y: &'a [usize],
    weights: &'a [f64],
    rows: &'a [usize],
    counts: &'a [f64],
}

impl NodeRows<'_> {
    /// The column and threshold that make the children purest; `None` when no column allows a split.
    fn best_split(
        &self,
        growth: Growth,
        order: &mut [usize],
        random: &mut ChaCha8Rng,
    ) -> Option<(usize, f64)> {
        let mut best: Option<(f64, usize, f64)> = None;
        let mut seen = 0;
        let draws = growth.candidates < order.len();
        for at in 0..order.len() {
            if seen >= growth.candidates && best.is_some() {
                break;
            }
            if draws {
                let other = random.random_range(at..order.len());
                order.swap(at, other);
            }
            let feature = order[at];
            let mut sorted: Vec<(f64, usize)> = self
                .rows
                .iter()
                .map(|&i| (self.x.row(i)[feature], i))
                .collect();
            sorted.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
            let (first, last) = (sorted[0].0, sorted[sorted.len() - 1].0);
            if last <= first + SMALLEST_GAP {
                continue;
            }
            seen += 1;
            if let Some((purity, threshold)) = self.best_threshold(&sorted, growth.min_leaf)
                && best.is_none_or(|(most, _, _)| purity > most)
            {
                best = Some((purity, feature, threshold));
            }
        }
        best.map(|(_, feature, threshold)| (feature, threshold))
    }

    /// The threshold of one column with the largest sum of squared class weights over weight, which is the smallest Gini impurity.
    fn best_threshold(&self, sorted: &[(f64, usize)], min_leaf: usize) -> Option<(f64, f64)> {
        let mut left = vec![0.0; self.counts.len()];
        let mut right = self.counts.to_vec();
        let mut best: Option<(f64, f64)> = None;
        for cut in 1..sorted.len() {
            let (value, row) = sorted[cut - 1];
            left[self.y[row]] += self.weights[row];
            right[self.y[row]] -= self.weights[row];
            let next = sorted[cut].0;
            if next <= value + SMALLEST_GAP || cut < min_leaf || sorted.len() - cut < min_leaf {
                continue;
            }
            let side = |counts: &[f64]| {
                let total: f64 = counts.iter().sum();
                counts.iter().map(|c| c * c).sum::<f64>() / total
            };
            let purity = side(&left) + side(&right);
            if best.is_none_or(|(most, _)| purity > most) {
                let middle = 0.5 * value + 0.5 * next;
                let threshold = if middle == next { value } else { middle };
                best = Some((purity, threshold));
            }
        }
        best
    }
}
