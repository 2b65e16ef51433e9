//! The files of a folder, archive or path, without reading more than is needed.

use crate::DicomError;
use std::collections::BTreeSet;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

type Archive = zip::ZipArchive<SharedFile>;

/// How much is read of what strangers send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Files of a folder or archive.
    pub files: usize,
    /// Bytes of one file, unpacked.
    pub file_bytes: u64,
    /// Bytes of an archive, unpacked.
    pub archive_bytes: u64,
    /// Unpacked bytes for each packed byte of an archive's entry above a mebibyte.
    pub archive_ratio: u64,
    /// Voxels of one study, all phases.
    pub voxels: usize,
}

impl Default for Limits {
    /// 200,000 files, 2 GiB a file, 32 GiB an archive at 500 to 1 at most (a slice of air packs to 1/300), 2^31 voxels a study.
    fn default() -> Self {
        Self {
            files: 200_000,
            file_bytes: 2 << 30,
            archive_bytes: 32 << 30,
            archive_ratio: 500,
            voxels: 1 << 31,
        }
    }
}

/// Where a file is.
#[derive(Clone)]
pub(crate) enum Place {
    File(PathBuf),
    /// An entry of a zip archive, which is opened once and read in parallel.
    Entry {
        archive: Archive,
        index: usize,
    },
}

/// A file and what messages call it.
#[derive(Clone)]
pub(crate) struct Source {
    pub(crate) place: Place,
    pub(crate) name: String,
    /// Its size, unpacked.
    pub(crate) bytes: u64,
}

/// The files below a path, in the order of their names.
pub(crate) fn sources(path: &Path, limits: &Limits) -> Result<Vec<Source>, DicomError> {
    let mut found = Vec::new();
    let meta = std::fs::metadata(path).map_err(|e| read_error(path, &e))?;
    if meta.is_dir() {
        walk(path, limits, &mut found, &mut BTreeSet::new())?;
    } else if is_zip(path)? {
        entries(path, limits, &mut found)?;
    } else {
        found.push(Source {
            place: Place::File(path.to_owned()),
            name: name_of(path),
            bytes: meta.len(),
        });
    }
    Ok(found)
}

/// Collects the regular files below a folder. A folder that is reached twice through links is read once.
fn walk(
    folder: &Path,
    limits: &Limits,
    found: &mut Vec<Source>,
    seen: &mut BTreeSet<PathBuf>,
) -> Result<(), DicomError> {
    let real = std::fs::canonicalize(folder).map_err(|e| read_error(folder, &e))?;
    // Folders that hang on each other deeper than this are no archive of images.
    if !seen.insert(real.clone()) || real.components().count() > 256 {
        return Ok(());
    }
    if seen.len() > limits.files {
        return Err(too_many(limits));
    }
    let entries = std::fs::read_dir(folder).map_err(|e| read_error(folder, &e))?;
    let mut paths: Vec<PathBuf> = entries.filter_map(|e| e.ok().map(|e| e.path())).collect();
    paths.sort();
    for path in paths {
        // Links to nowhere, sockets and the like are passed over.
        let Ok(meta) = std::fs::metadata(&path) else {
            continue;
        };
        if meta.is_dir() {
            walk(&path, limits, found, seen)?;
        } else if meta.is_file() {
            found.push(Source {
                name: name_of(&path),
                place: Place::File(path),
                bytes: meta.len(),
            });
        }
        if found.len() > limits.files {
            return Err(too_many(limits));
        }
    }
    Ok(())
}

fn too_many(limits: &Limits) -> DicomError {
    DicomError::Limit {
        what: format!("more than {} files", limits.files),
        remedy: "Give the folder of one patient.".to_owned(),
    }
}

fn is_zip(path: &Path) -> Result<bool, DicomError> {
    let mut file = std::fs::File::open(path).map_err(|e| read_error(path, &e))?;
    let mut magic = Vec::new();
    file.by_ref()
        .take(4)
        .read_to_end(&mut magic)
        .map_err(|e| read_error(path, &e))?;
    Ok(magic == b"PK\x03\x04")
}

