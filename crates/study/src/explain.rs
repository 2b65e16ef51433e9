//! What moves a model: Shapley values of a table's rows, with figures.

use crate::StudyError;
pub use crate::explain_folds::FoldsAgree;
use crate::explain_folds::{agreement_in_words, folds_agree};
use crate::figure_files::FigureWriter;
use crate::lesion_crops::Crops;
use crate::manifest::{Manifest, make_folder_of, write_json, write_whole};
use crate::progress::Progress;
use crate::tables::TableSource;
use crate::train::predictions_of;
use serde::Serialize;
use std::path::{Path, PathBuf};
pub use triher_explain::ExplainOptions;
use triher_explain::{
    Explanation, Method, Stability, block_of, by_block, explain as shapley, similar,
};
use triher_learn::{Dataset, Matrix, ModelFile};
use triher_report::{
    AlikeCase, Catalogue, ExplainedRow, ExplanationReport, FeatureEffect, Language, PatientEffect,
    explanation_report,
};

/// Features of the page and of its figures.
const SHOWN: usize = 30;
/// Similar cases of a patient.
pub(crate) const SIMILAR: usize = 5;

/// What to explain and where to write.
#[derive(Clone, Debug)]
pub struct ExplainPlan {
    /// The model file.
    pub model: PathBuf,
    /// Rows that are explained.
    pub table: TableSource,
    /// Background rows, as a rule the training table; the rows themselves when `None`.
    pub background: Option<TableSource>,
    /// Rows that are shown one by one, by identifier or patient.
    pub patients: Vec<String>,
    /// Folds of the background in which the model is fitted anew, to see whether they name the same features; none when `None`.
    pub folds: Option<usize>,
    /// How much work.
    pub options: ExplainOptions,
    /// Language of the page and its figures.
    pub language: Language,
    /// Folder to write to.
    pub out: PathBuf,
}

/// What an explanation gave.
#[derive(Debug)]
pub struct Explained {
    /// The values.
    pub explanation: Explanation,
    /// Names of the leading features with the mean size of their contributions, summed over the classes.
    pub leading: Vec<(String, f64)>,
    /// Whether the folds agree, when that was asked.
    pub folds: Option<FoldsAgree>,
    /// What the reader must know.
    pub notes: Vec<String>,
}

#[derive(Serialize)]
struct Configuration<'a> {
    columns: &'a crate::study_file::Columns,
    patients: usize,
    folds: Option<usize>,
    options: ExplainOptions,
}

