//! Random forests.

use crate::classifier::tree::{Growth, Side, Tree, grow};
use crate::classifier::{balanced, check_count};
use crate::impute::{complete, same_columns};
use crate::logistic::ClassWeight;
use crate::{LearnError, Matrix, TrainingFold};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// How many columns each split looks at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum CandidateFeatures {
    /// The square root of their number, rounded down.
    #[default]
    Sqrt,
    /// All of them: bagged trees.
    All,
    /// This many.
    Count(usize),
}

/// A random forest (Breiman 2001): trees on bootstrap samples, split by Gini impurity over randomly drawn columns.
///
/// As scikit-learn's `RandomForestClassifier`: the probability is the mean of the leaves' class shares. Trees without bootstrap over all
/// columns are equal to `DecisionTreeClassifier`'s node by node where no two splits are equally good; forests agree with
/// scikit-learn's as two of its own forests with other seeds agree (`tests/parity/make_classifiers.py`). Tree `t` draws from stream
/// `t` of the seed, so the number of threads changes nothing. The crates looked at (smartcore 0.7, linfa-ensemble 0.8) vote
/// without probabilities and know no class weights.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RandomForest {
    /// Number of trees, 1 to 10,000.
    pub trees: usize,
    /// Largest depth; no limit when `None`.
    pub max_depth: Option<usize>,
    /// Fewest rows of a leaf.
    pub min_leaf: usize,
    /// Columns that each split looks at.
    pub candidates: CandidateFeatures,
    /// Whether each tree has a bootstrap sample of the rows, or all of them.
    pub bootstrap: bool,
    /// Weight of the classes.
    pub class_weight: ClassWeight,
    /// Seed.
    pub seed: u64,
}

impl Default for RandomForest {
    fn default() -> Self {
        Self {
            trees: 500,
            max_depth: None,
            min_leaf: 1,
            candidates: CandidateFeatures::Sqrt,
            bootstrap: true,
            class_weight: ClassWeight::None,
            seed: 1,
        }
    }
}

/// Rows that trees are grown on.
#[derive(Clone, Copy)]
pub(crate) struct TreeRows<'a> {
    /// Rows x columns.
    pub x: &'a Matrix,
    /// Class of each row.
    pub y: &'a [usize],
    /// Weight of each row.
    pub weights: &'a [f64],
}

/// A fitted random forest.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FittedForest {
    settings: RandomForest,
    classes: usize,
    features: usize,
    trees: Vec<Tree>,
}

impl RandomForest {
    /// Fits the fold.
    ///
    /// # Errors
    /// [`LearnError::BadSetting`], [`LearnError::Missing`], [`LearnError::OneClass`] and [`LearnError::ClassAbsent`].
    pub fn fit(&self, fold: &TrainingFold<'_>) -> Result<FittedForest, LearnError> {
        complete(fold)?;
        check_count("number of trees", self.trees, 10_000, "use 1 to 10,000")?;
        check_count("rows of a leaf", self.min_leaf, usize::MAX, "use 1 or more")?;
        let class_weights = self.class_weight.of_rows(fold)?;
        let x = fold.x();
        let columns = x.columns();
        let candidates = match self.candidates {
            CandidateFeatures::Sqrt => columns.isqrt().max(1),
            CandidateFeatures::All => columns,
            CandidateFeatures::Count(count) => {
                let remedy = "use 1 or more, and no more than there are columns";
                check_count("columns of a split", count, columns, remedy)?;
                count
            }
        };
        let growth = Growth {
            max_depth: self.max_depth.unwrap_or(usize::MAX),
            min_leaf: self.min_leaf,
            candidates,
            classes: fold.classes().len(),
        };
        let rows = TreeRows {
            x,
            y: fold.y(),
            weights: &class_weights,
        };
        let trees = self.grow_all(rows, growth, |tree, _| tree);
        Ok(FittedForest {
            settings: *self,
            classes: growth.classes,
            features: columns,
            trees,
        })
    }

    /// Grows the trees in parallel and keeps of each, in their order, what `of` makes of it and of the weights of its rows.
    pub(crate) fn grow_all<T: Send>(
        &self,
        table: TreeRows<'_>,
        growth: Growth,
        of: impl Fn(Tree, &[f64]) -> T + Sync,
    ) -> Vec<T> {
        let n = table.x.rows();
        (0..self.trees)
            .into_par_iter()
            .map(|tree| {
                let mut random = ChaCha8Rng::seed_from_u64(self.seed);
                random.set_stream(tree as u64);
                let mut weights = table.weights.to_vec();
                let mut rows: Vec<usize> = (0..n).collect();
                if self.bootstrap {
                    let mut times = vec![0_u32; n];
                    (0..n).for_each(|_| times[random.random_range(0..n)] += 1);
                    rows.retain(|&i| times[i] > 0);
                    for (weight, times) in weights.iter_mut().zip(times) {
                        *weight *= f64::from(times);
                    }
                }
                let tree = grow(table.x, table.y, &weights, rows, growth, &mut random);
                of(tree, &weights)
            })
            .collect()
    }
}

impl FittedForest {
    /// Number of classes.
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// The trees.
    pub fn trees(&self) -> &[Tree] {
        &self.trees
    }

    /// Probability of each class, rows x classes.
    ///
    /// # Errors
    /// [`LearnError::Length`] when the number of columns is another than in training.
    pub fn predict_proba(&self, x: &Matrix) -> Result<Matrix, LearnError> {
        same_columns(self.features, x)?;
        let mut probabilities = Matrix::zeros(x.rows(), self.classes);
        let count = self.trees.len() as f64;
        for i in 0..x.rows() {
            let row = probabilities.row_mut(i);
            for tree in &self.trees {
                let leaf = tree.leaf(x.row(i), self.classes, Side::UpTo);
                row.iter_mut().zip(leaf).for_each(|(p, share)| *p += share);
            }
            row.iter_mut().for_each(|p| *p /= count);
        }
        Ok(probabilities)
    }

    pub(crate) fn describe(&self) -> String {
        format!(
            "random forest ({} trees{})",
            self.trees.len(),
            balanced(self.settings.class_weight)
        )
    }

    pub(crate) fn problem(&self, features: usize, classes: usize) -> Option<&'static str> {
        let fits = self.features == features && self.classes == classes && !self.trees.is_empty();
        let sound = fits && self.trees.iter().all(|t| t.is_sound(features, classes));
        (!sound).then_some("the forest does not fit the features and classes")
    }
}
