//! Data elements on the wire: a walk that checks every length before a byte is kept.
//!
//! The walk stands before dicom-rs's parser, which allocates what a length declares and descends into sequences by recursion. It
//! compares lengths with what is there, limits the nesting, and keeps only the attributes that this crate uses ([`wanted`]), so the
//! memory for a header does not depend on what else is in the file. Kept elements are written out again with sequences of undefined length
//! (PS3.5 section 7.5), which dicom-rs then parses.

mod attributes;
mod elements;

use attributes::wanted;
use dicom_core::{Tag, VR};
use dicom_dictionary_std::tags::{DOUBLE_FLOAT_PIXEL_DATA, FLOAT_PIXEL_DATA, PIXEL_DATA};
use elements::Header;
use std::io::Read;

/// Sequences within sequences; enhanced MR needs three.
const MAX_DEPTH: usize = 24;
/// Bytes of one kept value: the longest that are used are offset vectors.
const MAX_VALUE: u32 = 1 << 20;
/// Bytes kept of one header.
const MAX_KEPT: usize = 64 << 20;
const UNDEFINED: u32 = u32::MAX;

const ITEM: Tag = Tag(0xfffe, 0xe000);
const ITEM_END: Tag = Tag(0xfffe, 0xe00d);
const SEQUENCE_END: Tag = Tag(0xfffe, 0xe0dd);

/// How elements are encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Encoding {
    pub(crate) explicit: bool,
    pub(crate) big_endian: bool,
}

/// Where the pixels begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PixelElement {
    /// Offset of the value in the data set.
    pub(crate) position: u64,
    /// Declared length; `None` when undefined, that is, encapsulated.
    pub(crate) length: Option<u32>,
    /// Whether the value is a row of 16-bit words (OW), which matters for 8-bit pixels in big endian.
    pub(crate) words: bool,
}

/// The kept part of a data set, in its encoding, and where its pixels begin.
pub(crate) struct Walked {
    pub(crate) kept: Vec<u8>,
    pub(crate) pixels: Option<PixelElement>,
}

/// What is wrong, in words; the remedy follows from it.
pub(crate) type Problem = String;

/// What to do about a damaged file.
pub(crate) const FETCH_AGAIN: &str = "fetch it again from the archive";

/// Walks through the elements of a data set up to its pixels.
pub(crate) fn walk(stream: &mut dyn Read, encoding: Encoding) -> Result<Walked, Problem> {
    let mut walker = Walker {
        stream,
        position: 0,
        kept: Vec::new(),
        keeping: true,
    };
    let pixels = walker.data_set(encoding, 0, End::Stream)?;
    Ok(Walked {
        kept: walker.kept,
        pixels,
    })
}

/// Where a data set or sequence ends.
#[derive(Clone, Copy)]
enum End {
    Stream,
    At(u64),
    Delimiter,
}

struct Walker<'a> {
    stream: &'a mut dyn Read,
    position: u64,
    kept: Vec<u8>,
    keeping: bool,
}

