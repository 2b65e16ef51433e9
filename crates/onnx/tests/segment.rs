//! A segmentation network of PyTorch over volumes in windows, against MONAI's `sliding_window_inference` (`parity/make_segmentation.py`): Gaussian
//! and constant weights, volumes larger and smaller than a window, flips. Largest difference 1e-5 of the largest number.
#![cfg(feature = "tract")]
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use serde::Deserialize;
use std::path::{Path, PathBuf};
use triher_detection::{WindowError, WindowOptions, foreground_probability, sliding_window};
use triher_onnx::{OnnxError, OnnxSegmenter, Runtime};
use triher_volume::{Geometry, Image};

const TOLERANCE: f64 = 1e-5;

#[derive(Deserialize)]
struct Reference {
    window: [usize; 3],
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    size: [usize; 3],
    overlap: f64,
    gaussian: bool,
    flips: bool,
    every: usize,
    logits: Vec<f64>,
}

fn models() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/parity")
}

fn reference() -> Reference {
    let text = std::fs::read_to_string(models().join("segment.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// The channels of the script.
fn channels(size: [usize; 3]) -> [Image; 2] {
    let geometry = Geometry::axis_aligned(size, [1.0; 3], [0.0; 3]).unwrap();
    let image = |value: fn(f64) -> f64| {
        Image::from_fn(geometry, |[i, j, k]| {
            value((i + size[0] * (j + size[1] * k)) as f64) as f32
        })
    };
    [
        image(|n| (n * 0.0731).sin() + (n * 0.171).cos()),
        image(|n| (n * 0.0313).cos() * 0.7),
    ]
}

#[test]
fn windows_are_those_of_monai() {
    let reference = reference();
    let network = OnnxSegmenter::open(
        &models().join("segment3d.onnx"),
        reference.window,
        2,
        &Runtime::Tract,
    )
    .unwrap();
    assert_eq!(reference.cases.len(), 4);
    for case in &reference.cases {
        let options = WindowOptions {
            overlap: case.overlap,
            sigma_fraction: case.gaussian.then_some(0.125),
            flips: [case.flips; 3],
            ..WindowOptions::new(reference.window)
        };
        let maps = sliding_window(&channels(case.size), &options, |window| {
            network.maps(window)
        });
        let maps = maps.unwrap();
        assert_eq!(maps.len(), 3);
        let ours: Vec<f64> = maps
            .iter()
            .flat_map(|map| map.voxels().iter().map(|&v| f64::from(v)))
            .step_by(case.every)
            .collect();
        assert_eq!(ours.len(), case.logits.len());
        let largest = case.logits.iter().fold(0f64, |l, v| l.max(v.abs()));
        let apart = ours.iter().zip(&case.logits).map(|(a, b)| (a - b).abs());
        let worst = apart.fold(0.0, f64::max) / largest;
        println!("{:?}: {worst:.1e}", case.size);
        assert!(worst < TOLERANCE, "{:?} {worst}", case.size);
        let probability = foreground_probability(&maps).unwrap().unwrap();
        assert!(probability.voxels().iter().all(|p| (0.0..=1.0).contains(p)));
    }
}

#[test]
fn what_is_no_segmentation_is_refused() {
    let window = reference().window;
    let path = models().join("segment3d.onnx");
    let open = |path: &Path, window, channels| {
        OnnxSegmenter::open(path, window, channels, &Runtime::Tract)
    };
    assert!(matches!(
        open(&models().join("none.onnx"), window, 2),
        Err(OnnxError::Read { .. })
    ));
    assert!(open(&path, [0, 1, 1], 2).is_err());
    assert!(open(&path, [usize::MAX, 2, 1], 2).is_err());
    let network = open(&path, window, 2).unwrap();
    assert!(matches!(network.maps(&[1.0]), Err(OnnxError::Model { .. })));
    // A network of features is none of maps.
    let features = open(&models().join("resnet3d.onnx"), [16; 3], 3).unwrap();
    let error = features.maps(&vec![0.5; 3 * 16 * 16 * 16]).unwrap_err();
    assert!(
        error.to_string().contains("segmentation network"),
        "{error}"
    );
    let [first, second] = channels([20, 20, 20]);
    let failed = sliding_window(
        &[first.clone(), second, first],
        &WindowOptions::new([16; 3]),
        |window| features.maps(window),
    );
    assert!(matches!(
        failed,
        Err(WindowError::Network(OnnxError::Shape { .. }))
    ));
}
