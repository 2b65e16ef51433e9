//! ComBat: centres brought to a common location and scale.

mod design;
mod estimate;
mod prior;

use crate::dataset::unique;
use crate::impute::{complete, same_columns};
use crate::{LearnError, Matrix, TrainingFold};
use design::{Covariates, Design};
use estimate::{Adjustment, Shrinkage, adjust};
pub use prior::CombatPrior;
use serde::{Deserialize, Serialize};

/// What happens to rows of a centre that had no training row, and to rows without a centre.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum UnseenCentre {
    /// They are refused.
    #[default]
    Refuse,
    /// They are taken as if they came from the common centre: standardised by the grand mean and pooled variance without location and scale of
    /// a centre, which leaves their values as they are.
    PassThrough,
    /// Location and scale of the centre are estimated from the features of all its rows that are transformed together, without their labels, under the
    /// coefficients and variances of the training fold. The predictions of such rows then depend on which rows come with them, and a
    /// report must say so. Rows without a centre have nothing to be estimated from and are refused.
    Estimate,
}

/// ComBat harmonisation (Johnson, Li and Rabinovic 2007, Biostatistics 8:118; Fortin et al. 2018, NeuroImage 167:104), fitted on a training fold and
/// applied to other rows with what was stored.
///
/// Each feature is modelled as `alpha + covariates b + gamma_centre + delta_centre e`; the location `gamma` and the scale `delta` of each
/// centre are taken out, with empirical Bayes shrunken over the features (under a parametric prior, or the features themselves as the prior). Covariates are columns of the table; their effect is kept, and they
/// themselves are left as they are. Rows agree with the Python package neuroCombat 0.2.12 to 1e-8, also its stopping rule
/// (`tests/parity/make_combat.py`).
///
/// **The outcome is no covariate.** A covariate that gives away the class of every training row is refused
/// ([`LearnError::OutcomeCovariate`]): such a harmonisation would need the outcome of the patients to be predicted, and writes it into the features
/// (arXiv 2410.19643). The price is that where classes are spread unevenly over centres, part of their difference goes
/// with that of the centres; [`FittedCombat::one_class_centres`] names the extreme case.
///
/// Rules beyond the papers: a centre with one training row has no variance and is corrected in location only; a feature without
/// variance within centres passes unchanged and takes no part in the shrinkage; rows of one patient count each.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Combat {
    /// Whether location and scale are shrunken over the features.
    pub empirical_bayes: bool,
    /// What location and scale are shrunken to.
    #[serde(skip_serializing_if = "CombatPrior::is_default")]
    pub prior: CombatPrior,
    /// Whether only the location is corrected.
    pub mean_only: bool,
    /// Columns with numbers whose effect is kept.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub covariates: Vec<String>,
    /// Columns with codes of categories whose effect is kept; each value is a category. A category that training does not have counts as
    /// the first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub categories: Vec<String>,
    /// Centre whose values stay as they are, and which all others are brought to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// Centres that had no training row.
    pub unseen_centre: UnseenCentre,
}

impl Default for Combat {
    fn default() -> Self {
        Self {
            empirical_bayes: true,
            prior: CombatPrior::Parametric,
            mean_only: false,
            covariates: Vec::new(),
            categories: Vec::new(),
            reference: None,
            unseen_centre: UnseenCentre::Refuse,
        }
    }
}

/// Location and scale of one centre.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Centre {
    name: String,
    adjustment: Adjustment,
}

/// A fitted [`Combat`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FittedCombat {
    settings: Combat,
    inputs: usize,
    covariates: Covariates,
    /// Columns that are harmonised.
    features: Vec<usize>,
    /// Mean of each harmonised feature at covariates 0.
    grand_means: Vec<f64>,
    /// Covariate terms x harmonised features.
    slopes: Matrix,
    /// Standard deviation of each harmonised feature within centres.
    deviations: Vec<f64>,
    centres: Vec<Centre>,
    one_class_centres: Vec<String>,
}

