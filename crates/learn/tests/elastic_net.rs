//! The elastic net path against R's glmnet and scikit-learn's saga (`tests/parity/make_elastic_net.R`, `.py`).

#![allow(clippy::unwrap_used)]

mod prepare_table;

use prepare_table::Table;
use serde::Deserialize;
use triher_learn::{
    ClassWeight, Dataset, ElasticNetSelection, InnerFolds, LearnError, Matrix, StrengthRule,
};

#[derive(Deserialize)]
struct Expected {
    x: Vec<f64>,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    table: String,
    alpha: f64,
    family: String,
    balanced: bool,
    lambda: Vec<f64>,
    intercepts: Vec<Vec<f64>>,
    coefficients: Vec<Vec<Vec<f64>>>,
    deviance: Option<Vec<f64>>,
    standard_error: Option<Vec<f64>>,
    minimum: Option<usize>,
    one_standard_error: Option<usize>,
}

fn expected() -> Expected {
    serde_json::from_str(include_str!("parity/elastic_net.json")).unwrap()
}

/// The table as `make_elastic_net.R` changes it.
fn data(expected: &Expected, wide: bool, binomial: bool) -> Dataset {
    let mut table = Table::read();
    let x = Matrix::new(90, 30, expected.x.clone()).unwrap();
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
    let names = (0..columns).map(|j| j.to_string()).collect();
    let mut data = table.with(x, names);
    if binomial {
        data.classes.truncate(2);
    }
    data
}

fn tight(case: &Case) -> ElasticNetSelection {
    ElasticNetSelection {
        alpha: case.alpha,
        strengths: 10,
        weakest: Some(0.05),
        class_weight: if case.balanced {
            ClassWeight::Balanced
        } else {
            ClassWeight::None
        },
        tolerance: 1e-20,
        ..ElasticNetSelection::default()
    }
}

#[test]
fn coefficients_are_glmnets() {
    let expected = expected();
    let mut largest = 0.0_f64;
    for case in &expected.cases {
        let data = data(&expected, case.table == "wide", case.family == "binomial");
        let fold = data.whole();
        let path = tight(case).path(&fold, &case.lambda).unwrap();
        assert_eq!(path.len(), 10);
        for (l, point) in path.iter().enumerate() {
            for (k, row) in case.coefficients[l].iter().enumerate() {
                for (j, value) in row.iter().enumerate() {
                    let difference = (point.coefficients.row(k)[j] - value).abs();
                    largest = largest.max(difference);
                    let what = (&case.table, case.alpha, &case.family, l, k, j);
                    assert!(
                        difference < 5e-6,
                        "{what:?} {} {value}",
                        point.coefficients.row(k)[j]
                    );
                }
                let difference = (point.intercepts[k] - case.intercepts[l][k]).abs();
                assert!(
                    difference < 5e-6,
                    "{} {}",
                    point.intercepts[k],
                    case.intercepts[l][k]
                );
            }
        }
    }
    println!("largest difference of a coefficient {largest:e}");
}

/// The conditions of the minimum: the loss's derivative by a standardised coefficient is `lambda (alpha sign(b) + (1 - alpha) b)`, or at most
/// `lambda alpha` in size where the coefficient is 0. This is exact where two optimisers that stop early differ.
#[test]
fn the_conditions_of_the_minimum_hold() {
    let expected = expected();
    for case in &expected.cases {
        let data = data(&expected, case.table == "wide", case.family == "binomial");
        let classes = data.classes.len();
        let path = tight(case).path(&data.whole(), &case.lambda).unwrap();
        let mut counts = vec![0.0; classes];
        data.y.iter().for_each(|&y| counts[y] += 1.0);
        let weight = |i: usize| match case.balanced {
            true => 1.0 / (classes as f64 * counts[data.y[i]]),
            false => 1.0 / 90.0,
        };
        for point in &path {
            let blocks = point.intercepts.len();
            let mut residual = vec![vec![0.0; 90]; blocks];
            for (i, weight) in (0..90).map(|i| (i, weight(i))) {
                let mut scores: Vec<f64> = (0..blocks)
                    .map(|k| {
                        let row = data.x.row(i).iter().zip(point.coefficients.row(k));
                        point.intercepts[k] + row.map(|(x, b)| x * b).sum::<f64>()
                    })
                    .collect();
                if blocks == 1 {
                    scores.insert(0, 0.0);
                }
                let total: f64 = scores.iter().map(|s| s.exp()).sum();
                for (k, residual) in residual.iter_mut().enumerate() {
                    let class = if blocks == 1 { 1 } else { k };
                    let truth = f64::from(u8::from(data.y[i] == class));
                    residual[i] = weight * (truth - scores[class].exp() / total);
                }
            }
            for j in 0..data.x.columns() {
                let column: Vec<f64> = (0..90).map(|i| data.x.row(i)[j]).collect();
                let mean: f64 = (0..90).map(|i| weight(i) * column[i]).sum();
                let square: f64 = (0..90)
                    .map(|i| weight(i) * (column[i] - mean).powi(2))
                    .sum();
                let scale = if square < 1e-20 { 1.0 } else { square.sqrt() };
                for (k, residual) in residual.iter().enumerate() {
                    let pull: f64 = (0..90)
                        .map(|i| (column[i] - mean) / scale * residual[i])
                        .sum();
                    let b = point.coefficients.row(k)[j] * scale;
                    let excess = if b == 0.0 {
                        (pull.abs() - point.lambda * case.alpha).max(0.0)
                    } else {
                        let sign = case.alpha * b.signum() + (1.0 - case.alpha) * b;
                        (pull - point.lambda * sign).abs()
                    };
                    assert!(
                        excess < 3e-9,
                        "{} {} {j} {excess:e}",
                        case.table,
                        case.alpha
                    );
                }
            }
        }
    }
}

