//! Folds, leakage, determinism, and what a cohort can be like.

#![allow(clippy::unwrap_used)]

mod common;

use common::{cohort, names, noise, spec, words};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use triher_learn::{
    CrossValidation, Dataset, LearnError, Matrix, PcaSpec, Pipeline, Split, cross_validate,
};

fn design(folds: usize, repeats: usize) -> CrossValidation {
    CrossValidation {
        folds,
        repeats,
        seed: 7,
    }
}

/// Patients with one to three lesions of one class, in some centres.
fn patients(list: &[(usize, usize, usize)]) -> Dataset {
    let mut groups = Vec::new();
    let mut centres = Vec::new();
    let mut y = Vec::new();
    for (patient, &(class, centre, lesions)) in list.iter().enumerate() {
        for _ in 0..lesions {
            groups.push(format!("p{patient}"));
            centres.push((centre > 0).then(|| format!("c{centre}")));
            y.push(class);
        }
    }
    let n = y.len();
    let x = Matrix::from_fn(n, 3, |i, j| noise(i, j) + y[i] as f64);
    let classes = words(&["zero", "low", "positive"]);
    Dataset::new(
        names("r", n),
        groups,
        Some(centres),
        names("f", 3),
        x,
        y,
        classes,
    )
    .unwrap()
}

fn spread(counts: impl Iterator<Item = usize> + Clone) -> usize {
    counts.clone().max().unwrap_or(0) - counts.min().unwrap_or(0)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn folds_keep_patients_together_and_share_classes_and_centres(
        list in proptest::collection::vec((0..3_usize, 0..4_usize, 1..4_usize), 30..90),
        folds in 2..6_usize,
        seed in any::<u64>(),
    ) {
        let data = patients(&list);
        let design = CrossValidation { folds, repeats: 2, seed };
        let fewest = data.smallest_class().patients;
        let assigned = match design.assign(&data) {
            Ok(assigned) => assigned,
            Err(e) => {
                prop_assert!(fewest < folds, "{e}");
                return Ok(());
            }
        };
        for assigned in assigned {
            let mut fold_of = BTreeMap::new();
            for (group, fold) in data.groups.iter().zip(&assigned) {
                prop_assert_eq!(*fold_of.entry(group).or_insert(*fold), *fold);
            }
            // Patients in each fold: in all, by class, by class and centre.
            let count = |keep: &dyn Fn(usize) -> bool| {
                let mut counts = vec![BTreeSet::new(); folds];
                for i in (0..data.rows()).filter(|&i| keep(i)) {
                    counts[assigned[i]].insert(&data.groups[i]);
                }
                spread(counts.into_iter().map(|c| c.len()).collect::<Vec<_>>().into_iter())
            };
            prop_assert!(count(&|_| true) <= 1);
            for class in 0..3 {
                prop_assert!(count(&|i| data.y[i] == class) <= 1);
                for centre in 0..4 {
                    let name = (centre > 0).then(|| format!("c{centre}"));
                    let centres = data.centres.as_ref().unwrap();
                    prop_assert!(count(&|i| data.y[i] == class && centres[i] == name) <= 1);
                }
            }
        }
    }

    #[test]
    fn the_order_of_rows_does_not_matter(turn in 1..40_usize) {
        let data = patients(&(0..24).map(|i| (i % 3, i % 2, 1 + i % 2)).collect::<Vec<_>>());
        let n = data.rows();
        let order: Vec<usize> = (0..n).map(|i| (i + turn) % n).collect();
        let turned = Dataset::new(
            order.iter().map(|&i| data.ids[i].clone()).collect(),
            order.iter().map(|&i| data.groups[i].clone()).collect(),
            data.centres.as_ref().map(|c| order.iter().map(|&i| c[i].clone()).collect()),
            data.feature_names.clone(),
            Matrix::from_fn(n, 3, |i, j| data.x.row(order[i])[j]),
            order.iter().map(|&i| data.y[i]).collect(),
            data.classes.clone(),
        ).unwrap();
        let first = design(4, 1).assign(&data).unwrap().remove(0);
        let second = design(4, 1).assign(&turned).unwrap().remove(0);
        for (i, &from) in order.iter().enumerate() {
            prop_assert_eq!(second[i], first[from]);
        }
    }
}

#[test]
fn repeats_differ_and_seeds_repeat() {
    let data = cohort(60, 3, &["zero", "low", "positive"]);
    let folds = design(5, 3).assign(&data).unwrap();
    assert_ne!(folds[0], folds[1]);
    assert_ne!(folds[1], folds[2]);
    assert_eq!(folds, design(5, 3).assign(&data).unwrap());
    // A repeat does not depend on how many there are.
    assert_eq!(folds[..2], design(5, 2).assign(&data).unwrap());
}

