//! LayerNorm (Ba, Kiros and Hinton, 2016) with epsilon 1e-6, as the family has it.

use crate::buffer::Buffer;
use crate::linear::add_rows;
use crate::parameters::{Layout, Slot, Start};
use crate::product::ROWS;
use crate::vector::{sum, wide};
use rayon::prelude::*;

const EPSILON: f32 = 1e-6;

/// The layer.
#[derive(Clone, Debug)]
pub(crate) struct LayerNorm {
    gain: Slot,
    bias: Slot,
    width: usize,
}

/// What the backward pass needs: the rows before gain and bias, and one over their deviation.
#[derive(Debug)]
pub(crate) struct NormTape {
    whitened: Buffer,
    inverse: Vec<f32>,
}

wide! {
    /// Whitens one row and returns one over its deviation.
    fn whiten(y: &mut [f32], x: &[f32]) -> f32 {
        let count = x.len() as f32;
        let mean = sum(x.len(), |i| x[i]) / count;
        let variance = sum(x.len(), |i| (x[i] - mean) * (x[i] - mean)) / count;
        let inverse = 1.0 / (variance + EPSILON).sqrt();
        for (y, &x) in y.iter_mut().zip(x) {
            *y = (x - mean) * inverse;
        }
        inverse
    }

    /// `y = x * gain + bias`.
    fn stretch(y: &mut [f32], x: &[f32], gain: &[f32], bias: &[f32]) {
        for (((y, x), gain), bias) in y.iter_mut().zip(x).zip(gain).zip(bias) {
            *y = x * gain + bias;
        }
    }

    /// `dx += inverse * (e - mean(e) - w mean(e w))` with `e = dy gain`, w the whitened row.
    fn gradient(dx: &mut [f32], dy: &[f32], w: &[f32], gain: &[f32], inverse: f32) {
        let count = dx.len();
        let (dy, w, gain) = (&dy[..count], &w[..count], &gain[..count]);
        let mean = sum(count, |i| dy[i] * gain[i]) / count as f32;
        let along = sum(count, |i| dy[i] * gain[i] * w[i]) / count as f32;
        for i in 0..count {
            dx[i] += inverse * (dy[i] * gain[i] - mean - w[i] * along);
        }
    }

    /// `product = a * b`.
    fn times(product: &mut [f32], a: &[f32], b: &[f32]) {
        for ((p, a), b) in product.iter_mut().zip(a).zip(b) {
            *p = a * b;
        }
    }
}

impl LayerNorm {
    pub(crate) fn new(layout: &mut Layout, (name, level): (&str, usize), width: usize) -> Self {
        let mut add = |part: &str, start| {
            layout.add(
                format!("{name}.{part}"),
                &[width],
                Start::Constant(start),
                level,
            )
        };
        Self {
            gain: add("weight", 1.0),
            bias: add("bias", 0.0),
            width,
        }
    }

    /// Each row of `width` numbers on its own.
    pub(crate) fn forward(&self, p: &[f32], x: &[f32]) -> (Buffer, NormTape) {
        let width = self.width;
        let (gain, bias) = (&p[self.gain.range()], &p[self.bias.range()]);
        let mut y = Buffer::unwritten(x.len());
        let mut whitened = Buffer::unwritten(x.len());
        let mut inverse = vec![0.0; x.len() / width];
        let part = ROWS * width;
        y.par_chunks_mut(part)
            .zip(whitened.par_chunks_mut(part))
            .zip(inverse.par_chunks_mut(ROWS))
            .zip(x.par_chunks(part))
            .for_each(|(((y, whitened), inverse), x)| {
                let rows = y
                    .chunks_exact_mut(width)
                    .zip(whitened.chunks_exact_mut(width))
                    .zip(x.chunks_exact(width));
                for (((y, w), x), inverse) in rows.zip(inverse) {
                    *inverse = whiten(w, x);
                    stretch(y, w, gain, bias);
                }
            });
        (y, NormTape { whitened, inverse })
    }

    /// From the gradient of the result: adds that of the input to `dx`, and those of gain and bias to `g` when it is there.
    pub(crate) fn backward(
        &self,
        p: &[f32],
        g: Option<&mut [f32]>,
        tape: &NormTape,
        dy: &[f32],
        dx: &mut [f32],
    ) {
        let width = self.width;
        let gain = &p[self.gain.range()];
        let part = ROWS * width;
        dx.par_chunks_mut(part)
            .zip(dy.par_chunks(part))
            .zip(tape.whitened.par_chunks(part))
            .zip(tape.inverse.par_chunks(ROWS))
            .for_each(|(((dx, dy), w), inverse)| {
                let rows = dx
                    .chunks_exact_mut(width)
                    .zip(dy.chunks_exact(width))
                    .zip(w.chunks_exact(width));
                for (((dx, dy), w), &inverse) in rows.zip(inverse) {
                    gradient(dx, dy, w, gain, inverse);
                }
            });
        if let Some(g) = g {
            let mut products = Buffer::unwritten(dy.len());
            products
                .par_chunks_mut(part)
                .zip(dy.par_chunks(part))
                .zip(tape.whitened.par_chunks(part))
                .for_each(|((p, dy), w)| times(p, dy, w));
            add_rows(&mut g[self.gain.range()], &products);
            add_rows(&mut g[self.bias.range()], dy);
        }
    }
}
