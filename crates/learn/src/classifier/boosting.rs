//! Gradient-boosted trees.

use crate::classifier::tree::{Side, Tree};
use crate::classifier::{balanced, check_count, normalise};
use crate::impute::{complete, same_columns};
use crate::logistic::ClassWeight;
use crate::newton::logistic;
use crate::{LearnError, Matrix, TrainingFold};
use forust_ml::gradientbooster::GradientBooster;
use forust_ml::objective::ObjectiveType;
use serde::{Deserialize, Serialize};

/// Gradient-boosted trees with second-order steps (Friedman 2001; Chen and Guestrin 2016), grown by the crate `forust-ml`.
///
/// One ensemble for each class against the rest on the logistic loss (one in all with two classes), whose probabilities are divided by
/// their sum. Trees are grown one after the other on one thread, so the result does not depend on their number. They are kept in this
/// crate's own form; a model file needs no library to be read.
///
/// The probabilities agree with XGBoost's (`tree_method="hist"` with a bin for every value, the same settings) to 1e-4 where
/// no two splits are equally good (`tests/parity/make_classifiers.py`); both keep sums in single precision. `perpetual` was looked at
/// and left: it reads the clock and the free memory while it fits.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GradientBoosting {
    /// Number of trees for each class, 1 to 10,000.
    pub rounds: usize,
    /// Factor of each tree, above 0 and up to 1.
    pub learning_rate: f64,
    /// Largest depth of a tree, 1 to 32.
    pub max_depth: usize,
    /// L2 penalty of a leaf's value.
    pub l2: f64,
    /// Smallest gain of a split.
    pub gamma: f64,
    /// Smallest sum of second derivatives in a leaf.
    pub min_leaf_weight: f64,
    /// Share of the columns that each tree may use, above 0 and up to 1.
    pub column_share: f64,
    /// Weight of the classes.
    pub class_weight: ClassWeight,
    /// Seed of the columns' draws.
    pub seed: u64,
}

impl Default for GradientBoosting {
    fn default() -> Self {
        Self {
            rounds: 100,
            learning_rate: 0.1,
            max_depth: 3,
            l2: 1.0,
            gamma: 0.0,
            min_leaf_weight: 1.0,
            column_share: 1.0,
            class_weight: ClassWeight::None,
            seed: 1,
        }
    }
}

/// Fitted boosted trees.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FittedBoosting {
    settings: GradientBoosting,
    classes: usize,
    features: usize,
    /// One for each class; with two classes one, for the second.
    boosters: Vec<Booster>,
}

/// A sum of trees: a log-odds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Booster {
    base: f64,
    trees: Vec<Tree>,
}

impl GradientBoosting {
    fn check(&self) -> Result<(), LearnError> {
        check_count("number of rounds", self.rounds, 10_000, "use 1 to 10,000")?;
        check_count("depth", self.max_depth, 32, "use 1 to 32")?;
        let range = |name, value: f64, fine: bool, remedy| match fine {
            true => Ok(()),
            false => Err(LearnError::BadSetting {
                name,
                value,
                remedy,
            }),
        };
        let share = |v: f64| v > 0.0 && v <= 1.0;
        let size = |v: f64| (0.0..=1e12).contains(&v);
        let up_to_one = "use a number above 0 and up to 1";
        let not_negative = "use 0 or more";
        range(
            "learning rate",
            self.learning_rate,
            share(self.learning_rate),
            up_to_one,
        )?;
        range(
            "share of columns",
            self.column_share,
            share(self.column_share),
            up_to_one,
        )?;
        range("L2 penalty", self.l2, size(self.l2), not_negative)?;
        range(
            "gain of a split",
            self.gamma,
            size(self.gamma),
            not_negative,
        )?;
        range(
            "weight of a leaf",
            self.min_leaf_weight,
            size(self.min_leaf_weight),
            not_negative,
        )
    }

    /// Fits the fold.
    ///
    /// # Errors
    /// [`LearnError::BadSetting`], [`LearnError::Missing`], [`LearnError::OneClass`], [`LearnError::ClassAbsent`] and
    /// [`LearnError::Library`].
    pub fn fit(&self, fold: &TrainingFold<'_>) -> Result<FittedBoosting, LearnError> {
        complete(fold)?;
        self.check()?;
        let weights = self.class_weight.of_rows(fold)?;
        let x = fold.x();
        let (rows, columns) = (x.rows(), x.columns());
        let by_column: Vec<f64> = (0..columns)
            .flat_map(|j| x.iter_rows().map(move |row| row[j]))
            .collect();
        let data = forust_ml::Matrix::new(&by_column, rows, columns);
        let classes = fold.classes().len();
        let of_class = if classes == 2 { 1..2 } else { 0..classes };
        let boosters = of_class.map(|class| {
            let y: Vec<f64> = fold.y().iter().map(|&y| f64::from(y == class)).collect();
            self.booster(&data, &y, &weights)
        });
        Ok(FittedBoosting {
            settings: *self,
            classes,
            features: columns,
            boosters: boosters.collect::<Result<_, _>>()?,
        })
    }

