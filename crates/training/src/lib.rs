//! Training of the 3-D vision transformer encoder on the CPU: MAE and MoCo v3 pretraining, heads on frozen tokens, fine-tuning.
//!
//! * [`Pretraining`] takes steps on a [`PatchSource`] without labels: [`Method::Mae`] hides most of each patch and has a light decoder guess it
//!   (He et al., 2022), and on request has the class token read what is known of simulated lesions; [`Method::Moco`] tells two changed
//!   views of a patch from those of the others (MoCo v3: Chen, Xie and He, 2021).
//! * [`finetune`] trains a head ([`HeadKind`]), or the last blocks too, or everything, from labelled patches; [`cross_validate`] does so fold
//!   by fold, whole patients held out, and predicts every sample by a network that has not seen its patient.
//! * [`SimulatedPatches`] makes patches of simulated lesions, each patient at a centre of its own; [`PatchStore`] holds patches in memory.
//! * Weights come out as safetensors with the family's names, which `triher-encoder` loads (it must be told the heads when they are not 12).
//!
//! The crate reads and writes no files: resume files and weights are bytes.
//!
//! **Why no framework.** The network is one family of a handful of layers. candle has no backward pass for its fused LayerNorm and softmax, burn's
//! autodiff costs minutes of compiling, and both lose a third of the CPU on this network's forward pass. Written out, the layers are a few
//! hundred lines on the products of the `gemm` crate, each with its way back beside it, checked against finite differences and against
//! PyTorch (twenty steps of classifiers, MAE and MoCo v3: `tests/parity`, losses within 1e-4). The embedding of patches is a
//! convolution whose windows do not overlap, so it is a product too.
//!
//! **The same numbers always.** Work is cut by the sizes of the data alone, sums have a fixed order, and random streams belong to steps and samples. A run
//! gives the same bytes with any number of threads, and when it was stopped and resumed ([`Pretraining::state`]), on one kind of
//! machine; other vector units may round otherwise.
//!
//! ```
//! use triher_training::*;
//!
//! let encoder = EncoderSizes { side: 16, width: 24, depth: 1, hidden: 48, ..EncoderSizes::default() };
//! let mut patches = PatchStore::new(encoder.input_len());
//! for number in 0..4 {
//!     let patch: Vec<f32> = (0..encoder.input_len()).map(|i| ((i + number) as f32 * 0.1).sin()).collect();
//!     patches.push(&patch)?;
//! }
//! let mut training = Pretraining::new(PretrainSettings {
//!     method: Method::Mae(MaeSettings { decoder_width: 12, ..MaeSettings::default() }),
//!     encoder,
//!     optimiser: OptimiserSettings::default(),
//!     augmentation: AugmentationSettings::default(),
//!     steps: 2,
//!     batch: 2,
//!     seed: 1,
//!     data: 0,
//! })?;
//! let report = training.step(&patches)?;
//! assert!(report.loss.is_finite());
//! let safetensors = training.encoder_weights(Storage::F16)?;
//! # assert!(!safetensors.is_empty());
//! # Ok::<(), TrainingError>(())
//! ```

mod activation;
mod attention;
mod augment;
mod batch_norm;
mod buffer;
mod classifier;
mod cross_validation;
mod error;
mod finetune_settings;
mod finetuned;
mod finetuning;
mod fusion;
mod head;
mod labelled;
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
mod reading;
mod simulated;
mod sizes;
mod source;
mod storage;
mod traced;
mod transformer;
mod two_branch;
mod vector;
mod vit;

#[cfg(test)]
mod gradient_tests;
#[cfg(test)]
mod parity_tests;

pub use augment::{AugmentationSettings, standardise};
pub use cross_validation::{CrossValidated, FoldCurve, cross_validate};
pub use error::TrainingError;
pub use finetune_settings::{Depth, FinetuneSettings};
pub use finetuned::Finetuned;
pub use finetuning::{EpochReport, finetune};
pub use head::{ClassLoss, HeadKind};
pub use labelled::Labelled;
pub use mae::MaeSettings;
pub use moco::MocoSettings;
pub use optimiser::OptimiserSettings;
pub use parameters::{Entry, Layout};
pub use pretraining::{Method, PretrainSettings, Pretraining, StepReport};
pub use simulated::{SimulatedPatches, SimulatedSettings};
pub use sizes::EncoderSizes;
pub use source::{PatchSource, PatchStore, TRUTH};
pub use storage::Storage;
pub use traced::{Trace, TracedEncoder};
pub use two_branch::{TwoBranchSizes, lesion_shares};
