//! Which tokens make the embedding.

use crate::AttributionError;
use crate::error::check;
use triher_training::{EncoderSizes, lesion_shares};

/// The weight of each token in the embedding, the class token's first; they add up to 1.
#[derive(Clone, Debug, PartialEq)]
pub struct Readout(Vec<f32>);

impl Readout {
    /// The class token alone.
    pub fn class_token(sizes: &EncoderSizes) -> Self {
        let mut weights = vec![0.0; sizes.patches() + 1];
        weights[0] = 1.0;
        Self(weights)
    }

    /// The mean of the tokens whose patch touches a mask, `[z][y][x]`, as `triher_encoder::Embedding::mask_pooled`.
    ///
    /// # Errors
    /// [`AttributionError::Length`] when the mask has another size than an input; [`AttributionError::Setting`] when it is empty.
    pub fn mask_pooled(sizes: &EncoderSizes, mask: &[bool]) -> Result<Self, AttributionError> {
        check("voxels of the mask", mask.len(), sizes.side.pow(3))?;
        if !mask.contains(&true) {
            return Err(AttributionError::Setting(
                "the mask is empty, so that no token is read: outline the lesion".to_owned(),
            ));
        }
        let shares = lesion_shares(mask, sizes.side, sizes.patch);
        Ok(Self(std::iter::once(0.0).chain(shares).collect()))
    }

    /// The weights, the class token's first.
    pub fn weights(&self) -> &[f32] {
        &self.0
    }

    /// The row that the embedding reads of a matrix between tokens, without its column for the class token.
    pub(crate) fn patches_of(&self, matrix: &[f64]) -> Vec<f64> {
        let tokens = self.0.len();
        let mut row = vec![0.0; tokens - 1];
        for (&weight, from) in self.0.iter().zip(matrix.chunks_exact(tokens)) {
            if weight != 0.0 {
                for (sum, value) in row.iter_mut().zip(&from[1..]) {
                    *sum += f64::from(weight) * value;
                }
            }
        }
        row
    }
}

/// The patch (in C order) that a voxel of an input belongs to.
pub(crate) fn patch_of(sizes: &EncoderSizes, offset: usize) -> usize {
    let EncoderSizes { side, patch, .. } = *sizes;
    let [z, y, x] =
        [offset / (side * side), offset / side % side, offset % side].map(|v| v / patch);
    (z * sizes.grid() + y) * sizes.grid() + x
}
