//! Reading images, labels and masks.

use crate::bytes::{file_name, is_gzip, read_start};
use crate::error::Problem;
use crate::load::{Loaded, header_of_pair, load, load_memory};
use crate::nrrd::{self, MAX_SEGMENTS, Segment};
use crate::{ImageFileError, nifti};
use std::path::Path;
use triher_volume::{Geometry, Image, Mask, Provenance, Volume};

/// How files are read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReadOptions {
    /// Whether a warning (qform and sform disagree, no orientation, NaN voxels) is an error.
    pub strict: bool,
}

/// A file that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputFile {
    /// Its name without folders.
    pub name: String,
    /// SHA-256 of its content, lowercase hexadecimal.
    pub sha256: String,
}

/// An image and how it was read.
#[derive(Clone, Debug)]
pub struct ReadImage {
    /// The image.
    pub image: Image,
    /// What the reader should know: sentences that begin with the file's name.
    pub warnings: Vec<String>,
    /// SHA-256 of the file (of a pair: of the file with the voxels).
    pub sha256: String,
    /// Every file that was read: of a pair the header first.
    pub files: Vec<InputFile>,
}

/// The volumes of a file and how they were read.
#[derive(Clone, Debug)]
pub struct ReadImages {
    /// One image per volume, in the order of the file.
    pub images: Vec<Image>,
    /// Seconds between volumes, when the header says.
    pub volume_step_s: Option<f64>,
    /// What the reader should know: sentences that begin with the file's name.
    pub warnings: Vec<String>,
    /// SHA-256 of the file (of a pair: of the file with the voxels).
    pub sha256: String,
    /// Every file that was read: of a pair the header first.
    pub files: Vec<InputFile>,
}

/// A mask and how it was read.
#[derive(Clone, Debug)]
pub struct ReadMask {
    /// The mask: voxels above 0 are inside.
    pub mask: Mask,
    /// What the reader should know, such as voxels that are no whole numbers.
    pub warnings: Vec<String>,
    /// SHA-256 of the file (of a pair: of the file with the voxels).
    pub sha256: String,
    /// Every file that was read: of a pair the header first.
    pub files: Vec<InputFile>,
}

const EXTENSIONS: [&str; 6] = [".nii", ".nii.gz", ".hdr", ".hdr.gz", ".nrrd", ".nhdr"];

/// The extension of an image file, as long as it is; of a pair `.hdr`/`.img`, the `.hdr` counts.
pub(crate) fn extension(name: &str) -> Option<&'static str> {
    let lower = name.to_ascii_lowercase();
    // ".nii.gz" ends with no shorter one of the list.
    EXTENSIONS.into_iter().find(|e| lower.ends_with(e))
}

/// Whether a path is that of an image file which this crate reads, by its name; hidden files and folders are not, and
/// of a pair `.hdr`/`.img` only the `.hdr` counts (its `.img` can be given to the readers all the same).
pub fn is_image_file(path: &Path) -> bool {
    let name = file_name(path);
    extension(&name).is_some() && !name.starts_with('.') && path.is_file()
}

/// Reads a file with one volume. Voxels come scaled (`scl_slope`, `scl_inter`), in the order of the file; NaN stays.
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
    let read = read_images_with(path, options)?;
    let count = read.images.len();
    match <[Image; 1]>::try_from(read.images) {
        Ok([image]) => Ok(ReadImage {
            image,
            warnings: read.warnings,
            sha256: read.sha256,
            files: read.files,
        }),
        Err(_) => Err(ImageFileError::SeveralVolumes {
            path: path.to_owned(),
            count,
        }),
    }
}

/// Reads all volumes of a file.
///
/// # Errors
/// As [`read_image`], but any number of volumes is taken.
pub fn read_images(path: &Path) -> Result<ReadImages, ImageFileError> {
    read_images_with(path, &ReadOptions::default())
}

/// Reads all volumes of a file.
///
/// # Errors
/// As [`read_images`]; warnings too when the options are strict.
pub fn read_images_with(path: &Path, options: &ReadOptions) -> Result<ReadImages, ImageFileError> {
    images_of(load(path)?, path, options)
}

/// Reads all volumes of a file that is in memory (such as a member of an archive); `name` is what errors call it.
///
/// # Errors
/// As [`read_images_with`], and when the header says that the voxels stand in another file.
pub fn read_from_bytes(
    name: &str,
    bytes: &[u8],
    options: &ReadOptions,
) -> Result<ReadImages, ImageFileError> {
    images_of(load_memory(name, bytes)?, Path::new(name), options)
}

