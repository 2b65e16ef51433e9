//! Intervals over a few centres that know how uncertain the variance between them is.
//!
//! With three to ten centres the variance between them is hardly known, and intervals that take its estimate for the truth are too short. Here
//! it is drawn from its confidence distribution: the probability that Cochran's Q of such centres is larger than the one observed, as a function of the variance.
//! Source: Nagashima, Noma and Furukawa, Stat. Methods Med. Res. 28:1689 (2019). They draw at random; here the same distributions are integrated, so that
//! the interval has no noise of its own. Checked against the published output of their R package pimeta on ten trials of blood pressure
//! (25,000 draws; 0.006, the noise of the draws).

use crate::StatsError;
use crate::meta::{check, weigh};
use crate::weighted_chi_squared::weighted_chi_squared_cdf;
use nalgebra::DMatrix;
use statrs::distribution::{ContinuousCDF, Normal, StudentsT};

/// Points of the variance between centres.
const VARIANCES: usize = 96;
/// Slices of equal probability of each of the two other variables.
const SLICES: usize = 48;
/// Steps in which a bound is looked for, and the probability to which it is found.
const STEPS: usize = 100;
const FOUND: f64 = 1e-9;

/// The mean over centres and a further centre.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FewCentres {
    /// Interval of the mean.
    pub interval: [f64; 2],
    /// Where a further centre lies.
    pub prediction: [f64; 2],
}

/// A possible variance between centres, with what the mean is under it.
struct Possible {
    /// Its probability.
    share: f64,
    mean: f64,
    /// Of the mean, after Hartung and Knapp.
    standard_error: f64,
    /// Square root of the variance between centres.
    spread: f64,
}

/// The intervals of centres' estimates with their variances, both with the given confidence. `None` with fewer than two centres.
///
/// # Errors
/// As [`crate::random_effects`].
pub fn few_centres(
    estimates: &[f64],
    variances: &[f64],
    confidence: f64,
) -> Result<Option<FewCentres>, StatsError> {
    check(estimates, variances, confidence)?;
    let freedom = estimates.len() as f64 - 1.0;
    let Ok(student) = StudentsT::new(0.0, 1.0, freedom) else {
        return Ok(None);
    };
    let possible = possible(estimates, variances);
    let middles = |of: &dyn Fn(f64) -> f64| -> Vec<f64> {
        let middle = |slice| (slice as f64 + 0.5) / SLICES as f64;
        (0..SLICES).map(|slice| of(middle(slice))).collect()
    };
    let normal = Normal::standard();
    let [t, z] = [
        middles(&|p| student.inverse_cdf(p)),
        middles(&|p| normal.inverse_cdf(p)),
    ];
    let mean_below = |x: f64| -> f64 {
        let each = possible.iter();
        each.map(|p| p.share * student.cdf((x - p.mean) / p.standard_error.max(f64::MIN_POSITIVE)))
            .sum()
    };
    // Of mean, error of the mean and spread between centres the wider of the two last is taken exactly, the other one by slices.
    let centre_below = |x: f64| -> f64 {
        let at = |p: &Possible| {
            let away = x - p.mean;
            let wide = p.spread.max(p.standard_error).max(f64::MIN_POSITIVE);
            let below: f64 = match p.spread >= p.standard_error {
                true => (t.iter())
                    .map(|t| normal.cdf((away - t * p.standard_error) / wide))
                    .sum(),
                false => (z.iter())
                    .map(|z| student.cdf((away - z * p.spread) / wide))
                    .sum(),
            };
            below / SLICES as f64
        };
        possible.iter().map(|p| p.share * at(p)).sum()
    };
    let (low, high) = estimates
        .iter()
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), y| {
            (low.min(*y), high.max(*y))
        });
    let widest = possible
        .iter()
        .map(|p| p.spread + p.standard_error)
        .fold(high - low, f64::max);
    let bounds = |below: &dyn Fn(f64) -> f64| -> [f64; 2] {
        [0.5 - confidence / 2.0, 0.5 + confidence / 2.0].map(|share| {
            let mut reach = (high - low).max(f64::MIN_POSITIVE) + variances[0].sqrt();
            while reach < 1e6 * widest.max(1e-6)
                && (below(low - reach) > share || below(high + reach) < share)
            {
                reach *= 2.0;
            }
            crossing(below, share, [low - reach, high + reach])
        })
    };
    Ok(Some(FewCentres {
        interval: bounds(&mean_below),
        prediction: bounds(&centre_below),
    }))
}

/// Where a function that rises crosses a value, between two places on either side: false position, with the Illinois rule against one side that
/// stays where it is, and every third step halves, so that a function that jumps is followed too.
fn crossing(rising: &dyn Fn(f64) -> f64, value: f64, mut at: [f64; 2]) -> f64 {
    let mut away = at.map(|x| rising(x) - value);
    let mut last = 2;
    for step in 1..=STEPS {
        let next = match step % 3 {
            0 => 0.5 * (at[0] + at[1]),
            _ => (at[0] * away[1] - at[1] * away[0]) / (away[1] - away[0]),
        };
        let found = rising(next) - value;
        // No number comes of a function that is flat: what the bracket says then stands.
        if found.is_nan() {
            break;
        }
        if found.abs() < FOUND {
            return next;
        }
        let side = usize::from(found > 0.0);
        (at[side], away[side]) = (next, found);
        if side == last {
            away[1 - side] *= 0.5;
        }
        last = side;
    }
    0.5 * (at[0] + at[1])
}

