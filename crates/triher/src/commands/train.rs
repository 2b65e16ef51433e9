//! `triher train`.

use crate::Ending;
use crate::arguments::TrainArguments;
use crate::commands::table::discrimination;
use crate::console::Console;
use std::path::PathBuf;
use triher_study::learn::{
    Calibration, ConformalSpec, InnerFolds, LearningCurveSpec, NoveltySpec, ProbabilitySpec,
    Search, TuningSpec,
};
use triher_study::model_settings::{read_classifier, read_preparation};
use triher_study::run::RunPlan;
use triher_study::stability::{IccBound, SelectionSettings};
use triher_study::study_file::{Method, ModelSettings, PenaltyName, ValidationSettings};
use triher_study::train::{TrainPlan, Trained};

pub(crate) fn train(arguments: TrainArguments, console: &Console) -> anyhow::Result<Ending> {
    let (trained, out, ending) = match &arguments.study {
        Some(study) => {
            let plan = RunPlan::read(study, None)?;
            let out = arguments.out.clone().unwrap_or_else(|| plan.model());
            let mut extracted = Vec::new();
            let trained = plan.train(&out, &mut extracted, console)?;
            let mut ending = Ending::Done;
            for (_, summary) in &extracted {
                if super::extract::tell(summary, console) == Ending::Incomplete {
                    ending = Ending::Incomplete;
                }
            }
            (trained, out, ending)
        }
        None => {
            let plan = plan(arguments)?;
            (
                triher_study::train::train(&plan, console)?,
                plan.out,
                Ending::Done,
            )
        }
    };
    tell(&trained, console)?;
    console.status(&format!("Model written to {}", out.display()));
    Ok(ending)
}

fn plan(arguments: TrainArguments) -> anyhow::Result<TrainPlan> {
    anyhow::ensure!(
        arguments.c.is_finite() && arguments.c > 0.0,
        "--c {} is no inverse penalty: give a number above 0",
        arguments.c
    );
    anyhow::ensure!(
        arguments.folds >= 2,
        "--folds {} is no cross-validation: give 2 or more",
        arguments.folds
    );
    anyhow::ensure!(
        arguments.repeats >= 1,
        "--repeats 0 leaves nothing to do: give 1 or more"
    );
    // The name was checked when it was parsed: there is one so far.
    debug_assert_eq!(arguments.penalty.as_str(), "l2");
    let compare: anyhow::Result<Vec<Method>> =
        arguments.compare.iter().map(|name| method(name)).collect();
    let prepare = arguments.prepare.as_deref().map(read_preparation);
    let model = ModelSettings {
        prepare: prepare.transpose()?.unwrap_or_default(),
        method: method(&arguments.method)?,
        penalty: PenaltyName::L2,
        c: arguments.c,
        standardize: arguments.standardize,
        pca: arguments.pca,
        balanced: arguments.balanced,
        classifier: arguments
            .classifier
            .as_deref()
            .map(read_classifier)
            .transpose()?,
        compare: compare?,
        fusion: None,
        probability: probability(&arguments),
        tuning: tuning(&arguments),
    };
    let source = arguments.table.source()?;
    Ok(TrainPlan {
        clinical: vec![(source.columns.id.clone(), arguments.clinical.plan())],
        tables: vec![("training".to_owned(), source)],
        selection: SelectionSettings {
            stability: arguments.stability,
            minimum_icc: arguments.minimum_icc,
            icc: match arguments.icc.as_str() {
                "estimate" => IccBound::Estimate,
                _ => IccBound::Lower,
            },
        },
        model,
        validation: ValidationSettings {
            folds: arguments.folds,
            repeats: arguments.repeats,
            bootstrap: arguments.bootstrap,
            leave_one_centre_out: arguments.designs.leave_one_centre_out,
            learning_curve: (!arguments.designs.learning_curve.is_empty()).then(|| {
                LearningCurveSpec {
                    shares: arguments.designs.learning_curve.clone(),
                    ..LearningCurveSpec::default()
                }
            }),
            permutations: arguments.designs.permutations,
            split: None,
        },
        seed: arguments.seed,
        out: arguments
            .out
            .unwrap_or_else(|| PathBuf::from("model.triher")),
        json: arguments.json,
        validation_tables: Vec::new(),
        validation_json: arguments.designs.validation,
        out_of_fold: arguments.designs.out_of_fold,
        rounds: None,
    })
}

