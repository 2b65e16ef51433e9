//! PyRadiomics' image processing: normalisation, resampling from the corner, resegmentation.

use super::parameters::{Parameters, ResegmentMode};
use crate::RadiomicsError;
use nalgebra::Matrix4;
use triher_region::bounding_box;
use triher_volume::{Geometry, Image, Interpolation, Mask, resample_mask_onto, resample_onto};

/// Voxels that PyRadiomics leaves about the region on the new grid.
const PAD: f64 = 5.0;

/// The region that is measured.
pub(super) struct Region {
    pub(super) image: Image,
    /// What texture and intensities are of.
    pub(super) mask: Mask,
    /// What shape is of.
    pub(super) shape: Mask,
}

impl Region {
    pub(super) fn new(
        image: &Image,
        mask: &Mask,
        parameters: &Parameters,
    ) -> Result<Self, RadiomicsError> {
        image.check_same_grid("image", mask, "mask")?;
        let bounds = bounding_box(mask).ok_or(RadiomicsError::EmptyMask)?;
        let too_small = |value: String, allowed| RadiomicsError::BadSetting {
            setting: "the region",
            value,
            allowed,
        };
        let dimensions = bounds.size().iter().filter(|&&n| n > 1).count();
        if dimensions < parameters.minimum_roi_dimensions {
            return Err(too_small(
                format!("of {dimensions} dimension(s)"),
                "a region of at least minimumROIDimensions",
            ));
        }
        if let Some(least) = parameters.minimum_roi_size
            && mask.count() <= least
        {
            return Err(too_small(
                format!("of {} voxels", mask.count()),
                "a region of more than minimumROISize voxels",
            ));
        }
        let normalised = parameters.normalize.then(|| normalise(image, parameters));
        let image = normalised.as_ref().unwrap_or(image);
        let (image, shape) = match parameters.resampled_pixel_spacing_mm {
            Some(spacing) => resample(image, mask, spacing, bounds, parameters)?,
            None => (image.clone(), mask.clone()),
        };
        if shape.count() == 0 {
            let spacing_mm = image.geometry().spacing_mm();
            return Err(RadiomicsError::LostByResampling { spacing_mm });
        }
        let mask = resegment(&image, &shape, parameters)?;
        let shape = if parameters.resegment_shape {
            mask.clone()
        } else {
            shape
        };
        Ok(Self { image, mask, shape })
    }

    /// Intensities of the region in the grid's order.
    pub(super) fn intensities(&self) -> Vec<f64> {
        let pairs = self.image.voxels().iter().zip(self.mask.voxels());
        pairs
            .filter(|(_, inside)| **inside)
            .map(|(v, _)| f64::from(*v))
            .collect()
    }
}

/// ITK's normalisation: sample standard deviation, of all voxels.
fn normalise(image: &Image, parameters: &Parameters) -> Image {
    let n = image.voxels().len() as f64;
    let mean = image.voxels().iter().map(|v| f64::from(*v)).sum::<f64>() / n;
    let squares = image
        .voxels()
        .iter()
        .map(|v| (f64::from(*v) - mean).powi(2));
    let deviation = (squares.sum::<f64>() / (n - 1.0)).sqrt();
    image.map(|v| {
        let mut z = (f64::from(*v) - mean) / deviation;
        if let Some(most) = parameters.remove_outliers {
            z = z.clamp(-most, most);
        }
        (z * parameters.normalize_scale) as f32
    })
}

