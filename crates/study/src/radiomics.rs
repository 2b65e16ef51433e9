//! Radiomics features of one image and its mask.

use crate::StudyError;
use crate::manifest::{Manifest, make_folder_of, write_json, write_whole};
use serde::Serialize;
use std::path::{Path, PathBuf};
use triher_radiomics::pyradiomics::{self, Parameters};
pub use triher_radiomics::{Configuration, Settings};
use triher_radiomics::{FeatureValue, features};
use triher_volume::{Image, Mask};

/// What to measure.
#[derive(Clone, Debug, Serialize)]
pub struct RadiomicsPlan {
    /// Image file (NIfTI, NRRD, Analyze).
    pub image: PathBuf,
    /// Mask file on the image's grid; every voxel that is not 0 is inside, unless a label is named.
    pub mask: PathBuf,
    /// The mask's value that is the region.
    pub label: Option<i32>,
    /// Which definitions, and how.
    pub profile: Profile,
    /// CSV or JSON file to write, with its manifest beside it.
    pub out: Option<PathBuf>,
}

/// Which definitions and names features have, with their settings.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Profile {
    /// The Image Biomarker Standardisation Initiative's.
    Ibsi(Settings),
    /// PyRadiomics'.
    Pyradiomics(Parameters),
}

/// PyRadiomics' parameter file (YAML).
///
/// # Errors
/// [`StudyError`] when it cannot be read, or asks for what the profile does not offer.
pub fn read_parameters(path: &Path) -> Result<Parameters, StudyError> {
    let text = std::fs::read_to_string(path).map_err(StudyError::read(path))?;
    Parameters::from_yaml(&text)
        .map_err(|error| StudyError::Input(format!("{}: {error}", path.display())))
}

/// Settings from a TOML file.
///
/// # Errors
/// [`StudyError`] when it cannot be read, holds a setting that is not known, or one that makes no sense.
pub fn read_settings(path: &Path) -> Result<Settings, StudyError> {
    let text = std::fs::read_to_string(path).map_err(StudyError::read(path))?;
    let settings: Settings = toml::from_str(&text)
        .map_err(|error| StudyError::Input(format!("{}: {error}", path.display())))?;
    settings.check()?;
    Ok(settings)
}

/// Image and mask of a plan.
pub(crate) fn read_pair(
    image: &Path,
    mask: &Path,
    label: Option<i32>,
) -> Result<(Image, Mask), StudyError> {
    let mask = match label {
        None => triher_imagefile::read_mask(mask)?,
        Some(label) => triher_imagefile::read_labels(mask)?.map(|v| *v == label),
    };
    Ok((triher_imagefile::read_image(image)?, mask))
}

/// Measures, and writes the table when one is asked for: columns `tag,family,value,unit,flags`.
///
/// # Errors
/// When a file cannot be read, image and mask do not share a grid, nothing is left to measure, or the table cannot be written.
pub fn radiomics(plan: &RadiomicsPlan) -> Result<Vec<FeatureValue>, StudyError> {
    let label = match &plan.profile {
        Profile::Ibsi(_) => plan.label,
        Profile::Pyradiomics(parameters) => Some(plan.label.unwrap_or(parameters.label)),
    };
    let (image, mask) = read_pair(&plan.image, &plan.mask, label)?;
    let measured = match &plan.profile {
        Profile::Ibsi(settings) => features(&image, &mask, settings)?,
        Profile::Pyradiomics(parameters) => pyradiomics::features(&image, &mask, parameters)?,
    };
    if let Some(out) = &plan.out {
        make_folder_of(out)?;
        if out
            .extension()
            .is_some_and(|e| e.eq_ignore_ascii_case("json"))
        {
            write_json(out, &measured)?;
        } else {
            write_whole(out, csv(&measured)?.as_bytes())?;
        }
        let mut manifest = Manifest::new("radiomics", &plan.profile);
        manifest.add_input(&plan.image)?;
        manifest.add_input(&plan.mask)?;
        manifest.add_output(out)?;
        let mut beside = out.clone().into_os_string();
        beside.push(".manifest.json");
        manifest.write(Path::new(&beside))?;
    }
    Ok(measured)
}

/// The table as CSV; a feature without a value has an empty field.
///
/// # Errors
/// Never but for an internal error.
pub fn csv(features: &[FeatureValue]) -> Result<String, StudyError> {
    let internal = |error: &dyn std::fmt::Display| StudyError::Internal(error.to_string());
    let mut writer = csv::Writer::from_writer(Vec::new());
    let mut rows = || -> Result<(), csv::Error> {
        writer.write_record(["tag", "family", "value", "unit", "flags"])?;
        for f in features {
            let value = if f.value.is_nan() {
                String::new()
            } else {
                f.value.to_string()
            };
            writer.write_record([&f.tag, &f.family, &value, &f.unit, &f.flags])?;
        }
        writer.flush()?;
        Ok(())
    };
    rows().map_err(|e| internal(&e))?;
    let bytes = writer.into_inner().map_err(|e| internal(&e))?;
    String::from_utf8(bytes).map_err(|e| internal(&e))
}
