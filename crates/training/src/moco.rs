//! MoCo v3 (Chen, Xie and He, 2021): two views of a patch are to be told from those of the other patches of the batch.

use crate::TrainingError;
use crate::activation::{relu, relu_backward};
use crate::batch_norm::{BatchNorm, BatchNormTape};
use crate::buffer::Buffer;
use crate::linear::Linear;
use crate::parameters::Layout;
use crate::sizes::EncoderSizes;
use crate::transformer::Kept;
use crate::vit::{Learning, Vit};
use serde::{Deserialize, Serialize};

/// Settings of MoCo v3.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MocoSettings {
    /// Length of the hidden layers of projector and predictor.
    pub hidden: usize,
    /// Length of what is compared.
    pub dimension: usize,
    /// Temperature of the contrast.
    pub temperature: f64,
    /// Momentum of the momentum encoder at the start; it rises to 1 along half a cosine.
    pub momentum: f64,
    /// Whether the embedding of patches stays as it began, which keeps training stable.
    pub freeze_patch_embedding: bool,
}

impl Default for MocoSettings {
    fn default() -> Self {
        Self {
            hidden: 4096,
            dimension: 256,
            temperature: 0.2,
            momentum: 0.99,
            freeze_patch_embedding: true,
        }
    }
}

impl MocoSettings {
    /// Checks the settings.
    ///
    /// # Errors
    /// [`TrainingError::Setting`].
    pub fn check(&self) -> Result<(), TrainingError> {
        for (field, value) in [("hidden", self.hidden), ("dimension", self.dimension)] {
            if !(1..=16_384).contains(&value) {
                return Err(TrainingError::setting(field, value, "1 to 16384"));
            }
        }
        if !(0.01..=10.0).contains(&self.temperature) {
            return Err(TrainingError::setting(
                "temperature",
                self.temperature,
                "0.01 to 10",
            ));
        }
        if !(0.0..=1.0).contains(&self.momentum) {
            return Err(TrainingError::setting("momentum", self.momentum, "0 to 1"));
        }
        Ok(())
    }

    /// The momentum at step `step` of `steps`.
    pub fn momentum_at(&self, step: usize, steps: usize) -> f64 {
        let done = step as f64 / steps.max(1) as f64;
        1.0 - 0.5 * (1.0 + (std::f64::consts::PI * done.min(1.0)).cos()) * (1.0 - self.momentum)
    }
}

/// Linear layers without bias, BatchNorm after each, ReLU between; the last BatchNorm is without gain and bias.
#[derive(Clone, Debug)]
struct Mlp {
    layers: Vec<(Linear, BatchNorm)>,
}

/// What goes into each layer, and its norm's tape.
type MlpTape = Vec<(Vec<f32>, BatchNormTape)>;

impl Mlp {
    fn new(layout: &mut Layout, (name, level): (&str, usize), widths: &[usize]) -> Self {
        let count = widths.len() - 1;
        let layers = widths.windows(2).enumerate().map(|(number, sizes)| {
            // Numbers as PyTorch's Sequential gives them: linear, norm, ReLU.
            let linear = format!("{name}.{}", 3 * number);
            let norm = format!("{name}.{}", 3 * number + 1);
            let sizes = [sizes[0], sizes[1]];
            (
                Linear::new(layout, (&linear, level), sizes, 1, false),
                BatchNorm::new(layout, (&norm, level), sizes[1], number + 1 < count),
            )
        });
        Self {
            layers: layers.collect(),
        }
    }

    fn forward(&self, p: &[f32], x: &[f32]) -> (Vec<f32>, MlpTape) {
        let mut x = x.to_vec();
        let mut tape = Vec::with_capacity(self.layers.len());
        for (number, (linear, norm)) in self.layers.iter().enumerate() {
            let (mut y, norm_tape) = norm.forward(p, &linear.forward(p, &x));
            if number + 1 < self.layers.len() {
                relu(&mut y);
            }
            tape.push((std::mem::replace(&mut x, y), norm_tape));
        }
        (x, tape)
    }

    fn backward(&self, p: &[f32], g: &mut [f32], tape: &MlpTape, dy: Vec<f32>) -> Vec<f32> {
        let mut d = dy;
        for (number, ((linear, norm), (x, norm_tape))) in
            self.layers.iter().zip(tape).enumerate().rev()
        {
            if let Some((after, _)) = tape.get(number + 1) {
                relu_backward(&mut d, after);
            }
            let dlinear = norm.backward(p, g, norm_tape, &d);
            d = linear.backward(p, g, x, &dlinear).to_vec();
        }
        d
    }
}

/// Encoder, projector and predictor. The momentum encoder has the weights of the first two, which lie first in the row.
#[derive(Clone, Debug)]
pub(crate) struct Moco {
    pub(crate) vit: Vit,
    settings: MocoSettings,
    projector: Mlp,
    predictor: Mlp,
    /// Numbers that the momentum encoder has.
    pub(crate) followed: usize,
}

/// The class tokens of samples of tokens.
pub(crate) fn class_tokens(tokens: &[f32], samples: usize, width: usize) -> Vec<f32> {
    let sample = tokens.len() / samples.max(1);
    tokens
        .chunks_exact(sample)
        .flat_map(|t| t[..width].iter().copied())
        .collect()
}

