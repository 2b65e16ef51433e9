//! What every classifier must do: give probabilities, come back from the model file, be the same with any number of threads, and name
//! itself when it fails.

#![allow(clippy::unwrap_used)]

mod common;

use common::{back_from_file, cohort, difference, logistic};
use triher_learn::{
    ClassifierSpec, Combination, ElasticNetSelection, Ensemble, FittedClassifier, GradientBoosting,
    InnerFolds, Kernel, LearnError, Member, ModelFile, NearestNeighbours, OrdinalModel,
    OrdinalRegression, PcaSpec, Perceptron, Pipeline, PipelineSpec, RandomForest,
    SupportVectorMachine, TrainingProvenance, TwoStage,
};

/// Every classifier with quick settings.
fn all() -> Vec<ClassifierSpec> {
    let member = |name: &str, columns: &[&str], classifier| Member {
        name: name.to_owned(),
        columns: common::words(columns),
        pca: None,
        classifier,
    };
    let ensemble = |combination| {
        ClassifierSpec::Ensemble(Ensemble {
            members: vec![
                member("first", &["feature000", "feature001"], logistic(1.0)),
                member(
                    "second",
                    &["feature00*"],
                    ClassifierSpec::NearestNeighbours(NearestNeighbours::default()),
                ),
            ],
            combination,
            inner: InnerFolds { folds: 3, seed: 5 },
        })
    };
    vec![
        logistic(1.0),
        ClassifierSpec::ElasticNet(ElasticNetSelection::default()),
        ClassifierSpec::Ordinal(OrdinalRegression::default()),
        ClassifierSpec::Ordinal(OrdinalRegression {
            model: OrdinalModel::AdjacentCategory,
            ..OrdinalRegression::default()
        }),
        ClassifierSpec::TwoStage(TwoStage::default()),
        ClassifierSpec::NearestNeighbours(NearestNeighbours::default()),
        ClassifierSpec::RandomForest(RandomForest {
            trees: 40,
            ..RandomForest::default()
        }),
        ClassifierSpec::SupportVector(SupportVectorMachine::default()),
        ClassifierSpec::SupportVector(SupportVectorMachine {
            kernel: Kernel::Rbf { gamma: None },
            ..SupportVectorMachine::default()
        }),
        ClassifierSpec::Boosting(GradientBoosting {
            rounds: 20,
            ..GradientBoosting::default()
        }),
        ClassifierSpec::Perceptron(Perceptron::default()),
        ensemble(Combination::Average),
        ensemble(Combination::Stack { c: 1.0 }),
        ensemble(Combination::Gate { c: 1.0 }),
    ]
}

fn pipeline(classifier: ClassifierSpec) -> Pipeline {
    Pipeline::new(PipelineSpec {
        classifier,
        ..common::spec(1.0, None)
    })
}

#[test]
fn every_classifier_gives_probabilities_and_survives_the_model_file() {
    let data = cohort(48, 7, &["zero", "low", "positive"]);
    for classifier in all() {
        let name = classifier.name();
        let fitted = pipeline(classifier).fit(&data.whole()).unwrap();
        let p = fitted.predict_proba(&data.x).unwrap();
        for row in p.iter_rows() {
            assert!(
                row.iter().all(|p| (0.0..=1.0).contains(p)),
                "{name}: {row:?}"
            );
            assert!(
                (row.iter().sum::<f64>() - 1.0).abs() < 1e-9,
                "{name}: {row:?}"
            );
        }
        // Better than chance on the rows it was fitted on.
        let right = p.iter_rows().zip(&data.y).filter(|(row, y)| {
            let most = row.iter().copied().fold(0.0, f64::max);
            row[**y] == most
        });
        assert!(right.count() > 20, "{name}");
        assert!(!fitted.describe().is_empty());
        let contributions = fitted.contributions(data.x.row(3)).unwrap();
        assert!(
            contributions.values().iter().all(|v| v.is_finite()),
            "{name}"
        );
        back_from_file(&data, fitted);
    }
}

