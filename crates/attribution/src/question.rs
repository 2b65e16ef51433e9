//! What is asked.

use crate::error::check;
use crate::{AttributionError, Fault, Readout};
use triher_training::{Trace, TracedEncoder};

/// A number that depends on embeddings and has a slope.
pub trait Score {
    /// The score of embeddings: those of all inputs, one after the other.
    ///
    /// # Errors
    /// Whatever keeps it from being computed.
    fn value(&self, embeddings: &[f64]) -> Result<f64, Fault>;

    /// Its slope by each number of the embeddings.
    ///
    /// # Errors
    /// As [`Score::value`].
    fn slopes(&self, embeddings: &[f64]) -> Result<Vec<f64>, Fault>;
}

/// Computes the score of changed inputs, all inputs of one lesion at a time.
pub type ScoreOf<'a> = dyn Fn(&[Vec<f32>]) -> Result<f64, Fault> + 'a;

/// A network, its inputs, and the score that is to be explained.
#[derive(Clone, Copy)]
pub struct Question<'a> {
    /// The network.
    pub encoder: &'a TracedEncoder,
    /// Inputs as the network takes them, each `[channels][z][y][x]`.
    pub inputs: &'a [Vec<f32>],
    /// Which tokens make the embedding.
    pub readout: &'a Readout,
    /// What is made of the embeddings.
    pub score: &'a dyn Score,
}

impl std::fmt::Debug for Question<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Question")
            .field("encoder", self.encoder.sizes())
            .field("inputs", &self.inputs.len())
            .finish_non_exhaustive()
    }
}

impl Question<'_> {
    /// The score of other inputs by the network.
    ///
    /// # Errors
    /// When the network refuses the inputs, or the score cannot be computed.
    pub fn score(&self, inputs: &[Vec<f32>]) -> Result<f64, AttributionError> {
        check("inputs", inputs.len(), self.inputs.len())?;
        let trace = self.encoder.trace(inputs)?;
        self.score_of(&self.embeddings(&trace)?)
    }

    /// The embeddings of all inputs, one after the other, from what the network made of them.
    ///
    /// # Errors
    /// When readout and network do not fit together.
    pub(crate) fn embeddings(&self, trace: &Trace<'_>) -> Result<Vec<f64>, AttributionError> {
        let weights = self.readout.weights();
        check("weights of tokens", weights.len(), trace.tokens_each())?;
        let width = self.encoder.sizes().width;
        let mut all = Vec::with_capacity(self.inputs.len() * width);
        for sample in 0..self.inputs.len() {
            let mut embedding = vec![0f64; width];
            let tokens = trace.tokens(sample).chunks_exact(width);
            for (&weight, token) in weights.iter().zip(tokens).filter(|&(&w, _)| w != 0.0) {
                for (sum, &value) in embedding.iter_mut().zip(token) {
                    *sum += f64::from(weight * value);
                }
            }
            all.extend(embedding);
        }
        Ok(all)
    }

    /// The score of embeddings.
    ///
    /// # Errors
    /// When it cannot be computed or is not finite.
    pub(crate) fn score_of(&self, embeddings: &[f64]) -> Result<f64, AttributionError> {
        finite(self.score.value(embeddings))
    }

    /// The score's gradient by all tokens of all inputs, as [`Trace::gradients`] takes it.
    ///
    /// # Errors
    /// When the slopes cannot be computed, are not finite, or are too few.
    pub(crate) fn token_gradient(&self, embeddings: &[f64]) -> Result<Vec<f32>, AttributionError> {
        let slopes = (self.score.slopes(embeddings)).map_err(AttributionError::Score)?;
        check("slopes of the score", slopes.len(), embeddings.len())?;
        if slopes.iter().any(|s| !s.is_finite()) {
            return Err(AttributionError::NotFinite);
        }
        let width = self.encoder.sizes().width;
        let weights = self.readout.weights();
        let mut gradient = Vec::with_capacity(slopes.len() * weights.len());
        for slopes in slopes.chunks_exact(width) {
            for &weight in weights {
                gradient.extend(slopes.iter().map(|&s| weight * s as f32));
            }
        }
        Ok(gradient)
    }
}

/// A score that is a number.
pub(crate) fn finite(score: Result<f64, Fault>) -> Result<f64, AttributionError> {
    let score = score.map_err(AttributionError::Score)?;
    match score.is_finite() {
        true => Ok(score),
        false => Err(AttributionError::NotFinite),
    }
}
