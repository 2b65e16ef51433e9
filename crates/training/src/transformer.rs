//! Blocks of a transformer, with the way back.

use crate::activation::{gelu, gelu_backward};
use crate::attention::Attention;
use crate::buffer::Buffer;
use crate::layer_norm::{LayerNorm, NormTape};
use crate::linear::Linear;
use crate::parameters::Layout;
use crate::vector::{add, add_scaled};
use rayon::prelude::*;

/// A pre-norm block: attention and MLP, each added to what comes in.
#[derive(Clone, Debug)]
struct Block {
    norm1: LayerNorm,
    qkv: Linear,
    proj: Linear,
    norm2: LayerNorm,
    fc1: Linear,
    fc2: Linear,
}

/// What a block's backward pass needs.
#[derive(Debug)]
struct BlockTape {
    norm1: NormTape,
    y1: Buffer,
    qkv: Buffer,
    attention: Buffer,
    mixed: Buffer,
    norm2: NormTape,
    y2: Buffer,
    before: Buffer,
    hidden: Buffer,
}

/// Blocks and the norm after the last.
#[derive(Clone, Debug)]
pub(crate) struct Transformer {
    blocks: Vec<Block>,
    norm: LayerNorm,
    width: usize,
    heads: usize,
}

/// What the backward pass needs.
#[derive(Debug)]
pub(crate) struct TransformerTape {
    blocks: Vec<BlockTape>,
    norm: NormTape,
    tokens: usize,
    kept: Kept,
}

/// Stochastic depth (Huang et al., 2016): the factor of each branch, `[block][attention, MLP][sample]`; empty when all are 1.
#[derive(Clone, Debug, Default)]
pub(crate) struct Kept(pub(crate) Vec<f32>);

impl Kept {
    fn branch(&self, block: usize, branch: usize, samples: usize) -> &[f32] {
        let start = (2 * block + branch) * samples;
        self.0.get(start..start + samples).unwrap_or_default()
    }
}

/// `x += factor * branch`, with a factor for each sample or none.
fn join(x: &mut [f32], branch: &[f32], factors: &[f32], sample: usize) {
    x.par_chunks_mut(sample)
        .zip(branch.par_chunks(sample))
        .enumerate()
        .for_each(|(number, (x, branch))| match factors.get(number) {
            None => add(x, branch),
            Some(&factor) => add_scaled(x, factor, branch),
        });
}

/// `factor * x`, with a factor for each sample or none.
fn scaled(x: &[f32], factors: &[f32], sample: usize) -> Buffer {
    let mut y = Buffer::copy(x);
    for (y, &factor) in y.chunks_mut(sample).zip(factors) {
        y.iter_mut().for_each(|y| *y *= factor);
    }
    y
}

/// The first block that learns, when none does.
const NOTHING_LEARNS: usize = usize::MAX;

impl Transformer {
    /// Blocks named `{prefix}{number}` from layer `level` on, and the norm called `norm`.
    pub(crate) fn new(
        layout: &mut Layout,
        (prefix, norm): (&str, &str),
        level: usize,
        [depth, width, heads, hidden]: [usize; 4],
    ) -> Self {
        let mut blocks = Vec::with_capacity(depth);
        for number in 0..depth {
            let name = |part: &str| format!("{prefix}{number}.{part}");
            let level = level + number;
            let mut linear = |part: &str, sizes, parts| {
                Linear::new(layout, (&name(part), level), sizes, parts, true)
            };
            let qkv = linear("attn.qkv", [width, 3 * width], 3);
            let proj = linear("attn.proj", [width, width], 1);
            let fc1 = linear("mlp.fc1", [width, hidden], 1);
            let fc2 = linear("mlp.fc2", [hidden, width], 1);
            blocks.push(Block {
                norm1: LayerNorm::new(layout, (&name("norm1"), level), width),
                qkv,
                proj,
                norm2: LayerNorm::new(layout, (&name("norm2"), level), width),
                fc1,
                fc2,
            });
        }
        Self {
            blocks,
            norm: LayerNorm::new(layout, (norm, level + depth), width),
            width,
            heads,
        }
    }

    fn attention(&self, tokens: usize) -> Attention {
        Attention {
            tokens,
            width: self.width,
            heads: self.heads,
        }
    }

