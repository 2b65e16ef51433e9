use super::*;
use proptest::prelude::*;

fn three() -> Vec<String> {
    ["zero", "low", "positive"].map(String::from).to_vec()
}

/// Rows with softened truth: class `t` gets more, by an amount that varies from row to row.
fn cohort(truth: &[usize], centres: Option<Vec<Option<String>>>) -> Predictions {
    let ids: Vec<String> = (0..truth.len()).map(|i| format!("p{i}")).collect();
    let probabilities = truth
        .iter()
        .enumerate()
        .flat_map(|(i, &t)| {
            let mut scores = [0usize, 1, 2].map(|k| 1.0 + ((i * 31 + k * 17) % 23) as f64 / 10.0);
            scores[t] += 1.0;
            let sum: f64 = scores.iter().sum();
            scores.map(|s| s / sum)
        })
        .collect();
    Predictions::new(
        ids.clone(),
        ids,
        three(),
        truth.to_vec(),
        probabilities,
        centres,
    )
    .unwrap()
}

fn quick() -> EvaluationOptions {
    EvaluationOptions {
        bootstrap: 200,
        ..Default::default()
    }
}

fn has(notes: &[String], part: &str) -> bool {
    notes.iter().any(|note| note.contains(part))
}

#[test]
fn the_json_has_the_paths_that_scripts_rely_on() {
    let truth: Vec<usize> = (0..60).map(|i| i % 3).collect();
    let centres = (0..60)
        .map(|i| Some(if i < 40 { "A" } else { "B" }.to_string()))
        .collect();
    let evaluation = evaluate(&cohort(&truth, Some(centres)), &quick()).unwrap();
    let json = serde_json::to_value(&evaluation).unwrap();
    for pointer in [
        "/auc/macro/value",
        "/auc/macro/ci95/1",
        "/auc/micro/value",
        "/auc/micro/ci95/0",
        "/auc/weighted/value",
        "/auc/per_class/low/value",
        "/auc/per_class/low/ci95/0",
        "/n",
        "/prevalence/zero",
        "/confusion/2/2",
        "/per_class/zero/sensitivity/value",
        "/per_class/zero/specificity/ci95/0",
        "/per_class/zero/ppv/numerator",
        "/per_class/zero/npv/denominator",
        "/accuracy/value",
        "/balanced_accuracy/value",
        "/brier/value",
        "/log_loss/value",
        "/calibration/per_class/positive/bins/0/observed",
        "/roc/per_class/zero/false_positive_rate/0",
        "/roc/micro/thresholds/1",
        "/per_centre/A/auc/macro/ci95/0",
        "/per_centre/B/auc/per_class/zero/value",
    ] {
        assert!(
            json.pointer(pointer)
                .is_some_and(serde_json::Value::is_number),
            "{pointer}"
        );
    }
    assert!(json["notes"].is_array());
    assert_eq!(json["classes"][1], "low");
    let order: Vec<&String> = json["auc"]["per_class"]
        .as_object()
        .unwrap()
        .keys()
        .collect();
    assert_eq!(order, ["zero", "low", "positive"]);
    let back: Evaluation = serde_json::from_value(json).unwrap();
    assert_eq!(back, evaluation);
}

#[test]
fn a_class_that_is_absent_has_a_note_and_no_number() {
    let truth: Vec<usize> = (0..40).map(|i| i % 2).collect();
    let evaluation = evaluate(&cohort(&truth, None), &quick()).unwrap();
    assert_eq!(evaluation.auc.per_class["positive"], Estimate::default());
    let [zero, low] = ["zero", "low"].map(|c| evaluation.auc.per_class[c].value.unwrap());
    assert_eq!(evaluation.auc.macro_average.value, Some((zero + low) / 2.0));
    assert!(evaluation.auc.macro_average.ci95.is_some());
    assert!(has(
        &evaluation.notes,
        "\"positive\" does not occur in this evaluation set"
    ));
    assert!(evaluation.roc.per_class["positive"].is_none());
    assert_eq!(evaluation.per_class["positive"].sensitivity.value, None);
}

#[test]
fn one_class_only_gives_no_auc_and_says_so() {
    let evaluation = evaluate(&cohort(&[1; 12], None), &quick()).unwrap();
    assert_eq!(evaluation.auc.macro_average, Estimate::default());
    assert_eq!(evaluation.auc.micro_average, Estimate::default());
    assert!(has(&evaluation.notes, "Only the class \"low\" occurs"));
    assert!(evaluation.accuracy.value.is_some());
}

