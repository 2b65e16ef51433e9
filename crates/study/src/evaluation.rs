//! Evaluation of a finished model on an external cohort.

use crate::StudyError;
use crate::clinical::{Clinical, ClinicalPlan, SubgroupSpec, SurvivalSpec};
use crate::comparison::{
    SETS_IN_WORDS, coverage_in_words, coverage_rows, novelty_in_words, options_of,
};
use crate::manifest::{FileHash, Manifest, write_json, write_whole};
use crate::patient_model_card::encoder;
use crate::progress::Progress;
use crate::recipe::Recipe;
use crate::refusal::{RefusedPage, refuse_page};
use crate::seen::trained_on;
use crate::tables::{TableSource, describe};
use crate::train::predictions_of;
use crate::upstream::{Upstream, refuse_seen};
use serde::Serialize;
use std::path::{Path, PathBuf};
use triher_learn::{Coverage, Dataset, ModelFile, coverage};
use triher_report::{Catalogue, EvaluationReport, Language};
use triher_stats::{Evaluation, OperatingPoints, Predictions};
use triher_survival::SurvivalSummary;

/// What to evaluate on and what to write.
#[derive(Clone, Debug)]
pub struct EvaluatePlan {
    /// The model file.
    pub model: PathBuf,
    /// The labelled cohort.
    pub table: TableSource,
    /// Clinical findings: subgroups and survival.
    pub clinical: ClinicalPlan,
    /// Bootstrap replicates.
    pub bootstrap: usize,
    /// Seed of the bootstrap.
    pub seed: u64,
    /// Title of the report; made from the table's name when empty.
    pub title: String,
    /// Language of the report.
    pub language: Language,
    /// Whether the cohort is simulated: the report then says so first.
    pub simulated: bool,
    /// Figures as JSON.
    pub json: Option<PathBuf>,
    /// Report.
    pub html: Option<PathBuf>,
    /// Probabilities of each row as CSV.
    pub predictions: Option<PathBuf>,
}

/// What an evaluation gave.
#[derive(Debug)]
pub struct Evaluated {
    /// The figures.
    pub evaluation: Evaluation,
    /// Survival by the model's score, when its columns were named.
    pub survival: Option<SurvivalSummary>,
    /// How often the prediction sets hold the true class, when the model makes sets.
    pub prediction_sets: Option<Coverage>,
    /// What the predictions were evaluated as.
    pub predictions: Predictions,
    /// The rows.
    pub dataset: Dataset,
    /// Rows left out, values imputed.
    pub notes: Vec<String>,
}

/// The figures with what they were made of, as the JSON file holds them.
#[derive(Serialize)]
struct EvaluationFile<'a> {
    #[serde(flatten)]
    evaluation: &'a Evaluation,
    /// How often the prediction sets hold the true class.
    #[serde(skip_serializing_if = "Option::is_none")]
    prediction_sets: Option<&'a Coverage>,
    #[serde(skip_serializing_if = "Option::is_none")]
    survival: Option<&'a SurvivalSummary>,
    model: FileHash,
    manifest: &'a Manifest,
}

/// Applies a model to a labelled cohort and writes figures, report and predictions. Where the input cannot be used, report and JSON say what is
/// missing and what to do.
///
/// # Errors
/// When the model or the table cannot be read, the table lacks features of the model or has a class
/// that the model does not know.
pub fn evaluate(plan: &EvaluatePlan, progress: &dyn Progress) -> Result<Evaluated, StudyError> {
    evaluate_table(plan, progress).or_else(|problem| {
        let mut paths: Vec<&Path> = vec![&plan.model, &plan.table.features];
        paths.extend(plan.table.labels.as_deref());
        paths.extend(plan.clinical.table.as_deref());
        let page = RefusedPage {
            heading: "refused-evaluation",
            title: plan.title(),
            language: plan.language,
            simulated: plan.simulated,
            html: plan.html.clone(),
            json: plan.json.clone(),
            paths,
        };
        refuse_page(&page, &problem)?;
        Err(problem)
    })
}