    /// `x` are samples of `tokens` rows. Returns the rows after the last norm; the tape of blocks below `frozen` is not kept.
    pub(crate) fn forward(
        &self,
        p: &[f32],
        mut x: Buffer,
        tokens: usize,
        kept: Kept,
        frozen: usize,
    ) -> (Buffer, TransformerTape) {
        let sample = tokens * self.width;
        let samples = x.len() / sample;
        let mut blocks = Vec::with_capacity(self.blocks.len());
        for (number, block) in self.blocks.iter().enumerate() {
            let (y1, norm1) = block.norm1.forward(p, &x);
            let qkv = block.qkv.forward(p, &y1);
            let (mixed, attention) = self.attention(tokens).forward(&qkv);
            let branch = block.proj.forward(p, &mixed);
            join(&mut x, &branch, kept.branch(number, 0, samples), sample);
            let (y2, norm2) = block.norm2.forward(p, &x);
            let before = block.fc1.forward(p, &y2);
            let hidden = gelu(&before);
            let branch = block.fc2.forward(p, &hidden);
            join(&mut x, &branch, kept.branch(number, 1, samples), sample);
            if number >= frozen {
                blocks.push(BlockTape {
                    norm1,
                    y1,
                    qkv,
                    attention,
                    mixed,
                    norm2,
                    y2,
                    before,
                    hidden,
                });
            }
        }
        let (y, norm) = self.norm.forward(p, &x);
        let tape = TransformerTape {
            blocks,
            norm,
            tokens,
            kept,
        };
        (y, tape)
    }

    /// From the gradient of the result: adds the weights' gradients to `g` and returns the gradient of what went into the first block
    /// whose tape was kept. Blocks below `learns_from` only hand the gradient on; above the number of blocks, the last norm does too.
    pub(crate) fn backward(
        &self,
        p: &[f32],
        g: &mut [f32],
        (tape, learns_from): (&TransformerTape, usize),
        dy: &[f32],
    ) -> Buffer {
        self.backward_watched(p, g, (tape, learns_from), dy, &mut |_, _, _| {})
    }

    /// The gradient of what went in; no weight learns.
    pub(crate) fn input_gradient(&self, p: &[f32], tape: &TransformerTape, dy: &[f32]) -> Buffer {
        self.backward(p, &mut [], (tape, NOTHING_LEARNS), dy)
    }

    /// The gradient of every block's attention, the first block's first; no weight learns.
    pub(crate) fn attention_gradients(
        &self,
        p: &[f32],
        tape: &TransformerTape,
        dy: &[f32],
    ) -> Vec<Buffer> {
        let mut attentions = Vec::with_capacity(tape.blocks.len());
        let mut watch = |attention: &Attention, tape: &BlockTape, dmixed: &[f32]| {
            attentions.push(attention.weights_gradient(&tape.qkv, dmixed));
        };
        self.backward_watched(p, &mut [], (tape, NOTHING_LEARNS), dy, &mut watch);
        attentions.reverse();
        attentions
    }

    /// The attention of a block, `[sample][head][token][token]`: which token (last axis) each token (third) reads.
    pub(crate) fn attention_of(tape: &TransformerTape, block: usize) -> &[f32] {
        &tape.blocks[block].attention
    }

    /// [`Transformer::backward`] that shows each block's attention, from the last, with the gradient of what it gave.
    fn backward_watched(
        &self,
        p: &[f32],
        g: &mut [f32],
        (tape, learns_from): (&TransformerTape, usize),
        dy: &[f32],
        watch: &mut dyn FnMut(&Attention, &BlockTape, &[f32]),
    ) -> Buffer {
        let sample = tape.tokens * self.width;
        let samples = dy.len() / sample;
        let mut dx = Buffer::zeros(dy.len());
        let norm_learns = learns_from <= self.blocks.len();
        self.norm
            .backward(p, norm_learns.then_some(&mut *g), &tape.norm, dy, &mut dx);
        let frozen = self.blocks.len() - tape.blocks.len();
        let blocks = self
            .blocks
            .iter()
            .enumerate()
            .skip(frozen)
            .zip(&tape.blocks);
        for ((number, block), tape_of) in blocks.rev() {
            let learns = number >= learns_from;
            let linear = |layer: &Linear, g: &mut [f32], x: &[f32], dy: &[f32]| match learns {
                true => layer.backward(p, g, x, dy),
                false => layer.backward_input(p, dy),
            };
            let factors = tape.kept.branch(number, 1, samples);
            let branch = scaled(&dx, factors, sample);
            let mut hidden = linear(&block.fc2, g, &tape_of.hidden, &branch);
            gelu_backward(&mut hidden, &tape_of.before);
            let dy2 = linear(&block.fc1, g, &tape_of.y2, &hidden);
            block
                .norm2
                .backward(p, learns.then_some(&mut *g), &tape_of.norm2, &dy2, &mut dx);

            let factors = tape.kept.branch(number, 0, samples);
            let branch = scaled(&dx, factors, sample);
            let dmixed = linear(&block.proj, g, &tape_of.mixed, &branch);
            let attention = self.attention(tape.tokens);
            watch(&attention, tape_of, &dmixed);
            let dqkv = attention.backward(&tape_of.qkv, &tape_of.attention, &dmixed);
            let dy1 = linear(&block.qkv, g, &tape_of.y1, &dqkv);
            block
                .norm1
                .backward(p, learns.then_some(&mut *g), &tape_of.norm1, &dy1, &mut dx);
        }
        dx
    }
}
