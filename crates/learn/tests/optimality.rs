//! The fitted coefficients are the minimum: the gradient of the objective, written down here once more, vanishes.

#![allow(clippy::unwrap_used)]

mod common;

use common::{names, noise, words};
use proptest::prelude::*;
use triher_learn::{ClassWeight, Dataset, FittedLogistic, LogisticRegression, Matrix, Penalty};

fn settings(c: f64) -> LogisticRegression {
    LogisticRegression {
        penalty: Penalty::L2,
        c,
        class_weight: ClassWeight::None,
    }
}

fn data(x: Matrix, y: Vec<usize>, classes: usize) -> Dataset {
    let n = x.rows();
    let p = x.columns();
    let classes = words(&["a", "b", "c", "d"][..classes]);
    Dataset::new(
        names("r", n),
        names("p", n),
        None,
        names("f", p),
        x,
        y,
        classes,
    )
    .unwrap()
}

/// Largest component of the gradient of `0.5 |W|^2 + C sum_i loss_i` and its scale.
fn gradient(data: &Dataset, fitted: &FittedLogistic, c: f64) -> (f64, f64) {
    let probabilities = fitted.predict_proba(&data.x).unwrap();
    let predictors = fitted.intercepts().len();
    let class_of = |predictor: usize| if predictors == 1 { 1 } else { predictor };
    let (mut worst, mut scale) = (0.0_f64, 1.0_f64);
    for k in 0..predictors {
        for j in 0..=data.x.columns() {
            let last = j == data.x.columns();
            let mut sum = if last {
                0.0
            } else {
                fitted.coefficients().row(k)[j]
            };
            for i in 0..data.rows() {
                let hit = f64::from(data.y[i] == class_of(k));
                let x = if last { 1.0 } else { data.x.row(i)[j] };
                sum += c * (probabilities.row(i)[class_of(k)] - hit) * x;
                scale = scale.max(c * x.abs());
            }
            worst = worst.max(sum.abs());
        }
    }
    (worst, scale)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn the_gradient_vanishes(
        n in 8..40_usize,
        p in 1..60_usize,
        classes in 2..5_usize,
        log_c in -3.0..3.0_f64,
        seed in 0..1000_usize,
    ) {
        let c = 10_f64.powf(log_c);
        let x = Matrix::from_fn(n, p, |i, j| noise(i + seed, j) + 3.0);
        let data = data(x, (0..n).map(|i| i % classes).collect(), classes);
        let fitted = settings(c).fit(&data.whole()).unwrap();
        let (worst, scale) = gradient(&data, &fitted, c);
        prop_assert!(worst < 1e-7 * scale.max(1.0), "{worst} of {scale}");
        let sum: f64 = fitted.intercepts().iter().sum();
        prop_assert!(classes == 2 || sum.abs() < 1e-9);
    }
}

/// Once, the rounding of the objective hid the last steps here, and the search went on for ever with tiny ones.
#[test]
fn rounding_of_the_objective_does_not_stop_the_search() {
    let x = Matrix::from_fn(8, 26, |i, j| noise(i + 121, j) + 3.0);
    let data = data(x, (0..8).map(|i| i % 3).collect(), 3);
    let fitted = settings(10_f64.powf(2.3277932708411138))
        .fit(&data.whole())
        .unwrap();
    assert!(fitted.iterations() < 20, "{}", fitted.iterations());
}

/// Radiomic tables as they come: columns from 1e-4 to 1e4, not standardised, in nearly separable classes.
#[test]
fn badly_scaled_features_converge() {
    for classes in [2, 3] {
        for c in [0.01, 1.0, 100.0] {
            let x = Matrix::from_fn(60, 9, |i, j| {
                (noise(i, j) + 0.3 * (i % classes) as f64) * 10_f64.powi(j as i32 - 4)
            });
            let data = data(x, (0..60).map(|i| i % classes).collect(), classes);
            let fitted = settings(c).fit(&data.whole()).unwrap();
            let (worst, scale) = gradient(&data, &fitted, c);
            assert!(
                worst < 1e-8 * scale,
                "{classes} classes, C = {c}: {worst} of {scale}"
            );
        }
    }
}

#[test]
fn separable_rows_and_duplicates_converge() {
    // One feature tells the classes apart completely; every row is there twice; one column is constant and one a copy.
    let x = Matrix::from_fn(20, 4, |i, j| match j {
        0 | 1 => (i % 2) as f64 * 4.0 - 2.0,
        2 => 0.1,
        _ => noise(i / 4, j),
    });
    let data = data(x, (0..20).map(|i| i % 2).collect(), 2);
    for c in [1.0, 1e4, 1e8] {
        let fitted = settings(c).fit(&data.whole()).unwrap();
        let w = fitted.coefficients().row(0);
        assert_eq!(w[2], 0.0, "a constant column carries nothing");
        assert!(
            (w[0] - w[1]).abs() < 1e-6 * w[0].abs(),
            "copies share the weight: {w:?}"
        );
        assert!(w[0] > 0.0);
    }
}

#[test]
fn impossible_settings_are_refused() {
    let x = Matrix::from_fn(6, 2, noise);
    let data = data(x, vec![0, 1, 0, 1, 0, 1], 2);
    for c in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let refused = settings(c).fit(&data.whole()).unwrap_err().to_string();
        assert!(refused.contains("use a positive number"), "{refused}");
    }
}
