//! Functional volumes by signal enhancement ratio, and maps of quantities, against NumPy (`functional_volume.py`).

use serde_json::Value;
use triher_kinetics::{KineticsError, Quantity, SerCutoffs, functional_volume, quantity_map};
use triher_volume::{DynamicSeries, Geometry, Image, Mask, Phase, Provenance};

fn study(phases: usize) -> (DynamicSeries, Mask) {
    let study: Value = serde_json::from_str(include_str!("features.json")).expect("it is JSON");
    let number = |v: &Value| v.as_f64().unwrap_or(f64::NAN);
    let list =
        |v: &Value| -> Vec<f64> { v.as_array().expect("a list").iter().map(number).collect() };
    let (size, spacing) = (list(&study["size"]), list(&study["spacing_mm"]));
    let geometry = Geometry::axis_aligned(
        std::array::from_fn(|a| size[a] as usize),
        std::array::from_fn(|a| spacing[a]),
        [0.0; 3],
    )
    .expect("a grid");
    let times = list(&study["times_s"]);
    let images = study["phases"]
        .as_array()
        .expect("a list")
        .iter()
        .zip(times);
    let images = images.take(phases).map(|(values, time_s)| {
        let voxels = list(values).into_iter().map(|v| v as f32).collect();
        Phase {
            image: Image::new(geometry, voxels, Provenance::default()).expect("one grid"),
            time_s: Some(time_s),
        }
    });
    let series = DynamicSeries::new(images.collect()).expect("a series");
    let mask = list(&study["mask"]).into_iter().map(|v| v == 1.0).collect();
    (
        series,
        Mask::new(geometry, mask, Provenance::default()).expect("one grid"),
    )
}

fn expected() -> Value {
    serde_json::from_str(include_str!("functional_volume.json")).expect("it is JSON")
}

fn near(found: f64, expected: &Value, relative: f64) {
    let expected = expected.as_f64().expect("a number");
    assert!(
        (found - expected).abs() <= relative * expected.abs().max(1.0),
        "{found}, expected {expected}"
    );
}

#[test]
fn numpy_parts_the_volume_alike() {
    let (series, mask) = study(5);
    let expected = expected();
    let options = SerCutoffs {
        minimum_pe_percent: 40.0,
        cutoffs: vec![0.6, 0.9, 1.2],
    };
    let found = functional_volume(&series, &mask, &options).expect("a lesion");
    near(found.volume_mm3, &expected["volume_mm3"], 1e-12);
    near(found.without_ser_mm3, &expected["without_ser_mm3"], 1e-12);
    assert_eq!(found.by_ser_mm3.len(), 4);
    for (part, found) in found.by_ser_mm3.iter().enumerate() {
        near(*found, &expected["by_ser_mm3"][part], 1e-12);
    }
}

/// Maps are in single precision: their sums agree to 1e-6.
#[test]
fn numpy_makes_the_same_maps() {
    let (series, _) = study(5);
    let expected = expected();
    for quantity in Quantity::ALL {
        let map = quantity_map(&series, quantity, 0.0).expect("times and phases are there");
        let defined: Vec<f64> = (map.voxels().iter().filter(|v| v.is_finite()))
            .map(|&v| f64::from(v))
            .collect();
        let expected = &expected["maps"][quantity.name()];
        near(defined.len() as f64, &expected[0], 0.0);
        let size: f64 = defined.iter().map(|v| v.abs()).sum();
        let sum = expected[1].as_f64().expect("a number");
        let found: f64 = defined.iter().sum();
        assert!(
            (found - sum).abs() <= 1e-6 * size,
            "{}: {found} {sum}",
            quantity.name()
        );
    }
}

#[test]
fn what_cannot_be_had_is_an_error() {
    let (series, mask) = study(2);
    let error = functional_volume(&series, &mask, &SerCutoffs::default());
    assert!(matches!(error, Err(KineticsError::BadOption { .. })));
    let error = quantity_map(&series, Quantity::WashOut, 0.0);
    assert!(matches!(error, Err(KineticsError::BadOption { .. })));
    let (series, mask) = study(5);
    for cutoffs in [vec![1.0, 1.0], vec![f64::NAN]] {
        let options = SerCutoffs {
            cutoffs,
            ..SerCutoffs::default()
        };
        let error = functional_volume(&series, &mask, &options);
        assert!(matches!(error, Err(KineticsError::BadOption { .. })));
    }
}