#[test]
fn one_and_several_threads_give_the_same_bits() {
    let data = cohort(60, 12, &["zero", "low", "positive"]);
    let run = |threads| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        let spec = spec(0.3, Some(PcaSpec::Components(5)));
        let result = pool.install(|| cross_validate(&data, &spec, &design(5, 4)));
        let values = result.unwrap().probabilities.values().to_vec();
        values.into_iter().map(f64::to_bits).collect::<Vec<_>>()
    };
    let one = run(1);
    assert_eq!(one, run(2));
    assert_eq!(one, run(7));
}

/// The out-of-fold prediction of a row is that of a pipeline fitted without its fold, and does not depend on its own values in
/// any other way: changing the label and the features of a held-out row leaves the fit as it was.
#[test]
fn held_out_rows_have_no_influence() {
    let data = cohort(60, 5, &["zero", "low", "positive"]);
    let design = design(5, 1);
    let before = cross_validate(&data, &spec(1.0, Some(PcaSpec::Components(3))), &design).unwrap();
    let folds = &before.folds[0];
    let held_out = 11;
    let mut values = data.x.values().to_vec();
    values[held_out * 5..(held_out + 1) * 5].fill(1e6);
    let changed = Dataset::new(
        data.ids.clone(),
        data.groups.clone(),
        data.centres.clone(),
        data.feature_names.clone(),
        Matrix::new(60, 5, values).unwrap(),
        data.y.clone(),
        data.classes.clone(),
    )
    .unwrap();
    let after =
        cross_validate(&changed, &spec(1.0, Some(PcaSpec::Components(3))), &design).unwrap();
    assert_eq!(&after.folds[0], folds);
    let mut others = 0;
    for i in 0..60 {
        let same = before.probabilities.row(i) == after.probabilities.row(i);
        if i != held_out && folds[i] == folds[held_out] {
            assert!(
                same,
                "row {i} shares the fold and must not see row {held_out}"
            );
        } else if i != held_out {
            others += usize::from(!same);
        }
    }
    assert!(
        others > 40,
        "the other folds train on the changed row: {others}"
    );
}

/// Pure noise with many more features than rows: chance level out of fold, however well the training rows are fitted.
#[test]
fn noise_is_not_learned_out_of_fold() {
    let n = 90;
    let x = Matrix::from_fn(n, 400, |i, j| noise(i, j + 3));
    let y: Vec<usize> = (0..n).map(|i| i % 2).collect();
    let data = Dataset::new(
        names("r", n),
        names("p", n),
        None,
        names("f", 400),
        x,
        y,
        words(&["low", "positive"]),
    )
    .unwrap();
    let result = cross_validate(&data, &spec(1.0, None), &design(5, 10)).unwrap();
    let right = (0..n).filter(|&i| (result.probabilities.row(i)[1] > 0.5) == (data.y[i] == 1));
    let share = right.count() as f64 / n as f64;
    assert!((0.3..0.7).contains(&share), "{share}");
    let fitted = Pipeline::new(spec(1.0, None)).fit(&data.whole()).unwrap();
    let p = fitted.predict_proba(&data.x).unwrap();
    assert!((0..n).all(|i| (p.row(i)[1] > 0.5) == (data.y[i] == 1)));
}

#[test]
fn the_mean_of_the_repeats_is_reported() {
    let data = cohort(30, 4, &["low", "positive"]);
    let result = cross_validate(&data, &spec(1.0, None), &design(3, 4)).unwrap();
    assert_eq!(result.repeats.len(), 4);
    for i in 0..30 {
        let mean = result.repeats.iter().map(|r| r.row(i)[0]).sum::<f64>() / 4.0;
        assert!((mean - result.probabilities.row(i)[0]).abs() < 1e-15);
        assert!((result.probabilities.row(i).iter().sum::<f64>() - 1.0).abs() < 1e-12);
    }
}

#[test]
fn what_cannot_be_done_is_said() {
    let message = |data: &Dataset, d: CrossValidation| {
        cross_validate(data, &spec(1.0, None), &d)
            .unwrap_err()
            .to_string()
    };
    let data = patients(&[
        (0, 1, 1),
        (0, 1, 1),
        (1, 1, 1),
        (1, 2, 1),
        (2, 1, 3),
        (2, 1, 1),
        (0, 1, 1),
    ]);
    assert_eq!(
        message(&data, design(3, 1)),
        "the class low has 2 patients that can be held out, fewer than the 3 folds: use 2 folds or fewer, or add patients of this class"
    );
    let absent = patients(&[(0, 1, 1), (0, 1, 1), (1, 1, 1), (1, 1, 1)]);
    assert_eq!(
        message(&absent, design(2, 1)),
        "the class positive has no row among the 4 training rows: add patients of this class, use fewer folds, or leave the class out"
    );
    assert!(matches!(
        Pipeline::new(spec(1.0, None)).fit(&absent.whole()),
        Err(LearnError::ClassAbsent { class, .. }) if class == "positive"
    ));
    assert!(message(&data, design(1, 1)).contains("use 2 folds or more"));
    assert!(message(&data, design(2, 0)).contains("between 1 and 1000 repeats"));
    let single = cohort(6, 2, &["low"]);
    assert!(message(&single, design(2, 1)).contains("all rows are low"));
    let many = cohort(12, 3, &["low", "positive"]);
    let pca = spec(1.0, Some(PcaSpec::Components(4)));
    let refused = Pipeline::new(pca).fit(&many.whole()).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "4 principal components were asked for, but 12 training rows of 3 features have 3 at most: ask for fewer"
    );
}

