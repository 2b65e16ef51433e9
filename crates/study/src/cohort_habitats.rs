//! Habitats that are fitted once, on the training patients of a cohort, and stored.

use crate::StudyError;
use crate::cohort::{CohortFile, CohortPatient};
use crate::each_patient::each_patient;
use crate::extract::{SkippedPatient, read_rules, with_suffix};
use crate::lesion::find_lesions;
use crate::manifest::{FileHash, Manifest, sha256_hex, write_json};
use crate::preparation::{BiasFieldMethod, prepare};
use crate::progress::Progress;
use crate::recipe::{HabitatMethod, HabitatsRecipe, HabitatsSource, Recipe};
use crate::source::{PatientStudy, ReadOptions};
use crate::training_patients::{TrainingPatients, TrainingRule};
use crate::upstream::{Upstream, pseudonym};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use triher_habitat::{
    CURVE_FEATURES, HabitatModel, KMeansOptions, Method, MixtureOptions, Reservoir, Samples,
    voxel_curves,
};
use triher_registration::MotionModel;

/// Version of the file's format.
const FORMAT: u32 = 1;

/// Habitats fitted on the training patients of a cohort, as `triher habitats fit` writes them and a recipe keeps them.
///
/// They go wherever features made with them go: into the recipe beside a feature table, its manifest and the model's file. That is how training and evaluation
/// know which patients may not be held out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CohortHabitats {
    /// Version of this format.
    pub format: u32,
    /// Version of triher.
    pub triher_version: String,
    /// Name of the cohort.
    pub cohort: String,
    /// How voxels were clustered, with the seed.
    pub method: Method,
    /// Voxels of each patient that were drawn at most.
    pub voxels_per_patient: usize,
    /// Which motion between the phases was undone first.
    pub motion: Option<MotionModel>,
    /// Which bias field was taken off first.
    pub bias_field: Option<BiasFieldMethod>,
    /// Scaling and clusters.
    pub model: HabitatModel,
    /// The patients they were fitted on, by pseudonym.
    pub patients: Vec<FittedPatient>,
}

/// A patient who was fitted on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FittedPatient {
    /// See [`pseudonym`].
    pub pseudonym: String,
    /// SHA-256 over the files that were read of the patient.
    pub files_sha256: String,
}

/// What to fit.
#[derive(Clone, Debug)]
pub struct FitHabitatsPlan {
    /// The cohort file; its `[features.habitats]` says how many habitats and how they are clustered.
    pub cohort: PathBuf,
    /// Who is fitted on.
    pub training: TrainingPatients,
    /// File to write (JSON), with its manifest beside it.
    pub out: PathBuf,
    /// Seed of the clustering and of the draw of voxels.
    pub seed: u64,
    /// Voxels of each patient that are drawn at most, so that large lesions do not outweigh small ones.
    pub voxels_per_patient: usize,
}

/// What was fitted.
#[derive(Clone, Debug)]
pub struct FittedHabitats {
    /// The habitats, as they were written.
    pub habitats: CohortHabitats,
    /// Training patients that could not be used.
    pub skipped: Vec<SkippedPatient>,
    /// Patients of the cohort that are no training patients.
    pub left_out: usize,
}

impl CohortHabitats {
    /// Reads habitats that were stored.
    ///
    /// # Errors
    /// [`StudyError::Read`]; [`StudyError::Configuration`] when the file is no habitats or of a newer format.
    pub fn read(path: &Path) -> Result<Self, StudyError> {
        let wrong = |problem: String| StudyError::Configuration {
            file: path.to_owned(),
            problem,
        };
        let bytes = std::fs::read(path).map_err(StudyError::read(path))?;
        let habitats: Self = serde_json::from_slice(&bytes).map_err(|e| {
            wrong(format!(
                "these are no habitats ({e}): write them with triher habitats fit"
            ))
        })?;
        habitats.check().map_err(|e| wrong(e.to_string()))?;
        Ok(habitats)
    }

    /// Checks what was read.
    ///
    /// # Errors
    /// When the format is newer, the clusters contradict themselves, or they are not of the curves' features.
    pub fn check(&self) -> Result<(), StudyError> {
        if self.format != FORMAT {
            return Err(StudyError::Input(format!(
                "habitats of format {} cannot be used, {FORMAT} is known: use the triher that wrote them",
                self.format
            )));
        }
        self.model.check()?;
        if self.model.features != CURVE_FEATURES || self.model.habitats() > 64 {
            return Err(StudyError::Input(
                "the habitats are not of the curves that are measured: fit them again with triher habitats fit".to_owned(),
            ));
        }
        if self.patients.is_empty() {
            return Err(StudyError::Input(
                "the habitats do not say which patients they were fitted on: fit them again with triher habitats fit".to_owned(),
            ));
        }
        Ok(())
    }

