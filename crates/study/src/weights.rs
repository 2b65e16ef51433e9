//! The encoder's weights as files: what a checkpoint holds, and the same as safetensors.

use crate::StudyError;
use crate::manifest::{Manifest, make_folder_of};
use serde::Serialize;
use std::path::{Path, PathBuf};
use triher_checkpoint::{Checkpoint, Limits, Storage, write_safetensors};
use triher_encoder::{EncoderConfig, EncoderOptions};

/// What a checkpoint holds, told from names and shapes.
#[derive(Clone, Debug, Serialize)]
pub struct Inspection {
    /// The file's name without its folder.
    pub file: String,
    /// SHA-256 of the file.
    pub sha256: String,
    /// How it was made: MoCo v3 pretraining, ...
    pub kind: String,
    /// The network's family; `None` when its tensors do not fit together.
    pub family: Option<String>,
    /// The network's sizes; `None` when its tensors do not fit together.
    pub sizes: Option<Sizes>,
    /// Why the network cannot be used, when it cannot.
    pub problem: Option<String>,
    /// Numbers in the encoder's tensors.
    pub parameters: u64,
    /// The dictionary's entry with the tensors; empty when they lie outermost.
    pub entry: String,
    /// What stands before the encoder's names.
    pub prefix: String,
    /// Other entries of the outermost dictionary: epoch, optimiser, ...
    pub entries: Vec<String>,
    /// The encoder's tensors, as named in the file.
    pub used: Vec<String>,
    /// All other tensors.
    pub ignored: Vec<String>,
    /// Tensors of the family that are not there.
    pub missing: Vec<String>,
}

/// A network's sizes.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Sizes {
    /// Voxels of the input along each axis.
    pub input: usize,
    /// Channels of the input.
    pub channels: usize,
    /// Voxels of a patch along each axis.
    pub patch: usize,
    /// Tokens, the class token included.
    pub tokens: usize,
    /// Length of the embedding.
    pub width: usize,
    /// Blocks.
    pub depth: usize,
    /// Attention heads (12 unless told otherwise: tensors do not say).
    pub heads: usize,
    /// Length of the hidden layer.
    pub hidden: usize,
}

impl From<EncoderConfig> for Sizes {
    fn from(config: EncoderConfig) -> Self {
        Self {
            input: config.side,
            channels: config.channels,
            patch: config.patch,
            tokens: config.tokens(),
            width: config.width,
            depth: config.depth,
            heads: config.heads,
            hidden: config.hidden,
        }
    }
}

fn family(config: &EncoderConfig) -> String {
    let size = match (config.width, config.depth) {
        (768, 12) => "base",
        (384, _) => "small",
        _ => "other size",
    };
    format!("vit_3d, {size}, patch {}", config.patch)
}

/// Looks at a checkpoint without reading its tensors.
///
/// # Errors
/// When the file cannot be read, is damaged, calls code, or holds no vision transformer.
pub fn inspect(path: &Path) -> Result<Inspection, StudyError> {
    let checkpoint = Checkpoint::open(path, &Limits::default())?;
    let names = checkpoint.encoder_names()?;
    let config = EncoderConfig::from_shapes(path, &names.shapes, &EncoderOptions::default());
    let problem = match &config {
        Err(error) => Some(error.to_string()),
        Ok(_) if names.missing.is_empty() => None,
        Ok(_) => Some(format!(
            "{}: tensors are missing, the first {}: it is not whole; fetch it again or save it with all tensors",
            path.display(),
            names.missing.first().map_or("", String::as_str)
        )),
    };
    let size = |shape: &Vec<usize>| shape.iter().fold(1u64, |n, &s| n.saturating_mul(s as u64));
    let config = config.ok();
    Ok(Inspection {
        file: crate::source::file_name(path),
        sha256: checkpoint.sha256().to_owned(),
        kind: names.kind.to_string(),
        family: config.as_ref().map(family),
        sizes: config.map(Sizes::from),
        problem,
        parameters: names.shapes.values().map(size).fold(0, u64::saturating_add),
        entries: checkpoint.entries(),
        entry: names.entry,
        prefix: names.prefix,
        used: names.used,
        ignored: names.ignored,
        missing: names.missing,
    })
}

/// A conversion to safetensors.
#[derive(Clone, Debug)]
pub struct ConvertPlan {
    /// The checkpoint.
    pub weights: PathBuf,
    /// safetensors file to write.
    pub out: PathBuf,
    /// How numbers are stored.
    pub storage: Storage,
}

#[derive(Serialize)]
struct Configuration {
    storage: String,
}

/// Writes the encoder's tensors, under their own names, as safetensors, with a manifest beside them; only the encoder is held in memory.
///
/// # Errors
/// As [`inspect`], when the network is not whole, holds numbers that the storage cannot, or the file cannot be written.
pub fn convert(plan: &ConvertPlan) -> Result<Manifest, StudyError> {
    let checkpoint = Checkpoint::open(&plan.weights, &Limits::default())?;
    let tensors = checkpoint.encoder_tensors()?;
    EncoderConfig::from_shapes(
        &tensors.path,
        &tensors.names.shapes,
        &EncoderOptions::default(),
    )?;
    if let Some(name) = tensors.names.missing.first() {
        return Err(StudyError::Input(format!(
            "{}: the tensor {name} is missing: fetch the checkpoint again or save it with all tensors",
            plan.weights.display()
        )));
    }
    make_folder_of(&plan.out)?;
    write_safetensors(&plan.out, &tensors.tensors, plan.storage)?;
    let configuration = Configuration {
        storage: plan.storage.to_string(),
    };
    let mut manifest = Manifest::new("weights convert", &configuration);
    manifest.add_input(&plan.weights)?;
    manifest.add_output(&plan.out)?;
    let mut beside = plan.out.as_os_str().to_owned();
    beside.push(".manifest.json");
    manifest.write(Path::new(&beside))?;
    Ok(manifest)
}
