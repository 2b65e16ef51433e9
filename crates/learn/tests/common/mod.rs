//! Data sets by formula, for the tests.

// Each test takes what it needs.
#![allow(dead_code, clippy::unwrap_used)]

use triher_learn::{ClassWeight, ClassifierSpec, Dataset, Matrix, PcaSpec, Penalty, PipelineSpec};

/// Names with a number.
pub(crate) fn names(prefix: &str, count: usize) -> Vec<String> {
    (0..count).map(|i| format!("{prefix}{i:03}")).collect()
}

/// Words as strings.
pub(crate) fn words(list: &[&str]) -> Vec<String> {
    list.iter().map(|s| (*s).to_owned()).collect()
}

/// A number between -1 and 1 that looks random: the fraction of a large sine.
pub(crate) fn noise(i: usize, j: usize) -> f64 {
    let t = (12.9898 * (i as f64 + 1.0) + 78.233 * (j as f64 + 1.0)).sin() * 43758.5453;
    2.0 * (t - t.floor()) - 1.0
}

/// `n` patients of one row each in three centres; feature 0 grows with the class, every 17th value is missing.
pub(crate) fn cohort(n: usize, p: usize, classes: &[&str]) -> Dataset {
    let k = classes.len();
    let x = Matrix::from_fn(n, p, |i, j| match (i * p + j) % 17 {
        16 => f64::NAN,
        _ if j == 0 => (i % k) as f64 + noise(i, j),
        _ => noise(i, j) * 10_f64.powi(j as i32 % 5 - 1),
    });
    let centres = (0..n).map(|i| Some(["A", "B", "C"][(i / k) % 3].to_owned()));
    Dataset::new(
        names("row", n),
        names("patient", n),
        Some(centres.collect()),
        names("feature", p),
        x,
        (0..n).map(|i| i % k).collect(),
        words(classes),
    )
    .unwrap()
}

/// Standardised logistic regression.
pub(crate) fn spec(c: f64, pca: Option<PcaSpec>) -> PipelineSpec {
    PipelineSpec {
        pca,
        ..PipelineSpec::new(ClassifierSpec::Logistic {
            penalty: Penalty::L2,
            c,
            class_weight: ClassWeight::Balanced,
        })
    }
}
