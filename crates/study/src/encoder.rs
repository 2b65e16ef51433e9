//! The encoder of a study: a checkpoint that is named, or the one that ships; embeddings of views, from the cache when they are known.

use crate::StudyError;
use crate::embedding_cache::EmbeddingCache;
use crate::recipe::TokenChoice;
use crate::source::file_name;
use sha2::{Digest, Sha256};
use std::path::Path;
use triher_encoder::Encoder;
use triher_patch::{TestTime, Variant, encoder_input};
use triher_volume::{Image, Mask};

/// An encoder that is ready to use, and what it is called in reports.
#[derive(Debug)]
pub struct StudyEncoder {
    network: Encoder,
    name: String,
    cache: Option<EmbeddingCache>,
}

/// How patches are fed and what is taken from the encoder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// Whether voxels outside of the lesion are kept.
    pub variant: Variant,
    /// Which tokens make the embedding.
    pub token: TokenChoice,
    /// Which views of a patch are embedded and averaged.
    pub test_time: TestTime,
}

/// What one patch became.
#[derive(Clone, Debug, PartialEq)]
pub struct Embedded {
    /// Mean over the views.
    pub mean: Vec<f64>,
    /// Standard deviation over the views (n - 1), one for each number of the mean; zeros with one view.
    pub spread: Vec<f64>,
    /// Each view, the unchanged patch first.
    pub views: Vec<Vec<f64>>,
    /// Whether every voxel of the normalised patch was 0: the image is constant there, so the embedding says nothing.
    pub constant: bool,
}

impl StudyEncoder {
    /// Loads a checkpoint, or without one the encoder that ships ([`triher_compact`]).
    ///
    /// # Errors
    /// When the checkpoint cannot be loaded.
    pub fn load(weights: Option<&Path>) -> Result<Self, StudyError> {
        let (network, name) = match weights {
            Some(path) => (Encoder::load(path)?, file_name(path)),
            None => (triher_compact::encoder()?, triher_compact::NAME.to_owned()),
        };
        Ok(Self {
            network,
            name,
            cache: EmbeddingCache::of_this_user(),
        })
    }

    /// What it is called in reports: the file's name, or which encoder ships.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// SHA-256 of the weights.
    pub fn sha256(&self) -> &str {
        self.network.sha256()
    }

    /// Numbers of an embedding.
    pub fn width(&self) -> usize {
        self.network.config().width
    }

    /// Embeds patches of one lesion, before normalisation.
    ///
    /// # Errors
    /// When a patch holds no number, or does not fit the encoder.
    pub fn embed(
        &self,
        patches: &[Image],
        mask: &Mask,
        how: &Reading,
    ) -> Result<Vec<Embedded>, StudyError> {
        let views = how.test_time.views();
        let masks: Vec<Mask> = views.iter().map(|view| view.of(mask)).collect();
        let mut inputs = Vec::with_capacity(patches.len() * views.len());
        for patch in patches {
            for (view, mask) in views.iter().zip(&masks) {
                inputs.push(encoder_input(&view.of(patch), mask, how.variant)?);
            }
        }
        let constant: Vec<bool> = inputs
            .chunks(views.len())
            .map(|views| views[0].iter().all(|&v| v == 0.0))
            .collect();
        let numbers = self.embed_inputs(&inputs, &masks, how.token)?;
        let mut numbers = numbers.into_iter();
        Ok(constant
            .into_iter()
            .map(|constant| {
                let views: Vec<Vec<f64>> = numbers.by_ref().take(views.len()).collect();
                Embedded::new(views, constant)
            })
            .collect())
    }

