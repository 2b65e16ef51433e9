//! Which features are computed, as configuration: stored in the cohort file and in the model.

use crate::cohort_habitats::CohortHabitats;
pub use crate::curve_features::{PharmacokineticRecipe, PopulationInput};
use crate::preparation::BiasFieldMethod;
pub use crate::signal_recipe::SignalRecipe;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
pub use triher_kinetics::PhaseOptions;
use triher_patch::{Profile, TestTime, Variant};
pub use triher_pharmacokinetic::Model as PharmacokineticModel;
pub use triher_phenotype::PhenotypeOptions;
use triher_region::LesionRule;
use triher_registration::MotionModel;

/// Which features a table holds and how they were made.
///
/// A model stores the recipe of its training table, so that a prediction computes the same features
/// the same way.
///
/// It is read from a table of settings or from a list of names, each with its defaults: `features = ["embedding", "radiomics", "kinetics",
/// "habitats", "rings"]`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Recipe {
    /// Contrast kinetics and size (`kin_`, `size_`).
    pub kinetics: bool,
    /// First-order intensity statistics (`fo_`).
    pub first_order: bool,
    /// Enhancement of each phase, parts of the functional volume and patterns of curves (`kin_pe_<n>_`, `kin_functional_ser_`, `kin_pattern_`), when they are
    /// asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub curves: Option<PhaseOptions>,
    /// The pretrained encoder's embedding (`emb_`), when it is asked for.
    pub embedding: Option<EmbeddingRecipe>,
    /// Radiomics as the IBSI defines them (`rad_`), when they are asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub radiomics: Option<RadiomicsRecipe>,
    /// The Chicago workstation's phenotypes (`phenotype_`), when they are asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phenotypes: Option<PhenotypeOptions>,
    /// Fits of a pharmacokinetic model (`pk_`), when they are asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pharmacokinetic: Option<PharmacokineticRecipe>,
    /// Parts of the lesion that behave alike (`habitat_`), when they are asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub habitats: Option<HabitatsRecipe>,
    /// Kinetics and radiomics of rings about the lesion (`ring1mm_` ...), when they are asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rings: Option<RingsRecipe>,
    /// Which motion between the phases is undone before anything is measured; none when it is not named. Lesions are those of the first phase after
    /// contrast, onto which the others are moved.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub motion: Option<MotionModel>,
    /// How the receive field is estimated that all phases are divided by before anything else; not at all when it is not named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bias_field: Option<BiasFieldMethod>,
    /// Which of several lesions counts.
    pub lesion: LesionRule,
}

impl Default for Recipe {
    fn default() -> Self {
        Self {
            kinetics: true,
            first_order: true,
            curves: None,
            embedding: None,
            radiomics: None,
            phenotypes: None,
            pharmacokinetic: None,
            habitats: None,
            rings: None,
            motion: None,
            bias_field: None,
            lesion: LesionRule::Largest,
        }
    }
}

/// The table's form of a recipe.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RecipeTable {
    kinetics: bool,
    first_order: bool,
    curves: Option<PhaseOptions>,
    embedding: Option<EmbeddingRecipe>,
    radiomics: Option<RadiomicsRecipe>,
    phenotypes: Option<PhenotypeOptions>,
    pharmacokinetic: Option<PharmacokineticRecipe>,
    habitats: Option<HabitatsRecipe>,
    rings: Option<RingsRecipe>,
    motion: Option<MotionModel>,
    bias_field: Option<BiasFieldMethod>,
    lesion: LesionRule,
}

impl Default for RecipeTable {
    fn default() -> Self {
        let recipe = Recipe::default();
        Self {
            kinetics: recipe.kinetics,
            first_order: recipe.first_order,
            curves: recipe.curves,
            embedding: recipe.embedding,
            radiomics: recipe.radiomics,
            phenotypes: recipe.phenotypes,
            pharmacokinetic: recipe.pharmacokinetic,
            habitats: recipe.habitats,
            rings: recipe.rings,
            motion: recipe.motion,
            bias_field: recipe.bias_field,
            lesion: recipe.lesion,
        }
    }
}

