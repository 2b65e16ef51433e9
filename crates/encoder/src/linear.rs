//! Linear layers: the product of tokens with weights where they lie.
//!
//! Weights are not rearranged: the innermost loop takes one weight after the other from six rows, which is as fast as from packed strips (measured), and
//! so the checkpoint's own memory, or its mapped file, is all that they take.
//!
//! Each number of a result is a chain of multiply-adds over a block of inner indices in ascending order, added to the bias (and the residual) block after block, or,
//! where [`strassen`](crate::strassen) does it with fewer multiplications, a fixed sum of seven such chains. How the work is cut into blocks and tasks does not enter, so neither do the number of threads, the machine's caches or the company.

use crate::elementwise::gelu_lanes;
use crate::lanes::{LANES, Lane, Tokens};
use crate::simd::{Instructions, Operation, STRIP, dispatch};
use crate::strassen::{Sums, multiply_by_halves};
use rayon::prelude::*;
use triher_checkpoint::Numbers;

/// Strips of one task.
const GROUP: usize = 16;
/// Inner indices of one block: those of a task's weights stay in the second-level cache while all tokens pass. Measured: 768 is as good as
/// any, 256 is a few percent worse.
pub(crate) const BLOCK: usize = 768;

/// A linear layer: rows of a tensor in PyTorch's order, `columns x inner`, read where they lie.
pub(crate) struct Linear {
    weight: Numbers,
    /// Row of the tensor with the first column.
    first: usize,
    inner: usize,
    columns: usize,
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
    /// The `columns` rows of `weight` from the row `first` on, each of `inner` numbers, which must be there. `bias` has one number per
    /// column, or none: then the product begins with zeros.
    pub(crate) fn new(
        weight: Numbers,
        first: usize,
        inner: usize,
        columns: usize,
        bias: Vec<f32>,
    ) -> Self {
        debug_assert!((first + columns) * inner <= weight.len());
        Self {
            weight,
            first,
            inner,
            columns,
            bias,
        }
    }

    /// The layer of some of its columns.
    pub(crate) fn columns(&self, first: usize, columns: usize) -> Self {
        let bias = self.bias.get(first..first + columns).unwrap_or_default();
        Self::new(
            self.weight.clone(),
            self.first + first,
            self.inner,
            columns,
            bias.to_vec(),
        )
    }

    /// Number of its columns.
    pub(crate) fn len(&self) -> usize {
        self.columns
    }

    /// Its weights from a column on.
    pub(crate) fn rows(&self, column: usize) -> Rows<'_> {
        let from = (self.first + column) * self.inner;
        let to = (self.first + self.columns) * self.inner;
        Rows::new(&self.weight[from..to], self.inner)
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
                first: number * GROUP * STRIP,
                parts,
                x: &x.data,
                sums: sums.filter(|sums| sums.are_of(x)),
                then,
            });
        };
        let groups = out.column_groups(GROUP * STRIP);
        if threads {
            // One task at a time: a core that falls behind then holds the others up for one only.
            groups
                .into_par_iter()
                .with_max_len(1)
                .enumerate()
                .for_each(task);
        } else {
            groups.into_iter().enumerate().for_each(task);
        }
    }
}

/// A matrix of weights: one row for each column of the product.
#[derive(Clone, Copy)]
pub(crate) struct Rows<'a> {
    data: &'a [f32],
    /// Numbers from a row to the next.
    stride: usize,
    /// The inner indices that are looked at: first and number.
    inner: (usize, usize),
}

impl<'a> Rows<'a> {
    /// Rows of `stride` numbers, one behind the other.
    #[inline(always)]
    pub(crate) fn new(data: &'a [f32], stride: usize) -> Self {
        Self {
            data,
            stride,
            inner: (0, stride),
        }
    }

    /// The rows from `row` on, and of them `count` inner indices from `from` on.
    #[inline(always)]
    pub(crate) fn part(self, row: usize, from: usize, count: usize) -> Self {
        Self {
            data: &self.data[row * self.stride..],
            stride: self.stride,
            inner: (self.inner.0 + from, count),
        }
    }

    /// One row.
    #[inline(always)]
    pub(crate) fn row(self, row: usize) -> &'a [f32] {
        let (from, count) = self.inner;
        &self.data[row * self.stride + from..][..count]
    }

    /// The rows of a strip; beyond the last row the last one, whose products nobody reads.
    #[inline(always)]
    pub(crate) fn strip(self, strip: usize) -> [&'a [f32]; STRIP] {
        let last = (self.data.len() / self.stride).saturating_sub(1);
        let mut rows: [&[f32]; STRIP] = [&[]; STRIP];
        for (j, row) in rows.iter_mut().enumerate() {
            *row = self.row((strip * STRIP + j).min(last));
        }
        rows
    }
}

/// One task: a group of columns for all panels.
struct Columns<'a> {
    layer: &'a Linear,
    /// Its first column.
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
        let bias = self.layer.bias.get(self.first..).unwrap_or_default();
        for part in &mut self.parts {
            if self.then != Then::Add {
                part.fill([0.0; LANES]);
            }
            for (lane, &bias) in part.iter_mut().zip(bias) {
                lane.iter_mut().for_each(|v| *v += bias);
            }
        }
        let columns = self.parts.first().map_or(0, |part| part.len());
        let rows = self.layer.rows(self.first);
        let sums = self
            .sums
            .filter(|_| columns > 0 && columns.is_multiple_of(2 * STRIP));
        if let Some(sums) = sums {
            multiply_by_halves(instructions, &mut self.parts, self.x, sums, rows);
        }
        let blocks = if sums.is_some() { 0 } else { inner };
        for from in (0..blocks).step_by(BLOCK) {
            let to = (from + BLOCK).min(inner);
            let rows = rows.part(0, from, to - from);
            for (part, x) in self.parts.iter_mut().zip(self.x.chunks_exact(inner)) {
                for (number, out) in part.chunks_mut(STRIP).enumerate() {
                    multiply(instructions, out, &x[from..to], rows.strip(number));
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

/// `out[j][lane] += sum_k x[k][lane] * rows[j][k]` for up to 6 columns j.
#[inline(always)]
pub(crate) fn multiply<I: Instructions>(
    instructions: I,
    out: &mut [Lane],
    x: &[Lane],
    rows: [&[f32]; STRIP],
) {
    if out.len() == STRIP {
        instructions.tile(&mut [out], 0, x, rows);
    } else {
        // The last columns: computed like the others, so that their numbers do not depend on where they stand.
        let mut whole = [[0.0; LANES]; STRIP];
        let count = out.len().min(STRIP);
        whole[..count].copy_from_slice(&out[..count]);
        instructions.tile(&mut [&mut whole[..]], 0, x, rows);
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
            let layer = Linear::new(w.clone().into(), 0, inner, columns, bias.clone());
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
