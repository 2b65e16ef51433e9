//! How far every figure moves when pathologists would have read some labels otherwise.
//!
//! The line between IHC 0 and 1+ is read differently by different readers: before training,
//! pathologists gave 74.6 % of the HER2-0 cases that score (Arch. Pathol. Lab. Med. 149:431), which
//! is [`ZERO_READ_AS_LOW`]. Each eligible label is flipped independently with its rate, the figures are
//! computed anew, and their distribution says how much of a difference label noise alone makes. The
//! probabilities stay as they are: this is about the test's labels, not about training.

use crate::bootstrap::Plan;
use crate::{BootstrapResult, Predictions, StatsError};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

/// Share of HER2-0 cases that untrained readers gave another score than 0.
pub const ZERO_READ_AS_LOW: f64 = 1.0 - 0.746;

/// A label that another reader might have given otherwise.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LabelDoubt {
    /// Row of the predictions.
    pub row: usize,
    /// Class the other reader would give.
    pub other_class: usize,
    /// How probable that is, 0..=1.
    pub rate: f64,
}

/// Every figure in replicates with flipped labels, as a [`BootstrapResult`] whose percentile
/// intervals are the range that label noise explains (no accelerated intervals: nothing is
/// resampled). Replicate `b` flips with stream `b` of the seed.
///
/// # Errors
/// A row or class that is not there, a rate outside of 0..=1, a row in doubt twice, or as
/// [`crate::bootstrap`].
pub fn label_noise(
    predictions: &Predictions,
    doubts: &[LabelDoubt],
    replicates: usize,
    seed: u64,
) -> Result<BootstrapResult, StatsError> {
    let bad = |option, value, remedy| StatsError::BadOption {
        option,
        value,
        remedy,
    };
    let mut seen = vec![false; predictions.len()];
    for doubt in doubts {
        match seen.get_mut(doubt.row) {
            Some(seen) if !*seen => *seen = true,
            _ => {
                return Err(bad(
                    "row",
                    doubt.row as f64,
                    "each row of the predictions can be in doubt once",
                ));
            }
        }
        if doubt.other_class >= predictions.class_count() {
            let remedy = "the other class is the number of one of the predictions' classes";
            return Err(bad("other class", doubt.other_class as f64, remedy));
        }
        if !(0.0..=1.0).contains(&doubt.rate) {
            return Err(bad("rate", doubt.rate, "a rate lies between 0 and 1"));
        }
    }
    let estimates = Plan::new(predictions)?.estimates();
    let rows = (0..replicates as u64)
        .into_par_iter()
        .map(|number| {
            let mut generator = ChaCha8Rng::seed_from_u64(seed);
            generator.set_stream(number);
            let mut truth = predictions.truth().to_vec();
            for doubt in doubts {
                if generator.random::<f64>() < doubt.rate {
                    truth[doubt.row] = doubt.other_class;
                }
            }
            Ok(Plan::new(&predictions.with_truth(truth)?)?.estimates())
        })
        .collect::<Result<_, StatsError>>()?;
    Ok(BootstrapResult::from_rows(
        predictions.class_count(),
        rows,
        estimates,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Statistic;

    #[test]
    fn flips_happen_at_their_rate_and_nowhere_else() {
        let n = 400;
        let ids: Vec<String> = (0..n).map(|i| i.to_string()).collect();
        let truth: Vec<usize> = (0..n).map(|i| i % 2).collect();
        // The model is always right, so that the accuracy is the share of labels not flipped.
        let p = truth
            .iter()
            .flat_map(|t| [1.0 - *t as f64, *t as f64])
            .collect();
        let classes = vec!["zero".into(), "low".into()];
        let predictions = Predictions::new(ids.clone(), ids, classes, truth, p, None).unwrap();
        let doubts: Vec<LabelDoubt> = (0..n)
            .step_by(2)
            .map(|row| LabelDoubt {
                row,
                other_class: 1,
                rate: ZERO_READ_AS_LOW,
            })
            .collect();
        let result = label_noise(&predictions, &doubts, 400, 3).unwrap();
        assert_eq!(result.estimate(Statistic::Accuracy), Some(1.0));
        let values: Vec<f64> = result
            .values(Statistic::Accuracy)
            .into_iter()
            .flatten()
            .collect();
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        // Standard error of the mean: sqrt(0.254 * 0.746 / 200) / 2 / 20 = 0.0008.
        assert!((mean - (1.0 - 0.254 / 2.0)).abs() < 0.004, "{mean}");
        assert_eq!(result, label_noise(&predictions, &doubts, 400, 3).unwrap());
        let none = label_noise(&predictions, &[], 3, 3).unwrap();
        assert_eq!(none.values(Statistic::Accuracy), vec![Some(1.0); 3]);
        let twice = [doubts[0], doubts[0]];
        assert!(label_noise(&predictions, &twice, 3, 3).is_err());
    }
}
