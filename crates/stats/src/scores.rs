//! Proper scoring rules.

use crate::Predictions;

/// The multiclass Brier score: the mean over the rows of `sum_k (p_k - y_k)^2`, from 0 (perfect)
/// to 2. Source: Brier, Mon. Weather Rev. 78:1 (1950). scikit-learn gives the same with
/// `brier_score_loss(.., scale_by_half=False)`.
pub fn brier_score(predictions: &Predictions) -> f64 {
    let sum: f64 = predictions
        .rows()
        .zip(predictions.truth())
        .map(|(p, &t)| brier_row(p, t))
        .sum();
    sum / predictions.len() as f64
}

/// The Brier score of a model that gives every row the class shares of this very cohort. The skill
/// is `1 - brier_score / brier_reference`. Zero when only one class is present.
pub fn brier_reference(predictions: &Predictions) -> f64 {
    let n = predictions.len() as f64;
    let shares = predictions.class_counts().into_iter().map(|c| c as f64 / n);
    shares.map(|share| share * (1.0 - share)).sum()
}

/// The mean of `-ln p` of the true class. A probability below the machine epsilon (2.2e-16) counts
/// as that, as in scikit-learn `log_loss`.
pub fn log_loss(predictions: &Predictions) -> f64 {
    let sum: f64 = predictions
        .rows()
        .zip(predictions.truth())
        .map(|(p, &t)| log_row(p, t))
        .sum();
    sum / predictions.len() as f64
}

/// One row's part of the Brier score.
pub(crate) fn brier_row(probabilities: &[f64], truth: usize) -> f64 {
    probabilities
        .iter()
        .enumerate()
        .map(|(class, p)| {
            let difference = p - f64::from(u8::from(class == truth));
            difference * difference
        })
        .sum()
}

/// One row's part of the log loss.
pub(crate) fn log_row(probabilities: &[f64], truth: usize) -> f64 {
    let p = probabilities.get(truth).copied().unwrap_or(0.0);
    -p.clamp(f64::EPSILON, 1.0 - f64::EPSILON).ln()
}
