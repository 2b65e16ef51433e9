//! From a file, or bytes, to a header with the bytes of its voxels.

use crate::array::{ArrayHeader, MAX_BYTES};
use crate::bytes::{FileBytes, file_name, is_gzip, read_file, sha256, unzip, unzip_start};
use crate::element::Element;
use crate::error::{Parse, Problem, malformed};
use crate::nifti;
use crate::nrrd::{self, Encoding, NrrdHeader, Segment};
use crate::{ImageFileError, InputFile};
use std::ops::Range;
use std::path::{Path, PathBuf};

/// A header with the bytes of its voxels.
pub(crate) struct Loaded {
    pub(crate) array: ArrayHeader,
    buffer: Vec<u8>,
    range: Range<usize>,
    pub(crate) segments: Vec<Segment>,
    /// Files read: the one named, and the one with the voxels when that is another.
    pub(crate) files: Vec<InputFile>,
}

impl Loaded {
    /// The bytes of the voxels: as many as the header declares.
    pub(crate) fn data(&self) -> &[u8] {
        &self.buffer[self.range.clone()]
    }

    /// Hash of the file that holds the voxels.
    pub(crate) fn sha256(&self) -> String {
        self.files
            .last()
            .map(|f| f.sha256.clone())
            .unwrap_or_default()
    }
}

/// Loads a file, and the one beside it that holds its voxels.
pub(crate) fn load(path: &Path) -> Result<Loaded, ImageFileError> {
    let path = header_of_pair(path);
    let file = read_file(&path)?;
    let files = vec![InputFile {
        name: file_name(&path),
        sha256: file.sha256,
    }];
    load_bytes(&path, file.bytes, files, true)
}

/// Loads a file that is in memory; `name` is what errors call it. Voxels in another file cannot be found.
pub(crate) fn load_memory(name: &str, bytes: &[u8]) -> Result<Loaded, ImageFileError> {
    let files = vec![InputFile {
        name: name.to_owned(),
        sha256: sha256(bytes),
    }];
    load_bytes(Path::new(name), bytes.to_vec(), files, false)
}

fn load_bytes(
    path: &Path,
    bytes: Vec<u8>,
    files: Vec<InputFile>,
    may_look_beside: bool,
) -> Result<Loaded, ImageFileError> {
    let beside =
        |data_path: Result<PathBuf, Problem>| -> Result<(PathBuf, FileBytes), ImageFileError> {
            if !may_look_beside {
                let problem =
                    "its voxels stand in another file: give the path of the header instead";
                return Err(Problem::Unsupported(problem.to_owned()).at(path));
            }
            let data_path = data_path.map_err(|p| p.at(path))?;
            let data = read_file(&data_path)?;
            Ok((data_path, data))
        };
    if nrrd::looks_like_nrrd(&bytes) {
        return load_nrrd(path, bytes, files, beside);
    }
    load_nifti(path, bytes, files, beside)
}

/// The `.hdr` of an `.img`, where there is one.
pub(crate) fn header_of_pair(path: &Path) -> PathBuf {
    let name = file_name(path);
    let lower = name.to_ascii_lowercase();
    let Some(length) = [".img", ".img.gz"]
        .iter()
        .find_map(|e| lower.strip_suffix(e).map(str::len))
    else {
        return path.to_owned();
    };
    let stem = name.get(..length).unwrap_or(&name);
    [".hdr", ".hdr.gz", ".HDR"]
        .iter()
        .map(|e| path.with_file_name(format!("{stem}{e}")))
        .find(|p| p.is_file())
        .unwrap_or_else(|| path.to_owned())
}

/// The `.img` of a `.hdr`.
fn data_of_pair(path: &Path) -> Parse<PathBuf> {
    let name = file_name(path);
    let lower = name.to_ascii_lowercase();
    let length = [".hdr", ".hdr.gz"]
        .iter()
        .find_map(|e| lower.strip_suffix(e).map(str::len));
    let stem = length.and_then(|l| name.get(..l)).unwrap_or(&name);
    let found = [".img", ".img.gz", ".IMG"]
        .iter()
        .map(|e| path.with_file_name(format!("{stem}{e}")))
        .find(|p| p.is_file());
    there(found.unwrap_or_default(), &format!("{stem}.img"))
}

