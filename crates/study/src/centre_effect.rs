//! How well the centre can be told from a table's features, before and after ComBat.

use crate::StudyError;
use crate::cohort_map::NEIGHBOURS;
use crate::figure_files::FigureFiles;
use serde::Serialize;
use triher_learn::{
    ClassWeight, ClassifierSpec, Combat, CrossValidation, Dataset, Matrix, MedianImputer, Penalty,
    PipelineSpec, Standardizer, StepSpec, cross_validate,
};
use triher_projection::{BatchEffect, Points, batch_effect};
use triher_report::figure::{BatchState, ScatterPanel, batch_effect as batch_figure};
use triher_report::{Catalogue, Colouring};

/// How well the centre can be told from features in one state.
#[derive(Debug, Serialize)]
pub struct CentreTold {
    /// "as they are" or "after ComBat".
    pub features: String,
    /// Out-of-fold accuracy of a logistic regression for the centre.
    pub accuracy: Option<f64>,
    /// Share of the largest centre.
    pub by_chance: f64,
    /// Out-of-fold macro AUC for the centre.
    pub macro_auc: Option<f64>,
    /// Distances and neighbours.
    pub effect: Option<BatchEffect>,
    /// The first two principal components of each row; empty when ComBat could not be fitted.
    #[serde(skip)]
    pub places: Vec<[f64; 2]>,
}

impl CentreTold {
    /// The state as the figure of the batch effect draws it.
    pub(crate) fn state(&self) -> BatchState {
        let effect = self.effect.as_ref();
        let measure =
            |name: &str, value: Option<f64>, chance: Option<f64>| (name.to_owned(), value, chance);
        BatchState {
            name: self.features.clone(),
            panel: ScatterPanel {
                name: self.features.clone(),
                note: "first two principal components".to_owned(),
                places: self.places.clone(),
            },
            measures: vec![
                measure(
                    "accuracy for the centre",
                    self.accuracy,
                    Some(self.by_chance),
                ),
                measure("macro AUC for the centre", self.macro_auc, Some(0.5)),
                measure(
                    "neighbours of the own centre",
                    effect.map(|e| e.own_neighbours),
                    effect.map(|e| e.expected_neighbours),
                ),
            ],
        }
    }
}

/// The figure of the batch effect, with its numbers: a line for each place of a row, and one for each measure.
///
/// # Errors
/// None that numbers can cause.
pub(crate) fn effect_figure(
    states: &[BatchState],
    centres: &Colouring,
    ids: &[String],
    words: &Catalogue,
) -> Result<FigureFiles, StudyError> {
    let text = |v: Option<f64>| v.map_or_else(String::new, |v| v.to_string());
    let mut lines = Vec::new();
    for state in states {
        for (name, value, chance) in &state.measures {
            let named = [state.name.clone(), name.clone(), String::new()];
            lines.push([named.to_vec(), vec![text(*value), text(*chance)]].concat());
        }
        for ((place, id), group) in state.panel.places.iter().zip(ids).zip(&centres.groups) {
            let centre = group.and_then(|g| centres.names.get(g)).cloned();
            let mut line = vec![state.name.clone(), id.clone(), centre.unwrap_or_default()];
            line.extend(place.map(|v| v.to_string()));
            lines.push(line);
        }
    }
    let header = [
        "features",
        "row_or_measure",
        "centre",
        "x_or_value",
        "y_or_chance",
    ];
    let svg = batch_figure(states, centres, words);
    FigureFiles::new("batch-effect", svg, &header, lines.into_iter())
}

/// Imputed and standardised features; constant ones are zeros.
pub(crate) fn standard(data: &Dataset) -> Result<Matrix, StudyError> {
    let fold = data.whole();
    let imputer = MedianImputer::fit(&fold)?;
    let fold = imputer.transform_training(fold)?;
    let scaled = Standardizer::fit(&fold)?;
    Ok(scaled.transform(fold.x())?)
}

/// How well centres can be told, before and after ComBat, both within training folds; and why not.
pub(crate) fn centres_told(
    data: &Dataset,
    points: &Points,
) -> Result<(Vec<CentreTold>, Vec<String>), StudyError> {
    let known = data.patients_per_centre();
    if known.len() < 2 || data.centres.iter().flatten().any(Option::is_none) {
        return Ok((Vec::new(), Vec::new()));
    }
    let names: Vec<String> = known.keys().cloned().collect();
    let centre_of = |row: usize| {
        let centre = data.centres.as_ref().and_then(|c| c[row].as_ref());
        names.iter().position(|n| Some(n) == centre).unwrap_or(0)
    };
    let batch: Vec<usize> = (0..data.rows()).map(centre_of).collect();
    let as_classes = Dataset::new(
        data.ids.clone(),
        data.groups.clone(),
        data.centres.clone(),
        data.feature_names.clone(),
        data.x.clone(),
        batch.clone(),
        names.clone(),
    )?;
    let counts = as_classes.patients_per_class();
    let smallest = counts.iter().copied().min().unwrap_or(0);
    let largest = counts.iter().copied().max().unwrap_or(0);
    let by_chance = largest as f64 / counts.iter().sum::<usize>().max(1) as f64;
    let mut told = Vec::new();
    let mut notes = Vec::new();
    for combat in [false, true] {
        let mut spec = PipelineSpec::new(ClassifierSpec::Logistic {
            penalty: Penalty::L2,
            c: 0.1,
            class_weight: ClassWeight::None,
        });
        if combat {
            spec.prepare.steps.push(StepSpec::Combat(Combat::default()));
        }
        let design = CrossValidation {
            folds: 5.min(smallest),
            repeats: 1,
            seed: 1,
        };
        let result = cross_validate(&as_classes, &spec, &design);
        let predictions = result
            .map_err(StudyError::from)
            .and_then(|r| crate::comparison::out_of_fold(&as_classes, &r));
        let name = if combat {
            "after ComBat"
        } else {
            "as they are"
        };
        let (accuracy, macro_auc) = match &predictions {
            Ok(p) => (
                triher_stats::accuracy(&triher_stats::confusion(p)),
                triher_stats::auc_macro(p),
            ),
            Err(problem) => {
                notes.push(format!(
                    "the centre could not be told from the features {name}: {problem}"
                ));
                (None, None)
            }
        };
        // What ComBat makes of the rows it was fitted on: for a look at the table.
        let mended = combat.then(|| harmonised(data)).flatten();
        let points = if combat {
            mended.as_ref()
        } else {
            Some(points)
        };
        told.push(CentreTold {
            features: name.to_owned(),
            accuracy,
            by_chance,
            macro_auc,
            effect: points.and_then(|p| batch_effect(p, &batch, NEIGHBOURS)),
            places: points.map_or_else(Vec::new, |p| p.principal().to_vec()),
        });
    }
    Ok((told, notes))
}

/// Points of the features after ComBat; `None` when it cannot be fitted.
fn harmonised(data: &Dataset) -> Option<Points> {
    let imputer = MedianImputer::fit(&data.whole()).ok()?;
    let fold = imputer.transform_training(data.whole()).ok()?;
    let step = StepSpec::Combat(Combat::default()).fit(&fold).ok()?;
    let fold = step.transform_training(fold).ok()?;
    let scaled = Standardizer::fit(&fold).ok()?;
    Points::new(&scaled.transform(fold.x()).ok()?).ok()
}
