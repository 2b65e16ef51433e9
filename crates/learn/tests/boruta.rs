//! Boruta against BorutaPy on a table with known truth (`tests/parity/make_boruta.py`), and its rules.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use serde::Deserialize;
use triher_learn::{Boruta, BorutaDecision, Dataset, LearnError, Matrix, Tentative};

#[derive(Deserialize)]
struct Expected {
    rows: usize,
    columns: usize,
    x: Vec<f64>,
    y: Vec<usize>,
    decisions: Vec<Option<i8>>,
}

fn expected() -> Expected {
    serde_json::from_str(include_str!("parity/boruta.json")).unwrap()
}

fn data(expected: &Expected, columns: &[usize]) -> Dataset {
    let all = Matrix::new(expected.rows, expected.columns, expected.x.clone()).unwrap();
    let ids: Vec<String> = (0..expected.rows).map(|i| format!("p{i:03}")).collect();
    Dataset::new(
        ids.clone(),
        ids,
        None,
        columns.iter().map(|j| format!("f{j:02}")).collect(),
        Matrix::from_fn(expected.rows, columns.len(), |i, at| {
            all.row(i)[columns[at]]
        }),
        expected.y.clone(),
        ["zero", "low", "positive"].map(String::from).to_vec(),
    )
    .unwrap()
}

/// Where five seeds of BorutaPy agree on a column, so do we, with two seeds of our own.
#[test]
fn decisions_are_borutapys() {
    let expected = expected();
    let data = data(&expected, &(0..expected.columns).collect::<Vec<_>>());
    let agreed: Vec<(usize, BorutaDecision)> = (expected.decisions.iter().enumerate())
        .filter_map(|(j, decision)| match decision {
            Some(1) => Some((j, BorutaDecision::Confirmed)),
            Some(-1) => Some((j, BorutaDecision::Rejected)),
            _ => None,
        })
        .collect();
    // The table has decisions of both kinds, the noisy copy among the confirmed ones.
    assert!(agreed.len() >= 15, "{agreed:?}");
    assert!(agreed.contains(&(4, BorutaDecision::Confirmed)));
    for seed in [1, 2] {
        let boruta = Boruta {
            trees: 300,
            seed,
            ..Boruta::default()
        };
        let found = boruta.decide(&data.whole()).unwrap();
        for (j, decision) in &agreed {
            assert_eq!(found.decisions[*j], *decision, "column {j}: {found:?}");
        }
        // The constant column never beats a shadow.
        assert_eq!(found.hits[19], 0);
        let kept = boruta.fit(&data.whole()).unwrap();
        let confirmed = |j: &usize| found.decisions[*j] == BorutaDecision::Confirmed;
        assert!((0..20).filter(confirmed).all(|j| kept.kept().contains(&j)));
        assert_eq!(kept.inputs(), 20);
    }
}

#[test]
fn the_same_seed_gives_the_same_with_any_number_of_threads() {
    let expected = expected();
    let data = data(&expected, &[0, 3, 7, 11]);
    let boruta = Boruta {
        trees: 40,
        rounds: 15,
        ..Boruta::default()
    };
    let with = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
        let pool = pool.build().unwrap();
        pool.install(|| boruta.decide(&data.whole()).unwrap())
    };
    let one = with(1);
    assert_eq!(one, with(3));
    assert!(one.importance.iter().all(|v| v.is_finite()));
    let other = Boruta { seed: 2, ..boruta };
    assert_ne!(one, other.decide(&data.whole()).unwrap());
}

#[test]
fn undecided_columns_follow_the_rule_and_one_always_stays() {
    let expected = expected();
    // Two columns that tell, three of noise; three rounds decide nothing.
    let data = data(&expected, &[0, 1, 9, 10, 11]);
    let with = |tentative| {
        let boruta = Boruta {
            trees: 60,
            rounds: 3,
            tentative,
            ..Boruta::default()
        };
        boruta.fit(&data.whole()).unwrap().kept().to_vec()
    };
    assert_eq!(with(Tentative::Keep), [0, 1, 2, 3, 4]);
    assert_eq!(with(Tentative::Median), [0, 1]);
    let one = with(Tentative::Drop);
    assert!(one == [0] || one == [1], "{one:?}");
}

#[test]
fn impossible_settings_are_refused() {
    let expected = expected();
    let data = data(&expected, &[0, 1]);
    let usual = Boruta::default();
    for bad in [
        Boruta { trees: 0, ..usual },
        Boruta { rounds: 0, ..usual },
        Boruta {
            level: f64::NAN,
            ..usual
        },
        Boruta {
            level: 1.0,
            ..usual
        },
    ] {
        let error = bad.fit(&data.whole()).unwrap_err();
        assert!(matches!(error, LearnError::BadSetting { .. }), "{error}");
    }
}
