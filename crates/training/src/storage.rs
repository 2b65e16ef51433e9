//! Weights and resume files as safetensors, in memory: reading and writing files is left to others.

use crate::TrainingError;
use crate::parameters::Layout;
use crate::vit::Vit;
use half::f16;
use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, TensorView, serialize};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// How weights are stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Storage {
    /// Single precision.
    #[default]
    F32,
    /// Half precision: half the size, and embeddings that differ in the third digit.
    F16,
}

/// A tensor to be written.
pub(crate) struct Part<'a> {
    pub(crate) name: String,
    pub(crate) shape: Vec<usize>,
    pub(crate) numbers: &'a [f32],
}

/// Serialises tensors; `note`, a name and a text, goes into the metadata (one only: several have no order).
pub(crate) fn write(
    parts: &[Part<'_>],
    storage: Storage,
    note: Option<(&str, String)>,
) -> Result<Vec<u8>, TrainingError> {
    let bytes: Vec<Vec<u8>> = parts
        .iter()
        .map(|part| match storage {
            Storage::F32 => part.numbers.iter().flat_map(|v| v.to_le_bytes()).collect(),
            Storage::F16 => part
                .numbers
                .iter()
                .flat_map(|&v| f16::from_f32(v).to_le_bytes())
                .collect(),
        })
        .collect();
    let dtype = match storage {
        Storage::F32 => Dtype::F32,
        Storage::F16 => Dtype::F16,
    };
    let wrong = |e: safetensors::SafeTensorError| TrainingError::state("weights", e.to_string());
    let mut views = Vec::with_capacity(parts.len());
    for (part, bytes) in parts.iter().zip(&bytes) {
        let view = TensorView::new(dtype, part.shape.clone(), bytes).map_err(wrong)?;
        views.push((part.name.clone(), view));
    }
    let note = note.map(|(name, text)| HashMap::from([(name.to_owned(), text)]));
    serialize(views, note).map_err(wrong)
}

/// The encoder's tensors under their bare names, with the table of positions.
pub(crate) fn encoder_weights(
    layout: &Layout,
    p: &[f32],
    vit: &Vit,
    storage: Storage,
    note: Option<(&str, String)>,
) -> Result<Vec<u8>, TrainingError> {
    write(&encoder_parts(layout, p, vit), storage, note)
}

/// The encoder's tensors under their bare names, the head's under `head.` and those of a fusion under `fusion.`, which readers of encoders leave
/// out.
pub(crate) fn classifier_weights(
    layout: &Layout,
    p: &[f32],
    vit: &Vit,
    storage: Storage,
) -> Result<Vec<u8>, TrainingError> {
    let mut parts = encoder_parts(layout, p, vit);
    for entry in layout.entries() {
        if !entry.name.starts_with("encoder.") {
            parts.push(Part {
                name: entry.name.clone(),
                shape: entry.shape.clone(),
                numbers: &p[entry.range()],
            });
        }
    }
    write(&parts, storage, None)
}

fn encoder_parts<'a>(layout: &Layout, p: &'a [f32], vit: &'a Vit) -> Vec<Part<'a>> {
    let width = vit.sizes.width;
    let positions = vit.positions();
    let mut parts = vec![Part {
        name: "pos_embed".to_owned(),
        shape: vec![1, positions.len() / width, width],
        numbers: positions,
    }];
    for entry in layout.entries() {
        if let Some(name) = entry.name.strip_prefix("encoder.") {
            parts.push(Part {
                name: name.to_owned(),
                shape: entry.shape.clone(),
                numbers: &p[entry.range()],
            });
        }
    }
    parts
}

/// Numbers of a single-precision tensor of a file.
pub(crate) fn numbers(
    file: &SafeTensors<'_>,
    name: &str,
    count: usize,
) -> Result<Vec<f32>, TrainingError> {
    let wrong = |problem: String| TrainingError::state("resume file", problem);
    let tensor = file
        .tensor(name)
        .map_err(|e| wrong(format!("{name} is not there ({e}): start anew without it")))?;
    let bytes = tensor.data();
    if tensor.dtype() != Dtype::F32 || bytes.len() != 4 * count {
        return Err(wrong(format!(
            "{name} holds {} bytes and {} are asked for: it belongs to another network; start anew without it",
            bytes.len(),
            4 * count
        )));
    }
    let numbers: Vec<f32> = bytes
        .chunks_exact(4)
        .map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]))
        .collect();
    if numbers.iter().any(|v| !v.is_finite()) {
        return Err(wrong(format!(
            "{name} holds numbers that are not finite: start anew without it"
        )));
    }
    Ok(numbers)
}
