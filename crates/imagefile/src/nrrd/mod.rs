//! NRRD headers, attached and detached, with 3D Slicer's segments.
//!
//! No maintained crate with a usable licence reads NRRD. Source: the format's definition (Teem, "Definition of NRRD
//! File Format", versions 1 to 5) and 3D Slicer's description of `.seg.nrrd`.

mod segments;
mod space;

use crate::array::ArrayHeader;
use crate::element::Element;
use crate::error::{Parse, Problem, malformed, unsupported};
pub(crate) use segments::{MAX_SEGMENTS, Segment};
use std::collections::BTreeMap;

/// A header longer than this is none.
pub(crate) const MAX_HEADER: usize = 1 << 20;

/// How the voxels are packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    Raw,
    Gzip,
    Text,
    Hex,
}

/// A header and where its voxels are.
#[derive(Debug)]
pub(crate) struct NrrdHeader {
    pub(crate) array: ArrayHeader,
    pub(crate) encoding: Encoding,
    /// Where the voxels begin when they stand in the same file.
    pub(crate) data_offset: usize,
    /// Relative path of the file with the voxels, when it is another one.
    pub(crate) data_file: Option<String>,
    /// Bytes to skip before the voxels, after unpacking; -1 counts from the end (raw only).
    pub(crate) byte_skip: i64,
    /// Lines to skip before the voxels, before unpacking.
    pub(crate) line_skip: usize,
    pub(crate) segments: Vec<Segment>,
}

/// The fields of a header: standard ones by their name without spaces in lower case, and key/value pairs.
#[derive(Default)]
struct Fields {
    standard: BTreeMap<String, String>,
    pairs: BTreeMap<String, String>,
}

impl Fields {
    fn get(&self, name: &str) -> Option<&str> {
        self.standard.get(name).map(String::as_str)
    }

    fn need(&self, name: &str) -> Parse<&str> {
        self.get(name).ok_or_else(|| {
            Problem::Malformed(format!(
                "the NRRD header lacks the field \"{name}\": it is cut short or damaged; copy the file again from its source"
            ))
        })
    }
}

/// Whether bytes begin like a NRRD header.
pub(crate) fn looks_like_nrrd(bytes: &[u8]) -> bool {
    bytes.starts_with(b"NRRD000")
}

/// Parses a header, which ends with an empty line or with the file.
pub(crate) fn parse(bytes: &[u8]) -> Parse<NrrdHeader> {
    if !looks_like_nrrd(bytes) {
        return Err(Problem::NotAnImage);
    }
    let (lines, data_offset) = header_lines(bytes)?;
    let mut fields = Fields::default();
    for line in lines.iter().skip(1).filter(|l| !l.starts_with('#')) {
        // A field is "name: value"; a key/value pair is "key:=value". Whichever comes first counts.
        let Some((name, value)) = line.split_once(':') else {
            continue;
        };
        if let Some(value) = value.strip_prefix('=') {
            fields.pairs.insert(name.to_owned(), value.to_owned());
        } else {
            let name = name.trim().to_ascii_lowercase().replace([' ', '_'], "");
            fields.standard.insert(name, value.trim().to_owned());
        }
    }
    let mut warnings = Vec::new();
    let axes = axes(&fields, &mut warnings)?;
    let element = element(fields.need("type")?)?;
    let encoding = encoding(fields.need("encoding")?)?;
    let big_endian = match fields.get("endian").map(str::to_ascii_lowercase).as_deref() {
        Some("big") => true,
        Some("little") => false,
        None if element.bytes() == 1 || matches!(encoding, Encoding::Text) => false,
        Some(other) => {
            return malformed(format!(
                "the byte order \"{other}\" is neither little nor big: correct the field \"endian\""
            ));
        }
        None => {
            return malformed(
                "the NRRD header lacks the field \"endian\": add \"endian: little\", or \"endian: big\", as the writing program did",
            );
        }
    };
    let affine = space::affine(&fields, &axes, &mut warnings)?;
    Ok(NrrdHeader {
        array: ArrayHeader {
            size: axes.space.map(|a| axes.sizes.get(a).copied().unwrap_or(1)),
            volumes: axes.component.map_or(1, |a| axes.sizes[a]),
            interleaved: axes.component == Some(0),
            element,
            big_endian,
            scale: None,
            affine,
            volume_step_s: None,
            warnings,
        },
        encoding,
        data_offset,
        data_file: data_file(&fields)?,
        byte_skip: number(fields.get("byteskip").unwrap_or("0"))?,
        line_skip: number(fields.get("lineskip").unwrap_or("0"))?,
        segments: segments::read(&fields.pairs),
    })
}

