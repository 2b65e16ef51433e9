//! One figure from several centres: random effects.
//!
//! Estimates (best on the logit scale, see [`crate::DelongAuc::logit`]) are weighted by
//! `1 / (v_i + tau^2)`. The interval is that of Hartung, Knapp, Sidik and Jonkman; the prediction
//! interval says where the figure of a further centre would lie and is the honest answer to "does
//! it travel". Sources: DerSimonian and Laird, Control. Clin. Trials 7:177 (1986); Viechtbauer, J.
//! Educ. Behav. Stat. 30:261 (2005) (restricted likelihood); Knapp and Hartung, Stat. Med. 22:2693
//! (2003). Checked against R's metafor to 1e-6 (`tests/parity/make_r.R`).

use crate::StatsError;
use serde::{Deserialize, Serialize};
use statrs::distribution::{ChiSquared, ContinuousCDF, StudentsT};

/// How the variance between centres is estimated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BetweenVariance {
    /// Restricted maximum likelihood.
    Reml,
    /// The moment estimate of DerSimonian and Laird.
    DersimonianLaird,
}

/// A summary over centres.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RandomEffects {
    /// Weighted mean.
    pub estimate: f64,
    /// Its standard error after Knapp and Hartung.
    pub standard_error: f64,
    /// Its interval, by Student's t with `k - 1` degrees of freedom.
    pub interval: [f64; 2],
    /// Where a further centre's figure would lie, with `k - 1` degrees of freedom as in metafor: too short with few centres, for which see
    /// [`crate::few_centres`].
    pub prediction: [f64; 2],
    /// Variance between centres.
    pub tau2: f64,
    /// Cochran's Q.
    pub q: f64,
    /// p-value of `q`, that the centres do not differ.
    pub q_p_value: f64,
    /// Share of the variance that lies between centres, 0..=1, from `tau2` and the typical
    /// variance within centres (Higgins and Thompson 2002).
    pub i2: f64,
    /// Centres.
    pub centres: usize,
}

/// Weighted mean and sum of weights for a variance between centres.
pub(crate) fn weigh(estimates: &[f64], variances: &[f64], tau2: f64) -> (f64, f64) {
    let (mut sum, mut total) = (0.0, 0.0);
    for (y, v) in estimates.iter().zip(variances) {
        sum += y / (v + tau2);
        total += 1.0 / (v + tau2);
    }
    (sum / total, total)
}

/// Refuses what cannot be summarised.
///
/// # Errors
/// As [`random_effects`] says.
pub(crate) fn check(
    estimates: &[f64],
    variances: &[f64],
    confidence: f64,
) -> Result<(), StatsError> {
    let bad = |option, value, remedy| StatsError::BadOption {
        option,
        value,
        remedy,
    };
    if estimates.len() != variances.len() {
        return Err(StatsError::Length {
            column: "variances",
            expected: estimates.len(),
            found: variances.len(),
            rows: estimates.len(),
        });
    }
    if let Some(&y) = estimates.iter().find(|y| !y.is_finite()) {
        return Err(bad(
            "estimate",
            y,
            "estimates of centres are finite numbers",
        ));
    }
    if let Some(&v) = variances.iter().find(|v| !(v.is_finite() && **v > 0.0)) {
        let remedy = "leave out a centre whose figure has no variance above zero, and say so";
        return Err(bad("variance", v, remedy));
    }
    if !(confidence > 0.0 && confidence < 1.0) {
        let remedy = "give a level between 0 and 1, such as 0.95";
        return Err(bad("confidence", confidence, remedy));
    }
    Ok(())
}

