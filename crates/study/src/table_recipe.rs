//! The recipe that stands beside a feature table.

use crate::StudyError;
use crate::extract::with_suffix;
use crate::recipe::Recipe;
use std::path::{Path, PathBuf};

/// Where the recipe of a feature table is kept.
pub fn recipe_path(table: &Path) -> PathBuf {
    with_suffix(table, ".recipe.json")
}

/// The recipe of a feature table, when `triher extract` wrote it.
///
/// # Errors
/// When there is a recipe that cannot be read.
pub fn read_recipe(table: &Path) -> Result<Option<Recipe>, StudyError> {
    let path = recipe_path(table);
    match std::fs::read(&path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(StudyError::read(&path)(error)),
        Ok(text) => {
            serde_json::from_slice(&text)
                .map(Some)
                .map_err(|e| StudyError::Configuration {
                    file: path,
                    problem: format!("this is no recipe ({e}): run triher extract again"),
                })
        }
    }
}