fn entries(path: &Path, limits: &Limits, found: &mut Vec<Source>) -> Result<(), DicomError> {
    let mut archive = open_archive(path)?;
    if archive.len() > limits.files {
        return Err(too_many(limits));
    }
    let mut kept = Vec::new();
    let mut total = 0u64;
    for index in 0..archive.len() {
        let entry = archive
            .by_index_raw(index)
            .map_err(|e| read_error(path, &e))?;
        if entry.is_dir() {
            continue;
        }
        total = total.saturating_add(entry.size());
        let packed = entry.compressed_size().max(1);
        if entry.size() > 1 << 20 && entry.size() / packed > limits.archive_ratio {
            return Err(DicomError::Limit {
                what: format!(
                    "an entry of the archive {} unpacks to more than {} times its size, as no image does",
                    name_of(path),
                    limits.archive_ratio
                ),
                remedy: "If the archive is known to be sound, unpack it and give the folder."
                    .to_owned(),
            });
        }
        if total > limits.archive_bytes {
            return Err(DicomError::Limit {
                what: format!(
                    "the archive {} unpacks to more than {} GiB",
                    name_of(path),
                    limits.archive_bytes >> 30
                ),
                remedy: "Unpack it and give the folder of one patient.".to_owned(),
            });
        }
        let whole = entry
            .name()
            .map(std::borrow::Cow::into_owned)
            .unwrap_or_default();
        let name = whole
            .rsplit(['/', '\\'])
            .next()
            .unwrap_or_default()
            .to_owned();
        kept.push((index, name, entry.size()));
    }
    for (index, name, bytes) in kept {
        found.push(Source {
            place: Place::Entry {
                archive: archive.clone(),
                index,
            },
            name,
            bytes,
        });
    }
    Ok(())
}

fn open_archive(path: &Path) -> Result<Archive, DicomError> {
    let file = std::fs::File::open(path).map_err(|e| read_error(path, &e))?;
    let length = file.metadata().map_err(|e| read_error(path, &e))?.len();
    let shared = SharedFile {
        file: Arc::new(file),
        at: 0,
        length,
    };
    zip::ZipArchive::new(shared).map_err(|e| read_error(path, &e))
}

impl Source {
    /// Hands the file's content to a function, as a stream that ends at the limit whatever length is declared.
    pub(crate) fn stream<T>(
        &self,
        limits: &Limits,
        action: impl FnOnce(&mut dyn Read) -> T,
    ) -> Result<T, DicomError> {
        let fail = |e: &dyn std::fmt::Display| {
            DicomError::file(
                &self.name,
                format!("it cannot be read ({e}); copy it again from its source"),
            )
        };
        match &self.place {
            Place::File(path) => {
                let file = std::fs::File::open(path).map_err(|e| fail(&e))?;
                Ok(action(
                    &mut std::io::BufReader::new(file).take(limits.file_bytes),
                ))
            }
            Place::Entry { archive, index } => {
                // Cheap: the directory is shared, the position is not.
                let mut archive = archive.clone();
                let entry = archive.by_index(*index).map_err(|e| fail(&e))?;
                let most = self.bytes.min(limits.file_bytes);
                Ok(action(&mut std::io::BufReader::new(entry.take(most))))
            }
        }
    }

    /// The bytes, whole.
    pub(crate) fn read(&self, limits: &Limits) -> Result<Vec<u8>, DicomError> {
        let mut bytes = Vec::new();
        let read = self.stream(limits, |stream| stream.read_to_end(&mut bytes))?;
        match read {
            Ok(_) if bytes.len() as u64 >= limits.file_bytes => Err(DicomError::Limit {
                what: format!("{} has {} MiB or more", self.name, limits.file_bytes >> 20),
                remedy: "Give the study without it.".to_owned(),
            }),
            Ok(_) => Ok(bytes),
            Err(error) => Err(DicomError::file(
                &self.name,
                format!("it cannot be read ({error}); copy it again from its source"),
            )),
        }
    }
}

/// A file that several readers share, each at its own place.
#[derive(Clone)]
pub(crate) struct SharedFile {
    file: Arc<std::fs::File>,
    at: u64,
    length: u64,
}

impl Read for SharedFile {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        #[cfg(unix)]
        let read = std::os::unix::fs::FileExt::read_at(&*self.file, buffer, self.at)?;
        #[cfg(windows)]
        let read = std::os::windows::fs::FileExt::seek_read(&*self.file, buffer, self.at)?;
        self.at += read as u64;
        Ok(read)
    }
}

impl std::io::Seek for SharedFile {
    fn seek(&mut self, to: std::io::SeekFrom) -> std::io::Result<u64> {
        let target = match to {
            std::io::SeekFrom::Start(at) => Some(at),
            std::io::SeekFrom::Current(by) => self.at.checked_add_signed(by),
            std::io::SeekFrom::End(by) => self.length.checked_add_signed(by),
        };
        self.at = target.ok_or_else(|| std::io::Error::from(std::io::ErrorKind::InvalidInput))?;
        Ok(self.at)
    }
}

pub(crate) fn name_of(path: &Path) -> String {
    path.file_name().map_or_else(
        || path.display().to_string(),
        |n| n.to_string_lossy().into_owned(),
    )
}

fn read_error(path: &Path, error: &dyn std::fmt::Display) -> DicomError {
    DicomError::Read {
        path: path.to_owned(),
        problem: error.to_string(),
    }
}
