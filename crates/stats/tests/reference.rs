//! Against scikit-learn, scipy, numpy and pROC: the numbers of `reference.json`, made by
//! `reference.py`. Exact statistics agree to 1e-12, the recalibration line to 1e-6 and bootstrap
//! bounds to the sampling error of two bootstraps.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use serde_json::Value;
use triher_stats::{
    Evaluation, EvaluationOptions, Predictions, evaluate, roc_curve, wilson_interval,
};

fn reference() -> Value {
    serde_json::from_str(include_str!("reference.json")).unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    value
        .as_array()
        .unwrap()
        .iter()
        .map(|v| v.as_f64().unwrap())
        .collect()
}

fn close(ours: f64, theirs: &Value, tolerance: f64, what: &str) {
    let theirs = theirs.as_f64().unwrap();
    assert!(
        (ours - theirs).abs() <= tolerance,
        "{what}: {ours} is not {theirs}"
    );
}

fn cohorts() -> Vec<(Value, Predictions, Evaluation)> {
    let all = reference();
    let cohorts = all["cohorts"].as_array().unwrap().clone();
    assert_eq!(cohorts.len(), 2);
    cohorts
        .into_iter()
        .map(|cohort| {
            let texts = |value: &Value| -> Vec<String> {
                value
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|v| v.as_str().unwrap().to_string())
                    .collect()
            };
            let groups = texts(&cohort["groups"]);
            let truth = numbers(&cohort["truth"])
                .iter()
                .map(|t| *t as usize)
                .collect();
            let predictions = Predictions::new(
                (0..groups.len()).map(|i| format!("row {i}")).collect(),
                groups,
                ["zero", "low", "positive"].map(String::from).to_vec(),
                truth,
                numbers(&cohort["probabilities"]),
                None,
            )
            .unwrap();
            let options = EvaluationOptions {
                bootstrap: 6000,
                calibration_bins: Some(cohort["bins"].as_u64().unwrap() as usize),
                ..Default::default()
            };
            let evaluation = evaluate(&predictions, &options).unwrap();
            (cohort, predictions, evaluation)
        })
        .collect()
}

#[test]
fn wilson_intervals_equal_scipy() {
    for case in reference()["wilson"].as_array().unwrap() {
        let [k, n, level, low, high] = numbers(case)[..] else {
            panic!("five numbers in {case}")
        };
        let ours = wilson_interval(k as u64, n as u64, level).unwrap();
        assert!(
            (ours[0] - low).abs() < 1e-12 && (ours[1] - high).abs() < 1e-12,
            "{case} {ours:?}"
        );
    }
}

#[test]
fn discrimination_equals_scikit_learn() {
    for (cohort, predictions, evaluation) in cohorts() {
        for (k, estimate) in evaluation.auc.per_class.values().enumerate() {
            close(
                estimate.value.unwrap(),
                &cohort["auc"][k],
                1e-12,
                "one-vs-rest",
            );
        }
        close(
            evaluation.auc.macro_average.value.unwrap(),
            &cohort["macro"],
            1e-12,
            "macro",
        );
        close(
            evaluation.auc.weighted.value.unwrap(),
            &cohort["weighted"],
            1e-12,
            "weighted",
        );
        close(
            evaluation.auc.micro_average.value.unwrap(),
            &cohort["micro"],
            1e-12,
            "micro",
        );

        // Every point of ours is one of theirs (which keep the points inside straight stretches),
        // and theirs never leave our line: the areas are equal.
        let curve = roc_curve(&predictions.column(0), &predictions.is_class(0))
            .unwrap()
            .unwrap();
        let (fpr, tpr) = (
            numbers(&cohort["roc_zero"]["fpr"]),
            numbers(&cohort["roc_zero"]["tpr"]),
        );
        assert!(curve.thresholds.len() <= fpr.len());
        for (x, y) in curve
            .false_positive_rate
            .iter()
            .zip(&curve.true_positive_rate)
        {
            let found = fpr
                .iter()
                .zip(&tpr)
                .any(|(a, b)| (a - x).abs() + (b - y).abs() < 1e-12);
            assert!(found, "({x}, {y})");
        }
        close(curve.area(), &cohort["auc"][0], 1e-12, "area");
    }
}

