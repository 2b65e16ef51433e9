//! Parity of the classifiers (`parity/make_classifiers.py` and `parity/make_ordinal.R` write what is expected).

#![allow(clippy::unwrap_used)]

mod common;

use common::{difference, logistic, names};
use serde::Deserialize;
use triher_learn::{
    CandidateFeatures, ClassWeight, Dataset, GradientBoosting, InnerFolds, Kernel, Matrix,
    NearestNeighbours, NeighbourWeight, OrdinalModel, OrdinalRegression, Perceptron, RandomForest,
    Split, SupportVectorMachine, TwoStage,
};

#[derive(Deserialize)]
struct Reference {
    rows: usize,
    train: usize,
    columns: usize,
    x: Vec<f64>,
    y: Vec<usize>,
    ordinal: Vec<Ordinal>,
    ordered_model: Thresholds,
    two_stage: Vec<f64>,
    neighbours: Vec<Neighbours>,
    trees: Vec<TreeCase>,
    forests: Forests,
    support_vectors: Vec<SupportVectors>,
    boosting: Vec<Boosting>,
    perceptrons: Perceptrons,
}

#[derive(Deserialize)]
struct Ordinal {
    model: OrdinalModel,
    c: f64,
    coefficients: Vec<f64>,
    thresholds: Vec<f64>,
}

#[derive(Deserialize)]
struct Thresholds {
    coefficients: Vec<f64>,
    thresholds: Vec<f64>,
}

#[derive(Deserialize)]
struct FromR {
    polr: Thresholds,
    acat: Thresholds,
}

#[derive(Deserialize)]
struct Neighbours {
    neighbours: usize,
    weight: NeighbourWeight,
    probabilities: Vec<f64>,
}

#[derive(Deserialize)]
struct TreeCase {
    balanced: bool,
    depth: usize,
    leaf: usize,
    probabilities: Vec<f64>,
}

#[derive(Deserialize)]
struct Forests {
    forests: usize,
    mean: Vec<f64>,
    deviation: Vec<f64>,
}

#[derive(Deserialize)]
struct SupportVectors {
    kernel: String,
    c: f64,
    balanced: bool,
    decision: Vec<f64>,
}

#[derive(Deserialize)]
struct Boosting {
    depth: usize,
    rounds: usize,
    rate: f64,
    leaf: f64,
    one_vs_rest: Vec<f64>,
}

#[derive(Deserialize)]
struct Perceptrons {
    held_out_log_losses: Vec<f64>,
}

fn reference() -> (Reference, Dataset, Split) {
    let reference: Reference =
        serde_json::from_str(include_str!("parity/classifiers.json")).unwrap();
    let (n, p) = (reference.rows, reference.columns);
    let data = Dataset::new(
        names("row", n),
        names("patient", n),
        None,
        (0..p).map(|j| format!("x{j}")).collect(),
        Matrix::new(n, p, reference.x.clone()).unwrap(),
        reference.y.clone(),
        common::words(&["zero", "low", "positive"]),
    )
    .unwrap();
    let split = Split {
        train: (0..reference.train).collect(),
        test: (reference.train..n).collect(),
    };
    (reference, data, split)
}

fn weight(balanced: bool) -> ClassWeight {
    if balanced {
        ClassWeight::Balanced
    } else {
        ClassWeight::None
    }
}

fn ordinal(data: &Dataset, split: &Split, settings: OrdinalRegression) -> (Vec<f64>, Vec<f64>) {
    let (fold, _) = data.split(split).unwrap();
    let fitted = settings.fit(&fold).unwrap();
    (fitted.coefficients().to_vec(), fitted.thresholds().to_vec())
}

#[test]
fn penalised_ordinal_regression_ends_at_scipys_minimum() {
    let (reference, data, split) = reference();
    assert_eq!(reference.ordinal.len(), 4);
    for case in &reference.ordinal {
        let settings = OrdinalRegression {
            model: case.model,
            c: case.c,
            class_weight: ClassWeight::None,
        };
        let (b, t) = ordinal(&data, &split, settings);
        let off = difference(&b, &case.coefficients).max(difference(&t, &case.thresholds));
        println!("{:?} C = {}: {off:e}", case.model, case.c);
        assert!(off < 1e-6);
    }
}

