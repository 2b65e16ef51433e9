//! Linear layers: the product of tokens with weights that were packed once.
//!
//! Each number of a result is one chain of multiply-adds over the inner index in ascending order, begun with the bias (and the residual), or,
//! where [`strassen`](crate::strassen) does it with fewer multiplications, a fixed sum of seven such chains. How the work is cut into blocks and tasks does not enter, so neither do the number of threads, the machine's caches or the company.

use crate::elementwise::gelu_lanes;
use crate::lanes::{LANES, Lane, Tokens};
use crate::simd::{Instructions, Operation, STRIP, dispatch};
use crate::strassen::{Scratch, Sums, multiply_by_halves};
use rayon::prelude::*;

/// Strips of one task.
const GROUP: usize = 16;
/// Inner indices of one block: those of a task's weights stay in the second-level cache while all tokens pass. Measured: 768 is as good as
/// any, 256 is a few percent worse.
pub(crate) const BLOCK: usize = 768;

/// A linear layer. Its weights are `[strip][inner][6]`, zeros filling the last strip.
pub(crate) struct Linear {
    inner: usize,
    columns: usize,
    strips: Vec<[f32; STRIP]>,
    bias: Vec<f32>,
}

/// What becomes of a product with a layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Then {
    /// It is the result.
    Set,
    /// It is the result after GELU.
    Gelu,
    /// It is added to what stands in the result: a residual connection.
    Add,
}

impl Linear {
    /// Packs weights in PyTorch's order, `columns x inner`. `bias` has one number per column, or none: then the
    /// product begins with zeros.
    pub(crate) fn pack(weight: &[f32], bias: Vec<f32>, columns: usize) -> Self {
        let inner = weight.len() / columns;
        Self {
            inner,
            columns,
            strips: pack(columns, inner, |column, k| weight[column * inner + k]),
            bias,
        }
    }

    /// The product with as many panels of `x` as `out` has; with sums of these panels, by halves. `threads`: whether tasks go to other threads.
    pub(crate) fn apply(
        &self,
        out: &mut Tokens,
        x: &Tokens,
        sums: Option<&Sums>,
        then: Then,
        threads: bool,
    ) {
        debug_assert_eq!((x.features, out.features), (self.inner, self.columns));
        let task = |(number, parts): (usize, Vec<&mut [Lane]>)| {
            dispatch(Columns {
                layer: self,
                first: number * GROUP,
                parts,
                x: &x.data,
                sums: sums.filter(|sums| sums.are_of(x)),
                then,
            });
        };
        let groups = out.column_groups(GROUP * STRIP);
        if threads {
            groups.into_par_iter().enumerate().for_each(task);
        } else {
            groups.into_iter().enumerate().for_each(task);
        }
    }
}

/// Strips of a matrix of `columns` columns and `inner` rows.
pub(crate) fn pack(
    columns: usize,
    inner: usize,
    value: impl Fn(usize, usize) -> f32,
) -> Vec<[f32; STRIP]> {
    let mut strips = Vec::with_capacity(columns.div_ceil(STRIP) * inner);
    for strip in 0..columns.div_ceil(STRIP) {
        for k in 0..inner {
            strips.push(std::array::from_fn(|j| {
                let column = strip * STRIP + j;
                if column < columns {
                    value(column, k)
                } else {
                    0.0
                }
            }));
        }
    }
    strips
}

/// One task: a group of columns for all panels.
struct Columns<'a> {
    layer: &'a Linear,
    /// Its first strip.
    first: usize,
    /// The group's columns of each panel of the result.
    parts: Vec<&'a mut [Lane]>,
    x: &'a [Lane],
    sums: Option<&'a Sums>,
    then: Then,
}

