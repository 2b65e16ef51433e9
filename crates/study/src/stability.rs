//! Columns that are kept because they hold when images and masks change a little.

use crate::StudyError;
use crate::extract::with_suffix;
use crate::manifest::{FileHash, Manifest};
use crate::robustness::{FeatureStability, RobustnessConfiguration};
use crate::tables::LabelledTable;
use crate::upstream::Upstream;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Which features are taken into training, before anything is fitted.
///
/// ```toml
/// [selection]
/// stability = "stability.csv"     # as `triher robustness` writes it, with its manifest beside it
/// minimum_icc = 0.75
/// icc = "lower"                   # the lower end of the interval, or "estimate"
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SelectionSettings {
    /// Table of `triher robustness`; without it all features are taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stability: Option<PathBuf>,
    /// The least ICC of a feature that is taken. 0.75 is called good (Koo and Li, Journal of Chiropractic Medicine 2016;15:155).
    pub minimum_icc: f64,
    /// Which number is compared with it.
    pub icc: IccBound,
}

/// Which number of a feature's ICC counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum IccBound {
    /// The lower end of its 95 % interval.
    #[default]
    Lower,
    /// The estimate itself.
    Estimate,
}

impl Default for SelectionSettings {
    fn default() -> Self {
        Self {
            stability: None,
            minimum_icc: 0.75,
            icc: IccBound::Lower,
        }
    }
}

/// Takes the columns that do not hold out of a table, and notes what was done.
///
/// The selection looks at no outcome. It does look at patients, so those whose images were changed for it are kept on the training side of every fold and
/// cannot be evaluated on, as with habitats of a cohort. Columns that the stability table does not know (age, say) are kept.
///
/// # Errors
/// When the stability table or its manifest cannot be read or do not belong together, when it is of features made in another way, or when no feature holds.
pub(crate) fn select_stable(
    table: &mut LabelledTable,
    settings: &SelectionSettings,
) -> Result<(), StudyError> {
    let Some(path) = &settings.stability else {
        return Ok(());
    };
    if !(-1.0..=1.0).contains(&settings.minimum_icc) {
        return Err(StudyError::Input(format!(
            "a minimum_icc of {} selects nothing or everything: give a number from -1 to 1, such as 0.75",
            settings.minimum_icc
        )));
    }
    let made = read_configuration(path)?;
    if let Some(recipe) = &table.recipe
        && *recipe != made.recipe
    {
        return Err(wrong(
            path,
            "it is of features made with another recipe than the table's: run triher robustness with the same [features] as triher extract",
        ));
    }
    let known = read_table(path)?;
    let names = &table.table.feature_names;
    let unknown = names.iter().filter(|n| !known.contains_key(*n)).count();
    if unknown == names.len() {
        return Err(wrong(
            path,
            "it knows none of the table's features: run triher robustness with the same [features] as triher extract",
        ));
    }
    let holds = |name: &String| match known.get(name) {
        None => true,
        Some(feature) => {
            let icc = match settings.icc {
                IccBound::Lower => feature.icc_lower,
                IccBound::Estimate => feature.icc,
            };
            icc.is_some_and(|icc| icc >= settings.minimum_icc)
        }
    };
    let keep: Vec<bool> = names.iter().map(holds).collect();
    let (kept, all) = (keep.iter().filter(|k| **k).count(), names.len());
    if kept == 0 {
        return Err(StudyError::Input(format!(
            "none of the {all} features has an ICC of {} or more in {}: lower minimum_icc, or take icc = \"estimate\"",
            settings.minimum_icc,
            crate::source::file_name(path)
        )));
    }
    table.keep_columns(&keep);
    let number = match settings.icc {
        IccBound::Lower => "the lower end of the ICC's interval",
        IccBound::Estimate => "the ICC",
    };
    table.notes.push(format!(
        "{kept} of {all} features are used: those with {number} at {} or more in {}{}",
        settings.minimum_icc,
        crate::source::file_name(path),
        match unknown {
            0 => String::new(),
            n => format!(", and {n} that it does not know"),
        }
    ));
    table.upstream.push(Upstream {
        what: "the choice of features by their stability".to_owned(),
        patients: made.patients,
    });
    Ok(())
}

/// How the table was made, from the manifest beside it, whose hash must be that of the table.
fn read_configuration(path: &Path) -> Result<RobustnessConfiguration, StudyError> {
    let beside = with_suffix(path, ".manifest.json");
    let lost = || "the manifest that triher robustness wrote beside the table says which patients it was made of; keep the two together, or run triher robustness again";
    let bytes = match std::fs::read(&beside) {
        Ok(bytes) => bytes,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
            return Err(wrong(&beside, format!("it is missing: {}", lost())));
        }
        Err(e) => return Err(StudyError::read(&beside)(e)),
    };
    let not = |e: serde_json::Error| wrong(&beside, format!("it cannot be used ({e}): {}", lost()));
    let manifest: Manifest = serde_json::from_slice(&bytes).map_err(not)?;
    let hash = FileHash::of(path)?.sha256;
    if !manifest.outputs.iter().any(|output| output.sha256 == hash) {
        return Err(wrong(
            path,
            format!("it is not the table that its manifest is of: {}", lost()),
        ));
    }
    serde_json::from_value(manifest.configuration).map_err(not)
}

fn read_table(path: &Path) -> Result<BTreeMap<String, FeatureStability>, StudyError> {
    let bytes = std::fs::read(path).map_err(StudyError::read(path))?;
    let mut reader = csv::Reader::from_reader(bytes.as_slice());
    let rows = reader.deserialize::<FeatureStability>();
    rows.map(|row| {
        let row = row.map_err(|e| wrong(path, format!("{e}: run triher robustness again")))?;
        Ok((row.feature.clone(), row))
    })
    .collect()
}

fn wrong(file: &Path, problem: impl Into<String>) -> StudyError {
    crate::study_file::configuration(file, problem)
}
