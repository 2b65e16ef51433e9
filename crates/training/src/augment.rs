//! Random changes of patches: what the published pretraining does (flips, histogram shift, Gaussian smoothing), and shift, contrast, noise.

use crate::TrainingError;
use crate::random::uniform;
use rand::{Rng, RngExt};
use rand_distr::{Distribution, StandardNormal};
use serde::{Deserialize, Serialize};

/// How patches are changed; 0 switches a change off. After all changes a patch has mean 0 and standard deviation 1 again, as every input of the
/// encoder has.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AugmentationSettings {
    /// Chance of a flip along each axis.
    pub flip: f64,
    /// Largest shift along each axis, voxels; what comes in at the border repeats its last voxels.
    pub shift: usize,
    /// Chance of a histogram shift: intensities go through a random rising curve.
    pub histogram_shift: f64,
    /// Chance of Gaussian smoothing.
    pub smooth: f64,
    /// Largest standard deviation of the smoothing, voxels.
    pub smooth_sigma: f64,
    /// Chance of noise.
    pub noise: f64,
    /// Largest standard deviation of the noise, as a share of the patch's own.
    pub noise_sigma: f64,
}

impl Default for AugmentationSettings {
    fn default() -> Self {
        Self {
            flip: 0.5,
            shift: 4,
            histogram_shift: 0.5,
            smooth: 0.3,
            smooth_sigma: 1.2,
            noise: 0.5,
            noise_sigma: 0.2,
        }
    }
}

/// Points of the random curve.
const POINTS: usize = 8;

impl AugmentationSettings {
    /// No changes at all.
    pub const NONE: Self = Self {
        flip: 0.0,
        shift: 0,
        histogram_shift: 0.0,
        smooth: 0.0,
        smooth_sigma: 0.0,
        noise: 0.0,
        noise_sigma: 0.0,
    };

    /// Checks the settings for patches of a side.
    ///
    /// # Errors
    /// [`TrainingError::Setting`].
    pub fn check(&self, side: usize) -> Result<(), TrainingError> {
        let chances = [
            ("flip", self.flip),
            ("histogram_shift", self.histogram_shift),
            ("smooth", self.smooth),
            ("noise", self.noise),
        ];
        for (field, value) in chances {
            if !(0.0..=1.0).contains(&value) {
                return Err(TrainingError::setting(field, value, "a chance from 0 to 1"));
            }
        }
        for (field, value) in [
            ("smooth_sigma", self.smooth_sigma),
            ("noise_sigma", self.noise_sigma),
        ] {
            if !(0.0..=10.0).contains(&value) {
                return Err(TrainingError::setting(field, value, "0 to 10"));
            }
        }
        if self.shift >= side {
            let allowed = format!("fewer voxels than the side, {side}");
            return Err(TrainingError::setting("shift", self.shift, allowed));
        }
        Ok(())
    }

    /// A changed copy of a patch `[channels][side][side][side]`; all channels change alike in space, each on its own in intensity.
    pub(crate) fn apply(&self, patch: &[f32], side: usize, rng: &mut impl Rng) -> Vec<f32> {
        self.apply_with_mask(patch, None, false, side, rng).0
    }

    /// The same with a mask `[side][side][side]` that moves with the voxels. `separate`: the channels are images of their own, as those that
    /// are fused before the encoder, and each is standardised by itself.
    pub(crate) fn apply_with_mask(
        &self,
        patch: &[f32],
        mask: Option<&[bool]>,
        separate: bool,
        side: usize,
        rng: &mut impl Rng,
    ) -> (Vec<f32>, Option<Vec<bool>>) {
        let places = self.places(side, rng);
        let mut changed = moved(patch, side, &places);
        self.change(&mut changed, side, rng);
        if *self != Self::NONE {
            let image = if separate { side.pow(3) } else { changed.len() };
            changed.chunks_mut(image.max(1)).for_each(standardise);
        }
        (changed, mask.map(|mask| moved(mask, side, &places)))
    }

