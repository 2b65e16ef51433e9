//! The figures of an explanation as files.

use crate::StudyError;
use crate::figure_files::FigureFiles;
use crate::run::slug;
use triher_report::{Catalogue, ExplanationReport, PatientEffect, figure};

/// Bars, bee swarms, decision plots, folds, blocks and waterfalls of a report.
///
/// # Errors
/// None that a report can cause.
pub(crate) fn figures(
    report: &ExplanationReport,
    words: &Catalogue,
) -> Result<Vec<FigureFiles>, StudyError> {
    let features = report.sizes();
    let mut all = vec![sizes("shap-bars", "feature", report, &features, words)?];
    for class in 0..report.classes.len() {
        all.push(swarm(report, class, words)?);
        all.push(decision(report, class, words)?);
    }
    if !report.folds.is_empty() {
        let header = ["feature", "fold", "mean_size"];
        let lines = report.folds.iter().flat_map(|(name, sizes)| {
            let folds = sizes.iter().enumerate();
            folds.map(move |(k, size)| [name.clone(), (k + 1).to_string(), size.to_string()])
        });
        let svg = figure::effect_folds(&report.folds, &report.unit, words);
        all.push(FigureFiles::new("shap-folds", svg, &header, lines)?);
    }
    if report.blocks.len() > 1 {
        let blocks = &report.blocks;
        all.push(sizes("shap-blocks", "block", report, blocks, words)?);
    }
    for patient in &report.patients {
        all.push(waterfall(report, patient, words)?);
    }
    Ok(all)
}

/// Bars of mean sizes, stacked over the classes.
fn sizes(
    name: &str,
    what: &str,
    report: &ExplanationReport,
    rows: &[(String, Vec<f64>)],
    words: &Catalogue,
) -> Result<FigureFiles, StudyError> {
    let mut header = vec![what];
    header.extend(report.classes.iter().map(String::as_str));
    let lines = rows.iter().map(|(name, sizes)| {
        let numbers = sizes.iter().map(ToString::to_string);
        std::iter::once(name.clone())
            .chain(numbers)
            .collect::<Vec<_>>()
    });
    let said: Vec<(String, Vec<f64>)> = (rows.iter())
        .map(|(name, sizes)| (words.said(name), sizes.clone()))
        .collect();
    let svg = figure::effect_bars(&report.classes, &said, &report.unit, words);
    FigureFiles::new(name, svg, &header, lines)
}

fn swarm(
    report: &ExplanationReport,
    class: usize,
    words: &Catalogue,
) -> Result<FigureFiles, StudyError> {
    let name = &report.classes[class];
    let header = ["id", "feature", "contribution", "rank_of_value"];
    let lines = report.features.iter().flat_map(|feature| {
        let values = feature.contributions.get(class).into_iter().flatten();
        let both = values.zip(&feature.value_rank).zip(&report.rows);
        both.map(|((value, rank), row)| {
            [
                row.id.clone(),
                feature.name.clone(),
                value.to_string(),
                rank.map_or_else(String::new, |r| r.to_string()),
            ]
        })
    });
    let svg = figure::beeswarm(report, class, words);
    FigureFiles::new(format!("shap-{}", slug(name)), svg, &header, lines)
}

fn decision(
    report: &ExplanationReport,
    class: usize,
    words: &Catalogue,
) -> Result<FigureFiles, StudyError> {
    let header = ["id", "class", "step", "after", "score"];
    let mut steps = report.decision_steps("all other features".to_owned());
    steps.insert(0, "base".to_owned());
    let steps = &steps;
    let lines = report.rows.iter().enumerate().flat_map(|(row, of)| {
        let path = report.decision_path(class, row).into_iter().enumerate();
        path.map(move |(step, score)| {
            [
                of.id.clone(),
                report.classes.get(of.class).cloned().unwrap_or_default(),
                step.to_string(),
                steps.get(step).cloned().unwrap_or_default(),
                score.to_string(),
            ]
        })
    });
    let name = format!("shap-decision-{}", slug(&report.classes[class]));
    FigureFiles::new(name, figure::decision(report, class, words), &header, lines)
}

fn waterfall(
    report: &ExplanationReport,
    patient: &PatientEffect,
    words: &Catalogue,
) -> Result<FigureFiles, StudyError> {
    let header = ["class", "feature", "contribution", "score_after"];
    let line = |name: &str, value: String, at: f64| {
        [
            patient.class.clone(),
            name.to_owned(),
            value,
            at.to_string(),
        ]
    };
    let mut at = patient.base;
    let mut lines = vec![line("base", String::new(), at)];
    for (feature, value) in patient.contributions.iter().rev() {
        at += value;
        lines.push(line(feature, value.to_string(), at));
    }
    let svg = figure::waterfall(patient, &report.unit, words);
    let name = format!("shap-patient-{}", slug(&patient.patient));
    FigureFiles::new(name, svg, &header, lines.into_iter())
}