#[test]
fn small_and_one_sided_centres_are_listed_with_a_reason() {
    let truth = [0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 1, 1, 1, 1, 1];
    let centres = truth
        .iter()
        .enumerate()
        .map(|(i, _)| match i {
            0..=8 => Some("big".to_string()),
            9 => Some("single".to_string()),
            15 => None,
            _ => Some("only low".to_string()),
        })
        .collect();
    let evaluation = evaluate(&cohort(&truth, Some(centres)), &quick()).unwrap();
    let names: Vec<&String> = evaluation.per_centre.keys().collect();
    assert_eq!(names, ["big", "not stated", "only low", "single"]);
    assert!(
        evaluation.per_centre["big"]
            .auc
            .macro_average
            .value
            .is_some()
    );
    let single = &evaluation.per_centre["single"];
    assert_eq!(single.auc.macro_average, Estimate::default());
    assert!(has(&single.notes, "1 patient at this centre"));
    let low = &evaluation.per_centre["only low"];
    assert_eq!(low.auc.micro_average, Estimate::default());
    assert!(has(
        &low.notes,
        "Only the class \"low\" occurs at this centre"
    ));
    assert!(has(&evaluation.notes, "1 rows state no centre"));
}

#[test]
fn a_centre_has_the_interval_it_would_have_alone() {
    let truth: Vec<usize> = (0..60).map(|i| i % 3).collect();
    let centres: Vec<_> = (0..60)
        .map(|i| Some(if i < 33 { "A" } else { "B" }.into()))
        .collect();
    let all = cohort(&truth, Some(centres));
    let alone = all.subset(&(33..60).collect::<Vec<_>>()).unwrap();
    let whole = evaluate(&all, &quick()).unwrap();
    assert_eq!(
        whole.per_centre["B"].auc,
        evaluate(&alone, &quick()).unwrap().auc
    );
}

#[test]
fn options_out_of_range_are_refused_by_name() {
    let predictions = cohort(&[0, 1, 2], None);
    for (options, name) in [
        (
            EvaluationOptions {
                confidence: f64::NAN,
                ..quick()
            },
            "confidence",
        ),
        (
            EvaluationOptions {
                min_centre: 1,
                ..quick()
            },
            "min_centre",
        ),
        (
            EvaluationOptions {
                calibration_bins: Some(0),
                ..quick()
            },
            "calibration_bins",
        ),
        (
            EvaluationOptions {
                bootstrap: usize::MAX,
                ..quick()
            },
            "bootstrap",
        ),
    ] {
        let error = evaluate(&predictions, &options).unwrap_err().to_string();
        assert!(error.contains(name), "{error}");
    }
    let none = evaluate(
        &predictions,
        &EvaluationOptions {
            bootstrap: 0,
            ..quick()
        },
    )
    .unwrap();
    assert!(none.auc.macro_average.value.is_some() && none.auc.macro_average.ci95.is_none());
    assert!(has(&none.notes, "No bootstrap"));
    let wide = evaluate(
        &predictions,
        &EvaluationOptions {
            confidence: 0.9,
            ..quick()
        },
    )
    .unwrap();
    assert!(has(&wide.notes, "at the level 0.9"));
    assert!(has(&wide.notes, "(zero 1, low 1, positive 1)"));
}