impl Combat {
    /// Estimates location and scale of the fold's centres.
    ///
    /// # Errors
    /// [`LearnError::Missing`], [`LearnError::NoCentre`], [`LearnError::OneCentre`], [`LearnError::NoReference`], [`LearnError::NoCovariate`],
    /// [`LearnError::Duplicate`], [`LearnError::OutcomeCovariate`], [`LearnError::Confounded`], and [`LearnError::NothingLeft`] when there is no feature to harmonise.
    pub fn fit(&self, fold: &TrainingFold<'_>) -> Result<FittedCombat, LearnError> {
        complete(fold)?;
        let names: Vec<String> = [&self.covariates[..], &self.categories[..]].concat();
        unique("covariate", &names)?;
        let centre_names = centre_names(fold)?;
        let centre_of: Vec<usize> = fold
            .centres()
            .iter()
            .map(|c| {
                centre_names
                    .binary_search(&c.unwrap_or_default())
                    .unwrap_or(0)
            })
            .collect();
        let reference = match &self.reference {
            None => None,
            Some(name) => match centre_names.binary_search(&name.as_str()) {
                Ok(at) => Some(at),
                Err(_) => {
                    return Err(LearnError::NoReference {
                        centre: name.clone(),
                    });
                }
            },
        };
        let covariates = Covariates::of(fold, &self.covariates, &self.categories)?;
        let x = fold.x();
        let design = Design::of(x, &covariates, &centre_of, centre_names.len(), reference)?;
        let candidates = (0..x.columns()).filter(|j| !covariates.uses(*j));
        let mut features = Vec::new();
        let mut grand_means = Vec::new();
        let mut deviations = Vec::new();
        let mut slopes_by_feature = Vec::new();
        let mut residuals = Vec::new();
        for j in candidates {
            let column: Vec<f64> = x.iter_rows().map(|row| row[j]).collect();
            if let Some(fitted) = design.fit(&column) {
                features.push(j);
                grand_means.push(fitted.grand_mean);
                deviations.push(fitted.deviation);
                slopes_by_feature.push(fitted.slopes);
                residuals.push(fitted.standardised);
            }
        }
        if features.is_empty() {
            return Err(LearnError::NothingLeft {
                step: "ComBat",
                remedy: "no column that is not a covariate varies within the centres; leave ComBat out",
            });
        }
        let terms = covariates.terms();
        let slopes = Matrix::from_fn(terms, features.len(), |t, f| slopes_by_feature[f][t]);
        let centres = centre_names.iter().enumerate().map(|(c, name)| {
            let rows: Vec<usize> = (0..x.rows()).filter(|&i| centre_of[i] == c).collect();
            let adjustment = if reference == Some(c) {
                Adjustment::none(features.len())
            } else {
                let values =
                    |f: usize| -> Vec<f64> { rows.iter().map(|&i| residuals[f][i]).collect() };
                adjust(features.len(), values, self.shrinkage())
            };
            Centre {
                name: (*name).to_owned(),
                adjustment,
            }
        });
        let centres = centres.collect();
        let one_class = |c: usize| {
            let mut classes = (0..x.rows())
                .filter(|&i| centre_of[i] == c)
                .map(|i| fold.y()[i]);
            let first = classes.next();
            classes.all(|class| Some(class) == first)
        };
        Ok(FittedCombat {
            settings: self.clone(),
            inputs: x.columns(),
            covariates,
            features,
            grand_means,
            slopes,
            deviations,
            centres,
            one_class_centres: (0..centre_names.len())
                .filter(|&c| one_class(c))
                .map(|c| centre_names[c].to_owned())
                .collect(),
        })
    }

    fn shrinkage(&self) -> Shrinkage {
        Shrinkage {
            prior: self.empirical_bayes.then_some(self.prior),
            mean_only: self.mean_only,
        }
    }
}

/// Names of the fold's centres, rising; every row has one.
fn centre_names<'a>(fold: &TrainingFold<'a>) -> Result<Vec<&'a str>, LearnError> {
    let mut names = Vec::with_capacity(fold.centres().len());
    for (centre, id) in fold.centres().iter().zip(fold.ids()) {
        names.push(centre.ok_or_else(|| LearnError::NoCentre {
            row: (*id).to_owned(),
        })?);
    }
    names.sort_unstable();
    names.dedup();
    if let [only] = names[..] {
        return Err(LearnError::OneCentre {
            centre: only.to_owned(),
        });
    }
    Ok(names)
}

impl FittedCombat {
    /// Number of columns before and after the step.
    pub fn columns(&self) -> usize {
        self.inputs
    }

    /// Names of the centres in training, rising.
    pub fn centres(&self) -> Vec<&str> {
        self.centres.iter().map(|c| c.name.as_str()).collect()
    }

    /// Centres whose training rows are all of one class: there the classes cannot be told from the centre, and harmonising takes both out.
    pub fn one_class_centres(&self) -> &[String] {
        &self.one_class_centres
    }

