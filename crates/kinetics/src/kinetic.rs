//! Kinetic features and sizes.

use crate::quantity::Quantity;
use crate::statistics::{mean_of, percentile};
use crate::voxels::LesionVoxels;
use crate::{CurveType, Feature, FeatureOptions, KineticsError};
use rayon::prelude::*;
use triher_volume::{DynamicSeries, Mask};

/// Voxels that one task takes at least.
const MIN_VOXELS_PER_TASK: usize = 1 << 10;

/// How a quantity becomes one number of a lesion: ending of the name, and what it is.
pub(crate) const SUMMARIES: [(&str, &str); 6] = [
    ("curve", "of the lesion's mean curve"),
    ("mean", "mean over the voxels where it is defined"),
    (
        "sd",
        "standard deviation (divided by n) over the voxels where it is defined",
    ),
    ("p10", "10th percentile over the voxels where it is defined"),
    ("p50", "median over the voxels where it is defined"),
    ("p90", "90th percentile over the voxels where it is defined"),
];

/// Features that are no quantity of a curve: name and unit.
const CURVE_TYPES: [(&str, CurveType); 3] = [
    ("kin_fraction_persistent", CurveType::Persistent),
    ("kin_fraction_plateau", CurveType::Plateau),
    ("kin_fraction_washout", CurveType::WashOut),
];
const FUNCTIONAL: [(&str, &str); 2] = [
    ("kin_functional_volume_mm3", "mm3"),
    ("kin_functional_fraction", ""),
];
const SIZES: [(&str, &str, &str); 3] = [
    (
        "size_volume_mm3",
        "mm3",
        "number of voxels of the mask times the volume of one",
    ),
    (
        "size_effective_diameter_mm",
        "mm",
        "diameter of the sphere of the mask's volume",
    ),
    (
        "size_longest_diameter_mm",
        "mm",
        "largest distance between corners of the mask's voxels",
    ),
];

/// Kinetics and sizes of a lesion (`kin_...`, `size_...`), in the order of [`kinetic_names`].
///
/// For each [`Quantity`]: its value on the lesion's mean curve (`_curve`), and mean, standard deviation and 10th, 50th and 90th percentile
/// over the voxels where it is defined. Then the shares of the voxels with persistent, plateau and wash-out curves; volume and
/// share of the voxels that enhance by the functional tumour volume's threshold in the first phase; and the sizes of
/// [`triher_region::size`], which are those of the whole mask. They are checked against NumPy to 1e-9 relative (`tests/features.rs`).
///
/// Gain and units of the scanner cancel, as every quantity is relative to the voxel's own intensity before contrast.
///
/// # Errors
/// As [`features`](crate::features).
pub fn kinetic_features(
    series: &DynamicSeries,
    lesion: &Mask,
    options: &FeatureOptions,
) -> Result<Vec<Feature>, KineticsError> {
    options.check()?;
    kinetic_of(&LesionVoxels::collect(series, lesion)?, lesion, options)
}

/// The names of [`kinetic_features`], in its order.
pub fn kinetic_names() -> Vec<String> {
    let quantities = Quantity::ALL.iter().flat_map(|q| {
        SUMMARIES
            .iter()
            .map(|(ending, _)| quantity_name(*q, ending))
    });
    quantities
        .chain(CURVE_TYPES.iter().map(|(name, _)| (*name).to_owned()))
        .chain(FUNCTIONAL.iter().map(|(name, _)| (*name).to_owned()))
        .chain(SIZES.iter().map(|(name, ..)| (*name).to_owned()))
        .collect()
}

fn quantity_name(quantity: Quantity, ending: &str) -> String {
    format!("kin_{}_{ending}", quantity.name())
}

