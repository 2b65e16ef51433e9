//! Feature tables: CSV and Parquet, joined with labels and centres.
//!
//! [`FeatureTable::read`] takes a file and a [`TableSpec`], which says which columns are identifiers, labels, centres and patients,
//! and gives a [`ReadTable`]: the table and notes on what was left out. Any table of numbers will do, from triher or from elsewhere.
//! [`FeatureWriter`] writes [`FeatureRow`]s one by one, holding few of them at a time.
//!
//! ```
//! use triher_table::{FeatureTable, TableSpec};
//!
//! let path = std::env::temp_dir().join(format!("triher-table-lib-{}.csv", std::process::id()));
//! std::fs::write(&path, "case,her2,hospital,volume (mm3),remark\n1,low,A,120.5,\n2,zero,A,,seen twice\n3,,B,33,\n").unwrap();
//! let spec = TableSpec {
//!     id: "case".to_owned(),
//!     label: Some("her2".to_owned()),
//!     centre: Some("hospital".to_owned()),
//!     ..TableSpec::default()
//! };
//! let read = FeatureTable::read(&path, &spec)?;
//! assert_eq!(read.table.ids, ["1", "2"]);
//! assert_eq!(read.table.feature_names, ["volume (mm3)"]);
//! assert!(read.table.row(1)[0].is_nan());
//! assert_eq!(read.notes, [
//!     "the column \"remark\" is not used: it holds text",
//!     "1 of 3 rows are left out: 1 have no label",
//! ]);
//! # std::fs::remove_file(&path).ok();
//! # Ok::<(), triher_table::TableError>(())
//! ```

mod cell;
mod clinical;
mod delimited;
mod error;
mod labels;
mod parquet_reader;
mod parquet_sink;
mod raw;
mod table;
mod writer;

pub use clinical::ClinicalTable;
pub use error::TableError;
pub use table::{FeatureTable, ReadTable, TableSpec};
pub use writer::{ColumnMetadata, FeatureRow, FeatureWriter, ParquetFeatureWriter};

/// The columns that stand before the features in a table that [`FeatureWriter`] writes.
pub const FIXED_COLUMNS: [&str; 4] = ["patient_id", "lesion", "centre", "label"];
