//! Folds within a training fold.

use crate::{LearnError, TrainingFold};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How a training fold is split again, for everything that must learn from predictions of rows that a model had not seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct InnerFolds {
    /// Number of folds, 2 or more; fewer are used when a class has fewer patients.
    pub folds: usize,
    /// Seed of the folds.
    pub seed: u64,
}

impl Default for InnerFolds {
    fn default() -> Self {
        Self { folds: 5, seed: 1 }
    }
}

/// Inner fold of each row: patients are dealt out class by class, in an order drawn from stream `repeat` of the seed.
///
/// A patient with rows of several classes counts as the rarest of them. There are as many folds as asked for, or as many as the
/// smallest class has patients when that is less.
pub(crate) fn assign(
    fold: &TrainingFold<'_>,
    design: InnerFolds,
    repeat: u64,
) -> Result<Vec<usize>, LearnError> {
    if design.folds < 2 {
        return Err(LearnError::BadDesign {
            folds: design.folds,
            repeats: 1,
        });
    }
    let classes = fold.classes();
    let mut rows_of = vec![0_usize; classes.len()];
    fold.y().iter().for_each(|&class| rows_of[class] += 1);
    let mut class_of: BTreeMap<&str, usize> = BTreeMap::new();
    for (group, &class) in fold.groups().iter().zip(fold.y()) {
        let known = class_of.entry(group).or_insert(class);
        if (rows_of[class], class) < (rows_of[*known], *known) {
            *known = class;
        }
    }
    let mut strata: Vec<Vec<&str>> = vec![Vec::new(); classes.len()];
    for (patient, class) in class_of {
        strata[class].push(patient);
    }
    let smallest = strata.iter().enumerate().min_by_key(|(_, p)| p.len());
    let (class, patients) = smallest.map_or((0, 0), |(class, p)| (class, p.len()));
    if patients < 2 {
        return Err(LearnError::FewInnerPatients {
            class: classes.get(class).cloned().unwrap_or_default(),
            patients,
        });
    }
    let folds = design.folds.min(patients);
    let mut random = ChaCha8Rng::seed_from_u64(design.seed);
    random.set_stream(repeat);
    let mut fold_of: BTreeMap<&str, usize> = BTreeMap::new();
    let mut next = 0;
    for stratum in &mut strata {
        stratum.shuffle(&mut random);
        for &patient in stratum.iter() {
            fold_of.insert(patient, next);
            next = (next + 1) % folds;
        }
    }
    let rows = fold.groups().iter().map(|group| fold_of.get(group));
    Ok(rows.map(|fold| fold.copied().unwrap_or(0)).collect())
}
