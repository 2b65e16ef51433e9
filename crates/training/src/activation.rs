//! Activations: the exact GELU and ReLU.

use crate::buffer::Buffer;
use crate::vector::{normal, wide};
use rayon::prelude::*;

/// Numbers of one task.
const PART: usize = 1 << 14;

wide! {
    /// `y = x Phi(x)`.
    fn gelu_part(y: &mut [f32], x: &[f32]) {
        for (y, &x) in y.iter_mut().zip(x) {
            *y = x * normal(x).0;
        }
    }

    /// `d *= Phi(x) + x phi(x)`.
    fn gelu_gradient_part(d: &mut [f32], x: &[f32]) {
        // 1 / sqrt(2 pi)
        const DENSITY: f32 = 0.398_942_3;
        for (d, &x) in d.iter_mut().zip(x) {
            let (probability, bell) = normal(x);
            *d *= probability + x * DENSITY * bell;
        }
    }
}

/// GELU with the error function, not its approximation by tanh (Hendrycks and Gimpel, 2016).
pub(crate) fn gelu(x: &[f32]) -> Buffer {
    let mut y = Buffer::unwritten(x.len());
    y.par_chunks_mut(PART)
        .zip(x.par_chunks(PART))
        .for_each(|(y, x)| gelu_part(y, x));
    y
}

/// From the gradient of the result of [`gelu`] to that of `x`, in place.
pub(crate) fn gelu_backward(d: &mut [f32], x: &[f32]) {
    d.par_chunks_mut(PART)
        .zip(x.par_chunks(PART))
        .for_each(|(d, x)| gelu_gradient_part(d, x));
}

/// `max(x, 0)`, in place.
pub(crate) fn relu(x: &mut [f32]) {
    x.iter_mut().for_each(|x| *x = x.max(0.0));
}

/// From the gradient of the result `y` of [`relu`] to that of its input, in place.
pub(crate) fn relu_backward(d: &mut [f32], y: &[f32]) {
    for (d, &y) in d.iter_mut().zip(y) {
        if y <= 0.0 {
            *d = 0.0;
        }
    }
}
