//! Who is drawn in a replicate of the bootstrap: patients, within strata of the true class.

use crate::Predictions;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::collections::BTreeMap;

/// The number of each row's patient, in the order of first appearance, and how many there are.
pub(crate) fn number_groups(groups: &[String]) -> (Vec<u32>, usize) {
    let mut numbers: BTreeMap<&str, u32> = BTreeMap::new();
    let mut column = Vec::with_capacity(groups.len());
    for group in groups {
        let next = numbers.len() as u32;
        column.push(*numbers.entry(group).or_insert(next));
    }
    (column, numbers.len())
}

/// The patients of a cohort and their strata.
#[derive(Debug, Clone)]
pub(crate) struct Resampling {
    /// Patient of each row.
    pub(crate) patient: Vec<u32>,
    /// Number of patients.
    pub(crate) patients: usize,
    /// Patients of each stratum.
    pub(crate) strata: Vec<Vec<u32>>,
}

impl Resampling {
    pub(crate) fn new(predictions: &Predictions) -> Self {
        let classes = predictions.class_count();
        let (patient, patients) = number_groups(predictions.groups());
        // A patient's stratum is the class most of the patient's rows have, of equals the last.
        let mut votes = vec![vec![0u32; classes]; patients];
        for (&p, &t) in patient.iter().zip(predictions.truth()) {
            votes[p as usize][t] += 1;
        }
        let mut strata = vec![Vec::new(); classes];
        for (number, votes) in votes.iter().enumerate() {
            let class = (0..classes).max_by_key(|&class| votes[class]).unwrap_or(0);
            strata[class].push(number as u32);
        }
        Self {
            patient,
            patients,
            strata,
        }
    }

    /// How often each patient is drawn in replicate `number`, which has a random stream of its own.
    pub(crate) fn draw(&self, seed: u64, number: u64, weights: &mut [u32]) {
        let mut generator = ChaCha8Rng::seed_from_u64(seed);
        generator.set_stream(number);
        weights.fill(0);
        for stratum in &self.strata {
            let size = stratum.len() as u32;
            for _ in 0..size {
                weights[stratum[generator.random_range(0..size) as usize] as usize] += 1;
            }
        }
    }
}
