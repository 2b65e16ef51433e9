//! The log-rank test of several groups.

use crate::follow_up::same_length;
use crate::{FollowUp, SurvivalError};
use nalgebra::{DMatrix, DVector};
use serde::{Deserialize, Serialize};
use statrs::distribution::{ChiSquared, ContinuousCDF};

/// The test and what went into it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LogRank {
    /// Events of each group.
    pub observed: Vec<f64>,
    /// Events of each group if all survived alike.
    pub expected: Vec<f64>,
    /// Chi-square statistic.
    pub statistic: f64,
    /// Groups minus 1.
    pub degrees_of_freedom: usize,
    /// p-value.
    pub p_value: f64,
}

/// Tests whether the groups (numbers from 0, one per patient) survive alike. `None` with fewer than
/// two groups, or one that adds nothing to the variance (an empty number in between). Source:
/// Mantel, Cancer Chemother. Rep. 50:163 (1966); as R's `survdiff`.
///
/// # Errors
/// Another number of groups than of patients, or no event.
pub fn log_rank(follow_up: &FollowUp, group: &[usize]) -> Result<Option<LogRank>, SurvivalError> {
    same_length("group", follow_up.len(), group.len())?;
    if !follow_up.event.iter().any(|e| *e) {
        return Err(SurvivalError::NoEvent {
            patients: follow_up.len(),
        });
    }
    let groups = group.iter().max().map_or(0, |g| g.saturating_add(1));
    if groups < 2 || groups > follow_up.len() {
        return Ok(None);
    }
    let mut at_risk = vec![0.0; groups];
    for &g in group {
        at_risk[g] += 1.0;
    }
    let (mut observed, mut expected) = (vec![0.0; groups], vec![0.0; groups]);
    let mut variance = DMatrix::<f64>::zeros(groups - 1, groups - 1);
    let order = follow_up.order();
    for run in order.chunk_by(|&a, &b| follow_up.time[a] == follow_up.time[b]) {
        let n: f64 = at_risk.iter().sum();
        let d = run.iter().filter(|&&row| follow_up.event[row]).count() as f64;
        let spread = if n > 1.0 {
            d * (n - d) / (n - 1.0)
        } else {
            0.0
        };
        for i in 0..groups {
            expected[i] += d * at_risk[i] / n;
            for j in 0..groups {
                if i + 1 < groups && j + 1 < groups {
                    let same = f64::from(u8::from(i == j));
                    variance[(i, j)] += spread * at_risk[i] / n * (same - at_risk[j] / n);
                }
            }
        }
        for &row in run {
            observed[group[row]] += f64::from(u8::from(follow_up.event[row]));
            at_risk[group[row]] -= 1.0;
        }
    }
    let gap = DVector::from_fn(groups - 1, |i, _| observed[i] - expected[i]);
    let Some(cholesky) = variance.cholesky() else {
        return Ok(None);
    };
    let statistic = gap.dot(&cholesky.solve(&gap));
    let freedom = (groups - 1) as f64;
    Ok(Some(LogRank {
        observed,
        expected,
        statistic,
        degrees_of_freedom: groups - 1,
        p_value: ChiSquared::new(freedom).map_or(f64::NAN, |c| c.sf(statistic)),
    }))
}
