//! PyTorch checkpoints and safetensors read as data, never executed.
//!
//! [`Checkpoint::open`] looks at the names in a file; [`Checkpoint::encoder_tensors`] finds the encoder among them, whichever way it was
//! pretrained or wrapped ([`CheckpointKind`]), and reads only its tensors into [`EncoderTensors`]: the rest of a large file (momentum
//! encoder, optimiser) is hashed and never loaded. Single precision numbers stay in the file, mapped into memory ([`Numbers`]). [`Limits`] bound what a file from a stranger may ask for.
//!
//! A pickle is such a file: names that it imports are looked up in a closed list, and one that *calls* anything else, wherever in the
//! file, ends the reading with [`CheckpointError::Code`]. Mere mentions of unknown classes, as in a library's training arguments, become
//! values without content. Nothing is ever imported or called.
//!
//! ```no_run
//! use triher_checkpoint::{Checkpoint, Limits};
//!
//! let checkpoint = Checkpoint::open("vit_3d_base.pth.tar".as_ref(), &Limits::default())?;
//! let tensors = checkpoint.encoder_tensors()?;
//! println!("{}: {} tensors, {} ignored", tensors.names.kind, tensors.tensors.len(), tensors.names.ignored.len());
//! # Ok::<(), triher_checkpoint::CheckpointError>(())
//! ```

mod archive;
mod encoder;
mod error;
mod flat;
mod format;
mod limits;
mod mapping;
mod numbers;
mod pickle;
mod tensor;
mod write;

pub use encoder::{CheckpointKind, EncoderNames, EncoderTensors};
pub use error::CheckpointError;
pub use limits::Limits;
pub use tensor::{Numbers, Tensor};
pub use write::{Storage, write_safetensors};

use format::Format;
use mapping::Mapping;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Cursor, Read, Seek};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What a checkpoint is read from: a file, or bytes in memory.
trait Source: Read + Seek {}
impl<T: Read + Seek> Source for T {}

/// A file whose tensors are read one by one.
trait RawTensors {
    /// Names and shapes of all tensors.
    fn shapes(&self) -> BTreeMap<String, Vec<usize>>;
    /// Outermost entries that are no tensors.
    fn entries(&self) -> Vec<String>;
    /// One tensor.
    fn read(&mut self, name: &str) -> error::Parse<Tensor>;
}

/// A checkpoint whose names have been looked at.
pub struct Checkpoint {
    path: PathBuf,
    sha256: String,
    limits: Limits,
    source: Box<dyn RawTensors>,
}

impl std::fmt::Debug for Checkpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Checkpoint")
            .field("path", &self.path)
            .field("sha256", &self.sha256)
            .finish_non_exhaustive()
    }
}

impl Checkpoint {
    /// Opens a `.pth`, `.pth.tar`, `.pt` (zip archives of `torch.save`, PyTorch 1.6 and newer) or `.safetensors` file, told apart by content.
    ///
    /// The whole file is read once for its SHA-256; only names and shapes are kept.
    ///
    /// # Errors
    /// [`CheckpointError::Read`] when the system refuses the file, [`CheckpointError::Malformed`] when it is damaged, truncated, of another
    /// format or beyond the limits, [`CheckpointError::Code`] when its pickle calls what tensors do not need.
    pub fn open(path: &Path, limits: &Limits) -> Result<Self, CheckpointError> {
        let file = File::open(path).map_err(|source| CheckpointError::Read {
            path: path.to_owned(),
            source,
        })?;
        let mapping = Mapping::of(&file).map(Arc::new);
        Self::from_source(path, Box::new(file), mapping, limits)
    }

    /// A checkpoint that lies in memory, such as one that is part of a program; `name` stands for its path in errors.
    ///
    /// # Errors
    /// As [`Checkpoint::open`].
    pub fn from_bytes(
        name: &Path,
        bytes: impl AsRef<[u8]> + 'static,
        limits: &Limits,
    ) -> Result<Self, CheckpointError> {
        Self::from_source(name, Box::new(Cursor::new(bytes)), None, limits)
    }

    fn from_source(
        path: &Path,
        mut source: Box<dyn Source>,
        mapping: Option<Arc<Mapping>>,
        limits: &Limits,
    ) -> Result<Self, CheckpointError> {
        let fail = |source| CheckpointError::Read {
            path: path.to_owned(),
            source,
        };
        let mut start = Vec::new();
        source
            .by_ref()
            .take(format::START)
            .read_to_end(&mut start)
            .map_err(fail)?;
        let format = Format::tell(&start).map_err(|p| p.at(path))?;
        source.rewind().map_err(fail)?;
        let sha256 = hash(&mut source).map_err(fail)?;
        source.rewind().map_err(fail)?;
        let tensors: error::Parse<Box<dyn RawTensors>> = match format {
            Format::Flat => flat::Flat::open(source, mapping, limits).map(|f| Box::new(f) as _),
            Format::Archive => {
                archive::Archive::open(source, mapping, limits).map(|a| Box::new(a) as _)
            }
        };
        Ok(Self {
            path: path.to_owned(),
            sha256,
            limits: *limits,
            source: tensors.map_err(|p| p.at(path))?,
        })
    }

    /// SHA-256 of the file, in hexadecimal digits.
    pub fn sha256(&self) -> &str {
        &self.sha256
    }

    /// Names and shapes of all tensors in the file; keys of nested dictionaries are joined by dots
    /// (`state_dict.module.base_encoder.cls_token`).
    pub fn shapes(&self) -> BTreeMap<String, Vec<usize>> {
        self.source.shapes()
    }

    /// Keys of the outermost dictionary that are no tensors, in the file's order: `epoch`, `state_dict`, `optimizer`, ...
    pub fn entries(&self) -> Vec<String> {
        self.source.entries()
    }

    /// Reads one tensor by its whole name, as [`Checkpoint::shapes`] gives it.
    ///
    /// # Errors
    /// [`CheckpointError::Malformed`] when it is not there, holds no floating point numbers, is damaged or beyond the limits.
    pub fn tensor(&mut self, name: &str) -> Result<Tensor, CheckpointError> {
        self.source.read(name).map_err(|p| p.at(&self.path))
    }

    /// Finds the encoder among the names, without reading a tensor.
    ///
    /// # Errors
    /// [`CheckpointError::NoEncoder`].
    pub fn encoder_names(&self) -> Result<EncoderNames, CheckpointError> {
        encoder::names(self)
    }

    /// Reads the encoder's tensors, and no others.
    ///
    /// # Errors
    /// [`CheckpointError::NoEncoder`], and as [`Checkpoint::tensor`].
    pub fn encoder_tensors(mut self) -> Result<EncoderTensors, CheckpointError> {
        encoder::read(&mut self)
    }
}

fn hash(source: &mut dyn Source) -> std::io::Result<String> {
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    loop {
        match source.read(&mut buffer)? {
            0 => break,
            read => hasher.update(buffer.get(..read).unwrap_or_default()),
        }
    }
    Ok(hasher
        .finalize()
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect())
}
