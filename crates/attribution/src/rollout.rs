//! Attention rollout.

use crate::{AttributionError, Maps, Question};

/// What the tokens that are read have attended to, through all blocks.
///
/// Abnar and Zuidema (2020): the attention of a block is averaged over its heads, half of it and half of the identity (the residual
/// connection) make a matrix, and the matrices are multiplied from the first block to the last. The score does not enter, so that the map is
/// the same for all classes; with two classes that look at different places it cannot tell which is which.
///
/// # Errors
/// When the network refuses the inputs.
pub fn rollout(question: &Question<'_>) -> Result<Maps, AttributionError> {
    let trace = question.encoder.trace(question.inputs)?;
    // Checks that the readout fits the network.
    question.embeddings(&trace)?;
    let sizes = question.encoder.sizes();
    let tokens = trace.tokens_each();
    let each: Vec<Vec<f64>> = (0..question.inputs.len())
        .map(|sample| {
            let mut through = identity(tokens);
            for attention in trace.attention(sample) {
                let mut step = mean_over_heads(attention, sizes.heads, tokens, |v, _| f64::from(v));
                for (at, value) in step.iter_mut().enumerate() {
                    let own = f64::from(u8::from(at % (tokens + 1) == 0));
                    *value = 0.5 * *value + 0.5 * own;
                }
                through = product(&step, &through, tokens);
            }
            question.readout.patches_of(&through)
        })
        .collect();
    Ok(Maps::from_patches(sizes, &each))
}

/// The identity between so many tokens.
pub(crate) fn identity(tokens: usize) -> Vec<f64> {
    let mut matrix = vec![0.0; tokens * tokens];
    matrix.iter_mut().step_by(tokens + 1).for_each(|v| *v = 1.0);
    matrix
}

/// The mean over heads of a number made of each weight of attention and its position.
pub(crate) fn mean_over_heads(
    attention: &[f32],
    heads: usize,
    tokens: usize,
    number: impl Fn(f32, usize) -> f64,
) -> Vec<f64> {
    let mut mean = vec![0.0; tokens * tokens];
    for (at, &value) in attention.iter().enumerate() {
        mean[at % (tokens * tokens)] += number(value, at);
    }
    mean.iter_mut().for_each(|v| *v /= heads as f64);
    mean
}

/// The product of two matrices between tokens.
pub(crate) fn product(a: &[f64], b: &[f64], tokens: usize) -> Vec<f64> {
    let mut out = vec![0.0; tokens * tokens];
    for (row, out) in a.chunks_exact(tokens).zip(out.chunks_exact_mut(tokens)) {
        for (&factor, other) in row.iter().zip(b.chunks_exact(tokens)) {
            if factor != 0.0 {
                for (sum, &value) in out.iter_mut().zip(other) {
                    *sum += factor * value;
                }
            }
        }
    }
    out
}
