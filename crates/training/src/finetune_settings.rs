//! Settings of fine-tuning, and whether they can be.

use crate::TrainingError;
use crate::augment::AugmentationSettings;
use crate::head::{ClassLoss, HeadKind};
use crate::optimiser::OptimiserSettings;
use crate::parameters::Layout;
use crate::random::{Purpose, stream};
use crate::sizes::EncoderSizes;
use crate::transformer::Kept;
use crate::two_branch::TwoBranchSizes;
use crate::vit::Learning;
use rand::RngExt;
use serde::{Deserialize, Serialize};

/// How much of the encoder learns beside the head.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Depth {
    /// Nothing. A head on class tokens is trained on tokens that are computed once, of patches as they are; with the two-branch head or with
    /// fusion the frozen encoder sees changed patches anew in every step, as BL4AS does it.
    HeadOnly,
    /// The last so many blocks and the final norm.
    LastBlocks(usize),
    /// Everything.
    All,
}

/// Settings of fine-tuning.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FinetuneSettings {
    /// What learns.
    pub depth: Depth,
    /// The head.
    pub head: HeadKind,
    /// Sizes of the two-branch head.
    pub two_branch: TwoBranchSizes,
    /// Whether three images (C2-C0, C2, C5-C2) are fused by a convolution before the encoder, which then has one channel (BL4AS'
    /// `C025Fusion`). The convolution learns at the head's rate whatever [`Depth`] says.
    pub fusion: bool,
    /// The loss.
    pub loss: ClassLoss,
    /// Whether classes weigh as the inverse of their frequency among the training samples.
    pub balanced: bool,
    /// Optimiser; its learning rate is the head's.
    pub optimiser: OptimiserSettings,
    /// What the learning rate is multiplied with from each layer to the one before (Clark et al., 2020; MAE, 2022).
    pub layer_decay: f64,
    /// Chance that the last block's branches are left out of a step; it falls to 0 towards the first (Huang et al., 2016).
    pub stochastic_depth: f64,
    /// Random changes of training patches; none when class tokens are computed once ([`Depth::HeadOnly`]).
    pub augmentation: AugmentationSettings,
    /// Most epochs.
    pub epochs: usize,
    /// Patches of a step.
    pub batch: usize,
    /// Share of the patients that is held out to tell when to stop; 0: none, and all epochs are done.
    pub validation: f64,
    /// Epochs without a better validation loss after which training stops.
    pub patience: usize,
    /// Seed of everything random.
    pub seed: u64,
}

impl Default for FinetuneSettings {
    fn default() -> Self {
        Self {
            depth: Depth::LastBlocks(2),
            head: HeadKind::Linear,
            two_branch: TwoBranchSizes::default(),
            fusion: false,
            loss: ClassLoss::CrossEntropy,
            balanced: true,
            optimiser: OptimiserSettings {
                warm_up: 20,
                betas: [0.9, 0.999],
                ..OptimiserSettings::default()
            },
            layer_decay: 0.75,
            stochastic_depth: 0.1,
            augmentation: AugmentationSettings::default(),
            epochs: 50,
            batch: 8,
            validation: 0.2,
            patience: 8,
            seed: 1,
        }
    }
}

impl FinetuneSettings {
    /// Checks the settings.
    ///
    /// # Errors
    /// [`TrainingError::Setting`].
    pub fn check(&self, sizes: &EncoderSizes) -> Result<(), TrainingError> {
        sizes.check()?;
        self.optimiser.check()?;
        self.augmentation.check(sizes.side)?;
        let bad =
            |field, value: f64, allowed: &str| Err(TrainingError::setting(field, value, allowed));
        match self.depth {
            Depth::LastBlocks(count) if count > sizes.depth => {
                let allowed = format!("at most the {} blocks that there are", sizes.depth);
                return Err(TrainingError::setting("depth", count, allowed));
            }
            _ => {}
        }
        if matches!(self.head, HeadKind::Mlp(hidden) if !(1..=16_384).contains(&hidden)) {
            return bad("head", 0.0, "a hidden layer of 1 to 16384 numbers");
        }
        self.two_branch.check()?;
        if self.fusion && sizes.channels != 1 {
            let allowed = format!(
                "for encoders with one channel; this one has {} and takes the images without it",
                sizes.channels
            );
            return Err(TrainingError::setting("fusion", true, allowed));
        }
        if !(0.01..=1.0).contains(&self.layer_decay) {
            return bad("layer_decay", self.layer_decay, "0.01 to 1");
        }
        if !(0.0..=0.9).contains(&self.stochastic_depth) {
            return bad("stochastic_depth", self.stochastic_depth, "0 to 0.9");
        }
        if !(0.0..=0.5).contains(&self.validation) {
            return bad("validation", self.validation, "0 to 0.5");
        }
        for (field, value) in [
            ("epochs", self.epochs),
            ("batch", self.batch),
            ("patience", self.patience),
        ] {
            if !(1..=1_000_000).contains(&value) {
                return bad(field, value as f64, "1 to 1000000");
            }
        }
        Ok(())
    }

    pub(crate) fn learning(&self, sizes: &EncoderSizes) -> Learning {
        let (frozen_blocks, embedding) = match self.depth {
            Depth::HeadOnly => (usize::MAX, false),
            Depth::LastBlocks(count) => (sizes.depth - count, count == sizes.depth),
            Depth::All => (0, true),
        };
        Learning {
            frozen_blocks,
            embedding,
            input: self.fusion,
        }
    }

    /// Whether each patch has one class token for good, which is all that the head asks for.
    pub(crate) fn keeps_tokens(&self) -> bool {
        self.depth == Depth::HeadOnly && !self.fusion && self.head != HeadKind::MaskedTwoBranch
    }

    /// For each tensor what its learning rate is multiplied with; 0 for frozen ones.
    pub(crate) fn factors(&self, layout: &Layout, sizes: &EncoderSizes) -> Vec<f64> {
        // Levels: 0 the embedding, 1 to depth the blocks, depth + 1 the final norm, depth + 2 the head.
        let top = sizes.depth + 2;
        let lowest = match self.depth {
            Depth::HeadOnly => top,
            Depth::LastBlocks(count) if count < sizes.depth => sizes.depth + 1 - count,
            _ => 0,
        };
        let entries = layout.entries().iter();
        entries
            .map(|entry| match entry.level {
                level if level < lowest || !entry.learns => 0.0,
                level => self.layer_decay.powi(top.saturating_sub(level) as i32),
            })
            .collect()
    }

    /// Factors of the branches of a step's blocks: the chance of being left out grows with depth, and what is kept is scaled up.
    pub(crate) fn kept(
        &self,
        sizes: &EncoderSizes,
        samples: usize,
        step: usize,
        frozen: usize,
    ) -> Kept {
        if self.stochastic_depth == 0.0 {
            return Kept::default();
        }
        let mut rng = stream(self.seed, Purpose::Depth, step as u64, 0);
        let mut factors = Vec::with_capacity(2 * sizes.depth * samples);
        for block in 0..sizes.depth {
            let share = block as f64 / (sizes.depth - 1).max(1) as f64;
            let out = if block < frozen {
                0.0
            } else {
                self.stochastic_depth * share
            };
            for _ in 0..2 * samples {
                let left_out = rng.random::<f64>() < out;
                factors.push(if left_out {
                    0.0
                } else {
                    (1.0 / (1.0 - out)) as f32
                });
            }
        }
        Kept(factors)
    }
}
