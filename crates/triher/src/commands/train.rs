//! `triher train`.

use crate::Ending;
use crate::arguments::TrainArguments;
use crate::commands::table::discrimination;
use crate::console::Console;
use std::path::PathBuf;
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
    // The names were checked when they were parsed: there is one of each so far.
    debug_assert_eq!(
        (arguments.method.as_str(), arguments.penalty.as_str()),
        ("logistic", "l2")
    );
    let source = arguments.table.source()?;
    Ok(TrainPlan {
        tables: vec![("training".to_owned(), source)],
        selection: SelectionSettings {
            stability: arguments.stability,
            minimum_icc: arguments.minimum_icc,
            icc: match arguments.icc.as_str() {
                "estimate" => IccBound::Estimate,
                _ => IccBound::Lower,
            },
        },
        model: ModelSettings {
            method: Method::Logistic,
            penalty: PenaltyName::L2,
            c: arguments.c,
            standardize: arguments.standardize,
            pca: arguments.pca,
            balanced: arguments.balanced,
        },
        validation: ValidationSettings {
            folds: arguments.folds,
            repeats: arguments.repeats,
            bootstrap: arguments.bootstrap,
        },
        seed: arguments.seed,
        out: arguments
            .out
            .unwrap_or_else(|| PathBuf::from("model.triher")),
        json: arguments.json,
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
    if let Some(figures) = &trained.cross_validated {
        console.result(&format!(
            "Cross-validated (out of fold):\n{}",
            discrimination(figures)
        ))?;
    }
    Ok(())
}
