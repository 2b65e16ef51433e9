//! All features of a region, family by family.

use crate::feature::{Entry, Family, FeatureValue};
use crate::levels::{Bins, Levels};
use crate::prepare::Region;
use crate::responses::{named, response_features};
use crate::settings::Settings;
use crate::{
    RadiomicsError, local_intensity, morphology, sorting, statistics, texture, volume_histogram,
};
use rayon::prelude::*;
use triher_volume::{Image, Mask};

/// The features of the region of a mask, in the order of the IBSI's tables, those of the image first and then those of each filter's response.
///
/// Voxels whose intensity is not finite belong to the shape but not to the intensities. A feature that is not defined for this region is not a number,
/// and its `flags` say why.
///
/// # Errors
/// As [`Region::prepare`].
pub fn features(
    image: &Image,
    mask: &Mask,
    settings: &Settings,
) -> Result<Vec<FeatureValue>, RadiomicsError> {
    let mut all = region_features(&Region::prepare(image, mask, settings)?, settings);
    all.extend(response_features(image, mask, settings)?);
    Ok(all)
}

/// The features of a region that has been prepared.
pub fn region_features(region: &Region, settings: &Settings) -> Vec<FeatureValue> {
    let pairs = region.image.voxels().iter().zip(region.intensity.voxels());
    let sorted = sorting::ascending(pairs.filter(|(_, inside)| **inside).map(|(v, _)| *v));
    let bins = Bins::new(&sorted, region.range, settings.discretisation);
    let wanted = |family: Family| settings.families.contains(&family);
    let needs_levels = settings.families.iter().any(|f| f.is_texture());
    let levels = match (&bins, needs_levels) {
        (Ok(bins), true) => Some(Levels::new(region, bins)),
        _ => None,
    };
    // Two families of zones come from one search, and two of neighbourhoods from one pass.
    let tasks = [
        Task::Morphology,
        Task::Zones,
        Task::RunLength,
        Task::Neighbourhoods,
        Task::Cooccurrence,
        Task::LocalIntensity,
        Task::Intensities,
    ];
    let done: Vec<Vec<(Family, Vec<FeatureValue>)>> = tasks
        .into_par_iter()
        .with_max_len(1)
        .map(|task| {
            let parts = task.families();
            if !parts.iter().any(|f| wanted(*f)) {
                return Vec::new();
            }
            let plain = |family: Family, entries: Vec<Entry>| {
                let of = entries.into_iter().map(|e| e.of(family)).collect();
                (family, of)
            };
            let aggregation = &settings.aggregation;
            let matrices =
                |family, levels: &Levels| (family, texture::features(levels, family, aggregation));
            match (task, &levels) {
                (Task::Morphology, _) => {
                    vec![plain(Family::Morphology, morphology::features(region))]
                }
                (Task::LocalIntensity, _) => vec![plain(
                    Family::LocalIntensity,
                    local_intensity::features(region),
                )],
                (Task::Intensities, _) => intensity_families(region, settings, &sorted, &bins),
                (Task::Cooccurrence, Some(l)) => vec![matrices(Family::Cooccurrence, l)],
                (Task::RunLength, Some(l)) => vec![matrices(Family::RunLength, l)],
                (Task::Zones, Some(l)) => {
                    let [sizes, distances] = texture::zone_features(l, aggregation);
                    vec![(Family::SizeZone, sizes), (Family::DistanceZone, distances)]
                }
                (Task::Neighbourhoods, Some(l)) => {
                    let [tones, dependences] = texture::neighbourhood_features(l, aggregation);
                    vec![
                        (Family::ToneDifference, tones),
                        (Family::Dependence, dependences),
                    ]
                }
                (_, None) => Vec::new(),
            }
        })
        .collect();
    let mut done: Vec<_> = done.into_iter().flatten().collect();
    done.retain(|(family, _)| wanted(*family));
    done.sort_by_key(|(family, _)| *family);
    let mut all: Vec<FeatureValue> = done.into_iter().flat_map(|(_, f)| f).collect();
    if let Err(why) = bins {
        all.extend(undiscretised(settings, why));
        let order = |f: &FeatureValue| {
            Family::ALL
                .iter()
                .position(|a| f.family.starts_with(a.name()))
        };
        all.sort_by_key(order);
    }
    all
}

/// What is computed together.
#[derive(Clone, Copy)]
enum Task {
    Morphology,
    LocalIntensity,
    Intensities,
    Cooccurrence,
    RunLength,
    Zones,
    Neighbourhoods,
}

impl Task {
    fn families(self) -> &'static [Family] {
        match self {
            Self::Morphology => &[Family::Morphology],
            Self::LocalIntensity => &[Family::LocalIntensity],
            Self::Intensities => &[
                Family::Statistics,
                Family::IntensityHistogram,
                Family::VolumeHistogram,
            ],
            Self::Cooccurrence => &[Family::Cooccurrence],
            Self::RunLength => &[Family::RunLength],
            Self::Zones => &[Family::SizeZone, Family::DistanceZone],
            Self::Neighbourhoods => &[Family::ToneDifference, Family::Dependence],
        }
    }
}

/// The families that only look at the intensities in their order.
fn intensity_families(
    region: &Region,
    settings: &Settings,
    sorted: &[f64],
    bins: &Result<Bins, &'static str>,
) -> Vec<(Family, Vec<FeatureValue>)> {
    let of = |family: Family, entries: Vec<Entry>| {
        (family, entries.into_iter().map(|e| e.of(family)).collect())
    };
    let mut out = vec![of(Family::Statistics, statistics::statistics(sorted))];
    if let Ok(bins) = bins {
        let levels: Vec<f64> = sorted.iter().map(|v| f64::from(bins.level(*v))).collect();
        out.push(of(
            Family::IntensityHistogram,
            statistics::histogram(&levels, bins.count),
        ));
    }
    let steps = volume_histogram::features(sorted, region.range, settings.volume_histogram);
    out.push(of(Family::VolumeHistogram, steps));
    out
}

/// The features that need grey levels when there are none: without values, and why.
fn undiscretised(settings: &Settings, why: &str) -> Vec<FeatureValue> {
    let mut settings = settings.clone();
    settings
        .families
        .retain(|f| f.is_texture() || *f == Family::IntensityHistogram);
    settings.filters.clear();
    let mut features = feature_list(&settings);
    for feature in &mut features {
        why.clone_into(&mut feature.flags);
    }
    features
}

/// The features that [`features`] gives with these settings, in its order: tags, families, names and units, without values.
pub fn feature_list(settings: &Settings) -> Vec<FeatureValue> {
    let geometry = triher_volume::Geometry::axis_aligned([1; 3], [1.0; 3], [0.0; 3]);
    let Ok(geometry) = geometry else {
        return Vec::new();
    };
    // Those of a region of one voxel.
    let region = Region {
        image: Image::filled(geometry, 1.0),
        morphological: Mask::filled(geometry, true),
        intensity: Mask::filled(geometry, true),
        range: None,
    };
    let mut settings = settings.clone();
    settings.discretisation = crate::Discretisation::None;
    let mut features = region_features(&region, &settings);
    let mut inner = settings.of_responses();
    inner.discretisation = crate::Discretisation::None;
    if !settings.filters.is_empty() {
        let of_one = region_features(&region, &inner);
        for filter in &settings.filters {
            features.extend(named(&filter.name(), of_one.clone()));
        }
    }
    for feature in &mut features {
        feature.value = f64::NAN;
        feature.flags.clear();
    }
    features
}
