//! Regions that are hardly any: each gives values or says why not.
#![expect(clippy::unwrap_used, reason = "a test")]

use proptest::prelude::*;
use triher_radiomics::{
    Aggregation, Discretisation, FeatureValue, RadiomicsError, Resampling, Resegmentation,
    Settings, features,
};
use triher_volume::{Geometry, Image, Interpolation, Mask, reorient};

fn settings() -> Settings {
    Settings {
        aggregation: Aggregation::ALL.to_vec(),
        ..Settings::default()
    }
}

fn grid(size: [usize; 3]) -> Geometry {
    Geometry::axis_aligned(size, [1.0, 1.5, 3.0], [0.0; 3]).unwrap()
}

/// Some texture.
fn texture([i, j, k]: [usize; 3]) -> f32 {
    ((i * 31 + j * 17 + k * 7) % 23) as f32
}

/// A value, or a word why not; never an infinite one.
fn told(features: &[FeatureValue]) {
    let per_kind = 29 + 2 + 18 + 23 + 7 + 6 * (25 + 16) + 3 * (16 + 16 + 5 + 17);
    assert_eq!(features.len(), per_kind);
    for f in features {
        assert!(!f.value.is_infinite(), "{}: {}", f.tag, f.value);
        assert_eq!(
            f.value.is_nan(),
            f.value.is_nan() && !f.flags.is_empty(),
            "{}",
            f.tag
        );
        assert!(!f.unit.is_empty() && !f.name.is_empty());
    }
}

fn value(features: &[FeatureValue], tag: &str) -> f64 {
    features.iter().find(|f| f.tag == tag).unwrap().value
}

#[test]
fn one_voxel_one_slice_a_line_a_constant_and_several_parts_are_told() {
    let geometry = grid([9, 8, 7]);
    let image = Image::from_fn(geometry, texture);
    let constant = Image::filled(geometry, 0.1);
    let regions: [fn([usize; 3]) -> bool; 6] = [
        |p| p == [4, 4, 3],
        |p| p[2] == 3,
        |p| p[1] == 4 && p[2] == 3,
        |_| true,
        |p| p == [0, 0, 0] || p == [8, 7, 6],
        |p| p[0] == p[1],
    ];
    for region in regions {
        let mask = Mask::from_fn(geometry, region);
        told(&features(&image, &mask, &settings()).unwrap());
        told(&features(&constant, &mask, &settings()).unwrap());
    }
    let one = Mask::from_fn(geometry, regions[0]);
    let one = features(&image, &one, &settings()).unwrap();
    assert!(value(&one, "cm_contrast_3D_avg").is_nan());
    assert_eq!(value(&one, "rlm_r_perc_3D_comb"), 1.0);
    let slice = Mask::from_fn(geometry, regions[1]);
    let slice = features(&image, &slice, &settings()).unwrap();
    let contrast = slice
        .iter()
        .find(|f| f.tag == "cm_contrast_3D_comb")
        .unwrap();
    assert!(contrast.value.is_finite() && contrast.flags.contains("one slice"));
}

#[test]
fn what_is_not_finite_is_part_of_the_shape_only() {
    let geometry = grid([6, 6, 4]);
    let mut image = Image::from_fn(geometry, texture);
    image.voxels_mut()[40] = f32::NAN;
    image.voxels_mut()[50] = f32::INFINITY;
    let mask = Mask::filled(geometry, true);
    let found = features(&image, &mask, &settings()).unwrap();
    told(&found);
    assert_eq!(value(&found, "morph_vol_approx"), 144.0 * 4.5);
    let nothing = Image::filled(geometry, f32::NAN);
    let error = features(&nothing, &mask, &settings()).unwrap_err();
    assert!(matches!(
        error,
        RadiomicsError::NothingLeft {
            voxels: 144,
            not_finite: 144
        }
    ));
}

#[test]
fn impossible_input_is_an_error_that_names_the_remedy() {
    let geometry = grid([6, 6, 4]);
    let image = Image::from_fn(geometry, texture);
    let full = Mask::filled(geometry, true);
    let empty = Mask::filled(geometry, false);
    let error = |mask: &Mask, settings: &Settings| {
        features(&image, mask, settings).unwrap_err().to_string()
    };
    assert!(error(&empty, &settings()).contains("no voxel"));
    let other = Mask::filled(grid([6, 6, 5]), true);
    assert!(error(&other, &settings()).contains("grid"));
    let range = |range| Settings {
        resegmentation: Resegmentation {
            range: Some(range),
            outlier_sigma: None,
        },
        ..settings()
    };
    assert!(error(&full, &range([500.0, 600.0])).contains("range"));
    assert!(error(&full, &range([6.0, 5.0])).contains("smaller intensity first"));
    let bins = Settings {
        discretisation: Discretisation::BinNumber { bins: 0 },
        ..settings()
    };
    assert!(error(&full, &bins).contains("0 bins"));
    let grid = |spacing| Settings {
        resampling: Some(Resampling {
            spacing_mm: [spacing; 3],
            interpolation: Interpolation::Linear,
            mask_interpolation: Interpolation::Linear,
            mask_threshold: 0.5,
            round: false,
        }),
        ..settings()
    };
    assert!(error(&full, &grid(1e-4)).contains("coarser"));
    assert!(error(&full, &grid(f64::NAN)).contains("millimetres"));
    let speck = Mask::from_fn(geometry, |p| p == [3, 3, 2]);
    assert!(error(&speck, &grid(50.0)).contains("finer spacing"));
}

