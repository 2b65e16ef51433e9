//! Whole pages: their structure, escaping, and what happens when there is next to nothing to show.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use proptest::prelude::*;
use triher_report::{
    Catalogue, CurvePoint, EvaluationReport, GreyImage, KineticCurve, LabelledPicture, Language,
    LearningFigure, LearningLine, PatientReport, PhasePicture, Reason, TrainingReport,
    evaluation_report, figure, patient_report, training_report,
};
use triher_stats::{
    Evaluation, EvaluationOptions, OperatingPoints, Predictions, SubgroupColumn, SubgroupOptions,
    ValidationScores, evaluate, subgroups,
};

const HOSTILE: &str = "<script>alert('x')</script>\"&\u{1}";

fn names(classes: &[&str]) -> Vec<String> {
    classes.iter().map(|c| c.to_string()).collect()
}

fn predictions_of(truth: &[usize], classes: &[&str], centres: Option<&[&str]>) -> Predictions {
    let n = truth.len();
    let ids: Vec<String> = (0..n).map(|i| format!("p{i}")).collect();
    let probabilities = truth
        .iter()
        .enumerate()
        .flat_map(|(i, &t)| {
            let mut scores: Vec<f64> = (0..classes.len())
                .map(|k| 1.0 + ((i * 31 + k * 17) % 23) as f64 / 10.0)
                .collect();
            scores[t] += 1.0;
            let sum: f64 = scores.iter().sum();
            scores.into_iter().map(move |s| s / sum)
        })
        .collect();
    let centres = centres.map(|c| (0..n).map(|i| Some(c[i % c.len()].to_string())).collect());
    Predictions::new(
        ids.clone(),
        ids,
        names(classes),
        truth.to_vec(),
        probabilities,
        centres,
    )
    .unwrap()
}

fn cohort(truth: &[usize], classes: &[&str], centres: Option<&[&str]>) -> Evaluation {
    let options = EvaluationOptions {
        bootstrap: 100,
        ..Default::default()
    };
    evaluate(&predictions_of(truth, classes, centres), &options).unwrap()
}

fn three_centres() -> Evaluation {
    let truth: Vec<usize> = (0..90).map(|i| (i / 3) % 3).collect();
    cohort(&truth, &["zero", "low", "positive"], Some(&["A", "B", "C"]))
}

/// Three centres, two subgroup variables of which one has a level too small, and frozen operating points.
fn with_everything() -> Evaluation {
    let mut evaluation = three_centres();
    let truth: Vec<usize> = (0..90).map(|i| (i / 3) % 3).collect();
    let predictions = predictions_of(&truth, &["zero", "low", "positive"], Some(&["A", "B", "C"]));
    let column = |name: &str, level: &dyn Fn(usize) -> Option<&'static str>| SubgroupColumn {
        name: name.to_owned(),
        levels: (0..90).map(|i| level(i).map(str::to_owned)).collect(),
    };
    let columns = [
        column("menopause", &|i| {
            Some(if i % 5 < 2 { "before" } else { "after" })
        }),
        column("field strength", &|i| match i {
            0..6 => Some("1 T"),
            6..50 => Some("1.5 T"),
            50..86 => Some("3 T"),
            _ => None,
        }),
    ];
    let options = SubgroupOptions {
        bootstrap: 100,
        ..SubgroupOptions::default()
    };
    evaluation.subgroups = subgroups(&predictions, &columns, &options).unwrap();
    let points = OperatingPoints::choose(ValidationScores::from_validation(&predictions)).unwrap();
    evaluation.operating = points.apply(&predictions, 0.95).unwrap();
    evaluation
}

#[test]
fn everything_that_an_evaluation_can_hold_is_on_the_page() {
    let evaluation = with_everything();
    let page = evaluation_report(&EvaluationReport::new("External cohort", &evaluation));
    if let Ok(folder) = std::env::var("TRIHER_REPORT_PICTURES") {
        std::fs::write(format!("{folder}/everything.html"), &page).unwrap();
    }
    for part in [
        "Hand and Till",
        "DeLong",
        "Multinomial recalibration",
        "Frozen operating points",
        "Net benefit",
        "Doubtful labels",
        "Prediction interval",
        "menopause: after",
        "field strength: 1 T: 6 patients are fewer than the minimum of 10",
        "field strength: not known for 4 rows.",
    ] {
        assert!(page.contains(part), "{part}");
    }
    assert!(!page.contains("NaN") && !page.contains("inf"));
}

