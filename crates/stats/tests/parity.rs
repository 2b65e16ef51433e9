//! Against R (pROC, boot, VGAM, metafor), scikit-learn, scipy and brute force: `parity/r.json` of
//! `make_r.R` and `parity/figures.json` of `make_figures.py`, on the patients of `parity/cohort.csv`.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use serde_json::Value;
use triher_stats::{
    BetweenVariance, BinarySplit, BootstrapOptions, FrozenCutPoints, FrozenThreshold, Predictions,
    Statistic, ThresholdRule, ValidationScores, auc_hand_till, bca_interval, bootstrap,
    bootstrap_difference, confusion, decision_curve, delong, delong_paired, delong_unpaired, drift,
    holm, log_loss, macro_f1, matthews_correlation, multinomial_recalibration,
    polytomous_discrimination_index, quadratic_kappa, random_effects, subgroup_test, top_label_ece,
};

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn r() -> Value {
    json(include_str!("parity/r.json"))
}

fn figures() -> Value {
    json(include_str!("parity/figures.json"))
}

#[track_caller]
fn close(ours: f64, theirs: &Value, tolerance: f64) {
    let theirs = theirs.as_f64().unwrap();
    assert!(
        (ours - theirs).abs() <= tolerance,
        "{ours} is not {theirs}: {:e}",
        (ours - theirs).abs()
    );
}

/// The columns of the cohort.
fn table() -> Vec<Vec<f64>> {
    let lines = include_str!("parity/cohort.csv").lines().skip(1);
    lines
        .map(|line| line.split(',').map(|v| v.parse().unwrap()).collect())
        .collect()
}

/// The cohort as one of the two models read it.
fn model(first: usize) -> Predictions {
    let rows = table();
    let ids: Vec<String> = (0..rows.len()).map(|i| format!("patient {i}")).collect();
    Predictions::new(
        ids.clone(),
        ids,
        ["zero", "low", "positive"].map(String::from).to_vec(),
        rows.iter().map(|row| row[0] as usize).collect(),
        rows.iter()
            .flat_map(|row| row[first..first + 3].to_vec())
            .collect(),
        None,
    )
    .unwrap()
}

#[test]
fn delong_equals_proc() {
    let (a, b) = (model(1), model(4));
    for (class, expected) in r()["delong"].as_array().unwrap().iter().enumerate() {
        let (x, y, truth) = (a.column(class), b.column(class), a.is_class(class));
        let ours = delong(&x, &truth).unwrap().unwrap();
        close(ours.auc, &expected["auc"], 1e-12);
        close(ours.variance, &expected["variance"], 1e-12);
        let [low, high] = ours.interval(0.95).unwrap();
        close(low, &expected["low"], 1e-10);
        close(high, &expected["high"], 1e-10);
        let [low, high] = ours.logit_interval(0.95).unwrap();
        assert!(low < ours.auc && ours.auc < high && high < 1.0);
        let paired = delong_paired(&x, &y, &truth).unwrap().unwrap();
        close(paired.statistic.unwrap(), &expected["z"], 1e-10);
        close(paired.p_value.unwrap(), &expected["p"], 1e-10);
        let unpaired = delong_unpaired((&x[..80], &truth[..80]), (&x[80..], &truth[80..]))
            .unwrap()
            .unwrap();
        close(unpaired.statistic.unwrap(), &expected["t"], 1e-10);
        close(unpaired.degrees_of_freedom.unwrap(), &expected["df"], 1e-9);
        close(unpaired.p_value.unwrap(), &expected["pu"], 1e-10);
    }
    for (ours, theirs) in holm(&[0.01, 0.02, 0.03, 0.5, 0.04])
        .iter()
        .zip(r()["holm"].as_array().unwrap())
    {
        close(*ours, theirs, 1e-15);
    }
}

#[test]
fn figures_of_three_classes_equal_scikit_learn_and_the_definitions() {
    for (first, expected) in [1, 4]
        .into_iter()
        .zip(figures()["models"].as_array().unwrap())
    {
        let p = model(first);
        let matrix = confusion(&p);
        close(auc_hand_till(&p).unwrap(), &expected["hand_till"], 1e-12);
        close(
            polytomous_discrimination_index(&p).unwrap(),
            &expected["pdi"],
            1e-12,
        );
        close(macro_f1(&matrix).unwrap(), &expected["macro_f1"], 1e-12);
        close(
            matthews_correlation(&matrix).unwrap(),
            &expected["mcc"],
            1e-12,
        );
        close(quadratic_kappa(&matrix).unwrap(), &expected["kappa"], 1e-12);
        close(log_loss(&p), &expected["log_loss"], 1e-12);
    }
    close(
        top_label_ece(&model(1), 10).unwrap(),
        &figures()["top_label_ece"],
        1e-12,
    );
}