fn images_of(
    loaded: Loaded,
    path: &Path,
    options: &ReadOptions,
) -> Result<ReadImages, ImageFileError> {
    let geometry = geometry_of(&loaded, path)?;
    let name = file_name(path);
    let mut warnings = named_warnings(&loaded, &name);
    let mut images = Vec::with_capacity(loaded.array.volumes);
    let volumes = loaded.array.intensities(loaded.data());
    let several = volumes.len() > 1;
    for (number, voxels) in volumes.into_iter().enumerate() {
        let bad = voxels.iter().filter(|v| !v.is_finite()).count();
        if bad > 0 {
            let of_volume = if several {
                format!(" of volume {number}")
            } else {
                String::new()
            };
            warnings.push(format!(
                "{name}: {bad} voxels{of_volume} are no finite numbers (NaN or infinite)"
            ));
        }
        images.push(volume(geometry, voxels, &name, path)?);
    }
    refuse_if_strict(&warnings, options)?;
    Ok(ReadImages {
        images,
        volume_step_s: loaded.array.volume_step_s,
        warnings,
        sha256: loaded.sha256(),
        files: loaded.files,
    })
}

/// Reads the grid of a file without its voxels.
///
/// # Errors
/// As [`read_image`].
pub fn read_geometry(path: &Path) -> Result<Geometry, ImageFileError> {
    let path = header_of_pair(path);
    let start = read_start(&path, nrrd::MAX_HEADER)?;
    let array = if nrrd::looks_like_nrrd(&start) {
        nrrd::parse(&start).map(|p| p.array)
    } else {
        nifti::parse(&start).map(|p| p.array)
    };
    let array = array.map_err(|p| p.at(&path))?;
    let geometry = array.geometry();
    geometry.map_err(|source| ImageFileError::Geometry {
        path,
        source: Box::new(source),
    })
}

/// How many volumes a file's header declares; `None` when it is no header that can be read.
pub(crate) fn declared_volumes(path: &Path) -> Option<usize> {
    let start = read_start(path, nrrd::MAX_HEADER).ok()?;
    if nrrd::looks_like_nrrd(&start) {
        return nrrd::parse(&start).ok().map(|p| p.array.volumes);
    }
    nifti::parse(&start).ok().map(|p| p.array.volumes)
}

/// Reads integer labels, exactly.
///
/// # Errors
/// As [`read_image`], and voxels that are no whole numbers within `i32`.
pub fn read_labels(path: &Path) -> Result<Volume<i32>, ImageFileError> {
    let loaded = load(path)?;
    let layers = label_layers(&loaded, path)?;
    let count = layers.len();
    match <[Volume<i32>; 1]>::try_from(layers) {
        Ok([labels]) => Ok(labels),
        Err(_) => Err(ImageFileError::SeveralVolumes {
            path: path.to_owned(),
            count,
        }),
    }
}

/// Reads a mask: voxels above 0 are inside.
///
/// # Errors
/// As [`read_image`]; NaN voxels are an error, since nobody can say whether they are inside.
pub fn read_mask(path: &Path) -> Result<Mask, ImageFileError> {
    Ok(read_mask_with(path, &ReadOptions::default())?.mask)
}

/// Reads a mask with its warnings: voxels that are no whole numbers (a resampled mask, or a map of
/// probabilities) and voxels below 0 are reported.
///
/// # Errors
/// As [`read_mask`]; warnings too when the options are strict.
pub fn read_mask_with(path: &Path, options: &ReadOptions) -> Result<ReadMask, ImageFileError> {
    let mut read = read_image_with(path, &ReadOptions::default())?;
    let voxels = read.image.voxels();
    let count = voxels.iter().filter(|v| v.is_nan()).count();
    if count > 0 {
        return Err(ImageFileError::NotAMask {
            path: path.to_owned(),
            count,
        });
    }
    let name = file_name(path);
    let fractions = voxels.iter().filter(|v| v.fract() != 0.0).count();
    if fractions > 0 {
        let (low, high) = range(voxels);
        read.warnings.push(format!(
            "{name}: {fractions} voxels of the mask are no whole numbers (all lie from {low} to {high}), as after interpolation or in a map of probabilities; every voxel above 0 was taken as inside"
        ));
    }
    let below = voxels.iter().filter(|v| **v < 0.0).count();
    if below > 0 {
        read.warnings.push(format!(
            "{name}: {below} voxels of the mask are below 0 and were taken as outside"
        ));
    }
    refuse_if_strict(&read.warnings, options)?;
    Ok(ReadMask {
        mask: read.image.map(|&v| v > 0.0),
        warnings: read.warnings,
        sha256: read.sha256,
        files: read.files,
    })
}

