//! BL4AS' classifier on all tokens (`B4Classifier`): a bottleneck of every token, and two read-outs, one of the class token and one of the
//! tokens of the patches that touch the lesion.

use crate::TrainingError;
use crate::activation::{relu, relu_backward};
use crate::batch_norm::{BatchNorm, BatchNormTape};
use crate::buffer::Buffer;
use crate::linear::Linear;
use crate::parameters::Layout;
use serde::{Deserialize, Serialize};

/// Sizes of the head [`MaskedTwoBranch`](crate::HeadKind::MaskedTwoBranch); the defaults are those of the published one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TwoBranchSizes {
    /// Numbers of a token after the first layer.
    pub hidden: usize,
    /// Numbers of a token after the second: what the read-outs see.
    pub bottleneck: usize,
}

impl Default for TwoBranchSizes {
    fn default() -> Self {
        Self {
            hidden: 128,
            bottleneck: 7,
        }
    }
}

impl TwoBranchSizes {
    /// Checks that such a head can be built.
    ///
    /// # Errors
    /// [`TrainingError::Setting`].
    pub fn check(&self) -> Result<(), TrainingError> {
        for (field, value) in [
            ("two_branch.hidden", self.hidden),
            ("two_branch.bottleneck", self.bottleneck),
        ] {
            if !(1..=16_384).contains(&value) {
                return Err(TrainingError::setting(field, value, "1 to 16384"));
            }
        }
        Ok(())
    }
}

/// Linear (no bias), BatchNorm, ReLU, linear (no bias), BatchNorm without gain and bias, on every token; then a linear read-out of the class
/// token and one of the mean of the lesion's tokens. The logits are the mean of both.
#[derive(Clone, Debug)]
pub(crate) struct TwoBranch {
    fc1: Linear,
    norm1: BatchNorm,
    fc2: Linear,
    norm2: BatchNorm,
    class: Linear,
    lesion: Linear,
    bottleneck: usize,
}

/// What the backward pass and the running figures need.
pub(crate) struct TwoBranchTape {
    tokens: Vec<f32>,
    norm1: BatchNormTape,
    hidden: Vec<f32>,
    norm2: BatchNormTape,
    classes: Vec<f32>,
    lesions: Vec<f32>,
    shares: Vec<Vec<f32>>,
}

/// For each patch of an input, in C order, its share in the lesion's mean: patches that hold a voxel of the mask have equal ones, the others
/// none. A mask that touches no patch, as when a random shift moved it out, counts as one that touches all.
pub fn lesion_shares(mask: &[bool], side: usize, patch: usize) -> Vec<f32> {
    let grid = side / patch.max(1);
    let mut touched = vec![false; grid.pow(3)];
    for (at, _) in mask.iter().enumerate().filter(|(_, inside)| **inside) {
        let [z, y, x] = [at / (side * side), at / side % side, at % side].map(|v| v / patch);
        if let Some(touched) = touched.get_mut((z * grid + y) * grid + x) {
            *touched = true;
        }
    }
    let count = touched.iter().filter(|t| **t).count();
    if count == 0 {
        touched.fill(true);
    }
    let share = 1.0 / (if count == 0 { touched.len() } else { count }).max(1) as f32;
    let shares = touched.into_iter();
    shares.map(|t| if t { share } else { 0.0 }).collect()
}

impl TwoBranch {
    pub(crate) fn new(
        layout: &mut Layout,
        level: usize,
        [width, outputs]: [usize; 2],
        sizes: TwoBranchSizes,
    ) -> Self {
        let TwoBranchSizes { hidden, bottleneck } = sizes;
        let fc1 = Linear::new(layout, ("head.fc1", level), [width, hidden], 1, false);
        let norm1 = BatchNorm::with_running(layout, ("head.norm1", level), hidden, true);
        let fc2 = Linear::new(layout, ("head.fc2", level), [hidden, bottleneck], 1, false);
        let norm2 = BatchNorm::with_running(layout, ("head.norm2", level), bottleneck, false);
        let mut read_out =
            |name| Linear::new(layout, (name, level), [bottleneck, outputs], 1, true);
        let (class, lesion) = (read_out("head.class"), read_out("head.lesion"));
        Self {
            fc1,
            norm1,
            fc2,
            norm2,
            class,
            lesion,
            bottleneck,
        }
    }

