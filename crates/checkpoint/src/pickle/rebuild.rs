//! What a "call" in the pickle builds: tensors, storages and dictionaries, as data.

use super::Machine;
use super::names::Global;
use super::value::{Storage, TensorView, Value, put};
use crate::error::{Parse, Problem, malformed};

/// Axes that a tensor may have.
const MAX_AXES: usize = 16;

const UNKNOWN_TENSOR: &str = "a tensor of the checkpoint is described in an unknown way: save it with torch.save of PyTorch 1.6 or newer";
const UNKNOWN_STORAGE: &str = "a storage of the checkpoint is described in an unknown way: save it with torch.save of PyTorch 1.6 or newer";

impl Machine<'_> {
    /// The opcodes REDUCE, INST and OBJ: a name is called with a tuple of arguments.
    pub(super) fn call(&mut self, callee: &Value, arguments: &Value) -> Parse<Value> {
        match callee {
            Value::Global(Global::RebuildTensor) => self.tensor(arguments),
            Value::Global(Global::RebuildParameter) => {
                let first = self.arena.tuple(arguments).first().cloned();
                Ok(first.unwrap_or(Value::Opaque))
            }
            Value::Global(Global::RebuildFromType) => {
                match self.arena.tuple(arguments) {
                    [Value::Global(Global::RebuildTensor), _, inner, ..] => {
                        let inner = inner.clone();
                        self.tensor(&inner)
                    }
                    // A parameter with attributes, or a type of tensor that no encoder has.
                    [Value::Global(Global::Foreign(name)), ..] => {
                        Err(Problem::Code(name.to_string()))
                    }
                    _ => Ok(Value::Opaque),
                }
            }
            Value::Global(Global::OrderedDict) => self.ordered_dict(arguments),
            Value::Global(Global::Harmless | Global::StorageType(_)) | Value::Opaque => {
                Ok(Value::Opaque)
            }
            Value::Global(Global::Foreign(name)) => Err(Problem::Code(name.to_string())),
            _ => malformed("the pickle calls something that is no name: it is damaged"),
        }
    }

    /// The opcodes NEWOBJ and NEWOBJ_EX: an empty object of a class, whose state follows. Of a foreign class it is opaque.
    pub(super) fn object(&mut self, class: &Value, arguments: &Value) -> Parse<Value> {
        match class {
            Value::Global(Global::Foreign(_)) => Ok(Value::Opaque),
            _ => self.call(class, arguments),
        }
    }

    fn ordered_dict(&mut self, arguments: &Value) -> Parse<Value> {
        let mut items = Vec::new();
        if let Some(Value::List(list)) = self.arena.tuple(arguments).first() {
            let list = *list;
            // Copies count as values: a short pickle could ask for many copies of a long list.
            self.count(self.arena.lists[list].len())?;
            for pair in &self.arena.lists[list] {
                if let [key, value] = self.arena.tuple(pair) {
                    items.push((key.clone(), value.clone()));
                }
            }
        }
        Ok(Value::Dict(put(&mut self.arena.dicts, items)))
    }

    /// A tensor from `(storage, offset, size, stride, ...)`.
    fn tensor(&mut self, arguments: &Value) -> Parse<Value> {
        let [
            Value::Storage(storage),
            Value::Int(offset),
            shape,
            strides,
            ..,
        ] = self.arena.tuple(arguments)
        else {
            return malformed(UNKNOWN_TENSOR);
        };
        let (shape, strides) = (self.sizes(shape)?, self.sizes(strides)?);
        let Ok(offset) = usize::try_from(*offset) else {
            return malformed(
                "a tensor of the checkpoint begins before its storage: the file is damaged",
            );
        };
        if shape.len() != strides.len() {
            return malformed(
                "a tensor of the checkpoint has sizes and strides that do not fit: the file is damaged",
            );
        }
        let view = TensorView {
            storage: *storage,
            offset,
            shape,
            strides,
        };
        // A tensor takes the memory of several values.
        self.count(8)?;
        Ok(Value::Tensor(put(&mut self.arena.tensors, view)))
    }

    fn sizes(&self, value: &Value) -> Parse<Vec<usize>> {
        let Value::Tuple(_) = value else {
            return malformed(UNKNOWN_TENSOR);
        };
        let values = self.arena.tuple(value);
        if values.len() > MAX_AXES {
            return malformed(format!(
                "a tensor of the checkpoint has {} axes, more than {MAX_AXES}: the file is damaged",
                values.len()
            ));
        }
        let sizes: Option<Vec<usize>> = values
            .iter()
            .map(|value| match value {
                Value::Int(n) => usize::try_from(*n).ok(),
                _ => None,
            })
            .collect();
        sizes.map_or_else(
            || {
                malformed(
                    "a tensor of the checkpoint has a size that is no count: the file is damaged",
                )
            },
            Ok,
        )
    }

    /// A storage from its persistent identifier: `("storage", type, key, device, elements)`.
    pub(super) fn storage(&mut self, id: &Value) -> Parse<Value> {
        let [
            _,
            Value::Global(Global::StorageType(kind)),
            Value::Str(key),
            _,
            Value::Int(elements),
            ..,
        ] = self.arena.tuple(id)
        else {
            return malformed(UNKNOWN_STORAGE);
        };
        let Ok(elements) = usize::try_from(*elements) else {
            return malformed(
                "a storage of the checkpoint has a negative size: the file is damaged",
            );
        };
        let storage = Storage {
            kind: *kind,
            key: key.clone(),
            elements,
        };
        Ok(Value::Storage(put(&mut self.arena.storages, storage)))
    }
}
