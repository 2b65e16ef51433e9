//! Finished rounds of a validation in a folder, so that a study that was stopped repeats none.

use crate::manifest::write_whole;
use std::path::{Path, PathBuf};
use triher_learn::{NoStore, RoundPredictions, RoundStore};

/// Largest file of a round that is read, in bytes.
const LARGEST: u64 = 1 << 28;

/// A folder with a file for each finished round, named by its key.
#[derive(Debug)]
pub(crate) struct RoundFolder(PathBuf);

/// The store in a folder, or one that keeps nothing.
pub(crate) fn store(folder: Option<&Path>) -> Box<dyn RoundStore> {
    match folder {
        Some(folder) => Box::new(RoundFolder(folder.to_owned())),
        None => Box::new(NoStore),
    }
}

impl RoundFolder {
    fn file(&self, key: &str) -> PathBuf {
        self.0.join(format!("{key}.json"))
    }
}

impl RoundStore for RoundFolder {
    fn load(&self, key: &str) -> Option<RoundPredictions> {
        let path = self.file(key);
        let size = std::fs::metadata(&path).ok()?.len();
        if size > LARGEST {
            return None;
        }
        serde_json::from_slice(&std::fs::read(path).ok()?).ok()
    }

    fn keep(&self, key: &str, found: &RoundPredictions) {
        if let Ok(bytes) = serde_json::to_vec(found) {
            // A round that cannot be kept is played again: nothing is lost but time.
            let _ = write_whole(&self.file(key), &bytes);
        }
    }
}
