//! Training: cross-validated figures, then the model on all rows.

use crate::StudyError;
use crate::clinical::{Clinical, ClinicalPlan, SubgroupSpec, SurvivalSpec};
use crate::comparison::{Compared, compare, figures};
use crate::manifest::{FileHash, Manifest, write_json};
use crate::progress::Progress;
use crate::seen::patient_marks;
use crate::source::file_name;
use crate::stability::{SelectionSettings, select_stable};
use crate::study_file::{ModelSettings, ValidationSettings};
use crate::tables::{LabelledTable, TableSource, describe, stack};
use crate::validation::{InternalValidation, feasible, out_of_fold_csv, too_few, validate};
use serde::Serialize;
use std::path::PathBuf;
use triher_learn::{
    CrossValidation, Dataset, FittedStep, LearnError, ModelFile, Pipeline, PipelineSpec, StepSpec,
    TrainingProvenance, Tuned, has_natural_order,
};
use triher_stats::{Evaluation, OperatingPoints, ValidationScores};

/// What to train on and how.
#[derive(Clone, Debug)]
pub struct TrainPlan {
    /// The labelled feature tables with the names of their cohorts; several are put together.
    pub tables: Vec<(String, TableSource)>,
    /// Clinical findings of the cohorts, each with the column of identifiers of its table: subgroups and survival of out-of-fold predictions.
    pub clinical: Vec<(String, ClinicalPlan)>,
    /// Which features are taken.
    pub selection: SelectionSettings,
    /// The classifier.
    pub model: ModelSettings,
    /// Cross-validation.
    pub validation: ValidationSettings,
    /// Seed of folds and bootstrap.
    pub seed: u64,
    /// Model file to write.
    pub out: PathBuf,
    /// Cross-validated figures as JSON.
    pub json: Option<PathBuf>,
    /// The validation part of a fixed split: looked at with the finished model, and what operating points are chosen on.
    pub validation_tables: Vec<TableSource>,
    /// Everything about the validation as JSON.
    pub validation_json: Option<PathBuf>,
    /// Out-of-fold predictions as CSV.
    pub out_of_fold: Option<PathBuf>,
    /// Folder that keeps finished rounds of the validation, so that a run that was stopped repeats none.
    pub rounds: Option<PathBuf>,
}

/// What training gave.
#[derive(Debug)]
pub struct Trained {
    /// The model, as it was written.
    pub model: ModelFile,
    /// The rows it was trained on.
    pub dataset: Dataset,
    /// What the validation within the training cohorts gave.
    pub validated: InternalValidation,
    /// Other classifiers on the same folds.
    pub compared: Vec<Compared>,
    /// Rows, classes and centres.
    pub data: Vec<(String, String)>,
    /// Rows left out, columns not used, folds reduced.
    pub notes: Vec<String>,
}

/// The configuration as the model and the manifest keep it.
#[derive(Serialize)]
struct Configuration<'a> {
    columns: Vec<&'a crate::study_file::Columns>,
    selection: SelectionSettings,
    model: &'a ModelSettings,
    validation: ValidationSettings,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    subgroups: &'a [SubgroupSpec],
    #[serde(skip_serializing_if = "Option::is_none")]
    survival: Option<&'a SurvivalSpec>,
    seed: u64,
}

