//! A pretraining run: step after step, to be stopped and resumed at any.

use crate::TrainingError;
use crate::augment::AugmentationSettings;
use crate::buffer::Buffer;
use crate::mae::{Mae, MaeSettings};
use crate::moco::{Moco, MocoSettings};
use crate::optimiser::{AdamW, OptimiserSettings, follow, length};
use crate::parameters::Layout;
use crate::random::{Purpose, permutation, stream};
use crate::sizes::EncoderSizes;
use crate::source::{PatchSource, TRUTH};
use crate::storage::{self, Part, Storage};
use crate::vit::Vit;
use rayon::prelude::*;
use safetensors::SafeTensors;
use serde::{Deserialize, Serialize};

/// How the encoder is pretrained.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Method {
    /// Masked autoencoder.
    Mae(MaeSettings),
    /// MoCo v3.
    Moco(MocoSettings),
}

/// Everything that decides the weights.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PretrainSettings {
    /// Method and its settings.
    pub method: Method,
    /// Sizes of the encoder.
    pub encoder: EncoderSizes,
    /// Optimiser.
    pub optimiser: OptimiserSettings,
    /// Random changes of patches.
    pub augmentation: AugmentationSettings,
    /// Steps of the whole run.
    pub steps: usize,
    /// Patches of a step.
    pub batch: usize,
    /// Seed of weights, order, masks and changes.
    pub seed: u64,
    /// A number that stands for the patches, such as part of a hash, or 0: a resume file of a run on others is refused.
    pub data: u64,
}

impl PretrainSettings {
    /// Checks that such a run is possible.
    ///
    /// # Errors
    /// [`TrainingError::Setting`].
    pub fn check(&self) -> Result<(), TrainingError> {
        self.encoder.check()?;
        self.optimiser.check()?;
        self.augmentation.check(self.encoder.side)?;
        let fewest = match &self.method {
            Method::Mae(mae) => {
                mae.check(&self.encoder)?;
                1
            }
            Method::Moco(moco) => {
                moco.check()?;
                2
            }
        };
        if !(fewest..=4096).contains(&self.batch) {
            let allowed = format!("{fewest} to 4096");
            return Err(TrainingError::setting("batch", self.batch, allowed));
        }
        if self.steps == 0 || self.steps > 100_000_000 {
            return Err(TrainingError::setting(
                "steps",
                self.steps,
                "1 to 100000000",
            ));
        }
        Ok(())
    }
}

/// What a step did.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct StepReport {
    /// The step, from 1.
    pub step: usize,
    /// The batch's loss.
    pub loss: f64,
    /// The learning rate.
    pub learning_rate: f64,
    /// Length of the gradient before it was shortened.
    pub gradient: f64,
}

#[derive(Clone, Debug)]
enum Model {
    Mae(Box<Mae>),
    Moco(Box<Moco>),
}

/// A run.
#[derive(Clone, Debug)]
pub struct Pretraining {
    settings: PretrainSettings,
    layout: Layout,
    model: Model,
    weights: Vec<f32>,
    /// Weights of the momentum encoder; empty for the masked autoencoder.
    momentum: Vec<f32>,
    optimiser: AdamW,
    gradient: Vec<f32>,
    /// For each tensor 1, or 0 when it is frozen.
    factors: Vec<f64>,
    step: usize,
    /// The order of the source's patches in an epoch: its number, and the patches.
    order: Option<(usize, Vec<usize>)>,
}

/// What a resume file says of itself.
#[derive(Serialize, Deserialize)]
struct Stamp {
    settings: PretrainSettings,
    step: usize,
}

impl Pretraining {
    /// A run before its first step.
    ///
    /// # Errors
    /// [`TrainingError::Setting`].
    pub fn new(settings: PretrainSettings) -> Result<Self, TrainingError> {
        settings.check()?;
        let mut layout = Layout::default();
        let model = match settings.method {
            Method::Mae(mae) => Model::Mae(Box::new(Mae::new(&mut layout, settings.encoder, mae))),
            Method::Moco(moco) => {
                Model::Moco(Box::new(Moco::new(&mut layout, settings.encoder, moco)))
            }
        };
        let weights = layout.start(settings.seed);
        let momentum = match &model {
            Model::Mae(_) => Vec::new(),
            Model::Moco(moco) => weights[..moco.followed].to_vec(),
        };
        let frozen = matches!(settings.method, Method::Moco(m) if m.freeze_patch_embedding);
        let factors = layout
            .entries()
            .iter()
            .map(
                |entry| match frozen && entry.name.contains("patch_embed.") {
                    true => 0.0,
                    false => 1.0,
                },
            )
            .collect();
        Ok(Self {
            optimiser: AdamW::new(layout.len()),
            gradient: vec![0.0; layout.len()],
            settings,
            layout,
            model,
            weights,
            momentum,
            factors,
            step: 0,
            order: None,
        })
    }

