//! The forward pass.
//!
//! One volume is one task, and inside of it the columns of each product and the heads of each attention are tasks; rayon shares out
//! both. No task depends on how many threads there are, so neither do the numbers.

use crate::elementwise::{gelu, layer_norm, softmax};
use crate::matmul::{Product, linear, product};
use crate::weights::{Block, Weights};
use rayon::prelude::*;

/// What the last block computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// The class token alone: the other tokens only serve it as keys and values.
    ClassToken,
    /// All tokens.
    AllTokens,
}

/// Tokens after the final norm, the class token first: one row, or all.
pub(crate) fn forward(weights: &Weights, voxels: &[f32], wanted: Wanted) -> Vec<f32> {
    let config = &weights.config;
    let (width, tokens) = (config.width, config.tokens());
    let mut x = embed_patches(weights, voxels);
    for (number, block) in weights.blocks.iter().enumerate() {
        let last = number + 1 == weights.blocks.len();
        let rows = if last && wanted == Wanted::ClassToken {
            1
        } else {
            tokens
        };
        attention(block, &mut x, rows, width, config.heads);
        x.truncate(rows * width);
        mlp(block, &mut x, width);
    }
    let mut out = vec![0.0; x.len()];
    layer_norm(&mut out, &x, &weights.norm.gain, &weights.norm.bias);
    out
}

/// Patches as rows, times the embedding, plus positions; the class token stands first.
fn embed_patches(weights: &Weights, voxels: &[f32]) -> Vec<f32> {
    let config = &weights.config;
    let (side, patch, grid, width) = (config.side, config.patch, config.grid(), config.width);
    let volume = config.channels * patch.pow(3);
    let mut rows = vec![0f32; grid.pow(3) * volume];
    for (number, row) in rows.chunks_exact_mut(volume).enumerate() {
        let corner =
            [number / (grid * grid), number / grid % grid, number % grid].map(|g| g * patch);
        for (line, target) in row.chunks_exact_mut(patch).enumerate() {
            let (channel, z, y) = (line / (patch * patch), line / patch % patch, line % patch);
            let start =
                ((channel * side + corner[0] + z) * side + corner[1] + y) * side + corner[2];
            target.copy_from_slice(&voxels[start..start + patch]);
        }
    }
    let mut x = vec![0f32; config.tokens() * width];
    let (class, patches) = x.split_at_mut(width);
    class.copy_from_slice(&weights.cls_token);
    let embed = &weights.patch_embed;
    linear(
        patches,
        &rows,
        &embed.weight,
        embed.bias.as_deref(),
        grid.pow(3),
        volume,
    );
    for (value, position) in x.iter_mut().zip(&weights.pos_embed) {
        *value += position;
    }
    x
}

/// `x += proj(attention(norm1(x)))` for the first `rows` tokens.
fn attention(block: &Block, x: &mut [f32], rows: usize, width: usize, heads: usize) {
    let tokens = x.len() / width;
    let mut normed = vec![0f32; x.len()];
    layer_norm(&mut normed, x, &block.norm1.gain, &block.norm1.bias);
    let (weight, bias) = (&block.qkv.weight, block.qkv.bias.as_deref());
    let square = width * width;
    let part = |range: std::ops::Range<usize>| bias.map(|b| &b[range]);
    let mut queries = vec![0f32; rows * width];
    linear(
        &mut queries,
        &normed[..rows * width],
        &weight[..square],
        part(0..width),
        rows,
        width,
    );
    let mut keys_values = vec![0f32; tokens * 2 * width];
    linear(
        &mut keys_values,
        &normed,
        &weight[square..],
        part(width..3 * width),
        tokens,
        width,
    );

    let head = width / heads;
    let scale = (head as f32).sqrt().recip();
    let per_head: Vec<Vec<f32>> = (0..heads)
        .into_par_iter()
        .map(|number| {
            let at = number * head;
            let mut scores = vec![0f32; rows * tokens];
            product(Product {
                out: scores.as_mut_ptr(),
                out_stride: tokens,
                add: false,
                a: &queries[at..],
                a_stride: width,
                b: &keys_values[at..],
                b_strides: (2 * width, 1),
                size: (rows, tokens, head),
            });
            softmax(&mut scores, tokens, scale);
            let mut mixed = vec![0f32; rows * head];
            product(Product {
                out: mixed.as_mut_ptr(),
                out_stride: head,
                add: false,
                a: &scores,
                a_stride: tokens,
                b: &keys_values[width + at..],
                b_strides: (1, 2 * width),
                size: (rows, head, tokens),
            });
            mixed
        })
        .collect();
    let mut joined = vec![0f32; rows * width];
    for (number, mixed) in per_head.iter().enumerate() {
        for (row, values) in mixed.chunks_exact(head).enumerate() {
            let start = row * width + number * head;
            joined[start..start + head].copy_from_slice(values);
        }
    }
    let mut projected = vec![0f32; rows * width];
    linear(
        &mut projected,
        &joined,
        &block.proj.weight,
        block.proj.bias.as_deref(),
        rows,
        width,
    );
    add(x, &projected);
}

/// `x += fc2(gelu(fc1(norm2(x))))`.
fn mlp(block: &Block, x: &mut [f32], width: usize) {
    let rows = x.len() / width;
    let mut normed = vec![0f32; x.len()];
    layer_norm(&mut normed, x, &block.norm2.gain, &block.norm2.bias);
    let hidden_width = block.fc1.weight.len() / width;
    let mut hidden = vec![0f32; rows * hidden_width];
    linear(
        &mut hidden,
        &normed,
        &block.fc1.weight,
        block.fc1.bias.as_deref(),
        rows,
        width,
    );
    hidden.par_chunks_mut(hidden_width).for_each(gelu);
    let mut out = vec![0f32; x.len()];
    linear(
        &mut out,
        &hidden,
        &block.fc2.weight,
        block.fc2.bias.as_deref(),
        rows,
        hidden_width,
    );
    add(x, &out);
}

fn add(x: &mut [f32], more: &[f32]) {
    for (value, more) in x.iter_mut().zip(more) {
        *value += more;
    }
}
