//! What follows the classifier, within the pipeline: calibration, prediction sets, distances, tuning, comparison.

#![allow(clippy::unwrap_used)]

mod common;

use common::{back_from_file, cohort, logistic, names, noise, words};
use triher_learn::{
    Calibration, ClassifierSpec, ConformalSpec, CrossValidation, Dataset, InnerFolds, LearnError,
    Matrix, NearestNeighbours, NoStore, NoveltySpec, OutOfFold, Pipeline, PipelineSpec,
    ProbabilitySpec, RandomForest, Search, SetRows, Split, TuningSpec, compare, coverage,
    cross_validate,
};

/// Everything that can follow a classifier.
fn whole(classifier: ClassifierSpec) -> PipelineSpec {
    PipelineSpec {
        probability: ProbabilitySpec {
            calibration: Some(Calibration::Temperature),
            conformal: Some(ConformalSpec::default()),
            novelty: Some(NoveltySpec::default()),
            inner: InnerFolds { folds: 4, seed: 2 },
        },
        ..PipelineSpec::new(classifier)
    }
}

/// `n` patients whose two features tell the classes apart with errors.
fn overlapping(n: usize) -> Dataset {
    let gauss =
        |i: usize, j: usize| (0..6).map(|t| noise(i, 7 * j + t)).sum::<f64>() / 2.0_f64.sqrt();
    let x = Matrix::from_fn(n, 3, |i, j| match j {
        0 => (i % 3) as f64 + gauss(i, j),
        1 => f64::from(i % 3 == 1) + gauss(i, j),
        _ => gauss(i, j),
    });
    Dataset::new(
        names("row", n),
        names("patient", n),
        Some(
            (0..n)
                .map(|i| Some(["A", "B"][(i / 3) % 2].to_owned()))
                .collect(),
        ),
        words(&["a", "b", "c"]),
        x,
        (0..n).map(|i| i % 3).collect(),
        words(&["zero", "low", "positive"]),
    )
    .unwrap()
}

#[test]
fn held_out_rows_change_nothing_of_what_is_fitted() {
    let data = cohort(60, 5, &["zero", "low", "positive"]);
    let split = Split {
        train: (0..48).collect(),
        test: (48..60).collect(),
    };
    let mut spec = whole(logistic(1.0));
    spec.tuning = Some(TuningSpec {
        budget: 12,
        ..TuningSpec::default()
    });
    let fit = |data: &Dataset| {
        let (fold, _) = data.split(&split).unwrap();
        serde_json::to_string(&Pipeline::new(spec.clone()).fit(&fold).unwrap()).unwrap()
    };
    let mut poisoned = data.clone();
    poisoned.x = Matrix::from_fn(60, 5, |i, j| match i {
        48.. => 1e6 * noise(i, j),
        _ => data.x.row(i)[j],
    });
    (48..60).for_each(|i| poisoned.y[i] = (data.y[i] + 1) % 3);
    assert_eq!(fit(&data), fit(&poisoned));
}

#[test]
fn calibration_corrects_a_classifier_that_is_too_sure() {
    // One neighbour says 0 or 1; on classes that overlap that cannot be right.
    let data = overlapping(240);
    let design = CrossValidation {
        folds: 4,
        repeats: 1,
        seed: 3,
    };
    let sure = ClassifierSpec::NearestNeighbours(NearestNeighbours {
        neighbours: 1,
        ..NearestNeighbours::default()
    });
    let loss = |calibration| {
        let mut spec = PipelineSpec::new(sure.clone());
        spec.probability.calibration = calibration;
        let found = cross_validate(&data, &spec, &design).unwrap();
        let rows = found.probabilities.iter_rows().zip(&data.y);
        rows.map(|(row, &y)| -row[y].max(1e-12).ln()).sum::<f64>() / 240.0
    };
    let plain = loss(None);
    for method in [
        Calibration::Temperature,
        Calibration::Vector { penalty: 1e-3 },
        Calibration::Dirichlet {
            lambda: 1e-2,
            mu: 1e-2,
        },
        Calibration::Isotonic,
    ] {
        let calibrated = loss(Some(method));
        println!("{method:?}: log loss {plain:.3} -> {calibrated:.3}");
        assert!(calibrated < 1.1 && calibrated < plain / 3.0);
    }
}

