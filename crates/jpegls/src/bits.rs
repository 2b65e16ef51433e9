//! The bits of a scan.

use crate::JpegLsError;

/// Reads bits from the highest down; after a byte of ones, the next byte holds seven (T.87, A.1).
pub(crate) struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
    held: u64,
    count: u32,
    after_ones: bool,
}

impl<'a> Bits<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            at: 0,
            held: 0,
            count: 0,
            after_ones: false,
        }
    }

    /// Takes in bytes until at least 32 bits are held, or a marker or the end comes.
    fn fill(&mut self) {
        while self.count <= 48 {
            let Some(&byte) = self.bytes.get(self.at) else {
                return;
            };
            if self.after_ones && byte & 0x80 != 0 {
                return;
            }
            let width = if self.after_ones { 7 } else { 8 };
            self.held = self.held << width | u64::from(byte);
            self.count += width;
            self.after_ones = byte == 0xff;
            self.at += 1;
        }
    }

    /// The next `width` bits, at most 32.
    pub(crate) fn take(&mut self, width: u32) -> Result<u32, JpegLsError> {
        if width == 0 {
            return Ok(0);
        }
        if self.count < width {
            self.fill();
        }
        if self.count < width {
            return Err(JpegLsError::Damaged("its pixels are cut short"));
        }
        self.count -= width;
        Ok((self.held >> self.count & ((1u64 << width) - 1)) as u32)
    }

    /// Zeros before the next one, which is taken as well; more than `limit` cannot be.
    pub(crate) fn zeros(&mut self, limit: u32) -> Result<u32, JpegLsError> {
        let mut zeros = 0;
        while self.take(1)? == 0 {
            zeros += 1;
            if zeros > limit {
                return Err(JpegLsError::Damaged("a code is longer than can be"));
            }
        }
        Ok(zeros)
    }
}
