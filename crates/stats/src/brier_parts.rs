//! What a Brier score is made of, and the calibration of the winning class.

use crate::{Predictions, StatsError};
use serde::{Deserialize, Serialize};

/// The parts of the Brier score of one class:
/// `score = reliability - resolution + uncertainty + within_variance - within_covariance`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct BrierParts {
    /// Mean of `(p - y)^2`.
    pub score: f64,
    /// How far the bins' mean probabilities lie from their shares of events; 0 is ideal.
    pub reliability: f64,
    /// How far the bins' shares lie from the prevalence; more is better.
    pub resolution: f64,
    /// `prevalence * (1 - prevalence)`.
    pub uncertainty: f64,
    /// Mean variance of the probabilities within bins.
    pub within_variance: f64,
    /// Twice the mean covariance of probability and outcome within bins.
    pub within_covariance: f64,
}

/// Decomposes the Brier score of one class over bins of equal width, with the terms within bins,
/// without which the parts do not add up. `None` without rows.
///
/// Sources: Murphy, J. Appl. Meteorol. 12:595 (1973); Stephenson, Coelho and Jolliffe, Weather
/// Forecast. 23:752 (2008). The sum of the parts is tested against the score itself (1e-12).
///
/// # Errors
/// Slices of different length, a NaN, or no bins.
pub fn brier_parts(
    probabilities: &[f64],
    events: &[bool],
    bins: usize,
) -> Result<Option<BrierParts>, StatsError> {
    crate::auc::check_scores(probabilities, events)?;
    if bins == 0 || bins > 1 << 20 {
        return Err(StatsError::BadOption {
            option: "bins",
            value: bins as f64,
            remedy: "give between one and a million bins",
        });
    }
    if probabilities.is_empty() {
        return Ok(None);
    }
    let n = probabilities.len() as f64;
    let outcome = |event: bool| f64::from(u8::from(event));
    let mut sums = vec![[0.0f64; 3]; bins];
    for (p, event) in probabilities.iter().zip(events) {
        let bin = &mut sums[equal_width_bin(*p, bins)];
        bin[0] += 1.0;
        bin[1] += p;
        bin[2] += outcome(*event);
    }
    let prevalence = sums.iter().map(|b| b[2]).sum::<f64>() / n;
    let mut parts = BrierParts {
        score: 0.0,
        reliability: 0.0,
        resolution: 0.0,
        uncertainty: prevalence * (1.0 - prevalence),
        within_variance: 0.0,
        within_covariance: 0.0,
    };
    for [count, p, y] in sums.iter().filter(|b| b[0] > 0.0) {
        parts.reliability += count * (p / count - y / count).powi(2) / n;
        parts.resolution += count * (y / count - prevalence).powi(2) / n;
    }
    for (p, event) in probabilities.iter().zip(events) {
        let [count, sum_p, sum_y] = sums[equal_width_bin(*p, bins)];
        let (dp, dy) = (p - sum_p / count, outcome(*event) - sum_y / count);
        parts.score += (p - outcome(*event)).powi(2) / n;
        parts.within_variance += dp * dp / n;
        parts.within_covariance += 2.0 * dp * dy / n;
    }
    Ok(Some(parts))
}

/// The bin of `p` among `bins` of equal width, open below and closed above.
fn equal_width_bin(p: f64, bins: usize) -> usize {
    ((p * bins as f64 - 1e-12).ceil().max(1.0) as usize).min(bins) - 1
}

/// Expected calibration error of the most probable class: the mean over bins of equal width of
/// `|accuracy - confidence|`, weighted by rows. Source: Guo et al., ICML 2017. Checked against the
/// definition in numpy to 1e-12.
///
/// # Errors
/// No bins.
pub fn top_label_ece(predictions: &Predictions, bins: usize) -> Result<f64, StatsError> {
    if bins == 0 || bins > 1 << 20 {
        return Err(StatsError::BadOption {
            option: "bins",
            value: bins as f64,
            remedy: "give between one and a million bins",
        });
    }
    let mut sums = vec![(0.0, 0.0); bins];
    for ((row, called), &truth) in (predictions.rows())
        .zip(predictions.predicted())
        .zip(predictions.truth())
    {
        let bin = &mut sums[equal_width_bin(row[called], bins)];
        bin.0 += row[called];
        bin.1 += f64::from(u8::from(called == truth));
    }
    let gap: f64 = sums.iter().map(|(p, hits)| (hits - p).abs()).sum();
    Ok(gap / predictions.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_parts_add_up(
            rows in prop::collection::vec((0.0f64..=1.0, any::<bool>()), 1..60),
            bins in 1usize..12
        ) {
            let (p, events): (Vec<f64>, Vec<bool>) = rows.into_iter().unzip();
            let parts = brier_parts(&p, &events, bins).unwrap().unwrap();
            let sum = parts.reliability - parts.resolution + parts.uncertainty
                + parts.within_variance - parts.within_covariance;
            prop_assert!((sum - parts.score).abs() < 1e-12);
        }
    }

    #[test]
    fn edges() {
        assert_eq!(brier_parts(&[], &[], 4), Ok(None));
        assert!(brier_parts(&[0.5], &[true], 0).is_err());
        assert_eq!((equal_width_bin(0.0, 10), equal_width_bin(0.1, 10)), (0, 0));
        assert_eq!(
            (equal_width_bin(0.11, 10), equal_width_bin(1.0, 10)),
            (1, 9)
        );
    }
}
