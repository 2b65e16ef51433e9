//! A clinical table through the rule.

use crate::LabelError;
use crate::columns::ColumnMap;
use crate::decide::{Decision, Flag, classify};
use crate::evidence::Places;
use crate::finding::Evidence;
use crate::rule::{Outcome, Rule};
use serde::Serialize;
use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

/// Larger tables are refused: a clinical table has thousands of rows, not millions.
const MAX_BYTES: u64 = 512 << 20;

/// One patient's label.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LabelRow {
    /// Identifier.
    pub patient_id: String,
    /// The class.
    pub outcome: Outcome,
    /// Why.
    pub reason: String,
    /// Whether a zero is HER2-ultralow, when it was reported.
    pub ultralow: Option<bool>,
    /// What to check.
    pub flags: Vec<Flag>,
}

/// Patients by class, for the end of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct LabelSummary {
    /// Patients with HER2-zero.
    pub zero: usize,
    /// Patients with HER2-low.
    pub low: usize,
    /// Patients with HER2-positive.
    pub positive: usize,
    /// Patients of whom the findings do not tell.
    pub indeterminate: usize,
    /// Of the zeros, those reported as HER2-ultralow.
    pub ultralow: usize,
    /// Patients with each flag.
    pub flags: BTreeMap<Flag, usize>,
    /// Rows of patients that had one already.
    pub repeated_rows: usize,
}

/// The labels of a table, one row a patient, in the order of the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabelTable {
    /// The rows.
    pub rows: Vec<LabelRow>,
    /// How many of each.
    pub summary: LabelSummary,
}

/// Labels a file.
///
/// # Errors
/// As [`label_bytes`], and when the file cannot be read.
pub fn label_table(
    path: &Path,
    columns: &ColumnMap,
    rule: &Rule,
) -> Result<LabelTable, LabelError> {
    let name = path.file_name().map_or_else(
        || path.display().to_string(),
        |n| n.to_string_lossy().into_owned(),
    );
    let fail = |source| LabelError::Read {
        path: path.to_owned(),
        source,
    };
    if std::fs::metadata(path).map_err(fail)?.len() > MAX_BYTES {
        let problem = format!(
            "the table is larger than {} MiB: cut it down to the columns that are needed",
            MAX_BYTES >> 20
        );
        return Err(LabelError::Table {
            table: name,
            problem,
        });
    }
    label_bytes(&std::fs::read(path).map_err(fail)?, &name, columns, rule)
}

/// Labels a table in memory; `name` is what errors call it.
///
/// A patient in several rows gets one label: theirs when all rows with findings agree, indeterminate otherwise.
///
/// # Errors
/// A missing column, rows of different length, or no patient at all.
pub fn label_bytes(
    bytes: &[u8],
    name: &str,
    columns: &ColumnMap,
    rule: &Rule,
) -> Result<LabelTable, LabelError> {
    let wrong = |problem: String| LabelError::Table {
        table: name.to_owned(),
        problem,
    };
    let text = columns.without_front(bytes);
    let delimiter = columns.delimiter_of(text);
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        // Tables with tabs are written without quotes: one in a free text is a character like others.
        .quoting(delimiter != b'\t')
        .trim(csv::Trim::All)
        .from_reader(text);
    let header: Vec<String> = reader
        .byte_headers()
        .map_err(|e| wrong(e.to_string()))?
        .iter()
        .map(|h| String::from_utf8_lossy(h).into_owned())
        .collect();
    let places = Places::find(&header, name, columns)?;
    let mut labels = Labels::default();
    for record in reader.byte_records() {
        let record = record.map_err(|e| {
            wrong(format!(
                "{e}: correct the row, or the delimiter of the column map"
            ))
        })?;
        let Some(patient_id) = places.patient_id(&record, columns) else {
            continue;
        };
        let evidence = places.evidence(&record, columns);
        let decision = classify(&evidence, rule);
        labels.add(patient_id, decision, evidence == Evidence::default());
    }
    if labels.rows.is_empty() {
        return Err(wrong(
            "it holds no patient under its header: check the column of identifiers".to_owned(),
        ));
    }
    Ok(labels.into_table())
}

/// Labels as they come, one row a patient.
#[derive(Default)]
struct Labels {
    rows: Vec<LabelRow>,
    /// Place of each patient's row, and whether it rests on no finding at all.
    seen: BTreeMap<String, (usize, bool)>,
    repeated_rows: usize,
}

impl Labels {
    fn add(&mut self, patient_id: String, decision: Decision, nothing_found: bool) {
        let Some((place, earlier_nothing)) = self.seen.get_mut(&patient_id) else {
            self.seen
                .insert(patient_id.clone(), (self.rows.len(), nothing_found));
            self.rows.push(row(patient_id, decision));
            return;
        };
        self.repeated_rows += 1;
        let Some(earlier) = self.rows.get_mut(*place) else {
            return;
        };
        // An empty row says nothing against a filled one.
        if *earlier_nothing && !nothing_found {
            *earlier_nothing = false;
            *earlier = row(patient_id, decision);
            return;
        }
        let settled = earlier.flags.contains(&Flag::RowsContradict);
        if nothing_found || settled || earlier.outcome == decision.outcome {
            return;
        }
        earlier.reason = format!(
            "contradiction between rows: {} ({}) and {} ({})",
            earlier.outcome, earlier.reason, decision.outcome, decision.reason
        );
        earlier.outcome = Outcome::Indeterminate;
        earlier.ultralow = None;
        earlier.flags.push(Flag::RowsContradict);
    }

    fn into_table(self) -> LabelTable {
        let mut summary = LabelSummary {
            repeated_rows: self.repeated_rows,
            ..LabelSummary::default()
        };
        for row in &self.rows {
            *match row.outcome {
                Outcome::Zero => &mut summary.zero,
                Outcome::Low => &mut summary.low,
                Outcome::Positive => &mut summary.positive,
                Outcome::Indeterminate => &mut summary.indeterminate,
            } += 1;
            summary.ultralow += usize::from(row.ultralow == Some(true));
            for flag in &row.flags {
                *summary.flags.entry(*flag).or_default() += 1;
            }
        }
        LabelTable {
            rows: self.rows,
            summary,
        }
    }
}

fn row(patient_id: String, decision: Decision) -> LabelRow {
    LabelRow {
        patient_id,
        outcome: decision.outcome,
        reason: decision.reason,
        ultralow: decision.ultralow,
        flags: decision.flags,
    }
}

/// Writes `patient_id,class,reason`.
///
/// # Errors
/// [`LabelError::Write`].
pub fn write_csv(table: &LabelTable, out: impl Write) -> Result<(), LabelError> {
    let mut writer = csv::Writer::from_writer(out);
    writer.write_record(["patient_id", "class", "reason"])?;
    for row in &table.rows {
        writer.write_record([&row.patient_id, &row.outcome.to_string(), &row.reason])?;
    }
    writer.flush().map_err(|e| LabelError::Write(e.into()))
}