    /// Changes of intensity, channel by channel.
    fn change(&self, patch: &mut [f32], side: usize, rng: &mut impl Rng) {
        for channel in patch.chunks_exact_mut(side.pow(3)) {
            if chance(rng, self.histogram_shift) {
                shift_histogram(channel, rng);
            }
            if chance(rng, self.smooth) {
                let sigma = uniform(rng, 0.0, self.smooth_sigma as f32);
                smooth(channel, side, sigma);
            }
            if chance(rng, self.noise) {
                // Before the histogram shift the patch had deviation 1; it hardly changes.
                let sigma = uniform(rng, 0.0, self.noise_sigma as f32);
                for voxel in channel.iter_mut() {
                    let z: f32 = StandardNormal.sample(rng);
                    *voxel += sigma * z;
                }
            }
        }
    }

    /// Flips and shift: for each axis (z, y, x), where each place takes its voxel from.
    fn places(&self, side: usize, rng: &mut impl Rng) -> [Vec<usize>; 3] {
        let last = side as isize - 1;
        let reach = self.shift as i64;
        std::array::from_fn(|_| {
            let flip = chance(rng, self.flip);
            let by = rng.random_range(-reach..=reach) as isize;
            (0..=last)
                .map(|at| {
                    let at = (at + by).clamp(0, last);
                    (if flip { last - at } else { at }) as usize
                })
                .collect()
        })
    }
}

/// Voxels `[channels][side][side][side]` from the places of [`AugmentationSettings::places`].
fn moved<T: Copy>(voxels: &[T], side: usize, from: &[Vec<usize>; 3]) -> Vec<T> {
    let mut moved = Vec::with_capacity(voxels.len());
    for channel in voxels.chunks_exact(side.pow(3)) {
        for &z in &from[0] {
            for &y in &from[1] {
                let row = &channel[(z * side + y) * side..(z * side + y + 1) * side];
                moved.extend(from[2].iter().map(|&x| row[x]));
            }
        }
    }
    moved
}

/// Whether something of that chance happens; a number is drawn always, so that switching one change off leaves the others as they were.
fn chance(rng: &mut impl Rng, probability: f64) -> bool {
    rng.random::<f64>() < probability
}

/// Sends intensities through a rising curve between the lowest and the highest: in pieces of lines through points that were moved, each less
/// than half the way to its neighbours (as MONAI's `RandHistogramShift` in idea).
fn shift_histogram(voxels: &mut [f32], rng: &mut impl Rng) {
    let low = voxels.iter().copied().fold(f32::INFINITY, f32::min);
    let high = voxels.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let step = (high - low) / (POINTS - 1) as f32;
    let moves: [f32; POINTS] = std::array::from_fn(|point| {
        let inner = point > 0 && point + 1 < POINTS;
        let by = uniform(rng, -0.49, 0.49);
        if inner { by } else { 0.0 }
    });
    if step.is_nan() || step <= 0.0 {
        return;
    }
    for voxel in voxels {
        let at = (*voxel - low) / step;
        let piece = (at as usize).min(POINTS - 2);
        let within = at - piece as f32;
        let moved = moves[piece] * (1.0 - within) + moves[piece + 1] * within;
        *voxel = low + step * (at + moved);
    }
}

/// Gaussian smoothing along each axis; borders repeat their last voxels.
fn smooth(voxels: &mut [f32], side: usize, sigma: f32) {
    if sigma < 0.1 {
        return;
    }
    let reach = (3.0 * sigma).ceil() as isize;
    let mut kernel: Vec<f32> = (-reach..=reach)
        .map(|i| (-0.5 * (i as f32 / sigma).powi(2)).exp())
        .collect();
    let sum: f32 = kernel.iter().sum();
    kernel.iter_mut().for_each(|k| *k /= sum);
    let last = side as isize - 1;
    let mut smoothed = vec![0f32; voxels.len()];
    for stride in [side * side, side, 1] {
        smoothed.fill(0.0);
        for (tap, &weight) in kernel.iter().enumerate() {
            let by = tap as isize - reach;
            // Blocks of `stride` voxels follow each other along the axis.
            for (number, out) in smoothed.chunks_exact_mut(stride).enumerate() {
                let (line, at) = (number / side, (number % side) as isize);
                let from = (line * side) + (at + by).clamp(0, last) as usize;
                let source = &voxels[from * stride..(from + 1) * stride];
                out.iter_mut()
                    .zip(source)
                    .for_each(|(o, s)| *o += weight * s);
            }
        }
        voxels.copy_from_slice(&smoothed);
    }
}