#[test]
fn prediction_sets_cover_every_class() {
    let data = overlapping(600);
    let design = CrossValidation {
        folds: 5,
        repeats: 1,
        seed: 3,
    };
    for rows in [SetRows::OutOfFold, SetRows::Split] {
        let mut spec = PipelineSpec::new(logistic(1.0));
        spec.probability.conformal = Some(ConformalSpec {
            rows,
            ..ConformalSpec::default()
        });
        spec.probability.calibration = Some(Calibration::Temperature);
        let found = cross_validate(&data, &spec, &design).unwrap();
        let centres = data.centres.as_deref();
        let c = coverage(&found.sets[0], &data.y, &data.classes, centres).unwrap();
        for group in c.classes.iter().chain(&c.centres).chain([&c.all]) {
            let share = group.covered as f64 / group.rows as f64;
            println!(
                "{rows:?} {}: {share:.3} of {} rows, {:.2} classes",
                group.name, group.rows, group.mean_size
            );
            // 200 rows or more: four standard errors below 0.9, and not much above it.
            assert!((0.81..0.985).contains(&share), "{group:?}");
            assert!(group.mean_size < 2.9);
        }
    }
}

#[test]
fn rows_unlike_those_of_training_are_flagged() {
    let data = overlapping(240);
    let mut spec = PipelineSpec::new(logistic(1.0));
    spec.probability.novelty = Some(NoveltySpec {
        within: 0.95,
        ..NoveltySpec::default()
    });
    let split = Split {
        train: (0..180).collect(),
        test: (180..240).collect(),
    };
    let (fold, held_out) = data.split(&split).unwrap();
    let fitted = Pipeline::new(spec).fit(&fold).unwrap();
    let alike = fitted.distances(held_out.x()).unwrap().unwrap();
    let flagged = alike.iter().filter(|d| d.out_of_distribution).count();
    assert!(flagged <= 10, "{flagged} of 60");
    // Correlated against the grain, each value by itself being ordinary; and far away.
    let strange = Matrix::new(2, 3, vec![30.0, 0.0, 0.0, 8.0, -8.0, 8.0]).unwrap();
    let strange = fitted.distances(&strange).unwrap().unwrap();
    assert!(strange.iter().all(|d| d.out_of_distribution), "{strange:?}");
    // The limits are quantiles of left-out rows: of the training rows themselves hardly more than 5 % each are beyond.
    let seen = fitted.distances(fold.x()).unwrap().unwrap();
    assert!(seen.iter().filter(|d| d.out_of_distribution).count() <= 18);
    let novelty = fitted.novelty().unwrap();
    assert!(novelty.mahalanobis_limit() > 1.0 && novelty.neighbour_limit() > 0.0);
    assert!((0.0..=1.0).contains(&novelty.shrinkage()));
}

#[test]
fn many_columns_are_measured_in_components() {
    let data = cohort(60, 40, &["zero", "low", "positive"]);
    let mut spec = PipelineSpec::new(logistic(0.1));
    spec.probability.novelty = Some(NoveltySpec::default());
    let fitted = Pipeline::new(spec).fit(&data.whole()).unwrap();
    let far = Matrix::from_fn(1, 40, |_, j| 1e4 * noise(5, j));
    assert!(fitted.distances(&far).unwrap().unwrap()[0].out_of_distribution);
}

#[test]
fn everything_survives_the_model_file_and_shows_in_its_predictions() {
    let data = overlapping(90);
    let mut spec = whole(ClassifierSpec::RandomForest(RandomForest {
        trees: 20,
        ..RandomForest::default()
    }));
    spec.tuning = Some(TuningSpec {
        search: Search::Random,
        budget: 15,
        ..TuningSpec::default()
    });
    let fitted = Pipeline::new(spec.clone()).fit(&data.whole()).unwrap();
    let text = serde_json::to_string(&spec).unwrap();
    assert_eq!(serde_json::from_str::<PipelineSpec>(&text).unwrap(), spec);
    let words = fitted.describe();
    for part in [
        "random forest",
        "tuned among 3",
        "temperature",
        "cross-conformal",
        "distances",
    ] {
        assert!(words.contains(part), "{words}");
    }
    let read = back_from_file(&data, fitted);
    let predicted = read.predict(&data.feature_names, data.x.values()).unwrap();
    assert_eq!(predicted.sets.unwrap().len(), 90);
    assert_eq!(predicted.distances.unwrap().len(), 90);
}

