//! The files of a folder, archive or path, without reading more than is needed.

use crate::DicomError;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

type Archive = zip::ZipArchive<std::io::BufReader<std::fs::File>>;

/// How much is read of what strangers send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Files of a folder or archive.
    pub files: usize,
    /// Bytes of one file, unpacked.
    pub file_bytes: u64,
    /// Bytes of an archive, unpacked.
    pub archive_bytes: u64,
    /// Voxels of one study, all phases.
    pub voxels: usize,
}

impl Default for Limits {
    /// 200,000 files, 2 GiB a file, 32 GiB an archive, 2^31 voxels a study.
    fn default() -> Self {
        Self {
            files: 200_000,
            file_bytes: 2 << 30,
            archive_bytes: 32 << 30,
            voxels: 1 << 31,
        }
    }
}

/// Where a file is.
#[derive(Clone)]
pub(crate) enum Place {
    File(PathBuf),
    /// An entry of a zip archive, which is opened once.
    Entry {
        archive: Arc<Mutex<Archive>>,
        index: usize,
    },
}

/// A file and what messages call it.
#[derive(Clone)]
pub(crate) struct Source {
    pub(crate) place: Place,
    pub(crate) name: String,
}

/// The files below a path, in the order of their names.
pub(crate) fn sources(path: &Path, limits: &Limits) -> Result<Vec<Source>, DicomError> {
    let mut found = Vec::new();
    let meta = std::fs::metadata(path).map_err(|e| read_error(path, &e))?;
    if meta.is_dir() {
        walk(path, limits, &mut found, 0)?;
    } else if is_zip(path)? {
        entries(path, limits, &mut found)?;
    } else {
        found.push(Source {
            place: Place::File(path.to_owned()),
            name: name_of(path),
        });
    }
    Ok(found)
}

fn walk(
    folder: &Path,
    limits: &Limits,
    found: &mut Vec<Source>,
    depth: usize,
) -> Result<(), DicomError> {
    if depth > 32 {
        return Ok(());
    }
    let entries = std::fs::read_dir(folder).map_err(|e| read_error(folder, &e))?;
    let mut paths: Vec<PathBuf> = entries.filter_map(|e| e.ok().map(|e| e.path())).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            walk(&path, limits, found, depth + 1)?;
        } else {
            found.push(Source {
                name: name_of(&path),
                place: Place::File(path),
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
        kept.push((index, name));
    }
    let archive = Arc::new(Mutex::new(archive));
    for (index, name) in kept {
        found.push(Source {
            place: Place::Entry {
                archive: Arc::clone(&archive),
                index,
            },
            name,
        });
    }
    Ok(())
}

fn open_archive(path: &Path) -> Result<Archive, DicomError> {
    let file = std::fs::File::open(path).map_err(|e| read_error(path, &e))?;
    zip::ZipArchive::new(std::io::BufReader::new(file)).map_err(|e| read_error(path, &e))
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
                let mut archive = archive.lock().unwrap_or_else(PoisonError::into_inner);
                let entry = archive.by_index(*index).map_err(|e| fail(&e))?;
                Ok(action(&mut entry.take(limits.file_bytes)))
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
