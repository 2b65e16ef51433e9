//! Motion between the phases of a contrast study: found, judged, undone.
//!
//! A patient moves between phases, and a lesion's enhancement is a difference of phases. [`register_series`] moves each phase of a
//! [`DynamicSeries`](triher_volume::DynamicSeries) onto one of them and says in a [`MotionReport`] what it found and whether it believed it. Beneath it lie
//! [`register_rigid`] ([`RigidTransform`]) and [`register_deformable`] ([`FreeFormDeformation`], with its Jacobian determinant); a [`Transform`] is any of these and
//! resamples a phase. [`difference_slice`] gives the numbers for a picture of before and after.
//!
//! * **Rigid**: three angles and a translation, by mutual information ([`Similarity::MutualInformation`]).
//! * **Deformable**: cubic B-splines on a lattice, by local correlation ([`Similarity::LocalCorrelation`]), with a penalty on bending and one on changes of
//!   volume, so that a tumour is not shrunk because contrast agent made it brighter.
//! * Both go through a Gaussian pyramid, with L-BFGS on exact gradients and a phase interpolated by a cubic B-spline.
//! * **Judged**: a motion must make the phase clearly more alike, and a deformation must not fold or squeeze tissue, or it is not used.
//!
//! A transform takes points of the reference to points of the phase, in LPS millimetres. The crate reads and writes no files; results have the same bytes
//! with any number of threads.
//!
//! ```
//! use triher_registration::{MotionModel, MotionOptions, register_series};
//! use triher_volume::{DynamicSeries, Geometry, Image, Phase};
//!
//! let grid = Geometry::axis_aligned([24, 24, 16], [3.0; 3], [0.0; 3])?;
//! let ball = |x: f64, bright: f32| {
//!     Image::from_fn(grid, |[i, j, k]| {
//!         let place = [i as f64 - x, j as f64 - 11.0, k as f64 - 8.0];
//!         let distance = place.iter().map(|p| p * p).sum::<f64>().sqrt();
//!         20.0 + bright / (1.0 + (2.0 * (distance - 5.0)).exp()) as f32
//!     })
//! };
//! // After contrast the ball is brighter and lies one voxel, 3 mm, further along the first axis.
//! let phases = [ball(10.0, 100.0), ball(11.0, 240.0)];
//! let phases = phases.map(|image| Phase { image, time_s: None });
//! let series = DynamicSeries::new(phases.into())?;
//! let options = MotionOptions {
//!     model: MotionModel::Rigid,
//!     ..MotionOptions::default()
//! };
//! let (corrected, report) = register_series(&series, None, &options)?;
//! assert!((report.phases[0].translation_mm[0] + 3.0).abs() < 0.2);
//! assert_eq!(corrected.geometry(), series.geometry());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod error;
mod free_form;
mod free_form_fit;
mod interpolant;
mod lattice;
mod level;
mod optimise;
mod picture;
mod regularity;
mod rigid;
mod rigid_fit;
mod series;
mod similarity;
mod transform;

pub use error::RegistrationError;
pub use free_form::FreeFormDeformation;
pub use free_form_fit::{DeformableFit, DeformableOptions, register_deformable};
pub use picture::{DifferenceSlice, difference_slice};
pub use rigid::RigidTransform;
pub use rigid_fit::{RigidFit, RigidOptions, register_rigid, similarity};
pub use series::{
    Correction, MotionModel, MotionOptions, MotionReport, PhaseMotion, SimilarityChange,
    register_series,
};
pub use similarity::{FLATNESS, Similarity};
pub use transform::Transform;
