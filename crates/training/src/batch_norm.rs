//! BatchNorm over the samples of a batch (Ioffe and Szegedy, 2015), epsilon 1e-5.
//!
//! Training takes the batch's own figures. The heads of pretraining are thrown away and need no others; a head that is used afterwards keeps
//! running ones ([`BatchNorm::with_running`]), updated as PyTorch updates them: a tenth of the batch's mean and variance (n - 1) each step.

use crate::parameters::{Layout, Slot, Start};

const EPSILON: f64 = 1e-5;
/// Share of a batch's figures in the running ones.
const MOMENTUM: f64 = 0.1;

/// The layer, with gain and bias or without.
#[derive(Clone, Debug)]
pub(crate) struct BatchNorm {
    affine: Option<[Slot; 2]>,
    running: Option<[Slot; 2]>,
    width: usize,
}

/// What the backward pass needs.
#[derive(Debug)]
pub(crate) struct BatchNormTape {
    whitened: Vec<f32>,
    inverse: Vec<f64>,
    means: Vec<f64>,
    variances: Vec<f64>,
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
            running: None,
            width,
        }
    }

    /// The same with running figures, which [`BatchNorm::follow`] updates and [`BatchNorm::evaluate`] takes.
    pub(crate) fn with_running(
        layout: &mut Layout,
        (name, level): (&str, usize),
        width: usize,
        affine: bool,
    ) -> Self {
        let layer = Self::new(layout, (name, level), width, affine);
        let mut add = |part: &str, start| {
            layout.add_fixed(
                format!("{name}.{part}"),
                &[width],
                Start::Constant(start),
                level,
            )
        };
        Self {
            running: Some([add("running_mean", 0.0), add("running_var", 1.0)]),
            ..layer
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
        self.stretch(p, &mut y);
        let tape = BatchNormTape {
            whitened,
            inverse,
            means,
            variances,
        };
        (y, tape)
    }

    /// Gain and bias, where the layer has them.
    fn stretch(&self, p: &[f32], y: &mut [f32]) {
        if let Some([gain, bias]) = &self.affine {
            let (gain, bias) = (&p[gain.range()], &p[bias.range()]);
            for row in y.chunks_exact_mut(self.width) {
                for ((y, gain), bias) in row.iter_mut().zip(gain).zip(bias) {
                    *y = *y * gain + bias;
                }
            }
        }
    }

    /// The layer with its running figures: a row's result does not depend on the other rows. Without running figures rows are only stretched.
    pub(crate) fn evaluate(&self, p: &[f32], x: &[f32]) -> Vec<f32> {
        let mut y = x.to_vec();
        if let Some([mean, variance]) = &self.running {
            let (means, variances) = (&p[mean.range()], &p[variance.range()]);
            for row in y.chunks_exact_mut(self.width) {
                for ((y, &mean), &variance) in row.iter_mut().zip(means).zip(variances) {
                    let deviation = (f64::from(variance) + EPSILON).sqrt();
                    *y = ((f64::from(*y) - f64::from(mean)) / deviation) as f32;
                }
            }
        }
        self.stretch(p, &mut y);
        y
    }

    /// Lets the running figures, when there are any, follow those of a batch.
    pub(crate) fn follow(&self, p: &mut [f32], tape: &BatchNormTape) {
        let Some([mean, variance]) = &self.running else {
            return;
        };
        let rows = (tape.whitened.len() / self.width) as f64;
        let unbiased = rows / (rows - 1.0).max(1.0);
        for (slot, figures, factor) in [
            (mean, &tape.means, 1.0),
            (variance, &tape.variances, unbiased),
        ] {
            for (running, figure) in p[slot.range()].iter_mut().zip(figures) {
                let next = f64::from(*running) * (1.0 - MOMENTUM) + MOMENTUM * factor * figure;
                *running = next as f32;
            }
        }
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
