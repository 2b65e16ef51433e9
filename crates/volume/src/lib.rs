//! Volumes that carry their geometry, and how they are reoriented, resampled, cropped and resized.
//!
//! A [`Volume`] is a regular grid of voxels together with a [`Geometry`] (grid size and the affine
//! from voxel index to patient coordinates) and a [`Provenance`] (where it came from and what was
//! done to it). [`Image`] holds `f32` intensities and [`Mask`] holds `bool`. A
//! [`DynamicSeries`] is a set of images on one grid, one per contrast phase.
//!
//! Conventions, the same everywhere in the workspace:
//!
//! * World coordinates are DICOM patient coordinates: **LPS**, millimetres (x to the patient's
//!   left, y to the posterior, z to the head).
//! * A voxel index is `[i, j, k]`; `i` runs fastest in memory, so voxel `[i, j, k]` of a grid of
//!   size `[ni, nj, nk]` lies at `i + ni * (j + nj * k)`. Read as a C-ordered array this is
//!   `[k][j][i]`, the order that SimpleITK gives and the encoder takes.
//! * Integer indices are voxel centres.
//!
//! [`reorient`], [`crop`] and [`place_on_lattice`] move voxels without changing a value; [`resample_onto`]
//! interpolates; [`resize_area`] averages.
//!
//! ```
//! use triher_volume::{Geometry, Image};
//!
//! let geometry = Geometry::axis_aligned([4, 4, 2], [1.0, 1.0, 3.0], [10.0, -5.0, 0.0])?;
//! let image = Image::filled(geometry, 7.0);
//! assert_eq!(image.geometry().index_to_world([0.0, 1.0, 1.0]), [10.0, -4.0, 3.0]);
//! assert_eq!(image.get([3, 3, 1]), Some(&7.0));
//! # Ok::<(), triher_volume::VolumeError>(())
//! ```

mod dynamic;
mod error;
mod geometry;
mod rearrange;
mod resample;
mod resize;
mod sequence;
mod smooth;
mod volume;

pub use dynamic::{DynamicSeries, Phase};
pub use error::VolumeError;
pub use geometry::Geometry;
pub use rearrange::{crop, place_on_lattice, reorient};
pub use resample::{
    Interpolation, cubic_bspline_coefficients, resample_mask_onto, resample_onto,
    resample_to_spacing,
};
pub use resize::resize_area;
pub use sequence::SequenceParameters;
pub use smooth::{anti_alias, anti_alias_reach};
pub use volume::{Image, Mask, Provenance, Volume};
