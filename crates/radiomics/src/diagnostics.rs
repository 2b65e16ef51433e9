//! What the image processing made of image and masks, as the IBSI's tables of the CT phantom state it.

use crate::RadiomicsError;
use crate::feature::FeatureValue;
use crate::prepare::Region;
use crate::settings::{Resegmentation, Settings};
use triher_region::bounding_box;
use triher_volume::{Image, Mask};

/// Sizes, voxel counts and intensities of image and masks: as given, after interpolation, and after resegmentation. Nothing is cut, so this
/// takes the memory of the whole new grid.
///
/// # Errors
/// As [`Region::prepare`].
pub fn diagnostics(
    image: &Image,
    mask: &Mask,
    settings: &Settings,
) -> Result<Vec<FeatureValue>, RadiomicsError> {
    let plain = Settings {
        resampling: None,
        resegmentation: Resegmentation::default(),
        ..settings.clone()
    };
    let interpolated = Settings {
        resegmentation: Resegmentation::default(),
        ..settings.clone()
    };
    let mut rows = Rows::default();
    let region = Region::prepare_whole(image, mask, &plain)?;
    rows.image(&region.image, "init", "initial");
    rows.masks(&region, "init", "initial");
    let region = Region::prepare_whole(image, mask, &interpolated)?;
    rows.image(&region.image, "interp", "interpolated");
    rows.masks(&region, "interp", "interpolated");
    let region = Region::prepare_whole(image, mask, settings)?;
    rows.masks(&region, "reseg", "resegmented");
    Ok(rows.0)
}

#[derive(Default)]
struct Rows(Vec<FeatureValue>);

/// Mean, minimum and maximum.
fn summary(values: impl Iterator<Item = f64>) -> [f64; 3] {
    let (mut sum, mut count) = (0f64, 0f64);
    let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
    for v in values {
        sum += v;
        count += 1.0;
        (low, high) = (low.min(v), high.max(v));
    }
    [sum / count, low, high]
}

impl Rows {
    fn push(&mut self, tag: String, family: &str, name: String, value: f64, unit: &str) {
        self.0.push(FeatureValue {
            tag,
            family: family.to_owned(),
            name,
            value,
            unit: unit.to_owned(),
            flags: String::new(),
        });
    }

    fn image(&mut self, image: &Image, stage: &str, word: &str) {
        let family = format!("Diagnostics-{word} image");
        let (size, spacing) = (image.geometry().size(), image.geometry().spacing_mm());
        for (axis, letter) in ["x", "y", "z"].into_iter().enumerate() {
            self.push(
                format!("img_dim_{letter}_{stage}_img"),
                &family,
                format!("Image dimension {letter}"),
                size[axis] as f64,
                "voxel",
            );
        }
        for (axis, letter) in ["x", "y", "z"].into_iter().enumerate() {
            self.push(
                format!("vox_dim_{letter}_{stage}_img"),
                &family,
                format!("Voxel dimension {letter}"),
                spacing[axis],
                "mm",
            );
        }
        let values = summary(image.voxels().iter().map(|v| f64::from(*v)));
        for ((short, name), value) in [("mean", "Mean"), ("min", "Minimum"), ("max", "Maximum")]
            .into_iter()
            .zip(values)
        {
            self.push(
                format!("{short}_int_{stage}_img"),
                &family,
                format!("{name} intensity"),
                value,
                "intensity",
            );
        }
    }

    fn masks(&mut self, region: &Region, stage: &str, word: &str) {
        let family = format!("Diagnostics-{word} ROI");
        let size = region.image.geometry().size();
        let masks = [
            ("int", "Int.", &region.intensity),
            ("morph", "Morph.", &region.morphological),
        ];
        for (short, name, mask) in masks {
            let bounds = bounding_box(mask).map_or([0; 3], |b| b.size());
            for (what, words, lengths) in [
                ("dim", "dimension", size),
                ("bb_dim", "bounding box dimension", bounds),
            ] {
                for (axis, letter) in ["x", "y", "z"].into_iter().enumerate() {
                    self.push(
                        format!("{short}_mask_{what}_{letter}_{stage}_roi"),
                        &family,
                        format!("{name} mask {words} {letter}"),
                        lengths[axis] as f64,
                        "voxel",
                    );
                }
            }
        }
        for (short, name, mask) in masks {
            self.push(
                format!("{short}_mask_vox_count_{stage}_roi"),
                &family,
                format!("{name} mask voxel count"),
                mask.count() as f64,
                "voxel",
            );
        }
        let values = summary(region.intensities().into_iter());
        for ((short, name), value) in [("mean", "mean"), ("min", "minimum"), ("max", "maximum")]
            .into_iter()
            .zip(values)
        {
            self.push(
                format!("int_mask_{short}_int_{stage}_roi"),
                &family,
                format!("Int. mask {name} intensity"),
                value,
                "intensity",
            );
        }
    }
}
