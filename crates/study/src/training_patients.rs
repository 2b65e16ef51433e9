//! Which patients of a cohort something is fitted on before training.

use crate::StudyError;
use crate::cohort::CohortPatient;
use serde::Deserialize;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Which patients of a cohort are training patients, as it is typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TrainingPatients {
    /// All: the whole cohort is for training.
    All,
    /// Those of some centres.
    Centres(Vec<String>),
    /// Those in the column `patient_id` of a table (CSV).
    Listed(PathBuf),
}

/// The same, with the table read.
#[derive(Clone, Debug)]
pub(crate) enum TrainingRule {
    All,
    Centres(Vec<String>),
    Listed(BTreeSet<String>),
}

impl TrainingPatients {
    /// Reads the table, when there is one.
    pub(crate) fn rule(&self) -> Result<TrainingRule, StudyError> {
        Ok(match self {
            Self::All => TrainingRule::All,
            Self::Centres(centres) => TrainingRule::Centres(centres.clone()),
            Self::Listed(path) => TrainingRule::Listed(read_list(path)?),
        })
    }

    /// The table, which belongs into the manifest.
    pub(crate) fn table(&self) -> Option<&Path> {
        match self {
            Self::Listed(path) => Some(path),
            _ => None,
        }
    }
}

impl TrainingRule {
    /// Patients who may be training patients as far as can be told without reading images: of one whose identifier stands in the images only,
    /// [`includes`](Self::includes) decides.
    ///
    /// # Errors
    /// When no patient is of a centre that was named.
    pub(crate) fn candidates<'a>(
        &self,
        patients: &'a [CohortPatient],
    ) -> Result<Vec<&'a CohortPatient>, StudyError> {
        if let Self::Centres(centres) = self {
            let known: BTreeSet<&String> =
                patients.iter().filter_map(|p| p.centre.as_ref()).collect();
            if let Some(missing) = centres.iter().find(|c| !known.contains(c)) {
                let names: Vec<&str> = known.into_iter().map(String::as_str).collect();
                let names = match names.as_slice() {
                    [] => "not given".to_owned(),
                    names => names.join(", "),
                };
                return Err(StudyError::Input(format!(
                    "no patient of the cohort is of the centre {missing}: its centres are {names}"
                )));
            }
        }
        let may_train = |patient: &&CohortPatient| match self {
            Self::All => true,
            Self::Centres(centres) => patient.centre.as_ref().is_some_and(|c| centres.contains(c)),
            Self::Listed(list) => patient.id.as_ref().is_none_or(|id| list.contains(id)),
        };
        Ok(patients.iter().filter(may_train).collect())
    }

    /// Whether a patient, whose images have been read, is a training patient.
    pub(crate) fn includes(&self, id: &str) -> bool {
        match self {
            Self::Listed(list) => list.contains(id),
            _ => true,
        }
    }

    /// Refuses a list that names patients who are not there: a misspelt identifier must not silently leave a patient out.
    pub(crate) fn check_found(
        &self,
        found: &BTreeSet<&str>,
        patients: &[CohortPatient],
        cohort: &str,
    ) -> Result<(), StudyError> {
        let Self::Listed(list) = self else {
            return Ok(());
        };
        let known = |id: &str| {
            let named = |p: &CohortPatient| p.id.as_deref() == Some(id) || p.unit == id;
            found.contains(id) || patients.iter().any(named)
        };
        match list.iter().find(|id| !known(id)) {
            None => Ok(()),
            Some(missing) => Err(StudyError::Input(format!(
                "the training patient {missing} is not in the cohort \"{cohort}\": correct the list, or take the cohort file that has this patient"
            ))),
        }
    }
}

/// Identifiers of a table's column `patient_id`.
fn read_list(path: &Path) -> Result<BTreeSet<String>, StudyError> {
    #[derive(Deserialize)]
    struct Row {
        patient_id: String,
    }
    let wrong = |problem: String| crate::study_file::configuration(path, problem);
    let bytes = std::fs::read(path).map_err(StudyError::read(path))?;
    let mut reader = csv::ReaderBuilder::new()
        .trim(csv::Trim::All)
        .from_reader(bytes.as_slice());
    let rows: Result<BTreeSet<String>, csv::Error> = reader
        .deserialize::<Row>()
        .map(|row| row.map(|r| r.patient_id))
        .collect();
    let list = rows.map_err(|e| wrong(format!("{e}: give a column `patient_id`")))?;
    if list.is_empty() {
        return Err(wrong(
            "it names no training patient: give a row for each".to_owned(),
        ));
    }
    Ok(list)
}
