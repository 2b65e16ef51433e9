//! Against the Python package `shap` (`parity/make_shap.py`): every model, row, class and feature to 1e-6.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use proptest::prelude::*;
use serde_json::Value;
use triher_explain::{
    ExplainOptions, Explanation, Link, Method, explain, method, similar, stability,
};
use triher_learn::{
    ClassWeight, ClassifierSpec, CrossValidation, Dataset, FittedPipeline, Matrix,
    NearestNeighbours, Penalty, Pipeline, PipelineSpec, RandomForest,
};

fn first(x: &Matrix, rows: usize) -> Matrix {
    Matrix::from_fn(rows, x.columns(), |i, j| x.row(i)[j])
}

fn explained(pipeline: &FittedPipeline, rows: &Matrix, background: &Matrix) -> Explanation {
    let none = |x: &Matrix| vec![None; x.rows()];
    explain(
        pipeline,
        (rows, &none(rows)),
        (background, &none(background)),
        &ExplainOptions::default(),
    )
    .unwrap()
}

/// The largest error of `base + sum of values = score`.
fn not_additive(found: &Explanation) -> f64 {
    let mut worst: f64 = 0.0;
    for (class, values) in found.values.iter().enumerate() {
        for (i, row) in values.iter_rows().enumerate() {
            let sum = found.base[class] + row.iter().sum::<f64>();
            worst = worst.max((sum - found.scores.row(i)[class]).abs());
        }
    }
    worst
}

#[test]
fn values_are_those_of_the_package() {
    let reference: Value = serde_json::from_str(include_str!("parity/shap.json")).unwrap();
    let models = reference["models"].as_array().unwrap();
    assert_eq!(models.len(), 7);
    let mut methods = Vec::new();
    for model in models {
        let name = model["name"].as_str().unwrap();
        let pipeline: FittedPipeline = serde_json::from_value(model["pipeline"].clone()).unwrap();
        let x: Matrix = serde_json::from_value(model["x"].clone()).unwrap();
        let found = explained(&pipeline, &first(&x, 8), &x);
        assert_eq!(method(&pipeline), found.method, "{name}");
        methods.push(found.method);
        for (class, theirs) in model["values"].as_array().unwrap().iter().enumerate() {
            let base = model["base"][class].as_f64().unwrap();
            assert!(
                (found.base[class] - base).abs() < 1e-6,
                "{name}: base of {class}"
            );
            for (i, row) in theirs.as_array().unwrap().iter().enumerate() {
                for (j, value) in row.as_array().unwrap().iter().enumerate() {
                    let ours = found.values[class].row(i)[j];
                    let difference = (ours - value.as_f64().unwrap()).abs();
                    assert!(
                        difference < 1e-6,
                        "{name}: class {class}, row {i}, feature {j}: {ours} against {value}"
                    );
                }
            }
        }
        assert!(not_additive(&found) < 1e-9, "{name}");
    }
    use Method::{Enumeration, Linear, Trees};
    assert_eq!(
        methods,
        [Linear, Linear, Linear, Trees, Trees, Trees, Enumeration]
    );
}

/// Two classes told apart by the first feature; `dummy` is never looked at, `twin` repeats the first.
fn data(rows: usize, columns: usize, seed: u64) -> Dataset {
    let noise = |i: usize, j: usize| {
        let t = (12.9898 * (i as f64 + 1.0) + 78.233 * (j as f64 + seed as f64)).sin() * 43_758.5;
        2.0 * (t - t.floor()) - 1.0
    };
    let names = |word: &str, n: usize| (0..n).map(|i| format!("{word}{i}")).collect::<Vec<_>>();
    let y: Vec<usize> = (0..rows).map(|i| i % 3).collect();
    let x = Matrix::from_fn(rows, columns, |i, j| match j {
        0 | 1 => y[i] as f64 + noise(i, 0),
        2 => 7.0,
        _ => noise(i, j),
    });
    let classes = ["zero", "low", "positive"].map(str::to_owned).to_vec();
    let ids = names("r", rows);
    Dataset::new(ids.clone(), ids, None, names("f", columns), x, y, classes).unwrap()
}

