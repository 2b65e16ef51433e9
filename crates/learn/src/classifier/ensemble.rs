//! Several classifiers put together: stacking, and fusion of blocks of features.

use crate::classifier::gate::Gate;
use crate::classifier::{ClassifierSpec, FittedClassifier, check_c};
use crate::impute::complete;
use crate::inner::{InnerFolds, OutOfFold, assign};
use crate::logistic::{ClassWeight, FittedLogistic, LogisticRegression, Penalty};
use crate::pca::{Pca, PcaSpec};
use crate::{Dataset, LearnError, Matrix, TrainingFold};
use serde::{Deserialize, Serialize};

/// One classifier of an [`Ensemble`], on its block of features.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Member {
    /// Name of the member or of its block: "embedding", "radiomics", "kinetics", "clinical".
    pub name: String,
    /// Its columns: names, or the beginning of names with a `*` at the end. All columns when empty.
    #[serde(default)]
    pub columns: Vec<String>,
    /// Principal components of the block.
    #[serde(default)]
    pub pca: Option<PcaSpec>,
    /// Its classifier.
    pub classifier: ClassifierSpec,
}

/// How the members' probabilities become one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Combination {
    /// The mean.
    #[default]
    Average,
    /// Logistic regression on the members' probabilities (Wolpert 1992; scikit-learn's `StackingClassifier`).
    Stack {
        /// Its inverse penalty.
        c: f64,
    },
    /// A weighted mean, whose weights depend on how sure each member is of the row: `softmax_m (bias_m + slope_m confidence_m)`,
    /// where the confidence is 1 minus the entropy of the member's probabilities over that of equal ones. Biases and slopes
    /// minimise the log loss plus `|.|^2 / (2 c)`; at 0, where the search begins, all members weigh the same.
    Gate {
        /// Inverse penalty of the biases and slopes.
        c: f64,
    },
}

/// Several classifiers on the same rows.
///
/// Late fusion of blocks is an ensemble whose members have blocks of columns; stacking of methods is one whose members have all
/// columns. (Early fusion, all blocks side by side, is what a single classifier does.) What combines the members is fitted on
/// out-of-fold probabilities from folds within the training fold: every member is refitted for each of them, with its principal components.
/// Imputation and standardisation come before the ensemble and are those of the whole training fold.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ensemble {
    /// The members, one or more.
    pub members: Vec<Member>,
    /// How they are combined.
    #[serde(default)]
    pub combination: Combination,
    /// Folds whose predictions the combination is fitted on.
    #[serde(default)]
    pub inner: InnerFolds,
}

