//! The area under the ROC curve, one class against the rest and averaged.
//!
//! The AUC is the Mann-Whitney statistic: the chance that a positive scores above a negative,
//! ties counting half (mid-ranks). With `U2 = 2 U` counted in whole numbers,
//! `AUC = U2 / (2 P N)` has one rounding, at the division. Source: Hanley and McNeil, Radiology
//! 143:29 (1982). Checked against scikit-learn `roc_auc_score` to 1e-12
//! (`tests/reference.py`).

use crate::{Predictions, StatsError};

/// Positives and negatives in the order of their scores, with the ends of runs of equal scores.
#[derive(Debug, Clone)]
pub(crate) struct Ranking {
    /// `item << 2 | positive << 1 | last of its run`, ascending by score.
    entries: Vec<u32>,
}

impl Ranking {
    /// Sorts `scores` once. `item[i]` is the number whose weight counts for score `i` (a patient).
    /// The items must be below 2^30; the caller has checked that.
    pub(crate) fn new(scores: &[f64], positive: &[bool], item: &[u32]) -> Self {
        let mut order: Vec<u32> = (0..scores.len() as u32).collect();
        // The position breaks ties, so that the unstable sort has one outcome.
        order.sort_unstable_by(|&a, &b| {
            let (left, right) = (scores[a as usize], scores[b as usize]);
            (left + 0.0).total_cmp(&(right + 0.0)).then(a.cmp(&b))
        });
        let entries = order
            .iter()
            .enumerate()
            .map(|(place, &index)| {
                let i = index as usize;
                let last = order
                    .get(place + 1)
                    .is_none_or(|&next| scores[next as usize] != scores[i]);
                (item[i] << 2) | (u32::from(positive[i]) << 1) | u32::from(last)
            })
            .collect();
        Self { entries }
    }

    /// The AUC where item `j` counts `weight(j)` times; `None` without positives or negatives.
    pub(crate) fn auc(&self, weight: impl Fn(usize) -> u64) -> Option<f64> {
        let (mut doubled, mut positives, mut negatives) = (0u64, 0u64, 0u64);
        let (mut run_positives, mut run_negatives) = (0u64, 0u64);
        for &entry in &self.entries {
            let w = weight((entry >> 2) as usize);
            let positive = u64::from((entry >> 1) & 1);
            run_positives += w * positive;
            run_negatives += w * (1 - positive);
            if entry & 1 == 1 {
                doubled += run_positives * (2 * negatives + run_negatives);
                positives += run_positives;
                negatives += run_negatives;
                run_positives = 0;
                run_negatives = 0;
            }
        }
        if positives == 0 || negatives == 0 {
            return None;
        }
        // U2 / (2 P N): both sides are whole numbers; one division, one rounding.
        Some(doubled as f64 / (2 * positives * negatives) as f64)
    }
}

/// The area under the ROC curve of `scores` for telling `positive` from the others, by mid-ranks.
///
/// Higher scores speak for positive. `None` when there is no positive or no negative.
///
/// # Errors
/// The two slices differ in length, a score is NaN, or there are more than 2^30 scores.
///
/// ```
/// // One of the four pairs of a positive and a negative is tied, the others are in order.
/// let area = triher_stats::auc(&[0.1, 0.4, 0.4, 0.8], &[false, false, true, true])?;
/// assert_eq!(area, Some(0.875));
/// # Ok::<(), triher_stats::StatsError>(())
/// ```
pub fn auc(scores: &[f64], positive: &[bool]) -> Result<Option<f64>, StatsError> {
    check_scores(scores, positive)?;
    let item: Vec<u32> = (0..scores.len() as u32).collect();
    Ok(Ranking::new(scores, positive, &item).auc(|_| 1))
}

/// The checks shared by everything that ranks scores.
pub(crate) fn check_scores(scores: &[f64], positive: &[bool]) -> Result<(), StatsError> {
    if scores.len() != positive.len() {
        return Err(StatsError::Length {
            column: "positive",
            expected: scores.len(),
            found: positive.len(),
            rows: scores.len(),
        });
    }
    if scores.len() >= 1 << 30 {
        return Err(StatsError::TooLarge {
            rows: scores.len() as u64,
            limit: 1 << 30,
        });
    }
    match scores.iter().position(|s| s.is_nan()) {
        Some(row) => Err(StatsError::NotRankable { row }),
        None => Ok(()),
    }
}

/// The AUC of every class against the rest (length `K`); `None` for a class that no row has, or
/// that all rows have.
pub fn auc_one_vs_rest(predictions: &Predictions) -> Vec<Option<f64>> {
    let item: Vec<u32> = (0..predictions.len() as u32).collect();
    (0..predictions.class_count())
        .map(|class| {
            Ranking::new(
                &predictions.column(class),
                &predictions.is_class(class),
                &item,
            )
            .auc(|_| 1)
        })
        .collect()
}

/// The mean of the one-vs-rest AUCs over the classes that are present (scikit-learn:
/// `multi_class="ovr", average="macro"`). `None` when fewer than two classes are present.
pub fn auc_macro(predictions: &Predictions) -> Option<f64> {
    average(
        &auc_one_vs_rest(predictions),
        &vec![1; predictions.class_count()],
    )
}

/// The mean of the one-vs-rest AUCs, each weighted by the number of rows of its class
/// (scikit-learn: `average="weighted"`). `None` when fewer than two classes are present.
pub fn auc_weighted(predictions: &Predictions) -> Option<f64> {
    average(&auc_one_vs_rest(predictions), &predictions.class_counts())
}

