//! Enhancement of each phase, parts of the functional volume and patterns of curves against NumPy (`phase_features.py`), 1e-9 relative.
#![expect(clippy::unwrap_used, reason = "a test's expectations")]

use serde_json::Value;
use triher_kinetics::{
    CurvePatternRule, Feature, FeatureOptions, KineticsError, PhaseOptions, SerCutoffs,
    curve_pattern_map, kinetic_features, phase_feature_list, phase_features,
};
use triher_volume::{DynamicSeries, Geometry, Image, Mask, Phase, Provenance};

fn study(phases: usize) -> (DynamicSeries, Mask) {
    let study: Value = serde_json::from_str(include_str!("features.json")).unwrap();
    let list = |v: &Value| -> Vec<f64> {
        let values = v.as_array().unwrap().iter();
        values.map(|v| v.as_f64().unwrap_or(f64::NAN)).collect()
    };
    let (size, spacing) = (list(&study["size"]), list(&study["spacing_mm"]));
    let geometry = Geometry::axis_aligned(
        std::array::from_fn(|a| size[a] as usize),
        std::array::from_fn(|a| spacing[a]),
        [0.0; 3],
    )
    .unwrap();
    let images = study["phases"].as_array().unwrap().iter().take(phases);
    let images = images.map(|values| {
        let voxels = list(values).into_iter().map(|v| v as f32).collect();
        Phase {
            image: Image::new(geometry, voxels, Provenance::default()).unwrap(),
            time_s: None,
        }
    });
    let series = DynamicSeries::new(images.collect()).unwrap();
    let mask = list(&study["mask"]).into_iter().map(|v| v == 1.0).collect();
    let mask = Mask::new(geometry, mask, Provenance::default()).unwrap();
    (series, mask)
}

fn other() -> PhaseOptions {
    PhaseOptions {
        phases: 2,
        functional_volume: SerCutoffs {
            minimum_pe_percent: -20.0,
            cutoffs: vec![0.6, 1.1],
        },
        curve_patterns: CurvePatternRule {
            enhancement_percent: 25.0,
            medium_percent: 60.0,
            fast_percent: 90.0,
            plateau_percent: 16.0,
            steady_percent: 0.5,
        },
    }
}

fn compute(series: &DynamicSeries, mask: &Mask, options: &PhaseOptions) -> Vec<Feature> {
    let found = phase_features(series, mask, options).unwrap();
    let listed = phase_feature_list(options);
    assert_eq!(found.len(), listed.len());
    for (found, listed) in found.iter().zip(&listed) {
        assert_eq!(found.name, listed.name);
        assert_eq!(
            (found.unit, &found.definition),
            (listed.unit, &listed.definition)
        );
        assert_eq!(
            found.value.is_none(),
            found.reason.is_some(),
            "{}",
            found.name
        );
        assert!(listed.value.is_none() && listed.reason.is_none());
    }
    found
}

/// Compares all values that the script made; how many.
fn compare(found: &[Feature], set: &str) -> usize {
    let expected: Value = serde_json::from_str(include_str!("phase_features.json")).unwrap();
    let expected = expected[set].as_object().unwrap();
    for (name, expected) in expected {
        let feature = found.iter().find(|f| f.name == *name).unwrap();
        let (found, expected) = (feature.value.unwrap(), expected.as_f64().unwrap());
        let near = (found - expected).abs() <= 1e-9 * expected.abs().max(1e-3);
        assert!(near, "{name}: {found}, expected {expected}");
    }
    expected.len()
}

#[test]
fn numpy_agrees() {
    let (series, mask) = study(5);
    let options = PhaseOptions {
        phases: 4,
        ..PhaseOptions::default()
    };
    let found = compute(&series, &mask, &options);
    assert_eq!(compare(&found, "own"), found.len());
    let found = compute(&series, &mask, &other());
    // All but the enhancement of two phases.
    assert_eq!(compare(&found, "other"), found.len() - 12);
}

