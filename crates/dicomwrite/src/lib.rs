//! DICOM out: MR images, enhanced MR and segmentations.
//!
//! [`write_mr_phases`] writes a dynamic series in one of four [`PhaseLayout`]s, as [`MrWriteOptions`] describe patient, study and scanner.
//! [`write_segmentation`] writes masks of those images, or of any others whose identifiers are given as [`SourceImages`].
//! Identifiers are derived from a text that the caller gives, and nothing holds the time of day: the same input gives the same bytes.
//!
//! ```
//! use triher_dicomwrite::{MrWriteOptions, SegmentationOptions, write_mr_phases, write_segmentation};
//! use triher_volume::{DynamicSeries, Geometry, Image, Mask, Phase};
//!
//! let folder = std::env::temp_dir().join(format!("triher-dicomwrite-doc-{}", std::process::id()));
//! std::fs::create_dir_all(&folder)?;
//! let grid = Geometry::axis_aligned([8, 6, 3], [1.0, 1.0, 2.0], [0.0; 3])?;
//! let phase = |gain: f32, time| Phase { image: Image::filled(grid, gain), time_s: Some(time) };
//! let series = DynamicSeries::new(vec![phase(100.0, 0.0), phase(150.0, 90.0)])?;
//! let options = MrWriteOptions { patient_id: "P1".to_owned(), ..MrWriteOptions::default() };
//! let written = write_mr_phases(&folder, &options, &series)?;
//! assert_eq!(written.files.len(), 6);
//! let regions = [("lesion".to_owned(), Mask::filled(grid, true))];
//! write_segmentation(&folder.join("seg.dcm"), &SegmentationOptions::for_images(&options, &written), &regions)?;
//! # std::fs::remove_dir_all(&folder)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod classic;
mod elements;
mod enhanced;
mod error;
mod modules;
mod moment;
mod mr;
mod options;
mod segmentation;
mod source;
mod stored;

pub use error::DicomWriteError;
pub use modules::PatientStudy;
pub use mr::{WrittenImages, write_mr_phases};
pub use options::{Laterality, MrWriteOptions, PhaseLayout};
pub use segmentation::{SegmentOrigin, SegmentationOptions, write_segmentation};
pub use source::{SourceImages, SourceSlice};