impl From<RecipeTable> for Recipe {
    fn from(table: RecipeTable) -> Self {
        Self {
            kinetics: table.kinetics,
            first_order: table.first_order,
            curves: table.curves,
            embedding: table.embedding,
            radiomics: table.radiomics,
            phenotypes: table.phenotypes,
            pharmacokinetic: table.pharmacokinetic,
            habitats: table.habitats,
            rings: table.rings,
            motion: table.motion,
            bias_field: table.bias_field,
            lesion: table.lesion,
        }
    }
}

/// What may stand in a list of features.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum FeatureSet {
    Kinetics,
    #[serde(alias = "first_order")]
    FirstOrder,
    Curves,
    Embedding,
    Radiomics,
    Phenotypes,
    Pharmacokinetic,
    Habitats,
    Rings,
}

impl<'de> Deserialize<'de> for Recipe {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Forms;
        impl<'de> serde::de::Visitor<'de> for Forms {
            type Value = Recipe;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a table of features or a list of their names")
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(self, map: A) -> Result<Recipe, A::Error> {
                let table = serde::de::value::MapAccessDeserializer::new(map);
                RecipeTable::deserialize(table).map(Into::into)
            }

            fn visit_seq<A: serde::de::SeqAccess<'de>>(
                self,
                mut names: A,
            ) -> Result<Recipe, A::Error> {
                let mut recipe = Recipe {
                    kinetics: false,
                    first_order: false,
                    ..Recipe::default()
                };
                while let Some(name) = names.next_element()? {
                    match name {
                        FeatureSet::Kinetics => recipe.kinetics = true,
                        FeatureSet::FirstOrder => recipe.first_order = true,
                        FeatureSet::Curves => recipe.curves = Some(Default::default()),
                        FeatureSet::Embedding => recipe.embedding = Some(Default::default()),
                        FeatureSet::Radiomics => recipe.radiomics = Some(Default::default()),
                        FeatureSet::Phenotypes => recipe.phenotypes = Some(Default::default()),
                        FeatureSet::Pharmacokinetic => {
                            recipe.pharmacokinetic = Some(Default::default());
                        }
                        FeatureSet::Habitats => recipe.habitats = Some(Default::default()),
                        FeatureSet::Rings => recipe.rings = Some(Default::default()),
                    }
                }
                Ok(recipe)
            }
        }
        deserializer.deserialize_any(Forms)
    }
}

/// Which radiomics are computed, and of what.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RadiomicsRecipe {
    /// Phase arithmetic of each image that is measured; shape is that of the first.
    pub inputs: Vec<String>,
    /// How.
    pub settings: triher_radiomics::Settings,
}

impl Default for RadiomicsRecipe {
    fn default() -> Self {
        Self {
            inputs: ["C1", "C1-C0"].map(str::to_owned).to_vec(),
            settings: triher_radiomics::Settings::default(),
        }
    }
}

/// How the lesion is divided into habitats: clusters of its voxels' curves, in the order of their wash-in, the slowest first.
///
/// Without `model` they are fitted in each lesion by itself, so that nothing of another patient goes in. With it they are those that `triher
/// habitats fit` found in the training patients, so that a number means the same in every patient.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HabitatsRecipe {
    /// How many; a model's own number where there is a model.
    pub count: usize,
    /// How voxels are clustered; a model's own way where there is a model.
    pub method: HabitatMethod,
    /// Habitats of the training cohort; of each lesion by itself when there are none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<HabitatsSource>,
    /// Whether phases and patterns of curves of each habitat are measured, with the options of `curves`.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub curves: bool,
    /// Whether the radiomics (without shape) of each habitat are measured, with the inputs and settings of the lesion's.
    pub radiomics: bool,
}

/// Where the training cohort's habitats are.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum HabitatsSource {
    /// A file of `triher habitats fit`, relative to the configuration file.
    File(PathBuf),
    /// The habitats themselves: what a table's recipe and a model keep.
    Fitted(Box<CohortHabitats>),
}

impl HabitatsRecipe {
    /// The training cohort's habitats, once they have been read.
    pub fn fitted(&self) -> Option<&CohortHabitats> {
        match &self.model {
            Some(HabitatsSource::Fitted(habitats)) => Some(habitats),
            _ => None,
        }
    }