    /// The patients they were fitted on.
    pub fn upstream(&self) -> Upstream {
        Upstream {
            what: format!("the habitats of \"{}\"", self.cohort),
            patients: self.patients.iter().map(|p| p.pseudonym.clone()).collect(),
        }
    }

    /// SHA-256 of their content, however the file is laid out.
    pub fn sha256(&self) -> String {
        sha256_hex(&serde_json::to_vec(self).unwrap_or_default())
    }

    /// Who they were fitted on, for the dictionary of a table.
    pub(crate) fn fitted_on(&self) -> String {
        format!(
            "{} patients of \"{}\" (habitats {})",
            self.patients.len(),
            self.cohort,
            &self.sha256()[..16]
        )
    }

    /// Refuses a recipe that prepares phases in another way than these habitats were fitted on.
    pub(crate) fn check_recipe(&self, recipe: &Recipe) -> Result<(), StudyError> {
        if self.motion == recipe.motion && self.bias_field == recipe.bias_field {
            return Ok(());
        }
        Err(StudyError::Input(format!(
            "the habitats of \"{}\" were fitted on phases prepared in another way than the recipe says (motion or bias_field): use the same settings, or fit the habitats again",
            self.cohort
        )))
    }
}

/// Fits habitats on the training patients of a cohort and writes them.
///
/// Of each training patient's lesions (all that the recipe's rule takes) at most `voxels_per_patient` voxels are drawn, by a stream of random numbers of the
/// patient's own; the scaling and the clusters are fitted on all draws together, patients in the order of their pseudonyms. So neither the number of threads nor the order
/// of the cohort matters. Other patients' voxels are never looked at.
///
/// # Errors
/// When the configuration is wrong, a training patient or centre that was named does not exist, no training patient can be used, there are fewer different
/// voxels than habitats, or the file cannot be written.
pub fn fit_habitats(
    plan: &FitHabitatsPlan,
    progress: &dyn Progress,
) -> Result<FittedHabitats, StudyError> {
    let cohort = CohortFile::read(&plan.cohort)?;
    let folder = plan.cohort.parent().unwrap_or(Path::new("")).to_owned();
    if plan.voxels_per_patient == 0 {
        return Err(StudyError::Input(
            "0 voxels of each patient leave nothing to fit: give 1 or more".to_owned(),
        ));
    }
    let recipe = cohort.features.habitats.clone().unwrap_or_default();
    let method = method_of(&recipe, plan.seed);
    let training = plan.training.rule()?;
    let found = cohort.patients(&folder)?;
    let candidates = training.candidates(&found.patients)?;
    let rules = cohort.series_rules.as_deref().map(|r| folder.join(r));
    let reading = ReadOptions {
        rules: read_rules(rules.as_deref())?,
        ..ReadOptions::default()
    };
    let stage = format!("Voxels of {}", cohort.name);
    let drawn = each_patient(&stage, &candidates, progress, |patient| {
        draw(patient, &cohort, &reading, plan, &training)
    });
    let (mut draws, mut skipped) = (Vec::new(), Vec::new());
    for outcome in drawn {
        match outcome {
            Ok(draw) => draws.extend(draw),
            Err(patient) => skipped.push(patient),
        }
    }
    let ids = draws.iter().map(|d| d.id.as_str()).collect();
    training.check_found(&ids, &found.patients, &cohort.name)?;
    draws.sort_by(|a, b| a.patient.cmp(&b.patient));
    let voxels = draws.iter().flat_map(|d| d.samples.values());
    let samples = Samples::new(CURVE_FEATURES.len(), voxels.copied().collect())?;
    if samples.is_empty() {
        return Err(StudyError::Input(format!(
            "no training patient of \"{}\" could be used; the first reason: {}",
            cohort.name,
            skipped
                .first()
                .map_or("none was named", |s| s.reason.as_str())
        )));
    }
    let habitats = CohortHabitats {
        format: FORMAT,
        triher_version: crate::VERSION.to_owned(),
        cohort: cohort.name.clone(),
        model: HabitatModel::fit(&CURVE_FEATURES, &samples, recipe.count, &method)?,
        method,
        voxels_per_patient: plan.voxels_per_patient,
        motion: cohort.features.motion,
        bias_field: cohort.features.bias_field,
        patients: draws.iter().map(|d| d.patient.clone()).collect(),
    };
    write_json(&plan.out, &habitats)?;
    write_manifest(plan, &cohort, &habitats, &skipped)?;
    Ok(FittedHabitats {
        left_out: found.patients.len() - draws.len() - skipped.len(),
        habitats,
        skipped,
    })
}

