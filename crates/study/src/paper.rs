//! The report on a whole study: one page in the order of a paper, its figures and their data as files, filled-in guidelines.

use crate::StudyError;
use crate::cohort_map::{TsneSettings, UmapSettings, by_class_and_centre, map_figures, maps_of};
use crate::cohort_table::cohort_tables;
use crate::evaluation::model_facts;
use crate::explain::{csv_of, report_of, shapley_of};
use crate::explain_folds::agreement_in_words;
use crate::figure_files::FigureWriter;
use crate::manifest::{Manifest, make_folder_of, write_whole};
use crate::paper_answers::answers;
use crate::progress::Progress;
use crate::run::{ExternalOutcome, RunPlan};
use crate::train::Trained;
use crate::validation::too_few;
use std::path::PathBuf;
use triher_explain::{ExplainOptions, Method, stability};
use triher_learn::{CrossValidation, Dataset, ModelFile};
use triher_report::CohortTable;
use triher_report::figure::{self, FlowCohort};
use triher_report::{
    Checklist, ComparedClassifier, ExplanationReport, ExternalCohort, StudyReport, checklist_lines,
    patients_curve, study_report,
};
use triher_stats::{Estimate, Evaluation, drift};

/// Features that are shown as drifted.
const DRIFTED: usize = 10;
/// Columns up to which the maps and the folds' explanations are made: beyond, they take longer than the study.
const MANY: usize = 5_000;

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
    let mut notes = Vec::new();
    progress.begin("Study report", 1);
    let explanation = explained(paper, &mut notes)?;
    let maps = match data.feature_names.len() <= MANY {
        true => match maps_of(
            data,
            &TsneSettings::default(),
            &UmapSettings::default(),
            progress,
        ) {
            Ok((_, panels, _)) => Some((panels, by_class_and_centre(data))),
            Err(problem) => {
                notes.push(format!("no maps: {problem}"));
                None
            }
        },
        false => None,
    };
    let answers = answers(paper, explanation.as_ref());
    let checklists = [Checklist::claim_2024(), Checklist::tripod_ai()].map(|list| {
        let items = list.filled(&answers);
        (list, items)
    });
    let report = StudyReport {
        title: paper.plan.study.name.clone(),
        simulated: paper.plan.simulated,
        warnings: too_few(data).into_iter().collect(),
        notes: paper.frozen.iter().cloned().chain(notes).collect(),
        flow: flow_of(paper),
        cohort_tables: cohort_tables(paper)?,
        data: paper.trained.data.clone(),
        model: model_facts(model, &paper.plan.model())?,
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
        learning: (validated.learning_curve.iter())
            .filter_map(|p| Some([p.patients, p.macro_auc?]))
            .collect(),
        permutation: (validated.permutation_test.as_ref()).map(|t| (t.p_value, t.null.len())),
        compared: paper.trained.compared.iter().map(compared_of).collect(),
        external: paper
            .external
            .iter()
            .map(|e| external_of(e, data, model))
            .collect(),
        explanation,
        maps,
        checklists: checklists.to_vec(),
        manifest: vec![
            ("triher".to_owned(), crate::VERSION.to_owned()),
            ("Seed".to_owned(), paper.plan.study.seed.to_string()),
        ],
    };
    let mut put = |name: &str, bytes: &[u8]| -> Result<PathBuf, StudyError> {
        let path = out.join(name);
        make_folder_of(&path)?;
        write_whole(&path, bytes)?;
        manifest.add_output(&path)?;
        Ok(path)
    };
    let writer = FigureWriter::new()?;
    for (name, svg) in figures_of(&report) {
        put(&format!("figures/{name}.svg"), svg.as_bytes())?;
        put(&format!("figures/{name}.png"), &writer.png(&svg)?)?;
    }
    let mut with_numbers = Vec::new();
    if let Some(explanation) = &report.explanation {
        with_numbers.extend(crate::explain_figures::figures(explanation)?);
    }
    if let Some((panels, colourings)) = &report.maps {
        with_numbers.extend(map_figures(panels, colourings, &data.ids)?);
    }
    writer.put("figures/", &with_numbers, |name, bytes| {
        put(name, bytes).map(drop)
    })?;
    let lines = report.cohort_tables.iter().flat_map(CohortTable::lines);
    put(
        "figures/patients.csv",
        &csv_of(&CohortTable::HEADER, lines)?,
    )?;
    for (name, bytes) in numbers_of(&report)? {
        put(&format!("figures/{name}.csv"), &bytes)?;
    }
    for (list, items) in &report.checklists {
        let header = ["item", "section", "topic", "state", "answer"];
        let name = format!("checklist-{}.csv", crate::run::slug(&list.name));
        put(&name, &csv_of(&header, checklist_lines(items).into_iter())?)?;
    }
    let page = put("report-study.html", study_report(&report).as_bytes())?;
    progress.step("written");
    progress.end();
    Ok(page)
}

