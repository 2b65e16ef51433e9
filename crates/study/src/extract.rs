//! Features of a whole cohort: in parallel, resumable, with one patient in memory per thread.

use crate::StudyError;
use crate::cohort::{CohortFile, CohortPatient};
use crate::cohort_habitats::note_habitats;
use crate::each_patient::each_patient;
use crate::extract_part::{Part, PartLesion, list_files, read_part};
use crate::feature_definition::{FeatureDefinition, dictionary};
use crate::features::FeatureExtractor;
use crate::lesion::find_lesions;
use crate::lesion_crops;
use crate::manifest::{Manifest, sha256_hex, write_json, write_whole};
use crate::motion_picture::motion_picture;
use crate::patient_labels::PatientLabels;
use crate::progress::Progress;
use crate::source::{PatientStudy, ReadOptions, file_name};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use triher_dicom::SeriesRules;
use triher_table::{FeatureRow, FeatureWriter};

/// An extraction: which cohort, to which table.
#[derive(Clone, Debug)]
pub struct ExtractPlan {
    /// The cohort file.
    pub cohort: PathBuf,
    /// The table to write; as the cohort file says when `None`.
    pub out: Option<PathBuf>,
    /// Whether results of an earlier run are ignored.
    pub fresh: bool,
}

/// What an extraction did.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ExtractSummary {
    /// The table.
    pub table: PathBuf,
    /// Patients with features.
    pub patients: usize,
    /// Of these, patients that an earlier run had finished.
    pub resumed: usize,
    /// Rows of the table: lesions.
    pub rows: usize,
    /// Number of features.
    pub features: usize,
    /// Patients that could not be used, with the reason.
    pub skipped: Vec<SkippedPatient>,
    /// What the reader should know.
    pub notes: Vec<String>,
}

/// A patient who could not be used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SkippedPatient {
    /// Identifier or folder name.
    pub patient: String,
    /// Why, and what to do.
    pub reason: String,
}

