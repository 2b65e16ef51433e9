//! safetensors files with the same names.

use crate::error::{Parse, Problem, malformed};
use crate::mapping::Mapping;
use crate::numbers::Stored;
use crate::{Limits, Numbers, RawTensors, Source, Tensor};
use safetensors::tensor::{Dtype, Metadata};
use std::collections::BTreeMap;
use std::io::{Read, Seek, SeekFrom};
use std::sync::Arc;

/// A safetensors file whose tensors can be read one by one.
pub(crate) struct Flat {
    file: Box<dyn Source>,
    mapping: Option<Arc<Mapping>>,
    metadata: Metadata,
    /// Where the data begins.
    start: u64,
    length: u64,
    limits: Limits,
}

impl Flat {
    pub(crate) fn open(
        mut file: Box<dyn Source>,
        mapping: Option<Arc<Mapping>>,
        limits: &Limits,
    ) -> Parse<Self> {
        let io = |e: std::io::Error| Problem::Malformed(format!("the file cannot be read ({e})"));
        let length = file.seek(SeekFrom::End(0)).map_err(io)?;
        file.rewind().map_err(io)?;
        let mut size = [0; 8];
        file.read_exact(&mut size).map_err(io)?;
        let header = u64::from_le_bytes(size);
        if header > length.saturating_sub(8) {
            return malformed(format!(
                "the header declares {header} bytes, and the file holds {length}: it is damaged or cut short; copy it again from its source"
            ));
        }
        if header > limits.max_pickle_bytes {
            return malformed(format!(
                "the header has {header} bytes, more than {} MiB: refused",
                limits.max_pickle_bytes >> 20
            ));
        }
        let mut bytes = Vec::new();
        file.by_ref()
            .take(header)
            .read_to_end(&mut bytes)
            .map_err(io)?;
        // Only the header is read here; that each tensor lies within the file is checked when it is read.
        match serde_json::from_slice::<Metadata>(&bytes) {
            Ok(metadata) => Ok(Self {
                file,
                mapping,
                metadata,
                start: 8 + header,
                length,
                limits: *limits,
            }),
            Err(error) => malformed(format!(
                "the header is none of safetensors ({error}): the file is damaged or cut short"
            )),
        }
    }
}

impl RawTensors for Flat {
    fn shapes(&self) -> BTreeMap<String, Vec<usize>> {
        self.metadata
            .tensors()
            .into_iter()
            .map(|(name, info)| (name, info.shape.clone()))
            .collect()
    }

    fn entries(&self) -> Vec<String> {
        Vec::new()
    }

    fn read(&mut self, name: &str) -> Parse<Tensor> {
        let Some(info) = self.metadata.info(name) else {
            return malformed(format!("the tensor {name} is not there"));
        };
        let stored = match info.dtype {
            Dtype::F64 => Stored::F64,
            Dtype::F32 => Stored::F32,
            Dtype::F16 => Stored::F16,
            Dtype::BF16 => Stored::Bf16,
            other => {
                return malformed(format!(
                    "the tensor {name} holds {other:?}, no floating point numbers of 16, 32 or 64 bits: this is not the encoder's checkpoint"
                ));
            }
        };
        let (begin, end) = info.data_offsets;
        let (Ok(begin), Ok(end)) = (u64::try_from(begin), u64::try_from(end)) else {
            return malformed(format!("the tensor {name} lies beyond any file"));
        };
        let last = self.start.checked_add(end);
        if end < begin || last.is_none_or(|last| last > self.length) {
            return malformed(format!(
                "the tensor {name} lies beyond the end of the file: it is cut short; copy it again from its source"
            ));
        }
        if end - begin > self.limits.max_storage_bytes {
            return malformed(format!(
                "the tensor {name} has {} bytes, more than {} MiB: refused",
                end - begin,
                self.limits.max_storage_bytes >> 20
            ));
        }
        let io = |e: std::io::Error| {
            Problem::Malformed(format!("the tensor {name} cannot be read ({e})"))
        };
        let length = usize::try_from((end - begin) / 4).unwrap_or(usize::MAX);
        let mapped = match (&self.mapping, stored) {
            (Some(mapping), Stored::F32) => Numbers::mapped(mapping, self.start + begin, length),
            _ => None,
        };
        let data = match mapped {
            Some(numbers) => numbers,
            None => {
                let mut bytes = Vec::new();
                self.file
                    .seek(SeekFrom::Start(self.start + begin))
                    .map_err(io)?;
                self.file
                    .by_ref()
                    .take(end - begin)
                    .read_to_end(&mut bytes)
                    .map_err(io)?;
                stored.decode(&bytes, false).into()
            }
        };
        let count = info.shape.iter().try_fold(1usize, |n, &s| n.checked_mul(s));
        if count != Some(data.len()) {
            return malformed(format!(
                "the tensor {name} has the shape {:?} and {} numbers: the file is damaged",
                info.shape,
                data.len()
            ));
        }
        Ok(Tensor {
            shape: info.shape.clone(),
            data,
        })
    }
}
