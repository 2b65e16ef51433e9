//! What can go wrong with an image file.

use std::path::PathBuf;
use triher_volume::VolumeError;

/// Why an image file could not be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImageFileError {
    /// The system refuses the file.
    #[error("{} cannot be read: {source}. Check that it exists and that you may read it.", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The system refuses to write.
    #[error("{} cannot be written: {source}. Check that the folder exists and that the disk has room.", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file is not what it should be.
    #[error("{}: {problem}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong, and what to do.
        problem: String,
    },
    /// A name pattern cannot be used.
    #[error("the name pattern \"{pattern}\" cannot be used: {problem}")]
    BadPattern {
        /// The pattern.
        pattern: String,
        /// What is wrong.
        problem: String,
    },
    /// The volumes do not fit together.
    #[error(transparent)]
    Volume(#[from] VolumeError),
}

/// What a parser says before the file's name is known.
pub(crate) type Parse<T> = Result<T, String>;
