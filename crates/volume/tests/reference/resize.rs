//! Area averaging against PyTorch and MONAI (`generate.py`).

use serde::Deserialize;
use triher_volume::{Geometry, resize_area};

#[derive(Deserialize)]
struct Reference {
    target: [usize; 3],
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    size: [usize; 3],
    values: Vec<f32>,
    expected: Vec<f32>,
}

/// The same bits: smaller, larger, lines of one voxel, and an unchanged size.
#[test]
fn gives_the_bits_of_torch() {
    let reference: Reference = serde_json::from_str(include_str!("resize.json")).unwrap();
    assert_eq!(reference.cases.len(), 4);
    for case in &reference.cases {
        let geometry = Geometry::axis_aligned(case.size, [1.0, 1.5, 2.0], [0.0; 3]).unwrap();
        let resized = resize_area(&crate::image(geometry, &case.values), reference.target).unwrap();
        let bits = |v: &[f32]| v.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
        assert_eq!(
            bits(resized.voxels()),
            bits(&case.expected),
            "{:?}",
            case.size
        );
    }
}
