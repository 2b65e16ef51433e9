//! What can go wrong with DICOM.

use std::path::PathBuf;
use triher_volume::VolumeError;

/// Why a study could not be scanned or read. Messages name files and series numbers, never people or original identifiers.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum DicomError {
    /// A file, folder or archive cannot be read.
    #[error("{} cannot be read: {problem}. Check that it exists, was copied whole and that you may read it.", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What went wrong.
        problem: String,
    },
    /// A file is no DICOM file, or is damaged.
    #[error("{file}: {problem}")]
    File {
        /// The file's name.
        file: String,
        /// What is wrong and what to do.
        problem: String,
    },
    /// The series rules are not such.
    #[error("the series rules cannot be used: {0}")]
    Rules(String),
    /// More than is read.
    #[error("{what}: refused. {remedy}")]
    Limit {
        /// What is too large.
        what: String,
        /// What to do.
        remedy: String,
    },
    /// No series is dynamic.
    #[error("no dynamic series was found: {0}")]
    NoDynamicSeries(String),
    /// There is one phase only.
    #[error(
        "{series}: there is one phase only; a dynamic study needs one before contrast and at least one after it. Look for the other phases in the archive."
    )]
    OnePhase {
        /// The series.
        series: String,
    },
    /// No phase is before contrast.
    #[error("no pre-contrast phase: {0}")]
    NoPreContrast(String),
    /// A slice is missing.
    #[error("{series}: a slice is missing {place}. Fetch the series again from the archive.")]
    MissingSlice {
        /// The series.
        series: String,
        /// Where.
        place: String,
    },
    /// Slices are not evenly spaced.
    #[error(
        "{series}: the slices are not evenly spaced: {lowest_mm:.3} to {highest_mm:.3} mm between neighbours, the widest after {position_mm:.2} mm. Such a series is no regular grid and is not read."
    )]
    UnevenSlices {
        /// The series.
        series: String,
        /// Smallest distance.
        lowest_mm: f64,
        /// Largest distance.
        highest_mm: f64,
        /// Position along the normal before the largest distance.
        position_mm: f64,
    },
    /// Two images lie at one place and nothing tells them apart.
    #[error(
        "{series}: several images lie at {position_mm:.2} mm and no tag tells them apart as phases: duplicates? Remove the copies."
    )]
    DuplicateSlices {
        /// The series.
        series: String,
        /// Position along the normal.
        position_mm: f64,
    },
    /// The images of a series do not lie in parallel planes.
    #[error(
        "{series}: its images have different orientations or pixel spacings and are no volume; {file}, at ({:.1}, {:.1}, {:.1}) mm, is unlike the first. Split the series.",
        position_mm[0], position_mm[1], position_mm[2]
    )]
    MixedOrientations {
        /// The series.
        series: String,
        /// The first file that is unlike the others.
        file: String,
        /// Its ImagePositionPatient.
        position_mm: [f64; 3],
    },
    /// The images of a series have different sizes.
    #[error(
        "{series}: its images have different sizes and are no volume: {} x {} pixels, and {} x {} in {file}. Split the series, or fetch it again from the archive.",
        sizes[0][0], sizes[0][1], sizes[1][0], sizes[1][1]
    )]
    InconsistentSizes {
        /// The series.
        series: String,
        /// The first file that is unlike the others.
        file: String,
        /// Columns and rows of the first image and of that file.
        sizes: [[usize; 2]; 2],
    },
    /// The geometry of the phases does not fit.
    #[error(transparent)]
    Volume(std::sync::Arc<VolumeError>),
}

impl From<VolumeError> for DicomError {
    fn from(error: VolumeError) -> Self {
        Self::Volume(std::sync::Arc::new(error))
    }
}

impl DicomError {
    pub(crate) fn file(file: &str, problem: impl Into<String>) -> Self {
        Self::File {
            file: file.to_owned(),
            problem: problem.into(),
        }
    }
}
