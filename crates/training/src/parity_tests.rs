//! Training beside PyTorch's: twenty AdamW steps of small networks (`tests/parity/make_expectation.py`), losses to 1e-4.

use crate::classifier::{Batch, Classifier};
use crate::finetune_settings::{Depth, FinetuneSettings};
use crate::head::HeadKind;
use crate::mae::{Mae, MaeSettings};
use crate::moco::{Moco, MocoSettings};
use crate::optimiser::{AdamW, OptimiserSettings, follow};
use crate::parameters::Layout;
use crate::sizes::EncoderSizes;
use crate::transformer::Kept;
use crate::two_branch::TwoBranchSizes;
use crate::vit::Learning;
use safetensors::SafeTensors;
use serde_json::Value;

const SIZES: EncoderSizes = EncoderSizes {
    side: 12,
    channels: 1,
    patch: 4,
    width: 24,
    depth: 2,
    heads: 4,
    hidden: 48,
};
const STEPS: usize = 20;
const SETTINGS: OptimiserSettings = OptimiserSettings {
    learning_rate: 3e-3,
    final_learning_rate: 0.0,
    warm_up: 5,
    weight_decay: 0.05,
    betas: [0.9, 0.95],
    clip: 0.0,
};

fn numbers(file: &SafeTensors<'_>, name: &str) -> Vec<f32> {
    let bytes = file.tensor(name).unwrap().data().to_vec();
    bytes
        .chunks_exact(4)
        .map(|b| f32::from_le_bytes(b.try_into().unwrap()))
        .collect()
}

fn fixtures() -> (Vec<u8>, Value) {
    let expected = include_str!("../tests/parity/expectation.json");
    (
        include_bytes!("../tests/parity/start.safetensors").to_vec(),
        serde_json::from_str(expected).unwrap(),
    )
}

fn views(file: &SafeTensors<'_>) -> [Vec<Vec<f32>>; 2] {
    let all = numbers(file, "inputs");
    let mut inputs = all.chunks_exact(SIZES.input_len()).map(<[f32]>::to_vec);
    [inputs.by_ref().take(6).collect(), inputs.collect()]
}

/// Starts from PyTorch's weights, takes the steps, and compares the losses.
fn compare(
    name: &str,
    layout: &Layout,
    settings: OptimiserSettings,
    frozen: &str,
    mut loss: impl FnMut(usize, &mut [f32], &mut [f32]) -> f64,
) -> Vec<f32> {
    let (bytes, expected) = fixtures();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let mut p = vec![f32::NAN; layout.len()];
    let mut factors = Vec::new();
    for entry in layout.entries() {
        // The classifiers start from one encoder, and heads of one kind from the same weights.
        let of = match entry.name.starts_with("encoder.") && name.starts_with("two_branch") {
            true => "classifier",
            false => name.trim_end_matches("_frozen"),
        };
        p[entry.range()].copy_from_slice(&numbers(&file, &format!("{of}/{}", entry.name)));
        let learns = entry.learns && (frozen.is_empty() || !entry.name.contains(frozen));
        factors.push(if learns { 1.0 } else { 0.0 });
    }
    let mut optimiser = AdamW::new(layout.len());
    for step in 0..STEPS {
        let mut g = vec![0.0; layout.len()];
        let ours = loss(step, &mut p, &mut g);
        let theirs = expected[name][step].as_f64().unwrap();
        assert!(
            (ours - theirs).abs() < 1e-4,
            "{name}, step {step}: {ours} and not {theirs}"
        );
        let rate = settings.rate(step, STEPS);
        optimiser.step(layout, &settings, (step, rate), &factors, &mut p, &g);
    }
    p
}

#[test]
fn a_classifier_learns_as_in_pytorch() {
    let mut layout = Layout::default();
    let model = Classifier::new(&mut layout, SIZES, 3, &FinetuneSettings::default());
    let (bytes, _) = fixtures();
    let [inputs, _] = views(&SafeTensors::deserialize(&bytes).unwrap());
    let settings = OptimiserSettings {
        clip: 1.0,
        ..SETTINGS
    };
    compare("classifier", &layout, settings, "", |_, p, g| {
        let labels = [0, 1, 2, 0, 1, 2];
        let how = (Kept::default(), Learning::ALL);
        let batch = Batch {
            inputs: &inputs,
            masks: &[],
        };
        model.loss(p, g, (batch, &labels), &[0.5, 1.0, 2.0], how).0
    });
}

