//! Voxels as the 16-bit numbers that DICOM stores.

use crate::DicomWriteError;
use crate::elements::{Elements, decimal};
use dicom_core::VR;
use dicom_dictionary_std::tags;
use triher_volume::DynamicSeries;

/// Steps that a range of fractions is cut into.
const STEPS: f64 = 65_535.0;

/// How voxels become stored numbers: `value = stored * slope + intercept`, the same for all phases.
#[derive(Debug)]
pub(crate) struct Scale {
    pub(crate) slope: f64,
    pub(crate) intercept: f64,
    signed: bool,
}

impl Scale {
    /// Whole numbers are stored as they are where they fit; anything else over 65,535 steps of its range.
    pub(crate) fn of(series: &DynamicSeries) -> Result<Self, DicomWriteError> {
        let (mut low, mut high, mut whole) = (f32::INFINITY, f32::NEG_INFINITY, true);
        for (phase, image) in series.phases().iter().map(|p| &p.image).enumerate() {
            for &value in image.voxels() {
                if !value.is_finite() {
                    return Err(DicomWriteError::NotFinite { phase, value });
                }
                low = low.min(value);
                high = high.max(value);
                whole &= value.fract() == 0.0;
            }
        }
        let (low, high) = (f64::from(low), f64::from(high));
        let exact = |signed| Self {
            slope: 1.0,
            intercept: 0.0,
            signed,
        };
        if whole && low >= 0.0 && high <= 65_535.0 {
            return Ok(exact(false));
        }
        if whole && low >= -32_768.0 && high <= 32_767.0 {
            return Ok(exact(true));
        }
        // Rounded to what a decimal string holds, so that reader and writer use the same numbers.
        let rounded = |v: f64| decimal(v).parse().unwrap_or(v);
        let slope = rounded((high - low) / STEPS);
        Ok(Self {
            // The range of one value, and one that is too narrow for a decimal string, is one step.
            slope: if slope > 0.0 { slope } else { 1.0 },
            intercept: rounded(low),
            signed: false,
        })
    }

    /// The stored number of a voxel; rounding of the slope may put the ends one step outside, and they are held inside.
    pub(crate) fn stored(&self, value: f32) -> [u8; 2] {
        let number = ((f64::from(value) - self.intercept) / self.slope).round();
        // Float to integer saturates.
        if self.signed {
            (number as i16).to_le_bytes()
        } else {
            (number as u16).to_le_bytes()
        }
    }

    /// Voxels as little-endian bytes.
    pub(crate) fn pixels<'a>(&'a self, voxels: &'a [f32]) -> impl Iterator<Item = u8> + 'a {
        voxels.iter().flat_map(|&v| self.stored(v))
    }

    /// The attributes of the pixel description.
    pub(crate) fn put(&self, e: &mut Elements) {
        e.short(tags::SAMPLES_PER_PIXEL, 1)
            .text(tags::PHOTOMETRIC_INTERPRETATION, VR::CS, "MONOCHROME2")
            .short(tags::BITS_ALLOCATED, 16)
            .short(tags::BITS_STORED, 16)
            .short(tags::HIGH_BIT, 15)
            .short(tags::PIXEL_REPRESENTATION, u16::from(self.signed));
    }

    /// Whether stored numbers are the values themselves.
    pub(crate) fn is_identity(&self) -> bool {
        (self.slope, self.intercept) == (1.0, 0.0)
    }

    /// Slope, intercept and type.
    pub(crate) fn put_rescale(&self, e: &mut Elements) {
        e.decimals(tags::RESCALE_INTERCEPT, &[self.intercept])
            .decimals(tags::RESCALE_SLOPE, &[self.slope])
            .text(tags::RESCALE_TYPE, VR::LO, "US");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use triher_volume::{Geometry, Image, Phase, Volume};

    fn series(values: [f32; 4]) -> DynamicSeries {
        let grid = Geometry::axis_aligned([2, 1, 1], [1.0; 3], [0.0; 3]).unwrap();
        let image =
            |v: &[f32]| -> Image { Volume::new(grid, v.to_vec(), Default::default()).unwrap() };
        let phase = |v| Phase {
            image: image(v),
            time_s: None,
        };
        DynamicSeries::new(vec![phase(&values[..2]), phase(&values[2..])]).unwrap()
    }

    fn read(scale: &Scale, value: f32) -> f64 {
        let bytes = scale.stored(value);
        let stored = if scale.signed {
            f64::from(i16::from_le_bytes(bytes))
        } else {
            f64::from(u16::from_le_bytes(bytes))
        };
        stored * scale.slope + scale.intercept
    }

    proptest! {
        #[test]
        fn whole_numbers_are_exact(values: [u16; 4], negative: [i16; 4]) {
            let values = values.map(f32::from);
            let scale = Scale::of(&series(values)).unwrap();
            prop_assert!(values.iter().all(|v| read(&scale, *v) == f64::from(*v)));
            let negative = negative.map(f32::from);
            let scale = Scale::of(&series(negative)).unwrap();
            prop_assert!(negative.iter().all(|v| read(&scale, *v) == f64::from(*v)));
        }

        #[test]
        fn fractions_are_within_half_a_step(values in prop::array::uniform4(-1e6f32..1e6)) {
            let scale = Scale::of(&series(values)).unwrap();
            for v in values {
                // Half a step, and what rounding slope and intercept to 16 characters adds.
                let error = (read(&scale, v) - f64::from(v)).abs();
                prop_assert!(error <= 0.5 * scale.slope + 1e-5, "{error} {scale:?}");
            }
        }
    }

    #[test]
    fn one_value_and_extremes() {
        for values in [
            [0.5; 4],
            [-0.5; 4],
            [f32::MIN_POSITIVE, 0.0, 0.0, 0.0],
            [1e30; 4],
        ] {
            let scale = Scale::of(&series(values)).unwrap();
            assert!(scale.slope > 0.0);
            let error = (read(&scale, values[0]) - f64::from(values[0])).abs();
            assert!(
                error <= 1e-9 * f64::from(values[0].abs()).max(1.0),
                "{values:?} {error}"
            );
        }
        let wide = Scale::of(&series([f32::MIN, f32::MAX, 0.0, 0.5])).unwrap();
        assert!(read(&wide, f32::MAX) > 3.3e38);
    }
}
