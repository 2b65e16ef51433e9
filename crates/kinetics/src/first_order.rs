//! First-order features of the lesion's intensities.

use crate::statistics::{FirstOrder, mean_of};
use crate::voxels::LesionVoxels;
use crate::{Feature, FeatureOptions, KineticsError};
use rayon::prelude::*;
use triher_volume::{DynamicSeries, Mask};

/// Which intensities are described.
#[derive(Clone, Copy, PartialEq)]
enum Source {
    Pre,
    FirstPost,
    Last,
    FirstSubtraction,
}

const SOURCES: [Source; 4] = [
    Source::Pre,
    Source::FirstPost,
    Source::Last,
    Source::FirstSubtraction,
];

impl Source {
    fn name(self) -> &'static str {
        match self {
            Self::Pre => "pre",
            Self::FirstPost => "post1",
            Self::Last => "last",
            Self::FirstSubtraction => "sub1",
        }
    }

    fn definition(self) -> &'static str {
        match self {
            Self::Pre => "before contrast",
            Self::FirstPost => "in the first phase after contrast",
            Self::Last => "in the last phase",
            Self::FirstSubtraction => {
                "of the first phase after contrast minus the pre-contrast phase"
            }
        }
    }

    /// The statistics of this source: the mean before contrast is what the intensities are divided by, so it is left out.
    fn statistics(self) -> impl Iterator<Item = &'static Statistic> {
        STATISTICS
            .iter()
            .filter(move |s| !(self == Self::Pre && s.name == "mean"))
    }

    /// Its intensity of one voxel's curve.
    fn intensity(self, curve: &[f64]) -> f64 {
        let at = |phase: usize| curve.get(phase).copied().unwrap_or(f64::NAN);
        match self {
            Self::Pre => at(0),
            Self::FirstPost => at(1),
            Self::Last => at(curve.len() - 1),
            Self::FirstSubtraction => at(1) - at(0),
        }
    }
}

/// One statistic: name, IBSI tag and code, and where it is found.
struct Statistic {
    name: &'static str,
    definition: &'static str,
    value: fn(&FirstOrder) -> Option<f64>,
}

const fn statistic(
    name: &'static str,
    definition: &'static str,
    value: fn(&FirstOrder) -> Option<f64>,
) -> Statistic {
    Statistic {
        name,
        definition,
        value,
    }
}

const STATISTICS: [Statistic; 18] = [
    statistic("mean", "mean (IBSI stat_mean, Q4LE)", |s| Some(s.mean)),
    statistic("variance", "variance (IBSI stat_var, ECT3)", |s| {
        Some(s.variance)
    }),
    statistic("skewness", "skewness (IBSI stat_skew, KE2A)", |s| {
        s.skewness
    }),
    statistic("kurtosis", "excess kurtosis (IBSI stat_kurt, IPH6)", |s| {
        s.kurtosis
    }),
    statistic("median", "median (IBSI stat_median, Y12H)", |s| {
        Some(s.median)
    }),
    statistic("min", "minimum (IBSI stat_min, 1GSF)", |s| Some(s.minimum)),
    statistic("p10", "10th percentile (IBSI stat_p10, QG58)", |s| {
        Some(s.p10)
    }),
    statistic("p90", "90th percentile (IBSI stat_p90, 8DWT)", |s| {
        Some(s.p90)
    }),
    statistic("max", "maximum (IBSI stat_max, 84IY)", |s| Some(s.maximum)),
    statistic("iqr", "interquartile range (IBSI stat_iqr, SALO)", |s| {
        Some(s.interquartile_range)
    }),
    statistic("range", "range (IBSI stat_range, 2OJQ)", |s| Some(s.range)),
    statistic(
        "mad",
        "mean absolute deviation (IBSI stat_mad, 4FUA)",
        |s| Some(s.mean_absolute_deviation),
    ),
    statistic(
        "rmad",
        "robust mean absolute deviation (IBSI stat_rmad, 1128)",
        |s| Some(s.robust_mean_absolute_deviation),
    ),
    statistic("energy", "energy (IBSI stat_energy, N8CA)", |s| {
        Some(s.energy)
    }),
    statistic("rms", "root mean square (IBSI stat_rms, 5ZWQ)", |s| {
        Some(s.root_mean_square)
    }),
    statistic(
        "entropy",
        "entropy in bits of a histogram of fixed bin number (IBSI ih_entropy, TLU2)",
        |s| Some(s.entropy),
    ),
    statistic(
        "uniformity",
        "uniformity of a histogram of fixed bin number (IBSI ih_uniformity, BJ5W)",
        |s| Some(s.uniformity),
    ),
    statistic(
        "cov",
        "coefficient of variation (IBSI stat_cov, 7TET)",
        |s| s.coefficient_of_variation,
    ),
];

/// First-order statistics of a lesion's intensities (`fo_...`), in the order of [`first_order_names`]: before contrast (`pre`), in the first
/// (`post1`) and the last phase after it (`last`), and of the first subtraction (`sub1`).
///
/// All intensities are divided by the lesion's mean intensity before contrast first, so that scanner gain and units cancel; the mean
/// before contrast is then 1 and is left out. Statistics are those of [`FirstOrder`]. There is no interpolation; they are those of the voxels
/// of the grid.
///
/// # Errors
/// As [`features`](crate::features).
pub fn first_order_features(
    series: &DynamicSeries,
    lesion: &Mask,
    options: &FeatureOptions,
) -> Result<Vec<Feature>, KineticsError> {
    options.check()?;
    Ok(first_order_of(
        &LesionVoxels::collect(series, lesion)?,
        options,
    ))
}

/// The names of [`first_order_features`], in its order.
pub fn first_order_names() -> Vec<String> {
    SOURCES
        .iter()
        .flat_map(|&source| source.statistics().map(move |s| feature_name(source, s)))
        .collect()
}

fn feature_name(source: Source, statistic: &Statistic) -> String {
    format!("fo_{}_{}", source.name(), statistic.name)
}

/// The features of voxels that were collected; options have been checked.
pub(crate) fn first_order_of(voxels: &LesionVoxels, options: &FeatureOptions) -> Vec<Feature> {
    let pre: Vec<f64> = voxels.curves().map(|c| Source::Pre.intensity(c)).collect();
    // Positive: voxels without signal before contrast were left out.
    let unit = mean_of(&pre);
    SOURCES
        .par_iter()
        .flat_map_iter(|&source| {
            let values: Vec<f64> = voxels
                .curves()
                .map(|c| source.intensity(c) / unit)
                .collect();
            let order = FirstOrder::of(&values, options.bins);
            source.statistics().map(move |statistic| {
                let value = order.as_ref().and_then(statistic.value);
                let value = value.filter(|v| v.is_finite());
                let reason = if order.is_none() {
                    "the intensities are too large"
                } else {
                    "the intensities do not differ, or their mean is 0"
                };
                Feature {
                    name: feature_name(source, statistic),
                    value,
                    unit: "",
                    definition: format!(
                        "{} of the intensity {}, relative to the lesion's mean before contrast",
                        statistic.definition,
                        source.definition()
                    ),
                    reason: value.is_none().then(|| reason.to_owned()),
                }
            })
        })
        .collect()
}
