//! Masked autoencoder (He et al., 2022): the encoder sees a few patches, a light decoder guesses the others.

use crate::TrainingError;
use crate::buffer::Buffer;
use crate::linear::{Linear, add_rows};
use crate::moco::class_tokens;
use crate::parameters::{Layout, Slot, Start};
use crate::position;
use crate::random::{Purpose, permutation, stream};
use crate::reading::Reading;
use crate::sizes::EncoderSizes;
use crate::source::TRUTH;
use crate::transformer::{Kept, Transformer};
use crate::vit::{Learning, Seen, Vit, unfold_all};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// Settings of the masked autoencoder.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MaeSettings {
    /// Share of the patches that is hidden from the encoder.
    pub mask_ratio: f64,
    /// Length of a token in the decoder: 6 and its heads divide it.
    pub decoder_width: usize,
    /// Blocks of the decoder.
    pub decoder_depth: usize,
    /// Heads of the decoder.
    pub decoder_heads: usize,
    /// Whether each patch is to be guessed with its own mean and deviation taken out.
    pub normalise_patches: bool,
    /// Weight of a second loss: the class token is to tell, by a linear layer, what the source knows of each patch
    /// ([`PatchSource::truth`](crate::PatchSource::truth)), such as the kinetics that a lesion was simulated with. 0: no such loss.
    pub truth: f64,
}

impl Default for MaeSettings {
    fn default() -> Self {
        Self {
            mask_ratio: 0.75,
            decoder_width: 96,
            decoder_depth: 2,
            decoder_heads: 6,
            normalise_patches: true,
            truth: 0.0,
        }
    }
}

impl MaeSettings {
    /// Checks that such a decoder can be built for an encoder.
    ///
    /// # Errors
    /// [`TrainingError::Setting`].
    pub fn check(&self, sizes: &EncoderSizes) -> Result<(), TrainingError> {
        let seen = self.seen(sizes);
        if !(0.0..1.0).contains(&self.mask_ratio) || seen == 0 || seen == sizes.patches() {
            let allowed = format!(
                "a share that hides some but not all of the {} patches",
                sizes.patches()
            );
            return Err(TrainingError::setting(
                "mask_ratio",
                self.mask_ratio,
                allowed,
            ));
        }
        if !(0.0..=1e6).contains(&self.truth) {
            return Err(TrainingError::setting("truth", self.truth, "0 to 1000000"));
        }
        let decoder = EncoderSizes {
            width: self.decoder_width,
            depth: self.decoder_depth,
            heads: self.decoder_heads,
            ..*sizes
        };
        match decoder.check() {
            Err(TrainingError::Setting {
                field,
                value,
                allowed,
            }) => {
                let field = match field {
                    "width" => "decoder_width",
                    "depth" => "decoder_depth",
                    "heads" => "decoder_heads",
                    other => other,
                };
                Err(TrainingError::Setting {
                    field,
                    value,
                    allowed,
                })
            }
            other => other,
        }
    }

    fn seen(&self, sizes: &EncoderSizes) -> usize {
        (sizes.patches() as f64 * (1.0 - self.mask_ratio)) as usize
    }
}

/// Encoder and decoder.
#[derive(Clone, Debug)]
pub(crate) struct Mae {
    pub(crate) vit: Vit,
    settings: MaeSettings,
    narrow: Linear,
    hidden_token: Slot,
    decoder: Transformer,
    guess: Linear,
    positions: Vec<f32>,
    reading: Option<Reading>,
}

impl Mae {
    pub(crate) fn new(layout: &mut Layout, sizes: EncoderSizes, settings: MaeSettings) -> Self {
        let vit = Vit::new(layout, "encoder.", sizes);
        let level = sizes.depth + 2;
        let (width, depth) = (settings.decoder_width, settings.decoder_depth);
        let narrow = Linear::new(
            layout,
            ("decoder_embed", level),
            [sizes.width, width],
            1,
            true,
        );
        let hidden_token = layout.add(
            "mask_token".to_owned(),
            &[1, 1, width],
            Start::Normal(0.02),
            level,
        );
        let decoder = Transformer::new(
            layout,
            ("decoder_blocks.", "decoder_norm"),
            level,
            [depth, width, settings.decoder_heads, 4 * width],
        );
        let guess = Linear::new(
            layout,
            ("decoder_pred", level),
            [width, sizes.patch_len()],
            1,
            true,
        );
        let reading = (settings.truth > 0.0)
            .then(|| Reading::new(layout, level, sizes.width, TRUTH, settings.truth));
        Self {
            vit,
            settings,
            reading,
            narrow,
            hidden_token,
            decoder,
            guess,
            positions: position::table(sizes.grid(), width),
        }
    }

    /// The patches that the encoder sees of the sample at `position` in the run, in ascending order.
    pub(crate) fn draw_seen(&self, seed: u64, position: u64) -> Vec<usize> {
        let sizes = &self.vit.sizes;
        let mut rng = stream(seed, Purpose::Mask, position, 0);
        let mut order = permutation(&mut rng, sizes.patches());
        order.truncate(self.settings.seen(sizes));
        order.sort_unstable();
        order
    }

