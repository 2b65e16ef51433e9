//! What can go wrong with a checkpoint.

use std::path::PathBuf;

/// Why a checkpoint could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CheckpointError {
    /// The system refuses the file.
    #[error("{} cannot be read: {source}. Check that it exists and that you may read it.", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file is not what it should be.
    #[error("{}: {problem}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong, and what to do.
        problem: String,
    },
    /// The pickle refers to code that is not needed to read tensors.
    #[error("{}: the file asks to call {global}, which reading tensors does not need: it was refused and nothing was executed. Do not use this file unless you know who made it.", path.display())]
    Code {
        /// The file.
        path: PathBuf,
        /// Module and name.
        global: String,
    },
    /// The system refuses to write the file.
    #[error("{} cannot be written: {problem}. Check that the folder exists, has room and may be written to.", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        problem: String,
    },
    /// A number does not fit into the storage that was asked for.
    #[error("the tensor {name} holds {value}, which {storage} cannot hold: convert to f32 or bf16")]
    Overflow {
        /// The tensor.
        name: String,
        /// The number.
        value: f32,
        /// The storage.
        storage: crate::Storage,
    },
    /// No tensors of an encoder are there.
    #[error("{}: no tensors of a vision transformer were found ({found} tensors are there, the first: {first}); is this the encoder's checkpoint?", path.display())]
    NoEncoder {
        /// The file.
        path: PathBuf,
        /// Number of tensors.
        found: usize,
        /// Name of one of them.
        first: String,
    },
}

/// What a parser says before the file's name is known.
#[derive(Debug)]
pub(crate) enum Problem {
    Malformed(String),
    Code(String),
}

impl Problem {
    pub(crate) fn at(self, path: &std::path::Path) -> CheckpointError {
        let path = path.to_owned();
        match self {
            Self::Malformed(problem) => CheckpointError::Malformed { path, problem },
            Self::Code(global) => CheckpointError::Code { path, global },
        }
    }
}

pub(crate) type Parse<T> = Result<T, Problem>;

/// A [`Problem::Malformed`].
pub(crate) fn malformed<T>(problem: impl Into<String>) -> Parse<T> {
    Err(Problem::Malformed(problem.into()))
}
