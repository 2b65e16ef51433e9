//! Files that are there whole or not at all.
//!
//! What is written goes to a neighbour (`NAME.PROCESS.part`) that takes the file's name when it is complete, so that a crash never leaves half
//! a file. [`write_whole`] does it in one call, [`WholeFile`] for what is written bit by bit.

use std::fs::File;
use std::io::{Error, Result, Write};
use std::path::{Path, PathBuf};

/// A file that is being written; without [`WholeFile::finish`] nothing is left of it.
#[derive(Debug)]
pub struct WholeFile {
    path: PathBuf,
    part: PathBuf,
    finished: bool,
}

impl WholeFile {
    /// Begins a file; nothing is made yet.
    ///
    /// # Errors
    /// When something is there under this name that is no file (`/dev/null`, a pipe, a folder): a file in its place would break it for
    /// everyone.
    pub fn begin(path: &Path) -> Result<Self> {
        if std::fs::metadata(path).is_ok_and(|m| !m.is_file()) {
            return Err(Error::other("it is there and is no file"));
        }
        // The process number keeps two runs that write the same file apart.
        let mut part = path.as_os_str().to_owned();
        part.push(format!(".{}.part", std::process::id()));
        Ok(Self {
            path: path.to_owned(),
            part: PathBuf::from(part),
            finished: false,
        })
    }

    /// The name that it will have.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where it is written to.
    pub fn part(&self) -> &Path {
        &self.part
    }

    /// Gives it its name.
    ///
    /// # Errors
    /// When the system refuses; nothing is left then.
    pub fn finish(mut self) -> Result<()> {
        std::fs::rename(&self.part, &self.path)?;
        self.finished = true;
        Ok(())
    }
}

impl Drop for WholeFile {
    fn drop(&mut self) {
        if !self.finished {
            // Nothing can be done about a part that cannot be removed, and there may be none.
            let _ = std::fs::remove_file(&self.part);
        }
    }
}

/// Writes a file.
///
/// # Errors
/// As [`WholeFile::begin`]; when the system refuses.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<()> {
    let whole = WholeFile::begin(path)?;
    let mut file = File::create(whole.part())?;
    file.write_all(bytes)?;
    file.sync_all()?;
    whole.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_there_whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let names = || std::fs::read_dir(folder.path()).unwrap().count();
        let path = folder.path().join("a.txt");
        write_whole(&path, b"one").unwrap();
        write_whole(&path, b"two").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"two");

        let begun = WholeFile::begin(&path).unwrap();
        std::fs::write(begun.part(), "half").unwrap();
        assert_eq!(names(), 2);
        drop(begun);
        assert_eq!(names(), 1);
        assert_eq!(std::fs::read(&path).unwrap(), b"two");
        // A folder is no file, and a missing folder is not made.
        assert!(write_whole(folder.path(), b"x").is_err());
        assert!(write_whole(&folder.path().join("none/b.txt"), b"x").is_err());
        assert_eq!(names(), 1);
    }
}