impl Operation for Columns<'_> {
    type Output = ();

    #[inline(always)]
    fn run<I: Instructions>(mut self, instructions: I) {
        let inner = self.layer.inner;
        let bias = self
            .layer
            .bias
            .get(self.first * STRIP..)
            .unwrap_or_default();
        for part in &mut self.parts {
            if self.then != Then::Add {
                part.fill([0.0; LANES]);
            }
            for (lane, &bias) in part.iter_mut().zip(bias) {
                lane.iter_mut().for_each(|v| *v += bias);
            }
        }
        let columns = self.parts.first().map_or(0, |part| part.len());
        let sums = self
            .sums
            .filter(|_| columns > 0 && columns.is_multiple_of(2 * STRIP));
        if let Some(sums) = sums {
            let strips = &self.layer.strips[self.first * inner..];
            let mut scratch = Scratch::default();
            multiply_by_halves(
                instructions,
                &mut self.parts,
                self.x,
                sums,
                strips,
                &mut scratch,
            );
        }
        let blocks = if sums.is_some() { 0 } else { inner };
        for from in (0..blocks).step_by(BLOCK) {
            let to = (from + BLOCK).min(inner);
            for (part, x) in self.parts.iter_mut().zip(self.x.chunks_exact(inner)) {
                let strips = self.layer.strips[self.first * inner..].chunks_exact(inner);
                for (out, strip) in part.chunks_mut(STRIP).zip(strips) {
                    multiply(instructions, out, &x[from..to], &strip[from..to]);
                }
            }
        }
        if self.then == Then::Gelu {
            for part in &mut self.parts {
                gelu_lanes(part);
            }
        }
    }
}

/// `out[j][lane] += sum_k x[k][lane] * strip[k][j]` for up to 6 columns j.
#[inline(always)]
pub(crate) fn multiply<I: Instructions>(
    instructions: I,
    out: &mut [Lane],
    x: &[Lane],
    strip: &[[f32; STRIP]],
) {
    if let Ok(out) = <&mut [Lane; STRIP]>::try_from(&mut *out) {
        instructions.tile(out, x, strip);
    } else {
        // The last columns: computed like the others, so that their numbers do not depend on where they stand.
        let mut whole = [[0.0; LANES]; STRIP];
        let count = out.len().min(STRIP);
        whole[..count].copy_from_slice(&out[..count]);
        instructions.tile(&mut whole, x, strip);
        out[..count].copy_from_slice(&whole[..count]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A few numbers without a pattern.
    fn numbers(count: usize, seed: u32) -> Vec<f32> {
        let mut state = seed;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / (1 << 23) as f32 - 1.0
        };
        (0..count).map(|_| next()).collect()
    }

    /// Odd sizes, against the definition in double precision; and the same bits however it is cut.
    #[test]
    fn products_of_all_sizes_agree_with_the_definition() {
        for (tokens, inner, columns) in
            [(1, 1, 1), (5, 7, 5), (16, 6, 6), (33, 400, 50), (20, 3, 97)]
        {
            let (x, w) = (numbers(tokens * inner, 1), numbers(columns * inner, 2));
            let bias = numbers(columns, 3);
            let layer = Linear::pack(&w, bias.clone(), columns);
            let input = Tokens::from_rows(&x, inner);
            for (then, start) in [(Then::Set, 0.0), (Then::Add, 0.5), (Then::Gelu, 0.0)] {
                let results: Vec<Vec<f32>> = [false, true]
                    .iter()
                    .map(|&threads| {
                        let mut out = Tokens::from_rows(&vec![0.5; tokens * columns], columns);
                        layer.apply(&mut out, &input, None, then, threads);
                        out.rows(tokens)
                    })
                    .collect();
                assert_eq!(results[0], results[1]);
                for (at, &ours) in results[0].iter().enumerate() {
                    let (token, column) = (at / columns, at % columns);
                    let product = |k: usize| {
                        f64::from(x[token * inner + k]) * f64::from(w[column * inner + k])
                    };
                    let sum: f64 = (0..inner).map(product).sum();
                    // Rounding grows with the terms, not with their sum.
                    let terms: f64 = (0..inner).map(|k| product(k).abs()).sum();
                    let mut expected = sum + f64::from(bias[column]) + start;
                    if then == Then::Gelu {
                        expected *= 0.5
                            * (1.0
                                + f64::from(crate::elementwise::erf(
                                    (expected / 2f64.sqrt()) as f32,
                                )));
                    }
                    assert!(
                        (f64::from(ours) - expected).abs() < 5e-7 * (1.0 + terms),
                        "{tokens} {inner} {columns}: {ours} {expected}"
                    );
                }
            }
        }
    }
}