/// The text of the elements that make the skeleton of a page, in their order.
fn skeleton(page: &str) -> String {
    let mut lines = Vec::new();
    let mut rest = page;
    while let Some(start) = rest.find('<') {
        rest = &rest[start + 1..];
        let end = rest.find('>').unwrap();
        let name = rest[..end].split(' ').next().unwrap_or("");
        let inner = &rest[end + 1..];
        if ["h1", "h2", "h3", "caption", "title", "figcaption"].contains(&name) {
            let text = &inner[..inner.find("</").unwrap()];
            lines.push(format!("{name}: {}", text.replace('\u{a0}', " ")));
        }
        if name == "th" && rest[..end].contains("col") {
            let text = &inner[..inner.find("</").unwrap()];
            lines.push(format!("  column: {text}"));
        }
    }
    lines.join("\n")
}

/// A page is whole and closed in itself: no script, no address elsewhere, no number that is none.
fn check(page: &str) {
    assert!(page.starts_with("<!DOCTYPE html>") && page.ends_with("</html>"));
    assert!(!page.contains("<script") && !page.contains("<link") && !page.contains("url("));
    let outside = page.replace("http://www.w3.org/2000/svg", "");
    assert!(!outside.contains("http://") && !outside.contains("https://"));
    let top = page.find("Research use only").unwrap();
    assert!(top < page.find("<h1").unwrap());
    assert!(page.contains("class=\"running\""));
    // Pictures are base64 and may spell anything; the rest may not say NaN or inf.
    let mut text = String::new();
    for (index, part) in page.split("data:image/png;base64,").enumerate() {
        let part = if index == 0 {
            part
        } else {
            part.split_once('"').unwrap().1
        };
        text.push_str(part);
    }
    let word = |w: &str| w == "NaN" || w == "inf" || w == "Infinity";
    assert!(!text.split(|c: char| !c.is_alphanumeric()).any(word));
    assert_eq!(text.matches("<svg").count(), text.matches("</svg>").count());
    assert_eq!(
        text.matches("<svg").count() - text.matches("aria-hidden=\"true\"><rect").count(),
        text.matches("<title>").count() - 1,
        "every figure has a title"
    );
}

#[test]
fn the_evaluation_page_has_its_parts_in_order() {
    let evaluation = three_centres();
    let mut report = EvaluationReport::new("External evaluation", &evaluation);
    report.cross_validated = Some(&evaluation);
    report.simulated = true;
    report.notes = vec!["A note.".into()];
    report.limits = vec!["A limit.".into()];
    report.manifest = vec![("triher".into(), "0.1.0".into())];
    let page = evaluation_report(&report);
    check(&page);
    assert_eq!(page, evaluation_report(&report));
    insta::assert_snapshot!("evaluation", skeleton(&page));
}

fn reason(feature: &str, contribution: f64) -> Reason {
    Reason {
        feature: feature.into(),
        standing: "higher than in 83 % of them".into(),
        contribution,
    }
}

fn patient() -> PatientReport {
    let image = GreyImage::new(8, 6, (0..48).collect()).unwrap();
    PatientReport {
        patient_id: "P-17".into(),
        probabilities: vec![
            ("zero".into(), 0.2),
            ("low".into(), 0.5),
            ("positive".into(), 0.3),
        ],
        predicted: "low".into(),
        study: vec![PhasePicture {
            label: "C0, before contrast".into(),
            time_s: Some(0.0),
            slice: image.clone(),
            outlines: vec![vec![[1.0, 1.0], [3.0, 1.0], [3.0, 3.0]]],
            crop: Some([0.5, 0.5, 4.5, 4.5]),
        }],
        patch: vec![LabelledPicture {
            label: "Slice 24 of 48".into(),
            image,
        }],
        curve: Some(KineticCurve {
            quantity: "Enhancement over C0 (%)".into(),
            points: vec![
                CurvePoint {
                    phase: "C0".into(),
                    time_s: Some(0.0),
                    mean: 0.0,
                },
                CurvePoint {
                    phase: "C1".into(),
                    time_s: Some(90.0),
                    mean: 80.0,
                },
            ],
            curve_type: None,
        }),
        lesion: vec![("Volume".into(), "812 mm³".into())],
        reasons: vec![reason("wash-out", 0.4), reason("volume", -0.1)],
        uncertainty: vec!["Prediction set: low.".into()],
        series_read: vec![("Series 4".into(), "2 phases".into())],
        set_aside: vec![("Series 1".into(), "localiser".into())],
        warnings: vec!["Few phases.".into()],
        not_checked: vec!["Motion.".into()],
        manifest: vec![("triher".into(), "0.1.0".into())],
        ..Default::default()
    }
}

