//! Components against `scipy.ndimage.label`: the same labels at every voxel.

use crate::mask;
use serde::Deserialize;
use triher_region::{Connectivity, connected_components};
use triher_volume::Geometry;

#[derive(Deserialize)]
struct Reference {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    size: [usize; 3],
    mask: Vec<u8>,
    faces: Vec<u32>,
    edges: Vec<u32>,
    corners: Vec<u32>,
}

#[test]
fn labels_are_those_of_scipy() {
    let reference: Reference = serde_json::from_str(include_str!("components.json")).unwrap();
    assert_eq!(reference.cases.len(), 4);
    for case in &reference.cases {
        let geometry = Geometry::axis_aligned(case.size, [1.0; 3], [0.0; 3]).unwrap();
        let mask = mask(geometry, &case.mask);
        let kinds = [
            (Connectivity::Faces, &case.faces),
            (Connectivity::Edges, &case.edges),
            (Connectivity::Corners, &case.corners),
        ];
        for (connectivity, expected) in kinds {
            let components = connected_components(&mask, connectivity);
            assert_eq!(
                components.labels.voxels(),
                expected,
                "{connectivity:?} {:?}",
                case.size
            );
            let last = expected.iter().max().copied().unwrap_or(0);
            let sizes = (1..=last).map(|l| expected.iter().filter(|&&e| e == l).count());
            assert_eq!(components.sizes, sizes.collect::<Vec<_>>());
            assert_eq!(components.sizes.len(), last as usize);
            assert_eq!(components.region(0), None);
            assert_eq!(components.region(last + 1), None);
            let region = components.region(components.largest().unwrap()).unwrap();
            assert_eq!(Some(&region.count()), components.sizes.iter().max());
        }
    }
}
