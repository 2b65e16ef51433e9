//! Every centre predicted by a model of the others.

use super::{RoundStore, Rounds, play};
use crate::{Dataset, LearnError, Matrix, PipelineSpec, Split};
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// What leaving out each centre gave.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct CentresLeftOut {
    /// Probabilities of every row by the model of the other centres, rows x classes; `NaN` for rows that were never held out.
    pub probabilities: Matrix,
    /// The centres by name.
    pub centres: Vec<CentreRound>,
    /// What a reader must know.
    pub notes: Vec<String>,
}

/// One centre and what became of it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct CentreRound {
    /// Name of the centre.
    pub centre: String,
    /// Its rows that were held out.
    pub rows: Vec<usize>,
    /// Prediction sets of those rows, when the pipeline makes any.
    pub sets: Option<Vec<Vec<bool>>>,
    /// Why it could not be left out; its rows then have no predictions.
    pub problem: Option<String>,
}

impl CentresLeftOut {
    /// The rows that were held out.
    pub fn held_out(&self) -> Vec<usize> {
        let rows = self.probabilities.iter_rows().enumerate();
        let held = rows.filter(|(_, p)| p.iter().all(|v| !v.is_nan()));
        held.map(|(row, _)| row).collect()
    }
}

/// Leaves out one centre at a time, fits the whole pipeline on the others and predicts it.
///
/// A patient seen in two centres belongs to the first by name, with all rows. Rows without a centre and patients that features were
/// fitted on are always on the training side. A centre that cannot be left out (no other centre has one of its classes, or the
/// fit fails) is reported with the reason, and the others go on.
///
/// # Errors
/// [`LearnError::FewCentres`] with fewer than two centres.
pub fn leave_one_centre_out(
    data: &Dataset,
    spec: &PipelineSpec,
    store: &dyn RoundStore,
) -> Result<CentresLeftOut, LearnError> {
    let centre_of = patients_centres(data);
    let names: BTreeSet<&str> = centre_of.values().copied().collect();
    if names.len() < 2 {
        return Err(LearnError::FewCentres {
            centres: names.len(),
        });
    }
    let rounds = Rounds::new(data, spec, store);
    let upstream = data.fitted_upstream();
    let names: Vec<&str> = names.into_iter().collect();
    let played: Vec<_> = names
        .par_iter()
        .map(|name| {
            let of_centre = |row: &usize| {
                let patient = &data.groups[*row];
                centre_of.get(patient.as_str()) == Some(name) && !upstream.contains(patient)
            };
            let (test, train): (Vec<usize>, Vec<usize>) = (0..data.rows()).partition(of_centre);
            if let Some(class) = absent(data, &train, &test) {
                return (test, Err(class));
            }
            let split = Split {
                train,
                test: test.clone(),
            };
            (test, play(&rounds, split).map_err(|e| e.to_string()))
        })
        .collect();

    let mut probabilities = Matrix::zeros(data.rows(), data.classes.len());
    (0..data.rows()).for_each(|row| probabilities.row_mut(row).fill(f64::NAN));
    let mut centres = Vec::with_capacity(names.len());
    let mut notes = Vec::new();
    for (name, (rows, found)) in names.iter().zip(played) {
        let mut round = CentreRound {
            centre: (*name).to_owned(),
            rows,
            sets: None,
            problem: None,
        };
        match found {
            Ok(found) => {
                for (row, p) in found.rows.iter().zip(found.probabilities.iter_rows()) {
                    probabilities.row_mut(*row).copy_from_slice(p);
                }
                notes.extend(
                    found
                        .step_notes
                        .iter()
                        .map(|n| format!("without {name}: {n}")),
                );
                round.sets = found.sets;
            }
            Err(problem) => {
                notes.push(format!(
                    "the centre {name} could not be left out: {problem}"
                ));
                round.problem = Some(problem);
            }
        }
        centres.push(round);
    }
    let without = data.rows() - centres.iter().map(|c| c.rows.len()).sum::<usize>();
    if without > 0 {
        notes.push(format!(
            "{without} rows have no centre, or features were fitted on their patients: they are in the training rows of every round"
        ));
    }
    Ok(CentresLeftOut {
        probabilities,
        centres,
        notes,
    })
}

/// The centre of each patient who has one: the first by name.
fn patients_centres(data: &Dataset) -> BTreeMap<&str, &str> {
    let mut centre_of: BTreeMap<&str, &str> = BTreeMap::new();
    for (patient, centre) in data.groups.iter().zip(data.centres.iter().flatten()) {
        if let Some(centre) = centre {
            let known = centre_of.entry(patient).or_insert(centre);
            *known = (*known).min(centre.as_str());
        }
    }
    centre_of
}

/// Why these rows cannot be held out: none, or a class that only they have.
fn absent(data: &Dataset, train: &[usize], test: &[usize]) -> Option<String> {
    if test.is_empty() {
        return Some("none of its patients can be held out".to_owned());
    }
    let has = |rows: &[usize], class: usize| rows.iter().any(|&row| data.y[row] == class);
    let only_here = (0..data.classes.len()).find(|&class| has(test, class) && !has(train, class));
    only_here.map(|class| {
        let class = &data.classes[class];
        format!(
            "no other centre has the class {class}, so that a model of the others cannot know it"
        )
    })
}