#[test]
fn accelerated_intervals_equal_their_formula() {
    let expected = &figures()["bca"];
    let replicates: Vec<f64> = (expected["replicates"].as_array().unwrap().iter())
        .map(|v| v.as_f64().unwrap())
        .collect();
    let estimate = expected["estimate"].as_f64().unwrap();
    let acceleration = expected["acceleration"].as_f64().unwrap();
    let ours = bca_interval(estimate, &replicates, acceleration, 0.95).unwrap();
    close(ours[0], &expected["interval"][0], 1e-10);
    close(ours[1], &expected["interval"][1], 1e-10);
}

#[test]
fn the_acceleration_of_an_auc_equals_boot() {
    // Two classes: zero against the rest, which is also how boot's strata were set.
    let rows = table();
    let ids: Vec<String> = (0..rows.len()).map(|i| i.to_string()).collect();
    let two = Predictions::new(
        ids.clone(),
        ids,
        vec!["rest".into(), "zero".into()],
        rows.iter().map(|row| usize::from(row[0] == 0.0)).collect(),
        rows.iter().flat_map(|row| [1.0 - row[1], row[1]]).collect(),
        None,
    )
    .unwrap();
    let options = BootstrapOptions {
        replicates: 10,
        seed: 1,
    };
    let result = bootstrap(&two, &options).unwrap();
    let ours = result.acceleration(Statistic::ClassAuc(1)).unwrap();
    close(ours, &r()["acceleration"], 1e-10);
}

#[test]
fn a_paired_bootstrap_agrees_with_delong_and_does_not_depend_on_threads() {
    let (a, b) = (model(1), model(4));
    let options = BootstrapOptions {
        replicates: 2000,
        seed: 4,
    };
    let run = |threads| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        pool.install(|| bootstrap_difference(&a, &b, &options).unwrap())
    };
    let result = run(1);
    assert_eq!(result, run(3));
    for class in 0..3 {
        let test = delong_paired(&a.column(class), &b.column(class), &a.is_class(class))
            .unwrap()
            .unwrap();
        let statistic = Statistic::ClassAuc(class);
        assert!((result.estimate(statistic).unwrap() - test.difference).abs() < 1e-12);
        for interval in [
            result.interval(statistic, 0.95).unwrap(),
            result.bca_interval(statistic, 0.95).unwrap(),
        ] {
            // Half widths of two methods, within a tenth of each other.
            let half = (interval[1] - interval[0]) / 2.0;
            assert!(
                (half / (1.959964 * test.standard_error) - 1.0).abs() < 0.1,
                "{half}"
            );
        }
    }
    assert!(bootstrap_difference(&a, &b.subset(&[0, 1]).unwrap(), &options).is_err());
}

#[test]
fn thresholds_are_chosen_as_by_trying_all_and_then_stay() {
    let p = model(1);
    let split = BinarySplit::new(&p, &["low", "positive"]).unwrap();
    let validation = ValidationScores::from_validation(&p);
    let youden = FrozenThreshold::choose(validation, &split, ThresholdRule::Youden)
        .unwrap()
        .unwrap();
    let seen = youden.apply(&p, 0.95).unwrap();
    let j = seen.sensitivity.value.unwrap() + seen.specificity.value.unwrap() - 1.0;
    close(j, &figures()["youden2"], 1e-12);

    let rule = ThresholdRule::Sensitivity(0.95);
    let careful = FrozenThreshold::choose(validation, &split, rule)
        .unwrap()
        .unwrap();
    let reached = careful.apply(&p, 0.95).unwrap().sensitivity;
    assert!(reached.value.unwrap() >= 0.95);
    // The next higher threshold would not do.
    let (scores, positive) = split.apply(&p).unwrap();
    let hits = (scores.iter().zip(&positive))
        .filter(|(s, y)| **y && **s > careful.threshold())
        .count();
    assert!((hits as f64) < 0.95 * reached.denominator as f64);
    // A frozen threshold survives a file and does the same on other patients.
    let stored = serde_json::to_string(&careful).unwrap();
    let loaded: FrozenThreshold = serde_json::from_str(&stored).unwrap();
    let other = model(4);
    assert_eq!(loaded.apply(&other, 0.95), careful.apply(&other, 0.95));

    let cuts = FrozenCutPoints::choose(validation).unwrap();
    close(cuts.validation_youden(), &figures()["youden3"], 1e-9);
    let matrix = cuts.apply(&p).unwrap();
    let sum: f64 = (matrix.iter().enumerate())
        .map(|(k, row)| row[k] as f64 / row.iter().sum::<u64>() as f64)
        .sum();
    close(sum - 1.0, &figures()["youden3"], 1e-9);
    assert!(BinarySplit::new(&p, &["none"]).is_err());
    assert!(BinarySplit::new(&p, &[]).is_err());
}