impl Walker<'_> {
    fn data_set(
        &mut self,
        encoding: Encoding,
        depth: usize,
        end: End,
    ) -> Result<Option<PixelElement>, Problem> {
        if depth > MAX_DEPTH {
            return Err(format!(
                "its sequences are nested more than {MAX_DEPTH} deep: it is damaged; {FETCH_AGAIN}"
            ));
        }
        loop {
            if let End::At(place) = end
                && self.position >= place
            {
                return if self.position == place {
                    Ok(None)
                } else {
                    Err(too_long())
                };
            }
            let Some(header) = self.header(encoding)? else {
                return match end {
                    End::Stream => Ok(None),
                    _ => Err(cut_short()),
                };
            };
            let pixels = matches!(
                header.tag,
                PIXEL_DATA | FLOAT_PIXEL_DATA | DOUBLE_FLOAT_PIXEL_DATA
            );
            match (header.tag, end) {
                (ITEM_END, End::Delimiter) => return Ok(None),
                // Stray delimiters at the top are known from real files and mean nothing.
                (ITEM_END | SEQUENCE_END, End::Stream) if header.length == 0 => continue,
                (Tag(0xfffe, _), _) => return Err(damaged()),
                _ if pixels && depth == 0 => {
                    return Ok(Some(PixelElement {
                        position: self.position,
                        length: (header.length != UNDEFINED).then_some(header.length),
                        words: header.vr == VR::OW,
                    }));
                }
                _ => {}
            }
            if let End::At(place) = end
                && header.length != UNDEFINED
                && self.position + u64::from(header.length) > place
            {
                return Err(too_long());
            }
            self.element(&header, encoding, depth)?;
        }
    }

    fn element(
        &mut self,
        header: &Header,
        encoding: Encoding,
        depth: usize,
    ) -> Result<(), Problem> {
        let keep = self.keeping && wanted(header.tag);
        let undefined = header.length == UNDEFINED;
        let descend = undefined || (keep && header.vr == VR::SQ);
        if !descend {
            let keep = keep && header.length <= MAX_VALUE;
            if keep {
                self.keep(header, header.length, encoding)?;
            }
            return self.value(header, keep);
        }
        // Unknown elements of undefined length are implicit inside (PS3.5 section 6.2.2); none of them is used.
        let foreign = encoding.explicit && header.vr == VR::UN;
        let keep = keep && !foreign && (header.vr == VR::SQ);
        let inside = if foreign {
            Encoding {
                explicit: false,
                big_endian: false,
            }
        } else {
            encoding
        };
        let end = match undefined {
            true => End::Delimiter,
            false => End::At(self.position + u64::from(header.length)),
        };
        let before = std::mem::replace(&mut self.keeping, keep);
        if keep {
            self.keep(header, UNDEFINED, encoding)?;
        }
        self.items(header, inside, depth, end)?;
        if keep {
            self.keep_mark(SEQUENCE_END, 0, encoding);
        }
        self.keeping = before;
        Ok(())
    }

    fn items(
        &mut self,
        sequence: &Header,
        encoding: Encoding,
        depth: usize,
        end: End,
    ) -> Result<(), Problem> {
        let pieces = matches!(sequence.vr, VR::OB | VR::OW);
        loop {
            if let End::At(place) = end
                && self.position >= place
            {
                return if self.position == place {
                    Ok(())
                } else {
                    Err(too_long())
                };
            }
            let item = self.header(encoding)?.ok_or_else(cut_short)?;
            match (item.tag, end) {
                (SEQUENCE_END, End::Delimiter) => return Ok(()),
                (ITEM, _) => {}
                _ => return Err(damaged()),
            }
            if pieces && item.length != UNDEFINED {
                self.value(&item, false)?;
                continue;
            }
            let item_end = match item.length {
                UNDEFINED => End::Delimiter,
                length => End::At(self.position + u64::from(length)),
            };
            if let (End::At(whole), End::At(place)) = (end, item_end)
                && place > whole
            {
                return Err(too_long());
            }
            if self.keeping {
                self.keep_mark(ITEM, UNDEFINED, encoding);
            }
            self.data_set(encoding, depth + 1, item_end)?;
            if self.keeping {
                self.keep_mark(ITEM_END, 0, encoding);
                if self.kept.len() > MAX_KEPT {
                    return Err(too_long());
                }
            }
        }
    }
}
pub(crate) fn cut_short() -> Problem {
    format!("it is cut short; {FETCH_AGAIN}")
}

fn too_long() -> Problem {
    format!(
        "one of its elements is longer than the sequence around it: it is damaged; {FETCH_AGAIN}"
    )
}

fn damaged() -> Problem {
    format!("its sequences do not close: it is damaged; {FETCH_AGAIN}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXPLICIT: Encoding = Encoding {
        explicit: true,
        big_endian: false,
    };

    fn problem(bytes: &[u8]) -> String {
        match walk(&mut &bytes[..], EXPLICIT) {
            Ok(_) => panic!("walked through"),
            Err(problem) => problem,
        }
    }

    #[test]
    fn a_length_beyond_the_file_takes_no_memory() {
        // Series description, declared as 4 GiB less two bytes of an unlimited text.
        let told = problem(b"\x08\x00\x3e\x10UT\0\0\xfe\xff\xff\xffabc");
        assert!(
            told.contains("(0008,103E) declares 4294967294 bytes and 3 are left"),
            "{told}"
        );
    }

    #[test]
    fn deep_nesting_is_refused_before_it_is_parsed() {
        let mut bytes = Vec::new();
        for _ in 0..100_000 {
            bytes.extend_from_slice(
                b"\x00\x52\x29\x92SQ\0\0\xff\xff\xff\xff\xfe\xff\x00\xe0\xff\xff\xff\xff",
            );
        }
        assert!(problem(&bytes).contains("nested"));
        // Also where the sequence is not one that is kept.
        for at in (0..bytes.len()).step_by(20) {
            bytes[at] = 9;
        }
        assert!(problem(&bytes).contains("nested"));
    }

    #[test]
    fn sequences_of_defined_length_are_kept_with_undefined_length() {
        // Shared groups, one item, with a private element that is dropped and a plane position sequence.
        let inner = b"\x09\x00\x01\x10LO\x02\0xx\x20\x00\x32\x00DS\x06\x000\\0\\0 ";
        let mut item = b"\xfe\xff\x00\xe0".to_vec();
        item.extend((inner.len() as u32).to_le_bytes());
        item.extend(inner);
        let mut bytes = b"\x00\x52\x29\x92SQ\0\0".to_vec();
        bytes.extend((item.len() as u32).to_le_bytes());
        bytes.extend(&item);
        let walked = walk(&mut &bytes[..], EXPLICIT).unwrap();
        let expected = b"\x00\x52\x29\x92SQ\0\0\xff\xff\xff\xff\xfe\xff\x00\xe0\xff\xff\xff\xff\x20\x00\x32\x00DS\x06\x000\\0\\0 \xfe\xff\x0d\xe0\0\0\0\0\xfe\xff\xdd\xe0\0\0\0\0";
        assert_eq!(walked.kept, expected);
        // An item that reaches beyond its sequence is refused.
        bytes[12 + 4] += 2;
        assert!(problem(&bytes).contains("longer than the sequence"));
    }
}
