//! HER2 classes from immunohistochemistry and in situ hybridisation, with the reason.
//!
//! [`label_table`] reads a clinical table by a [`ColumnMap`] and makes [`Evidence`] ([`IhcFinding`], [`IshFinding`]) of each
//! row; [`classify`] decides by a [`Rule`], which is data (`rules/asco-cap.toml`). Every patient gets an [`Outcome`] (a
//! [`HerClass`], or indeterminate), a sentence that says why, and [`Flag`]s for what a reader should check;
//! [`write_csv`] writes `patient_id,class,reason`.
//!
//! Zero is IHC 0, low is IHC 1+ or 2+ with ISH not amplified, positive is IHC 3+ or 2+ with ISH amplified. ISH is called from
//! what the report says, or from its counts by the five groups of the ASCO/CAP guideline of 2018 (reaffirmed 2023). What the
//! findings leave open is decided under `[edge]` in the rule: a 2+ without ISH and an IHC "Negative" without a score are
//! indeterminate, 3+ stays positive against ISH (flagged), a score that contradicts its status is indeterminate unless both
//! readings give the same class.
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

mod columns;
mod decide;
mod error;
mod evidence;
mod finding;
mod ish;
mod rule;
mod table;

pub use columns::ColumnMap;
pub use decide::{Decision, Flag, classify};
pub use error::LabelError;
pub use finding::{Evidence, IhcFinding, IhcScore, IhcStatus, IshFinding, IshOutcome, Measured};
pub use rule::{HerClass, Outcome, Rule};
pub use table::{LabelRow, LabelSummary, LabelTable, label_bytes, label_table, write_csv};
