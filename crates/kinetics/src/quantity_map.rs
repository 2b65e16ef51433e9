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
    let phases: Vec<&[f32]> = series.phases().iter().map(|p| p.image.voxels()).collect();
    if let Some(missing) = quantity.missing(phases.len(), times.is_some()) {
        return Err(KineticsError::BadOption {
            option: "the quantity of a map",
            value: format!("{} ({missing})", quantity.name()),
            allowed: "one that these phases have",
        });
    }
    let pre = series.pre();
    let voxels = (0..pre.voxels().len())
        .into_par_iter()
        .with_min_len(MIN_VOXELS_PER_TASK)
        .map_init(
            || vec![0f64; phases.len()],
            |curve, offset| {
                for (value, phase) in curve.iter_mut().zip(&phases) {
                    *value = f64::from(phase[offset]);
                }
                let tissue = phases[0][offset] >= background;
                let value = tissue.then(|| quantity.of(curve, times.as_deref()));
                value.flatten().map_or(f32::NAN, |v| v as f32)
            },
        )
        .collect();
    let provenance =
        Provenance::from_source(pre.provenance().source.clone()).with_step(quantity.definition());
    Ok(Volume::new(*pre.geometry(), voxels, provenance)?)
}