impl EvaluatePlan {
    /// The title, or one with the name of the table.
    fn title(&self) -> String {
        if !self.title.is_empty() {
            return self.title.clone();
        }
        let name = self.table.features.file_stem().unwrap_or_default();
        let name = name.to_string_lossy();
        Catalogue::new(self.language).with("evaluation-title", &[("name", &name)])
    }
}

fn evaluate_table(plan: &EvaluatePlan, progress: &dyn Progress) -> Result<Evaluated, StudyError> {
    let model = ModelFile::read(&plan.model)?;
    let labelled = plan.table.read()?;
    let dataset = labelled.dataset_of(&model.classes)?;
    refuse_seen(&upstream_of(&model), &dataset)?;
    refuse_other_habitats(&model, labelled.recipe.as_ref())?;
    let mut notes = labelled.notes.clone();
    notes.extend(trained_on(&model, &dataset));
    let clinical = Clinical::read(&plan.clinical, &plan.table.columns.id, &dataset)?;

    progress.begin("Evaluation", 1);
    let (predicted, predictions) = predictions_of(&model, &dataset)?;
    notes.extend(predicted.notes.iter().cloned());
    let centres = dataset.centres.as_deref();
    let sets = predicted.sets.as_ref();
    let sets = sets.map(|sets| coverage(sets, &dataset.y, &dataset.classes, centres));
    let sets = sets.transpose()?;
    notes.extend(sets.iter().flat_map(coverage_in_words));
    notes.extend(predicted.distances.as_deref().and_then(novelty_in_words));
    let options = options_of(plan.bootstrap, plan.seed);
    let mut evaluation = triher_stats::evaluate(&predictions, &options)?;
    if let Some(points) = &model.training.operating_points {
        // A model of another version may hold them in another form; then they are not shown.
        if let Ok(points) = serde_json::from_value::<OperatingPoints>(points.clone()) {
            evaluation.operating = points.apply(&predictions, options.confidence)?;
        }
    }
    let survival = clinical.add_to(&mut evaluation, &predictions, &options)?;
    progress.step("done");
    progress.end();

    let manifest = manifest_of(plan, &notes)?;
    if let Some(path) = &plan.predictions {
        write_whole(path, &predictions_csv(&dataset, &predicted)?)?;
    }
    if let Some(path) = &plan.json {
        let file = EvaluationFile {
            evaluation: &evaluation,
            prediction_sets: sets.as_ref(),
            survival: survival.as_ref(),
            model: FileHash::of(&plan.model)?,
            manifest: &manifest,
        };
        write_json(path, &file)?;
    }
    if let Some(path) = &plan.html {
        let report = report(
            plan,
            &model,
            &dataset,
            (&evaluation, survival.as_ref(), sets.as_ref()),
            &manifest,
        )?;
        write_whole(path, report.as_bytes())?;
    }
    Ok(Evaluated {
        evaluation,
        survival,
        prediction_sets: sets,
        predictions,
        dataset,
        notes,
    })
}

/// What the model's features were fitted on before it was trained.
pub(crate) fn upstream_of(model: &ModelFile) -> Vec<Upstream> {
    let fitted = model.training.fitted_upstream.iter();
    fitted
        .map(|(what, patients)| Upstream {
            what: what.clone(),
            patients: patients.clone(),
        })
        .collect()
}

/// Refuses a table whose habitats are not those of the model: their columns have the same names and another meaning.
fn refuse_other_habitats(model: &ModelFile, table: Option<&Recipe>) -> Result<(), StudyError> {
    let recipe = model
        .extraction
        .clone()
        .map(serde_json::from_value::<Recipe>);
    let (Some(Ok(recipe)), Some(table)) = (recipe, table) else {
        return Ok(());
    };
    let used = (model.feature_names.iter()).any(|name| name.starts_with("habitat_"));
    let fitted = |recipe: &Recipe| {
        let habitats = recipe.habitats.as_ref();
        habitats.and_then(|h| h.fitted()).map(|h| h.sha256())
    };
    if used && fitted(&recipe) != fitted(table) {
        return Err(StudyError::Input(
            "the table's habitats are not those that the model was trained with: extract it with the same [features.habitats] and the same model = \"...\" as the training cohort".to_owned(),
        ));
    }
    Ok(())
}

