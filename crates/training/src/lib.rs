//! Training of the 3-D vision transformer encoder.
mod activation;
mod attention;
mod batch_norm;
mod classifier;
mod error;
mod layer_norm;
mod linear;
mod loss;
mod mae;
mod moco;
mod optimiser;
mod parameters;
mod position;
mod product;
mod random;
mod sizes;
mod transformer;
mod vector;
mod vit;

#[cfg(test)]
mod parity_tests;

pub use classifier::{ClassLoss, HeadKind};
pub use error::TrainingError;
pub use mae::MaeSettings;
pub use moco::MocoSettings;
pub use optimiser::OptimiserSettings;
pub use parameters::{Entry, Layout};
pub use sizes::EncoderSizes;
