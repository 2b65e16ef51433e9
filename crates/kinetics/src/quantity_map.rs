//! Any quantity of the enhancement curve as a map of a whole image.

use crate::{KineticsError, Quantity};
use rayon::prelude::*;
use triher_volume::{DynamicSeries, Image, Provenance, Volume};

/// Voxels that one task takes at least.
const MIN_VOXELS_PER_TASK: usize = 1 << 14;

/// A [`Quantity`] at every voxel, in its unit; not a number where [`Quantity::of`] is `None` or `S(0)` is below `background`.
///
/// # Errors
/// [`KineticsError::BadOption`] when no voxel of such a series can have the quantity: it needs times, or a second phase after contrast.
pub fn quantity_map(
    series: &DynamicSeries,
    quantity: Quantity,
    background: f32,
) -> Result<Image, KineticsError> {
    let times = series.times_s();
    if let Some(missing) = quantity.missing(series.phases().len(), times.is_some()) {
        return Err(KineticsError::BadOption {
            option: "the quantity of a map",
            value: format!("{} ({missing})", quantity.name()),
            allowed: "one that these phases have",
        });
    }
    curve_map(series, background, quantity.definition(), |curve| {
        quantity.of(curve, times.as_deref()).map(|v| v as f32)
    })
}

/// What a function gives for the curve of each voxel; not a number where it gives nothing or `S(0)` is below `background`.
pub(crate) fn curve_map(
    series: &DynamicSeries,
    background: f32,
    step: &str,
    of: impl Fn(&[f64]) -> Option<f32> + Sync,
) -> Result<Image, KineticsError> {
    let phases: Vec<&[f32]> = series.phases().iter().map(|p| p.image.voxels()).collect();
    let pre = series.pre();
    let voxels = (0..pre.voxels().len())
        .into_par_iter()
        .with_min_len(MIN_VOXELS_PER_TASK)
        .map_init(
            || vec![0f64; phases.len()],
            |curve, offset| {
                // Not the opposite comparison: a voxel that is not a number is no tissue.
                let tissue = phases[0][offset] >= background;
                if !tissue {
                    return f32::NAN;
                }
                for (value, phase) in curve.iter_mut().zip(&phases) {
                    *value = f64::from(phase[offset]);
                }
                of(curve).unwrap_or(f32::NAN)
            },
        )
        .collect();
    let provenance = Provenance::from_source(pre.provenance().source.clone()).with_step(step);
    Ok(Volume::new(*pre.geometry(), voxels, provenance)?)
}