/// Cross-validates, trains on all rows and writes the model file and its manifest.
///
/// # Errors
/// When the table cannot be read, has fewer than two classes, or the model cannot be written.
pub fn train(plan: &TrainPlan, progress: &dyn Progress) -> Result<Trained, StudyError> {
    let mut tables = Vec::with_capacity(plan.tables.len());
    for (name, source) in &plan.tables {
        tables.push((source.read()?, name.clone()));
    }
    let mut labelled = stack(tables)?;
    select_stable(&mut labelled, &plan.selection)?;
    let dataset = labelled.dataset()?;
    let mut notes = labelled.notes.clone();
    let (resolved, of_blocks) =
        crate::fusion::with_columns(&plan.model, &plan.tables, &dataset.feature_names)?;
    notes.extend(of_blocks);
    let spec = resolved.pipeline();
    refuse_outcome(&spec, &plan.tables)?;
    notes.extend(too_few(&dataset));
    notes.extend(order_in_words(&dataset.classes));
    // Read before the long work: a column that is not there is told at once.
    let clinical = Clinical::read_all(&plan.clinical, &dataset)?;
    let store = crate::rounds::store(plan.rounds.as_deref());
    let mut validated = validate(
        &dataset,
        &spec,
        &plan.validation,
        plan.seed,
        store.as_ref(),
        progress,
    )?;
    validated.add_clinical(&clinical, &plan.validation, plan.seed)?;
    notes.extend(validated.notes.iter().cloned());

    let mut compared = Vec::new();
    let others = plan.model.compared();
    if let (Some(folds), false) = (feasible(&dataset, &plan.validation).0, others.is_empty()) {
        progress.begin("Comparison", 1);
        let design = CrossValidation {
            folds,
            repeats: plan.validation.repeats,
            seed: plan.seed,
        };
        let bootstrap = plan.validation.bootstrap;
        let own = validated.out_of_fold.as_ref().map(|o| &o.predictions);
        compared = compare(&dataset, &others, &design, bootstrap, store.as_ref(), own)?;
        progress.step("done");
        progress.end();
    }

    let fitted = Pipeline::new(spec).fit(&dataset.whole())?;
    notes.extend(fitted.steps().iter().flat_map(FittedStep::notes));
    notes.extend(fitted.tuned().map(tuning_in_words));
    let configuration = Configuration {
        columns: plan
            .tables
            .iter()
            .map(|(_, source)| &source.columns)
            .collect(),
        // The folder is this machine's: the name says which table, and its hash is among the inputs.
        selection: SelectionSettings {
            stability: plan
                .selection
                .stability
                .as_ref()
                .map(|p| file_name(p).into()),
            ..plan.selection.clone()
        },
        model: &plan.model,
        validation: ValidationSettings {
            split: plan.validation.split.as_ref().map(|p| file_name(p).into()),
            ..plan.validation.clone()
        },
        subgroups: plan.clinical.first().map_or(&[], |(_, c)| &c.subgroups),
        survival: (plan.clinical.first()).and_then(|(_, c)| c.survival.as_ref()),
        seed: plan.seed,
    };
    let mut manifest = Manifest::new("train", &configuration);
    manifest.seeds = vec![
        ("folds".to_owned(), plan.seed),
        ("bootstrap".to_owned(), plan.seed),
    ];
    for (_, source) in &plan.tables {
        manifest.add_input(&source.features)?;
        source
            .labels
            .iter()
            .try_for_each(|labels| manifest.add_input(labels))?;
    }
    let clinical = plan.clinical.iter().filter_map(|(_, c)| c.table.as_ref());
    for path in clinical.chain(&plan.selection.stability) {
        manifest.add_input(path)?;
    }
    let mut model = model_file(&labelled, &dataset, fitted, &manifest, &validated)?;
    if !plan.validation_tables.is_empty() {
        let (figures, points) = validation_part(plan, &model)?;
        model.training.operating_points = Some(to_json(&points)?);
        validated.validation_part = Some(figures);
        validated.operating_points = Some(points);
    }
    crate::manifest::make_folder_of(&plan.out)?;
    model.write(&plan.out)?;
    manifest.add_output(&plan.out)?;
    if let (Some(path), Some(found)) = (&plan.json, &validated.cross_validation) {
        write_json(path, found)?;
        manifest.add_output(path)?;
    }
    if let Some(path) = &plan.validation_json {
        write_json(path, &validated)?;
        manifest.add_output(path)?;
    }
    if let (Some(path), Some(rows)) = (&plan.out_of_fold, &validated.out_of_fold) {
        crate::manifest::write_whole(path, &out_of_fold_csv(rows)?)?;
        manifest.add_output(path)?;
    }
    if !compared.is_empty() {
        let path = crate::extract::with_suffix(&plan.out, ".comparison.json");
        write_json(&path, &compared)?;
        manifest.add_output(&path)?;
    }
    manifest.notes.clone_from(&notes);
    manifest.write(&crate::extract::with_suffix(&plan.out, ".manifest.json"))?;
    Ok(Trained {
        model,
        validated,
        compared,
        data: describe(&dataset),
        dataset,
        notes,
    })
}

/// What a reader must know of classes that have no order but that of their letters.
fn order_in_words(classes: &[String]) -> Option<String> {
    (classes.len() > 2 && !has_natural_order(classes)).then(|| {
        format!(
            "the classes are taken in the order of their letters ({}): figures that need an order (kappa, the expected class, decisions) go by it; name the classes zero, low and positive, or by numbers",
            classes.join(", ")
        )
    })
}

