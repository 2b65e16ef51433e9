//! `triher label`.

use crate::Ending;
use crate::arguments::LabelArguments;
use crate::console::Console;
use triher_study::labelling::{LabelPlan, as_csv, counts};

pub(crate) fn label(arguments: LabelArguments, console: &Console) -> anyhow::Result<Ending> {
    let plan = LabelPlan {
        table: arguments.table,
        columns: arguments.columns,
        rule: arguments.rule,
        out: arguments.out,
    };
    let labels = triher_study::labelling::label(&plan)?;
    match &plan.out {
        None => console.result(&as_csv(&labels)?)?,
        Some(out) => console.status(&format!("Written to {}", out.display())),
    }
    for (class, count) in counts(&labels) {
        console.status(&format!("  {class}: {count}"));
    }
    Ok(Ending::Done)
}
