//! The whole method on a simulated cohort: what a newcomer runs first.

use crate::StudyError;
use crate::case::{CasePlan, ImagePlan};
use crate::cohort::LesionPlace;
use crate::labelling::{LabelPlan, label};
use crate::manifest::write_whole;
use crate::prediction::{PredictPlan, Prediction, TrainingTables, predict};
use crate::progress::Progress;
use crate::recipe::EmbeddingRecipe;
use crate::run::{RunPlan, StudyOutcome, run};
use crate::simulation::{SimulatePlan, Simulated, SimulatedFormat, simulate};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use triher_region::LesionRule;
use triher_report::{Catalogue, Language};
use triher_simulate::CohortSpec;

/// Where the demonstration writes and from which seed.
#[derive(Clone, Debug)]
pub struct DemoPlan {
    /// Folder to write to.
    pub out: PathBuf,
    /// Seed of everything.
    pub seed: u64,
    /// Encoder weights, instead of those that ship.
    pub weights: Option<PathBuf>,
    /// Language of the reports.
    pub language: Language,
}

/// What the demonstration gave.
#[derive(Debug)]
pub struct Demo {
    /// The study on the simulated cohort.
    pub study: StudyOutcome,
    /// One patient of the external centre.
    pub predicted: Prediction,
    /// The encoder, as reports call it.
    pub encoder: String,
    /// The evaluation's report.
    pub report: PathBuf,
    /// The patient's report.
    pub patient_report: PathBuf,
    /// The study file, to run again or to change.
    pub study_file: PathBuf,
}

/// Simulates three centres, labels them, runs the study that trains on the first two and evaluates
/// on the third, and predicts one patient of the third.
///
/// # Errors
/// When a file cannot be written.
pub fn demo(plan: &DemoPlan, progress: &dyn Progress) -> Result<Demo, StudyError> {
    let folder = plan.out.join("cohort");
    let simulated = simulate(
        &SimulatePlan {
            spec: CohortSpec::demo(plan.seed),
            out: folder.clone(),
            format: SimulatedFormat::Dicom,
        },
        progress,
    )?;
    label(&LabelPlan {
        table: simulated.clinical.clone(),
        columns: folder.join("columns.toml").to_string_lossy().into_owned(),
        rule: None,
        out: Some(folder.join("labels.csv")),
    })?;
    for (_, cohort) in &simulated.cohorts {
        add_embedding(cohort, plan.weights.as_deref())?;
    }
    let study_file = plan.out.join("study.toml");
    write_whole(&study_file, study_text(&simulated, plan).as_bytes())?;
    let study = run(
        &RunPlan {
            simulated: true,
            language: plan.language,
            look_again: true,
            ..RunPlan::read(&study_file, None)?
        },
        progress,
    )?;

    let external = study.external.first();
    let external =
        external.ok_or_else(|| StudyError::Internal("the demo has one centre".to_owned()))?;
    let (images, mask) = first_patient(&folder, &external.name)?;
    let training = study.extracted.iter();
    let training = training.filter(|(cohort, _)| *cohort != external.name);
    let patient_report = plan.out.join("patient.html");
    let predicted = predict(
        &PredictPlan {
            case: CasePlan {
                model: study.model.clone(),
                images: ImagePlan {
                    path: images,
                    rule: LesionRule::Largest,
                    resample_mask: false,
                    patient: None,
                    times_s: None,
                    weights: plan.weights.clone(),
                    rules: None,
                },
                lesion: LesionPlace::Mask(mask),
            },
            json: Some(plan.out.join("patient.json")),
            html: Some(patient_report.clone()),
            pdf: Some(plan.out.join("patient.pdf")),
            language: plan.language,
            attribution: None,
            training: TrainingTables {
                features: training.map(|(_, done)| done.table.clone()).collect(),
                labels: None,
            },
            simulated: true,
        },
        progress,
    )?;
    let report = external.report.clone();
    Ok(Demo {
        study,
        predicted,
        encoder: EmbeddingRecipe {
            weights: plan.weights.clone(),
            ..EmbeddingRecipe::default()
        }
        .encoder_name(),
        report,
        patient_report,
        study_file,
    })
}

/// The study that trains on all centres but the last.
fn study_text(simulated: &Simulated, plan: &DemoPlan) -> String {
    let name = Catalogue::new(plan.language).text("demo-study");
    let seed = plan.seed;
    let mut text = format!(
        "# The demonstration's study: run it again with `triher run study.toml`.\n\
         name = \"{name}\"\n\
         output = \".\"\n\
         seed = {seed}\n\
         characteristics = [\"her2_ihc\"]\n"
    );
    for (index, (name, _)) in simulated.cohorts.iter().enumerate() {
        let role = if index + 1 < simulated.cohorts.len() {
            "training"
        } else {
            "external"
        };
        let _ = write!(
            text,
            "\n[[cohorts]]\nname = \"{name}\"\nrole = \"{role}\"\nextract = \"cohort/{name}.toml\"\nclinical = \"cohort/clinical.csv\"\n"
        );
    }
    // Many correlated features and some fifty patients want a strong penalty. A handful of patients of each class make sets of four in five, not of
    // nineteen in twenty.
    text.push_str(
        "\n[model]\nc = 0.02\n\
         probability = { calibration = { method = \"temperature\" }, conformal = { coverage = 0.8 }, novelty = {} }\n\
         \n[validation]\nfolds = 5\nrepeats = 5\n",
    );
    text
}

fn add_embedding(cohort: &Path, weights: Option<&Path>) -> Result<(), StudyError> {
    let mut text = std::fs::read_to_string(cohort).map_err(StudyError::read(cohort))?;
    // One centre has no fifth phase after contrast, so the fourth stands for the late one.
    text.push_str(
        "\n[features.embedding]\nprofile = \"bl4as\"\ninputs = [\"C2\", \"C2-C0\", \"C4-C2\"]\n",
    );
    if let Some(weights) = weights {
        let weights = std::path::absolute(weights).map_err(StudyError::read(weights))?;
        let path = toml::Value::String(weights.to_string_lossy().into_owned());
        let _ = writeln!(text, "weights = {path}");
    }
    write_whole(cohort, text.as_bytes())
}

/// Images and mask of the first patient of a centre.
fn first_patient(folder: &Path, centre: &str) -> Result<(PathBuf, PathBuf), StudyError> {
    let path = folder.join(format!("patients-{centre}.csv"));
    let text = std::fs::read_to_string(&path).map_err(StudyError::read(&path))?;
    let row: Vec<&str> = text.lines().nth(1).unwrap_or_default().split(',').collect();
    match row.as_slice() {
        [_, images, mask, ..] => Ok((folder.join(images), folder.join(mask))),
        _ => Err(StudyError::Internal(
            "the demo's last centre has no patient".to_owned(),
        )),
    }
}
