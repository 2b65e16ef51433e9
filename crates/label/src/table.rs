//! A clinical table through the rule.

use crate::LabelError;
use crate::finding::{Evidence, IhcScore, IhcStatus, IshOutcome, read_number};
use crate::rule::{Decision, Outcome, Rule, classify};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

/// Larger tables are refused: a clinical table has thousands of rows, not millions.
const MAX_BYTES: u64 = 512 << 20;

/// Which column holds what. All but `patient_id` may be missing; `ihc_score`, `ihc_status` or an ISH column must be there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ColumnMap {
    /// Identifier of the patient.
    pub patient_id: String,
    /// IHC score: 0, 1+, 2+, 3+.
    #[serde(default)]
    pub ihc_score: Option<String>,
    /// IHC result in words: Negative, Equivocal, Positive.
    #[serde(default)]
    pub ihc_status: Option<String>,
    /// Whether an IHC 0 has faint staining (HER2-ultralow): yes or no.
    #[serde(default)]
    pub faint_staining: Option<String>,
    /// ISH result in words: Positive or amplified, Negative or not amplified, Equivocal.
    #[serde(default)]
    pub ish_status: Option<String>,
    /// HER2/CEP17 ratio.
    #[serde(default)]
    pub ish_ratio: Option<String>,
    /// Mean HER2 copies per cell.
    #[serde(default)]
    pub ish_copies: Option<String>,
    /// Texts that mean nothing was recorded.
    #[serde(default = "default_missing")]
    pub missing: Vec<String>,
    /// Rows whose identifier begins so are further header lines.
    #[serde(default)]
    pub skip_rows_with_id: Vec<String>,
    /// Separator: `,`, `;` or a tab; found out from the header when not given.
    #[serde(default)]
    pub delimiter: Option<char>,
}

fn default_missing() -> Vec<String> {
    [
        "",
        "NA",
        "N/A",
        "NaN",
        "nan",
        "unknown",
        "Unknown",
        "not done",
        "ND",
        "[Not Available]",
        "[Not Evaluated]",
        "none",
        "None",
        "-9",
    ]
    .map(str::to_owned)
    .to_vec()
}

impl ColumnMap {
    /// The columns of the clinical table of TCGA-BRCA.
    pub fn tcga() -> Self {
        Self::from_toml(include_str!("../rules/tcga.toml"))
            .unwrap_or_else(|_| unreachable!("the built-in columns are tested"))
    }

    /// A column map from TOML, in the shape of `rules/tcga.toml`.
    ///
    /// # Errors
    /// [`LabelError::Configuration`].
    pub fn from_toml(text: &str) -> Result<Self, LabelError> {
        let fail = |problem: String| LabelError::Configuration {
            what: "column map",
            problem,
        };
        let map: Self = toml::from_str(text).map_err(|e| fail(e.to_string()))?;
        let findings = [
            &map.ihc_score,
            &map.ihc_status,
            &map.ish_status,
            &map.ish_ratio,
        ];
        if findings.iter().all(|c| c.is_none()) {
            return Err(fail("it names no column with findings: give ihc_score, and ish_status when there is one".to_owned()));
        }
        Ok(map)
    }
}

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
}

/// The labels of a table, one row a patient, in the order of the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabelTable {
    /// The rows.
    pub rows: Vec<LabelRow>,
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
/// A patient in several rows gets one label: theirs when all rows agree, indeterminate otherwise.
///
/// # Errors
/// A missing column, rows of different length, or no patient at all.
pub fn label_bytes(
    bytes: &[u8],
    name: &str,
    columns: &ColumnMap,
    rule: &Rule,
) -> Result<LabelTable, LabelError> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let wrong = |problem: String| LabelError::Table {
        table: name.to_owned(),
        problem,
    };
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter(bytes, columns))
        .trim(csv::Trim::All)
        .flexible(true)
        .from_reader(bytes);
    let header: Vec<String> = reader
        .byte_headers()
        .map_err(|e| wrong(e.to_string()))?
        .iter()
        .map(|h| String::from_utf8_lossy(h).into_owned())
        .collect();
    let places = Places::find(&header, name, columns)?;
    let mut rows: Vec<LabelRow> = Vec::new();
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for record in reader.byte_records() {
        let record = record.map_err(|e| wrong(e.to_string()))?;
        let cell = |place: Option<usize>| -> Option<String> {
            let text = String::from_utf8_lossy(record.get(place?)?)
                .trim()
                .to_owned();
            (!columns.missing.contains(&text)).then_some(text)
        };
        let Some(patient_id) = cell(Some(places.patient_id)) else {
            continue;
        };
        if columns
            .skip_rows_with_id
            .iter()
            .any(|s| patient_id.starts_with(s))
        {
            continue;
        }
        let Decision {
            outcome,
            reason,
            ultralow,
        } = classify(&places.evidence(&cell, columns), rule);
        match seen.get(&patient_id) {
            None => {
                seen.insert(patient_id.clone(), rows.len());
                rows.push(LabelRow {
                    patient_id,
                    outcome,
                    reason,
                    ultralow,
                });
            }
            Some(&earlier) if rows[earlier].outcome != outcome => {
                let row = &mut rows[earlier];
                row.reason = format!(
                    "contradiction between rows: {} ({}) and {outcome} ({reason})",
                    row.outcome, row.reason
                );
                row.outcome = Outcome::Indeterminate;
                row.ultralow = None;
            }
            Some(_) => {}
        }
    }
    if rows.is_empty() {
        return Err(wrong("it holds no patient under its header".to_owned()));
    }
    Ok(LabelTable { rows })
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