    /// Reads the training cohort's habitats in place of their file's name; `folder` is what it is relative to.
    ///
    /// # Errors
    /// As [`CohortHabitats::read`].
    pub(crate) fn resolve(&mut self, folder: &std::path::Path) -> Result<(), crate::StudyError> {
        let habitats = match &self.model {
            None => return Ok(()),
            Some(HabitatsSource::File(path)) => CohortHabitats::read(&folder.join(path))?,
            Some(HabitatsSource::Fitted(habitats)) => {
                habitats.check()?;
                (**habitats).clone()
            }
        };
        self.count = habitats.model.habitats();
        self.method = match habitats.method {
            triher_habitat::Method::KMeans(_) => HabitatMethod::KMeans,
            triher_habitat::Method::GaussianMixture(_) => HabitatMethod::GaussianMixture,
        };
        self.model = Some(HabitatsSource::Fitted(Box::new(habitats)));
        Ok(())
    }
}

impl Default for HabitatsRecipe {
    fn default() -> Self {
        Self {
            count: 4,
            method: HabitatMethod::KMeans,
            model: None,
            curves: false,
            radiomics: false,
        }
    }
}

/// How voxels are clustered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HabitatMethod {
    /// k-means on z-scores.
    #[serde(rename = "k-means")]
    KMeans,
    /// A mixture of Gaussians on z-scores.
    GaussianMixture,
}

/// Which rings about the lesion are measured, and which lesions made smaller or larger. Their radiomics have the lesion's inputs and settings,
/// without shape.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RingsRecipe {
    /// Width of each ring, from the lesion's border outwards.
    pub widths_mm: Vec<f64>,
    /// How far the lesion is eroded, each a region of its own.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub eroded_mm: Vec<f64>,
    /// How far it is dilated within the breast, each a region of its own.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub dilated_mm: Vec<f64>,
    /// Whether kinetics are measured.
    pub kinetics: bool,
    /// Whether phases and patterns of curves are, with the options of `curves`.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub curves: bool,
    /// Whether radiomics are.
    pub radiomics: bool,
}

impl Default for RingsRecipe {
    fn default() -> Self {
        Self {
            widths_mm: vec![1.0, 3.0, 5.0],
            eroded_mm: Vec::new(),
            dilated_mm: Vec::new(),
            kinetics: true,
            curves: false,
            radiomics: true,
        }
    }
}

/// How the encoder is fed and what is taken from it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EmbeddingRecipe {
    /// The weights' file, relative to the configuration file; without it, the encoder that ships. A model keeps the name only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weights: Option<PathBuf>,
    /// SHA-256 of the weights; filled in when they are loaded, checked when it is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// Preprocessing profile.
    #[serde(default = "default_profile")]
    pub profile: Profile,
    /// Whether voxels outside of the lesion are kept.
    #[serde(default = "default_variant")]
    pub variant: Variant,
    /// Phase arithmetic of each input, one embedding each.
    #[serde(default = "default_inputs")]
    pub inputs: Vec<String>,
    /// What is taken of the encoder's tokens.
    #[serde(default)]
    pub token: TokenChoice,
    /// Views that are embedded and averaged.
    #[serde(default, skip_serializing_if = "no_views")]
    pub test_time: TestTime,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
fn no_views(test_time: &TestTime) -> bool {
    *test_time == TestTime::None
}

impl EmbeddingRecipe {
    /// What the encoder is called in reports: the file's name, or which encoder ships.
    pub fn encoder_name(&self) -> String {
        match &self.weights {
            Some(path) => crate::source::file_name(path),
            None => triher_compact::NAME.to_owned(),
        }
    }
}

impl Default for EmbeddingRecipe {
    fn default() -> Self {
        Self {
            weights: None,
            sha256: None,
            profile: default_profile(),
            variant: default_variant(),
            inputs: default_inputs(),
            token: TokenChoice::default(),
            test_time: TestTime::None,
        }
    }
}

/// Which of the encoder's tokens make the embedding.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TokenChoice {
    /// The class token after the final norm (the published way).
    #[default]
    Class,
    /// The mean of the patch tokens that touch the lesion.
    MaskPooled,
}

fn default_profile() -> Profile {
    Profile::Bl4as
}

fn default_variant() -> Variant {
    Variant::Bbox
}

fn default_inputs() -> Vec<String> {
    // encoder.md, point 4: the second and the fifth phase after contrast.
    ["C2", "C2-C0", "C5-C2"].map(str::to_owned).to_vec()
}
