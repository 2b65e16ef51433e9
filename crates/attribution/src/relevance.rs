//! Class relevance: gradient times attention.

use crate::rollout::{identity, mean_over_heads, product};
use crate::{AttributionError, Maps, Question};

/// What in the tokens that are read speaks for the score.
///
/// Chefer, Gur and Wolf (2021), equations 5 and 6 for self-attention: relevance begins as the identity `R = I`, and each block adds
/// `R <- R + mean over heads(max(0, gradient of the score by A, times A)) R`. Only what speaks for the score counts: nothing in the map is
/// negative. With mask-pooled tokens `R`'s identity gives each pooled token its own patch, so that the map lies in the lesion by
/// construction more than with the class token.
///
/// # Errors
/// When the network refuses the inputs, or the score has no slopes.
pub fn relevance(question: &Question<'_>) -> Result<Maps, AttributionError> {
    let trace = question.encoder.trace(question.inputs)?;
    let embeddings = question.embeddings(&trace)?;
    let gradients = trace.attention_gradients(&question.token_gradient(&embeddings)?)?;
    let sizes = question.encoder.sizes();
    let tokens = trace.tokens_each();
    let each: Vec<Vec<f64>> = (0..question.inputs.len())
        .map(|sample| {
            let mut relevance = identity(tokens);
            for (attention, gradient) in trace.attention(sample).iter().zip(&gradients) {
                let gradient = &gradient[sample * attention.len()..];
                let step = mean_over_heads(attention, sizes.heads, tokens, |value, at| {
                    (f64::from(value) * f64::from(gradient[at])).max(0.0)
                });
                let added = product(&step, &relevance, tokens);
                for (sum, value) in relevance.iter_mut().zip(added) {
                    *sum += value;
                }
            }
            question.readout.patches_of(&relevance)
        })
        .collect();
    Ok(Maps::from_patches(sizes, &each))
}