#[derive(Serialize)]
struct Configuration<'a> {
    columns: &'a crate::study_file::Columns,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    subgroups: &'a [SubgroupSpec],
    #[serde(skip_serializing_if = "Option::is_none")]
    survival: Option<&'a SurvivalSpec>,
    bootstrap: usize,
    seed: u64,
}

fn manifest_of(plan: &EvaluatePlan, notes: &[String]) -> Result<Manifest, StudyError> {
    let configuration = Configuration {
        columns: &plan.table.columns,
        subgroups: &plan.clinical.subgroups,
        survival: plan.clinical.survival.as_ref(),
        bootstrap: plan.bootstrap,
        seed: plan.seed,
    };
    let mut manifest = Manifest::new("evaluate", &configuration);
    manifest.seeds = vec![("bootstrap".to_owned(), plan.seed)];
    manifest.add_input(&plan.model)?;
    manifest.add_input(&plan.table.features)?;
    if let Some(labels) = &plan.table.labels {
        manifest.add_input(labels)?;
    }
    if let Some(clinical) = &plan.clinical.table {
        manifest.add_input(clinical)?;
    }
    manifest.notes = notes.to_vec();
    Ok(manifest)
}

/// One row each: id, class, predicted class, probabilities; the prediction set and the distances where the model has them.
fn predictions_csv(
    dataset: &Dataset,
    predicted: &triher_learn::Predictions,
) -> Result<Vec<u8>, StudyError> {
    let wrong = |e: csv::Error| StudyError::Internal(e.to_string());
    let mut writer = csv::Writer::from_writer(Vec::new());
    let mut header = vec!["id".to_owned(), "class".to_owned(), "predicted".to_owned()];
    header.extend(dataset.classes.iter().map(|c| format!("probability_{c}")));
    if predicted.sets.is_some() {
        header.push("prediction_set".to_owned());
    }
    if predicted.distances.is_some() {
        let columns = [
            "out_of_distribution",
            "mahalanobis_distance",
            "neighbour_distance",
        ];
        header.extend(columns.map(str::to_owned));
    }
    writer.write_record(&header).map_err(wrong)?;
    for (i, (id, &truth)) in dataset.ids.iter().zip(&dataset.y).enumerate() {
        let row = predicted.probabilities.row(i);
        let mut record = vec![id.clone(), dataset.classes[truth].clone()];
        record.push(dataset.classes[most_probable(row)].clone());
        record.extend(row.iter().map(ToString::to_string));
        if let Some(set) = predicted.sets.as_ref().and_then(|sets| sets.get(i)) {
            record.push(classes_of(set, &dataset.classes).join(" or "));
        }
        if let Some(d) = predicted.distances.as_ref().and_then(|all| all.get(i)) {
            record.push(d.out_of_distribution.to_string());
            record.extend([d.mahalanobis, d.neighbour].map(|v| v.to_string()));
        }
        writer.write_record(&record).map_err(wrong)?;
    }
    writer
        .into_inner()
        .map_err(|e| StudyError::Internal(e.to_string()))
}

/// Names of the classes that a prediction set holds.
pub(crate) fn classes_of(set: &[bool], classes: &[String]) -> Vec<String> {
    let held = set.iter().zip(classes).filter(|(held, _)| **held);
    held.map(|(_, class)| class.clone()).collect()
}

/// Index of the largest probability, the first of equals.
pub(crate) fn most_probable(probabilities: &[f64]) -> usize {
    let mut best = 0;
    for (index, value) in probabilities.iter().enumerate() {
        if *value > probabilities[best] {
            best = index;
        }
    }
    best
}

/// Reads a model file.
///
/// # Errors
/// When it cannot be read, is damaged, or comes from a newer triher.
pub fn read_model(path: &Path) -> Result<ModelFile, StudyError> {
    Ok(ModelFile::read(path)?)
}

