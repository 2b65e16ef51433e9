//! mRMR against scikit-learn's mutual information, and stability selection against its own promise.

#![allow(clippy::unwrap_used)]

mod prepare_table;

use prepare_table::Table;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::Deserialize;
use triher_learn::{LearnError, Matrix, Mrmr, MrmrCriterion, StabilitySelection};

#[derive(Deserialize)]
struct MrmrCase {
    criterion: MrmrCriterion,
    bins: usize,
    order: Vec<usize>,
}

#[test]
fn mrmr_takes_columns_in_the_expected_order() {
    let cases: Vec<MrmrCase> = serde_json::from_str(include_str!("parity/mrmr.json")).unwrap();
    let data = Table::read().dataset();
    for case in cases {
        let mrmr = Mrmr {
            keep: case.order.len(),
            criterion: case.criterion,
            bins: case.bins,
        };
        assert_eq!(mrmr.order(&data.whole()).unwrap(), case.order, "{mrmr:?}");
        let mut kept = case.order.clone();
        kept.sort_unstable();
        assert_eq!(mrmr.fit(&data.whole()).unwrap().kept(), kept);
    }
    let all = Mrmr {
        keep: 99,
        criterion: MrmrCriterion::Difference,
        bins: 4,
    };
    assert_eq!(all.fit(&data.whole()).unwrap().kept().len(), 30);
    for bad in [Mrmr { keep: 0, ..all }, Mrmr { bins: 1, ..all }] {
        assert!(matches!(
            bad.fit(&data.whole()),
            Err(LearnError::BadSetting { .. })
        ));
    }
}

fn selection() -> StabilitySelection {
    StabilitySelection {
        per_half: 8,
        threshold: 0.8,
        pairs: 25,
        ..StabilitySelection::default()
    }
}

#[test]
fn informative_columns_are_stable() {
    let data = Table::read().dataset();
    let result = selection().shares(&data.whole()).unwrap();
    assert!(
        result.shares[8] > 0.8 && result.shares[9] > 0.8,
        "{:?}",
        result.shares
    );
    assert!(result.shares[10] == 0.0, "a constant column is never found");
    let most = result.shares[17..].iter().copied().fold(0.0, f64::max);
    assert!(most < 0.8, "noise {most}");
    let kept = selection().fit(&data.whole()).unwrap();
    let expected: Vec<usize> = (0..30).filter(|&j| result.shares[j] >= 0.8).collect();
    assert_eq!(kept.kept(), expected);
    // The same with any number of threads and at any time.
    let one = rayon::ThreadPoolBuilder::new()
        .num_threads(1)
        .build()
        .unwrap();
    assert_eq!(
        one.install(|| selection().shares(&data.whole()).unwrap()),
        result
    );
}

/// 40 tables without any connection between columns and classes: the mean number of columns that stay is below the bounds. (That
/// it is not zero at a low threshold shows that something is counted.)
#[test]
fn on_noise_the_bound_holds() {
    let table = Table::read();
    let lax = StabilitySelection {
        per_half: 10,
        threshold: 0.6,
        pairs: 20,
        ..StabilitySelection::default()
    };
    let (mut found, mut bound, mut unimodal) = (0.0, 0.0, 0.0);
    for repeat in 0..40 {
        let mut random = ChaCha8Rng::seed_from_u64(repeat);
        let values = (0..90 * 40).map(|_| random.random::<f64>()).collect();
        let x = Matrix::new(90, 40, values).unwrap();
        let data = table.with(x, (0..40).map(|j| j.to_string()).collect());
        let result = lax.shares(&data.whole()).unwrap();
        found += result.shares.iter().filter(|s| **s >= 0.6).count() as f64 / 40.0;
        (bound, unimodal) = (result.false_bound, result.false_bound_unimodal.unwrap());
    }
    println!("found {found}, bound {bound}, unimodal {unimodal}");
    // 100 / (0.2 * 40) and 100 / (2 * (0.2 - 1 / 40) * 40).
    assert!((bound - 12.5).abs() < 1e-9 && (unimodal - 100.0 / 14.0).abs() < 1e-9);
    assert!(found > 0.0 && found < unimodal);
}

#[test]
fn impossible_stability_is_refused() {
    let data = Table::read().dataset();
    for bad in [
        StabilitySelection {
            per_half: 0,
            ..selection()
        },
        StabilitySelection {
            threshold: 0.5,
            ..selection()
        },
        StabilitySelection {
            pairs: 0,
            ..selection()
        },
    ] {
        assert!(matches!(
            bad.fit(&data.whole()),
            Err(LearnError::BadSetting { .. })
        ));
    }
    // Half of the columns on each half: the unimodal theorem does not reach.
    let wide = StabilitySelection {
        per_half: 25,
        ..selection()
    };
    assert_eq!(
        wide.shares(&data.whole()).unwrap().false_bound_unimodal,
        None
    );
}
