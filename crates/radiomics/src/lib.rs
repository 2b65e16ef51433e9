//! Radiomics features of a region as the Image Biomarker Standardisation Initiative (IBSI) defines them.
//!
//! [`features`] takes an image, a mask on its grid and [`Settings`], and gives [`FeatureValue`]s: eleven families ([`Family`]), texture in the
//! aggregations asked for ([`Aggregation`]), each with the IBSI's tag, a unit and a word where a value is missing or special. Definitions are those
//! of the reference manual (Zwanenburg, Leger, Vallières and Löck, arXiv 1612.07003); the reference values of the IBSI's digital and CT phantoms with
//! a consensus of six teams and more are met (`tests/reference_values.rs`, `docs/ibsi.md`).
//!
//! ```
//! use triher_radiomics::{Settings, features};
//! use triher_volume::{Geometry, Image, Mask};
//!
//! let geometry = Geometry::axis_aligned([6, 6, 4], [1.0, 1.0, 2.0], [0.0; 3])?;
//! let image = Image::from_fn(geometry, |[i, j, k]| (i * j + k) as f32);
//! let mask = Mask::from_fn(geometry, |[i, j, _]| i > 0 && j > 0);
//! let features = features(&image, &mask, &Settings::default())?;
//! let volume = features.iter().find(|f| f.tag == "morph_vol_approx").expect("always there");
//! assert_eq!((volume.value, volume.unit.as_str()), (200.0, "mm3"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod compute;
mod conformance;
mod diagnostics;
mod error;
mod feature;
mod levels;
mod local_intensity;
mod morphology;
mod prepare;
pub mod pyradiomics;
mod responses;
mod settings;
mod sorting;
mod statistics;
mod texture;
mod volume_histogram;

pub use compute::{feature_list, features, region_features};
pub use conformance::{Outcome, ReferenceRow, compare, three_figures};
pub use diagnostics::diagnostics;
pub use error::RadiomicsError;
pub use feature::{Family, FeatureValue};
pub use prepare::{Region, SharedRegion};
pub use responses::{Response, ResponseSettings, response_features, responses};
pub use settings::{
    Aggregation, Configuration, Discretisation, Normalisation, Resampling, Resegmentation, Settings,
};
pub use triher_filter::{Filter, FilterError};
