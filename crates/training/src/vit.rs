//! The encoder: patches to tokens, through the blocks, and back.

use crate::TrainingError;
use crate::buffer::Buffer;
use crate::linear::{Linear, add_rows};
use crate::parameters::{Layout, Slot, Start};
use crate::position;
use crate::sizes::EncoderSizes;
use crate::transformer::{Kept, Transformer, TransformerTape};
use rayon::prelude::*;

/// The 3-D vision transformer (Dosovitskiy et al., 2021), timm's names.
#[derive(Clone, Debug)]
pub(crate) struct Vit {
    pub(crate) sizes: EncoderSizes,
    class: Slot,
    embedding: Linear,
    transformer: Transformer,
    positions: Vec<f32>,
}

/// What goes in: the patches of each sample that the encoder sees.
#[derive(Debug)]
pub(crate) struct Seen {
    /// Rows of patch voxels, sample after sample.
    pub(crate) patches: Buffer,
    /// For each row, which patch of the input it is.
    pub(crate) places: Vec<usize>,
    /// Samples.
    pub(crate) samples: usize,
}

/// What the backward pass needs.
#[derive(Debug)]
pub(crate) struct VitTape {
    seen: Seen,
    tape: TransformerTape,
}

/// How much of the encoder learns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Learning {
    /// Blocks from the first that do not; above 0, the embedding and the class token do not either.
    pub(crate) frozen_blocks: usize,
    /// Whether the embedding of patches does (MoCo v3 freezes it, `stop_grad_conv1`).
    pub(crate) embedding: bool,
    /// Whether the gradient of the input is asked for, because something before the encoder learns.
    pub(crate) input: bool,
}

impl Learning {
    pub(crate) const ALL: Self = Self {
        frozen_blocks: 0,
        embedding: true,
        input: false,
    };

    /// The first block whose tape the way back needs.
    pub(crate) fn taped_from(&self) -> usize {
        if self.input { 0 } else { self.frozen_blocks }
    }
}

impl Vit {
    /// Adds the encoder's tensors to a layout, `prefix` before their names.
    pub(crate) fn new(layout: &mut Layout, prefix: &str, sizes: EncoderSizes) -> Self {
        let EncoderSizes {
            channels,
            patch,
            width,
            depth,
            heads,
            hidden,
            ..
        } = sizes;
        let class = layout.add(
            format!("{prefix}cls_token"),
            &[1, 1, width],
            Start::Normal(0.02),
            0,
        );
        let embedding = Linear::shaped(
            layout,
            (&format!("{prefix}patch_embed.proj"), 0),
            &[width, channels, patch, patch, patch],
            1,
            true,
        );
        let names = (&*format!("{prefix}blocks."), &*format!("{prefix}norm"));
        let transformer = Transformer::new(layout, names, 1, [depth, width, heads, hidden]);
        Self {
            sizes,
            class,
            embedding,
            transformer,
            positions: position::table(sizes.grid(), width),
        }
    }

    /// Takes a checkpoint's table of positions in place of the fixed one; what it adds to the class token becomes part of that.
    pub(crate) fn place(
        &mut self,
        weights: &mut [f32],
        table: &[f32],
    ) -> Result<(), TrainingError> {
        if table.len() != self.positions.len() {
            let problem = format!(
                "pos_embed has {} numbers and the network needs {}: give the sizes of the network that the weights are of",
                table.len(),
                self.positions.len()
            );
            return Err(TrainingError::state("weights", problem));
        }
        let (of_class, _) = table.split_at(self.sizes.width);
        for (class, added) in weights[self.class.range()].iter_mut().zip(of_class) {
            *class += added;
        }
        self.positions.copy_from_slice(table);
        Ok(())
    }

    /// The table of positions, a row for the class token first.
    pub(crate) fn positions(&self) -> &[f32] {
        &self.positions
    }

    /// Tokens `[sample][class, patches as seen][width]` after the final norm.
    pub(crate) fn forward(
        &self,
        p: &[f32],
        seen: Seen,
        kept: Kept,
        frozen_blocks: usize,
    ) -> (Buffer, VitTape) {
        let width = self.sizes.width;
        let rows = self.embedding.forward(p, &seen.patches);
        let each = seen.places.len() / seen.samples.max(1);
        let class = &p[self.class.range()];
        let sample = (each + 1) * width;
        let mut tokens = Buffer::unwritten(seen.samples * sample);
        tokens
            .par_chunks_mut(sample)
            .zip(rows.par_chunks(each * width))
            .zip(seen.places.par_chunks(each))
            .for_each(|((tokens, rows), places)| {
                let (first, rest) = tokens.split_at_mut(width);
                first.copy_from_slice(class);
                let rows = rest.chunks_exact_mut(width).zip(rows.chunks_exact(width));
                for ((token, row), &place) in rows.zip(places) {
                    let position = &self.positions[(place + 1) * width..(place + 2) * width];
                    for ((token, row), at) in token.iter_mut().zip(row).zip(position) {
                        *token = row + at;
                    }
                }
            });
        let (tokens, tape) = self
            .transformer
            .forward(p, tokens, each + 1, kept, frozen_blocks);
        (tokens, VitTape { seen, tape })
    }

