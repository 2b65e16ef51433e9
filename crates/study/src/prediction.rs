//! One patient: from images to probabilities, with a picture of what was read.

use crate::StudyError;
use crate::attribution::{Method, map_of};
use crate::case::{Case, CasePlan};
use crate::evaluation::{classes_of, most_probable, upstream_of};
use crate::manifest::{FileHash, Manifest, write_json, write_whole};
use crate::patient_page::PatientPage;
use crate::progress::Progress;
use crate::refusal::refuse_prediction;
use crate::similar_cases::similar_to;
pub use crate::similar_cases::{SimilarCase, TrainingTables};
use crate::source::{PhaseRead, SetAside, file_name};
use serde::Serialize;
use std::path::{Path, PathBuf};
use triher_learn::ModelFile;
use triher_region::Size;
use triher_report::{Catalogue, Language, patient_pdf, patient_report};
use triher_volume::Image;

/// Whom to predict and what to write.
#[derive(Clone, Debug)]
pub struct PredictPlan {
    /// The model and the lesion.
    pub case: CasePlan,
    /// Result as JSON.
    pub json: Option<PathBuf>,
    /// Report.
    pub html: Option<PathBuf>,
    /// Report as PDF.
    pub pdf: Option<PathBuf>,
    /// Language of the reports.
    pub language: Language,
    /// Where the model looked: shown over the lesion's planes and phases.
    pub attribution: Option<AttributionSource>,
    /// The model's training tables, in which similar cases are looked for.
    pub training: TrainingTables,
    /// Whether the model was trained on simulated patients: the report then says so first.
    pub simulated: bool,
}

/// Where the map of a report comes from.
#[derive(Clone, Debug, PartialEq)]
pub enum AttributionSource {
    /// A file, on any grid in patient coordinates.
    File(PathBuf),
    /// It is made for the predicted class.
    Method(Method),
}

impl AttributionSource {
    /// A method by its name with usual settings, or else a file.
    pub fn parse(text: &Path) -> Self {
        Self::Method(match text.to_str() {
            Some("rollout") => Method::Rollout,
            Some("relevance") => Method::Relevance,
            Some("integrated-gradients") => Method::USUAL_INTEGRATED_GRADIENTS,
            Some("occlusion") => Method::USUAL_OCCLUSION,
            _ => return Self::File(text.to_owned()),
        })
    }

    /// Whether it is a file of the reader's own.
    pub(crate) fn is_given(&self) -> bool {
        matches!(self, Self::File(_))
    }

    /// Its name for a report's text, and the map.
    ///
    /// # Errors
    /// When the file cannot be read, or there is no map of this model.
    pub(crate) fn map(
        &self,
        case: &Case,
        class: usize,
        words: &Catalogue,
        progress: &dyn Progress,
    ) -> Result<(String, Image), StudyError> {
        match self {
            Self::File(path) => Ok((file_name(path), triher_imagefile::read_image(path)?)),
            Self::Method(method) => Ok((
                words.text(method.key()),
                map_of(case.subject(), *method, class, progress)?,
            )),
        }
    }
}

/// The prediction of one lesion.
#[derive(Clone, Debug, Serialize)]
pub struct Prediction {
    /// Always true: not for diagnosis.
    pub research_use_only: bool,
    /// Identifier of the patient.
    pub patient_id: String,
    /// The most probable class.
    pub class: String,
    /// Probability of each class.
    pub probabilities: serde_json::Map<String, serde_json::Value>,
    /// The classes that the prediction set holds, when the model makes sets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prediction_set: Option<Vec<String>>,
    /// Whether the lesion is unlike those of training, when the model measures it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub out_of_distribution: Option<bool>,
    /// Mahalanobis distance from the mean of the training lesions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mahalanobis_distance: Option<f64>,
    /// Distance to the k-th nearest training lesion.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub neighbour_distance: Option<f64>,
    /// The lesion.
    pub lesion: LesionFacts,
    /// What was read.
    pub study: StudyFacts,
    /// How the probabilities vary over the views of the patches, when several were embedded; the probabilities above are those of the views'
    /// mean embedding.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub test_time: Option<ViewSpread>,
    /// The features that moved the prediction most, with what each adds to the log-odds of the class.
    pub top_features: Vec<Contribution>,
    /// The training cases that the model sees nearest to this one, when the training tables were given.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub similar_cases: Vec<SimilarCase>,
    /// All features; null where undefined.
    pub features: serde_json::Map<String, serde_json::Value>,
    /// What the reader should know.
    pub warnings: Vec<String>,
    /// Version, inputs and settings.
    pub manifest: Manifest,
}