    /// The class tokens and the means of the lesions' tokens, behind the bottleneck.
    fn branches(&self, tokens: &[f32], shares: &[Vec<f32>]) -> [Vec<f32>; 2] {
        let each = self.bottleneck;
        let sample = tokens.len() / shares.len().max(1);
        let (mut classes, mut lesions) = (Vec::new(), Vec::new());
        for (tokens, shares) in tokens.chunks_exact(sample.max(1)).zip(shares) {
            let (class, patches) = tokens.split_at(each);
            classes.extend_from_slice(class);
            let mut mean = vec![0f32; each];
            for (token, share) in patches.chunks_exact(each).zip(shares) {
                let sums = mean.iter_mut().zip(token);
                sums.for_each(|(mean, token)| *mean += share * token);
            }
            lesions.extend(mean);
        }
        [classes, lesions]
    }

    fn read(&self, p: &[f32], classes: &[f32], lesions: &[f32]) -> Vec<f32> {
        let (a, b) = (
            self.class.forward(p, classes),
            self.lesion.forward(p, lesions),
        );
        a.iter().zip(&*b).map(|(a, b)| 0.5 * (a + b)).collect()
    }

    /// Logits of samples with their lesions' shares; `tokens` are `[sample][class, patches][width]`. BatchNorm takes the figures of all
    /// tokens of the batch.
    pub(crate) fn forward(
        &self,
        p: &[f32],
        tokens: &[f32],
        shares: Vec<Vec<f32>>,
    ) -> (Vec<f32>, TwoBranchTape) {
        let (mut hidden, norm1) = self.norm1.forward(p, &self.fc1.forward(p, tokens));
        relu(&mut hidden);
        let (narrow, norm2) = self.norm2.forward(p, &self.fc2.forward(p, &hidden));
        let [classes, lesions] = self.branches(&narrow, &shares);
        let logits = self.read(p, &classes, &lesions);
        let tape = TwoBranchTape {
            tokens: tokens.to_vec(),
            norm1,
            hidden,
            norm2,
            classes,
            lesions,
            shares,
        };
        (logits, tape)
    }

    /// The same with BatchNorm's running figures: a sample's logits do not depend on the others.
    pub(crate) fn evaluate(&self, p: &[f32], tokens: &[f32], shares: &[Vec<f32>]) -> Vec<f32> {
        let mut hidden = self.norm1.evaluate(p, &self.fc1.forward(p, tokens));
        relu(&mut hidden);
        let narrow = self.norm2.evaluate(p, &self.fc2.forward(p, &hidden));
        let [classes, lesions] = self.branches(&narrow, shares);
        self.read(p, &classes, &lesions)
    }

    /// From the gradient of the logits to that of the tokens; adds those of the weights to `g`.
    pub(crate) fn backward(
        &self,
        p: &[f32],
        g: &mut [f32],
        tape: &TwoBranchTape,
        dlogits: &[f32],
    ) -> Buffer {
        let half: Vec<f32> = dlogits.iter().map(|d| 0.5 * d).collect();
        let dclasses = self.class.backward(p, g, &tape.classes, &half);
        let dlesions = self.lesion.backward(p, g, &tape.lesions, &half);
        let each = self.bottleneck;
        let mut dnarrow = Vec::new();
        let rows = dclasses.chunks_exact(each).zip(dlesions.chunks_exact(each));
        for ((dclass, dlesion), shares) in rows.zip(&tape.shares) {
            dnarrow.extend_from_slice(dclass);
            for share in shares {
                dnarrow.extend(dlesion.iter().map(|d| share * d));
            }
        }
        let d = self.norm2.backward(p, g, &tape.norm2, &dnarrow);
        let mut d = self.fc2.backward(p, g, &tape.hidden, &d);
        relu_backward(&mut d, &tape.hidden);
        let d = self.norm1.backward(p, g, &tape.norm1, &d);
        self.fc1.backward(p, g, &tape.tokens, &d)
    }

    /// Lets the running figures of the norms follow a batch.
    pub(crate) fn follow(&self, p: &mut [f32], tape: &TwoBranchTape) {
        self.norm1.follow(p, &tape.norm1);
        self.norm2.follow(p, &tape.norm2);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patches_that_touch_the_mask_share_alike() {
        let mut mask = vec![false; 8 * 8 * 8];
        // One voxel in the first patch, and two in the last.
        for at in [0, 511, 510] {
            mask[at] = true;
        }
        assert_eq!(
            lesion_shares(&mask, 8, 4),
            [0.5, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.5]
        );
        assert_eq!(lesion_shares(&[false; 512], 8, 4), [0.125; 8]);
    }
}
