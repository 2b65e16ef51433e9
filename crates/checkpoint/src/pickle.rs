//! A pickle machine that builds data and cannot run code.
//!
//! It knows the opcodes of protocols 0 to 5 that `torch.save` writes. A name that the pickle imports is looked up in a closed
//! list; what stands on it is built as data here, anything else ends the reading. Nothing is ever imported or called.
//!
//! Containers live in an [`Arena`] and values name them by number: a pickle that nests a million lists costs a
//! million entries, not a recursion that overflows the stack.

use crate::error::{Parse, Problem, malformed};
use std::collections::HashMap;
use std::rc::Rc;

/// Values on the stack, and memo entries, that a checkpoint may need.
const MAX_VALUES: usize = 20_000_000;

/// A value of the pickle; containers are numbers into the [`Arena`], shared as the memo shares them.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    None,
    Bool(bool),
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

/// What a pickle built.
#[derive(Debug, Default)]
pub(crate) struct Arena {
    /// Tuples and lists.
    pub(crate) lists: Vec<Vec<Value>>,
    pub(crate) dicts: Vec<Vec<(Value, Value)>>,
    pub(crate) storages: Vec<Storage>,
    pub(crate) tensors: Vec<TensorView>,
}

fn put<T>(items: &mut Vec<T>, item: T) -> usize {
    items.push(item);
    items.len() - 1
}

/// A storage: the array that tensors are views of.
#[derive(Clone, Debug)]
pub(crate) struct Storage {
    pub(crate) kind: StorageKind,
    /// Name of its file in the archive.
    pub(crate) key: String,
    /// Number of elements, as the pickle declares it.
    pub(crate) elements: usize,
}

/// A tensor as a view of a storage.
#[derive(Clone, Debug)]
pub(crate) struct TensorView {
    pub(crate) storage: usize,
    pub(crate) offset: usize,
    pub(crate) shape: Vec<usize>,
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

/// The names that a checkpoint may import.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Global {
    RebuildTensor,
    RebuildParameter,
    OrderedDict,
    StorageType(StorageKind),
    /// A container or a harmless value of its arguments.
    OpaqueType,
}

fn global(module: &str, name: &str) -> Parse<Global> {
    use StorageKind::{Bf16, F16, F32, F64, Other};
    Ok(match (module, name) {
        ("torch._utils", "_rebuild_tensor_v2" | "_rebuild_tensor") => Global::RebuildTensor,
        ("torch._utils", "_rebuild_parameter" | "_rebuild_parameter_with_state") => {
            Global::RebuildParameter
        }
        ("collections", "OrderedDict") => Global::OrderedDict,
        ("torch" | "torch.storage", storage) if storage.ends_with("Storage") => {
            Global::StorageType(match storage {
                "DoubleStorage" => F64,
                "FloatStorage" => F32,
                "HalfStorage" => F16,
                "BFloat16Storage" => Bf16,
                _ => Other,
            })
        }
        ("collections", "defaultdict" | "Counter" | "deque")
        | (
            "torch",
            "Size" | "device" | "dtype" | "float32" | "float64" | "float16" | "bfloat16" | "int64"
            | "int32" | "int16" | "int8" | "uint8" | "bool",
        )
        | (
            "builtins" | "__builtin__",
            "set" | "frozenset" | "dict" | "list" | "tuple" | "int" | "float" | "bool" | "str"
            | "bytearray" | "complex" | "slice" | "range",
        )
        | ("argparse", "Namespace")
        | ("_codecs", "encode")
        | ("numpy", "dtype" | "ndarray" | "float64" | "float32" | "int64" | "int32")
        | ("numpy.core.multiarray" | "numpy._core.multiarray", "scalar" | "_reconstruct")
        | ("pathlib", "PosixPath" | "PurePosixPath" | "WindowsPath" | "PureWindowsPath")
        | ("datetime", "datetime" | "timedelta" | "date") => Global::OpaqueType,
        _ => return Err(Problem::Code(format!("{module}.{name}"))),
    })
}

