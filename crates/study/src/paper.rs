//! The report on a whole study: one page in the order of a paper, its figures and their data as files, filled-in guidelines.

use crate::StudyError;
use crate::cohort_map::{TsneSettings, UmapSettings, by_class_and_centre, maps_of};
use crate::cohort_table::cohort_tables;
use crate::comparison::{SETS_IN_WORDS, coverage_rows};
use crate::evaluation::{facts_in_words, model_facts};
use crate::explain::{csv_of, estimated_in_words, report_of, shapley_of};
use crate::explain_folds::agreement_in_words;
use crate::figure_files::FigureWriter;
use crate::manifest::{Manifest, make_folder_of, write_whole};
use crate::paper_answers::answers;
use crate::paper_figures::figures_of;
use crate::paper_numbers::tables_of;
use crate::progress::Progress;
use crate::run::{ExternalOutcome, RunPlan};
use crate::train::Trained;
use crate::validation::too_few;
use std::path::PathBuf;
use triher_explain::{ExplainOptions, Method, method, stability};
use triher_learn::{CrossValidation, Dataset, ModelFile};
use triher_report::figure::FlowCohort;
use triher_report::{
    CHECKLIST_HEADER, Catalogue, Checklist, CohortTable, ComparedClassifier, ExplanationReport,
    ExternalCohort, PermutedLabels, StudyReport, checklist_lines, study_report,
};
use triher_stats::{Drift, Estimate, drift};

/// Features that are shown as drifted.
const DRIFTED: usize = 10;
/// Columns up to which the maps and the folds' explanations are made: beyond, they take longer than the study.
const MANY: usize = 5_000;

/// Columns up to which Shapley values are estimated where there is no exact method: beyond, that takes longer than the study.
const MOST_COLUMNS: usize = 40;

/// What a study gave, as its page shows it.
pub(crate) struct Paper<'a> {
    pub(crate) plan: &'a RunPlan,
    pub(crate) trained: &'a Trained,
    pub(crate) external: &'a [ExternalOutcome],
    /// By cohort: rows found where images were extracted, and why some were skipped.
    pub(crate) skipped: &'a [(String, usize, Vec<String>)],
    /// What was said of the frozen model.
    pub(crate) frozen: Option<String>,
}

/// Writes `report-study.html`, the folder `figures` and the guidelines' tables.
///
/// # Errors
/// When a file cannot be written.
pub(crate) fn write_paper(
    paper: &Paper<'_>,
    manifest: &mut Manifest,
    progress: &dyn Progress,
) -> Result<PathBuf, StudyError> {
    let out = &paper.plan.out;
    let data = &paper.trained.dataset;
    let model = &paper.trained.model;
    let validated = &paper.trained.validated;
    let words = &Catalogue::new(paper.plan.language);
    let mut notes = Vec::new();
    progress.begin("Study report", 1);
    let explanation = explained(paper, words, &mut notes)?;
    let no_explanation = match &explanation {
        Some(_) => String::new(),
        None => no_explanation(model, words),
    };
    let maps = match data.feature_names.len() <= MANY {
        true => match maps_of(
            data,
            &TsneSettings::default(),
            &UmapSettings::default(),
            progress,
        ) {
            Ok((_, panels, _)) => Some((panels, by_class_and_centre(data))),
            Err(problem) => {
                notes.push(words.with("study-no-maps", &[("why", &problem.to_string())]));
                None
            }
        },
        false => {
            let columns = data.feature_names.len().to_string();
            let numbers = [("columns", columns.as_str()), ("most", &MANY.to_string())];
            notes.push(words.with("study-many-columns", &numbers));
            None
        }
    };
    let folds = validated_folds(paper);
    let stability = words.with("explain-stability", &[("folds", &folds)]);
    let mut answers = answers(paper, explanation.as_ref(), &stability, words);
    for answer in answers.values_mut() {
        *answer = words.said(answer);
    }
    let lists = [
        Checklist::claim_2024(),
        Checklist::tripod_ai(),
        Checklist::metrics(),
    ];
    let checklists = lists.map(|list| {
        // Features always stand in a table here: no network leads from the image to the outcome.
        let items = list.filled(&answers, &["Condition 5"], words);
        (list, items)
    });
    let report = StudyReport {
        language: paper.plan.language,
        title: paper.plan.study.name.clone(),
        simulated: paper.plan.simulated,
        warnings: too_few(data).into_iter().collect(),
        notes: (paper.frozen.iter().cloned())
            .chain(notes)
            .chain(training_notes(paper))
            .collect(),
        flow: flow_of(paper, words),
        cohort_tables: cohort_tables(paper)?,
        data: facts_in_words(&paper.trained.data, words),
        model: model_facts(model, &paper.plan.model(), words)?,
        internal: validated.cross_validation.as_ref(),
        over_folds: validated.macro_auc_over_folds.map(|over| {
            let estimate = Estimate {
                value: Some(over.mean),
                ci95: Some(over.ci95),
                bca95: None,
            };
            (estimate, over.parts)
        }),
        left_out: (validated.leave_one_centre_out.as_ref())
            .map(|l| (&l.figures, l.problems.clone())),
        prediction_sets: (validated.prediction_sets.as_ref())
            .map_or_else(Vec::new, |sets| coverage_rows(sets, words)),
        survival: validated.survival.as_ref(),
        learning: (validated.learning_curve.iter())
            .filter_map(|p| Some([p.patients, p.macro_auc?]))
            .collect(),
        permutation: (validated.permutation_test.as_ref()).map(|t| PermutedLabels {
            p_value: t.p_value,
            permutations: t.null.len(),
            within_centres: data.centres.is_some(),
        }),
        compared: paper.trained.compared.iter().map(compared_of).collect(),
        external: paper
            .external
            .iter()
            .map(|e| external_of(e, data, model, words))
            .collect(),
        explanation,
        no_explanation,
        maps,
        checklists: checklists.to_vec(),
        manifest: vec![
            ("triher".to_owned(), crate::VERSION.to_owned()),
            (words.text("fact-seed"), paper.plan.study.seed.to_string()),
        ],
    };
    let mut put = |name: &str, bytes: &[u8]| -> Result<PathBuf, StudyError> {
        let path = out.join(name);
        make_folder_of(&path)?;
        write_whole(&path, bytes)?;
        manifest.add_output(&path)?;
        Ok(path)
    };
    let figures = figures_of(&report, &data.ids, words)?;
    FigureWriter::new()?.put("figures/", &figures, |name, bytes| {
        put(name, bytes).map(|_| ())
    })?;
    let lines = report.cohort_tables.iter().flat_map(CohortTable::lines);
    put(
        "figures/patients.csv",
        &csv_of(&CohortTable::HEADER, lines)?,
    )?;
    for (name, bytes) in tables_of(paper, &report)? {
        put(&format!("figures/{name}.csv"), &bytes)?;
    }
    for (list, items) in &report.checklists {
        let name = format!("checklist-{}.csv", crate::run::slug(&list.name));
        let lines = checklist_lines(items, words).into_iter();
        put(&name, &csv_of(&CHECKLIST_HEADER, lines)?)?;
    }
    let page = put("report-study.html", study_report(&report).as_bytes())?;
    progress.step("written");
    progress.end();
    Ok(page)
}

