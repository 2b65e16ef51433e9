//! ComBat against neuroCombat, and what it refuses (`tests/parity/make_combat.py`).

#![allow(clippy::unwrap_used)]

mod prepare_table;

use prepare_table::Table;
use serde::Deserialize;
use triher_learn::{Combat, CombatPrior, Dataset, LearnError, Matrix, Split, UnseenCentre};

#[derive(Deserialize)]
struct Expected {
    columns: Vec<usize>,
    cases: Vec<Case>,
    held_out: Vec<f64>,
}

#[derive(Deserialize)]
struct Case {
    empirical_bayes: bool,
    parametric: bool,
    mean_only: bool,
    covariates: bool,
    reference: Option<String>,
    harmonised: Vec<f64>,
}

fn expected() -> Expected {
    serde_json::from_str(include_str!("parity/combat.json")).unwrap()
}

/// The columns that are harmonised, then age and menopause where asked for.
fn data(columns: &[usize], covariates: bool) -> Dataset {
    let table = Table::read();
    let all = table.with_covariates();
    let mut chosen = columns.to_vec();
    if covariates {
        chosen.extend([30, 31]);
    }
    let x = Matrix::from_fn(90, chosen.len(), |i, j| all.x.row(i)[chosen[j]]);
    table.with(
        x,
        chosen
            .iter()
            .map(|&j| all.feature_names[j].clone())
            .collect(),
    )
}

fn centres(data: &Dataset) -> Vec<Option<&str>> {
    data.centres
        .iter()
        .flatten()
        .map(Option::as_deref)
        .collect()
}

/// 1e-8 of the column's size.
fn assert_close(found: &Matrix, step: usize, expected: &[f64], columns: usize, what: &str) {
    let sizes: Vec<f64> = (0..columns)
        .map(|j| {
            found
                .iter_rows()
                .map(|row| row[j].abs())
                .fold(0.0, f64::max)
        })
        .collect();
    for (i, row) in expected.chunks_exact(columns).enumerate() {
        for (j, value) in row.iter().enumerate() {
            let difference = (found.row(i * step)[j] - value).abs();
            assert!(
                difference <= 1e-8 * sizes[j],
                "{what}: row {i} column {j}: {difference:e}"
            );
        }
    }
}

#[test]
fn harmonised_rows_are_neurocombats() {
    let expected = expected();
    for case in &expected.cases {
        let data = data(&expected.columns, case.covariates);
        let names = |name: &str| {
            if case.covariates {
                vec![name.to_owned()]
            } else {
                Vec::new()
            }
        };
        let combat = Combat {
            empirical_bayes: case.empirical_bayes,
            prior: if case.parametric {
                CombatPrior::Parametric
            } else {
                CombatPrior::NonParametric
            },
            mean_only: case.mean_only,
            covariates: names("age"),
            categories: names("menopause"),
            reference: case.reference.clone(),
            unseen_centre: UnseenCentre::Refuse,
        };
        let fitted = combat.fit(&data.whole()).unwrap();
        let out = fitted.transform(&data.x, &centres(&data)).unwrap();
        let what = format!("{combat:?}");
        assert_close(&out, 6, &case.harmonised, expected.columns.len(), &what);
        // Covariates stay, and so does the reference.
        for i in 0..90 {
            let (before, after) = (data.x.row(i), out.row(i));
            assert_eq!(
                before[expected.columns.len()..],
                after[expected.columns.len()..]
            );
            if case.reference.is_some() && centres(&data)[i] == Some("B") {
                assert_eq!(before, after);
            } else {
                assert_ne!(before, after);
            }
        }
    }
}

#[test]
fn held_out_rows_are_neurocombats_from_training() {
    let expected = expected();
    let data = data(&expected.columns, false);
    let split = Split {
        train: (0..60).collect(),
        test: (60..90).collect(),
    };
    let (train, held_out) = data.split(&split).unwrap();
    let fitted = Combat::default().fit(&train).unwrap();
    let out = fitted.transform(held_out.x(), held_out.centres()).unwrap();
    assert_close(
        &out,
        1,
        &expected.held_out,
        expected.columns.len(),
        "held out",
    );
    // Each row by itself gives the same bits as all together.
    for i in 0..30 {
        let row = Matrix::new(1, out.columns(), held_out.x().row(i).to_vec()).unwrap();
        let alone = fitted.transform(&row, &held_out.centres()[i..=i]).unwrap();
        assert_eq!(alone.row(0), out.row(i));
    }
}