/// A fitted ensemble.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FittedEnsemble {
    members: Vec<FittedMember>,
    combination: FittedCombination,
    classes: usize,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FittedMember {
    name: String,
    columns: Vec<usize>,
    pca: Option<Pca>,
    classifier: FittedClassifier,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum FittedCombination {
    Average,
    Stack(FittedLogistic),
    Gate(Gate),
}

impl Member {
    /// The columns of the fold that belong to the member.
    fn places(&self, fold: &TrainingFold<'_>) -> Result<Vec<usize>, LearnError> {
        let all = 0..fold.x().columns();
        if self.columns.is_empty() {
            return Ok(all.collect());
        }
        let refused = |problem| LearnError::Block {
            block: self.name.clone(),
            problem,
        };
        if !fold.has_feature_names() {
            return Err(refused(
                "takes columns by name, but they are principal components: leave out the pipeline's PCA and give the block its own",
            ));
        }
        let belongs = |name: &str| {
            self.columns
                .iter()
                .any(|wanted| match wanted.strip_suffix('*') {
                    Some(beginning) => name.starts_with(beginning),
                    None => name == wanted,
                })
        };
        let places: Vec<usize> = all.filter(|&j| belongs(&fold.feature_name(j))).collect();
        if places.is_empty() {
            return Err(refused(
                "has no column: none of the features has a name that it lists",
            ));
        }
        Ok(places)
    }

    fn fit(&self, fold: &TrainingFold<'_>, columns: &[usize]) -> Result<FittedMember, LearnError> {
        let mut block = fold.with_columns(columns);
        let mut pca = None;
        if let Some(spec) = self.pca {
            let step = Pca::fit(&block, spec)?;
            block = step.transform_training(block)?;
            pca = Some(step);
        }
        Ok(FittedMember {
            name: self.name.clone(),
            columns: columns.to_vec(),
            pca,
            classifier: self.classifier.fit(&block)?,
        })
    }
}

impl FittedMember {
    fn predict_proba(&self, x: &Matrix) -> Result<Matrix, LearnError> {
        let mut x = x.select_columns(&self.columns);
        if let Some(pca) = &self.pca {
            x = pca.transform(&x)?;
        }
        self.classifier.predict_proba(&x)
    }
}

impl Ensemble {
    /// Fits the fold.
    ///
    /// # Errors
    /// [`LearnError::BadSetting`] without members, [`LearnError::Block`], [`LearnError::FewInnerPatients`], and as the members.
    pub fn fit(&self, fold: &TrainingFold<'_>) -> Result<FittedEnsemble, LearnError> {
        complete(fold)?;
        if self.members.is_empty() {
            return Err(LearnError::BadSetting {
                name: "number of members",
                value: 0.0,
                remedy: "an ensemble needs one classifier or more",
            });
        }
        let columns: Vec<Vec<usize>> = self
            .members
            .iter()
            .map(|member| member.places(fold))
            .collect::<Result<_, _>>()?;
        let fit_all = |part: &TrainingFold<'_>| -> Result<Vec<FittedMember>, LearnError> {
            let members = self.members.iter().zip(&columns);
            members
                .map(|(member, columns)| member.fit(part, columns))
                .collect()
        };
        let members = fit_all(fold)?;
        let classes = fold.classes().len();
        let combination = match self.combination {
            Combination::Average => FittedCombination::Average,
            Combination::Stack { c } | Combination::Gate { c } => {
                check_c(c)?;
                let mut out = Vec::with_capacity(members.len());
                for (member, columns) in self.members.iter().zip(&columns) {
                    out.push(OutOfFold::of(fold, self.inner, |part, x, _| {
                        member.fit(part, columns)?.predict_proba(x)
                    })?);
                }
                match self.combination {
                    Combination::Gate { .. } => FittedCombination::Gate(Gate::fit(&out, c)?),
                    _ => fit_stack(&out, fold, self.inner, c)?,
                }
            }
        };
        Ok(FittedEnsemble {
            members,
            combination,
            classes,
        })
    }
}

/// The members' probabilities side by side; of two classes the second is enough, as in scikit-learn's stacking.
fn side_by_side(parts: &[&Matrix], classes: usize) -> Matrix {
    let first = usize::from(classes == 2);
    let width = classes - first;
    let rows = parts.first().map_or(0, |p| p.rows());
    Matrix::from_fn(rows, parts.len() * width, |i, at| {
        parts[at / width].row(i)[first + at % width]
    })
}

fn fit_stack(
    out: &[OutOfFold],
    fold: &TrainingFold<'_>,
    inner: InnerFolds,
    c: f64,
) -> Result<FittedCombination, LearnError> {
    let parts: Vec<&Matrix> = out.iter().map(OutOfFold::probabilities).collect();
    let x = side_by_side(&parts, fold.classes().len());
    let strings = |names: &[&str]| {
        names
            .iter()
            .map(|s| (*s).to_owned())
            .collect::<Vec<String>>()
    };
    let names = (0..x.columns()).map(|j| format!("member probability {}", j + 1));
    // The rows that some inner fold held out, in the order of `out`.
    let fold = fold.part(&assign(fold, inner)?.held_out());
    let data = Dataset::new(
        strings(fold.ids()),
        strings(fold.groups()),
        None,
        names.collect(),
        x,
        fold.y().to_vec(),
        fold.classes().to_vec(),
    )?;
    let logistic = LogisticRegression {
        penalty: Penalty::L2,
        c,
        class_weight: ClassWeight::None,
    };
    Ok(FittedCombination::Stack(logistic.fit(&data.whole())?))
}

impl FittedEnsemble {
    /// Whether all members have slopes; see [`FittedClassifier::has_slopes`].
    pub fn has_slopes(&self) -> bool {
        self.members.iter().all(|m| m.classifier.has_slopes())
    }

