//! The zip archive that `torch.save` writes, and its tensors.

use crate::error::{Parse, malformed};
use crate::pickle::{self, Arena, StorageKind, TensorView, Value};
use crate::{RawTensors, Tensor};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, Read};
use zip::ZipArchive;

/// The pickle of a checkpoint lists tensors: it is small.
const MAX_PICKLE: u64 = 256 << 20;
/// One storage of an encoder: 4 GiB.
const MAX_STORAGE: u64 = 4 << 30;
/// Nesting of dictionaries in which tensors are looked for.
const MAX_DEPTH: usize = 8;

/// A checkpoint whose tensors can be read one by one.
pub(crate) struct Archive {
    zip: ZipArchive<BufReader<File>>,
    /// Folder inside of the archive: its name when it was saved.
    folder: String,
    arena: Arena,
    tensors: BTreeMap<String, usize>,
    big_endian: bool,
}

impl Archive {
    pub(crate) fn open(file: File) -> Parse<Self> {
        let mut zip = match ZipArchive::new(BufReader::new(file)) {
            Ok(zip) => zip,
            Err(error) => {
                return malformed(format!(
                    "this is no zip archive as torch.save writes it ({error}): it is cut short or damaged, or of PyTorch before 1.6; copy it again, or save it anew with torch.save"
                ));
            }
        };
        let found = zip
            .file_names()
            .filter_map(Result::ok)
            .find(|n| n == "data.pkl" || n.ends_with("/data.pkl"))
            .map(std::borrow::Cow::into_owned);
        let Some(pickle_name) = found else {
            return malformed("the archive holds no data.pkl: this is no PyTorch checkpoint");
        };
        let folder = pickle_name.trim_end_matches("data.pkl").to_owned();
        let bytes = read_entry(&mut zip, &pickle_name, MAX_PICKLE)?;
        let (root, arena) = pickle::parse(&bytes)?;
        let byte_order = format!("{folder}byteorder");
        let big_endian = zip.index_for_name(&byte_order).is_some()
            && read_entry(&mut zip, &byte_order, 16)?.starts_with(b"big");
        let mut tensors = BTreeMap::new();
        collect(&arena, &root, "", 0, &mut tensors);
        Ok(Self {
            zip,
            folder,
            arena,
            tensors,
            big_endian,
        })
    }
}

impl RawTensors for Archive {
    fn shapes(&self) -> BTreeMap<String, Vec<usize>> {
        let shape = |&index: &usize| self.arena.tensors[index].shape.clone();
        self.tensors
            .iter()
            .map(|(name, index)| (name.clone(), shape(index)))
            .collect()
    }

    fn read(&mut self, name: &str) -> Parse<Tensor> {
        let Some(&index) = self.tensors.get(name) else {
            return malformed(format!("the tensor {name} is not there"));
        };
        let view = self.arena.tensors[index].clone();
        let storage = self.arena.storages[view.storage].clone();
        let bytes = match storage.kind {
            StorageKind::F64 => 8,
            StorageKind::F32 => 4,
            StorageKind::F16 | StorageKind::Bf16 => 2,
            StorageKind::Other => {
                return malformed(format!(
                    "the tensor {name} holds no floating point numbers: this is not the encoder's checkpoint"
                ));
            }
        };
        let Some(length) = storage.elements.checked_mul(bytes) else {
            return malformed(format!(
                "the storage of {name} declares {} elements: the file is damaged",
                storage.elements
            ));
        };
        let entry = format!("{}data/{}", self.folder, storage.key);
        let data = read_entry(&mut self.zip, &entry, MAX_STORAGE)?;
        if data.len() < length {
            return malformed(format!(
                "the storage of {name} declares {length} bytes, and {} are there: the file is cut short; copy it again from its source",
                data.len()
            ));
        }
        let numbers = decode(&data[..length], storage.kind, self.big_endian);
        gather(name, &numbers, &view)
    }
}

/// Reads one entry of at most `limit` bytes; memory grows only with what is really there.
fn read_entry(zip: &mut ZipArchive<BufReader<File>>, name: &str, limit: u64) -> Parse<Vec<u8>> {
    let entry = match zip.by_name(name) {
        Ok(entry) => entry,
        Err(error) => {
            return malformed(format!(
                "the archive's entry {name} cannot be read ({error}): the file is damaged or cut short"
            ));
        }
    };
    let mut bytes = Vec::new();
    match entry.take(limit + 1).read_to_end(&mut bytes) {
        Ok(_) if bytes.len() as u64 > limit => malformed(format!(
            "the archive's entry {name} unpacks to more than {} MiB: refused",
            limit >> 20
        )),
        Ok(_) => Ok(bytes),
        Err(error) => malformed(format!(
            "the archive's entry {name} is damaged ({error}): copy the file again from its source"
        )),
    }
}

