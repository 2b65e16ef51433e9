//! A segmentation network that answers window by window.

use crate::card::{OutputCard, Reduce};
use crate::{OnnxError, Runtime, read_model, runtime};
use std::path::{Path, PathBuf};

/// Most numbers of a window.
const MAX_NUMBERS: usize = 1 << 28;

/// A segmentation network: `[1, C, D, H, W]` in, `[1, K, D, H, W]` out, both `f32`.
///
/// nnU-Net and UNETR exported by `torch.onnx.export` with a fixed window have this form (nnU-Net: without deep supervision). Its answers go
/// into `triher_detection::sliding_window`.
pub struct OnnxSegmenter {
    path: PathBuf,
    shape: [usize; 5],
    model: Box<dyn runtime::Model>,
}

impl std::fmt::Debug for OnnxSegmenter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OnnxSegmenter")
            .field("path", &self.path)
            .field("shape", &self.shape)
            .finish_non_exhaustive()
    }
}

impl OnnxSegmenter {
    /// Loads a network for windows of `window` voxels (along `i`, `j` and `k`) with `channels` channels. Its first output is taken.
    ///
    /// # Errors
    /// [`OnnxError::Read`], [`OnnxError::Model`], [`OnnxError::Operators`], [`OnnxError::Runtime`], [`OnnxError::Output`].
    pub fn open(
        path: &Path,
        window: [usize; 3],
        channels: usize,
        runtime: &Runtime,
    ) -> Result<Self, OnnxError> {
        Self::open_checked(path, None, window, channels, runtime)
    }

    /// The same of a file that must have a SHA-256.
    pub(crate) fn open_checked(
        path: &Path,
        sha256: Option<&str>,
        window: [usize; 3],
        channels: usize,
        runtime: &Runtime,
    ) -> Result<Self, OnnxError> {
        let (bytes, _) = read_model(path, sha256)?;
        let [i, j, k] = window;
        let shape = [1, channels, k, j, i];
        let numbers = shape.iter().try_fold(1usize, |n, &s| n.checked_mul(s));
        if !matches!(numbers, Some(1..=MAX_NUMBERS)) {
            return Err(OnnxError::Model {
                path: path.to_owned(),
                problem: format!(
                    "it cannot be fed with {channels} channels of {window:?} voxels: take from 1 to {MAX_NUMBERS} numbers"
                ),
            });
        }
        let output = OutputCard {
            name: None,
            index: None,
            reduce: Reduce::AsIs,
        };
        let source = runtime::Source {
            path,
            bytes: &bytes,
            shape: shape.to_vec(),
            output: &output,
        };
        Ok(Self {
            path: path.to_owned(),
            shape,
            model: runtime::load(runtime, &source)?,
        })
    }

    /// The network's maps (logits) for one window, both as channel, `k`, `j`, `i` with `i` fastest.
    ///
    /// # Errors
    /// [`OnnxError::Model`], and [`OnnxError::Shape`] when the answer is not one map of the window's size for each class.
    pub fn maps(&self, window: &[f32]) -> Result<Vec<f32>, OnnxError> {
        let expected: usize = self.shape.iter().product();
        if window.len() != expected {
            return Err(OnnxError::Model {
                path: self.path.clone(),
                problem: format!(
                    "it takes {expected} numbers ({:?}), not {}",
                    self.shape,
                    window.len()
                ),
            });
        }
        let output = self.model.run(window.to_vec())?;
        let fits =
            output.shape.len() == 5 && output.shape[0] == 1 && output.shape[2..] == self.shape[2..];
        if !fits || output.data.is_empty() {
            return Err(OnnxError::Shape {
                path: self.path.clone(),
                shape: output.shape,
                problem: format!(
                    "a segmentation network gives [1, classes, {}, {}, {}]; export it with this window and without deep supervision",
                    self.shape[2], self.shape[3], self.shape[4]
                ),
            });
        }
        Ok(output.data)
    }
}
