//! Fine-tuning fold by fold, whole patients held out.

use crate::TrainingError;
use crate::finetune_settings::FinetuneSettings;
use crate::finetuning::{EpochReport, Trainer};
use crate::labelled::Labelled;
use crate::sizes::EncoderSizes;
use std::collections::BTreeMap;

/// The training of one fold.
#[derive(Clone, Debug, PartialEq)]
pub struct FoldCurve {
    /// Figures of all epochs.
    pub curve: Vec<EpochReport>,
    /// The epoch whose weights predicted the fold.
    pub best_epoch: usize,
}

/// Predictions of every sample by a network that has not seen its patient.
#[derive(Clone, Debug, PartialEq)]
pub struct CrossValidated {
    /// The fold in which each sample was held out, from 0.
    pub folds: Vec<usize>,
    /// Probabilities of the classes for each sample.
    pub probabilities: Vec<Vec<f64>>,
    /// The training of each fold.
    pub curves: Vec<FoldCurve>,
}

/// Trains a network for each fold on the patients of the others, and predicts those of the fold. Each begins from the same weights, and the
/// patients that tell when to stop are taken from those that the fold learns from: the predicted ones have no part in it. Patients are dealt
/// out class by class. `told` gets the fold (from 0) with each epoch.
///
/// # Errors
/// As [`finetune`](crate::finetune), and [`TrainingError::Setting`] when there are fewer than two patients of a class, or fewer patients than
/// folds.
pub fn cross_validate(
    settings: &FinetuneSettings,
    sizes: EncoderSizes,
    encoder: Option<&BTreeMap<String, Vec<f32>>>,
    samples: &Labelled<'_>,
    folds: usize,
    mut told: impl FnMut(usize, &EpochReport),
) -> Result<CrossValidated, TrainingError> {
    let trainer = Trainer::new(settings, sizes, encoder, samples)?;
    let fold_of = samples.folds(folds, settings.seed)?;
    let mut probabilities = vec![Vec::new(); fold_of.len()];
    let mut curves = Vec::with_capacity(folds);
    for fold in 0..folds {
        let (held_out, among): (Vec<usize>, Vec<usize>) =
            (0..fold_of.len()).partition(|&i| fold_of[i] == fold);
        let trained = trainer.train(&among, |epoch| told(fold, epoch))?;
        let logits = trainer.logits(&trained.weights, &held_out)?;
        let rows = trainer.model.head.probabilities(&logits, samples.classes);
        for (index, row) in held_out.into_iter().zip(rows) {
            probabilities[index] = row;
        }
        curves.push(FoldCurve {
            curve: trained.curve,
            best_epoch: trained.best_epoch,
        });
    }
    Ok(CrossValidated {
        folds: fold_of,
        probabilities,
        curves,
    })
}
