//! Deletion and insertion.

use crate::question::finite;
use crate::readout::patch_of;
use crate::{AttributionError, Maps, ScoreOf};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use triher_training::EncoderSizes;

/// How a map is put to the test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FaithfulnessSettings {
    /// Points of a curve after its first.
    pub steps: usize,
    /// Random orders to compare with.
    pub random_orders: usize,
    /// Seed of the random orders.
    pub seed: u64,
}

impl Default for FaithfulnessSettings {
    fn default() -> Self {
        Self {
            steps: 12,
            random_orders: 10,
            seed: 0,
        }
    }
}

/// Scores while patches are deleted and inserted in the order of a map, the largest first, and in random orders.
#[derive(Clone, Debug, PartialEq)]
pub struct Faithfulness {
    /// Shares of the patches at the points of the curves, from 0 to 1.
    pub shares: Vec<f64>,
    /// Score with that share set to 0: a good map makes it fall early.
    pub deletion: Vec<f64>,
    /// Score with only that share present: a good map makes it rise early.
    pub insertion: Vec<f64>,
    /// Mean of the deletion curve (trapezoids); the lower, the better the map.
    pub deletion_area: f64,
    /// Mean of the insertion curve; the higher, the better the map.
    pub insertion_area: f64,
    /// Deletion areas of the random orders.
    pub random_deletion_areas: Vec<f64>,
    /// Insertion areas of the random orders.
    pub random_insertion_areas: Vec<f64>,
}

impl Faithfulness {
    /// The share of the random orders whose deletion curve falls later than the map's.
    pub fn deletion_beats(&self) -> f64 {
        share(&self.random_deletion_areas, |area| {
            area > self.deletion_area
        })
    }

    /// The share of the random orders whose insertion curve rises later than the map's.
    pub fn insertion_beats(&self) -> f64 {
        share(&self.random_insertion_areas, |area| {
            area < self.insertion_area
        })
    }
}

fn share(areas: &[f64], beaten: impl Fn(f64) -> bool) -> f64 {
    let count = areas.iter().filter(|&&area| beaten(area)).count();
    count as f64 / areas.len() as f64
}

/// Deletes and inserts the network's patches in the order of a map.
///
/// Petsiuk, Das and Saenko (2018), with the patches of the network for pixels and 0, the mean intensity of a normalised patch, for what is
/// deleted; all inputs lose and gain the same patches, in the order of the total map. `score_of` computes the score of changed inputs (one
/// channel each), `each` is told how many of how many scores are computed.
///
/// # Errors
/// [`AttributionError::Setting`] without steps or random orders, [`AttributionError::Length`] when map or inputs have another size than
/// the network; whatever `score_of` reports.
pub fn faithfulness(
    maps: &Maps,
    inputs: &[Vec<f32>],
    sizes: &EncoderSizes,
    settings: FaithfulnessSettings,
    score_of: &ScoreOf<'_>,
    each: &mut dyn FnMut(usize, usize),
) -> Result<Faithfulness, AttributionError> {
    let FaithfulnessSettings {
        steps,
        random_orders,
        seed,
    } = settings;
    let patches = sizes.patches();
    if steps == 0 || steps > patches || random_orders == 0 {
        return Err(AttributionError::Setting(format!(
            "the curves need from 1 to {patches} steps and at least one random order"
        )));
    }
    for input in inputs.iter().chain(&maps.each) {
        crate::error::check("voxels of an input", input.len(), sizes.side.pow(3))?;
    }
    let counts: Vec<usize> = (0..=steps).map(|step| step * patches / steps).collect();
    // The ends are the same for all orders.
    let whole = finite(score_of(inputs))?;
    let empty = finite(score_of(&keep(inputs, sizes, &vec![false; patches])))?;
    let total = 2 * (steps - 1) * (1 + random_orders);
    let mut done = 0;
    let mut curve = |order: &[usize], deletes: bool| -> Result<Vec<f64>, AttributionError> {
        let (mut kept, first, last) = match deletes {
            true => (vec![true; patches], whole, empty),
            false => (vec![false; patches], empty, whole),
        };
        let mut scores = vec![first];
        for step in counts.windows(2).take(steps - 1) {
            for &patch in &order[step[0]..step[1]] {
                kept[patch] = !deletes;
            }
            scores.push(finite(score_of(&keep(inputs, sizes, &kept)))?);
            done += 1;
            each(done, total);
        }
        scores.push(last);
        Ok(scores)
    };
    let means = maps.patch_means(sizes);
    let mut order: Vec<usize> = (0..patches).collect();
    order.sort_by(|&a, &b| means[b].total_cmp(&means[a]));
    let deletion = curve(&order, true)?;
    let insertion = curve(&order, false)?;
    let shares: Vec<f64> = (counts.iter().map(|&c| c as f64 / patches as f64)).collect();
    let mut random_deletion_areas = Vec::with_capacity(random_orders);
    let mut random_insertion_areas = Vec::with_capacity(random_orders);
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    for _ in 0..random_orders {
        order.sort_unstable();
        order.shuffle(&mut rng);
        random_deletion_areas.push(area(&shares, &curve(&order, true)?));
        random_insertion_areas.push(area(&shares, &curve(&order, false)?));
    }
    Ok(Faithfulness {
        deletion_area: area(&shares, &deletion),
        insertion_area: area(&shares, &insertion),
        shares,
        deletion,
        insertion,
        random_deletion_areas,
        random_insertion_areas,
    })
}