/// Shapley values of the training rows, exact where there is a method and estimated for few columns, with their stability over the folds where
/// they are exact.
fn explained(
    paper: &Paper<'_>,
    words: &Catalogue,
    notes: &mut Vec<String>,
) -> Result<Option<ExplanationReport>, StudyError> {
    let data = &paper.trained.dataset;
    let model = &paper.trained.model;
    let columns = model.pipeline.origins().len();
    if method(&model.pipeline) == Method::Permutation && columns > MOST_COLUMNS {
        return Ok(None);
    }
    let options = ExplainOptions {
        background: 50,
        ..ExplainOptions::default()
    };
    let found = shapley_of(model, data, data, &options)?;
    notes.extend(estimated_in_words(model, &found, &options));
    let mut report = report_of(model, data, &found);
    let settings = &paper.plan.study.validation;
    let folds = crate::validation::feasible(data, settings).0;
    if let (Some(folds), Method::Linear | Method::Trees) = (folds, found.method) {
        let design = CrossValidation {
            folds,
            repeats: 1,
            seed: paper.plan.study.seed,
        };
        let spec = paper.plan.study.model.pipeline();
        match stability(data, &spec, &design, &options) {
            Ok(stable) => report.facts.push(agreement_in_words(&stable, words)),
            Err(problem) => {
                let why = problem.to_string();
                notes.push(words.with("study-no-stability", &[("why", &why)]));
            }
        }
    }
    Ok(Some(report))
}

/// What training said, without what the page says in its own place: the warning, rows that were left out (the flow), prediction sets (a table).
fn training_notes(paper: &Paper<'_>) -> Vec<String> {
    let warning = too_few(&paper.trained.dataset);
    let elsewhere = |note: &&String| {
        Some(*note) == warning.as_ref() || of_rows_left_out(note) || note.starts_with(SETS_IN_WORDS)
    };
    let notes = paper.trained.notes.iter();
    notes.filter(|n| !elsewhere(n)).cloned().collect()
}

/// Whether a note is on rows of a table that were left out ("4 of 60 rows are left out: ...").
pub(crate) fn of_rows_left_out(note: &str) -> bool {
    note.contains("rows are left out")
}

/// Folds of the validation, in figures; empty without any.
fn validated_folds(paper: &Paper<'_>) -> String {
    let settings = &paper.plan.study.validation;
    let folds = crate::validation::feasible(&paper.trained.dataset, settings).0;
    folds.map_or_else(String::new, |folds| folds.to_string())
}