#[test]
fn unpenalised_ordinal_regression_is_polrs_vglms_and_statsmodels() {
    let (reference, data, split) = reference();
    let from_r: FromR = serde_json::from_str(include_str!("parity/ordinal.json")).unwrap();
    let cases = [
        ("polr", OrdinalModel::ProportionalOdds, &from_r.polr),
        (
            "OrderedModel",
            OrdinalModel::ProportionalOdds,
            &reference.ordered_model,
        ),
        ("vglm acat", OrdinalModel::AdjacentCategory, &from_r.acat),
    ];
    for (name, model, expected) in cases {
        let settings = OrdinalRegression {
            model,
            c: 1e10,
            class_weight: ClassWeight::None,
        };
        let (b, t) = ordinal(&data, &split, settings);
        let off = difference(&b, &expected.coefficients).max(difference(&t, &expected.thresholds));
        println!("{name}: {off:e}");
        assert!(off < 1e-4, "{name}");
    }
}

#[test]
fn separable_classes_have_finite_ordinal_coefficients() {
    let n = 30;
    let x = Matrix::from_fn(n, 2, |i, j| {
        if j == 0 {
            (10 * (i % 3) + i / 10) as f64
        } else {
            i as f64
        }
    });
    let data = Dataset::new(
        names("row", n),
        names("patient", n),
        None,
        names("f", 2),
        x,
        (0..n).map(|i| i % 3).collect(),
        names("class", 3),
    )
    .unwrap();
    for model in [
        OrdinalModel::ProportionalOdds,
        OrdinalModel::AdjacentCategory,
    ] {
        for c in [1.0, 1e6] {
            let settings = OrdinalRegression {
                model,
                c,
                class_weight: ClassWeight::Balanced,
            };
            let fitted = settings.fit(&data.whole()).unwrap();
            assert!(
                fitted
                    .coefficients()
                    .iter()
                    .all(|b| b.is_finite() && b.abs() < 100.0)
            );
            let p = fitted.predict_proba(&data.x).unwrap();
            for (i, row) in p.iter_rows().enumerate() {
                assert!(row[i % 3] > 0.5, "{model:?} C = {c} row {i}: {row:?}");
                assert!((row.iter().sum::<f64>() - 1.0).abs() < 1e-12);
            }
        }
    }
}

#[test]
fn two_stages_are_products_of_scikit_learns_models() {
    let (reference, data, split) = reference();
    let (fold, held_out) = data.split(&split).unwrap();
    let stages = TwoStage {
        first: Box::new(logistic(0.7)),
        rest: Box::new(logistic(0.7)),
    };
    let found = stages
        .fit(&fold)
        .unwrap()
        .predict_proba(held_out.x())
        .unwrap();
    let off = difference(found.values(), &reference.two_stage);
    println!("{off:e}");
    assert!(off < 1e-8);
}

#[test]
fn nearest_neighbours_are_scikit_learns() {
    let (reference, data, split) = reference();
    let (fold, held_out) = data.split(&split).unwrap();
    for case in &reference.neighbours {
        let settings = NearestNeighbours {
            neighbours: case.neighbours,
            weight: case.weight,
        };
        let found = settings
            .fit(&fold)
            .unwrap()
            .predict_proba(held_out.x())
            .unwrap();
        let off = difference(found.values(), &case.probabilities);
        println!("{} {:?}: {off:e}", case.neighbours, case.weight);
        assert!(off < 1e-12);
    }
}

#[test]
fn a_tree_without_drawing_is_scikit_learns() {
    let (reference, data, split) = reference();
    let (fold, held_out) = data.split(&split).unwrap();
    assert!(reference.trees.len() >= 3);
    for case in &reference.trees {
        let settings = RandomForest {
            trees: 1,
            max_depth: Some(case.depth),
            min_leaf: case.leaf,
            candidates: CandidateFeatures::All,
            bootstrap: false,
            class_weight: weight(case.balanced),
            seed: 1,
        };
        let found = settings
            .fit(&fold)
            .unwrap()
            .predict_proba(held_out.x())
            .unwrap();
        let off = difference(found.values(), &case.probabilities);
        println!("balanced {} depth {}: {off:e}", case.balanced, case.depth);
        assert!(off < 1e-12);
    }
}

