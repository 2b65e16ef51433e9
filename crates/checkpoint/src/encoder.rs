//! The encoder among a checkpoint's tensors.

use crate::{Checkpoint, CheckpointError, Tensor};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// How a checkpoint was made, told by its names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CheckpointKind {
    /// MoCo v3 pretraining: `base_encoder.*`, beside a momentum encoder and predictor.
    MocoV3,
    /// MAE pretraining, UNETR or a classifier: `encoder.*`, beside a decoder or heads.
    EncoderDecoder,
    /// The encoder alone, without a prefix.
    Bare,
}

impl std::fmt::Display for CheckpointKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::MocoV3 => "MoCo v3 pretraining",
            Self::EncoderDecoder => "MAE pretraining, UNETR or classifier",
            Self::Bare => "encoder alone",
        })
    }
}

/// Where the encoder lies among a checkpoint's tensors, by names and shapes alone.
#[derive(Clone, Debug)]
pub struct EncoderNames {
    /// How the checkpoint was made.
    pub kind: CheckpointKind,
    /// The entry of the outermost dictionary that holds the tensors, such as `state_dict`; empty when they lie there themselves.
    pub entry: String,
    /// What stood before the names within that entry, such as `module.base_encoder.`.
    pub prefix: String,
    /// Whether the network was wrapped for several GPUs (`module.`) when it was saved.
    pub wrapped: bool,
    /// Shapes of the encoder's tensors, by their names without any prefix: `patch_embed.proj.weight`, `blocks.0.norm1.weight`, ...
    pub shapes: BTreeMap<String, Vec<usize>>,
    /// Names in the file of the tensors above.
    pub used: Vec<String>,
    /// Names in the file of all other tensors (momentum encoder, predictor, projector, decoder, heads, optimiser).
    pub ignored: Vec<String>,
    /// Tensors of the family that are not there, without a prefix; `pos_embed` may be absent, as it is a fixed table.
    pub missing: Vec<String>,
}

/// The tensors of a vision transformer, under their names without any prefix.
#[derive(Clone, Debug)]
pub struct EncoderTensors {
    /// The file.
    pub path: PathBuf,
    /// SHA-256 of the file, in hexadecimal digits.
    pub sha256: String,
    /// Where they lay; what is ignored there was not read.
    pub names: EncoderNames,
    /// Tensors by name: `patch_embed.proj.weight`, `blocks.0.norm1.weight`, ...
    pub tensors: BTreeMap<String, Tensor>,
}

impl EncoderTensors {
    /// Tensors that come from no file, under the encoder's own names.
    pub fn bare(path: PathBuf, sha256: String, tensors: BTreeMap<String, Tensor>) -> Self {
        let shapes: BTreeMap<String, Vec<usize>> = tensors
            .iter()
            .map(|(name, tensor)| (name.clone(), tensor.shape.clone()))
            .collect();
        let names = EncoderNames {
            kind: CheckpointKind::Bare,
            entry: String::new(),
            prefix: String::new(),
            wrapped: false,
            missing: missing(&shapes),
            used: shapes.keys().cloned().collect(),
            shapes,
            ignored: Vec::new(),
        };
        Self {
            path,
            sha256,
            names,
            tensors,
        }
    }
}

/// The tensor that every encoder of the family has.
const LANDMARK: &str = "patch_embed.proj.weight";

/// Entries that hold the tensors' dictionary, in the order in which they are looked at.
const ENTRIES: &[&str] = &[
    "",
    "state_dict",
    "model",
    "model_state_dict",
    "network_weights",
];

/// What wrapping a network puts before its names: several GPUs, compiling, both.
const WRAPPERS: &[&str] = &[
    "",
    "module.",
    "_orig_mod.",
    "module._orig_mod.",
    "_orig_mod.module.",
];

/// Where the wanted encoder lies: of MoCo the base encoder, never the momentum one.
struct Place {
    entry: &'static str,
    prefix: String,
    kind: CheckpointKind,
    wrapped: bool,
}

