//! Images and masks changed a little, as another positioning, scan or reader would have changed them, to see which features hold.
//!
//! The changes are those of Zwanenburg et al. (Assessing robustness of radiomic features by image perturbation, Scientific Reports 2019;9:614), all
//! at once: rotation within the slice and translation (of the grid, so image and mask are interpolated once), noise relative to what the
//! image has, another volume, another contour. Contours are moved by a smooth random field; that paper draws supervoxels instead.
//!
//! ```
//! use triher_perturbation::{PerturbationOptions, perturb};
//! use triher_volume::{DynamicSeries, Geometry, Image, Mask, Phase};
//!
//! let geometry = Geometry::axis_aligned([16, 16, 8], [1.0, 1.0, 2.0], [0.0; 3])?;
//! let image = Image::from_fn(geometry, |[i, j, k]| (i * j + k) as f32);
//! let series = DynamicSeries::new(vec![Phase { image: image.clone(), time_s: None }, Phase { image, time_s: None }])?;
//! let lesion = Mask::from_fn(geometry, |[i, j, k]| (5..11).contains(&i) && (5..11).contains(&j) && (2..6).contains(&k));
//! let (changed, mask) = perturb(&series, &lesion, &PerturbationOptions::default(), 3)?;
//! assert_eq!(changed.phases().len(), 2);
//! assert!(mask.count() > 0);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use nalgebra::{Matrix4, Rotation3, Translation3, Unit, Vector3};
use rand::SeedableRng;
use rand_chacha::ChaCha12Rng;
use rand_distr::{Distribution, StandardNormal, Uniform};
use serde::{Deserialize, Serialize};
use triher_region::{IndexBox, RegionError, bounding_box, distance_mm};
use triher_volume::{
    DynamicSeries, Geometry, Image, Interpolation, Mask, Phase, VolumeError, crop, resample_onto,
};

/// Steps of the random field that moves contours, millimetres.
const FIELD_MM: f64 = 5.0;

/// How much images and masks are changed; 0 leaves a change out.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PerturbationOptions {
    /// Translation along each voxel axis, up to so many voxels either way.
    pub translation_voxels: f64,
    /// Rotation within the slices about the lesion's centre, up to so many degrees either way.
    pub rotation_deg: f64,
    /// Standard deviation of the noise that is added, relative to the noise that each phase is estimated to have.
    pub noise: f64,
    /// Change of volume, up to this share either way.
    pub volume: f64,
    /// Standard deviation of the contour's displacement, millimetres.
    pub contour_mm: f64,
    /// Seed; each change has a stream of its own.
    pub seed: u64,
}

impl Default for PerturbationOptions {
    fn default() -> Self {
        Self {
            translation_voxels: 0.5,
            rotation_deg: 6.0,
            noise: 1.0,
            volume: 0.15,
            contour_mm: 0.5,
            seed: 1,
        }
    }
}

/// Why nothing could be changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PerturbationError {
    /// Images and mask do not share a grid.
    #[error(transparent)]
    Volume(#[from] VolumeError),
    /// The region is empty, or its grid has no right angles.
    #[error(transparent)]
    Region(#[from] RegionError),
    /// An option has a value that makes no sense.
    #[error("{option} cannot be {value}: give {allowed}")]
    BadOption {
        /// The option.
        option: &'static str,
        /// Its value.
        value: f64,
        /// What it may be.
        allowed: &'static str,
    },
    /// Nothing of the lesion is left.
    #[error(
        "nothing of the lesion is left after it was moved: it is smaller than a voxel, or lies on the border"
    )]
    Lost,
}

impl PerturbationOptions {
    /// Checks the options.
    ///
    /// # Errors
    /// [`PerturbationError::BadOption`].
    pub fn check(&self) -> Result<(), PerturbationError> {
        for (option, value, most) in [
            ("translation_voxels", self.translation_voxels, 10.0),
            ("rotation_deg", self.rotation_deg, 90.0),
            ("noise", self.noise, 100.0),
            ("volume", self.volume, 0.9),
            ("contour_mm", self.contour_mm, 20.0),
        ] {
            if !(0.0..=most).contains(&value) {
                return Err(PerturbationError::BadOption {
                    option,
                    value,
                    allowed: "0 or more, in reason: 10 voxels, 90 degrees, 100 times the noise, 0.9 of the volume, 20 mm",
                });
            }
        }
        Ok(())
    }
}

