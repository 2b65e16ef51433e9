//! PyRadiomics' parameter file.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use triher_volume::Interpolation;

/// Features that PyRadiomics computes only when they are named.
pub(super) const DEPRECATED: [&str; 4] = [
    "StandardDeviation",
    "Compactness1",
    "Compactness2",
    "SphericalDisproportion",
];

/// The classes there are, in PyRadiomics' order.
const CLASSES: [&str; 7] = [
    "firstorder",
    "glcm",
    "gldm",
    "glrlm",
    "glszm",
    "ngtdm",
    "shape",
];

/// Settings that change no value of a feature: of checks, logs and speed.
const WITHOUT_EFFECT: [&str; 12] = [
    "additionalInfo",
    "enableCExtensions",
    "geometryTolerance",
    "correctMask",
    "preCrop",
    "padDistance",
    "label_channel",
    "voxelBased",
    "maskedKernel",
    "kernelRadius",
    "initValue",
    "voxelBatch",
];

/// Why a parameter file cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ParameterError {
    /// It is no YAML, or a value has another type.
    #[error("the parameter file cannot be read as YAML: {0}")]
    Yaml(String),
    /// Something that this profile does not compute.
    #[error("{what} is not offered in the profile pyradiomics: {remedy}")]
    NotOffered {
        /// The setting, class or image type.
        what: String,
        /// What to do.
        remedy: &'static str,
    },
}

/// What the range of a resegmentation is measured in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ResegmentMode {
    /// Intensities.
    #[default]
    Absolute,
    /// Shares of the region's maximum.
    Relative,
    /// Standard deviations from the region's mean.
    Sigma,
}

/// What PyRadiomics' parameter file sets, with PyRadiomics' defaults.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Parameters {
    /// Width of a bin (`binWidth`), unless a number of bins is given.
    pub bin_width: f64,
    /// Number of bins (`binCount`).
    pub bin_count: Option<u32>,
    /// Whether the image is brought to mean 0 and standard deviation 1 (`normalize`).
    pub normalize: bool,
    /// What it is multiplied by then (`normalizeScale`).
    pub normalize_scale: f64,
    /// Where it is cut off, in standard deviations (`removeOutliers`).
    pub remove_outliers: Option<f64>,
    /// New spacing in mm (`resampledPixelSpacing`); 0 keeps an axis.
    pub resampled_pixel_spacing_mm: Option<[f64; 3]>,
    /// How intensities are interpolated (`interpolator`).
    pub interpolator: Interpolation,
    /// One or two limits of the intensities (`resegmentRange`).
    pub resegment_range: Vec<f64>,
    /// Their unit (`resegmentMode`).
    pub resegment_mode: ResegmentMode,
    /// Whether shape is that of what is left (`resegmentShape`).
    pub resegment_shape: bool,
    /// Added to intensities for energy and root mean square (`voxelArrayShift`).
    pub voxel_array_shift: f64,
    /// Neighbours within a slice only (`force2D`).
    pub force_2d: bool,
    /// Difference of grey levels up to which a neighbour is dependent (`gldm_a`).
    pub gldm_a: u16,
    /// Fewest dimensions of the region (`minimumROIDimensions`).
    pub minimum_roi_dimensions: usize,
    /// Fewest voxels of the region (`minimumROISize`).
    pub minimum_roi_size: Option<usize>,
    /// The mask's value that is the region (`label`).
    pub label: i32,
    /// Classes, and the features of each; all that are not deprecated when none is named.
    pub classes: BTreeMap<String, Option<Vec<String>>>,
}

impl Default for Parameters {
    fn default() -> Self {
        Self {
            bin_width: 25.0,
            bin_count: None,
            normalize: false,
            normalize_scale: 1.0,
            remove_outliers: None,
            resampled_pixel_spacing_mm: None,
            interpolator: Interpolation::CubicBSpline,
            resegment_range: Vec::new(),
            resegment_mode: ResegmentMode::Absolute,
            resegment_shape: false,
            voxel_array_shift: 0.0,
            force_2d: false,
            gldm_a: 0,
            minimum_roi_dimensions: 2,
            minimum_roi_size: None,
            label: 1,
            classes: CLASSES.map(|c| (c.to_owned(), None)).into(),
        }
    }
}

