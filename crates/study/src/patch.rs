//! One lesion of one image: cut as a profile does, and embedded.

use crate::StudyError;
use crate::encoder::{Embedded, Reading, StudyEncoder};
use crate::lesion::read_masks;
use crate::manifest::{Manifest, make_folder_of, write_whole};
use crate::recipe::TokenChoice;
use crate::source::file_name;
use serde::Serialize;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use triher_patch::{Profile, TestTime, Variant, Window};
use triher_region::{LesionRule, select_lesions, select_named};
use triher_volume::{Image, Mask};

/// An image, a mask and a profile.
#[derive(Clone, Debug)]
pub struct PatchPlan {
    /// The profile.
    pub profile: Profile,
    /// The image.
    pub image: PathBuf,
    /// The mask.
    pub mask: PathBuf,
    /// Which lesion; the whole mask as one region when `None`, as the published code takes it.
    pub lesion: Option<LesionRule>,
    /// Whether a mask on another grid is resampled.
    pub resample_mask: bool,
}

/// A crop to two files.
#[derive(Clone, Debug)]
pub struct CropPlan {
    /// What to cut.
    pub patch: PatchPlan,
    /// Image patch to write (NIfTI).
    pub out_image: PathBuf,
    /// Mask patch to write (NIfTI).
    pub out_mask: PathBuf,
}

/// An embedding to a CSV.
#[derive(Clone, Debug)]
pub struct EmbedPlan {
    /// What to embed.
    pub patch: PatchPlan,
    /// The encoder's weights; without them, the encoder that ships.
    pub weights: Option<PathBuf>,
    /// What becomes of voxels outside of the lesion.
    pub variant: Variant,
    /// What is taken of the encoder's tokens.
    pub token: TokenChoice,
    /// Views that are embedded and averaged.
    pub test_time: TestTime,
    /// CSV of the standard deviations over the views, in the columns of `out`.
    pub spread: Option<PathBuf>,
    /// Identifier; the image's file name when `None`.
    pub id: Option<String>,
    /// Name of the input.
    pub input: String,
    /// CSV to write.
    pub out: PathBuf,
}

/// Reads image and mask. The image stays in the order it is stored in.
fn read(plan: &PatchPlan) -> Result<(Image, Mask, Vec<String>), StudyError> {
    let found =
        triher_imagefile::read_image_with(&plan.image, &triher_imagefile::ReadOptions::default())?;
    let image = found.image;
    let mut warnings = found.warnings;
    let masks = read_masks(&plan.mask, image.geometry(), plan.resample_mask)?;
    warnings.extend(masks.warnings);
    let mask = match (&plan.lesion, masks.masks.as_slice()) {
        (None, [(_, mask)]) => mask.clone(),
        (None, regions) => union(&image, regions),
        (Some(rule @ LesionRule::Named(_)), regions) => single(select_named(regions, rule)?)?,
        (Some(rule), regions) => single(select_lesions(&union(&image, regions), rule)?)?,
    };
    Ok((image, mask, warnings))
}

fn single(mut lesions: Vec<triher_region::Lesion>) -> Result<Mask, StudyError> {
    match (lesions.pop(), lesions.len()) {
        (Some(lesion), 0) => Ok(lesion.mask),
        (_, rest) => Err(StudyError::Input(format!(
            "the mask holds {} lesions, and one patch shows one: use --lesion largest or --lesion named:LABEL",
            rest + 1
        ))),
    }
}

fn union(image: &Image, regions: &[(String, Mask)]) -> Mask {
    let mut all = Mask::filled(*image.geometry(), false);
    for (_, mask) in regions {
        for (sum, &inside) in all.voxels_mut().iter_mut().zip(mask.voxels()) {
            *sum |= inside;
        }
    }
    all
}

