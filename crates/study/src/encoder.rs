//! The encoder of a study: a checkpoint or a card that is named, or the one that ships; embeddings of views, from the cache when they are known.

use crate::StudyError;
use crate::embedding_cache::EmbeddingCache;
use crate::encoder_tensors::encoder_tensors;
use crate::recipe::TokenChoice;
use crate::source::file_name;
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};
use triher_encoder::Encoder;
use triher_onnx::{OnnxEncoder, Runtime};
use triher_patch::{Profile, TestTime, Variant, Window, encoder_input};
use triher_training::TracedEncoder;
use triher_volume::{Image, Mask};

/// An encoder that is ready to use, and what it is called in reports.
#[derive(Debug)]
pub struct StudyEncoder {
    network: Network,
    width: usize,
    name: String,
    weights: Option<PathBuf>,
    cache: Option<EmbeddingCache>,
}

/// What computes embeddings.
#[derive(Debug)]
enum Network {
    /// The vision transformer of the published family.
    Transformer(Box<Encoder>),
    /// Any other, as ONNX with a card.
    Onnx(Box<OnnxEncoder>),
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
    /// Whether the patch has one and the same value everywhere, so that the embedding says nothing.
    pub constant: bool,
}

/// What runs ONNX models: tract, or ONNX Runtime where the environment variable `ORT_DYLIB_PATH` names its library.
pub(crate) fn onnx_runtime() -> Runtime {
    match std::env::var_os("ORT_DYLIB_PATH") {
        Some(library) if !library.is_empty() => Runtime::OnnxRuntime {
            library: Some(library.into()),
        },
        _ => Runtime::Tract,
    }
}

impl StudyEncoder {
    /// Loads a checkpoint, a card of an ONNX model (a file that ends in `.toml`), or without either the encoder that ships
    /// ([`triher_compact`]). ONNX models run in tract; where the environment variable `ORT_DYLIB_PATH` names ONNX Runtime's library, in that.
    ///
    /// # Errors
    /// When the weights cannot be loaded.
    pub fn load(weights: Option<&Path>) -> Result<Self, StudyError> {
        let (network, width, name) = match weights {
            Some(path) if path.extension().is_some_and(|e| e == "toml") => {
                let model = OnnxEncoder::open(path, &onnx_runtime())?;
                let width = model.width()?;
                let name = format!("{} ({})", model.card().name, file_name(&model.card().file));
                (Network::Onnx(Box::new(model)), width, name)
            }
            Some(path) => {
                let encoder = Encoder::load(path)?;
                let width = encoder.config().width;
                (
                    Network::Transformer(Box::new(encoder)),
                    width,
                    file_name(path),
                )
            }
            None => {
                let encoder = triher_compact::encoder()?;
                let width = encoder.config().width;
                let name = triher_compact::NAME.to_owned();
                (Network::Transformer(Box::new(encoder)), width, name)
            }
        };
        Ok(Self {
            network,
            width,
            name,
            weights: weights.map(Path::to_owned),
            cache: EmbeddingCache::of_this_user(),
        })
    }

    /// What it is called in reports: the file's name, or which encoder ships.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What a user of its embeddings must know, when there is something.
    pub fn caution(&self) -> Option<String> {
        match &self.network {
            Network::Transformer(encoder) if encoder.is_behind_fusion() => Some(format!(
                "{} were tuned behind a fusion of three images (C2-C0, C2 and C5-C2), and are fed one image at a time here: their embeddings are not those of the tuned network, whose own predictions `triher finetune` writes",
                self.name
            )),
            _ => None,
        }
    }

    /// SHA-256 of the weights, or of the ONNX file.
    pub fn sha256(&self) -> &str {
        match &self.network {
            Network::Transformer(encoder) => encoder.sha256(),
            Network::Onnx(model) => model.sha256(),
        }
    }

    /// Numbers of an embedding.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Where a lesion is cut: as the profile says, or at the spacing that the encoder's card asks for.
    ///
    /// # Errors
    /// When the mask is empty.
    pub fn window(&self, lesion: &Mask, profile: &Profile) -> Result<Window, StudyError> {
        let fixed = match &self.network {
            Network::Onnx(model) => model.card().cube(),
            Network::Transformer(_) => None,
        };
        Ok(match fixed {
            Some((size, spacing_mm)) => Window::fixed(lesion, size, spacing_mm)?,
            None => Window::of(lesion, profile)?,
        })
    }

    /// The network with its gradients; `None` for an ONNX model, which has none here.
    ///
    /// # Errors
    /// When the weights cannot be read again.
    pub(crate) fn traced(&self) -> Result<Option<TracedEncoder>, StudyError> {
        match self.network {
            Network::Onnx(_) => Ok(None),
            Network::Transformer(_) => {
                let (sizes, tensors) = encoder_tensors(self.weights.as_deref())?;
                Ok(Some(TracedEncoder::new(sizes, &tensors)?))
            }
        }
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
        let mut seen = Vec::with_capacity(patches.len() * views.len());
        for patch in patches {
            for (view, mask) in views.iter().zip(&masks) {
                seen.push(self.input(view.of(patch), mask, how.variant)?);
            }
        }
        let constant: Vec<bool> = seen
            .chunks(views.len())
            .map(|views| is_constant(views[0].voxels()))
            .collect();
        let numbers = self.embed_inputs(&seen, &masks, how.token)?;
        let mut numbers = numbers.into_iter();
        Ok(constant
            .into_iter()
            .map(|constant| {
                let views: Vec<Vec<f64>> = numbers.by_ref().take(views.len()).collect();
                Embedded::new(views, constant)
            })
            .collect())
    }