/// The file as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default, rename = "imageType")]
    image_type: Option<BTreeMap<String, serde::de::IgnoredAny>>,
    #[serde(default, rename = "featureClass")]
    feature_class: Option<BTreeMap<String, Option<Vec<String>>>>,
    #[serde(default)]
    setting: Option<BTreeMap<String, serde_norway::Value>>,
    #[serde(default, rename = "voxelSetting")]
    voxel_setting: Option<serde::de::IgnoredAny>,
}

fn not_offered(what: impl Into<String>, remedy: &'static str) -> ParameterError {
    ParameterError::NotOffered {
        what: what.into(),
        remedy,
    }
}

impl Parameters {
    /// Reads a parameter file.
    ///
    /// # Errors
    /// [`ParameterError`]: no YAML, a value of another type, or something that this profile does not compute.
    pub fn from_yaml(text: &str) -> Result<Self, ParameterError> {
        let yaml = |error: serde_norway::Error| ParameterError::Yaml(error.to_string());
        let file: File = serde_norway::from_str(text).map_err(yaml)?;
        let mut parameters = Self::default();
        if file.voxel_setting.is_some() {
            return Err(not_offered(
                "voxelSetting",
                "features are those of the whole region; remove it",
            ));
        }
        for name in file.image_type.iter().flat_map(BTreeMap::keys) {
            if name != "Original" {
                return Err(not_offered(
                    format!("imageType {name}"),
                    "only Original is; remove it, or use the standard's filters in the profile ibsi",
                ));
            }
        }
        if let Some(classes) = file.feature_class {
            for (class, names) in &classes {
                check_class(class, names.as_deref().unwrap_or_default())?;
            }
            // An empty list of names means all, as no list does.
            let all = |names: Option<Vec<String>>| names.filter(|n| !n.is_empty());
            parameters.classes = classes.into_iter().map(|(c, n)| (c, all(n))).collect();
        }
        for (name, value) in file.setting.unwrap_or_default() {
            parameters.set(&name, value)?;
        }
        Ok(parameters)
    }

    fn set(&mut self, name: &str, value: serde_norway::Value) -> Result<(), ParameterError> {
        fn get<T: serde::de::DeserializeOwned>(
            name: &str,
            value: serde_norway::Value,
        ) -> Result<T, ParameterError> {
            serde_norway::from_value(value)
                .map_err(|error| ParameterError::Yaml(format!("{name}: {error}")))
        }
        match name {
            "binWidth" => self.bin_width = get::<Option<f64>>(name, value)?.unwrap_or(25.0),
            "binCount" => self.bin_count = get(name, value)?,
            "normalize" => self.normalize = get(name, value)?,
            "normalizeScale" => self.normalize_scale = get(name, value)?,
            "removeOutliers" => self.remove_outliers = get(name, value)?,
            "resampledPixelSpacing" => self.resampled_pixel_spacing_mm = get(name, value)?,
            "interpolator" => {
                let text: String = match &value {
                    serde_norway::Value::Number(n) => n.to_string(),
                    _ => get(name, value)?,
                };
                self.interpolator = match text.as_str() {
                    "sitkBSpline" | "3" => Interpolation::CubicBSpline,
                    "sitkLinear" | "2" => Interpolation::Linear,
                    "sitkNearestNeighbor" | "1" => Interpolation::Nearest,
                    _ => {
                        return Err(not_offered(
                            format!("interpolator {text}"),
                            "use sitkBSpline, sitkLinear or sitkNearestNeighbor",
                        ));
                    }
                };
            }
            "resegmentRange" => {
                self.resegment_range = get::<Option<Vec<f64>>>(name, value)?.unwrap_or_default();
                if self.resegment_range.len() > 2 {
                    return Err(ParameterError::Yaml(
                        "resegmentRange has one or two limits".to_owned(),
                    ));
                }
            }
            "resegmentMode" => self.resegment_mode = get(name, value)?,
            "resegmentShape" => self.resegment_shape = get(name, value)?,
            "voxelArrayShift" => self.voxel_array_shift = get(name, value)?,
            "symmetricalGLCM" if get::<bool>(name, value.clone())? => {}
            "force2D" => self.force_2d = get(name, value)?,
            "gldm_a" => self.gldm_a = get(name, value)?,
            "minimumROIDimensions" => self.minimum_roi_dimensions = get(name, value)?,
            "minimumROISize" => self.minimum_roi_size = get(name, value)?,
            "label" => self.label = get(name, value)?,
            "force2Ddimension" if get::<usize>(name, value.clone())? == 0 => {}
            "distances" if get::<Vec<usize>>(name, value.clone())? == [1] => {}
            "weightingNorm" if value.is_null() => {}
            "force2Ddimension" => {
                return Err(not_offered(
                    "force2Ddimension other than 0",
                    "slices are those along the image's third axis",
                ));
            }
            "distances" => {
                return Err(not_offered(
                    "distances other than [1]",
                    "neighbours are those at distance 1",
                ));
            }
            "symmetricalGLCM" => {
                return Err(not_offered(
                    "symmetricalGLCM: false",
                    "pairs count in both directions; remove it",
                ));
            }
            "weightingNorm" => {
                return Err(not_offered(
                    "weightingNorm",
                    "directions count alike; remove it",
                ));
            }
            other if WITHOUT_EFFECT.contains(&other) => {}
            other => {
                return Err(not_offered(
                    format!("the setting {other}"),
                    "check its spelling against PyRadiomics' documentation, or remove it",
                ));
            }
        }
        if !(self.bin_width.is_finite() && self.bin_width > 0.0) || self.bin_count == Some(0) {
            return Err(ParameterError::Yaml(
                "binWidth and binCount have to be above 0".to_owned(),
            ));
        }
        Ok(())
    }
}