/// Computes the features of a cohort.
///
/// Each patient's result is stored in `<table>.parts/` as soon as it is there; a later run takes up what
/// is stored when neither the patient's files nor the configuration have changed. A patient who cannot be
/// used is reported and left out. Where motion is undone, `<table>.motion/` gets a picture of before and after for each patient;
/// `<table>.crops/` gets a small picture of each lesion, for those who look at similar cases. Rows come in the order of the cohort, whatever the number of threads;
/// the table is written in row groups, so that memory does not grow with the number of patients.
///
/// # Errors
/// When the configuration is wrong, the weights cannot be loaded, or no patient could be used.
pub fn extract(plan: &ExtractPlan, progress: &dyn Progress) -> Result<ExtractSummary, StudyError> {
    let cohort = CohortFile::read(&plan.cohort)?;
    let folder = plan.cohort.parent().unwrap_or(Path::new("")).to_owned();
    let table = plan
        .out
        .clone()
        .unwrap_or_else(|| folder.join(&cohort.output));
    let extractor = FeatureExtractor::new(&cohort.features, &folder)?;
    let labels = PatientLabels::read(&cohort, &folder)?;
    let rules = read_rules(
        cohort
            .series_rules
            .as_deref()
            .map(|r| folder.join(r))
            .as_deref(),
    )?;
    let found = cohort.patients(&folder)?;
    let parts_folder = with_suffix(&table, ".parts");
    std::fs::create_dir_all(&parts_folder).map_err(StudyError::write(&parts_folder))?;
    let crops_folder = lesion_crops::folder(&table);
    std::fs::create_dir_all(&crops_folder).map_err(StudyError::write(&crops_folder))?;
    let job = Job {
        cohort: &cohort,
        extractor: &extractor,
        labels: &labels,
        rules,
        parts: &parts_folder,
        motion: with_suffix(&table, ".motion"),
        crops: crops_folder,
        fresh: plan.fresh,
    };

    let stage = format!("Features of {}", cohort.name);
    let outcomes = each_patient(&stage, &found.patients, progress, |patient| {
        job.patient(patient)
    });

    let mut manifest = Manifest::new("extract", &(&cohort, extractor.recipe()));
    manifest.add_input(&plan.cohort)?;
    if let Some(habitats) = &cohort.features.habitats {
        note_habitats(habitats, extractor.recipe(), &folder, &mut manifest)?;
    }
    let mut summary = ExtractSummary {
        table: table.clone(),
        patients: 0,
        resumed: 0,
        rows: 0,
        features: extractor.names().len(),
        skipped: Vec::new(),
        notes: Vec::new(),
    };
    for (path, reason) in &found.set_aside {
        summary
            .notes
            .push(format!("{} was set aside: {reason}", file_name(path)));
    }
    let definitions = extractor.definitions();
    let metadata: Vec<_> = definitions
        .iter()
        .map(FeatureDefinition::metadata)
        .collect();
    let mut writer = FeatureWriter::create_described(&table, extractor.names(), &metadata)?;
    let mut seen: BTreeMap<String, String> = BTreeMap::new();
    let mut drawn: Vec<(String, String)> = Vec::new();
    for (patient, outcome) in found.patients.iter().zip(outcomes) {
        let resumed = match outcome {
            Ok(resumed) => resumed,
            Err(skipped) => {
                summary.skipped.push(skipped);
                continue;
            }
        };
        let part = read_part(&job.part_path(patient))?;
        if let Some(other) = seen.insert(part.patient.clone(), patient.unit.clone()) {
            let reason = format!(
                "patient {} was already read from {other}: two folders must not hold the same patient",
                part.patient
            );
            summary.skipped.push(SkippedPatient {
                patient: patient.unit.clone(),
                reason,
            });
            continue;
        }
        summary.patients += 1;
        summary.resumed += usize::from(resumed);
        summary.rows += part.lesions.len();
        for lesion in &part.lesions {
            drawn.push((part.patient.clone(), lesion.name.clone()));
            let values: Vec<f64> = lesion
                .values
                .iter()
                .map(|v| v.unwrap_or(f64::NAN))
                .collect();
            writer.append(&FeatureRow {
                patient_id: &part.patient,
                lesion: &lesion.name,
                centre: part.centre.as_deref(),
                label: part.class.as_deref(),
                values: &values,
            })?;
        }
        manifest.inputs.extend(part.inputs);
        for text in part
            .warnings
            .iter()
            .chain(part.lesions.iter().flat_map(|l| &l.notes))
        {
            manifest
                .notes
                .push(format!("patient {}: {text}", part.patient));
        }
    }
    writer.finish()?;
    for skipped in &summary.skipped {
        manifest
            .notes
            .push(format!("skipped {}: {}", skipped.patient, skipped.reason));
    }
    manifest.add_output(&table)?;
    let rows = drawn
        .iter()
        .map(|(patient, lesion)| (patient.as_str(), lesion.as_str()));
    let (name, index) = lesion_crops::index(rows)?;
    write_whole(&job.crops.join(name), &index)?;
    manifest.write(&with_suffix(&table, ".manifest.json"))?;
    write_problems(&with_suffix(&table, ".skipped.csv"), &summary.skipped)?;
    write_whole(
        &with_suffix(&table, ".features.csv"),
        dictionary(&definitions)?.as_bytes(),
    )?;
    // The recipe travels with the table, so that a model trained on it knows how to make its features.
    write_json(&recipe_path(&table), extractor.recipe())?;
    if summary.patients == 0 {
        return Err(StudyError::Input(format!(
            "no patient of {} could be used; the first reason: {}",
            cohort.name,
            summary
                .skipped
                .first()
                .map_or("none", |s| s.reason.as_str())
        )));
    }
    Ok(summary)
}

pub use crate::table_recipe::{read_recipe, recipe_path};

/// The column in which an extracted table keeps the class.
pub(crate) const LABEL_COLUMN: &str = "label";

/// Reads the series rules that a configuration names.
///
/// # Errors
/// When the file cannot be read or is no set of rules.
pub fn read_rules(path: Option<&Path>) -> Result<Option<SeriesRules>, StudyError> {
    let Some(path) = path else { return Ok(None) };
    let text = std::fs::read_to_string(path).map_err(StudyError::read(path))?;
    Ok(Some(SeriesRules::from_toml(&text)?))
}

/// What all patients of an extraction share.
struct Job<'a> {
    cohort: &'a CohortFile,
    extractor: &'a FeatureExtractor,
    labels: &'a PatientLabels,
    rules: Option<SeriesRules>,
    parts: &'a Path,
    /// Folder of the pictures of before and after motion was undone.
    motion: PathBuf,
    /// Folder of the small pictures of lesions.
    crops: PathBuf,
    fresh: bool,
}

