//! Registration.

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
