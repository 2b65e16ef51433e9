//! Fitted models with their data as JSON, for `tests/parity/make_shap.py`: `cargo run -p triher-explain --example models > models.json`.

use serde_json::json;
use triher_learn::{
    ClassWeight, ClassifierSpec, Dataset, GradientBoosting, LearnError, Matrix, NearestNeighbours,
    PcaSpec, Penalty, Pipeline, PipelineSpec, RandomForest,
};

/// A number between -1 and 1 that looks random: the fraction of a large sine.
fn noise(i: usize, j: usize) -> f64 {
    let t = (12.9898 * (i as f64 + 1.0) + 78.233 * (j as f64 + 1.0)).sin() * 43_758.545_3;
    2.0 * (t - t.floor()) - 1.0
}

/// Rows whose first two features grow with the class; the third acts only together with the second.
fn data(rows: usize, columns: usize, classes: usize) -> Result<Dataset, LearnError> {
    let names = |word: &str, n: usize| (0..n).map(|i| format!("{word}{i}")).collect::<Vec<_>>();
    let y: Vec<usize> = (0..rows).map(|i| i * 7 % 11 % classes).collect();
    let x = Matrix::from_fn(rows, columns, |i, j| {
        let signal = match j {
            0 => 0.6 * y[i] as f64,
            1 => -0.4 * y[i] as f64,
            2 => 0.5 * y[i] as f64 * noise(i, 1).signum(),
            _ => 0.0,
        };
        // Three decimals, so that ties with thresholds occur.
        ((signal + noise(i, j)) * 1000.0).round() / 1000.0
    });
    let ids = names("r", rows);
    let words = ["zero", "low", "positive"][..classes].iter();
    let words = words.map(|w| (*w).to_owned()).collect();
    Dataset::new(ids.clone(), ids, None, names("f", columns), x, y, words)
}

#[expect(clippy::print_stdout, reason = "the JSON is the output")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let logistic = || ClassifierSpec::Logistic {
        penalty: Penalty::L2,
        c: 1.0,
        class_weight: ClassWeight::None,
    };
    let forest = ClassifierSpec::RandomForest(RandomForest {
        trees: 12,
        max_depth: Some(5),
        ..RandomForest::default()
    });
    let boosting = || {
        ClassifierSpec::Boosting(GradientBoosting {
            rounds: 8,
            ..GradientBoosting::default()
        })
    };
    let neighbours = ClassifierSpec::NearestNeighbours(NearestNeighbours::default());
    let cases: [(&str, ClassifierSpec, usize, Option<usize>); 7] = [
        ("logistic, 3 classes", logistic(), 3, None),
        ("logistic, 2 classes", logistic(), 2, None),
        ("logistic on components", logistic(), 3, Some(3)),
        ("forest", forest, 3, None),
        ("boosting, 3 classes", boosting(), 3, None),
        ("boosting, 2 classes", boosting(), 2, None),
        ("neighbours", neighbours, 3, None),
    ];
    let mut all = Vec::new();
    for (name, classifier, classes, components) in cases {
        let data = data(48, 6, classes)?;
        let spec = PipelineSpec {
            standardize: false,
            pca: components.map(PcaSpec::Components),
            ..PipelineSpec::new(classifier)
        };
        let fitted = Pipeline::new(spec).fit(&data.whole())?;
        all.push(json!({ "name": name, "classes": classes, "x": data.x, "pipeline": fitted }));
    }
    println!("{}", serde_json::to_string(&all)?);
    Ok(())
}
