//! The forward pass.

use crate::attention::attention;
use crate::class_token::class_token;
use crate::lanes::{LANES, Tokens};
use crate::linear::{Linear, Then};
use crate::strassen::Sums;
use crate::weights::{Block, Weights};

/// What the last block computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// The class token alone: the other tokens only serve it as keys and values.
    ClassToken,
    /// All tokens.
    AllTokens,
}

/// Memory that volumes use one after the other: taken anew for each, its pages would cost more than a block's norms.
pub(crate) struct Workspace {
    x: Tokens,
    patches: Tokens,
    normed: Tokens,
    queries: Tokens,
    keys_values: Tokens,
    hidden: Tokens,
    sums: Sums,
}

/// Tokens after the final norm as rows, the class token first: one row, or all.
///
/// `threads`: whether the work within the volume is shared out to rayon's threads. The numbers are the same.
pub(crate) fn forward(
    weights: &Weights,
    work: &mut Workspace,
    voxels: &[f32],
    wanted: Wanted,
    threads: bool,
) -> Vec<f32> {
    let config = &weights.config;
    let (width, tokens) = (config.width, config.tokens());
    let Some((last, blocks)) = weights.blocks.split_last() else {
        return Vec::new();
    };
    cut_patches(weights, voxels, &mut work.patches);
    let mut x = std::mem::take(&mut work.x);
    x.data.clone_from(&weights.start.data);
    weights
        .patch_embed
        .apply(&mut x, &work.patches, None, Then::Add, threads);

    let sizes = [tokens, config.heads];
    for block in blocks {
        work.run(block, &mut x, sizes, threads);
    }
    let class = class_token(last, &x, &mut work.normed, sizes, threads);
    let mut normed = Tokens::zeros(1, width);
    weights.norm.apply(&mut normed, &class, threads);
    let mut rows = normed.rows(1);
    if wanted == Wanted::AllTokens {
        work.run(last, &mut x, sizes, threads);
        weights.norm.apply(&mut work.normed, &x, threads);
        rows.extend(work.normed.rows(tokens).drain(width..));
    }
    work.x = x;
    rows
}

impl Workspace {
    /// Room for a volume of the network.
    pub(crate) fn new(weights: &Weights) -> Self {
        let config = &weights.config;
        let (width, tokens) = (config.width, config.tokens());
        let zeros = |features| Tokens::zeros(tokens, features);
        Self {
            x: zeros(width),
            patches: zeros(config.channels * config.patch.pow(3)),
            normed: zeros(width),
            queries: zeros(width),
            keys_values: zeros(2 * width),
            hidden: zeros(config.hidden),
            sums: Sums::default(),
        }
    }

    /// One block, in place.
    fn run(&mut self, block: &Block, x: &mut Tokens, [tokens, heads]: [usize; 2], threads: bool) {
        let Self {
            normed,
            queries,
            keys_values,
            hidden,
            sums,
            ..
        } = self;
        let mut apply = |layers: &mut [(&Linear, &mut Tokens)], x: &Tokens, then| {
            sums.fill(x, threads);
            for (layer, out) in layers {
                layer.apply(out, x, Some(&*sums), then, threads);
            }
        };
        block.norm1.apply(normed, x, threads);
        apply(
            &mut [(&block.keys_values, keys_values), (&block.queries, queries)],
            normed,
            Then::Set,
        );
        attention(normed, queries, keys_values, tokens, heads, threads);
        apply(&mut [(&block.proj, x)], normed, Then::Add);

        block.norm2.apply(normed, x, threads);
        apply(&mut [(&block.fc1, hidden)], normed, Then::Gelu);
        apply(&mut [(&block.fc2, x)], hidden, Then::Add);
    }
}

/// The voxels of each patch in the order of the embedding's weights, `[channel][z][y][x]`; the class token has the zeros that it begins with.
fn cut_patches(weights: &Weights, voxels: &[f32], patches: &mut Tokens) {
    let config = &weights.config;
    let (side, patch, grid) = (config.side, config.patch, config.grid());
    let features = patches.features;
    for number in 0..grid.pow(3) {
        let [z0, y0, x0] =
            [number / (grid * grid), number / grid % grid, number % grid].map(|g| g * patch);
        let token = number + 1;
        let lanes = &mut patches.data[token / LANES * features..][..features];
        for (line, lanes) in lanes.chunks_exact_mut(patch).enumerate() {
            let (channel, z, y) = (line / (patch * patch), line / patch % patch, line % patch);
            let start = ((channel * side + z0 + z) * side + y0 + y) * side + x0;
            for (lane, &voxel) in lanes.iter_mut().zip(&voxels[start..start + patch]) {
                lane[token % LANES] = voxel;
            }
        }
    }
}