/// The mean of 24 forests against the mean of 24 of scikit-learn's, in standard errors of the difference: their root mean square
/// is near 1 when the forests are draws from the same distribution.
#[test]
fn forests_are_distributed_as_scikit_learns() {
    let (reference, data, split) = reference();
    let (fold, held_out) = data.split(&split).unwrap();
    let count = reference.forests.forests;
    let mut mean = vec![0.0; reference.forests.mean.len()];
    let mut squares = mean.clone();
    for seed in 0..count as u64 {
        let settings = RandomForest {
            trees: 200,
            min_leaf: 2,
            seed,
            ..RandomForest::default()
        };
        let found = settings
            .fit(&fold)
            .unwrap()
            .predict_proba(held_out.x())
            .unwrap();
        for (at, p) in found.values().iter().enumerate() {
            mean[at] += p / count as f64;
            squares[at] += p * p / count as f64;
        }
    }
    let (mut sum, mut ratio) = (0.0, 0.0);
    for at in 0..mean.len() {
        let ours = (squares[at] - mean[at] * mean[at]) * count as f64 / (count as f64 - 1.0);
        let theirs = reference.forests.deviation[at].powi(2);
        let difference = mean[at] - reference.forests.mean[at];
        sum += difference * difference / ((ours + theirs) / count as f64);
        ratio += ours / theirs / mean.len() as f64;
    }
    let z = (sum / mean.len() as f64).sqrt();
    println!("root mean square z {z:.3}, ratio of variances {ratio:.3}");
    assert!(z < 1.5);
    assert!((0.7..1.4).contains(&ratio));
}

#[test]
fn decision_values_of_support_vectors_are_scikit_learns() {
    let (reference, data, split) = reference();
    let (fold, held_out) = data.split(&split).unwrap();
    assert_eq!(reference.support_vectors.len(), 8);
    for case in &reference.support_vectors {
        let settings = SupportVectorMachine {
            kernel: match case.kernel.as_str() {
                "rbf" => Kernel::Rbf { gamma: None },
                _ => Kernel::Linear,
            },
            c: case.c,
            class_weight: weight(case.balanced),
            inner: InnerFolds::default(),
        };
        let fitted = settings.fit(&fold).unwrap();
        let found = fitted.decision_function(held_out.x()).unwrap();
        let off = difference(found.values(), &case.decision);
        println!(
            "{} C = {} balanced {}: {off:e}",
            case.kernel, case.c, case.balanced
        );
        assert!(off < 1e-4);
    }
}

#[test]
fn boosted_trees_are_xgboosts() {
    let (reference, data, split) = reference();
    let (fold, _) = data.split(&split).unwrap();
    for case in &reference.boosting {
        let settings = GradientBoosting {
            rounds: case.rounds,
            learning_rate: case.rate,
            max_depth: case.depth,
            min_leaf_weight: case.leaf,
            ..GradientBoosting::default()
        };
        let fitted = settings.fit(&fold).unwrap();
        let scores = fitted.decision_function(&data.x).unwrap();
        let found: Vec<f64> = scores
            .values()
            .iter()
            .map(|s| 1.0 / (1.0 + (-s).exp()))
            .collect();
        let seen = 3 * reference.train;
        let off = difference(&found[..seen], &case.one_vs_rest[..seen]);
        let held_out = difference(&found[seen..], &case.one_vs_rest[seen..]);
        println!("depth {}: {off:e}, held out {held_out:e}", case.depth);
        assert!(
            off < 1e-4 && held_out < 1e-4,
            "depth {}: {off:e} {held_out:e}",
            case.depth
        );
    }
}

#[test]
fn perceptrons_do_as_well_as_scikit_learns() {
    let (reference, data, split) = reference();
    let (fold, held_out) = data.split(&split).unwrap();
    let losses = &reference.perceptrons.held_out_log_losses;
    let mean = losses.iter().sum::<f64>() / losses.len() as f64;
    let mut ours = 0.0;
    for seed in 0..10 {
        let settings = Perceptron {
            hidden: vec![8],
            alpha: 3.0,
            seed,
            ..Perceptron::default()
        };
        let p = settings
            .fit(&fold)
            .unwrap()
            .predict_proba(held_out.x())
            .unwrap();
        let rows = p.iter_rows().zip(held_out.truth());
        let loss: f64 = rows.map(|(row, &y)| -row[y].ln()).sum();
        ours += loss / held_out.truth().len() as f64 / 10.0;
    }
    println!("ours {ours:.4}, scikit-learn's {mean:.4}");
    assert!((ours - mean).abs() < 0.05);
}
