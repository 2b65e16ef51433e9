//! Conformance with the reference values of the IBSI's filters: statistics of response maps of the CT phantom.

use crate::ibsi::{ConformanceRow, phantom_file};
use crate::radiomics::read_pair;
use crate::{Progress, StudyError};
use std::path::Path;
use triher_radiomics::{Family, FeatureValue, Resampling, Resegmentation, Settings, features};
use triher_volume::Interpolation;

/// Reference values of the IBSI's configurations for filters: `reference_feature_values/reference_values.csv` of github.com/theibsi/ibsi_2_reference_data
/// (CC0 1.0), unchanged.
const REFERENCES: &str = include_str!("../data/ibsi_filter_values.csv");

/// What stands for the number of teams: all values of that table are of the standard.
pub(crate) const STANDARD: &str = "standard";

/// The configurations, by slice (A) and in space (B), with the filter's settings (IBSI reference manual for filters, chapter on
/// benchmarking, table of configurations of the CT phantom). Borders are mirrored.
const CONFIGURATIONS: [(&str, &str); 18] = [
    ("1.A", ""),
    ("1.B", ""),
    ("2.A", "kind = 'mean'\nsupport = 5\nby-slice = true"),
    ("2.B", "kind = 'mean'\nsupport = 5"),
    ("3.A", "kind = 'log'\nsigma-mm = 1.5\nby-slice = true"),
    ("3.B", "kind = 'log'\nsigma-mm = 1.5"),
    (
        "4.A",
        "kind = 'laws'\nkernels = 'L5E5'\npooling = 'max'\nenergy-distance = 7",
    ),
    (
        "4.B",
        "kind = 'laws'\nkernels = 'L5E5E5'\npooling = 'max'\nenergy-distance = 7",
    ),
    (
        "5.A",
        "kind = 'gabor'\nsigma-mm = 5.0\nlambda-mm = 2.0\ngamma = 1.5\nstep-deg = 22.5",
    ),
    (
        "5.B",
        "kind = 'gabor'\nsigma-mm = 5.0\nlambda-mm = 2.0\ngamma = 1.5\nstep-deg = 22.5\northogonal-planes = true",
    ),
    (
        "6.A",
        "kind = 'wavelet'\nfamily = 'db3'\nband = 'LH'\npooling = 'mean'",
    ),
    (
        "6.B",
        "kind = 'wavelet'\nfamily = 'db3'\nband = 'LLH'\npooling = 'mean'",
    ),
    (
        "7.A",
        "kind = 'wavelet'\nfamily = 'db3'\nband = 'HH'\nlevel = 2\npooling = 'mean'",
    ),
    (
        "7.B",
        "kind = 'wavelet'\nfamily = 'db3'\nband = 'HHH'\nlevel = 2\npooling = 'mean'",
    ),
    (
        "8.A",
        "kind = 'isotropic-wavelet'\nlevel = 1\nby-slice = true",
    ),
    ("8.B", "kind = 'isotropic-wavelet'\nlevel = 1"),
    (
        "9.A",
        "kind = 'isotropic-wavelet'\nlevel = 2\nby-slice = true",
    ),
    ("9.B", "kind = 'isotropic-wavelet'\nlevel = 2"),
];

/// Settings of a configuration, and the beginning of its tags.
fn settings(name: &str, filter: &str) -> Result<(Settings, String), StudyError> {
    let internal = |e: toml::de::Error| StudyError::Internal(format!("configuration {name}: {e}"));
    let in_space = name.ends_with('B');
    let mut settings = Settings {
        resampling: in_space.then_some(Resampling {
            spacing_mm: [1.0; 3],
            interpolation: Interpolation::CubicBSpline,
            mask_interpolation: Interpolation::Linear,
            mask_threshold: 0.5,
            round: true,
        }),
        resegmentation: Resegmentation {
            range: Some([-1000.0, 400.0]),
            outlier_sigma: None,
        },
        families: Vec::new(),
        ..Settings::default()
    };
    if filter.is_empty() {
        settings.families = vec![Family::Statistics];
        return Ok((settings, String::new()));
    }
    let filter: triher_radiomics::Filter = toml::from_str(filter).map_err(internal)?;
    let prefix = format!("{}_", filter.name());
    settings.filters = vec![filter];
    settings.responses.families = vec![Family::Statistics];
    Ok((settings, prefix))
}

/// Computes all configurations of the CT phantom in a folder of the IBSI's data, and compares.
///
/// # Errors
/// When the phantom is missing, cannot be read or cannot be measured.
pub fn ibsi_filters(
    data: &Path,
    progress: &dyn Progress,
) -> Result<Vec<ConformanceRow>, StudyError> {
    let (image, mask) = read_pair(
        &phantom_file(data, "ct_phantom", "image", "phantom.nii.gz")?,
        &phantom_file(data, "ct_phantom", "mask", "mask.nii.gz")?,
        None,
    )?;
    let mut rows = Vec::new();
    progress.begin("filters", CONFIGURATIONS.len() as u64);
    for (name, filter) in CONFIGURATIONS {
        progress.step(name);
        let (settings, prefix) = settings(name, filter)?;
        let computed = features(&image, &mask, &settings)?;
        for line in REFERENCES.lines().skip(1) {
            let fields: Vec<&str> = line.trim().split(';').collect();
            let &[id, _, tag, reference, tolerance] = fields.as_slice() else {
                return Err(StudyError::Internal(format!(
                    "reference values of filters: {line}"
                )));
            };
            if id == name {
                let found = computed
                    .iter()
                    .find(|f| f.tag.strip_prefix(prefix.as_str()) == Some(tag));
                rows.push(row(name, filter, tag, found, reference, tolerance)?);
            }
        }
    }
    progress.end();
    Ok(rows)
}

fn row(
    name: &str,
    filter: &str,
    tag: &str,
    found: Option<&FeatureValue>,
    reference: &str,
    tolerance: &str,
) -> Result<ConformanceRow, StudyError> {
    // Where teams agreed on no value both fields are empty.
    let number = |text: &str| match text.trim() {
        "" => Ok(None),
        text => text.parse::<f64>().map(Some).map_err(|e| {
            StudyError::Internal(format!("reference value {text:?} of {name} {tag}: {e}"))
        }),
    };
    let (reference, tolerance) = (number(reference)?, number(tolerance)?.unwrap_or(0.0));
    let computed = found.map(|f| f.value).filter(|v| v.is_finite());
    let outcome = match (computed, reference) {
        (_, None) => "no reference",
        (None, Some(_)) => "ABSENT",
        (Some(value), Some(reference)) if (value - reference).abs() <= tolerance => "within",
        (Some(_), Some(_)) => "DIFFERS",
    };
    Ok(ConformanceRow {
        dataset: format!("filter_{name}"),
        family: if filter.is_empty() {
            "Statistics (no filter)".to_owned()
        } else {
            format!("Statistics ({})", filter.replace('\n', ", "))
        },
        tag: tag.to_owned(),
        computed,
        reference,
        tolerance,
        consensus: STANDARD.to_owned(),
        outcome: outcome.to_owned(),
        fails: matches!(outcome, "ABSENT" | "DIFFERS"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_configuration_can_be_read_and_has_references() {
        for (name, filter) in CONFIGURATIONS {
            settings(name, filter).unwrap().0.check().unwrap();
            let count = REFERENCES
                .lines()
                .filter(|l| l.starts_with(&format!("{name};")))
                .count();
            assert_eq!(count, 18, "{name}");
        }
    }
}
