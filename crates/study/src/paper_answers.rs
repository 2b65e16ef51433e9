//! What triher can answer of the reporting guidelines, from what the study did.

use crate::paper::Paper;
use std::collections::BTreeMap;
use triher_report::{Catalogue, ExplanationReport};
use triher_stats::Evaluation;

/// Answers by the keys of [`triher_report::Checklist`], in English but for figures. What the study did not do has no answer; `stability` is the name of the
/// explanation's fact on it.
pub(crate) fn answers(
    paper: &Paper<'_>,
    explanation: Option<&ExplanationReport>,
    stability: &str,
    words: &Catalogue,
) -> BTreeMap<String, String> {
    let study = &paper.plan.study;
    let data = &paper.trained.dataset;
    let validated = &paper.trained.validated;
    let pipeline = &paper.trained.model.pipeline;
    let validation = &study.validation;
    let mut all = BTreeMap::new();
    let mut say = |key: &str, text: String| {
        if !text.is_empty() {
            all.insert(key.to_owned(), text);
        }
    };
    let embedded = data.feature_names.iter().any(|n| n.starts_with("emb_"));
    say(
        "model",
        format!(
            "{}. {} features.",
            pipeline.describe(),
            data.feature_names.len()
        ),
    );
    say(
        "intended_use",
        "triher is for research; its output is no diagnosis and each page says so.".to_owned(),
    );
    let cohorts = study.cohorts.iter().map(|c| c.name.clone());
    say(
        "sources",
        format!("Cohorts: {}.", cohorts.collect::<Vec<_>>().join(", ")),
    );
    let left_out = paper
        .trained
        .notes
        .iter()
        .filter(|n| crate::paper::of_rows_left_out(n));
    let skipped = paper.skipped.iter().flat_map(|s| s.2.iter());
    let out: Vec<String> = left_out.chain(skipped).cloned().collect();
    say(
        "inclusion",
        match out.is_empty() {
            true => "No row of the tables was left out by the software.".to_owned(),
            false => format!("Left out by the software: {}.", out.join("; ")),
        },
    );
    say(
        "preprocessing",
        format!("Within each training fold: {}.", pipeline.describe()),
    );
    say("deidentification", "Reports and tables hold pseudonyms only; the model file holds hashes of training pseudonyms.".to_owned());
    say("missing", "Missing values take the median of the training fold (and flags or columns left out where the study file says so).".to_owned());
    say("reference", "HER2 by ASCO/CAP: positive is IHC 3+ or 2+ with ISH amplified, low IHC 1+ or 2+ not amplified, zero IHC 0, when labels were made by `triher label`.".to_owned());
    if let Some(noise) = validated
        .cross_validation
        .as_ref()
        .and_then(|e| e.label_noise.as_ref())
    {
        say(
            "label_noise",
            format!(
                "Sensitivity analysis: {} zeros flipped to low at {:.1} % ({}).",
                noise.in_doubt,
                100.0 * noise.rate,
                noise.source
            ),
        );
    }
    say(
        "partitions",
        match &validation.split {
            Some(_) => {
                "A fixed split by patient, from a file whose hash is in the manifest.".to_owned()
            }
            None => format!(
                "{} folds, {} repeat(s), stratified by class and centre, seed {}; nested: everything fitted within the training fold.",
                validation.folds, validation.repeats, study.seed
            ),
        },
    );
    say("disjoint", "Patients: all lesions of a patient are on one side of each split; another split is refused.".to_owned());
    say("sample_size", sizes(paper, words));
    say("software", format!("triher {}.", crate::VERSION));
    say("encoder", match embedded {
        true => "The encoder's weights are pretrained and frozen; their hash is among the model's facts.".to_owned(),
        false => "No network: the classifier's optimum does not depend on its start, or on a seed that is in the manifest.".to_owned(),
    });
    say(
        "training",
        format!("{}. Seed {}.", pipeline.describe(), study.seed),
    );
    say("selection", "The model named in the study file is fitted on all training rows; others on the same folds are for comparison only.".to_owned());
    if matches!(
        pipeline.classifier(),
        triher_learn::FittedClassifier::Ensemble(_)
    ) {
        say("ensemble", pipeline.classifier().describe());
    }
    say("metrics", "One-vs-rest, macro, weighted and micro AUC, Hand and Till's M, polytomous discrimination index, balanced accuracy, F1, Matthews' correlation, weighted kappa, Brier score with its parts, log loss, calibration, net benefit.".to_owned());
    say(
        "uncertainty",
        format!(
            "{} bootstrap replicates over patients within classes (percentile and BCa), DeLong, Wilson; Holm's correction of comparisons.",
            validation.bootstrap
        ),
    );
    if validated.permutation_test.is_some() || validated.leave_one_centre_out.is_some() {
        say(
            "robustness",
            "Leave-one-centre-out, permutation test or doubtful labels, as the report shows."
                .to_owned(),
        );
    }
    if let Some(explanation) = explanation {
        let stable = explanation.facts.iter().find(|f| f.0 == stability);
        let stable = stable.map_or_else(String::new, |f| format!(" {}: {}.", f.0, f.1));
        say(
            "explanation",
            format!("Shapley values, {}.{stable}", explanation.method),
        );
    }
    say(
        "internal",
        performance(validated.cross_validation.as_ref(), words),
    );
    let external: Vec<String> = (paper.external.iter())
        .map(|e| {
            let text = performance(Some(&e.evaluated.evaluation), words);
            words.with("named", &[("name", &e.name), ("text", &text)])
        })
        .collect();
    say("external", external.join(" "));
    say(
        "evaluation",
        match paper.frozen.as_ref() {
            Some(frozen) => format!("{frozen}; predictions of each patient are written as CSV."),
            None => String::new(),
        },
    );
    say("flow", "First figure of the report.".to_owned());
    say(
        "characteristics",
        match paper
            .external
            .iter()
            .any(|e| !e.evaluated.evaluation.subgroups.is_empty())
        {
            true => "Tables of the patients by class and centre, and cases of each class in every subgroup that the study file names.".to_owned(),
            false => "Tables of the patients by class and centre.".to_owned(),
        },
    );
    let internal = performance(validated.cross_validation.as_ref(), words);
    let mut performances = vec![words.with("answer-out-of-fold", &[("text", &internal)])];
    performances.extend(external.iter().cloned());
    say("performance", performances.join(" "));
    say("accuracy", "Sensitivity, specificity and predictive values with Wilson intervals at the most probable class and at frozen thresholds.".to_owned());
    say("failures", "Predictions of each patient are written as CSV; `triher explain --patient` shows why one went wrong.".to_owned());
    say(
        "limits",
        crate::validation::too_few(data)
            .unwrap_or_else(|| "Stated at the end of each report.".to_owned()),
    );
    say(
        "configuration",
        "The study file, and the manifest beside the report with all settings, seeds and hashes."
            .to_owned(),
    );
    say(
        "availability",
        format!(
            "Model file with SHA-256, readable by triher {}.",
            crate::VERSION
        ),
    );
    say(
        "design",
        match paper.external.is_empty() {
            true => "Development with internal validation.".to_owned(),
            false => "Development with internal and external validation.".to_owned(),
        },
    );
    let centres = data.patients_per_centre();
    let named = centres
        .iter()
        .map(|(c, n)| words.with("answer-centre", &[("centre", c), ("count", &n.to_string())]));
    say("centres", words.joined("list-comma", named));
    say(
        "predictors",
        format!(
            "{} features; their definitions and units are in the table's dictionary.",
            data.feature_names.len()
        ),
    );
    if let Some(left_out) = &validated.leave_one_centre_out {
        say("heterogeneity", "Leave-one-centre-out with random effects (REML) and a prediction interval that allows for few centres (Nagashima).".to_owned());
        let first = left_out.figures.centre_summary.first();
        say(
            "heterogeneity_found",
            first.map_or_else(String::new, |s| {
                format!(
                    "Macro AUC at a further centre {:.3} to {:.3}; I2 {:.0} %.",
                    s.prediction95[0],
                    s.prediction95[1],
                    100.0 * s.logit.i2
                )
            }),
        );
    }
    if pipeline.calibrator().is_some() {
        say(
            "calibration",
            pipeline
                .calibrator()
                .map(triher_learn::Calibrator::describe)
                .unwrap_or_default(),
        );
    }
    say("imbalance", "No synthetic cases; classes are weighted where the classifier's description says balanced.".to_owned());
    say(
        "subgroups",
        match study.subgroups.is_empty() {
            true => String::new(),
            false => format!(
                "Subgroups by {} with differences and corrected tests.",
                study
                    .subgroups
                    .iter()
                    .map(|s| s.column.clone())
                    .collect::<Vec<_>>()
                    .join(", ")
            ),
        },
    );
    say("output", "A probability for each class, the most probable class, and calls at thresholds that were frozen with the model.".to_owned());
    say("drift", match paper.external.is_empty() {
        true => String::new(),
        false => "Standardised differences, distances and stability indices of the features, by external cohort, in the report.".to_owned(),
    });
    say("numbers", sizes(paper, words));
    say(
        "specification",
        "The model file holds every fitted number.".to_owned(),
    );
    for (key, text) in crate::paper_metrics::answers(paper, words) {
        say(key, text);
    }
    say("input_quality", "A study without the needed phases or features is refused with the reason; missing features are imputed and named; inputs unlike training are flagged where the model measures them.".to_owned());
    all
}