#[test]
fn centres_come_together() {
    let expected = expected();
    let data = data(&expected.columns, false);
    let plain = Combat {
        empirical_bayes: false,
        ..Combat::default()
    };
    let out = plain
        .fit(&data.whole())
        .unwrap()
        .transform(&data.x, &centres(&data))
        .unwrap();
    let mean = |x: &Matrix, centre: &str, j: usize| {
        let rows: Vec<f64> = (0..90)
            .filter(|&i| centres(&data)[i] == Some(centre))
            .map(|i| x.row(i)[j])
            .collect();
        rows.iter().sum::<f64>() / rows.len() as f64
    };
    assert!((mean(&data.x, "A", 0) - mean(&data.x, "C", 0)).abs() > 0.5);
    for j in 0..10 {
        assert!((mean(&out, "A", j) - mean(&out, "C", j)).abs() < 1e-12);
    }
}

/// With 3,000 rows a centre all likelihoods of the plain formula are 0 (neuroCombat then gives NaN); here the centre is harmonised.
#[test]
fn a_large_centre_has_a_prior_without_parameters_too() {
    let table = Table::read();
    let x = table.matrix();
    let n = 6_000;
    let ids: Vec<String> = (0..n).map(|i| i.to_string()).collect();
    let large = Dataset::new(
        ids.clone(),
        ids,
        Some((0..n).map(|i| Some(["A", "B"][i % 2].to_owned())).collect()),
        (0..8).map(|j| j.to_string()).collect(),
        Matrix::from_fn(n, 8, |i, j| {
            x.row(i % 90)[j] + (i % 2) as f64 * (1.0 + j as f64) + (i as f64).sin()
        }),
        (0..n).map(|i| i % 3).collect(),
        ["zero", "low", "positive"].map(String::from).to_vec(),
    )
    .unwrap();
    let combat = Combat {
        prior: CombatPrior::NonParametric,
        ..Combat::default()
    };
    let fitted = combat.fit(&large.whole()).unwrap();
    let out = fitted.transform(&large.x, &centres(&large)).unwrap();
    assert!(out.values().iter().all(|v| v.is_finite()));
    assert_ne!(out, large.x);
}

#[test]
fn unseen_centres_follow_the_policy() {
    let expected = expected();
    let data = data(&expected.columns, false);
    let rows = |inside: bool| -> Vec<usize> {
        (0..90)
            .filter(|&i| (centres(&data)[i] == Some("C")) != inside)
            .collect()
    };
    let split = Split {
        train: rows(true),
        test: rows(false),
    };
    let (train, held_out) = data.split(&split).unwrap();
    let with = |unseen_centre| Combat {
        unseen_centre,
        ..Combat::default()
    };
    let apply = |policy| {
        let fitted = with(policy).fit(&train).unwrap();
        fitted.transform(held_out.x(), held_out.centres())
    };
    let error = apply(UnseenCentre::Refuse).unwrap_err();
    assert!(
        matches!(&error, LearnError::UnseenCentre { centre, known: 2 } if centre == "C"),
        "{error}"
    );
    assert_eq!(&apply(UnseenCentre::PassThrough).unwrap(), held_out.x());
    let estimated = apply(UnseenCentre::Estimate).unwrap();
    // The new centre's mean comes near that of the harmonised training rows, from its features alone.
    let harmonised = with(UnseenCentre::Estimate).fit(&train).unwrap();
    let harmonised = harmonised.transform(train.x(), train.centres()).unwrap();
    let mean =
        |x: &Matrix, j: usize| x.iter_rows().map(|row| row[j]).sum::<f64>() / x.rows() as f64;
    let distance = |x: &Matrix| {
        (0..10)
            .map(|j| (mean(x, j) - mean(&harmonised, j)).abs())
            .sum::<f64>()
    };
    assert!(distance(&estimated) < 0.2 * distance(held_out.x()));
    // A row without a centre has nothing to be estimated from.
    let fitted = with(UnseenCentre::Estimate).fit(&train).unwrap();
    let none = vec![None; held_out.x().rows()];
    assert!(matches!(
        fitted.transform(held_out.x(), &none),
        Err(LearnError::UnseenCentre { .. })
    ));
}