/// The gradient of all tokens from that of the class tokens.
pub(crate) fn spread_class(d: &[f32], width: usize, len: usize) -> Buffer {
    let mut all = Buffer::zeros(len);
    let sample = len / (d.len() / width).max(1);
    for (all, d) in all.chunks_exact_mut(sample).zip(d.chunks_exact(width)) {
        all[..width].copy_from_slice(d);
    }
    all
}

impl Moco {
    pub(crate) fn new(layout: &mut Layout, sizes: EncoderSizes, settings: MocoSettings) -> Self {
        let vit = Vit::new(layout, "encoder.", sizes);
        let (hidden, dimension) = (settings.hidden, settings.dimension);
        let level = sizes.depth + 2;
        let projector = Mlp::new(
            layout,
            ("projector", level),
            &[sizes.width, hidden, hidden, dimension],
        );
        let followed = layout.len();
        let predictor = Mlp::new(
            layout,
            ("predictor", level),
            &[dimension, hidden, dimension],
        );
        Self {
            vit,
            settings,
            projector,
            predictor,
            followed,
        }
    }

    /// The symmetric loss of two views of each sample; adds its gradient to `g`. `momentum` are the momentum encoder's weights.
    pub(crate) fn loss(
        &self,
        p: &[f32],
        momentum: &[f32],
        g: &mut [f32],
        views: &[Vec<Vec<f32>>; 2],
    ) -> f64 {
        let width = self.vit.sizes.width;
        let samples = views[0].len();
        let both: Vec<Vec<f32>> = views.iter().flatten().cloned().collect();
        let classes = |weights: &[f32], frozen| {
            let seen = self.vit.see_all(&both);
            let (tokens, tape) = self.vit.forward(weights, seen, Kept::default(), frozen);
            (
                class_tokens(&tokens, 2 * samples, width),
                tokens.len(),
                tape,
            )
        };
        // The momentum encoder does not learn: none of its tapes is kept.
        let (slow, ..) = classes(momentum, usize::MAX);
        let (fast, len, tape) = classes(p, 0);
        let half = samples * width;
        let keys = [&slow[..half], &slow[half..]].map(|x| self.projector.forward(momentum, x).0);
        let mut loss = 0.0;
        let mut dfast = Vec::with_capacity(fast.len());
        for (view, x) in [&fast[..half], &fast[half..]].into_iter().enumerate() {
            let (projected, projector_tape) = self.projector.forward(p, x);
            let (queries, predictor_tape) = self.predictor.forward(p, &projected);
            let (part, dqueries) = contrast(
                &queries,
                &keys[1 - view],
                self.settings.dimension,
                self.settings.temperature,
            );
            loss += part;
            let dprojected = self.predictor.backward(p, g, &predictor_tape, dqueries);
            dfast.extend(self.projector.backward(p, g, &projector_tape, dprojected));
        }
        let learning = Learning {
            frozen_blocks: 0,
            embedding: !self.settings.freeze_patch_embedding,
            input: false,
        };
        let dtokens = spread_class(&dfast, width, len);
        self.vit.backward(p, g, &tape, &dtokens, learning);
        loss
    }
}

/// InfoNCE with in-batch negatives: `2 T` times the cross-entropy of `q k^T / T` with the own sample as the right answer, q and k of length 1.
/// Returns the gradient of the queries as well. In double precision: these are few numbers.
fn contrast(queries: &[f32], keys: &[f32], dimension: usize, temperature: f64) -> (f64, Vec<f32>) {
    let unit = |rows: &[f32]| -> Vec<(Vec<f64>, f64)> {
        rows.chunks_exact(dimension)
            .map(|row| {
                let squares: f64 = row.iter().map(|&v| f64::from(v).powi(2)).sum();
                // As PyTorch's `normalize`: a length below 1e-12 counts as 1e-12.
                let length = squares.sqrt().max(1e-12);
                (row.iter().map(|&v| f64::from(v) / length).collect(), length)
            })
            .collect()
    };
    let (queries, keys) = (unit(queries), unit(keys));
    let samples = queries.len() as f64;
    let mut loss = 0.0;
    let mut gradient = Vec::with_capacity(queries.len() * dimension);
    for (own, (query, length)) in queries.iter().enumerate() {
        let similar: Vec<f64> = keys
            .iter()
            .map(|(key, _)| query.iter().zip(key).map(|(q, k)| q * k).sum::<f64>() / temperature)
            .collect();
        let highest = similar.iter().fold(f64::NEG_INFINITY, |h, &v| h.max(v));
        let sum: f64 = similar.iter().map(|v| (v - highest).exp()).sum();
        loss += 2.0 * temperature * (highest + sum.ln() - similar[own]) / samples;
        let mut d = vec![0f64; dimension];
        for (other, (key, _)) in keys.iter().enumerate() {
            let right = if other == own { 1.0 } else { 0.0 };
            let weight = 2.0 / samples * ((similar[other] - highest).exp() / sum - right);
            d.iter_mut().zip(key).for_each(|(d, k)| *d += weight * k);
        }
        // Through the division by the length.
        let along: f64 = d.iter().zip(query).map(|(d, q)| d * q).sum();
        gradient.extend(
            d.iter()
                .zip(query)
                .map(|(d, q)| ((d - along * q) / length) as f32),
        );
    }
    (loss, gradient)
}
