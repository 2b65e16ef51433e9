//! The 3-D vision transformer of the pretrained encoder, on a CPU.
//!
//! [`Encoder::load`] reads a checkpoint (PyTorch or safetensors); its sizes, [`EncoderConfig`], come from the tensors' shapes, and what
//! shapes do not tell from [`EncoderOptions`]. [`Encoder::embed`] gives the class token after the final norm for each input,
//! [`Encoder::embed_tokens`] all tokens, of which [`Embedding::mask_pooled`] averages those that touch the lesion.
//!
//! The network is timm's `VisionTransformer` (Dosovitskiy et al., 2021) on cubic patches, as MoCo v3 pretrains it: pre-norm blocks,
//! LayerNorm with epsilon 1e-6, exact GELU. PyTorch's own, built from public parts, seeded and saved, gives the same embeddings to 1e-4 of
//! their largest number (`tests/parity`; found: below 1e-6 on the small networks, 1.9e-6 on the base size).
//!
//! **The same numbers always.** Each number of a product is a chain of multiply-adds, or a few, in a fixed order, so the results have the same bits
//! whatever the number of threads, which inputs are embedded together, whether patch tokens are wanted, and on all machines that fuse
//! products (x86-64 since 2013, aarch64). A voxel that is NaN or infinite makes its input's embedding NaN and no other's.
//!
//! ```no_run
//! use triher_encoder::Encoder;
//!
//! let encoder = Encoder::load("vit_3d_base.pth.tar".as_ref())?;
//! let input = vec![0.0; encoder.config().input_len()];
//! let embedding = &encoder.embed(&[&input])?[0];
//! assert_eq!(embedding.class_token.len(), encoder.config().width);
//! # Ok::<(), triher_encoder::EncoderError>(())
//! ```

mod attention;
mod class_token;
mod elementwise;
mod error;
mod forward;
mod lanes;
mod linear;
mod position;
mod simd;
mod strassen;
mod weights;

pub use error::EncoderError;
pub use weights::EncoderConfig;

use forward::{Wanted, Workspace, forward};
use rayon::prelude::*;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use triher_checkpoint::{Checkpoint, EncoderTensors, Limits};
use weights::Weights;

/// What tensors do not say about a network.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EncoderOptions {
    /// Attention heads. `None`: 12, as in every published network of the family.
    pub heads: Option<usize>,
    /// Limits of reading the checkpoint.
    pub limits: Limits,
}

/// A loaded network; its weights are shared between threads, and where the checkpoint holds them in single precision they stay in the file, mapped into memory.
pub struct Encoder {
    weights: Weights,
    sha256: String,
    unused: Vec<String>,
    fused: bool,
    /// Those that no thread is using.
    workspaces: Mutex<Vec<Workspace>>,
}

impl std::fmt::Debug for Encoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Encoder")
            .field("config", self.config())
            .field("sha256", &self.sha256)
            .finish()
    }
}

/// What the encoder makes of one input.
#[derive(Clone, Debug, PartialEq)]
pub struct Embedding {
    /// The class token after the final norm: `width` numbers.
    pub class_token: Vec<f32>,
    /// The patch tokens after the final norm, `grid^3` rows of `width` in C order; empty from [`Encoder::embed`].
    pub patch_tokens: Vec<f32>,
    config: EncoderConfig,
}

impl Encoder {
    /// Loads a checkpoint of a network with 12 heads.
    ///
    /// # Errors
    /// As [`Checkpoint::open`] and [`Checkpoint::encoder_tensors`]; [`EncoderError::Missing`], [`EncoderError::Shape`],
    /// [`EncoderError::NonFinite`], [`EncoderError::Family`].
    pub fn load(path: &Path) -> Result<Self, EncoderError> {
        Self::load_with(path, &EncoderOptions::default())
    }

    /// Loads a checkpoint.
    ///
    /// # Errors
    /// As [`Encoder::load`].
    pub fn load_with(path: &Path, options: &EncoderOptions) -> Result<Self, EncoderError> {
        let checkpoint = Checkpoint::open(path, &options.limits)?;
        Self::from_tensors_with(checkpoint.encoder_tensors()?, options)
    }

    /// A network with 12 heads from its tensors.
    ///
    /// # Errors
    /// [`EncoderError::Missing`], [`EncoderError::Shape`], [`EncoderError::NonFinite`], [`EncoderError::Family`].
    pub fn from_tensors(tensors: EncoderTensors) -> Result<Self, EncoderError> {
        Self::from_tensors_with(tensors, &EncoderOptions::default())
    }

    /// A network from its tensors.
    ///
    /// # Errors
    /// As [`Encoder::from_tensors`].
    pub fn from_tensors_with(
        tensors: EncoderTensors,
        options: &EncoderOptions,
    ) -> Result<Self, EncoderError> {
        let sha256 = tensors.sha256.clone();
        let of_fusion = |name: &String| name.split('.').rev().nth(1) == Some("fusion");
        let fused = tensors.names.ignored.iter().any(of_fusion);
        let (weights, unused) = Weights::new(tensors, options)?;
        Ok(Self {
            weights,
            sha256,
            unused,
            fused,
            workspaces: Mutex::default(),
        })
    }