/// A classifier by its name.
fn method(name: &str) -> anyhow::Result<Method> {
    Method::of_name(name).ok_or_else(|| {
        let names = Method::ALL.map(Method::name).join(", ");
        anyhow::anyhow!("{name} is no classifier: give one of {names}")
    })
}

fn probability(arguments: &TrainArguments) -> ProbabilitySpec {
    ProbabilitySpec {
        calibration: arguments.calibrate.as_deref().map(|name| match name {
            "vector" => Calibration::Vector { penalty: 1e-3 },
            "dirichlet" => Calibration::Dirichlet {
                lambda: 1e-2,
                mu: 1e-2,
            },
            "isotonic" => Calibration::Isotonic,
            _ => Calibration::Temperature,
        }),
        conformal: arguments.conformal.map(|coverage| ConformalSpec {
            coverage,
            ..ConformalSpec::default()
        }),
        novelty: arguments.out_of_distribution.then(NoveltySpec::default),
        inner: InnerFolds {
            seed: arguments.seed,
            ..InnerFolds::default()
        },
    }
}

fn tuning(arguments: &TrainArguments) -> Option<TuningSpec> {
    let search = match arguments.search.as_str() {
        "random" => Search::Random,
        "parzen" => Search::Parzen,
        _ => Search::Halving,
    };
    arguments.tune.map(|budget| TuningSpec {
        search,
        budget,
        inner: InnerFolds {
            seed: arguments.seed,
            ..InnerFolds::default()
        },
    })
}

/// Says what training gave.
pub(crate) fn tell(trained: &Trained, console: &Console) -> anyhow::Result<()> {
    for note in &trained.notes {
        console.note(&format!("note: {note}"));
    }
    for (name, value) in &trained.data {
        console.status(&format!("  {name}: {value}"));
    }
    let validated = &trained.validated;
    if let Some(figures) = &validated.cross_validation {
        console.result(&format!(
            "Cross-validated (out of fold):\n{}",
            discrimination(figures)
        ))?;
    }
    if let Some(over) = &validated.macro_auc_over_folds {
        let [low, high] = over.ci95;
        console.result(&format!(
            "  macro AUC over the {} folds  {:.3} (corrected for shared training rows: {low:.3} to {high:.3})",
            over.parts, over.mean
        ))?;
    }
    if let Some(figures) = &validated.validation_part {
        console.result(&format!("Validation part:\n{}", discrimination(figures)))?;
    }
    if let Some(centres) = &validated.leave_one_centre_out {
        console.result(&format!(
            "Every centre by a model of the others:\n{}",
            discrimination(&centres.figures)
        ))?;
        for summary in centres.figures.centre_summary.iter().take(1) {
            let [low, high] = summary.prediction95;
            console.result(&format!(
                "  macro AUC at a further centre: {low:.3} to {high:.3} (95 % prediction interval over {} centres)",
                summary.logit.centres
            ))?;
        }
    }
    for point in &validated.learning_curve {
        let auc = point
            .macro_auc
            .map_or_else(|| "none".to_owned(), |v| format!("{v:.3}"));
        console.result(&format!(
            "Learnt from {:.0} patients: macro AUC {auc}",
            point.patients
        ))?;
    }
    if let Some(test) = &validated.permutation_test {
        console.result(&format!(
            "Permutation test: p = {:.3} ({} permutations)",
            test.p_value,
            test.null.len()
        ))?;
    }
    for other in &trained.compared {
        match (&other.figures, &other.problem) {
            (Some(figures), _) => console.result(&format!(
                "{} on the same folds:\n{}",
                other.method,
                discrimination(figures)
            ))?,
            (None, problem) => {
                let reason = problem.as_deref().unwrap_or("no figures");
                console.note(&format!("note: {} is left out: {reason}", other.method));
            }
        }
    }
    Ok(())
}