/// One AUC over all `n * K` probabilities, each positive when its class is the row's truth
/// (scikit-learn: `average="micro"` on the binarised truth). Unlike the macro AUC it depends on
/// prevalence and calibration. `None` cannot occur with two classes or more, and is kept for
/// symmetry with the others.
pub fn auc_micro(predictions: &Predictions) -> Option<f64> {
    let (scores, positive) = flatten(predictions);
    let item: Vec<u32> = (0..scores.len() as u32).collect();
    Ranking::new(&scores, &positive, &item).auc(|_| 1)
}

/// The scores and truths of the micro average.
pub(crate) fn flatten(predictions: &Predictions) -> (Vec<f64>, Vec<bool>) {
    let classes = predictions.class_count();
    let positive = predictions
        .truth()
        .iter()
        .flat_map(|&truth| (0..classes).map(move |class| class == truth))
        .collect();
    (predictions.probabilities().to_vec(), positive)
}

/// Mean of the values that are there, weighted.
pub(crate) fn average(values: &[Option<f64>], weights: &[u64]) -> Option<f64> {
    let (mut sum, mut total) = (0.0, 0.0);
    for (value, &weight) in values.iter().zip(weights) {
        if let Some(value) = value {
            sum += value * weight as f64;
            total += weight as f64;
        }
    }
    (total > 0.0).then(|| sum / total)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The definition, pair by pair.
    fn by_pairs(scores: &[f64], positive: &[bool]) -> Option<f64> {
        let (mut sum, mut pairs) = (0.0, 0.0);
        for (a, _) in scores.iter().zip(positive).filter(|(_, p)| **p) {
            for (b, _) in scores.iter().zip(positive).filter(|(_, p)| !**p) {
                sum += if a > b {
                    1.0
                } else if a == b {
                    0.5
                } else {
                    0.0
                };
                pairs += 1.0;
            }
        }
        (pairs > 0.0).then(|| sum / pairs)
    }

    #[test]
    fn one_sided_and_broken_input() {
        assert_eq!(auc(&[], &[]), Ok(None));
        assert_eq!(auc(&[0.1, 0.2], &[true, true]), Ok(None));
        assert_eq!(
            auc(&[0.1, f64::NAN], &[true, false]),
            Err(StatsError::NotRankable { row: 1 })
        );
        assert!(matches!(
            auc(&[0.1], &[true, false]),
            Err(StatsError::Length { .. })
        ));
        assert_eq!(auc(&[-0.0, 0.0], &[true, false]), Ok(Some(0.5)));
        assert_eq!(
            auc(&[f64::NEG_INFINITY, f64::INFINITY], &[false, true]),
            Ok(Some(1.0))
        );
    }

    proptest! {
        #[test]
        fn equals_the_definition_by_pairs(
            rows in prop::collection::vec((0u8..12, any::<bool>()), 0..60)
        ) {
            let scores: Vec<f64> = rows.iter().map(|r| f64::from(r.0)).collect();
            let positive: Vec<bool> = rows.iter().map(|r| r.1).collect();
            let ours = auc(&scores, &positive).unwrap();
            match (ours, by_pairs(&scores, &positive)) {
                (None, None) => {}
                (Some(a), Some(b)) => prop_assert!((a - b).abs() < 1e-12),
                other => prop_assert!(false, "{other:?}"),
            }
        }

        #[test]
        fn is_the_same_after_a_monotone_transform_and_symmetric(
            rows in prop::collection::vec((-5.0f64..5.0, any::<bool>()), 2..60)
        ) {
            let scores: Vec<f64> = rows.iter().map(|r| (r.0 * 4.0).round() / 4.0).collect();
            let positive: Vec<bool> = rows.iter().map(|r| r.1).collect();
            let plain = auc(&scores, &positive).unwrap();
            let transformed: Vec<f64> = scores.iter().map(|s| s.exp() * 3.0 - 7.0).collect();
            prop_assert_eq!(plain, auc(&transformed, &positive).unwrap());
            let negated: Vec<f64> = scores.iter().map(|s| -s).collect();
            let swapped: Vec<bool> = positive.iter().map(|p| !p).collect();
            prop_assert_eq!(plain, auc(&negated, &swapped).unwrap());
            if let Some(area) = plain {
                let mirrored = auc(&negated, &positive).unwrap().unwrap();
                prop_assert!((area + mirrored - 1.0).abs() < 1e-12);
            }
        }

        #[test]
        fn weights_equal_repeated_rows(
            rows in prop::collection::vec((0u8..9, any::<bool>(), 0u32..4), 1..40)
        ) {
            let scores: Vec<f64> = rows.iter().map(|r| f64::from(r.0)).collect();
            let positive: Vec<bool> = rows.iter().map(|r| r.1).collect();
            let item: Vec<u32> = (0..rows.len() as u32).collect();
            let weighted = Ranking::new(&scores, &positive, &item).auc(|i| u64::from(rows[i].2));
            let repeat = |row: &(u8, bool, u32)| vec![(f64::from(row.0), row.1); row.2 as usize];
            let all: Vec<(f64, bool)> = rows.iter().flat_map(repeat).collect();
            let (s, p): (Vec<f64>, Vec<bool>) = all.into_iter().unzip();
            prop_assert_eq!(weighted, auc(&s, &p).unwrap());
        }
    }
}