    /// Embeds normalised inputs, those that the cache does not know; input `i` has mask `i mod masks.len()`.
    fn embed_inputs(
        &self,
        inputs: &[Vec<f32>],
        masks: &[Mask],
        token: TokenChoice,
    ) -> Result<Vec<Vec<f64>>, StudyError> {
        let mask_of = |at: usize| masks[at % masks.len()].voxels();
        let keys: Vec<Option<String>> = (0..inputs.len())
            .map(|at| {
                let cache = self.cache.as_ref()?;
                Some(cache.key(&self.content(&inputs[at], mask_of(at), token)))
            })
            .collect();
        let known = |key: &Option<String>| self.cache.as_ref()?.get(key.as_ref()?, self.width());
        let mut found: Vec<Option<Vec<f32>>> = keys.iter().map(known).collect();
        let missing: Vec<usize> = (0..inputs.len())
            .filter(|&at| found[at].is_none())
            .collect();
        let patches: Vec<&[f32]> = missing.iter().map(|&at| inputs[at].as_slice()).collect();
        let computed: Vec<Vec<f32>> = match token {
            TokenChoice::Class => {
                let embeddings = self.network.embed(&patches)?;
                embeddings.into_iter().map(|e| e.class_token).collect()
            }
            TokenChoice::MaskPooled => {
                let embeddings = self.network.embed_tokens(&patches)?;
                let pooled = embeddings.iter().zip(&missing);
                pooled
                    .map(|(e, &at)| e.mask_pooled(mask_of(at)))
                    .collect::<Result<_, _>>()?
            }
        };
        for (at, values) in missing.into_iter().zip(computed) {
            if let (Some(cache), Some(key)) = (&self.cache, &keys[at]) {
                cache.put(key, &values);
            }
            found[at] = Some(values);
        }
        Ok(found
            .into_iter()
            .map(|values| {
                values
                    .unwrap_or_default()
                    .into_iter()
                    .map(f64::from)
                    .collect()
            })
            .collect())
    }

    /// SHA-256 of all that an embedding depends on.
    fn content(&self, input: &[f32], mask: &[bool], token: TokenChoice) -> [u8; 32] {
        let mut hasher = Sha256::new();
        hasher.update(crate::VERSION);
        hasher.update(Encoder::arithmetic());
        hasher.update(self.sha256());
        hasher.update([token as u8]);
        for value in input {
            hasher.update(value.to_le_bytes());
        }
        if token == TokenChoice::MaskPooled {
            let mask: Vec<u8> = mask.iter().map(|&inside| u8::from(inside)).collect();
            hasher.update(mask);
        }
        hasher.finalize().into()
    }
}

impl Embedded {
    fn new(views: Vec<Vec<f64>>, constant: bool) -> Self {
        let count = views.len() as f64;
        let width = views.first().map_or(0, Vec::len);
        let across = |at: usize| views.iter().map(move |view| view[at]);
        let mean: Vec<f64> = (0..width)
            .map(|at| across(at).sum::<f64>() / count)
            .collect();
        let spread = (0..width)
            .map(|at| {
                let squares: f64 = across(at).map(|v| (v - mean[at]).powi(2)).sum();
                (squares / (count - 1.0).max(1.0)).sqrt()
            })
            .collect();
        Self {
            mean,
            spread,
            views,
            constant,
        }
    }

    /// The spread as one number: length of the standard deviations over length of the mean.
    pub fn relative_spread(&self) -> f64 {
        let length = |values: &[f64]| values.iter().map(|v| v * v).sum::<f64>().sqrt();
        length(&self.spread) / length(&self.mean).max(f64::MIN_POSITIVE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn views_are_averaged_and_their_spread_is_told() {
        let views = vec![vec![1.0, 5.0], vec![3.0, 5.0], vec![5.0, 5.0]];
        let embedded = Embedded::new(views, false);
        assert_eq!(embedded.mean, [3.0, 5.0]);
        assert_eq!(embedded.spread, [2.0, 0.0]);
        assert!((embedded.relative_spread() - 2.0 / 34f64.sqrt()).abs() < 1e-15);
        let alone = Embedded::new(vec![vec![7.0]], false);
        assert_eq!((alone.mean[0], alone.spread[0]), (7.0, 0.0));
    }
}
