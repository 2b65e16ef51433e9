//! Median time of a pretraining step of the compact network, batch 8: `step_time [mae|moco] [STEPS]`; `step_time.py` compares it with PyTorch's.
#![expect(clippy::print_stdout, reason = "a benchmark tells its result")]

use std::time::Instant;
use triher_training::{
    AugmentationSettings, EncoderSizes, MaeSettings, Method, MocoSettings, OptimiserSettings,
    PatchStore, PretrainSettings, Pretraining, TrainingError,
};

fn main() -> Result<(), TrainingError> {
    let mut words = std::env::args().skip(1).filter(|a| !a.starts_with('-'));
    let chosen = words.next();
    let steps = words.next().and_then(|w| w.parse().ok()).unwrap_or(5);
    let moco = MocoSettings {
        hidden: 1024,
        ..MocoSettings::default()
    };
    for (name, method) in [
        ("mae", Method::Mae(MaeSettings::default())),
        ("moco", Method::Moco(moco)),
    ] {
        if chosen.as_ref().is_some_and(|c| c != name) {
            continue;
        }
        let mut training = Pretraining::new(PretrainSettings {
            method,
            encoder: EncoderSizes::default(),
            optimiser: OptimiserSettings::default(),
            augmentation: AugmentationSettings::NONE,
            steps: 1000,
            batch: 8,
            seed: 1,
            data: 0,
        })?;
        let mut store = PatchStore::new(48 * 48 * 48);
        for number in 0..16 {
            let voxel = |i: usize| ((i * (number + 3)) % 101) as f32 / 29.0 - 1.7;
            store.push(&(0..48 * 48 * 48).map(voxel).collect::<Vec<_>>())?;
        }
        training.step(&store)?;
        let mut times = Vec::with_capacity(steps);
        for _ in 0..steps {
            let start = Instant::now();
            training.step(&store)?;
            times.push(start.elapsed().as_secs_f64() * 1e3);
        }
        times.sort_by(f64::total_cmp);
        let median = times.get(times.len() / 2).copied().unwrap_or(f64::NAN);
        let (all, encoder) = (training.len(), training.encoder_len());
        println!("{name} {median:.1} ms a step; {encoder} weights in the encoder, {all} in all");
    }
    Ok(())
}
