//! A network whose weights stand still, run so that it can be asked what its result came from.

use crate::TrainingError;
use crate::buffer::Buffer;
use crate::finetuning::fill;
use crate::parameters::Layout;
use crate::random::{Purpose, stream};
use crate::sizes::EncoderSizes;
use crate::transformer::Kept;
use crate::vit::{Vit, VitTape};
use rand::seq::SliceRandom;
use std::collections::BTreeMap;

/// An encoder that keeps what its layers saw, for gradients by its input and by its attention.
///
/// It is the network that `triher-encoder` runs, with the same tokens to 1e-4 of their largest number (`tests/traced.rs`); that one is
/// faster and keeps nothing.
#[derive(Clone, Debug)]
pub struct TracedEncoder {
    layout: Layout,
    vit: Vit,
    weights: Vec<f32>,
}

/// What the encoder made of some inputs, and all that the way back needs.
#[derive(Debug)]
pub struct Trace<'a> {
    encoder: &'a TracedEncoder,
    samples: usize,
    tokens: Buffer,
    tape: VitTape,
}

impl TracedEncoder {
    /// A network from its tensors, under their bare names (`blocks.0.attn.qkv.weight`); without `pos_embed` positions are the fixed table.
    ///
    /// # Errors
    /// [`TrainingError::Setting`] for sizes that make no network; [`TrainingError::State`] when a tensor is missing or of another shape.
    pub fn new(
        sizes: EncoderSizes,
        tensors: &BTreeMap<String, Vec<f32>>,
    ) -> Result<Self, TrainingError> {
        sizes.check()?;
        let mut layout = Layout::default();
        let mut vit = Vit::new(&mut layout, "encoder.", sizes);
        let mut weights = vec![0.0; layout.len()];
        fill(&layout, &mut weights, tensors)?;
        if let Some(table) = tensors.get("pos_embed") {
            vit.place(&mut weights, table)?;
        }
        Ok(Self {
            layout,
            vit,
            weights,
        })
    }

    /// The same network with the numbers of each tensor shuffled, from the last norm down to the block `from_block` (0: the embedding of
    /// patches and the class token too): the sizes of the weights stay, what they learned goes (Adebayo et al., 2018, cascading randomisation).
    pub fn shuffled(&self, from_block: usize, seed: u64) -> Self {
        let mut shuffled = self.clone();
        // Level 0 is the embedding, 1.. the blocks, and the norm after them.
        let lowest = if from_block == 0 { 0 } else { from_block + 1 };
        for (number, entry) in self.layout.entries().iter().enumerate() {
            if entry.level >= lowest {
                let mut rng = stream(seed, Purpose::Weights, number as u64, 0);
                shuffled.weights[entry.range()].shuffle(&mut rng);
            }
        }
        shuffled
    }

    /// The network's sizes.
    pub fn sizes(&self) -> &EncoderSizes {
        &self.vit.sizes
    }

    /// Runs inputs, each `[channels][z][y][x]`, and keeps what the layers saw: about 0.2 GB for each input with a network of the base size.
    ///
    /// # Errors
    /// [`TrainingError::PatchSize`]; [`TrainingError::TooFew`] without inputs.
    pub fn trace(&self, inputs: &[Vec<f32>]) -> Result<Trace<'_>, TrainingError> {
        let expected = self.sizes().input_len();
        if inputs.is_empty() {
            return Err(TrainingError::TooFew {
                found: 0,
                needed: 1,
            });
        }
        if let Some(index) = inputs.iter().position(|i| i.len() != expected) {
            return Err(TrainingError::PatchSize {
                index,
                found: inputs[index].len(),
                expected,
            });
        }
        let seen = self.vit.see_all(inputs);
        let (tokens, tape) = self.vit.forward(&self.weights, seen, Kept::default(), 0);
        Ok(Trace {
            encoder: self,
            samples: inputs.len(),
            tokens,
            tape,
        })
    }
}

impl Trace<'_> {
    /// Tokens of a sample: the class token's and one for each patch.
    pub fn tokens_each(&self) -> usize {
        self.encoder.sizes().patches() + 1
    }

    /// The tokens of a sample after the final norm, rows of the network's width, the class token's first; empty when there is no such sample.
    pub fn tokens(&self, sample: usize) -> &[f32] {
        let each = self.tokens.len() / self.samples;
        self.tokens
            .get(sample * each..(sample + 1) * each)
            .unwrap_or_default()
    }

    /// The attention of a sample in each block, `[head][token][token]`: rows add up to 1 and tell which tokens a token reads.
    pub fn attention(&self, sample: usize) -> Vec<&[f32]> {
        (0..self.encoder.sizes().depth)
            .map(|block| {
                let all = Vit::attention_of(&self.tape, block);
                let each = all.len() / self.samples;
                all.get(sample * each..(sample + 1) * each)
                    .unwrap_or_default()
            })
            .collect()
    }

    /// From the gradient of a quantity by the tokens of all samples (as [`Trace::tokens`], sample after sample) to its gradient by each input,
    /// `[channels][z][y][x]`.
    ///
    /// # Errors
    /// [`TrainingError::State`] when `dtokens` has another length than the tokens.
    pub fn input_gradients(&self, dtokens: &[f32]) -> Result<Vec<Vec<f32>>, TrainingError> {
        self.check(dtokens)?;
        let TracedEncoder { vit, weights, .. } = self.encoder;
        Ok(vit.input_gradients(weights, &self.tape, dtokens))
    }

    /// The same to its gradient by the attention of each block, `[sample][head][token][token]`.
    ///
    /// # Errors
    /// As [`Trace::input_gradients`].
    pub fn attention_gradients(&self, dtokens: &[f32]) -> Result<Vec<Vec<f32>>, TrainingError> {
        self.check(dtokens)?;
        let TracedEncoder { vit, weights, .. } = self.encoder;
        let blocks = vit.attention_gradients(weights, &self.tape, dtokens);
        Ok(blocks.iter().map(|block| block.to_vec()).collect())
    }

    fn check(&self, dtokens: &[f32]) -> Result<(), TrainingError> {
        if dtokens.len() == self.tokens.len() {
            return Ok(());
        }
        let problem = format!(
            "it has {} numbers and the tokens have {}: give one for each",
            dtokens.len(),
            self.tokens.len()
        );
        Err(TrainingError::state("gradient of the tokens", problem))
    }
}
