//! Heads and fine-tuning on patches whose class shows.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeMap;
use triher_training::{
    AugmentationSettings, ClassLoss, Depth, EncoderSizes, FinetuneSettings, HeadKind, Labelled,
    OptimiserSettings, PatchStore, Storage, TwoBranchSizes, cross_validate, finetune,
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

/// Each fold holds as many patients of each class, all samples of one stay together, and networks that have not seen them tell their class.
#[test]
fn folds_keep_patients_together_and_predict_the_unseen() {
    let (patches, labels, patients) = samples();
    let masks = vec![(0..16 * 16 * 16).map(|i| i % 16 < 8).collect::<Vec<bool>>(); 48];
    let data = Labelled {
        patches: &patches,
        masks: &masks,
        labels: &labels,
        patients: &patients,
        classes: 3,
    };
    let settings = FinetuneSettings {
        depth: Depth::HeadOnly,
        head: HeadKind::MaskedTwoBranch,
        two_branch: TwoBranchSizes {
            hidden: 16,
            bottleneck: 7,
        },
        augmentation: AugmentationSettings {
            flip: 0.5,
            ..AugmentationSettings::NONE
        },
        optimiser: OptimiserSettings {
            learning_rate: 1e-2,
            warm_up: 5,
            ..OptimiserSettings::default()
        },
        epochs: 20,
        ..FinetuneSettings::default()
    };
    let given = cross_validate(&settings, SIZES, None, &data, 4, |_, _| ()).unwrap();
    assert_eq!(given.curves.len(), 4);
    for fold in 0..4 {
        // 24 patients of two samples, eight of each class.
        let of_fold: Vec<usize> = (0..48).filter(|&i| given.folds[i] == fold).collect();
        assert_eq!(of_fold.len(), 12);
        for class in 0..3 {
            assert_eq!(of_fold.iter().filter(|&&i| labels[i] == class).count(), 4);
        }
    }
    for i in 0..24 {
        assert_eq!(given.folds[i], given.folds[i + 24]);
    }
    let hits = (0..48)
        .filter(|&i| {
            given.probabilities[i]
                .iter()
                .all(|p| *p <= given.probabilities[i][labels[i]])
        })
        .count();
    assert!(hits > 24, "{hits} of 48");
    let refused = cross_validate(
        &settings,
        SIZES,
        None,
        &Labelled { masks: &[], ..data },
        4,
        |_, _| (),
    );
    assert!(
        refused
            .unwrap_err()
            .to_string()
            .contains("mask of 4096 voxels")
    );
    let refused = cross_validate(&settings, SIZES, None, &data, 25, |_, _| ()).unwrap_err();
    assert!(refused.to_string().contains("24"), "{refused}");
}
