//! What can go wrong when DICOM is written.

use std::path::PathBuf;
use triher_volume::{Geometry, VolumeError};

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
    /// A value breaks the rules of its attribute (PS3.5, 6.2).
    #[error("\"{value}\" cannot be written as {attribute}: give {rule}")]
    BadValue {
        /// Keyword of the attribute.
        attribute: &'static str,
        /// The value as given.
        value: String,
        /// What the attribute takes.
        rule: &'static str,
    },
    /// A voxel is infinite or not a number.
    #[error(
        "an image with voxels that are not finite cannot be written as DICOM: replace them first (phase {phase} has {value})"
    )]
    NotFinite {
        /// Phase, from 0.
        phase: usize,
        /// The first such voxel's value.
        value: f32,
    },
    /// The grid's axes are not at right angles: DICOM has no words for that.
    #[error(
        "a grid whose axes are not at right angles cannot be written as DICOM: {grid}. Resample it first."
    )]
    NotRightAngles {
        /// The grid.
        grid: Box<Geometry>,
    },
    /// Rows, columns, frames, segments or bytes go beyond what DICOM can count.
    #[error(
        "{found} {what} cannot be written: DICOM counts up to {allowed}. Crop or split it first."
    )]
    TooLarge {
        /// What is counted ("rows").
        what: &'static str,
        /// How many there are.
        found: usize,
        /// How many there may be.
        allowed: usize,
    },
    /// The layout tells phases apart by their times and there are none.
    #[error(
        "the phases have no times, and this layout tells them apart by nothing else: give times, or write them with TemporalPositionIdentifier"
    )]
    NoTimes,
    /// There is nothing to segment.
    #[error("a segmentation needs at least one region: give one")]
    NoRegion,
    /// Empty frames were to be left out and every frame is empty.
    #[error(
        "no voxel lies inside of any region, and empty frames were to be left out: nothing would remain. Keep the empty frames."
    )]
    NothingInside,
    /// Regions and images lie on different grids.
    #[error(transparent)]
    Grid(#[from] VolumeError),
    /// The source images do not match their own grid.
    #[error(
        "{slices} source images were given for a grid of {expected} slices: give one for each slice, in the grid's order"
    )]
    SourceSlices {
        /// Source images given.
        slices: usize,
        /// Slices of the grid.
        expected: usize,
    },
}