/// How a recipe clusters, with a seed.
pub(crate) fn method_of(recipe: &HabitatsRecipe, seed: u64) -> Method {
    let start = KMeansOptions {
        seed,
        ..KMeansOptions::default()
    };
    match recipe.method {
        HabitatMethod::KMeans => Method::KMeans(start),
        HabitatMethod::GaussianMixture => Method::GaussianMixture(MixtureOptions {
            start,
            ..MixtureOptions::default()
        }),
    }
}

/// The voxels that were drawn of one patient.
struct Draw {
    id: String,
    patient: FittedPatient,
    samples: Samples,
}

/// Draws a training patient's voxels; `None` when the images say that this is no training patient.
fn draw(
    patient: &CohortPatient,
    cohort: &CohortFile,
    reading: &ReadOptions,
    plan: &FitHabitatsPlan,
    training: &TrainingRule,
) -> Result<Option<Draw>, StudyError> {
    let reading = ReadOptions {
        times_s: patient.times_s.clone(),
        ..reading.clone()
    };
    let study = PatientStudy::read(&patient.images, &reading)?;
    let id = patient.id.clone().unwrap_or_else(|| study.id.clone());
    if !training.includes(&id) {
        return Ok(None);
    }
    let rule = &cohort.features.lesion;
    let found = find_lesions(&study, &patient.lesion, rule, cohort.resample_masks)?;
    let prepared = prepare(
        &study.series,
        cohort.features.bias_field,
        cohort.features.motion,
    )?;
    let pseudonym = pseudonym(&id);
    // Each patient has a stream of numbers, whoever else is in the cohort.
    let stream = u64::from_str_radix(&pseudonym[..16], 16).unwrap_or(0);
    let mut reservoir = Reservoir::new(
        CURVE_FEATURES.len(),
        plan.voxels_per_patient,
        plan.seed ^ stream,
    );
    for lesion in &found.lesions {
        reservoir.offer(&voxel_curves(prepared.series(), &lesion.mask)?.samples)?;
    }
    let hashes = study.inputs.iter().chain(&found.inputs);
    let hashes = hashes.map(|f| f.sha256.clone()).collect();
    Ok(Some(Draw {
        id,
        patient: FittedPatient {
            pseudonym,
            files_sha256: FileHash::of_many("patient", hashes).sha256,
        },
        samples: reservoir.into_samples()?,
    }))
}

fn write_manifest(
    plan: &FitHabitatsPlan,
    cohort: &CohortFile,
    habitats: &CohortHabitats,
    skipped: &[SkippedPatient],
) -> Result<(), StudyError> {
    let mut manifest = Manifest::new("habitats fit", cohort);
    manifest.seeds = vec![("clusters and draw of voxels".to_owned(), plan.seed)];
    manifest.add_input(&plan.cohort)?;
    if let Some(path) = plan.training.table() {
        manifest.add_input(path)?;
    }
    manifest.add_output(&plan.out)?;
    manifest.notes = skipped
        .iter()
        .map(|s| format!("skipped {}: {}", s.patient, s.reason))
        .collect();
    manifest.notes.push(format!(
        "fitted on {} voxels of {} patients",
        habitats.model.fitted_on,
        habitats.patients.len()
    ));
    manifest.write(&with_suffix(&plan.out, ".manifest.json"))
}

/// States in the manifest whose habitats the table has.
pub(crate) fn note_habitats(
    asked: &HabitatsRecipe,
    recipe: &Recipe,
    folder: &Path,
    manifest: &mut Manifest,
) -> Result<(), StudyError> {
    if let Some(HabitatsSource::File(path)) = &asked.model {
        manifest.add_input(&folder.join(path))?;
    }
    if let Some(fitted) = recipe.habitats.as_ref().and_then(|h| h.fitted()) {
        manifest.notes.push(format!(
            "habitats fitted on {}: none of them may be predicted as if unseen",
            fitted.fitted_on()
        ));
    }
    Ok(())
}