    /// The rows after harmonisation; `centres` has one entry a row.
    ///
    /// # Errors
    /// [`LearnError::Length`], and [`LearnError::UnseenCentre`] as [`UnseenCentre`] says.
    pub fn transform(&self, x: &Matrix, centres: &[Option<&str>]) -> Result<Matrix, LearnError> {
        same_columns(self.inputs, x)?;
        if centres.len() != x.rows() {
            return Err(LearnError::Length {
                what: "centres".to_owned(),
                expected: x.rows(),
                found: centres.len(),
            });
        }
        let mut out = x.clone();
        let mut unseen: Vec<&str> = Vec::new();
        for (i, centre) in centres.iter().enumerate() {
            let known = centre.and_then(|name| self.adjustment(name));
            match (known, self.settings.unseen_centre, centre) {
                (Some(adjustment), _, _) => self.apply(adjustment, x.row(i), out.row_mut(i)),
                (None, UnseenCentre::PassThrough, _) => {}
                (None, UnseenCentre::Estimate, Some(name)) => unseen.push(name),
                (None, _, name) => {
                    return Err(LearnError::UnseenCentre {
                        centre: name.unwrap_or("(none)").to_owned(),
                        known: self.centres.len(),
                    });
                }
            }
        }
        unseen.sort_unstable();
        unseen.dedup();
        for name in unseen {
            let rows: Vec<usize> = (0..x.rows())
                .filter(|&i| centres[i] == Some(name))
                .collect();
            let values = |f: usize| -> Vec<f64> {
                rows.iter()
                    .map(|&i| self.standardised(f, x.row(i)))
                    .collect()
            };
            let adjustment = adjust(self.features.len(), values, self.settings.shrinkage());
            for i in rows {
                self.apply(&adjustment, x.row(i), out.row_mut(i));
            }
        }
        Ok(out)
    }

    /// The fold after harmonisation, for the next step's fit.
    ///
    /// # Errors
    /// As [`transform`](Self::transform).
    pub fn transform_training<'a>(
        &self,
        fold: TrainingFold<'a>,
    ) -> Result<TrainingFold<'a>, LearnError> {
        let x = self.transform(fold.x(), fold.centres())?;
        Ok(fold.with_values(x))
    }

    fn adjustment(&self, name: &str) -> Option<&Adjustment> {
        let at = self.centres.binary_search_by(|c| c.name.as_str().cmp(name));
        at.ok().map(|at| &self.centres[at].adjustment)
    }

    /// What the covariates of a row make of a feature's mean.
    fn expected(&self, feature: usize, row: &[f64]) -> f64 {
        let terms = self.covariates.values(row);
        let slopes = (0..self.slopes.rows()).map(|t| self.slopes.row(t)[feature]);
        self.grand_means[feature] + terms.iter().zip(slopes).map(|(v, b)| v * b).sum::<f64>()
    }

    fn standardised(&self, feature: usize, row: &[f64]) -> f64 {
        let value = row[self.features[feature]];
        (value - self.expected(feature, row)) / self.deviations[feature]
    }

    fn apply(&self, adjustment: &Adjustment, row: &[f64], out: &mut [f64]) {
        if adjustment.is_none() {
            return;
        }
        for (f, &j) in self.features.iter().enumerate() {
            let z = adjustment.undo(f, self.standardised(f, row));
            out[j] = z * self.deviations[f] + self.expected(f, row);
        }
    }

    /// What is wrong with a step read from a file for `features` columns.
    pub(crate) fn problem(&self, features: usize) -> Option<&'static str> {
        let harmonised = self.features.len();
        let finite = |values: &[f64]| values.iter().all(|v| v.is_finite());
        let sorted = self
            .centres
            .windows(2)
            .all(|pair| pair[0].name < pair[1].name);
        let fits = self.inputs == features
            && self.features.iter().all(|&j| j < features)
            && self.covariates.fits(features)
            && self.grand_means.len() == harmonised
            && self.deviations.len() == harmonised
            && self.slopes.rows() == self.covariates.terms()
            && self.slopes.columns() == harmonised
            && finite(&self.grand_means)
            && finite(self.slopes.values())
            && self.deviations.iter().all(|d| *d > 0.0 && d.is_finite())
            && sorted
            && self.centres.iter().all(|c| c.adjustment.fits(harmonised));
        (!fits).then_some("the harmonisation does not fit the features")
    }
}
