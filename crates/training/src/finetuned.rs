//! A network that was fine-tuned.

use crate::TrainingError;
use crate::classifier::{Batch, Classifier};
use crate::finetuning::EpochReport;
use crate::parameters::Layout;
use crate::storage::{self, Storage};

/// A network with its head.
#[derive(Clone, Debug)]
pub struct Finetuned {
    pub(crate) layout: Layout,
    pub(crate) model: Classifier,
    pub(crate) weights: Vec<f32>,
    pub(crate) classes: usize,
    /// Figures of all epochs.
    pub curve: Vec<EpochReport>,
    /// The epoch whose weights were kept.
    pub best_epoch: usize,
}

impl Finetuned {
    /// Probabilities of the classes for inputs, three images each where they are fused. `masks` are those of the lesions, `[z][y][x]`, for
    /// heads that take them; others leave them unread.
    ///
    /// # Errors
    /// [`TrainingError::PatchSize`] and [`TrainingError::Masks`].
    pub fn probabilities(
        &self,
        inputs: &[Vec<f32>],
        masks: &[Vec<bool>],
    ) -> Result<Vec<Vec<f64>>, TrainingError> {
        let logits = self.model.logits(&self.weights, Batch { inputs, masks })?;
        Ok(self.model.head.probabilities(&logits, self.classes))
    }

    /// The encoder's weights under their bare names, as from [`Pretraining::encoder_weights`](crate::Pretraining::encoder_weights).
    ///
    /// # Errors
    /// [`TrainingError::State`] when they cannot be stored.
    pub fn encoder_weights(&self, storage: Storage) -> Result<Vec<u8>, TrainingError> {
        storage::encoder_weights(&self.layout, &self.weights, &self.model.vit, storage, None)
    }

    /// The encoder's weights as from [`Finetuned::encoder_weights`], the head's as `head.*` and those of a fusion as `fusion.*`.
    ///
    /// # Errors
    /// [`TrainingError::State`] when they cannot be stored.
    pub fn weights(&self, storage: Storage) -> Result<Vec<u8>, TrainingError> {
        storage::classifier_weights(&self.layout, &self.weights, &self.model.vit, storage)
    }

    /// Numbers of encoder, head and fusion.
    pub fn len(&self) -> usize {
        self.layout.len()
    }

    /// Whether the network has no numbers.
    pub fn is_empty(&self) -> bool {
        self.layout.is_empty()
    }
}
