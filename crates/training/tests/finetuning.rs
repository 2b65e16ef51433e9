//! Heads and fine-tuning on patches whose class shows.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeMap;
use triher_training::{
    AugmentationSettings, ClassLoss, Depth, EncoderSizes, FinetuneSettings, HeadKind, Labelled,
    OptimiserSettings, PatchStore, Storage, finetune,
};

const SIZES: EncoderSizes = EncoderSizes {
    side: 16,
    channels: 1,
    patch: 8,
    width: 24,
    depth: 2,
    heads: 12,
    hidden: 48,
};

fn patch(number: usize) -> Vec<f32> {
    let class = number % 3;
    let noise = |i: usize| ((i * 7919 + number * 104_729) % 1000) as f32 / 500.0 - 1.0;
    let wave = |i: usize| ((i % 16) as f32 * 0.4 * (1 + class) as f32).sin();
    (0..16 * 16 * 16)
        .map(|i| wave(i) + 0.5 * noise(i))
        .collect()
}

/// Two patches of each of 24 patients.
fn samples() -> (PatchStore, Vec<usize>, Vec<String>) {
    let mut store = PatchStore::new(16 * 16 * 16);
    let (mut labels, mut patients) = (Vec::new(), Vec::new());
    for number in 0..48 {
        let patient = number % 24;
        store.push(&patch(patient + 300 * (number / 24))).unwrap();
        labels.push(patient % 3);
        patients.push(format!("P{patient:02}"));
    }
    (store, labels, patients)
}

#[test]
fn heads_blocks_and_whole_networks_learn() {
    let (patches, labels, patients) = samples();
    let data = Labelled {
        patches: &patches,
        masks: &[],
        labels: &labels,
        patients: &patients,
        classes: 3,
    };
    for (depth, head, loss) in [
        (Depth::HeadOnly, HeadKind::Linear, ClassLoss::CrossEntropy),
        (Depth::HeadOnly, HeadKind::Mlp(16), ClassLoss::CrossEntropy),
        (
            Depth::LastBlocks(1),
            HeadKind::Linear,
            ClassLoss::CrossEntropy,
        ),
        (Depth::All, HeadKind::Linear, ClassLoss::Ordinal),
    ] {
        let settings = FinetuneSettings {
            depth,
            head,
            loss,
            optimiser: OptimiserSettings {
                learning_rate: 5e-3,
                warm_up: 5,
                ..OptimiserSettings::default()
            },
            augmentation: AugmentationSettings {
                noise: 0.5,
                noise_sigma: 0.2,
                ..AugmentationSettings::NONE
            },
            epochs: 25,
            ..FinetuneSettings::default()
        };
        let trained = finetune(&settings, SIZES, None, &data, |_| ()).unwrap();
        let first = trained.curve[0];
        let best = trained.curve[trained.best_epoch - 1];
        assert!(
            best.validation_loss < first.validation_loss,
            "{depth:?} {head:?}"
        );
        let probabilities = trained
            .probabilities(&[patch(900), patch(901)], &[])
            .unwrap();
        for row in &probabilities {
            assert!((row.iter().sum::<f64>() - 1.0).abs() < 1e-9);
        }
        let again = finetune(&settings, SIZES, None, &data, |_| ()).unwrap();
        assert_eq!(again.curve, trained.curve);
    }
}

#[test]
fn frozen_blocks_stay_as_they_were() {
    let (patches, labels, patients) = samples();
    let data = Labelled {
        patches: &patches,
        masks: &[],
        labels: &labels,
        patients: &patients,
        classes: 3,
    };
    let tensors = |bytes: &[u8]| -> BTreeMap<String, Vec<f32>> {
        let file = safetensors::SafeTensors::deserialize(bytes).unwrap();
        let numbers = |data: &[u8]| -> Vec<f32> {
            let (numbers, _) = data.as_chunks::<4>();
            numbers.iter().map(|b| f32::from_le_bytes(*b)).collect()
        };
        let tensors = file.tensors().into_iter();
        tensors.map(|(name, t)| (name, numbers(t.data()))).collect()
    };
    let settings = FinetuneSettings {
        depth: Depth::HeadOnly,
        epochs: 2,
        ..FinetuneSettings::default()
    };
    let head = finetune(&settings, SIZES, None, &data, |_| ()).unwrap();
    let before = tensors(&head.encoder_weights(Storage::F32).unwrap());
    let settings = FinetuneSettings {
        depth: Depth::LastBlocks(1),
        ..settings
    };
    let last = finetune(&settings, SIZES, Some(&before), &data, |_| ()).unwrap();
    let after = tensors(&last.encoder_weights(Storage::F32).unwrap());
    for (name, numbers) in &before {
        let learns = name.starts_with("blocks.1.") || name.starts_with("norm.");
        assert_eq!(after[name] != *numbers, learns, "{name}");
    }
    let mut cut = before.clone();
    cut.remove("norm.bias");
    let refused = finetune(&settings, SIZES, Some(&cut), &data, |_| ()).unwrap_err();
    assert!(refused.to_string().contains("norm.bias"));
}
