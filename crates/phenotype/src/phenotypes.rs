//! All phenotypes of a lesion.

use crate::PhenotypeError;
use crate::enhancement::Curves;
use crate::shape::Shape;
use serde::{Deserialize, Serialize};
use std::f64::consts::PI;
use triher_volume::{DynamicSeries, Mask};

/// How phenotypes are computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct PhenotypeOptions {
    /// Clusters of the fuzzy c-means, from 2 to 16. The number of the workstation is not published; the default of 4 is ours.
    pub clusters: usize,
}

impl Default for PhenotypeOptions {
    fn default() -> Self {
        Self { clusters: 4 }
    }
}

/// One phenotype.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Phenotype {
    /// Its letter and number, e.g. `K1`.
    pub code: &'static str,
    /// What it is.
    pub name: &'static str,
    /// `1`, `s`, `1/s`, `mm`, `mm2`, `mm3` or `1/mm`.
    pub unit: &'static str,
    /// The value; `None` when `missing` says why.
    pub value: Option<f64>,
    /// Why there is no value; else empty.
    pub missing: &'static str,
}

const NO_TIMES: &str = "the phases have no times";
const TOO_FEW: &str = "there is one phase after contrast";

/// Code, name and unit of each, in the order of the published table.
const LIST: [(&str, &str, &str); 19] = [
    ("K1", "Maximum enhancement", "1"),
    ("K2", "Time to peak", "s"),
    ("K3", "Uptake rate", "1/s"),
    ("K4", "Washout rate", "1/s"),
    ("K5", "Curve shape index", "1"),
    ("K6", "Enhancement at the first phase after contrast", "1"),
    ("K7", "Signal enhancement ratio", "1"),
    ("E1", "Maximum enhancement variance", "1"),
    ("E2", "Enhancement variance time to peak", "s"),
    ("E3", "Enhancement variance increasing rate", "1/s"),
    ("E4", "Enhancement variance decreasing rate", "1/s"),
    ("G1", "Sphericity", "1"),
    ("G2", "Irregularity", "1"),
    ("S1", "Lesion volume", "mm3"),
    ("S2", "Effective diameter", "mm"),
    ("S3", "Surface area", "mm2"),
    ("G3", "Surface area to volume ratio", "1/mm"),
    ("S4", "Volume of most enhancing voxels", "mm3"),
    ("S5", "Maximum diameter", "mm"),
];

/// The phenotypes without values.
pub fn phenotype_list() -> Vec<Phenotype> {
    LIST.iter()
        .map(|&(code, name, unit)| Phenotype {
            code,
            name,
            unit,
            value: None,
            missing: "",
        })
        .collect()
}

/// The phenotypes of a lesion, in the order of [`phenotype_list`].
///
/// Times are seconds after the phase before contrast. Where phases have none, rates and times are missing, with the reason. The surface is that of the voxels' faces.
///
/// # Errors
/// [`PhenotypeError`]: an empty mask, another grid, no voxel whose enhancement can be told.
pub fn phenotypes(
    series: &DynamicSeries,
    lesion: &Mask,
    options: &PhenotypeOptions,
) -> Result<Vec<Phenotype>, PhenotypeError> {
    if !(2..=16).contains(&options.clusters) {
        return Err(PhenotypeError::BadClusters {
            clusters: options.clusters,
        });
    }
    let shape = Shape::of(lesion)?;
    let curves = Curves::of(series, lesion)?;
    let (curve, voxels) = curves.characteristic(options.clusters);
    let variances = curves.variances();
    // Times of the phases after contrast; the first of all is the one before.
    let times = series.times_s().map(|t| t[1..].to_vec());
    let times = times.as_deref();
    let (k1, k2) = peak(&curve, times);
    let (e1, e2) = peak(&variances, times);
    let (first, last) = (curve[0], curve[curves.phases - 1]);
    let late = |value: f64| {
        if curves.phases < 2 {
            Err(TOO_FEW)
        } else if value.is_finite() {
            Ok(value)
        } else {
            Err("the enhancement it is divided by is 0")
        }
    };
    let effective = shape.effective_diameter_mm;
    let values: [Result<f64, &'static str>; 19] = [
        Ok(k1),
        k2.ok_or(NO_TIMES),
        rise(k1, k2),
        fall(&curve, k1, k2, times),
        late(last / first - 1.0),
        Ok(first),
        late(first / last),
        Ok(e1),
        e2.ok_or(NO_TIMES),
        rise(e1, e2),
        fall(&variances, e1, e2, times),
        Ok(shape.sphericity),
        Ok(1.0 - PI * effective.powi(2) / shape.surface_mm2),
        Ok(shape.volume_mm3),
        Ok(effective),
        Ok(shape.surface_mm2),
        Ok(shape.surface_mm2 / shape.volume_mm3),
        Ok(voxels as f64 * lesion.geometry().voxel_volume_mm3()),
        Ok(shape.longest_mm),
    ];
    let mut all = phenotype_list();
    for (phenotype, value) in all.iter_mut().zip(values) {
        match value {
            Ok(value) => phenotype.value = Some(value),
            Err(why) => phenotype.missing = why,
        }
    }
    Ok(all)
}

/// The largest value of a curve and its time.
fn peak(curve: &[f64], times: Option<&[f64]>) -> (f64, Option<f64>) {
    let mut at = 0;
    for (n, value) in curve.iter().enumerate() {
        if *value > curve[at] {
            at = n;
        }
    }
    (curve[at], times.map(|t| t[at]))
}

/// From contrast to the peak.
fn rise(peak: f64, time: Option<f64>) -> Result<f64, &'static str> {
    let time = time.ok_or(NO_TIMES)?;
    if time > 0.0 {
        Ok(peak / time)
    } else {
        Err("the peak is not after the phase before contrast")
    }
}

/// From the peak to the last phase; 0 when the last is the peak.
fn fall(
    curve: &[f64],
    peak: f64,
    time: Option<f64>,
    times: Option<&[f64]>,
) -> Result<f64, &'static str> {
    let (Some(time), Some(times)) = (time, times) else {
        return Err(NO_TIMES);
    };
    let (Some(last), Some(end)) = (curve.last(), times.last()) else {
        return Err(TOO_FEW);
    };
    Ok(if *end > time {
        (peak - last) / (end - time)
    } else {
        0.0
    })
}
