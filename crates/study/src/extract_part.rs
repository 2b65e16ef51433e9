//! The stored result of one patient: what lets an extraction go on where an earlier one stopped.

use crate::StudyError;
use crate::manifest::FileHash;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// The stored result of one patient: what lets a run go on where an earlier one stopped.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Part {
    /// Hash of everything that the result depends on.
    pub(crate) key: String,
    pub(crate) patient: String,
    pub(crate) centre: Option<String>,
    pub(crate) class: Option<String>,
    pub(crate) lesions: Vec<PartLesion>,
    pub(crate) inputs: Vec<FileHash>,
    pub(crate) warnings: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct PartLesion {
    pub(crate) name: String,
    /// `None` where undefined: JSON has no NaN.
    pub(crate) values: Vec<Option<f64>>,
    pub(crate) notes: Vec<String>,
}

/// All files below a path, in the order of their names.
pub(crate) fn list_files(path: &Path, files: &mut Vec<PathBuf>) -> Result<(), StudyError> {
    if !path.is_dir() {
        files.push(path.to_owned());
        return Ok(());
    }
    let entries = std::fs::read_dir(path).map_err(StudyError::read(path))?;
    let mut entries: Vec<PathBuf> = entries.filter_map(|e| e.ok().map(|e| e.path())).collect();
    entries.sort();
    entries
        .iter()
        .try_for_each(|entry| list_files(entry, files))
}

pub(crate) fn read_part(path: &Path) -> Result<Part, StudyError> {
    let text = std::fs::read(path).map_err(StudyError::read(path))?;
    serde_json::from_slice(&text).map_err(|e| {
        StudyError::Input(format!(
            "{} is no stored result ({e}): run again with --fresh",
            path.display()
        ))
    })
}
