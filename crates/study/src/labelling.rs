//! HER2 labels of a clinical table, to a file.

use crate::StudyError;
use crate::manifest::{Manifest, write_whole};
use std::path::{Path, PathBuf};
use triher_label::{ColumnMap, LabelTable, Rule};

/// Which table to label and how.
#[derive(Clone, Debug)]
pub struct LabelPlan {
    /// The clinical table.
    pub table: PathBuf,
    /// `tcga`, or the path of a TOML file that names the columns.
    pub columns: String,
    /// Another rule than the built-in one.
    pub rule: Option<PathBuf>,
    /// Where to write the labels.
    pub out: Option<PathBuf>,
}

/// Labels a table; writes `patient_id,class,reason` and a manifest when the plan names a file.
///
/// # Errors
/// When the table or the columns cannot be read.
pub fn label(plan: &LabelPlan) -> Result<LabelTable, StudyError> {
    let columns = match plan.columns.as_str() {
        "tcga" => ColumnMap::tcga(),
        file => ColumnMap::from_toml(&read_text(Path::new(file))?)?,
    };
    let rule = match &plan.rule {
        None => Rule::asco_cap(),
        Some(file) => Rule::from_toml(&read_text(file)?)?,
    };
    let labels = triher_label::label_table(&plan.table, &columns, &rule)?;
    if let Some(out) = &plan.out {
        write_whole(out, as_csv(&labels)?.as_bytes())?;
        let mut manifest = Manifest::new("label", &(&columns, &rule));
        manifest.add_input(&plan.table)?;
        manifest.add_output(out)?;
        manifest.write(&crate::extract::with_suffix(out, ".manifest.json"))?;
    }
    Ok(labels)
}

/// The labels as `patient_id,class,reason`.
///
/// # Errors
/// None that a label table can cause.
pub fn as_csv(labels: &LabelTable) -> Result<String, StudyError> {
    let mut bytes = Vec::new();
    triher_label::write_csv(labels, &mut bytes)?;
    String::from_utf8(bytes).map_err(|e| StudyError::Internal(e.to_string()))
}

/// Number of rows of each class.
pub fn counts(labels: &LabelTable) -> Vec<(String, usize)> {
    let classes = ["zero", "low", "positive", "indeterminate"];
    let count = |class: &str| {
        labels
            .rows
            .iter()
            .filter(|r| r.outcome.to_string() == class)
            .count()
    };
    classes
        .into_iter()
        .map(|class| (class.to_owned(), count(class)))
        .collect()
}

fn read_text(path: &Path) -> Result<String, StudyError> {
    std::fs::read_to_string(path).map_err(StudyError::read(path))
}
