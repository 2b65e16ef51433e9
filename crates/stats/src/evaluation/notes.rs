//! The sentences that go with an evaluation's numbers.

use super::{AucBlock, EvaluationOptions};
use crate::Predictions;
use crate::bootstrap::{BootstrapResult, Statistic};
use std::collections::{BTreeMap, BTreeSet};

/// Fewer patients than this in a class, and its interval rests on very few values.
const FEW: usize = 10;

/// About the cohort as a whole.
pub(super) fn cohort(predictions: &Predictions, patients: usize) -> Vec<String> {
    let mut notes = absent_classes(predictions, "in this evaluation set");
    if patients < predictions.len() {
        notes.push(format!(
            "{} rows come from {patients} patients. The bootstrap draws patients, so its intervals \
             allow for that; the Wilson intervals treat rows as independent and are too narrow.",
            predictions.len()
        ));
    }
    let distinct: BTreeSet<&String> = predictions.ids().iter().collect();
    if distinct.len() < predictions.len() {
        notes.push(format!(
            "{} of {} rows repeat an id: check that no case is counted twice.",
            predictions.len() - distinct.len(),
            predictions.len()
        ));
    }
    let mut truths: BTreeMap<&String, BTreeSet<usize>> = BTreeMap::new();
    for (group, &truth) in predictions.groups().iter().zip(predictions.truth()) {
        truths.entry(group).or_default().insert(truth);
    }
    let mixed = truths.values().filter(|classes| classes.len() > 1).count();
    if mixed > 0 {
        notes.push(format!(
            "Patients with lesions of different classes: {mixed}. The bootstrap files each under \
             the class of most of its lesions."
        ));
    }
    if let Some(centres) = predictions.centres() {
        let missing = centres.iter().filter(|centre| centre.is_none()).count();
        if missing > 0 && missing < centres.len() {
            notes.push(format!(
                "{missing} rows state no centre; they are listed as \"not stated\"."
            ));
        }
    }
    notes
}

/// About classes without rows. `place` is "in this evaluation set" or "at this centre".
pub(super) fn absent_classes(predictions: &Predictions, place: &str) -> Vec<String> {
    let counts = predictions.class_counts();
    let pick = |wanted: bool| -> Vec<&str> {
        let classes = predictions.classes().iter().zip(&counts);
        classes
            .filter(|(_, c)| (**c > 0) == wanted)
            .map(|(name, _)| name.as_str())
            .collect()
    };
    let (present, absent) = (pick(true), pick(false));
    if present.len() == 1 {
        return vec![format!(
            "Only the class \"{}\" occurs {place}: no AUC can be computed.",
            present[0]
        )];
    }
    absent
        .iter()
        .map(|name| {
            format!(
                "The class \"{name}\" does not occur {place}: it has no AUC, and the averages are \
                 over {}.",
                present.join(" and ")
            )
        })
        .collect()
}

/// About the options, said once for the whole evaluation.
pub(super) fn options(options: &EvaluationOptions) -> Vec<String> {
    let mut notes = Vec::new();
    if options.bootstrap == 0 {
        notes.push("No bootstrap was asked for, so there are no intervals for the AUCs.".into());
    }
    if options.confidence != 0.95 {
        notes.push(format!(
            "All intervals are at the level {}, those in fields named ci95 too.",
            options.confidence
        ));
    }
    notes
}

/// Patients with at least one row of a class.
fn patients_of(predictions: &Predictions, class: usize) -> usize {
    let rows = predictions.groups().iter().zip(predictions.truth());
    let groups: BTreeSet<&String> = rows
        .filter(|(_, truth)| **truth == class)
        .map(|(group, _)| group)
        .collect();
    groups.len()
}

/// About intervals: few patients, degenerate replicates, no width.
pub(super) fn intervals(
    predictions: &Predictions,
    draws: &BootstrapResult,
    areas: &AucBlock,
    options: &EvaluationOptions,
) -> Vec<String> {
    let mut notes = Vec::new();
    if options.bootstrap == 0 {
        return notes;
    }
    let few: Vec<String> = predictions
        .classes()
        .iter()
        .enumerate()
        .filter_map(|(class, name)| {
            let patients = patients_of(predictions, class);
            (1..FEW)
                .contains(&patients)
                .then(|| format!("{name} {patients}"))
        })
        .collect();
    if !few.is_empty() {
        notes.push(format!(
            "Few patients in a class ({}): the bootstrap can only repeat these, and the intervals \
             are likely too narrow.",
            few.join(", ")
        ));
    }
    for (name, estimate) in &areas.per_class {
        if estimate.value == Some(1.0) {
            notes.push(format!(
                "The class \"{name}\" is separated without error here, so its bootstrap interval \
                 has no width; that is not certainty."
            ));
        }
        if estimate.value == Some(0.0) {
            notes.push(format!(
                "Every case of the class \"{name}\" is ranked below all others here, so its bootstrap \
                 interval has no width; that is not certainty."
            ));
        }
    }
    let lost = draws.degenerate(Statistic::BalancedAccuracy);
    if lost > 0 {
        notes.push(format!(
            "{lost} of {} bootstrap replicates lack a class and are left out of the intervals of \
             the averages{}.",
            draws.replicates(),
            if lost * 2 > draws.replicates() {
                "; too few remain for these"
            } else {
                ""
            }
        ));
    }
    notes
}

/// Why a centre has no AUC.
pub(super) fn small_centre(patients: usize, least: usize) -> String {
    format!(
        "{patients} {} at this centre: an AUC is computed from {least} on.",
        if patients == 1 { "patient" } else { "patients" }
    )
}
