//! Random streams: one for each purpose of each patient.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;

/// What a stream is for. Numbers are part of the format: with others the same seed gives another cohort.
#[derive(Clone, Copy)]
pub(crate) enum Purpose {
    /// The order of the classes in a centre.
    Classes,
    /// Breast, vessels and gland.
    Anatomy,
    /// Lesion and its truth.
    Lesion,
    /// Receive field, gain, arrival of the contrast agent, motion.
    Acquisition,
    /// Noise of one slice of one phase.
    Noise { phase: usize, slice: usize },
}

/// The stream of a purpose: the ChaCha key is made of seed, centre, patient and purpose, so no two are the same.
pub(crate) fn stream(seed: u64, centre: usize, patient: usize, purpose: Purpose) -> ChaCha8Rng {
    let purpose = match purpose {
        Purpose::Classes => 1,
        Purpose::Anatomy => 2,
        Purpose::Lesion => 3,
        Purpose::Acquisition => 4,
        // Phases are at most 100 and slices fewer than 2^32 (checked by the specification).
        Purpose::Noise { phase, slice } => (phase as u64 + 1) << 32 | slice as u64,
    };
    let mut key = [0u8; 32];
    let words = [seed, centre as u64, patient as u64, purpose];
    for (bytes, word) in key.chunks_exact_mut(8).zip(words) {
        bytes.copy_from_slice(&word.to_le_bytes());
    }
    ChaCha8Rng::from_seed(key)
}

/// A standard normal number.
pub(crate) fn normal(rng: &mut ChaCha8Rng) -> f64 {
    rng.sample(StandardNormal)
}

/// A uniform number from `low` to `high`.
pub(crate) fn uniform(rng: &mut ChaCha8Rng, low: f64, high: f64) -> f64 {
    low + (high - low) * rng.random::<f64>()
}

/// A random unit vector.
pub(crate) fn direction(rng: &mut ChaCha8Rng) -> [f64; 3] {
    loop {
        let v = [normal(rng), normal(rng), normal(rng)];
        let length = v.iter().map(|c| c * c).sum::<f64>().sqrt();
        if length > 1e-6 {
            return v.map(|c| c / length);
        }
    }
}
