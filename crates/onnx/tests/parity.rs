//! Models of PyTorch (`parity/make_models.py`) in both runtimes, and files that cannot be used.
#![cfg(feature = "tract")]
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "helpers of tests; a test that is skipped says so"
)]

use proptest::prelude::*;
use std::path::{Path, PathBuf};
use triher_onnx::{OnnxEncoder, OnnxError, Runtime};
use triher_volume::{Geometry, Image, Mask};

/// Largest difference from PyTorch, relative to the largest number.
const TOLERANCE: f64 = 1e-4;

/// The patch of the script, and a mask of slices 4 to 8.
fn patch(side: usize) -> (Image, Mask) {
    let geometry = Geometry::axis_aligned([side; 3], [1.0; 3], [0.0; 3]).unwrap();
    let image = Image::from_fn(geometry, |[i, j, k]| {
        let index = ((k * side + j) * side + i) as f64;
        ((index * 0.7310585).sin() * 130.0 + (index * 0.0171).cos() * 100.0 + 300.0) as f32
    });
    let mask = Mask::from_fn(geometry, |[i, j, k]| {
        (4..9).contains(&k) && i == 3 && j == 5
    });
    (image, mask)
}

fn models() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/parity")
}

struct Cards(tempfile::TempDir);

impl Cards {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// A card of one of the models; what follows the name of the model's file is TOML.
    fn card(&self, model: &str, text: &str) -> PathBuf {
        let path = self.0.path().join("card.toml");
        let file = models().join(model);
        std::fs::write(
            &path,
            format!("file = {file:?}\nname = \"a model\"\n{text}"),
        )
        .unwrap();
        path
    }
}

fn runtimes() -> Vec<Runtime> {
    let mut runtimes = vec![Runtime::Tract];
    if cfg!(feature = "onnxruntime") && std::env::var_os("ORT_DYLIB_PATH").is_some() {
        runtimes.push(Runtime::OnnxRuntime { library: None });
    } else {
        println!("ONNX Runtime: skipped (feature onnxruntime and ORT_DYLIB_PATH are needed)");
    }
    runtimes
}

fn agrees(model: &str, card: &str, expected: &str, every: usize) {
    let text = std::fs::read_to_string(models().join("expected.json")).unwrap();
    let all: serde_json::Value = serde_json::from_str(&text).unwrap();
    let theirs: Vec<f64> = serde_json::from_value(all[expected].clone()).unwrap();
    let cards = Cards::new();
    let path = cards.card(model, card);
    let (image, mask) = patch(16);
    for runtime in runtimes() {
        let encoder = OnnxEncoder::open(&path, &runtime).unwrap();
        let rows = encoder
            .embed(
                &[image.clone(), image.clone()],
                &[mask.clone(), mask.clone()],
            )
            .unwrap();
        assert_eq!(rows[0], rows[1]);
        let ours: Vec<f64> = rows[0]
            .iter()
            .step_by(every)
            .map(|&v| f64::from(v))
            .collect();
        assert_eq!(ours.len(), theirs.len(), "{expected}");
        let largest = theirs.iter().fold(0f64, |l, v| l.max(v.abs()));
        let pairs = ours.iter().zip(&theirs);
        let worst = pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f64::max) / largest;
        println!("{expected} in {runtime:?}: {worst:.1e}");
        assert!(worst < TOLERANCE, "{expected} in {runtime:?}: {worst}");
    }
}

#[test]
fn a_u_net_with_transposed_convolutions() {
    let input = "[input]\nsize = [16, 16, 16]\n";
    agrees(
        "unet3d.onnx",
        &format!("{input}[output]\nname = \"logits\""),
        "unet3d-logits",
        64,
    );
    let bottom = format!("{input}[output]\nindex = 1\nreduce = \"mean\"");
    agrees("unet3d.onnx", &bottom, "unet3d-bottom-mean", 1);
}

#[test]
fn a_resnet_of_three_channels() {
    agrees(
        "resnet3d.onnx",
        "[input]\nsize = [16, 16, 16]\nchannels = 3",
        "resnet3d",
        1,
    );
}

/// The slices are normalised with their volume.
#[test]
fn a_vision_transformer_slice_by_slice() {
    let input = "[input]\naxes = \"n c y x\"\nsize = [16, 16]\n[slices]\nwhich = \"lesion\"\n";
    let class = format!("{input}pool = \"mean\"\n[output]\nreduce = \"first-token\"");
    agrees("vit2d.onnx", &class, "vit2d-class-mean", 1);
    let tokens =
        format!("{input}pool = \"max\"\n[output]\nname = \"tokens\"\nreduce = \"mean-tokens\"");
    agrees("vit2d.onnx", &tokens, "vit2d-tokens-max", 1);
}

#[test]
fn patches_of_another_size_are_resized() {
    let cards = Cards::new();
    let path = cards.card(
        "resnet3d.onnx",
        "[input]\nsize = [16, 16, 16]\nchannels = 3",
    );
    let encoder = OnnxEncoder::open(&path, &Runtime::Tract).unwrap();
    let (image, mask) = patch(48);
    assert_eq!(encoder.embed(&[image], &[mask]).unwrap()[0].len(), 16);
}

