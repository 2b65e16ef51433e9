//! NRRD headers, attached and detached, with 3D Slicer's segments.
//!
//! No maintained crate with a usable licence reads NRRD. Source: the format's definition (teem, nrrd version 5).

use crate::element::Element;
use crate::error::Parse;
use crate::raw::Header;
use nalgebra::Matrix4;
use std::collections::BTreeMap;

/// A header longer than this is none.
const MAX_HEADER: usize = 1 << 20;

/// How the voxels are packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    Raw,
    Gzip,
    Text,
}

/// One segment of a 3D Slicer segmentation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Segment {
    pub(crate) name: String,
    pub(crate) label: i64,
    pub(crate) layer: usize,
}

/// A header and where its voxels are.
#[derive(Debug)]
pub(crate) struct NrrdHeader {
    pub(crate) header: Header,
    pub(crate) encoding: Encoding,
    /// Where the voxels begin when they stand in the same file.
    pub(crate) data_offset: usize,
    /// Name of the file with the voxels, when it is another one.
    pub(crate) data_file: Option<String>,
    /// Bytes to skip before the voxels; -1 counts from the end.
    pub(crate) byte_skip: i64,
    /// Lines to skip before the voxels.
    pub(crate) line_skip: usize,
    pub(crate) segments: Vec<Segment>,
}

/// Whether bytes begin like a NRRD header.
pub(crate) fn looks_like_nrrd(bytes: &[u8]) -> bool {
    bytes.starts_with(b"NRRD000")
}

/// Parses a header, which ends with an empty line or with the file.
pub(crate) fn parse(bytes: &[u8]) -> Parse<NrrdHeader> {
    let (lines, data_offset) = header_lines(bytes)?;
    let mut fields = BTreeMap::new();
    let mut values = BTreeMap::new();
    for line in lines.iter().skip(1).filter(|l| !l.starts_with('#')) {
        if let Some((key, value)) = line.split_once(":=") {
            values.insert(key.trim().to_owned(), value.trim().to_owned());
        } else if let Some((key, value)) = line.split_once(": ").or_else(|| line.split_once(':')) {
            fields.insert(
                key.trim().to_ascii_lowercase().replace(' ', ""),
                value.trim().to_owned(),
            );
        }
    }
    let get = |name: &str| fields.get(name).map(String::as_str);
    let need =
        |name: &str| get(name).ok_or_else(|| format!("the NRRD header lacks the field \"{name}\""));
    let axes = axes(&fields)?;
    let element = element(need("type")?)?;
    let encoding = match need("encoding")?.to_ascii_lowercase().as_str() {
        "raw" => Encoding::Raw,
        "gzip" | "gz" => Encoding::Gzip,
        "ascii" | "text" | "txt" => Encoding::Text,
        other => {
            return Err(format!(
                "the encoding \"{other}\" is not read: save the file with raw or gzip encoding"
            ));
        }
    };
    let big_endian = match get("endian") {
        Some(endian) => endian.eq_ignore_ascii_case("big"),
        None if element.bytes() == 1 || encoding == Encoding::Text => false,
        None => return Err("the NRRD header lacks the field \"endian\"".to_owned()),
    };
    let mut warnings = Vec::new();
    let affine = affine(&fields, &axes, &mut warnings)?;
    let data_file = get("datafile").map(str::to_owned);
    if data_file
        .as_ref()
        .is_some_and(|f| f.starts_with("LIST") || f.contains('%'))
    {
        return Err(
            "the voxels are spread over several files: save the image as one file".to_owned(),
        );
    }
    Ok(NrrdHeader {
        header: Header {
            size: axes.space.map(|a| axes.sizes[a]),
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
        data_file,
        byte_skip: number(get("byteskip").unwrap_or("0"))?,
        line_skip: number(get("lineskip").unwrap_or("0"))?,
        segments: segments(&values),
    })
}

/// Lines of the header and the offset behind the empty line that ends it.
fn header_lines(bytes: &[u8]) -> Parse<(Vec<&str>, usize)> {
    let mut lines = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        if at > MAX_HEADER {
            return Err(
                "the NRRD header does not end within 1 MiB: the file is damaged".to_owned(),
            );
        }
        let rest = &bytes[at..];
        let end = rest.iter().position(|&b| b == b'\n').unwrap_or(rest.len());
        let line = rest[..end].strip_suffix(b"\r").unwrap_or(&rest[..end]);
        at += end + 1;
        if line.is_empty() {
            break;
        }
        let text = std::str::from_utf8(line)
            .map_err(|_| "the NRRD header is no text: the file is damaged".to_owned())?;
        lines.push(text);
    }
    Ok((lines, at.min(bytes.len())))
}

/// Which stored axes are those of space, and which holds the components.
struct Axes {
    sizes: Vec<usize>,
    space: [usize; 3],
    component: Option<usize>,
}