/// Explains a table and writes `shap.csv`, `features.csv`, `blocks.csv`, `summary.json`, with folds `stability.csv`, the figures as SVG and PNG
/// with their numbers as CSV, `explanation.html` and `manifest.json` into the folder. Similar cases are shown with the pictures that
/// `triher extract` left beside their table.
///
/// # Errors
/// When the model or a table cannot be read, lacks features, or a patient is not in it.
pub fn explain(plan: &ExplainPlan, progress: &dyn Progress) -> Result<Explained, StudyError> {
    let words = &Catalogue::new(plan.language);
    let model = ModelFile::read(&plan.model)?;
    let labelled = plan.table.read()?;
    let data = labelled.dataset_of(&model.classes)?;
    let background = match &plan.background {
        Some(table) => table.read()?.dataset_of(&model.classes)?,
        None => data.clone(),
    };
    let mut notes = labelled.notes;
    if plan.background.is_none() {
        notes.push("the rows themselves are the background: a contribution is the distance from their mean, not from that of the training cohort. Give the training table with --background-features for that".to_owned());
    }
    progress.begin("Explanation", 1 + u64::from(plan.folds.is_some()));
    let found = shapley_of(&model, &data, &background, &plan.options)?;
    progress.step("rows explained");
    notes.extend(estimated_in_words(&model, &found, &plan.options));
    let source = plan.background.as_ref().unwrap_or(&plan.table);
    let folds = (plan.folds)
        .map(|folds| folds_agree(&model, source, folds, &plan.options))
        .transpose()?;
    if folds.is_some() {
        progress.step("folds explained");
    }
    progress.end();
    let (_, predictions) = predictions_of(&model, &data)?;
    let called = predictions.predicted();
    if called.windows(2).all(|pair| pair[0] == pair[1]) {
        notes.push(format!(
            "the model calls every row {}: contributions say what moves its scores, though never enough to change a call",
            model.classes[called[0]]
        ));
    }

    let mut manifest = Manifest::new(
        "explain",
        &Configuration {
            columns: &plan.table.columns,
            patients: plan.patients.len(),
            folds: plan.folds,
            options: plan.options,
        },
    );
    manifest.seeds = vec![("permutations".to_owned(), plan.options.seed)];
    manifest.add_input(&plan.model)?;
    manifest.add_input(&plan.table.features)?;
    if let Some(table) = &plan.background {
        manifest.add_input(&table.features)?;
    }
    manifest.notes.clone_from(&notes);

    let mut report = report_of(&model, &data, &found);
    let wanted = rows_of(&data, &plan.patients)?;
    report.patients = patients(&model, &data, &background, &found, &called, &wanted)?;
    let own = Crops::beside(&plan.table.features);
    let known = Crops::beside(&source.features);
    for patient in &mut report.patients {
        patient.picture = own.of(&patient.patient)?;
        for case in &mut patient.similar {
            case.picture = known.of(&case.id)?;
        }
    }
    if let Some(folds) = &folds {
        report
            .facts
            .push(agreement_in_words(&folds.stability, words));
        report.folds = folds.leading().into_iter().take(SHOWN).collect();
    }
    report.notes.clone_from(&notes);
    let hashes = manifest.inputs.iter();
    report.manifest = hashes.map(|f| (f.name.clone(), f.sha256.clone())).collect();
    let leading = (report.features.iter())
        .map(|f| (f.name.clone(), f.mean_size.iter().sum()))
        .collect();
    let mut write = |name: &str, bytes: &[u8]| -> Result<(), StudyError> {
        let path = plan.out.join(name);
        make_folder_of(&path)?;
        write_whole(&path, bytes)?;
        manifest.add_output(&path)
    };
    write("shap.csv", &values_csv(&model, &data, &found)?)?;
    write("features.csv", &features_csv(&model, &found)?)?;
    write("blocks.csv", &blocks_csv(&model, &report)?)?;
    if let Some(folds) = &folds {
        let (header, lines) = folds.lines();
        let header: Vec<&str> = header.iter().map(String::as_str).collect();
        write("stability.csv", &csv_of(&header, lines.into_iter())?)?;
    }
    let figures = crate::explain_figures::figures(&report, words)?;
    FigureWriter::new()?.put("", &figures, &mut write)?;
    write(
        "explanation.html",
        explanation_report(&report, words).as_bytes(),
    )?;
    let summary = plan.out.join("summary.json");
    write_json(
        &summary,
        &summary_of(&report, &found, folds.as_ref().map(|f| &f.stability)),
    )?;
    manifest.add_output(&summary)?;
    manifest.write(&plan.out.join("manifest.json"))?;
    Ok(Explained {
        explanation: found,
        leading,
        folds,
        notes,
    })
}

/// Shapley values of the rows of a data set, its columns put into the model's order.
pub(crate) fn shapley_of(
    model: &ModelFile,
    data: &Dataset,
    background: &Dataset,
    options: &ExplainOptions,
) -> Result<Explanation, StudyError> {
    let (x, centres) = in_order(model, data)?;
    let (known, of_known) = in_order(model, background)?;
    shapley(
        &model.pipeline,
        (&x, &centres),
        (&known, &of_known),
        options,
    )
    .map_err(wrong)
}

pub(crate) fn wrong(error: triher_explain::ExplainError) -> StudyError {
    match error {
        triher_explain::ExplainError::Learn(error) => error.into(),
        other => StudyError::Input(other.to_string()),
    }
}

/// That values are estimates, where they are.
pub(crate) fn estimated_in_words(
    model: &ModelFile,
    found: &Explanation,
    options: &ExplainOptions,
) -> Option<String> {
    let columns = model.pipeline.origins().len();
    (found.method == Method::Permutation).then(|| {
        format!(
            "the Shapley values are estimates from {} pairs of random orders of the features (antithetic permutations), as this classifier has no exact method for its {columns} columns: they add up to the score exactly, but the value of a single feature changes with the seed",
            options.permutations
        )
    })
}

