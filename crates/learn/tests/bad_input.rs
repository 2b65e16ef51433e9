//! Tables that studies do have: for each of them a stated rule, or a refusal in a sentence.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod common;

use common::{cohort, logistic, names, noise, words};
use triher_learn::{
    Boruta, ClassifierSpec, Combat, CorrelationFilter, CrossValidation, Dataset, DuplicateFilter,
    ElasticNetSelection, GradientBoosting, LearnError, Matrix, Mrmr, MrmrCriterion,
    NearestNeighbours, NoStore, OrdinalRegression, Perceptron, Pipeline, PipelineSpec, Preparation,
    RandomForest, Split, StabilitySelection, StepSpec, SupportVectorMachine, TwoStage,
    VarianceFilter, compare, cross_validate,
};

const CLASSES: [&str; 3] = ["zero", "low", "positive"];

/// One of each method, small.
fn methods() -> Vec<ClassifierSpec> {
    vec![
        logistic(1.0),
        ClassifierSpec::ElasticNet(ElasticNetSelection::default()),
        ClassifierSpec::Ordinal(OrdinalRegression::default()),
        ClassifierSpec::TwoStage(TwoStage::default()),
        ClassifierSpec::NearestNeighbours(NearestNeighbours::default()),
        ClassifierSpec::RandomForest(RandomForest {
            trees: 20,
            ..RandomForest::default()
        }),
        ClassifierSpec::SupportVector(SupportVectorMachine::default()),
        ClassifierSpec::Boosting(GradientBoosting {
            rounds: 10,
            ..GradientBoosting::default()
        }),
        ClassifierSpec::Perceptron(Perceptron::default()),
    ]
}

/// Steps that choose columns.
fn selections() -> Vec<StepSpec> {
    vec![
        StepSpec::Variance(VarianceFilter::default()),
        StepSpec::Duplicates(DuplicateFilter {}),
        StepSpec::Correlation(CorrelationFilter::default()),
        StepSpec::ElasticNet(ElasticNetSelection::default()),
        StepSpec::Mrmr(Mrmr {
            keep: 3,
            criterion: MrmrCriterion::Difference,
            bins: 4,
        }),
        StepSpec::Stability(StabilitySelection {
            pairs: 5,
            per_half: 3,
            ..StabilitySelection::default()
        }),
        StepSpec::Boruta(Boruta {
            trees: 20,
            rounds: 12,
            ..Boruta::default()
        }),
    ]
}

fn dataset(x: Matrix, y: Vec<usize>) -> Dataset {
    let n = x.rows();
    let features = names("feature", x.columns());
    Dataset::new(
        names("row", n),
        names("patient", n),
        None,
        features,
        x,
        y,
        words(&CLASSES),
    )
    .unwrap()
}

fn assert_probabilities(spec: &PipelineSpec, data: &Dataset, what: &str) -> Matrix {
    let fitted = Pipeline::new(spec.clone()).fit(&data.whole());
    let fitted = fitted.unwrap_or_else(|e| panic!("{what}: {e}"));
    let p = fitted.predict_proba(&data.x).unwrap();
    for row in p.iter_rows() {
        let sum: f64 = row.iter().sum();
        assert!((sum - 1.0).abs() < 1e-9, "{what}: {row:?}");
        assert!(
            row.iter().all(|p| (0.0..=1.0).contains(p)),
            "{what}: {row:?}"
        );
    }
    p
}

fn with_step(step: StepSpec) -> PipelineSpec {
    PipelineSpec {
        prepare: Preparation {
            steps: vec![step],
            ..Preparation::default()
        },
        ..PipelineSpec::new(logistic(1.0))
    }
}

#[test]
fn constant_and_repeated_columns_are_borne_by_every_method_and_step() {
    // Columns 1 and 4 are constant, 3 repeats 0, 5 is 0 with its sign turned.
    let x = Matrix::from_fn(45, 6, |i, j| {
        let telling = (i % 3) as f64 + noise(i, 0);
        match j {
            0 | 3 => telling,
            1 => 7.25,
            4 => 0.0,
            5 => -telling,
            _ => noise(i, j),
        }
    });
    let data = dataset(x, (0..45).map(|i| i % 3).collect());
    for method in methods() {
        let name = method.name();
        assert_probabilities(&PipelineSpec::new(method), &data, name);
    }
    for step in selections() {
        let what = format!("{step:?}");
        assert_probabilities(&with_step(step), &data, &what);
    }
    // Nothing but constants: the shares of the classes, or a refusal that says why.
    let flat = dataset(
        Matrix::from_fn(30, 2, |_, j| j as f64),
        (0..30).map(|i| i % 3).collect(),
    );
    let p = assert_probabilities(&PipelineSpec::new(logistic(1.0)), &flat, "flat");
    assert!(p.values().iter().all(|p| (p - 1.0 / 3.0).abs() < 1e-9));
    let net = ClassifierSpec::ElasticNet(ElasticNetSelection::default());
    let p = assert_probabilities(&PipelineSpec::new(net), &flat, "flat elastic net");
    assert!(p.values().iter().all(|p| (p - 1.0 / 3.0).abs() < 1e-9));
    let variance = with_step(StepSpec::Variance(VarianceFilter::default()));
    let error = Pipeline::new(variance).fit(&flat.whole()).unwrap_err();
    assert!(matches!(error, LearnError::NothingLeft { .. }), "{error}");
}

