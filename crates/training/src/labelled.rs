//! Labelled samples: what they must be, and how patients are dealt out.

use crate::TrainingError;
use crate::random::{Purpose, permutation, stream};
use crate::source::PatchSource;
use std::collections::{BTreeMap, BTreeSet};

/// Labelled samples: patch `i` of a source has class `labels[i]` and belongs to patient `patients[i]`.
///
/// Where images are fused ([`FinetuneSettings::fusion`](crate::FinetuneSettings::fusion)) a patch is three of them, `[image][z][y][x]`.
#[derive(Clone, Copy)]
pub struct Labelled<'a> {
    /// The patches.
    pub patches: &'a dyn PatchSource,
    /// Masks of the lesions on the patches' grid, `[z][y][x]`, one for each patch; empty for heads that take none.
    pub masks: &'a [Vec<bool>],
    /// Classes, from 0.
    pub labels: &'a [usize],
    /// Patients: all samples of one stay on one side of a split.
    pub patients: &'a [String],
    /// Number of classes.
    pub classes: usize,
}

impl Labelled<'_> {
    /// Checks that there is a label and a patient for each patch, masks of `mask_voxels` where they are asked for, and more than one class.
    pub(crate) fn check(&self, mask_voxels: Option<usize>) -> Result<(), TrainingError> {
        let count = self.patches.len();
        if self.labels.len() != count || self.patients.len() != count {
            let (labels, patients) = (self.labels.len(), self.patients.len());
            let value = format!("{labels} labels and {patients} patients");
            let allowed = format!("{count}, one for each patch");
            return Err(TrainingError::setting("labels", value, allowed));
        }
        if let Some(voxels) = mask_voxels
            && (self.masks.len() != count || self.masks.iter().any(|m| m.len() != voxels))
        {
            return Err(TrainingError::Masks { voxels });
        }
        let present: BTreeSet<usize> = self.labels.iter().copied().collect();
        if present.len() < 2 || present.last().is_some_and(|&last| last >= self.classes) {
            let value = format!("{present:?} of {}", self.classes);
            let allowed = "two classes or more, numbered from 0";
            return Err(TrainingError::setting("labels", value, allowed));
        }
        Ok(())
    }

    /// The patients of some samples by class, each class in the order of names; a patient's class is its first sample's.
    fn patients_by_class(&self, among: &[usize]) -> Vec<Vec<&str>> {
        let mut class_of: BTreeMap<&str, usize> = BTreeMap::new();
        for &i in among {
            class_of.entry(&self.patients[i]).or_insert(self.labels[i]);
        }
        let mut by_class = vec![Vec::new(); self.classes];
        for (patient, class) in class_of {
            by_class[class].push(patient);
        }
        by_class
    }

    /// Splits samples into those to learn from and those that tell when to stop: a share of the patients, dealt out class by class.
    pub(crate) fn split(&self, among: &[usize], share: f64, seed: u64) -> (Vec<usize>, Vec<usize>) {
        let mut held_out: BTreeSet<&str> = BTreeSet::new();
        for (class, patients) in self.patients_by_class(among).iter().enumerate() {
            let count = (share * patients.len() as f64).round() as usize;
            // A class must be learned before it can be held out.
            let count = count.min(patients.len().saturating_sub(1));
            let mut rng = stream(seed, Purpose::Split, class as u64, 0);
            let order = permutation(&mut rng, patients.len());
            held_out.extend(order.into_iter().take(count).map(|i| patients[i]));
        }
        among
            .iter()
            .partition(|&&i| !held_out.contains(&*self.patients[i]))
    }

    /// The fold of every sample. Patients are dealt out class by class in random order, each class going on where the one before stopped, so
    /// that folds differ by at most one patient, in all and in each class.
    pub(crate) fn folds(&self, count: usize, seed: u64) -> Result<Vec<usize>, TrainingError> {
        let all: Vec<usize> = (0..self.labels.len()).collect();
        let by_class = self.patients_by_class(&all);
        let patients: usize = by_class.iter().map(Vec::len).sum();
        if !(2..=patients.max(2)).contains(&count) {
            let allowed = format!("2 to the number of patients, {patients}");
            return Err(TrainingError::setting("folds", count, allowed));
        }
        let mut fold_of: BTreeMap<&str, usize> = BTreeMap::new();
        for (class, patients) in by_class.iter().enumerate() {
            if patients.len() == 1 {
                let value = format!("{count} with one patient of class {class}");
                let allowed = "possible with two patients or more of each class: one fold would learn without it";
                return Err(TrainingError::setting("folds", value, allowed));
            }
            let mut rng = stream(seed, Purpose::Folds, class as u64, 0);
            for i in permutation(&mut rng, patients.len()) {
                let next = fold_of.len() % count;
                fold_of.insert(patients[i], next);
            }
        }
        let folds = self.patients.iter();
        Ok(folds.map(|patient| fold_of[&**patient]).collect())
    }

    /// Weights of the classes: the inverse of their frequency among some samples, or 1.
    pub(crate) fn class_weights(&self, among: &[usize], balanced: bool) -> Vec<f64> {
        let mut counts = vec![0usize; self.classes];
        among.iter().for_each(|&i| counts[self.labels[i]] += 1);
        counts
            .iter()
            .map(|&count| match balanced {
                true => among.len() as f64 / (self.classes * count.max(1)) as f64,
                false => 1.0,
            })
            .collect()
    }

    /// The labels of some samples.
    pub(crate) fn labels_of(&self, indices: &[usize]) -> Vec<usize> {
        indices.iter().map(|&i| self.labels[i]).collect()
    }
}
