//! Against R's `survival`: `parity/survival.json` of `make_survival.R`, to 1e-8.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use serde_json::Value;
use triher_survival::{FollowUp, SurvivalError, Ties, concordance, cox, kaplan_meier, log_rank};

fn reference() -> Value {
    serde_json::from_str(include_str!("parity/survival.json")).unwrap()
}

fn column(value: &Value) -> Vec<f64> {
    (value.as_array().unwrap().iter())
        .map(|v| v.as_f64().unwrap_or(f64::NAN))
        .collect()
}

fn cohort() -> (Value, FollowUp) {
    let r = reference();
    let event = column(&r["event"]).iter().map(|e| *e == 1.0).collect();
    let follow_up = FollowUp::new(column(&r["time"]), event).unwrap();
    (r, follow_up)
}

#[track_caller]
fn close(ours: f64, theirs: f64) {
    assert!((ours - theirs).abs() <= 1e-8, "{ours} is not {theirs}");
}

#[test]
fn kaplan_meier_equals_survfit() {
    let (r, follow_up) = cohort();
    let curve = kaplan_meier(&follow_up, 0.95).unwrap();
    let [time, risk, survival, error, low, high] =
        ["time", "risk", "surv", "se", "low", "high"].map(|name| column(&r["km"][name]));
    assert_eq!(curve.len(), time.len());
    let mut intervals = 0;
    for (i, point) in curve.iter().enumerate() {
        assert_eq!((point.time, point.at_risk as f64), (time[i], risk[i]));
        close(point.survival, survival[i]);
        if point.survival > 0.0 {
            close(point.standard_error, error[i]);
        }
        if let Some(interval) = point.interval {
            close(interval[0], low[i]);
            close(interval[1], high[i]);
            intervals += 1;
        }
    }
    assert!(intervals > 20);
}

#[test]
fn log_rank_equals_survdiff() {
    let (r, follow_up) = cohort();
    let group: Vec<usize> = column(&r["group"]).iter().map(|g| *g as usize).collect();
    let test = log_rank(&follow_up, &group).unwrap().unwrap();
    for k in 0..3 {
        close(test.observed[k], column(&r["logrank"]["obs"])[k]);
        close(test.expected[k], column(&r["logrank"]["exp"])[k]);
    }
    close(test.statistic, r["logrank"]["chisq"].as_f64().unwrap());
    close(test.p_value, r["logrank"]["p"].as_f64().unwrap());
    assert_eq!(log_rank(&follow_up, &vec![0; follow_up.len()]), Ok(None));
}

#[test]
fn cox_and_concordance_equal_coxph() {
    let (r, follow_up) = cohort();
    let covariates = [column(&r["x1"]), column(&r["x2"])];
    for (place, ties) in [Ties::Efron, Ties::Breslow].into_iter().enumerate() {
        let fit = cox(&follow_up, &covariates, ties, 0.95).unwrap();
        let expected = &r["cox"][place];
        for (k, ours) in fit.coefficients.iter().enumerate() {
            close(ours.estimate, column(&expected["coef"])[k]);
            close(ours.standard_error, column(&expected["se"])[k]);
            close(ours.p_value, column(&expected["p"])[k]);
            assert!(ours.interval[0] < ours.hazard_ratio && ours.hazard_ratio < ours.interval[1]);
        }
        for k in 0..2 {
            close(fit.log_likelihood[k], column(&expected["loglik"])[k]);
        }
        // R rounds the Wald statistic of its summary to two decimals.
        assert!((fit.wald.statistic - expected["wald"].as_f64().unwrap()).abs() <= 0.005);
        close(
            fit.likelihood_ratio.statistic,
            expected["lr"].as_f64().unwrap(),
        );
        close(fit.score.statistic, expected["score"].as_f64().unwrap());
        let risk: Vec<f64> = (covariates[0].iter().zip(&covariates[1]))
            .map(|(a, b)| a * fit.coefficients[0].estimate + b * fit.coefficients[1].estimate)
            .collect();
        close(
            concordance(&follow_up, &risk).unwrap().unwrap(),
            expected["c"].as_f64().unwrap(),
        );
    }
}

#[test]
fn what_cannot_be_fitted_is_refused() {
    let none = FollowUp::new(vec![1.0, 2.0], vec![false, false]).unwrap();
    assert_eq!(
        log_rank(&none, &[0, 1]),
        Err(SurvivalError::NoEvent { patients: 2 })
    );
    assert!(cox(&none, &[vec![1.0, 2.0]], Ties::Efron, 0.95).is_err());
    assert_eq!(concordance(&none, &[1.0, 2.0]), Ok(None));
    assert!(FollowUp::new(vec![f64::NAN], vec![true]).is_err());
    assert!(FollowUp::new(vec![-1.0], vec![true]).is_err());
    let some = FollowUp::new(vec![1.0, 2.0, 3.0, 4.0], vec![true; 4]).unwrap();
    // Constant, doubled and separating covariates.
    assert_eq!(
        cox(&some, &[vec![2.0; 4]], Ties::Efron, 0.95),
        Err(SurvivalError::NoMaximum)
    );
    let x = vec![1.0, 3.0, 2.0, 5.0];
    assert_eq!(
        cox(&some, &[x.clone(), x], Ties::Efron, 0.95),
        Err(SurvivalError::NoMaximum)
    );
    let down = vec![4.0, 3.0, 2.0, 1.0];
    assert_eq!(
        cox(&some, &[down], Ties::Efron, 0.95),
        Err(SurvivalError::NoMaximum)
    );
    assert!(kaplan_meier(&some, 1.0).is_err());
    assert!(log_rank(&some, &[0, 1]).is_err());
}
