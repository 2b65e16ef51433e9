//! The Kaplan-Meier curve.

use crate::{FollowUp, SurvivalError};
use serde::{Deserialize, Serialize};
use statrs::distribution::{ContinuousCDF, Normal};

/// The curve from one observed time to the next.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct CurvePoint {
    /// Time.
    pub time: f64,
    /// Patients under observation just before it.
    pub at_risk: usize,
    /// Events at it.
    pub events: usize,
    /// Survival from it on.
    pub survival: f64,
    /// Greenwood's standard error of `survival`.
    pub standard_error: f64,
    /// Interval on the scale `ln(-ln survival)`; `None` at a survival of 0 or 1, where it has none.
    pub interval: Option<[f64; 2]>,
}

/// The curve at every observed time. Empty without patients. Sources: Kaplan and Meier, J. Am. Stat.
/// Assoc. 53:457 (1958); Greenwood (1926); the log-log interval as in R's
/// `survfit(conf.type = "log-log")`.
///
/// # Errors
/// A confidence that does not lie between 0 and 1.
pub fn kaplan_meier(
    follow_up: &FollowUp,
    confidence: f64,
) -> Result<Vec<CurvePoint>, SurvivalError> {
    let bad = SurvivalError::BadConfidence { value: confidence };
    if !(confidence > 0.0 && confidence < 1.0) {
        return Err(bad);
    }
    let z = Normal::standard().inverse_cdf(0.5 + confidence / 2.0);
    let order = follow_up.order();
    let (mut survival, mut sum) = (1.0, 0.0);
    let mut at_risk = order.len();
    let mut points = Vec::new();
    for run in order.chunk_by(|&a, &b| follow_up.time[a] == follow_up.time[b]) {
        let events = run.iter().filter(|&&row| follow_up.event[row]).count();
        let (d, n) = (events as f64, at_risk as f64);
        survival *= 1.0 - d / n;
        if events < at_risk {
            sum += d / (n * (n - d));
        }
        let interval = (survival > 0.0 && survival < 1.0).then(|| {
            let logarithm: f64 = f64::ln(survival);
            let factor = (z * sum.sqrt() / logarithm.abs()).exp();
            [survival.powf(factor), survival.powf(1.0 / factor)]
        });
        points.push(CurvePoint {
            time: follow_up.time[run[0]],
            at_risk,
            events,
            survival,
            standard_error: survival * sum.sqrt(),
            interval,
        });
        at_risk -= run.len();
    }
    Ok(points)
}