#[test]
fn the_inner_cross_validation_is_glmnets() {
    let expected = expected();
    let inner: Vec<usize> = (0..90).map(|i| i % 5).collect();
    for case in expected.cases.iter().filter(|c| c.deviance.is_some()) {
        let data = data(&expected, case.table == "wide", case.family == "binomial");
        let curve = tight(case).curve_on(&data.whole(), &inner).unwrap();
        // The strengths start where the first column enters; glmnet's first is the same number.
        for (l, lambda) in curve.lambdas.iter().enumerate() {
            assert!(
                (lambda / case.lambda[l] - 1.0).abs() < 1e-8,
                "{lambda} {}",
                case.lambda[l]
            );
            let deviance = case.deviance.as_ref().unwrap()[l];
            let difference = (curve.deviance[l] - deviance).abs();
            assert!(difference < 5e-6, "{l} {} {deviance}", curve.deviance[l]);
            let error = case.standard_error.as_ref().unwrap()[l];
            assert!((curve.standard_error[l] - error).abs() < 5e-6);
        }
        assert_eq!(Some(curve.minimum), case.minimum);
        assert_eq!(Some(curve.one_standard_error), case.one_standard_error);
    }
}

#[test]
fn selection_finds_what_tells_classes_apart() {
    let data = Table::read().dataset();
    let minimum = ElasticNetSelection::default();
    let kept = minimum.fit(&data.whole()).unwrap();
    assert!(
        kept.kept().contains(&9) && kept.kept().len() < 25,
        "{:?}",
        kept.kept()
    );
    assert!(
        !kept.kept().contains(&10),
        "a constant column has no coefficient"
    );
    let fewer = ElasticNetSelection {
        rule: StrengthRule::OneStandardError,
        ..minimum
    };
    let fewer = fewer.fit(&data.whole()).unwrap();
    assert!(fewer.kept().len() < kept.kept().len());
    assert!(fewer.kept().iter().all(|j| *j != 10));
}

#[test]
fn noise_alone_leaves_one_column_and_impossible_settings_are_refused() {
    let table = Table::read();
    let x = table.matrix();
    let noise = Matrix::from_fn(90, 5, |i, j| x.row(i)[20 + j]);
    let names = (0..5).map(|j| j.to_string()).collect();
    let mut data = table.with(noise, names);
    // Classes that no column knows of.
    data.y = (0..90).map(|i| (i * 7 % 90) % 3).collect();
    let selection = ElasticNetSelection {
        rule: StrengthRule::OneStandardError,
        ..ElasticNetSelection::default()
    };
    assert_eq!(selection.fit(&data.whole()).unwrap().kept().len(), 1);
    for bad in [
        ElasticNetSelection {
            alpha: 0.0,
            ..selection
        },
        ElasticNetSelection {
            strengths: 1,
            ..selection
        },
        ElasticNetSelection {
            weakest: Some(1.0),
            ..selection
        },
        ElasticNetSelection {
            tolerance: 0.0,
            ..selection
        },
        ElasticNetSelection {
            inner: InnerFolds { folds: 1, seed: 1 },
            ..selection
        },
    ] {
        let error = bad.fit(&data.whole()).unwrap_err();
        assert!(
            matches!(
                error,
                LearnError::BadSetting { .. } | LearnError::BadDesign { .. }
            ),
            "{error}"
        );
    }
    data.y.iter_mut().for_each(|y| *y = (*y).min(1));
    let error = selection.fit(&data.whole()).unwrap_err();
    assert!(matches!(error, LearnError::ClassAbsent { .. }), "{error}");
}

#[derive(Deserialize)]
struct Saga {
    alpha: f64,
    lambda: f64,
    probabilities: Vec<f64>,
}

/// The probabilities at the minimum are unique, whatever the convention of the intercepts.
#[test]
fn fitted_probabilities_are_sagas() {
    let cases: Vec<Saga> =
        serde_json::from_str(include_str!("parity/elastic_net_saga.json")).unwrap();
    let expected = expected();
    let data = data(&expected, false, false);
    for saga in &cases {
        let selection = ElasticNetSelection {
            alpha: saga.alpha,
            tolerance: 1e-20,
            ..ElasticNetSelection::default()
        };
        let path = selection.path(&data.whole(), &[saga.lambda]).unwrap();
        let point = &path[0];
        for (i, expected) in saga.probabilities.chunks_exact(3).enumerate() {
            let scores: Vec<f64> = (0..3)
                .map(|k| {
                    let terms = data.x.row(i).iter().zip(point.coefficients.row(k));
                    point.intercepts[k] + terms.map(|(x, b)| x * b).sum::<f64>()
                })
                .collect();
            let total: f64 = scores.iter().map(|s| s.exp()).sum();
            for (score, expected) in scores.iter().zip(expected) {
                let p = score.exp() / total;
                assert!(
                    (p - expected).abs() < 2e-6,
                    "{} {p} {expected}",
                    saga.lambda
                );
            }
        }
    }
}