#[test]
fn more_features_than_patients_are_borne() {
    let x = Matrix::from_fn(15, 80, |i, j| {
        noise(i, j) + if j == 0 { (i % 3) as f64 } else { 0.0 }
    });
    let data = dataset(x, (0..15).map(|i| i % 3).collect());
    for method in methods() {
        let name = method.name();
        assert_probabilities(&PipelineSpec::new(method), &data, name);
    }
    for step in selections() {
        let what = format!("{step:?}");
        assert_probabilities(&with_step(step), &data, &what);
    }
}

#[test]
fn separable_classes_have_finite_coefficients() {
    let x = Matrix::from_fn(30, 2, |i, j| {
        100.0 * ((i % 3) as f64 - 1.0) * (1.0 - 2.0 * j as f64) + noise(i, j)
    });
    let data = dataset(x, (0..30).map(|i| i % 3).collect());
    for method in methods() {
        let name = method.name();
        let p = assert_probabilities(&PipelineSpec::new(method), &data, name);
        // And they are told apart, by the methods that can make a middle class the likeliest.
        let right = |i: &usize| {
            let row = p.row(*i);
            row.iter().all(|p| *p <= row[data.y[*i]])
        };
        let right = (0..30).filter(right).count();
        assert!(right >= 20, "{name}: {right}");
    }
}

#[test]
fn a_class_that_a_fold_lacks_is_named() {
    let data = cohort(30, 3, &CLASSES);
    // Two positives in thirty, five folds.
    let y: Vec<usize> = (0..30).map(|i| if i < 2 { 2 } else { i % 2 }).collect();
    let rare = dataset(Matrix::from_fn(30, 3, noise), y);
    let design = CrossValidation {
        folds: 5,
        repeats: 1,
        seed: 1,
    };
    let spec = PipelineSpec::new(logistic(1.0));
    let error = cross_validate(&rare, &spec, &design)
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("the class positive has 2 patients"),
        "{error}"
    );
    // A split by hand that leaves a class out of the training rows.
    let (train, test) = (0..30).partition(|i| data.y[*i] != 1);
    let split = Split { train, test };
    let (fold, _) = data.split(&split).unwrap();
    for method in methods() {
        let name = method.name();
        let error = Pipeline::new(PipelineSpec::new(method)).fit(&fold);
        let error = error.map(|_| ()).unwrap_err().to_string();
        assert!(
            error.contains("the class low has no row"),
            "{name}: {error}"
        );
    }
}

#[test]
fn a_centre_of_one_class_is_harmonised_and_noted() {
    let mut data = cohort(36, 4, &CLASSES);
    for i in 0..36 {
        if data.y[i] == 0 {
            data.centres.as_mut().unwrap()[i] = Some("Z".to_owned());
        }
    }
    let spec = with_step(StepSpec::Combat(Combat::default()));
    let design = CrossValidation {
        folds: 3,
        repeats: 1,
        seed: 1,
    };
    let found = cross_validate(&data, &spec, &design).unwrap();
    let noted = |n: &&String| n.contains("the centre Z are of one class");
    assert_eq!(
        found.notes.iter().filter(noted).count(),
        1,
        "{:?}",
        found.notes
    );
}

#[test]
fn doubled_rows_and_unknown_labels_are_refused() {
    let make = |ids: &[&str], y: Vec<usize>| {
        Dataset::new(
            words(ids),
            words(ids),
            None,
            names("feature", 1),
            Matrix::from_fn(2, 1, |i, _| i as f64),
            y,
            words(&CLASSES),
        )
    };
    let error = make(&["a", "a"], vec![0, 1]).unwrap_err().to_string();
    assert!(error.contains("the row \"a\" occurs twice"), "{error}");
    let error = make(&["a", "b"], vec![0, 3]).unwrap_err().to_string();
    assert!(error.contains("row b has class number 3"), "{error}");
    assert!(make(&["a", "b"], vec![0, 2]).is_ok());
}

/// One method that cannot be fitted does not take the others with it.
#[test]
fn a_failing_classifier_does_not_lose_the_others() {
    let data = cohort(36, 4, &CLASSES);
    let bad = ClassifierSpec::RandomForest(RandomForest {
        trees: 0,
        ..RandomForest::default()
    });
    let specs = [
        ("good", logistic(1.0)),
        ("bad", bad),
        ("late", logistic(0.1)),
    ]
    .map(|(name, spec)| (name.to_owned(), PipelineSpec::new(spec)));
    let design = CrossValidation {
        folds: 3,
        repeats: 1,
        seed: 1,
    };
    let found = compare(&data, &specs, &design, &NoStore).unwrap();
    let failed: Vec<bool> = found.iter().map(|c| c.result.is_err()).collect();
    assert_eq!(failed, [false, true, false]);
}