#[test]
fn the_patient_page_has_its_parts_in_order() {
    let page = patient_report(&patient());
    check(&page);
    assert!(page.contains("C0, before contrast, 0\u{a0}s"));
    assert!(page.contains("outline of the lesion") && page.contains("crop that the encoder saw"));
    insta::assert_snapshot!("patient", skeleton(&page));
}

#[test]
fn every_text_is_escaped() {
    let truth: Vec<usize> = (0..40).map(|i| i % 2).collect();
    let evaluation = cohort(&truth, &[HOSTILE, "low"], Some(&[HOSTILE, "B"]));
    let pair = vec![(HOSTILE.to_string(), HOSTILE.to_string())];
    let mut report = EvaluationReport::new(HOSTILE, &evaluation);
    report.subtitle = HOSTILE.into();
    report.model = pair.clone();
    report.data = pair.clone();
    report.notes = vec![HOSTILE.into()];
    report.limits = vec![HOSTILE.into()];
    report.manifest = pair.clone();
    check(&evaluation_report(&report));

    let mut report = patient();
    for text in [
        &mut report.title,
        &mut report.patient_id,
        &mut report.predicted,
    ] {
        *text = HOSTILE.into();
    }
    report.uncertainty = vec![HOSTILE.into()];
    report.probabilities[0].0 = HOSTILE.into();
    report.study[0].label = HOSTILE.into();
    report.patch[0].label = HOSTILE.into();
    report.reasons[0].feature = HOSTILE.into();
    report.reasons[0].standing = HOSTILE.into();
    let curve = report.curve.as_mut().unwrap();
    curve.quantity = HOSTILE.into();
    curve.curve_type = Some(HOSTILE.into());
    curve.points[0].phase = HOSTILE.into();
    for rows in [
        &mut report.model,
        &mut report.lesion,
        &mut report.series_read,
        &mut report.set_aside,
        &mut report.manifest,
    ] {
        *rows = pair.clone();
    }
    report.warnings = vec![HOSTILE.into()];
    report.not_checked = vec![HOSTILE.into()];
    let page = patient_report(&report);
    check(&page);
    assert!(page.matches("&lt;script&gt;alert(").count() > 20);
}

#[test]
fn next_to_nothing_gives_a_page_that_says_so() {
    let page = patient_report(&PatientReport::default());
    check(&page);
    for sentence in [
        "no prediction",
        "no pictures",
        "No figures of the lesion",
        "gives no reasons",
        "No series",
    ] {
        assert!(page.contains(sentence), "{sentence}");
    }
    // One class, one centre, three rows.
    let evaluation = cohort(&[1, 1, 1], &["zero", "low", "positive"], Some(&["A"]));
    let page = evaluation_report(&EvaluationReport::new("One class", &evaluation));
    check(&page);
    assert!(page.contains("Only the class &quot;low&quot; occurs"));
    assert!(page.contains("All cases come from one centre"));
    assert!(page.contains("not available"));

    // No centres, no bootstrap, no calibration.
    let mut evaluation = cohort(&[0, 1], &["zero", "low"], None);
    evaluation.calibration.per_class.clear();
    let page = evaluation_report(&EvaluationReport::new("Two rows", &evaluation));
    check(&page);
    assert!(page.contains("name no centres") && page.contains("There are no calibration curves"));
}

