//! Designs of a validation: who is held out, that nothing leaks into a fit, and that a stopped run repeats nothing.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod common;

use common::spec;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use triher_learn::{
    CrossValidation, Dataset, LearnError, LearningCurveSpec, Matrix, NoStore, PipelineSpec,
    RoundPredictions, RoundStore, cross_validate, cross_validate_kept, learning_curve,
    leave_one_centre_out, permutation_test,
};

/// Three classes with one telling feature of three, at three centres, one lesion each.
fn cohort(patients: usize, signal: f64) -> Dataset {
    let mut random = ChaCha8Rng::seed_from_u64(8);
    let names: Vec<String> = (0..patients).map(|i| format!("p{i:03}")).collect();
    let y: Vec<usize> = (0..patients).map(|i| i % 3).collect();
    let mut normal = || (0..12).map(|_| random.random::<f64>()).sum::<f64>() - 6.0;
    let rows = y.iter();
    let rows = rows.flat_map(|&class| [signal * class as f64 + normal(), normal(), normal()]);
    let x = Matrix::new(patients, 3, rows.collect()).unwrap();
    let centre = |i: usize| Some(["A", "B", "C"][i / 3 % 3].to_owned());
    Dataset::new(
        names.clone(),
        names,
        Some((0..patients).map(centre).collect()),
        ["a", "b", "c"].map(str::to_owned).to_vec(),
        x,
        y,
        ["zero", "low", "positive"].map(str::to_owned).to_vec(),
    )
    .unwrap()
}

fn logistic() -> PipelineSpec {
    spec(1.0, None)
}

fn accuracy(data: &Dataset, probabilities: &Matrix) -> f64 {
    let right = |row: usize| {
        let p = probabilities.row(row);
        (0..p.len()).all(|k| p[k] <= p[data.y[row]])
    };
    (0..data.rows()).filter(|&row| right(row)).count() as f64 / data.rows() as f64
}

/// The same patients with other features or labels in the rows of one centre.
fn with_centre_changed(data: &Dataset, centre: &str) -> Dataset {
    let of = |row: usize| data.centres.as_ref().unwrap()[row].as_deref() == Some(centre);
    let columns = data.feature_names.len();
    let x = Matrix::from_fn(data.rows(), columns, |row, column| {
        let value = data.x.row(row)[column];
        if of(row) {
            -50.0 * value + column as f64
        } else {
            value
        }
    });
    let y = (0..data.rows()).map(|row| {
        if of(row) {
            (data.y[row] + 1) % 3
        } else {
            data.y[row]
        }
    });
    Dataset::new(
        data.ids.clone(),
        data.groups.clone(),
        data.centres.clone(),
        data.feature_names.clone(),
        x,
        y.collect(),
        data.classes.clone(),
    )
    .unwrap()
}

#[test]
fn a_centre_left_out_has_no_part_in_its_model() {
    let data = cohort(90, 1.5);
    let found = leave_one_centre_out(&data, &logistic(), &NoStore).unwrap();
    assert_eq!(found.held_out().len(), 90);
    assert!(accuracy(&data, &found.probabilities) > 0.55);
    // The model that predicts centre A: the same coefficients, whatever centre A holds. With A's features planted anew the
    // predictions of A change by their features alone: put A's old features back through them by a second data set whose A differs
    // in the labels only, and nothing may move.
    let labels_changed = {
        let mut other = with_centre_changed(&data, "A");
        other.x = data.x.clone();
        other
    };
    let other = leave_one_centre_out(&labels_changed, &logistic(), &NoStore).unwrap();
    for (row, p) in found.probabilities.iter_rows().enumerate() {
        let of_a = data.centres.as_ref().unwrap()[row].as_deref() == Some("A");
        let same = p == other.probabilities.row(row);
        assert_eq!(
            same, of_a,
            "row {row}: A by the same model, the others by another"
        );
    }
}

#[test]
fn a_centre_that_cannot_be_left_out_says_why_and_the_others_go_on() {
    let mut data = cohort(60, 1.0);
    // Only centre C has positives.
    for row in 0..60 {
        if data.centres.as_ref().unwrap()[row].as_deref() != Some("C") && data.y[row] == 2 {
            data.y[row] = 1;
        }
    }
    let found = leave_one_centre_out(&data, &logistic(), &NoStore).unwrap();
    let problems: Vec<bool> = found.centres.iter().map(|c| c.problem.is_some()).collect();
    assert_eq!(problems, [false, false, true]);
    let c = found.centres[2].problem.as_ref().unwrap();
    assert!(c.contains("no other centre has the class positive"), "{c}");
    assert_eq!(found.held_out().len(), 60 - found.centres[2].rows.len());

    let one = Dataset::new(
        data.ids.clone(),
        data.groups.clone(),
        Some(vec![Some("A".to_owned()); 60]),
        data.feature_names.clone(),
        data.x.clone(),
        data.y.clone(),
        data.classes.clone(),
    );
    let refused = leave_one_centre_out(&one.unwrap(), &logistic(), &NoStore);
    assert!(matches!(
        refused,
        Err(LearnError::FewCentres { centres: 1 })
    ));
}