/// The inputs with only some of the patches.
fn keep(inputs: &[Vec<f32>], sizes: &EncoderSizes, kept: &[bool]) -> Vec<Vec<f32>> {
    let mut changed = inputs.to_vec();
    for at in 0..sizes.side.pow(3) {
        if !kept[patch_of(sizes, at)] {
            changed.iter_mut().for_each(|input| input[at] = 0.0);
        }
    }
    changed
}

/// Area below a curve by trapezoids.
fn area(shares: &[f64], scores: &[f64]) -> f64 {
    let parts = shares.windows(2).zip(scores.windows(2));
    parts
        .map(|(x, y)| (x[1] - x[0]) * (y[0] + y[1]) / 2.0)
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Fault;

    fn sizes() -> EncoderSizes {
        EncoderSizes {
            side: 4,
            patch: 2,
            ..EncoderSizes::default()
        }
    }

    fn sum(inputs: &[Vec<f32>]) -> Result<f64, Fault> {
        Ok(inputs.iter().flatten().map(|&v| f64::from(v)).sum())
    }

    #[test]
    fn the_right_order_beats_all_others_and_the_reverse_none() {
        let values: Vec<f32> = (0..64).map(|at| patch_of(&sizes(), at) as f32).collect();
        let inputs = [values.clone()];
        let settings = FaithfulnessSettings {
            steps: 8,
            random_orders: 20,
            seed: 1,
        };
        let test = |map: Vec<f32>| {
            let maps = Maps {
                size: [4; 3],
                each: vec![map],
            };
            faithfulness(&maps, &inputs, &sizes(), settings, &sum, &mut |_, _| {}).unwrap()
        };
        let right = test(values.clone());
        // 8 voxels a patch: the scores while patch 7, 6, ... are taken away.
        let expected = [224.0, 168.0, 120.0, 80.0, 48.0, 24.0, 8.0, 0.0, 0.0];
        assert_eq!(right.deletion, expected);
        assert_eq!(right.deletion_area, 70.0);
        assert_eq!(right.insertion_area, 154.0);
        assert_eq!(
            (right.deletion_beats(), right.insertion_beats()),
            (1.0, 1.0)
        );
        let wrong = test(values.iter().map(|v| -v).collect());
        assert_eq!(
            (wrong.deletion_beats(), wrong.insertion_beats()),
            (0.0, 0.0)
        );
        assert_eq!(wrong.random_deletion_areas, right.random_deletion_areas);
    }
}
