//! The features of one lesion, as the recipe says.

use crate::StudyError;
use crate::curve_features::CurveFeatures;
use crate::encoder::{Reading, StudyEncoder};
use crate::feature_definition::{FeatureDefinition, kinetic_units};
use crate::preparation::{Prepared, prepare};
use crate::recipe::{EmbeddingRecipe, Recipe};
use crate::region_features::RegionFeatures;
use std::path::Path;
use triher_kinetics::FeatureOptions;
use triher_patch::{PhaseInput, Window};
use triher_volume::{DynamicSeries, Image, Mask};

/// Computes the features of a recipe; holds the encoder, which all patients share.
#[derive(Debug)]
pub struct FeatureExtractor {
    recipe: Recipe,
    encoder: Option<StudyEncoder>,
    inputs: Vec<PhaseInput>,
    names: Vec<String>,
    regions: RegionFeatures,
    curves: CurveFeatures,
}

/// The features of one lesion.
#[derive(Clone, Debug, PartialEq)]
pub struct LesionFeatures {
    /// One value for each of [`FeatureExtractor::names`]; NaN where undefined.
    pub values: Vec<f64>,
    /// The values of each view of the patches, when several are averaged; else empty.
    pub views: Vec<Vec<f64>>,
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
        if let Some(habitats) = &mut recipe.habitats {
            habitats.resolve(folder)?;
        }
        if let Some(fitted) = recipe.habitats.as_ref().and_then(|h| h.fitted()) {
            fitted.check_recipe(&recipe)?;
        }
        let mut names = Vec::new();
        if recipe.kinetics {
            names.extend(triher_kinetics::kinetic_names());
        }
        if recipe.first_order {
            names.extend(triher_kinetics::first_order_names());
        }
        let regions = RegionFeatures::new(&recipe)?;
        names.extend(regions.names().map(str::to_owned));
        let curves = CurveFeatures::new(&recipe)?;
        names.extend(curves.definitions().iter().map(|d| d.name.clone()));
        let mut encoder = None;
        let mut inputs = Vec::new();
        if let Some(embedding) = &mut recipe.embedding {
            let loaded = load_encoder(embedding, folder)?;
            for name in &embedding.inputs {
                inputs.push(name.parse::<PhaseInput>()?);
                let width = loaded.width();
                names.extend((0..width).map(|i| format!("emb_{name}_{i}")));
            }
            encoder = Some(loaded);
        }
        if names.is_empty() {
            return Err(StudyError::Input(
                "the recipe asks for no features: switch on kinetics, first_order, curves, radiomics, phenotypes, pharmacokinetic, rings or embedding"
                    .to_owned(),
            ));
        }
        Ok(Self {
            recipe,
            encoder,
            inputs,
            names,
            regions,
            curves,
        })
    }

    /// Names of the features, in the order of the values.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// What each feature is, in the order of the values.
    pub fn definitions(&self) -> Vec<FeatureDefinition> {
        let known = self.regions.definitions();
        let known: std::collections::HashMap<&str, &FeatureDefinition> = known
            .iter()
            .chain(self.curves.definitions())
            .map(|d| (d.name.as_str(), d))
            .collect();
        let units = kinetic_units();
        let own = |name: &str| {
            // A ring's kinetics have the lesion's names after that of the ring.
            let plain = name
                .split_once("_kin_")
                .map(|(_, rest)| format!("kin_{rest}"));
            let unit = units.get(plain.as_deref().unwrap_or(name));
            unit.map_or(String::new(), |u| (*u).to_owned())
        };
        (self.names.iter())
            .map(|name| {
                let definition = match known.get(name.as_str()) {
                    Some(definition) => (*definition).clone(),
                    None => FeatureDefinition::of_own(name),
                };
                match definition.unit.is_empty() {
                    true => FeatureDefinition {
                        unit: own(name),
                        ..definition
                    },
                    false => definition,
                }
            })
            .collect()
    }

    /// The recipe with everything filled in.
    pub fn recipe(&self) -> &Recipe {
        &self.recipe
    }

    /// The phases as the recipe wants them: without bias field and motion. Once for all lesions of a study.
    ///
    /// # Errors
    /// As [`prepare`].
    pub fn prepare<'a>(&self, series: &'a DynamicSeries) -> Result<Prepared<'a>, StudyError> {
        prepare(series, self.recipe.bias_field, self.recipe.motion)
    }

    /// The features of one lesion, of phases as they were read.
    ///
    /// # Errors
    /// As [`FeatureExtractor::prepare`] and [`FeatureExtractor::measure`].
    pub fn extract(
        &self,
        series: &DynamicSeries,
        lesion: &Mask,
    ) -> Result<LesionFeatures, StudyError> {
        let mut prepared = self.prepare(series)?;
        let mut notes = std::mem::take(&mut prepared.notes);
        let mut features = self.measure(&prepared, lesion)?;
        notes.append(&mut features.notes);
        Ok(LesionFeatures { notes, ..features })
    }

    /// The features of one lesion, of phases that were prepared.
    ///
    /// # Errors
    /// When the lesion cannot be measured, or a phase that the recipe asks for is missing.
    pub fn measure(
        &self,
        prepared: &Prepared<'_>,
        lesion: &Mask,
    ) -> Result<LesionFeatures, StudyError> {
        let mut notes = Vec::new();
        let series = prepared.series();
        let mut values = Vec::with_capacity(self.names.len());
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
        self.regions
            .measure(series, lesion, &mut values, &mut notes)?;
        self.curves.measure(series, lesion, &mut values, &mut notes);
        let mut views = Vec::new();
        if let (Some(encoder), Some(embedding)) = (&self.encoder, &self.recipe.embedding) {
            let patches = self.patches(series, lesion)?;
            let (names, patches): (Vec<String>, Vec<Image>) = patches.into_iter().unzip();
            let mask = encoder.window(lesion, &embedding.profile)?.cut_mask()?;
            let how = Reading {
                variant: embedding.variant,
                token: embedding.token,
                test_time: embedding.test_time,
            };
            notes.extend(encoder.caution());
            let embedded = encoder.embed(&patches, &mask, &how)?;
            let count = how.test_time.views().len();
            if count > 1 {
                views = (0..count)
                    .map(|view| {
                        let embedded = embedded.iter().flat_map(|e| &e.views[view]);
                        values.iter().chain(embedded).copied().collect()
                    })
                    .collect();
            }
            for (name, embedded) in names.iter().zip(&embedded) {
                if embedded.constant {
                    notes.push(format!(
                        "the patch of {name} has one and the same value everywhere: its embedding says nothing about the lesion"
                    ));
                }
                if count > 1 {
                    notes.push(format!(
                        "emb_{name}: mean of {count} views, which spread by {:.1} % of its length",
                        100.0 * embedded.relative_spread()
                    ));
                }
                values.extend(&embedded.mean);
            }
        }
        debug_assert_eq!(values.len(), self.names.len());
        Ok(LesionFeatures {
            values,
            views,
            notes,
        })
    }

    /// The encoder and how it is used, when there is one.
    pub(crate) fn embedding(&self) -> Option<(&StudyEncoder, &EmbeddingRecipe)> {
        self.encoder.as_ref().zip(self.recipe.embedding.as_ref())
    }

    /// The encoder's name and SHA-256, when there is one.
    pub fn encoder(&self) -> Option<(&str, &str)> {
        self.encoder.as_ref().map(|e| (e.name(), e.sha256()))
    }

    /// Where the encoder's patches are cut; `None` without an encoder.
    ///
    /// # Errors
    /// When the mask is empty.
    pub fn window(&self, lesion: &Mask) -> Result<Option<Window>, StudyError> {
        match (&self.encoder, &self.recipe.embedding) {
            (Some(encoder), Some(embedding)) => {
                encoder.window(lesion, &embedding.profile).map(Some)
            }
            _ => Ok(None),
        }
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
        let (Some(embedding), Some(window)) = (&self.recipe.embedding, self.window(lesion)?) else {
            return Ok(Vec::new());
        };
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

fn load_encoder(
    embedding: &mut EmbeddingRecipe,
    folder: &Path,
) -> Result<StudyEncoder, StudyError> {
    let path = embedding
        .weights
        .as_ref()
        .map(|weights| folder.join(weights));
    let encoder = StudyEncoder::load(path.as_deref())?;
    let sha256 = encoder.sha256().to_owned();
    match &embedding.sha256 {
        Some(expected) if *expected != sha256 => {
            let remedy = match path {
                Some(_) => "give the right file",
                None => {
                    "give the file of the encoder that shipped with the triher that trained the model, or train again"
                }
            };
            return Err(StudyError::Input(format!(
                "{} are other weights than were used before (SHA-256 {sha256}, expected {expected}): {remedy}",
                encoder.name()
            )));
        }
        _ => embedding.sha256 = Some(sha256),
    }
    Ok(encoder)
}
