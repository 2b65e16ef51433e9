//! Which column of a clinical table holds what.

use crate::LabelError;
use serde::{Deserialize, Serialize};

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
    /// Whether an IHC 0 has faint, incomplete staining (HER2-ultralow): yes, no, or the percentage of cells.
    #[serde(default)]
    pub faint_staining: Option<String>,
    /// ISH result in words: Positive or amplified, Negative or not amplified, Equivocal.
    #[serde(default)]
    pub ish_status: Option<String>,
    /// HER2/CEP17 ratio.
    #[serde(default)]
    pub ish_ratio: Option<String>,
    /// HER2 copies: the mean per cell, or a sum over the cells counted.
    #[serde(default)]
    pub ish_copies: Option<String>,
    /// CEP17 copies, counted alike.
    #[serde(default)]
    pub ish_cep17_copies: Option<String>,
    /// Cells that were counted.
    #[serde(default)]
    pub ish_cells: Option<String>,
    /// Texts that mean nothing was recorded, in whatever case.
    #[serde(default = "default_missing")]
    pub missing: Vec<String>,
    /// Lines before the header.
    #[serde(default)]
    pub skip_lines: usize,
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
            &map.ish_copies,
        ];
        if findings.iter().all(|c| c.is_none()) {
            return Err(fail("it names no column with findings: give ihc_score, and ish_status when there is one".to_owned()));
        }
        if map.delimiter.is_some_and(|d| !d.is_ascii()) {
            return Err(fail(
                "the delimiter must be one ASCII character, such as , or ; or a tab".to_owned(),
            ));
        }
        Ok(map)
    }

    /// The table from its header on.
    pub(crate) fn without_front<'a>(&self, bytes: &'a [u8]) -> &'a [u8] {
        let mut rest = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        for _ in 0..self.skip_lines {
            let end = rest
                .iter()
                .position(|&b| b == b'\n')
                .map_or(rest.len(), |n| n + 1);
            rest = &rest[end..];
        }
        rest
    }

    /// The separator: as given, or the one that the header has most of.
    pub(crate) fn delimiter_of(&self, bytes: &[u8]) -> u8 {
        if let Some(delimiter) = self.delimiter.and_then(|d| u8::try_from(d).ok()) {
            return delimiter;
        }
        let header = bytes.split(|&b| b == b'\n').next().unwrap_or_default();
        let count = |delimiter: u8| header.iter().filter(|&&b| b == delimiter).count();
        [b';', b'\t', b',']
            .into_iter()
            .max_by_key(|&d| count(d))
            .filter(|&d| count(d) > 0)
            .unwrap_or(b',')
    }

    /// Whether a text means that nothing was recorded.
    pub(crate) fn is_missing(&self, text: &str) -> bool {
        self.missing.iter().any(|m| m.eq_ignore_ascii_case(text))
    }
}
