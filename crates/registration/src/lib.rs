//! Registration.

mod error;
mod interpolant;
mod level;
mod optimise;
mod rigid;
mod rigid_fit;
mod similarity;

pub use error::RegistrationError;
pub use rigid::RigidTransform;
pub use rigid_fit::{RigidFit, RigidOptions, register_rigid, similarity};
pub use similarity::{FLATNESS, Similarity};
