//! The profile `pyradiomics`: names and values of PyRadiomics 3 (van Griethuysen et al., Cancer Research 2017), for those who must
//! reproduce older work. For new work the IBSI's definitions in the rest of this crate are the better choice.
//!
//! [`Parameters`] reads PyRadiomics' own YAML parameter file. The classes `shape`, `firstorder`, `glcm`, `glrlm`, `glszm`, `gldm` and `ngtdm` are computed on the
//! original image. Filtered images, `shape2D`, other distances than 1 and weights of directions are refused with the reason. Values agree with
//! the package to 1e-6 relative on `breast1` of its own tests and on a breast MRI (`tests/pyradiomics.rs`).

mod classes;
mod discretise;
mod parameters;
mod prepare;
mod shape;

pub use parameters::{ParameterError, Parameters, ResegmentMode};

use crate::RadiomicsError;
use crate::feature::FeatureValue;
use rayon::prelude::*;
use triher_volume::{Image, Mask};

/// The features of the region of a mask, in the order of PyRadiomics' classes: tags such as `original_glcm_Contrast`, and the
/// class as the family.
///
/// # Errors
/// [`RadiomicsError`]: another grid, an empty or too small mask, nothing left after resegmentation.
pub fn features(
    image: &Image,
    mask: &Mask,
    parameters: &Parameters,
) -> Result<Vec<FeatureValue>, RadiomicsError> {
    let region = prepare::Region::new(image, mask, parameters)?;
    let levels = discretise::levels(&region, parameters)?;
    let wanted: Vec<&String> = parameters.classes.keys().collect();
    let done: Vec<Vec<(&'static str, &'static str, f64)>> = wanted
        .par_iter()
        .with_max_len(1)
        .map(|class| match class.as_str() {
            "shape" => shape::features(&region),
            "firstorder" => classes::first_order(&region, &levels, parameters),
            matrices => classes::texture(&levels, matrices, parameters),
        })
        .collect();
    let mut all = Vec::new();
    for (class, values) in wanted.into_iter().zip(done) {
        let chosen = parameters.classes.get(class).and_then(Option::as_ref);
        for (name, unit, value) in values {
            let wanted = match chosen {
                Some(names) => names.iter().any(|n| n == name),
                None => !parameters::DEPRECATED.contains(&name),
            };
            if wanted {
                all.push(FeatureValue {
                    tag: format!("original_{class}_{name}"),
                    family: class.clone(),
                    name: name.to_owned(),
                    value,
                    unit: unit.to_owned(),
                    flags: if value.is_nan() {
                        "not defined for this region".to_owned()
                    } else {
                        String::new()
                    },
                });
            }
        }
    }
    Ok(all)
}
