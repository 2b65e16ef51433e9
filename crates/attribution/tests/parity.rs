//! Maps against PyTorch's autograd and Captum (`parity/make_expectation.py`), on a small network.
#![expect(clippy::unwrap_used, reason = "tests")]

use safetensors::tensor::TensorView;
use serde_json::Value;
use std::collections::BTreeMap;
use triher_attribution::{
    Fault, Maps, Question, Readout, Score, integrated_gradients, relevance, rollout,
};
use triher_encoder::{Encoder, EncoderOptions};
use triher_stats::rank_correlation;
use triher_training::{EncoderSizes, TracedEncoder};

const SIZES: EncoderSizes = EncoderSizes {
    side: 12,
    channels: 1,
    patch: 4,
    width: 24,
    depth: 2,
    heads: 4,
    hidden: 48,
};
const INPUTS: usize = 3;
const PREFIX: &str = "classifier/encoder.";
const STORED: &[u8] = include_bytes!("../../training/tests/parity/start.safetensors");

fn floats(view: &TensorView<'_>) -> Vec<f32> {
    let numbers = view.data().chunks_exact(4);
    numbers
        .map(|b| f32::from_le_bytes(b.try_into().unwrap()))
        .collect()
}

fn network() -> (TracedEncoder, Vec<Vec<f32>>) {
    let stored = safetensors::SafeTensors::deserialize(STORED).unwrap();
    let tensors: BTreeMap<String, Vec<f32>> = stored
        .iter()
        .filter_map(|(name, view)| Some((name.strip_prefix(PREFIX)?.to_owned(), floats(&view))))
        .collect();
    let inputs = floats(&stored.tensor("inputs").unwrap());
    let inputs = inputs.chunks_exact(SIZES.input_len()).take(INPUTS);
    (
        TracedEncoder::new(SIZES, &tensors).unwrap(),
        inputs.map(<[f32]>::to_vec).collect(),
    )
}

fn expectation() -> Value {
    serde_json::from_str(include_str!("parity/expectation.json")).unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    match value {
        Value::Array(all) => all.iter().flat_map(numbers).collect(),
        other => vec![other.as_f64().unwrap()],
    }
}

/// The score of the script: tanh(e cos(i) / 4) + 0.1 (e sin(2i))^2.
struct Smooth;

impl Smooth {
    fn sums(embeddings: &[f64]) -> (f64, f64) {
        let sum = |f: &dyn Fn(f64) -> f64| -> f64 {
            let numbered = embeddings.iter().enumerate();
            numbered.map(|(i, e)| e * f(i as f64)).sum()
        };
        (sum(&f64::cos), sum(&|i| (2.0 * i).sin()))
    }
}

impl Score for Smooth {
    fn value(&self, embeddings: &[f64]) -> Result<f64, Fault> {
        let (a, b) = Self::sums(embeddings);
        Ok((a / 4.0).tanh() + 0.1 * b * b)
    }

    fn slopes(&self, embeddings: &[f64]) -> Result<Vec<f64>, Fault> {
        let (a, b) = Self::sums(embeddings);
        let outer = (1.0 - (a / 4.0).tanh().powi(2)) / 4.0;
        let slope = |i: usize| outer * (i as f64).cos() + 0.2 * b * (2.0 * i as f64).sin();
        Ok((0..embeddings.len()).map(slope).collect())
    }
}

