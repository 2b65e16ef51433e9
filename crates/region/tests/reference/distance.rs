//! Distances against `scipy.ndimage.distance_transform_edt` with anisotropic spacing, within 1e-6 relative (rounding to `f32`).

use crate::mask;
use serde::Deserialize;
use triher_region::{dilate_mm, distance_mm, erode_mm};
use triher_volume::Geometry;

#[derive(Deserialize)]
struct Reference {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    size: [usize; 3],
    spacing_mm: [f64; 3],
    mask: Vec<u8>,
    distance_mm: Vec<f64>,
    depth_mm: Vec<f64>,
}

#[test]
fn distances_are_those_of_scipy() {
    let reference: Reference = serde_json::from_str(include_str!("distance.json")).unwrap();
    assert_eq!(reference.cases.len(), 4);
    for case in &reference.cases {
        let geometry = Geometry::axis_aligned(case.size, case.spacing_mm, [1.0, 2.0, 3.0]);
        let region = mask(geometry.unwrap(), &case.mask);
        let complement = region.map(|inside| !inside);
        for (region, theirs) in [(&region, &case.distance_mm), (&complement, &case.depth_mm)] {
            let ours = distance_mm(region).unwrap();
            for (a, b) in ours.voxels().iter().zip(theirs) {
                assert!((f64::from(*a) - b).abs() <= 1e-6 * b, "{a} {b}");
            }
        }
        for radius_mm in [0.5, 2.0, 4.5] {
            let near: Vec<bool> = case.distance_mm.iter().map(|&d| d <= radius_mm).collect();
            assert_eq!(dilate_mm(&region, radius_mm).unwrap().voxels(), near);
            let deep: Vec<bool> = case.depth_mm.iter().map(|&d| d > radius_mm).collect();
            assert_eq!(erode_mm(&region, radius_mm).unwrap().voxels(), deep);
        }
    }
}
