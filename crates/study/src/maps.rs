//! Parametric maps of a study, voxel by voxel, and the lesion's mean curve.

use crate::StudyError;
use crate::cohort::PatientImages;
use crate::curve_features::PharmacokineticRecipe;
use crate::lesion::read_masks;
use crate::manifest::{Manifest, write_whole};
use crate::map_pictures::PhaseBackdrop;
use crate::pictures::map_on;
use crate::source::{PatientStudy, ReadOptions, file_name};
use std::path::PathBuf;
use triher_kinetics::{
    CurvePatternRule, Quantity, curve_pattern_map, percent_enhancement, quantity_map,
};
use triher_volume::{Image, Mask};

/// Which maps, and where to.
#[derive(Clone, Debug)]
pub struct MapsPlan {
    /// The study: DICOM folder, zip or file; folder of phases.
    pub images: PathBuf,
    /// How it is read.
    pub reading: ReadOptions,
    /// The lesion: for its mean curve and for pharmacokinetics.
    pub mask: Option<PathBuf>,
    /// Which model is fitted to each voxel of the lesion; none when `None`.
    pub pharmacokinetic: Option<PharmacokineticRecipe>,
    /// Signal before contrast below which a voxel is background and has no value.
    pub background: f32,
    /// Whether each map is drawn over every phase, within the lesion.
    pub pictures: bool,
    /// Maps that are drawn too: responses of filters, attribution (NIfTI or NRRD, on any grid in patient coordinates).
    pub overlays: Vec<PathBuf>,
    /// Folder to write to.
    pub out: PathBuf,
}

/// What was written.
#[derive(Clone, Debug)]
pub struct Maps {
    /// Files, in the order in which they were written.
    pub files: Vec<PathBuf>,
    /// Maps that these phases cannot give, and why.
    pub notes: Vec<String>,
}

