//! Models against numerical integration, fits against what made the curves, and OSIPI's digital reference objects.
#![expect(clippy::unwrap_used, reason = "a test")]

use proptest::prelude::*;
use serde::Deserialize;
use triher_pharmacokinetic::{
    InputFunction, Model, PharmacokineticError, SignalModel, fit, parameter_maps,
};
use triher_volume::{DynamicSeries, Geometry, Image, Mask, Phase};

#[derive(Deserialize)]
struct Case {
    model: Model,
    parameters: Vec<f64>,
    curve: Vec<f64>,
}

#[derive(Deserialize)]
struct Curves {
    times_s: Vec<f64>,
    input_s: Vec<f64>,
    input_mm: Vec<f64>,
    cases: Vec<Case>,
}

/// `tests/parity/make_curves.py` integrates the differential equations with SciPy.
#[test]
fn models_agree_with_numerical_integration_and_are_found_again() {
    let curves: Curves = serde_json::from_str(include_str!("parity/curves.json")).unwrap();
    let input = InputFunction::measured(&curves.input_s, &curves.input_mm).unwrap();
    assert_eq!(curves.cases.len(), 8);
    for case in curves.cases {
        let computed = case
            .model
            .concentrations(&case.parameters, &input, &curves.times_s);
        for (a, b) in computed.iter().zip(&case.curve) {
            assert!((a - b).abs() < 1e-5, "{}: {a} {b}", case.model);
        }
        let found = fit(case.model, &input, &curves.times_s, &computed).unwrap();
        assert!(found.r_squared > 0.999_99, "{}: {found:?}", case.model);
        for (a, b) in found.parameters.iter().zip(&case.parameters) {
            assert!(
                (a - b).abs() < 0.01 * b + 1e-3,
                "{}: {:?} {:?}",
                case.model,
                found.parameters,
                case.parameters
            );
        }
    }
}

/// The test data of OSIPI's code collection (github.com/OSIPI/DCE-DSC-MRI_CodeCollection, test/DCEmodels/data), with its tolerances: Ktrans 0.005 + 10 %,
/// ve 0.05, vp 0.025.
#[test]
fn the_reference_objects_of_osipi_are_within_its_tolerances() {
    let Some(folder) = std::env::var_os("TRIHER_OSIPI_DATA").map(std::path::PathBuf::from) else {
        println!("skipped: TRIHER_OSIPI_DATA does not name the folder of OSIPI's test data");
        return;
    };
    let numbers = |text: &str| -> Vec<f64> {
        text.split_whitespace()
            .map(|v| v.parse().unwrap())
            .collect()
    };
    for (file, model) in [
        ("dce_DRO_data_tofts.csv", Model::Tofts),
        ("dce_DRO_data_extended_tofts.csv", Model::ExtendedTofts),
    ] {
        let mut reader = csv::ReaderBuilder::new()
            .from_path(folder.join(file))
            .unwrap();
        let header = reader.headers().unwrap().clone();
        let (mut count, mut worst) = (0, [0f64; 3]);
        for record in reader.records() {
            let record = record.unwrap();
            let field =
                |name: &str| record[header.iter().position(|h| h == name).unwrap()].to_owned();
            let (times, curve) = (numbers(&field("t")), numbers(&field("C")));
            let input =
                InputFunction::measured(&numbers(&field("ta")), &numbers(&field("ca"))).unwrap();
            let found = fit(model, &input, &times, &curve).unwrap();
            let reference: Vec<f64> = ["Ktrans", "ve", "vp"][..found.parameters.len()]
                .iter()
                .map(|n| field(n).parse().unwrap())
                .collect();
            let reach = [0.005 + 0.1 * reference[0], 0.05, 0.025];
            for at in 0..reference.len() {
                let difference = (found.parameters[at] - reference[at]).abs();
                worst[at] = worst[at].max(difference / reach[at]);
                assert!(
                    difference <= reach[at],
                    "{}: {:?} {reference:?}",
                    field("label"),
                    found.parameters
                );
            }
            count += 1;
        }
        println!("{model}: {count} curves, worst shares of the tolerances {worst:.2?}");
        assert!(count > 10);
    }
}

fn series(
    concentration: impl Fn(f64) -> f64,
    times_s: &[f64],
    protocol: &SignalModel,
) -> (DynamicSeries, Mask) {
    let geometry = Geometry::axis_aligned([3, 2, 2], [1.0; 3], [0.0; 3]).unwrap();
    let &SignalModel::SpoiledGradientEcho {
        tr_ms,
        flip_deg,
        t10_ms,
        relaxivity_per_mm_s,
    } = protocol
    else {
        panic!()
    };
    let signal = |c: f64| {
        let e = (-tr_ms * (1.0 / t10_ms + relaxivity_per_mm_s * c / 1000.0)).exp();
        let a = flip_deg.to_radians();
        1000.0 * a.sin() * (1.0 - e) / (1.0 - a.cos() * e)
    };
    let phases = times_s.iter().map(|&t| Phase {
        image: Image::filled(geometry, signal(concentration(t)) as f32),
        time_s: Some(t),
    });
    let series = DynamicSeries::new(phases.collect()).unwrap();
    (series, Mask::from_fn(geometry, |p| p[0] > 0))
}