/// Sorts a checkpoint's names.
pub(crate) fn names(checkpoint: &Checkpoint) -> Result<EncoderNames, CheckpointError> {
    let all = checkpoint.shapes();
    let place = find(&all).ok_or_else(|| CheckpointError::NoEncoder {
        path: checkpoint.path.clone(),
        found: all.len(),
        first: all
            .keys()
            .next()
            .cloned()
            .unwrap_or_else(|| "none".to_owned()),
    })?;
    let entry = match place.entry {
        "" => String::new(),
        entry => format!("{entry}."),
    };
    let (mut shapes, mut used, mut ignored) = (BTreeMap::new(), Vec::new(), Vec::new());
    for (name, shape) in all {
        let within = name.strip_prefix(&entry);
        let own = within
            .and_then(|w| w.strip_prefix(&place.prefix))
            .filter(|own| belongs(own));
        match own {
            Some(own) => {
                shapes.insert(own.to_owned(), shape);
                used.push(within.unwrap_or(&name).to_owned());
            }
            None => ignored.push(within.unwrap_or(&name).to_owned()),
        }
    }
    Ok(EncoderNames {
        kind: place.kind,
        entry: place.entry.to_owned(),
        prefix: place.prefix,
        wrapped: place.wrapped,
        missing: missing(&shapes),
        shapes,
        used,
        ignored,
    })
}

pub(crate) fn read(checkpoint: &mut Checkpoint) -> Result<EncoderTensors, CheckpointError> {
    let names = names(checkpoint)?;
    within_limit(checkpoint, &names.shapes)?;
    let entry = match names.entry.as_str() {
        "" => String::new(),
        entry => format!("{entry}."),
    };
    let mut tensors = BTreeMap::new();
    for own in names.shapes.keys() {
        let tensor = checkpoint.tensor(&format!("{entry}{}{own}", names.prefix))?;
        tensors.insert(own.clone(), tensor);
    }
    Ok(EncoderTensors {
        path: checkpoint.path.clone(),
        sha256: checkpoint.sha256.clone(),
        names,
        tensors,
    })
}

/// Checks the memory that the wanted tensors would take together, before any is read.
fn within_limit(
    checkpoint: &Checkpoint,
    shapes: &BTreeMap<String, Vec<usize>>,
) -> Result<(), CheckpointError> {
    let size = |shape: &[usize]| {
        shape
            .iter()
            .try_fold(4u64, |n, &s| n.checked_mul(u64::try_from(s).ok()?))
    };
    let total = shapes
        .values()
        .try_fold(0u64, |sum, shape| sum.checked_add(size(shape)?));
    let limit = checkpoint.limits.max_tensor_bytes;
    match total {
        Some(total) if total <= limit => Ok(()),
        _ => Err(CheckpointError::Malformed {
            path: checkpoint.path.clone(),
            problem: format!(
                "the encoder's tensors declare more than {} MiB together: the file is damaged, or the limit is too low for it",
                limit >> 20
            ),
        }),
    }
}

fn find(shapes: &BTreeMap<String, Vec<usize>>) -> Option<Place> {
    let kinds = [
        ("base_encoder.", CheckpointKind::MocoV3),
        ("encoder.", CheckpointKind::EncoderDecoder),
        ("", CheckpointKind::Bare),
    ];
    for &entry in ENTRIES {
        let dot = if entry.is_empty() { "" } else { "." };
        for (name, kind) in kinds {
            for wrapper in WRAPPERS {
                let prefix = format!("{wrapper}{name}");
                if shapes.contains_key(&format!("{entry}{dot}{prefix}{LANDMARK}")) {
                    return Some(Place {
                        entry,
                        prefix,
                        kind,
                        wrapped: wrapper.contains("module."),
                    });
                }
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

/// Names of the family that are not among the tensors; blocks are counted up to the last one that is there.
fn missing(tensors: &BTreeMap<String, Vec<usize>>) -> Vec<String> {
    let present: BTreeSet<usize> = tensors.keys().filter_map(|n| block_number(n)).collect();
    let mut expected: Vec<String> = [
        "cls_token",
        "patch_embed.proj.weight",
        "patch_embed.proj.bias",
        "norm.weight",
        "norm.bias",
    ]
    .map(str::to_owned)
    .to_vec();
    // A stray number of many digits is not worth a list of as many names.
    let depth = present.last().map_or(0, |last| last.saturating_add(1));
    for number in 0..depth.min(present.len() + 64) {
        for part in [
            "norm1",
            "attn.qkv",
            "attn.proj",
            "norm2",
            "mlp.fc1",
            "mlp.fc2",
        ] {
            expected.push(format!("blocks.{number}.{part}.weight"));
            expected.push(format!("blocks.{number}.{part}.bias"));
        }
    }
    expected.retain(|name| !tensors.contains_key(name));
    expected
}

/// The number of the block that a name belongs to.
fn block_number(name: &str) -> Option<usize> {
    name.strip_prefix("blocks.")?
        .split('.')
        .next()?
        .parse()
        .ok()
}
