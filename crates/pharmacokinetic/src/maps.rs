//! Parameters of every voxel of a region.

use crate::fit::{check, fit_checked};
use crate::{Fit, InputFunction, Model, PharmacokineticError, SignalModel};
use rayon::prelude::*;
use triher_volume::{DynamicSeries, Image, Mask};

/// Parameters of a region, voxel by voxel.
#[derive(Clone, Debug)]
pub struct ParameterMaps {
    /// The model.
    pub model: Model,
    /// A map for each of [`Model::parameters`]; not a number outside of the region and where a voxel could not be fitted.
    pub parameters: Vec<Image>,
    /// Share of the variance that is explained.
    pub r_squared: Image,
    /// Voxels that were fitted.
    pub fitted: usize,
    /// Of them, those with some parameter on its bound.
    pub at_bound: usize,
    /// The fit of the region's mean concentrations.
    pub mean: Fit,
}

/// Fits every voxel of a region, and their mean. Voxels whose signal has no concentration in some phase are left out.
///
/// # Errors
/// [`PharmacokineticError`]: no times, too few phases for the model, a protocol that makes no sense, another grid, no voxel that can be fitted.
pub fn parameter_maps(
    series: &DynamicSeries,
    region: &Mask,
    model: Model,
    input: &InputFunction,
    signal: &SignalModel,
) -> Result<ParameterMaps, PharmacokineticError> {
    series.pre().check_same_grid("images", region, "mask")?;
    signal.check()?;
    let times_s = series.times_s().ok_or(PharmacokineticError::NoTimes)?;
    check(model, &times_s)?;
    let curve = |offset: usize| -> Option<Vec<f64>> {
        let before = f64::from(series.pre().voxels()[offset]);
        let each = series.phases().iter().map(|p| {
            let value = signal.concentration_mm(f64::from(p.image.voxels()[offset]), before);
            Some(value).filter(|v| v.is_finite())
        });
        each.collect()
    };
    let offsets: Vec<usize> = (region.voxels().iter().enumerate())
        .filter(|(_, inside)| **inside)
        .map(|(offset, _)| offset)
        .collect();
    let fits: Vec<(usize, Vec<f64>, Fit)> = offsets
        .par_iter()
        .filter_map(|&offset| {
            let concentrations = curve(offset)?;
            let fit = fit_checked(model, input, &times_s, &concentrations);
            Some((offset, concentrations, fit))
        })
        .collect();
    if fits.is_empty() {
        let voxels = offsets.len();
        return Err(PharmacokineticError::NothingToFit { voxels });
    }
    let mut parameters: Vec<Image> = (model.parameters().iter())
        .map(|_| region.map(|_| f32::NAN))
        .collect();
    let mut r_squared = region.map(|_| f32::NAN);
    let mut mean = vec![0.0; times_s.len()];
    let mut at_bound = 0;
    for (offset, concentrations, fit) in &fits {
        for (map, value) in parameters.iter_mut().zip(&fit.parameters) {
            map.voxels_mut()[*offset] = *value as f32;
        }
        r_squared.voxels_mut()[*offset] = fit.r_squared as f32;
        at_bound += usize::from(fit.at_bound.contains(&true));
        for (sum, c) in mean.iter_mut().zip(concentrations) {
            *sum += c / fits.len() as f64;
        }
    }
    Ok(ParameterMaps {
        model,
        parameters,
        r_squared,
        fitted: fits.len(),
        at_bound,
        mean: fit_checked(model, input, &times_s, &mean),
    })
}
