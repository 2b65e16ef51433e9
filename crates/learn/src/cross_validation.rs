//! Cross-validation by patient, with equal shares of classes and centres in every fold.

use crate::design::{NoStore, RoundPredictions, RoundStore, Rounds, play};
use crate::{Dataset, LearnError, Matrix, PipelineSpec, Split};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How rows are put into folds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CrossValidation {
    /// Number of folds, 2 or more.
    pub folds: usize,
    /// Number of repeats with other folds, 1 or more.
    pub repeats: usize,
    /// Seed; repeat `r` draws from stream `r` of a ChaCha8 generator.
    pub seed: u64,
}

/// Predictions for rows that the model had not seen.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct CrossValidated {
    /// Out-of-fold probabilities, rows x classes: the mean over the repeats. A row that is never held out
    /// ([`Dataset::with_fitted_upstream`]) has none: `NaN`.
    pub probabilities: Matrix,
    /// Out-of-fold probabilities of each repeat, rows x classes.
    pub repeats: Vec<Matrix>,
    /// Fold that each row was held out in, for each repeat; the number of folds for a row that is never held out.
    pub folds: Vec<Vec<usize>>,
    /// Prediction set of each row in each repeat: which classes it holds. Empty when the pipeline makes no sets.
    pub sets: Vec<Vec<Vec<bool>>>,
    /// What a reader must know: centres with a single patient, columns without values in a fold.
    pub notes: Vec<String>,
}

impl CrossValidated {
    /// The rows that were held out, which are those with out-of-fold probabilities.
    pub fn held_out(&self) -> Vec<usize> {
        let rows = self.probabilities.iter_rows().enumerate();
        let held = rows.filter(|(_, p)| p.iter().all(|v| !v.is_nan()));
        held.map(|(row, _)| row).collect()
    }
}

impl CrossValidation {
    /// The fold of each row in each repeat.
    ///
    /// All rows of a patient share a fold. Patients are dealt out like cards, class by class and centre by centre, in
    /// an order drawn at random within each class of a centre; so the folds differ by at most one patient in total, within each
    /// class and within each class of a centre. A patient with lesions of several classes counts as the rarest of them. The order of the
    /// rows does not matter. Patients that features were fitted on get the number after the last fold: they are never held out.
    ///
    /// # Errors
    /// [`LearnError::BadDesign`], [`LearnError::OneClass`], [`LearnError::ClassAbsent`] when a class has no patient at all, and
    /// [`LearnError::FewPatients`] when one has fewer patients than there are folds.
    pub fn assign(&self, data: &Dataset) -> Result<Vec<Vec<usize>>, LearnError> {
        let bad = self.folds < 2 || self.repeats == 0 || self.repeats > 1000;
        if bad {
            return Err(LearnError::BadDesign {
                folds: self.folds,
                repeats: self.repeats,
            });
        }
        if let [class] = data.classes.as_slice() {
            return Err(LearnError::OneClass {
                class: class.clone(),
            });
        }
        let counts = data.patients_per_class();
        let holdable = data.holdable_per_class();
        for ((class, &all), &patients) in data.classes.iter().zip(&counts).zip(&holdable) {
            if all == 0 {
                return Err(LearnError::ClassAbsent {
                    class: class.clone(),
                    rows: data.rows(),
                });
            }
            if patients < self.folds {
                return Err(LearnError::FewPatients {
                    class: class.clone(),
                    patients,
                    folds: self.folds,
                });
            }
        }
        let strata = strata(data, &counts);
        Ok((0..self.repeats)
            .map(|repeat| self.deal(data, &strata, repeat as u64))
            .collect())
    }

    /// Fold of each row in one repeat.
    fn deal(&self, data: &Dataset, strata: &[Vec<&str>], repeat: u64) -> Vec<usize> {
        let mut random = ChaCha8Rng::seed_from_u64(self.seed);
        random.set_stream(repeat);
        let mut fold_of: BTreeMap<&str, usize> = BTreeMap::new();
        let mut next = 0;
        for stratum in strata {
            let mut patients = stratum.clone();
            patients.shuffle(&mut random);
            for patient in patients {
                fold_of.insert(patient, next);
                next = (next + 1) % self.folds;
            }
        }
        let folds = data.groups.iter().map(|g| fold_of.get(g.as_str()));
        folds
            .map(|fold| fold.copied().unwrap_or(self.folds))
            .collect()
    }
}