    /// Steps done.
    pub fn step_number(&self) -> usize {
        self.step
    }

    /// The settings.
    pub fn settings(&self) -> &PretrainSettings {
        &self.settings
    }

    /// Numbers that learn in the whole model, decoder or projector included.
    pub fn len(&self) -> usize {
        self.layout.len()
    }

    /// Whether the model has no numbers: never.
    pub fn is_empty(&self) -> bool {
        self.layout.is_empty()
    }

    /// Numbers of the encoder alone.
    pub fn encoder_len(&self) -> usize {
        let entries = self.layout.entries().iter();
        entries
            .filter(|e| e.name.starts_with("encoder."))
            .map(|e| e.range().len())
            .sum()
    }

    fn vit(&self) -> &Vit {
        match &self.model {
            Model::Mae(mae) => &mae.vit,
            Model::Moco(moco) => &moco.vit,
        }
    }

    /// Numbers of the patches of the next step: every epoch goes once through the source, in an order of its own.
    fn next_batch(&mut self, available: usize) -> Vec<usize> {
        let batch = self.settings.batch;
        let mut indices = Vec::with_capacity(batch);
        for position in self.step * batch..(self.step + 1) * batch {
            let (epoch, at) = (position / available, position % available);
            if self
                .order
                .as_ref()
                .is_none_or(|(of, order)| *of != epoch || order.len() != available)
            {
                let mut rng = stream(self.settings.seed, Purpose::Order, epoch as u64, 0);
                self.order = Some((epoch, permutation(&mut rng, available)));
            }
            indices.extend(self.order.as_ref().map(|(_, order)| order[at]));
        }
        indices
    }

    /// Takes one step; the source must be the same at every step, for a run that is to be repeated.
    ///
    /// # Errors
    /// [`TrainingError::TooFew`], [`TrainingError::PatchSize`], [`TrainingError::Source`], [`TrainingError::Diverged`].
    pub fn step(&mut self, source: &dyn PatchSource) -> Result<StepReport, TrainingError> {
        let settings = self.settings;
        let needed = match settings.method {
            Method::Mae(_) => 1,
            // A patch must not be its own negative.
            Method::Moco(_) => settings.batch,
        };
        if source.len() < needed {
            return Err(TrainingError::TooFew {
                found: source.len(),
                needed,
            });
        }
        let indices = self.next_batch(source.len());
        let expected = settings.encoder.input_len();
        let first = (self.step * settings.batch) as u64;
        let views = match settings.method {
            Method::Mae(_) => 1,
            Method::Moco(_) => 2,
        };
        let samples = indices
            .par_iter()
            .enumerate()
            .map(|(number, &index)| {
                let patch = source.patch(index)?;
                if patch.len() != expected {
                    return Err(TrainingError::PatchSize {
                        index,
                        found: patch.len(),
                        expected,
                    });
                }
                let change = |view| {
                    let position = first + number as u64;
                    let mut rng = stream(settings.seed, Purpose::Augmentation, position, view);
                    settings
                        .augmentation
                        .apply(&patch, settings.encoder.side, &mut rng)
                };
                Ok((0..views).map(change).collect::<Vec<_>>())
            })
            .collect::<Result<Vec<_>, TrainingError>>()?;
        let mut views: Vec<Vec<Vec<f32>>> = vec![Vec::new(); views as usize];
        for sample in samples {
            views
                .iter_mut()
                .zip(sample)
                .for_each(|(view, patch)| view.push(patch));
        }

        let mut truth = Vec::new();
        if matches!(settings.method, Method::Mae(mae) if mae.truth > 0.0) {
            for &index in &indices {
                let known = source.truth(index);
                if known.len() != TRUTH {
                    return Err(TrainingError::setting(
                        "truth",
                        "above 0",
                        "0 with patches of which nothing is known: only simulated ones have a truth",
                    ));
                }
                truth.push(known);
            }
        }

        self.gradient.fill(0.0);
        let g = &mut self.gradient;
        let loss = match &self.model {
            Model::Mae(mae) => {
                let seen: Vec<_> = (0..settings.batch as u64)
                    .map(|number| mae.draw_seen(settings.seed, first + number))
                    .collect();
                mae.loss(&self.weights, g, (&views[0], &truth), &seen)
            }
            Model::Moco(moco) => {
                let Method::Moco(of) = settings.method else {
                    return Err(TrainingError::state("run", "it mixes two methods"));
                };
                let keep = of.momentum_at(self.step, settings.steps);
                follow(&mut self.momentum, &self.weights[..moco.followed], keep);
                let second = views.pop().unwrap_or_default();
                let first = views.pop().unwrap_or_default();
                moco.loss(&self.weights, &self.momentum, g, &[first, second])
            }
        };
        let gradient = length(&self.gradient);
        if !loss.is_finite() || !gradient.is_finite() {
            return Err(TrainingError::Diverged {
                step: self.step + 1,
            });
        }
        let rate = settings.optimiser.rate(self.step, settings.steps);
        self.optimiser.step(
            &self.layout,
            &settings.optimiser,
            (self.step, rate),
            &self.factors,
            &mut self.weights,
            &self.gradient,
        );
        self.step += 1;
        Ok(StepReport {
            step: self.step,
            loss,
            learning_rate: rate,
            gradient,
        })
    }

