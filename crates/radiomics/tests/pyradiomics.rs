//! Against PyRadiomics: `tests/parity/make_pyradiomics_case.py` measures a rough region with the PyPI package.

use std::collections::BTreeMap;
use std::path::Path;
use triher_radiomics::pyradiomics::{Parameters, features};
use triher_volume::{Geometry, Image, Mask};

/// Relative tolerance; PyRadiomics adds 2e-16 to the logarithms' arguments, and its interpolation is in another precision.
const TOLERANCE: f64 = 1e-6;

#[test]
fn every_feature_agrees_with_the_package() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/parity");
    let image = triher_imagefile::read_image(&folder.join("pyradiomics_case.nii.gz")).unwrap();
    let mask = triher_imagefile::read_mask(&folder.join("pyradiomics_mask.nii.gz")).unwrap();
    let text = std::fs::read_to_string(folder.join("pyradiomics_expected.json")).unwrap();
    let expected: BTreeMap<String, BTreeMap<String, f64>> = serde_json::from_str(&text).unwrap();
    assert_eq!(expected.len(), 3);
    for (name, expected) in expected {
        let yaml =
            std::fs::read_to_string(folder.join(format!("pyradiomics_{name}.yaml"))).unwrap();
        let parameters = Parameters::from_yaml(&yaml).unwrap();
        let found = features(&image, &mask, &parameters).unwrap();
        assert_eq!(found.len(), expected.len(), "{name}");
        for feature in found {
            let value = expected[&feature.tag];
            let difference = (feature.value - value).abs();
            // The interquartile range is a difference of interpolated intensities.
            let reach = TOLERANCE
                * value.abs().max(if feature.tag.contains("firstorder") {
                    100.0
                } else {
                    1e-6
                });
            assert!(
                difference <= reach,
                "{name} {}: {} {value}",
                feature.tag,
                feature.value
            );
        }
    }
}

#[test]
fn regions_that_are_hardly_any_are_told() {
    let geometry = Geometry::axis_aligned([8, 8, 4], [1.0; 3], [0.0; 3]).unwrap();
    let image = Image::from_fn(geometry, |[i, j, k]| (i * 31 + j * 17 + k * 7) as f32);
    let any = Parameters {
        minimum_roi_dimensions: 0,
        ..Parameters::default()
    };
    let regions: [fn([usize; 3]) -> bool; 4] = [
        |p| p == [4, 4, 2],
        |p| p[2] == 1,
        |_| true,
        |p| p[0] == p[1],
    ];
    for region in regions {
        let mask = Mask::from_fn(geometry, region);
        for image in [&image, &Image::filled(geometry, 0.1)] {
            let found = features(image, &mask, &any).unwrap();
            assert_eq!(found.len(), 107);
            assert!(found.iter().all(|f| f.value.is_nan() != f.flags.is_empty()));
        }
    }
    let speck = Mask::from_fn(geometry, |p| p == [4, 4, 2]);
    let error = features(&image, &speck, &Parameters::default()).unwrap_err();
    assert!(
        error.to_string().contains("minimumROIDimensions"),
        "{error}"
    );
    let empty = Mask::filled(geometry, false);
    assert!(features(&image, &empty, &any).is_err());
}
