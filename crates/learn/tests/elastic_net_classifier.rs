//! The elastic net as a classifier against R's glmnet (`tests/parity/make_elastic_net_classifier.R`).

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod common;
mod prepare_table;

use common::{back_from_file, difference};
use prepare_table::Table;
use serde::Deserialize;
use triher_learn::{
    ClassWeight, ClassifierSpec, Dataset, ElasticNetSelection, FittedElasticNet, Matrix, Pipeline,
    PipelineSpec, Split, StrengthRule,
};

#[derive(Deserialize)]
struct Table150 {
    x: Vec<f64>,
}

#[derive(Deserialize)]
struct Case {
    table: String,
    alpha: f64,
    family: String,
    rule: String,
    lambda: f64,
    probabilities: Vec<f64>,
}

/// The table as `make_elastic_net.R` changes it; a wide one has 120 products of two columns more.
fn data(wide: bool, binomial: bool) -> Dataset {
    let changed: Table150 = serde_json::from_str(include_str!("parity/elastic_net.json")).unwrap();
    let x = Matrix::new(90, 30, changed.x).unwrap();
    let mut table = Table::read();
    let columns = if wide { 150 } else { 30 };
    let x = Matrix::from_fn(90, columns, |i, j| match j.checked_sub(30) {
        None => x.row(i)[j],
        Some(product) => {
            let first = product % 15;
            let first = if first < 10 { first } else { first + 3 };
            x.row(i)[first] * x.row(i)[21 + product / 15]
        }
    });
    if binomial {
        table.y.iter_mut().for_each(|y| *y = usize::from(*y == 2));
    }
    let mut data = table.with(x, (0..columns).map(|j| j.to_string()).collect());
    if binomial {
        data.classes.truncate(2);
    }
    data
}

/// Probabilities of rows that the fit had not seen, at both rules: to 1e-6.
#[test]
fn probabilities_of_held_out_rows_are_glmnets() {
    let cases: Vec<Case> =
        serde_json::from_str(include_str!("parity/elastic_net_classifier.json")).unwrap();
    assert_eq!(cases.len(), 16);
    let folds: Vec<usize> = (0..70).map(|i| i % 5).collect();
    let mut largest = 0.0_f64;
    for case in cases {
        let data = data(case.table == "wide", case.family == "binomial");
        let split = Split {
            train: (0..70).collect(),
            test: (70..90).collect(),
        };
        let (train, held_out) = data.split(&split).unwrap();
        let settings = ElasticNetSelection {
            alpha: case.alpha,
            strengths: 20,
            weakest: Some(0.05),
            rule: match case.rule.as_str() {
                "minimum" => StrengthRule::Minimum,
                _ => StrengthRule::OneStandardError,
            },
            tolerance: 1e-20,
            ..ElasticNetSelection::default()
        };
        let fitted = FittedElasticNet::fit_on(&settings, &train, &folds).unwrap();
        let what = format!(
            "{} {} {} {}",
            case.table, case.alpha, case.family, case.rule
        );
        assert!((fitted.lambda() / case.lambda - 1.0).abs() < 1e-9, "{what}");
        let found = fitted.predict_proba(held_out.x()).unwrap();
        let apart = difference(found.values(), &case.probabilities);
        assert!(apart < 1e-6, "{what}: {apart:e}");
        largest = largest.max(apart);
    }
    println!("largest difference of a probability: {largest:e}");
}

/// Where no column helps, the shares of the classes are said, equal ones when balanced.
#[test]
fn noise_gives_the_shares_of_the_classes() {
    let mut data = data(false, false);
    let x = data.x.clone();
    data = {
        let mut table = Table::read();
        table.y = (0..90)
            .map(|i| usize::from(i % 5 > 1) + usize::from(i % 10 == 4))
            .collect();
        let noise = Matrix::from_fn(90, 4, |i, j| x.row((i * 37 + 11) % 90)[24 + j]);
        table.with(noise, (0..4).map(|j| j.to_string()).collect())
    };
    let counts = [0, 1, 2].map(|k| data.y.iter().filter(|y| **y == k).count() as f64 / 90.0);
    for (class_weight, wanted) in [
        (ClassWeight::None, counts),
        (ClassWeight::Balanced, [1.0 / 3.0; 3]),
    ] {
        let settings = ElasticNetSelection {
            rule: StrengthRule::OneStandardError,
            class_weight,
            ..ElasticNetSelection::default()
        };
        let fitted = FittedElasticNet::fit(&settings, &data.whole()).unwrap();
        assert!(fitted.columns().is_empty(), "{fitted:?}");
        let p = fitted.predict_proba(&data.x).unwrap();
        for row in p.iter_rows() {
            assert!(difference(row, &wanted) < 1e-6, "{row:?}");
        }
        let spec = PipelineSpec::new(ClassifierSpec::ElasticNet(settings));
        let fitted = Pipeline::new(spec).fit(&data.whole()).unwrap();
        assert!(fitted.describe().contains("with 0 of 4 columns"));
        let read = back_from_file(&data, fitted);
        let again = read.predict(&data.feature_names, data.x.values()).unwrap();
        assert!(difference(again.probabilities.values(), p.values()) < 1e-9);
    }
}
