//! All weights of a model as one row of numbers, with a table of what lies where.
//!
//! One row makes the optimiser, the momentum encoder, the checkpoint and the sum over threads single loops.

use crate::random::{Purpose, stream, uniform};
use rand_distr::{Distribution, StandardNormal};
use std::ops::Range;

/// Where a tensor lies within the row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Slot {
    pub(crate) start: usize,
    pub(crate) len: usize,
}

impl Slot {
    pub(crate) fn range(&self) -> Range<usize> {
        self.start..self.start + self.len
    }
}

/// How a tensor begins.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Start {
    /// One number everywhere.
    Constant(f32),
    /// Evenly between minus and plus this bound.
    Uniform(f32),
    /// Normal with this standard deviation.
    Normal(f32),
}

/// A tensor of the model.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Name, as checkpoints of the family have it (behind `encoder.` within a larger model).
    pub name: String,
    /// Sizes of its axes, C order.
    pub shape: Vec<usize>,
    /// Whether weight decay acts on it: on matrices it does, on biases, norms and tokens it does not.
    pub decays: bool,
    /// Layer for layer-wise learning rates: 0 the embedding of patches, 1.. the blocks, then heads and decoders.
    pub level: usize,
    /// Whether steps change it; running figures of norms are kept here too and follow the data instead.
    pub learns: bool,
    start: Start,
    slot: Slot,
}

impl Entry {
    /// Where its numbers lie in the model's row.
    pub fn range(&self) -> Range<usize> {
        self.slot.range()
    }
}

/// The tensors of a model, in the order in which they lie.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Layout {
    entries: Vec<Entry>,
    len: usize,
}

impl Layout {
    /// The tensors.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Numbers of the whole model.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether the model has no numbers.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    pub(crate) fn add(
        &mut self,
        name: String,
        shape: &[usize],
        start: Start,
        level: usize,
    ) -> Slot {
        let slot = Slot {
            start: self.len,
            len: shape.iter().product(),
        };
        self.len += slot.len;
        self.entries.push(Entry {
            decays: shape.iter().filter(|&&s| s > 1).count() > 1,
            name,
            shape: shape.to_vec(),
            level,
            learns: true,
            start,
            slot: slot.clone(),
        });
        slot
    }

    /// A tensor that no step changes.
    pub(crate) fn add_fixed(
        &mut self,
        name: String,
        shape: &[usize],
        start: Start,
        level: usize,
    ) -> Slot {
        let slot = self.add(name, shape, start, level);
        if let Some(entry) = self.entries.last_mut() {
            entry.learns = false;
        }
        slot
    }

    /// The weights before the first step. Each tensor has a random stream of its own.
    pub(crate) fn start(&self, seed: u64) -> Vec<f32> {
        let mut values = vec![0.0; self.len];
        for (number, entry) in self.entries.iter().enumerate() {
            let mut rng = stream(seed, Purpose::Weights, number as u64, 0);
            for value in &mut values[entry.range()] {
                *value = match entry.start {
                    Start::Constant(constant) => constant,
                    Start::Uniform(bound) => uniform(&mut rng, -bound, bound),
                    Start::Normal(deviation) => {
                        let z: f32 = StandardNormal.sample(&mut rng);
                        deviation * z
                    }
                };
            }
        }
        values
    }
}