fn axes(fields: &BTreeMap<String, String>) -> Parse<Axes> {
    let need = |name: &str| {
        fields
            .get(name)
            .ok_or_else(|| format!("the NRRD header lacks the field \"{name}\""))
    };
    let dimension: usize = number(need("dimension")?)?;
    let sizes: Vec<usize> = need("sizes")?
        .split_whitespace()
        .map(number)
        .collect::<Parse<_>>()?;
    if sizes.len() != dimension || sizes.contains(&0) {
        return Err(format!(
            "the sizes {sizes:?} do not fit the dimension {dimension}: the header is damaged"
        ));
    }
    match dimension {
        3 => Ok(Axes {
            sizes,
            space: [0, 1, 2],
            component: None,
        }),
        4 => {
            let last = match fields.get("kinds") {
                Some(kinds) => {
                    let kinds: Vec<&str> = kinds.split_whitespace().collect();
                    let spatial = |k: &&str| matches!(*k, "domain" | "space");
                    kinds.len() == 4 && kinds[..3].iter().all(spatial) && !spatial(&kinds[3])
                }
                // Directions say "none" for the axis that is not one of space.
                None => fields
                    .get("spacedirections")
                    .is_some_and(|d| d.trim_end().ends_with("none")),
            };
            let (space, component) = if last { ([0, 1, 2], 3) } else { ([1, 2, 3], 0) };
            Ok(Axes {
                sizes,
                space,
                component: Some(component),
            })
        }
        other => Err(format!(
            "the image has {other} dimensions, and triher reads 3 or 4"
        )),
    }
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
            return Err(format!(
                "the voxel type \"{other}\" is not read: save the file with numbers"
            ));
        }
    })
}

/// From voxel index to LPS millimetres.
fn affine(
    fields: &BTreeMap<String, String>,
    axes: &Axes,
    warnings: &mut Vec<String>,
) -> Parse<Matrix4<f64>> {
    // Signs that turn the file's space into LPS.
    let space = fields.get("space").map(|s| s.to_ascii_lowercase());
    let signs = match space.as_deref() {
        Some("left-posterior-superior" | "lps" | "left-posterior-superior-time" | "lpst") => {
            [1.0, 1.0, 1.0]
        }
        Some("right-anterior-superior" | "ras" | "right-anterior-superior-time" | "rast") => {
            [-1.0, -1.0, 1.0]
        }
        Some("left-anterior-superior" | "las" | "left-anterior-superior-time" | "last") => {
            [1.0, -1.0, 1.0]
        }
        Some(other) => {
            return Err(format!(
                "the space \"{other}\" is no anatomical one: save the file in left-posterior-superior"
            ));
        }
        None => {
            warnings.push("the NRRD header names no anatomical space: the axes were taken for left-posterior-superior".to_owned());
            [1.0; 3]
        }
    };
    let mut affine = Matrix4::identity();
    if let Some(text) = fields.get("spacedirections") {
        let vectors = vectors(text)?;
        for (column, &axis) in axes.space.iter().enumerate() {
            let direction = vectors.get(axis).copied().flatten().ok_or_else(|| {
                format!("the space directions \"{text}\" have no direction for axis {axis}")
            })?;
            for row in 0..3 {
                affine[(row, column)] = direction[row] * signs[row];
            }
        }
    } else if let Some(text) = fields.get("spacings") {
        let spacings: Vec<f64> = text
            .split_whitespace()
            .map(|t| t.parse().unwrap_or(f64::NAN))
            .collect();
        for (column, &axis) in axes.space.iter().enumerate() {
            let spacing = spacings.get(axis).copied().unwrap_or(f64::NAN);
            affine[(column, column)] = if spacing.is_finite() && spacing != 0.0 {
                spacing
            } else {
                1.0
            };
        }
    } else {
        warnings
            .push("the NRRD header has no spacing: voxels were taken for 1 mm cubes".to_owned());
    }
    if let Some(text) = fields.get("spaceorigin") {
        let origin = vectors(text)?.first().copied().flatten();
        let origin = origin.ok_or_else(|| format!("the space origin \"{text}\" is no point"))?;
        for row in 0..3 {
            affine[(row, 3)] = origin[row] * signs[row];
        }
    }
    Ok(affine)
}

/// Vectors such as `(1,0,0) (0,1,0) none`.
fn vectors(text: &str) -> Parse<Vec<Option<[f64; 3]>>> {
    let mut vectors = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix("none") {
            vectors.push(None);
            rest = after.trim_start();
            continue;
        }
        let inner = rest.strip_prefix('(').and_then(|r| r.split_once(')'));
        let (inner, after) = inner.ok_or_else(|| format!("\"{text}\" is no list of vectors"))?;
        let numbers: Vec<f64> = inner
            .split(',')
            .filter_map(|t| t.trim().parse().ok())
            .collect();
        match numbers.as_slice() {
            &[x, y, z] => vectors.push(Some([x, y, z])),
            _ => return Err(format!("\"({inner})\" is no vector of three numbers")),
        }
        rest = after.trim_start();
    }
    Ok(vectors)
}

fn segments(values: &BTreeMap<String, String>) -> Vec<Segment> {
    let mut segments = Vec::new();
    for index in 0..values.len() {
        let get = |what: &str| values.get(&format!("Segment{index}_{what}"));
        let Some(name) = get("Name").or_else(|| get("ID")) else {
            break;
        };
        let label = get("LabelValue")
            .and_then(|l| l.parse().ok())
            .unwrap_or(index as i64 + 1);
        let layer = get("Layer").and_then(|l| l.parse().ok()).unwrap_or(0);
        segments.push(Segment {
            name: name.clone(),
            label,
            layer,
        });
    }
    segments
}

fn number<T: std::str::FromStr>(text: &str) -> Parse<T> {
    text.trim().parse().map_err(|_| {
        format!("\"{text}\" in the NRRD header is no number that fits: the header is damaged")
    })
}