#[test]
fn two_classes_are_enough_for_all_but_the_two_stages() {
    let data = cohort(40, 4, &["zero", "positive"]);
    for classifier in all() {
        let two_stage = matches!(classifier, ClassifierSpec::TwoStage(_));
        let fitted = pipeline(classifier).fit(&data.whole());
        match fitted {
            Ok(fitted) => {
                let p = fitted.predict_proba(&data.x).unwrap();
                assert!(
                    p.iter_rows()
                        .all(|row| (row[0] + row[1] - 1.0).abs() < 1e-9)
                );
            }
            Err(e) => assert!(two_stage, "{e}"),
        }
    }
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let data = cohort(48, 7, &["zero", "low", "positive"]);
    let fit = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        pool.install(|| {
            let fit = |c| serde_json::to_string(&pipeline(c).fit(&data.whole()).unwrap()).unwrap();
            all().into_iter().map(fit).collect::<Vec<String>>()
        })
    };
    assert_eq!(fit(1), fit(3));
}

#[test]
fn occlusion_is_the_same_as_the_coefficients_of_logistic_regression() {
    // An average of one logistic regression is that regression, but has no coefficients of its own.
    for classes in [&["zero", "low", "positive"][..], &["zero", "positive"][..]] {
        let data = cohort(48, 5, classes);
        let single = ClassifierSpec::Ensemble(Ensemble {
            members: vec![Member {
                name: "all".to_owned(),
                columns: Vec::new(),
                pca: None,
                classifier: logistic(0.5),
            }],
            combination: Combination::Average,
            inner: InnerFolds::default(),
        });
        let plain = pipeline(logistic(0.5)).fit(&data.whole()).unwrap();
        let wrapped = pipeline(single).fit(&data.whole()).unwrap();
        for i in 0..10 {
            let a = plain.contributions(data.x.row(i)).unwrap();
            let b = wrapped.contributions(data.x.row(i)).unwrap();
            assert!(difference(a.values(), b.values()) < 1e-9);
        }
        let (a, b) = (plain.baseline().unwrap(), wrapped.baseline().unwrap());
        assert!(difference(&a, &b) < 1e-9);
    }
}

#[test]
fn a_classifier_that_fails_is_named() {
    let data = cohort(30, 4, &["zero", "low", "positive"]);
    let fails = |classifier| pipeline(classifier).fit(&data.whole()).unwrap_err();
    let e = fails(ClassifierSpec::NearestNeighbours(NearestNeighbours {
        neighbours: 31,
        ..NearestNeighbours::default()
    }));
    assert!(
        matches!(&e, LearnError::ClassifierFailed { classifier, .. } if classifier == "nearest_neighbours")
    );
    assert!(
        e.to_string()
            .contains("\"nearest_neighbours\" failed: number of neighbours = 31"),
        "{e}"
    );
    let nameless = |pca| {
        let spec = PipelineSpec {
            classifier: all().pop().unwrap(),
            ..common::spec(1.0, pca)
        };
        Pipeline::new(spec).fit(&data.whole())
    };
    assert!(nameless(None).is_ok());
    let e = nameless(Some(PcaSpec::Components(2))).unwrap_err();
    assert!(
        e.to_string().contains("leave out the pipeline's PCA"),
        "{e}"
    );
}

#[test]
fn damaged_trees_are_refused() {
    let data = cohort(30, 4, &["zero", "low", "positive"]);
    let forest = ClassifierSpec::RandomForest(RandomForest {
        trees: 2,
        ..RandomForest::default()
    });
    let fitted = pipeline(forest).fit(&data.whole()).unwrap();
    let FittedClassifier::RandomForest(trees) = fitted.classifier() else {
        panic!("no forest")
    };
    assert!(trees.trees()[0].nodes() > 1);
    let model = ModelFile::new(
        "0.1.0",
        data.classes.clone(),
        data.feature_names.clone(),
        fitted,
        None,
        TrainingProvenance::default(),
    );
    let mut value = serde_json::to_value(&model).unwrap();
    // A child that is its own parent would be walked for ever.
    value["pipeline"]["classifier"]["trees"][0]["left"][0] = 0.into();
    let looped: ModelFile = serde_json::from_value(value).unwrap();
    assert!(matches!(
        looped.to_bytes(),
        Err(LearnError::BadModel { .. })
    ));
}