/// Summarises centres' estimates with their variances. `None` with fewer than two centres.
///
/// # Errors
/// Slices of different length, an estimate that is not finite, a variance that is not above zero
/// (a centre with an area of 1 has none: leave it out and say so), or a confidence that does not lie
/// between 0 and 1.
pub fn random_effects(
    estimates: &[f64],
    variances: &[f64],
    method: BetweenVariance,
    confidence: f64,
) -> Result<Option<RandomEffects>, StatsError> {
    check(estimates, variances, confidence)?;
    let centres = estimates.len();
    if centres < 2 {
        return Ok(None);
    }
    let freedom = centres as f64 - 1.0;
    let squares = |mean: f64, tau2: f64| -> f64 {
        (estimates.iter().zip(variances))
            .map(|(y, v)| (y - mean).powi(2) / (v + tau2))
            .sum()
    };
    let (fixed, total) = weigh(estimates, variances, 0.0);
    let q = squares(fixed, 0.0);
    let typical_total = total - variances.iter().map(|v| v.powi(-2)).sum::<f64>() / total;
    let moment = ((q - freedom) / typical_total).max(0.0);
    let tau2 = match method {
        BetweenVariance::DersimonianLaird => moment,
        BetweenVariance::Reml => restricted(estimates, variances, moment),
    };
    let (mean, total) = weigh(estimates, variances, tau2);
    let standard_error = (squares(mean, tau2) / freedom / total).sqrt();
    let quantile = StudentsT::new(0.0, 1.0, freedom)
        .map(|t| t.inverse_cdf(0.5 + confidence / 2.0))
        .unwrap_or(f64::NAN);
    let wide = (tau2 + standard_error * standard_error).sqrt();
    let typical = freedom / typical_total;
    Ok(Some(RandomEffects {
        estimate: mean,
        standard_error,
        interval: [
            mean - quantile * standard_error,
            mean + quantile * standard_error,
        ],
        prediction: [mean - quantile * wide, mean + quantile * wide],
        tau2,
        q,
        q_p_value: ChiSquared::new(freedom).map_or(f64::NAN, |c| c.sf(q)),
        i2: tau2 / (tau2 + typical),
        centres,
    }))
}

/// The variance between centres of greatest restricted likelihood, by Fisher scoring from `start`,
/// with halved steps where the likelihood falls.
fn restricted(estimates: &[f64], variances: &[f64], start: f64) -> f64 {
    let likelihood = |tau2: f64| -> f64 {
        let (mean, total) = weigh(estimates, variances, tau2);
        let sum: f64 = (estimates.iter().zip(variances))
            .map(|(y, v)| (v + tau2).ln() + (y - mean).powi(2) / (v + tau2))
            .sum();
        -0.5 * (sum + total.ln())
    };
    let mut tau2 = start;
    for _ in 0..500 {
        let (mean, total) = weigh(estimates, variances, tau2);
        let (mut w2, mut w3, mut fit) = (0.0, 0.0, 0.0);
        for (y, v) in estimates.iter().zip(variances) {
            let w = 1.0 / (v + tau2);
            w2 += w * w;
            w3 += w * w * w;
            fit += w * w * (y - mean).powi(2);
        }
        // Score and expected information of the restricted likelihood.
        let score = 0.5 * (fit - total + w2 / total);
        let information = 0.5 * (w2 - 2.0 * w3 / total + (w2 / total).powi(2));
        let mut step = score / information;
        let before = likelihood(tau2);
        let mut next = (tau2 + step).max(0.0);
        while likelihood(next) < before && step.abs() > 1e-14 {
            step /= 2.0;
            next = (tau2 + step).max(0.0);
        }
        let change = (next - tau2).abs();
        tau2 = next;
        if change < 1e-12 {
            break;
        }
    }
    tau2
}

/// The test that subgroups do not differ: Cochran's Q over their estimates.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SubgroupTest {
    /// Cochran's Q of the subgroups that count.
    pub q: f64,
    /// Degrees of freedom: subgroups that count, minus 1.
    pub degrees_of_freedom: usize,
    /// p-value.
    pub p_value: f64,
    /// Numbers of the subgroups left out for being smaller than the minimum.
    pub left_out: Vec<usize>,
}

/// Tests whether independent subgroups (vendors, menopause) share one figure, leaving out those
/// with fewer than `minimum` patients. `None` when fewer than two remain.
///
/// # Errors
/// As [`random_effects`].
pub fn subgroup_test(
    estimates: &[f64],
    variances: &[f64],
    patients: &[usize],
    minimum: usize,
) -> Result<Option<SubgroupTest>, StatsError> {
    if patients.len() != estimates.len() || variances.len() != estimates.len() {
        return Err(StatsError::Length {
            column: "patients",
            expected: estimates.len(),
            found: patients.len().min(variances.len()),
            rows: estimates.len(),
        });
    }
    let (kept, left_out): (Vec<usize>, Vec<usize>) =
        (0..patients.len()).partition(|&i| patients[i] >= minimum);
    let pick = |column: &[f64]| -> Vec<f64> { kept.iter().map(|&i| column[i]).collect() };
    let method = BetweenVariance::DersimonianLaird;
    let summary = random_effects(&pick(estimates), &pick(variances), method, 0.95)?;
    Ok(summary.map(|s| SubgroupTest {
        q: s.q,
        degrees_of_freedom: s.centres - 1,
        p_value: s.q_p_value,
        left_out,
    }))
}
