//! Sizes against SciPy's convex hull and distances, on an oblique grid.

use crate::mask;
use serde::Deserialize;
use triher_region::size;
use triher_volume::Geometry;

#[derive(Deserialize)]
struct Reference {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    size: [usize; 3],
    spacing_mm: [f64; 3],
    directions: [[f64; 3]; 3],
    mask: Vec<u8>,
    volume_mm3: f64,
    longest_diameter_mm: f64,
    surface_area_mm2: f64,
}

#[test]
fn sizes_are_those_of_scipy() {
    let reference: Reference = serde_json::from_str(include_str!("size.json")).unwrap();
    assert_eq!(reference.cases.len(), 4);
    for case in &reference.cases {
        let origin = [-80.0, 12.5, 33.0];
        let geometry = Geometry::from_parts(case.size, origin, case.spacing_mm, case.directions);
        let found = size(&mask(geometry.unwrap(), &case.mask)).unwrap();
        for (ours, theirs) in [
            (found.volume_mm3, case.volume_mm3),
            (found.longest_diameter_mm, case.longest_diameter_mm),
            (found.surface_area_mm2, case.surface_area_mm2),
        ] {
            assert!((ours - theirs).abs() <= 1e-9 * theirs, "{ours} {theirs}");
        }
    }
}
