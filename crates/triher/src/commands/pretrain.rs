//! `triher pretrain`.

use crate::Ending;
use crate::arguments::PretrainArguments;
use crate::console::Console;
use triher_study::pretrain::PretrainPlan;

pub(crate) fn pretrain(
    arguments: &PretrainArguments,
    threads: Option<usize>,
    console: &Console,
) -> anyhow::Result<Ending> {
    let mut plan = PretrainPlan::read(&arguments.configuration)?;
    plan.threads = threads.or(plan.threads);
    plan.language = arguments.language.language()?;
    let pretrained = triher_study::pretrain::pretrain(&plan, console)?;
    if let Some(last) = pretrained.last {
        console.status(&format!("  loss of the last step: {:.4}", last.loss));
    }
    console.status(&format!(
        "Weights ({} numbers) written to {}; loss curve: {} and {}",
        pretrained.encoder_len,
        pretrained.weights.display(),
        pretrained.curve.display(),
        pretrained.page.display()
    ));
    Ok(Ending::Done)
}
