//! Sizes of the network.

use crate::TrainingError;
use serde::{Deserialize, Serialize};

/// Sizes of a 3-D vision transformer of the family; what a configuration leaves out is that of the compact network of about 4.6 million
/// weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EncoderSizes {
    /// Voxels of the input along each axis.
    pub side: usize,
    /// Channels of the input: 1 or 3.
    pub channels: usize,
    /// Voxels of a patch along each axis; it divides `side`.
    pub patch: usize,
    /// Length of a token: `heads` and 6 divide it.
    pub width: usize,
    /// Blocks.
    pub depth: usize,
    /// Attention heads. Checkpoints do not hold this number: readers take 12 unless told otherwise.
    pub heads: usize,
    /// Length of the hidden layer of the MLP.
    pub hidden: usize,
}

impl Default for EncoderSizes {
    fn default() -> Self {
        Self {
            side: 48,
            channels: 1,
            patch: 8,
            width: 192,
            depth: 10,
            heads: 12,
            hidden: 768,
        }
    }
}

impl EncoderSizes {
    /// Patches along each axis.
    pub fn grid(&self) -> usize {
        self.side / self.patch.max(1)
    }

    /// Patches of an input.
    pub fn patches(&self) -> usize {
        self.grid().pow(3)
    }

    /// Voxels of a patch, all channels.
    pub fn patch_len(&self) -> usize {
        self.channels * self.patch.pow(3)
    }

    /// Voxels of an input, all channels.
    pub fn input_len(&self) -> usize {
        self.channels * self.side.pow(3)
    }

    /// Checks that such a network can be built.
    ///
    /// # Errors
    /// [`TrainingError::Setting`].
    pub fn check(&self) -> Result<(), TrainingError> {
        let within = |field, value: usize, high: usize| match value {
            v if (1..=high).contains(&v) => Ok(()),
            v => Err(TrainingError::setting(field, v, format!("1 to {high}"))),
        };
        within("side", self.side, 512)?;
        within("patch", self.patch, 64)?;
        within("width", self.width, 4096)?;
        within("depth", self.depth, 64)?;
        within("heads", self.heads, 64)?;
        within("hidden", self.hidden, 16_384)?;
        if !matches!(self.channels, 1 | 3) {
            return Err(TrainingError::setting("channels", self.channels, "1 or 3"));
        }
        if !self.side.is_multiple_of(self.patch) || self.grid() > 32 {
            let allowed = format!(
                "a divisor of the side, {}, with at most 32 patches along it",
                self.side
            );
            return Err(TrainingError::setting("patch", self.patch, allowed));
        }
        if !self.width.is_multiple_of(6) || !self.width.is_multiple_of(self.heads) {
            let allowed = format!("a multiple of 6 and of the {} heads", self.heads);
            return Err(TrainingError::setting("width", self.width, allowed));
        }
        Ok(())
    }
}