/// Reads the segments of a 3D Slicer `.seg.nrrd`, with their names, in the order of the file. Segments may overlap.
///
/// # Errors
/// As [`read_labels`], and a file without segments.
pub fn read_nrrd_segments(path: &Path) -> Result<Vec<(String, Mask)>, ImageFileError> {
    let loaded = load(path)?;
    if loaded.segments.is_empty() {
        let problem = "it names no segments (Segment0_Name): read it as a mask, or save it as a segmentation (.seg.nrrd) from 3D Slicer";
        return Err(Problem::Malformed(problem.to_owned()).at(path));
    }
    segments_of(&loaded, path)
}

/// Reads the regions of a mask file with their names: the segments of a 3D Slicer `.seg.nrrd`, otherwise all
/// voxels above 0 as the one region `lesion`.
///
/// # Errors
/// As [`read_mask`] and [`read_nrrd_segments`].
pub fn read_regions(path: &Path) -> Result<Vec<(String, Mask)>, ImageFileError> {
    let start = read_start(path, nrrd::MAX_HEADER)?;
    if !is_gzip(&start) && nrrd::looks_like_nrrd(&start) {
        let parsed = nrrd::parse(&start).map_err(|p| p.at(path))?;
        if !parsed.segments.is_empty() {
            return read_nrrd_segments(path);
        }
    }
    Ok(vec![("lesion".to_owned(), read_mask(path)?)])
}

fn segments_of(loaded: &Loaded, path: &Path) -> Result<Vec<(String, Mask)>, ImageFileError> {
    if loaded.segments.len() > MAX_SEGMENTS {
        let problem = format!(
            "it declares {} segments, and at most {MAX_SEGMENTS} are read: keep those of the lesion",
            loaded.segments.len()
        );
        return Err(Problem::Unsupported(problem).at(path));
    }
    let layers = label_layers(loaded, path)?;
    let segment = |Segment { name, label, layer }: &Segment| match layers.get(*layer) {
        Some(labels) => Ok((name.clone(), labels.map(|v| v == label))),
        None => {
            let problem = format!(
                "the segment {name} lies in layer {layer}, and the file has {}: the header is damaged",
                layers.len()
            );
            Err(Problem::Malformed(problem).at(path))
        }
    };
    loaded.segments.iter().map(segment).collect()
}

fn label_layers(loaded: &Loaded, path: &Path) -> Result<Vec<Volume<i32>>, ImageFileError> {
    let geometry = geometry_of(loaded, path)?;
    let layers = loaded.array.labels(loaded.data());
    let layers = layers.map_err(|value| ImageFileError::NotLabels {
        path: path.to_owned(),
        value,
    })?;
    let name = file_name(path);
    layers
        .into_iter()
        .map(|voxels| volume(geometry, voxels, &name, path))
        .collect()
}

fn geometry_of(loaded: &Loaded, path: &Path) -> Result<Geometry, ImageFileError> {
    loaded
        .array
        .geometry()
        .map_err(|source| ImageFileError::Geometry {
            path: path.to_owned(),
            source: Box::new(source),
        })
}

fn volume<T>(
    geometry: Geometry,
    voxels: Vec<T>,
    name: &str,
    path: &Path,
) -> Result<Volume<T>, ImageFileError> {
    let volume = Volume::new(geometry, voxels, Provenance::from_source(name));
    volume.map_err(|source| ImageFileError::Geometry {
        path: path.to_owned(),
        source: Box::new(source),
    })
}

fn named_warnings(loaded: &Loaded, name: &str) -> Vec<String> {
    let warnings = loaded.array.warnings.iter();
    warnings.map(|w| format!("{name}: {w}")).collect()
}

fn refuse_if_strict(warnings: &[String], options: &ReadOptions) -> Result<(), ImageFileError> {
    match warnings.first() {
        Some(warning) if options.strict => Err(ImageFileError::Strict {
            warning: warning.clone(),
        }),
        _ => Ok(()),
    }
}

fn range(voxels: &[f32]) -> (f32, f32) {
    voxels
        .iter()
        .fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), &v| {
            (low.min(v), high.max(v))
        })
}