/// BL4AS' fusion and head, once with everything learning and once with a frozen encoder, through which the fusion's gradient still goes.
#[test]
fn fusion_and_the_two_branch_head_learn_as_in_pytorch() {
    let (bytes, expected) = fixtures();
    let [first, second] = views(&SafeTensors::deserialize(&bytes).unwrap());
    let pairs = || first.iter().zip(&second);
    let inputs: Vec<Vec<f32>> = pairs()
        .map(|(a, b)| {
            let between = a.iter().zip(b).map(|(a, b)| a - b).collect();
            [a.clone(), b.clone(), between].concat()
        })
        .collect();
    let masks: Vec<Vec<bool>> = first
        .iter()
        .map(|a| a.iter().map(|&v| v > 2.6).collect())
        .collect();
    let batch = Batch {
        inputs: &inputs,
        masks: &masks,
    };
    let labels = [0, 1, 2, 0, 1, 2];
    for (name, frozen, depth) in [
        ("two_branch", "", Depth::All),
        ("two_branch_frozen", "encoder.", Depth::HeadOnly),
    ] {
        let settings = FinetuneSettings {
            depth,
            head: HeadKind::MaskedTwoBranch,
            two_branch: TwoBranchSizes {
                hidden: 16,
                bottleneck: 7,
            },
            fusion: true,
            ..FinetuneSettings::default()
        };
        let mut layout = Layout::default();
        let model = Classifier::new(&mut layout, SIZES, 3, &settings);
        let clipped = OptimiserSettings {
            clip: 1.0,
            ..SETTINGS
        };
        let p = compare(name, &layout, clipped, frozen, |_, p, g| {
            let how = (Kept::default(), settings.learning(&SIZES));
            let weights = [0.5, 1.0, 2.0];
            let (loss, tape) = model.loss(p, g, (batch, &labels), &weights, how);
            model.head.follow(p, &tape);
            loss
        });
        // With the running figures that twenty batches left behind.
        let ours = model.logits(&p, batch).unwrap();
        let theirs = expected[format!("{name}_logits")].as_array().unwrap();
        assert_eq!(ours.len(), theirs.len());
        for (ours, theirs) in ours.iter().zip(theirs) {
            let theirs = theirs.as_f64().unwrap();
            assert!(
                (f64::from(*ours) - theirs).abs() < 1e-3,
                "{name}: {ours} and not {theirs}"
            );
        }
    }
}

#[test]
fn a_masked_autoencoder_learns_as_in_pytorch() {
    let mut layout = Layout::default();
    let decoder = MaeSettings {
        decoder_width: 12,
        decoder_depth: 1,
        decoder_heads: 2,
        ..MaeSettings::default()
    };
    let model = Mae::new(&mut layout, SIZES, decoder);
    let (bytes, expected) = fixtures();
    let [inputs, _] = views(&SafeTensors::deserialize(&bytes).unwrap());
    compare("mae", &layout, SETTINGS, "", |step, p, g| {
        let seen = serde_json::from_value::<Vec<Vec<usize>>>(expected["mae_seen"][step].clone());
        model.loss(p, g, (&inputs, &[]), &seen.unwrap())
    });
}

#[test]
fn moco_learns_as_in_pytorch() {
    let mut layout = Layout::default();
    let heads = MocoSettings {
        hidden: 32,
        dimension: 16,
        momentum: 0.9,
        ..MocoSettings::default()
    };
    let model = Moco::new(&mut layout, SIZES, heads);
    let (bytes, _) = fixtures();
    let views = views(&SafeTensors::deserialize(&bytes).unwrap());
    let mut slow = Vec::new();
    compare("moco", &layout, SETTINGS, "patch_embed", |step, p, g| {
        let fast = &p[..model.followed];
        if slow.is_empty() {
            slow = fast.to_vec();
        }
        follow(&mut slow, fast, heads.momentum_at(step, STEPS));
        model.loss(p, &slow, g, &views)
    });
}
