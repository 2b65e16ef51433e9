//! The last block for the class token alone, without keys and values of the other tokens.
//!
//! The last block's other tokens only serve the class token, and what it takes from them is linear in them. With the class token's query
//! `q` of a head, its score of a token `x` is `q . (K x + b) = (K^T q) . x` up to a number that all tokens share and softmax takes away; what
//! it takes from the tokens with shares `a` is `sum a (V x + b) = V (sum a x) + b`. So one vector a head replaces the products
//! of all tokens with `K` and `V`. The class token is made this way whether the other tokens are wanted or not, and so has the same bits.

use crate::elementwise::softmax_lanes;
use crate::lanes::{LANES, Lane, Tokens};
use crate::linear::{Linear, Rows, Then, multiply};
use crate::simd::{Instructions, Operation, dispatch};
use crate::weights::Block;
use rayon::prelude::*;

/// The class token, alone in its panel, after the block; `x` holds all `tokens` before it. `normed` is room for as many.
pub(crate) fn class_token(
    block: &Block,
    x: &Tokens,
    normed: &mut Tokens,
    [tokens, heads]: [usize; 2],
    threads: bool,
) -> Tokens {
    let width = x.features;
    let size = width / heads;
    block.norm1.apply(normed, x, threads);
    let normed = &*normed;
    let (mut class, mut first) = (x.first_panel(), normed.first_panel());
    let plainly = |layer: &Linear, out: &mut Tokens, x: &Tokens, then| {
        layer.apply(out, x, None, then, threads);
    };

    let mut query = Tokens::zeros(1, width);
    plainly(&block.queries, &mut query, &first, Then::Set);
    let query = query.rows(1);
    let mut mixed = vec![0f32; heads * width];
    let mix = |(head, mixed): (usize, &mut [f32])| {
        let features = head * size..(head + 1) * size;
        dispatch(Mix {
            mixed,
            keys: block.keys_values.rows(features.start),
            query: &query[features],
            normed,
            tokens,
        });
    };
    if threads {
        mixed
            .par_chunks_exact_mut(width)
            .with_max_len(1)
            .enumerate()
            .for_each(mix);
    } else {
        mixed.chunks_exact_mut(width).enumerate().for_each(mix);
    }
    // Each head's mixture with the values of all heads, of which only its own are read.
    let mut values = Tokens::zeros(heads, width);
    let layer = block.keys_values.columns(width, width);
    let mixed = Tokens::from_rows(&mixed, width);
    plainly(&layer, &mut values, &mixed, Then::Set);
    let attended: Vec<f32> = (0..width)
        .map(|column| {
            let head = column / size;
            values.data[head / LANES * width + column][head % LANES]
        })
        .collect();

    let attended = Tokens::from_rows(&attended, width);
    plainly(&block.proj, &mut class, &attended, Then::Add);
    block.norm2.apply(&mut first, &class, threads);
    let mut hidden = Tokens::zeros(1, block.fc1.len());
    plainly(&block.fc1, &mut hidden, &first, Then::Gelu);
    plainly(&block.fc2, &mut class, &hidden, Then::Add);
    class
}

/// The mixture of tokens that one head attends to.
struct Mix<'a> {
    mixed: &'a mut [f32],
    /// The head's keys, and those of the heads behind it.
    keys: Rows<'a>,
    /// The head's query.
    query: &'a [f32],
    normed: &'a Tokens,
    tokens: usize,
}

impl Operation for Mix<'_> {
    type Output = ();

    #[inline(always)]
    fn run<I: Instructions>(self, instructions: I) {
        let width = self.normed.features;
        // K^T q.
        let mut back = vec![0f32; width];
        for (feature, &query) in self.query.iter().enumerate() {
            for (back, &key) in back.iter_mut().zip(self.keys.row(feature)) {
                *back += query * key;
            }
        }
        let back = Rows::new(&back, width).strip(0);
        // One score a token, alone in its lane as softmax takes it.
        let mut shares: Vec<Lane> = vec![[0.0; LANES]; self.tokens];
        for (tokens, x) in shares.chunks_mut(LANES).zip(self.normed.panels()) {
            let mut scores = [[0.0; LANES]];
            multiply(instructions, &mut scores, x, back);
            for (share, score) in tokens.iter_mut().zip(scores[0]) {
                share[0] = score;
            }
        }
        softmax_lanes(&mut shares, (self.query.len() as f32).sqrt().recip());
        let mut sums: Vec<Lane> = vec![[0.0; LANES]; width];
        for (tokens, x) in shares.chunks(LANES).zip(self.normed.panels()) {
            let mut panel = [0.0; LANES];
            for (share, tokens) in panel.iter_mut().zip(tokens) {
                *share = tokens[0];
            }
            for (sums, x) in sums.iter_mut().zip(x) {
                for l in 0..LANES {
                    // Lanes beyond the last token may hold anything, which no share of zero takes away.
                    sums[l] += if l < tokens.len() {
                        panel[l] * x[l]
                    } else {
                        0.0
                    };
                }
            }
        }
        for (mixed, sums) in self.mixed.iter_mut().zip(&sums) {
            *mixed = sums.iter().sum();
        }
    }
}
