//! What ComBat shrinks the location and scale of a centre to.

use serde::{Deserialize, Serialize};

/// The prior of ComBat's empirical Bayes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum CombatPrior {
    /// Locations are normal and variances inverse gamma over the features, with parameters by moments.
    #[default]
    Parametric,
    /// The plain estimates of all other features are the prior, each weighed by how likely it makes the feature's values
    /// (neuroCombat's `parametric=False`): for features whose locations or variances are far from those shapes. The time grows with the
    /// square of the number of features.
    NonParametric,
}

impl CombatPrior {
    pub(crate) fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// Posterior means of location and variance of each feature when the other features' plain estimates are the prior.
///
/// `values` are the centre's standardised values, features x rows. The weight of another feature's estimates is the normal likelihood of the
/// feature's values under them; it is computed by its logarithm, so that centres of many rows, where neuroCombat's likelihoods all
/// become 0 and its result is not a number, are estimated as well.
pub(super) fn weighed_by_likelihood(
    values: &[Vec<f64>],
    locations: &[f64],
    variances: &[f64],
) -> (Vec<f64>, Vec<f64>) {
    let mut logs = vec![0.0; values.len()];
    let posterior = values.iter().enumerate().map(|(feature, rows)| {
        let n = rows.len() as f64;
        let mean = rows.iter().sum::<f64>() / n;
        let spread: f64 = rows.iter().map(|v| (v - mean).powi(2)).sum();
        let mut largest = f64::NEG_INFINITY;
        for (other, log) in logs.iter_mut().enumerate() {
            let (location, variance) = (locations[other], variances[other]);
            // Sum of squares about the other feature's location.
            let squares = spread + n * (mean - location).powi(2);
            *log = -0.5 * n * variance.ln() - squares / (2.0 * variance);
            if other != feature {
                largest = largest.max(*log);
            }
        }
        let (mut total, mut location, mut variance) = (0.0, 0.0, 0.0);
        for (other, log) in logs.iter().enumerate().filter(|(o, _)| *o != feature) {
            let weight = (log - largest).exp();
            total += weight;
            location += weight * locations[other];
            variance += weight * variances[other];
        }
        (location / total, variance / total)
    });
    posterior.unzip()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// With many rows the likelihood leaves one other feature: the one whose estimates fit best. Its plain likelihood is far below the smallest number.
    #[test]
    fn many_rows_take_the_estimates_of_the_most_likely_other_feature() {
        let feature = |location: f64| -> Vec<f64> {
            let wave = (0..3_000).map(|i| (i as f64 * 0.7).sin() * 2.0_f64.sqrt());
            wave.map(|v| v + location).collect()
        };
        let values = [feature(0.0), feature(0.3), feature(4.0)];
        let (locations, variances) =
            weighed_by_likelihood(&values, &[0.0, 0.3, 4.0], &[1.0, 1.1, 0.9]);
        assert_eq!(locations, [0.3, 0.0, 0.3]);
        assert_eq!(variances, [1.1, 1.0, 1.1]);
    }
}