/// Lines of the header and the offset behind the empty line that ends it.
fn header_lines(bytes: &[u8]) -> Parse<(Vec<&str>, usize)> {
    let mut lines = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        if at > MAX_HEADER {
            return malformed(
                "the NRRD header does not end within 1 MiB: the file is damaged; copy it again from its source",
            );
        }
        let rest = &bytes[at..];
        let end = rest.iter().position(|&b| b == b'\n').unwrap_or(rest.len());
        let line = rest[..end].strip_suffix(b"\r").unwrap_or(&rest[..end]);
        at += end + 1;
        if line.is_empty() {
            break;
        }
        match std::str::from_utf8(line) {
            Ok(text) => lines.push(text),
            Err(_) => {
                return malformed(
                    "the NRRD header is no text: the file is damaged; copy it again from its source",
                );
            }
        }
    }
    Ok((lines, at.min(bytes.len())))
}

/// Which stored axes are those of space, and which holds the components.
struct Axes {
    sizes: Vec<usize>,
    space: [usize; 3],
    component: Option<usize>,
}

fn axes(fields: &Fields, warnings: &mut Vec<String>) -> Parse<Axes> {
    let dimension: usize = number(fields.need("dimension")?)?;
    if !matches!(dimension, 3 | 4) {
        return unsupported(format!(
            "the image has {dimension} dimensions, and triher reads 3, or 4 with one axis of volumes: save it so"
        ));
    }
    let words = fields.need("sizes")?.split_whitespace();
    let sizes: Vec<usize> = words.take(17).map(number).collect::<Parse<_>>()?;
    if sizes.len() != dimension || sizes.contains(&0) {
        return malformed(format!(
            "the sizes {sizes:?} do not fit the dimension {dimension}: the header is damaged"
        ));
    }
    let candidates = component_axes(fields, dimension)?;
    let component = match (dimension, candidates.as_deref()) {
        (3, None | Some([])) => None,
        (4, Some(&[axis])) => Some(axis),
        (4, None | Some([])) => {
            warnings.push(
                "the NRRD header does not say which of its four axes are those of space: the last was taken for the volumes".to_owned(),
            );
            Some(3)
        }
        _ => {
            return unsupported(
                "the image has not three axes of space (\"kinds\" and \"space directions\" name the others): save it as a volume, or as a list of volumes",
            );
        }
    };
    let space = match component {
        None | Some(3) => [0, 1, 2],
        Some(0) => [1, 2, 3],
        Some(axis) => {
            return unsupported(format!(
                "the volumes run along axis {axis}, between the axes of space: save the file with them first or last"
            ));
        }
    };
    Ok(Axes {
        sizes,
        space,
        component,
    })
}

/// The axes that are not of space by `kinds`, or by a direction of `none`; `None` when the header has neither.
fn component_axes(fields: &Fields, dimension: usize) -> Parse<Option<Vec<usize>>> {
    if let Some(kinds) = fields.get("kinds") {
        let kinds: Vec<String> = kinds
            .split_whitespace()
            .map(str::to_ascii_lowercase)
            .collect();
        let refused = kinds
            .iter()
            .find(|k| k.contains("color") || k.contains("complex") || k.contains("quaternion"));
        if let Some(kind) = refused {
            return unsupported(format!(
                "its voxels are of the kind \"{kind}\": save the file as single numbers"
            ));
        }
        let known = kinds.iter().any(|k| k != "???" && k != "none");
        if kinds.len() == dimension && known {
            let spatial = |k: &str| matches!(k, "domain" | "space" | "???" | "none");
            let others = (0..dimension).filter(|&a| !spatial(&kinds[a])).collect();
            return Ok(Some(others));
        }
    }
    let Some(directions) = fields.get("spacedirections") else {
        return Ok(None);
    };
    let vectors = space::vectors(directions)?;
    let others = vectors.iter().enumerate().filter(|(_, v)| v.is_none());
    Ok(Some(others.map(|(axis, _)| axis).collect()))
}

fn element(text: &str) -> Parse<Element> {
    Ok(match text.to_ascii_lowercase().as_str() {
        "signed char" | "int8" | "int8_t" => Element::I8,
        "uchar" | "unsigned char" | "uint8" | "uint8_t" => Element::U8,
        "short" | "short int" | "signed short" | "signed short int" | "int16" | "int16_t" => {
            Element::I16
        }
        "ushort" | "unsigned short" | "unsigned short int" | "uint16" | "uint16_t" => Element::U16,
        "int" | "signed int" | "int32" | "int32_t" => Element::I32,
        "uint" | "unsigned int" | "uint32" | "uint32_t" => Element::U32,
        "longlong"
        | "long long"
        | "long long int"
        | "signed long long"
        | "signed long long int"
        | "int64"
        | "int64_t" => Element::I64,
        "ulonglong" | "unsigned long long" | "unsigned long long int" | "uint64" | "uint64_t" => {
            Element::U64
        }
        "float" => Element::F32,
        "double" => Element::F64,
        other => {
            return unsupported(format!(
                "the voxel type \"{other}\" is not read: save the file with integers or floating point numbers"
            ));
        }
    })
}