impl Job<'_> {
    fn part_path(&self, patient: &CohortPatient) -> PathBuf {
        // A unit's name comes from a folder or a table: hashed, it is always a safe file name.
        self.parts.join(format!(
            "{}.json",
            &sha256_hex(patient.unit.as_bytes())[..24]
        ))
    }

    /// Where the picture of a patient's motion goes: a name that can be read, and one that is no other's.
    fn picture_path(&self, patient: &CohortPatient) -> PathBuf {
        let hash = sha256_hex(patient.unit.as_bytes());
        let name = crate::run::slug(&patient.unit);
        self.motion.join(format!("{name}-{}.png", &hash[..8]))
    }

    /// Computes one patient, or finds that it is stored already (`true`).
    fn patient(&self, patient: &CohortPatient) -> Result<bool, StudyError> {
        let key = self.key(patient)?;
        let path = self.part_path(patient);
        let stored = read_part(&path).ok().filter(|part| part.key == key);
        if !self.fresh && stored.is_some_and(|part| self.has_crops(&part)) {
            return Ok(true);
        }
        let part = self.compute(patient, key)?;
        let text = serde_json::to_string(&part).map_err(|e| StudyError::Internal(e.to_string()))?;
        write_whole(&path, text.as_bytes())?;
        Ok(false)
    }

    fn crop_path(&self, patient: &str, lesion: &str) -> PathBuf {
        self.crops.join(lesion_crops::file_of(patient, lesion))
    }

    fn has_crops(&self, part: &Part) -> bool {
        let mut lesions = part.lesions.iter();
        lesions.all(|lesion| self.crop_path(&part.patient, &lesion.name).exists())
    }

    fn compute(&self, patient: &CohortPatient, key: String) -> Result<Part, StudyError> {
        let options = ReadOptions {
            rules: self.rules.clone(),
            patient: None,
            times_s: patient.times_s.clone(),
        };
        let study = PatientStudy::read(&patient.images, &options)?;
        let recipe = self.extractor.recipe();
        let found = find_lesions(
            &study,
            &patient.lesion,
            &recipe.lesion,
            self.cohort.resample_masks,
        )?;
        let prepared = self.extractor.prepare(&study.series)?;
        let id = patient.id.clone().unwrap_or_else(|| study.id.clone());
        let mut lesions = Vec::with_capacity(found.lesions.len());
        for lesion in &found.lesions {
            let drawn = lesion_crops::draw(prepared.series(), &lesion.mask)?;
            write_whole(&self.crop_path(&id, &lesion.name), &drawn)?;
            let features = self.extractor.measure(&prepared, &lesion.mask)?;
            let values = features
                .values
                .iter()
                .map(|v| v.is_finite().then_some(*v))
                .collect();
            lesions.push(PartLesion {
                name: lesion.name.clone(),
                values,
                notes: features.notes,
            });
        }
        if let (Some(report), Some(before)) = (&prepared.motion, &prepared.before_motion) {
            let drawn = motion_picture(before, prepared.series(), report, None)?;
            write_whole(&self.picture_path(patient), &drawn)?;
        }
        let preparation = prepared.notes;
        let mut warnings = study.warnings;
        if id != study.id {
            warnings.push(format!("the images name the patient {}", study.id));
        }
        warnings.extend(found.warnings);
        warnings.extend(preparation);
        let mut inputs = study.inputs;
        inputs.extend(found.inputs);
        let class = patient.class.clone().or_else(|| self.labels.of(&id));
        Ok(Part {
            key,
            patient: id,
            centre: patient.centre.clone(),
            class,
            lesions,
            inputs,
            warnings,
        })
    }

    /// Hash of the configuration and of name, size and time of change of every input file: enough to see
    /// that a stored result still stands, without reading the images.
    fn key(&self, patient: &CohortPatient) -> Result<String, StudyError> {
        let mut text = format!(
            "{}\n{}\n{patient:?}\n{}\n{:?}\n",
            crate::VERSION,
            serde_json::to_string(self.extractor.recipe()).unwrap_or_default(),
            self.cohort.resample_masks,
            self.rules,
        );
        let mut files = Vec::new();
        match &patient.images {
            crate::cohort::PatientImages::Path(path) => list_files(path, &mut files)?,
            crate::cohort::PatientImages::Phases(phases) => {
                files.extend(phases.phases.iter().map(|(_, file)| file.clone()));
            }
        }
        if let crate::cohort::LesionPlace::Mask(path) = &patient.lesion {
            files.push(path.clone());
        }
        for file in files {
            let Ok(data) = std::fs::metadata(&file) else {
                continue;
            };
            let changed = data
                .modified()
                .ok()
                .and_then(|t| t.duration_since(std::time::UNIX_EPOCH).ok());
            text.push_str(&format!("{} {} {changed:?}\n", file.display(), data.len()));
        }
        if let Some(class) = patient.id.as_ref().and_then(|id| self.labels.of(id)) {
            text.push_str(&class);
        }
        Ok(sha256_hex(text.as_bytes()))
    }
}

fn write_problems(path: &Path, skipped: &[SkippedPatient]) -> Result<(), StudyError> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let rows = writer.write_record(["patient", "reason"]).and_then(|()| {
        skipped
            .iter()
            .try_for_each(|s| writer.write_record([&s.patient, &s.reason]))
    });
    rows.map_err(|e| StudyError::Internal(e.to_string()))?;
    let bytes = writer
        .into_inner()
        .map_err(|e| StudyError::Internal(e.to_string()))?;
    write_whole(path, &bytes)
}

/// The path with something after its whole name.
pub(crate) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}
