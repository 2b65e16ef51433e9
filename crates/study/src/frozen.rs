//! The model is frozen before anybody looks at an external cohort.
//!
//! `frozen.json` in the study's folder holds the SHA-256 of each model whose external figures have been computed. Another
//! model in the same folder would be a second look at the same patients, which flatters: it is refused unless it is asked
//! for, and then counted, and every report says how many looks there were.

use crate::StudyError;
use crate::manifest::{FileHash, write_json};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// Name of the file.
pub const FROZEN: &str = "frozen.json";

/// Models that external cohorts were shown to, in the order of their freezing.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Looks {
    /// SHA-256 of each model file.
    models: Vec<String>,
}

/// A model whose hash has been written down. External cohorts of a study are evaluated with one of these and nothing else.
#[derive(Clone, Debug, PartialEq)]
pub struct FrozenModel {
    path: PathBuf,
    sha256: String,
    looks: usize,
}

impl FrozenModel {
    /// Writes down the hash of a model file, before any external table is read.
    ///
    /// # Errors
    /// [`StudyError::Input`] when external cohorts have been shown to another model and `again` is false; otherwise when a file cannot be
    /// read or written.
    pub fn freeze(model: &Path, folder: &Path, again: bool) -> Result<Self, StudyError> {
        let file = folder.join(FROZEN);
        let mut looks = match std::fs::read(&file) {
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(|e| StudyError::Configuration {
                file: file.clone(),
                problem: format!("it cannot be read ({e}): it lists the models that external cohorts were shown to; restore it, or begin a new folder"),
            })?,
            Err(_) => Looks::default(),
        };
        let sha256 = FileHash::of(model)?.sha256;
        if !looks.models.contains(&sha256) {
            if let (Some(last), false) = (looks.models.last(), again) {
                return Err(StudyError::Input(format!(
                    "the external cohorts of this study have been evaluated with the model {}, and this one is {}: a second look at the same patients flatters. Write to another folder for another study, or say --look-again, which is counted and reported",
                    &last[..last.len().min(12)],
                    &sha256[..12]
                )));
            }
            looks.models.push(sha256.clone());
            write_json(&file, &looks)?;
        }
        Ok(Self {
            path: model.to_owned(),
            sha256,
            looks: looks.models.len(),
        })
    }

    /// The model file, if it still is what was frozen.
    ///
    /// # Errors
    /// When the file has changed.
    pub fn path(&self) -> Result<&Path, StudyError> {
        if FileHash::of(&self.path)?.sha256 != self.sha256 {
            return Err(StudyError::Input(
                "the model file has changed since it was frozen: run the study again".to_owned(),
            ));
        }
        Ok(&self.path)
    }

    /// Its SHA-256, in hexadecimal.
    pub fn sha256(&self) -> &str {
        &self.sha256
    }

    /// What a report says of it.
    pub fn in_words(&self) -> String {
        let hash = &self.sha256[..12];
        match self.looks {
            0 | 1 => format!("the model ({hash}) was frozen before any external cohort was read"),
            n => format!(
                "the external cohorts of this study were looked at with {n} models, of which this one ({hash}) was frozen last or before: its figures are not those of a first look"
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_model_is_refused_unless_asked_for_and_then_counted() {
        let folder = tempfile::tempdir().unwrap();
        let model = folder.path().join("m.triher");
        std::fs::write(&model, "one").unwrap();
        let first = FrozenModel::freeze(&model, folder.path(), false).unwrap();
        // The same model again is the same look.
        assert_eq!(
            FrozenModel::freeze(&model, folder.path(), false).unwrap(),
            first
        );
        std::fs::write(&model, "two").unwrap();
        assert!(first.path().is_err(), "the file is not what was frozen");
        let refused = FrozenModel::freeze(&model, folder.path(), false).unwrap_err();
        assert!(refused.to_string().contains("--look-again"), "{refused}");
        let second = FrozenModel::freeze(&model, folder.path(), true).unwrap();
        assert!(second.in_words().contains("2 models"));
        std::fs::write(folder.path().join(FROZEN), "{").unwrap();
        assert!(FrozenModel::freeze(&model, folder.path(), true).is_err());
    }
}
