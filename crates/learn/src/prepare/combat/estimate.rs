//! Location and scale of one centre, plain or shrunken.

use crate::prepare::combat::prior::{CombatPrior, weighed_by_likelihood};
use serde::{Deserialize, Serialize};

/// Relative change at which the alternation ends, as in neuroCombat and R's sva.
const CONVERGED: f64 = 1e-4;
/// Rounds after which it ends in any case; both packages go on for ever.
const MAX_ROUNDS: usize = 10_000;

/// Which estimate.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shrinkage {
    /// What is shrunken to; `None` leaves the plain estimates.
    pub(super) prior: Option<CombatPrior>,
    pub(super) mean_only: bool,
}

/// Location and variance of one centre for each harmonised feature, in standardised units.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Adjustment {
    locations: Vec<f64>,
    variances: Vec<f64>,
    /// Whether the centre is the reference, which stays as it is to the last bit.
    reference: bool,
}

impl Adjustment {
    /// That of the reference.
    pub(super) fn none(features: usize) -> Self {
        Self {
            locations: vec![0.0; features],
            variances: vec![1.0; features],
            reference: true,
        }
    }

    pub(super) fn is_none(&self) -> bool {
        self.reference
    }

    /// A standardised value without the centre's part.
    pub(super) fn undo(&self, feature: usize, value: f64) -> f64 {
        (value - self.locations[feature]) / self.variances[feature].sqrt()
    }

    /// Whether an adjustment read from a file is one of `features` features.
    pub(super) fn fits(&self, features: usize) -> bool {
        self.locations.len() == features
            && self.variances.len() == features
            && self.locations.iter().all(|v| v.is_finite())
            && self.variances.iter().all(|v| *v > 0.0 && v.is_finite())
    }
}

/// Estimates a centre from its standardised values, `values(feature)` giving those of its rows.
///
/// Johnson, Li and Rabinovic 2007, sections 3.2 and 3.3 (the supplement for [`CombatPrior::NonParametric`]): normal prior of the locations and inverse gamma prior of the variances, their parameters by
/// moments over the features, and the two conditional means in turn. A single row has no variance: its centre is corrected in location
/// alone. Where the features' variances are all equal the prior has no spread, and they stay as they are. A single feature has nothing to be shrunken to.
pub(super) fn adjust(
    features: usize,
    values: impl Fn(usize) -> Vec<f64>,
    shrinkage: Shrinkage,
) -> Adjustment {
    let values: Vec<Vec<f64>> = (0..features).map(values).collect();
    let rows = values.first().map_or(0, Vec::len);
    let mean_only = shrinkage.mean_only || rows < 2;
    let locations: Vec<f64> = values.iter().map(|v| mean(v)).collect();
    let variances: Vec<f64> = values
        .iter()
        .map(|v| match variance(v) {
            // As neuroCombat does with a centre whose values are all equal.
            _ if mean_only => 1.0,
            0.0 => 1.0,
            found => found,
        })
        .collect();
    let plain = Adjustment {
        locations,
        variances,
        reference: false,
    };
    let Some(prior) = shrinkage.prior.filter(|_| features > 1) else {
        return plain;
    };
    if prior == CombatPrior::NonParametric {
        let (locations, variances) =
            weighed_by_likelihood(&values, &plain.locations, &plain.variances);
        return Adjustment {
            locations,
            variances,
            reference: false,
        };
    }
    let (centre, spread) = (mean(&plain.locations), variance(&plain.locations));
    if mean_only {
        // One observation's weight, as the packages take it.
        let posterior = |g: &f64| (spread * g + centre) / (spread + 1.0);
        return Adjustment {
            locations: plain.locations.iter().map(posterior).collect(),
            ..plain
        };
    }
    let (m, s2) = (mean(&plain.variances), variance(&plain.variances));
    if !(s2 > 0.0 && spread > 0.0) {
        return plain;
    }
    let prior = Prior {
        centre,
        spread,
        shape: (2.0 * s2 + m * m) / s2,
        scale: (m * s2 + m * m * m) / s2,
    };
    prior.alternate(&values, plain)
}

/// Parameters of the priors.
struct Prior {
    centre: f64,
    spread: f64,
    shape: f64,
    scale: f64,
}

impl Prior {
    fn alternate(&self, values: &[Vec<f64>], plain: Adjustment) -> Adjustment {
        let mut now = plain.clone();
        for _ in 0..MAX_ROUNDS {
            let mut change = f64::NEG_INFINITY;
            for (f, rows) in values.iter().enumerate() {
                let n = rows.len() as f64;
                let (g, d) = (now.locations[f], now.variances[f]);
                let weight = self.spread * n;
                let location = (weight * plain.locations[f] + d * self.centre) / (weight + d);
                let squares: f64 = rows.iter().map(|v| (v - location).powi(2)).sum();
                let variance = (0.5 * squares + self.scale) / (n / 2.0 + self.shape - 1.0);
                // The packages divide by the signed location; a negative quotient ends the rounds no later than a positive one.
                change = change.max((location - g).abs() / g);
                change = change.max((variance - d).abs() / d);
                now.locations[f] = location;
                now.variances[f] = variance;
            }
            if change <= CONVERGED {
                break;
            }
        }
        now
    }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

/// With the divisor n - 1; 0 for fewer than two values.
fn variance(values: &[f64]) -> f64 {
    if values.len() < 2 {
        return 0.0;
    }
    let mean = mean(values);
    values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (values.len() - 1) as f64
}
