//! Fuzzy c-means against scikit-fuzzy (`parity/make_fuzzy.py`): centres and memberships within 1e-6.

use serde::Deserialize;
use triher_detection::fuzzy_c_means;

#[derive(Deserialize)]
struct Reference {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    fuzzifier: f64,
    samples: Vec<f64>,
    first_centres: Vec<Vec<f64>>,
    centres: Vec<Vec<f64>>,
    memberships: Vec<f64>,
}

#[test]
fn clusters_are_those_of_scikit_fuzzy() {
    let reference: Reference = serde_json::from_str(include_str!("parity/fuzzy.json")).unwrap();
    assert_eq!(reference.cases.len(), 3);
    for case in &reference.cases {
        let found = fuzzy_c_means(
            &case.samples,
            &case.first_centres,
            case.fuzzifier,
            1e-12,
            5000,
        );
        for (ours, theirs) in found
            .centres
            .iter()
            .flatten()
            .zip(case.centres.iter().flatten())
        {
            assert!((ours - theirs).abs() < 1e-6, "{ours} {theirs}");
        }
        assert_eq!(found.memberships.len(), case.memberships.len());
        for (ours, theirs) in found.memberships.iter().zip(&case.memberships) {
            assert!((ours - theirs).abs() < 1e-6, "{ours} {theirs}");
        }
    }
}
