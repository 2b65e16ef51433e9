//! PyRadiomics' classes of intensities and matrices, from the IBSI's features of the same matrices.

use super::parameters::Parameters;
use super::prepare::Region;
use crate::feature::Entry;
use crate::levels::Levels;
use crate::statistics;
use crate::texture::{Textures, second_eigenvalue};

/// A feature's name, unit and value.
pub(super) type Named = (&'static str, &'static str, f64);

/// Names of a class with the IBSI's tag of the same feature.
type Pairs = &'static [(&'static str, &'static str)];

const GLCM: Pairs = &[
    ("Autocorrelation", "cm_auto_corr"),
    ("ClusterProminence", "cm_clust_prom"),
    ("ClusterShade", "cm_clust_shade"),
    ("ClusterTendency", "cm_clust_tend"),
    ("Contrast", "cm_contrast"),
    ("Correlation", "cm_corr"),
    ("DifferenceAverage", "cm_diff_avg"),
    ("DifferenceEntropy", "cm_diff_entr"),
    ("DifferenceVariance", "cm_diff_var"),
    ("Id", "cm_inv_diff"),
    ("Idm", "cm_inv_diff_mom"),
    ("Idmn", "cm_inv_diff_mom_norm"),
    ("Idn", "cm_inv_diff_norm"),
    ("Imc1", "cm_info_corr1"),
    ("Imc2", "cm_info_corr2"),
    ("InverseVariance", "cm_inv_var"),
    ("JointAverage", "cm_joint_avg"),
    ("JointEnergy", "cm_energy"),
    ("JointEntropy", "cm_joint_entr"),
    ("MCC", ""),
    ("MaximumProbability", "cm_joint_max"),
    ("SumAverage", "cm_sum_avg"),
    ("SumEntropy", "cm_sum_entr"),
    ("SumSquares", "cm_joint_var"),
];

const GLRLM: Pairs = &[
    ("GrayLevelNonUniformity", "rlm_glnu"),
    ("GrayLevelNonUniformityNormalized", "rlm_glnu_norm"),
    ("GrayLevelVariance", "rlm_gl_var"),
    ("HighGrayLevelRunEmphasis", "rlm_hgre"),
    ("LongRunEmphasis", "rlm_lre"),
    ("LongRunHighGrayLevelEmphasis", "rlm_lrhge"),
    ("LongRunLowGrayLevelEmphasis", "rlm_lrlge"),
    ("LowGrayLevelRunEmphasis", "rlm_lgre"),
    ("RunEntropy", "rlm_rl_entr"),
    ("RunLengthNonUniformity", "rlm_rlnu"),
    ("RunLengthNonUniformityNormalized", "rlm_rlnu_norm"),
    ("RunPercentage", "rlm_r_perc"),
    ("RunVariance", "rlm_rl_var"),
    ("ShortRunEmphasis", "rlm_sre"),
    ("ShortRunHighGrayLevelEmphasis", "rlm_srhge"),
    ("ShortRunLowGrayLevelEmphasis", "rlm_srlge"),
];

const GLSZM: Pairs = &[
    ("GrayLevelNonUniformity", "szm_glnu"),
    ("GrayLevelNonUniformityNormalized", "szm_glnu_norm"),
    ("GrayLevelVariance", "szm_gl_var"),
    ("HighGrayLevelZoneEmphasis", "szm_hgze"),
    ("LargeAreaEmphasis", "szm_lze"),
    ("LargeAreaHighGrayLevelEmphasis", "szm_lzhge"),
    ("LargeAreaLowGrayLevelEmphasis", "szm_lzlge"),
    ("LowGrayLevelZoneEmphasis", "szm_lgze"),
    ("SizeZoneNonUniformity", "szm_zsnu"),
    ("SizeZoneNonUniformityNormalized", "szm_zsnu_norm"),
    ("SmallAreaEmphasis", "szm_sze"),
    ("SmallAreaHighGrayLevelEmphasis", "szm_szhge"),
    ("SmallAreaLowGrayLevelEmphasis", "szm_szlge"),
    ("ZoneEntropy", "szm_zs_entr"),
    ("ZonePercentage", "szm_z_perc"),
    ("ZoneVariance", "szm_zs_var"),
];

const GLDM: Pairs = &[
    ("DependenceEntropy", "ngl_dc_entr"),
    ("DependenceNonUniformity", "ngl_dcnu"),
    ("DependenceNonUniformityNormalized", "ngl_dcnu_norm"),
    ("DependenceVariance", "ngl_dc_var"),
    ("GrayLevelNonUniformity", "ngl_glnu"),
    ("GrayLevelVariance", "ngl_gl_var"),
    ("HighGrayLevelEmphasis", "ngl_hgce"),
    ("LargeDependenceEmphasis", "ngl_hde"),
    ("LargeDependenceHighGrayLevelEmphasis", "ngl_hdhge"),
    ("LargeDependenceLowGrayLevelEmphasis", "ngl_hdlge"),
    ("LowGrayLevelEmphasis", "ngl_lgce"),
    ("SmallDependenceEmphasis", "ngl_lde"),
    ("SmallDependenceHighGrayLevelEmphasis", "ngl_ldhge"),
    ("SmallDependenceLowGrayLevelEmphasis", "ngl_ldlge"),
];