/// Each fault is told by what it is and what to do.
#[test]
fn what_cannot_be_used_is_named() {
    let cards = Cards::new();
    let cube = "[input]\nsize = [16, 16, 16]\n";
    for runtime in runtimes() {
        let told = |model: &str, card: &str| {
            let path = cards.card(model, card);
            let encoder = OnnxEncoder::open(&path, &runtime);
            let (image, mask) = patch(16);
            // A runtime may find out at the first run.
            let result = encoder.and_then(|e| e.embed(&[image], &[mask]).map(drop));
            result.unwrap_err().to_string()
        };
        let channels = told("resnet3d.onnx", cube);
        assert!(
            channels.contains("resnet3d.onnx") && channels.contains("[1, 1, 16, 16, 16]"),
            "{channels}"
        );
        let output = told(
            "unet3d.onnx",
            &format!("{cube}[output]\nname = \"features\""),
        );
        assert!(output.contains("logits, bottom"), "{output}");
        let number = told("unet3d.onnx", &format!("{cube}[output]\nindex = 2"));
        assert!(number.contains("number 2"), "{number}");
        let tokens = told(
            "unet3d.onnx",
            &format!("{cube}[output]\nreduce = \"first-token\""),
        );
        assert!(tokens.contains("[1, tokens, features]"), "{tokens}");
        let small = "[input]\nsize = [4, 4, 4]\n";
        let strange = told("strange.onnx", small);
        assert!(strange.contains("Frobnicate"), "{strange}");
        let infinite = told("infinite.onnx", small);
        assert!(infinite.contains("not finite"), "{infinite}");
        let none = told("expected.json", cube);
        assert!(none.contains("expected.json"), "{none}");
        let absent = told("absent.onnx", cube);
        assert!(absent.contains("absent.onnx"), "{absent}");
        let hash = "0".repeat(64);
        let path = cards.card("unet3d.onnx", &format!("sha256 = \"{hash}\"\n{cube}"));
        let error = OnnxEncoder::open(&path, &runtime).unwrap_err();
        assert!(matches!(error, OnnxError::Hash { .. }), "{error}");
    }
}

#[test]
fn cards_that_make_no_sense_are_refused() {
    let cards = Cards::new();
    for (card, reason) in [
        ("[input]\nsize = [16, 16]", "3 numbers"),
        ("[input]\nsize = [16, 16, 100000]", "3 numbers"),
        ("[input]\nsize = [16, 16, 0]", "3 numbers"),
        ("[input]\nsize = [16, 16, 16]\nchannels = 2", "2 channels"),
        (
            "[input]\nsize = [16, 16, 16]\naxes = \"n c z z x\"",
            "each once",
        ),
        ("[input]\nsize = [16, 16]\naxes = \"n c y x\"", "[slices]"),
        (
            "[input]\nsize = [16, 16, 16]\n[slices]\npool = \"max\"",
            "n, c, y, x",
        ),
        ("[input]\nsize = [16, 16, 16]\nspacing_mm = 0.0", "spacing"),
        (
            "[input]\nsize = [16, 16, 16]\nnormalisation = { mean = 0.0, sd = 0.0 }",
            "sd",
        ),
        (
            "[input]\nsize = [16, 16, 16]\nnormalisation = { percentiles = [60.0, 40.0] }",
            "rise",
        ),
        (
            "[input]\nsize = [16, 16, 16]\nnormalisation = \"zscore\"",
            "normalisation",
        ),
        ("[input]\nsize = [16, 16, 16]\nheight = 3", "height"),
        (
            "[input]\nsize = [16, 16, 16]\n[output]\nname = \"a\"\nindex = 0",
            "one of them",
        ),
    ] {
        let error =
            OnnxEncoder::open(&cards.card("unet3d.onnx", card), &Runtime::Tract).unwrap_err();
        let told = error.to_string();
        assert!(
            told.contains("card.toml") && told.contains(reason),
            "{reason}: {told}"
        );
    }
}

#[test]
fn a_missing_library_says_how_to_get_it() {
    let cards = Cards::new();
    let runtime = Runtime::OnnxRuntime {
        library: Some(cards.0.path().join("libonnxruntime.so")),
    };
    let path = cards.card("unet3d.onnx", "[input]\nsize = [16, 16, 16]");
    let told = OnnxEncoder::open(&path, &runtime).unwrap_err().to_string();
    let remedy = if cfg!(feature = "onnxruntime") {
        "ORT_DYLIB_PATH"
    } else {
        "--features onnxruntime"
    };
    assert!(told.contains(remedy), "{told}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Bytes that are no model, and models with bytes changed, end in a result and not in a panic.
    #[test]
    fn damaged_models_do_no_harm(at in 0usize..20_000, byte: u8, cut in 0usize..20_000, whole: bool) {
        let mut bytes = std::fs::read(models().join("resnet3d.onnx")).unwrap();
        let length = bytes.len();
        bytes[at % length] = byte;
        if !whole {
            bytes.truncate(cut % length);
        }
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("m.onnx"), bytes).unwrap();
        let card = folder.path().join("m.toml");
        std::fs::write(&card, "file = \"m.onnx\"\nname = \"m\"\n[input]\nsize = [16, 16, 16]\nchannels = 3\n").unwrap();
        let (image, mask) = patch(16);
        let _ = OnnxEncoder::open(&card, &Runtime::Tract).and_then(|e| e.embed(&[image], &[mask]));
    }
}
