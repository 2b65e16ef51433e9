//! Training: cross-validated figures, then the model on all rows.

use crate::StudyError;
use crate::comparison::{Compared, compare, coverage_in_words, cross_validated_coverage, figures};
use crate::manifest::{FileHash, Manifest, write_json};
use crate::progress::Progress;
use crate::source::file_name;
use crate::stability::{SelectionSettings, select_stable};
use crate::study_file::{ModelSettings, ValidationSettings};
use crate::tables::{LabelledTable, TableSource, describe, stack};
use serde::Serialize;
use std::path::PathBuf;
use triher_learn::{
    CrossValidation, Dataset, FittedStep, LearnError, ModelFile, Pipeline, PipelineSpec, StepSpec,
    TrainingProvenance, Tuned, cross_validate,
};
use triher_stats::Evaluation;

/// What to train on and how.
#[derive(Clone, Debug)]
pub struct TrainPlan {
    /// The labelled feature tables with the names of their cohorts; several are put together.
    pub tables: Vec<(String, TableSource)>,
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
}

/// What training gave.
#[derive(Debug)]
pub struct Trained {
    /// The model, as it was written.
    pub model: ModelFile,
    /// Figures of the out-of-fold predictions, when cross-validation was possible.
    pub cross_validated: Option<Evaluation>,
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
    validation: &'a ValidationSettings,
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
    let spec = plan.model.pipeline();
    refuse_outcome(&spec, &plan.tables)?;
    let (validation, reduced) = feasible(&dataset, plan.validation);
    notes.extend(reduced);

    let cross_validated = match validation {
        None => None,
        Some(validation) => {
            progress.begin("Cross-validation", 1);
            let (figures, more) = cross_validated_figures(&dataset, &spec, validation, plan.seed)?;
            notes.extend(more);
            progress.step("done");
            progress.end();
            Some(figures)
        }
    };

    let mut compared = Vec::new();
    let others = plan.model.compared();
    if let (Some(validation), false) = (validation, others.is_empty()) {
        progress.begin("Comparison", 1);
        let design = design(validation, plan.seed);
        compared = compare(&dataset, &others, &design, validation.bootstrap)?;
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
        validation: &plan.validation,
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
    if let Some(path) = &plan.selection.stability {
        manifest.add_input(path)?;
    }
    let model = model_file(
        &labelled,
        &dataset,
        fitted,
        &manifest,
        cross_validated.as_ref(),
    )?;
    crate::manifest::make_folder_of(&plan.out)?;
    model.write(&plan.out)?;
    manifest.add_output(&plan.out)?;
    if let (Some(path), Some(figures)) = (&plan.json, &cross_validated) {
        write_json(path, figures)?;
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
        cross_validated,
        compared,
        data: describe(&dataset),
        notes,
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

/// Fewer folds when a class has fewer patients than folds; none when a class has a single patient.
fn feasible(
    dataset: &Dataset,
    settings: ValidationSettings,
) -> (Option<ValidationSettings>, Option<String>) {
    let smallest = dataset.smallest_class();
    if smallest.patients < 2 && !dataset.fitted_upstream().is_empty() {
        let note = format!(
            "no cross-validation: features were fitted on {} of the patients, who cannot be held out, and of the class {} only {} is left. Fit them on fewer training patients, or evaluate on another cohort",
            dataset.fitted_upstream().len(),
            smallest.class,
            smallest.patients
        );
        return (None, Some(note));
    }
    if smallest.patients < 2 {
        let note = format!(
            "no cross-validation: the class {} has {} patient; its figures would mean nothing",
            smallest.class, smallest.patients
        );
        return (None, Some(note));
    }
    if smallest.patients >= settings.folds {
        return (Some(settings), None);
    }
    let note = format!(
        "{} folds instead of {}: the class {} has {} patients that can be held out",
        smallest.patients, settings.folds, smallest.class, smallest.patients
    );
    (
        Some(ValidationSettings {
            folds: smallest.patients,
            ..settings
        }),
        Some(note),
    )
}

/// Figures of the out-of-fold predictions, and what the reader should know of the folds.
fn cross_validated_figures(
    dataset: &Dataset,
    spec: &PipelineSpec,
    validation: ValidationSettings,
    seed: u64,
) -> Result<(Evaluation, Vec<String>), StudyError> {
    let result = cross_validate(dataset, spec, &design(validation, seed))?;
    let mut notes = result.notes.clone();
    if let Some(coverage) = cross_validated_coverage(dataset, &result)? {
        notes.extend(coverage_in_words(&coverage));
    }
    let figures = figures(dataset, &result, validation.bootstrap, seed)?;
    Ok((figures, notes))
}

fn design(validation: ValidationSettings, seed: u64) -> CrossValidation {
    CrossValidation {
        folds: validation.folds,
        repeats: validation.repeats,
        seed,
    }
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
    cross_validated: Option<&Evaluation>,
) -> Result<ModelFile, StudyError> {
    let json = |e: serde_json::Error| StudyError::Internal(e.to_string());
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
        cross_validated: cross_validated
            .map(serde_json::to_value)
            .transpose()
            .map_err(json)?,
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
        recipe.map(serde_json::to_value).transpose().map_err(json)?,
        provenance,
    ))
}