    /// The class tokens of inputs with the weights as they are.
    ///
    /// # Errors
    /// [`TrainingError::PatchSize`].
    pub fn embed(&self, inputs: &[Vec<f32>]) -> Result<Vec<Vec<f32>>, TrainingError> {
        self.vit().embed(&self.weights, inputs)
    }

    /// The encoder's weights as a safetensors file with the family's bare names, which [`triher_checkpoint`] and `triher_encoder` read.
    ///
    /// [`triher_checkpoint`]: https://docs.rs/triher-checkpoint
    ///
    /// # Errors
    /// [`TrainingError::State`] when they cannot be stored.
    pub fn encoder_weights(&self, storage: Storage) -> Result<Vec<u8>, TrainingError> {
        storage::encoder_weights(&self.layout, &self.weights, self.vit(), storage, None)
    }

    /// Everything that [`Pretraining::resume`] needs to go on as if nothing had happened.
    ///
    /// # Errors
    /// [`TrainingError::State`] when it cannot be stored.
    pub fn state(&self) -> Result<Vec<u8>, TrainingError> {
        let mut parts = Vec::new();
        for (name, numbers) in [
            ("weights", &self.weights),
            ("momentum_encoder", &self.momentum),
            ("adamw.mean", &self.optimiser.mean),
            ("adamw.square", &self.optimiser.square),
        ] {
            parts.push(Part {
                name: name.to_owned(),
                shape: vec![numbers.len()],
                numbers,
            });
        }
        let stamp = Stamp {
            settings: self.settings,
            step: self.step,
        };
        let stamp = serde_json::to_string(&stamp)
            .map_err(|e| TrainingError::state("resume file", e.to_string()))?;
        storage::write(&parts, Storage::F32, Some(("pretraining", stamp)))
    }

    /// A run as [`Pretraining::state`] left it.
    ///
    /// # Errors
    /// [`TrainingError::State`] when the bytes are damaged or of a run with other settings.
    pub fn resume(settings: PretrainSettings, bytes: &[u8]) -> Result<Self, TrainingError> {
        let wrong = |problem: String| TrainingError::state("resume file", problem);
        let damaged = |e: String| wrong(format!("it is damaged ({e}): delete it to start anew"));
        let (_, metadata) =
            SafeTensors::read_metadata(bytes).map_err(|e| damaged(e.to_string()))?;
        let stamp = metadata
            .metadata()
            .as_ref()
            .and_then(|m| m.get("pretraining"));
        let stamp =
            stamp.ok_or_else(|| damaged("it does not say of which run it is".to_owned()))?;
        let stamp: Stamp = serde_json::from_str(stamp).map_err(|e| damaged(e.to_string()))?;
        if stamp.settings != settings {
            return Err(wrong(
                "it is of a run with other settings or other patches: give those, or delete it to start anew"
                    .to_owned(),
            ));
        }
        if stamp.step > settings.steps {
            return Err(damaged(format!("it is at step {}", stamp.step)));
        }
        let mut run = Self::new(settings)?;
        let file = SafeTensors::deserialize(bytes).map_err(|e| damaged(e.to_string()))?;
        for (name, numbers) in [
            ("weights", &mut run.weights),
            ("momentum_encoder", &mut run.momentum),
            ("adamw.mean", &mut run.optimiser.mean),
            ("adamw.square", &mut run.optimiser.square),
        ] {
            *numbers = storage::numbers(&file, name, numbers.len())?;
        }
        run.step = stamp.step;
        Ok(run)
    }
}

impl Drop for Pretraining {
    fn drop(&mut self) {
        Buffer::release();
    }
}
