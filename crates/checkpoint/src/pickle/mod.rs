//! A pickle machine that builds data and cannot run code.
//!
//! It knows the opcodes of protocols 0 to 5 that `torch.save` writes (Python's `pickletools` describes them). Nothing is ever imported or
//! called: a name that the pickle imports is sorted by a closed list ([`names`]), and a "call" of a name on that list builds data
//! here ([`rebuild`]). Names that are not on the list:
//!
//! * mentioned, or as the class of an object (training arguments of some library): the value is opaque, and reading goes on;
//! * called, wherever that stands: the file is refused and the name is told;
//! * of a module that runs programs or evaluates text (`os`, `subprocess`, `builtins` ...): refused when mentioned.

mod names;
mod rebuild;
mod value;

pub(crate) use value::{Arena, StorageKind, TensorView, Value};

use crate::Limits;
use crate::error::{Parse, malformed};
use names::global;
use std::collections::HashMap;
use value::put;

/// Runs a pickle as data: its value, and the containers it is made of.
pub(crate) fn parse(bytes: &[u8], limits: &Limits) -> Parse<(Value, Arena)> {
    let mut machine = Machine {
        bytes,
        at: 0,
        stack: Vec::new(),
        memo: HashMap::new(),
        made: 0,
        limit: limits.max_pickle_values,
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
    /// Values made so far, and how many may be.
    made: usize,
    limit: usize,
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

    /// Counts values, so that a short pickle cannot fill the memory.
    fn count(&mut self, values: usize) -> Parse<()> {
        self.made = self.made.saturating_add(values);
        if self.made > self.limit {
            return malformed(format!(
                "the pickle builds more than {} values, which no checkpoint needs: refused",
                self.limit
            ));
        }
        Ok(())
    }

    fn push(&mut self, value: Value) -> Parse<()> {
        self.count(1)?;
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
        self.count(1)?;
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
                0x88 | 0x89 => self.push(Value::Bool)?,
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
                        "00" | "01" => Value::Bool,
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
                    let callee = Value::Global(global(module, name)?);
                    let arguments = self.pop_to_mark()?;
                    self.call_with(&callee, arguments)?;
                }
                b'o' => {
                    let mut arguments = self.pop_to_mark()?.into_iter();
                    let callee = arguments.next().unwrap_or(Value::None);
                    self.call_with(&callee, arguments.collect())?;
                }
                b'R' => {
                    let arguments = self.pop()?;
                    let callee = self.pop()?;
                    let value = self.call(&callee, &arguments)?;
                    self.push(value)?;
                }
                0x81 | 0x92 => {
                    if opcode == 0x92 {
                        // Keyword arguments.
                        self.pop()?;
                    }
                    let arguments = self.pop()?;
                    let class = self.pop()?;
                    let value = self.object(&class, &arguments)?;
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
        if !values.len().is_multiple_of(2) {
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

    fn call_with(&mut self, callee: &Value, arguments: Vec<Value>) -> Parse<()> {
        let index = put(&mut self.arena.lists, arguments);
        let value = self.call(callee, &Value::Tuple(index))?;
        self.push(value)
    }
}
