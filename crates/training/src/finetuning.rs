//! Heads on frozen tokens, and fine-tuning of the encoder with its head.

use crate::TrainingError;
use crate::classifier::{Batch, Classifier};
use crate::finetune_settings::FinetuneSettings;
use crate::finetuned::Finetuned;
use crate::labelled::Labelled;
use crate::optimiser::AdamW;
use crate::parameters::Layout;
use crate::random::{Purpose, permutation, stream};
use crate::sizes::EncoderSizes;
use rayon::prelude::*;
use serde::Serialize;
use std::collections::BTreeMap;

/// An epoch's figures.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct EpochReport {
    /// The epoch, from 1.
    pub epoch: usize,
    /// Mean loss of its steps.
    pub loss: f64,
    /// Loss of the held-out patients after it.
    pub validation_loss: Option<f64>,
    /// Learning rate of its last step.
    pub learning_rate: f64,
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
    told: impl FnMut(&EpochReport),
) -> Result<Finetuned, TrainingError> {
    let trainer = Trainer::new(settings, sizes, encoder, samples)?;
    let all: Vec<usize> = (0..samples.labels.len()).collect();
    let trained = trainer.train(&all, told)?;
    Ok(Finetuned {
        layout: trainer.layout,
        model: trainer.model,
        weights: trained.weights,
        classes: samples.classes,
        curve: trained.curve,
        best_epoch: trained.best_epoch,
    })
}

/// A network before its first step, with its samples: it can be trained on any of them.
pub(crate) struct Trainer<'a> {
    settings: &'a FinetuneSettings,
    pub(crate) samples: &'a Labelled<'a>,
    layout: Layout,
    pub(crate) model: Classifier,
    start: Vec<f32>,
    /// The class tokens of all samples, where the encoder is frozen and sees patches as they are.
    tokens: Option<Vec<Vec<f32>>>,
}

/// Patches with their masks, of which there are none when the head takes none.
type Inputs = (Vec<Vec<f32>>, Vec<Vec<bool>>);

/// What training gave.
pub(crate) struct Trained {
    pub(crate) weights: Vec<f32>,
    pub(crate) curve: Vec<EpochReport>,
    pub(crate) best_epoch: usize,
}

impl<'a> Trainer<'a> {
    pub(crate) fn new(
        settings: &'a FinetuneSettings,
        sizes: EncoderSizes,
        encoder: Option<&BTreeMap<String, Vec<f32>>>,
        samples: &'a Labelled<'a>,
    ) -> Result<Self, TrainingError> {
        settings.check(&sizes)?;
        let mut layout = Layout::default();
        // The number of classes is looked at before the head is built from it.
        samples.check(None)?;
        let model = Classifier::new(&mut layout, sizes, samples.classes, settings);
        samples.check(model.head.takes_masks().then_some(sizes.side.pow(3)))?;
        let mut start = layout.start(settings.seed);
        if let Some(tensors) = encoder {
            fill(&layout, &mut start, tensors)?;
        }
        let mut trainer = Self {
            settings,
            samples,
            layout,
            model,
            start,
            tokens: None,
        };
        if settings.keeps_tokens() {
            trainer.tokens = Some(trainer.class_tokens()?);
        }
        Ok(trainer)
    }

