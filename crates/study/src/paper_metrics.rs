//! What triher can answer of METRICS beside the items that it shares with the other guidelines.

use crate::paper::Paper;
use crate::paper_answers::performance;
use triher_learn::{FittedStep, StepSpec};
use triher_report::Catalogue;

/// Answers by the keys of [`triher_report::Checklist::metrics`]; empty where the study did not do what is asked for.
pub(crate) fn answers(paper: &Paper<'_>, words: &Catalogue) -> Vec<(&'static str, String)> {
    vec![
        ("guidelines", "This report has CLAIM 2024, TRIPOD+AI and METRICS filled in as far as the software can.".to_owned()),
        ("tabular", "Yes: every feature is a column of a table.".to_owned()),
        ("segmentation", of_extraction(paper, "Features are measured in the outlines that the cohort file names (masks, seeds or boxes); where outlines were found by triher the table's manifest says so.")),
        ("image_processing", of_extraction(paper, "Normalisation, resampling and grey levels as in the cohort file, which the manifest keeps with its hash.")),
        ("extraction", of_extraction(paper, "The settings of the extraction are in the model file and in the manifest of each table; the table's dictionary names family, region and image of each feature.")),
        ("standardised", of_extraction(paper, &format!("triher {}; its radiomics are checked against every reference value of the IBSI (`triher ibsi`).", crate::VERSION))),
        ("feature_kinds", feature_kinds(paper)),
        ("stability", stability(paper)),
        ("redundancy", redundancy(paper)),
        ("dimensionality", dimensionality(paper)),
        ("parts", "Patients are parted before anything is fitted; imputation, scaling, selection, tuning and calibration are fitted on training patients only, which the program's types enforce.".to_owned()),
        ("confounding", confounding(paper, words)),
        ("calibration_assessed", calibration_assessed(paper)),
        ("added_value", added_value(paper)),
        ("compared", compared(paper)),
        ("internal_test", internal_test(paper, words)),
    ]
}

/// A sentence that holds where triher itself measured the features.
fn of_extraction(paper: &Paper<'_>, sentence: &str) -> String {
    match paper.plan.study.cohorts.iter().any(|c| c.extract.is_some()) {
        true => sentence.to_owned(),
        false => String::new(),
    }
}

fn feature_kinds(paper: &Paper<'_>) -> String {
    let names = &paper.trained.dataset.feature_names;
    let learnt = names.iter().filter(|n| n.starts_with("emb_")).count();
    match (learnt, names.len() - learnt) {
        (0, other) => format!("{other} features, none of them of an encoder."),
        (learnt, other) => format!("{learnt} features of an encoder and {other} others."),
    }
}

fn stability(paper: &Paper<'_>) -> String {
    match &paper.plan.study.selection.stability {
        Some(_) => "Features without the wanted ICC under changed images and outlines (`triher robustness`) were left out; how many, the notes say.".to_owned(),
        None => String::new(),
    }
}

/// The steps of the pipeline that take columns away, the classifier's own shrinking included.
fn redundancy(paper: &Paper<'_>) -> String {
    let pipeline = &paper.trained.model.pipeline;
    let selecting = (pipeline.steps().iter()).any(|s| matches!(s, FittedStep::Selection(_)));
    let shrinking = matches!(
        pipeline.classifier(),
        triher_learn::FittedClassifier::ElasticNet(_)
    );
    match selecting || shrinking {
        true => format!("Within each training fold: {}.", pipeline.describe()),
        false => String::new(),
    }
}

fn dimensionality(paper: &Paper<'_>) -> String {
    let data = &paper.trained.dataset;
    let counts = data.patients_per_class();
    let smallest = data.classes.iter().zip(&counts).min_by_key(|c| *c.1);
    let smallest = smallest.map_or_else(String::new, |(class, n)| {
        format!("; the smallest class, {class}, has {n}")
    });
    format!(
        "{} features, {} after preparing, for {} patients{smallest}.",
        data.feature_names.len(),
        paper.trained.model.pipeline.origins().len(),
        counts.iter().sum::<usize>(),
    )
}

fn confounding(paper: &Paper<'_>, words: &Catalogue) -> String {
    let study = &paper.plan.study;
    let combat = study.model.pipeline().prepare.steps;
    let combat = combat.iter().any(|s| matches!(s, StepSpec::Combat(_)));
    let done = [
        (
            combat,
            "features are harmonised between centres by ComBat within each training fold",
        ),
        (
            paper.trained.validated.leave_one_centre_out.is_some(),
            "every centre is predicted by a model of the others",
        ),
        (
            !study.subgroups.is_empty(),
            "figures are given by subgroups",
        ),
        (
            !paper.external.is_empty(),
            "the drift of each external cohort from training is measured",
        ),
    ];
    let done = done.iter().filter(|d| d.0).map(|d| words.said(d.1));
    let done: Vec<String> = done.collect();
    match done.is_empty() {
        true => String::new(),
        false => format!("Looked at: {}.", done.join("; ")),
    }
}

fn calibration_assessed(paper: &Paper<'_>) -> String {
    let validated = &paper.trained.validated;
    match validated.cross_validation.is_some() || !paper.external.is_empty() {
        true => "Calibration curves, class-wise and top-label calibration error, multinomial recalibration, Brier score with its parts.".to_owned(),
        false => String::new(),
    }
}

fn added_value(paper: &Paper<'_>) -> String {
    let any = |e: &triher_stats::Evaluation| !e.net_benefit.is_empty();
    let internal = paper.trained.validated.cross_validation.as_ref();
    let external = paper.external.iter().map(|e| &e.evaluated.evaluation);
    match internal.into_iter().chain(external).any(any) {
        true => "Decision curves against treating all and none; a comparison with what is done without radiomics is the author's.".to_owned(),
        false => String::new(),
    }
}

fn compared(paper: &Paper<'_>) -> String {
    let names: Vec<&str> = (paper.trained.compared.iter())
        .map(|c| c.method.as_str())
        .collect();
    let mut said = Vec::new();
    if !names.is_empty() {
        said.push(format!(
            "On the same folds, with paired bootstrap and Holm's correction: {}.",
            names.join(", ")
        ));
    }
    if let Some(test) = &paper.trained.validated.permutation_test {
        said.push(format!(
            "The whole pipeline on permuted labels: p = {:.3}.",
            test.p_value
        ));
    }
    said.join(" ")
}

fn internal_test(paper: &Paper<'_>, words: &Catalogue) -> String {
    if paper.plan.study.validation.split.is_some() {
        return "The parts of the fixed split that were not trained on.".to_owned();
    }
    let internal = paper.trained.validated.cross_validation.as_ref();
    match performance(internal, words) {
        none if none.is_empty() => none,
        said => format!(
            "Out of fold, nested cross-validation without a part that was kept aside: {said}"
        ),
    }
}