/// Cuts image and mask as the profile does and writes both; returns warnings.
///
/// # Errors
/// When a file cannot be read or written, the mask is empty or lies on another grid.
pub fn crop(plan: &CropPlan) -> Result<Vec<String>, StudyError> {
    let (image, mask, warnings) = read(&plan.patch)?;
    let window = Window::of(&mask, &plan.patch.profile)?;
    make_folder_of(&plan.out_image)?;
    make_folder_of(&plan.out_mask)?;
    triher_imagefile::write_nifti(&plan.out_image, &window.cut(&image)?)?;
    triher_imagefile::write_nifti_mask(&plan.out_mask, &window.cut_mask()?)?;
    Ok(warnings)
}

#[derive(Serialize)]
struct Configuration<'a> {
    profile: Profile,
    variant: Variant,
    token: TokenChoice,
    test_time: TestTime,
    encoder: &'a str,
    encoder_sha256: &'a str,
    lesion: &'a Option<LesionRule>,
}

/// Embeds one image and writes `id,input,feat_0,...` with one row, and a manifest; returns warnings.
///
/// # Errors
/// As [`crop`], and when the weights cannot be loaded or take another input.
pub fn embed(plan: &EmbedPlan) -> Result<Vec<String>, StudyError> {
    if plan.spread.is_some() && plan.test_time == TestTime::None {
        return Err(StudyError::Input(
            "one view has no spread: ask for several with --test-time flips, shifts or flips-and-shifts"
                .to_owned(),
        ));
    }
    let (image, mask, mut warnings) = read(&plan.patch)?;
    let encoder = StudyEncoder::load(plan.weights.as_deref())?;
    warnings.extend(encoder.caution());
    let window = encoder.window(&mask, &plan.patch.profile)?;
    let how = Reading {
        variant: plan.variant,
        token: plan.token,
        test_time: plan.test_time,
    };
    let embedded = encoder.embed(&[window.cut(&image)?], &window.cut_mask()?, &how)?;
    let name = file_name(&plan.patch.image);
    let id = plan.id.clone().unwrap_or_else(|| {
        let stem = name.strip_suffix(".gz").unwrap_or(&name);
        stem.rsplit_once('.')
            .map_or(stem, |(stem, _)| stem)
            .to_owned()
    });
    let configuration = Configuration {
        profile: plan.patch.profile,
        variant: plan.variant,
        token: plan.token,
        test_time: plan.test_time,
        encoder: encoder.name(),
        encoder_sha256: encoder.sha256(),
        lesion: &plan.patch.lesion,
    };
    let mut manifest = Manifest::new("embed", &configuration);
    for path in [&plan.patch.image, &plan.patch.mask] {
        manifest.add_input(path)?;
    }
    if let Some(weights) = &plan.weights {
        manifest.add_input(weights)?;
    }
    for Embedded {
        mean,
        spread,
        constant,
        ..
    } in &embedded
    {
        if *constant {
            warnings.push(format!(
                "{name} has one and the same value everywhere in the lesion's box: its embedding says nothing"
            ));
        }
        write_row(&plan.out, &id, &plan.input, mean)?;
        manifest.add_output(&plan.out)?;
        if let Some(path) = &plan.spread {
            write_row(path, &id, &plan.input, spread)?;
            manifest.add_output(path)?;
        }
    }
    manifest.notes.clone_from(&warnings);
    manifest.write(&crate::extract::with_suffix(&plan.out, ".manifest.json"))?;
    Ok(warnings)
}

/// Writes `id,input,feat_0,...` with one row.
fn write_row(path: &Path, id: &str, input: &str, values: &[f64]) -> Result<(), StudyError> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let mut header = vec!["id".to_owned(), "input".to_owned()];
    header.extend((0..values.len()).map(|i| format!("feat_{i}")));
    let mut row = vec![id.to_owned(), input.to_owned()];
    for &value in values {
        // The encoder works in f32: its shortest decimal text gives back the same number.
        let mut text = String::new();
        let _ = write!(text, "{}", value as f32);
        row.push(text);
    }
    let wrong = |e: csv::Error| StudyError::Internal(e.to_string());
    writer.write_record(&header).map_err(wrong)?;
    writer.write_record(&row).map_err(wrong)?;
    let bytes = writer
        .into_inner()
        .map_err(|e| StudyError::Internal(e.to_string()))?;
    write_whole(path, &bytes)
}
