//! Lesion masks from DICOM SEG and RTSTRUCT, placed on the image grid.
//!
//! [`read_masks`] reads either; every region comes as a [`NamedMask`]. Given the images' grid, frames and contours are placed on it by their
//! positions, never by their numbers: frames that a writer left out are empty, slices may stand in any order, and a segmentation that does not
//! lie on the grid's lattice is an error that prints both grids.
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

pub use error::SegmentationError;

use data::Object;
use std::path::Path;
use triher_volume::{Geometry, Mask};

/// Share of MaximumFractionalValue from which a fractional voxel is inside.
pub const FRACTIONAL_THRESHOLD: f64 = 0.5;

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

/// Reads the regions of a DICOM SEG or RTSTRUCT file.
///
/// A SEG without a reference grid comes on its own: that of its frames. An RTSTRUCT needs the images' grid.
///
/// # Errors
/// Unreadable and damaged files, other objects, frames or contours that do not lie on the reference grid.
pub fn read_masks(
    path: &Path,
    reference: Option<&Geometry>,
) -> Result<Vec<NamedMask>, SegmentationError> {
    let object = Object::open(path)?;
    match object.modality().as_str() {
        "SEG" => frames::read(&object, reference),
        "RTSTRUCT" => match reference {
            Some(grid) => contour::read(&object, grid),
            None => Err(object.wrong("contours need the grid of their images: do not ask for resampling")),
        },
        other => Err(object.wrong(format!(
            "it is a {other} object and holds no regions: give a DICOM SEG, RTSTRUCT, NIfTI or NRRD mask"
        ))),
    }
}