#[test]
fn tuning_stays_within_its_budget_and_does_not_depend_on_threads() {
    let data = overlapping(90);
    for search in [Search::Random, Search::Halving, Search::Parzen] {
        let tuning = TuningSpec {
            search,
            budget: 60,
            inner: InnerFolds { folds: 5, seed: 9 },
        };
        let spec = PipelineSpec {
            tuning: Some(tuning),
            ..PipelineSpec::new(logistic(1e-6))
        };
        let fit = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build()
                .unwrap();
            pool.install(|| Pipeline::new(spec.clone()).fit(&data.whole()).unwrap())
        };
        let fitted = fit(1);
        assert_eq!(fitted, fit(3), "{search:?}");
        let tuned = fitted.tuned().unwrap();
        assert!(
            tuned.fits <= 60 && tuned.fits > 40,
            "{search:?}: {}",
            tuned.fits
        );
        let given = tuned.trials.iter().find(|t| t.settings.is_empty()).unwrap();
        let chosen = &tuned.trials[tuned.chosen];
        println!(
            "{search:?}: {} fits, {} trials, {:?} -> {:?} {:?}",
            tuned.fits,
            tuned.trials.len(),
            given.log_loss,
            chosen.log_loss,
            chosen.settings
        );
        // A penalty that leaves nothing of the features is found to be a bad one.
        assert_eq!(given.folds, 5);
        assert!(chosen.log_loss.unwrap() < given.log_loss.unwrap() - 0.2);
        assert!(matches!(tuned.classifier, ClassifierSpec::Logistic { c, .. } if c > 1e-3));
    }
}

#[test]
fn a_budget_below_one_candidate_is_refused() {
    let data = overlapping(60);
    let spec = PipelineSpec {
        tuning: Some(TuningSpec {
            budget: 3,
            ..TuningSpec::default()
        }),
        ..PipelineSpec::new(logistic(1.0))
    };
    let e = Pipeline::new(spec).fit(&data.whole()).unwrap_err();
    assert!(e.to_string().contains("at least as many fits"), "{e}");
}

#[test]
fn one_failing_classifier_does_not_lose_the_others() {
    let data = overlapping(60);
    let impossible = ClassifierSpec::NearestNeighbours(NearestNeighbours {
        neighbours: 1000,
        ..NearestNeighbours::default()
    });
    let specs = [
        ("logistic".to_owned(), PipelineSpec::new(logistic(1.0))),
        ("neighbours".to_owned(), PipelineSpec::new(impossible)),
        ("weak".to_owned(), PipelineSpec::new(logistic(0.01))),
    ];
    let design = CrossValidation {
        folds: 3,
        repeats: 1,
        seed: 1,
    };
    let compared = compare(&data, &specs, &design, &NoStore).unwrap();
    assert!(compared[0].result.is_ok() && compared[2].result.is_ok());
    assert!(matches!(
        &compared[1].result,
        Err(LearnError::ClassifierFailed { classifier, .. }) if classifier == "nearest_neighbours"
    ));
    // The same folds for all.
    let folds = |at: usize| compared[at].result.as_ref().unwrap().folds.clone();
    assert_eq!(folds(0), folds(2));
    let twice = [specs[0].clone(), specs[0].clone()];
    assert!(matches!(
        compare(&data, &twice, &design, &NoStore),
        Err(LearnError::Duplicate { .. })
    ));
}

#[test]
fn a_class_with_one_patient_cannot_be_calibrated() {
    let mut data = overlapping(31);
    (0..30).for_each(|i| data.y[i] = i % 2);
    data.y[30] = 2;
    let e = Pipeline::new(whole(logistic(1.0)))
        .fit(&data.whole())
        .unwrap_err();
    assert!(e.to_string().contains("the class positive has 1"), "{e}");
}

#[test]
fn cross_validated_predictions_are_out_of_fold() {
    let data = overlapping(60);
    let design = CrossValidation {
        folds: 3,
        repeats: 1,
        seed: 1,
    };
    let found = cross_validate(&data, &PipelineSpec::new(logistic(1.0)), &design).unwrap();
    let out = OutOfFold::of_cross_validation(&data, &found).unwrap();
    assert_eq!(out.probabilities(), &found.probabilities);
    assert!(OutOfFold::of_cross_validation(&overlapping(59), &found).is_err());
}