/// Onto a grid whose corner is the image's corner, cut to the region.
fn resample(
    image: &Image,
    mask: &Mask,
    spacing_mm: [f64; 3],
    bounds: triher_region::IndexBox,
    parameters: &Parameters,
) -> Result<(Image, Mask), RadiomicsError> {
    let bad = |allowed| RadiomicsError::BadSetting {
        setting: "resampledPixelSpacing",
        value: format!("{spacing_mm:?}"),
        allowed,
    };
    if spacing_mm.iter().any(|s| !s.is_finite() || *s < 0.0) {
        return Err(bad("positive millimetres, or 0 to keep an axis"));
    }
    let old = *image.geometry();
    let had = old.spacing_mm();
    let new: [f64; 3] = std::array::from_fn(|a| {
        let keep = spacing_mm[a] == 0.0 || bounds.size()[a] == 1;
        if keep { had[a] } else { spacing_mm[a] }
    });
    // numpy.allclose: then nothing is interpolated.
    if (0..3).all(|a| (had[a] - new[a]).abs() <= 1e-8 + 1e-5 * new[a].abs()) {
        return Ok((image.clone(), mask.clone()));
    }
    let mut scale = Matrix4::identity();
    let mut size = [1usize; 3];
    for a in 0..3 {
        let ratio = had[a] / new[a];
        let low = ((bounds.start[a] as f64 - 0.5) * ratio - PAD)
            .floor()
            .max(0.0);
        let high = ((bounds.end[a] as f64 - 0.5) * ratio + PAD).ceil();
        let last = (old.size()[a] as f64 * ratio).ceil() - 1.0;
        size[a] = (high.min(last) - low + 1.0).max(1.0) as usize;
        scale[(a, a)] = 1.0 / ratio;
        scale[(a, 3)] = 0.5 * (new[a] - had[a]) / had[a] + low / ratio;
    }
    let voxels = size.iter().try_fold(1usize, |n, &s| n.checked_mul(s));
    if voxels.is_none_or(|n| n > 1 << 28) {
        return Err(bad(
            "a coarser spacing: this one gives more than 268 million voxels",
        ));
    }
    let grid = Geometry::new(size, old.affine() * scale)?;
    let mut values = resample_onto(image, &grid, parameters.interpolator, 0.0);
    // ITK keeps the pixel type: an image of integers stays one, its fractions cut off. (Where a new voxel lies on an old one, rounding of the
    // spline decides between an integer and the one below it, here and in ITK, and not always alike.)
    let whole = image.voxels().iter().all(|v| v.fract() == 0.0);
    if whole && parameters.interpolator != Interpolation::Nearest {
        for value in values.voxels_mut() {
            *value = value.trunc();
        }
    }
    Ok((values, resample_mask_onto(mask, &grid)))
}

fn resegment(image: &Image, mask: &Mask, parameters: &Parameters) -> Result<Mask, RadiomicsError> {
    let inside: Vec<f64> = (image.voxels().iter().zip(mask.voxels()))
        .filter(|(_, m)| **m)
        .map(|(v, _)| f64::from(*v))
        .collect();
    let not_finite = inside.iter().filter(|v| !v.is_finite()).count();
    let mut limits = parameters.resegment_range.clone();
    limits.sort_by(f64::total_cmp);
    let n = inside.len() as f64;
    match parameters.resegment_mode {
        ResegmentMode::Absolute => {}
        ResegmentMode::Relative => {
            let most = inside.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            limits.iter_mut().for_each(|l| *l *= most);
        }
        ResegmentMode::Sigma => {
            let mean = inside.iter().sum::<f64>() / n;
            let squares = inside.iter().map(|v| (v - mean).powi(2));
            let deviation = (squares.sum::<f64>() / n).sqrt();
            limits.iter_mut().for_each(|l| *l = mean + deviation * *l);
        }
    }
    let low = limits.first().copied().unwrap_or(f64::NEG_INFINITY);
    let high = limits.get(1).copied().unwrap_or(f64::INFINITY);
    let voxels: Vec<bool> = (image.voxels().iter().zip(mask.voxels()))
        .map(|(v, m)| *m && v.is_finite() && (low..=high).contains(&f64::from(*v)))
        .collect();
    if !voxels.contains(&true) {
        return Err(RadiomicsError::NothingLeft {
            voxels: inside.len(),
            not_finite,
        });
    }
    let provenance = mask.provenance().clone();
    Ok(Mask::new(*mask.geometry(), voxels, provenance)?)
}
