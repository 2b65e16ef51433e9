//! Input function, extended Tofts model and signal equation against NumPy and SciPy (`generate.py`).

use serde::Deserialize;
use triher_simulate::physics::{
    Aif, Relaxivity, SpoiledGradientEcho, Tissue, TissueKinetics, extended_tofts,
};

#[derive(Deserialize)]
struct Reference {
    times_s: Vec<f64>,
    blood_mm: Vec<f64>,
    tofts: Vec<Tofts>,
    spgr: Vec<Signal>,
}

#[derive(Deserialize)]
struct Tofts {
    ktrans: f64,
    ve: f64,
    vp: f64,
    mm: Vec<f64>,
}

#[derive(Deserialize)]
struct Signal {
    tissue: [f64; 3],
    sequence: [f64; 3],
    r: [f64; 2],
    mm: f64,
    signal: f64,
}

fn reference() -> Reference {
    serde_json::from_str(include_str!("physics.json")).expect("the reference is JSON")
}

fn aif() -> Aif {
    Aif {
        arrival_s: 25.0,
        scale: 0.9,
        hematocrit: 0.42,
    }
}

#[test]
fn the_input_function_is_that_of_numpy() {
    let reference = reference();
    for (&time, expected) in reference.times_s.iter().zip(reference.blood_mm) {
        let found = aif().blood_mm(time);
        assert!(
            (found - expected).abs() <= 1e-12 * expected.max(1.0),
            "{time} s: {found} {expected}"
        );
    }
}

#[test]
fn the_convolution_is_that_of_adaptive_quadrature() {
    let reference = reference();
    for case in reference.tofts {
        let tissue = TissueKinetics {
            ktrans_per_min: case.ktrans,
            ve: case.ve,
            vp: case.vp,
        };
        let found = extended_tofts(&aif(), &tissue, &reference.times_s);
        let most = case.mm.iter().copied().fold(0.0, f64::max);
        for ((time, found), expected) in reference.times_s.iter().zip(found).zip(case.mm) {
            let error = (found - expected).abs() / most;
            assert!(
                error < 1e-6,
                "{tissue:?} at {time} s: {found}, expected {expected}"
            );
        }
    }
}

#[test]
fn the_signal_is_that_of_numpy() {
    for case in reference().spgr {
        let [m0, t1_ms, t2_star_ms] = case.tissue;
        let [tr, te, flip] = case.sequence;
        let relaxivity = Relaxivity {
            r1: case.r[0],
            r2: case.r[1],
        };
        let echo = SpoiledGradientEcho::new(tr, te, flip, relaxivity);
        let found = echo.signal(
            &Tissue {
                m0,
                t1_ms,
                t2_star_ms,
            },
            case.mm,
        );
        assert!(
            (found - case.signal).abs() <= 1e-12 * case.signal,
            "{found} {}",
            case.signal
        );
    }
}
