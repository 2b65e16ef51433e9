//! Products with an eighth fewer multiplications: one level of Strassen's algorithm in Winograd's form (Winograd, 1971).
//!
//! The plain product runs at the machine's peak, so only less work makes it faster. Tokens, inner indices and columns are each cut in halves; seven
//! products of halves with fifteen sums replace eight products. Sums of tokens are made once for all columns ([`Sums`]), sums of
//! weights by the task that needs them, so no second copy of the weights is kept. Against the plain product errors grow by a small factor
//! (measured on the base size: `tests/parity`); whether a product is done so depends on the network's sizes alone.

use crate::lanes::{LANES, Lane, Tokens};
use crate::linear::{BLOCK, Rows};
use crate::simd::{Instructions, Operation, STRIP, dispatch};
use rayon::prelude::*;

/// Fewest panels and inner indices of a block that are worth the sums.
const FEWEST: (usize, usize) = (8, 512);

/// The sums of halves of tokens, block after block of inner indices: `[block][panel of a half][S1..S4][inner index of a half]`.
#[derive(Debug, Default)]
pub(crate) struct Sums {
    data: Vec<Lane>,
    /// Panels and features that the sums are of.
    of: (usize, usize),
}

/// Halves of a block: panels of a half, and inner indices of a half.
fn halves(panels: usize, inner: usize) -> (usize, usize) {
    (panels / 2, inner.min(BLOCK) / 2)
}

impl Sums {
    /// Whether a product of so many panels and inner indices is done by halves.
    pub(crate) fn serve(panels: usize, inner: usize) -> bool {
        let block = inner.min(BLOCK);
        panels >= FEWEST.0
            && panels.is_multiple_of(2)
            && block >= FEWEST.1
            && inner.is_multiple_of(block)
            && block.is_multiple_of(2)
    }

    /// Makes the sums of a matrix, or none when it is not done by halves.
    pub(crate) fn fill(&mut self, x: &Tokens, threads: bool) {
        let (panels, inner) = (x.panels().len(), x.features);
        if !Self::serve(panels, inner) {
            self.of = (0, 0);
            return;
        }
        self.of = (panels, inner);
        // Every number is written below.
        self.data.resize(panels * inner, [0.0; LANES]);
        let (half, k) = halves(panels, inner);
        let data = &x.data;
        let task = |(number, sums): (usize, &mut [Lane])| {
            let (block, panel) = (number / half, number % half);
            let row = |panel: usize| &data[panel * inner + 2 * block * k..][..2 * k];
            dispatch(SumsOfPanels {
                sums,
                low: row(panel),
                high: row(panel + half),
            });
        };
        if threads {
            let panels = self.data.par_chunks_exact_mut(4 * k);
            panels.enumerate().for_each(task);
        } else {
            self.data.chunks_exact_mut(4 * k).enumerate().for_each(task);
        }
    }

    /// Whether these are the sums of such a matrix.
    pub(crate) fn are_of(&self, x: &Tokens) -> bool {
        self.of == (x.panels().len(), x.features)
    }
}

/// The sums of one block of two panels, of the first and of the second half.
struct SumsOfPanels<'a> {
    sums: &'a mut [Lane],
    low: &'a [Lane],
    high: &'a [Lane],
}

impl Operation for SumsOfPanels<'_> {
    type Output = ();

    #[inline(always)]
    fn run<I: Instructions>(self, _: I) {
        let k = self.low.len() / 2;
        let (a11, a12) = self.low.split_at(k);
        let (a21, a22) = self.high.split_at(k);
        let (s1, rest) = self.sums.split_at_mut(k);
        let (s2, rest) = rest.split_at_mut(k);
        let (s3, s4) = rest.split_at_mut(k);
        for i in 0..k {
            for l in 0..LANES {
                let one = a21[i][l] + a22[i][l];
                let two = one - a11[i][l];
                s1[i][l] = one;
                s2[i][l] = two;
                s3[i][l] = a11[i][l] - a21[i][l];
                s4[i][l] = a12[i][l] - two;
            }
        }
    }
}

