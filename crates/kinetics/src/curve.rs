//! The mean enhancement curve of a lesion and its type.

use crate::KineticsError;
use crate::voxels::LesionVoxels;
use serde::{Deserialize, Serialize};
use std::fmt;
use triher_volume::{DynamicSeries, Mask};

/// Mean intensity of the lesion in each phase, in the units of the images; voxels are left out as [`VoxelCounts`](crate::VoxelCounts)
/// says.
///
/// # Errors
/// [`KineticsError::Volume`] when mask and images do not share a grid, [`KineticsError::Region`] when the mask is empty,
/// [`KineticsError::NoUsableVoxels`].
pub fn curve(series: &DynamicSeries, lesion: &Mask) -> Result<Vec<f64>, KineticsError> {
    Ok(LesionVoxels::collect(series, lesion)?.mean_curve())
}

/// What a curve does after its first phase after contrast (Kuhl et al., Radiology 1999;211:101).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CurveType {
    /// Type I: it goes on rising.
    Persistent,
    /// Type II: it stays.
    Plateau,
    /// Type III: it falls.
    WashOut,
}

impl CurveType {
    /// The type of a change between the first and the last phase after contrast: a plateau within the tolerance, both in percent.
    pub(crate) fn of_change(change_percent: f64, tolerance_percent: f64) -> Self {
        if change_percent > tolerance_percent {
            Self::Persistent
        } else if change_percent < -tolerance_percent {
            Self::WashOut
        } else {
            Self::Plateau
        }
    }
}

impl fmt::Display for CurveType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Persistent => "persistent",
            Self::Plateau => "plateau",
            Self::WashOut => "wash-out",
        })
    }
}

/// The type of an intensity curve (pre-contrast phase first): by the change from the first to the last phase after contrast, in
/// percent of the first; within `tolerance_percent` (10 is usual) it is a plateau.
///
/// `None` with fewer than two phases after contrast, or when the first of them has no positive intensity.
pub fn curve_type(curve: &[f64], tolerance_percent: f64) -> Option<CurveType> {
    let [_, first, .., last] = curve else {
        return None;
    };
    let change = 100.0 * (last - first) / first;
    (*first > 0.0 && change.is_finite()).then(|| CurveType::of_change(change, tolerance_percent))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_follow_the_change_after_the_first_phase() {
        let of = |curve: &[f64]| curve_type(curve, 10.0);
        assert_eq!(of(&[100.0, 200.0, 230.0]), Some(CurveType::Persistent));
        assert_eq!(of(&[100.0, 200.0, 260.0, 220.0]), Some(CurveType::Plateau));
        assert_eq!(of(&[100.0, 200.0, 179.0]), Some(CurveType::WashOut));
        assert_eq!(of(&[100.0, 200.0]), None);
        assert_eq!(of(&[100.0, 0.0, 10.0]), None);
        assert_eq!(of(&[100.0, f64::NAN, 10.0]), None);
        assert_eq!(of(&[]), None);
    }
}