/// A macro AUC with its interval, in the catalogue's language.
pub(crate) fn performance(evaluation: Option<&Evaluation>, words: &Catalogue) -> String {
    let Some(evaluation) = evaluation else {
        return String::new();
    };
    let patients = evaluation.patients.to_string();
    let auc = &evaluation.auc.macro_average;
    if auc.value.is_none() {
        return words.with("answer-no-auc", &[("patients", &patients)]);
    }
    let auc = words.estimate(auc);
    words.with(
        "answer-performance",
        &[("auc", &auc), ("patients", &patients)],
    )
}

/// Patients of each class, in training and in each external cohort, in the catalogue's language.
fn sizes(paper: &Paper<'_>, words: &Catalogue) -> String {
    let of = |cohort: &str, data: &triher_learn::Dataset| {
        let counts = data.patients_per_class();
        let classes = data.classes.iter().zip(counts);
        let class = |(class, n): (&String, usize)| {
            let class = words.short_class(class);
            words.with(
                "answer-size",
                &[("count", &n.to_string()), ("class", &class)],
            )
        };
        let classes = words.joined("list-comma", classes.map(class));
        words.with("answer-sizes", &[("cohort", cohort), ("classes", &classes)])
    };
    let mut sizes = vec![of(&words.text("answer-training"), &paper.trained.dataset)];
    let external = paper.external.iter();
    sizes.extend(external.map(|e| of(&e.name, &e.evaluated.dataset)));
    sizes.join(" ")
}
