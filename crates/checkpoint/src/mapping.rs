//! A file mapped into memory. The only place of this crate with `unsafe`.

use memmap2::Mmap;
use std::fs::File;

/// A file, mapped to be read.
#[derive(Debug)]
pub(crate) struct Mapping(Mmap);

impl Mapping {
    /// Maps a file; `None` where the system refuses (a pipe, an odd file system, no room for addresses): then it is read instead.
    pub(crate) fn of(file: &File) -> Option<Self> {
        // On these machines alone numbers lie in memory as in the file.
        if cfg!(target_endian = "big") {
            return None;
        }
        #[expect(unsafe_code, reason = "the file could change while it is mapped")]
        // SAFETY: it is mapped to be read, and only as bytes and `f32`, of which every pattern of bits is valid. Whoever overwrites a
        // checkpoint in place while it is used changes numbers under the program, or ends it when he cuts the file short; programs that
        // replace files (ours among them) write anew and rename, which leaves the mapped file as it was.
        let mapping = unsafe { Mmap::map(file) };
        mapping.ok().map(Self)
    }

    /// Bytes of the file; `None` when it is shorter.
    pub(crate) fn bytes(&self, start: usize, length: usize) -> Option<&[u8]> {
        self.0.get(start..start.checked_add(length)?)
    }

    /// `length` numbers from the byte `start`; `None` when the file is shorter, or `start` is no multiple of 4.
    pub(crate) fn numbers(&self, start: usize, length: usize) -> Option<&[f32]> {
        let bytes = self.bytes(start, length.checked_mul(4)?)?;
        bytemuck::try_cast_slice(bytes).ok()
    }
}