/// Rows with the columns that the model was trained on, and the rows' centres.
pub(crate) fn in_order<'a>(
    model: &ModelFile,
    data: &'a Dataset,
) -> Result<(Matrix, Vec<Option<&'a str>>), StudyError> {
    let places: Option<Vec<usize>> = (model.feature_names.iter())
        .map(|name| data.feature_names.iter().position(|n| n == name))
        .collect();
    let places = places.ok_or_else(|| {
        StudyError::Input("the table lacks features of the model: evaluate names them".to_owned())
    })?;
    let x = Matrix::from_fn(data.rows(), places.len(), |i, j| data.x.row(i)[places[j]]);
    let centre_of = |row: usize| data.centres.as_ref()?.get(row)?.as_deref();
    Ok((x, (0..data.rows()).map(centre_of).collect()))
}

/// Rows of the patients or identifiers that were named.
fn rows_of(data: &Dataset, names: &[String]) -> Result<Vec<usize>, StudyError> {
    let find = |name: &String| {
        let row = (0..data.rows()).find(|&r| data.ids[r] == *name || data.groups[r] == *name);
        row.ok_or_else(|| StudyError::Input(format!("there is no row {name} in the table")))
    };
    names.iter().map(find).collect()
}

pub(crate) fn report_of(
    model: &ModelFile,
    data: &Dataset,
    found: &Explanation,
) -> ExplanationReport {
    let features = found.summary().into_iter().take(SHOWN);
    let features = features.filter(|s| s.mean_size.iter().any(|m| *m > 0.0));
    let effect = |s: triher_explain::Summary| {
        let name = &model.feature_names[s.feature];
        let column = data.feature_names.iter().position(|n| n == name);
        let values: Vec<f64> = (0..data.rows())
            .map(|i| column.map_or(f64::NAN, |j| data.x.row(i)[j]))
            .collect();
        FeatureEffect {
            name: name.clone(),
            mean_size: s.mean_size,
            contributions: (found.values.iter())
                .map(|class| class.iter_rows().map(|row| row[s.feature]).collect())
                .collect(),
            value_rank: ranks(&values),
        }
    };
    let blocks: Vec<_> = model.feature_names.iter().map(|n| block_of(n)).collect();
    ExplanationReport {
        classes: model.classes.clone(),
        unit: found.unit_in_words(),
        method: found.method.in_words().to_owned(),
        base: found.base.clone(),
        rows: (0..data.rows())
            .map(|row| ExplainedRow {
                id: data.ids[row].clone(),
                class: data.y[row],
                scores: found.scores.row(row).to_vec(),
            })
            .collect(),
        features: features.map(effect).collect(),
        blocks: (by_block(found, &blocks).into_iter())
            .map(|(block, sizes)| (block.in_words().to_owned(), sizes))
            .collect(),
        facts: vec![
            ("Classifier".to_owned(), model.pipeline.describe()),
            ("Rows explained".to_owned(), data.rows().to_string()),
            ("Background rows".to_owned(), found.background.to_string()),
            (
                "Score of a class".to_owned(),
                found.link.in_words().to_owned(),
            ),
            ("Values".to_owned(), found.method.in_words().to_owned()),
        ],
        ..ExplanationReport::default()
    }
}

/// Where each value lies among all, 0 to 1; equal values have the same rank.
fn ranks(values: &[f64]) -> Vec<Option<f64>> {
    let mut sorted: Vec<f64> = values.iter().copied().filter(|v| v.is_finite()).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let last = sorted.len().saturating_sub(1).max(1) as f64;
    let rank = |v: &f64| {
        let below = sorted.partition_point(|s| s < v) as f64;
        let upto = sorted.partition_point(|s| s <= v) as f64;
        v.is_finite()
            .then(|| ((below + upto - 1.0) / 2.0 / last).clamp(0.0, 1.0))
    };
    values.iter().map(rank).collect()
}

