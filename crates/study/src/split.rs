//! A fixed split of one table: which patients train, validate and stand outside.

use crate::StudyError;
use crate::tables::LabelledTable;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use triher_table::ClinicalTable;

/// Column of the split file that names the part.
const COLUMN: &str = "part";

/// A part of a fixed split.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Part {
    /// The model is fitted on it.
    Training,
    /// Operating points are chosen on it, and figures may be looked at while the model is made.
    Validation,
    /// Looked at when the model is frozen.
    External,
}

impl Part {
    fn of(word: &str) -> Option<Self> {
        match word.trim().to_lowercase().as_str() {
            "train" | "training" => Some(Self::Training),
            "validation" | "tuning" => Some(Self::Validation),
            "external" | "test" => Some(Self::External),
            _ => None,
        }
    }
}

/// One part of a split file: a table with the column of patients (the features' identifier column, or `patient_id`) and
/// the column `part`, which says `training`, `validation` or `external`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartOf {
    /// The split file.
    pub file: PathBuf,
    /// Which part.
    pub part: Part,
}

impl PartOf {
    /// Keeps the rows of this part.
    ///
    /// # Errors
    /// When the file cannot be read, a patient of the table is not in it, or a part is not understood.
    pub(crate) fn keep(&self, table: &mut LabelledTable, id: &str) -> Result<(), StudyError> {
        let split = ClinicalTable::read(&self.file, id, &[COLUMN.to_owned()])?;
        let ids = &table.table.ids;
        let patients = table.table.groups.as_ref().unwrap_or(ids).clone();
        let words = split.values(COLUMN, &patients);
        let mut keep = Vec::with_capacity(patients.len());
        for (patient, word) in patients.iter().zip(words) {
            let word = word.ok_or_else(|| self.wrong(&format!("the patient {patient} has no part in it: every patient of the table needs one, or the split is not fixed")))?;
            let part = Part::of(&word).ok_or_else(|| {
                self.wrong(&format!(
                    "\"{word}\" is no part: write training, validation or external"
                ))
            })?;
            keep.push(part == self.part);
        }
        table.keep_rows(&keep);
        Ok(())
    }

    /// Whether any patient of the file is in this part.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub(crate) fn any(file: &Path, id: &str, part: Part) -> Result<bool, StudyError> {
        let split = ClinicalTable::read(file, id, &[COLUMN.to_owned()])?;
        let words = split
            .patients()
            .map(|p| split.values(COLUMN, std::slice::from_ref(p)));
        let mut words = words.flatten().flatten();
        Ok(words.any(|word| Part::of(&word) == Some(part)))
    }

    fn wrong(&self, problem: &str) -> StudyError {
        StudyError::Configuration {
            file: self.file.clone(),
            problem: problem.to_owned(),
        }
    }
}
