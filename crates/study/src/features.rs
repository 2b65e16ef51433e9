//! The features of one lesion, as the recipe says.

use crate::StudyError;
use crate::recipe::{EmbeddingRecipe, Recipe, TokenChoice};
use crate::source::file_name;
use std::path::Path;
use triher_encoder::Encoder;
use triher_kinetics::FeatureOptions;
use triher_patch::{PhaseInput, Window};
use triher_volume::{DynamicSeries, Image, Mask};

/// Computes the features of a recipe; holds the encoder, which all patients share.
#[derive(Debug)]
pub struct FeatureExtractor {
    recipe: Recipe,
    encoder: Option<Encoder>,
    inputs: Vec<PhaseInput>,
    names: Vec<String>,
}

/// The features of one lesion.
#[derive(Clone, Debug, PartialEq)]
pub struct LesionFeatures {
    /// One value for each of [`FeatureExtractor::names`]; NaN where undefined.
    pub values: Vec<f64>,
    /// Why values are undefined, and what else the reader should know.
    pub notes: Vec<String>,
}

impl FeatureExtractor {
    /// Prepares a recipe. `folder` is what the weights' path is relative to.
    ///
    /// The recipe that is kept has the SHA-256 of the weights filled in.
    ///
    /// # Errors
    /// When the weights cannot be loaded, are others than the recipe's SHA-256 says, or an input is
    /// no phase arithmetic.
    pub fn new(recipe: &Recipe, folder: &Path) -> Result<Self, StudyError> {
        let mut recipe = recipe.clone();
        let mut names = Vec::new();
        if recipe.kinetics {
            names.extend(triher_kinetics::kinetic_names());
        }
        if recipe.first_order {
            names.extend(triher_kinetics::first_order_names());
        }
        let mut encoder = None;
        let mut inputs = Vec::new();
        if let Some(embedding) = &mut recipe.embedding {
            let loaded = load_encoder(embedding, folder)?;
            for name in &embedding.inputs {
                inputs.push(name.parse::<PhaseInput>()?);
                let width = loaded.config().width;
                names.extend((0..width).map(|i| format!("emb_{name}_{i}")));
            }
            encoder = Some(loaded);
        }
        if names.is_empty() {
            return Err(StudyError::Input(
                "the recipe asks for no features: switch on kinetics, first_order or embedding"
                    .to_owned(),
            ));
        }
        Ok(Self {
            recipe,
            encoder,
            inputs,
            names,
        })
    }

    /// Names of the features, in the order of the values.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The recipe with everything filled in.
    pub fn recipe(&self) -> &Recipe {
        &self.recipe
    }

    /// The features of one lesion.
    ///
    /// # Errors
    /// When the lesion cannot be measured, or a phase that the recipe asks for is missing.
    pub fn extract(
        &self,
        series: &DynamicSeries,
        lesion: &Mask,
    ) -> Result<LesionFeatures, StudyError> {
        let mut values = Vec::with_capacity(self.names.len());
        let mut notes = Vec::new();
        let options = FeatureOptions::default();
        let mut add = |features: Vec<triher_kinetics::Feature>| {
            for feature in features {
                if feature.value.is_none() {
                    let reason = feature
                        .reason
                        .as_deref()
                        .unwrap_or("not defined for this lesion");
                    notes.push(format!("{}: {reason}", feature.name));
                }
                values.push(feature.value.unwrap_or(f64::NAN));
            }
        };
        if self.recipe.kinetics {
            add(triher_kinetics::kinetic_features(series, lesion, &options)?);
        }
        if self.recipe.first_order {
            add(triher_kinetics::first_order_features(
                series, lesion, &options,
            )?);
        }
        if let (Some(encoder), Some(embedding)) = (&self.encoder, &self.recipe.embedding) {
            values.extend(embed(encoder, embedding, &self.inputs, series, lesion)?);
        }
        debug_assert_eq!(values.len(), self.names.len());
        Ok(LesionFeatures { values, notes })
    }

    /// The patches that the encoder sees, with their names; empty without an encoder.
    ///
    /// # Errors
    /// As [`FeatureExtractor::extract`].
    pub fn patches(
        &self,
        series: &DynamicSeries,
        lesion: &Mask,
    ) -> Result<Vec<(String, Image)>, StudyError> {
        let Some(embedding) = &self.recipe.embedding else {
            return Ok(Vec::new());
        };
        let window = Window::of(lesion, &embedding.profile)?;
        let named = embedding.inputs.iter().zip(&self.inputs);
        named
            .map(|(name, input)| {
                Ok((
                    name.clone(),
                    triher_patch::phase_input(series, input, &window)?,
                ))
            })
            .collect()
    }
}

fn load_encoder(embedding: &mut EmbeddingRecipe, folder: &Path) -> Result<Encoder, StudyError> {
    let path = folder.join(&embedding.weights);
    let encoder = Encoder::load(&path)?;
    let sha256 = encoder.sha256().to_owned();
    match &embedding.sha256 {
        Some(expected) if *expected != sha256 => {
            return Err(StudyError::Input(format!(
                "{} are other weights than were used before (SHA-256 {sha256}, expected {expected}): give the right file",
                file_name(&path)
            )));
        }
        _ => embedding.sha256 = Some(sha256),
    }
    Ok(encoder)
}

fn embed(
    encoder: &Encoder,
    embedding: &EmbeddingRecipe,
    inputs: &[PhaseInput],
    series: &DynamicSeries,
    lesion: &Mask,
) -> Result<Vec<f64>, StudyError> {
    let window = Window::of(lesion, &embedding.profile)?;
    let mask = window.cut_mask()?;
    let mut patches = Vec::with_capacity(inputs.len());
    for input in inputs {
        let patch = triher_patch::phase_input(series, input, &window)?;
        patches.push(triher_patch::encoder_input(
            &patch,
            &mask,
            embedding.variant,
        )?);
    }
    let patches: Vec<&[f32]> = patches.iter().map(Vec::as_slice).collect();
    embed_patches(encoder, &patches, &mask, embedding.token)
}

/// Embeds normalised patches and takes the chosen tokens, one row after the other.
///
/// # Errors
/// When the patches do not fit the encoder.
pub fn embed_patches(
    encoder: &Encoder,
    patches: &[&[f32]],
    mask: &Mask,
    token: TokenChoice,
) -> Result<Vec<f64>, StudyError> {
    let mut values = Vec::new();
    match token {
        TokenChoice::Class => {
            for embedding in encoder.embed(patches)? {
                values.extend(embedding.class_token.iter().map(|&v| f64::from(v)));
            }
        }
        TokenChoice::MaskPooled => {
            for embedding in encoder.embed_tokens(patches)? {
                values.extend(
                    embedding
                        .mask_pooled(mask.voxels())?
                        .iter()
                        .map(|&v| f64::from(v)),
                );
            }
        }
    }
    Ok(values)
}