const NGTDM: Pairs = &[
    ("Busyness", "ngt_busyness"),
    ("Coarseness", "ngt_coarseness"),
    ("Complexity", "ngt_complexity"),
    ("Contrast", "ngt_contrast"),
    ("Strength", "ngt_strength"),
];

const FIRST_ORDER: [&str; 19] = [
    "10Percentile",
    "90Percentile",
    "Energy",
    "Entropy",
    "InterquartileRange",
    "Kurtosis",
    "Maximum",
    "MeanAbsoluteDeviation",
    "Mean",
    "Median",
    "Minimum",
    "Range",
    "RobustMeanAbsoluteDeviation",
    "RootMeanSquared",
    "Skewness",
    "StandardDeviation",
    "TotalEnergy",
    "Uniformity",
    "Variance",
];

fn pairs(class: &str) -> Pairs {
    match class {
        "glcm" => GLCM,
        "glrlm" => GLRLM,
        "glszm" => GLSZM,
        "gldm" => GLDM,
        "ngtdm" => NGTDM,
        _ => &[],
    }
}

/// The names of a class.
pub(super) fn names(class: &str) -> Vec<&'static str> {
    match class {
        "firstorder" => FIRST_ORDER.to_vec(),
        "shape" => super::shape::NAMES.to_vec(),
        matrices => pairs(matrices).iter().map(|p| p.0).collect(),
    }
}

/// Intensities: `firstorder`.
pub(super) fn first_order(region: &Region, levels: &Levels, parameters: &Parameters) -> Vec<Named> {
    let mut sorted = region.intensities();
    sorted.sort_by(f64::total_cmp);
    let m = statistics::moments(&sorted);
    let shift = parameters.voxel_array_shift;
    let energy: f64 = sorted.iter().map(|v| (v + shift).powi(2)).sum();
    let n = sorted.len() as f64;
    let mut histogram = vec![0f64; levels.count + 1];
    for &level in levels.data.iter().filter(|l| **l > 0) {
        histogram[usize::from(level)] += 1.0 / n;
    }
    let shares = || histogram.iter().filter(|p| **p > 0.0);
    let entropy: f64 = shares().map(|p| -p * p.log2()).sum();
    let flat = m.variance == 0.0;
    let values = [
        m.p10,
        m.p90,
        energy,
        entropy.max(0.0),
        m.iqr,
        // Not the excess; and of equal intensities 0.
        if flat { 0.0 } else { m.kurtosis + 3.0 },
        m.maximum,
        m.mad,
        m.mean,
        m.median,
        m.minimum,
        m.range,
        m.rmad,
        (energy / n).sqrt(),
        m.skewness,
        m.variance.sqrt(),
        energy * region.image.geometry().voxel_volume_mm3(),
        shares().map(|p| p * p).sum(),
        m.variance,
    ];
    let unit = |name: &str| match name {
        "Energy" | "Variance" => "intensity2",
        "TotalEnergy" => "intensity2 mm3",
        "Entropy" => "bit",
        "Kurtosis" | "Skewness" | "Uniformity" => "1",
        _ => "intensity",
    };
    let named = FIRST_ORDER.into_iter().zip(values);
    named
        .map(|(name, value)| (name, unit(name), value))
        .collect()
}

/// The classes of matrices.
pub(super) fn texture(levels: &Levels, class: &str, parameters: &Parameters) -> Vec<Named> {
    let textures = Textures {
        levels,
        in_space: !parameters.force_2d,
        coarseness: parameters.gldm_a,
    };
    let (entries, correlation): (Vec<Entry>, f64) = match class {
        "glcm" => {
            let matrices = textures.pairs();
            let values: Vec<f64> = matrices.iter().map(second_eigenvalue).collect();
            let mean = values.iter().sum::<f64>() / values.len() as f64;
            (textures.pair_features(&matrices), mean)
        }
        "glrlm" => (textures.run_features(), f64::NAN),
        "glszm" => (textures.zone_features(), f64::NAN),
        "gldm" => (textures.dependence_features(), f64::NAN),
        _ => (textures.tone_features(), f64::NAN),
    };
    let one_level = levels.data.iter().filter(|l| **l > 0).min()
        == levels.data.iter().filter(|l| **l > 0).max();
    pairs(class)
        .iter()
        .map(|&(name, tag)| {
            if tag.is_empty() {
                let value = if one_level { 1.0 } else { correlation };
                return (name, "1", value);
            }
            let found = entries.iter().find(|e| e.tag == tag);
            let (unit, value) = found.map_or(("1", f64::NAN), |e| (e.unit, e.value));
            // PyRadiomics' value of one grey level.
            let value = if name == "Imc1" && one_level {
                0.0
            } else {
                value
            };
            (name, unit, value)
        })
        .collect()
}
