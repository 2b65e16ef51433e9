//! Integrated gradients.

use crate::{AttributionError, Maps, Question};

/// Shares of the score, voxel by voxel.
#[derive(Clone, Debug, PartialEq)]
pub struct IntegratedGradients {
    /// The shares, in units of the score.
    pub maps: Maps,
    /// The score of the inputs.
    pub score: f64,
    /// The score of the baseline: inputs that are 0 everywhere.
    pub baseline_score: f64,
    /// How far the sum of all shares is from `score - baseline_score`: what the number of steps costs.
    pub gap: f64,
}

/// Divides what the inputs add to the score of the baseline among their voxels.
///
/// Sundararajan, Taly and Yan (2017): the gradient is averaged along the straight line from the baseline to the inputs, all inputs
/// together, and multiplied by the inputs; the midpoints of `steps` parts of the line stand for the integral. The baseline is 0, the mean
/// intensity of a normalised patch. Channels of an input are added up.
///
/// # Errors
/// [`AttributionError::Setting`] without steps; when the network refuses the inputs, or the score has no slopes.
pub fn integrated_gradients(
    question: &Question<'_>,
    steps: usize,
) -> Result<IntegratedGradients, AttributionError> {
    if steps == 0 {
        return Err(AttributionError::Setting(
            "integrated gradients need at least one step: 32 is usual".to_owned(),
        ));
    }
    let at = |share: f32| -> Vec<Vec<f32>> {
        let scaled = question.inputs.iter();
        scaled
            .map(|input| input.iter().map(|v| share * v).collect())
            .collect()
    };
    let (score, baseline_score) = (question.score(&at(1.0))?, question.score(&at(0.0))?);
    let mut sums: Vec<Vec<f64>> = question.inputs.iter().map(|i| vec![0.0; i.len()]).collect();
    for step in 0..steps {
        let inputs = at((step as f32 + 0.5) / steps as f32);
        let trace = question.encoder.trace(&inputs)?;
        let gradient = question.token_gradient(&question.embeddings(&trace)?)?;
        let gradients = trace.input_gradients(&gradient)?;
        for (sum, gradient) in sums.iter_mut().zip(&gradients) {
            for (sum, &value) in sum.iter_mut().zip(gradient) {
                *sum += f64::from(value);
            }
        }
    }
    let side = question.encoder.sizes().side;
    let mut total = 0.0;
    let each = sums
        .iter()
        .zip(question.inputs)
        .map(|(sum, input)| {
            let mut map = vec![0f32; side.pow(3)];
            for (offset, (sum, &value)) in sum.iter().zip(input).enumerate() {
                let share = f64::from(value) * sum / steps as f64;
                total += share;
                map[offset % side.pow(3)] += share as f32;
            }
            map
        })
        .collect();
    Ok(IntegratedGradients {
        maps: Maps {
            size: [side; 3],
            each,
        },
        score,
        baseline_score,
        gap: total - (score - baseline_score),
    })
}
