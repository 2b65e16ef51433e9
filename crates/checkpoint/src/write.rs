//! Tensors out, as safetensors.

use crate::{CheckpointError, Tensor};
use half::{bf16, f16};
use safetensors::tensor::{Dtype, View};
use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use triher_wholefile::WholeFile;

/// How numbers are stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Storage {
    /// Single precision (IEEE 754 binary32): the numbers as they are.
    #[default]
    F32,
    /// Half precision (binary16), rounded to nearest even: 11 significant bits, at most 65504.
    F16,
    /// The upper half of single precision, rounded to nearest even: 8 significant bits.
    Bf16,
}

impl std::fmt::Display for Storage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::F32 => "f32",
            Self::F16 => "f16",
            Self::Bf16 => "bf16",
        })
    }
}

impl std::str::FromStr for Storage {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "f32" => Ok(Self::F32),
            "f16" => Ok(Self::F16),
            "bf16" => Ok(Self::Bf16),
            other => Err(format!(
                "the storage {other} is unknown: give f32, f16 or bf16"
            )),
        }
    }
}

/// A tensor that becomes bytes when its turn comes, so that only one is in memory twice.
struct Lazy<'a> {
    tensor: &'a Tensor,
    storage: Storage,
}

impl View for Lazy<'_> {
    fn dtype(&self) -> Dtype {
        match self.storage {
            Storage::F32 => Dtype::F32,
            Storage::F16 => Dtype::F16,
            Storage::Bf16 => Dtype::BF16,
        }
    }

    fn shape(&self) -> &[usize] {
        &self.tensor.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        let numbers = self.tensor.data.iter();
        Cow::Owned(match self.storage {
            Storage::F32 => numbers.flat_map(|v| v.to_le_bytes()).collect(),
            Storage::F16 => numbers
                .flat_map(|v| f16::from_f32(*v).to_le_bytes())
                .collect(),
            Storage::Bf16 => numbers
                .flat_map(|v| bf16::from_f32(*v).to_le_bytes())
                .collect(),
        })
    }

    fn data_len(&self) -> usize {
        let bytes = if self.storage == Storage::F32 { 4 } else { 2 };
        self.tensor.data.len() * bytes
    }
}

/// Writes tensors as a safetensors file, whole or not at all; the same tensors give the same bytes.
///
/// # Errors
/// [`CheckpointError::Overflow`] when a finite number would become infinite, [`CheckpointError::Write`] when the system refuses.
pub fn write_safetensors(
    path: &Path,
    tensors: &BTreeMap<String, Tensor>,
    storage: Storage,
) -> Result<(), CheckpointError> {
    let fits = |v: f32| match storage {
        Storage::F32 => true,
        Storage::F16 => f16::from_f32(v).is_finite(),
        Storage::Bf16 => bf16::from_f32(v).is_finite(),
    };
    for (name, tensor) in tensors {
        if let Some(&value) = tensor.data.iter().find(|v| v.is_finite() && !fits(**v)) {
            return Err(CheckpointError::Overflow {
                name: name.clone(),
                value,
                storage,
            });
        }
    }
    let fail = |problem: String| CheckpointError::Write {
        path: path.to_owned(),
        problem,
    };
    let file = WholeFile::begin(path).map_err(|e| fail(e.to_string()))?;
    let views = tensors
        .iter()
        .map(|(name, tensor)| (name, Lazy { tensor, storage }));
    // One entry only: the order of several would differ from run to run.
    let about = HashMap::from([("format".to_owned(), "pt".to_owned())]);
    safetensors::serialize_to_file(views, Some(about), file.part())
        .map_err(|e| fail(e.to_string()))?;
    file.finish().map_err(|e| fail(e.to_string()))
}