#[test]
fn classification_and_scores_equal_scikit_learn() {
    for (cohort, _, evaluation) in cohorts() {
        assert_eq!(serde_json::json!(evaluation.confusion), cohort["confusion"]);
        for (k, class) in evaluation.per_class.values().enumerate() {
            close(
                class.sensitivity.value.unwrap(),
                &cohort["recall"][k],
                1e-12,
                "recall",
            );
            close(
                class.ppv.value.unwrap(),
                &cohort["precision"][k],
                1e-12,
                "precision",
            );
        }
        close(
            evaluation.accuracy.value.unwrap(),
            &cohort["accuracy"],
            1e-12,
            "accuracy",
        );
        let balanced = evaluation.balanced_accuracy.value.unwrap();
        close(
            balanced,
            &cohort["balanced_accuracy"],
            1e-12,
            "balanced accuracy",
        );
        close(
            evaluation.brier.value.unwrap(),
            &cohort["brier"],
            1e-12,
            "Brier score",
        );
        close(
            evaluation.log_loss.value.unwrap(),
            &cohort["log_loss"],
            1e-12,
            "log loss",
        );
    }
}

#[test]
fn calibration_equals_scikit_learn() {
    for (cohort, _, evaluation) in cohorts() {
        for (name, class) in &evaluation.calibration.per_class {
            let theirs = &cohort["calibration"][name];
            let observed: Vec<f64> = class.bins.iter().map(|b| b.observed).collect();
            let predicted: Vec<f64> = class.bins.iter().map(|b| b.predicted).collect();
            assert_eq!(observed.len(), numbers(&theirs["observed"]).len());
            for k in 0..observed.len() {
                close(observed[k], &theirs["observed"][k], 1e-12, "observed");
                close(predicted[k], &theirs["predicted"][k], 1e-12, "predicted");
            }
            close(
                class.intercept.unwrap(),
                &cohort["lines"][name][0],
                1e-6,
                "intercept",
            );
            close(
                class.slope.unwrap(),
                &cohort["lines"][name][1],
                1e-6,
                "slope",
            );
        }
    }
}

/// Two bootstraps of 6000 replicates: a bound of a statistic with standard error `s` has itself a
/// standard error of about `s * sqrt(0.025 * 0.975 / 6000) / 0.0585 = 0.035 s`, and the width is
/// `3.92 s`; 0.05 of the width is four standard errors of the difference of two such bounds.
#[test]
fn bootstrap_intervals_equal_numpy_to_sampling_error() {
    for (cohort, _, evaluation) in cohorts() {
        let pairs = [
            ("auc zero", &evaluation.auc.per_class["zero"]),
            ("auc low", &evaluation.auc.per_class["low"]),
            ("auc positive", &evaluation.auc.per_class["positive"]),
            ("macro", &evaluation.auc.macro_average),
            ("micro", &evaluation.auc.micro_average),
            ("accuracy", &evaluation.accuracy),
            ("brier", &evaluation.brier),
        ];
        for (name, estimate) in pairs {
            let theirs = numbers(&cohort["bootstrap"][name]);
            let width = theirs[1] - theirs[0];
            let ours = estimate.ci95.unwrap();
            let value = estimate.value.unwrap();
            assert!(ours[0] < value && value < ours[1], "{name}");
            for side in 0..2 {
                let difference = (ours[side] - theirs[side]).abs();
                assert!(
                    difference < 0.05 * width,
                    "{name}: {ours:?} is not {theirs:?}"
                );
            }
        }
    }
}

/// pROC draws cases and controls, not the three classes, so the intervals are a little wider apart
/// than two runs of one bootstrap; 0.08 of the width allows for that.
#[test]
fn per_class_intervals_equal_proc() {
    let (cohort, _, evaluation) = cohorts().remove(0);
    let theirs = cohort["proc"]
        .as_array()
        .expect("reference.json was made with R");
    for (theirs, ours) in theirs.iter().zip(evaluation.auc.per_class.values()) {
        close(ours.value.unwrap(), &theirs[0], 1e-12, "pROC AUC");
        let (theirs, ours) = (numbers(theirs), ours.ci95.unwrap());
        for side in 0..2 {
            let difference = (ours[side] - theirs[side + 1]).abs();
            assert!(
                difference < 0.08 * (theirs[2] - theirs[1]),
                "{ours:?} is not {theirs:?}"
            );
        }
    }
}
