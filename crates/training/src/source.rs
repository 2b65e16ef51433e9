//! Where patches come from.

use crate::TrainingError;
use half::f16;

/// Quantities that a source may know of a patch.
pub const TRUTH: usize = 9;

/// Patches to learn from, as the encoder takes them: `[channels][z][y][x]`, mean 0 and standard deviation 1.
///
/// A patch depends on its number alone, so that any thread may ask for any patch, and a run that is resumed sees the same ones.
pub trait PatchSource: Sync {
    /// How many there are.
    fn len(&self) -> usize;

    /// Whether there are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// One of them.
    ///
    /// # Errors
    /// [`TrainingError::Source`] when it cannot be made.
    fn patch(&self, index: usize) -> Result<Vec<f32>, TrainingError>;

    /// What is known of one of them: [`TRUTH`] numbers, NaN for those that are not; empty when nothing is known of any.
    fn truth(&self, _index: usize) -> Vec<f32> {
        Vec::new()
    }
}

/// Patches in memory, at half precision: a patch of 48^3 voxels takes 216 KiB.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PatchStore {
    voxels: usize,
    data: Vec<f16>,
    truth: Vec<Vec<f32>>,
}

impl PatchStore {
    /// An empty store of patches of so many voxels, all channels.
    pub fn new(voxels: usize) -> Self {
        Self {
            voxels,
            data: Vec::new(),
            truth: Vec::new(),
        }
    }

    /// The same patches with what is known of each ([`PatchSource::truth`]), in their order.
    #[must_use]
    pub fn with_truth(mut self, truth: Vec<Vec<f32>>) -> Self {
        self.truth = truth;
        self
    }

    /// Adds a patch.
    ///
    /// # Errors
    /// [`TrainingError::PatchSize`].
    pub fn push(&mut self, patch: &[f32]) -> Result<(), TrainingError> {
        if patch.len() != self.voxels || patch.is_empty() {
            return Err(TrainingError::PatchSize {
                index: self.len(),
                found: patch.len(),
                expected: self.voxels,
            });
        }
        self.data.extend(patch.iter().map(|&v| f16::from_f32(v)));
        Ok(())
    }

    /// All patches as little-endian half-precision numbers, for a cache file.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.data.iter().flat_map(|v| v.to_le_bytes()).collect()
    }

    /// Patches from the bytes of [`PatchStore::to_bytes`].
    ///
    /// # Errors
    /// [`TrainingError::State`] when they are no whole patches.
    pub fn from_bytes(voxels: usize, bytes: &[u8]) -> Result<Self, TrainingError> {
        if voxels == 0 || !bytes.len().is_multiple_of(2 * voxels) {
            let problem = format!(
                "{} bytes are no whole patches of {voxels} voxels; delete it, and it is made anew",
                bytes.len()
            );
            return Err(TrainingError::state("cache of patches", problem));
        }
        let data = bytes
            .chunks_exact(2)
            .map(|b| f16::from_le_bytes([b[0], b[1]]))
            .collect();
        Ok(Self {
            voxels,
            data,
            truth: Vec::new(),
        })
    }
}

impl PatchSource for PatchStore {
    fn len(&self) -> usize {
        self.data.len().checked_div(self.voxels).unwrap_or(0)
    }

    fn patch(&self, index: usize) -> Result<Vec<f32>, TrainingError> {
        let numbers = self.data.chunks_exact(self.voxels.max(1)).nth(index);
        let numbers = numbers.ok_or_else(|| TrainingError::Source {
            index,
            problem: format!("there are {} patches", self.len()),
        })?;
        Ok(numbers.iter().map(|v| v.to_f32()).collect())
    }

    fn truth(&self, index: usize) -> Vec<f32> {
        self.truth.get(index).cloned().unwrap_or_default()
    }
}
