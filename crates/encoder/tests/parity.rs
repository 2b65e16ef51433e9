//! PyTorch's embeddings and ours (`parity/make_reference.py`): the small network always, the base size when
//! `TRIHER_PARITY_DIR` holds what the script made for it. Tolerance: 1e-4 of the largest number of an embedding.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test fails by panicking, and says how close it came"
)]

use std::path::{Path, PathBuf};
use triher_checkpoint::Limits;
use triher_encoder::{Encoder, EncoderError, EncoderOptions};

const TOLERANCE: f64 = 1e-4;

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/parity")
        .join(name)
}

/// The inputs of the script: a function of the index alone.
fn inputs(count: usize, length: usize) -> Vec<Vec<f32>> {
    let value = |index: usize| {
        let index = index as f64;
        ((index * 0.7310585).sin() * 1.3 + (index * 0.0171).cos()) as f32
    };
    (0..count)
        .map(|n| (0..length).map(|i| value(n * length + i)).collect())
        .collect()
}

fn mask(side: usize) -> Vec<bool> {
    let inside = |o: usize| {
        let [z, y, x] = [o / (side * side), o / side % side, o % side];
        z < side / 3 && (side / 4..side / 2).contains(&y) && x < side / 2
    };
    (0..side.pow(3)).map(inside).collect()
}

fn numbers(value: &serde_json::Value) -> Vec<f64> {
    value
        .as_array()
        .unwrap()
        .iter()
        .map(|v| v.as_f64().unwrap())
        .collect()
}

/// The largest difference, relative to the largest number.
fn error(ours: &[f32], theirs: &[f64]) -> f64 {
    assert_eq!(ours.len(), theirs.len());
    let largest = theirs.iter().fold(0f64, |a, b| a.max(b.abs()));
    let worst = ours
        .iter()
        .zip(theirs)
        .map(|(a, b)| (f64::from(*a) - b).abs())
        .fold(0.0, f64::max);
    worst / largest
}

fn agrees(checkpoint: &Path, expected: &Path) {
    let expected: serde_json::Value =
        serde_json::from_slice(&std::fs::read(expected).unwrap()).unwrap();
    let options = EncoderOptions {
        heads: expected["config"]["heads"].as_u64().map(|h| h as usize),
        ..EncoderOptions::default()
    };
    let encoder = Encoder::load_with(checkpoint, &options).unwrap();
    assert!(encoder.unused_tensors().is_empty());
    let config = encoder.config();
    assert_eq!(
        config.width as u64,
        expected["config"]["width"].as_u64().unwrap()
    );
    assert_eq!(
        config.depth as u64,
        expected["config"]["depth"].as_u64().unwrap()
    );
    assert_eq!(
        config.side as u64,
        expected["config"]["side"].as_u64().unwrap()
    );
    let class_tokens = expected["class_token"].as_array().unwrap();
    let inputs = inputs(class_tokens.len(), config.input_len());
    let inputs: Vec<&[f32]> = inputs.iter().map(Vec::as_slice).collect();
    let short = encoder.embed(&inputs).unwrap();
    let long = encoder.embed_tokens(&inputs).unwrap();
    let mask = mask(config.side);
    for (number, theirs) in class_tokens.iter().enumerate() {
        let theirs = numbers(theirs);
        let worst = error(&short[number].class_token, &theirs);
        println!(
            "{}: class token {number}: {worst:.1e}",
            checkpoint.display()
        );
        assert!(worst < TOLERANCE, "{worst}");
        assert_eq!(short[number].class_token, long[number].class_token);
        let pooled = long[number].mask_pooled(&mask).unwrap();
        assert!(error(&pooled, &numbers(&expected["mask_pooled"][number])) < TOLERANCE);
    }
}

#[test]
fn the_small_network_from_every_kind_of_checkpoint() {
    for checkpoint in [
        "small-moco.pth.tar",
        "small-mae.pth",
        "small-bare.safetensors",
    ] {
        agrees(&fixture(checkpoint), &fixture("small.json"));
    }
}

#[test]
fn three_channels_four_heads_and_half_precision() {
    agrees(&fixture("channels.safetensors"), &fixture("channels.json"));
    // The wrong number of heads gives other numbers: nothing but the caller knows.
    let twelve = Encoder::load(&fixture("channels.safetensors")).unwrap();
    let options = EncoderOptions {
        heads: Some(4),
        ..EncoderOptions::default()
    };
    let four = Encoder::load_with(&fixture("channels.safetensors"), &options).unwrap();
    let input = &inputs(1, four.config().input_len())[0];
    assert_eq!((twelve.config().heads, four.config().heads), (12, 4));
    assert_ne!(
        twelve.embed(&[input]).unwrap()[0].class_token,
        four.embed(&[input]).unwrap()[0].class_token
    );
    let five = EncoderOptions {
        heads: Some(5),
        ..EncoderOptions::default()
    };
    let told = Encoder::load_with(&fixture("channels.safetensors"), &five).unwrap_err();
    assert!(told.to_string().contains("5 heads"), "{told}");
}