#[test]
fn the_order_of_rows_does_not_change_a_value() {
    let truth: Vec<usize> = (0..45).map(|i| (i * i) % 3).collect();
    let predictions = cohort(&truth, None);
    let reversed = predictions
        .subset(&(0..45).rev().collect::<Vec<_>>())
        .unwrap();
    let (a, b) = (
        evaluate(&predictions, &quick()),
        evaluate(&reversed, &quick()),
    );
    let (a, b) = (a.unwrap(), b.unwrap());
    assert_eq!(a.auc.macro_average.value, b.auc.macro_average.value);
    assert_eq!(a.confusion, b.confusion);
    assert!((a.brier.value.unwrap() - b.brier.value.unwrap()).abs() < 1e-12);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever the predictions, no number is NaN or infinite, and intervals are ordered.
    #[test]
    fn nothing_is_ever_nan(
        rows in prop::collection::vec((0usize..3, 0u8..5, 0u8..5, 0u8..5, 0u8..6, 0u8..4), 1..30)
    ) {
        let n = rows.len();
        let probabilities = rows
            .iter()
            .flat_map(|r| {
                let scores = [r.1, r.2, r.3].map(|s| f64::from(s) + if r.1 + r.2 + r.3 == 0 { 1.0 } else { 0.0 });
                let sum: f64 = scores.iter().sum();
                scores.map(|s| s / sum)
            })
            .collect();
        let predictions = Predictions::new(
            (0..n).map(|i| i.to_string()).collect(),
            rows.iter().map(|r| r.4.to_string()).collect(),
            three(),
            rows.iter().map(|r| r.0).collect(),
            probabilities,
            Some(rows.iter().map(|r| (r.5 > 0).then(|| r.5.to_string())).collect()),
        )
        .unwrap();
        let options = EvaluationOptions { bootstrap: 40, min_centre: 2, ..Default::default() };
        let evaluation = evaluate(&predictions, &options).unwrap();
        let areas = &evaluation.auc;
        let all = areas.per_class.values().chain([
            &areas.macro_average,
            &areas.weighted,
            &areas.micro_average,
            &evaluation.accuracy,
            &evaluation.balanced_accuracy,
            &evaluation.brier,
            &evaluation.log_loss,
        ]);
        for estimate in all {
            prop_assert!(estimate.value.is_none_or(f64::is_finite));
            if let Some([low, high]) = estimate.ci95 {
                prop_assert!(low.is_finite() && low <= high && estimate.value.is_some());
            }
        }
        // JSON has no NaN: a value that went through unharmed had none.
        let text = serde_json::to_string(&evaluation).unwrap();
        prop_assert_eq!(serde_json::from_str::<Evaluation>(&text).unwrap(), evaluation);
    }
}

#[test]
fn the_further_figures_are_those_of_their_own_functions() {
    let truth: Vec<usize> = (0..90).map(|i| (i / 3) % 3).collect();
    let centres = (0..90).map(|i| Some(["A", "B", "C"][i % 3].to_owned()));
    let predictions = cohort(&truth, Some(centres.collect()));
    let found = evaluate(&predictions, &quick()).unwrap();
    let exact = [
        (
            &found.multiclass.hand_till,
            crate::auc_hand_till(&predictions),
        ),
        (
            &found.multiclass.polytomous_discrimination,
            crate::polytomous_discrimination_index(&predictions),
        ),
        (
            &found.multiclass.macro_f1,
            crate::macro_f1(&found.confusion),
        ),
        (
            &found.multiclass.quadratic_kappa,
            crate::quadratic_kappa(&found.confusion),
        ),
    ];
    for (ours, exact) in exact {
        assert!((ours.value.unwrap() - exact.unwrap()).abs() < 1e-12);
        assert!(ours.ci95.is_some() && ours.bca95.is_some());
    }
    let zero = &found.delong["zero"];
    assert!((zero.auc - found.auc.per_class["zero"].value.unwrap()).abs() < 1e-12);
    // Two cuts between three classes; at a threshold near 0 the model treats everybody.
    let questions: Vec<&str> = found
        .net_benefit
        .iter()
        .map(|n| n.question.as_str())
        .collect();
    assert_eq!(
        questions,
        [
            "low or positive against zero",
            "positive against zero or low"
        ]
    );
    let first = &found.net_benefit[0].points[0];
    assert!((first.model - first.treat_all).abs() < 1e-12);
    // Flipping zero to low cannot improve what the zeros are told apart by, on the whole.
    let noise = found.label_noise.as_ref().unwrap();
    assert_eq!(noise.in_doubt, 30);
    let zeros = &noise.figures["AUC of zero against the rest"];
    assert!(zeros.range95.unwrap()[0] < zeros.as_labelled.unwrap());
    // Centres: macro AUC and three classes, and the mean lies among the centres.
    assert_eq!(found.centre_summary.len(), 4);
    for summary in &found.centre_summary {
        assert_eq!(summary.logit.centres + summary.left_out.len(), 3);
        let ordered = summary.prediction95[0] <= summary.ci95[0]
            && summary.ci95[0] < summary.auc
            && summary.auc < summary.ci95[1];
        assert!(ordered, "{summary:?}");
    }
    let text = serde_json::to_string(&found).unwrap();
    let read: Evaluation = serde_json::from_str(&text).unwrap();
    assert_eq!(read, found);
}
