//! Softmax attention of all heads (Vaswani et al., 2017), sample by sample.

use crate::buffer::Buffer;
use crate::product::{Into, View, multiply};
use crate::vector::{exp, sum, wide};
use rayon::prelude::*;

/// Sizes of an attention layer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Attention {
    /// Tokens of a sample.
    pub(crate) tokens: usize,
    /// Length of a token.
    pub(crate) width: usize,
    /// Heads; each has `width / heads` numbers of a token.
    pub(crate) heads: usize,
}

/// The highest number of a row.
#[inline(always)]
fn highest(row: &[f32]) -> f32 {
    let mut lanes = [f32::NEG_INFINITY; 16];
    let (whole, rest) = row.as_chunks::<16>();
    for part in whole {
        for (high, &value) in lanes.iter_mut().zip(part) {
            *high = if value > *high { value } else { *high };
        }
    }
    let all = lanes.iter().chain(rest);
    all.fold(
        f32::NEG_INFINITY,
        |high, &v| if v > high { v } else { high },
    )
}

wide! {
    /// The softmax of each row of `count` numbers, in place.
    fn softmax(rows: &mut [f32], count: usize) {
        for row in rows.chunks_exact_mut(count) {
            let highest = highest(row);
            for value in row.iter_mut() {
                *value = exp(*value - highest);
            }
            let scale = 1.0 / sum(count, |i| row[i]);
            for value in row.iter_mut() {
                *value *= scale;
            }
        }
    }

    /// `d = scale * p * (d - sum(d p))` in each row of `count` numbers: from the softmax's gradient to that of its input.
    fn softmax_gradient(d: &mut [f32], p: &[f32], count: usize, scale: f32) {
        for (d, p) in d.chunks_exact_mut(count).zip(p.chunks_exact(count)) {
            let along = sum(count, |i| d[i] * p[i]);
            for (d, p) in d.iter_mut().zip(p) {
                *d = scale * p * (*d - along);
            }
        }
    }
}

impl Attention {
    fn scale(&self) -> f32 {
        1.0 / ((self.width / self.heads) as f32).sqrt()
    }

    /// `qkv` has rows `[queries, keys, values]` of 3 `width` numbers. Returns rows of `width`, and the attention `[sample][head][token][token]`
    /// for the way back.
    pub(crate) fn forward(&self, qkv: &[f32]) -> (Buffer, Buffer) {
        let Self {
            tokens: t,
            width: c,
            heads,
        } = *self;
        let d = c / heads;
        let samples = qkv.len() / (t * 3 * c);
        let mut out = Buffer::unwritten(samples * t * c);
        let mut weights = Buffer::unwritten(samples * heads * t * t);
        out.par_chunks_mut(t * c)
            .zip(weights.par_chunks_mut(heads * t * t))
            .zip(qkv.par_chunks(t * 3 * c))
            .for_each(|((out, weights), qkv)| {
                for (head, weights) in weights.chunks_exact_mut(t * t).enumerate() {
                    let [q, k, v] = [0, c, 2 * c].map(|part| &qkv[part + head * d..]);
                    let keys = View::columns(k, 3 * c);
                    let queries = View::rows(q, 3 * c);
                    multiply(
                        [t, t, d],
                        (weights, t),
                        Into::Replace,
                        self.scale(),
                        queries,
                        keys,
                    );
                    softmax(weights, t);
                    let values = View::rows(v, 3 * c);
                    let rows = View::rows(weights, t);
                    multiply(
                        [t, d, t],
                        (&mut out[head * d..], c),
                        Into::Replace,
                        1.0,
                        rows,
                        values,
                    );
                }
            });
        (out, weights)
    }

    /// From the gradient of the result to that of the attention itself (after the softmax), `[sample][head][token][token]`.
    pub(crate) fn weights_gradient(&self, qkv: &[f32], dout: &[f32]) -> Buffer {
        let Self {
            tokens: t,
            width: c,
            heads,
        } = *self;
        let d = c / heads;
        let samples = qkv.len() / (t * 3 * c);
        let mut dweights = Buffer::unwritten(samples * heads * t * t);
        dweights
            .par_chunks_mut(heads * t * t)
            .zip(qkv.par_chunks(t * 3 * c))
            .zip(dout.par_chunks(t * c))
            .for_each(|((dweights, qkv), dout)| {
                for (head, dweights) in dweights.chunks_exact_mut(t * t).enumerate() {
                    let gradient = View::rows(&dout[head * d..], c);
                    let values = View::columns(&qkv[2 * c + head * d..], 3 * c);
                    let out = (dweights, t);
                    multiply([t, t, d], out, Into::Replace, 1.0, gradient, values);
                }
            });
        dweights
    }

    /// From the gradient of the result to that of `qkv`.
    pub(crate) fn backward(&self, qkv: &[f32], weights: &[f32], dout: &[f32]) -> Buffer {
        let Self {
            tokens: t,
            width: c,
            heads,
        } = *self;
        let d = c / heads;
        let mut dqkv = Buffer::unwritten(qkv.len());
        dqkv.par_chunks_mut(t * 3 * c)
            .zip(qkv.par_chunks(t * 3 * c))
            .zip(weights.par_chunks(heads * t * t))
            .zip(dout.par_chunks(t * c))
            .for_each(|(((dqkv, qkv), weights), dout)| {
                let mut ds = Buffer::unwritten(t * t);
                for (head, weights) in weights.chunks_exact(t * t).enumerate() {
                    let at = head * d;
                    let [q, k, v] = [0, c, 2 * c].map(|part| &qkv[part + at..]);
                    let dout = &dout[at..];
                    let (gradient, values) = (View::rows(dout, c), View::columns(v, 3 * c));
                    multiply(
                        [t, t, d],
                        (&mut ds, t),
                        Into::Replace,
                        1.0,
                        gradient,
                        values,
                    );
                    softmax_gradient(&mut ds, weights, t, self.scale());
                    let mut product = |part: usize, a, b| {
                        let out = (&mut dqkv[part + at..], 3 * c);
                        multiply([t, d, t], out, Into::Replace, 1.0, a, b);
                    };
                    product(0, View::rows(&ds, t), View::rows(k, 3 * c));
                    product(c, View::columns(&ds, t), View::rows(q, 3 * c));
                    product(2 * c, View::columns(weights, t), gradient);
                }
            });
        dqkv
    }
}
