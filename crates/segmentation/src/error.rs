//! What can go wrong with a segmentation.

use triher_volume::{Geometry, VolumeError};

/// Why regions could not be read. `file` is the file's name without its folder.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SegmentationError {
    /// The file cannot be opened or read.
    #[error("{file}: it cannot be read ({problem}): check that it exists and that you may read it")]
    Unreadable {
        /// The file's name.
        file: String,
        /// What the system said.
        problem: String,
    },
    /// The file is no DICOM file.
    #[error(
        "{file}: it is no mask that can be read: neither NIfTI nor NRRD, and without the mark of a DICOM file. Give a mask in one of these formats."
    )]
    NotDicom {
        /// The file's name.
        file: String,
    },
    /// The file is DICOM and holds something else.
    #[error(
        "{file}: it is a {found} object and holds no regions: give a DICOM SEG, RTSTRUCT, NIfTI or NRRD mask"
    )]
    NoRegions {
        /// The file's name.
        file: String,
        /// Modality of the object.
        found: String,
    },
    /// The file is damaged or cut short.
    #[error("{file}: it is damaged or cut short: {problem}. Fetch it again from its source.")]
    Damaged {
        /// The file's name.
        file: String,
        /// What is wrong.
        problem: String,
    },
    /// The file is larger than what the options allow.
    #[error(
        "{file}: {what} {found}, and at most {allowed} are read: check the file, or raise the limit"
    )]
    TooLarge {
        /// The file's name.
        file: String,
        /// What is counted, with its verb ("the voxels of all regions are").
        what: &'static str,
        /// How many there are.
        found: u64,
        /// How many there may be.
        allowed: u64,
    },
    /// The file uses a part of the standard that is not read.
    #[error("{file}: {what} is not read: {remedy}")]
    Unsupported {
        /// The file's name.
        file: String,
        /// The part of the standard.
        what: String,
        /// What to do.
        remedy: &'static str,
    },
    /// An RTSTRUCT was read without the images' grid, or its grid was to be that of a resampled image.
    #[error("{file}: contours need the grid of their images: do not ask for resampling")]
    NeedsGrid {
        /// The file's name.
        file: String,
    },
    /// The segmentation lies on another grid than the images.
    #[error("{file}: {source}")]
    Grid {
        /// The file's name.
        file: String,
        /// Both grids.
        source: Box<VolumeError>,
    },
    /// The frames do not make one regular volume by themselves.
    #[error(
        "{file}: its frames do not make one regular volume (frame {frame} does not fit): give the images that it was drawn on"
    )]
    NoVolume {
        /// The file's name.
        file: String,
        /// The first frame that does not fit, from 1.
        frame: usize,
    },
    /// A contour lies between two slices of the images.
    #[error(
        "{file}: a contour of the region {region} lies between slices: {gap_mm:.3} mm from the nearest one, slice {slice} (from 0), where slices are {spacing_mm:.3} mm apart. It was drawn on other images; give the images it was drawn on."
    )]
    BetweenSlices {
        /// The file's name.
        file: String,
        /// Name of the region.
        region: String,
        /// Distance to the nearest slice, in millimetres.
        gap_mm: f64,
        /// The nearest slice, from 0; it may lie outside of the images.
        slice: i64,
        /// Distance between slices, in millimetres.
        spacing_mm: f64,
    },
    /// A contour lies outside of the images or across their slices.
    #[error(
        "{file}: a contour of the region {region} {how} of the images ({grid}): give the images it was drawn on"
    )]
    OffImages {
        /// The file's name.
        file: String,
        /// Name of the region.
        region: String,
        /// "lies outside" or "does not lie on a slice".
        how: &'static str,
        /// The images' grid.
        grid: Box<Geometry>,
    },
    /// The threshold for fractional segmentations is no share.
    #[error(
        "a threshold of {threshold} for fractional segmentations cannot be: give a share above 0 and up to 1"
    )]
    BadThreshold {
        /// The threshold as given.
        threshold: f64,
    },
}