/// The column of labels is no covariate of ComBat, whatever else is wrong with it.
fn refuse_outcome(spec: &PipelineSpec, tables: &[(String, TableSource)]) -> Result<(), StudyError> {
    for step in &spec.prepare.steps {
        let StepSpec::Combat(combat) = step else {
            continue;
        };
        let mut named = combat.covariates.iter().chain(&combat.categories);
        let label = |name: &&String| tables.iter().any(|(_, t)| t.columns.label == **name);
        if let Some(covariate) = named.find(label) {
            return Err(LearnError::OutcomeCovariate {
                covariate: covariate.clone(),
            }
            .into());
        }
    }
    Ok(())
}

/// Figures of the validation part by the finished model, and the operating points chosen on it.
fn validation_part(
    plan: &TrainPlan,
    model: &ModelFile,
) -> Result<(Evaluation, OperatingPoints), StudyError> {
    let tables = plan.validation_tables.iter();
    let tables = tables.map(|t| Ok((t.read()?, String::new())));
    let labelled = stack(tables.collect::<Result<_, StudyError>>()?)?;
    let dataset = labelled.dataset_of(&model.classes)?;
    let predictions = predictions_of(model, &dataset)?.1;
    let found = figures(&predictions, plan.validation.bootstrap, plan.seed)?;
    let scores = ValidationScores::from_validation(&predictions);
    Ok((found, OperatingPoints::choose(scores)?))
}

/// What a model says of the rows of a data set, and the same as the statistics take it.
pub(crate) fn predictions_of(
    model: &ModelFile,
    dataset: &Dataset,
) -> Result<(triher_learn::Predictions, triher_stats::Predictions), StudyError> {
    let centre_of = |row: usize| dataset.centres.as_ref()?.get(row)?.as_deref();
    let centres: Vec<Option<&str>> = (0..dataset.rows()).map(centre_of).collect();
    let predicted = model.predict_at(&dataset.feature_names, dataset.x.values(), &centres)?;
    let predictions = triher_stats::Predictions::new(
        dataset.ids.clone(),
        dataset.groups.clone(),
        dataset.classes.clone(),
        dataset.y.clone(),
        predicted.probabilities.values().to_vec(),
        dataset.centres.clone(),
    )?;
    Ok((predicted, predictions))
}

fn to_json(value: &impl Serialize) -> Result<serde_json::Value, StudyError> {
    serde_json::to_value(value).map_err(|e| StudyError::Internal(e.to_string()))
}

/// What a tuning found, in a sentence.
fn tuning_in_words(tuned: &Tuned) -> String {
    let chosen = tuned.trials.get(tuned.chosen);
    let settings = chosen.map_or(&[][..], |trial| &trial.settings);
    let found = match settings {
        [] => "the settings as given".to_owned(),
        settings => {
            let words = settings
                .iter()
                .map(|(name, value)| format!("{name} = {value:.4}"));
            words.collect::<Vec<_>>().join(", ")
        }
    };
    format!(
        "tuning took {found} among {} candidates in {} fits",
        tuned.trials.len(),
        tuned.fits
    )
}

fn model_file(
    labelled: &LabelledTable,
    dataset: &Dataset,
    fitted: triher_learn::FittedPipeline,
    manifest: &Manifest,
    validated: &InternalValidation,
) -> Result<ModelFile, StudyError> {
    let mut recipe = labelled.recipe.clone();
    if let Some(embedding) = recipe.as_mut().and_then(|r| r.embedding.as_mut()) {
        // A model must not carry the folders of the machine it was trained on.
        embedding.weights = embedding
            .weights
            .as_ref()
            .and_then(|path| path.file_name())
            .map(PathBuf::from);
    }
    let provenance = TrainingProvenance {
        rows: describe(dataset),
        seeds: manifest.seeds.clone(),
        inputs: manifest
            .inputs
            .iter()
            .map(|FileHash { name, sha256 }| (name.clone(), sha256.clone()))
            .collect(),
        configuration: manifest.configuration.clone(),
        cross_validated: (validated.cross_validation.as_ref())
            .map(to_json)
            .transpose()?,
        operating_points: (validated.operating_points.as_ref())
            .map(to_json)
            .transpose()?,
        patient_marks: patient_marks(dataset),
        fitted_upstream: labelled
            .upstream
            .iter()
            .map(|u| (u.what.clone(), u.patients.clone()))
            .collect(),
        feature_quantiles: triher_learn::FeatureQuantiles::of(&dataset.x),
    };
    Ok(ModelFile::new(
        crate::VERSION,
        dataset.classes.clone(),
        dataset.feature_names.clone(),
        fitted,
        recipe.as_ref().map(to_json).transpose()?,
        provenance,
    ))
}
