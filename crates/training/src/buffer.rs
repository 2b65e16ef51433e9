//! Rows of numbers whose memory is used again.
//!
//! Every step asks for the same buffers; memory fresh from the system would be cleared page by page each time, a tenth of a step. A buffer
//! goes back to a shelf when it is dropped, and the next of its length comes from there.

use std::collections::HashMap;
use std::ops::{Deref, DerefMut};
use std::sync::{Mutex, PoisonError};

/// Free memory by length.
static SHELF: Mutex<Option<HashMap<usize, Vec<Vec<f32>>>>> = Mutex::new(None);
/// Shorter ones are left to the allocator.
const WORTH: usize = 1 << 12;

/// A row of numbers.
#[derive(Debug, Default)]
pub(crate) struct Buffer(Vec<f32>);

impl Buffer {
    /// A buffer whose numbers are whatever they were: every one is to be written before it is read.
    pub(crate) fn unwritten(len: usize) -> Self {
        if len < WORTH {
            return Self(vec![0.0; len]);
        }
        let mut shelf = SHELF.lock().unwrap_or_else(PoisonError::into_inner);
        let free = shelf
            .as_mut()
            .and_then(|s| s.get_mut(&len))
            .and_then(Vec::pop);
        drop(shelf);
        Self(free.unwrap_or_else(|| vec![0.0; len]))
    }

    /// Zeros.
    pub(crate) fn zeros(len: usize) -> Self {
        let mut buffer = Self::unwritten(len);
        buffer.fill(0.0);
        buffer
    }

    /// A copy.
    pub(crate) fn copy(numbers: &[f32]) -> Self {
        let mut buffer = Self::unwritten(numbers.len());
        buffer.copy_from_slice(numbers);
        buffer
    }

    /// Gives all free memory back to the system: a run that ends calls this.
    pub(crate) fn release() {
        *SHELF.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        let numbers = std::mem::take(&mut self.0);
        if numbers.len() >= WORTH {
            let mut shelf = SHELF.lock().unwrap_or_else(PoisonError::into_inner);
            shelf
                .get_or_insert_default()
                .entry(numbers.len())
                .or_default()
                .push(numbers);
        }
    }
}

impl Deref for Buffer {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        &self.0
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut [f32] {
        &mut self.0
    }
}
