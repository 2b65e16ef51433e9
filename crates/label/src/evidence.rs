//! What one row of a clinical table says.

use crate::LabelError;
use crate::columns::ColumnMap;
use crate::finding::{Evidence, IhcScore, IhcStatus, IshOutcome, Measured};
use csv::ByteRecord;

/// Longest text of a cell that a reason quotes.
const QUOTED_CHARACTERS: usize = 40;

/// Where the columns stand.
pub(crate) struct Places {
    patient_id: usize,
    ihc_score: Option<usize>,
    ihc_status: Option<usize>,
    faint_staining: Option<usize>,
    ish_status: Option<usize>,
    ish_ratio: Option<usize>,
    ish_copies: Option<usize>,
    ish_cep17_copies: Option<usize>,
    ish_cells: Option<usize>,
}

impl Places {
    /// Finds the columns of a map in a header.
    pub(crate) fn find(
        header: &[String],
        table: &str,
        columns: &ColumnMap,
    ) -> Result<Self, LabelError> {
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
            ish_cep17_copies: optional(&columns.ish_cep17_copies, "the CEP17 copies")?,
            ish_cells: optional(&columns.ish_cells, "the cells counted")?,
        })
    }

    /// The identifier of a row; `None` for an empty one and for further header lines.
    pub(crate) fn patient_id(&self, record: &ByteRecord, columns: &ColumnMap) -> Option<String> {
        let id = cell(record, Some(self.patient_id), columns)?;
        let is_header = columns.skip_rows_with_id.iter().any(|s| id.starts_with(s));
        (!is_header).then_some(id)
    }

    /// The findings of a row.
    pub(crate) fn evidence(&self, record: &ByteRecord, columns: &ColumnMap) -> Evidence {
        let cell = |place: Option<usize>| cell(record, place, columns);
        let mut evidence = Evidence::default();
        let mut strange: Vec<(&Option<String>, String)> = Vec::new();
        let (ihc, ish) = (&mut evidence.ihc, &mut evidence.ish);
        if let Some(text) = cell(self.ihc_score) {
            ihc.score = IhcScore::read(&text);
            if ihc.score.is_none() {
                // Some tables write the status where the score should be.
                ihc.status = IhcStatus::read(&text);
            }
            if text.to_ascii_lowercase().contains("ultralow") {
                ihc.faint_staining = Some(true);
            }
            if ihc.score.is_none() && ihc.status.is_none() {
                strange.push((&columns.ihc_score, text));
            }
        }
        if let Some(text) = cell(self.ihc_status) {
            match IhcStatus::read(&text) {
                Some(status) => ihc.status = Some(status),
                None => strange.push((&columns.ihc_status, text)),
            }
        }
        if let Some(text) = cell(self.faint_staining) {
            match faint_staining(&text) {
                Some(faint) => ihc.faint_staining = Some(faint),
                None => strange.push((&columns.faint_staining, text)),
            }
        }
        if let Some(text) = cell(self.ish_status) {
            ish.status = IshOutcome::read(&text);
            if ish.status.is_none() {
                strange.push((&columns.ish_status, text));
            }
        }
        for (place, column, number) in [
            (self.ish_ratio, &columns.ish_ratio, &mut ish.ratio),
            (self.ish_copies, &columns.ish_copies, &mut ish.copies),
        ] {
            let Some(text) = cell(place) else { continue };
            *number = Measured::read(&text);
            if number.is_none() {
                // Such as "not amplified" in the column of copies.
                match IshOutcome::read(&text) {
                    Some(words) => ish.words = ish.words.or(Some(words)),
                    None => strange.push((column, text)),
                }
            }
        }
        // These two only help to read the copies: what is no number in them is no finding.
        ish.cep17_copies = cell(self.ish_cep17_copies).and_then(|t| Measured::read(&t));
        ish.cells = cell(self.ish_cells).and_then(|t| Measured::read(&t));
        evidence.not_understood = strange
            .into_iter()
            .map(|(column, text)| {
                let quoted = text.chars().take(QUOTED_CHARACTERS).collect();
                (column.clone().unwrap_or_default(), quoted)
            })
            .collect();
        evidence
    }
}

/// The text of a cell; `None` where nothing was recorded.
fn cell(record: &ByteRecord, place: Option<usize>, columns: &ColumnMap) -> Option<String> {
    let text = String::from_utf8_lossy(record.get(place?)?)
        .trim()
        .to_owned();
    (!text.is_empty() && !columns.is_missing(&text)).then_some(text)
}

/// Faint staining as yes or no, or as the percentage of cells: HER2-ultralow is above 0 and at most 10 %.
fn faint_staining(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "yes" | "true" | "ultralow" => return Some(true),
        "no" | "false" => return Some(false),
        _ => {}
    }
    let percent = Measured::read(text.trim_end_matches('%'))?;
    match percent.number() {
        0.0 => Some(false),
        p if p <= 10.0 => Some(true),
        // More than 10 % is a score of 1+ and no kind of 0.
        _ => None,
    }
}
