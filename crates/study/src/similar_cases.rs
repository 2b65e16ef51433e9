//! The training cases that a model sees near a patient.
//!
//! A model file holds no rows of patients, so that it can be handed on: the training tables have to be there for this.

use crate::StudyError;
use crate::explain::{SIMILAR, in_order, wrong};
use crate::lesion_crops::{Crops, draw};
use crate::manifest::FileHash;
use crate::prediction::PredictPlan;
use crate::study_file::Columns;
use crate::tables::TableSource;
use serde::Serialize;
use std::path::PathBuf;
use triher_learn::{Matrix, ModelFile};
use triher_report::{AlikeCase, Catalogue, GreyImage, LabelledPicture, SimilarCases};
use triher_volume::{DynamicSeries, Mask};

/// The tables that a model was trained on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrainingTables {
    /// The tables, in the order of training; none when no similar cases are asked for.
    pub features: Vec<PathBuf>,
    /// Their labels, when these are in a file of their own.
    pub labels: Option<PathBuf>,
}

/// A training case near a patient.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SimilarCase {
    /// Pseudonym of the training table.
    pub id: String,
    /// Its class there.
    pub class: String,
    /// Root mean square distance over the features as the classifier sees them: as a rule standard deviations.
    pub distance: f64,
    /// Where its picture is looked for.
    #[serde(skip)]
    table: PathBuf,
}

/// The cases of the training tables.
#[derive(Clone, Debug, Default)]
pub(crate) struct Similar {
    /// The nearest, nearest first.
    pub(crate) cases: Vec<SimilarCase>,
    /// The tables.
    pub(crate) inputs: Vec<FileHash>,
    /// Whether the model was trained on another table, by its hash.
    pub(crate) other_table: bool,
}

/// The cases nearest to a lesion, those of its own patient left out.
///
/// # Errors
/// When a table cannot be read, lacks features of the model or holds a class that it does not know.
pub(crate) fn similar_to(
    tables: &TrainingTables,
    model: &ModelFile,
    (names, values): (&[String], &[f64]),
    patient: &str,
) -> Result<Similar, StudyError> {
    let mut found = Similar::default();
    let place = |name: &String| names.iter().position(|n| n == name);
    let places: Vec<Option<usize>> = model.feature_names.iter().map(place).collect();
    let row = Matrix::from_fn(1, places.len(), |_, j| {
        places[j].map_or(f64::NAN, |at| values[at])
    });
    for (number, features) in tables.features.iter().enumerate() {
        let source = TableSource {
            features: features.clone(),
            labels: tables.labels.clone(),
            columns: columns_of(model, number),
            part: None,
        };
        let hash = FileHash::of(features)?;
        let inputs = &model.training.inputs;
        found.other_table |= !inputs.iter().any(|(_, sha256)| *sha256 == hash.sha256);
        found.inputs.push(hash);
        let data = source.read()?.dataset_of(&model.classes)?;
        let (x, centres) = in_order(model, &data)?;
        let others: Vec<usize> = (0..data.rows())
            .filter(|&i| data.groups[i] != patient && data.ids[i] != patient)
            .collect();
        let x = Matrix::from_fn(others.len(), x.columns(), |i, j| x.row(others[i])[j]);
        let centres: Vec<Option<&str>> = others.iter().map(|&i| centres[i]).collect();
        let near = triher_explain::similar(
            &model.pipeline,
            (&row, &[None]),
            (&x, &centres),
            SIMILAR,
            &[None],
        );
        let near = near.map_err(wrong)?.into_iter().flatten();
        found.cases.extend(near.map(|case| {
            let at = others[case.row];
            SimilarCase {
                id: data.ids[at].clone(),
                class: data.classes[data.y[at]].clone(),
                distance: case.distance,
                table: features.clone(),
            }
        }));
    }
    // The sort is stable: equal cases keep the order of the tables.
    (found.cases).sort_by(|a, b| a.distance.total_cmp(&b.distance));
    found.cases.truncate(SIMILAR);
    Ok(found)
}

/// The columns of the model's training tables, as its file keeps them.
fn columns_of(model: &ModelFile, table: usize) -> Columns {
    let columns = &model.training.configuration["columns"];
    let columns = [&columns[table], &columns[0]].map(|c| serde_json::from_value(c.clone()).ok());
    columns.into_iter().flatten().next().unwrap_or_default()
}

/// The cases as the patient's report shows them, with the pictures that `triher extract` left beside the tables.
///
/// # Errors
/// When a picture cannot be read.
pub(crate) fn shown(
    similar: &Similar,
    plan: &PredictPlan,
    (series, lesion): (&DynamicSeries, &Mask),
    words: &Catalogue,
) -> Result<SimilarCases, StudyError> {
    let decoded = |png: Vec<u8>| GreyImage::from_png(&png);
    let mut pictures = Vec::new();
    for table in &plan.training.features {
        let crops = Crops::beside(table);
        for case in similar.cases.iter().filter(|case| case.table == *table) {
            if let Some(image) = crops.of(&case.id)?.map(decoded).transpose()? {
                let class = words.short_class(&case.class);
                let named = [("first", case.id.as_str()), ("second", &class)];
                let label = words.with("list-comma", &named);
                pictures.push((case.distance, LabelledPicture { label, image }));
            }
        }
    }
    pictures.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut pictures: Vec<LabelledPicture> = pictures.into_iter().map(|p| p.1).collect();
    if !pictures.is_empty() {
        let own = LabelledPicture {
            label: words.text("similar-this"),
            image: decoded(draw(series, lesion)?)?,
        };
        pictures.insert(0, own);
    }
    Ok(SimilarCases {
        cases: (similar.cases.iter())
            .map(|case| AlikeCase {
                id: case.id.clone(),
                class: case.class.clone(),
                distance: case.distance,
                picture: None,
            })
            .collect(),
        pictures,
        other_table: similar.other_table,
    })
}
