//! Reading images, labels and masks.

use crate::ImageFileError;
use crate::element::Element;
use crate::nifti;
use crate::nrrd::{self, Encoding, Segment};
use crate::raw::{FileBytes, Header, file_name, is_gzip, malformed, read_file, read_start, unzip};
use std::path::{Path, PathBuf};
use triher_volume::{Geometry, Image, Mask, Volume};

/// How files are read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReadOptions {
    /// Whether a warning (qform and sform disagree, no orientation) is an error.
    pub strict: bool,
}

/// An image and how it was read.
#[derive(Clone, Debug)]
pub struct ReadImage {
    /// The image.
    pub image: Image,
    /// What the reader should know.
    pub warnings: Vec<String>,
    /// SHA-256 of the file.
    pub sha256: String,
}

/// The volumes of a file and how they were read.
#[derive(Clone, Debug)]
pub struct ReadImages {
    /// One image per volume, in the order of the file.
    pub images: Vec<Image>,
    /// Seconds between volumes, when the header says.
    pub volume_step_s: Option<f64>,
    /// What the reader should know.
    pub warnings: Vec<String>,
    /// SHA-256 of the file (of a pair: of the file with the voxels).
    pub sha256: String,
}

const EXTENSIONS: [&str; 7] = [
    ".nii", ".nii.gz", ".hdr", ".img", ".img.gz", ".nrrd", ".nhdr",
];

/// Whether a file's name is that of an image file this crate reads; of a pair `.hdr`/`.img`, the `.hdr` counts.
pub fn is_image_file(path: &Path) -> bool {
    let name = file_name(path).to_ascii_lowercase();
    let hidden = name.starts_with('.');
    let is_data_of_pair = name.ends_with(".img") || name.ends_with(".img.gz");
    let known = EXTENSIONS.iter().any(|e| name.ends_with(e));
    // An .img alone may be anything; with its .hdr it is read by way of that.
    known && !hidden && path.is_file() && !is_data_of_pair
}

/// Reads a file with one volume.
///
/// # Errors
/// Unreadable or damaged files, files of another type, and files of several volumes.
pub fn read_image(path: &Path) -> Result<Image, ImageFileError> {
    Ok(read_image_with(path, &ReadOptions::default())?.image)
}

/// Reads a file with one volume, with its warnings and hash.
///
/// # Errors
/// As [`read_image`]; warnings too when the options are strict.
pub fn read_image_with(path: &Path, options: &ReadOptions) -> Result<ReadImage, ImageFileError> {
    let mut read = read_images_with(path, options)?;
    let count = read.images.len();
    match (read.images.pop(), count) {
        (Some(image), 1) => Ok(ReadImage {
            image,
            warnings: read.warnings,
            sha256: read.sha256,
        }),
        _ => Err(malformed(
            path,
            format!(
                "the file holds {count} volumes where one is wanted: give one volume, or use the file as a dynamic study"
            ),
        )),
    }
}

/// Reads all volumes of a file.
///
/// # Errors
/// As [`read_image`], but any number of volumes is taken.
pub fn read_images(path: &Path) -> Result<ReadImages, ImageFileError> {
    read_images_with(path, &ReadOptions::default())
}

fn read_images_with(path: &Path, options: &ReadOptions) -> Result<ReadImages, ImageFileError> {
    let loaded = load(path)?;
    let images = loaded.header.images(&loaded.data, &file_name(path))?;
    let mut warnings = loaded.header.warnings.clone();
    for (number, image) in images.iter().enumerate() {
        let bad = image.voxels().iter().filter(|v| !v.is_finite()).count();
        if bad > 0 {
            let which = if images.len() > 1 {
                format!(" of volume {number}")
            } else {
                String::new()
            };
            warnings.push(format!(
                "{}: {bad} voxels{which} are not finite numbers",
                file_name(path)
            ));
        }
    }
    if let (true, Some(warning)) = (options.strict, warnings.first()) {
        return Err(malformed(path, warning.clone()));
    }
    Ok(ReadImages {
        images,
        volume_step_s: loaded.header.volume_step_s,
        warnings,
        sha256: loaded.sha256,
    })
}

