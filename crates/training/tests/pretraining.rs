//! Pretraining runs: the same bits however they are cut, and weights that the inference crate reads.
#![expect(clippy::unwrap_used, reason = "tests")]

use triher_training::{
    AugmentationSettings, EncoderSizes, MaeSettings, Method, MocoSettings, OptimiserSettings,
    PatchSource, PatchStore, PretrainSettings, Pretraining, Storage, TrainingError,
};

fn store(side: usize, count: usize) -> PatchStore {
    let mut store = PatchStore::new(side.pow(3));
    for number in 0..count {
        let wave = |i: usize| ((i % side) as f32 * 0.1 * (1 + number) as f32).sin();
        let patch: Vec<f32> = (0..side.pow(3)).map(|i| wave(i) + wave(i / side)).collect();
        store.push(&patch).unwrap();
    }
    store
}

fn settings(method: Method) -> PretrainSettings {
    PretrainSettings {
        method,
        encoder: EncoderSizes {
            side: 24,
            channels: 1,
            patch: 8,
            width: 48,
            depth: 2,
            heads: 12,
            hidden: 96,
        },
        optimiser: OptimiserSettings {
            warm_up: 2,
            clip: 1.0,
            ..OptimiserSettings::default()
        },
        augmentation: AugmentationSettings::default(),
        steps: 4,
        batch: 5,
        seed: 7,
        data: 0,
    }
}

fn methods() -> [Method; 2] {
    let mae = MaeSettings {
        decoder_width: 24,
        decoder_depth: 1,
        decoder_heads: 2,
        ..MaeSettings::default()
    };
    let moco = MocoSettings {
        hidden: 64,
        dimension: 16,
        ..MocoSettings::default()
    };
    [Method::Mae(mae), Method::Moco(moco)]
}

fn run(run: &mut Pretraining, source: &dyn PatchSource, steps: usize) -> Vec<f64> {
    (0..steps).map(|_| run.step(source).unwrap().loss).collect()
}

#[test]
fn resumed_runs_and_other_threads_give_the_same_bytes() {
    let source = store(24, 7);
    for method in methods() {
        let settings = settings(method);
        let mut whole = Pretraining::new(settings).unwrap();
        let losses = run(&mut whole, &source, 4);
        assert!(losses.iter().all(|l| l.is_finite()));

        let mut half = Pretraining::new(settings).unwrap();
        run(&mut half, &source, 2);
        let mut rest = Pretraining::resume(settings, &half.state().unwrap()).unwrap();
        assert_eq!(run(&mut rest, &source, 2), losses[2..]);
        assert_eq!(rest.state().unwrap(), whole.state().unwrap());

        for threads in [1, 2, 3] {
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build()
                .unwrap();
            let state = pool.install(|| {
                let mut again = Pretraining::new(settings).unwrap();
                run(&mut again, &source, 4);
                again.state().unwrap()
            });
            assert_eq!(state, whole.state().unwrap(), "{threads} threads");
        }
    }
}

#[test]
fn both_methods_learn() {
    let source = store(24, 10);
    for method in methods() {
        let mut settings = settings(method);
        settings.steps = 60;
        settings.optimiser.learning_rate = 3e-3;
        let mut training = Pretraining::new(settings).unwrap();
        let losses = run(&mut training, &source, 60);
        let mean = |part: &[f64]| part.iter().sum::<f64>() / part.len() as f64;
        let (early, late) = (mean(&losses[..10]), mean(&losses[50..]));
        assert!(late < 0.95 * early, "{early} {late}");
    }
}

#[test]
fn the_inference_crate_reads_the_weights() {
    let source = store(24, 7);
    for method in methods() {
        let mut training = Pretraining::new(settings(method)).unwrap();
        run(&mut training, &source, 2);
        let folder = tempfile::tempdir().unwrap();
        for (storage, tolerance) in [(Storage::F32, 1e-5), (Storage::F16, 2e-2)] {
            let path = folder.path().join("weights.safetensors");
            std::fs::write(&path, training.encoder_weights(storage).unwrap()).unwrap();
            let encoder = triher_encoder::Encoder::load(&path).unwrap();
            assert!(encoder.unused_tensors().is_empty());
            assert_eq!((encoder.config().side, encoder.config().depth), (24, 2));
            let input = source.patch(3).unwrap();
            let theirs = encoder.embed(&[&input]).unwrap();
            let ours = training.embed(&[input]).unwrap();
            for (a, b) in ours[0].iter().zip(&theirs[0].class_token) {
                assert!((a - b).abs() < tolerance, "{a} {b}");
            }
        }
    }
}

#[test]
fn what_cannot_be_is_said() {
    let [mae, moco] = methods();
    let good = settings(mae);
    let odd = |change: &dyn Fn(&mut PretrainSettings)| {
        let mut settings = good;
        change(&mut settings);
        Pretraining::new(settings).unwrap_err().to_string()
    };
    assert!(odd(&|s| s.encoder.patch = 7).contains("patch"));
    assert!(odd(&|s| s.encoder.width = 50).contains("width"));
    assert!(odd(&|s| s.encoder.patch = 0).contains("patch"));
    assert!(odd(&|s| s.batch = 0).contains("batch"));
    assert!(odd(&|s| s.steps = 0).contains("steps"));
    assert!(odd(&|s| s.optimiser.learning_rate = f64::NAN).contains("learning_rate"));
    assert!(
        odd(&|s| s.method = Method::Mae(MaeSettings {
            mask_ratio: 1.0,
            ..MaeSettings::default()
        }))
        .contains("mask_ratio")
    );

    let mut run = Pretraining::new(good).unwrap();
    assert!(matches!(
        run.step(&PatchStore::new(10)),
        Err(TrainingError::TooFew { .. })
    ));
    assert!(matches!(
        run.step(&store(16, 7)),
        Err(TrainingError::PatchSize { .. })
    ));
    let mut contrast = Pretraining::new(settings(moco)).unwrap();
    assert!(matches!(
        contrast.step(&store(24, 3)),
        Err(TrainingError::TooFew { .. })
    ));

    let state = run.state().unwrap();
    assert!(Pretraining::resume(settings(moco), &state).is_err());
    for cut in [0, 7, 100, state.len() - 1] {
        assert!(Pretraining::resume(good, &state[..cut]).is_err());
    }
}
