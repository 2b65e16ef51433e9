//! The band of a ROC curve: at each specificity, the interval of the sensitivity over the bootstrap.

use crate::resampling::Resampling;
use crate::{BootstrapOptions, Predictions, StatsError, percentile};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// Steps of the false positive rate, from 0 to 1.
const STEPS: usize = 50;

/// A pointwise band of a ROC curve. It says where the curve of such a cohort would lie at one specificity,
/// not that the whole curve lies inside of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RocBand {
    /// 1 - specificity, ascending.
    pub false_positive_rate: Vec<f64>,
    /// Lower bound of the sensitivity there.
    pub low: Vec<f64>,
    /// Upper bound.
    pub high: Vec<f64>,
}

/// The band of a class's one-vs-rest curve from patients drawn within strata of the true class (vertical
/// averaging, Fawcett, Pattern Recognit. Lett. 27:861, 2006). `None` without replicates or where there is no curve.
///
/// # Errors
/// A confidence that does not lie between 0 and 1.
pub fn roc_band(
    predictions: &Predictions,
    class: usize,
    options: &BootstrapOptions,
    confidence: f64,
) -> Result<Option<RocBand>, StatsError> {
    if !(confidence > 0.0 && confidence < 1.0) {
        return Err(StatsError::BadOption {
            option: "confidence",
            value: confidence,
            remedy: "give a level between 0 and 1, such as 0.95",
        });
    }
    let (scores, positive) = (predictions.column(class), predictions.is_class(class));
    let events = positive.iter().filter(|p| **p).count();
    if options.replicates == 0 || events == 0 || events == positive.len() {
        return Ok(None);
    }
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_unstable_by(|&a, &b| scores[b].total_cmp(&scores[a]).then(a.cmp(&b)));
    let runs: Vec<&[usize]> = order.chunk_by(|&a, &b| scores[a] == scores[b]).collect();
    let resampling = Resampling::new(predictions);
    let replicates: Vec<Vec<f64>> = (0..options.replicates as u64)
        .into_par_iter()
        .filter_map(|number| {
            let mut weights = vec![0; resampling.patients];
            resampling.draw(options.seed, number, &mut weights);
            let weight = |row: usize| f64::from(weights[resampling.patient[row] as usize]);
            curve(&runs, &positive, weight)
        })
        .collect();
    if replicates.is_empty() {
        return Ok(None);
    }
    let tail = (1.0 - confidence) / 2.0;
    let mut band = RocBand {
        false_positive_rate: (0..=STEPS).map(|i| i as f64 / STEPS as f64).collect(),
        low: Vec::with_capacity(STEPS + 1),
        high: Vec::with_capacity(STEPS + 1),
    };
    for step in 0..=STEPS {
        let mut values: Vec<f64> = replicates.iter().map(|r| r[step]).collect();
        values.sort_unstable_by(f64::total_cmp);
        band.low.extend(percentile(&values, tail));
        band.high.extend(percentile(&values, 1.0 - tail));
    }
    Ok(Some(band))
}

/// Sensitivity at every step of the false positive rate, on straight lines between the points of the
/// weighted curve; where it rises upright, its upper end. `None` when a side has no weight.
fn curve(runs: &[&[usize]], positive: &[bool], weight: impl Fn(usize) -> f64) -> Option<Vec<f64>> {
    let (mut hits, mut alarms) = (0.0, 0.0);
    let mut points = vec![[0.0, 0.0]];
    for run in runs {
        for &row in *run {
            let side = if positive[row] {
                &mut hits
            } else {
                &mut alarms
            };
            *side += weight(row);
        }
        points.push([alarms, hits]);
    }
    if hits == 0.0 || alarms == 0.0 {
        return None;
    }
    let mut place = 0;
    let at = |step: usize, place: &mut usize| {
        let x = alarms * step as f64 / STEPS as f64;
        while *place + 1 < points.len() && points[*place + 1][0] <= x {
            *place += 1;
        }
        let [x0, y0] = points[*place];
        let y = match points.get(*place + 1) {
            Some([x1, y1]) if *x1 > x0 => y0 + (y1 - y0) * (x - x0) / (x1 - x0),
            _ => y0,
        };
        y / hits
    };
    Some((0..=STEPS).map(|step| at(step, &mut place)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curve_by_hand_and_a_band_around_it() {
        // Scores 4 3 2 1 with truth + - + -: (0, 1/2), (1/2, 1/2), (1/2, 1), (1, 1).
        let runs: Vec<&[usize]> = vec![&[0], &[1], &[2], &[3]];
        let found = curve(&runs, &[true, false, true, false], |_| 1.0).unwrap();
        assert_eq!(
            (found[0], found[24], found[25], found[50]),
            (0.5, 0.5, 1.0, 1.0)
        );
        // A tie of all rows is the diagonal.
        let tie: Vec<&[usize]> = vec![&[0, 1, 2, 3]];
        let found = curve(&tie, &[true, false, true, false], |_| 1.0).unwrap();
        assert!((found[10] - 0.2).abs() < 1e-12);

        let names = |n: usize| (0..n).map(|i| i.to_string()).collect::<Vec<_>>();
        let truth: Vec<usize> = (0..80).map(|i| i % 2).collect();
        let p = |i: usize| 0.2 + 0.3 * (i % 2) as f64 + 0.4 * ((i * 13) % 17) as f64 / 17.0;
        let rows = (0..80).flat_map(|i| [1.0 - p(i), p(i)]).collect();
        let classes = vec!["zero".to_owned(), "low".to_owned()];
        let predictions =
            Predictions::new(names(80), names(80), classes, truth, rows, None).unwrap();
        let options = BootstrapOptions {
            replicates: 300,
            seed: 2,
        };
        let band = roc_band(&predictions, 1, &options, 0.95).unwrap().unwrap();
        let exact = crate::roc_curve(&predictions.column(1), &predictions.is_class(1));
        let exact = exact.unwrap().unwrap();
        for (x, y) in exact
            .false_positive_rate
            .iter()
            .zip(&exact.true_positive_rate)
        {
            let step = (x * STEPS as f64).round() as usize;
            if (x * STEPS as f64 - step as f64).abs() < 1e-9 && *x > 0.0 {
                assert!(band.low[step] <= *y + 1e-12 && *y <= band.high[step] + 1e-12);
            }
        }
        assert!(
            band.low
                .iter()
                .zip(&band.high)
                .all(|(low, high)| low <= high)
        );
    }
}
