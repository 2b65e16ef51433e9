//! `triher finetune`.

use crate::Ending;
use crate::arguments::FinetuneArguments;
use crate::console::Console;
use triher_study::finetune::FinetunePlan;

pub(crate) fn finetune(
    arguments: &FinetuneArguments,
    threads: Option<usize>,
    console: &Console,
) -> anyhow::Result<Ending> {
    let mut plan = FinetunePlan::read(&arguments.configuration)?;
    plan.threads = threads.or(plan.threads);
    plan.language = arguments.language.language()?;
    let tuned = triher_study::finetune::run(&plan, console)?;
    console.status(&match tuned.validation_loss {
        Some(loss) => format!(
            "Best epoch {}: loss {loss:.4} on the patients held out",
            tuned.best_epoch
        ),
        None => format!(
            "All {} epochs were done: no patients were held out",
            tuned.best_epoch
        ),
    });
    console.status(&format!(
        "Weights written to {}; loss curve: {} and {}",
        tuned.weights.display(),
        tuned.curve.display(),
        tuned.page.display()
    ));
    if let Some(folds) = &tuned.cross_validated {
        let auc = folds.evaluation.auc.macro_average.value;
        console.status(&format!(
            "Cross-validation: macro AUC {}; predictions: {}, figures: {}",
            auc.map_or_else(|| "not defined".to_owned(), |auc| format!("{auc:.3}")),
            folds.predictions.display(),
            folds.page.display()
        ));
    }
    Ok(Ending::Done)
}
