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
/// non-finite voxels set to 0. In the order in which the patch is stored (`i` fastest, slices slowest).
///
/// Mean and standard deviation are computed in `f64`; torch agrees to 1e-5 (`tests/reference/patches.rs`). They leave out
/// voxels that are not finite; the published code takes them in, so that a single NaN turns its whole patch to 0.
///
/// # Errors
/// [`triher_volume::VolumeError::GridMismatch`] when patch and mask differ in their grids; [`PatchError::NotFinite`]
/// when no voxel is a number.
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
    let finite = || values.iter().copied().filter(|v| v.is_finite());
    let n = finite().count();
    if n == 0 {
        return Err(PatchError::NotFinite {
            voxels: values.len(),
        });
    }
    let mean = finite().sum::<f64>() / n as f64;
    let squares: f64 = finite().map(|v| (v - mean).powi(2)).sum();
    let sd = (squares / (n as f64 - 1.0)).sqrt();
    let normalised = values.iter().map(|v| ((v - mean) / (sd + 1e-8)) as f32);
    Ok(normalised
        .map(|v| if v.is_finite() { v } else { 0.0 })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use triher_volume::{Geometry, VolumeError};

    fn patch(values: [f32; 8]) -> (Image, Mask) {
        let geometry = Geometry::axis_aligned([2, 2, 2], [1.0; 3], [0.0; 3]).unwrap();
        let image = Image::new(geometry, values.to_vec(), Default::default()).unwrap();
        (image, Mask::from_fn(geometry, |[i, ..]| i == 1))
    }

    #[test]
    fn the_mean_becomes_0_and_the_deviation_1() {
        let (image, mask) = patch([1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]);
        let input = encoder_input(&image, &mask, Variant::Bbox).unwrap();
        let sd = 6f64.sqrt();
        for (v, x) in input.iter().zip(1..) {
            assert!((f64::from(*v) - (f64::from(x) - 4.5) / sd).abs() < 1e-6);
        }
        let roi = encoder_input(&image, &mask, Variant::RoiOnly).unwrap();
        assert_eq!((roi[0], roi[2]), (roi[4], roi[6]));
        assert!(roi[0] < roi[1]);
    }

    #[test]
    fn what_is_not_a_number_becomes_0() {
        let (image, mask) = patch([1.0, f32::NAN, 3.0, f32::INFINITY, 5.0, 5.0, 3.0, 1.0]);
        let input = encoder_input(&image, &mask, Variant::Bbox).unwrap();
        assert_eq!((input[1], input[3], input[2]), (0.0, 0.0, 0.0));
        assert!(input[0] < -0.9 && input[4] > 0.9);
        let (nothing, mask) = patch([f32::NAN; 8]);
        let error = encoder_input(&nothing, &mask, Variant::Bbox).unwrap_err();
        assert!(matches!(error, PatchError::NotFinite { voxels: 8 }));
        // Outside of the lesion it is set to 0 before anything else.
        let (image, mask) = patch([f32::NAN, 1.0, f32::NAN, 2.0, f32::NAN, 3.0, f32::NAN, 4.0]);
        let roi = encoder_input(&image, &mask, Variant::RoiOnly).unwrap();
        assert!(roi.iter().all(|v| *v != 0.0), "{roi:?}");
    }

    #[test]
    fn a_flat_patch_is_0() {
        let (image, mask) = patch([700.0; 8]);
        assert_eq!(
            encoder_input(&image, &mask, Variant::Bbox).unwrap(),
            [0.0; 8]
        );
    }

    #[test]
    fn grids_must_agree() {
        let (image, _) = patch([1.0; 8]);
        let geometry = Geometry::axis_aligned([2, 2, 2], [2.0; 3], [0.0; 3]).unwrap();
        let error =
            encoder_input(&image, &Mask::filled(geometry, true), Variant::Bbox).unwrap_err();
        assert!(matches!(
            error,
            PatchError::Volume(VolumeError::GridMismatch { .. })
        ));
    }

    #[test]
    fn variants_read_as_they_are_written() {
        for variant in [Variant::Bbox, Variant::RoiOnly] {
            assert_eq!(variant.to_string().parse::<Variant>().unwrap(), variant);
        }
        let error = "roi".parse::<Variant>().unwrap_err();
        assert_eq!(
            error.to_string(),
            "there is no variant \"roi\": choose bbox or roi-only"
        );
    }
}