#[test]
fn a_learning_curve_rises_on_data_that_can_be_learnt() {
    let data = cohort(240, 0.9);
    let growing = LearningCurveSpec {
        shares: vec![0.05, 0.3, 1.0],
        folds: 4,
        repeats: 2,
    };
    let curve = learning_curve(&data, &logistic(), &growing, 3, &NoStore).unwrap();
    let patients: Vec<f64> = curve.points.iter().map(|p| p.patients).collect();
    assert_eq!(patients, [9.0, 54.0, 180.0]);
    let loss = |point: usize| -> f64 {
        let of = |m: &Matrix| -> f64 {
            let rows = m.iter_rows().zip(&data.y);
            rows.map(|(p, &y)| -p[y].ln()).sum::<f64>() / data.rows() as f64
        };
        curve.points[point].repeats.iter().map(of).sum()
    };
    assert!(
        loss(0) > loss(1) && loss(1) > loss(2),
        "{} {} {}",
        loss(0),
        loss(1),
        loss(2)
    );
    // All patients: the cross-validation itself.
    let design = CrossValidation {
        folds: 4,
        repeats: 2,
        seed: 3,
    };
    let whole = cross_validate(&data, &logistic(), &design).unwrap();
    assert_eq!(curve.points[2].repeats, whole.repeats);
    let bad = LearningCurveSpec {
        shares: vec![0.5, 0.2],
        ..growing
    };
    assert!(matches!(
        learning_curve(&data, &logistic(), &bad, 3, &NoStore),
        Err(LearnError::BadShares { .. })
    ));
}

#[test]
fn permutations_tell_signal_from_none() {
    let design = CrossValidation {
        folds: 3,
        repeats: 1,
        seed: 5,
    };
    let test = |signal: f64| {
        let data = cohort(60, signal);
        let of = |data: &Dataset, found: &triher_learn::CrossValidated| {
            Some(accuracy(data, &found.probabilities))
        };
        permutation_test(&data, &logistic(), &design, 39, &NoStore, of)
            .unwrap()
            .unwrap()
    };
    let found = test(2.0);
    assert_eq!(found.null.len(), 39);
    assert_eq!(found.p_value, 1.0 / 40.0);
    let mean = found.null.iter().sum::<f64>() / 39.0;
    assert!((mean - 1.0 / 3.0).abs() < 0.06, "{mean}");
    assert!(test(0.0).p_value > 0.05);
}

/// A store in memory that counts.
#[derive(Default)]
struct Counting {
    kept: Mutex<BTreeMap<String, RoundPredictions>>,
    found: AtomicUsize,
}

impl RoundStore for Counting {
    fn load(&self, key: &str) -> Option<RoundPredictions> {
        let found = self.kept.lock().unwrap().get(key).cloned();
        self.found
            .fetch_add(usize::from(found.is_some()), Ordering::Relaxed);
        found
    }

    fn keep(&self, key: &str, found: &RoundPredictions) {
        self.kept
            .lock()
            .unwrap()
            .insert(key.to_owned(), found.clone());
    }
}

#[test]
fn a_store_gives_the_same_bits_and_never_another_round() {
    let data = cohort(60, 1.0);
    let design = CrossValidation {
        folds: 3,
        repeats: 2,
        seed: 1,
    };
    let store = Counting::default();
    let plain = cross_validate(&data, &logistic(), &design).unwrap();
    let first = cross_validate_kept(&data, &logistic(), &design, &store).unwrap();
    assert_eq!(store.found.load(Ordering::Relaxed), 0);
    // As after a crash: one round is lost, five are taken up.
    let lost = store.kept.lock().unwrap().keys().next().unwrap().clone();
    store.kept.lock().unwrap().remove(&lost);
    let second = cross_validate_kept(&data, &logistic(), &design, &store).unwrap();
    assert_eq!(store.found.load(Ordering::Relaxed), 5);
    assert_eq!((&plain, &plain), (&first, &second));
    // Another label, another value, another setting: other keys.
    let mut stronger = logistic();
    stronger.standardize = false;
    cross_validate_kept(&data, &stronger, &design, &store).unwrap();
    cross_validate_kept(
        &with_centre_changed(&data, "B"),
        &logistic(),
        &design,
        &store,
    )
    .unwrap();
    assert_eq!(store.found.load(Ordering::Relaxed), 5);
    // A round that was cut short is played again.
    let key = store.kept.lock().unwrap().keys().next().unwrap().clone();
    store.kept.lock().unwrap().get_mut(&key).unwrap().rows.pop();
    assert_eq!(
        cross_validate_kept(&data, &logistic(), &design, &store).unwrap(),
        plain
    );
}