#[test]
fn the_base_network() {
    let Some(folder) = std::env::var_os("TRIHER_PARITY_DIR").map(PathBuf::from) else {
        println!("skipped: TRIHER_PARITY_DIR is not set (tests/parity/make_reference.py base DIR)");
        return;
    };
    let checkpoint = folder.join("base-moco.pth.tar");
    agrees(&checkpoint, &folder.join("base.json"));
    let encoder = Encoder::load(&checkpoint).unwrap();
    let input = &inputs(1, encoder.config().input_len())[0];
    let by = |threads| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        pool.install(|| encoder.embed_tokens(&[input]).unwrap())
    };
    assert_eq!(by(1), by(2));
}

#[test]
fn the_numbers_do_not_depend_on_threads_or_company() {
    let encoder = Encoder::load(&fixture("small-moco.pth.tar")).unwrap();
    let inputs = inputs(5, encoder.config().input_len());
    let inputs: Vec<&[f32]> = inputs.iter().map(Vec::as_slice).collect();
    let together = encoder.embed(&inputs).unwrap();
    for threads in [1, 2, 3] {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        assert_eq!(pool.install(|| encoder.embed(&inputs).unwrap()), together);
    }
    for (input, expected) in inputs.iter().zip(&together) {
        assert_eq!(encoder.embed(&[input]).unwrap()[0], *expected);
    }
}

#[test]
fn wrong_inputs_are_named() {
    let encoder = Encoder::load(&fixture("small-moco.pth.tar")).unwrap();
    assert!(matches!(
        encoder.embed(&[&[0.0; 7]]),
        Err(EncoderError::Input { found: 7, .. })
    ));
    // NaN goes through as NaN, without a panic.
    let input = vec![f32::NAN; encoder.config().input_len()];
    assert!(
        encoder.embed(&[&input]).unwrap()[0]
            .class_token
            .iter()
            .all(|v| v.is_nan())
    );
    let tokens = encoder
        .embed_tokens(&[&vec![0.0; encoder.config().input_len()]])
        .unwrap();
    assert!(matches!(
        tokens[0].mask_pooled(&vec![false; 512]),
        Err(EncoderError::MaskEmpty)
    ));
    assert!(matches!(
        tokens[0].mask_pooled(&[true; 5]),
        Err(EncoderError::MaskSize {
            found: 5,
            expected: 512
        })
    ));
    let class_only = encoder.embed(&[&vec![0.0; 512]]).unwrap();
    assert!(matches!(
        class_only[0].mask_pooled(&vec![true; 512]),
        Err(EncoderError::NoPatchTokens)
    ));
    // One bad input spoils its own embedding and no other's.
    let mut bad = vec![0.5; 512];
    bad[3] = f32::INFINITY;
    let good = vec![0.25; 512];
    let together = encoder.embed(&[&bad, &good]).unwrap();
    assert!(together[0].class_token.iter().all(|v| v.is_nan()));
    assert_eq!(together[1], encoder.embed(&[&good]).unwrap()[0]);
}

#[test]
fn missing_and_misshapen_tensors_are_named() {
    let tensors = || {
        triher_checkpoint::Checkpoint::open(&fixture("small-moco.pth.tar"), &Limits::default())
            .unwrap()
            .encoder_tensors()
            .unwrap()
    };
    let mut missing = tensors();
    missing.tensors.remove("blocks.1.attn.proj.bias").unwrap();
    let told = Encoder::from_tensors(missing).unwrap_err().to_string();
    assert!(
        told.contains("blocks.1.attn.proj.bias") && told.contains("missing"),
        "{told}"
    );
    let mut misshapen = tensors();
    misshapen.tensors.get_mut("norm.weight").unwrap().shape = vec![5];
    let told = Encoder::from_tensors(misshapen).unwrap_err().to_string();
    assert!(
        told.contains("norm.weight") && told.contains("[5]") && told.contains("[24]"),
        "{told}"
    );
    // A block in the middle that lost its first tensor is missed, not taken for the end of the network.
    let mut gap = tensors();
    gap.tensors.retain(|name, _| !name.starts_with("blocks.0."));
    let told = Encoder::from_tensors(gap).unwrap_err().to_string();
    assert!(told.contains("blocks.0."), "{told}");
    let mut diverged = tensors();
    let bias = diverged.tensors.get_mut("blocks.1.mlp.fc2.bias").unwrap();
    let mut numbers = bias.data.to_vec();
    numbers[2] = f32::NAN;
    bias.data = numbers.into();
    let told = Encoder::from_tensors(diverged).unwrap_err().to_string();
    assert!(
        told.contains("blocks.1.mlp.fc2.bias") && told.contains("not finite"),
        "{told}"
    );
    let mut stray = tensors();
    let bias = stray.tensors["norm.bias"].clone();
    stray.tensors.insert("blocks.1.ls1.gamma".to_owned(), bias);
    assert_eq!(
        Encoder::from_tensors(stray).unwrap().unused_tensors(),
        ["blocks.1.ls1.gamma"]
    );
    let mut positions = tensors();
    let table = positions.tensors.remove("pos_embed").unwrap();
    drop(table);
    // Without its table the input would be the published 48 voxels: 12 patches of 4 along an axis.
    assert_eq!(Encoder::from_tensors(positions).unwrap().config().side, 48);
}
