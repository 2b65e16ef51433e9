//! What can go wrong with a grid.

use crate::Geometry;

/// Why a volume could not be made, combined or transformed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VolumeError {
    /// An axis has no voxels, or the grid has more voxels than can be addressed.
    #[error(
        "a grid of {size:?} voxels cannot be made: every axis needs at least one voxel and the product must stay below 2^40"
    )]
    BadSize {
        /// The size that was asked for.
        size: [usize; 3],
    },
    /// A spacing is not a positive number.
    #[error(
        "{spacing_mm:?} mm is no spacing: give three positive numbers of millimetres, one for each axis"
    )]
    BadSpacing {
        /// The spacing that was asked for, in millimetres.
        spacing_mm: [f64; 3],
    },
    /// A spacing would make more voxels than a machine holds.
    #[error(
        "a spacing of {spacing_mm:?} mm would give {size:?} voxels, more than 2^30: choose a coarser spacing"
    )]
    TooFine {
        /// The spacing that was asked for, in millimetres.
        spacing_mm: [f64; 3],
        /// Voxels along each axis that it would give.
        size: [usize; 3],
    },
    /// The affine has no inverse, a zero column or a number that is not finite.
    #[error(
        "the voxel-to-patient matrix {affine:?} is no map onto patient coordinates: check the spacing and the orientation in the file's header"
    )]
    BadAffine {
        /// The rows of the matrix, in millimetres (LPS).
        affine: [[f64; 4]; 3],
    },
    /// The number of voxels handed over does not fit the grid.
    #[error("{found} voxels were given for a grid of {size:?}, which holds {expected}")]
    VoxelCount {
        /// The grid's size.
        size: [usize; 3],
        /// Voxels that the grid holds.
        expected: usize,
        /// Voxels that were given.
        found: usize,
    },
    /// Two volumes that must share a grid do not.
    #[error(
        "{left_name} and {right_name} do not share a grid.\n  {left_name}: {left}\n  {right_name}: {right}\n\
         Give a {right_name} drawn on this {left_name}, or ask for it to be resampled onto it."
    )]
    GridMismatch {
        /// What the first volume is ("image").
        left_name: String,
        /// What the second volume is ("mask").
        right_name: String,
        /// The first grid.
        left: Box<Geometry>,
        /// The second grid.
        right: Box<Geometry>,
    },
    /// A window of a crop lies outside of the grid.
    #[error(
        "the window from {start:?} with {size:?} voxels does not lie inside the grid of {grid:?} voxels"
    )]
    WindowOutside {
        /// First voxel of the window.
        start: [usize; 3],
        /// Voxels of the window.
        size: [usize; 3],
        /// The grid's size.
        grid: [usize; 3],
    },
    /// An orientation code is not three letters of the three anatomical axes.
    #[error(
        "\"{code}\" is no orientation: write one letter each of L or R, P or A, and S or I, such as LPS"
    )]
    BadOrientation {
        /// The code as given.
        code: String,
    },
    /// A dynamic series needs a phase before contrast and at least one after it.
    #[error(
        "a dynamic series needs at least two phases (one before contrast and one after it), but {found} was found"
    )]
    TooFewPhases {
        /// Phases that were given.
        found: usize,
    },
    /// Phase times do not increase.
    #[error(
        "the phase times {times_s:?} (seconds) do not increase: put the phases in time order, or correct their times in the manifest"
    )]
    TimesNotIncreasing {
        /// The times as given, in seconds.
        times_s: Vec<f64>,
    },
}
