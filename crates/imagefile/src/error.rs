//! What can go wrong with an image file.

use std::path::{Path, PathBuf};
use triher_volume::VolumeError;

/// Why an image file could not be read or written. Every message names the file and the remedy.
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
    /// The content is of another format.
    #[error("{} is no NIfTI, Analyze or NRRD file: check that it was copied whole and is what its name says", path.display())]
    NotAnImage {
        /// The file.
        path: PathBuf,
    },
    /// The file is damaged, or says things that cannot be.
    #[error("{}: {problem}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong, and what to do.
        problem: String,
    },
    /// The file is sound and holds something this crate does not read.
    #[error("{}: {problem}", path.display())]
    Unsupported {
        /// The file.
        path: PathBuf,
        /// What it holds, and how to convert it.
        problem: String,
    },
    /// Fewer bytes than the header declares.
    #[error("{}: the header declares {declared_bytes} bytes, and the file holds {found_bytes}: it is cut short; copy it again from its source", path.display())]
    CutShort {
        /// The file with the voxels.
        path: PathBuf,
        /// Bytes that the header declares, unpacked, up to the last voxel.
        declared_bytes: usize,
        /// Bytes that are there, unpacked.
        found_bytes: usize,
    },
    /// A file, or the array in it, beyond what is read.
    #[error("{}: it declares {bytes} bytes, and at most {limit_bytes} are read: the header is damaged, or the file must be split", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Bytes of the file, or of the array as declared.
        bytes: u64,
        /// The limit in bytes.
        limit_bytes: u64,
    },
    /// Several volumes where one is wanted.
    #[error("{}: the file holds {count} volumes where one is wanted: give one volume, or use the file as a dynamic study", path.display())]
    SeveralVolumes {
        /// The file.
        path: PathBuf,
        /// Volumes in it.
        count: usize,
    },
    /// A voxel that is no label.
    #[error("{}: the voxel value {value} is no label: labels are whole numbers of at most 31 bits; save the segmentation without interpolation", path.display())]
    NotLabels {
        /// The file.
        path: PathBuf,
        /// The first such value.
        value: f64,
    },
    /// Mask voxels that are not numbers: nobody can say whether they are inside.
    #[error("{}: {count} voxels of the mask are not numbers (NaN): save it with whole numbers", path.display())]
    NotAMask {
        /// The file.
        path: PathBuf,
        /// How many.
        count: usize,
    },
    /// The header's grid is none.
    #[error("{}: {source}", path.display())]
    Geometry {
        /// The file.
        path: PathBuf,
        /// What is wrong with the grid.
        source: Box<VolumeError>,
    },
    /// A warning, where the options are strict.
    #[error("{warning} (strict reading was asked for: correct the file, or read it without)")]
    Strict {
        /// The warning, which names the file.
        warning: String,
    },
    /// A name pattern cannot be used.
    #[error("the name pattern \"{pattern}\" cannot be used: {problem}")]
    BadPattern {
        /// The pattern.
        pattern: String,
        /// What is wrong.
        problem: String,
    },
    /// The first phase of a patient is not the one before contrast.
    #[error("patient {patient}: {}, and phase 0 (before contrast) is missing: add it, or name it pre, C0 or _0000", match first { Some((phase, file)) => format!("{file} is phase {phase}, the first there is"), None => "there is no phase file".to_owned() })]
    NoPhaseBeforeContrast {
        /// The patient.
        patient: String,
        /// Number and file name of the first phase that is there.
        first: Option<(usize, String)>,
    },
    /// Times that are not one for each phase.
    #[error(
        "patient {patient} has {phases} phases and {times} times: give one time in seconds for each phase"
    )]
    TimesCount {
        /// The patient.
        patient: String,
        /// Phases found.
        phases: usize,
        /// Times given.
        times: usize,
    },
    /// The phases do not make a series.
    #[error("patient {patient} (phases in order: {}): {source}", files.join(", "))]
    Series {
        /// The patient.
        patient: String,
        /// File names of the phases.
        files: Vec<String>,
        /// What does not fit.
        source: Box<VolumeError>,
    },
}

/// What a parser says before the file's name is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Problem {
    NotAnImage,
    Malformed(String),
    Unsupported(String),
    TooLarge { bytes: u64, limit_bytes: u64 },
    CutShort { declared: usize, found: usize },
}

/// The result of a parser.
pub(crate) type Parse<T> = Result<T, Problem>;

/// A [`Problem::Malformed`].
pub(crate) fn malformed<T>(problem: impl Into<String>) -> Parse<T> {
    Err(Problem::Malformed(problem.into()))
}

/// A [`Problem::Unsupported`].
pub(crate) fn unsupported<T>(problem: impl Into<String>) -> Parse<T> {
    Err(Problem::Unsupported(problem.into()))
}

impl Problem {
    /// The error, with the file it lies in.
    pub(crate) fn at(self, path: &Path) -> ImageFileError {
        let path = path.to_owned();
        match self {
            Self::NotAnImage => ImageFileError::NotAnImage { path },
            Self::Malformed(problem) => ImageFileError::Malformed { path, problem },
            Self::Unsupported(problem) => ImageFileError::Unsupported { path, problem },
            Self::TooLarge { bytes, limit_bytes } => ImageFileError::TooLarge {
                path,
                bytes,
                limit_bytes,
            },
            Self::CutShort { declared, found } => ImageFileError::CutShort {
                path,
                declared_bytes: declared,
                found_bytes: found,
            },
        }
    }
}