    /// From the gradient of the tokens: adds the weights' gradients to `g`; gives that of the inputs when [`Learning::input`] asks for it.
    pub(crate) fn backward(
        &self,
        p: &[f32],
        g: &mut [f32],
        tape: &VitTape,
        dtokens: &[f32],
        learning: Learning,
    ) -> Option<Vec<Vec<f32>>> {
        let tape_of = (&tape.tape, learning.frozen_blocks);
        let dx = self.transformer.backward(p, g, tape_of, dtokens);
        if learning.taped_from() > 0 {
            return None;
        }
        let (classes, rows) = self.split(&dx, tape.seen.samples);
        if learning.frozen_blocks == 0 {
            add_rows(&mut g[self.class.range()], &classes);
        }
        if learning.embedding {
            self.embedding
                .backward_weights(g, &tape.seen.patches, &rows);
        }
        learning
            .input
            .then(|| fold_all(&self.sizes, &self.embedding.backward_input(p, &rows)))
    }

    /// The first token of each of so many samples, and the rows of the others.
    fn split(&self, tokens: &[f32], samples: usize) -> (Vec<f32>, Buffer) {
        let width = self.sizes.width;
        let sample = tokens.len() / samples.max(1);
        let each = sample - width;
        let mut rows = Buffer::unwritten(samples * each);
        let mut classes = Vec::with_capacity(samples * width);
        for (token, rows) in tokens.chunks_exact(sample).zip(rows.chunks_exact_mut(each)) {
            let (class, rest) = token.split_at(width);
            classes.extend_from_slice(class);
            rows.copy_from_slice(rest);
        }
        (classes, rows)
    }

    /// From the gradient of the tokens to those of the inputs; no weight learns.
    pub(crate) fn input_gradients(
        &self,
        p: &[f32],
        tape: &VitTape,
        dtokens: &[f32],
    ) -> Vec<Vec<f32>> {
        let dx = self.transformer.input_gradient(p, &tape.tape, dtokens);
        let (_, rows) = self.split(&dx, tape.seen.samples);
        fold_all(&self.sizes, &self.embedding.backward_input(p, &rows))
    }

    /// From the gradient of the tokens to that of every block's attention; no weight learns.
    pub(crate) fn attention_gradients(
        &self,
        p: &[f32],
        tape: &VitTape,
        dtokens: &[f32],
    ) -> Vec<Buffer> {
        self.transformer.attention_gradients(p, &tape.tape, dtokens)
    }

    /// The attention of a block, `[sample][head][token][token]`.
    pub(crate) fn attention_of(tape: &VitTape, block: usize) -> &[f32] {
        Transformer::attention_of(&tape.tape, block)
    }

    /// The class tokens of inputs; nothing is kept for a way back.
    pub(crate) fn embed(
        &self,
        p: &[f32],
        inputs: &[Vec<f32>],
    ) -> Result<Vec<Vec<f32>>, TrainingError> {
        let expected = self.sizes.input_len();
        if let Some(index) = inputs.iter().position(|i| i.len() != expected) {
            return Err(TrainingError::PatchSize {
                index,
                found: inputs[index].len(),
                expected,
            });
        }
        let mut embedded = Vec::with_capacity(inputs.len());
        // A few at a time: memory stays flat however many there are.
        for inputs in inputs.chunks(8) {
            let seen = self.see_all(inputs);
            let (tokens, _) = self.forward(p, seen, Kept::default(), usize::MAX);
            let samples = tokens.chunks_exact(tokens.len() / inputs.len());
            embedded.extend(samples.map(|sample| sample[..self.sizes.width].to_vec()));
        }
        Ok(embedded)
    }

    /// All patches of some inputs, each `[channels][z][y][x]`.
    pub(crate) fn see_all(&self, inputs: &[Vec<f32>]) -> Seen {
        let places: Vec<usize> = (0..self.sizes.patches()).collect();
        Seen {
            patches: unfold_all(&self.sizes, inputs),
            places: places.repeat(inputs.len()),
            samples: inputs.len(),
        }
    }
}

/// Calls `line(place in the row, place in the input)` for every line of `patch` voxels of patch `number`.
fn lines(sizes: &EncoderSizes, number: usize, mut line: impl FnMut(usize, usize)) {
    let (side, patch, grid) = (sizes.side, sizes.patch, sizes.grid());
    let [z0, y0, x0] =
        [number / (grid * grid), number / grid % grid, number % grid].map(|v| v * patch);
    for at in 0..sizes.channels * patch * patch {
        let (channel, z, y) = (at / (patch * patch), at / patch % patch, at % patch);
        let start = ((channel * side + z0 + z) * side + y0 + y) * side + x0;
        line(at * patch, start);
    }
}

/// Rows of patch voxels `[channel][z][y][x]`, patches in C order: what a convolution with windows side by side multiplies its weights with.
pub(crate) fn unfold_all(sizes: &EncoderSizes, inputs: &[Vec<f32>]) -> Buffer {
    let (patch, row) = (sizes.patch, sizes.patch_len());
    let mut rows = Buffer::unwritten(inputs.len() * sizes.patches() * row);
    rows.par_chunks_mut(sizes.patches() * row)
        .zip(inputs)
        .for_each(|(rows, input)| {
            for (number, row) in rows.chunks_exact_mut(row).enumerate() {
                lines(sizes, number, |to, from| {
                    row[to..to + patch].copy_from_slice(&input[from..from + patch]);
                });
            }
        });
    rows
}

/// The way back of [`unfold_all`]: every voxel of an input lies in one row.
fn fold_all(sizes: &EncoderSizes, rows: &[f32]) -> Vec<Vec<f32>> {
    let (patch, row) = (sizes.patch, sizes.patch_len());
    rows.par_chunks(sizes.patches() * row)
        .map(|rows| {
            let mut input = vec![0.0; sizes.input_len()];
            for (number, row) in rows.chunks_exact(row).enumerate() {
                lines(sizes, number, |from, to| {
                    input[to..to + patch].copy_from_slice(&row[from..from + patch]);
                });
            }
            input
        })
        .collect()
}
