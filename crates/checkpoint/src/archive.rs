//! The zip archive that `torch.save` writes, and its tensors.
//!
//! `NAME/data.pkl` describes the tensors, `NAME/data/KEY` holds one storage each, `NAME/byteorder` says `little` or `big`. Storages are
//! unpacked one at a time, when a tensor of them is asked for.

use crate::error::{Parse, malformed};
use crate::mapping::Mapping;
use crate::numbers::Stored;
use crate::pickle::{self, Arena, StorageKind, TensorView, Value};
use crate::{Limits, Numbers, RawTensors, Source, Tensor};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufReader, Read};
use std::rc::Rc;
use std::sync::Arc;
use zip::{CompressionMethod, ZipArchive};

/// Nesting of dictionaries in which tensors are looked for.
const MAX_DEPTH: usize = 8;
/// Letters of a tensor's name; a longer key is no parameter's.
const MAX_NAME: usize = 512;

/// A checkpoint whose tensors can be read one by one.
pub(crate) struct Archive {
    zip: ZipArchive<BufReader<Box<dyn Source>>>,
    mapping: Option<Arc<Mapping>>,
    /// Folder inside of the archive: its name when it was saved.
    folder: String,
    arena: Arena,
    tensors: BTreeMap<String, usize>,
    entries: Vec<String>,
    big_endian: bool,
    limits: Limits,
    /// The storage read last, by key and kind: several tensors may be views of one.
    last: Option<(Rc<str>, StorageKind, Numbers)>,
}

impl Archive {
    pub(crate) fn open(
        file: Box<dyn Source>,
        mapping: Option<Arc<Mapping>>,
        limits: &Limits,
    ) -> Parse<Self> {
        let mut zip = match ZipArchive::new(BufReader::new(file)) {
            Ok(zip) => zip,
            Err(error) => {
                return malformed(format!(
                    "the zip archive cannot be read ({error}): it is cut short or damaged; copy it again from its source"
                ));
            }
        };
        let found = zip
            .file_names()
            .filter_map(Result::ok)
            .find(|n| n == "data.pkl" || n.ends_with("/data.pkl"))
            .map(std::borrow::Cow::into_owned);
        let Some(pickle_name) = found else {
            return malformed(
                "the zip archive holds no data.pkl: this is no checkpoint of torch.save",
            );
        };
        let folder = pickle_name
            .strip_suffix("data.pkl")
            .unwrap_or_default()
            .to_owned();
        if zip
            .index_for_name(&format!("{folder}constants.pkl"))
            .is_some()
        {
            return malformed(
                "this is a TorchScript program, not a checkpoint: save the network's state_dict with torch.save",
            );
        }
        let bytes = read_entry(&mut zip, &pickle_name, limits.max_pickle_bytes)?;
        let (root, arena) = pickle::parse(&bytes, limits)?;
        let byte_order = format!("{folder}byteorder");
        let big_endian = zip.index_for_name(&byte_order).is_some()
            && match read_entry(&mut zip, &byte_order, 16)?.trim_ascii() {
                b"big" => true,
                b"little" => false,
                _ => return malformed("the byte order is neither little nor big: it is damaged"),
            };
        let mut search = Search {
            arena: &arena,
            seen: BTreeSet::new(),
            tensors: BTreeMap::new(),
        };
        search.collect(&root, "", 0);
        let tensors = search.tensors;
        let entries = top_level(&arena, &root);
        Ok(Self {
            zip,
            mapping,
            folder,
            arena,
            tensors,
            entries,
            big_endian,
            limits: *limits,
            last: None,
        })
    }

    /// All numbers of a storage, from the file or as kept from the last time.
    fn storage(&mut self, name: &str, index: usize) -> Parse<&Numbers> {
        let storage = self.arena.storages[index].clone();
        let kept = matches!(&self.last, Some((key, kind, _)) if *key == storage.key && *kind == storage.kind);
        if !kept {
            self.last = None;
            let stored = match storage.kind {
                StorageKind::F64 => Stored::F64,
                StorageKind::F32 => Stored::F32,
                StorageKind::F16 => Stored::F16,
                StorageKind::Bf16 => Stored::Bf16,
                StorageKind::Other => {
                    return malformed(format!(
                        "the tensor {name} holds no floating point numbers of 16, 32 or 64 bits: this is not the encoder's checkpoint"
                    ));
                }
            };
            let length = storage.elements.checked_mul(stored.bytes());
            let Some(length) = length.filter(|&n| n as u64 <= self.limits.max_storage_bytes) else {
                return malformed(format!(
                    "the storage of the tensor {name} declares {} numbers, more than {} MiB: it is damaged",
                    storage.elements,
                    self.limits.max_storage_bytes >> 20
                ));
            };
            let entry = format!("{}data/{}", self.folder, storage.key);
            let in_file = match &self.mapping {
                Some(mapping) if stored == Stored::F32 && !self.big_endian => {
                    in_file(&mut self.zip, &entry, mapping, storage.elements)?
                }
                _ => None,
            };
            let numbers = match in_file {
                Some(numbers) => numbers,
                None => {
                    let data = read_entry(&mut self.zip, &entry, self.limits.max_storage_bytes)?;
                    let Some(data) = data.get(..length) else {
                        return malformed(format!(
                            "the storage of the tensor {name} declares {length} bytes, and {} are there: the file is cut short; copy it again from its source",
                            data.len()
                        ));
                    };
                    stored.decode(data, self.big_endian).into()
                }
            };
            self.last = Some((storage.key, storage.kind, numbers));
        }
        match &self.last {
            Some((_, _, numbers)) => Ok(numbers),
            None => malformed(format!("the storage of the tensor {name} is not there")),
        }
    }
}