/// Checks a class and the names of its features.
fn check_class(class: &str, names: &[String]) -> Result<(), ParameterError> {
    if !CLASSES.contains(&class) {
        return Err(not_offered(
            format!("featureClass {class}"),
            "the classes are firstorder, glcm, gldm, glrlm, glszm, ngtdm and shape",
        ));
    }
    let known = super::classes::names(class);
    match names.iter().find(|n| !known.contains(&n.as_str())) {
        Some(name) => Err(not_offered(
            format!("the feature {name} of {class}"),
            "check its spelling; deprecated features that equal others are left out",
        )),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_usual_file_is_read() {
        let text = "
imageType:
  Original: {}
featureClass:
  shape:
  firstorder: ['Mean', 'Energy']
  glcm: []
setting:
  binWidth: 15
  interpolator: sitkBSpline
  resampledPixelSpacing: [1, 1, 0]
  normalize: true
  normalizeScale: 100
  removeOutliers: 3
  weightingNorm:
  geometryTolerance: 1e-4
";
        let p = Parameters::from_yaml(text).unwrap();
        assert_eq!(
            (p.bin_width, p.normalize_scale, p.remove_outliers),
            (15.0, 100.0, Some(3.0))
        );
        assert_eq!(p.resampled_pixel_spacing_mm, Some([1.0, 1.0, 0.0]));
        assert_eq!(p.classes.len(), 3);
        assert_eq!(p.classes["glcm"], None);
        assert_eq!(p.classes["firstorder"].as_ref().unwrap().len(), 2);
        assert_eq!(Parameters::from_yaml("{}").unwrap(), Parameters::default());
    }

    #[test]
    fn what_is_not_offered_is_named() {
        for (text, named) in [
            ("imageType: {Wavelet: {}}", "Wavelet"),
            ("setting: {distances: [1, 2]}", "distances"),
            ("setting: {binwidth: 5}", "binwidth"),
            ("setting: {binWidth: wide}", "binWidth"),
            ("setting: {binWidth: -1}", "above 0"),
            ("featureClass: {shape2D: }", "shape2D"),
            ("featureClass: {glcm: [Contrats]}", "Contrats"),
            ("- a\n- b", "YAML"),
            ("a: [", "YAML"),
        ] {
            let error = Parameters::from_yaml(text).unwrap_err().to_string();
            assert!(error.contains(named), "{text}: {error}");
        }
    }
}