/// The images and the mask with change number `repeat`. The same options and number give the same change of whatever images.
///
/// # Errors
/// [`PerturbationError`].
pub fn perturb(
    series: &DynamicSeries,
    lesion: &Mask,
    options: &PerturbationOptions,
    repeat: u64,
) -> Result<(DynamicSeries, Mask), PerturbationError> {
    options.check()?;
    series.pre().check_same_grid("images", lesion, "mask")?;
    let bounds = bounding_box(lesion).ok_or(RegionError::EmptyMask)?;
    let mut random = ChaCha12Rng::seed_from_u64(options.seed);
    random.set_stream(repeat);
    let mut within = |reach: f64| {
        // One number each, drawn whether or not it is used, so that options do not disturb each other.
        Uniform::new_inclusive(-1.0, 1.0).map_or(0.0, |u| u.sample(&mut random)) * reach
    };
    let shift = [0; 3].map(|_| within(options.translation_voxels));
    let angle = within(options.rotation_deg).to_radians();
    let volume = 1.0 + within(options.volume);
    let grid = moved(series.geometry(), &bounds, shift, angle)?;
    let still = shift == [0.0; 3] && angle == 0.0;
    let share = lesion.map(|&inside| f32::from(u8::from(inside)));
    let share = resample_onto(&share, &grid, Interpolation::Linear, 0.0);
    let mask = if still {
        lesion.clone()
    } else {
        share.map(|v| *v >= 0.5 - 1e-6)
    };
    if mask.count() == 0 {
        return Err(PerturbationError::Lost);
    }
    let mut phases = Vec::with_capacity(series.phases().len());
    for phase in series.phases() {
        let sigma = options.noise * noise_of(&phase.image);
        let mut image = if still {
            phase.image.clone()
        } else {
            resample_onto(&phase.image, &grid, Interpolation::Linear, 0.0)
        };
        if sigma > 0.0 {
            for voxel in image.voxels_mut() {
                let z: f64 = StandardNormal.sample(&mut random);
                *voxel += (sigma * z) as f32;
            }
        }
        phases.push(Phase {
            image,
            time_s: phase.time_s,
        });
    }
    let mask = if options.volume > 0.0 || options.contour_mm > 0.0 {
        redrawn(&mask, volume, options.contour_mm, &mut random)?
    } else {
        mask
    };
    Ok((series.with_phases(phases)?, mask))
}

/// The grid turned about the lesion's centre within the slice, and moved by voxels.
fn moved(
    geometry: &Geometry,
    bounds: &IndexBox,
    shift: [f64; 3],
    angle: f64,
) -> Result<Geometry, VolumeError> {
    let middle = std::array::from_fn(|a| 0.5 * (bounds.start[a] + bounds.end[a] - 1) as f64);
    let centre = Vector3::from(geometry.index_to_world(middle));
    let axis = Unit::new_normalize(Vector3::from(geometry.directions()[2]));
    let turn = Rotation3::from_axis_angle(&axis, angle).to_homogeneous();
    let about = Translation3::from(centre).to_homogeneous()
        * turn
        * Translation3::from(-centre).to_homogeneous();
    let step = Matrix4::new_translation(&Vector3::from(shift));
    Geometry::new(geometry.size(), about * geometry.affine() * step)
}

/// Standard deviation of an image's noise within its slices (Immerkaer, Fast noise variance estimation, Computer Vision and Image Understanding
/// 1996;64:300), of voxels above zero, so that air that was cut off to zero has no say; by the median, so that edges hardly have.
pub fn noise_of(image: &Image) -> f64 {
    let [nx, ny, _] = image.geometry().size();
    if nx < 3 || ny < 3 {
        return 0.0;
    }
    let mut residuals = Vec::new();
    for slice in image.voxels().chunks_exact(nx * ny) {
        for j in 1..ny - 1 {
            for i in 1..nx - 1 {
                let at = |dx: usize, dy: usize| f64::from(slice[i + dx - 1 + nx * (j + dy - 1)]);
                if at(1, 1) <= 0.0 {
                    continue;
                }
                let corners = at(0, 0) + at(2, 0) + at(0, 2) + at(2, 2);
                let sides = at(1, 0) + at(0, 1) + at(2, 1) + at(1, 2);
                let residual = (corners - 2.0 * sides + 4.0 * at(1, 1)).abs();
                if residual.is_finite() {
                    residuals.push(residual);
                }
            }
        }
    }
    if residuals.is_empty() {
        return 0.0;
    }
    let middle = residuals.len() / 2;
    let (_, median, _) = residuals.select_nth_unstable_by(middle, f64::total_cmp);
    // The mask's squares sum up to 36; the median of a normal deviate's size is 0.6745.
    *median / 0.674_489_75 / 6.0
}

