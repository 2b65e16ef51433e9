//! The normalisation that the encoder was pretrained with.

use crate::PatchError;
use std::fmt;
use std::str::FromStr;
use triher_volume::{Image, Mask};

/// What becomes of the voxels outside of the lesion.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum Variant {
    /// They are kept.
    #[default]
    Bbox,
    /// They are set to 0 before normalisation.
    RoiOnly,
}

impl FromStr for Variant {
    type Err = PatchError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "bbox" => Ok(Self::Bbox),
            "roi-only" | "roi_only" => Ok(Self::RoiOnly),
            other => Err(PatchError::UnknownVariant {
                name: other.to_owned(),
            }),
        }
    }
}

impl fmt::Display for Variant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bbox => "bbox",
            Self::RoiOnly => "roi-only",
        })
    }
}

/// The encoder's input: voxels outside of the lesion kept or set to 0, then
/// `(x - mean) / (sd + 1e-8)` over the whole patch with the standard deviation of `n - 1` (torch's default), and
/// non-finite voxels set to 0. In the order in which the patch is stored (`i` fastest).
///
/// Mean and standard deviation are computed in `f64`; torch agrees to 1e-5 (`tests/reference.rs`). A voxel that is not finite
/// makes the mean so as well, and with it the whole patch 0, as in the published code.
///
/// # Errors
/// [`triher_volume::VolumeError::GridMismatch`] when patch and mask differ in their grids.
pub fn encoder_input(patch: &Image, mask: &Mask, variant: Variant) -> Result<Vec<f32>, PatchError> {
    patch.check_same_grid("patch", mask, "patch mask")?;
    let values: Vec<f64> = match variant {
        Variant::Bbox => patch.voxels().iter().map(|&v| f64::from(v)).collect(),
        Variant::RoiOnly => {
            let voxels = patch.voxels().iter().zip(mask.voxels());
            voxels
                .map(|(&v, &inside)| if inside { f64::from(v) } else { 0.0 })
                .collect()
        }
    };
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let squares: f64 = values.iter().map(|v| (v - mean).powi(2)).sum();
    let sd = (squares / (n - 1.0)).sqrt();
    let normalised = values.iter().map(|v| ((v - mean) / (sd + 1e-8)) as f32);
    Ok(normalised
        .map(|v| if v.is_finite() { v } else { 0.0 })
        .collect())
}