/// Writes percent enhancement of each phase (`pe_1.nii.gz` ...), every kinetic quantity that the phases allow (`ser.nii.gz` ...), the number of each voxel's pattern
/// ([`triher_kinetics::CurvePattern`], `curve_pattern.nii.gz`), with a mask its mean
/// curve (`curve.csv`: phase, seconds, mean intensity, percent enhancement of the mean) and the parameters of the model (`ktrans_per_min.nii.gz` ..., `r2.nii.gz`), and a manifest. Pictures are `over_NAME.png`: the map
/// over every phase on the axial slice where the lesion is largest.
///
/// # Errors
/// When the study or the mask cannot be read, the model cannot be fitted to these phases, or a file cannot be written.
pub fn maps(plan: &MapsPlan) -> Result<Maps, StudyError> {
    if plan.pharmacokinetic.is_some() && plan.mask.is_none() {
        return Err(StudyError::Input(
            "a pharmacokinetic model is fitted to the voxels of a lesion: give its mask".to_owned(),
        ));
    }
    if (plan.pictures || !plan.overlays.is_empty()) && plan.mask.is_none() {
        return Err(StudyError::Input(
            "maps are drawn within the lesion: give its mask".to_owned(),
        ));
    }
    let study = PatientStudy::read(&PatientImages::Path(plan.images.clone()), &plan.reading)?;
    let series = &study.series;
    let mut notes = study.warnings.clone();
    let lesion = match &plan.mask {
        None => None,
        Some(path) => {
            let read = read_masks(path, series.geometry(), false)?;
            notes.extend(read.warnings);
            let all = read.masks.into_iter().map(|(_, mask)| mask);
            let together = |a: Mask, b: Mask| {
                let either = a.voxels().iter().zip(b.voxels()).map(|(a, b)| *a || *b);
                Mask::new(*a.geometry(), either.collect(), a.provenance().clone())
            };
            all.map(Ok).reduce(|a, b| together(a?, b?)).transpose()?
        }
    };
    std::fs::create_dir_all(&plan.out).map_err(StudyError::write(&plan.out))?;
    let mut manifest = Manifest::new(
        "maps",
        &serde_json::json!({"background": plan.background, "pharmacokinetic": plan.pharmacokinetic}),
    );
    manifest.inputs.clone_from(&study.inputs);
    if let Some(mask) = &plan.mask {
        manifest.add_input(mask)?;
    }
    let backdrop = match &lesion {
        Some(lesion) if plan.pictures || !plan.overlays.is_empty() => {
            Some(PhaseBackdrop::new(series, lesion)?)
        }
        _ => None,
    };
    let mut files = Vec::new();
    let mut drawn = Vec::new();
    let mut empty = Vec::new();
    let mut draw = |name: &str, map: &Image| -> Result<(), StudyError> {
        let Some(backdrop) = &backdrop else {
            return Ok(());
        };
        let Some(png) = backdrop.draw(&format!("{name} over every phase"), map)? else {
            empty.push(format!(
                "{name} has no value in the lesion: it was not drawn"
            ));
            return Ok(());
        };
        let path = plan.out.join(format!("over_{name}.png"));
        write_whole(&path, &png)?;
        drawn.push(path);
        Ok(())
    };
    for path in &plan.overlays {
        manifest.add_input(path)?;
        let map = map_on(&triher_imagefile::read_image(path)?, series.geometry());
        let name = file_name(path);
        let stem = [".nii.gz", ".nii", ".nrrd", ".nhdr"].into_iter();
        let stem = stem.fold(name.as_str(), |n, end| n.strip_suffix(end).unwrap_or(n));
        draw(stem, &map)?;
    }
    let mut keep = |name: &str, map: &Image| -> Result<(), StudyError> {
        let path = plan.out.join(format!("{name}.nii.gz"));
        triher_imagefile::write_nifti(&path, map)?;
        files.push(path);
        match plan.pictures {
            true => draw(name, map),
            false => Ok(()),
        }
    };
    for (number, phase) in series.post().iter().enumerate() {
        let map = percent_enhancement(series.pre(), &phase.image, plan.background)?;
        keep(&format!("pe_{}", number + 1), &map)?;
    }
    for quantity in Quantity::ALL {
        match quantity_map(series, quantity, plan.background) {
            Ok(map) => keep(quantity.name(), &map)?,
            Err(error) => notes.push(format!("{}: {error}", quantity.name())),
        }
    }
    match curve_pattern_map(series, &CurvePatternRule::default(), plan.background) {
        Ok(map) => keep("curve_pattern", &map)?,
        Err(error) => notes.push(format!("curve_pattern: {error}")),
    }
    if let (Some(recipe), Some(lesion)) = (&plan.pharmacokinetic, &lesion) {
        let fitted = recipe.maps(series, lesion, &mut notes)?;
        for (name, map) in recipe.model.parameters().iter().zip(&fitted.parameters) {
            keep(name, map)?;
        }
        keep("r2", &fitted.r_squared)?;
        notes.push(format!(
            "{} was fitted to {} of {} voxels; in {} a parameter lies on its bound",
            recipe.model,
            fitted.fitted,
            lesion.count(),
            fitted.at_bound
        ));
    }
    if let Some(lesion) = &lesion {
        let path = plan.out.join("curve.csv");
        let curve = triher_kinetics::curve(series, lesion)?;
        let mut text = String::from("phase,time_s,mean_intensity,percent_enhancement\n");
        for (number, (mean, phase)) in curve.iter().zip(series.phases()).enumerate() {
            let time = phase.time_s.map_or_else(String::new, |t| t.to_string());
            let enhancement = 100.0 * (mean - curve[0]) / curve[0];
            text += &format!("{number},{time},{mean},{enhancement}\n");
        }
        write_whole(&path, text.as_bytes())?;
        files.push(path);
    }
    files.append(&mut drawn);
    notes.append(&mut empty);
    for file in &files {
        manifest.add_output(file)?;
    }
    manifest.notes.clone_from(&notes);
    manifest.write(&plan.out.join("manifest.json"))?;
    Ok(Maps { files, notes })
}