/// Tensors by name, dictionaries in dictionaries joined by nothing: the deepest name counts, except at the top,
/// where `state_dict` and the like are left out of the names.
fn collect(
    arena: &Arena,
    value: &Value,
    prefix: &str,
    depth: usize,
    out: &mut BTreeMap<String, usize>,
) {
    let Value::Dict(dict) = value else { return };
    if depth > MAX_DEPTH {
        return;
    }
    for (key, value) in &arena.dicts[*dict] {
        let Value::Str(key) = key else { continue };
        let name = if prefix.is_empty() {
            key.to_string()
        } else {
            format!("{prefix}.{key}")
        };
        match value {
            Value::Tensor(index) => drop(out.insert(name, *index)),
            Value::Dict(_) => {
                let wrapper = depth == 0
                    && matches!(
                        &**key,
                        "state_dict" | "model" | "model_state_dict" | "network_weights"
                    );
                let inner = if wrapper { "" } else { name.as_str() };
                collect(arena, value, inner, depth + 1, out);
            }
            _ => {}
        }
    }
}

fn decode(data: &[u8], kind: StorageKind, big_endian: bool) -> Vec<f32> {
    let two = |c: &[u8]| {
        if big_endian {
            u16::from_be_bytes([c[0], c[1]])
        } else {
            u16::from_le_bytes([c[0], c[1]])
        }
    };
    match kind {
        StorageKind::F32 => data
            .chunks_exact(4)
            .map(|c| {
                let bytes = [c[0], c[1], c[2], c[3]];
                if big_endian {
                    f32::from_be_bytes(bytes)
                } else {
                    f32::from_le_bytes(bytes)
                }
            })
            .collect(),
        StorageKind::F64 => data
            .chunks_exact(8)
            .map(|c| {
                let mut bytes = [0; 8];
                bytes.copy_from_slice(c);
                (if big_endian {
                    f64::from_be_bytes(bytes)
                } else {
                    f64::from_le_bytes(bytes)
                }) as f32
            })
            .collect(),
        StorageKind::F16 => data.chunks_exact(2).map(|c| half(two(c))).collect(),
        StorageKind::Bf16 => data
            .chunks_exact(2)
            .map(|c| f32::from_bits(u32::from(two(c)) << 16))
            .collect(),
        StorageKind::Other => Vec::new(),
    }
}

/// IEEE half precision to single.
pub(crate) fn half(bits: u16) -> f32 {
    let sign = if bits & 0x8000 == 0 { 1.0 } else { -1.0 };
    let exponent = i32::from(bits >> 10 & 0x1f);
    let fraction = f32::from(bits & 0x3ff);
    match exponent {
        0 => sign * fraction * 2f32.powi(-24),
        31 if fraction == 0.0 => sign * f32::INFINITY,
        31 => f32::NAN,
        _ => sign * (1.0 + fraction / 1024.0) * 2f32.powi(exponent - 15),
    }
}

/// The elements of a view, in C order.
fn gather(name: &str, numbers: &[f32], view: &TensorView) -> Parse<Tensor> {
    let damaged = || {
        malformed(format!(
            "the tensor {name} reaches beyond its storage: the file is damaged"
        ))
    };
    let count = view.shape.iter().try_fold(1usize, |n, &s| n.checked_mul(s));
    let Some(count) = count else { return damaged() };
    if count == 0 {
        return Ok(Tensor {
            shape: view.shape.clone(),
            data: Vec::new(),
        });
    }
    let last =
        view.shape
            .iter()
            .zip(&view.strides)
            .try_fold(view.offset, |at, (&size, &stride)| {
                (size - 1)
                    .checked_mul(stride)
                    .and_then(|step| at.checked_add(step))
            });
    // A view of stride 0 could ask for any number of elements of a small storage.
    if !last.is_some_and(|last| last < numbers.len()) || count > numbers.len() {
        return damaged();
    }
    let mut data = Vec::with_capacity(count);
    let mut index = vec![0usize; view.shape.len()];
    for _ in 0..count {
        let at: usize = index.iter().zip(&view.strides).map(|(i, s)| i * s).sum();
        data.push(numbers[view.offset + at]);
        for axis in (0..index.len()).rev() {
            index[axis] += 1;
            if index[axis] < view.shape[axis] {
                break;
            }
            index[axis] = 0;
        }
    }
    Ok(Tensor {
        shape: view.shape.clone(),
        data,
    })
}