/// A storage of `elements` numbers where it lies in the file; `None` when it is packed, lies askew or is shorter than that, and must be read.
/// Its checksum is compared, as in reading.
fn in_file(
    zip: &mut ZipArchive<BufReader<Box<dyn Source>>>,
    name: &str,
    mapping: &Arc<Mapping>,
    elements: usize,
) -> Parse<Option<Numbers>> {
    let Ok(entry) = zip.by_name(name) else {
        return Ok(None);
    };
    let plain = entry.compression() == CompressionMethod::Stored && !entry.encrypted();
    let place = entry.data_start().filter(|_| plain).and_then(|start| {
        let bytes = mapping.bytes(
            usize::try_from(start).ok()?,
            usize::try_from(entry.size()).ok()?,
        )?;
        let whole = elements <= bytes.len() / 4;
        let numbers = Numbers::mapped(mapping, start, elements).filter(|_| whole)?;
        Some((bytes, numbers))
    });
    let Some((bytes, numbers)) = place else {
        return Ok(None);
    };
    if crc32fast::hash(bytes) != entry.crc32() {
        return malformed(format!(
            "the archive's entry {name} is damaged (its checksum is another): copy the file again from its source"
        ));
    }
    Ok(Some(numbers))
}

impl RawTensors for Archive {
    fn shapes(&self) -> BTreeMap<String, Vec<usize>> {
        let shape = |&index: &usize| self.arena.tensors[index].shape.clone();
        self.tensors
            .iter()
            .map(|(name, index)| (name.clone(), shape(index)))
            .collect()
    }

    fn entries(&self) -> Vec<String> {
        self.entries.clone()
    }

    fn read(&mut self, name: &str) -> Parse<Tensor> {
        let Some(&index) = self.tensors.get(name) else {
            return malformed(format!("the tensor {name} is not there"));
        };
        let view = self.arena.tensors[index].clone();
        let limit = self.limits.max_tensor_bytes;
        gather(name, self.storage(name, view.storage)?, &view, limit)
    }
}

/// Reads one entry of at most `limit` bytes; memory grows only with what is really there.
fn read_entry(
    zip: &mut ZipArchive<BufReader<Box<dyn Source>>>,
    name: &str,
    limit: u64,
) -> Parse<Vec<u8>> {
    let entry = match zip.by_name(name) {
        Ok(entry) => entry,
        Err(error) => {
            return malformed(format!(
                "the archive's entry {name} cannot be read ({error}): the file is damaged or cut short"
            ));
        }
    };
    let mut bytes = Vec::new();
    match entry.take(limit.saturating_add(1)).read_to_end(&mut bytes) {
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

/// Keys of the outermost dictionary that are no tensors.
fn top_level(arena: &Arena, root: &Value) -> Vec<String> {
    let Value::Dict(dict) = root else {
        return Vec::new();
    };
    let entries = arena.dicts[*dict]
        .iter()
        .filter_map(|(key, value)| match (key, value) {
            (_, Value::Tensor(_)) => None,
            (Value::Str(key), _) if key.len() <= MAX_NAME => Some(key.to_string()),
            _ => None,
        });
    entries.collect()
}

/// Finds the tensors in dictionaries in dictionaries.
struct Search<'a> {
    arena: &'a Arena,
    /// Dictionaries looked through: each once, or a few that hold each other would give more names than fit in memory.
    seen: BTreeSet<usize>,
    tensors: BTreeMap<String, usize>,
}

impl Search<'_> {
    /// Tensors by name, the keys on the way to them joined by dots.
    fn collect(&mut self, value: &Value, prefix: &str, depth: usize) {
        let Value::Dict(dict) = value else { return };
        if depth > MAX_DEPTH || !self.seen.insert(*dict) {
            return;
        }
        let arena = self.arena;
        for (key, value) in &arena.dicts[*dict] {
            let key = match key {
                Value::Str(key) => key.to_string(),
                // Optimisers number their parameters.
                Value::Int(key) => key.to_string(),
                _ => continue,
            };
            if prefix.len() + key.len() >= MAX_NAME {
                continue;
            }
            let name = if prefix.is_empty() {
                key
            } else {
                format!("{prefix}.{key}")
            };
            match value {
                // A later value of the same key replaces the earlier one, as in Python.
                Value::Tensor(index) => drop(self.tensors.insert(name, *index)),
                Value::Dict(_) => self.collect(value, &name, depth + 1),
                _ => {}
            }
        }
    }
}

