//! Multi-head self-attention: `softmax(q k^T / sqrt(d)) v`, one task per head.

use crate::elementwise::softmax_lanes;
use crate::lanes::{LANES, Lane, Tokens};
use crate::linear::{Rows, multiply};
use crate::simd::{Instructions, Operation, STRIP, dispatch};
use rayon::prelude::*;

/// Attention of the queries' panels to all `tokens`; `keys_values` holds the keys' features, then the values'. `out` has as many
/// panels as `queries`.
pub(crate) fn attention(
    out: &mut Tokens,
    queries: &Tokens,
    keys_values: &Tokens,
    tokens: usize,
    heads: usize,
    threads: bool,
) {
    let size = queries.features / heads;
    let task = |(number, parts): (usize, Vec<&mut [Lane]>)| {
        dispatch(Head {
            parts,
            queries,
            keys_values,
            tokens,
            first: number * size,
            size,
        });
    };
    let groups = out.column_groups(size);
    if threads {
        groups
            .into_par_iter()
            .with_max_len(1)
            .enumerate()
            .for_each(task);
    } else {
        groups.into_iter().enumerate().for_each(task);
    }
}

/// One head.
struct Head<'a> {
    /// The head's features of each panel of the result.
    parts: Vec<&'a mut [Lane]>,
    queries: &'a Tokens,
    keys_values: &'a Tokens,
    tokens: usize,
    /// Its first feature.
    first: usize,
    /// Its number of features.
    size: usize,
}

impl Operation for Head<'_> {
    type Output = ();

    #[inline(always)]
    fn run<I: Instructions>(self, instructions: I) {
        let (width, size) = (self.queries.features, self.size);
        let at = |token: usize, feature: usize| {
            let lane = token / LANES * 2 * width + self.first + feature;
            self.keys_values.data[lane][token % LANES]
        };
        // Lanes beyond the last token are no keys.
        let mut keys = Vec::with_capacity(self.tokens * size);
        for token in 0..self.tokens {
            keys.extend((0..size).map(|feature| at(token, feature)));
        }
        let mut values = Vec::with_capacity(size * self.tokens);
        for feature in 0..size {
            values.extend((0..self.tokens).map(|token| at(token, width + feature)));
        }
        let (keys, values) = (Rows::new(&keys, size), Rows::new(&values, self.tokens));
        let scale = (size as f32).sqrt().recip();
        let mut scores: Vec<Lane> = vec![[0.0; LANES]; self.tokens];
        for (out, queries) in self.parts.into_iter().zip(self.queries.panels()) {
            let queries = &queries[self.first..self.first + size];
            scores.fill([0.0; LANES]);
            for (number, scores) in scores.chunks_mut(STRIP).enumerate() {
                multiply(instructions, scores, queries, keys.strip(number));
            }
            softmax_lanes(&mut scores, scale);
            out.fill([0.0; LANES]);
            for (number, out) in out.chunks_mut(STRIP).enumerate() {
                multiply(instructions, out, &scores, values.strip(number));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two heads of 3 features, against the definition in double precision.
    #[test]
    fn attention_agrees_with_the_definition() {
        let (tokens, width, heads) = (19, 6, 2);
        let number = |i: usize| ((i * 7919 % 1009) as f32 / 504.5 - 1.0) * 2.0;
        let q: Vec<f32> = (0..tokens * width).map(number).collect();
        let kv: Vec<f32> = (0..tokens * 2 * width).map(|i| number(i + 5000)).collect();
        let mut out = Tokens::zeros(tokens, width);
        let (queries, keys_values) = (
            Tokens::from_rows(&q, width),
            Tokens::from_rows(&kv, 2 * width),
        );
        attention(&mut out, &queries, &keys_values, tokens, heads, true);
        let ours = out.rows(tokens);
        let size = width / heads;
        for token in 0..tokens {
            for head in 0..heads {
                let weight: Vec<f64> = (0..tokens)
                    .map(|key| {
                        let dot: f64 = (0..size)
                            .map(|f| {
                                let q = q[token * width + head * size + f];
                                f64::from(q) * f64::from(kv[key * 2 * width + head * size + f])
                            })
                            .sum();
                        (dot / (size as f64).sqrt()).exp()
                    })
                    .collect();
                let sum: f64 = weight.iter().sum();
                for f in 0..size {
                    let value =
                        |key: usize| f64::from(kv[key * 2 * width + width + head * size + f]);
                    let expected: f64 =
                        (0..tokens).map(|key| weight[key] * value(key)).sum::<f64>() / sum;
                    let ours = f64::from(ours[token * width + head * size + f]);
                    assert!((ours - expected).abs() < 1e-5, "{ours} {expected}");
                }
            }
        }
    }
}