#[test]
fn the_outcome_is_no_covariate() {
    let expected = expected();
    let table = Table::read();
    let base = data(&expected.columns, false);
    // Copies of the outcome in several disguises: as it is, coded anew, and as a number with noise.
    let disguises: [fn(usize, usize) -> f64; 3] = [
        |_, y| y as f64,
        |_, y| [7.0, -1.0, 3.0][y],
        |i, y| 10.0 * y as f64 + (i as f64).sin(),
    ];
    for disguise in disguises {
        let p = expected.columns.len();
        let x = Matrix::from_fn(90, p + 1, |i, j| match j < p {
            true => base.x.row(i)[j],
            false => disguise(i, table.y[i]),
        });
        let mut names = base.feature_names.clone();
        names.push("mystery".to_owned());
        let data = table.with(x, names);
        for (covariates, categories) in [
            (vec!["mystery".to_owned()], vec![]),
            (vec![], vec!["mystery".to_owned()]),
        ] {
            let combat = Combat {
                covariates,
                categories,
                ..Combat::default()
            };
            let error = combat.fit(&data.whole()).unwrap_err();
            assert!(
                matches!(error, LearnError::OutcomeCovariate { .. }),
                "{error}"
            );
            assert!(error.to_string().contains("leakage"));
        }
    }
}

#[test]
fn a_centre_with_one_patient_is_moved_and_not_scaled() {
    let expected = expected();
    let mut data = data(&expected.columns, false);
    data.centres.as_mut().unwrap()[0] = Some("Z".to_owned());
    let plain = Combat {
        empirical_bayes: false,
        ..Combat::default()
    };
    let fitted = plain.fit(&data.whole()).unwrap();
    assert_eq!(fitted.one_class_centres(), ["Z"]);
    let out = fitted.transform(&data.x, &centres(&data)).unwrap();
    assert!(out.values().iter().all(|v| v.is_finite()));
    // Its one value is the grand mean of the others then, whatever it was; two rows of it keep their distance.
    let mut twin = data.x.row(0).to_vec();
    twin.iter_mut().for_each(|v| *v += 1.0);
    let pair = Matrix::new(2, twin.len(), [data.x.row(0), &twin[..]].concat()).unwrap();
    let pair = fitted.transform(&pair, &[Some("Z"), Some("Z")]).unwrap();
    assert!((pair.row(1)[0] - pair.row(0)[0] - 1.0).abs() < 1e-9);
    let shrunken = Combat::default().fit(&data.whole()).unwrap();
    let out = shrunken.transform(&data.x, &centres(&data)).unwrap();
    assert!(out.values().iter().all(|v| v.is_finite()));
}

#[test]
fn what_cannot_be_harmonised_is_said() {
    let expected = expected();
    let good = data(&expected.columns, true);
    let fit = |data: &Dataset, combat: &Combat| combat.fit(&data.whole()).unwrap_err();
    let mut data = good.clone();
    data.centres.as_mut().unwrap()[5] = None;
    assert!(
        fit(&data, &Combat::default())
            .to_string()
            .starts_with("row p05 has no centre")
    );
    data.centres = None;
    assert!(matches!(
        fit(&data, &Combat::default()),
        LearnError::NoCentre { .. }
    ));
    data.centres = Some(vec![Some("A".to_owned()); 90]);
    assert!(matches!(
        fit(&data, &Combat::default()),
        LearnError::OneCentre { .. }
    ));
    let reference = Combat {
        reference: Some("X".into()),
        ..Combat::default()
    };
    assert!(matches!(
        fit(&good, &reference),
        LearnError::NoReference { .. }
    ));
    let unknown = Combat {
        covariates: vec!["weight".into()],
        ..Combat::default()
    };
    assert!(matches!(
        fit(&good, &unknown),
        LearnError::NoCovariate { .. }
    ));
    let twice = Combat {
        covariates: vec!["age".into()],
        categories: vec!["age".into()],
        ..Combat::default()
    };
    assert!(matches!(fit(&good, &twice), LearnError::Duplicate { .. }));
    // A covariate that is the centre in other words.
    let table = Table::read();
    let x = Matrix::from_fn(90, 4, |i, j| match j {
        3 => f64::from(u8::from(table.centre[i] == "A")),
        _ => good.x.row(i)[j],
    });
    let data = table.with(x, ["a", "b", "c", "site"].map(String::from).to_vec());
    let confounded = Combat {
        covariates: vec!["site".into()],
        ..Combat::default()
    };
    assert!(matches!(fit(&data, &confounded), LearnError::Confounded));
    // Nothing varies.
    let flat = table.with(
        Matrix::from_fn(90, 2, |_, j| 0.1 + j as f64),
        vec!["a".into(), "b".into()],
    );
    assert!(matches!(
        fit(&flat, &Combat::default()),
        LearnError::NothingLeft { .. }
    ));
}
