//! PyTorch checkpoints and safetensors read as data, never executed.
//!
//! [`Checkpoint::open`] looks at the names in a file; [`Checkpoint::encoder_tensors`] finds the encoder among them, whichever way it was
//! pretrained or wrapped, and reads only its tensors: the rest of a large file (momentum encoder, optimiser) is never loaded. A pickle
//! is data from a stranger: names that it imports come from a closed list, and one that is not on it ends the reading with an error.
//!
//! ```no_run
//! use triher_checkpoint::Checkpoint;
//!
//! let tensors = Checkpoint::open("vit_3d_base.pth.tar".as_ref())?.encoder_tensors()?;
//! println!("{:?}: {} tensors, {} ignored", tensors.kind, tensors.tensors.len(), tensors.ignored.len());
//! # Ok::<(), triher_checkpoint::CheckpointError>(())
//! ```

mod archive;
mod encoder;
mod error;
mod flat;
mod pickle;

pub use encoder::{CheckpointKind, EncoderTensors};
pub use error::CheckpointError;

use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Seek};
use std::path::{Path, PathBuf};

/// A tensor in C order.
#[derive(Clone, Debug, PartialEq)]
pub struct Tensor {
    /// Sizes of its axes.
    pub shape: Vec<usize>,
    /// Its numbers; half and double precision are converted.
    pub data: Vec<f32>,
}

/// A file whose tensors are read one by one.
trait RawTensors {
    /// Names and shapes of all tensors.
    fn shapes(&self) -> BTreeMap<String, Vec<usize>>;
    /// One tensor.
    fn read(&mut self, name: &str) -> error::Parse<Tensor>;
}

/// A checkpoint whose names have been looked at.
pub struct Checkpoint {
    path: PathBuf,
    sha256: String,
    source: Box<dyn RawTensors>,
}

impl Checkpoint {
    /// Opens a `.pth`, `.pth.tar`, `.pt` (zip archives of `torch.save`) or `.safetensors` file, told apart by content.
    ///
    /// # Errors
    /// Unreadable, damaged and truncated files; pickles that import what tensors do not need.
    pub fn open(path: &Path) -> Result<Self, CheckpointError> {
        let fail = |source| CheckpointError::Read {
            path: path.to_owned(),
            source,
        };
        let mut file = File::open(path).map_err(fail)?;
        let sha256 = hash(&mut file).map_err(fail)?;
        file.rewind().map_err(fail)?;
        let mut start = Vec::new();
        file.by_ref()
            .take(16)
            .read_to_end(&mut start)
            .map_err(fail)?;
        file.rewind().map_err(fail)?;
        let source: error::Parse<Box<dyn RawTensors>> = if flat::looks_flat(&start) {
            flat::Flat::open(file).map(|f| Box::new(f) as _)
        } else {
            archive::Archive::open(file).map(|a| Box::new(a) as _)
        };
        Ok(Self {
            path: path.to_owned(),
            sha256,
            source: source.map_err(|p| p.at(path))?,
        })
    }

    /// SHA-256 of the file, in hexadecimal digits.
    pub fn sha256(&self) -> &str {
        &self.sha256
    }

    /// Names and shapes of all tensors in the file.
    pub fn shapes(&self) -> BTreeMap<String, Vec<usize>> {
        self.source.shapes()
    }

    /// Reads one tensor by its whole name.
    ///
    /// # Errors
    /// When it is not there, holds no floating point numbers or is damaged.
    pub fn tensor(&mut self, name: &str) -> Result<Tensor, CheckpointError> {
        self.source.read(name).map_err(|p| p.at(&self.path))
    }

    /// Reads the encoder's tensors.
    ///
    /// # Errors
    /// [`CheckpointError::NoEncoder`], and as [`Checkpoint::tensor`].
    pub fn encoder_tensors(mut self) -> Result<EncoderTensors, CheckpointError> {
        encoder::read(&mut self)
    }
}

fn hash(file: &mut File) -> std::io::Result<String> {
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    loop {
        match file.read(&mut buffer)? {
            0 => break,
            read => hasher.update(&buffer[..read]),
        }
    }
    Ok(hasher
        .finalize()
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect())
}
