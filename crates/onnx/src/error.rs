//! What can go wrong.

use std::path::PathBuf;

/// Why a model cannot be used. Every message names the file and what to do.
#[derive(Debug, thiserror::Error)]
pub enum OnnxError {
    /// A file cannot be read.
    #[error("{} cannot be read: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// A card says something that cannot be.
    #[error("the card {} cannot be followed: {problem}", path.display())]
    Card {
        /// The card.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// The model is another one than the card's.
    #[error("{} has the SHA-256 {found} and its card says {expected}: it is another file, or was damaged; get the right one", path.display())]
    Hash {
        /// The model.
        path: PathBuf,
        /// As the card says.
        expected: String,
        /// As the file has.
        found: String,
    },
    /// The file is no ONNX model, or one beyond the limits.
    #[error("{} cannot be used: {problem}", path.display())]
    Model {
        /// The model.
        path: PathBuf,
        /// What is wrong, and the remedy.
        problem: String,
    },
    /// Operators that the runtime does not have.
    #[error("{} uses operators that {runtime} does not have: {}; try the other runtime, or export the model with older operators", path.display(), operators.join(", "))]
    Operators {
        /// The model.
        path: PathBuf,
        /// The runtime.
        runtime: &'static str,
        /// Names of the operators.
        operators: Vec<String>,
    },
    /// The runtime is not there.
    #[error("{problem}")]
    Runtime {
        /// What is missing, and the remedy.
        problem: String,
    },
    /// The output that the card names is not there.
    #[error("{} has no output {wanted}: it has {}; name one of these in the card", path.display(), present.join(", "))]
    Output {
        /// The model.
        path: PathBuf,
        /// The output of the card.
        wanted: String,
        /// The outputs that are there.
        present: Vec<String>,
    },
    /// The output has another shape than the card's way of reducing it asks for.
    #[error("the output of {} has the shape {shape:?}: {problem}", path.display())]
    Shape {
        /// The model.
        path: PathBuf,
        /// The output's shape.
        shape: Vec<usize>,
        /// What was expected.
        problem: String,
    },
    /// The output is no numbers.
    #[error("{} gives numbers that are not finite: its weights are damaged, or the normalisation of its card is another than it was trained with", path.display())]
    NotFinite {
        /// The model.
        path: PathBuf,
    },
    /// An image cannot be brought to the model's input.
    #[error(transparent)]
    Volume(#[from] triher_volume::VolumeError),
}
