//! An encoder's tensors, for the crates that train it or follow its gradients.

use crate::StudyError;
use std::collections::BTreeMap;
use std::path::Path;
use triher_checkpoint::{Checkpoint, Limits};
use triher_encoder::{EncoderConfig, EncoderOptions};
use triher_training::EncoderSizes;

/// Tensors by their bare names.
pub(crate) type Tensors = BTreeMap<String, Vec<f32>>;

/// Sizes and tensors of a checkpoint, or without one of the encoder that ships.
///
/// # Errors
/// When the file cannot be read or is no checkpoint of the family.
pub(crate) fn encoder_tensors(
    weights: Option<&Path>,
) -> Result<(EncoderSizes, Tensors), StudyError> {
    let limits = Limits::default();
    let path = weights.unwrap_or(Path::new("compact.safetensors (built in)"));
    let checkpoint = match weights {
        Some(path) => Checkpoint::open(path, &limits)?,
        None => Checkpoint::from_bytes(path, triher_compact::WEIGHTS, &limits)?,
    };
    let found = checkpoint.encoder_tensors()?;
    let config = EncoderConfig::from_shapes(path, &found.names.shapes, &EncoderOptions::default())?;
    let sizes = EncoderSizes {
        side: config.side,
        channels: config.channels,
        patch: config.patch,
        width: config.width,
        depth: config.depth,
        heads: config.heads,
        hidden: config.hidden,
    };
    let tensors = found
        .tensors
        .into_iter()
        .map(|(name, t)| (name, t.data.into_vec()));
    Ok((sizes, tensors.collect()))
}
