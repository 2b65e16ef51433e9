//! Data elements on the wire: a walk that checks every length before anything is allocated.
//!
//! dicom-rs allocates what a length declares and builds nested sequences by recursion. This walk stands before it: every declared length must
//! fit into what encloses it, and sequences nest only so deep.

use dicom_core::Tag;
use dicom_core::VR;
use dicom_core::dictionary::{DataDictionary, DataDictionaryEntry};
use dicom_dictionary_std::{StandardDataDictionary, tags};

/// Sequences and items within each other; a SEG needs eight, an RTSTRUCT six.
const MAX_DEPTH: usize = 48;
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

impl Encoding {
    pub(crate) const EXPLICIT_LITTLE: Self = Self {
        explicit: true,
        big_endian: false,
    };
    const IMPLICIT_LITTLE: Self = Self {
        explicit: false,
        big_endian: false,
    };
}

/// Header of an element.
pub(crate) struct Header {
    pub(crate) tag: Tag,
    /// Two letters; those of the dictionary where the encoding has none.
    vr: [u8; 2],
    /// `None` when it is undefined.
    pub(crate) length: Option<usize>,
    /// Where the value begins.
    pub(crate) value: usize,
}

/// What the walk is inside of.
#[derive(Clone, Copy)]
enum Kind {
    /// A data set or an item of a sequence.
    Elements,
    Sequence,
    Fragments,
}

#[derive(Clone, Copy)]
struct Level {
    kind: Kind,
    /// Where it ends; `None` when a delimiter says so.
    end: Option<usize>,
    /// Where it must end at the latest.
    bound: usize,
    encoding: Encoding,
}

/// Checks a data set; the message says what is wrong and where.
pub(crate) fn check(bytes: &[u8], encoding: Encoding) -> Result<(), String> {
    let mut at = 0;
    let mut levels = vec![Level {
        kind: Kind::Elements,
        end: Some(bytes.len()),
        bound: bytes.len(),
        encoding,
    }];
    while let Some(level) = levels.last().copied() {
        if level.end == Some(at) {
            levels.pop();
            continue;
        }
        if levels.len() > MAX_DEPTH {
            return Err(format!(
                "sequences within each other more than {MAX_DEPTH} deep"
            ));
        }
        let header = header(bytes, at, level.encoding)?;
        if header.value > level.bound {
            return Err(format!("element {} begins behind its end", header.tag));
        }
        let delimiter = match level.kind {
            Kind::Elements => ITEM_END,
            Kind::Sequence | Kind::Fragments => SEQUENCE_END,
        };
        at = header.value;
        if header.tag == delimiter && level.end.is_none() {
            levels.pop();
            continue;
        }
        let end = match header.length {
            None => None,
            Some(length) => Some(
                at.checked_add(length)
                    .filter(|end| *end <= level.bound)
                    .ok_or_else(|| {
                        format!(
                            "element {} declares {length} bytes, and {} are left",
                            header.tag,
                            level.bound - at
                        )
                    })?,
            ),
        };
        match inside(&header, level)? {
            Some((kind, encoding)) => levels.push(Level {
                kind,
                end,
                bound: end.unwrap_or(level.bound),
                encoding,
            }),
            // A value: `inside` has refused those without length.
            None => at = end.unwrap_or(at),
        }
    }
    Ok(())
}

/// What an element's value holds: elements, items or fragments to walk through, or `None` for a plain value.
fn inside(header: &Header, level: Level) -> Result<Option<(Kind, Encoding)>, String> {
    let tag = header.tag;
    match level.kind {
        Kind::Sequence if tag == ITEM => Ok(Some((Kind::Elements, level.encoding))),
        Kind::Fragments if tag == ITEM && header.length.is_some() => Ok(None),
        Kind::Sequence | Kind::Fragments => Err(format!("{tag} stands where an item should be")),
        Kind::Elements if tag.0 == 0xfffe => Err(format!("the delimiter {tag} is out of place")),
        Kind::Elements => match (&header.vr, header.length) {
            (b"SQ", _) => Ok(Some((Kind::Sequence, level.encoding))),
            // PS3.5, 6.2.2, note 7: a sequence that a writer did not know, in implicit encoding.
            (b"UN", None) => Ok(Some((Kind::Sequence, Encoding::IMPLICIT_LITTLE))),
            (_, None) if tag == tags::PIXEL_DATA => Ok(Some((Kind::Fragments, level.encoding))),
            (_, None) => Err(format!("element {tag} has no length")),
            _ => Ok(None),
        },
    }
}

