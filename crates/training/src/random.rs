//! Random streams that belong to items (a step, a sample, a tensor), never to threads.

use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// What a stream is for: two purposes never share one.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Purpose {
    Weights = 1,
    Order = 2,
    Mask = 3,
    Augmentation = 4,
    Depth = 5,
    Split = 6,
    Cohort = 7,
    Background = 8,
    Folds = 9,
}

/// The stream of a purpose and two numbers, such as step and sample.
pub(crate) fn stream(seed: u64, purpose: Purpose, first: u64, second: u64) -> ChaCha8Rng {
    let mut key = [0u8; 32];
    for (part, number) in key
        .chunks_exact_mut(8)
        .zip([seed, purpose as u64, first, second])
    {
        part.copy_from_slice(&number.to_le_bytes());
    }
    ChaCha8Rng::from_seed(key)
}

/// Evenly between two bounds.
pub(crate) fn uniform(rng: &mut impl Rng, low: f32, high: f32) -> f32 {
    low + (high - low) * rng.random::<f32>()
}

/// The numbers below `count` in random order (Fisher and Yates).
pub(crate) fn permutation(rng: &mut impl Rng, count: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..count).collect();
    for last in (1..count).rev() {
        let other = rng.random_range(0..=last);
        order.swap(last, other);
    }
    order
}