/// Reads the grid of a file without its voxels.
///
/// # Errors
/// As [`read_image`].
pub fn read_geometry(path: &Path) -> Result<Geometry, ImageFileError> {
    let start = read_start(path, 1 << 16)?;
    let wrong = |problem| malformed(path, problem);
    if nrrd::looks_like_nrrd(&start) {
        return nrrd::parse(&start).map_err(wrong)?.header.geometry();
    }
    nifti::parse(&start).map_err(wrong)?.header.geometry()
}

/// Reads integer labels.
///
/// # Errors
/// As [`read_image`], and voxels that are no integers.
pub fn read_labels(path: &Path) -> Result<Volume<i32>, ImageFileError> {
    let image = read_image(path)?;
    // Resampled labels come out fractional: they are no labels any more.
    if let Some(value) = image
        .voxels()
        .iter()
        .find(|v| v.fract() != 0.0 || !v.is_finite())
    {
        return Err(malformed(
            path,
            format!("the voxel value {value} is no label: labels are whole numbers"),
        ));
    }
    Ok(image.map(|&v| v as i32))
}

/// Reads a mask: voxels above 0 are inside.
///
/// # Errors
/// As [`read_image`]; NaN voxels are an error, since nobody can say whether they are inside.
pub fn read_mask(path: &Path) -> Result<Mask, ImageFileError> {
    let image = read_image(path)?;
    if image.voxels().iter().any(|v| v.is_nan()) {
        return Err(malformed(
            path,
            "the mask has voxels that are not numbers (NaN): save it with whole numbers",
        ));
    }
    Ok(image.map(|&v| v > 0.0))
}

/// Reads the regions of a mask file with their labels: the segments of a 3D Slicer `.seg.nrrd`, otherwise all
/// voxels above 0 as the one region `lesion`.
///
/// # Errors
/// As [`read_mask`].
pub fn read_regions(path: &Path) -> Result<Vec<(String, Mask)>, ImageFileError> {
    let start = read_start(path, 1 << 20)?;
    let segments = if nrrd::looks_like_nrrd(&start) {
        nrrd::parse(&start)
            .map_err(|p| malformed(path, p))?
            .segments
    } else {
        Vec::new()
    };
    if segments.is_empty() {
        return Ok(vec![("lesion".to_owned(), read_mask(path)?)]);
    }
    let layers = read_images(path)?.images;
    segments
        .into_iter()
        .map(|Segment { name, label, layer }| {
            let image = layers.get(layer).ok_or_else(|| {
                malformed(
                    path,
                    format!(
                        "the segment {name} lies in layer {layer}, and the file has {}",
                        layers.len()
                    ),
                )
            })?;
            Ok((name, image.map(|&v| v == label as f32)))
        })
        .collect()
}

/// A header with the bytes of its voxels.
struct Loaded {
    header: Header,
    data: Vec<u8>,
    sha256: String,
}

fn load(path: &Path) -> Result<Loaded, ImageFileError> {
    let path = header_of_pair(path);
    let file = read_file(&path)?;
    if nrrd::looks_like_nrrd(&file.bytes) {
        return load_nrrd(&path, file);
    }
    load_nifti(&path, file)
}

/// The `.hdr` of an `.img`.
fn header_of_pair(path: &Path) -> PathBuf {
    let name = file_name(path);
    let stem = name.strip_suffix(".gz").unwrap_or(&name);
    match stem.strip_suffix(".img") {
        Some(stem) => path.with_file_name(format!("{stem}.hdr")),
        None => path.to_owned(),
    }
}

fn load_nifti(path: &Path, file: FileBytes) -> Result<Loaded, ImageFileError> {
    let wrong = |problem| malformed(path, problem);
    let zipped = is_gzip(&file.bytes);
    let start = if zipped {
        unzip(&file.bytes, nifti::LONGEST_HEADER).map_err(wrong)?
    } else {
        file.bytes[..file.bytes.len().min(nifti::LONGEST_HEADER)].to_vec()
    };
    if !nifti::looks_like_nifti(&start) {
        return Err(wrong("this is no NIfTI, Analyze or NRRD file: check that it was copied whole and is what its name says".to_owned()));
    }
    let parsed = nifti::parse(&start).map_err(wrong)?;
    let length = parsed.header.data_bytes().map_err(wrong)?;
    let (bytes, sha256, offset, holder) = if parsed.same_file {
        (file.bytes, file.sha256, parsed.data_offset, path.to_owned())
    } else {
        let holder = data_of_pair(path)?;
        let data = read_file(&holder)?;
        (data.bytes, data.sha256, parsed.data_offset, holder)
    };
    let end = offset
        .checked_add(length)
        .ok_or_else(|| wrong("the header is damaged".to_owned()))?;
    let bytes = if is_gzip(&bytes) {
        unzip(&bytes, end).map_err(|p| malformed(&holder, p))?
    } else {
        bytes
    };
    let data = bytes
        .get(offset..end)
        .ok_or_else(|| too_short(&holder, end, bytes.len()))?
        .to_vec();
    Ok(Loaded {
        header: parsed.header,
        data,
        sha256,
    })
}