/// Runs a pickle as data: its value, and the containers it is made of.
pub(crate) fn parse(bytes: &[u8]) -> Parse<(Value, Arena)> {
    let mut machine = Machine {
        bytes,
        at: 0,
        stack: Vec::new(),
        memo: HashMap::new(),
        made: 0,
        arena: Arena::default(),
    };
    let value = machine.run()?;
    Ok((value, machine.arena))
}

struct Machine<'a> {
    bytes: &'a [u8],
    at: usize,
    stack: Vec<Value>,
    memo: HashMap<u64, Value>,
    made: usize,
    arena: Arena,
}

impl<'a> Machine<'a> {
    fn take(&mut self, count: usize) -> Parse<&'a [u8]> {
        let end = self.at.checked_add(count);
        match end.and_then(|end| self.bytes.get(self.at..end)) {
            Some(slice) => {
                self.at += count;
                Ok(slice)
            }
            None => malformed(
                "the pickle ends too early, or declares a length larger than the file: it is damaged; copy it again from its source",
            ),
        }
    }

    fn byte(&mut self) -> Parse<u8> {
        Ok(self.take(1)?[0])
    }

    /// A little-endian number of up to 8 bytes.
    fn number(&mut self, bytes: usize) -> Parse<u64> {
        Ok(self
            .take(bytes)?
            .iter()
            .rev()
            .fold(0, |n, &b| n << 8 | u64::from(b)))
    }

    fn length(&mut self, bytes: usize) -> Parse<usize> {
        let length = self.number(bytes)?;
        usize::try_from(length).or_else(|_| {
            malformed("the pickle declares a length larger than the file: it is damaged")
        })
    }

    fn line(&mut self) -> Parse<&'a str> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let Some(end) = rest.iter().position(|&b| b == b'\n') else {
            return malformed("the pickle ends within a line: it is damaged");
        };
        self.at += end + 1;
        std::str::from_utf8(&rest[..end])
            .or_else(|_| malformed("the pickle has a line that is no text"))
    }

    fn text(&mut self, length: usize) -> Parse<Value> {
        let bytes = self.take(length)?;
        Ok(Value::Str(String::from_utf8_lossy(bytes).into()))
    }

    fn push(&mut self, value: Value) -> Parse<()> {
        self.made += 1;
        if self.made > MAX_VALUES {
            return malformed(format!(
                "the pickle builds more than {MAX_VALUES} values, which no checkpoint needs"
            ));
        }
        self.stack.push(value);
        Ok(())
    }

    fn pop(&mut self) -> Parse<Value> {
        match self.stack.pop() {
            Some(Value::Mark) | None => {
                malformed("the pickle takes a value that is not there: it is damaged")
            }
            Some(value) => Ok(value),
        }
    }

    fn pop_to_mark(&mut self) -> Parse<Vec<Value>> {
        let Some(mark) = self.stack.iter().rposition(|v| matches!(v, Value::Mark)) else {
            return malformed("the pickle ends a group that did not begin: it is damaged");
        };
        let values = self.stack.split_off(mark + 1);
        self.stack.pop();
        Ok(values)
    }

    fn top(&self) -> Parse<&Value> {
        match self.stack.last() {
            Some(value) => Ok(value),
            None => malformed("the pickle takes a value that is not there: it is damaged"),
        }
    }

    fn recall(&mut self, index: u64) -> Parse<()> {
        match self.memo.get(&index).cloned() {
            Some(value) => self.push(value),
            None => malformed(format!(
                "the pickle recalls entry {index}, which it never kept: it is damaged"
            )),
        }
    }

    fn keep(&mut self, index: u64) -> Parse<()> {
        let value = self.top()?.clone();
        self.memo.insert(index, value);
        Ok(())
    }

    fn run(&mut self) -> Parse<Value> {
        loop {
            let opcode = self.byte()?;
            match opcode {
                b'.' => return self.pop(),
                0x80 => {
                    let protocol = self.byte()?;
                    if protocol > 5 {
                        return malformed(format!(
                            "pickle protocol {protocol} is not known: save the file with an older PyTorch"
                        ));
                    }
                }
                0x95 => drop(self.take(8)?),
                b'(' => self.push(Value::Mark)?,
                b'0' => drop(self.stack.pop()),
                b'1' => drop(self.pop_to_mark()?),
                b'2' => {
                    let value = self.top()?.clone();
                    self.push(value)?;
                }
                b'N' => self.push(Value::None)?,
                0x88 => self.push(Value::Bool(true))?,
                0x89 => self.push(Value::Bool(false))?,
                b'J' => {
                    let value = self.number(4)? as u32 as i32;
                    self.push(Value::Int(i64::from(value)))?;
                }
                b'K' => {
                    let value = self.number(1)?;
                    self.push(Value::Int(value as i64))?;
                }
                b'M' => {
                    let value = self.number(2)?;
                    self.push(Value::Int(value as i64))?;
                }
                0x8a => {
                    let length = self.length(1)?;
                    self.long(length)?;
                }
                0x8b => {
                    let length = self.length(4)?;
                    self.long(length)?;
                }
                b'I' | b'L' => {
                    let line = self.line()?;
                    let value = match line {
                        "00" => Value::Bool(false),
                        "01" => Value::Bool(true),
                        text => text
                            .trim_end_matches('L')
                            .parse()
                            .map_or(Value::Opaque, Value::Int),
                    };
                    self.push(value)?;
                }
                b'G' => {
                    self.take(8)?;
                    self.push(Value::Float)?;
                }
                b'F' => {
                    self.line()?;
                    self.push(Value::Float)?;
                }
                b'X' => {
                    let length = self.length(4)?;
                    let text = self.text(length)?;
                    self.push(text)?;
                }
                0x8c => {
                    let length = self.length(1)?;
                    let text = self.text(length)?;
                    self.push(text)?;
                }
                0x8d => {
                    let length = self.length(8)?;
                    let text = self.text(length)?;
                    self.push(text)?;
                }
                b'V' => {
                    let text = self.line()?;
                    self.push(Value::Str(text.into()))?;
                }
                b'S' => {
                    let text = self.line()?.trim_matches(['\'', '"']);
                    self.push(Value::Str(text.into()))?;
                }
                b'U' => {
                    let length = self.length(1)?;
                    let text = self.text(length)?;
                    self.push(text)?;
                }
                b'T' => {
                    let length = self.length(4)?;
                    let text = self.text(length)?;
                    self.push(text)?;
                }
                b'C' | b'B' | 0x8e | 0x96 => {
                    let length = self.length(match opcode {
                        b'C' => 1,
                        b'B' => 4,
                        _ => 8,
                    })?;
                    self.take(length)?;
                    self.push(Value::Opaque)?;
                }
                b')' => self.push_tuple(Vec::new())?,
                b't' => {
                    let values = self.pop_to_mark()?;
                    self.push_tuple(values)?;
                }
                0x85..=0x87 => {
                    let count = usize::from(opcode - 0x84);
                    let mut values = Vec::with_capacity(count);
                    for _ in 0..count {
                        values.push(self.pop()?);
                    }
                    values.reverse();
                    self.push_tuple(values)?;
                }
                b']' => self.push_list(Vec::new())?,
                b'l' => {
                    let values = self.pop_to_mark()?;
                    self.push_list(values)?;
                }
                b'a' => {
                    let value = self.pop()?;
                    self.extend(vec![value])?;
                }
                b'e' => {
                    let values = self.pop_to_mark()?;
                    self.extend(values)?;
                }
                b'}' => self.push_dict(Vec::new())?,
                b'd' => {
                    let values = self.pop_to_mark()?;
                    self.push_dict(Vec::new())?;
                    self.set_items(values)?;
                }
                b's' => {
                    let value = self.pop()?;
                    let key = self.pop()?;
                    self.set_items(vec![key, value])?;
                }
                b'u' => {
                    let values = self.pop_to_mark()?;
                    self.set_items(values)?;
                }
                0x8f => self.push(Value::Opaque)?,
                0x90 => drop(self.pop_to_mark()?),
                0x91 => {
                    self.pop_to_mark()?;
                    self.push(Value::Opaque)?;
                }
                b'c' => {
                    let module = self.line()?;
                    let name = self.line()?;
                    let found = global(module, name)?;
                    self.push(Value::Global(found))?;
                }
                0x93 => {
                    let (name, module) = (self.pop()?, self.pop()?);
                    let (Value::Str(module), Value::Str(name)) = (module, name) else {
                        return malformed(
                            "the pickle imports something that has no name: it is damaged",
                        );
                    };
                    let found = global(&module, &name)?;
                    self.push(Value::Global(found))?;
                }
                b'i' => {
                    let (module, name) = (self.line()?, self.line()?);
                    global(module, name)?;
                    self.pop_to_mark()?;
                    self.push(Value::Opaque)?;
                }
                b'o' => {
                    self.pop_to_mark()?;
                    self.push(Value::Opaque)?;
                }
                b'R' | 0x81 => {
                    let arguments = self.pop()?;
                    let callee = self.pop()?;
                    let value = self.build(&callee, &arguments)?;
                    self.push(value)?;
                }
                0x92 => {
                    let (_, arguments) = (self.pop()?, self.pop()?);
                    let callee = self.pop()?;
                    let value = self.build(&callee, &arguments)?;
                    self.push(value)?;
                }
                // The state of an object: an ordered dictionary's attributes and the like.
                b'b' => drop(self.pop()?),
                b'Q' => {
                    let id = self.pop()?;
                    let storage = self.storage(&id)?;
                    self.push(storage)?;
                }
                b'q' => {
                    let index = self.number(1)?;
                    self.keep(index)?;
                }
                b'r' => {
                    let index = self.number(4)?;
                    self.keep(index)?;
                }
                b'p' => {
                    let line = self.line()?;
                    let index = line
                        .parse()
                        .or_else(|_| malformed("the pickle keeps an entry without a number"))?;
                    self.keep(index)?;
                }
                0x94 => {
                    let index = self.memo.len() as u64;
                    self.keep(index)?;
                }
                b'h' => {
                    let index = self.number(1)?;
                    self.recall(index)?;
                }
                b'j' => {
                    let index = self.number(4)?;
                    self.recall(index)?;
                }
                b'g' => {
                    let line = self.line()?;
                    let index = line
                        .parse()
                        .or_else(|_| malformed("the pickle recalls an entry without a number"))?;
                    self.recall(index)?;
                }
                other => {
                    return malformed(format!(
                        "the pickle has the opcode {other:#04x}, which torch.save does not write: it is damaged or no checkpoint"
                    ));
                }
            }
        }
    }

    /// A little-endian two's complement number of any length; beyond 64 bits it does not matter here.
    fn long(&mut self, length: usize) -> Parse<()> {
        let bytes = self.take(length)?;
        let value = if bytes.len() > 8 {
            Value::Opaque
        } else {
            let negative = bytes.last().is_some_and(|b| b & 0x80 != 0);
            let start = if negative { -1i64 } else { 0 };
            Value::Int(
                bytes
                    .iter()
                    .rev()
                    .fold(start, |n, &b| n << 8 | i64::from(b)),
            )
        };
        self.push(value)
    }

    fn extend(&mut self, values: Vec<Value>) -> Parse<()> {
        match *self.top()? {
            Value::List(list) => self.arena.lists[list].extend(values),
            // A deque or set that came from the list of harmless names.
            Value::Opaque => {}
            _ => {
                return malformed("the pickle appends to something that is no list: it is damaged");
            }
        }
        Ok(())
    }

    fn set_items(&mut self, values: Vec<Value>) -> Parse<()> {
        if values.len() % 2 != 0 {
            return malformed("the pickle sets a key without a value: it is damaged");
        }
        match *self.top()? {
            Value::Dict(dict) => {
                let items = &mut self.arena.dicts[dict];
                let mut values = values.into_iter();
                while let (Some(key), Some(value)) = (values.next(), values.next()) {
                    items.push((key, value));
                }
            }
            Value::Opaque => {}
            _ => {
                return malformed(
                    "the pickle sets items of something that is no dictionary: it is damaged",
                );
            }
        }
        Ok(())
    }

    fn push_tuple(&mut self, values: Vec<Value>) -> Parse<()> {
        let index = put(&mut self.arena.lists, values);
        self.push(Value::Tuple(index))
    }

    fn push_list(&mut self, values: Vec<Value>) -> Parse<()> {
        let index = put(&mut self.arena.lists, values);
        self.push(Value::List(index))
    }

    fn push_dict(&mut self, items: Vec<(Value, Value)>) -> Parse<()> {
        let index = put(&mut self.arena.dicts, items);
        self.push(Value::Dict(index))
    }

    /// The values of a tuple; none of anything else.
    fn tuple(&self, value: &Value) -> &[Value] {
        match value {
            Value::Tuple(index) => &self.arena.lists[*index],
            _ => &[],
        }
    }

    /// What a "call" of a known name builds.
    fn build(&mut self, callee: &Value, arguments: &Value) -> Parse<Value> {
        match callee {
            Value::Global(Global::RebuildTensor) => self.tensor(arguments),
            Value::Global(Global::RebuildParameter) => Ok(self
                .tuple(arguments)
                .first()
                .cloned()
                .unwrap_or(Value::Opaque)),
            Value::Global(Global::OrderedDict) => {
                let items = match self.tuple(arguments).first() {
                    Some(Value::List(list)) => {
                        let pairs = self.arena.lists[*list].iter();
                        let pairs = pairs.filter_map(|pair| match self.tuple(pair) {
                            [key, value] => Some((key.clone(), value.clone())),
                            _ => None,
                        });
                        pairs.collect()
                    }
                    _ => Vec::new(),
                };
                Ok(Value::Dict(put(&mut self.arena.dicts, items)))
            }
            Value::Global(Global::OpaqueType | Global::StorageType(_)) => Ok(Value::Opaque),
            _ => malformed("the pickle calls something that is no name: it is damaged"),
        }
    }

    fn tensor(&mut self, arguments: &Value) -> Parse<Value> {
        let [
            Value::Storage(storage),
            Value::Int(offset),
            shape,
            strides,
            ..,
        ] = self.tuple(arguments)
        else {
            return malformed(
                "a tensor of the checkpoint is described in an unknown way: save it with torch.save of PyTorch 1.6 or newer",
            );
        };
        let sizes = |value: &Value| -> Parse<Vec<usize>> {
            let sizes: Option<Vec<usize>> = self
                .tuple(value)
                .iter()
                .map(|value| match value {
                    Value::Int(n) => usize::try_from(*n).ok(),
                    _ => None,
                })
                .collect();
            sizes.map_or_else(
                || malformed("a tensor of the checkpoint has a negative size: the file is damaged"),
                Ok,
            )
        };
        let (shape, strides) = (sizes(shape)?, sizes(strides)?);
        let Ok(offset) = usize::try_from(*offset) else {
            return malformed(
                "a tensor of the checkpoint begins before its storage: the file is damaged",
            );
        };
        if shape.len() != strides.len() || shape.len() > 16 {
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
        Ok(Value::Tensor(put(&mut self.arena.tensors, view)))
    }

    /// A storage from its persistent identifier: `("storage", type, key, device, elements)`.
    fn storage(&mut self, id: &Value) -> Parse<Value> {
        let [
            _,
            Value::Global(Global::StorageType(kind)),
            Value::Str(key),
            _,
            Value::Int(elements),
            ..,
        ] = self.tuple(id)
        else {
            return malformed(
                "a storage of the checkpoint is described in an unknown way: save it with torch.save of PyTorch 1.6 or newer",
            );
        };
        let Ok(elements) = usize::try_from(*elements) else {
            return malformed(
                "a storage of the checkpoint has a negative size: the file is damaged",
            );
        };
        let storage = Storage {
            kind: *kind,
            key: key.to_string(),
            elements,
        };
        Ok(Value::Storage(put(&mut self.arena.storages, storage)))
    }
}
