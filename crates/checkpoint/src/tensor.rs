//! A tensor and its numbers: in memory, or where they lie in the file.

use crate::mapping::Mapping;
use std::ops::Deref;
use std::sync::Arc;

/// A tensor in C order.
#[derive(Clone, Debug, PartialEq)]
pub struct Tensor {
    /// Sizes of its axes.
    pub shape: Vec<usize>,
    /// Its numbers; half and double precision are converted.
    pub data: Numbers,
}

/// Numbers that are read and never written; copies share them.
///
/// Single precision numbers that a file on the disk holds in the machine's own byte order, neither packed nor strided, are not copied: the file
/// is mapped into memory, so that they take no memory twice and programs that use the same file share them. All others are in memory. They are slices of `f32` either way.
#[derive(Clone)]
pub struct Numbers(Place);

#[derive(Clone)]
enum Place {
    Memory(Arc<Vec<f32>>),
    File {
        mapping: Arc<Mapping>,
        /// Bytes before the first number.
        start: usize,
        length: usize,
    },
}

impl Numbers {
    /// `length` numbers of a file from the byte `start`; `None` when they are not whole, or lie where none can be read as they are.
    pub(crate) fn mapped(mapping: &Arc<Mapping>, start: u64, length: usize) -> Option<Self> {
        let start = usize::try_from(start).ok()?;
        mapping.numbers(start, length)?;
        Some(Self(Place::File {
            mapping: Arc::clone(mapping),
            start,
            length,
        }))
    }

    /// Whether they lie in a mapped file, and take no memory of their own.
    pub fn is_mapped(&self) -> bool {
        matches!(self.0, Place::File { .. })
    }

    /// `count` of them from `offset`, which must be there: shared when they are all or lie in a file, copied otherwise, so that a few numbers
    /// do not keep many.
    pub(crate) fn part(&self, offset: usize, count: usize) -> Self {
        match &self.0 {
            Place::File { mapping, start, .. } => Self(Place::File {
                mapping: Arc::clone(mapping),
                start: start + 4 * offset,
                length: count,
            }),
            Place::Memory(numbers) if numbers.len() == count => self.clone(),
            Place::Memory(numbers) => numbers[offset..offset + count].to_vec().into(),
        }
    }

    /// The numbers in memory: those of a file are copied.
    pub fn into_vec(self) -> Vec<f32> {
        match self.0 {
            Place::Memory(numbers) => Arc::unwrap_or_clone(numbers),
            Place::File { .. } => self.to_vec(),
        }
    }
}

impl Deref for Numbers {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        match &self.0 {
            Place::Memory(numbers) => numbers,
            Place::File {
                mapping,
                start,
                length,
            } => mapping.numbers(*start, *length).unwrap_or_default(),
        }
    }
}

impl From<Vec<f32>> for Numbers {
    fn from(numbers: Vec<f32>) -> Self {
        Self(Place::Memory(Arc::new(numbers)))
    }
}

impl PartialEq for Numbers {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl std::fmt::Debug for Numbers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}
