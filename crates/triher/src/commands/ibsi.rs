//! `triher ibsi`.

use crate::Ending;
use crate::arguments::IbsiArguments;
use crate::console::Console;
use triher_study::ibsi::{
    ConformanceRow, IbsiPlan, counts, document, document_of_filters, ibsi as compare, six_figures,
};
use triher_study::ibsi_filters::ibsi_filters;

pub(crate) fn ibsi(arguments: &IbsiArguments, console: &Console) -> anyhow::Result<Ending> {
    let plan = IbsiPlan {
        data: arguments.data.clone(),
        reference: arguments.reference.clone(),
    };
    let (rows, text) = if arguments.filters {
        let rows = ibsi_filters(&plan.data, console)?;
        let text = document_of_filters(&rows);
        (rows, text)
    } else {
        let rows = compare(&plan, console)?;
        let text = document(&rows);
        (rows, text)
    };
    if let Some(out) = &arguments.out {
        triher_study::write_text(out, &text)?;
    }
    if arguments.json {
        console.result(&serde_json::to_string_pretty(&rows)?)?;
    } else {
        table(&rows, arguments.summary, console)?;
    }
    Ok(if rows.iter().any(|r| r.fails) {
        Ending::Incomplete
    } else {
        Ending::Done
    })
}

fn table(rows: &[ConformanceRow], summary: bool, console: &Console) -> anyhow::Result<()> {
    let line = |[
        dataset,
        tag,
        computed,
        reference,
        tolerance,
        consensus,
        outcome,
    ]: [&str; 7]| {
        format!(
            "{dataset:15}  {tag:32}  {computed:>12}  {reference:>12}  {tolerance:>9}  {consensus:16}  {outcome}"
        )
    };
    console.result(&line([
        "dataset",
        "tag",
        "computed",
        "reference",
        "tolerance",
        "consensus",
        "outcome",
    ]))?;
    for row in rows {
        if summary && (row.reference.is_none() || row.outcome == "within") {
            continue;
        }
        console.result(&line([
            &row.dataset,
            &row.tag,
            &six_figures(row.computed),
            &six_figures(row.reference),
            &row.tolerance.to_string(),
            &row.consensus,
            &row.outcome,
        ]))?;
    }
    console.result("")?;
    for (dataset, [binding, within, weak, weak_within]) in counts(rows) {
        console.result(&if binding + weak == 0 {
            format!("{dataset:15}  no reference values in this table")
        } else {
            format!(
                "{dataset:15}  {within} of {binding} rows that bind within tolerance, {weak_within} of {weak} weaker ones"
            )
        })?;
    }
    Ok(())
}