const PROTOCOL: SignalModel = SignalModel::SpoiledGradientEcho {
    tr_ms: 5.0,
    flip_deg: 12.0,
    t10_ms: 1400.0,
    relaxivity_per_mm_s: 4.3,
};

/// The simulator's physics, written by itself, makes the concentrations: its truth is found.
#[test]
fn the_simulators_truth_is_found_in_every_voxel() {
    use triher_simulate::physics::{Aif, TissueKinetics, extended_tofts};
    let aif = Aif {
        arrival_s: 20.0,
        ..Aif::default()
    };
    let tissue = TissueKinetics {
        ktrans_per_min: 0.3,
        ve: 0.35,
        vp: 0.05,
    };
    let times: Vec<f64> = (0..8).map(|i| 60.0 * f64::from(i)).collect();
    let truth = extended_tofts(&aif, &tissue, &times);
    let (series, region) = series(|t| truth[(t / 60.0).round() as usize], &times, &PROTOCOL);
    let input = InputFunction::parker(20.0, aif.hematocrit, 420.0);
    let maps = parameter_maps(&series, &region, Model::ExtendedTofts, &input, &PROTOCOL).unwrap();
    assert_eq!((maps.fitted, maps.at_bound), (8, 0));
    for (map, expected) in maps.parameters.iter().zip([0.3, 0.35, 0.05]) {
        let value = f64::from(*map.get([1, 0, 0]).unwrap());
        assert!(
            (value - expected).abs() < 0.01 * expected,
            "{value} {expected}"
        );
        assert!(map.get([0, 0, 0]).unwrap().is_nan());
    }
    assert!((maps.mean.parameters[0] - 0.3).abs() < 0.003);
}

#[test]
fn too_few_phases_and_bad_protocols_are_refused() {
    let times = [0.0, 90.0, 180.0, 270.0];
    let input = InputFunction::weinmann(0.0, 0.1, 300.0);
    let (series, region) = series(|_| 0.2, &times, &PROTOCOL);
    let error =
        parameter_maps(&series, &region, Model::ExtendedTofts, &input, &PROTOCOL).unwrap_err();
    assert!(error.to_string().contains("simpler model"), "{error}");
    assert!(parameter_maps(&series, &region, Model::Tofts, &input, &PROTOCOL).is_ok());
    let bad = SignalModel::RelativeEnhancement { per_mm: 0.0 };
    let error = parameter_maps(&series, &region, Model::Tofts, &input, &bad).unwrap_err();
    assert!(matches!(error, PharmacokineticError::BadSetting { .. }));
    assert!(InputFunction::measured(&[0.0, 0.0], &[1.0, 1.0]).is_err());
    assert!(InputFunction::measured(&[], &[]).is_err());
    assert!(fit(Model::Tofts, &input, &times, &[0.0]).is_err());
    let flat = fit(Model::Tofts, &input, &times, &[0.0; 4]).unwrap();
    assert!(flat.r_squared.is_nan() && flat.at_bound[0]);
}

proptest! {
    /// Whatever the numbers, a fit ends within its bounds.
    #[test]
    fn fits_stay_within_bounds(curve in prop::collection::vec(-5f64..5.0, 7), model in 0usize..3) {
        let model = [Model::Tofts, Model::ExtendedTofts, Model::TwoCompartmentExchange][model];
        let times: Vec<f64> = (0..7).map(|i| 45.0 * f64::from(i)).collect();
        let found = fit(model, &InputFunction::parker(15.0, 0.42, 300.0), &times, &curve).unwrap();
        for (p, [low, high]) in found.parameters.iter().zip(model.bounds()) {
            prop_assert!(p >= low && p <= high);
        }
        prop_assert!(found.sum_of_squares.is_finite());
    }

    /// Signal and concentration are each other's inverse.
    #[test]
    fn concentration_is_the_signals(c in 0f64..5.0) {
        let (series, _) = series(|t| if t > 0.0 { c } else { 0.0 }, &[0.0, 60.0], &PROTOCOL);
        let value = |phase: usize| f64::from(series.phases()[phase].image.voxels()[0]);
        let found = PROTOCOL.concentration_mm(value(1), value(0));
        prop_assert!((found - c).abs() < 1e-3 * c.max(0.1), "{found} {c}");
    }
}