    /// The network's sizes.
    pub fn config(&self) -> &EncoderConfig {
        &self.weights.config
    }

    /// SHA-256 of the checkpoint.
    pub fn sha256(&self) -> &str {
        &self.sha256
    }

    /// Whether the checkpoint holds a fusion of several images (`fusion.weight`) before the encoder, which this network does not have: it was
    /// tuned to see them fused, and one image by itself is not what it knows.
    pub fn is_behind_fusion(&self) -> bool {
        self.fused
    }

    /// How this machine multiplies and adds and which order of sums this version has, which decide the last digits of a result: `fused 2` or
    /// `separate 2`.
    pub fn arithmetic() -> &'static str {
        simd::dispatch(simd::Arithmetic)
    }

    /// Tensors of the encoder's own names that the network does not use.
    pub fn unused_tensors(&self) -> &[String] {
        &self.unused
    }

    /// The class token of each input; `[channels][z][y][x]`, as [`EncoderConfig::input_len`] says.
    ///
    /// # Errors
    /// [`EncoderError::Input`].
    pub fn embed(&self, inputs: &[&[f32]]) -> Result<Vec<Embedding>, EncoderError> {
        self.run(inputs, Wanted::ClassToken)
    }

    /// The class token and the patch tokens of each input.
    ///
    /// # Errors
    /// [`EncoderError::Input`].
    pub fn embed_tokens(&self, inputs: &[&[f32]]) -> Result<Vec<Embedding>, EncoderError> {
        self.run(inputs, Wanted::AllTokens)
    }

    /// A panic elsewhere leaves workspaces as good as any: every volume writes what it reads.
    fn workspaces(&self) -> std::sync::MutexGuard<'_, Vec<Workspace>> {
        self.workspaces
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn run(&self, inputs: &[&[f32]], wanted: Wanted) -> Result<Vec<Embedding>, EncoderError> {
        let config = *self.config();
        for input in inputs {
            if input.len() != config.input_len() {
                return Err(EncoderError::Input {
                    expected: config.input_len(),
                    channels: config.channels,
                    side: config.side,
                    found: input.len(),
                });
            }
        }
        let embed = |input: &&[f32], threads| {
            let free = self.workspaces().pop();
            let mut work = free.unwrap_or_else(|| Workspace::new(&self.weights));
            let mut tokens = forward(&self.weights, &mut work, input, wanted, threads);
            self.workspaces().push(work);
            let patch_tokens = tokens.split_off(config.width);
            Embedding {
                class_token: tokens,
                patch_tokens,
                config,
            }
        };
        // Whole volumes per thread as long as there is one for each; the rest one after the other, each shared out.
        let threads = rayon::current_num_threads().max(1);
        let (whole, rest) = inputs.split_at(inputs.len() / threads * threads);
        let all = || {
            let mut all: Vec<Embedding> = whole.par_iter().map(|i| embed(i, false)).collect();
            all.extend(rest.iter().map(|i| embed(i, threads > 1)));
            all
        };
        // On a thread of the pool: from another, each of the hundred shared steps of a volume would wake the pool and wait for it.
        let (embeddings, ()) = rayon::join(all, || ());
        Ok(embeddings)
    }
}

impl Embedding {
    /// The mean of the patch tokens whose patch touches the mask (max-pooled to the grid of patches): `width` numbers. `mask` is the
    /// input's grid, `[z][y][x]`.
    ///
    /// # Errors
    /// [`EncoderError::MaskSize`], [`EncoderError::MaskEmpty`], [`EncoderError::NoPatchTokens`].
    pub fn mask_pooled(&self, mask: &[bool]) -> Result<Vec<f32>, EncoderError> {
        let EncoderConfig {
            side, patch, width, ..
        } = self.config;
        let grid = self.config.grid();
        if mask.len() != side.pow(3) {
            return Err(EncoderError::MaskSize {
                found: mask.len(),
                expected: side.pow(3),
            });
        }
        if self.patch_tokens.is_empty() {
            return Err(EncoderError::NoPatchTokens);
        }
        let mut touched = vec![false; grid.pow(3)];
        for (offset, _) in mask.iter().enumerate().filter(|&(_, &inside)| inside) {
            let [z, y, x] =
                [offset / (side * side), offset / side % side, offset % side].map(|v| v / patch);
            touched[(z * grid + y) * grid + x] = true;
        }
        let count = touched.iter().filter(|&&t| t).count();
        if count == 0 {
            return Err(EncoderError::MaskEmpty);
        }
        let mut sum = vec![0f64; width];
        for (token, _) in self
            .patch_tokens
            .chunks_exact(width)
            .zip(&touched)
            .filter(|&(_, &t)| t)
        {
            for (sum, &value) in sum.iter_mut().zip(token) {
                *sum += f64::from(value);
            }
        }
        Ok(sum.into_iter().map(|v| (v / count as f64) as f32).collect())
    }
}
