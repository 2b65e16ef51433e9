//! Products with an eighth fewer multiplications: one level of Strassen's algorithm in Winograd's form (Winograd, 1971).
//!
//! The plain product runs at the machine's peak, so only less work makes it faster. Tokens, inner indices and columns are each cut in halves; seven
//! products of halves with fifteen sums replace eight products. Sums of tokens are made once for all columns ([`Sums`]), sums of
//! weights by the task that needs them, so no second copy of the weights is kept. Against the plain product errors grow by a small factor
//! (measured on the base size: `tests/parity`); whether a product is done so depends on the network's sizes alone.

use crate::lanes::{LANES, Lane, Tokens};
use crate::linear::{BLOCK, multiply};
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

/// What a task keeps between its products.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    weights: Vec<[f32; STRIP]>,
    first: Vec<Lane>,
    second: Vec<Lane>,
}

/// `out += x * strips` for a group of whole strips, an even number of them; `strips` holds the group's, `[strip][inner]`.
#[inline(always)]
pub(crate) fn multiply_by_halves<I: Instructions>(
    instructions: I,
    out: &mut [&mut [Lane]],
    x: &[Lane],
    sums: &Sums,
    strips: &[[f32; STRIP]],
    scratch: &mut Scratch,
) {
    let (panels, inner) = sums.of;
    let (half, k) = halves(panels, inner);
    let columns = out.first().map_or(0, |part| part.len()) / 2;
    let count = columns / STRIP;
    let (weights, first, second) = (
        &mut scratch.weights,
        &mut scratch.first,
        &mut scratch.second,
    );
    weights.resize(count * k, [0.0; STRIP]);
    let (low, high) = out.split_at_mut(half);
    let summed = sums.data.chunks_exact(4 * half * k);
    for (from, summed) in (0..inner).step_by(2 * k).zip(summed) {
        // Quarters of the weights: inner half `i`, column half `j`, strip by strip.
        let b = |i: usize, j: usize| {
            move |strip: usize| &strips[(j * count + strip) * inner + from + i * k..][..k]
        };
        let a = |i: usize, j: usize| {
            move |panel: usize| &x[(i * half + panel) * inner + from + j * k..][..k]
        };
        let s = |number: usize| move |panel: usize| &summed[(4 * panel + number - 1) * k..][..k];
        // P1, which goes into all four quarters.
        first.clear();
        first.resize(half * columns, [0.0; LANES]);
        product(
            instructions,
            temporary(first, columns),
            a(0, 0),
            b(0, 0),
            count,
        );
        add(low, 0, first, columns);
        // C11 = P1 + P2.
        product(
            instructions,
            quarter(low, 0, columns),
            a(0, 1),
            b(1, 0),
            count,
        );
        // C12 = P1 + P6 + P5 + P3 and C22 = P1 + P6 + P7 + P5.
        combine(weights, b(0, 1), b(0, 0), k, |b12, b11| b12 - b11);
        second.clear();
        second.resize(half * columns, [0.0; LANES]);
        product(
            instructions,
            temporary(second, columns),
            s(1),
            whole(weights, k),
            count,
        );
        add(low, columns, second, columns);
        add(high, columns, second, columns);
        // T2 = B22 - T1.
        update(weights, b(1, 1), k, |b22, t1| b22 - t1);
        product(
            instructions,
            temporary(first, columns),
            s(2),
            whole(weights, k),
            count,
        );
        add(low, columns, first, columns);
        // C21 = P1 + P6 + P7 - P4, with -T4 = B21 - T2.
        update(weights, b(1, 0), k, |b21, t2| b21 - t2);
        product(
            instructions,
            quarter(high, 0, columns),
            a(1, 1),
            whole(weights, k),
            count,
        );
        product(
            instructions,
            quarter(low, columns, columns),
            s(4),
            b(1, 1),
            count,
        );
        combine(weights, b(1, 1), b(0, 1), k, |b22, b12| b22 - b12);
        product(
            instructions,
            temporary(first, columns),
            s(3),
            whole(weights, k),
            count,
        );
        add(high, 0, first, columns);
        add(high, columns, first, columns);
    }
}

/// The strips of sums of weights.
fn whole<'s>(weights: &'s [[f32; STRIP]], k: usize) -> impl Fn(usize) -> &'s [[f32; STRIP]] {
    move |strip| &weights[strip * k..][..k]
}

/// Panels of a temporary matrix.
fn temporary(data: &mut [Lane], columns: usize) -> impl Iterator<Item = &mut [Lane]> {
    data.chunks_exact_mut(columns)
}

/// Panels of a quarter of the result: `columns` columns from `from`.
fn quarter<'a>(
    half: &'a mut [&mut [Lane]],
    from: usize,
    columns: usize,
) -> impl Iterator<Item = &'a mut [Lane]> {
    half.iter_mut()
        .map(move |part| &mut part[from..from + columns])
}

/// `out += x * strips`, panel by panel.
#[inline(always)]
fn product<'a, 'x, 's, I: Instructions>(
    instructions: I,
    out: impl Iterator<Item = &'a mut [Lane]>,
    x: impl Fn(usize) -> &'x [Lane],
    strips: impl Fn(usize) -> &'s [[f32; STRIP]],
    count: usize,
) {
    for (panel, out) in out.enumerate() {
        let x = x(panel);
        for (out, strip) in out.chunks_exact_mut(STRIP).zip(0..count) {
            multiply(instructions, out, x, strips(strip));
        }
    }
}

/// Adds a temporary matrix to a quarter of the result.
#[inline(always)]
fn add(half: &mut [&mut [Lane]], from: usize, data: &[Lane], columns: usize) {
    for (part, data) in half.iter_mut().zip(data.chunks_exact(columns)) {
        for (sum, lane) in part[from..from + columns].iter_mut().zip(data) {
            for l in 0..LANES {
                sum[l] += lane[l];
            }
        }
    }
}

/// A sum of two quarters of the weights.
#[inline(always)]
fn combine<'s>(
    into: &mut [[f32; STRIP]],
    x: impl Fn(usize) -> &'s [[f32; STRIP]],
    y: impl Fn(usize) -> &'s [[f32; STRIP]],
    k: usize,
    sum: impl Fn(f32, f32) -> f32,
) {
    for (strip, into) in into.chunks_exact_mut(k).enumerate() {
        let (into, x, y) = (
            into.as_flattened_mut(),
            x(strip).as_flattened(),
            y(strip).as_flattened(),
        );
        for ((into, &x), &y) in into.iter_mut().zip(x).zip(y) {
            *into = sum(x, y);
        }
    }
}

/// A sum of a quarter of the weights with what is there.
#[inline(always)]
fn update<'s>(
    into: &mut [[f32; STRIP]],
    x: impl Fn(usize) -> &'s [[f32; STRIP]],
    k: usize,
    sum: impl Fn(f32, f32) -> f32,
) {
    for (strip, into) in into.chunks_exact_mut(k).enumerate() {
        let (into, x) = (into.as_flattened_mut(), x(strip).as_flattened());
        for (into, &x) in into.iter_mut().zip(x) {
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
            let layer = Linear::pack(&w, bias, columns);
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
