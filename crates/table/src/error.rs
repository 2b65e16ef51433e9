//! What can go wrong with a table.

use std::path::PathBuf;

/// Why a feature table could not be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TableError {
    /// The file cannot be read or written.
    #[error("{} cannot be {action}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// "read" or "written".
        action: &'static str,
        /// Cause.
        source: std::io::Error,
    },
    /// The file has no header line.
    #[error("{} is empty: a table needs a first line with the names of its columns", path.display())]
    NoHeader {
        /// The file.
        path: PathBuf,
    },
    /// The file has a header and nothing else.
    #[error("{} has no rows under its header", path.display())]
    NoRows {
        /// The file.
        path: PathBuf,
    },
    /// The text is not UTF-8.
    #[error("{} is not UTF-8 text (row {row}): save it as CSV in UTF-8", path.display())]
    NotUtf8 {
        /// The file.
        path: PathBuf,
        /// Row, from 1 under the header; 0 is the header.
        row: usize,
    },
    /// A row is longer or shorter than the header.
    #[error(
        "row {row} of {} has {found} cells, but its header has {expected} columns: \
         look for a missing or superfluous separator, or for text with a separator that needs quotes",
        path.display()
    )]
    Ragged {
        /// The file.
        path: PathBuf,
        /// Row, from 1 under the header.
        row: usize,
        /// Columns of the header.
        expected: usize,
        /// Cells of the row.
        found: usize,
    },
    /// The file is larger than what is read.
    #[error("{} has {found} {what}, and at most {limit} are read: split the table", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// What there is too much of ("rows", "columns", "cells", "bytes").
        what: &'static str,
        /// How many there are, as far as was read.
        found: u64,
        /// The limit.
        limit: u64,
    },
    /// A column that was asked for is not there.
    #[error(
        "{} has no column \"{column}\" for the {role}; it has {available}. Name the right one.",
        path.display()
    )]
    MissingColumn {
        /// The file.
        path: PathBuf,
        /// What it was wanted for ("identifier", "label", "centre", "patient", "feature").
        role: &'static str,
        /// Its name.
        column: String,
        /// The first names that there are.
        available: String,
    },
    /// Two columns of one name.
    #[error("{} has two columns \"{column}\": rename or remove one", path.display())]
    DuplicateColumn {
        /// The file.
        path: PathBuf,
        /// The name.
        column: String,
    },
    /// Identifiers that occur more than once.
    #[error(
        "{count} identifiers occur more than once in {}: {ids}. Keep one row of each, or name an identifier of the \
         lesion and, as group, the column of the patient.",
        path.display()
    )]
    DuplicateIds {
        /// The file.
        path: PathBuf,
        /// How many.
        count: usize,
        /// The first few.
        ids: String,
    },
    /// A row without an identifier.
    #[error("row {row} of {} has no identifier in the column \"{column}\"", path.display())]
    MissingId {
        /// The file.
        path: PathBuf,
        /// Row, from 1 under the header.
        row: usize,
        /// The identifier's column.
        column: String,
    },
    /// Text among numbers.
    #[error(
        "row {row} of {} has \"{value}\" in the column \"{column}\", whose other values are numbers: correct it, leave it \
         empty when it is missing, or list the column as one to ignore",
        path.display()
    )]
    NotANumber {
        /// The file.
        path: PathBuf,
        /// Row, from 1 under the header.
        row: usize,
        /// Name of the column.
        column: String,
        /// The text, shortened.
        value: String,
    },
    /// An infinite value.
    #[error(
        "row {row} of {} is infinite in the column \"{column}\": correct it, or leave it empty when it is missing",
        path.display()
    )]
    Infinite {
        /// The file.
        path: PathBuf,
        /// Row, from 1 under the header.
        row: usize,
        /// Name of the column.
        column: String,
    },
    /// No column can be used as a feature.
    #[error(
        "{} has no numeric column to use as a feature: check the separator and the columns to ignore",
        path.display()
    )]
    NoFeatures {
        /// The file.
        path: PathBuf,
    },
    /// One identifier with two labels, or two values of a clinical column.
    #[error("{} gives {id} both \"{first}\" and \"{second}\": keep the right one", path.display())]
    LabelConflict {
        /// The labels' file.
        path: PathBuf,
        /// The identifier.
        id: String,
        /// One label.
        first: String,
        /// The other.
        second: String,
    },
    /// No row has a usable label.
    #[error(
        "no row of {} is left: {unlabelled} of {rows} have no label and {indeterminate} are indeterminate. \
         Check that the identifiers of labels and features are written alike.",
        path.display()
    )]
    NothingLeft {
        /// The features' file.
        path: PathBuf,
        /// Rows in it.
        rows: usize,
        /// Rows without label.
        unlabelled: usize,
        /// Rows labelled indeterminate.
        indeterminate: usize,
    },
    /// A Parquet file that cannot be decoded.
    #[error("{} is not a Parquet file that can be read: {problem}", path.display())]
    Parquet {
        /// The file.
        path: PathBuf,
        /// What the decoder said.
        problem: String,
    },
    /// A path whose ending does not say what to write.
    #[error(
        "{} has no known ending: name the table .csv, .tsv or .parquet",
        path.display()
    )]
    UnknownFormat {
        /// The file.
        path: PathBuf,
    },
    /// A row with another number of values than there are features.
    #[error("a row of {found} values was given for a table of {expected} features")]
    RowLength {
        /// Features of the table.
        expected: usize,
        /// Values given.
        found: usize,
    },
    /// A feature with the name of one of the fixed columns.
    #[error(
        "a feature cannot be called \"{name}\": this column has a meaning of its own or occurs twice"
    )]
    BadFeatureName {
        /// The name.
        name: String,
    },
}