fn logistic() -> PipelineSpec {
    PipelineSpec::new(ClassifierSpec::Logistic {
        penalty: Penalty::L2,
        c: 1.0,
        class_weight: ClassWeight::None,
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    #[test]
    fn values_add_up_twins_share_and_dummies_get_nothing(seed in 0u64..1000, many in any::<bool>()) {
        let data = data(45, if many { 12 } else { 5 }, seed);
        let specs = [
            logistic(),
            PipelineSpec::new(ClassifierSpec::RandomForest(RandomForest { trees: 5, ..RandomForest::default() })),
            PipelineSpec::new(ClassifierSpec::NearestNeighbours(NearestNeighbours::default())),
        ];
        for (which, spec) in specs.into_iter().enumerate() {
            let fitted = Pipeline::new(spec).fit(&data.whole()).unwrap();
            let found = explained(&fitted, &first(&data.x, 3), &data.x);
            prop_assert!(not_additive(&found) < 1e-9);
            for class in &found.values {
                for row in class.iter_rows() {
                    prop_assert!(row[2].abs() < 1e-12, "a constant adds nothing");
                    // The neighbours' distance cannot tell twins apart; permutations only in the mean.
                    if which == 0 || (which == 2 && !many) {
                        prop_assert!((row[0] - row[1]).abs() < 1e-9, "twins share");
                    }
                }
            }
            if which == 0 {
                prop_assert_eq!(found.link, Link::LogOdds);
            }
        }
    }
}

#[test]
fn the_telling_features_lead_and_do_so_in_every_fold() {
    let data = data(120, 8, 3);
    let design = CrossValidation {
        folds: 4,
        repeats: 1,
        seed: 1,
    };
    let found = stability(&data, &logistic(), &design, &ExplainOptions::default()).unwrap();
    assert_eq!((found.times_at_top[0], found.times_at_top[1]), (4, 4));
    assert!(found.rank_correlation.unwrap() > 0.5, "{found:?}");
    let fitted = Pipeline::new(logistic()).fit(&data.whole()).unwrap();
    let summary = explained(&fitted, &data.x, &data.x).summary();
    let mut leading = [summary[0].feature, summary[1].feature];
    leading.sort_unstable();
    assert_eq!(leading, [0, 1]);
}

#[test]
fn the_nearest_case_of_a_training_row_is_itself_unless_left_out() {
    let data = data(30, 5, 1);
    let fitted = Pipeline::new(logistic()).fit(&data.whole()).unwrap();
    let centres = vec![None; 30];
    let (row, of_row) = (first(&data.x, 1), vec![None; 1]);
    let near = |leave: Option<usize>| {
        similar(&fitted, (&row, &of_row), (&data.x, &centres), 3, &[leave])
            .unwrap()
            .swap_remove(0)
    };
    assert_eq!((near(None)[0].row, near(None)[0].distance), (0, 0.0));
    let others = near(Some(0));
    assert!(others.iter().all(|c| c.row != 0 && c.distance > 0.0));
    assert!(others[0].distance <= others[1].distance);
}

/// Of twelve columns all coalitions are too many for a model without a method of its own: the values are called estimates, and another seed has others.
#[test]
fn estimates_are_called_estimates() {
    let data = data(45, 12, 7);
    let spec = PipelineSpec::new(ClassifierSpec::NearestNeighbours(
        NearestNeighbours::default(),
    ));
    let fitted = Pipeline::new(spec).fit(&data.whole()).unwrap();
    assert_eq!(method(&fitted), Method::Permutation);
    let centres = vec![None; 45];
    let with_seed = |seed| {
        let options = ExplainOptions {
            seed,
            ..ExplainOptions::default()
        };
        let rows = first(&data.x, 2);
        triher_explain::explain(
            &fitted,
            (&rows, &centres[..2]),
            (&data.x, &centres),
            &options,
        )
        .unwrap()
    };
    let (one, other) = (with_seed(1), with_seed(2));
    assert_eq!(one.unit_in_words(), "log-odds, estimated");
    assert_ne!(one.values, other.values);
    assert_eq!(one.scores, other.scores);
    let exact = Pipeline::new(logistic()).fit(&data.whole()).unwrap();
    let exact = explained(&exact, &first(&data.x, 2), &data.x);
    assert_eq!(exact.unit_in_words(), "log-odds");
}
