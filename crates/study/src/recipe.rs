//! Which features are computed, as configuration: stored in the cohort file and in the model.

use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use triher_patch::{Profile, TestTime, Variant};
use triher_region::LesionRule;

/// Which features a table holds and how they were made.
///
/// A model stores the recipe of its training table, so that a prediction computes the same features
/// the same way.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Recipe {
    /// Contrast kinetics and size (`kin_`, `size_`).
    pub kinetics: bool,
    /// First-order intensity statistics (`fo_`).
    pub first_order: bool,
    /// The pretrained encoder's embedding (`emb_`), when it is asked for.
    pub embedding: Option<EmbeddingRecipe>,
    /// Which of several lesions counts.
    pub lesion: LesionRule,
}

impl Default for Recipe {
    fn default() -> Self {
        Self {
            kinetics: true,
            first_order: true,
            embedding: None,
            lesion: LesionRule::Largest,
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
