//! The base size (768 wide, 12 blocks, patch 8, 48^3) with seeded weights: one volume, and four.
//!
//! `compare.py` beside this file times PyTorch and ONNX Runtime in turn with this crate.

#![expect(clippy::unwrap_used, reason = "a benchmark fails by panicking")]

use std::collections::BTreeMap;
use std::sync::LazyLock;
use triher_checkpoint::{EncoderTensors, Tensor};
use triher_encoder::Encoder;

fn main() {
    divan::main();
}

/// Numbers in -1..1 times a scale, from a linear congruential generator.
fn numbers(count: usize, state: &mut u32, scale: f32) -> Vec<f32> {
    let mut next = || {
        *state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        ((*state >> 8) as f32 / (1 << 23) as f32 - 1.0) * scale
    };
    (0..count).map(|_| next()).collect()
}

fn base() -> Encoder {
    let (width, depth, patch) = (768, 12, 8);
    let mut shapes = vec![
        (
            "patch_embed.proj.weight".to_owned(),
            vec![width, 1, patch, patch, patch],
        ),
        ("patch_embed.proj.bias".to_owned(), vec![width]),
        ("cls_token".to_owned(), vec![1, 1, width]),
        ("norm.weight".to_owned(), vec![width]),
        ("norm.bias".to_owned(), vec![width]),
    ];
    for block in 0..depth {
        for (name, out, inner) in [
            ("attn.qkv", 3 * width, width),
            ("attn.proj", width, width),
            ("mlp.fc1", 4 * width, width),
            ("mlp.fc2", width, 4 * width),
        ] {
            shapes.push((format!("blocks.{block}.{name}.weight"), vec![out, inner]));
            shapes.push((format!("blocks.{block}.{name}.bias"), vec![out]));
        }
        for name in ["norm1.weight", "norm1.bias", "norm2.weight", "norm2.bias"] {
            shapes.push((format!("blocks.{block}.{name}"), vec![width]));
        }
    }
    let mut state = 1;
    let tensors: BTreeMap<String, Tensor> = shapes
        .into_iter()
        .map(|(name, shape)| {
            let data = numbers(shape.iter().product(), &mut state, 0.05).into();
            (name, Tensor { shape, data })
        })
        .collect();
    let tensors = EncoderTensors::bare("seeded".into(), String::new(), tensors);
    Encoder::from_tensors(tensors).unwrap()
}

static ENCODER: LazyLock<Encoder> = LazyLock::new(base);

#[divan::bench(args = [1, 4], sample_count = 20)]
fn class_token(bencher: divan::Bencher<'_, '_>, volumes: usize) {
    let input = numbers(48 * 48 * 48, &mut 7, 1.0);
    let inputs = vec![input.as_slice(); volumes];
    bencher.bench(|| ENCODER.embed(&inputs).unwrap());
}

#[divan::bench(args = [1, 4], sample_count = 20)]
fn all_tokens(bencher: divan::Bencher<'_, '_>, volumes: usize) {
    let input = numbers(48 * 48 * 48, &mut 7, 1.0);
    let inputs = vec![input.as_slice(); volumes];
    bencher.bench(|| ENCODER.embed_tokens(&inputs).unwrap());
}
