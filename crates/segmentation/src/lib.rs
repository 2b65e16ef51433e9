//! Lesion masks from DICOM SEG and RTSTRUCT, placed on the image grid.
//!
//! [`read_masks`] reads either; every region comes as a [`NamedMask`]. Given the images' grid, frames and contours are placed on it by their
//! positions, never by their numbers: frames that a writer left out are empty, slices may stand in any order, and a segmentation that does not
//! lie on the grid's lattice is an error that prints both grids. [`is_segmentation`] and [`is_rtstruct`] tell what a file is from its first bytes.
//!
//! Read are SEG objects of every kind (binary, fractional, label map), also with overlapping segments, deflated, RLE, JPEG-LS and JPEG 2000,
//! and RTSTRUCT objects with closed contours. Highdicom's own masks of the same files are the same voxel for voxel, and so are contours filled
//! by Shapely (`tests/peers`). Lengths are checked before anything is allocated ([`ReadOptions`] holds the limits), and no message holds a name,
//! birth date or original identifier of the patient.
//!
//! ```no_run
//! # let grid = triher_volume::Geometry::axis_aligned([1; 3], [1.0; 3], [0.0; 3])?;
//! let masks = triher_segmentation::read_masks("lesion.dcm".as_ref(), Some(&grid))?;
//! println!("{} has {} voxels", masks[0].label, masks[0].mask.count());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod contour;
mod data;
mod error;
mod frames;
mod place;
mod polygon;
mod voxels;
mod wire;

pub use error::SegmentationError;

use data::{Kind, Object};
use std::path::Path;
use triher_volume::{Geometry, Mask};

/// Share of MaximumFractionalValue from which a fractional voxel is inside, unless the options say otherwise.
pub const FRACTIONAL_THRESHOLD: f64 = 0.5;

/// How regions are read, and how much memory they may take.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ReadOptions {
    /// Share of MaximumFractionalValue from which a voxel of a fractional segmentation is inside; above 0 and up to 1.
    pub fractional_threshold: f64,
    /// Voxels of all masks together, a byte each.
    pub max_voxels: usize,
    /// Bytes of the file, and of its content once inflated.
    pub max_file_bytes: u64,
}

impl Default for ReadOptions {
    fn default() -> Self {
        Self {
            fractional_threshold: FRACTIONAL_THRESHOLD,
            max_voxels: 1 << 31,
            max_file_bytes: 2 << 30,
        }
    }
}

/// A region with its name.
#[derive(Clone, Debug)]
pub struct NamedMask {
    /// SegmentNumber or ROINumber.
    pub number: u32,
    /// SegmentLabel or ROIName.
    pub label: String,
    /// The region.
    pub mask: Mask,
    /// What the reader should know.
    pub warnings: Vec<String>,
}

/// Reads the regions of a DICOM SEG or RTSTRUCT file, in the order of their numbers (SEG) or of the file (RTSTRUCT).
///
/// A SEG without a reference grid comes on its own: that of its frames, from the lowest to the highest position along their normal. An RTSTRUCT needs
/// the images' grid. On a reference grid, voxels that lie outside of it are left out with a warning.
///
/// # Errors
/// [`SegmentationError`]: unreadable and damaged files, other objects, frames or contours that do not lie on the reference grid.
pub fn read_masks(
    path: &Path,
    reference: Option<&Geometry>,
) -> Result<Vec<NamedMask>, SegmentationError> {
    read_masks_with(path, reference, &ReadOptions::default())
}

/// As [`read_masks`], with options.
///
/// # Errors
/// As [`read_masks`], and [`SegmentationError::BadThreshold`].
pub fn read_masks_with(
    path: &Path,
    reference: Option<&Geometry>,
    options: &ReadOptions,
) -> Result<Vec<NamedMask>, SegmentationError> {
    let threshold = options.fractional_threshold;
    if !(threshold > 0.0 && threshold <= 1.0) {
        return Err(SegmentationError::BadThreshold { threshold });
    }
    let object = Object::open(path, options)?;
    match (object.kind(), reference) {
        (Kind::Segmentation, _) => frames::read(&object, reference, options),
        (Kind::StructureSet, Some(grid)) => contour::read(&object, grid, options),
        (Kind::StructureSet, None) => Err(SegmentationError::NeedsGrid { file: object.file }),
        (Kind::Other, _) => Err(SegmentationError::NoRegions {
            found: object.modality(),
            file: object.file,
        }),
    }
}

/// Reads the regions of an RTSTRUCT file, their contours filled on the images' grid.
///
/// A voxel is inside when its centre is: by the even-odd rule over all contours of a region on a slice, so that a contour within another is
/// a hole, drawn apart or through a keyhole; a centre on the border belongs to the side of higher index. Slices may lie along any axis of the
/// grid. A contour lies on a slice when all of its points are within 5 % of the slice distance, for planning systems round to a tenth of a millimetre.
///
/// # Errors
/// [`SegmentationError::BetweenSlices`] and [`SegmentationError::OffImages`] for contours that were drawn on other images, and as [`read_masks`].
pub fn read_rtstruct(
    path: &Path,
    reference: &Geometry,
) -> Result<Vec<NamedMask>, SegmentationError> {
    let options = ReadOptions::default();
    let object = Object::open(path, &options)?;
    match object.kind() {
        Kind::StructureSet => contour::read(&object, reference, &options),
        _ => Err(SegmentationError::NoRegions {
            found: object.modality(),
            file: object.file,
        }),
    }
}

/// Whether a file is a DICOM SEG (binary, fractional or label map), by its file meta information; `false` for whatever cannot be read.
pub fn is_segmentation(path: &Path) -> bool {
    Kind::of_file(path) == Kind::Segmentation
}

/// Whether a file is an RTSTRUCT, by its file meta information; `false` for whatever cannot be read.
pub fn is_rtstruct(path: &Path) -> bool {
    Kind::of_file(path) == Kind::StructureSet
}
