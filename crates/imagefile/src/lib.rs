//! Research image files in and out: NIfTI-1, NIfTI-2, Analyze pairs and NRRD.
//!
//! [`read_image`] reads one volume, [`read_images`] all of a four-dimensional file, [`read_mask`] and
//! [`read_regions`] masks; [`group_phases`] sorts the files of a folder into patients and phases and [`load_phases`] makes a
//! [`triher_volume::DynamicSeries`] of them. [`write_nifti`] writes. Geometry comes out in LPS millimetres; voxels stay in
//! the order of the file. Every number of a header is checked against what is there before memory is taken.
//!
//! ```
//! use triher_volume::{Geometry, Image};
//!
//! let folder = std::env::temp_dir();
//! let path = folder.join(format!("triher-imagefile-doc-{}.nii.gz", std::process::id()));
//! let grid = Geometry::axis_aligned([4, 3, 2], [0.7, 0.7, 2.0], [1.0, 2.0, 3.0])?;
//! let image = Image::from_fn(grid, |[i, j, k]| (i + 10 * j + 100 * k) as f32);
//! triher_imagefile::write_nifti(&path, &image)?;
//! let back = triher_imagefile::read_image(&path)?;
//! assert!(back.geometry().same_grid(&grid));
//! assert_eq!(back.voxels(), image.voxels());
//! # std::fs::remove_file(&path)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod array;
mod bytes;
mod element;
mod error;
mod load;
mod names;
mod nifti;
mod nrrd;
mod pattern;
mod phases;
mod read;
mod write;

pub use error::ImageFileError;
pub use names::{Grouping, PatientPhases, group_phases};
pub use pattern::NamePattern;
pub use phases::{LoadedPhases, load_phases, load_time_series};
pub use read::{
    InputFile, ReadImage, ReadImages, ReadMask, ReadOptions, is_image_file, read_from_bytes,
    read_geometry, read_image, read_image_with, read_images, read_images_with, read_labels,
    read_mask, read_mask_with, read_nrrd_segments, read_regions,
};
pub use write::{nifti_bytes, nifti_mask_bytes, write_nifti, write_nifti_mask};