    /// The loss of some inputs, of which the encoder sees the patches `seen` (as many of each); adds its gradient to `g`.
    ///
    /// It is the mean of the squared errors over the voxels of the patches that were hidden; with a reading, that of `truth` (a row for each
    /// input) is added.
    pub(crate) fn loss(
        &self,
        p: &[f32],
        g: &mut [f32],
        (inputs, truth): (&[Vec<f32>], &[Vec<f32>]),
        seen: &[Vec<usize>],
    ) -> f64 {
        let sizes = self.vit.sizes;
        let (all, row, width) = (
            sizes.patches(),
            sizes.patch_len(),
            self.settings.decoder_width,
        );
        let voxels = unfold_all(&sizes, inputs);
        let samples = inputs.len();
        let patch_of = |sample: usize, patch: usize| {
            let start = (sample * all + patch) * row;
            &voxels[start..start + row]
        };

        let places: Vec<usize> = seen.iter().flatten().copied().collect();
        let each = places.len() / samples;
        let mut patches = Buffer::unwritten(places.len() * row);
        let rows = patches.chunks_exact_mut(row).zip(&places);
        for (number, (patch, &place)) in rows.enumerate() {
            patch.copy_from_slice(patch_of(number / each, place));
        }
        let seen_patches = Seen {
            patches,
            places,
            samples,
        };
        let (tokens, tape) = self.vit.forward(p, seen_patches, Kept::default(), 0);

        // Every patch gets a token for the decoder: its own, or the one of hidden patches.
        let narrowed = self.narrow.forward(p, &tokens);
        let hidden_token = &p[self.hidden_token.range()];
        let mut filled = Buffer::unwritten(samples * self.positions.len());
        let one = filled.chunks_exact_mut(self.positions.len());
        one.for_each(|one| one.copy_from_slice(&self.positions));
        let mut sources = vec![None; samples * (all + 1)];
        for (sample, seen) in seen.iter().enumerate() {
            sources[sample * (all + 1)] = Some(sample * (each + 1));
            for (number, place) in seen.iter().enumerate() {
                sources[sample * (all + 1) + 1 + place] = Some(sample * (each + 1) + 1 + number);
            }
        }
        for (token, source) in filled.chunks_exact_mut(width).zip(&sources) {
            let from = source.map_or(hidden_token, |s| &narrowed[s * width..(s + 1) * width]);
            token.iter_mut().zip(from).for_each(|(t, v)| *t += v);
        }
        let (decoded, decoder_tape) = self.decoder.forward(p, filled, all + 1, Kept::default(), 0);

        let hidden: Vec<usize> = (0..sources.len())
            .filter(|&t| sources[t].is_none())
            .collect();
        let mut guessed_from = Vec::with_capacity(hidden.len() * width);
        for &token in &hidden {
            guessed_from.extend_from_slice(&decoded[token * width..(token + 1) * width]);
        }
        let mut guesses = self.guess.forward(p, &guessed_from);
        let scale = 1.0 / guesses.len() as f64;
        let losses: Vec<f64> = hidden
            .par_iter()
            .zip(guesses.par_chunks_mut(row))
            .map(|(&token, guess)| {
                let patch = patch_of(token / (all + 1), token % (all + 1) - 1);
                let sum = self.errors(guess, patch);
                // From here on the guesses' place holds their gradient.
                guess.iter_mut().for_each(|e| *e *= (2.0 * scale) as f32);
                sum * scale
            })
            .collect();
        let mut loss: f64 = losses.iter().sum();

        let dfrom = self.guess.backward(p, g, &guessed_from, &guesses);
        let mut ddecoded = Buffer::zeros(decoded.len());
        for (&token, d) in hidden.iter().zip(dfrom.chunks_exact(width)) {
            ddecoded[token * width..(token + 1) * width].copy_from_slice(d);
        }
        let dfilled = self.decoder.backward(p, g, (&decoder_tape, 0), &ddecoded);
        let mut dnarrowed = Buffer::zeros(narrowed.len());
        let mut dhidden = Vec::with_capacity(hidden.len() * width);
        for (d, source) in dfilled.chunks_exact(width).zip(&sources) {
            match source {
                Some(s) => dnarrowed[s * width..(s + 1) * width].copy_from_slice(d),
                None => dhidden.extend_from_slice(d),
            }
        }
        add_rows(&mut g[self.hidden_token.range()], &dhidden);
        let mut dtokens = self.narrow.backward(p, g, &tokens, &dnarrowed);
        if let Some(reading) = &self.reading {
            let classes = class_tokens(&tokens, samples, sizes.width);
            let (more, dclasses) = reading.loss(p, g, &classes, truth);
            loss += more;
            let sample = (each + 1) * sizes.width;
            let firsts = dtokens.chunks_exact_mut(sample);
            for (d, more) in firsts.zip(dclasses.chunks_exact(sizes.width)) {
                d.iter_mut().zip(more).for_each(|(d, more)| *d += more);
            }
        }
        self.vit.backward(p, g, &tape, &dtokens, Learning::ALL);
        loss
    }

    /// Replaces a guess by its errors and returns the sum of their squares.
    fn errors(&self, guess: &mut [f32], patch: &[f32]) -> f64 {
        let count = patch.len() as f64;
        let (mean, deviation) = if self.settings.normalise_patches {
            let mean = patch.iter().map(|&v| f64::from(v)).sum::<f64>() / count;
            let squares: f64 = patch.iter().map(|&v| (f64::from(v) - mean).powi(2)).sum();
            (mean, (squares / (count - 1.0).max(1.0) + 1e-6).sqrt())
        } else {
            (0.0, 1.0)
        };
        let mut sum = 0.0;
        for (guess, &voxel) in guess.iter_mut().zip(patch) {
            *guess -= ((f64::from(voxel) - mean) / deviation) as f32;
            sum += f64::from(*guess).powi(2);
        }
        sum
    }
}