/// Facts about a model that every report shows, in the catalogue's language.
///
/// # Errors
/// When the file cannot be read.
pub fn model_facts(
    model: &ModelFile,
    path: &Path,
    words: &Catalogue,
) -> Result<Vec<(String, String)>, StudyError> {
    let hash = FileHash::of(path)?;
    let mut facts = vec![
        (words.text("model-file"), hash.name),
        (words.text("model-sha256"), hash.sha256),
        (
            words.text("model-classifier"),
            words.said(&model.pipeline.describe()),
        ),
        (
            words.text("model-features"),
            model.feature_names.len().to_string(),
        ),
        (words.text("model-encoder"), encoder(model, words)),
    ];
    let embedded = model.feature_names.iter().any(|n| n.starts_with("emb_"));
    let recipe = model.extraction.clone();
    let recipe = recipe.and_then(|recipe| serde_json::from_value::<Recipe>(recipe).ok());
    let recipe = recipe.and_then(|recipe| recipe.embedding);
    if let Some(recipe) = recipe.filter(|_| embedded) {
        let input = [
            ("inputs", recipe.inputs.join(", ")),
            ("profile", recipe.profile.to_string()),
            ("variant", recipe.variant.to_string()),
        ];
        let input = input.each_ref().map(|(key, text)| (*key, text.as_str()));
        facts.push((
            words.text("fact-encoder-input"),
            words.with("fact-encoder-input-text", &input),
        ));
        if let Some(sha256) = recipe.sha256 {
            facts.push((words.text("fact-encoder-sha256"), sha256));
        }
    }
    for (name, value) in &model.training.rows {
        let fact = words.said(name).to_lowercase();
        facts.push((
            words.with("fact-training", &[("fact", &fact)]),
            value.clone(),
        ));
    }
    Ok(facts)
}

/// Facts of a data set in the catalogue's language.
pub(crate) fn facts_in_words(
    facts: &[(String, String)],
    words: &Catalogue,
) -> Vec<(String, String)> {
    let facts = facts.iter();
    facts
        .map(|(name, value)| (words.said(name), value.clone()))
        .collect()
}

fn report(
    plan: &EvaluatePlan,
    model: &ModelFile,
    dataset: &Dataset,
    (evaluation, survival, sets): (&Evaluation, Option<&SurvivalSummary>, Option<&Coverage>),
    manifest: &Manifest,
) -> Result<String, StudyError> {
    let cross_validated = model.training.cross_validated.clone();
    let cross_validated: Option<Evaluation> =
        cross_validated.and_then(|value| serde_json::from_value(value).ok());
    let words = &Catalogue::new(plan.language);
    let limits = ["limit-cohort", "limit-labels", "limit-thresholds"].map(|key| words.text(key));
    let hashes = manifest.inputs.iter();
    let hashes = hashes.map(|f| (f.name.clone(), f.sha256.clone()));
    let mut provenance = vec![("triher".to_owned(), manifest.triher_version.clone())];
    let seeds = manifest.seeds.iter();
    provenance.extend(seeds.map(|(what, seed)| {
        let name = words.with("page-seed", &[("what", &words.said(what))]);
        (name, seed.to_string())
    }));
    provenance.extend(hashes);
    Ok(triher_report::evaluation_report(&EvaluationReport {
        language: plan.language,
        title: plan.title(),
        subtitle: words.text("evaluation-subtitle"),
        model: model_facts(model, &plan.model, words)?,
        data: facts_in_words(&describe(dataset), words),
        evaluation,
        prediction_sets: sets.map_or_else(Vec::new, |sets| coverage_rows(sets, words)),
        survival,
        cross_validated: cross_validated.as_ref(),
        // What is said of the sets stands in their table.
        notes: (manifest.notes.iter())
            .filter(|note| !note.starts_with(SETS_IN_WORDS))
            .cloned()
            .collect(),
        limits: limits.to_vec(),
        manifest: provenance,
        simulated: plan.simulated,
    }))
}
