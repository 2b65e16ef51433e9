//! From image and mask to the region that is measured: normalisation, resampling, resegmentation.

mod shared;

pub use shared::SharedRegion;

use crate::RadiomicsError;
use crate::settings::{Normalisation, Resampling, Resegmentation, Settings};
use nalgebra::Matrix4;
use triher_region::{IndexBox, bounding_box};
use triher_volume::{Geometry, Image, Interpolation, Mask, crop, resample_onto};

/// Radius of the sphere of one cubic centimetre, about whose mean the IBSI's intensity peaks are.
pub(crate) const PEAK_RADIUS_MM: f64 = 6.203_504_908_994;

/// Voxels about a region that its cubic spline is made of: beyond them a voxel's weight is below 1e-9.
const SPLINE_MARGIN: usize = 16;

/// A region ready to be measured: image and masks on one grid, cut to the region and what surrounds it.
#[derive(Clone, Debug)]
pub struct Region {
    /// Intensities.
    pub image: Image,
    /// The whole region: what shape is measured on.
    pub morphological: Mask,
    /// The part of it whose intensities count.
    pub intensity: Mask,
    /// The range of the resegmentation, when there is one.
    pub range: Option<[f64; 2]>,
}

impl Region {
    /// Prepares the region of a mask.
    ///
    /// The image is cut to the region first, with a margin that leaves every value as the whole image gives it (for the
    /// cubic spline to 1e-9 of the image's range).
    ///
    /// # Errors
    /// [`RadiomicsError`]: another grid, an empty mask, settings that make no sense, no voxel left.
    pub fn prepare(
        image: &Image,
        mask: &Mask,
        settings: &Settings,
    ) -> Result<Self, RadiomicsError> {
        settings.check()?;
        image.check_same_grid("image", mask, "mask")?;
        Self::prepare_about(image, mask, settings, [0.0; 3])
    }

    /// Prepares the region with so many millimetres more about it.
    pub(crate) fn prepare_about(
        image: &Image,
        mask: &Mask,
        settings: &Settings,
        more_mm: [f64; 3],
    ) -> Result<Self, RadiomicsError> {
        let bounds = bounding_box(mask).ok_or(RadiomicsError::EmptyMask)?;
        let resampling = settings.resampling.as_ref();
        let around = with_margin(bounds, image.geometry(), resampling, more_mm);
        let whole = *image.geometry();
        let mut cut = crop(image, around.start, around.size())?;
        normalise(&mut cut, image, settings.normalisation);
        let cut_mask = crop(mask, around.start, around.size())?;
        let (image, morphological) = match &settings.resampling {
            None => (cut, cut_mask),
            Some(resampling) => resample(&whole, &around, &cut, &cut_mask, resampling)?,
        };
        let intensity = resegment(&image, &morphological, settings.resegmentation)?;
        Ok(Self {
            image,
            morphological,
            intensity,
            range: settings.resegmentation.range,
        })
    }

    /// Prepares the region without cutting the image, so that the whole grid can be looked at.
    ///
    /// # Errors
    /// As [`Region::prepare`].
    pub fn prepare_whole(
        image: &Image,
        mask: &Mask,
        settings: &Settings,
    ) -> Result<Self, RadiomicsError> {
        settings.check()?;
        image.check_same_grid("image", mask, "mask")?;
        let whole = *image.geometry();
        let mut normalised = image.clone();
        normalise(&mut normalised, image, settings.normalisation);
        let all = IndexBox {
            start: [0; 3],
            end: whole.size(),
        };
        let (image, morphological) = match &settings.resampling {
            None => (normalised, mask.clone()),
            Some(resampling) => resample(&whole, &all, &normalised, mask, resampling)?,
        };
        let intensity = resegment(&image, &morphological, settings.resegmentation)?;
        Ok(Self {
            image,
            morphological,
            intensity,
            range: settings.resegmentation.range,
        })
    }

    /// Intensities that count, in the grid's order.
    pub fn intensities(&self) -> Vec<f64> {
        let pairs = self.image.voxels().iter().zip(self.intensity.voxels());
        pairs
            .filter(|(_, inside)| **inside)
            .map(|(v, _)| f64::from(*v))
            .collect()
    }
}

/// The region's box and what its resampling and its intensity peaks reach for.
fn with_margin(
    bounds: IndexBox,
    geometry: &Geometry,
    resampling: Option<&Resampling>,
    more_mm: [f64; 3],
) -> IndexBox {
    let spacing = geometry.spacing_mm();
    let reach = |axis: usize| {
        let (new, support) = match resampling {
            None => (0.0, 1),
            Some(r) => (
                r.spacing_mm[axis],
                if r.interpolation == Interpolation::CubicBSpline
                    || r.mask_interpolation == Interpolation::CubicBSpline
                {
                    SPLINE_MARGIN
                } else {
                    2
                },
            ),
        };
        // Interpolated voxels of the mask lie up to a voxel outside of it, and their peaks' spheres about them.
        let millimetres = PEAK_RADIUS_MM + 2.0 * new + more_mm[axis];
        (millimetres / spacing[axis]).ceil() as usize + support
    };
    let size = geometry.size();
    IndexBox {
        start: std::array::from_fn(|a| bounds.start[a].saturating_sub(reach(a))),
        end: std::array::from_fn(|a| bounds.end[a].saturating_add(reach(a)).min(size[a])),
    }
}