/// Reads an element's header.
pub(crate) fn header(bytes: &[u8], at: usize, encoding: Encoding) -> Result<Header, String> {
    let cut = || format!("it ends at byte {at}, within the header of an element");
    let field = |from: usize, count: usize| {
        let from = at.checked_add(from)?;
        bytes.get(from..from.checked_add(count)?)
    };
    let number = |from: usize, count: usize| {
        let field = field(from, count).ok_or_else(cut)?;
        let digit = |n: u32, b: &u8| n << 8 | u32::from(*b);
        Ok::<u32, String>(if encoding.big_endian {
            field.iter().fold(0, digit)
        } else {
            field.iter().rev().fold(0, digit)
        })
    };
    let tag = Tag(number(0, 2)? as u16, number(2, 2)? as u16);
    let of = |vr: [u8; 2], length: u32, size: usize| Header {
        tag,
        vr,
        length: (length != UNDEFINED).then_some(length as usize),
        value: at + size,
    };
    if tag.0 == 0xfffe {
        return Ok(of(*b"--", number(4, 4)?, 8));
    }
    if !encoding.explicit {
        let vr = StandardDataDictionary
            .by_tag(tag)
            .map_or(VR::UN, |e| e.vr().relaxed());
        // A plain unknown value has a length; one without is a sequence.
        let length = number(4, 4)?;
        let sequence = vr == VR::SQ || (length == UNDEFINED && tag != tags::PIXEL_DATA);
        return Ok(of(if sequence { *b"SQ" } else { *b"--" }, length, 8));
    }
    let vr = match field(4, 2) {
        Some([a, b]) => [*a, *b],
        _ => return Err(cut()),
    };
    match &vr {
        b"OB" | b"OD" | b"OF" | b"OL" | b"OV" | b"OW" | b"SQ" | b"SV" | b"UC" | b"UN" | b"UR"
        | b"UT" | b"UV" => Ok(of(vr, number(8, 4)?, 12)),
        [b'A'..=b'Z', b'A'..=b'Z'] => Ok(of(vr, number(6, 2)?, 8)),
        _ => Err(format!("element {tag} has no value representation")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const EXPLICIT: Encoding = Encoding::EXPLICIT_LITTLE;

    fn element(tag: [u8; 4], vr: &[u8; 2], value: &[u8]) -> Vec<u8> {
        let mut bytes = tag.to_vec();
        bytes.extend_from_slice(vr);
        if vr == b"SQ" || vr == b"OB" {
            bytes.extend([0, 0]);
            bytes.extend((value.len() as u32).to_le_bytes());
        } else {
            bytes.extend((value.len() as u16).to_le_bytes());
        }
        bytes.extend_from_slice(value);
        bytes
    }

    #[test]
    fn lengths_must_fit_into_what_encloses_them() {
        let modality = element([8, 0, 0x60, 0], b"CS", b"SEG ");
        assert_eq!(check(&modality, EXPLICIT), Ok(()));
        assert!(check(&modality[..9], EXPLICIT).is_err());
        // An item of eight bytes whose element declares more than the item has, though the file goes on.
        let mut item = vec![0xfe, 0xff, 0, 0xe0, 8, 0, 0, 0];
        item.extend(element([8, 0, 0x60, 0], b"CS", b"SEG "));
        let sequence = element([8, 0, 0x15, 0x11], b"SQ", &item);
        assert!(
            check(&sequence, EXPLICIT)
                .unwrap_err()
                .contains("declares 4 bytes")
        );
        let huge = [
            0xe0, 0x7f, 0x10, 0, b'O', b'B', 0, 0, 0xf0, 0xff, 0xff, 0xff,
        ];
        assert!(check(&huge, EXPLICIT).unwrap_err().contains("are left"));
    }

    #[test]
    fn nesting_has_an_end() {
        let nested = |depth: usize| {
            let mut bytes = Vec::new();
            for _ in 0..depth {
                bytes.extend([8, 0, 0x15, 0x11, b'S', b'Q', 0, 0, 0xff, 0xff, 0xff, 0xff]);
                bytes.extend([0xfe, 0xff, 0, 0xe0, 0xff, 0xff, 0xff, 0xff]);
            }
            for _ in 0..depth {
                bytes.extend([0xfe, 0xff, 0x0d, 0xe0, 0, 0, 0, 0]);
                bytes.extend([0xfe, 0xff, 0xdd, 0xe0, 0, 0, 0, 0]);
            }
            bytes
        };
        assert_eq!(check(&nested(10), EXPLICIT), Ok(()));
        assert!(
            check(&nested(100_000), EXPLICIT)
                .unwrap_err()
                .contains("deep")
        );
        assert!(check(&nested(10)[..200], EXPLICIT).is_err());
    }

    proptest! {
        #[test]
        fn any_bytes_end(bytes: Vec<u8>, explicit: bool, big_endian: bool) {
            let _ = check(&bytes, Encoding { explicit, big_endian });
        }
    }
}
