//! Training of the 3-D vision transformer encoder.
mod activation;
mod attention;
mod augment;
mod batch_norm;
mod buffer;
mod classifier;
mod error;
mod finetuning;
mod layer_norm;
mod linear;
mod loss;
mod mae;
mod moco;
mod optimiser;
mod parameters;
mod position;
mod pretraining;
mod product;
mod random;
mod simulated;
mod sizes;
mod source;
mod storage;
mod transformer;
mod vector;
mod vit;

#[cfg(test)]
mod parity_tests;

pub use augment::{AugmentationSettings, standardise};
pub use classifier::{ClassLoss, HeadKind};
pub use error::TrainingError;
pub use finetuning::{Depth, EpochReport, FinetuneSettings, Finetuned, Labelled, finetune};
pub use mae::MaeSettings;
pub use moco::MocoSettings;
pub use optimiser::OptimiserSettings;
pub use parameters::{Entry, Layout};
pub use pretraining::{Method, PretrainSettings, Pretraining, StepReport};
pub use simulated::{SimulatedPatches, SimulatedSettings};
pub use sizes::EncoderSizes;
pub use source::{PatchSource, PatchStore};
pub use storage::Storage;