    /// Trains on some of the samples: most to learn from, and the others tell when to stop.
    pub(crate) fn train(
        &self,
        among: &[usize],
        mut told: impl FnMut(&EpochReport),
    ) -> Result<Trained, TrainingError> {
        let (settings, samples) = (self.settings, self.samples);
        let (training, held_out) = samples.split(among, settings.validation, settings.seed);
        let class_weights = samples.class_weights(&training, settings.balanced);
        let factors = settings.factors(&self.layout, &self.model.vit.sizes);
        let mut weights = self.start.clone();
        let mut optimiser = AdamW::new(self.layout.len());
        let mut gradient = vec![0.0; self.layout.len()];
        let steps = settings.epochs * training.len().div_ceil(settings.batch);
        let mut step = 0;
        let mut curve = Vec::new();
        let mut best: Option<(usize, f64, Vec<f32>)> = None;
        for epoch in 1..=settings.epochs {
            let mut rng = stream(settings.seed, Purpose::Order, epoch as u64, 0);
            let order = permutation(&mut rng, training.len()).into_iter();
            let order: Vec<usize> = order.map(|i| training[i]).collect();
            let (mut sum, mut rate) = (0.0, 0.0);
            for indices in order.chunks(settings.batch) {
                gradient.fill(0.0);
                let loss =
                    self.step_loss(&mut weights, &mut gradient, indices, &class_weights, step)?;
                if !loss.is_finite() {
                    return Err(TrainingError::Diverged { step: step + 1 });
                }
                rate = settings.optimiser.rate(step, steps);
                optimiser.step(
                    &self.layout,
                    &settings.optimiser,
                    (step, rate),
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
                    let logits = self.logits(&weights, &held_out)?;
                    let labels = samples.labels_of(&held_out);
                    Some(self.model.head.loss(&logits, &labels, &class_weights).0)
                }
            };
            let report = EpochReport {
                epoch,
                loss: sum / training.len() as f64,
                validation_loss,
                learning_rate: rate,
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
        Ok(Trained {
            weights,
            curve,
            best_epoch,
        })
    }

    /// The loss of some samples in a step, and its gradient; running figures in `weights` follow them.
    fn step_loss(
        &self,
        weights: &mut [f32],
        gradient: &mut [f32],
        indices: &[usize],
        class_weights: &[f64],
        step: usize,
    ) -> Result<f64, TrainingError> {
        let (settings, sizes) = (self.settings, self.model.vit.sizes);
        let labels = self.samples.labels_of(indices);
        if let Some(tokens) = &self.tokens {
            let head = &self.model.head;
            let (logits, tape) = head.forward_classes(weights, gather(indices, tokens));
            let (loss, d) = head.loss(&logits, &labels, class_weights);
            head.backward_classes(weights, gradient, &tape, d);
            return Ok(loss);
        }
        let learning = settings.learning(&sizes);
        let (inputs, masks) = self.inputs(indices, Some(step))?;
        let batch = Batch {
            inputs: &inputs,
            masks: &masks,
        };
        let kept = settings.kept(&sizes, indices.len(), step, learning.frozen_blocks);
        let (loss, tape) = self.model.loss(
            weights,
            gradient,
            (batch, &labels),
            class_weights,
            (kept, learning),
        );
        self.model.head.follow(weights, &tape);
        Ok(loss)
    }

    /// Logits of some samples as they are.
    pub(crate) fn logits(
        &self,
        weights: &[f32],
        indices: &[usize],
    ) -> Result<Vec<f32>, TrainingError> {
        if let Some(tokens) = &self.tokens {
            let head = &self.model.head;
            return Ok(head.forward_classes(weights, gather(indices, tokens)).0);
        }
        let mut logits = Vec::new();
        for indices in indices.chunks(8) {
            let (inputs, masks) = self.inputs(indices, None)?;
            let batch = Batch {
                inputs: &inputs,
                masks: &masks,
            };
            logits.extend(self.model.logits(weights, batch)?);
        }
        Ok(logits)
    }

    /// Samples by number with their masks (none when the head takes none); changed at random for a step.
    fn inputs(&self, indices: &[usize], step: Option<usize>) -> Result<Inputs, TrainingError> {
        let (settings, side) = (self.settings, self.model.vit.sizes.side);
        let expected = self.model.input_len();
        let samples = indices.par_iter().enumerate().map(|(number, &index)| {
            let patch = self.samples.patches.patch(index)?;
            if patch.len() != expected {
                return Err(TrainingError::PatchSize {
                    index,
                    found: patch.len(),
                    expected,
                });
            }
            let mask = match self.model.head.takes_masks() {
                true => self.samples.masks.get(index),
                false => None,
            };
            let Some(step) = step else {
                return Ok((patch, mask.cloned()));
            };
            let position = (step * settings.batch + number) as u64;
            let mut rng = stream(settings.seed, Purpose::Augmentation, position, 0);
            let mask = mask.map(Vec::as_slice);
            let changes = settings.augmentation;
            Ok(changes.apply_with_mask(&patch, mask, settings.fusion, side, &mut rng))
        });
        let (inputs, masks): (Vec<_>, Vec<_>) =
            samples.collect::<Result<Vec<_>, _>>()?.into_iter().unzip();
        Ok((inputs, masks.into_iter().flatten().collect()))
    }

    /// The class tokens of all samples, before the first step.
    fn class_tokens(&self) -> Result<Vec<Vec<f32>>, TrainingError> {
        let all: Vec<usize> = (0..self.samples.labels.len()).collect();
        let mut tokens = Vec::with_capacity(all.len());
        for indices in all.chunks(8) {
            let (inputs, _) = self.inputs(indices, None)?;
            tokens.extend(self.model.vit.embed(&self.start, &inputs)?);
        }
        Ok(tokens)
    }
}

fn gather(indices: &[usize], tokens: &[Vec<f32>]) -> Vec<f32> {
    let rows = indices.iter();
    rows.flat_map(|&i| tokens[i].iter().copied()).collect()
}

/// Puts an encoder's tensors in their places.
pub(crate) fn fill(
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