fn encoding(text: &str) -> Parse<Encoding> {
    Ok(match text.to_ascii_lowercase().as_str() {
        "raw" => Encoding::Raw,
        "gzip" | "gz" => Encoding::Gzip,
        "ascii" | "text" | "txt" => Encoding::Text,
        "hex" => Encoding::Hex,
        other => {
            return unsupported(format!(
                "the encoding \"{other}\" is not read: save the file with raw or gzip encoding"
            ));
        }
    })
}

/// The file with the voxels. Only one beside the header or below: a path in a stranger's file must not lead elsewhere.
fn data_file(fields: &Fields) -> Parse<Option<String>> {
    let Some(name) = fields.get("datafile") else {
        return Ok(None);
    };
    if name.starts_with("LIST") || name.contains('%') {
        return unsupported("the voxels are spread over several files: save the image as one file");
    }
    let normal = |c| {
        matches!(
            c,
            std::path::Component::Normal(_) | std::path::Component::CurDir
        )
    };
    let foreign =
        name.contains(['\\', ':']) || !std::path::Path::new(name).components().all(normal);
    if name.is_empty() || foreign {
        return unsupported(format!(
            "its data file \"{name}\" does not lie beside the header or below it: put it there and correct the field \"data file\""
        ));
    }
    Ok(Some(name.to_owned()))
}

fn number<T: std::str::FromStr>(text: &str) -> Parse<T> {
    text.trim().parse().or_else(|_| {
        malformed(format!(
            "\"{text}\" in the NRRD header is no number that fits: the header is damaged"
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(lines: &str) -> Parse<NrrdHeader> {
        let text = format!("NRRD0004\ntype: uint8\nencoding: raw\n{lines}\n\n");
        parse(text.as_bytes())
    }

    #[test]
    fn the_axis_of_volumes_is_told_by_kinds_directions_or_a_warning() {
        let by_kinds =
            header("dimension: 4\nsizes: 2 3 4 5\nkinds: list domain domain domain").unwrap();
        assert_eq!(
            (by_kinds.array.size, by_kinds.array.volumes),
            ([3, 4, 5], 2)
        );
        assert!(by_kinds.array.interleaved);
        let by_directions = header(
            "dimension: 4\nsizes: 2 3 4 5\nspace: LPS\nspace directions: (1,0,0) (0,1,0) (0,0,1) none",
        )
        .unwrap();
        assert_eq!(by_directions.array.volumes, 5);
        assert!(by_directions.array.warnings.is_empty());
        let by_guess =
            header("dimension: 4\nsizes: 2 3 4 5\nspace: LPS\nspacings: 1 1 1 1").unwrap();
        assert_eq!(by_guess.array.volumes, 5);
        assert!(by_guess.array.warnings[0].contains("the last was taken"));
    }

    #[test]
    fn what_is_not_read_is_named_with_the_remedy() {
        let base = "dimension: 3\nsizes: 2 3 4\nspace: LPS";
        for (lines, expected) in [
            ("data file: /etc/passwd", "does not lie beside"),
            ("data file: ../x.raw", "does not lie beside"),
            ("data file: LIST", "several files"),
            ("data file: x%03d.raw 1 4 1", "several files"),
            ("kinds: vector domain domain", "three axes of space"),
            ("kinds: RGB-color domain domain", "rgb-color"),
        ] {
            let problem = header(&format!("{base}\n{lines}")).unwrap_err();
            assert!(
                matches!(&problem, Problem::Unsupported(text) if text.contains(expected)),
                "{lines}: {problem:?}"
            );
        }
        let text = "NRRD0004\ntype: uint8\nencoding: bzip2\ndimension: 3\nsizes: 1 1 1\n\n";
        assert!(
            matches!(parse(text.as_bytes()), Err(Problem::Unsupported(t)) if t.contains("raw or gzip"))
        );
    }

    #[test]
    fn a_byte_order_is_needed_where_it_matters() {
        let lines = "NRRD0004\ntype: short\nencoding: raw\ndimension: 3\nsizes: 1 1 1\n\n";
        assert!(
            matches!(parse(lines.as_bytes()), Err(Problem::Malformed(t)) if t.contains("endian"))
        );
    }
}
