//! The manifest that every run writes: enough to do it again and to see that it was the same.

use crate::StudyError;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::io::{Read, Write};
use std::path::Path;

/// What a run read, with which settings, and what it wrote.
///
/// It holds no time of day and no absolute path, so that the same run gives the same manifest.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// Version of triher.
    pub triher_version: String,
    /// The command: "extract", "train", ...
    pub command: String,
    /// The whole configuration as it was used, defaults filled in.
    pub configuration: serde_json::Value,
    /// Seeds by what they were used for.
    pub seeds: Vec<(String, u64)>,
    /// Files that were read.
    pub inputs: Vec<FileHash>,
    /// Files that were written.
    pub outputs: Vec<FileHash>,
    /// What the reader should know: rows left out, patients skipped, steps not possible.
    pub notes: Vec<String>,
}

/// A file by name (without its folder) and content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileHash {
    /// File name, or "N files of PATIENT" for a study of many files.
    pub name: String,
    /// SHA-256 of the content, in hexadecimal digits.
    pub sha256: String,
}

impl Manifest {
    /// A manifest of `command` with its configuration; the rest is filled in as the run goes.
    pub fn new(command: &str, configuration: &impl Serialize) -> Self {
        Self {
            triher_version: crate::VERSION.to_owned(),
            command: command.to_owned(),
            configuration: serde_json::to_value(configuration).unwrap_or_default(),
            seeds: Vec::new(),
            inputs: Vec::new(),
            outputs: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// Adds a file that was read.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn add_input(&mut self, path: &Path) -> Result<(), StudyError> {
        self.inputs.push(FileHash::of(path)?);
        Ok(())
    }

    /// Adds a file that was written.
    ///
    /// # Errors
    /// When the file cannot be read back.
    pub fn add_output(&mut self, path: &Path) -> Result<(), StudyError> {
        self.outputs.push(FileHash::of(path)?);
        Ok(())
    }

    /// Writes the manifest as JSON.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write(&self, path: &Path) -> Result<(), StudyError> {
        write_json(path, self)
    }
}

impl FileHash {
    /// Name and SHA-256 of a file.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn of(path: &Path) -> Result<Self, StudyError> {
        let mut file = std::fs::File::open(path).map_err(StudyError::read(path))?;
        let mut hasher = Sha256::new();
        let mut buffer = vec![0u8; 1 << 16];
        loop {
            let read = file.read(&mut buffer).map_err(StudyError::read(path))?;
            if read == 0 {
                break;
            }
            hasher.update(&buffer[..read]);
        }
        let name = path
            .file_name()
            .map_or_else(String::new, |n| n.to_string_lossy().into_owned());
        Ok(Self {
            name,
            sha256: hex(&hasher.finalize()),
        })
    }

    /// One entry for the many files of a study: the hash of the sorted list of their hashes.
    pub fn of_many(label: &str, mut hashes: Vec<String>) -> Self {
        hashes.sort_unstable();
        let name = match hashes.len() {
            1 => label.to_owned(),
            n => format!("{n} files of {label}"),
        };
        Self {
            name,
            sha256: sha256_hex(hashes.join("\n").as_bytes()),
        }
    }
}

/// SHA-256 of some bytes, in hexadecimal digits.
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes
        .iter()
        .fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
}

/// Writes a value as indented JSON with a closing newline, replacing the file in one step.
pub(crate) fn write_json(path: &Path, value: &impl Serialize) -> Result<(), StudyError> {
    let mut text = serde_json::to_string_pretty(value)
        .map_err(|e| StudyError::Internal(format!("JSON for {}: {e}", path.display())))?;
    text.push('\n');
    write_whole(path, text.as_bytes())
}

/// Writes a file by way of a neighbour that is renamed, so that a crash never leaves half a file.
/// Folders that are missing are made. What is there and is no file (`/dev/null`, a pipe) is written to as it is.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), StudyError> {
    if std::fs::metadata(path).is_ok_and(|m| !m.is_file() && !m.is_dir()) {
        let written = std::fs::OpenOptions::new().write(true).open(path);
        return written
            .and_then(|mut device| device.write_all(bytes))
            .map_err(StudyError::write(path));
    }
    make_folder_of(path)?;
    triher_wholefile::write_whole(path, bytes).map_err(StudyError::write(path))
}

/// Makes the folder that a file is to be written to.
pub(crate) fn make_folder_of(path: &Path) -> Result<(), StudyError> {
    match path.parent().filter(|f| !f.as_os_str().is_empty()) {
        Some(folder) => std::fs::create_dir_all(folder).map_err(StudyError::write(folder)),
        None => Ok(()),
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::fs::FileTypeExt;

    #[test]
    fn a_pipe_is_written_to_and_stays_a_pipe() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pipe");
        let made = std::process::Command::new("mkfifo").arg(&path).status();
        assert!(made.unwrap().success());
        let reader = std::thread::spawn({
            let path = path.clone();
            move || std::fs::read(path).unwrap()
        });
        write_whole(&path, b"text").unwrap();
        assert_eq!(reader.join().unwrap(), b"text");
        let kind = std::fs::symlink_metadata(&path).unwrap().file_type();
        assert!(kind.is_fifo());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
