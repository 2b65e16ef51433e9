//! Which features hold when images and masks change a little.

use crate::StudyError;
use crate::cohort::CohortFile;
use crate::each_patient::each_patient;
use crate::extract::{read_rules, with_suffix};
use crate::features::FeatureExtractor;
use crate::lesion::find_lesions;
use crate::manifest::{Manifest, write_whole};
use crate::recipe::Recipe;
use crate::source::{PatientStudy, ReadOptions};
use crate::training_patients::TrainingPatients;
use crate::upstream::pseudonym;
use crate::{Progress, extract::SkippedPatient};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
pub use triher_perturbation::PerturbationOptions;
use triher_perturbation::perturb;
use triher_stats::intraclass_correlation;

/// What to change and how often.
#[derive(Clone, Debug)]
pub struct RobustnessPlan {
    /// Cohort file.
    pub cohort: PathBuf,
    /// Whose images are changed. For a selection of features it must be training patients: others would be kept out of every test.
    pub training: TrainingPatients,
    /// Table to write (CSV), with its manifest beside it.
    pub out: PathBuf,
    /// Changes of each patient.
    pub repeats: u64,
    /// How much is changed.
    pub options: PerturbationOptions,
}

/// How repeatable one feature is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FeatureStability {
    /// Name of the feature.
    pub feature: String,
    /// ICC(1,1) over patients and changes; empty where it is not defined.
    pub icc: Option<f64>,
    /// Lower end of its 95 % interval.
    pub icc_lower: Option<f64>,
    /// Upper end.
    pub icc_upper: Option<f64>,
    /// Patients in which the feature has a value after every change.
    pub patients: usize,
    /// Changes of each.
    pub repeats: u64,
}

/// What the manifest beside the table says of how it was made: who reads the table for a selection needs it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct RobustnessConfiguration {
    cohort: serde_json::Value,
    /// How the features were made.
    pub(crate) recipe: Recipe,
    options: PerturbationOptions,
    repeats: u64,
    /// Pseudonyms of the patients, sorted.
    pub(crate) patients: Vec<String>,
}

/// A patient, and the values of each feature after each change.
struct Measured {
    id: String,
    values: Vec<Vec<f64>>,
}

/// What came out.
#[derive(Clone, Debug)]
pub struct Robustness {
    /// One row per feature, in the order of the feature table.
    pub features: Vec<FeatureStability>,
    /// Patients that could not be used.
    pub skipped: Vec<SkippedPatient>,
}

/// Changes every patient of a cohort a little, several times, measures again, and tells for each feature how much of its variance is between
/// patients: ICC(1,1) with its interval. Labels are not looked at.
///
/// # Errors
/// When the cohort cannot be read, an option makes no sense, fewer than two patients can be used, or the table cannot be written.
pub fn robustness(
    plan: &RobustnessPlan,
    progress: &dyn Progress,
) -> Result<Robustness, StudyError> {
    plan.options.check()?;
    if !(2..=1000).contains(&plan.repeats) {
        return Err(StudyError::Input(format!(
            "{} changes of each patient tell nothing of how much they matter: give from 2 to 1000",
            plan.repeats
        )));
    }
    let cohort = CohortFile::read(&plan.cohort)?;
    let folder = plan.cohort.parent().unwrap_or(Path::new("")).to_owned();
    let extractor = FeatureExtractor::new(&cohort.features, &folder)?;
    let rules = cohort.series_rules.as_deref().map(|r| folder.join(r));
    let rules = read_rules(rules.as_deref())?;
    let found = cohort.patients(&folder)?;
    let training = plan.training.rule()?;
    let candidates = training.candidates(&found.patients)?;
    let stage = format!("Changes of {}", cohort.name);
    let measured = each_patient(&stage, &candidates, progress, |patient| {
        let reading = ReadOptions {
            rules: rules.clone(),
            patient: None,
            times_s: patient.times_s.clone(),
        };
        let study = PatientStudy::read(&patient.images, &reading)?;
        let id = patient.id.as_ref().unwrap_or(&study.id);
        if !training.includes(id) {
            return Ok(None);
        }
        let rule = &extractor.recipe().lesion;
        let lesions = find_lesions(&study, &patient.lesion, rule, cohort.resample_masks)?.lesions;
        let lesion = lesions
            .first()
            .ok_or_else(|| StudyError::Input("there is no lesion to measure".to_owned()))?;
        let values = (0..plan.repeats).map(|repeat| {
            let (series, mask) = perturb(&study.series, &lesion.mask, &plan.options, repeat)?;
            Ok(extractor.extract(&series, &mask)?.values)
        });
        let values = values.collect::<Result<Vec<Vec<f64>>, StudyError>>()?;
        Ok(Some(Measured {
            id: id.clone(),
            values,
        }))
    });
    let (mut patients, mut skipped) = (Vec::new(), Vec::new());
    for outcome in measured {
        match outcome {
            Ok(patient) => patients.extend(patient),
            Err(patient) => skipped.push(patient),
        }
    }
    let ids = patients.iter().map(|p| p.id.as_str()).collect();
    training.check_found(&ids, &found.patients, &cohort.name)?;
    if patients.len() < 2 {
        return Err(StudyError::Input(format!(
            "{} patient(s) of {} could be used: how features differ between patients takes two or more",
            patients.len(),
            cohort.name
        )));
    }
    let features = extractor.names().iter().enumerate();
    let features: Vec<FeatureStability> = features
        .map(|(at, name)| {
            let of = |patient: &Measured| -> Vec<f64> {
                patient.values.iter().map(|values| values[at]).collect()
            };
            let subjects: Vec<Vec<f64>> = patients.iter().map(of).collect();
            let complete = |s: &&Vec<f64>| s.iter().all(|v| v.is_finite());
            let icc = intraclass_correlation(&subjects);
            FeatureStability {
                feature: name.clone(),
                icc: icc.map(|i| i.value),
                icc_lower: icc.map(|i| i.lower),
                icc_upper: icc.map(|i| i.upper),
                patients: subjects.iter().filter(complete).count(),
                repeats: plan.repeats,
            }
        })
        .collect();
    write_whole(&plan.out, csv(&features)?.as_bytes())?;
    let mut pseudonyms: Vec<String> = patients.iter().map(|p| pseudonym(&p.id)).collect();
    pseudonyms.sort_unstable();
    let configuration = RobustnessConfiguration {
        cohort: serde_json::to_value(&cohort).unwrap_or_default(),
        recipe: extractor.recipe().clone(),
        options: plan.options,
        repeats: plan.repeats,
        patients: pseudonyms,
    };
    let mut manifest = Manifest::new("robustness", &configuration);
    manifest.add_input(&plan.cohort)?;
    if let Some(path) = plan.training.table() {
        manifest.add_input(path)?;
    }
    manifest.add_output(&plan.out)?;
    for patient in &skipped {
        manifest
            .notes
            .push(format!("skipped {}: {}", patient.patient, patient.reason));
    }
    manifest.write(&with_suffix(&plan.out, ".manifest.json"))?;
    Ok(Robustness { features, skipped })
}

fn csv(features: &[FeatureStability]) -> Result<String, StudyError> {
    let internal = |error: String| StudyError::Internal(error);
    let mut writer = csv::Writer::from_writer(Vec::new());
    for feature in features {
        writer
            .serialize(feature)
            .map_err(|e| internal(e.to_string()))?;
    }
    let bytes = writer.into_inner().map_err(|e| internal(e.to_string()))?;
    String::from_utf8(bytes).map_err(|e| internal(e.to_string()))
}
