//! Any image encoder as an ONNX file, with a card beside it that says how to feed it.
//!
//! A [`Card`] (TOML) states axes, size, spacing, normalisation, channels and which output to take; 3-D networks see the whole patch, 2-D networks slice by
//! slice with their rows pooled. [`OnnxEncoder::open`] checks both files and loads the model into a [`Runtime`]: tract (pure Rust, feature `tract`)
//! or ONNX Runtime's shared library (feature `onnxruntime`). Both agree with PyTorch to 1e-4 of the largest number on a 3-D U-Net, a
//! 3-D ResNet and a 2-D vision transformer (`tests/parity`, made by PyTorch).
//!
//! [`OnnxSegmenter`] loads a segmentation network (nnU-Net, UNETR, ...) that answers window by window; its card is a [`SegmenterCard`].
//!
//! Cards and models are data from strangers: sizes are limited, and a runtime that panics gives an error. A model runs on one thread and
//! patches are shared out, so the numbers do not depend on the number of threads.
//!
//! ```no_run
//! use triher_onnx::{OnnxEncoder, Runtime};
//! # let (patch, mask): (triher_volume::Image, triher_volume::Mask) = unimplemented!();
//!
//! let encoder = OnnxEncoder::open("resnet.toml".as_ref(), &Runtime::Tract)?;
//! let rows = encoder.embed(&[patch], &[mask])?;
//! println!("{}: {} numbers", encoder.card().name, rows[0].len());
//! # Ok::<(), triher_onnx::OnnxError>(())
//! ```

#[cfg(feature = "onnxruntime")]
mod by_onnxruntime;
#[cfg(feature = "tract")]
mod by_tract;
mod card;
mod error;
mod feed;
mod reduce;
mod runtime;
mod segmenter;
mod segmenter_card;

pub use card::{Card, InputCard, Normalisation, OutputCard, Pool, Reduce, Slices, SlicesCard};
pub use error::OnnxError;
pub use runtime::Runtime;
pub use segmenter::OnnxSegmenter;
pub use segmenter_card::{SegmenterCard, SegmenterInput, SegmenterOutput, WindowsCard};

use rayon::prelude::*;
use sha2::{Digest, Sha256};
use std::path::Path;
use triher_volume::{Image, Mask};

/// Most bytes of a model.
const MAX_MODEL_BYTES: u64 = 4 << 30;

/// The bytes of a model and their SHA-256, when they are not too many, and those that are expected.
fn read_model(path: &Path, expected: Option<&str>) -> Result<(Vec<u8>, String), OnnxError> {
    let read = |source| OnnxError::Read {
        path: path.to_owned(),
        source,
    };
    let length = std::fs::metadata(path).map_err(read)?.len();
    if length > MAX_MODEL_BYTES {
        return Err(OnnxError::Model {
            path: path.to_owned(),
            problem: format!(
                "it has {length} bytes, more than {} GiB",
                MAX_MODEL_BYTES >> 30
            ),
        });
    }
    let bytes = std::fs::read(path).map_err(read)?;
    let digest = Sha256::digest(&bytes);
    let sha256: String = digest.iter().map(|b| format!("{b:02x}")).collect();
    match expected.filter(|e| !e.eq_ignore_ascii_case(&sha256)) {
        None => Ok((bytes, sha256)),
        Some(expected) => Err(OnnxError::Hash {
            path: path.to_owned(),
            expected: expected.to_owned(),
            found: sha256,
        }),
    }
}

/// A model that is ready to use.
pub struct OnnxEncoder {
    card: Card,
    sha256: String,
    runtime: Runtime,
    model: Box<dyn runtime::Model>,
}

impl std::fmt::Debug for OnnxEncoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OnnxEncoder")
            .field("card", &self.card)
            .field("sha256", &self.sha256)
            .finish_non_exhaustive()
    }
}

impl OnnxEncoder {
    /// Reads a card and loads its model.
    ///
    /// # Errors
    /// [`OnnxError::Read`], [`OnnxError::Card`], [`OnnxError::Hash`], [`OnnxError::Model`], [`OnnxError::Operators`], [`OnnxError::Runtime`],
    /// [`OnnxError::Output`].
    pub fn open(card: &Path, runtime: &Runtime) -> Result<Self, OnnxError> {
        let card = Card::read(card)?;
        let path = card.file.as_path();
        let (bytes, sha256) = read_model(path, card.sha256.as_deref())?;
        let source = runtime::Source {
            path,
            bytes: &bytes,
            shape: card.input_shape(),
            output: &card.output,
        };
        let model = runtime::load(runtime, &source)?;
        Ok(Self {
            card,
            sha256,
            runtime: runtime.clone(),
            model,
        })
    }

    /// The card.
    pub fn card(&self) -> &Card {
        &self.card
    }

    /// SHA-256 of the model.
    pub fn sha256(&self) -> &str {
        &self.sha256
    }

    /// Numbers of a row, found out with a patch of zeros.
    ///
    /// # Errors
    /// As [`OnnxEncoder::embed`]; a model that gives no finite numbers for zeros is not refused.
    pub fn width(&self) -> Result<usize, OnnxError> {
        let length = self.card.input_shape().iter().product();
        let output = self.model.run(vec![0.0; length])?;
        let row = self.reduced(&output)?;
        let pool = self.card.slices.map_or(Pool::Mean, |slices| slices.pool);
        Ok(reduce::pooled(&[row], pool).len())
    }

    /// What, beside the model's bytes, decides the numbers of a patch: the card, and the runtime.
    pub fn reading(&self) -> String {
        let Card {
            input,
            output,
            slices,
            ..
        } = &self.card;
        format!("{:?} {input:?} {output:?} {slices:?}", self.runtime)
    }

    /// A row of numbers for each patch. `masks` says where the lesion is, for models of slices: one for each patch, on its grid.
    ///
    /// # Errors
    /// [`OnnxError::Volume`] when a patch and its mask differ in their grids, [`OnnxError::Model`], [`OnnxError::Shape`], [`OnnxError::NotFinite`].
    pub fn embed(&self, patches: &[Image], masks: &[Mask]) -> Result<Vec<Vec<f32>>, OnnxError> {
        patches
            .par_iter()
            .zip(masks)
            .map(|(patch, mask)| {
                let inputs = feed::inputs(&self.card, patch, mask)?;
                let rows = inputs
                    .into_iter()
                    .map(|input| self.row(input))
                    .collect::<Result<Vec<_>, _>>()?;
                let pool = self.card.slices.map_or(Pool::Mean, |slices| slices.pool);
                Ok(reduce::pooled(&rows, pool))
            })
            .collect()
    }

    fn row(&self, input: Vec<f32>) -> Result<Vec<f32>, OnnxError> {
        let output = self.model.run(input)?;
        let row = self.reduced(&output)?;
        if row.iter().any(|v| !v.is_finite()) {
            return Err(OnnxError::NotFinite {
                path: self.card.file.clone(),
            });
        }
        Ok(row)
    }

    fn reduced(&self, output: &reduce::Tensor) -> Result<Vec<f32>, OnnxError> {
        reduce::row(output, self.card.output.reduce).map_err(|problem| OnnxError::Shape {
            path: self.card.file.clone(),
            shape: output.shape.clone(),
            problem,
        })
    }
}