#[test]
fn net_benefit_equals_its_formula() {
    let p = model(1);
    let split = BinarySplit::new(&p, &["low", "positive"]).unwrap();
    let expected = figures()["net_benefit"].as_array().unwrap().clone();
    let thresholds: Vec<f64> = expected.iter().map(|e| e[0].as_f64().unwrap()).collect();
    let options = BootstrapOptions {
        replicates: 200,
        seed: 1,
    };
    let curve = decision_curve(&p, &split, &thresholds, &options, 0.95).unwrap();
    for (point, expected) in curve.iter().zip(&expected) {
        close(point.model, &expected[1], 1e-12);
        close(point.treat_all, &expected[2], 1e-12);
        let [low, high] = point.band.unwrap();
        assert!(low < point.model && point.model < high);
    }
    assert!(decision_curve(&p, &split, &[1.0], &options, 0.95).is_err());
}

#[test]
fn multinomial_recalibration_equals_vgam() {
    let ours = multinomial_recalibration(&model(1)).unwrap();
    let expected = &r()["recalibration"];
    for k in 0..2 {
        close(ours.intercepts[k], &expected["coefficients"][k], 1e-6);
        close(ours.slopes[k], &expected["coefficients"][k + 2], 1e-6);
        close(ours.intercept_errors[k], &expected["errors"][k], 1e-5);
        close(ours.slope_errors[k], &expected["errors"][k + 2], 1e-5);
        close(ours.in_the_large[k], &expected["large"][k], 1e-6);
    }
    close(ours.log_likelihood, &expected["logLik"], 1e-8);
    // Without rows of a class there is nothing to fit.
    assert_eq!(
        multinomial_recalibration(&model(1).subset(&[0, 1]).unwrap()),
        None
    );
}

#[test]
fn random_effects_equal_metafor() {
    let (y, v) = (
        [1.1, 0.8, 1.9, 0.4, 1.3, 1.6],
        [0.04, 0.09, 0.06, 0.12, 0.03, 0.2],
    );
    for (method, place) in [
        (BetweenVariance::Reml, 0),
        (BetweenVariance::DersimonianLaird, 1),
    ] {
        let ours = random_effects(&y, &v, method, 0.95).unwrap().unwrap();
        let expected = &r()["meta"][place];
        close(ours.tau2, &expected["tau2"], 1e-8);
        close(ours.estimate, &expected["mu"], 1e-8);
        close(ours.standard_error, &expected["se"], 1e-8);
        close(ours.interval[0], &expected["low"], 1e-7);
        close(ours.interval[1], &expected["high"], 1e-7);
        close(ours.prediction[0], &expected["pl"], 1e-7);
        close(ours.prediction[1], &expected["pu"], 1e-7);
        close(ours.q, &expected["q"], 1e-10);
        close(ours.q_p_value, &expected["qp"], 1e-10);
        close(ours.i2 * 100.0, &expected["i2"], 1e-6);
    }
    assert_eq!(
        random_effects(&y[..1], &v[..1], BetweenVariance::Reml, 0.95),
        Ok(None)
    );
    assert!(random_effects(&y, &[0.0; 6], BetweenVariance::Reml, 0.95).is_err());
    let test = subgroup_test(&y, &v, &[50, 3, 50, 50, 50, 50], 10)
        .unwrap()
        .unwrap();
    assert_eq!((test.left_out, test.degrees_of_freedom), (vec![1], 4));
}

#[test]
fn drift_equals_scipy() {
    let x: Vec<f64> = table().iter().map(|row| row[7]).collect();
    let shifted: Vec<f64> = x[90..].iter().map(|v| v + 0.4).collect();
    let ours = drift(&x[..90], &shifted).unwrap();
    let expected = &figures()["drift"];
    close(
        ours.standardised_difference.unwrap(),
        &expected["smd"],
        1e-12,
    );
    close(ours.ks_distance, &expected["ks"], 1e-12);
    close(ours.stability_index, &expected["psi"], 1e-12);
    assert_eq!(drift(&[1.0], &shifted), None);
    let constant = drift(&[1.0, 1.0], &[1.0, 1.0]).unwrap();
    assert_eq!(
        (constant.standardised_difference, constant.ks_distance),
        (None, 0.0)
    );
}
