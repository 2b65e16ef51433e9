//! Linear layers: `y = x W^T + b`, PyTorch's order of weights.

use crate::buffer::Buffer;
use crate::parameters::{Layout, Slot, Start};
use crate::product::{Into, ROWS, View, block, multiply, multiply_shared};
use crate::vector::add;
use rayon::prelude::*;

/// A linear layer; its weights lie in the model's row.
#[derive(Clone, Debug)]
pub(crate) struct Linear {
    weight: Slot,
    bias: Option<Slot>,
    inputs: usize,
    outputs: usize,
}

impl Linear {
    /// A layer with Xavier's uniform start (Glorot and Bengio, 2010). `parts`: how many layers with the same input are stored as one,
    /// three for queries, keys and values: each begins as if it stood alone.
    pub(crate) fn new(
        layout: &mut Layout,
        (name, level): (&str, usize),
        [inputs, outputs]: [usize; 2],
        parts: usize,
        bias: bool,
    ) -> Self {
        Self::shaped(layout, (name, level), &[outputs, inputs], parts, bias)
    }

    /// The same for weights that are stored with more axes, such as those of a convolution whose windows do not overlap.
    pub(crate) fn shaped(
        layout: &mut Layout,
        (name, level): (&str, usize),
        shape: &[usize],
        parts: usize,
        bias: bool,
    ) -> Self {
        let outputs = shape.first().copied().unwrap_or(0);
        let inputs: usize = shape.iter().skip(1).product();
        let bound = (6.0 / (inputs + outputs / parts.max(1)) as f32).sqrt();
        let weight = layout.add(
            format!("{name}.weight"),
            shape,
            Start::Uniform(bound),
            level,
        );
        let bias = bias.then(|| {
            layout.add(
                format!("{name}.bias"),
                &[outputs],
                Start::Constant(0.0),
                level,
            )
        });
        Self {
            weight,
            bias,
            inputs,
            outputs,
        }
    }

    /// `x` has rows of `inputs`, the result as many of `outputs`.
    pub(crate) fn forward(&self, p: &[f32], x: &[f32]) -> Buffer {
        let (inputs, outputs) = (self.inputs, self.outputs);
        let rows = x.len() / inputs;
        let block = block(rows);
        let mut y = Buffer::unwritten(rows * outputs);
        let w = View::columns(&p[self.weight.range()], inputs);
        let bias = self.bias.as_ref().map(|b| &p[b.range()]);
        y.par_chunks_mut(block * outputs)
            .zip(x.par_chunks(block * inputs))
            .for_each(|(y, x)| {
                let rows = y.len() / outputs;
                let size = [rows, outputs, inputs];
                multiply(
                    size,
                    (y, outputs),
                    Into::Replace,
                    1.0,
                    View::rows(x, inputs),
                    w,
                );
                if let Some(bias) = bias {
                    y.chunks_exact_mut(outputs).for_each(|y| add(y, bias));
                }
            });
        y
    }

    /// From the gradient of the result: adds the weights' gradients to `g`.
    pub(crate) fn backward_weights(&self, g: &mut [f32], x: &[f32], dy: &[f32]) {
        let (inputs, outputs) = (self.inputs, self.outputs);
        let rows = dy.len() / outputs;
        multiply_shared(
            [inputs, rows],
            &mut g[self.weight.range()],
            Into::Add,
            View::columns(dy, outputs),
            View::rows(x, inputs),
        );
        if let Some(bias) = &self.bias {
            add_rows(&mut g[bias.range()], dy);
        }
    }

    /// From the gradient of the result to that of `x`.
    pub(crate) fn backward_input(&self, p: &[f32], dy: &[f32]) -> Buffer {
        let (inputs, outputs) = (self.inputs, self.outputs);
        let mut dx = Buffer::unwritten(dy.len() / outputs * inputs);
        multiply_shared(
            [inputs, outputs],
            &mut dx,
            Into::Replace,
            View::rows(dy, outputs),
            View::rows(&p[self.weight.range()], inputs),
        );
        dx
    }

    /// Both.
    pub(crate) fn backward(&self, p: &[f32], g: &mut [f32], x: &[f32], dy: &[f32]) -> Buffer {
        self.backward_weights(g, x, dy);
        self.backward_input(p, dy)
    }
}

/// Adds all rows of `rows` to `sum`: partial sums of [`ROWS`] rows each, added in order.
pub(crate) fn add_rows(sum: &mut [f32], rows: &[f32]) {
    let width = sum.len();
    let parts: Vec<Vec<f32>> = rows
        .par_chunks(ROWS * width)
        .map(|rows| {
            let mut part = vec![0.0; width];
            rows.chunks_exact(width).for_each(|row| add(&mut part, row));
            part
        })
        .collect();
    parts.iter().for_each(|part| add(sum, part));
}