/// `out += x * rows` for a group of whole strips, an even number of them; `rows` begins with the group's.
#[inline(always)]
pub(crate) fn multiply_by_halves<I: Instructions>(
    instructions: I,
    out: &mut [&mut [Lane]],
    x: &[Lane],
    sums: &Sums,
    rows: Rows<'_>,
) {
    let (panels, inner) = sums.of;
    let (half, k) = halves(panels, inner);
    let columns = out.first().map_or(0, |part| part.len()) / 2;
    let mut weights = vec![0.0; columns * k];
    let (low, high) = out.split_at_mut(half);
    let summed = sums.data.chunks_exact(4 * half * k);
    for (from, summed) in (0..inner).step_by(2 * k).zip(summed) {
        // Quarters of the weights: inner half `i`, column half `j`.
        let b = |i: usize, j: usize| rows.part(j * columns, from + i * k, k);
        let a = |i: usize, j: usize| {
            move |panel: usize| &x[(i * half + panel) * inner + from + j * k..][..k]
        };
        let s = |number: usize| move |panel: usize| &summed[(4 * panel + number - 1) * k..][..k];
        // The seven products, each added to all the quarters that hold it:
        // C11 = P1 + P2, C12 = P1 + P6 + P5 + P3, C21 = P1 + P6 + P7 - P4 and C22 = P1 + P6 + P7 + P5.
        for (panel, (low, high)) in low.iter_mut().zip(high.iter_mut()).enumerate() {
            let (c11, c12) = low.split_at_mut(columns);
            let (c21, c22) = high.split_at_mut(columns);
            product(instructions, [c11, c12, c21, c22], a(0, 0)(panel), b(0, 0));
        }
        for (panel, low) in low.iter_mut().enumerate() {
            let c11 = &mut low[..columns];
            product(instructions, [c11], a(0, 1)(panel), b(1, 0));
        }
        // T1 = B12 - B11.
        combine(&mut weights, b(0, 1), b(0, 0), k, |b12, b11| b12 - b11);
        for (panel, (low, high)) in low.iter_mut().zip(high.iter_mut()).enumerate() {
            let (c12, c22) = (&mut low[columns..], &mut high[columns..]);
            product(
                instructions,
                [c12, c22],
                s(1)(panel),
                Rows::new(&weights, k),
            );
        }
        // T2 = B22 - T1.
        update(&mut weights, b(1, 1), k, |b22, t1| b22 - t1);
        for (panel, (low, high)) in low.iter_mut().zip(high.iter_mut()).enumerate() {
            let c12 = &mut low[columns..];
            let (c21, c22) = high.split_at_mut(columns);
            product(
                instructions,
                [c12, c21, c22],
                s(2)(panel),
                Rows::new(&weights, k),
            );
        }
        // -T4 = B21 - T2.
        update(&mut weights, b(1, 0), k, |b21, t2| b21 - t2);
        for (panel, high) in high.iter_mut().enumerate() {
            let c21 = &mut high[..columns];
            product(instructions, [c21], a(1, 1)(panel), Rows::new(&weights, k));
        }
        for (panel, low) in low.iter_mut().enumerate() {
            let c12 = &mut low[columns..];
            product(instructions, [c12], s(4)(panel), b(1, 1));
        }
        // T3 = B22 - B12.
        combine(&mut weights, b(1, 1), b(0, 1), k, |b22, b12| b22 - b12);
        for (panel, high) in high.iter_mut().enumerate() {
            let (c21, c22) = high.split_at_mut(columns);
            product(
                instructions,
                [c21, c22],
                s(3)(panel),
                Rows::new(&weights, k),
            );
        }
    }
}

/// Adds `x * rows` of one panel to each of `outs`.
#[inline(always)]
fn product<I: Instructions, const N: usize>(
    instructions: I,
    mut outs: [&mut [Lane]; N],
    x: &[Lane],
    rows: Rows<'_>,
) {
    let columns = outs.first().map_or(0, |out| out.len());
    for strip in 0..columns / STRIP {
        instructions.tile(&mut outs, strip * STRIP, x, rows.strip(strip));
    }
}

/// A sum of two quarters of the weights.
#[inline(always)]
fn combine(into: &mut [f32], x: Rows<'_>, y: Rows<'_>, k: usize, sum: impl Fn(f32, f32) -> f32) {
    for (row, into) in into.chunks_exact_mut(k).enumerate() {
        for ((into, &x), &y) in into.iter_mut().zip(x.row(row)).zip(y.row(row)) {
            *into = sum(x, y);
        }
    }
}

/// A sum of a quarter of the weights with what is there.
#[inline(always)]
fn update(into: &mut [f32], x: Rows<'_>, k: usize, sum: impl Fn(f32, f32) -> f32) {
    for (row, into) in into.chunks_exact_mut(k).enumerate() {
        for (into, &x) in into.iter_mut().zip(x.row(row)) {
            *into = sum(x, *into);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::linear::{Linear, Then};

    /// By halves and plainly: the same product but for rounding, with several blocks, a group that is cut off and one that is not
    /// done by halves; and the same bits however many threads do it.
    #[test]
    fn halves_give_the_plain_product() {
        let number = |i: usize| ((i * 7919 % 10_007) as f32 / 5003.5 - 1.0).powi(3);
        for (tokens, inner, columns) in [
            (217, 768, 192),
            (125, 512, 96 + 24),
            (160, 2 * 768, 96 + 6),
            (224, 640, 60),
        ] {
            let x: Vec<f32> = (0..tokens * inner).map(number).collect();
            let w: Vec<f32> = (0..columns * inner).map(|i| number(i + 77)).collect();
            let bias: Vec<f32> = (0..columns).map(number).collect();
            let layer = Linear::new(w.into(), 0, inner, columns, bias);
            let x = Tokens::from_rows(&x, inner);
            let result = |by_halves: bool, threads: bool| {
                let mut sums = Sums::default();
                sums.fill(&x, threads);
                assert!(sums.are_of(&x));
                let mut out = Tokens::zeros(tokens, columns);
                layer.apply(&mut out, &x, by_halves.then_some(&sums), Then::Set, threads);
                out.rows(tokens)
            };
            let (plain, halves) = (result(false, false), result(true, false));
            assert!(halves == result(true, true) && halves != plain);
            let scale = plain.iter().fold(0f32, |m, v| m.max(v.abs()));
            for (at, (p, h)) in plain.iter().zip(&halves).enumerate() {
                assert!((p - h).abs() < 4e-6 * scale, "{at}: {p} {h}, {scale}");
            }
        }
    }

    #[test]
    fn small_and_odd_products_are_left_plain() {
        assert!(Sums::serve(14, 768) && Sums::serve(14, 3072));
        for (panels, inner) in [(1, 768), (13, 768), (14, 192), (14, 700 + 768), (6, 768)] {
            assert!(!Sums::serve(panels, inner), "{panels} {inner}");
        }
        let mut sums = Sums::default();
        let x = Tokens::zeros(20, 768);
        sums.fill(&x, false);
        assert!(!sums.are_of(&x));
    }
}
