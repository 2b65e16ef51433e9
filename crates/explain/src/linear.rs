//! Linear models: a coefficient times the distance from the background's mean.

use crate::explanation::{ExplainError, Explanation, Link, Method};
use triher_learn::{FittedPipeline, Matrix};

/// Exact values for the prepared columns of logistic regression.
pub(crate) fn values(
    pipeline: &FittedPipeline,
    x: &Matrix,
    background: &Matrix,
) -> Result<Explanation, ExplainError> {
    let coefficients = pipeline.linear_coefficients();
    // Only called for logistic regression, whose coefficients are always there.
    let coefficients = coefficients.unwrap_or_else(|| Matrix::zeros(0, x.columns()));
    let classes = pipeline.classes();
    let n = background.rows() as f64;
    let mean: Vec<f64> = (0..x.columns())
        .map(|j| background.iter_rows().map(|row| row[j]).sum::<f64>() / n)
        .collect();
    // With two classes one row of coefficients serves both, with opposite signs. With more, what is explained is the distance from the
    // mean of all classes: so is the coefficient.
    let of_class = |class: usize, j: usize| match classes {
        2 => (2.0 * class as f64 - 1.0) * coefficients.row(0)[j],
        _ => {
            let sum: f64 = (0..classes).map(|k| coefficients.row(k)[j]).sum();
            coefficients.row(class)[j] - sum / classes as f64
        }
    };
    let values = (0..classes)
        .map(|class| {
            let weights: Vec<f64> = (0..x.columns()).map(|j| of_class(class, j)).collect();
            Matrix::from_fn(x.rows(), x.columns(), |i, j| {
                weights[j] * (x.row(i)[j] - mean[j])
            })
        })
        .collect();
    let at_mean = Matrix::from_fn(1, mean.len(), |_, j| mean[j]);
    Ok(Explanation {
        link: Link::LogOdds,
        method: Method::Linear,
        base: pipeline.scores(&at_mean)?.row(0).to_vec(),
        values,
        scores: pipeline.scores(x)?,
        background: background.rows(),
    })
}
