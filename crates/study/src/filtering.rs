//! Response maps of filters as files, to be looked at.

use crate::StudyError;
use crate::manifest::Manifest;
use serde::Serialize;
use std::path::PathBuf;
use triher_radiomics::{Region, Settings};

/// What to filter.
#[derive(Clone, Debug, Serialize)]
pub struct FilterPlan {
    /// Image file (NIfTI, NRRD, Analyze).
    pub image: PathBuf,
    /// Settings of radiomics: normalisation, resampling and filters are used.
    pub settings: Settings,
    /// Folder for the response maps and the manifest.
    pub out: PathBuf,
}

/// Writes the response to each filter as `<name>.nii.gz`, and a manifest.
///
/// # Errors
/// When there is no filter, the image cannot be read or filtered, or a file cannot be written.
pub fn filter_image(plan: &FilterPlan) -> Result<Vec<PathBuf>, StudyError> {
    if plan.settings.filters.is_empty() {
        return Err(StudyError::Input(
            "the settings name no filter: add a table [[filters]] with its kind, e.g. kind = \"log\" and sigma-mm = 1.5".to_owned(),
        ));
    }
    plan.settings.check()?;
    let image = triher_imagefile::read_image(&plan.image)?;
    let everywhere = image.map(|_| true);
    let settings = Settings {
        resegmentation: Default::default(),
        ..plan.settings.clone()
    };
    let image = Region::prepare_whole(&image, &everywhere, &settings)?.image;
    std::fs::create_dir_all(&plan.out).map_err(StudyError::write(&plan.out))?;
    let mut manifest = Manifest::new("filter", plan);
    manifest.add_input(&plan.image)?;
    let mut written = Vec::new();
    for filter in &settings.filters {
        let response = filter
            .apply(&image)
            .map_err(triher_radiomics::RadiomicsError::from)?;
        let file = plan.out.join(format!("{}.nii.gz", filter.name()));
        triher_imagefile::write_nifti(&file, &response)?;
        manifest.add_output(&file)?;
        written.push(file);
    }
    manifest.write(&plan.out.join("manifest.json"))?;
    Ok(written)
}
