//! Data sets by formula, for the tests.

// Each test takes what it needs.
#![allow(dead_code, clippy::unwrap_used)]

use triher_learn::{
    ClassWeight, ClassifierSpec, Dataset, FittedPipeline, Matrix, ModelFile, PcaSpec, Penalty,
    PipelineSpec, TrainingProvenance,
};

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

/// Logistic regression with the penalty `c` and equal weights.
pub(crate) fn logistic(c: f64) -> ClassifierSpec {
    ClassifierSpec::Logistic {
        penalty: Penalty::L2,
        c,
        class_weight: ClassWeight::None,
    }
}

/// Largest difference between two lists.
pub(crate) fn difference(found: &[f64], expected: &[f64]) -> f64 {
    assert_eq!(found.len(), expected.len());
    let pairs = found.iter().zip(expected);
    pairs.fold(0.0_f64, |m, (a, b)| m.max((a - b).abs()))
}

/// The model of a pipeline, after it was written as a file's bytes, read again and found to be the same to the byte.
pub(crate) fn back_from_file(data: &Dataset, fitted: FittedPipeline) -> ModelFile {
    let (classes, features) = (data.classes.clone(), data.feature_names.clone());
    let training = TrainingProvenance::default();
    let model = ModelFile::new("0.1.0", classes, features, fitted, None, training);
    let bytes = model.to_bytes().unwrap();
    let read = ModelFile::from_bytes(&bytes, std::path::Path::new("model")).unwrap();
    assert_eq!(read, model);
    assert_eq!(read.to_bytes().unwrap(), bytes);
    read
}