/// The file with the voxels, when it is there.
fn there(path: PathBuf, name: &str) -> Parse<PathBuf> {
    if path.is_file() {
        return Ok(path);
    }
    malformed(format!(
        "its voxels should stand in {name} beside it, which is not there: put the two files into one folder"
    ))
}

fn load_nifti(
    path: &Path,
    bytes: Vec<u8>,
    mut files: Vec<InputFile>,
    beside: impl Fn(Parse<PathBuf>) -> Result<(PathBuf, FileBytes), ImageFileError>,
) -> Result<Loaded, ImageFileError> {
    let parsed = if is_gzip(&bytes) {
        nifti::parse(&unzip_start(&bytes, nifti::LONGEST_HEADER))
    } else {
        nifti::parse(&bytes)
    };
    let parsed = parsed.map_err(|p| p.at(path))?;
    let lower = file_name(path).to_ascii_lowercase();
    if parsed.is_analyze && (lower.ends_with(".nii") || lower.ends_with(".nii.gz")) {
        let problem =
            "the magic number of its NIfTI header is damaged: copy the file again from its source";
        return Err(Problem::Malformed(problem.to_owned()).at(path));
    }
    let mut array = parsed.array;
    let length = array.data_bytes().map_err(|p| p.at(path))?;
    let end = parsed.data_offset.saturating_add(length);
    if end as u64 > 2 * MAX_BYTES {
        let (bytes, limit_bytes) = (end as u64, MAX_BYTES);
        return Err(Problem::TooLarge { bytes, limit_bytes }.at(path));
    }
    let (holder, bytes) = if parsed.same_file {
        (path.to_owned(), bytes)
    } else {
        let (holder, data) = beside(data_of_pair(path))?;
        files.push(InputFile {
            name: file_name(&holder),
            sha256: data.sha256,
        });
        (holder, data.bytes)
    };
    let (buffer, more) = if is_gzip(&bytes) {
        unzip(&bytes, end).map_err(|p| p.at(&holder))?
    } else {
        let more = bytes.len() > end;
        (bytes, more)
    };
    if buffer.len() < end {
        let (declared, found) = (end, buffer.len());
        return Err(Problem::CutShort { declared, found }.at(&holder));
    }
    if more {
        array.warnings.push(BYTES_BEHIND.to_owned());
    }
    Ok(Loaded {
        array,
        buffer,
        range: parsed.data_offset..end,
        segments: Vec::new(),
        files,
    })
}

const BYTES_BEHIND: &str = "the file holds more bytes than its header declares; they were left out";

fn load_nrrd(
    path: &Path,
    bytes: Vec<u8>,
    mut files: Vec<InputFile>,
    beside: impl Fn(Parse<PathBuf>) -> Result<(PathBuf, FileBytes), ImageFileError>,
) -> Result<Loaded, ImageFileError> {
    let mut parsed = nrrd::parse(&bytes).map_err(|p| p.at(path))?;
    parsed.array.data_bytes().map_err(|p| p.at(path))?;
    let (holder, bytes, start) = match &parsed.data_file {
        None => (path.to_owned(), bytes, parsed.data_offset),
        Some(name) => {
            let folder = path.parent().unwrap_or(Path::new(""));
            let (holder, data) = beside(there(folder.join(name), name))?;
            files.push(InputFile {
                name: file_name(&holder),
                sha256: data.sha256,
            });
            (holder, data.bytes, 0)
        }
    };
    let (buffer, range) = nrrd_voxels(&mut parsed, bytes, start).map_err(|p| p.at(&holder))?;
    Ok(Loaded {
        array: parsed.array,
        buffer,
        range,
        segments: parsed.segments,
        files,
    })
}