    /// Number of classes.
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// Name of each member with its share in the predictions of the rows `x`: the mean weight of the gate, or equal shares;
    /// `None` for a stack, whose coefficients are no shares.
    ///
    /// # Errors
    /// [`LearnError::Length`] when the number of columns is another than in training.
    pub fn shares(&self, x: &Matrix) -> Result<Option<Vec<(String, f64)>>, LearnError> {
        let names = self.members.iter().map(|m| m.name.clone());
        let count = self.members.len();
        let shares = match &self.combination {
            FittedCombination::Stack(_) => return Ok(None),
            FittedCombination::Average => vec![1.0 / count as f64; count],
            FittedCombination::Gate(gate) => {
                let parts = self.parts(x)?;
                let mut sums = vec![0.0; count];
                for i in 0..x.rows() {
                    let rows: Vec<&[f64]> = parts.iter().map(|p| p.row(i)).collect();
                    let weights = gate.weights(&rows);
                    sums.iter_mut().zip(weights).for_each(|(s, w)| *s += w);
                }
                sums.iter().map(|s| s / x.rows() as f64).collect()
            }
        };
        Ok(Some(names.zip(shares).collect()))
    }

    fn parts(&self, x: &Matrix) -> Result<Vec<Matrix>, LearnError> {
        let needed = self.members.iter().flat_map(|m| &m.columns).max();
        if needed.is_some_and(|&last| last >= x.columns()) {
            return Err(LearnError::Length {
                what: "columns".to_owned(),
                expected: needed.map_or(0, |last| last + 1),
                found: x.columns(),
            });
        }
        self.members.iter().map(|m| m.predict_proba(x)).collect()
    }

    /// Probability of each class, rows x classes.
    ///
    /// # Errors
    /// [`LearnError::Length`] when there are fewer columns than in training.
    pub fn predict_proba(&self, x: &Matrix) -> Result<Matrix, LearnError> {
        let parts = self.parts(x)?;
        let count = parts.len() as f64;
        match &self.combination {
            FittedCombination::Average => Ok(Matrix::from_fn(x.rows(), self.classes, |i, c| {
                parts.iter().map(|p| p.row(i)[c]).sum::<f64>() / count
            })),
            FittedCombination::Stack(logistic) => {
                let parts: Vec<&Matrix> = parts.iter().collect();
                logistic.predict_proba(&side_by_side(&parts, self.classes))
            }
            FittedCombination::Gate(gate) => {
                let mut mixed = Matrix::zeros(x.rows(), self.classes);
                for i in 0..x.rows() {
                    let rows: Vec<&[f64]> = parts.iter().map(|p| p.row(i)).collect();
                    let weights = gate.weights(&rows);
                    let out = mixed.row_mut(i);
                    for (row, weight) in rows.iter().zip(weights) {
                        out.iter_mut().zip(*row).for_each(|(o, p)| *o += weight * p);
                    }
                }
                Ok(mixed)
            }
        }
    }

    pub(crate) fn describe(&self) -> String {
        let members: Vec<String> = self
            .members
            .iter()
            .map(|m| format!("{}: {}", m.name, m.classifier.describe()))
            .collect();
        let how = match self.combination {
            FittedCombination::Average => "averaged",
            FittedCombination::Stack(_) => "stacked",
            FittedCombination::Gate(_) => "gated",
        };
        format!(
            "{} classifiers {how} ({})",
            members.len(),
            members.join("; ")
        )
    }

    pub(crate) fn problem(&self, features: usize, classes: usize) -> Option<&'static str> {
        let wrong = Some("the ensemble does not fit the features and classes");
        if self.classes != classes || self.members.is_empty() || classes < 2 {
            return wrong;
        }
        for member in &self.members {
            if member.columns.iter().any(|&j| j >= features) {
                return wrong;
            }
            let columns = member.columns.len();
            let pca = member.pca.as_ref();
            let inputs = pca.map_or(columns, |p| p.components().rows());
            let problem = pca
                .and_then(|p| p.problem(columns))
                .or_else(|| member.classifier.problem(inputs, classes));
            if problem.is_some() {
                return problem;
            }
        }
        let count = self.members.len();
        match &self.combination {
            FittedCombination::Average => None,
            FittedCombination::Stack(logistic) => {
                let width = if classes == 2 { 1 } else { classes };
                logistic.problem(count * width, classes)
            }
            FittedCombination::Gate(gate) => {
                let fits = gate.is_sound(count);
                (!fits).then_some("the gate does not fit the ensemble")
            }
        }
    }
}
