//! Whether an evaluation meets patients that the model was trained on.
//!
//! The model keeps a short hash of each training patient's pseudonym, never the pseudonym. Equal pseudonyms of two
//! hospitals may be two patients, so that a meeting is told and not refused.

use crate::manifest::sha256_hex;
use std::collections::BTreeSet;
use triher_learn::{Dataset, ModelFile};

/// Digits of the hash that are kept: enough to tell millions of patients apart.
const DIGITS: usize = 16;

fn mark(patient: &str) -> String {
    let mut digits = sha256_hex(patient.as_bytes());
    digits.truncate(DIGITS);
    digits
}

/// Marks of all patients of a data set, sorted.
pub(crate) fn patient_marks(dataset: &Dataset) -> Vec<String> {
    let patients: BTreeSet<&String> = dataset.groups.iter().collect();
    let marks: BTreeSet<String> = patients.into_iter().map(|p| mark(p)).collect();
    marks.into_iter().collect()
}

/// A warning when patients of the data set have the pseudonyms of training patients.
pub(crate) fn trained_on(model: &ModelFile, dataset: &Dataset) -> Option<String> {
    let known: BTreeSet<&String> = model.training.patient_marks.iter().collect();
    let here = patient_marks(dataset);
    let met = here.iter().filter(|mark| known.contains(mark)).count();
    (met > 0).then(|| {
        format!(
            "{met} of {} patients bear the same identifier as a patient the model was trained on: if they are the same, these figures flatter the model. Leave them out, or give the hospitals' identifiers a prefix each",
            here.len()
        )
    })
}