/// Patients that can be held out by class and centre, classes in their order, centres and patients by name.
fn strata<'a>(data: &'a Dataset, counts: &[usize]) -> Vec<Vec<&'a str>> {
    let mut class_of: BTreeMap<&str, usize> = BTreeMap::new();
    let mut centre_of: BTreeMap<&str, Option<&str>> = BTreeMap::new();
    let upstream = data.fitted_upstream();
    let holdable = (data.groups.iter().enumerate()).filter(|(_, g)| !upstream.contains(*g));
    for (row, group) in holdable {
        let class = data.y[row];
        let known = class_of.entry(group).or_insert(class);
        if (counts[class], class) < (counts[*known], *known) {
            *known = class;
        }
        let centre = data.centres.as_ref().and_then(|c| c[row].as_deref());
        let known = centre_of.entry(group).or_insert(centre);
        // A patient seen in two centres belongs to the first by name, whatever the order of the rows.
        if let Some(name) = centre {
            *known = Some(known.map_or(name, |k| k.min(name)));
        }
    }
    let mut strata: BTreeMap<(usize, Option<&str>), Vec<&str>> = BTreeMap::new();
    for (patient, class) in class_of {
        let centre = centre_of.get(patient).copied().flatten();
        strata.entry((class, centre)).or_default().push(patient);
    }
    strata.into_values().collect()
}

/// Fits the pipeline in every training fold and predicts what was held out.
///
/// Folds are worked on in parallel; the result does not depend on the number of threads.
///
/// # Errors
/// As [`CrossValidation::assign`] and [`Pipeline::fit`].
pub fn cross_validate(
    data: &Dataset,
    spec: &PipelineSpec,
    design: &CrossValidation,
) -> Result<CrossValidated, LearnError> {
    cross_validate_kept(data, spec, design, &NoStore)
}

/// [`cross_validate`] that takes finished folds from a store, and keeps in it those that it finishes.
///
/// # Errors
/// As [`cross_validate`].
pub fn cross_validate_kept(
    data: &Dataset,
    spec: &PipelineSpec,
    design: &CrossValidation,
    store: &dyn RoundStore,
) -> Result<CrossValidated, LearnError> {
    let folds = design.assign(data)?;
    let rounds = Rounds::new(data, spec, store);
    let work: Vec<(usize, usize)> = (0..design.repeats)
        .flat_map(|repeat| (0..design.folds).map(move |fold| (repeat, fold)))
        .collect();
    let results: Vec<Result<RoundPredictions, LearnError>> = work
        .par_iter()
        .map(|&(repeat, fold)| {
            let (test, train) = (0..data.rows()).partition(|&row| folds[repeat][row] == fold);
            play(&rounds, Split { train, test })
        })
        .collect();

    let (n, k) = (data.rows(), data.classes.len());
    let mut repeats = vec![Matrix::zeros(n, k); design.repeats];
    let mut mean = Matrix::zeros(n, k);
    let with_sets = spec.probability.conformal.is_some();
    let mut sets = vec![vec![Vec::new(); n]; if with_sets { design.repeats } else { 0 }];
    let mut empty: BTreeMap<String, usize> = BTreeMap::new();
    let mut step_notes: BTreeMap<String, usize> = BTreeMap::new();
    for (&(repeat, _), result) in work.iter().zip(results) {
        let result = result?;
        for (i, &row) in result.rows.iter().enumerate() {
            let probabilities = result.probabilities.row(i);
            repeats[repeat].row_mut(row).copy_from_slice(probabilities);
            for (sum, p) in mean.row_mut(row).iter_mut().zip(probabilities) {
                *sum += p;
            }
        }
        for note in result.step_notes {
            *step_notes.entry(note).or_default() += 1;
        }
        for (&row, set) in result.rows.iter().zip(result.sets.into_iter().flatten()) {
            sets[repeat][row] = set;
        }
        for column in result.empty_columns {
            *empty.entry(data.feature_names[column].clone()).or_default() += 1;
        }
    }
    for i in 0..n {
        let row = mean.row_mut(i).iter_mut();
        row.for_each(|p| *p /= design.repeats as f64);
    }
    for row in (0..n).filter(|&row| folds[0][row] == design.folds) {
        for matrix in repeats.iter_mut().chain([&mut mean]) {
            matrix.row_mut(row).fill(f64::NAN);
        }
    }
    let mut notes: Vec<String> = data
        .patients_per_centre()
        .iter()
        .filter(|(_, patients)| **patients == 1)
        .map(|(centre, _)| {
            format!("centre {centre} has one patient: no fold can both learn from it and be tested on it")
        })
        .collect();
    if !data.fitted_upstream().is_empty() {
        notes.push(format!(
            "{} patients are in the training rows of every fold, and the figures are of the others: features of the table were fitted on them",
            data.fitted_upstream().len()
        ));
    }
    notes.extend(empty.iter().map(|(feature, times)| {
        let all = work.len();
        format!("the feature \"{feature}\" has no value in {times} of {all} training folds and is not used in them")
    }));
    notes.extend(step_notes.into_iter().map(|(note, times)| {
        let all = work.len();
        format!("{note} (in {times} of {all} training folds)")
    }));
    Ok(CrossValidated {
        probabilities: mean,
        repeats,
        folds,
        sets,
        notes,
    })
}
