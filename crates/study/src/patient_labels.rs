//! Labels that a cohort file names, by patient.

use crate::StudyError;
use crate::cohort::CohortFile;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;

/// Labels by patient.
#[derive(Debug, Default)]
pub(crate) struct PatientLabels(BTreeMap<String, String>);

#[derive(Deserialize)]
struct LabelRow {
    patient_id: String,
    class: String,
}

impl PatientLabels {
    pub(crate) fn read(cohort: &CohortFile, folder: &Path) -> Result<Self, StudyError> {
        let Some(path) = cohort.labels.as_ref().map(|l| folder.join(l)) else {
            return Ok(Self::default());
        };
        let wrong = |e: csv::Error| StudyError::Configuration {
            file: path.clone(),
            problem: e.to_string(),
        };
        let mut reader = csv::Reader::from_path(&path).map_err(wrong)?;
        let mut labels = BTreeMap::new();
        for row in reader.deserialize::<LabelRow>() {
            let row = row.map_err(wrong)?;
            labels.insert(row.patient_id, row.class);
        }
        Ok(Self(labels))
    }

    pub(crate) fn of(&self, patient: &str) -> Option<String> {
        self.0.get(patient).cloned()
    }
}
