//! The functional tumour volume and its parts by signal enhancement ratio.

use crate::voxels::LesionVoxels;
use crate::{KineticsError, Quantity};
use serde::{Deserialize, Serialize};
use triher_volume::{DynamicSeries, Mask};

/// Cut-offs of the signal enhancement ratio that part the functional tumour volume.
///
/// The defaults, 0.9, 1.0 and 1.3, are **chosen here** and are no standard: give those of the study that is to be repeated.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SerCutoffs {
    /// Percent enhancement of the first phase from which on a voxel counts.
    pub minimum_pe_percent: f64,
    /// Strictly increasing ratios; range `n` goes from cut-off `n - 1`, included, to cut-off `n`, excluded.
    pub cutoffs: Vec<f64>,
}

impl Default for SerCutoffs {
    fn default() -> Self {
        Self {
            minimum_pe_percent: 70.0,
            cutoffs: vec![0.9, 1.0, 1.3],
        }
    }
}

impl SerCutoffs {
    /// Checks the cut-offs.
    ///
    /// # Errors
    /// [`KineticsError::BadOption`] when the threshold is not finite, the cut-offs do not increase, or there are more than 16.
    pub fn check(&self) -> Result<(), KineticsError> {
        let bad = |option, value, allowed| {
            Err(KineticsError::BadOption {
                option,
                value,
                allowed,
            })
        };
        if !self.minimum_pe_percent.is_finite() {
            let value = self.minimum_pe_percent.to_string();
            return bad("minimum_pe_percent", value, "a finite number of percent");
        }
        let cutoffs = &self.cutoffs;
        let rising = cutoffs.windows(2).all(|w| w[1] > w[0]);
        if cutoffs.len() > 16 || !rising || cutoffs.iter().any(|c| !c.is_finite()) {
            let value = format!("{cutoffs:?}");
            return bad(
                "cutoffs",
                value,
                "up to 16 finite ratios in increasing order",
            );
        }
        Ok(())
    }
}

/// A functional tumour volume and its parts, cubic millimetres.
#[derive(Clone, Debug, PartialEq)]
pub struct FunctionalVolume {
    /// All voxels that reach the percent enhancement.
    pub volume_mm3: f64,
    /// Of these, the ones in each range of the ratio: one range more than there are cut-offs.
    pub by_ser_mm3: Vec<f64>,
    /// Of these, the ones without a ratio, as their early or late enhancement is not positive.
    pub without_ser_mm3: f64,
}

/// Parts a lesion's functional tumour volume (percent enhancement of the first phase at or above a threshold, as Hylton et al.,
/// Radiology 2012;263:663) by [`Quantity::SignalEnhancementRatio`].
///
/// The ratio is cut at [`Quantity::MAX_SER`], which a cut-off above it would leave empty. NumPy gives the same volumes
/// to 1e-12 relative (`tests/functional_volume.rs`).
///
/// # Errors
/// [`KineticsError::BadOption`] when the threshold is not finite or the cut-offs do not increase, or when the series has one phase after
/// contrast; otherwise as [`features`](crate::features).
pub fn functional_volume(
    series: &DynamicSeries,
    lesion: &Mask,
    options: &SerCutoffs,
) -> Result<FunctionalVolume, KineticsError> {
    options.check()?;
    if series.post().len() < 2 {
        return Err(KineticsError::BadOption {
            option: "the number of phases after contrast",
            value: "1".to_owned(),
            allowed: "an early and a late phase",
        });
    }
    let voxels = LesionVoxels::collect(series, lesion)?;
    let voxel_mm3 = lesion.geometry().voxel_volume_mm3();
    Ok(functional_of(&voxels, voxel_mm3, options))
}

/// The parts of voxels that were collected; options have been checked.
pub(crate) fn functional_of(
    voxels: &LesionVoxels,
    voxel_mm3: f64,
    options: &SerCutoffs,
) -> FunctionalVolume {
    let cutoffs = &options.cutoffs;
    let (mut parts, mut without) = (vec![0usize; cutoffs.len() + 1], 0usize);
    for curve in voxels.curves() {
        let early = Quantity::PercentEnhancementEarly.of(curve, None);
        if early.is_none_or(|pe| pe < options.minimum_pe_percent) {
            continue;
        }
        match Quantity::SignalEnhancementRatio.of(curve, None) {
            Some(ratio) => parts[cutoffs.partition_point(|&cutoff| cutoff <= ratio)] += 1,
            None => without += 1,
        }
    }
    let volume = |count: usize| count as f64 * voxel_mm3;
    FunctionalVolume {
        volume_mm3: volume(parts.iter().sum::<usize>() + without),
        by_ser_mm3: parts.into_iter().map(volume).collect(),
        without_ser_mm3: volume(without),
    }
}
