//! What a voxel's curve is described by.

use crate::{HabitatError, Samples};
use triher_volume::{DynamicSeries, Mask};

/// Names of the numbers of [`voxel_curves`], in their order.
pub const CURVE_FEATURES: [&str; 4] = [
    "wash_in_fraction",
    "peak_enhancement_fraction",
    "wash_out_fraction",
    "time_to_peak_fraction",
];

/// The voxels of a region, each described by its curve.
#[derive(Clone, Debug, PartialEq)]
pub struct VoxelCurves {
    /// A row for each voxel that could be described, with the numbers of [`CURVE_FEATURES`].
    pub samples: Samples,
    /// Where these voxels lie in memory, rising.
    pub offsets: Vec<usize>,
    /// Voxels of the region that were left out: not finite in some phase, or without signal before contrast.
    pub left_out: usize,
}

/// Describes every voxel of a region by four numbers without units, so that the scanner's gain does not matter:
///
/// * wash-in: `(S1 - S0) / S0`, the first phase after contrast against the one before;
/// * peak enhancement: `(Smax - S0) / S0`;
/// * wash-out: `(Smax - Slast) / Smax`, 0 for a curve that still rises;
/// * time to the largest signal as a fraction of the time of the last phase (of the number of phases where no times are known).
///
/// # Errors
/// [`HabitatError::Volume`] when mask and images differ in their grids, [`HabitatError::EmptyRegion`].
pub fn voxel_curves(series: &DynamicSeries, region: &Mask) -> Result<VoxelCurves, HabitatError> {
    series.pre().check_same_grid("images", region, "mask")?;
    let phases = series.phases();
    let last = phases.len() - 1;
    let times = series
        .times_s()
        .unwrap_or_else(|| (0..phases.len()).map(|n| n as f64).collect());
    let (mut values, mut offsets, mut left_out) = (Vec::new(), Vec::new(), 0);
    for (offset, _) in region.voxels().iter().enumerate().filter(|v| *v.1) {
        let signal = |phase: usize| f64::from(phases[phase].image.voxels()[offset]);
        let before = signal(0);
        let finite = (0..=last).all(|phase| signal(phase).is_finite());
        if !finite || before <= 0.0 {
            left_out += 1;
            continue;
        }
        let peak = (2..=last).fold(1, |best, n| if signal(n) > signal(best) { n } else { best });
        let largest = signal(peak);
        let wash_out = if largest > 0.0 {
            (largest - signal(last)) / largest
        } else {
            0.0
        };
        offsets.push(offset);
        values.extend([
            (signal(1) - before) / before,
            (largest - before) / before,
            wash_out,
            times[peak] / times[last],
        ]);
    }
    if offsets.is_empty() {
        return Err(HabitatError::EmptyRegion {
            remedy: "check that the mask is this patient's",
        });
    }
    Ok(VoxelCurves {
        samples: Samples::new(CURVE_FEATURES.len(), values)?,
        offsets,
        left_out,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use triher_volume::{Geometry, Image, Phase};

    #[test]
    fn curves_are_described() {
        let geometry = Geometry::axis_aligned([4, 1, 1], [1.0; 3], [0.0; 3]).unwrap();
        let curves: [[f32; 4]; 4] = [
            [100.0, 250.0, 200.0, 150.0],
            [50.0, 60.0, 70.0, 80.0],
            [0.0, 60.0, 70.0, 80.0],
            [9.0, f32::NAN, 1.0, 1.0],
        ];
        let phase = |n: usize| Phase {
            image: Image::from_fn(geometry, |[i, _, _]| curves[i][n]),
            time_s: Some([0.0, 60.0, 120.0, 300.0][n]),
        };
        let series = DynamicSeries::new((0..4).map(phase).collect()).unwrap();
        let all = Mask::filled(geometry, true);
        let found = voxel_curves(&series, &all).unwrap();
        assert_eq!((found.offsets.as_slice(), found.left_out), (&[0, 1][..], 2));
        assert_eq!(found.samples.row(0), [1.5, 1.5, 0.4, 0.2]);
        assert_eq!(found.samples.row(1), [0.2, 0.6, 0.0, 1.0]);
        let nothing = Mask::filled(geometry, false);
        assert!(voxel_curves(&series, &nothing).is_err());
    }
}
