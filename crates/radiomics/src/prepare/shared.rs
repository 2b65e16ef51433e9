//! One region in several images of a study: what depends on the mask alone is prepared once.

use super::{Region, normalise, resegment, with_margin};
use crate::RadiomicsError;
use crate::settings::{Resampling, Settings};
use triher_region::{IndexBox, bounding_box};
use triher_volume::{Geometry, Image, Mask, crop, resample_onto};

/// The part of a [`Region`] that all phases of a study share: the box about the mask, the grid it is resampled to and the mask on that grid.
#[derive(Clone, Debug)]
pub struct SharedRegion {
    whole: Geometry,
    around: IndexBox,
    resampling: Option<Resampling>,
    morphological: Mask,
}

impl SharedRegion {
    /// What the other images of a study share with a region that was prepared from one of them, with this mask and these settings.
    ///
    /// # Errors
    /// [`RadiomicsError::EmptyMask`].
    pub fn of(region: &Region, mask: &Mask, settings: &Settings) -> Result<Self, RadiomicsError> {
        let bounds = bounding_box(mask).ok_or(RadiomicsError::EmptyMask)?;
        Ok(Self {
            whole: *mask.geometry(),
            around: with_margin(
                bounds,
                mask.geometry(),
                settings.resampling.as_ref(),
                [0.0; 3],
            ),
            resampling: settings.resampling,
            morphological: region.morphological.clone(),
        })
    }

    /// The region in another image: the same as [`Region::prepare`] gives, voxel for voxel.
    ///
    /// # Errors
    /// As [`Region::prepare`]; [`RadiomicsError::BadSetting`] when the settings resample in another way than those that the region was prepared with.
    pub fn prepare(&self, image: &Image, settings: &Settings) -> Result<Region, RadiomicsError> {
        settings.check()?;
        let mask = Mask::filled(self.whole, false);
        image.check_same_grid("image", &mask, "mask")?;
        if settings.resampling != self.resampling {
            return Err(RadiomicsError::BadSetting {
                setting: "resampling",
                value: format!("{:?}", settings.resampling),
                allowed: "the resampling that the shared region was prepared with",
            });
        }
        let mut cut = crop(image, self.around.start, self.around.size())?;
        normalise(&mut cut, image, settings.normalisation);
        let image = match &self.resampling {
            None => cut,
            Some(resampling) => {
                let grid = self.morphological.geometry();
                let mut new = resample_onto(&cut, grid, resampling.interpolation, 0.0);
                if resampling.round {
                    for voxel in new.voxels_mut() {
                        *voxel = voxel.round_ties_even();
                    }
                }
                new
            }
        };
        let intensity = resegment(&image, &self.morphological, settings.resegmentation)?;
        Ok(Region {
            image,
            morphological: self.morphological.clone(),
            intensity,
            range: settings.resegmentation.range,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Normalisation, Resegmentation};
    use triher_volume::Interpolation;

    #[test]
    fn a_shared_region_is_the_region_itself() {
        let grid = Geometry::axis_aligned([30, 28, 14], [0.9, 0.9, 2.0], [3.0, -2.0, 5.0]).unwrap();
        // A voxel without a number spreads over the whole of a cubic spline: there it is left out.
        let phase = |n: usize, hole: bool| {
            Image::from_fn(grid, |[i, j, k]| {
                let value = (i * 7 + j * 13 + k * 5 + n * 11) % 23 + n * i;
                if hole && [i, j, k] == [12, 14, 7] {
                    f32::NAN
                } else {
                    value as f32
                }
            })
        };
        let mask = Mask::from_fn(grid, |[i, j, k]| {
            i.abs_diff(13) < 5 && j.abs_diff(14) < 4 && k.abs_diff(7) < 3
        });
        let resampled = |interpolation, round| Resampling {
            spacing_mm: [1.0; 3],
            interpolation,
            round,
            mask_interpolation: Interpolation::Linear,
            mask_threshold: 0.5,
        };
        for resampling in [
            None,
            Some(resampled(Interpolation::Linear, false)),
            Some(resampled(Interpolation::Nearest, true)),
            Some(resampled(Interpolation::CubicBSpline, false)),
        ] {
            let cubic = |r: Resampling| r.interpolation == Interpolation::CubicBSpline;
            let hole = !resampling.is_some_and(cubic);
            let settings = Settings {
                resampling,
                normalisation: Normalisation::ZScore { scale: 100.0 },
                resegmentation: Resegmentation {
                    range: None,
                    outlier_sigma: Some(2.0),
                },
                ..Settings::default()
            };
            let first = Region::prepare(&phase(0, hole), &mask, &settings).unwrap();
            let shared = SharedRegion::of(&first, &mask, &settings).unwrap();
            for n in 0..3 {
                let own = Region::prepare(&phase(n, hole), &mask, &settings).unwrap();
                let other = shared.prepare(&phase(n, hole), &settings).unwrap();
                let bits = |image: &Image| {
                    image
                        .voxels()
                        .iter()
                        .map(|v| v.to_bits())
                        .collect::<Vec<_>>()
                };
                assert_eq!(bits(&own.image), bits(&other.image));
                assert_eq!(own.image.geometry(), other.image.geometry());
                assert_eq!(own.morphological, other.morphological);
                assert_eq!(own.intensity.voxels(), other.intensity.voxels());
            }
            let elsewhere = Settings {
                resampling: Some(resampled(Interpolation::Linear, true)),
                ..settings
            };
            let error = shared.prepare(&phase(1, hole), &elsewhere).unwrap_err();
            assert!(
                matches!(error, RadiomicsError::BadSetting { .. }),
                "{error}"
            );
        }
    }
}
