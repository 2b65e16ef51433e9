//! What a pickle builds.
//!
//! Containers live in an [`Arena`] and values name them by number: a pickle that nests a million lists costs a
//! million entries, not a recursion that overflows the stack, and one that refers to itself is no loop of counted references.

use super::names::Global;
use std::rc::Rc;

/// A value of the pickle; containers are numbers into the [`Arena`], shared as the memo shares them.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    None,
    Bool,
    Int(i64),
    Float,
    Str(Rc<str>),
    Tuple(usize),
    List(usize),
    Dict(usize),
    Storage(usize),
    Tensor(usize),
    Global(Global),
    /// Data of a kind that does not matter here.
    Opaque,
    Mark,
}

/// The containers, storages and tensors of a pickle.
#[derive(Debug, Default)]
pub(crate) struct Arena {
    /// Tuples and lists.
    pub(crate) lists: Vec<Vec<Value>>,
    pub(crate) dicts: Vec<Vec<(Value, Value)>>,
    pub(crate) storages: Vec<Storage>,
    pub(crate) tensors: Vec<TensorView>,
}

impl Arena {
    /// The values of a tuple; none of anything else.
    pub(super) fn tuple(&self, value: &Value) -> &[Value] {
        match value {
            Value::Tuple(index) => self.lists.get(*index).map_or(&[], Vec::as_slice),
            _ => &[],
        }
    }
}

/// Adds an item and gives its number.
pub(super) fn put<T>(items: &mut Vec<T>, item: T) -> usize {
    items.push(item);
    items.len() - 1
}

/// A storage: the array that tensors are views of.
#[derive(Clone, Debug)]
pub(crate) struct Storage {
    pub(crate) kind: StorageKind,
    /// Name of its file in the archive.
    pub(crate) key: Rc<str>,
    /// Number of elements, as the pickle declares it.
    pub(crate) elements: usize,
}

/// A tensor as a view of a storage; as many strides as sizes.
#[derive(Clone, Debug)]
pub(crate) struct TensorView {
    pub(crate) storage: usize,
    /// First element, counted in the storage.
    pub(crate) offset: usize,
    pub(crate) shape: Vec<usize>,
    /// Elements from one index to the next along each axis.
    pub(crate) strides: Vec<usize>,
}

/// Types of storage elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StorageKind {
    F64,
    F32,
    F16,
    Bf16,
    /// Integers and others: read past, never into an encoder.
    Other,
}
