//! How alike two images are, and how that changes with each voxel of one of them.

mod local_correlation;
mod mutual_information;

pub(crate) use local_correlation::LocalCorrelation;
pub(crate) use mutual_information::MutualInformation;

use crate::RegistrationError;
use crate::error::bad_option;
use rayon::prelude::*;

/// What the phases are compared by.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Similarity {
    /// Mutual information of the joint histogram with Parzen windows: a box for the reference, a cubic B-spline for the phase
    /// (Mattes et al., IEEE Trans Med Imaging 2003;22:120). In nats, not negative. It asks only that grey values go together over the whole
    /// image.
    MutualInformation {
        /// Bins of each image, of which two at each end stay free for the window; 8 to 256.
        bins: usize,
        /// Share of the voxels that is used, above 0 up to 1: one voxel at a seeded random place in each
        /// run of `1 / sampled` voxels.
        sampled: f64,
    },
    /// The squared correlation coefficient in a cube around each voxel (as Avants et al., Med Image Anal 2008;12:26, have it), averaged over all
    /// voxels; 0 to 1. It asks only that grey values go together linearly within some millimetres, which stays true where
    /// contrast agent has brightened one tissue. Variances are raised by that of [`FLATNESS`] times the image's standard deviation, so that windows with
    /// nothing but noise count little, and the average is taken relative to the most that this allows in the reference: air around the breast
    /// does not dilute it.
    LocalCorrelation {
        /// Half the side of the cube, in millimetres; at least one voxel is taken to each side.
        radius_mm: f64,
    },
}

/// Standard deviation, as a share of that of the whole region, up to which a window is taken for flat in
/// [`Similarity::LocalCorrelation`].
pub const FLATNESS: f64 = 0.1;

impl Similarity {
    pub(crate) fn check(&self) -> Result<(), RegistrationError> {
        match *self {
            Self::MutualInformation { bins, .. } if !(8..=256).contains(&bins) => {
                Err(bad_option("bins", bins, "8 to 256"))
            }
            Self::MutualInformation { sampled, .. } if !(sampled > 0.0 && sampled <= 1.0) => {
                Err(bad_option("sampled", sampled, "a share above 0, up to 1"))
            }
            Self::LocalCorrelation { radius_mm } if !(radius_mm > 0.0 && radius_mm <= 100.0) => {
                Err(bad_option("radius_mm", radius_mm, "above 0 up to 100 mm"))
            }
            _ => Ok(()),
        }
    }
}

/// A similarity between a fixed image and one that is warped onto it.
pub(crate) trait Metric: Sync {
    /// The voxels that are compared; others need no value.
    fn region(&self) -> &[bool];

    /// The similarity (larger is better) to the warped image, and its derivative by each of that image's voxels. NaN marks
    /// voxels that have no value.
    fn evaluate(&self, warped: &[f32]) -> (f64, Vec<f32>);
}

/// Sums over pieces of `chunk` voxels that do not depend on the number of threads: each piece on its own, then in order.
pub(crate) fn ordered_sum(
    count: usize,
    chunk: usize,
    of: impl Fn(std::ops::Range<usize>) -> f64 + Sync,
) -> f64 {
    let pieces: Vec<f64> = (0..count.div_ceil(chunk))
        .into_par_iter()
        .map(|piece| of(piece * chunk..((piece + 1) * chunk).min(count)))
        .collect();
    pieces.iter().sum()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A pair of unlike but related noisy images.
    pub(crate) fn pair(count: usize) -> (Vec<f32>, Vec<f32>) {
        let noise = |n: usize| ((n * 7919 + 13) % 1013) as f32 / 1013.0;
        let fixed: Vec<f32> = (0..count)
            .map(|n| 50.0 + 40.0 * (n as f32 * 0.31).sin() + 5.0 * noise(n))
            .collect();
        let moving = fixed
            .iter()
            .enumerate()
            .map(|(n, f)| 200.0 - 1.5 * f + 0.01 * f * f + 9.0 * noise(3 * n + 1))
            .collect();
        (fixed, moving)
    }

    /// The derivatives are those of finite differences, also beside voxels without a value.
    pub(crate) fn check_gradient(metric: &dyn Metric, moving: &[f32], tolerance: f64) {
        let mut moving = moving.to_vec();
        moving[5] = f32::NAN;
        let (_, gradient) = metric.evaluate(&moving);
        let scale = gradient.iter().fold(0f32, |m, g| m.max(g.abs()));
        assert!(scale > 0.0);
        assert_eq!(gradient[5], 0.0);
        for at in (0..moving.len()).step_by(17).filter(|&n| n != 5) {
            let value = |step: f32| {
                let mut moved = moving.clone();
                moved[at] += step;
                metric.evaluate(&moved).0
            };
            let difference = (value(0.25) - value(-0.25)) / 0.5;
            assert!(
                (difference - f64::from(gradient[at])).abs() < tolerance * f64::from(scale),
                "voxel {at}: {difference} and {}",
                gradient[at]
            );
        }
    }
}