#[test]
fn a_centre_with_one_patient_works_and_is_noted() {
    let mut list: Vec<(usize, usize, usize)> = (0..18).map(|i| (i % 3, 1, 1)).collect();
    list.push((0, 2, 2));
    let result = cross_validate(&patients(&list), &spec(1.0, None), &design(3, 1)).unwrap();
    assert_eq!(
        result.notes,
        ["centre c2 has one patient: no fold can both learn from it and be tested on it"]
    );
}

#[test]
fn an_empty_column_is_not_used_and_noted() {
    let data = cohort(24, 3, &["low", "positive"]);
    let mut values = data.x.values().to_vec();
    values
        .iter_mut()
        .skip(1)
        .step_by(3)
        .for_each(|v| *v = f64::NAN);
    let empty = Dataset::new(
        data.ids.clone(),
        data.groups.clone(),
        None,
        data.feature_names.clone(),
        Matrix::new(24, 3, values).unwrap(),
        data.y.clone(),
        data.classes.clone(),
    )
    .unwrap();
    let result = cross_validate(&empty, &spec(1.0, None), &design(3, 2)).unwrap();
    assert_eq!(
        result.notes,
        [
            "the feature \"feature001\" has no value in 6 of 6 training folds and is not used in them"
        ]
    );
    let fitted = Pipeline::new(spec(1.0, None)).fit(&empty.whole()).unwrap();
    assert_eq!(fitted.imputer().empty_columns(), [1]);
    let with = fitted
        .predict_proba(&Matrix::new(1, 3, vec![0.5, 9.0, 1.0]).unwrap())
        .unwrap();
    let without = fitted
        .predict_proba(&Matrix::new(1, 3, vec![0.5, f64::NAN, 1.0]).unwrap())
        .unwrap();
    assert_eq!(with, without);
}

/// Features that were fitted on patients say something of these patients in every row: none of them may be predicted out of fold.
#[test]
fn patients_that_features_were_fitted_on_are_never_held_out() {
    let list: Vec<(usize, usize, usize)> = (0..36).map(|n| (n % 3, 1 + n % 2, 1 + n % 2)).collect();
    let seen = ["p0", "p7", "p20", "stranger"].map(str::to_owned);
    let data = patients(&list).with_fitted_upstream(seen);
    assert_eq!(
        data.fitted_upstream().len(),
        3,
        "a stranger is none of the rows"
    );
    let result = cross_validate(&data, &spec(1.0, None), &design(4, 3)).unwrap();
    let held = result.held_out();
    for row in 0..data.rows() {
        let upstream = data.fitted_upstream().contains(&data.groups[row]);
        assert_eq!(held.contains(&row), !upstream, "row {row}");
        for (folds, repeat) in result.folds.iter().zip(&result.repeats) {
            assert_eq!(folds[row] == 4, upstream);
            assert_eq!(repeat.row(row)[0].is_nan(), upstream);
        }
    }
    assert!(
        result
            .notes
            .iter()
            .any(|n| n.starts_with("3 patients are in the training rows"))
    );

    // The gate is the split itself, whoever makes it.
    let test: Vec<usize> = (0..data.rows())
        .filter(|&r| data.groups[r] == "p7")
        .collect();
    let train = (0..data.rows()).filter(|r| !test.contains(r)).collect();
    let error = data.split(&Split { train, test }).unwrap_err();
    assert!(matches!(error, LearnError::FittedUpstream { ref group } if group == "p7"));
    assert!(
        error.to_string().contains("p7 cannot be held out"),
        "{error}"
    );

    // With nobody left to hold out there is no cross-validation.
    let everybody: Vec<String> = data.groups.clone();
    let none = patients(&list).with_fitted_upstream(everybody);
    assert_eq!(none.smallest_class().patients, 0);
    let error = cross_validate(&none, &spec(1.0, None), &design(2, 1)).unwrap_err();
    assert!(
        matches!(error, LearnError::FewPatients { patients: 0, .. }),
        "{error}"
    );
}