/// A mask of another volume whose contour wanders.
fn redrawn(
    mask: &Mask,
    volume: f64,
    contour_mm: f64,
    random: &mut ChaCha12Rng,
) -> Result<Mask, PerturbationError> {
    let bounds = bounding_box(mask).ok_or(PerturbationError::Lost)?;
    let geometry = *mask.geometry();
    let (size, spacing) = (geometry.size(), geometry.spacing_mm());
    let room = |a: usize| ((4.0 + 4.0 * contour_mm) / spacing[a]).ceil() as usize + 2;
    let start: [usize; 3] = std::array::from_fn(|a| bounds.start[a].saturating_sub(room(a)));
    let end: [usize; 3] = std::array::from_fn(|a| (bounds.end[a] + room(a)).min(size[a]));
    let part = crop(mask, start, std::array::from_fn(|a| end[a] - start[a]))?;
    let outside = distance_mm(&part)?;
    let inside = distance_mm(&part.map(|v| !v))?;
    let field = random_field(part.geometry(), contour_mm, random)?;
    // Below the level that leaves the volume asked for, voxels belong to the lesion. A box that is all lesion has no outside.
    let level: Vec<f32> = (outside.voxels().iter().zip(inside.voxels()))
        .zip(field.voxels())
        .map(|((out, inn), f)| out - if inn.is_finite() { *inn } else { 0.0 } + f)
        .collect();
    let wanted = ((part.count() as f64 * volume).round() as usize).clamp(1, level.len());
    let mut sorted = level.clone();
    let (_, last, _) = sorted.select_nth_unstable_by(wanted - 1, f32::total_cmp);
    let last = *last;
    let mut new = mask.map(|_| false);
    for (at, value) in level.iter().enumerate() {
        let index = part.geometry().index_at(at);
        let place = std::array::from_fn(|a| index[a] + start[a]);
        if let Some(offset) = geometry.offset(place) {
            new.voxels_mut()[offset] = *value <= last;
        }
    }
    Ok(new)
}

