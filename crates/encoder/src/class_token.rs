//! The last block for the class token alone, without keys and values of the other tokens.
//!
//! The last block's other tokens only serve the class token, and what it takes from them is linear in them. With the class token's query
//! `q` of a head, its score of a token `x` is `q . (K x + b) = (K^T q) . x` up to a number that all tokens share and softmax takes away; what
//! it takes from the tokens with shares `a` is `sum a (V x + b) = V (sum a x) + b`. So one vector a head replaces the products
//! of all tokens with `K` and `V`. The class token is made this way whether the other tokens are wanted or not, and so has the same bits.

use crate::elementwise::softmax_lanes;
use crate::lanes::{LANES, Lane, Tokens};
use crate::linear::{Linear, Rows, Then, multiply};
use crate::simd::{Instructions, Operation, STRIP, dispatch};
use crate::weights::Block;

/// Features of a mixture that are summed together.
const FEATURES: usize = 64;

/// The class token, alone in its panel, after the block; `x` holds all `tokens` before it.
pub(crate) fn class_token(
    block: &Block,
    x: &Tokens,
    tokens: usize,
    heads: usize,
    threads: bool,
) -> Tokens {
    let width = x.features;
    let mut normed = Tokens::zeros(tokens, width);
    block.norm1.apply(&mut normed, x, threads);
    let mut class = x.clone();
    class.truncate(1);
    let mut first = normed.clone();
    first.truncate(1);
    let plainly = |layer: &Linear, out: &mut Tokens, x: &Tokens, then| {
        layer.apply(out, x, None, then, threads);
    };

    let mut query = Tokens::zeros(1, width);
    plainly(&block.queries, &mut query, &first, Then::Set);
    let query = query.rows(1);
    let mut mixed = Tokens::zeros(heads, width);
    for (number, panel) in mixed.data.chunks_exact_mut(width).enumerate() {
        dispatch(Mix {
            mixed: panel,
            layer: &block.keys_values,
            query: &query,
            normed: &normed,
            tokens,
            heads: (
                number * LANES,
                heads.min((number + 1) * LANES),
                width / heads,
            ),
        });
    }
    // Each head's mixture with the values of all heads, of which only its own are read.
    let mut values = Tokens::zeros(heads, width);
    let layer = block.keys_values.columns(width, width);
    plainly(&layer, &mut values, &mixed, Then::Set);
    let size = width / heads;
    let attended: Vec<f32> = (0..width)
        .map(|column| {
            let head = column / size;
            values.data[head / LANES * width + column][head % LANES]
        })
        .collect();

    plainly(
        &block.proj,
        &mut class,
        &Tokens::from_rows(&attended, width),
        Then::Add,
    );
    block.norm2.apply(&mut first, &class, threads);
    let mut hidden = Tokens::zeros(1, block.fc1.len());
    plainly(&block.fc1, &mut hidden, &first, Then::Gelu);
    plainly(&block.fc2, &mut class, &hidden, Then::Add);
    class
}

/// The mixtures of tokens that up to 16 heads attend to.
struct Mix<'a> {
    /// The result, a head in each lane.
    mixed: &'a mut [Lane],
    /// Keys, then values.
    layer: &'a Linear,
    query: &'a [f32],
    normed: &'a Tokens,
    tokens: usize,
    /// First head, the one after the last, and features of each.
    heads: (usize, usize, usize),
}

impl Operation for Mix<'_> {
    type Output = ();

    #[inline(always)]
    fn run<I: Instructions>(self, instructions: I) {
        let width = self.normed.features;
        let (first, last, size) = self.heads;
        let count = last - first;
        // K^T q of each head.
        let keys = self.layer.rows(0);
        let mut back = vec![0f32; count * width];
        for (head, back) in back.chunks_exact_mut(width).enumerate() {
            let from = (first + head) * size;
            for (feature, &query) in self.query[from..from + size].iter().enumerate() {
                for (back, &key) in back.iter_mut().zip(keys.row(from + feature)) {
                    *back += query * key;
                }
            }
        }
        let back = Rows::new(&back, width);
        let mut shares: Vec<Lane> = vec![[0.0; LANES]; self.tokens];
        for (panel, x) in self.normed.panels().enumerate() {
            let mut scores = vec![[0.0; LANES]; count];
            for (number, scores) in scores.chunks_mut(STRIP).enumerate() {
                multiply(instructions, scores, x, back.strip(number));
            }
            let tokens = shares.iter_mut().skip(panel * LANES).take(LANES);
            for (lane, share) in tokens.enumerate() {
                for (share, scores) in share.iter_mut().zip(&scores) {
                    *share = scores[lane];
                }
            }
        }
        softmax_lanes(&mut shares, (size as f32).sqrt().recip());
        // A few features at a time, so that their sums stay near while all tokens pass.
        for (from, mixed) in (0..).step_by(FEATURES).zip(self.mixed.chunks_mut(FEATURES)) {
            for (token, share) in shares.iter().enumerate() {
                let x = &self.normed.data[token / LANES * width + from..][..mixed.len()];
                for (mixed, x) in mixed.iter_mut().zip(x) {
                    for l in 0..LANES {
                        mixed[l] += share[l] * x[token % LANES];
                    }
                }
            }
        }
    }
}
