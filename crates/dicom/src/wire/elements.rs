//! One element after the other: its header, and its value passed over or kept.

use super::{Encoding, FETCH_AGAIN, MAX_KEPT, Problem, Walker, cut_short};
use dicom_core::dictionary::{DataDictionary, DataDictionaryEntry};
use dicom_core::{Tag, VR};
use dicom_dictionary_std::StandardDataDictionary;
use std::io::Read;

/// What stands before an element's value.
pub(super) struct Header {
    pub(super) tag: Tag,
    pub(super) vr: VR,
    pub(super) length: u32,
    /// The bytes before the length, as they stand in the file.
    start: ([u8; 8], usize),
    /// Whether the length has two bytes.
    short: bool,
}

impl Walker<'_> {
    /// Reads `N` bytes; `None` when the stream ends before the first.
    fn bytes<const N: usize>(&mut self) -> Result<Option<[u8; N]>, Problem> {
        let mut buffer = [0u8; N];
        let mut read = 0;
        while let Some(rest) = buffer.get_mut(read..).filter(|r| !r.is_empty()) {
            match self.stream.read(rest) {
                Ok(0) => break,
                Ok(n) => read += n,
                Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
                Err(e) => {
                    return Err(format!(
                        "it cannot be read ({e}); copy it again from its source"
                    ));
                }
            }
        }
        self.position += read as u64;
        match read {
            0 => Ok(None),
            n if n == N => Ok(Some(buffer)),
            _ => Err(cut_short()),
        }
    }

    fn some<const N: usize>(&mut self) -> Result<[u8; N], Problem> {
        self.bytes()?.ok_or_else(cut_short)
    }

    fn u16(bytes: [u8; 2], encoding: Encoding) -> u16 {
        match encoding.big_endian {
            true => u16::from_be_bytes(bytes),
            false => u16::from_le_bytes(bytes),
        }
    }

    fn u32(bytes: [u8; 4], encoding: Encoding) -> u32 {
        match encoding.big_endian {
            true => u32::from_be_bytes(bytes),
            false => u32::from_le_bytes(bytes),
        }
    }

    /// The next element's tag, representation and length.
    pub(super) fn header(&mut self, encoding: Encoding) -> Result<Option<Header>, Problem> {
        let Some(first) = self.bytes::<4>()? else {
            return Ok(None);
        };
        let [a, b, c, d] = first;
        let tag = Tag(Self::u16([a, b], encoding), Self::u16([c, d], encoding));
        let mut start = [a, b, c, d, 0, 0, 0, 0];
        if tag.0 == 0xfffe || !encoding.explicit {
            let length = Self::u32(self.some()?, encoding);
            let vr = StandardDataDictionary
                .by_tag(tag)
                .map_or(VR::UN, |entry| entry.vr().relaxed());
            return Ok(Some(Header {
                tag,
                vr,
                length,
                start: (start, 4),
                short: false,
            }));
        }
        let [v, w] = self.some::<2>()?;
        start[4] = v;
        start[5] = w;
        // PS3.5 section 7.1.2; an unknown representation has the long form.
        let vr = VR::from_binary([v, w]).unwrap_or(VR::UN);
        let short = !matches!(
            vr,
            VR::OB
                | VR::OD
                | VR::OF
                | VR::OL
                | VR::OV
                | VR::OW
                | VR::SQ
                | VR::SV
                | VR::UC
                | VR::UN
                | VR::UR
                | VR::UT
                | VR::UV
        );
        let (length, used) = if short {
            (u32::from(Self::u16(self.some()?, encoding)), 6)
        } else {
            self.some::<2>()?;
            (Self::u32(self.some()?, encoding), 8)
        };
        Ok(Some(Header {
            tag,
            vr,
            length,
            start: (start, used),
            short,
        }))
    }

    /// Keeps a header with the given length.
    pub(super) fn keep(
        &mut self,
        header: &Header,
        length: u32,
        encoding: Encoding,
    ) -> Result<(), Problem> {
        let (start, used) = header.start;
        self.kept.extend_from_slice(&start[..used]);
        let big = encoding.big_endian;
        if header.short {
            let length = length as u16;
            let bytes = if big {
                length.to_be_bytes()
            } else {
                length.to_le_bytes()
            };
            self.kept.extend_from_slice(&bytes);
        } else {
            let bytes = if big {
                length.to_be_bytes()
            } else {
                length.to_le_bytes()
            };
            self.kept.extend_from_slice(&bytes);
        }
        if self.kept.len() > MAX_KEPT {
            return Err(format!(
                "its header has more than {} MiB: it is damaged, or not an image; {FETCH_AGAIN}",
                MAX_KEPT >> 20
            ));
        }
        Ok(())
    }

    pub(super) fn keep_mark(&mut self, tag: Tag, length: u32, encoding: Encoding) {
        for number in [tag.0, tag.1] {
            let bytes = if encoding.big_endian {
                number.to_be_bytes()
            } else {
                number.to_le_bytes()
            };
            self.kept.extend_from_slice(&bytes);
        }
        let bytes = if encoding.big_endian {
            length.to_be_bytes()
        } else {
            length.to_le_bytes()
        };
        self.kept.extend_from_slice(&bytes);
    }

    /// Passes over a value, keeping it or not. No memory is taken for bytes that are not there.
    pub(super) fn value(&mut self, header: &Header, keep: bool) -> Result<(), Problem> {
        let mut value = (&mut *self.stream).take(u64::from(header.length));
        let read = if keep {
            value.read_to_end(&mut self.kept).map(|n| n as u64)
        } else {
            std::io::copy(&mut value, &mut std::io::sink())
        };
        let read =
            read.map_err(|e| format!("it cannot be read ({e}); copy it again from its source"))?;
        self.position += read;
        if read < u64::from(header.length) {
            return Err(format!(
                "it is cut short: its element {} declares {} bytes and {read} are left; {FETCH_AGAIN}",
                header.tag, header.length
            ));
        }
        Ok(())
    }
}
