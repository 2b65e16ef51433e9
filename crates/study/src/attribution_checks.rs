//! Tests of a map: does it depend on what the network has learned, and does the score depend on what it names?

use crate::StudyError;
use crate::attribution::Method;
use crate::attribution_map::{Mapped, Seen};
use crate::progress::Progress;
use serde::Serialize;
use triher_attribution::{FaithfulnessSettings, Maps, faithfulness};
use triher_stats::rank_correlation;

/// What the tests of a map gave.
#[derive(Clone, Debug, Serialize)]
pub struct Checks {
    /// Maps of networks with shuffled weights against this one, from the last block to all.
    pub randomised: Vec<Randomised>,
    /// The score while patches are taken away, the map's largest first.
    pub deletion: Curve,
    /// The score while patches are put back, the map's largest first.
    pub insertion: Curve,
}

/// A network with shuffled weights.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Randomised {
    /// Blocks whose weights are shuffled, counted from the last; all of them means the embedding of patches too.
    pub blocks: usize,
    /// Spearman's rank correlation of the maps' absolute values.
    pub rank_correlation: f64,
}

/// A curve against those of random orders.
#[derive(Clone, Debug, Serialize)]
pub struct Curve {
    /// Shares of the patches.
    pub shares: Vec<f64>,
    /// Scores.
    pub scores: Vec<f64>,
    /// Area below the curve.
    pub area: f64,
    /// Mean area below the curves of random orders.
    pub random_area: f64,
    /// Number of random orders.
    pub random_orders: usize,
    /// The share of the random orders that the map beats.
    pub beats: f64,
}

/// Puts a map to the test.
///
/// # Errors
/// For an ONNX model, whose weights cannot be shuffled; as the map itself.
pub(crate) fn check(
    seen: &Seen<'_>,
    method: Method,
    mapped: &Mapped,
    seed: u64,
    progress: &dyn Progress,
) -> Result<Checks, StudyError> {
    let Some(network) = &seen.traced else {
        return Err(StudyError::Input(format!(
            "the weights of an ONNX model ({}) cannot be shuffled: leave --check out",
            seen.encoder.name()
        )));
    };
    let strength =
        |maps: &Maps| -> Vec<f64> { maps.total().iter().map(|v| f64::from(v.abs())).collect() };
    let found = strength(&mapped.maps);
    let depth = network.sizes().depth;
    let mut randomised = Vec::new();
    let stages = std::collections::BTreeSet::from([1, depth.div_ceil(2), depth]);
    for blocks in stages {
        progress.status(&format!("shuffling the weights of {blocks} blocks"));
        let shuffled = network.shuffled(depth - blocks, seed);
        let (maps, _) = seen.maps(&shuffled, method, progress)?;
        randomised.push(Randomised {
            blocks,
            rank_correlation: rank_correlation(&found, &strength(&maps)).unwrap_or(f64::NAN),
        });
    }
    let settings = FaithfulnessSettings {
        seed,
        ..FaithfulnessSettings::default()
    };
    let score_of = |inputs: &[Vec<f32>]| seen.score_of(inputs);
    let mut each = |done: usize, of: usize| {
        progress.status(&format!("deletion and insertion: {done} of {of} scores"));
    };
    let found = faithfulness(
        &mapped.maps,
        &seen.inputs,
        network.sizes(),
        settings,
        &score_of,
        &mut each,
    )?;
    let curve = |scores: &[f64], area: f64, random: &[f64], beats: f64| Curve {
        shares: found.shares.clone(),
        scores: scores.to_vec(),
        area,
        random_area: random.iter().sum::<f64>() / random.len() as f64,
        random_orders: random.len(),
        beats,
    };
    Ok(Checks {
        randomised,
        deletion: curve(
            &found.deletion,
            found.deletion_area,
            &found.random_deletion_areas,
            found.deletion_beats(),
        ),
        insertion: curve(
            &found.insertion,
            found.insertion_area,
            &found.random_insertion_areas,
            found.insertion_beats(),
        ),
    })
}
