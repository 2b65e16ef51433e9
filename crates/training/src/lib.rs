//! Training of the 3-D vision transformer encoder.
mod activation;
mod attention;
mod error;
mod layer_norm;
mod linear;
mod parameters;
mod position;
mod product;
mod random;
mod sizes;
mod transformer;
mod vector;
mod vit;

pub use error::TrainingError;
pub use parameters::{Entry, Layout};
pub use sizes::EncoderSizes;
