//! The study file: the whole of a study as one TOML.

use crate::StudyError;
use crate::clinical::{SubgroupSpec, SurvivalSpec};
pub use crate::model_settings::{Method, ModelSettings, PenaltyName};
use crate::stability::SelectionSettings;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use triher_learn::LearningCurveSpec;

/// A study: tables or cohorts, the model, its validation.
///
/// ```toml
/// name = "HER2 in three classes, hospitals A and B, external C"
/// output = "study"            # folder, relative to this file
/// seed = 1
///
/// [[cohorts]]
/// name = "A and B"
/// role = "training"           # one or more; external cohorts have the role "external"
/// extract = "ab/cohort.toml"  # images; or: features = "ab.parquet"
///
/// [[cohorts]]
/// name = "C"
/// role = "external"
/// features = "c.csv"
/// labels = "c-labels.csv"
/// columns = { id = "case", label = "class", centre = "hospital" }
/// clinical = "c-clinical.csv" # optional: for subgroups and survival
///
/// [[subgroups]]               # optional
/// column = "age"
/// cuts = [50]                 # "below 50", "50 and above"; without cuts each value is a group
///
/// [survival]                  # optional
/// time = "os_months"
/// event = "os_event"
///
/// [selection]                 # optional: features that hold, by `triher robustness` on training patients
/// stability = "stability.csv"
/// minimum_icc = 0.75
///
/// [model]
/// method = "ordinal"          # or the whole of a classifier: classifier = { method = "random_forest", trees = 300 }
/// c = 0.1
/// compare = ["logistic", "random_forest"]
/// tuning = { search = "halving", budget = 60 }
/// probability = { calibration = { method = "temperature" }, conformal = { coverage = 0.9 }, novelty = {} }
///
/// [validation]
/// folds = 5                   # nested: selection, tuning and calibration are fitted within each training fold
/// repeats = 10
/// leave_one_centre_out = true
/// learning_curve = { shares = [0.25, 0.5, 1.0] }
/// permutations = 100
/// # split = "split.csv"       # or a fixed split: training, validation, external
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StudyFile {
    /// Title of the study's reports.
    pub name: String,
    /// Folder for everything that is written, relative to the study file.
    #[serde(default = "default_output")]
    pub output: PathBuf,
    /// Seed of the folds and of the bootstrap.
    #[serde(default = "default_seed")]
    pub seed: u64,
    /// Training and external cohorts.
    pub cohorts: Vec<StudyCohort>,
    /// Which features are taken.
    #[serde(default)]
    pub selection: SelectionSettings,
    /// The classifier.
    #[serde(default)]
    pub model: ModelSettings,
    /// Cross-validation and intervals.
    #[serde(default)]
    pub validation: ValidationSettings,
    /// Columns of the clinical tables that patients are grouped by, those of training by their out-of-fold predictions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub subgroups: Vec<SubgroupSpec>,
    /// Columns of the clinical tables for the table of the patients by class and centre; the columns of `subgroups` when left out. The size of
    /// the lesion is in it where it is a feature.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub characteristics: Vec<String>,
    /// Columns of survival in the clinical tables.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub survival: Option<SurvivalSpec>,
}

/// One cohort of a study.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StudyCohort {
    /// Name in reports.
    pub name: String,
    /// Trained on, or only evaluated.
    pub role: Role,
    /// A cohort file whose features are computed first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extract: Option<PathBuf>,
    /// A ready feature table.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub features: Option<PathBuf>,
    /// Labels in a file of their own, joined by the identifier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub labels: Option<PathBuf>,
    /// Which columns are what.
    #[serde(default)]
    pub columns: Columns,
    /// Table of clinical findings, for subgroups, survival and the table of the cohort.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clinical: Option<PathBuf>,
}

/// What a cohort is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// The model is fitted on it.
    Training,
    /// The finished model is evaluated on it.
    External,
}

/// Which columns of a table are what.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Columns {
    /// Identifier of a row.
    #[serde(default = "default_id")]
    pub id: String,
    /// Class.
    #[serde(default = "default_label")]
    pub label: String,
    /// Centre.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub centre: Option<String>,
    /// Patient, when one has several rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// Columns that are no features.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ignore: Vec<String>,
}

impl Default for Columns {
    fn default() -> Self {
        Self {
            id: default_id(),
            label: default_label(),
            centre: None,
            group: None,
            ignore: Vec::new(),
        }
    }
}

/// Validation within the training cohorts, and confidence intervals.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ValidationSettings {
    /// Folds.
    pub folds: usize,
    /// Repeats with other folds.
    pub repeats: usize,
    /// Bootstrap replicates.
    pub bootstrap: usize,
    /// Also predict every centre by a model of the others.
    pub leave_one_centre_out: bool,
    /// Also learn from growing shares of the patients.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub learning_curve: Option<LearningCurveSpec>,
    /// Permutations of the labels for the test of the whole pipeline; 0 for none.
    pub permutations: usize,
    /// A fixed split of the training cohorts' patients (a table with the columns of patients and `part`: training, validation,
    /// external), relative to the study file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub split: Option<PathBuf>,
}

impl Default for ValidationSettings {
    fn default() -> Self {
        Self {
            folds: 5,
            repeats: 1,
            bootstrap: 2000,
            leave_one_centre_out: false,
            learning_curve: None,
            permutations: 0,
            split: None,
        }
    }
}

impl StudyFile {
    /// Reads a study file and checks that it can be carried out.
    ///
    /// # Errors
    /// [`StudyError::Read`] and [`StudyError::Configuration`], which says what to write instead.
    pub fn read(path: &Path) -> Result<Self, StudyError> {
        let text = std::fs::read_to_string(path).map_err(StudyError::read(path))?;
        let study: Self = toml::from_str(&text).map_err(|e| configuration(path, e.to_string()))?;
        if !study.cohorts.iter().any(|c| c.role == Role::Training) {
            return Err(configuration(
                path,
                "no cohort has the role \"training\": add one",
            ));
        }
        for cohort in &study.cohorts {
            if cohort.extract.is_some() == cohort.features.is_some() {
                let problem = format!(
                    "cohort \"{}\" needs either `extract` (a cohort file with images) or `features` (a ready table), and not both",
                    cohort.name
                );
                return Err(configuration(path, problem));
            }
        }
        Ok(study)
    }
}

/// A [`StudyError::Configuration`].
pub(crate) fn configuration(file: &Path, problem: impl Into<String>) -> StudyError {
    StudyError::Configuration {
        file: file.to_owned(),
        problem: problem.into(),
    }
}

fn default_output() -> PathBuf {
    PathBuf::from("study")
}

fn default_seed() -> u64 {
    1
}

fn default_id() -> String {
    "patient_id".to_owned()
}

fn default_label() -> String {
    "class".to_owned()
}
