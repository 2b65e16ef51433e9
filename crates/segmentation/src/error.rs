//! What can go wrong with a segmentation.

use triher_volume::VolumeError;

/// Why regions could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SegmentationError {
    /// The file is damaged or not what it should be.
    #[error("{file}: {problem}")]
    File {
        /// The file's name.
        file: String,
        /// What is wrong and what to do.
        problem: String,
    },
    /// The segmentation lies on another grid than the images.
    #[error("{file}: {source}")]
    Grid {
        /// The file's name.
        file: String,
        /// Both grids.
        source: Box<VolumeError>,
    },
}
