//! BatchNorm over the samples of a batch (Ioffe and Szegedy, 2015), epsilon 1e-5.
//!
//! Always with the batch's own figures: only pretraining has it, in heads that are thrown away, so running figures are never asked for.

use crate::parameters::{Layout, Slot, Start};

const EPSILON: f64 = 1e-5;

/// The layer, with gain and bias or without.
#[derive(Clone, Debug)]
pub(crate) struct BatchNorm {
    affine: Option<[Slot; 2]>,
    width: usize,
}

/// What the backward pass needs.
#[derive(Debug)]
pub(crate) struct BatchNormTape {
    whitened: Vec<f32>,
    inverse: Vec<f64>,
}

/// For each column the sum of `value(row, column)`.
fn column_sums(rows: usize, width: usize, value: impl Fn(usize, usize) -> f64) -> Vec<f64> {
    let mut sums = vec![0f64; width];
    for row in 0..rows {
        for (column, sum) in sums.iter_mut().enumerate() {
            *sum += value(row, column);
        }
    }
    sums
}

impl BatchNorm {
    pub(crate) fn new(
        layout: &mut Layout,
        (name, level): (&str, usize),
        width: usize,
        affine: bool,
    ) -> Self {
        let mut add = |part: &str, start| {
            layout.add(
                format!("{name}.{part}"),
                &[width],
                Start::Constant(start),
                level,
            )
        };
        Self {
            affine: affine.then(|| [add("weight", 1.0), add("bias", 0.0)]),
            width,
        }
    }

    /// Rows of `width`, one per sample.
    pub(crate) fn forward(&self, p: &[f32], x: &[f32]) -> (Vec<f32>, BatchNormTape) {
        let width = self.width;
        let rows = x.len() / width;
        let at = |row: usize, column: usize| f64::from(x[row * width + column]);
        let count = rows as f64;
        let means = column_sums(rows, width, |r, c| at(r, c) / count);
        let variances = column_sums(rows, width, |r, c| (at(r, c) - means[c]).powi(2) / count);
        let inverse: Vec<f64> = variances
            .iter()
            .map(|v| 1.0 / (v + EPSILON).sqrt())
            .collect();
        let whitened: Vec<f32> = (0..x.len())
            .map(|i| ((f64::from(x[i]) - means[i % width]) * inverse[i % width]) as f32)
            .collect();
        let mut y = whitened.clone();
        if let Some([gain, bias]) = &self.affine {
            let (gain, bias) = (&p[gain.range()], &p[bias.range()]);
            for row in y.chunks_exact_mut(width) {
                for ((y, gain), bias) in row.iter_mut().zip(gain).zip(bias) {
                    *y = *y * gain + bias;
                }
            }
        }
        (y, BatchNormTape { whitened, inverse })
    }

    /// From the gradient of the result to that of the input.
    pub(crate) fn backward(
        &self,
        p: &[f32],
        g: &mut [f32],
        tape: &BatchNormTape,
        dy: &[f32],
    ) -> Vec<f32> {
        let width = self.width;
        let rows = dy.len() / width;
        let dy_at = |row: usize, column: usize| f64::from(dy[row * width + column]);
        let white = |row: usize, column: usize| f64::from(tape.whitened[row * width + column]);
        let sums = column_sums(rows, width, dy_at);
        let along = column_sums(rows, width, |r, c| dy_at(r, c) * white(r, c));
        if let Some([gain, bias]) = &self.affine {
            for (slot, sums) in [(gain, &along), (bias, &sums)] {
                for (g, &sum) in g[slot.range()].iter_mut().zip(sums) {
                    *g += sum as f32;
                }
            }
        }
        let gain = self.affine.as_ref().map(|[gain, _]| &p[gain.range()]);
        let count = rows as f64;
        (0..dy.len())
            .map(|i| {
                let (row, c) = (i / width, i % width);
                let centred = dy_at(row, c) - (sums[c] + white(row, c) * along[c]) / count;
                (centred * tape.inverse[c] * gain.map_or(1.0, |gain| f64::from(gain[c]))) as f32
            })
            .collect()
    }
}
