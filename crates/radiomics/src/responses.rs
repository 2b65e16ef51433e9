//! Response maps of filters, measured like the image itself.

use crate::RadiomicsError;
use crate::compute::region_features;
use crate::feature::{Family, FeatureValue};
use crate::prepare::Region;
use crate::settings::{Discretisation, Settings};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use triher_filter::Filter;
use triher_region::{IndexBox, bounding_box};
use triher_volume::{Geometry, Image, Mask, crop};

/// What is measured of response maps.
///
/// A response has no unit of its own and differs in range from filter to filter, so the IBSI advises a fixed number of bins.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct ResponseSettings {
    /// Which families; shape is of the region, not of a response, and is never among them.
    pub families: Vec<Family>,
    /// Grey levels of a response.
    pub discretisation: Discretisation,
}

impl Default for ResponseSettings {
    /// Statistics, histogram and texture; 32 bins.
    fn default() -> Self {
        let left_out = [
            Family::Morphology,
            Family::LocalIntensity,
            Family::VolumeHistogram,
        ];
        Self {
            families: Family::ALL
                .into_iter()
                .filter(|f| !left_out.contains(f))
                .collect(),
            discretisation: Discretisation::BinNumber { bins: 32 },
        }
    }
}

/// A filter's response in a region.
#[derive(Clone, Debug)]
pub struct Response {
    /// The filter's name, e.g. `log_1.5mm`.
    pub name: String,
    /// The response, with the masks of the image's region: intensities that the resegmentation leaves out are left out here too.
    pub region: Region,
}

impl Settings {
    /// Spacing of the grid that is measured, along an image's axes.
    fn spacing_mm(&self, grid: &Geometry) -> [f64; 3] {
        let old = grid.spacing_mm();
        let new = self.resampling.map_or([0.0; 3], |r| r.spacing_mm);
        std::array::from_fn(|a| if new[a] > 0.0 { new[a] } else { old[a] })
    }

    /// The settings with which a response is measured.
    pub(crate) fn of_responses(&self) -> Self {
        let mut families = self.responses.families.clone();
        families.retain(|f| *f != Family::Morphology);
        Self {
            families,
            discretisation: self.responses.discretisation,
            filters: Vec::new(),
            ..self.clone()
        }
    }
}

/// The responses to the filters of the settings, in their order.
///
/// An image is normalised and resampled first, filtered then, as the IBSI's scheme orders it. It is cut to the region and what the filters look at about it;
/// wavelets that are not separable look at the whole image.
///
/// # Errors
/// As [`Region::prepare`], and [`RadiomicsError::Filter`] when an image cannot be filtered.
pub fn responses(
    image: &Image,
    mask: &Mask,
    settings: &Settings,
) -> Result<Vec<Response>, RadiomicsError> {
    settings.check()?;
    image.check_same_grid("image", mask, "mask")?;
    let spacing = settings.spacing_mm(image.geometry());
    let reaches: Vec<Option<[usize; 3]>> =
        settings.filters.iter().map(|f| f.reach(spacing)).collect();
    // Prepared once for all filters, as far about the region as the one that looks farthest.
    let farthest = (reaches.iter().flatten())
        .copied()
        .reduce(|a, b| std::array::from_fn(|i| a[i].max(b[i])));
    let near = farthest.map(|reach| {
        let more = std::array::from_fn(|a| reach[a] as f64 * spacing[a]);
        Region::prepare_about(image, mask, settings, more)
    });
    let near = near.transpose()?;
    let looks_everywhere = reaches.iter().any(Option::is_none);
    let whole = looks_everywhere.then(|| Region::prepare_whole(image, mask, settings));
    let whole = whole.transpose()?;
    (settings.filters.par_iter().zip(&reaches))
        .with_max_len(1)
        .filter_map(|(filter, reach)| {
            let region = match reach {
                Some(reach) => near.as_ref()?.cut(*reach),
                None => Ok(whole.as_ref()?.clone()),
            };
            let filtered = region.and_then(|region| {
                let response = filter.apply(&region.image)?;
                let region = Region {
                    image: response,
                    range: None,
                    ..region
                };
                Ok(Response {
                    name: filter.name(),
                    region: region.cut([0; 3])?,
                })
            });
            Some(filtered)
        })
        .collect()
}

/// The features of all responses, as [`features`](crate::features) adds them behind those of the image; tags begin with the filter's name. Nothing without filters.
///
/// # Errors
/// As [`responses`].
pub fn response_features(
    image: &Image,
    mask: &Mask,
    settings: &Settings,
) -> Result<Vec<FeatureValue>, RadiomicsError> {
    if settings.filters.is_empty() {
        return Ok(Vec::new());
    }
    let inner = settings.of_responses();
    let measured = responses(image, mask, settings)?
        .into_iter()
        .map(|r| named(&r.name, region_features(&r.region, &inner)));
    Ok(measured.flatten().collect())
}

/// Tags and families of a filter's features.
pub(crate) fn named(filter: &str, mut features: Vec<FeatureValue>) -> Vec<FeatureValue> {
    for feature in &mut features {
        feature.tag = format!("{filter}_{}", feature.tag);
        feature.family = format!("{filter}: {}", feature.family);
    }
    features
}

/// Refuses filters that cannot be, and two of one name.
pub(crate) fn check(filters: &[Filter]) -> Result<(), RadiomicsError> {
    for (at, filter) in filters.iter().enumerate() {
        filter.check()?;
        let name = filter.name();
        if filters[..at].iter().any(|f| f.name() == name) {
            return Err(RadiomicsError::BadSetting {
                setting: "filters",
                value: format!("two of the name {name}"),
                allowed: "filters that differ in more than boundary and truncation",
            });
        }
    }
    Ok(())
}

impl Region {
    /// The region with so many voxels about it, as far as there are some.
    fn cut(&self, reach: [usize; 3]) -> Result<Self, RadiomicsError> {
        let bounds: IndexBox =
            bounding_box(&self.morphological).ok_or(RadiomicsError::EmptyMask)?;
        let size = self.image.geometry().size();
        let start: [usize; 3] = std::array::from_fn(|a| bounds.start[a].saturating_sub(reach[a]));
        let size = std::array::from_fn(|a| (bounds.end[a] + reach[a]).min(size[a]) - start[a]);
        Ok(Self {
            image: crop(&self.image, start, size)?,
            morphological: crop(&self.morphological, start, size)?,
            intensity: crop(&self.intensity, start, size)?,
            range: self.range,
        })
    }
}