fn too_short(path: &Path, needed: usize, found: usize) -> ImageFileError {
    malformed(
        path,
        format!(
            "the header declares {needed} bytes, and the file holds {found}: it is cut short; copy it again from its source"
        ),
    )
}

fn data_of_pair(path: &Path) -> Result<PathBuf, ImageFileError> {
    let name = file_name(path);
    let stem = name.strip_suffix(".gz").unwrap_or(&name);
    let stem = stem.strip_suffix(".hdr").unwrap_or(stem);
    let candidates = [
        format!("{stem}.img"),
        format!("{stem}.img.gz"),
        format!("{stem}.IMG"),
    ];
    let found = candidates
        .iter()
        .map(|c| path.with_file_name(c))
        .find(|p| p.is_file());
    found.ok_or_else(|| {
        malformed(
            path,
            format!("its voxels should stand in {stem}.img beside it, which is not there"),
        )
    })
}

fn load_nrrd(path: &Path, file: FileBytes) -> Result<Loaded, ImageFileError> {
    let wrong = |problem| malformed(path, problem);
    let parsed = nrrd::parse(&file.bytes).map_err(wrong)?;
    let length = parsed.header.data_bytes().map_err(wrong)?;
    let (packed, sha256) = match &parsed.data_file {
        None => (file.bytes[parsed.data_offset..].to_vec(), file.sha256),
        Some(name) => {
            // Only beside the header: a path from a stranger's file must not lead elsewhere.
            let name = Path::new(name)
                .file_name()
                .ok_or_else(|| wrong("its data file has no name".to_owned()))?;
            let data = read_file(&path.with_file_name(name))?;
            (data.bytes, data.sha256)
        }
    };
    let packed = skip_lines(&packed, parsed.line_skip);
    let data = match parsed.encoding {
        Encoding::Text => text_voxels(packed, &parsed.header).map_err(wrong)?,
        Encoding::Gzip => unzip(packed, length).map_err(wrong)?,
        Encoding::Raw => match usize::try_from(parsed.byte_skip) {
            Ok(skip) => packed.get(skip..).unwrap_or_default().to_vec(),
            // -1: the voxels are the last bytes of the file.
            Err(_) => packed[packed.len().saturating_sub(length)..].to_vec(),
        },
    };
    let mut header = parsed.header;
    if parsed.encoding == Encoding::Text {
        // Text was read as doubles in this machine's order.
        header.element = Element::F64;
        header.big_endian = false;
    }
    let length = header.data_bytes().map_err(wrong)?;
    let data = data
        .get(..length)
        .ok_or_else(|| too_short(path, length, data.len()))?
        .to_vec();
    Ok(Loaded {
        header,
        data,
        sha256,
    })
}

fn skip_lines(bytes: &[u8], lines: usize) -> &[u8] {
    let mut rest = bytes;
    for _ in 0..lines {
        match rest.iter().position(|&b| b == b'\n') {
            Some(end) => rest = &rest[end + 1..],
            None => return &[],
        }
    }
    rest
}

/// Voxels written as text, as little-endian doubles.
fn text_voxels(text: &[u8], header: &Header) -> Result<Vec<u8>, String> {
    let text = std::str::from_utf8(text).map_err(|_| "the voxels are no text".to_owned())?;
    let count: usize = header
        .size
        .iter()
        .product::<usize>()
        .saturating_mul(header.volumes);
    let mut out = Vec::new();
    for word in text.split_whitespace().take(count) {
        let value: f64 = word
            .parse()
            .map_err(|_| format!("the voxel \"{word}\" is no number"))?;
        out.extend(value.to_le_bytes());
    }
    Ok(out)
}
