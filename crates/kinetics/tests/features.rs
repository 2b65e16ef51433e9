//! Features against NumPy and SciPy (`generate.py`), and on series that lack something.

use serde::Deserialize;
use std::collections::BTreeMap;
use triher_kinetics::{
    Feature, FeatureOptions, KineticsError, feature_names, features, voxel_counts,
};
use triher_volume::{DynamicSeries, Geometry, Image, Mask, Phase, Provenance};

#[derive(Deserialize)]
struct Reference {
    size: [usize; 3],
    spacing_mm: [f64; 3],
    times_s: Vec<f64>,
    phases: Vec<Vec<Option<f32>>>,
    mask: Vec<u8>,
    counts: BTreeMap<String, usize>,
    expected: BTreeMap<String, f64>,
}

impl Reference {
    fn read() -> Self {
        serde_json::from_str(include_str!("features.json")).expect("the reference is sound")
    }

    fn geometry(&self) -> Geometry {
        Geometry::axis_aligned(self.size, self.spacing_mm, [0.0; 3])
            .expect("the reference is sound")
    }

    /// The first phases, with their intensities changed.
    fn series(&self, phases: usize, times: bool, change: impl Fn(f32) -> f32) -> DynamicSeries {
        let phases = self.phases.iter().zip(&self.times_s).take(phases);
        let phases = phases.map(|(values, &time_s)| {
            let voxels = values
                .iter()
                .map(|v| change(v.unwrap_or(f32::NAN)))
                .collect();
            Phase {
                image: Image::new(self.geometry(), voxels, Provenance::default())
                    .expect("the reference is sound"),
                time_s: times.then_some(time_s),
            }
        });
        DynamicSeries::new(phases.collect()).expect("the reference is sound")
    }

    fn mask(&self) -> Mask {
        let voxels = self.mask.iter().map(|&v| v == 1).collect();
        Mask::new(self.geometry(), voxels, Provenance::default()).expect("the reference is sound")
    }
}

fn compute(series: &DynamicSeries, mask: &Mask) -> Vec<Feature> {
    let features =
        features(series, mask, &FeatureOptions::default()).expect("the reference is sound");
    let names: Vec<&str> = features.iter().map(|f| f.name.as_str()).collect();
    assert_eq!(names, feature_names());
    for feature in &features {
        assert_eq!(
            feature.value.is_none(),
            feature.reason.is_some(),
            "{}",
            feature.name
        );
        assert!(!feature.definition.is_empty());
    }
    features
}

fn value<'a>(features: &'a [Feature], name: &str) -> &'a Feature {
    features
        .iter()
        .find(|f| f.name == name)
        .unwrap_or_else(|| panic!("{name}"))
}

#[test]
fn numpy_and_scipy_agree() {
    let reference = Reference::read();
    let (series, mask) = (reference.series(5, true, |v| v), reference.mask());
    let features = compute(&series, &mask);
    let mut compared = 0;
    for (name, expected) in &reference.expected {
        let found = value(&features, name).value.unwrap();
        let error = (found - expected).abs() / expected.abs().max(1e-3);
        assert!(error < 1e-9, "{name}: {found}, expected {expected}");
        compared += 1;
    }
    // All but the sizes, which are those of triher-region.
    assert_eq!(compared, features.len() - 3);
    let counts = voxel_counts(&series, &mask).unwrap();
    assert_eq!(counts.region, reference.counts["region"]);
    assert_eq!(counts.used, reference.counts["used"]);
    assert_eq!(counts.not_finite, reference.counts["not_finite"]);
    assert_eq!(counts.no_signal, 1);
}

#[test]
fn scanner_gain_cancels() {
    let reference = Reference::read();
    let mask = reference.mask();
    let plain = compute(&reference.series(5, true, |v| v), &mask);
    // A power of two is exact.
    let scaled = compute(&reference.series(5, true, |v| v * 8.0), &mask);
    for (a, b) in plain.iter().zip(&scaled) {
        let (x, y) = (a.value.unwrap(), b.value.unwrap());
        assert!(
            (x - y).abs() <= 1e-12 * x.abs().max(1.0),
            "{}: {x} {y}",
            a.name
        );
    }
}

#[test]
fn without_times_only_what_needs_them_is_missing() {
    let reference = Reference::read();
    let features = compute(&reference.series(5, false, |v| v), &reference.mask());
    for feature in &features {
        let timed = ["initial_slope", "wash_in_rate", "time_to_peak", "auc_"];
        let needs = timed
            .iter()
            .any(|t| feature.name.starts_with(&format!("kin_{t}")))
            && !feature.name.contains("per_phase");
        assert_eq!(feature.value.is_none(), needs, "{}", feature.name);
        if needs {
            assert_eq!(feature.reason.as_deref(), Some("the phases have no times"));
        }
    }
}

#[test]
fn two_phases_have_the_same_names() {
    let reference = Reference::read();
    let features = compute(&reference.series(2, true, |v| v), &reference.mask());
    let ser = value(&features, "kin_ser_mean");
    assert_eq!(
        ser.reason.as_deref(),
        Some("there is only one phase after contrast")
    );
    assert!(value(&features, "kin_fraction_plateau").value.is_none());
    assert!(value(&features, "kin_pe_early_mean").value.is_some());
}

#[test]
fn one_voxel_is_a_lesion() {
    let reference = Reference::read();
    let first = reference.mask.iter().position(|&v| v == 1).unwrap();
    let geometry = reference.geometry();
    let mask = Mask::from_fn(geometry, |index| geometry.offset(index) == Some(first));
    let features = compute(&reference.series(5, true, |v| v), &mask);
    assert_eq!(value(&features, "kin_pe_early_sd").value, Some(0.0));
    assert!(value(&features, "fo_post1_skewness").value.is_none());
    assert!((value(&features, "size_volume_mm3").value.unwrap() - 0.9 * 1.1 * 2.5).abs() < 1e-9);
}

#[test]
fn lesions_that_cannot_be_measured_are_errors() {
    let reference = Reference::read();
    let series = reference.series(5, true, |v| v);
    let options = FeatureOptions::default();
    let empty = Mask::filled(reference.geometry(), false);
    let error = features(&series, &empty, &options).unwrap_err();
    assert!(error.to_string().contains("the mask is empty"), "{error}");

    let other = Geometry::axis_aligned([2, 2, 2], [1.0; 3], [0.0; 3]).unwrap();
    let error = features(&series, &Mask::filled(other, true), &options).unwrap_err();
    assert!(matches!(error, KineticsError::Volume(_)), "{error}");

    let dark = reference.series(5, true, |v| v * 0.0);
    let error = features(&dark, &reference.mask(), &options).unwrap_err();
    assert!(
        matches!(error, KineticsError::NoUsableVoxels { not_finite: 1, .. }),
        "{error}"
    );

    let options = FeatureOptions { bins: 0, ..options };
    let error = features(&series, &reference.mask(), &options).unwrap_err();
    assert!(error.to_string().contains("bins cannot be 0"), "{error}");
}
