//! Training beside PyTorch's: twenty AdamW steps of three small networks (`tests/parity/make_expectation.py`), losses to 1e-4.

use crate::classifier::{ClassLoss, Classifier, HeadKind};
use crate::mae::{Mae, MaeSettings};
use crate::moco::{Moco, MocoSettings};
use crate::optimiser::{AdamW, OptimiserSettings, follow};
use crate::parameters::Layout;
use crate::sizes::EncoderSizes;
use crate::transformer::Kept;
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
    mut loss: impl FnMut(usize, &[f32], &mut [f32]) -> f64,
) {
    let (bytes, expected) = fixtures();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let mut p = vec![f32::NAN; layout.len()];
    let mut factors = Vec::new();
    for entry in layout.entries() {
        p[entry.range()].copy_from_slice(&numbers(&file, &format!("{name}/{}", entry.name)));
        let learns = frozen.is_empty() || !entry.name.contains(frozen);
        factors.push(if learns { 1.0 } else { 0.0 });
    }
    let mut optimiser = AdamW::new(layout.len());
    for step in 0..STEPS {
        let mut g = vec![0.0; layout.len()];
        let ours = loss(step, &p, &mut g);
        let theirs = expected[name][step].as_f64().unwrap();
        assert!(
            (ours - theirs).abs() < 1e-4,
            "{name}, step {step}: {ours} and not {theirs}"
        );
        let rate = settings.rate(step, STEPS);
        optimiser.step(layout, &settings, (step, rate), &factors, &mut p, &g);
    }
}

#[test]
fn a_classifier_learns_as_in_pytorch() {
    let mut layout = Layout::default();
    let (head, loss) = (HeadKind::Linear, ClassLoss::CrossEntropy);
    let model = Classifier::new(&mut layout, SIZES, 3, head, loss);
    let (bytes, _) = fixtures();
    let [inputs, _] = views(&SafeTensors::deserialize(&bytes).unwrap());
    let settings = OptimiserSettings {
        clip: 1.0,
        ..SETTINGS
    };
    compare("classifier", &layout, settings, "", |_, p, g| {
        let labels = [0, 1, 2, 0, 1, 2];
        let how = (Kept::default(), Learning::ALL);
        model.loss(p, g, (&inputs, &labels), &[0.5, 1.0, 2.0], how)
    });
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
