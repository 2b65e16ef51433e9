//! Minimum cuts against SciPy's largest flow (`parity/make_cut.py`): equal values, equal sides.

use serde::Deserialize;
use triher_detection::{GridCapacities, minimum_cut};

#[derive(Deserialize)]
struct Reference {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    size: [usize; 3],
    to_source: Vec<i64>,
    to_sink: Vec<i64>,
    between: [Vec<i64>; 3],
    value: i64,
    with_source: Vec<u8>,
}

#[test]
fn cuts_are_those_of_scipy() {
    let reference: Reference = serde_json::from_str(include_str!("parity/cut.json")).unwrap();
    assert_eq!(reference.cases.len(), 5);
    for case in reference.cases {
        let capacities = GridCapacities {
            size: case.size,
            to_source: case.to_source,
            to_sink: case.to_sink,
            between: case.between,
        };
        let cut = minimum_cut(&capacities).unwrap();
        assert_eq!(cut.value, case.value, "{:?}", case.size);
        let theirs: Vec<bool> = case.with_source.iter().map(|&s| s > 0).collect();
        assert_eq!(cut.with_source, theirs, "{:?}", case.size);
    }
}
