//! The ROC curve as points.

use crate::StatsError;
use crate::auc::check_scores;
use serde::{Deserialize, Serialize};

/// A receiver operating characteristic curve, from (0, 0) to (1, 1).
///
/// Point `i` is reached when every score of at least `thresholds[i]` is called positive; the first
/// point calls nothing positive and has no threshold. Points inside of a straight horizontal or
/// vertical stretch are left out, which changes neither the curve nor its area. Runs of equal scores
/// are slanted lines, so that the trapezoid area equals [`crate::auc`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RocCurve {
    /// 1 - specificity, ascending.
    pub false_positive_rate: Vec<f64>,
    /// Sensitivity, ascending.
    pub true_positive_rate: Vec<f64>,
    /// The score from which on a row is called positive, descending.
    pub thresholds: Vec<Option<f64>>,
}

impl RocCurve {
    /// The area by trapezoids.
    pub fn area(&self) -> f64 {
        let x = self.false_positive_rate.windows(2);
        let y = self.true_positive_rate.windows(2);
        x.zip(y)
            .map(|(x, y)| (x[1] - x[0]) * (y[0] + y[1]) / 2.0)
            .sum()
    }
}

/// The ROC curve of `scores` for telling `positive` from the others; `None` when there is no
/// positive or no negative. Checked against scikit-learn `roc_curve`.
///
/// # Errors
/// As [`crate::auc`].
pub fn roc_curve(scores: &[f64], positive: &[bool]) -> Result<Option<RocCurve>, StatsError> {
    check_scores(scores, positive)?;
    let positives = positive.iter().filter(|p| **p).count();
    let negatives = positive.len() - positives;
    if positives == 0 || negatives == 0 {
        return Ok(None);
    }
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_unstable_by(|&a, &b| scores[b].total_cmp(&scores[a]).then(a.cmp(&b)));

    // (false positives, true positives, threshold) after each run of equal scores.
    let mut points: Vec<(usize, usize, Option<f64>)> = vec![(0, 0, None)];
    let (mut false_positives, mut true_positives) = (0, 0);
    for (place, &row) in order.iter().enumerate() {
        if positive[row] {
            true_positives += 1;
        } else {
            false_positives += 1;
        }
        if order
            .get(place + 1)
            .is_some_and(|&next| scores[next] == scores[row])
        {
            continue;
        }
        let point = (false_positives, true_positives, Some(scores[row]));
        // The last point is dropped when it lies on a horizontal or vertical line to this one.
        if let [.., before, last] = points.as_slice() {
            let vertical = before.0 == last.0 && last.0 == point.0;
            let horizontal = before.1 == last.1 && last.1 == point.1;
            if vertical || horizontal {
                points.pop();
            }
        }
        points.push(point);
    }
    Ok(Some(RocCurve {
        false_positive_rate: points
            .iter()
            .map(|p| p.0 as f64 / negatives as f64)
            .collect(),
        true_positive_rate: points
            .iter()
            .map(|p| p.1 as f64 / positives as f64)
            .collect(),
        thresholds: points.iter().map(|p| p.2).collect(),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn corners_only() {
        let curve = roc_curve(&[0.9, 0.8, 0.3, 0.2], &[true, true, false, false])
            .unwrap()
            .unwrap();
        assert_eq!(curve.false_positive_rate, [0.0, 0.0, 1.0]);
        assert_eq!(curve.true_positive_rate, [0.0, 1.0, 1.0]);
        assert_eq!(curve.thresholds, [None, Some(0.8), Some(0.2)]);
        assert_eq!(roc_curve(&[0.9], &[true]), Ok(None));
    }

    proptest! {
        #[test]
        fn its_area_is_the_auc(rows in prop::collection::vec((0u8..15, any::<bool>()), 2..60)) {
            let scores: Vec<f64> = rows.iter().map(|r| f64::from(r.0)).collect();
            let positive: Vec<bool> = rows.iter().map(|r| r.1).collect();
            let curve = roc_curve(&scores, &positive).unwrap();
            let area = crate::auc(&scores, &positive).unwrap();
            prop_assert_eq!(curve.is_some(), area.is_some());
            if let (Some(curve), Some(area)) = (curve, area) {
                prop_assert!((curve.area() - area).abs() < 1e-12);
                prop_assert_eq!(curve.false_positive_rate.last(), Some(&1.0));
                prop_assert_eq!(curve.true_positive_rate.last(), Some(&1.0));
            }
        }
    }
}
