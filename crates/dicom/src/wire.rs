//! Data elements on the wire: a walk that checks every length before a byte is kept.
//!
//! The walk stands before dicom-rs's parser, which allocates what a length declares and descends into sequences by recursion. It
//! compares lengths with what is there, limits the nesting, and keeps only the attributes that this crate uses ([`wanted`]), so the
//! memory for a header does not depend on what else is in the file. Kept elements are written out again with sequences of undefined length
//! (PS3.5 section 7.5), which dicom-rs then parses.

use dicom_core::dictionary::{DataDictionary, DataDictionaryEntry};
use dicom_core::{Tag, VR};
use dicom_dictionary_std::{StandardDataDictionary, tags::*};
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

/// Attributes that are kept, in rising order.
#[rustfmt::skip]
const WANTED: [Tag; 69] = [
    SPECIFIC_CHARACTER_SET, IMAGE_TYPE, STUDY_DATE, SERIES_DATE, ACQUISITION_DATE, CONTENT_DATE, ACQUISITION_DATE_TIME,
    STUDY_TIME, ACQUISITION_TIME, CONTENT_TIME, MODALITY, SERIES_DESCRIPTION, PATIENT_ID,
    CONTRAST_BOLUS_AGENT, CONTRAST_BOLUS_AGENT_SEQUENCE, SCANNING_SEQUENCE, SEQUENCE_NAME, SLICE_THICKNESS, REPETITION_TIME, ECHO_TIME,
    MAGNETIC_FIELD_STRENGTH, SPACING_BETWEEN_SLICES, PROTOCOL_NAME, CONTRAST_BOLUS_START_TIME, TRIGGER_TIME, FLIP_ANGLE,
    FRAME_ACQUISITION_DATE_TIME, EFFECTIVE_ECHO_TIME, MR_TIMING_AND_RELATED_PARAMETERS_SEQUENCE, MR_ECHO_SEQUENCE, CARDIAC_SYNCHRONIZATION_SEQUENCE,
    FRAME_REFERENCE_DATE_TIME,
    CONTRAST_BOLUS_USAGE_SEQUENCE, CONTRAST_BOLUS_AGENT_ADMINISTERED,
    STUDY_INSTANCE_UID, SERIES_INSTANCE_UID, SERIES_NUMBER, ACQUISITION_NUMBER, INSTANCE_NUMBER, IMAGE_POSITION_PATIENT, IMAGE_ORIENTATION_PATIENT,
    TEMPORAL_POSITION_IDENTIFIER, NUMBER_OF_TEMPORAL_POSITIONS, FRAME_CONTENT_SEQUENCE, PLANE_POSITION_SEQUENCE, PLANE_ORIENTATION_SEQUENCE,
    TEMPORAL_POSITION_INDEX, NOMINAL_CARDIAC_TRIGGER_DELAY_TIME, FRAME_ACQUISITION_NUMBER, TEMPORAL_POSITION_TIME_OFFSET, TEMPORAL_POSITION_SEQUENCE,
    SAMPLES_PER_PIXEL, PHOTOMETRIC_INTERPRETATION, NUMBER_OF_FRAMES, ROWS, COLUMNS, PIXEL_SPACING, BITS_ALLOCATED, BITS_STORED, HIGH_BIT,
    PIXEL_REPRESENTATION, PIXEL_PADDING_VALUE, RESCALE_INTERCEPT, RESCALE_SLOPE, PIXEL_MEASURES_SEQUENCE, PIXEL_VALUE_TRANSFORMATION_SEQUENCE,
    GRID_FRAME_OFFSET_VECTOR, SHARED_FUNCTIONAL_GROUPS_SEQUENCE, PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE,
];

/// Philips' private group holds the scanner's own scaling: creators, intercept, slope, and the sequence around them in enhanced objects.
const PHILIPS_GROUP: u16 = 0x2005;

fn wanted(tag: Tag) -> bool {
    let philips = tag.0 == PHILIPS_GROUP
        && (matches!(tag.1, 0x10..=0xff)
            || (tag.1 >= 0x1000 && matches!(tag.1 & 0xff, 0x0d..=0x0f)));
    philips || WANTED.binary_search(&tag).is_ok()
}

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

struct Header {
    tag: Tag,
    vr: VR,
    length: u32,
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
    fn header(&mut self, encoding: Encoding) -> Result<Option<Header>, Problem> {
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
    fn keep(&mut self, header: &Header, length: u32, encoding: Encoding) -> Result<(), Problem> {
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

    fn keep_mark(&mut self, tag: Tag, length: u32, encoding: Encoding) {
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
    fn value(&mut self, header: &Header, keep: bool) -> Result<(), Problem> {
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
    fn kept_attributes_are_in_order() {
        assert!(WANTED.is_sorted() && !wanted(PATIENT_NAME) && !wanted(PATIENT_BIRTH_DATE));
        assert!(wanted(Tag(0x2005, 0x100e)) && !wanted(Tag(0x2005, 0x1011)));
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
