//! Tracer kinetics of contrast agent in a lesion.
//!
//! A [`SignalModel`] turns signal into concentration, an [`InputFunction`] is the concentration in plasma, and [`fit`] finds the parameters of a
//! [`Model`] (Tofts, extended Tofts, two-compartment exchange) within bounds, from several starts, with a measure of how well it fits;
//! [`parameter_maps`] does so for every voxel of a region. Few phases tell few unknowns: a model with too many is refused, and parameters on
//! a bound are marked.
//!
//! On the curves of the Open Science Initiative for Perfusion Imaging (OSIPI), digital reference objects with noise, fits lie within OSIPI's
//! tolerances, and the models agree with numerical integration by SciPy to 1e-5 (`tests/models.rs`).
//!
//! ```
//! use triher_pharmacokinetic::{InputFunction, Model, fit};
//!
//! let input = InputFunction::parker(10.0, 0.42, 400.0);
//! let times_s = [0.0, 60.0, 120.0, 180.0, 240.0, 300.0, 360.0];
//! let curve = Model::Tofts.concentrations(&[0.25, 0.4], &input, &times_s);
//! let found = fit(Model::Tofts, &input, &times_s, &curve)?;
//! assert!((found.parameters[0] - 0.25).abs() < 1e-4 && found.r_squared > 0.9999);
//! # Ok::<(), triher_pharmacokinetic::PharmacokineticError>(())
//! ```

mod error;
mod fit;
mod input;
mod maps;
mod model;
mod signal;

pub use error::PharmacokineticError;
pub use fit::{Fit, fit};
pub use input::InputFunction;
pub use maps::{ParameterMaps, parameter_maps};
pub use model::Model;
pub use signal::SignalModel;
