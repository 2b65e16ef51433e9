//! What can go wrong with the encoder.

use std::path::PathBuf;
use triher_checkpoint::CheckpointError;

/// Why an encoder could not be made or run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EncoderError {
    /// The checkpoint cannot be read.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// A tensor is missing.
    #[error("{}: the tensor {name} is missing (expected shape {expected:?}): the checkpoint is incomplete, or of another network", path.display())]
    Missing {
        /// The checkpoint.
        path: PathBuf,
        /// The tensor.
        name: String,
        /// The shape it should have.
        expected: Vec<usize>,
    },
    /// A tensor has another shape than the rest of the network asks for.
    #[error("{}: the tensor {name} has the shape {found:?}, and the network needs {expected:?}: the checkpoint is of another network", path.display())]
    Shape {
        /// The checkpoint.
        path: PathBuf,
        /// The tensor.
        name: String,
        /// The shape it has.
        found: Vec<usize>,
        /// The shape it should have.
        expected: Vec<usize>,
    },
    /// A tensor holds numbers that no training leaves behind.
    #[error("{}: the tensor {name} holds {count} numbers that are not finite: the file is damaged, or its training diverged; take another checkpoint", path.display())]
    NonFinite {
        /// The checkpoint.
        path: PathBuf,
        /// The tensor.
        name: String,
        /// How many.
        count: usize,
    },
    /// The tensors describe no network of the family.
    #[error("{}: {problem}", path.display())]
    Family {
        /// The checkpoint.
        path: PathBuf,
        /// What does not fit.
        problem: String,
    },
    /// An input has another number of voxels than the encoder takes.
    #[error(
        "the encoder takes {expected} voxels ({channels} x {side} x {side} x {side}), and the input has {found}: use the profile and the weights that belong together"
    )]
    Input {
        /// Voxels that the encoder takes.
        expected: usize,
        /// Channels of the encoder.
        channels: usize,
        /// Voxels along each axis.
        side: usize,
        /// Voxels of the input.
        found: usize,
    },
    /// A mask does not fit the input.
    #[error(
        "the lesion mask has {found} voxels, and the encoder's input {expected}: cut the mask like the image"
    )]
    MaskSize {
        /// Voxels of the mask.
        found: usize,
        /// Voxels that it should have.
        expected: usize,
    },
    /// A mask without a voxel.
    #[error("the lesion mask is empty, so that no patch of the encoder touches it: check the mask")]
    MaskEmpty,
    /// Patch tokens were not asked for.
    #[error("the embedding holds no patch tokens: ask for them with `Encoder::embed_tokens`")]
    NoPatchTokens,
}