#[test]
fn too_many_grey_levels_are_no_error_of_the_other_features() {
    let geometry = grid([6, 6, 4]);
    let image = Image::from_fn(geometry, |p| texture(p) * 1e6);
    let settings = Settings {
        discretisation: Discretisation::BinWidth { width: 1.0 },
        ..settings()
    };
    let found = features(&image, &Mask::filled(geometry, true), &settings).unwrap();
    told(&found);
    assert!(value(&found, "stat_mean") > 0.0);
    let contrast = found
        .iter()
        .find(|f| f.tag == "cm_contrast_3D_avg")
        .unwrap();
    assert!(contrast.value.is_nan() && contrast.flags.contains("4096"));
}

#[test]
fn settings_are_read_from_toml_and_misspelt_ones_are_named() {
    let text = r#"
        aggregation = ["3D-merged"]
        families = ["statistics", "cooccurrence"]
        resampling = { spacing-mm = [1, 1, 1], interpolation = "cubic-bspline" }
        resegmentation = { range = [0, 400], outlier-sigma = 3 }
        discretisation = { method = "bin-width", width = 25 }
    "#;
    let settings: Settings = toml::from_str(text).unwrap();
    assert_eq!(
        settings.discretisation,
        Discretisation::BinWidth { width: 25.0 }
    );
    assert_eq!(
        toml::from_str::<Settings>(&toml::to_string(&settings).unwrap()).unwrap(),
        settings
    );
    let error = toml::from_str::<Settings>("agregation = []")
        .unwrap_err()
        .to_string();
    assert!(error.contains("agregation"), "{error}");
}

/// Features that do not depend on which way a slice or direction is counted.
fn invariant(tag: &str) -> bool {
    !tag.contains("morph_com") && !tag.contains("mvee")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// A region has the same features wherever it lies in the image, and so has its mirror image.
    #[test]
    fn place_and_mirroring_do_not_matter(
        bits in prop::collection::vec(prop::bool::weighted(0.6), 60),
        levels in prop::collection::vec(1u8..7, 60),
        by in prop::array::uniform3(0usize..5),
    ) {
        prop_assume!(bits.contains(&true));
        // The image far about the region is empty, so that the peaks' spheres see the same.
        let geometry = grid([32, 24, 16]);
        let at = |p: [usize; 3], from: [usize; 3]| {
            let local: Option<Vec<usize>> = (0..3).map(|a| p[a].checked_sub(from[a])).collect();
            let l = local?;
            (l[0] < 5 && l[1] < 4 && l[2] < 3).then(|| l[0] + 5 * (l[1] + 4 * l[2]))
        };
        let make = |from: [usize; 3]| {
            let mask = Mask::from_fn(geometry, |p| at(p, from).is_some_and(|i| bits[i]));
            let image = Image::from_fn(geometry, |p| at(p, from).map_or(0.0, |i| f32::from(levels[i])));
            features(&image, &mask, &settings()).unwrap()
        };
        let start = [9, 7, 4];
        let reference = make(start);
        told(&reference);
        let moved = make([start[0] + by[0], start[1] + by[1], start[2] + by[2]]);
        for (a, b) in reference.iter().zip(&moved) {
            let close = (a.value - b.value).abs() <= 1e-9 * a.value.abs().max(1.0);
            prop_assert!(close || (a.value.is_nan() && b.value.is_nan()), "{}: {} {}", a.tag, a.value, b.value);
        }
        let mask = Mask::from_fn(geometry, |p| at(p, start).is_some_and(|i| bits[i]));
        let image = Image::from_fn(geometry, |p| at(p, start).map_or(0.0, |i| f32::from(levels[i])));
        let code = geometry.orientation();
        let opposite: String = code.chars().enumerate().map(|(at, c)| match (at, c) {
            (0, 'L') => 'R', (0, 'R') => 'L', (2, 'S') => 'I', (2, 'I') => 'S', _ => c,
        }).collect();
        let (mask, image) = (reorient(&mask, &opposite).unwrap(), reorient(&image, &opposite).unwrap());
        let mirrored = features(&image, &mask, &settings()).unwrap();
        for (a, b) in reference.iter().zip(&mirrored).filter(|(a, _)| invariant(&a.tag)) {
            let close = (a.value - b.value).abs() <= 1e-9 * a.value.abs().max(1.0);
            prop_assert!(close || (a.value.is_nan() && b.value.is_nan()), "{}: {} {}", a.tag, a.value, b.value);
        }
    }
}
