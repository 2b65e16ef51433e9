//! HER2 classes from immunohistochemistry and in situ hybridisation, with the reason.
//!
//! [`label_table`] reads a clinical table by a [`ColumnMap`], makes [`Evidence`] of each row, and [`classify`] decides by
//! a [`Rule`], which is data (`rules/asco-cap.toml`): every row gets a class or "indeterminate", and a
//! sentence that says why.
//!
//! ```
//! use triher_label::{ColumnMap, Outcome, Rule, label_bytes};
//!
//! let columns = ColumnMap::from_toml("patient_id = 'id'\nihc_score = 'ihc'\nish_status = 'fish'")?;
//! let table = b"id,ihc,fish\nA,2+,not amplified\nB,3+,\nC,2+,\n";
//! let labels = label_bytes(table, "table.csv", &columns, &Rule::asco_cap())?;
//! let outcomes: Vec<Outcome> = labels.rows.iter().map(|r| r.outcome).collect();
//! assert_eq!(outcomes, [Outcome::Low, Outcome::Positive, Outcome::Indeterminate]);
//! assert_eq!(labels.rows[2].reason, "IHC 2+, no ISH: ISH is needed");
//! # Ok::<(), triher_label::LabelError>(())
//! ```

mod error;
mod finding;
mod rule;
mod table;

pub use error::LabelError;
pub use finding::{Evidence, IhcScore, IhcStatus, IshOutcome};
pub use rule::{Decision, HerClass, Outcome, Rule, classify};
pub use table::{ColumnMap, LabelRow, LabelTable, label_bytes, label_table, write_csv};