/// The lesion of a prediction.
#[derive(Clone, Debug, Serialize)]
pub struct LesionFacts {
    /// Its name.
    pub name: String,
    /// How it was found.
    pub found_by: String,
    /// Number of voxels.
    pub voxels: usize,
    /// Its sizes.
    #[serde(flatten)]
    pub size: Size,
}

/// The study of a prediction.
#[derive(Clone, Debug, Serialize)]
pub struct StudyFacts {
    /// The phases.
    pub phases: Vec<PhaseRead>,
    /// What told the phases apart.
    pub evidence: String,
    /// What was not used.
    pub set_aside: Vec<SetAside>,
}

/// How probabilities vary over the views of one patient's patches.
#[derive(Clone, Debug, Serialize)]
pub struct ViewSpread {
    /// Number of views.
    pub views: usize,
    /// Standard deviation of each class's probability over the views.
    pub standard_deviation: serde_json::Map<String, serde_json::Value>,
    /// Lowest and highest probability of each class.
    pub range: serde_json::Map<String, serde_json::Value>,
    /// Share of the views in which the class is the predicted one.
    pub agreement: f64,
}

impl ViewSpread {
    fn in_words(&self, class: &str) -> String {
        let number = |value: &serde_json::Value| value.as_f64().unwrap_or(f64::NAN);
        let end = |at: usize| number(&self.range[class][at]);
        format!(
            "over {} views of the patches the probability of {class} lies between {:.2} and {:.2} (standard deviation {:.3}), and {:.0} % of them predict it",
            self.views,
            end(0),
            end(1),
            number(&self.standard_deviation[class]),
            100.0 * self.agreement
        )
    }
}

/// What one feature adds to the predicted class.
#[derive(Clone, Debug, Serialize)]
pub struct Contribution {
    /// The feature.
    pub feature: String,
    /// Added to the class's log-odds against the mean of all classes.
    pub log_odds: f64,
}

/// Number of features that a report names.
const TOP_FEATURES: usize = 10;

/// Predicts one patient. Where the input cannot be used, the files of the plan say what is missing and what to do.
///
/// # Errors
/// When the model was trained on features that triher did not extract, the images cannot be read, the lesion is not
/// found, or several lesions are asked for; when the report has no attribution map although one was asked for.
pub fn predict(plan: &PredictPlan, progress: &dyn Progress) -> Result<Prediction, StudyError> {
    progress.begin("Prediction", 4);
    let case = Case::read(&plan.case, progress);
    match case.and_then(|case| predict_case(plan, &case, progress)) {
        Ok((prediction, None)) => Ok(prediction),
        // The files hold the prediction and say why there is no map; whoever asked for it is told, too.
        Ok((_, Some(problem))) => Err(problem),
        Err(problem) => {
            refuse_prediction(plan, &problem)?;
            Err(problem)
        }
    }
}

