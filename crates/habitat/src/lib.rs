//! Habitats of a lesion: voxels that behave alike.
//!
//! [`voxel_curves`] describes each voxel by its kinetics; a [`HabitatModel`] (k-means or a Gaussian mixture on z-scores, fixed seed) is fitted per
//! patient or on a [`Reservoir`] of the training cohort's voxels and stored; [`habitat_map`] gives fractions, the entropy, the spatial index
//! and the mean features of each habitat. [`clusters_by_silhouette`] and [`components_by_bic`] choose how many.
//!
//! ```
//! use triher_habitat::{CURVE_FEATURES, HabitatModel, KMeansOptions, Method, habitat_map, voxel_curves};
//! use triher_simulate::{CohortSpec, simulate_patient};
//!
//! let patient = simulate_patient(&CohortSpec::small(1), 0, 0)?;
//! let voxels = voxel_curves(&patient.series, &patient.lesion)?;
//! let method = Method::KMeans(KMeansOptions::default());
//! let model = HabitatModel::fit(&CURVE_FEATURES, &voxels.samples, 2, &method)?;
//! let map = habitat_map(&model, &voxels, patient.series.geometry())?;
//! let whole: f64 = map.habitats.iter().map(|h| h.fraction).sum();
//! assert!((whole - 1.0).abs() < 1e-12);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod choose;
mod curves;
mod error;
mod kmeans;
mod measure;
mod mixture;
mod model;
mod samples;

pub use choose::{clusters_by_silhouette, components_by_bic, silhouette};
pub use curves::{CURVE_FEATURES, VoxelCurves, voxel_curves};
pub use error::HabitatError;
pub use kmeans::{KMeans, KMeansOptions};
pub use measure::{Habitat, HabitatMap, habitat_map};
pub use mixture::{Covariance, GaussianMixture, MixtureOptions};
pub use model::{Clusters, HabitatModel, Method, Scaling};
pub use samples::{Reservoir, Samples};
