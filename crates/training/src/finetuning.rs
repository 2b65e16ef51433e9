//! Heads on frozen tokens, and fine-tuning of the encoder with its head.

use crate::TrainingError;
use crate::classifier::Classifier;
use crate::finetune_settings::{Depth, FinetuneSettings};
use crate::optimiser::AdamW;
use crate::parameters::Layout;
use crate::random::{Purpose, permutation, stream};
use crate::sizes::EncoderSizes;
use crate::source::PatchSource;
use crate::storage::{self, Storage};
use rayon::prelude::*;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// Labelled samples: patch `i` of a source has class `labels[i]` and belongs to patient `patients[i]`.
pub struct Labelled<'a> {
    /// The patches.
    pub patches: &'a dyn PatchSource,
    /// Classes, from 0.
    pub labels: &'a [usize],
    /// Patients: all samples of one stay on one side of a split.
    pub patients: &'a [String],
    /// Number of classes.
    pub classes: usize,
}

/// An epoch's figures.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct EpochReport {
    /// The epoch, from 1.
    pub epoch: usize,
    /// Mean loss of its steps.
    pub loss: f64,
    /// Loss of the held-out patients after it.
    pub validation_loss: Option<f64>,
}

/// A network with its head.
#[derive(Clone, Debug)]
pub struct Finetuned {
    layout: Layout,
    model: Classifier,
    weights: Vec<f32>,
    classes: usize,
    /// Figures of all epochs.
    pub curve: Vec<EpochReport>,
    /// The epoch whose weights were kept.
    pub best_epoch: usize,
}

/// Trains a classifier from an encoder's tensors, given by their bare names as [`Pretraining`](crate::Pretraining) writes and
/// `triher_checkpoint` reads them (`None`: random weights).
///
/// Some patients are held out, class by class as far as patients allow; training stops when their loss has not become smaller for a while, and
/// the best epoch's weights are kept.
///
/// # Errors
/// [`TrainingError`] when settings, samples or weights are of no use, or the loss leaves the numbers.
pub fn finetune(
    settings: &FinetuneSettings,
    sizes: EncoderSizes,
    encoder: Option<&BTreeMap<String, Vec<f32>>>,
    samples: &Labelled<'_>,
    mut told: impl FnMut(&EpochReport),
) -> Result<Finetuned, TrainingError> {
    settings.check(&sizes)?;
    check_samples(samples)?;
    let mut layout = Layout::default();
    let model = Classifier::new(
        &mut layout,
        sizes,
        samples.classes,
        settings.head,
        settings.loss,
    );
    let mut weights = layout.start(settings.seed);
    if let Some(tensors) = encoder {
        fill(&layout, &mut weights, tensors)?;
    }
    let (training, held_out) = split(settings, samples);
    let class_weights = class_weights(settings, samples, &training);
    let learning = settings.learning(&sizes);
    let factors = settings.factors(&layout, &sizes);
    let head_only = settings.depth == Depth::HeadOnly;
    // With a frozen encoder every patch has one class token, for good.
    let tokens = match head_only {
        true => Some(embed(&model, &weights, samples)?),
        false => None,
    };
    let gather = |indices: &[usize], tokens: &[Vec<f32>]| -> Vec<f32> {
        indices
            .iter()
            .flat_map(|&i| tokens[i].iter().copied())
            .collect()
    };
    let labels_of =
        |indices: &[usize]| -> Vec<usize> { indices.iter().map(|&i| samples.labels[i]).collect() };

    let mut optimiser = AdamW::new(layout.len());
    let mut gradient = vec![0.0; layout.len()];
    let steps = settings.epochs * training.len().div_ceil(settings.batch);
    let mut step = 0;
    let mut curve = Vec::new();
    let mut best: Option<(usize, f64, Vec<f32>)> = None;
    for epoch in 1..=settings.epochs {
        let mut rng = stream(settings.seed, Purpose::Order, epoch as u64, 0);
        let order: Vec<usize> = permutation(&mut rng, training.len())
            .into_iter()
            .map(|i| training[i])
            .collect();
        let mut sum = 0.0;
        for indices in order.chunks(settings.batch) {
            gradient.fill(0.0);
            let labels = labels_of(indices);
            let loss = match &tokens {
                Some(tokens) => {
                    let (logits, tape) = model.head.forward(&weights, &gather(indices, tokens));
                    let (loss, d) = model.head.loss(&logits, &labels, &class_weights);
                    model.head.backward(&weights, &mut gradient, &tape, d);
                    loss
                }
                None => {
                    let inputs = inputs(samples, indices, sizes, |patch, number| {
                        let position = (step * settings.batch + number) as u64;
                        let mut rng = stream(settings.seed, Purpose::Augmentation, position, 0);
                        settings.augmentation.apply(patch, sizes.side, &mut rng)
                    })?;
                    let kept = settings.kept(&sizes, indices.len(), step, learning.frozen_blocks);
                    let batch = (&*inputs, &*labels);
                    let how = (kept, learning);
                    model.loss(&weights, &mut gradient, batch, &class_weights, how)
                }
            };
            if !loss.is_finite() {
                return Err(TrainingError::Diverged { step: step + 1 });
            }
            let rate = settings.optimiser.rate(step, steps);
            let at = (step, rate);
            optimiser.step(
                &layout,
                &settings.optimiser,
                at,
                &factors,
                &mut weights,
                &gradient,
            );
            sum += loss * indices.len() as f64;
            step += 1;
        }
        let validation_loss = match held_out.is_empty() {
            true => None,
            false => {
                let rows = match &tokens {
                    Some(tokens) => gather(&held_out, tokens),
                    None => embed_some(&model, &weights, samples, &held_out)?.concat(),
                };
                let logits = model.head.forward(&weights, &rows).0;
                Some(
                    model
                        .head
                        .loss(&logits, &labels_of(&held_out), &class_weights)
                        .0,
                )
            }
        };
        let report = EpochReport {
            epoch,
            loss: sum / training.len() as f64,
            validation_loss,
        };
        told(&report);
        curve.push(report);
        if let Some(loss) = validation_loss {
            if best.as_ref().is_none_or(|(_, lowest, _)| loss < *lowest) {
                best = Some((epoch, loss, weights.clone()));
            }
            if best
                .as_ref()
                .is_some_and(|(of, ..)| epoch - of >= settings.patience)
            {
                break;
            }
        }
    }
    let (best_epoch, weights) = match best {
        Some((epoch, _, weights)) => (epoch, weights),
        None => (settings.epochs, weights),
    };
    Ok(Finetuned {
        layout,
        model,
        weights,
        classes: samples.classes,
        curve,
        best_epoch,
    })
}

