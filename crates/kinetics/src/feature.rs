//! The features of a lesion and their options.

use crate::KineticsError;
use crate::first_order::{first_order_names, first_order_of};
use crate::kinetic::{kinetic_names, kinetic_of};
use crate::voxels::LesionVoxels;
use serde::{Deserialize, Serialize};
use triher_volume::{DynamicSeries, Mask};

/// One number that describes a lesion.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Feature {
    /// Fixed name, such as `kin_pe_early_mean`.
    pub name: String,
    /// The number; `None` when it is not defined for this lesion.
    pub value: Option<f64>,
    /// Unit; empty for plain numbers.
    pub unit: &'static str,
    /// What the number is, in one sentence.
    pub definition: String,
    /// Why there is no number.
    pub reason: Option<String>,
}

/// Thresholds of the features. Names of features do not depend on them; definitions do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FeatureOptions {
    /// Percent enhancement of the first phase from which on a voxel counts for the functional tumour volume (70, as in
    /// Hylton et al., Radiology 2012;263:663).
    pub functional_volume_pe_percent: f64,
    /// Change after the first phase, in percent, within which a curve is a plateau (10).
    pub plateau_percent: f64,
    /// Bins of the histogram between minimum and maximum (32).
    pub bins: usize,
}

impl Default for FeatureOptions {
    fn default() -> Self {
        Self {
            functional_volume_pe_percent: 70.0,
            plateau_percent: 10.0,
            bins: 32,
        }
    }
}

impl FeatureOptions {
    pub(crate) fn check(&self) -> Result<(), KineticsError> {
        let bad = |option, value: String, allowed| {
            Err(KineticsError::BadOption {
                option,
                value,
                allowed,
            })
        };
        if !self.functional_volume_pe_percent.is_finite() {
            let value = self.functional_volume_pe_percent.to_string();
            return bad(
                "functional_volume_pe_percent",
                value,
                "a finite number of percent",
            );
        }
        if !(self.plateau_percent.is_finite() && self.plateau_percent >= 0.0) {
            let value = self.plateau_percent.to_string();
            return bad(
                "plateau_percent",
                value,
                "a number of percent that is not negative",
            );
        }
        if self.bins == 0 {
            return bad("bins", "0".to_owned(), "at least 1");
        }
        Ok(())
    }
}

/// All features of a lesion: those of [`kinetic_features`](crate::kinetic_features), then those of
/// [`first_order_features`](crate::first_order_features). Names and order are those of [`feature_names`], for any series.
///
/// # Errors
/// [`KineticsError::Volume`] when mask and images do not share a grid, [`KineticsError::Region`] when the mask is empty,
/// [`KineticsError::NoUsableVoxels`], [`KineticsError::BadOption`].
pub fn features(
    series: &DynamicSeries,
    lesion: &Mask,
    options: &FeatureOptions,
) -> Result<Vec<Feature>, KineticsError> {
    options.check()?;
    let voxels = LesionVoxels::collect(series, lesion)?;
    let mut features = kinetic_of(&voxels, lesion, options)?;
    features.extend(first_order_of(&voxels, options));
    Ok(features)
}

/// The names of [`features`], in its order.
pub fn feature_names() -> Vec<String> {
    let mut names = kinetic_names();
    names.extend(first_order_names());
    names
}
