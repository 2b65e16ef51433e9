//! Early enhancement of the whole image, smoothed.

use crate::DetectionError;
use crate::breast::SMOOTH_MM;
use triher_volume::{DynamicSeries, Image, Volume, anti_alias};

/// Phases up to here are early, seconds after the first.
const EARLY_S: f64 = 180.0;

/// Number of the early phases after contrast: those of the first three minutes, or the first third where no times are known; at least one.
pub(crate) fn early_phases(series: &DynamicSeries) -> usize {
    let early = match series.times_s() {
        Some(times) => times.iter().skip(1).filter(|&&t| t <= EARLY_S).count(),
        None => series.post().len().div_ceil(3),
    };
    early.max(1)
}

/// Mean of the early phases minus the phase before contrast, smoothed; 0 where something is not finite.
pub(crate) fn early_enhancement(series: &DynamicSeries) -> Result<Image, DetectionError> {
    let early = &series.post()[..early_phases(series)];
    let pre = series.pre().voxels();
    let mut mean = vec![0f32; pre.len()];
    for phase in early {
        for ((sum, after), before) in mean.iter_mut().zip(phase.image.voxels()).zip(pre) {
            *sum += after - before;
        }
    }
    for value in &mut mean {
        *value /= early.len() as f32;
        if !value.is_finite() {
            *value = 0.0;
        }
    }
    let image = Volume::new(*series.geometry(), mean, Default::default())?;
    Ok(anti_alias(&image, [SMOOTH_MM; 3]))
}

/// The value below which a share of the values lies; 0 without values. Changes their order.
pub(crate) fn quantile(values: &mut [f32], share: f64) -> f64 {
    if values.is_empty() {
        return 0.0;
    }
    let rank = ((values.len() - 1) as f64 * share.clamp(0.0, 1.0)) as usize;
    f64::from(*values.select_nth_unstable_by(rank, f32::total_cmp).1)
}
