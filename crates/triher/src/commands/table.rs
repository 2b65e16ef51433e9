//! The options that name a table, and figures in words.

use crate::arguments::TableArguments;
use triher_study::figures::{Estimate, Evaluation};
use triher_study::study_file::Columns;
use triher_study::tables::TableSource;

impl TableArguments {
    /// The table that was named.
    ///
    /// # Errors
    /// When none was.
    pub(crate) fn source(self) -> anyhow::Result<TableSource> {
        let Some(features) = self.features else {
            anyhow::bail!("no feature table was given: name one with --features FILE");
        };
        let columns = Columns {
            id: self.id,
            label: self.label,
            centre: self.centre,
            group: self.group,
            ignore: self.ignore,
        };
        Ok(TableSource {
            features,
            labels: self.labels,
            columns,
            part: None,
        })
    }
}

/// The discrimination of an evaluation, a line each.
pub(crate) fn discrimination(evaluation: &Evaluation) -> String {
    let auc = &evaluation.auc;
    let mut lines = vec![
        format!("  macro AUC  {}", interval(&auc.macro_average)),
        format!("  micro AUC  {}", interval(&auc.micro_average)),
    ];
    for (class, value) in &auc.per_class {
        lines.push(format!("  {class} against the rest  {}", interval(value)));
    }
    lines.join("\n")
}

fn interval(figure: &Estimate) -> String {
    match (figure.value, figure.ci95) {
        (Some(value), Some([low, high])) => format!("{value:.3} (95 % CI {low:.3} to {high:.3})"),
        (Some(value), None) => format!("{value:.3}"),
        _ => "cannot be computed on these rows".to_owned(),
    }
}