#[test]
fn the_first_and_last_phases_and_the_volume_are_those_of_the_kinetic_features() {
    let (series, mask) = study(5);
    let options = FeatureOptions::default();
    let kinetic = kinetic_features(&series, &mask, &options).unwrap();
    let phases = compute(&series, &mask, &PhaseOptions::default());
    let of = |features: &[Feature], name: &str| {
        let feature = features.iter().find(|f| f.name == name).unwrap();
        feature.value.unwrap()
    };
    for ending in ["curve", "mean", "sd", "p10", "p50", "p90"] {
        for (phase, name) in [(1, "early"), (4, "last")] {
            let (a, b) = (
                of(&phases, &format!("kin_pe_{phase}_{ending}")),
                of(&kinetic, &format!("kin_pe_{name}_{ending}")),
            );
            assert!((a - b).abs() <= 1e-12 * b.abs(), "{name} {ending}: {a} {b}");
        }
    }
    let parts = phases
        .iter()
        .filter(|f| f.name.starts_with("kin_functional_"));
    let sum: f64 = parts.map(|f| f.value.unwrap()).sum();
    assert!((sum - of(&kinetic, "kin_functional_volume_mm3")).abs() < 1e-9);
    let shares = phases.iter().filter(|f| f.name.starts_with("kin_pattern_"));
    assert_eq!(shares.clone().count(), 19);
    assert!((shares.map(|f| f.value.unwrap()).sum::<f64>() - 1.0).abs() < 1e-12);
}

#[test]
fn a_series_too_short_says_what_it_lacks() {
    let (series, mask) = study(2);
    let found = compute(&series, &mask, &PhaseOptions::default());
    for feature in &found {
        let wants = if feature.name.starts_with("kin_pe_1_") {
            None
        } else if let Some(rest) = feature.name.strip_prefix("kin_pe_") {
            let phase = rest.split('_').next().unwrap();
            Some(format!("there is no phase {phase} after contrast"))
        } else {
            Some("there is only one phase after contrast".to_owned())
        };
        assert_eq!(feature.reason, wants, "{}", feature.name);
    }
    let rule = CurvePatternRule::default();
    let error = curve_pattern_map(&series, &rule, 0.0).unwrap_err();
    assert!(
        error.to_string().contains("phases after contrast"),
        "{error}"
    );
}

#[test]
fn the_map_has_the_patterns_of_the_features() {
    let (series, mask) = study(5);
    let options = other();
    let map = curve_pattern_map(&series, &options.curve_patterns, 0.0).unwrap();
    let inside = map.voxels().iter().zip(mask.voxels()).filter(|(_, m)| **m);
    let inside: Vec<f32> = inside.map(|(v, _)| *v).filter(|v| v.is_finite()).collect();
    let found = compute(&series, &mask, &options);
    let shares = found.iter().filter(|f| f.name.starts_with("kin_pattern_"));
    for (number, share) in shares.enumerate() {
        let count = inside.iter().filter(|v| **v == number as f32).count();
        assert_eq!(
            share.value,
            Some(count as f64 / inside.len() as f64),
            "{}",
            share.name
        );
    }
}

#[test]
fn options_that_make_no_sense_are_errors() {
    let (series, mask) = study(5);
    let refused = |options: PhaseOptions, what: &str| {
        let error = phase_features(&series, &mask, &options).unwrap_err();
        assert!(matches!(error, KineticsError::BadOption { .. }));
        assert!(error.to_string().contains(what), "{error}");
    };
    refused(
        PhaseOptions {
            phases: 0,
            ..other()
        },
        "phases",
    );
    refused(
        PhaseOptions {
            phases: 65,
            ..other()
        },
        "phases",
    );
    let mut options = other();
    options.functional_volume.cutoffs = vec![1.0; 2];
    refused(options, "cutoffs");
    let mut options = other();
    options.curve_patterns.fast_percent = 10.0;
    refused(options, "fast_percent");
}
