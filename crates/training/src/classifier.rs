//! A classifier: what may fuse images before the encoder, the encoder, and a head.

use crate::TrainingError;
use crate::finetune_settings::FinetuneSettings;
use crate::fusion::{Fusion, IMAGES};
use crate::head::{Head, HeadTape};
use crate::parameters::Layout;
use crate::sizes::EncoderSizes;
use crate::transformer::Kept;
use crate::two_branch::lesion_shares;
use crate::vit::{Learning, Vit};

/// Fusion, encoder and head.
#[derive(Clone, Debug)]
pub(crate) struct Classifier {
    pub(crate) fusion: Option<Fusion>,
    pub(crate) vit: Vit,
    pub(crate) head: Head,
}

/// Samples as the network takes them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Batch<'a> {
    /// Patches, three images each where they are fused.
    pub(crate) inputs: &'a [Vec<f32>],
    /// Masks of the lesions, `[z][y][x]`; none when the head asks for none.
    pub(crate) masks: &'a [Vec<bool>],
}

impl Classifier {
    pub(crate) fn new(
        layout: &mut Layout,
        sizes: EncoderSizes,
        classes: usize,
        settings: &FinetuneSettings,
    ) -> Self {
        let vit = Vit::new(layout, "encoder.", sizes);
        // What is new learns at the full rate, before the encoder and behind it.
        let level = sizes.depth + 2;
        let head = Head::new(layout, level, [sizes.width, classes], settings);
        let fusion = settings
            .fusion
            .then(|| Fusion::new(layout, level, sizes.side));
        Self { fusion, vit, head }
    }

    /// Voxels of a sample, all images.
    pub(crate) fn input_len(&self) -> usize {
        let images = if self.fusion.is_some() { IMAGES } else { 1 };
        images * self.vit.sizes.input_len()
    }

    /// What each patch of each sample counts in the mean of the lesion's tokens.
    fn shares(&self, masks: &[Vec<bool>]) -> Vec<Vec<f32>> {
        let EncoderSizes { side, patch, .. } = self.vit.sizes;
        let each = masks.iter();
        each.map(|mask| lesion_shares(mask, side, patch)).collect()
    }

    /// The loss of labelled inputs; adds its gradient to `g`. The tape is for [`Head::follow`].
    pub(crate) fn loss(
        &self,
        p: &[f32],
        g: &mut [f32],
        (batch, labels): (Batch<'_>, &[usize]),
        weights: &[f64],
        (kept, learning): (Kept, Learning),
    ) -> (f64, HeadTape) {
        let fused = self.fusion.as_ref().map(|f| f.forward(p, batch.inputs));
        let seen = self.vit.see_all(fused.as_deref().unwrap_or(batch.inputs));
        let (tokens, tape) = self.vit.forward(p, seen, kept, learning.taped_from());
        let shares = self.shares(batch.masks);
        let (logits, head_tape) = self.head.forward(p, &tokens, labels.len(), shares);
        let (loss, dlogits) = self.head.loss(&logits, labels, weights);
        let dtokens = self.head.backward(p, g, &head_tape, dlogits, tokens.len());
        let dinputs = self.vit.backward(p, g, &tape, &dtokens, learning);
        if let (Some(fusion), Some(dinputs)) = (&self.fusion, dinputs) {
            fusion.backward(g, batch.inputs, &dinputs);
        }
        (loss, head_tape)
    }

    /// Logits of samples, each by itself; nothing is kept for a way back.
    pub(crate) fn logits(&self, p: &[f32], batch: Batch<'_>) -> Result<Vec<f32>, TrainingError> {
        let expected = self.input_len();
        if let Some(index) = batch.inputs.iter().position(|i| i.len() != expected) {
            return Err(TrainingError::PatchSize {
                index,
                found: batch.inputs[index].len(),
                expected,
            });
        }
        let voxels = self.vit.sizes.side.pow(3);
        let masks = match self.head.takes_masks() {
            true => batch.masks,
            false => &[],
        };
        if self.head.takes_masks()
            && (masks.len() != batch.inputs.len() || masks.iter().any(|m| m.len() != voxels))
        {
            return Err(TrainingError::Masks { voxels });
        }
        let mut logits = Vec::new();
        // A few at a time: memory stays flat however many there are.
        for start in (0..batch.inputs.len()).step_by(8) {
            let end = (start + 8).min(batch.inputs.len());
            let inputs = &batch.inputs[start..end];
            let fused = self.fusion.as_ref().map(|f| f.forward(p, inputs));
            let seen = self.vit.see_all(fused.as_deref().unwrap_or(inputs));
            let (tokens, _) = self.vit.forward(p, seen, Kept::default(), usize::MAX);
            let shares = self.shares(masks.get(start..end).unwrap_or_default());
            logits.extend(self.head.evaluate(p, &tokens, end - start, &shares));
        }
        Ok(logits)
    }
}