/// Normal deviates on a coarse grid, linear between its points.
fn random_field(
    geometry: &Geometry,
    deviation: f64,
    random: &mut ChaCha12Rng,
) -> Result<Image, VolumeError> {
    let (size, spacing) = (geometry.size(), geometry.spacing_mm());
    let steps: [f64; 3] = std::array::from_fn(|a| (FIELD_MM / spacing[a]).max(1.0));
    let coarse: [usize; 3] =
        std::array::from_fn(|a| (size[a] as f64 / steps[a]).ceil() as usize + 2);
    let scale = Matrix4::new_nonuniform_scaling(&Vector3::from(steps));
    let grid = Geometry::new(coarse, geometry.affine() * scale)?;
    let field = Image::from_fn(grid, |_| {
        let z: f64 = StandardNormal.sample(random);
        (deviation * z) as f32
    });
    Ok(resample_onto(&field, geometry, Interpolation::Linear, 0.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn scene() -> (DynamicSeries, Mask) {
        let geometry =
            Geometry::axis_aligned([40, 36, 18], [1.0, 1.2, 2.0], [5.0, -3.0, 9.0]).unwrap();
        let image = |gain: f32| {
            Image::from_fn(geometry, |[i, j, k]| {
                gain * (100.0 + (i + 2 * j + 3 * k) as f32)
            })
        };
        let phases = [1.0, 1.5].map(|gain| Phase {
            image: image(gain),
            time_s: None,
        });
        let lesion = Mask::from_fn(geometry, |[i, j, k]| {
            let d = [
                i as f64 - 20.0,
                1.2 * (j as f64 - 18.0),
                2.0 * (k as f64 - 9.0),
            ];
            d.iter().map(|v| v * v).sum::<f64>() < 64.0
        });
        (DynamicSeries::new(phases.into()).unwrap(), lesion)
    }

    fn only(change: impl Fn(&mut PerturbationOptions)) -> PerturbationOptions {
        let mut options = PerturbationOptions {
            translation_voxels: 0.0,
            rotation_deg: 0.0,
            noise: 0.0,
            volume: 0.0,
            contour_mm: 0.0,
            seed: 5,
        };
        change(&mut options);
        options
    }

    #[test]
    fn nothing_asked_for_changes_nothing() {
        let (series, lesion) = scene();
        let (same, mask) = perturb(&series, &lesion, &only(|_| {}), 4).unwrap();
        assert_eq!(mask.voxels(), lesion.voxels());
        assert_eq!(same.pre().voxels(), series.pre().voxels());
    }

    #[test]
    fn a_linear_image_is_moved_with_its_mask() {
        let (series, lesion) = scene();
        let options = only(|o| {
            o.translation_voxels = 2.0;
            o.rotation_deg = 10.0;
        });
        let (moved, mask) = perturb(&series, &lesion, &options, 1).unwrap();
        // The mean over the lesion is that at its centre, which goes along.
        let mean = |series: &DynamicSeries, mask: &Mask| {
            let pairs = series.pre().voxels().iter().zip(mask.voxels());
            let inside: Vec<f64> = pairs.filter(|p| *p.1).map(|p| f64::from(*p.0)).collect();
            inside.iter().sum::<f64>() / inside.len() as f64
        };
        assert!((mean(&moved, &mask) - mean(&series, &lesion)).abs() < 0.8);
        assert!(moved.pre().voxels() != series.pre().voxels());
        let ratio = mask.count() as f64 / lesion.count() as f64;
        assert!((ratio - 1.0).abs() < 0.05, "{ratio}");
    }

    #[test]
    fn noise_is_measured_and_added() {
        let geometry = Geometry::axis_aligned([64, 64, 4], [1.0; 3], [0.0; 3]).unwrap();
        let mut random = ChaCha12Rng::seed_from_u64(3);
        let noisy = Image::from_fn(geometry, |[i, j, _]| {
            let z: f64 = StandardNormal.sample(&mut random);
            (500.0 + i as f64 + 2.0 * j as f64 + 12.0 * z) as f32
        });
        assert!(
            (noise_of(&noisy) - 12.0).abs() < 0.6,
            "{}",
            noise_of(&noisy)
        );
        let phases = vec![
            Phase {
                image: noisy.clone(),
                time_s: None,
            },
            Phase {
                image: noisy,
                time_s: None,
            },
        ];
        let series = DynamicSeries::new(phases).unwrap();
        let lesion = Mask::filled(geometry, true);
        let (more, _) = perturb(&series, &lesion, &only(|o| o.noise = 1.0), 1).unwrap();
        assert!((noise_of(more.pre()) - 12.0 * 2f64.sqrt()).abs() < 1.0);
    }

    #[test]
    fn bad_options_and_regions_are_told() {
        let (series, lesion) = scene();
        let error = perturb(&series, &lesion, &only(|o| o.volume = f64::NAN), 1).unwrap_err();
        assert!(error.to_string().contains("volume"), "{error}");
        let empty = lesion.map(|_| false);
        assert!(perturb(&series, &empty, &only(|_| {}), 1).is_err());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]

        /// The volume changes by no more than was allowed, the number gives the change, and other numbers others.
        #[test]
        fn volumes_stay_within_bounds(repeat in 0u64..1000, volume in 0.01f64..0.4, contour in 0f64..1.5) {
            let (series, lesion) = scene();
            let options = only(|o| { o.volume = volume; o.contour_mm = contour; });
            let (_, mask) = perturb(&series, &lesion, &options, repeat).unwrap();
            let ratio = mask.count() as f64 / lesion.count() as f64;
            prop_assert!((ratio - 1.0).abs() <= volume + 1e-3, "{ratio}");
            let (_, again) = perturb(&series, &lesion, &options, repeat).unwrap();
            prop_assert_eq!(again.voxels(), mask.voxels());
        }
    }
}
