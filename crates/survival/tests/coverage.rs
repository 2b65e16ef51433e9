//! Proven honest: survival times are simulated whose hazard ratio and survival are known, and each 95 % interval must cover them in 93 to 97 % of
//! 1,000 repetitions. The numbers are in `docs/statistics.md`.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use triher_survival::{FollowUp, Ties, cox, kaplan_meier};

const PATIENTS: usize = 150;
const REPETITIONS: u64 = 1000;
/// Log hazard ratio of a patient with the score 1 against one with 0.
const EFFECT: f64 = 0.6;

/// Exponential times of two groups, a third of them censored at a uniform time.
fn follow_up(repetition: u64) -> (FollowUp, Vec<f64>) {
    let mut generator = ChaCha8Rng::seed_from_u64(91);
    generator.set_stream(repetition);
    let score: Vec<f64> = (0..PATIENTS).map(|i| (i % 2) as f64).collect();
    let (mut time, mut event) = (Vec::new(), Vec::new());
    for x in &score {
        let uniform: f64 = generator.random();
        let death = -(1.0 - uniform).ln() / (EFFECT * x).exp();
        let censored = 3.0 * generator.random::<f64>();
        time.push(death.min(censored));
        event.push(death <= censored);
    }
    (FollowUp::new(time, event).unwrap(), score)
}

#[test]
fn hazard_ratio_and_survival_are_covered_at_their_level() {
    let ratio = EFFECT.exp();
    // Survival of both groups together, at a time near their median.
    let at = 0.6f64;
    let survival = ((-at).exp() + (-ratio * at).exp()) / 2.0;
    let mut hits = [0u32; 2];
    for repetition in 0..REPETITIONS {
        let (follow_up, score) = follow_up(repetition);
        let fit = cox(&follow_up, &[score], Ties::Efron, 0.95).unwrap();
        let [low, high] = fit.coefficients[0].interval;
        hits[0] += u32::from(low <= ratio && ratio <= high);
        let curve = kaplan_meier(&follow_up, 0.95).unwrap();
        let point = curve.iter().rev().find(|p| p.time <= at).unwrap();
        let [low, high] = point.interval.unwrap();
        hits[1] += u32::from(low <= survival && survival <= high);
    }
    for (name, hits) in ["hazard ratio", "survival"].iter().zip(hits) {
        let share = f64::from(hits) / REPETITIONS as f64;
        println!("| {name} | {:.1} % |", 100.0 * share);
        assert!((0.93..=0.97).contains(&share), "{name}: {share}");
    }
}