/// The elements of a view, in C order.
fn gather(name: &str, numbers: &Numbers, view: &TensorView, limit: u64) -> Parse<Tensor> {
    let shape = view.shape.clone();
    let count = shape.iter().try_fold(1usize, |n, &s| n.checked_mul(s));
    // A view with strides of 0 may ask for any number of elements of a small storage.
    let Some(count) = count.filter(|&n| n as u64 <= limit / 4) else {
        return malformed(format!(
            "the tensor {name} declares the shape {shape:?}, more than {} MiB: the file is damaged",
            limit >> 20
        ));
    };
    if count == 0 {
        return Ok(Tensor {
            shape,
            data: Vec::new().into(),
        });
    }
    let last = shape
        .iter()
        .zip(&view.strides)
        .try_fold(view.offset, |at, (&size, &stride)| {
            let step = (size - 1).checked_mul(stride)?;
            at.checked_add(step)
        });
    if last.is_none_or(|last| last >= numbers.len()) {
        return malformed(format!(
            "the tensor {name} of shape {shape:?} reaches beyond its storage of {} numbers: the file is damaged",
            numbers.len()
        ));
    }
    if is_contiguous(view) {
        let data = numbers.part(view.offset, count);
        return Ok(Tensor { shape, data });
    }
    let mut data = Vec::with_capacity(count);
    let mut index = vec![0usize; shape.len()];
    let mut at = view.offset;
    for _ in 0..count {
        data.push(numbers[at]);
        for axis in (0..index.len()).rev() {
            index[axis] += 1;
            if index[axis] < shape[axis] {
                at += view.strides[axis];
                break;
            }
            at -= view.strides[axis] * (shape[axis] - 1);
            index[axis] = 0;
        }
    }
    Ok(Tensor {
        shape,
        data: data.into(),
    })
}

/// Whether a view that is not empty lies in C order without gaps.
fn is_contiguous(view: &TensorView) -> bool {
    let mut step = 1usize;
    view.shape
        .iter()
        .zip(&view.strides)
        .rev()
        .all(|(&size, &stride)| {
            let follows = size == 1 || stride == step;
            step *= size;
            follows
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(offset: usize, shape: &[usize], strides: &[usize]) -> TensorView {
        TensorView {
            storage: 0,
            offset,
            shape: shape.to_vec(),
            strides: strides.to_vec(),
        }
    }

    #[test]
    fn views_are_gathered_in_c_order() {
        let numbers: Vec<f32> = (0..12u8).map(f32::from).collect();
        let numbers = Numbers::from(numbers);
        let read = |v: &TensorView| gather("x", &numbers, v, 1 << 20);
        let data = |v: &TensorView| read(v).map(|t| t.data.into_vec()).unwrap_or_default();
        assert_eq!(data(&view(2, &[2, 3], &[3, 1])), [2., 3., 4., 5., 6., 7.]);
        // A transposed one, one with gaps, one that repeats a row, a scalar and an empty one.
        assert_eq!(data(&view(0, &[3, 2], &[1, 3])), [0., 3., 1., 4., 2., 5.]);
        assert_eq!(data(&view(1, &[2, 2], &[6, 2])), [1., 3., 7., 9.]);
        assert_eq!(data(&view(4, &[2, 2], &[0, 1])), [4., 5., 4., 5.]);
        assert_eq!(data(&view(11, &[], &[])), [11.]);
        assert_eq!(data(&view(99, &[0, 5], &[5, 1])), [0f32; 0]);
        for wrong in [
            view(0, &[13], &[1]),
            view(12, &[], &[]),
            view(usize::MAX, &[2], &[1]),
            view(0, &[3], &[usize::MAX]),
            view(0, &[usize::MAX, usize::MAX], &[0, 0]),
            view(0, &[1 << 20, 1 << 20], &[0, 0]),
        ] {
            assert!(read(&wrong).is_err(), "{wrong:?}");
        }
    }
}