/// The prediction of a case, and why its report lacks the attribution map that was asked for.
fn predict_case(
    plan: &PredictPlan,
    case: &Case,
    progress: &dyn Progress,
) -> Result<(Prediction, Option<StudyError>), StudyError> {
    let Case {
        model,
        study,
        lesion,
        extractor,
        features,
        ..
    } = case;
    let predicted = model.predict(extractor.names(), &features.values)?;
    let probabilities = predicted.probabilities.row(0).to_vec();
    let class = most_probable(&probabilities);
    let test_time = view_spread(model, extractor.names(), &features.views, class)?;

    let mut warnings = study.warnings.clone();
    warnings.extend(case.lesion_warnings.iter().cloned());
    warnings.extend(predicted.notes.iter().cloned());
    warnings.extend(features.notes.iter().cloned());
    let notes = warnings.clone();
    let mut fitted_on_patient = Vec::new();
    for upstream in upstream_of(model) {
        if !upstream.among([&study.id]).is_empty() {
            fitted_on_patient.push(upstream.what.clone());
            warnings.push(format!(
                "{}, which the model's features depend on, were fitted on this patient among others: the prediction flatters",
                upstream.what
            ));
        }
    }
    warnings.extend(
        test_time
            .iter()
            .map(|spread| spread.in_words(&model.classes[class])),
    );
    let set = predicted.sets.as_ref().and_then(|sets| sets.first());
    let distances = predicted.distances.as_ref().and_then(|all| all.first());
    if distances.is_some_and(|d| d.out_of_distribution) {
        warnings.push(
            "this lesion is unlike those the model was trained on: the prediction rests on extrapolation and should not be relied on"
                .to_owned(),
        );
    }
    let row = (extractor.names(), features.values.as_slice());
    let similar = similar_to(&plan.training, model, row, &study.id)?;
    let mut manifest = case.manifest("predict");
    manifest.inputs.extend(similar.inputs.iter().cloned());
    if let Some(AttributionSource::File(path)) = &plan.attribution {
        // A file that cannot be read is told where its map would be.
        manifest.inputs.extend(FileHash::of(path));
    }

    let prediction = Prediction {
        research_use_only: true,
        patient_id: study.id.clone(),
        class: model.classes[class].clone(),
        probabilities: named(&model.classes, &probabilities),
        prediction_set: set.map(|set| classes_of(set, &model.classes)),
        out_of_distribution: distances.map(|d| d.out_of_distribution),
        mahalanobis_distance: distances.map(|d| d.mahalanobis),
        neighbour_distance: distances.map(|d| d.neighbour),
        lesion: LesionFacts {
            name: lesion.name.clone(),
            found_by: case.found_by.clone(),
            voxels: lesion.mask.count(),
            size: triher_region::size(&lesion.mask)?,
        },
        study: StudyFacts {
            phases: study.phases.clone(),
            evidence: study.evidence.clone(),
            set_aside: study.set_aside.clone(),
        },
        test_time,
        top_features: top_features(model, extractor.names(), &features.values, class)?,
        similar_cases: similar.cases.clone(),
        features: named(extractor.names(), &features.values),
        warnings,
        manifest,
    };
    if let Some(path) = &plan.json {
        write_json(path, &prediction)?;
    }
    let mut no_map = None;
    if plan.html.is_some() || plan.pdf.is_some() {
        let page = PatientPage {
            plan,
            case,
            prediction: &prediction,
            class,
            progress,
            fitted_on_patient: &fitted_on_patient,
            notes: &notes,
            similar: &similar,
        };
        let report;
        (report, no_map) = page.report()?;
        if let Some(path) = &plan.html {
            write_whole(path, patient_report(&report).as_bytes())?;
        }
        if let Some(path) = &plan.pdf {
            let pdf = patient_pdf(&report).map_err(|e| StudyError::Internal(e.to_string()))?;
            write_whole(path, &pdf)?;
        }
    }
    progress.step("written");
    progress.end();
    Ok((prediction, no_map))
}

pub(crate) fn named(
    names: &[String],
    values: &[f64],
) -> serde_json::Map<String, serde_json::Value> {
    let pairs = names.iter().zip(values);
    pairs
        .map(|(name, &value)| (name.clone(), serde_json::Value::from(value)))
        .collect()
}

/// Predicts each view by itself; `None` when there is one view only.
fn view_spread(
    model: &ModelFile,
    names: &[String],
    views: &[Vec<f64>],
    class: usize,
) -> Result<Option<ViewSpread>, StudyError> {
    if views.is_empty() {
        return Ok(None);
    }
    let mut each = Vec::with_capacity(views.len());
    for view in views {
        each.push(model.predict(names, view)?.probabilities.row(0).to_vec());
    }
    let count = each.len() as f64;
    let mut deviations = Vec::with_capacity(model.classes.len());
    let mut range = serde_json::Map::new();
    for (at, name) in model.classes.iter().enumerate() {
        let of_class = || each.iter().map(|p| p[at]);
        let mean = of_class().sum::<f64>() / count;
        let squares: f64 = of_class().map(|p| (p - mean).powi(2)).sum();
        deviations.push((squares / (count - 1.0).max(1.0)).sqrt());
        let (low, high) =
            of_class().fold((1.0f64, 0.0f64), |(low, high), p| (low.min(p), high.max(p)));
        range.insert(name.clone(), serde_json::json!([low, high]));
    }
    let agree = each.iter().filter(|p| most_probable(p) == class).count();
    Ok(Some(ViewSpread {
        views: each.len(),
        standard_deviation: named(&model.classes, &deviations),
        range,
        agreement: agree as f64 / count,
    }))
}

fn top_features(
    model: &ModelFile,
    names: &[String],
    values: &[f64],
    class: usize,
) -> Result<Vec<Contribution>, StudyError> {
    let mut contributions: Vec<Contribution> = model
        .contributions(names, values, class)?
        .into_iter()
        .map(|(feature, log_odds)| Contribution { feature, log_odds })
        .collect();
    contributions.sort_by(|a, b| b.log_odds.abs().total_cmp(&a.log_odds.abs()));
    contributions.truncate(TOP_FEATURES);
    Ok(contributions)
}