fn readouts() -> [(&'static str, Readout); 2] {
    let inside = |at: usize| {
        let [z, y, x] = [at / 144, at / 12 % 12, at % 12];
        (2..7).contains(&z) && (3..6).contains(&y) && (8..11).contains(&x)
    };
    let mask: Vec<bool> = (0..12usize.pow(3)).map(inside).collect();
    [
        ("class", Readout::class_token(&SIZES)),
        ("pooled", Readout::mask_pooled(&SIZES, &mask).unwrap()),
    ]
}

/// Agreement to 1e-4 of the largest number.
fn assert_close(what: &str, found: &[f64], expected: &[f64]) {
    assert_eq!(found.len(), expected.len(), "{what}");
    let largest = expected.iter().fold(0f64, |l, v| l.max(v.abs()));
    let worst = found.iter().zip(expected);
    let worst = worst.map(|(a, b)| (a - b).abs()).fold(0f64, f64::max);
    assert!(worst < 1e-4 * largest, "{what}: {worst} of {largest}");
}

/// The values of the patches again, from maps that are linear between the patches' centres. With 4 voxels a patch no voxel lies on a centre,
/// so the outer corner of each corner patch is taken, and inside the mean of the eight voxels around the centre, which is the same.
fn around_centres(maps: &Maps, sample: usize) -> Vec<f64> {
    let map = &maps.each[sample];
    let axis = |patch: usize| match patch {
        0 => [0, 0],
        2 => [11, 11],
        _ => [5, 6],
    };
    let mut values = Vec::new();
    for patch in 0..27 {
        let places = [patch / 9, patch / 3 % 3, patch % 3].map(axis);
        let mut sum = 0.0;
        for corner in 0..8 {
            let [z, y, x] = [0, 1, 2].map(|a| places[a][corner >> a & 1]);
            sum += f64::from(map[(z * 12 + y) * 12 + x]) / 8.0;
        }
        values.push(sum);
    }
    values
}

/// What [`around_centres`] makes of patch values: the middle patch of an axis is seen at 1/8 from its centre on both sides.
fn seen_around(patches: &[f64]) -> Vec<f64> {
    let weights = |patch: usize| match patch {
        0 => [1.0, 0.0, 0.0],
        2 => [0.0, 0.0, 1.0],
        _ => [0.0625, 0.875, 0.0625],
    };
    (0..27)
        .map(|patch| {
            let [z, y, x] = [patch / 9, patch / 3 % 3, patch % 3].map(weights);
            let parts = patches.iter().enumerate();
            parts
                .map(|(at, v)| v * z[at / 9] * y[at / 3 % 3] * x[at % 3])
                .sum()
        })
        .collect()
}

#[test]
fn maps_are_those_of_autograd_and_captum() {
    let (encoder, inputs) = network();
    let expected = expectation();
    for (name, readout) in readouts() {
        let of = &expected[name];
        let question = Question {
            encoder: &encoder,
            inputs: &inputs,
            readout: &readout,
            score: &Smooth,
        };
        for (method, maps) in [
            ("rollout", rollout(&question).unwrap()),
            ("relevance", relevance(&question).unwrap()),
        ] {
            for sample in 0..INPUTS {
                let patches = numbers(&of[method][sample]);
                let found = around_centres(&maps, sample);
                assert_close(&format!("{name} {method}"), &found, &seen_around(&patches));
            }
        }
        let steps = expected["steps"].as_u64().unwrap() as usize;
        let shares = integrated_gradients(&question, steps).unwrap();
        let number = |key: &str| of[key].as_f64().unwrap();
        assert_close("score", &[shares.score], &[number("score")]);
        let baseline = [number("baseline_score")];
        assert_close("baseline", &[shares.baseline_score], &baseline);
        let all: Vec<f64> = shares
            .maps
            .each
            .iter()
            .flatten()
            .map(|&v| v.into())
            .collect();
        let some: Vec<f64> = all.iter().step_by(37).copied().collect();
        assert_close("voxels", &some, &numbers(&of["integrated_every_37th"]));
        let sum = [all.iter().sum::<f64>()];
        assert_close("sum", &sum, &[number("integrated_sum")]);
        let gap = number("integrated_sum") - (number("score") - number("baseline_score"));
        assert!((shares.gap - gap).abs() < 1e-5, "{} {gap}", shares.gap);
        let mut of_patches = vec![0f64; 81];
        for (at, value) in all.iter().enumerate() {
            let [s, z, y, x] = [at / 1728, at / 144 % 12, at / 12 % 12, at % 12];
            of_patches[s * 27 + z / 4 * 9 + y / 4 * 3 + x / 4] += value;
        }
        let expected = numbers(&of["integrated_of_patches"]);
        assert_close("patches", &of_patches, &expected);
    }
}

#[test]
fn more_steps_close_the_gap() {
    let (encoder, inputs) = network();
    let [(_, readout), _] = readouts();
    let question = Question {
        encoder: &encoder,
        inputs: &inputs,
        readout: &readout,
        score: &Smooth,
    };
    let gap = |steps| integrated_gradients(&question, steps).unwrap().gap.abs();
    let (coarse, fine) = (gap(4), gap(64));
    assert!(fine < 0.05 * coarse, "{coarse} {fine}");
    assert!(integrated_gradients(&question, 0).is_err());
}

#[test]
fn the_traced_network_is_the_one_that_embeds() {
    // Written as a checkpoint with a table of positions of its own, and read by the crate that computes features.
    let (_, inputs) = network();
    let stored = safetensors::SafeTensors::deserialize(STORED).unwrap();
    let mut tensors: BTreeMap<String, Vec<f32>> = BTreeMap::new();
    let table: Vec<f32> = (0..28 * 24).map(|i| (i as f32 * 0.37).sin()).collect();
    let bytes: Vec<u8> = table.iter().flat_map(|v| v.to_le_bytes()).collect();
    let view = TensorView::new(safetensors::Dtype::F32, vec![1, 28, 24], &bytes).unwrap();
    let mut named = vec![("pos_embed".to_owned(), view)];
    for (name, view) in stored.iter() {
        if let Some(name) = name.strip_prefix(PREFIX) {
            tensors.insert(name.to_owned(), floats(&view));
            named.push((name.to_owned(), view));
        }
    }
    tensors.insert("pos_embed".to_owned(), table);
    let traced = TracedEncoder::new(SIZES, &tensors).unwrap();
    let bytes = safetensors::serialize(named, None).unwrap();
    let options = EncoderOptions {
        heads: Some(SIZES.heads),
        ..EncoderOptions::default()
    };
    let limits = triher_checkpoint::Limits::default();
    let path = std::path::Path::new("small.safetensors");
    let checkpoint = triher_checkpoint::Checkpoint::from_bytes(path, bytes, &limits).unwrap();
    let tensors = checkpoint.encoder_tensors().unwrap();
    let encoder = Encoder::from_tensors_with(tensors, &options).unwrap();
    let borrowed: Vec<&[f32]> = inputs.iter().map(Vec::as_slice).collect();
    let embedded = encoder.embed_tokens(&borrowed).unwrap();
    let trace = traced.trace(&inputs).unwrap();
    for (sample, embedding) in embedded.iter().enumerate() {
        let expected = [&embedding.class_token[..], &embedding.patch_tokens].concat();
        let wide = |v: &[f32]| -> Vec<f64> { v.iter().map(|&v| v.into()).collect() };
        assert_close("tokens", &wide(trace.tokens(sample)), &wide(&expected));
    }
    for (sample, rows) in (0..INPUTS).map(|s| (s, trace.attention(s))) {
        for row in rows.iter().flat_map(|block| block.chunks_exact(28)) {
            assert!((row.iter().sum::<f32>() - 1.0).abs() < 1e-5, "{sample}");
        }
    }
}

#[test]
fn shuffled_weights_keep_their_numbers_and_lose_the_map() {
    let (encoder, inputs) = network();
    let [(_, readout), _] = readouts();
    let map = |encoder: &TracedEncoder| {
        let question = Question {
            encoder,
            inputs: &inputs,
            readout: &readout,
            score: &Smooth,
        };
        let total = integrated_gradients(&question, 8).unwrap().maps.total();
        total.into_iter().map(f64::from).collect::<Vec<f64>>()
    };
    let found = map(&encoder);
    let same = rank_correlation(&found, &map(&encoder)).unwrap();
    assert!((same - 1.0).abs() < 1e-12);
    for block in [1, 0] {
        let other = encoder.shuffled(block, 5);
        assert_eq!(map(&other), map(&encoder.shuffled(block, 5)));
        let r = rank_correlation(&found, &map(&other)).unwrap();
        assert!(r.abs() < 0.5, "from block {block}: {r}");
    }
}
