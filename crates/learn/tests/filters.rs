//! Filters and univariate tests against caret, NumPy, SciPy and scikit-learn (`tests/parity/make_*`).

#![allow(clippy::unwrap_used)]

mod prepare_table;

use prepare_table::Table;
use serde::Deserialize;
use std::collections::BTreeMap;
use triher_learn::{
    Correlation, CorrelationFilter, Dataset, DuplicateFilter, Keep, LearnError, Matrix,
    MissingRule, RobustnessFilter, UnivariateSelection, UnivariateTest, UnknownRobustness,
    VarianceFilter, benjamini_hochberg,
};

#[derive(Deserialize)]
struct NearZero {
    frequency_ratio: f64,
    unique_percent: f64,
    kept: Vec<usize>,
}

#[test]
fn nearly_constant_columns_are_carets() {
    let cases: Vec<NearZero> = serde_json::from_str(include_str!("parity/near_zero.json")).unwrap();
    let data = Table::read().dataset();
    let mut sizes = Vec::new();
    for case in cases {
        let filter = VarianceFilter {
            near_zero: true,
            frequency_ratio: case.frequency_ratio,
            unique_percent: case.unique_percent,
        };
        assert_eq!(filter.fit(&data.whole()).unwrap().kept(), case.kept);
        sizes.push(case.kept.len());
    }
    // The cases tell the rule's two limits apart.
    sizes.dedup();
    assert!(sizes.len() > 1, "{sizes:?}");
    let constant_only = VarianceFilter {
        near_zero: false,
        ..VarianceFilter::default()
    };
    let kept = constant_only.fit(&data.whole()).unwrap();
    assert_eq!(kept.kept().len(), 29);
    assert!(!kept.kept().contains(&10));
}

#[derive(Deserialize)]
struct Filters {
    correlation: Vec<CorrelationCase>,
}

#[derive(Deserialize)]
struct CorrelationCase {
    method: Correlation,
    threshold: f64,
    stability: BTreeMap<String, f64>,
    kept: Vec<usize>,
}

#[test]
fn correlated_columns_are_numpys_and_scipys() {
    let cases: Filters = serde_json::from_str(include_str!("parity/filters.json")).unwrap();
    let data = Table::read().dataset();
    for case in cases.correlation {
        let filter = CorrelationFilter {
            method: case.method,
            threshold: case.threshold,
            stability: case.stability,
        };
        let fitted = filter.fit(&data.whole()).unwrap();
        assert_eq!(fitted.kept(), case.kept, "{filter:?}");
        assert!(fitted.kept().len() < 30);
    }
}

#[test]
fn duplicates_go_and_the_first_stays() {
    let data = Table::read().dataset();
    let kept = DuplicateFilter {}.fit(&data.whole()).unwrap();
    let expected: Vec<usize> = (0..30).filter(|&j| j != 12).collect();
    assert_eq!(kept.kept(), expected);
}

#[test]
fn robust_features_stay() {
    let data = Table::read().dataset();
    let mut filter = RobustnessFilter {
        icc: [("3".to_owned(), 0.9), ("4".to_owned(), 0.7)].into(),
        at_least: 0.75,
        unknown: UnknownRobustness::Keep,
    };
    let kept = filter.fit(&data.whole()).unwrap();
    assert_eq!(kept.kept().len(), 29);
    assert!(!kept.kept().contains(&4));
    filter.unknown = UnknownRobustness::Drop;
    assert_eq!(filter.fit(&data.whole()).unwrap().kept(), [3]);
    filter.at_least = 0.95;
    let error = filter.fit(&data.whole()).unwrap_err();
    assert!(matches!(error, LearnError::NothingLeft { .. }), "{error}");
}

#[derive(Deserialize)]
struct Univariate {
    anova: TestCase,
    kruskal_wallis: TestCase,
    mutual_information: Vec<InformationCase>,
}

#[derive(Deserialize)]
struct TestCase {
    statistic: Vec<Option<f64>>,
    p_value: Vec<f64>,
    adjusted: Vec<f64>,
}

#[derive(Deserialize)]
struct InformationCase {
    neighbours: usize,
    columns: Vec<usize>,
    statistic: Vec<f64>,
}

fn close(found: f64, expected: f64, what: &str) {
    let scale = expected.abs().max(1e-300);
    assert!(
        (found - expected).abs() <= 1e-8 * scale,
        "{what}: {found} {expected}"
    );
}

