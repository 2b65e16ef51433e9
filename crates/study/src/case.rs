//! One lesion that a model is asked about: model, images, outline and features.

use crate::StudyError;
use crate::cohort::{LesionPlace, PatientImages};
use crate::extract::read_rules;
use crate::features::{FeatureExtractor, LesionFeatures};
use crate::lesion::{Lesions, find_lesions};
use crate::manifest::{FileHash, Manifest};
use crate::progress::Progress;
use crate::recipe::Recipe;
use crate::source::{PatientStudy, ReadOptions};
use std::path::{Path, PathBuf};
use triher_learn::ModelFile;
use triher_region::{Lesion, LesionRule};
use triher_volume::{DynamicSeries, Mask};

/// One patient's images, and how they and a mask are read.
#[derive(Clone, Debug)]
pub struct ImagePlan {
    /// The images: folder, zip or file.
    pub path: PathBuf,
    /// Which of several lesions of a mask.
    pub rule: LesionRule,
    /// Whether a mask on another grid is resampled.
    pub resample_mask: bool,
    /// The patient, when the images hold several.
    pub patient: Option<String>,
    /// Seconds of the phases, for files that carry none.
    pub times_s: Option<Vec<f64>>,
    /// Encoder weights, when they are not beside the model.
    pub weights: Option<PathBuf>,
    /// Series rules.
    pub rules: Option<PathBuf>,
}

impl ImagePlan {
    /// The study.
    ///
    /// # Errors
    /// When the images or the series rules cannot be read.
    pub(crate) fn study(&self) -> Result<PatientStudy, StudyError> {
        let options = ReadOptions {
            rules: read_rules(self.rules.as_deref())?,
            patient: self.patient.clone(),
            times_s: self.times_s.clone(),
        };
        PatientStudy::read(&PatientImages::Path(self.path.clone()), &options)
    }

    /// The lesions of a study that was read.
    ///
    /// # Errors
    /// As [`find_lesions`].
    pub(crate) fn lesions(
        &self,
        study: &PatientStudy,
        place: &LesionPlace,
    ) -> Result<Lesions, StudyError> {
        find_lesions(study, place, &self.rule, self.resample_mask)
            .map_err(|e| e.of_patient(&study.id))
    }
}

/// Which model is asked about which lesion.
#[derive(Clone, Debug)]
pub struct CasePlan {
    /// The model file.
    pub model: PathBuf,
    /// The images.
    pub images: ImagePlan,
    /// Where the lesion is.
    pub lesion: LesionPlace,
}

/// A model and all that it needs to know of one lesion.
#[derive(Debug)]
pub(crate) struct Case {
    pub(crate) model: ModelFile,
    /// How the features are made, with everything filled in.
    pub(crate) recipe: Recipe,
    pub(crate) study: PatientStudy,
    pub(crate) lesion: Lesion,
    /// How the lesion was found, in words.
    pub(crate) found_by: String,
    pub(crate) lesion_warnings: Vec<String>,
    pub(crate) extractor: FeatureExtractor,
    pub(crate) features: LesionFeatures,
    inputs: Vec<FileHash>,
}

/// What a map or a prediction of one lesion is made from.
#[derive(Clone, Copy)]
pub(crate) struct Subject<'a> {
    pub(crate) model: &'a ModelFile,
    pub(crate) extractor: &'a FeatureExtractor,
    pub(crate) series: &'a DynamicSeries,
    pub(crate) lesion: &'a Mask,
    pub(crate) features: &'a LesionFeatures,
}

impl Case {
    /// The case as a map is made of it.
    pub(crate) fn subject(&self) -> Subject<'_> {
        Subject {
            model: &self.model,
            extractor: &self.extractor,
            series: &self.study.series,
            lesion: &self.lesion.mask,
            features: &self.features,
        }
    }

    /// Reads model and images, finds the lesion and computes its features: three steps of progress.
    ///
    /// # Errors
    /// When the model was trained on features that triher did not extract, the images cannot be read, the lesion is not found, or
    /// several lesions are asked for.
    pub(crate) fn read(plan: &CasePlan, progress: &dyn Progress) -> Result<Self, StudyError> {
        let model = ModelFile::read(&plan.model)?;
        let (recipe, folder) = recipe_of(&model, &plan.model, plan.images.weights.as_deref())?;
        let study = plan.images.study()?;
        progress.step("images read");
        let found = plan.images.lesions(&study, &plan.lesion)?;
        let count = found.lesions.len();
        let mut lesions = found.lesions.into_iter();
        let (Some(lesion), None) = (lesions.next(), lesions.next()) else {
            return Err(StudyError::Input(format!(
                "the mask holds {count} lesions: choose one with --lesion largest or --lesion named:LABEL"
            )));
        };
        progress.step("lesion found");
        let extractor = FeatureExtractor::new(&recipe, &folder)?;
        let features = extractor
            .extract(&study.series, &lesion.mask)
            .map_err(|e| e.of_patient(&study.id))?;
        progress.step("features computed");
        let mut inputs = vec![FileHash::of(&plan.model)?];
        inputs.extend(study.inputs.iter().cloned());
        inputs.extend(found.inputs);
        Ok(Self {
            model,
            recipe,
            study,
            lesion,
            found_by: found.found_by,
            lesion_warnings: found.warnings,
            extractor,
            features,
            inputs,
        })
    }

    /// The manifest of a run on it.
    pub(crate) fn manifest(&self, command: &str) -> Manifest {
        let mut manifest = Manifest::new(command, &self.recipe);
        manifest.inputs.extend(self.inputs.iter().cloned());
        manifest
    }
}

/// The recipe that the model was trained with, and the folder its weights are looked for in.
pub(crate) fn recipe_of(
    model: &ModelFile,
    file: &Path,
    weights: Option<&Path>,
) -> Result<(Recipe, PathBuf), StudyError> {
    let name = crate::source::file_name(file);
    let Some(recipe) = &model.extraction else {
        return Err(StudyError::Input(format!(
            "{name} was trained on a table that triher did not extract, so its features cannot be computed from images: \
             use it with `triher evaluate`, or train one on a table made by `triher extract`"
        )));
    };
    let mut recipe: Recipe = serde_json::from_value(recipe.clone()).map_err(|e| {
        StudyError::Input(format!(
            "{name} holds a feature recipe that this triher does not know ({e}): use a newer triher"
        ))
    })?;
    let folder = file.parent().unwrap_or(Path::new("")).to_owned();
    if let (Some(embedding), Some(weights)) = (&mut recipe.embedding, weights) {
        embedding.weights = Some(std::path::absolute(weights).map_err(StudyError::read(weights))?);
    }
    Ok((recipe, folder))
}