/// Waterfalls of single rows for the class that they were called, and their neighbours among the background.
fn patients(
    model: &ModelFile,
    data: &Dataset,
    background: &Dataset,
    found: &Explanation,
    called: &[usize],
    rows: &[usize],
) -> Result<Vec<PatientEffect>, StudyError> {
    let (x, centres) = in_order(model, data)?;
    let (known, of_known) = in_order(model, background)?;
    let mut shown = Vec::with_capacity(rows.len());
    for &row in rows {
        let class = called[row];
        let values = found.values[class].row(row);
        let mut contributions: Vec<(String, f64)> = (model.feature_names.iter().cloned())
            .zip(values.iter().copied())
            .filter(|(_, v)| *v != 0.0)
            .collect();
        contributions.sort_by(|a, b| b.1.abs().total_cmp(&a.1.abs()));
        let own = background.ids.iter().position(|id| *id == data.ids[row]);
        let one = Matrix::from_fn(1, x.columns(), |_, j| x.row(row)[j]);
        let near = similar(
            &model.pipeline,
            (&one, &[centres[row]]),
            (&known, &of_known),
            SIMILAR,
            &[own],
        );
        let near = near.map_err(wrong)?.swap_remove(0);
        shown.push(PatientEffect {
            patient: data.ids[row].clone(),
            class: model.classes[class].clone(),
            base: found.base[class],
            score: found.scores.row(row)[class],
            contributions,
            similar: (near.into_iter())
                .map(|case| AlikeCase {
                    id: background.ids[case.row].clone(),
                    class: background.classes[background.y[case.row]].clone(),
                    distance: case.distance,
                    picture: None,
                })
                .collect(),
            picture: None,
        });
    }
    Ok(shown)
}

/// The leading features as JSON.
#[derive(Serialize)]
struct SummaryFile<'a> {
    link: triher_explain::Link,
    method: triher_explain::Method,
    base: Vec<(&'a str, f64)>,
    background: usize,
    features: Vec<(&'a str, &'a [f64])>,
    blocks: &'a [(String, Vec<f64>)],
    #[serde(skip_serializing_if = "Option::is_none")]
    stability: Option<&'a Stability>,
}

fn summary_of<'a>(
    report: &'a ExplanationReport,
    found: &Explanation,
    stability: Option<&'a Stability>,
) -> SummaryFile<'a> {
    let classes = report.classes.iter().map(String::as_str);
    SummaryFile {
        link: found.link,
        method: found.method,
        base: classes.zip(found.base.iter().copied()).collect(),
        background: found.background,
        features: (report.features.iter())
            .map(|f| (f.name.as_str(), f.mean_size.as_slice()))
            .collect(),
        blocks: &report.blocks,
        stability,
    }
}

/// One line for each row, class and feature that adds anything.
fn values_csv(
    model: &ModelFile,
    data: &Dataset,
    found: &Explanation,
) -> Result<Vec<u8>, StudyError> {
    let header = ["id", "class", "feature", "contribution"];
    let rows = (found.values.iter().enumerate()).flat_map(|(class, values)| {
        values.iter_rows().enumerate().flat_map(move |(row, line)| {
            line.iter()
                .enumerate()
                .filter(|(_, v)| **v != 0.0)
                .map(move |(j, v)| {
                    [
                        data.ids[row].clone(),
                        model.classes[class].clone(),
                        model.feature_names[j].clone(),
                        v.to_string(),
                    ]
                })
        })
    });
    csv_of(&header, rows)
}

/// All features with the mean size of their contributions.
fn features_csv(model: &ModelFile, found: &Explanation) -> Result<Vec<u8>, StudyError> {
    let mut header = vec!["feature", "block"];
    header.extend(model.classes.iter().map(String::as_str));
    let rows = found.summary().into_iter().map(|s| {
        let name = &model.feature_names[s.feature];
        let mut line = vec![name.clone(), block_of(name).in_words().to_owned()];
        line.extend(s.mean_size.iter().map(ToString::to_string));
        line
    });
    csv_of(&header, rows)
}

fn blocks_csv(model: &ModelFile, report: &ExplanationReport) -> Result<Vec<u8>, StudyError> {
    let mut header = vec!["block"];
    header.extend(model.classes.iter().map(String::as_str));
    let rows = report.blocks.iter().map(|(name, sizes)| {
        let numbers = sizes.iter().map(ToString::to_string);
        std::iter::once(name.clone())
            .chain(numbers)
            .collect::<Vec<_>>()
    });
    csv_of(&header, rows)
}

/// A CSV from its header and lines.
pub(crate) fn csv_of<L>(
    header: &[&str],
    lines: impl Iterator<Item = L>,
) -> Result<Vec<u8>, StudyError>
where
    L: IntoIterator<Item = String>,
{
    let wrong = |e: csv::Error| StudyError::Internal(e.to_string());
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(header).map_err(wrong)?;
    for line in lines {
        writer.write_record(line).map_err(wrong)?;
    }
    writer
        .into_inner()
        .map_err(|e| StudyError::Internal(e.to_string()))
}

/// The page of an explanation, where it stands in a folder.
pub fn page(out: &Path) -> PathBuf {
    out.join("explanation.html")
}