/// Shapley values of the training rows, with their stability over the folds, where they are exact.
fn explained(
    paper: &Paper<'_>,
    notes: &mut Vec<String>,
) -> Result<Option<ExplanationReport>, StudyError> {
    let data = &paper.trained.dataset;
    let model = &paper.trained.model;
    let exact = matches!(
        model.pipeline.classifier(),
        triher_learn::FittedClassifier::Logistic(_)
            | triher_learn::FittedClassifier::RandomForest(_)
            | triher_learn::FittedClassifier::Boosting(_)
    );
    if !exact && model.pipeline.origins().len() > 40 {
        notes.push("Shapley values of this classifier can only be estimated, which is left to `triher explain`".to_owned());
        return Ok(None);
    }
    let options = ExplainOptions {
        background: 50,
        ..ExplainOptions::default()
    };
    let found = shapley_of(model, data, data, &options)?;
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
            Ok(stable) => {
                report.facts.push(agreement_in_words(&stable));
            }
            Err(problem) => notes.push(format!("no stability of the explanation: {problem}")),
        }
    }
    Ok(Some(report))
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
) -> ExternalCohort<'a> {
    let here = &external.evaluated.dataset;
    let column = |data: &Dataset, name: &String| -> Option<Vec<f64>> {
        let j = data.feature_names.iter().position(|n| n == name)?;
        Some((0..data.rows()).map(|i| data.x.row(i)[j]).collect())
    };
    let mut drifted: Vec<(String, triher_stats::Drift)> = (model.feature_names.iter())
        .filter_map(|name| {
            let found = drift(&column(training, name)?, &column(here, name)?)?;
            Some((name.clone(), found))
        })
        .collect();
    let size = |d: &triher_stats::Drift| d.standardised_difference.map_or(0.0, f64::abs);
    drifted.sort_by(|a, b| size(&b.1).total_cmp(&size(&a.1)));
    let shown = drifted.into_iter().take(DRIFTED).map(|(name, d)| {
        let difference = d.standardised_difference;
        [
            name,
            difference.map_or_else(|| "not available".to_owned(), |v| format!("{v:+.2}")),
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
        drift: shown.collect(),
    }
}

fn flow_of(paper: &Paper<'_>) -> Vec<FlowCohort> {
    let data = &paper.trained.dataset;
    let counted = |data: &Dataset| -> Vec<(String, usize)> {
        let count = |k: usize| data.y.iter().filter(|&&y| y == k).count();
        let classes = data.classes.iter().enumerate();
        classes
            .map(|(k, class)| (class.clone(), count(k)))
            .collect()
    };
    let left_out = |notes: &[String]| -> Vec<String> {
        let said = notes.iter().filter(|n| n.contains("left out"));
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
    let name = format!("{} (training)", training.join(", "));
    let mut flow = vec![one(name, &training, data, &paper.trained.notes)];
    for external in paper.external {
        let cohort = [external.name.clone()];
        flow.push(one(
            format!("{} (external)", external.name),
            &cohort,
            &external.evaluated.dataset,
            &external.evaluated.notes,
        ));
    }
    flow
}

/// Every evaluation of the study by a name for files.
fn evaluations<'a>(report: &'a StudyReport<'_>) -> Vec<(String, &'a Evaluation)> {
    let internal = report.internal.map(|e| ("internal".to_owned(), e));
    let left_out = (report.left_out.as_ref()).map(|l| ("centres-left-out".to_owned(), l.0));
    let external = report.external.iter();
    let external = external.map(|e| (crate::run::slug(&e.name), e.evaluation));
    internal
        .into_iter()
        .chain(left_out)
        .chain(external)
        .collect()
}

fn figures_of(report: &StudyReport<'_>) -> Vec<(String, String)> {
    let mut all = vec![("flow".to_owned(), figure::flow(&report.flow))];
    for (name, evaluation) in evaluations(report) {
        let mut add = |what: &str, svg: String| all.push((format!("{what}-{name}"), svg));
        add("roc", figure::roc(evaluation));
        add("calibration", figure::calibration(evaluation));
        add(
            "confusion",
            figure::confusion(&evaluation.classes, &evaluation.confusion),
        );
        add("net-benefit", figure::net_benefit(evaluation));
        if !evaluation.per_centre.is_empty() {
            add("forest-centres", figure::forest(evaluation));
        }
        if !evaluation.subgroups.is_empty() {
            add("forest-subgroups", figure::subgroup_forest(evaluation));
        }
    }
    if report.learning.len() > 1 {
        all.push((
            "learning-curve".to_owned(),
            patients_curve(&report.learning),
        ));
    }
    all
}

/// The numbers of the figures, as tables of the same name.
fn numbers_of(report: &StudyReport<'_>) -> Result<Vec<(String, Vec<u8>)>, StudyError> {
    let mut all = Vec::new();
    for (name, e) in evaluations(report) {
        let roc = e.roc.per_class.iter().flat_map(|(class, curve)| {
            curve.iter().flat_map(move |c| {
                let points = c.false_positive_rate.iter().zip(&c.true_positive_rate);
                points.map(move |(x, y)| [class.clone(), x.to_string(), y.to_string()])
            })
        });
        let header = ["class", "false_positive_rate", "true_positive_rate"];
        all.push((format!("roc-{name}"), csv_of(&header, roc)?));
        let bins = e.calibration.per_class.iter().flat_map(|(class, c)| {
            c.bins.iter().map(move |b| {
                let numbers = [b.predicted, b.observed];
                let [p, o] = numbers.map(|v| v.to_string());
                [class.clone(), p, o, b.events.to_string(), b.n.to_string()]
            })
        });
        let header = ["class", "predicted", "observed", "events", "cases"];
        all.push((format!("calibration-{name}"), csv_of(&header, bins)?));
        let mut header = vec!["truth"];
        header.extend(e.classes.iter().map(String::as_str));
        let rows = e.classes.iter().zip(&e.confusion).map(|(class, row)| {
            let cells = row.iter().map(u64::to_string);
            std::iter::once(class.clone())
                .chain(cells)
                .collect::<Vec<_>>()
        });
        all.push((format!("confusion-{name}"), csv_of(&header, rows)?));
        let benefit = e.net_benefit.iter().flat_map(|curve| {
            curve.points.iter().map(move |p| {
                let numbers = [p.threshold, p.model, p.treat_all].map(|v| v.to_string());
                let [t, m, a] = numbers;
                [curve.question.clone(), t, m, a]
            })
        });
        let header = ["decision", "threshold", "model", "treat_all"];
        all.push((format!("net-benefit-{name}"), csv_of(&header, benefit)?));
        let number = |v: Option<f64>| v.map_or_else(String::new, |v| v.to_string());
        let line = |group: String, n: usize, auc: &Estimate| {
            let bound = |k: usize| number(auc.ci95.map(|ci| ci[k]));
            [group, n.to_string(), number(auc.value), bound(0), bound(1)]
        };
        let header = ["group", "cases", "macro_auc", "low", "high"];
        let centres = e.per_centre.iter();
        let centres = centres.map(|(c, v)| line(c.clone(), v.n, &v.auc.macro_average));
        all.push((format!("forest-centres-{name}"), csv_of(&header, centres)?));
        let levels = e
            .subgroups
            .iter()
            .flat_map(|v| v.levels.iter().map(move |l| (v, l)));
        let levels = levels.map(|(v, l)| {
            line(
                format!("{}: {}", v.name, l.level),
                l.n,
                &l.auc.macro_average,
            )
        });
        all.push((format!("forest-subgroups-{name}"), csv_of(&header, levels)?));
    }
    let learning = report.learning.iter().map(|p| p.map(|v| v.to_string()));
    all.push((
        "learning-curve".to_owned(),
        csv_of(&["patients", "macro_auc"], learning)?,
    ));
    Ok(all)
}