    /// A patch as the network takes it: normalised, but for a model whose card says how.
    pub(crate) fn input(
        &self,
        patch: Image,
        mask: &Mask,
        variant: Variant,
    ) -> Result<Image, StudyError> {
        match &self.network {
            Network::Transformer(_) => {
                let normalised = encoder_input(&patch, mask, variant)?;
                Ok(Image::new(
                    *patch.geometry(),
                    normalised,
                    patch.provenance().clone(),
                )?)
            }
            Network::Onnx(_) => {
                let mut patch = patch;
                if variant == Variant::RoiOnly {
                    let voxels = patch.voxels_mut().iter_mut().zip(mask.voxels());
                    voxels
                        .filter(|(_, inside)| !**inside)
                        .for_each(|(v, _)| *v = 0.0);
                }
                Ok(patch)
            }
        }
    }

    /// Embeds normalised inputs, those that the cache does not know; input `i` has mask `i mod masks.len()`.
    fn embed_inputs(
        &self,
        inputs: &[Image],
        masks: &[Mask],
        token: TokenChoice,
    ) -> Result<Vec<Vec<f64>>, StudyError> {
        let mask_of = |at: usize| &masks[at % masks.len()];
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
        let unknown: Vec<&Image> = missing.iter().map(|&at| &inputs[at]).collect();
        let of_unknown: Vec<&Mask> = missing.iter().map(|&at| mask_of(at)).collect();
        let computed = self.compute(&unknown, &of_unknown, token)?;
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

    /// Embeds normalised inputs, each with its mask, whether or not the cache knows them, and leaves the cache as it is.
    ///
    /// # Errors
    /// When an input does not fit the encoder, or an ONNX model is asked for tokens of the mask.
    pub(crate) fn compute(
        &self,
        inputs: &[&Image],
        masks: &[&Mask],
        token: TokenChoice,
    ) -> Result<Vec<Vec<f32>>, StudyError> {
        Ok(match &self.network {
            Network::Transformer(encoder) => {
                let patches: Vec<&[f32]> = inputs.iter().map(|i| i.voxels()).collect();
                match token {
                    TokenChoice::Class => {
                        let embeddings = encoder.embed(&patches)?;
                        embeddings.into_iter().map(|e| e.class_token).collect()
                    }
                    TokenChoice::MaskPooled => {
                        let embeddings = encoder.embed_tokens(&patches)?;
                        let pooled = embeddings.iter().zip(masks);
                        pooled
                            .map(|(e, mask)| e.mask_pooled(mask.voxels()))
                            .collect::<Result<Vec<Vec<f32>>, _>>()?
                    }
                }
            }
            Network::Onnx(model) => {
                if token == TokenChoice::MaskPooled {
                    return Err(StudyError::Input(format!(
                        "{} is an ONNX model, and its card says what is taken from it: leave the token at its default",
                        self.name
                    )));
                }
                let patches: Vec<Image> = inputs.iter().map(|&i| i.clone()).collect();
                let masks: Vec<Mask> = masks.iter().map(|&m| m.clone()).collect();
                model.embed(&patches, &masks)?
            }
        })
    }

    /// SHA-256 of all that an embedding depends on.
    fn content(&self, input: &Image, mask: &Mask, token: TokenChoice) -> [u8; 32] {
        let mut hasher = Sha256::new();
        hasher.update(crate::VERSION);
        hasher.update(self.sha256());
        let with_mask = match &self.network {
            Network::Transformer(_) => {
                hasher.update(Encoder::arithmetic());
                hasher.update([token as u8]);
                token == TokenChoice::MaskPooled
            }
            Network::Onnx(model) => {
                hasher.update(model.reading());
                true
            }
        };
        for size in input.geometry().size() {
            hasher.update((size as u64).to_le_bytes());
        }
        for value in input.voxels() {
            hasher.update(value.to_le_bytes());
        }
        if with_mask {
            let mask: Vec<u8> = mask.voxels().iter().map(|&v| u8::from(v)).collect();
            hasher.update(mask);
        }
        hasher.finalize().into()
    }
}

/// Whether all voxels have one value.
fn is_constant(voxels: &[f32]) -> bool {
    voxels.iter().all(|v| Some(v) == voxels.first())
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
    use triher_checkpoint::{Checkpoint, Limits};

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

    /// Weights that were tuned behind a fusion say so; others have nothing to say.
    #[test]
    fn weights_behind_a_fusion_are_told() {
        let encoder = |behind: bool| {
            let bytes = triher_compact::WEIGHTS;
            let checkpoint =
                Checkpoint::from_bytes("tuned".as_ref(), bytes, &Limits::default()).unwrap();
            let mut tensors = checkpoint.encoder_tensors().unwrap();
            if behind {
                tensors.names.ignored.push("fusion.weight".to_owned());
            }
            StudyEncoder {
                network: Network::Transformer(Box::new(Encoder::from_tensors(tensors).unwrap())),
                width: 1,
                name: "tuned.safetensors".to_owned(),
                weights: None,
                cache: None,
            }
        };
        assert_eq!(encoder(false).caution(), None);
        let told = encoder(true).caution().unwrap();
        assert!(told.contains("tuned.safetensors were tuned"), "{told}");
    }
}
