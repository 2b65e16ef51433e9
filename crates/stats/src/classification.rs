//! What follows from calling every row by its most probable class.

use crate::{Predictions, wilson_interval};
use serde::{Deserialize, Serialize};

/// A proportion with its counts and Wilson interval. Without trials the value and the interval are
/// `None`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Proportion {
    /// `numerator / denominator`.
    pub value: Option<f64>,
    /// Wilson's score interval at the confidence of the evaluation.
    pub ci95: Option<[f64; 2]>,
    /// Cases that count.
    pub numerator: u64,
    /// Cases asked about.
    pub denominator: u64,
}

impl Proportion {
    /// The proportion with its interval.
    pub fn new(numerator: u64, denominator: u64, confidence: f64) -> Self {
        Self {
            value: (denominator > 0).then(|| numerator as f64 / denominator as f64),
            ci95: wilson_interval(numerator, denominator, confidence),
            numerator,
            denominator,
        }
    }
}

/// One class against the rest at the most probable class.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClassPerformance {
    /// Of the rows of this class, those called so (recall).
    pub sensitivity: Proportion,
    /// Of the rows of other classes, those not called so.
    pub specificity: Proportion,
    /// Positive predictive value: of the rows called so, those that are (precision). It depends on
    /// the prevalence of this cohort.
    pub ppv: Proportion,
    /// Negative predictive value: of the rows not called so, those that are not.
    pub npv: Proportion,
}

/// The confusion matrix, `K` rows of `K` counts: row = truth, column = prediction (the most
/// probable class, the first of equal ones).
pub fn confusion(predictions: &Predictions) -> Vec<Vec<u64>> {
    let classes = predictions.class_count();
    let mut matrix = vec![vec![0; classes]; classes];
    for (&truth, predicted) in predictions.truth().iter().zip(predictions.predicted()) {
        matrix[truth][predicted] += 1;
    }
    matrix
}

/// Sensitivity, specificity and predictive values of every class from a confusion matrix
/// (row = truth). Rows shorter than the matrix count as zeros.
pub fn per_class(confusion: &[Vec<u64>], confidence: f64) -> Vec<ClassPerformance> {
    let classes = confusion.len();
    let total: u64 = confusion.iter().flatten().sum();
    (0..classes)
        .map(|class| {
            let hit = confusion[class].get(class).copied().unwrap_or(0);
            let actual: u64 = confusion[class].iter().sum();
            let called: u64 = confusion.iter().filter_map(|row| row.get(class)).sum();
            let neither = total + hit - actual - called;
            ClassPerformance {
                sensitivity: Proportion::new(hit, actual, confidence),
                specificity: Proportion::new(neither, total - actual, confidence),
                ppv: Proportion::new(hit, called, confidence),
                npv: Proportion::new(neither, total - called, confidence),
            }
        })
        .collect()
}

/// The share of rows called by their true class; `None` for an empty matrix.
pub fn accuracy(confusion: &[Vec<u64>]) -> Option<f64> {
    let total: u64 = confusion.iter().flatten().sum();
    let hits: u64 = confusion
        .iter()
        .enumerate()
        .filter_map(|(k, row)| row.get(k))
        .sum();
    (total > 0).then(|| hits as f64 / total as f64)
}

/// The mean sensitivity over the classes that are present; `None` for an empty matrix.
pub fn balanced_accuracy(confusion: &[Vec<u64>]) -> Option<f64> {
    let recalls: Vec<f64> = confusion
        .iter()
        .enumerate()
        .filter_map(|(class, row)| {
            let actual: u64 = row.iter().sum();
            let hit = row.get(class).copied().unwrap_or(0);
            (actual > 0).then(|| hit as f64 / actual as f64)
        })
        .collect();
    (!recalls.is_empty()).then(|| recalls.iter().sum::<f64>() / recalls.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_from_a_matrix_worked_by_hand() {
        let matrix = vec![vec![8, 2, 0], vec![3, 5, 2], vec![0, 0, 0]];
        let figures = per_class(&matrix, 0.95);
        assert_eq!(figures[0].sensitivity.value, Some(0.8));
        assert_eq!(figures[0].specificity.value, Some(0.7));
        assert_eq!(
            (figures[0].ppv.numerator, figures[0].ppv.denominator),
            (8, 11)
        );
        assert_eq!(
            (figures[0].npv.numerator, figures[0].npv.denominator),
            (7, 9)
        );
        assert_eq!(figures[2].sensitivity.value, None);
        assert_eq!(figures[2].sensitivity.ci95, None);
        assert_eq!(figures[2].specificity.value, Some(0.9));
        assert_eq!(accuracy(&matrix), Some(0.65));
        assert_eq!(balanced_accuracy(&matrix), Some(0.65));
        assert_eq!(accuracy(&[]), None);
        assert_eq!(balanced_accuracy(&[vec![0]]), None);
    }
}