/// Normalises a part of an image by what the whole image gives.
fn normalise(part: &mut Image, whole: &Image, normalisation: Normalisation) {
    let Normalisation::ZScore { scale } = normalisation else {
        return;
    };
    let finite = || whole.voxels().iter().filter(|v| v.is_finite());
    let count = finite().count().max(1) as f64;
    let mean = finite().map(|&v| f64::from(v)).sum::<f64>() / count;
    let variance = finite()
        .map(|&v| (f64::from(v) - mean).powi(2))
        .sum::<f64>()
        / count;
    // An image of one value keeps its (zero) deviations.
    let factor = if variance > 0.0 {
        scale / variance.sqrt()
    } else {
        1.0
    };
    for voxel in part.voxels_mut() {
        *voxel = ((f64::from(*voxel) - mean) * factor) as f32;
    }
}

/// The part of the new grid whose voxels lie in a box of the old one: index of its first voxel and size along an axis, and the old index of
/// the first voxel with the step.
struct Axis {
    size: usize,
    first: f64,
    step: f64,
}

impl Axis {
    fn new(count: usize, spacing: f64, new: f64, start: usize, end: usize) -> Self {
        if new == 0.0 {
            return Self {
                size: end - start,
                first: start as f64,
                step: 1.0,
            };
        }
        let step = new / spacing;
        // Extents that fit but for rounding do not get a voxel more.
        let size = ((count as f64 / step) - 1e-4).ceil().max(1.0);
        let origin = (count as f64 - 1.0) / 2.0 - step * (size - 1.0) / 2.0;
        let low = if start == 0 {
            0.0
        } else {
            ((start as f64 - origin) / step).ceil().max(0.0)
        };
        let high = if end == count {
            size - 1.0
        } else {
            ((end as f64 - 1.0 - origin) / step).floor().min(size - 1.0)
        };
        Self {
            size: (high - low + 1.0).max(1.0) as usize,
            first: origin + low * step,
            step,
        }
    }
}

/// Image and mask on the new grid.
fn resample(
    whole: &Geometry,
    part: &IndexBox,
    image: &Image,
    mask: &Mask,
    resampling: &Resampling,
) -> Result<(Image, Mask), RadiomicsError> {
    let spacing = whole.spacing_mm();
    let axes: [Axis; 3] = std::array::from_fn(|a| {
        Axis::new(
            whole.size()[a],
            spacing[a],
            resampling.spacing_mm[a],
            part.start[a],
            part.end[a],
        )
    });
    let mut scale = Matrix4::identity();
    for (a, axis) in axes.iter().enumerate() {
        scale[(a, a)] = axis.step;
        scale[(a, 3)] = axis.first;
    }
    let size: [usize; 3] = std::array::from_fn(|a| axes[a].size);
    let voxels = size.iter().try_fold(1usize, |n, &s| n.checked_mul(s));
    if voxels.is_none_or(|n| n > 1 << 28) {
        return Err(RadiomicsError::BadSetting {
            setting: "resampling.spacing-mm",
            value: format!("{:?}", resampling.spacing_mm),
            allowed: "a coarser spacing: this one gives more than 268 million voxels about the region",
        });
    }
    let grid = Geometry::new(size, whole.affine() * scale)?;
    let mut new = resample_onto(image, &grid, resampling.interpolation, 0.0);
    if resampling.round {
        for voxel in new.voxels_mut() {
            *voxel = voxel.round_ties_even();
        }
    }
    let share = mask.map(|&inside| f32::from(u8::from(inside)));
    let share = resample_onto(&share, &grid, resampling.mask_interpolation, 0.0);
    // A voxel half way between inside and outside is inside, however it is rounded.
    let threshold = (resampling.mask_threshold - 1e-6) as f32;
    let region = share.map(|&v| v >= threshold);
    if region.count() == 0 {
        return Err(RadiomicsError::LostByResampling {
            spacing_mm: resampling.spacing_mm,
        });
    }
    Ok((new, region))
}

/// The voxels of a region whose intensities count.
fn resegment(image: &Image, mask: &Mask, rule: Resegmentation) -> Result<Mask, RadiomicsError> {
    let inside = || {
        let pairs = image.voxels().iter().zip(mask.voxels());
        pairs
            .filter(|(v, m)| **m && v.is_finite())
            .map(|(v, _)| f64::from(*v))
    };
    let mut low = f64::NEG_INFINITY;
    let mut high = f64::INFINITY;
    if let Some([from, to]) = rule.range {
        (low, high) = (from, to);
    }
    let count = || inside().count();
    if let Some(sigma) = rule.outlier_sigma
        && count() > 0
    {
        let count = count();
        let mean = inside().sum::<f64>() / count as f64;
        let variance = inside().map(|v| (v - mean).powi(2)).sum::<f64>() / count as f64;
        let reach = sigma * variance.sqrt();
        (low, high) = (low.max(mean - reach), high.min(mean + reach));
    }
    let pairs = image.voxels().iter().zip(mask.voxels());
    let voxels: Vec<bool> = pairs
        .map(|(v, m)| {
            let v = f64::from(*v);
            // Without a branch, so that many voxels are looked at together.
            *m & v.is_finite() & (v >= low) & (v <= high)
        })
        .collect();
    if !voxels.contains(&true) {
        let voxels = mask.count();
        return Err(RadiomicsError::NothingLeft {
            voxels,
            not_finite: voxels - count(),
        });
    }
    Ok(Mask::new(
        *mask.geometry(),
        voxels,
        mask.provenance().clone().with_step("resegmented"),
    )?)
}