fn delimiter(bytes: &[u8], columns: &ColumnMap) -> u8 {
    if let Some(delimiter) = columns.delimiter.and_then(|d| u8::try_from(d).ok()) {
        return delimiter;
    }
    let header = bytes.split(|&b| b == b'\n').next().unwrap_or_default();
    let count = |delimiter: u8| header.iter().filter(|&&b| b == delimiter).count();
    [b',', b'\t', b';']
        .into_iter()
        .max_by_key(|&d| count(d))
        .filter(|&d| count(d) > 0)
        .unwrap_or(b',')
}

/// Where the columns stand.
struct Places {
    patient_id: usize,
    ihc_score: Option<usize>,
    ihc_status: Option<usize>,
    faint_staining: Option<usize>,
    ish_status: Option<usize>,
    ish_ratio: Option<usize>,
    ish_copies: Option<usize>,
}

impl Places {
    fn find(header: &[String], table: &str, columns: &ColumnMap) -> Result<Self, LabelError> {
        let find = |column: &str, wanted_for| {
            header
                .iter()
                .position(|h| h == column)
                .ok_or_else(|| LabelError::NoColumn {
                    table: table.to_owned(),
                    column: column.to_owned(),
                    wanted_for,
                    present: header.to_vec(),
                })
        };
        let optional = |column: &Option<String>, wanted_for| {
            column.as_deref().map(|c| find(c, wanted_for)).transpose()
        };
        Ok(Self {
            patient_id: find(&columns.patient_id, "the patient's identifier")?,
            ihc_score: optional(&columns.ihc_score, "the IHC score")?,
            ihc_status: optional(&columns.ihc_status, "the IHC status")?,
            faint_staining: optional(&columns.faint_staining, "faint staining")?,
            ish_status: optional(&columns.ish_status, "the ISH status")?,
            ish_ratio: optional(&columns.ish_ratio, "the HER2/CEP17 ratio")?,
            ish_copies: optional(&columns.ish_copies, "the HER2 copies")?,
        })
    }

    fn evidence(
        &self,
        cell: &dyn Fn(Option<usize>) -> Option<String>,
        columns: &ColumnMap,
    ) -> Evidence {
        let mut not_understood = Vec::new();
        let mut note = |column: &Option<String>, text: &str| {
            not_understood.push((column.clone().unwrap_or_default(), text.to_owned()));
        };
        let mut evidence = Evidence::default();
        if let Some(text) = cell(self.ihc_score) {
            evidence.ihc_score = IhcScore::read(&text);
            if evidence.ihc_score.is_none() {
                // Some tables write the status where the score should be.
                evidence.ihc_status = IhcStatus::read(&text);
                if evidence.ihc_status.is_none() {
                    note(&columns.ihc_score, &text);
                }
            }
            if text.to_ascii_lowercase().contains("ultralow") {
                evidence.faint_staining = Some(true);
            }
        }
        if let Some(text) = cell(self.ihc_status) {
            match IhcStatus::read(&text) {
                Some(status) => evidence.ihc_status = Some(status),
                None => note(&columns.ihc_status, &text),
            }
        }
        if let Some(text) = cell(self.faint_staining) {
            match text.to_ascii_lowercase().as_str() {
                "yes" | "true" | "1" | "ultralow" => evidence.faint_staining = Some(true),
                "no" | "false" | "0" => evidence.faint_staining = Some(false),
                _ => note(&columns.faint_staining, &text),
            }
        }
        if let Some(text) = cell(self.ish_status) {
            evidence.ish_status = IshOutcome::read(&text);
            if evidence.ish_status.is_none() {
                note(&columns.ish_status, &text);
            }
        }
        if let Some(text) = cell(self.ish_ratio) {
            evidence.ish_ratio = read_number(&text);
            if evidence.ish_ratio.is_none() {
                note(&columns.ish_ratio, &text);
            }
        }
        if let Some(text) = cell(self.ish_copies) {
            evidence.ish_copies = read_number(&text);
            if evidence.ish_copies.is_none() {
                // Such as "not amplified" in the column of copies.
                match IshOutcome::read(&text) {
                    Some(outcome) => evidence.ish_status = evidence.ish_status.or(Some(outcome)),
                    None => note(&columns.ish_copies, &text),
                }
            }
        }
        evidence.not_understood = not_understood;
        evidence
    }
}