    /// One class against the rest.
    fn booster(
        &self,
        data: &forust_ml::Matrix<'_, f64>,
        y: &[f64],
        weights: &[f64],
    ) -> Result<Booster, LearnError> {
        let failed = |reason: String| LearnError::Library {
            what: "gradient boosting",
            reason,
        };
        let total: f64 = weights.iter().sum();
        let own: f64 = y.iter().zip(weights).map(|(y, w)| y * w).sum();
        // The log-odds of the class's share, where boosting begins.
        let base = (own / (total - own)).ln();
        let mut booster = GradientBooster::default()
            .set_objective_type(ObjectiveType::LogLoss)
            .set_iterations(self.rounds)
            .set_learning_rate(self.learning_rate as f32)
            .set_max_depth(self.max_depth)
            .set_l2(self.l2 as f32)
            .set_gamma(self.gamma as f32)
            .set_min_leaf_weight(self.min_leaf_weight as f32)
            .set_colsample_bytree(self.column_share)
            .set_base_score(base)
            .set_initialize_base_score(false)
            .set_nbins(u16::MAX - 1)
            .set_allow_missing_splits(false)
            .set_parallel(false)
            .set_seed(self.seed);
        booster
            .fit(data, y, weights, None)
            .map_err(|e| failed(e.to_string()))?;
        let trees = booster.trees.iter().map(own_tree).collect::<Option<_>>();
        Ok(Booster {
            base,
            trees: trees.ok_or_else(|| failed("it grew a tree with broken links".to_owned()))?,
        })
    }
}

/// A tree of the library in this crate's form, nodes in the order they are reached; `None` when it is no tree.
fn own_tree(tree: &forust_ml::tree::Tree) -> Option<Tree> {
    let mut own = Tree::default();
    let mut open = vec![(0_usize, None::<(usize, bool)>)];
    while let Some((number, parent)) = open.pop() {
        let node = tree.nodes.get(number)?;
        if own.nodes() > tree.nodes.len() {
            return None;
        }
        let at = own.push_leaf(&[f64::from(node.weight_value)]);
        if let Some((parent, left)) = parent {
            let link = if left { &mut own.left } else { &mut own.right };
            link[parent] = at as u32;
        }
        if !node.is_leaf {
            own.feature[at] = u32::try_from(node.split_feature).ok()?;
            own.threshold[at] = node.split_value;
            open.push((node.right_child, Some((at, false))));
            open.push((node.left_child, Some((at, true))));
        }
    }
    Some(own)
}

impl FittedBoosting {
    /// Number of classes.
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// Log-odds of each class against the rest, rows x classes (with two classes one column, for the second).
    ///
    /// # Errors
    /// [`LearnError::Length`] when the number of columns is another than in training.
    pub fn decision_function(&self, x: &Matrix) -> Result<Matrix, LearnError> {
        same_columns(self.features, x)?;
        Ok(Matrix::from_fn(x.rows(), self.boosters.len(), |i, b| {
            let booster = &self.boosters[b];
            let leaves = booster
                .trees
                .iter()
                .map(|t| t.leaf(x.row(i), 1, Side::Below)[0]);
            booster.base + leaves.sum::<f64>()
        }))
    }

    /// The sums of trees: for each its start and its trees, of one output each. With two classes there is one, the log-odds of the
    /// second; otherwise one a class, its log-odds against the rest before the probabilities are scaled to add up to 1.
    pub fn sums(&self) -> impl ExactSizeIterator<Item = (f64, &[Tree])> {
        self.boosters.iter().map(|b| (b.base, b.trees.as_slice()))
    }

    /// Probability of each class, rows x classes.
    ///
    /// # Errors
    /// [`LearnError::Length`] when the number of columns is another than in training.
    pub fn predict_proba(&self, x: &Matrix) -> Result<Matrix, LearnError> {
        let scores = self.decision_function(x)?;
        let mut probabilities = Matrix::zeros(x.rows(), self.classes);
        for i in 0..x.rows() {
            let row = probabilities.row_mut(i);
            match scores.row(i) {
                [score] => row.copy_from_slice(&[logistic(-score), logistic(*score)]),
                scores => {
                    let odds = row.iter_mut().zip(scores);
                    odds.for_each(|(p, s)| *p = logistic(*s));
                    normalise(row);
                }
            }
        }
        Ok(probabilities)
    }

    pub(crate) fn describe(&self) -> String {
        let s = &self.settings;
        format!(
            "gradient-boosted trees ({} rounds, learning rate {}, depth {}{})",
            s.rounds,
            s.learning_rate,
            s.max_depth,
            balanced(s.class_weight)
        )
    }

    pub(crate) fn problem(&self, features: usize, classes: usize) -> Option<&'static str> {
        let boosters = if classes == 2 { 1 } else { classes };
        let fits = self.features == features
            && self.classes == classes
            && classes >= 2
            && self.boosters.len() == boosters;
        let sound = |b: &Booster| {
            b.base.is_finite() && b.trees.iter().all(|tree| tree.is_sound(features, 1))
        };
        let sane = fits && self.boosters.iter().all(sound);
        (!sane).then_some("the boosted trees do not fit the features and classes")
    }
}