impl Finetuned {
    /// Probabilities of the classes for inputs.
    ///
    /// # Errors
    /// [`TrainingError::PatchSize`].
    pub fn probabilities(&self, inputs: &[Vec<f32>]) -> Result<Vec<Vec<f64>>, TrainingError> {
        let tokens = self.model.vit.embed(&self.weights, inputs)?.concat();
        let logits = self.model.head.forward(&self.weights, &tokens).0;
        Ok(self.model.head.probabilities(&logits, self.classes))
    }

    /// The encoder's weights under their bare names, as from [`Pretraining::encoder_weights`](crate::Pretraining::encoder_weights).
    ///
    /// # Errors
    /// [`TrainingError::State`] when they cannot be stored.
    pub fn encoder_weights(&self, storage: Storage) -> Result<Vec<u8>, TrainingError> {
        storage::encoder_weights(&self.layout, &self.weights, &self.model.vit, storage, None)
    }

    /// The encoder's weights as from [`Finetuned::encoder_weights`], and the head's as `head.*`.
    ///
    /// # Errors
    /// [`TrainingError::State`] when they cannot be stored.
    pub fn weights(&self, storage: Storage) -> Result<Vec<u8>, TrainingError> {
        storage::classifier_weights(&self.layout, &self.weights, &self.model.vit, storage)
    }
}

fn check_samples(samples: &Labelled<'_>) -> Result<(), TrainingError> {
    let count = samples.patches.len();
    if samples.labels.len() != count || samples.patients.len() != count {
        let value = format!(
            "{} labels and {} patients",
            samples.labels.len(),
            samples.patients.len()
        );
        return Err(TrainingError::setting(
            "labels",
            value,
            format!("{count}, one for each patch"),
        ));
    }
    let present: BTreeSet<usize> = samples.labels.iter().copied().collect();
    if present.len() < 2 || present.last().is_some_and(|&last| last >= samples.classes) {
        let value = format!("{present:?} of {}", samples.classes);
        return Err(TrainingError::setting(
            "labels",
            value,
            "two classes or more, numbered from 0",
        ));
    }
    Ok(())
}

