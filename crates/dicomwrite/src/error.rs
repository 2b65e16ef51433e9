//! What can go wrong when DICOM is written.

use std::path::PathBuf;

/// Why a DICOM file could not be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DicomWriteError {
    /// The file cannot be written.
    #[error("{} cannot be written: {problem}. Check that the folder exists and that the disk has room.", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What went wrong.
        problem: String,
    },
    /// The image cannot be expressed in DICOM.
    #[error("{0}")]
    Input(String),
}