#[test]
fn numbers_that_are_none_are_named_and_not_drawn() {
    let mut report = patient();
    report.probabilities[0].1 = f64::NAN;
    report.probabilities[1].1 = f64::INFINITY;
    report.reasons = vec![reason("a", f64::NAN), reason("b", f64::NEG_INFINITY)];
    report.study[0].time_s = Some(f64::NAN);
    report.study[0].crop = Some([f64::NAN, 0.0, 1.0, 1.0]);
    report.study[0].outlines = vec![vec![[f64::NAN, f64::INFINITY]; 5], vec![]];
    let curve = report.curve.as_mut().unwrap();
    curve.points[0].mean = f64::NAN;
    curve.points[1].time_s = Some(f64::INFINITY);
    check(&patient_report(&report));
    for (low, high) in [(f64::MIN, f64::MAX), (0.0, 0.0), (-1e-300, 1e-300)] {
        let points = [low, high]
            .map(|mean| CurvePoint {
                phase: "C".into(),
                time_s: None,
                mean,
            })
            .to_vec();
        report.curve = Some(KineticCurve {
            points,
            ..Default::default()
        });
        check(&patient_report(&report));
    }
}

#[test]
fn a_training_page_shows_its_curves_and_bears_any_number() {
    let line = |name: &str, points: &[[f64; 2]]| LearningLine {
        name: name.into(),
        points: points.to_vec(),
    };
    let points: Vec<[f64; 2]> = (1..=40)
        .map(|i| [f64::from(i), 1.0 / f64::from(i)])
        .collect();
    let mut report = TrainingReport {
        title: HOSTILE.into(),
        figures: vec![LearningFigure {
            title: "Loss".into(),
            x_name: "Epoch".into(),
            lines: vec![line("training", &points), line(HOSTILE, &points[..9])],
            chosen: Some((8.0, "epoch 8 was kept".into())),
            ..LearningFigure::default()
        }],
        simulated: true,
        ..TrainingReport::default()
    };
    let words = Catalogue::new(Language::English);
    let page = training_report(&report, &words);
    check(&page);
    assert!(page.contains("epoch 8 was kept") && page.contains("12 of 40 rows"));
    // The table's first and last row.
    assert!(page.contains("1.0000") && page.contains("0.0250"));
    for numbers in [
        vec![],
        vec![[1.0, 0.5]],
        vec![[1.0, f64::NAN], [2.0, f64::INFINITY], [f64::NAN, 0.0]],
        vec![[0.0, f64::MIN], [1.0, f64::MAX]],
        vec![[1.0, 0.0], [2.0, 0.0]],
    ] {
        report.figures[0].lines = vec![line("any", &numbers)];
        report.figures[0].chosen = Some((f64::NAN, String::new()));
        check(&training_report(&report, &words));
    }
}

#[test]
fn figures_stand_alone() {
    let evaluation = three_centres();
    let words = Catalogue::new(Language::Chinese);
    for svg in [
        figure::roc(&evaluation, &words),
        figure::forest(&evaluation, &words),
        figure::calibration(&evaluation, &words),
        figure::spread(&evaluation, &words),
        figure::confusion(&evaluation.classes, &evaluation.confusion, &words),
        figure::probabilities(&[("zero".into(), 0.4), ("low".into(), 0.6)], &words),
        figure::contributions(&[], &words),
        figure::kinetic_curve(&KineticCurve::default(), &words),
        figure::confusion(&[], &[], &words),
        figure::confusion(&names(&["a", "b"]), &[vec![1]], &words),
    ] {
        assert!(svg.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\""));
        assert!(svg.ends_with("</svg>") && svg.contains("<title>") && !svg.contains("NaN"));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn any_evaluation_gives_a_sound_page(
        truth in prop::collection::vec(0usize..7, 1..40),
        classes in 2usize..7,
        centres in prop::option::of(1usize..6)
    ) {
        let all = ["zero", "low", "positive", "ultralow", "fifth", "sixth"];
        let truth: Vec<usize> = truth.into_iter().map(|t| t % classes).collect();
        let centres = centres.map(|n| &["A", "B", "C", "D", "E"][..n]);
        let evaluation = cohort(&truth, &all[..classes], centres);
        check(&evaluation_report(&EvaluationReport::new("Any", &evaluation)));
    }

    #[test]
    fn any_text_and_number_gives_a_sound_patient_page(
        text in ".{0,40}",
        numbers in prop::collection::vec(any::<f64>(), 4)
    ) {
        let mut report = patient();
        report.title = text.clone();
        report.warnings = vec![text.clone()];
        report.probabilities = vec![(text.clone(), numbers[0]), (text, numbers[1])];
        report.reasons = vec![reason("x", numbers[2])];
        report.curve.as_mut().unwrap().points[1].mean = numbers[3];
        let page = patient_report(&report);
        prop_assert!(page.starts_with("<!DOCTYPE html>") && !page.contains("<script"));
    }
}