/// Mean 0 and standard deviation 1 (n - 1); a patch of constants becomes zeros, and voxels that are no numbers too.
pub fn standardise(voxels: &mut [f32]) {
    let count = voxels.len().max(2) as f64;
    let mean = voxels.iter().map(|&v| f64::from(v)).sum::<f64>() / count;
    let squares: f64 = voxels.iter().map(|&v| (f64::from(v) - mean).powi(2)).sum();
    let scale = 1.0 / ((squares / (count - 1.0)).sqrt() + 1e-8);
    for voxel in voxels {
        let value = ((f64::from(*voxel) - mean) * scale) as f32;
        *voxel = if value.is_finite() { value } else { 0.0 };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Purpose, stream};

    fn patch(side: usize) -> Vec<f32> {
        let voxels = side.pow(3);
        let mut patch: Vec<f32> = (0..voxels).map(|i| (i * 31 % 97) as f32).collect();
        standardise(&mut patch);
        patch
    }

    #[test]
    fn without_changes_a_patch_stays() {
        let patch = patch(6);
        let mut rng = stream(1, Purpose::Augmentation, 0, 0);
        assert_eq!(AugmentationSettings::NONE.apply(&patch, 6, &mut rng), patch);
    }

    #[test]
    fn a_certain_flip_turns_the_patch_around() {
        let patch = patch(6);
        let mut rng = stream(1, Purpose::Augmentation, 0, 0);
        let flip = AugmentationSettings {
            flip: 1.0,
            ..AugmentationSettings::NONE
        };
        let flipped = moved(&patch, 6, &flip.places(6, &mut rng));
        assert!(flipped.iter().eq(patch.iter().rev()));
    }

    #[test]
    fn a_mask_moves_with_its_images() {
        let one = patch(6);
        let images = [one.clone(), one.iter().map(|v| v * v).collect()].concat();
        let mask: Vec<bool> = one.iter().map(|&v| v > 1.0).collect();
        let moves = AugmentationSettings {
            flip: 0.5,
            shift: 2,
            ..AugmentationSettings::NONE
        };
        for sample in 0..20 {
            let mut rng = stream(1, Purpose::Augmentation, sample, 0);
            let (changed, moved) = moves.apply_with_mask(&images, Some(&mask), true, 6, &mut rng);
            // Standardising keeps the order of the voxels: those of the mask are still the brightest of the first image.
            let voxels = || changed[..216].iter().zip(moved.as_ref().unwrap());
            let inside = voxels().filter(|(_, m)| **m).map(|(v, _)| *v);
            let outside = voxels().filter(|(_, m)| !**m).map(|(v, _)| *v);
            assert!(inside.fold(f32::MAX, f32::min) > outside.fold(f32::MIN, f32::max));
            for image in changed.chunks_exact(216) {
                assert!(image.iter().sum::<f32>().abs() < 1e-2);
            }
        }
    }

    #[test]
    fn changed_patches_are_standardised_and_curves_rise() {
        let original = patch(8);
        let settings = AugmentationSettings {
            histogram_shift: 1.0,
            smooth: 1.0,
            noise: 1.0,
            ..AugmentationSettings::default()
        };
        let mut rng = stream(3, Purpose::Augmentation, 0, 0);
        let changed = settings.apply(&original, 8, &mut rng);
        let mean: f32 = changed.iter().sum::<f32>() / 512.0;
        assert!(mean.abs() < 1e-4 && changed != original);
        let mut ramp: Vec<f32> = (0..100).map(|i| i as f32).collect();
        shift_histogram(&mut ramp, &mut rng);
        assert!(ramp.windows(2).all(|w| w[0] < w[1]));
        // Smoothing keeps the mean of a constant patch.
        let mut flat = vec![2.0; 512];
        smooth(&mut flat, 8, 1.0);
        assert!(flat.iter().all(|v| (v - 2.0).abs() < 1e-5));
    }
}
