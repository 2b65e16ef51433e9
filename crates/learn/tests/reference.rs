//! Parity with scikit-learn (`reference.py` writes `reference.json`).

#![allow(clippy::unwrap_used)]

use serde::Deserialize;
use triher_learn::{
    ClassWeight, ClassifierSpec, Dataset, LogisticRegression, Matrix, MedianImputer, Pca, PcaSpec,
    Penalty, Pipeline, PipelineSpec, Split, Standardizer,
};

#[derive(Deserialize)]
struct Reference {
    tall: Case,
    wide: Case,
}

#[derive(Deserialize)]
struct Case {
    rows: usize,
    columns: usize,
    x: Vec<Option<f64>>,
    y: Vec<usize>,
    medians: Vec<f64>,
    means: Vec<f64>,
    scales: Vec<f64>,
    pca: PcaCase,
    logistic: Vec<LogisticCase>,
    pipeline_held_out: Vec<f64>,
}

#[derive(Deserialize)]
struct PcaCase {
    components: Vec<f64>,
    explained_variance: Vec<f64>,
    explained_variance_ratio: Vec<f64>,
    scores: Vec<f64>,
    components_for_80_percent: usize,
}

#[derive(Deserialize)]
struct LogisticCase {
    classes: usize,
    c: f64,
    balanced: bool,
    coefficients: Vec<f64>,
    intercepts: Vec<f64>,
    probabilities: Vec<f64>,
}

fn cases() -> [(&'static str, Case); 2] {
    let reference: Reference = serde_json::from_str(include_str!("reference.json")).unwrap();
    [("tall", reference.tall), ("wide", reference.wide)]
}

fn names(prefix: &str, count: usize) -> Vec<String> {
    (0..count).map(|i| format!("{prefix}{i}")).collect()
}

fn data(case: &Case, classes: usize) -> Dataset {
    let x = case.x.iter().map(|v| v.unwrap_or(f64::NAN)).collect();
    let y = case.y.iter().map(|&y| y.min(classes - 1)).collect();
    Dataset::new(
        names("row", case.rows),
        names("patient", case.rows),
        None,
        names("feature", case.columns),
        Matrix::new(case.rows, case.columns, x).unwrap(),
        y,
        names("class", classes),
    )
    .unwrap()
}

/// Largest difference, relative to the largest expected value (or to 1 when that is smaller).
fn difference(found: &[f64], expected: &[f64]) -> f64 {
    assert_eq!(found.len(), expected.len());
    let scale = expected.iter().fold(1.0_f64, |m, v| m.max(v.abs()));
    let pairs = found.iter().zip(expected);
    pairs.fold(0.0_f64, |m, (a, b)| m.max((a - b).abs())) / scale
}

/// Largest difference relative to each expected value.
fn relative(found: &[f64], expected: &[f64]) -> f64 {
    assert_eq!(found.len(), expected.len());
    let pairs = found.iter().zip(expected);
    pairs.fold(0.0_f64, |m, (a, b)| {
        m.max((a - b).abs() / b.abs().max(1e-12))
    })
}

#[test]
fn imputation_and_standardisation_are_scikit_learns() {
    for (name, case) in cases() {
        let data = data(&case, 3);
        let fold = data.whole();
        let imputer = MedianImputer::fit(&fold).unwrap();
        let medians: Vec<f64> = imputer.medians().iter().map(|m| m.unwrap()).collect();
        assert_eq!(medians, case.medians, "{name}");
        let fold = imputer.transform_training(fold).unwrap();
        let standardizer = Standardizer::fit(&fold).unwrap();
        let means = relative(standardizer.means(), &case.means);
        let scales = relative(standardizer.scales(), &case.scales);
        println!("{name}: means {means:e}, scales {scales:e}");
        assert!(means < 1e-12 && scales < 1e-12, "{name}");
    }
}

#[test]
fn principal_components_are_scikit_learns() {
    for (name, case) in cases() {
        let data = data(&case, 3);
        let imputer = MedianImputer::fit(&data.whole()).unwrap();
        let fold = imputer.transform_training(data.whole()).unwrap();
        let standardizer = Standardizer::fit(&fold).unwrap();
        let fold = standardizer.transform_training(fold).unwrap();
        let pca = Pca::fit(&fold, PcaSpec::Components(3)).unwrap();
        let components = difference(pca.components().values(), &case.pca.components);
        let variance = difference(pca.explained_variance(), &case.pca.explained_variance);
        let ratio = difference(
            pca.explained_variance_ratio(),
            &case.pca.explained_variance_ratio,
        );
        let scores = pca.transform(fold.x()).unwrap();
        let scores = difference(&scores.values()[..12], &case.pca.scores);
        println!(
            "{name}: components {components:e}, variance {variance:e}, ratio {ratio:e}, scores {scores:e}"
        );
        assert!(
            components < 1e-8 && variance < 1e-10 && ratio < 1e-10 && scores < 1e-8,
            "{name}"
        );
        let share = Pca::fit(&fold, PcaSpec::VarianceShare(0.8)).unwrap();
        assert_eq!(
            share.components().rows(),
            case.pca.components_for_80_percent,
            "{name}"
        );
    }
}

#[test]
fn logistic_regression_is_scikit_learns() {
    for (name, case) in cases() {
        for expected in &case.logistic {
            let data = data(&case, expected.classes);
            let imputer = MedianImputer::fit(&data.whole()).unwrap();
            let fold = imputer.transform_training(data.whole()).unwrap();
            let standardizer = Standardizer::fit(&fold).unwrap();
            let fold = standardizer.transform_training(fold).unwrap();
            let settings = LogisticRegression {
                penalty: Penalty::L2,
                c: expected.c,
                class_weight: match expected.balanced {
                    true => ClassWeight::Balanced,
                    false => ClassWeight::None,
                },
            };
            let fitted = settings.fit(&fold).unwrap();
            let coefficients = difference(fitted.coefficients().values(), &expected.coefficients);
            let intercepts = difference(fitted.intercepts(), &expected.intercepts);
            let probabilities = fitted.predict_proba(fold.x()).unwrap();
            let first = &probabilities.values()[..expected.probabilities.len()];
            let probabilities = difference(first, &expected.probabilities);
            println!(
                "{name}, {} classes, C = {}, balanced {}: coefficients {coefficients:e}, intercepts {intercepts:e}, \
                 probabilities {probabilities:e}, {} steps",
                expected.classes,
                expected.c,
                expected.balanced,
                fitted.iterations()
            );
            assert!(coefficients < 1e-8 && intercepts < 1e-8 && probabilities < 1e-8);
        }
    }
}

#[test]
fn the_whole_pipeline_is_scikit_learns_on_held_out_rows() {
    for (name, case) in cases() {
        let data = data(&case, 3);
        let cut = case.rows - 10;
        let split = Split {
            train: (0..cut).collect(),
            test: (cut..case.rows).collect(),
        };
        let (train, held_out) = data.split(&split).unwrap();
        let spec = PipelineSpec {
            pca: Some(PcaSpec::Components(3)),
            ..PipelineSpec::new(ClassifierSpec::Logistic {
                penalty: Penalty::L2,
                c: 0.5,
                class_weight: ClassWeight::None,
            })
        };
        let fitted = Pipeline::new(spec).fit(&train).unwrap();
        let probabilities = fitted.predict_proba(held_out.x()).unwrap();
        let error = difference(probabilities.values(), &case.pipeline_held_out);
        println!("{name}: {error:e}");
        assert!(error < 1e-8, "{name}: {error:e}");
    }
}