/// Puts an encoder's tensors in their places.
fn fill(
    layout: &Layout,
    weights: &mut [f32],
    tensors: &BTreeMap<String, Vec<f32>>,
) -> Result<(), TrainingError> {
    for entry in layout.entries() {
        let Some(name) = entry.name.strip_prefix("encoder.") else {
            continue;
        };
        let range = entry.range();
        let numbers = tensors.get(name).filter(|t| t.len() == range.len()).ok_or_else(|| {
            let problem = format!(
                "{name} is missing or has not the shape {:?}: give the sizes of the network that the weights are of",
                entry.shape
            );
            TrainingError::state("weights", problem)
        })?;
        weights[range].copy_from_slice(numbers);
    }
    Ok(())
}

/// Numbers of the training samples and of the held-out ones. Patients are dealt out class by class (a patient's class is its first sample's).
fn split(settings: &FinetuneSettings, samples: &Labelled<'_>) -> (Vec<usize>, Vec<usize>) {
    let mut class_of: BTreeMap<&str, usize> = BTreeMap::new();
    for (patient, &label) in samples.patients.iter().zip(samples.labels) {
        class_of.entry(patient).or_insert(label);
    }
    let mut held_out: BTreeSet<&str> = BTreeSet::new();
    for class in 0..samples.classes {
        let patients: Vec<&str> = class_of
            .iter()
            .filter(|&(_, &of)| of == class)
            .map(|(&patient, _)| patient)
            .collect();
        let count = (settings.validation * patients.len() as f64).round() as usize;
        // A class must be learned before it can be held out.
        let count = count.min(patients.len().saturating_sub(1));
        let mut rng = stream(settings.seed, Purpose::Split, class as u64, 0);
        let order = permutation(&mut rng, patients.len());
        held_out.extend(order.into_iter().take(count).map(|i| patients[i]));
    }
    (0..samples.labels.len()).partition(|&i| !held_out.contains(&*samples.patients[i]))
}

fn class_weights(
    settings: &FinetuneSettings,
    samples: &Labelled<'_>,
    training: &[usize],
) -> Vec<f64> {
    let mut counts = vec![0usize; samples.classes];
    training
        .iter()
        .for_each(|&i| counts[samples.labels[i]] += 1);
    counts
        .iter()
        .map(|&count| match settings.balanced {
            true => training.len() as f64 / (samples.classes * count.max(1)) as f64,
            false => 1.0,
        })
        .collect()
}

/// Patches by number, each changed by `change`.
fn inputs(
    samples: &Labelled<'_>,
    indices: &[usize],
    sizes: EncoderSizes,
    change: impl Fn(&[f32], usize) -> Vec<f32> + Sync,
) -> Result<Vec<Vec<f32>>, TrainingError> {
    indices
        .par_iter()
        .enumerate()
        .map(|(number, &index)| {
            let patch = samples.patches.patch(index)?;
            if patch.len() != sizes.input_len() {
                return Err(TrainingError::PatchSize {
                    index,
                    found: patch.len(),
                    expected: sizes.input_len(),
                });
            }
            Ok(change(&patch, number))
        })
        .collect()
}

fn embed_some(
    model: &Classifier,
    weights: &[f32],
    samples: &Labelled<'_>,
    indices: &[usize],
) -> Result<Vec<Vec<f32>>, TrainingError> {
    let mut tokens = Vec::with_capacity(indices.len());
    for indices in indices.chunks(8) {
        let inputs = inputs(samples, indices, model.vit.sizes, |patch, _| patch.to_vec())?;
        tokens.extend(model.vit.embed(weights, &inputs)?);
    }
    Ok(tokens)
}

fn embed(
    model: &Classifier,
    weights: &[f32],
    samples: &Labelled<'_>,
) -> Result<Vec<Vec<f32>>, TrainingError> {
    let all: Vec<usize> = (0..samples.patches.len()).collect();
    embed_some(model, weights, samples, &all)
}