/// The bytes with the voxels, unpacked, and where in them the voxels stand.
fn nrrd_voxels(
    parsed: &mut NrrdHeader,
    bytes: Vec<u8>,
    start: usize,
) -> Parse<(Vec<u8>, Range<usize>)> {
    let array = &mut parsed.array;
    let length = array.data_bytes()?;
    let packed_start = skip_lines(&bytes, start, parsed.line_skip);
    let packed = bytes.get(packed_start..).unwrap_or_default();
    let whole = |buffer: Vec<u8>, from: usize, warnings: &mut Vec<String>| {
        let end = from.saturating_add(length);
        if buffer.len() < end {
            let (declared, found) = (end, buffer.len());
            return Err(Problem::CutShort { declared, found });
        }
        if buffer.len() > end {
            warnings.push(BYTES_BEHIND.to_owned());
        }
        Ok((buffer, from..end))
    };
    match parsed.encoding {
        Encoding::Raw => {
            let from = match usize::try_from(parsed.byte_skip) {
                Ok(skip) => packed_start.saturating_add(skip),
                Err(_) if parsed.byte_skip == -1 => {
                    bytes.len().saturating_sub(length).max(packed_start)
                }
                Err(_) => return byte_skip_wrong(parsed.byte_skip),
            };
            whole(bytes, from, &mut array.warnings)
        }
        Encoding::Gzip => {
            let Ok(skip) = usize::try_from(parsed.byte_skip) else {
                return byte_skip_wrong(parsed.byte_skip);
            };
            let wanted = length.saturating_add(skip);
            let (buffer, more) = unzip(packed, wanted)?;
            if more {
                array.warnings.push(BYTES_BEHIND.to_owned());
            }
            whole(buffer, skip, &mut array.warnings)
        }
        Encoding::Hex => whole(hex_voxels(packed, length)?, 0, &mut array.warnings),
        Encoding::Text => {
            let count = length / array.element.bytes();
            // Read as doubles in this machine's order: every integer of 53 bits is exact.
            array.element = Element::F64;
            array.big_endian = false;
            let length = array.data_bytes()?;
            let buffer = text_voxels(packed, count)?;
            Ok((buffer, 0..length))
        }
    }
}

fn byte_skip_wrong<T>(skip: i64) -> Parse<T> {
    malformed(format!(
        "the byte skip {skip} does not fit the encoding: the header is damaged"
    ))
}

fn skip_lines(bytes: &[u8], start: usize, lines: usize) -> usize {
    let mut at = start.min(bytes.len());
    for _ in 0..lines {
        match bytes[at..].iter().position(|&b| b == b'\n') {
            Some(end) => at += end + 1,
            None => return bytes.len(),
        }
    }
    at
}

/// Voxels written as numbers in text, as little-endian doubles.
fn text_voxels(text: &[u8], count: usize) -> Parse<Vec<u8>> {
    let Ok(text) = std::str::from_utf8(text) else {
        return malformed("its voxels should be text and are not: the file is damaged");
    };
    let mut out = Vec::new();
    let words = text
        .split(|c: char| c.is_whitespace() || c == ',')
        .filter(|w| !w.is_empty());
    for word in words.take(count) {
        let Ok(value) = word.parse::<f64>() else {
            return malformed(format!(
                "the voxel \"{}\" is no number: the file is damaged",
                word.chars().take(40).collect::<String>()
            ));
        };
        out.extend(value.to_le_bytes());
    }
    if out.len() / 8 < count {
        return malformed(format!(
            "it holds {} of the {count} voxels that its header declares: it is cut short; copy it again from its source",
            out.len() / 8
        ));
    }
    Ok(out)
}

/// Voxels written as pairs of hexadecimal digits.
fn hex_voxels(text: &[u8], length: usize) -> Parse<Vec<u8>> {
    let mut out = Vec::new();
    let mut high = None;
    for byte in text.iter().filter(|b| !b.is_ascii_whitespace()) {
        if out.len() == length {
            break;
        }
        let Some(digit) = char::from(*byte).to_digit(16) else {
            return malformed(
                "its voxels should be hexadecimal digits and are not: the file is damaged",
            );
        };
        match high.take() {
            None => high = Some(digit),
            Some(first) => out.push((first * 16 + digit) as u8),
        }
    }
    Ok(out)
}