/// Points of the confidence distribution of the variance between centres, its share at zero first.
fn possible(estimates: &[f64], variances: &[f64]) -> Vec<Possible> {
    let (mean, _) = weigh(estimates, variances, 0.0);
    let q: f64 = (estimates.iter().zip(variances))
        .map(|(y, v)| (y - mean).powi(2) / v)
        .sum();
    let below = |tau2: f64| 1.0 - weighted_chi_squared_cdf(&weights_of_q(variances, tau2), q);
    let typical = variances.iter().sum::<f64>() / variances.len() as f64;
    // From far below what matters to where the distribution has nearly ended; its tail is heavy with two or three centres.
    let (start, mut end) = (1e-4 * typical, typical);
    while below(end) < 0.999 && end < 1e6 * typical {
        end *= 2.0;
    }
    let ratio = (end / start).powf(1.0 / (VARIANCES - 1) as f64);
    let mut all = vec![at(estimates, variances, 0.0, below(start).clamp(0.0, 1.0))];
    let mut reached = all[0].share;
    let mut edge = start;
    for step in 1..VARIANCES {
        let next = start * ratio.powi(step as i32);
        let now = below(next).max(reached);
        all.push(at(
            estimates,
            variances,
            (edge * next).sqrt(),
            now - reached,
        ));
        (edge, reached) = (next, now);
    }
    all.push(at(estimates, variances, edge, (1.0 - reached).max(0.0)));
    all.retain(|p| p.share > 0.0);
    all
}

/// The mean and its error under a variance between centres.
fn at(estimates: &[f64], variances: &[f64], tau2: f64, share: f64) -> Possible {
    let (mean, total) = weigh(estimates, variances, tau2);
    let squares: f64 = (estimates.iter().zip(variances))
        .map(|(y, v)| (y - mean).powi(2) / (v + tau2))
        .sum();
    Possible {
        share,
        mean,
        standard_error: (squares / (estimates.len() as f64 - 1.0) / total).sqrt(),
        spread: tau2.sqrt(),
    }
}

/// The weights of Cochran's Q as a sum of squares, when the centres vary by `tau2`: the eigenvalues of `S^(1/2) A S^(1/2)`, where `S` holds the
/// variances of the estimates and `A = W - w w' / sum(w)`; the smallest one is zero and left out.
fn weights_of_q(variances: &[f64], tau2: f64) -> Vec<f64> {
    let total: f64 = variances.iter().map(|v| 1.0 / v).sum();
    let spread: Vec<f64> = variances.iter().map(|v| (v + tau2).sqrt()).collect();
    let matrix = DMatrix::from_fn(variances.len(), variances.len(), |i, j| {
        let own = if i == j { 1.0 / variances[i] } else { 0.0 };
        spread[i] * spread[j] * (own - 1.0 / (variances[i] * variances[j] * total))
    });
    let mut values: Vec<f64> = matrix.symmetric_eigenvalues().iter().copied().collect();
    values.sort_by(f64::total_cmp);
    values.split_off(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ten trials of blood pressure (Riley et al. 2011) as R's pimeta holds them, and its published output.
    #[test]
    fn as_pimeta_on_the_trials_of_blood_pressure() {
        let y = [
            0.0, 0.10, -0.40, -0.80, -0.63, 0.22, -0.34, -0.51, 0.03, -0.81,
        ];
        // Standard errors in hundred-thousandths, as they were printed.
        let errors = [
            42_348.0, 21_939.0, 2_551.0, 19_898.0, 30_103.0, 30_103.0, 7_143.0, 10_204.0, 12_245.0,
            30_103.0,
        ];
        let v = errors.map(|e: f64| (1e-5 * e).powi(2));
        let found = few_centres(&y, &v, 0.95).unwrap().unwrap();
        for (bound, published) in found.prediction.into_iter().zip([-0.8807, 0.2240]) {
            assert!((bound - published).abs() < 0.006, "{found:?}");
        }
        for (bound, published) in found.interval.into_iter().zip([-0.5613, -0.0985]) {
            assert!((bound - published).abs() < 0.006, "{found:?}");
        }
    }

    /// Without any variance between centres in sight, and with two centres, all is finite and the interval of the mean lies in that of a centre.
    #[test]
    fn extremes_are_finite() {
        for (y, v) in [
            (vec![1.0, 1.0, 1.0], vec![0.1, 0.1, 0.1]),
            (vec![0.0, 3.0], vec![0.01, 0.5]),
            (vec![0.0, 1e-9, 0.2, 0.1], vec![1e-6, 1.0, 0.1, 1e-3]),
            ((0..40).map(f64::from).collect(), vec![0.3; 40]),
        ] {
            let found = few_centres(&y, &v, 0.95).unwrap().unwrap();
            let [low, high] = found.interval;
            let [further, away] = found.prediction;
            assert!(further.is_finite() && away.is_finite(), "{found:?}");
            assert!(
                further <= low + 1e-6 && low <= high && high <= away + 1e-6,
                "{found:?}"
            );
        }
        assert!(few_centres(&[1.0], &[0.1], 0.95).unwrap().is_none());
        assert!(few_centres(&[1.0, 2.0], &[0.1, 0.0], 0.95).is_err());
    }
}
