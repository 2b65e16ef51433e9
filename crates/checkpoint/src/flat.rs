//! safetensors files with the same names.

use crate::archive::half;
use crate::error::{Parse, malformed};
use crate::{RawTensors, Tensor};
use safetensors::tensor::{Dtype, Metadata};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};

/// Headers are small; a longer one is none.
const MAX_HEADER: u64 = 100_000_000;

/// A safetensors file whose tensors can be read one by one.
pub(crate) struct Flat {
    file: File,
    metadata: Metadata,
    /// Where the data begins.
    start: u64,
    length: u64,
}

/// Whether bytes begin like a safetensors file: a length, then a JSON object.
pub(crate) fn looks_flat(start: &[u8]) -> bool {
    start.get(8) == Some(&b'{')
}

impl Flat {
    pub(crate) fn open(mut file: File) -> Parse<Self> {
        let io = |e: std::io::Error| {
            crate::error::Problem::Malformed(format!("the file cannot be read: {e}"))
        };
        let length = file.metadata().map_err(io)?.len();
        let mut size = [0; 8];
        file.read_exact(&mut size).map_err(io)?;
        let header = u64::from_le_bytes(size);
        if header > MAX_HEADER || header > length.saturating_sub(8) {
            return malformed(format!(
                "the header declares {header} bytes, and the file holds {length}: it is damaged or cut short"
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
                metadata,
                start: 8 + header,
                length,
            }),
            Err(error) => malformed(format!(
                "this is no safetensors file ({error}): it is damaged or cut short"
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

    fn read(&mut self, name: &str) -> Parse<Tensor> {
        let Some(info) = self.metadata.info(name) else {
            return malformed(format!("the tensor {name} is not there"));
        };
        let (begin, end) = info.data_offsets;
        let last = (self.start).checked_add(end as u64);
        if end < begin || last.is_none_or(|last| last > self.length) {
            return malformed(format!(
                "the tensor {name} lies beyond the end of the file: it is cut short"
            ));
        }
        let mut bytes = Vec::new();
        let io = |e: std::io::Error| {
            crate::error::Problem::Malformed(format!("the tensor {name} cannot be read: {e}"))
        };
        self.file
            .seek(SeekFrom::Start(self.start + begin as u64))
            .map_err(io)?;
        self.file
            .by_ref()
            .take((end - begin) as u64)
            .read_to_end(&mut bytes)
            .map_err(io)?;
        let two = |c: &[u8]| u16::from_le_bytes([c[0], c[1]]);
        let data: Vec<f32> = match info.dtype {
            Dtype::F32 => bytes
                .chunks_exact(4)
                .map(|c| f32::from_le_bytes([c[0], c[1], c[2], c[3]]))
                .collect(),
            Dtype::F16 => bytes.chunks_exact(2).map(|c| half(two(c))).collect(),
            Dtype::BF16 => bytes
                .chunks_exact(2)
                .map(|c| f32::from_bits(u32::from(two(c)) << 16))
                .collect(),
            Dtype::F64 => bytes
                .chunks_exact(8)
                .map(|c| {
                    let mut eight = [0; 8];
                    eight.copy_from_slice(c);
                    f64::from_le_bytes(eight) as f32
                })
                .collect(),
            other => {
                return malformed(format!(
                    "the tensor {name} holds {other:?}, no floating point numbers"
                ));
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
