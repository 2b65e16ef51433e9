//! Contrast kinetics and first-order features of a lesion.
//!
//! [`features`] turns a [`DynamicSeries`](triher_volume::DynamicSeries) and a lesion mask into a fixed, ordered list of [`Feature`]s,
//! the same names for any number of phases ([`feature_names`]). It is made of
//!
//! * [`kinetic_features`] (`kin_...`, `size_...`): each [`Quantity`] of the enhancement curve, on the mean curve of the lesion and as
//!   statistics over its voxels; shares of curve types; functional tumour volume; sizes from [`triher_region::size`];
//! * [`first_order_features`] (`fo_...`): the statistics of [`FirstOrder`] (IBSI definitions) before contrast, in the first and last phase
//!   after it, and in the first subtraction.
//!
//! [`phase_features`] adds what depends on the number of phases and on thresholds: enhancement of each phase, parts of the functional tumour
//! volume, shares of 19 patterns of curves ([`CurvePattern`]).
//!
//! A feature that is not defined for a lesion has no value but a reason. Voxels that are not finite in some phase, and voxels without signal
//! before contrast, are left out and counted ([`voxel_counts`]).
//!
//! [`curve`] and [`curve_type`] describe the mean curve. [`percent_enhancement`], [`signal_enhancement_ratio`] and [`UcsfRule`] make
//! parametric maps of whole images, [`quantity_map`] one of any [`Quantity`]; [`functional_volume`] parts the functional tumour volume by the
//! signal enhancement ratio.
//!
//! ```
//! use triher_kinetics::{CurveType, FeatureOptions, curve, curve_type, features};
//! use triher_volume::{DynamicSeries, Geometry, Image, Mask, Phase};
//!
//! let geometry = Geometry::axis_aligned([4, 4, 4], [1.0; 3], [0.0; 3])?;
//! let phase = |value, time_s| Phase { image: Image::filled(geometry, value), time_s: Some(time_s) };
//! let series = DynamicSeries::new(vec![phase(100.0, 0.0), phase(250.0, 90.0), phase(200.0, 300.0)])?;
//! let lesion = Mask::from_fn(geometry, |[i, j, k]| i.max(j).max(k) < 2);
//!
//! let features = features(&series, &lesion, &FeatureOptions::default())?;
//! let early = features.iter().find(|f| f.name == "kin_pe_early_mean").expect("a fixed name");
//! assert_eq!(early.value, Some(150.0));
//! let mean = curve(&series, &lesion)?;
//! assert_eq!(curve_type(&mean, 10.0), Some(CurveType::WashOut));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod curve;
mod curve_pattern;
mod error;
mod feature;
mod first_order;
mod functional_volume;
mod kinetic;
mod maps;
mod phase_features;
mod quantity;
mod quantity_map;
mod statistics;
mod voxels;

pub use curve::{CurveType, curve, curve_type};
pub use curve_pattern::{CurvePattern, CurvePatternRule, WashIn, curve_pattern_map};
pub use error::KineticsError;
pub use feature::{Feature, FeatureOptions, feature_names, features};
pub use first_order::{first_order_features, first_order_names};
pub use functional_volume::{FunctionalVolume, SerCutoffs, functional_volume};
pub use kinetic::{kinetic_features, kinetic_names};
pub use maps::{UcsfRule, percent_enhancement, signal_enhancement_ratio};
pub use phase_features::{PhaseOptions, phase_feature_list, phase_features};
pub use quantity::Quantity;
pub use quantity_map::quantity_map;
pub use statistics::{FirstOrder, percentile};
pub use voxels::{VoxelCounts, voxel_counts};