/// The features of voxels that were collected; options have been checked.
pub(crate) fn kinetic_of(
    voxels: &LesionVoxels,
    lesion: &Mask,
    options: &FeatureOptions,
) -> Result<Vec<Feature>, KineticsError> {
    let size = triher_region::size(lesion)?;
    let times = voxels.times_s.as_deref();
    // Where a quantity is not defined it is not a number: the columns keep the order of the voxels.
    let rows: Vec<[f64; Quantity::ALL.len()]> = voxels
        .par_curves()
        .with_min_len(MIN_VOXELS_PER_TASK)
        .map(|curve| Quantity::ALL.map(|q| q.of(curve, times).unwrap_or(f64::NAN)))
        .collect();
    let mean_curve = voxels.mean_curve();
    let mut features: Vec<Feature> = Quantity::ALL
        .par_iter()
        .enumerate()
        .flat_map_iter(|(column, &quantity)| {
            let defined: Vec<f64> = (rows.iter().map(|row| row[column]))
                .filter(|v| !v.is_nan())
                .collect();
            summaries(quantity, &mean_curve, times, defined)
        })
        .collect();
    features.extend(curve_types(voxels, options));
    let voxel_mm3 = lesion.geometry().voxel_volume_mm3();
    features.extend(functional(voxels, options, voxel_mm3));
    let values = [
        size.volume_mm3,
        size.effective_diameter_mm,
        size.longest_diameter_mm,
    ];
    features.extend(
        SIZES
            .iter()
            .zip(values)
            .map(|(&(name, unit, definition), value)| Feature {
                name: name.to_owned(),
                value: Some(value),
                unit,
                definition: definition.to_owned(),
                reason: None,
            }),
    );
    Ok(features)
}

/// The values of [`SUMMARIES`]: of the mean curve, and of the voxels where something is defined.
pub(crate) fn summary_values(
    of_curve: Option<f64>,
    mut defined: Vec<f64>,
) -> [Option<f64>; SUMMARIES.len()] {
    defined.sort_by(f64::total_cmp);
    let some = !defined.is_empty();
    let mean = mean_of(&defined);
    let squares: Vec<f64> = defined.iter().map(|v| (v - mean).powi(2)).collect();
    [
        of_curve,
        some.then_some(mean),
        some.then(|| mean_of(&squares).sqrt()),
        percentile(&defined, 10.0),
        percentile(&defined, 50.0),
        percentile(&defined, 90.0),
    ]
}

/// One quantity on the mean curve and over the voxels.
fn summaries(
    quantity: Quantity,
    mean_curve: &[f64],
    times_s: Option<&[f64]>,
    defined: Vec<f64>,
) -> Vec<Feature> {
    let values = summary_values(quantity.of(mean_curve, times_s), defined);
    let missing = quantity.missing(mean_curve.len(), times_s.is_some());
    let pairs = SUMMARIES.iter().zip(values);
    pairs
        .map(|(&(ending, what), value)| {
            let value = value.filter(|v| v.is_finite());
            let undefined = match ending {
                "curve" => "it is not defined for the mean curve",
                _ => "it is defined in no voxel",
            };
            Feature {
                name: quantity_name(quantity, ending),
                value,
                unit: quantity.unit(),
                definition: format!("{}; {what}", quantity.definition()),
                reason: value
                    .is_none()
                    .then(|| missing.unwrap_or(undefined).to_owned()),
            }
        })
        .collect()
}

/// Shares of the types of curves among the voxels that have one.
fn curve_types(voxels: &LesionVoxels, options: &FeatureOptions) -> Vec<Feature> {
    let types: Vec<CurveType> = voxels
        .curves()
        .filter_map(|curve| crate::curve_type(curve, options.plateau_percent))
        .collect();
    let missing = Quantity::LateChange
        .missing(voxels.phases, true)
        .unwrap_or("no voxel has intensity after contrast");
    CURVE_TYPES
        .iter()
        .map(|&(name, wanted)| {
            let count = types.iter().filter(|&&t| t == wanted).count();
            let value = (!types.is_empty()).then(|| count as f64 / types.len() as f64);
            Feature {
                name: name.to_owned(),
                value,
                unit: "",
                definition: format!(
                    "share of voxels with a {wanted} curve (change after the first phase, plateau within {} %)",
                    options.plateau_percent
                ),
                reason: value.is_none().then(|| missing.to_owned()),
            }
        })
        .collect()
}

/// Functional tumour volume and its share of the voxels used.
fn functional(voxels: &LesionVoxels, options: &FeatureOptions, voxel_mm3: f64) -> Vec<Feature> {
    let threshold = options.functional_volume_pe_percent;
    let count = voxels
        .curves()
        .filter_map(|curve| Quantity::PercentEnhancementEarly.of(curve, None))
        .filter(|&pe| pe >= threshold)
        .count() as f64;
    let values = [
        (count * voxel_mm3, "volume"),
        (count / voxels.counts.used as f64, "share"),
    ];
    FUNCTIONAL
        .iter()
        .zip(values)
        .map(|(&(name, unit), (value, what))| Feature {
            name: name.to_owned(),
            value: Some(value),
            unit,
            definition: format!(
                "{what} of the voxels that enhance by {threshold} % and more in the first phase after contrast"
            ),
            reason: None,
        })
        .collect()
}
