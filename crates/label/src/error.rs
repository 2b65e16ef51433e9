//! What can go wrong with a clinical table.

use std::path::PathBuf;

/// Why a table could not be labelled.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LabelError {
    /// The file cannot be read.
    #[error("{} cannot be read: {source}. Check that it exists and that you may read it.", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A rule or column map is not one.
    #[error("the {what} cannot be used: {problem}")]
    Configuration {
        /// "rule" or "column map".
        what: &'static str,
        /// What is wrong.
        problem: String,
    },
    /// The table is no table.
    #[error("{table}: {problem}")]
    Table {
        /// The table's name.
        table: String,
        /// What is wrong and what to do.
        problem: String,
    },
    /// A column that the map names is not there.
    #[error("{table} has no column \"{column}\" (wanted for {wanted_for}); it has: {}", present.join(", "))]
    NoColumn {
        /// The table's name.
        table: String,
        /// The column.
        column: String,
        /// What it should hold.
        wanted_for: &'static str,
        /// Columns that are there.
        present: Vec<String>,
    },
    /// The labels cannot be written.
    #[error("the labels cannot be written: {0}")]
    Write(#[from] csv::Error),
}
