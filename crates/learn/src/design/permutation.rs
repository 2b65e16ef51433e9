//! Whether the whole pipeline finds anything in labels that mean nothing.

use super::RoundStore;
use crate::cross_validation::cross_validate_kept;
use crate::{CrossValidated, CrossValidation, Dataset, LearnError, PipelineSpec};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A statistic and what it is under permuted labels.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PermutationTest {
    /// The statistic with the labels as they are.
    pub observed: f64,
    /// The statistic in each permutation, in their order; those that could not be computed are left out.
    pub null: Vec<f64>,
    /// Permutations that were asked for.
    pub permutations: usize,
    /// `(1 + b) / (1 + m)` with `b` of `m` permutations at least as large as the observed one (Phipson and Smyth 2010).
    pub p_value: f64,
}

/// Cross-validates the whole pipeline on permuted labels. Labels are permuted between the patients of a centre, all rows of a
/// patient together, so that the classes' shares in each centre stay as they are; folds are dealt out anew each time.
///
/// `statistic` gives the figure of a cross-validation, larger for better. `None` when the observed one is not defined.
///
/// # Errors
/// As [`cross_validate`](crate::cross_validate) on the labels as they are.
pub fn permutation_test(
    data: &Dataset,
    spec: &PipelineSpec,
    design: &CrossValidation,
    permutations: usize,
    store: &dyn RoundStore,
    statistic: impl Fn(&Dataset, &CrossValidated) -> Option<f64>,
) -> Result<Option<PermutationTest>, LearnError> {
    let found = cross_validate_kept(data, spec, design, store)?;
    let Some(observed) = statistic(data, &found) else {
        return Ok(None);
    };
    let mut null = Vec::with_capacity(permutations);
    for number in 0..permutations {
        let permuted = permuted(data, design.seed, number as u64);
        // A permutation may leave a fold without a class: it says nothing, and the others go on.
        if let Ok(found) = cross_validate_kept(&permuted, spec, design, store) {
            null.extend(statistic(&permuted, &found));
        }
    }
    let larger = null.iter().filter(|value| **value >= observed).count();
    Ok(Some(PermutationTest {
        observed,
        p_value: (1 + larger) as f64 / (1 + null.len()) as f64,
        null,
        permutations,
    }))
}

/// The data set with permuted labels; a patient with lesions of several classes counts by the first row.
fn permuted(data: &Dataset, seed: u64, number: u64) -> Dataset {
    let mut patients: BTreeMap<Option<&str>, Vec<(&str, usize)>> = BTreeMap::new();
    let mut seen = std::collections::BTreeSet::new();
    for (row, patient) in data.groups.iter().enumerate() {
        if seen.insert(patient.as_str()) {
            let centre = data.centres.as_ref().and_then(|c| c[row].as_deref());
            patients
                .entry(centre)
                .or_default()
                .push((patient, data.y[row]));
        }
    }
    let mut random = ChaCha8Rng::seed_from_u64(seed ^ 0x7065_726d);
    random.set_stream(number);
    let mut class_of: BTreeMap<&str, usize> = BTreeMap::new();
    for members in patients.values_mut() {
        // By name first, so that the order of the rows does not matter.
        members.sort_unstable();
        let mut classes: Vec<usize> = members.iter().map(|m| m.1).collect();
        classes.shuffle(&mut random);
        class_of.extend(members.iter().map(|m| m.0).zip(classes));
    }
    let mut permuted = data.clone();
    permuted.y = (data.groups.iter().zip(&data.y))
        .map(|(patient, &class)| class_of.get(patient.as_str()).copied().unwrap_or(class))
        .collect();
    permuted
}
