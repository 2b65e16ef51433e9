//! A folder for one test, the binary in it, and small images to put there.

use std::path::{Path, PathBuf};
use std::process::Output;
use triher_imagefile::{write_nifti, write_nifti_mask};
use triher_volume::{Geometry, Image, Mask};

/// A folder that goes with the test.
pub(crate) struct Workspace {
    folder: tempfile::TempDir,
}

impl Workspace {
    pub(crate) fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    /// A path in the folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file, its folders included.
    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, content).unwrap();
        path
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).unwrap()
    }

    pub(crate) fn json(&self, name: &str) -> serde_json::Value {
        serde_json::from_slice(&self.read(name)).unwrap()
    }

    /// Runs `triher` in the folder; arguments are separated by spaces.
    pub(crate) fn triher(&self, arguments: &str) -> Run {
        let words: Vec<&str> = arguments.split_whitespace().collect();
        self.triher_words(&words)
    }

    pub(crate) fn triher_words(&self, arguments: &[&str]) -> Run {
        // Without the cache: a run is compared with another, not with what it left behind.
        self.triher_with_cache("off", arguments)
    }

    /// Runs `triher` with a folder of embeddings, or `off`.
    pub(crate) fn triher_with_cache(&self, cache: &str, arguments: &[&str]) -> Run {
        let output = assert_cmd::Command::cargo_bin("triher")
            .unwrap()
            .current_dir(self.folder.path())
            .env("TRIHER_CACHE", cache)
            .args(arguments)
            .output()
            .unwrap();
        Run { output }
    }

    /// A patient of NIfTI phases with a bright ball that washes in and out, and its mask.
    pub(crate) fn nifti_patient(&self, folder: &str, brightness: f32) {
        let grid = grid();
        let (centre, radius) = ([12.0, 10.0, 6.0], 4.0);
        let inside = |index: [usize; 3]| {
            let distance2: f64 = (0..3).map(|a| (index[a] as f64 - centre[a]).powi(2)).sum();
            distance2 <= radius * radius
        };
        let path = self.path(folder);
        std::fs::create_dir_all(&path).unwrap();
        for (phase, gain) in [0.0, 1.0, 1.4, 1.3, 1.2, 1.1].into_iter().enumerate() {
            let image = Image::from_fn(grid, |index| {
                let texture = ((index[0] * 7 + index[1] * 13 + index[2] * 5) % 11) as f32;
                let base = 100.0 + texture;
                base + if inside(index) {
                    gain * brightness + gain * texture
                } else {
                    0.0
                }
            });
            write_nifti(&path.join(format!("P_{phase:04}.nii.gz")), &image).unwrap();
        }
        write_nifti_mask(&path.join("P_mask.nii.gz"), &Mask::from_fn(grid, inside)).unwrap();
    }
}

/// A small sagittal grid of unequal spacing.
pub(crate) fn grid() -> Geometry {
    let directions = [[0.0, 1.0, 0.0], [0.0, 0.0, -1.0], [-1.0, 0.0, 0.0]];
    Geometry::from_parts(
        [24, 20, 12],
        [30.0, -40.0, 50.0],
        [0.9, 0.9, 2.0],
        directions,
    )
    .unwrap()
}

/// What a run printed and how it ended.
pub(crate) struct Run {
    output: Output,
}

impl Run {
    pub(crate) fn code(&self) -> i32 {
        self.output.status.code().unwrap_or(-1)
    }

    pub(crate) fn stdout(&self) -> String {
        String::from_utf8_lossy(&self.output.stdout).into_owned()
    }

    pub(crate) fn stderr(&self) -> String {
        String::from_utf8_lossy(&self.output.stderr).into_owned()
    }

    /// The run itself, which must have succeeded.
    pub(crate) fn done(self) -> Self {
        assert_eq!(self.code(), 0, "{}\n{}", self.stdout(), self.stderr());
        self
    }

    /// The run must have failed with exit code 1, without a panic, and a message that holds all of these texts.
    pub(crate) fn fails_saying(self, texts: &[&str]) {
        let told = self.stderr();
        assert_eq!(self.code(), 1, "{}\n{told}", self.stdout());
        assert!(!told.contains("panicked"), "{told}");
        for text in texts {
            assert!(told.contains(text), "\"{text}\" is not in:\n{told}");
        }
    }
}

/// A file or folder of the reference data, or `None` with a word on it.
pub(crate) fn reference(path: &str) -> Option<PathBuf> {
    let root = std::env::var_os("TRIHER_REFERENCE_DATA").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"),
        PathBuf::from,
    );
    let path = root.join(path);
    if path.exists() {
        return Some(std::path::absolute(path).unwrap());
    }
    println!("skipped: reference data not present");
    None
}