/// Why there are no Shapley values.
fn no_explanation(model: &ModelFile, words: &Catalogue) -> String {
    let columns = model.pipeline.origins().len().to_string();
    let numbers = [("most", MOST_COLUMNS.to_string()), ("columns", columns)];
    let numbers = numbers.each_ref().map(|(key, n)| (*key, n.as_str()));
    words.with("explain-why-none", &numbers)
}

fn compared_of(one: &crate::comparison::Compared) -> ComparedClassifier {
    let nothing = Estimate::default;
    ComparedClassifier {
        name: one.method.clone(),
        macro_auc: (one.figures.as_ref()).map_or_else(nothing, |f| f.auc.macro_average.clone()),
        difference: one.difference.map_or_else(nothing, |d| Estimate {
            value: Some(d.value),
            ci95: d.ci95,
            bca95: None,
        }),
        p_value: one.p_value_holm,
        problem: one.problem.clone(),
    }
}

fn external_of<'a>(
    external: &'a ExternalOutcome,
    training: &Dataset,
    model: &ModelFile,
    words: &Catalogue,
) -> ExternalCohort<'a> {
    let here = &external.evaluated.dataset;
    let drifted = drifts_of(here, training, model);
    let shown = drifted.into_iter().take(DRIFTED).map(|(name, d)| {
        let difference = d.standardised_difference;
        [
            name,
            difference.map_or_else(|| words.text("not-available"), |v| format!("{v:+.2}")),
            format!("{:.2}", d.ks_distance),
            format!("{:.2}", d.stability_index),
        ]
    });
    ExternalCohort {
        name: external.name.clone(),
        file: external
            .report
            .file_name()
            .map(|n| n.to_string_lossy().into_owned())
            .unwrap_or_default(),
        evaluation: &external.evaluated.evaluation,
        survival: external.evaluated.survival.as_ref(),
        drift: shown.collect(),
        prediction_sets: (external.evaluated.prediction_sets.as_ref())
            .map_or_else(Vec::new, |sets| coverage_rows(sets, words)),
    }
}

/// How far every feature of the model has drifted from the training rows, those that differ most first.
pub(crate) fn drifts_of(
    here: &Dataset,
    training: &Dataset,
    model: &ModelFile,
) -> Vec<(String, Drift)> {
    let column = |data: &Dataset, name: &String| -> Option<Vec<f64>> {
        let j = data.feature_names.iter().position(|n| n == name)?;
        Some((0..data.rows()).map(|i| data.x.row(i)[j]).collect())
    };
    let mut drifted: Vec<(String, Drift)> = (model.feature_names.iter())
        .filter_map(|name| {
            let found = drift(&column(training, name)?, &column(here, name)?)?;
            Some((name.clone(), found))
        })
        .collect();
    let size = |d: &Drift| d.standardised_difference.map_or(0.0, f64::abs);
    drifted.sort_by(|a, b| size(&b.1).total_cmp(&size(&a.1)));
    drifted
}

fn flow_of(paper: &Paper<'_>, words: &Catalogue) -> Vec<FlowCohort> {
    let data = &paper.trained.dataset;
    let counted = |data: &Dataset| -> Vec<(String, usize)> {
        let count = |k: usize| data.y.iter().filter(|&&y| y == k).count();
        let classes = data.classes.iter().enumerate();
        classes
            .map(|(k, class)| (class.clone(), count(k)))
            .collect()
    };
    let left_out = |notes: &[String]| -> Vec<String> {
        let said = notes.iter().filter(|n| of_rows_left_out(n));
        said.cloned().collect()
    };
    let one = |name: String, cohorts: &[String], data: &Dataset, notes: &[String]| {
        let all = paper.skipped.iter();
        let extracted: Vec<_> = all.filter(|s| cohorts.contains(&s.0)).collect();
        let reasons = extracted.iter().flat_map(|s| s.2.clone());
        let mut out: Vec<String> = reasons.collect();
        out.extend(left_out(notes));
        // Rows that were left out of a table are told as "n of m rows are left out".
        let of_rows = |note: &String| note.split(" of ").next()?.parse::<usize>().ok();
        let lost: usize = left_out(notes).iter().filter_map(of_rows).sum();
        let skipped: usize = extracted.iter().map(|s| s.1).sum();
        FlowCohort {
            name,
            found: data.rows() + lost + skipped,
            left_out: out,
            used: data.rows(),
            classes: counted(data),
        }
    };
    let training: Vec<String> = (paper.plan.study.cohorts.iter())
        .filter(|c| c.role == crate::study_file::Role::Training)
        .map(|c| c.name.clone())
        .collect();
    let name = words.with("study-training-role", &[("names", &training.join(", "))]);
    let mut flow = vec![one(name, &training, data, &paper.trained.notes)];
    for external in paper.external {
        let cohort = [external.name.clone()];
        flow.push(one(
            words.with("study-external-role", &[("name", &external.name)]),
            &cohort,
            &external.evaluated.dataset,
            &external.evaluated.notes,
        ));
    }
    flow
}
