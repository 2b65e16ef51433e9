//! The encoder among a checkpoint's tensors.

use crate::{Checkpoint, CheckpointError, Tensor};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// How a checkpoint was made, told by its names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckpointKind {
    /// MoCo v3 pretraining: `base_encoder.*`, beside a momentum encoder and predictor.
    MocoV3,
    /// MAE pretraining, UNETR or classifier: `encoder.*`.
    EncoderDecoder,
    /// The encoder alone, without a prefix.
    Bare,
}

/// The tensors of a vision transformer, under their names without any prefix.
#[derive(Clone, Debug)]
pub struct EncoderTensors {
    /// The file.
    pub path: PathBuf,
    /// SHA-256 of the file.
    pub sha256: String,
    /// How the checkpoint was made.
    pub kind: CheckpointKind,
    /// What stood before the names, such as `module.base_encoder.`.
    pub prefix: String,
    /// Tensors by name: `patch_embed.proj.weight`, `blocks.0.norm1.weight`, ...
    pub tensors: BTreeMap<String, Tensor>,
    /// Names that do not belong to the encoder (momentum encoder, predictor, projector, decoder, optimiser), whole.
    pub ignored: Vec<String>,
}

/// The tensor that every encoder of the family has.
const LANDMARK: &str = "patch_embed.proj.weight";

pub(crate) fn read(checkpoint: &mut Checkpoint) -> Result<EncoderTensors, CheckpointError> {
    let shapes = checkpoint.shapes();
    let (prefix, kind) = find(&shapes).ok_or_else(|| CheckpointError::NoEncoder {
        path: checkpoint.path.clone(),
        found: shapes.len(),
        first: shapes
            .keys()
            .next()
            .cloned()
            .unwrap_or_else(|| "none".to_owned()),
    })?;
    let mut tensors = BTreeMap::new();
    let mut ignored = Vec::new();
    for name in shapes.keys() {
        match name.strip_prefix(&prefix).filter(|own| belongs(own)) {
            Some(own) => drop(tensors.insert(own.to_owned(), checkpoint.tensor(name)?)),
            None => ignored.push(name.clone()),
        }
    }
    Ok(EncoderTensors {
        path: checkpoint.path.clone(),
        sha256: checkpoint.sha256.clone(),
        kind,
        prefix,
        tensors,
        ignored,
    })
}

/// The prefix of the wanted encoder: of MoCo the base encoder, never the momentum one.
fn find(shapes: &BTreeMap<String, Vec<usize>>) -> Option<(String, CheckpointKind)> {
    let kinds = [
        ("base_encoder.", CheckpointKind::MocoV3),
        ("encoder.", CheckpointKind::EncoderDecoder),
        ("", CheckpointKind::Bare),
    ];
    for (name, kind) in kinds {
        for wrapper in ["", "module."] {
            let prefix = format!("{wrapper}{name}");
            if shapes.contains_key(&format!("{prefix}{LANDMARK}")) {
                return Some((prefix, kind));
            }
        }
    }
    None
}

/// Whether a name is one of the encoder's: its head, which after MoCo is the projector, is not.
fn belongs(name: &str) -> bool {
    let parts = ["patch_embed.", "blocks.", "norm."];
    parts.iter().any(|p| name.starts_with(p)) || matches!(name, "cls_token" | "pos_embed")
}