#[test]
fn tests_are_scipys() {
    let expected: Univariate =
        serde_json::from_str(include_str!("parity/univariate.json")).unwrap();
    let data = Table::read().dataset();
    for (test, expected) in [
        (UnivariateTest::Anova, expected.anova),
        (UnivariateTest::KruskalWallis, expected.kruskal_wallis),
    ] {
        let selection = UnivariateSelection {
            test,
            keep: Keep::FalseDiscoveryRate(0.05),
            neighbours: 3,
        };
        let found = selection.test(&data.whole()).unwrap();
        for (j, result) in found.iter().enumerate() {
            match expected.statistic[j] {
                Some(statistic) => close(result.statistic, statistic, "statistic"),
                None => assert!(result.statistic.is_nan()),
            }
            close(result.p_value, expected.p_value[j], "p-value");
        }
        let p_values: Vec<f64> = found.iter().map(|r| r.p_value).collect();
        for (found, expected) in benjamini_hochberg(&p_values).iter().zip(&expected.adjusted) {
            close(*found, *expected, "adjusted p-value");
        }
        let discovered: Vec<usize> = (0..30).filter(|&j| expected.adjusted[j] <= 0.05).collect();
        assert!(!discovered.is_empty() && discovered.len() < 20);
        assert_eq!(selection.fit(&data.whole()).unwrap().kept(), discovered);
    }
}

#[test]
fn mutual_information_is_scikit_learns() {
    let expected: Univariate =
        serde_json::from_str(include_str!("parity/univariate.json")).unwrap();
    let data = Table::read().dataset();
    for case in expected.mutual_information {
        let selection = UnivariateSelection {
            test: UnivariateTest::MutualInformation,
            keep: Keep::Best(4),
            neighbours: case.neighbours,
        };
        let found = selection.test(&data.whole()).unwrap();
        for (&j, &expected) in case.columns.iter().zip(&case.statistic) {
            assert!((found[j].statistic - expected).abs() < 1e-8, "column {j}");
        }
        assert!(case.statistic.iter().filter(|v| **v > 0.05).count() > 3);
        assert_eq!(selection.fit(&data.whole()).unwrap().kept().len(), 4);
        let rate = UnivariateSelection {
            keep: Keep::FalseDiscoveryRate(0.1),
            ..selection
        };
        assert!(matches!(
            rate.fit(&data.whole()),
            Err(LearnError::BadSetting { .. })
        ));
    }
}

#[test]
fn the_rule_for_missing_values_drops_and_flags() {
    let table = Table::read();
    let full = table.matrix();
    // Column 0 lacks 60 of 90 values, column 1 lacks 9, column 2 all.
    let x = Matrix::from_fn(90, 4, |i, j| match j {
        0 if i % 3 != 0 => f64::NAN,
        1 if i % 10 == 0 => f64::NAN,
        2 => f64::NAN,
        _ => full.row(i)[j],
    });
    let data = table.with(x, (0..4).map(|j| j.to_string()).collect());
    let rule = |drop_above, indicators| MissingRule {
        drop_above,
        indicators,
    };
    let fitted = rule(Some(0.5), true).fit(&data.whole()).unwrap();
    assert_eq!(
        (fitted.kept(), fitted.indicators()),
        (&[1, 3][..], &[1][..])
    );
    let edge = rule(Some(60.0 / 90.0), false).fit(&data.whole()).unwrap();
    assert_eq!(edge.kept(), [0, 1, 3]);
    let imputed = Matrix::from_fn(90, 4, |i, j| {
        if data.x.row(i)[j].is_nan() {
            -5.0
        } else {
            data.x.row(i)[j]
        }
    });
    let out = fitted.transform(&data.x, &imputed).unwrap();
    assert_eq!(out.row(0), [-5.0, full.row(0)[3], 1.0]);
    assert_eq!(out.row(1), [full.row(1)[1], full.row(1)[3], 0.0]);
    let empty = table.with(Matrix::from_fn(90, 1, |_, _| f64::NAN), vec!["a".into()]);
    let error = rule(Some(0.9), false).fit(&empty.whole()).unwrap_err();
    assert!(error.to_string().contains("raise `drop_above`"), "{error}");
    assert!(rule(Some(1.5), false).fit(&empty.whole()).is_err());
}

#[test]
fn a_table_of_constants_is_refused_in_a_sentence() {
    let table = Table::read();
    let names = vec!["a".to_owned(), "b".to_owned()];
    let data: Dataset = table.with(Matrix::from_fn(90, 2, |_, j| j as f64), names);
    let error = VarianceFilter::default().fit(&data.whole()).unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("the variance filter leaves no feature"),
        "{error}"
    );
    // Constant columns are the worst, but a number was asked for.
    let best = UnivariateSelection {
        test: UnivariateTest::Anova,
        keep: Keep::Best(1),
        neighbours: 3,
    };
    assert_eq!(best.fit(&data.whole()).unwrap().kept(), [0]);
}
