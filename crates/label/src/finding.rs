//! What the pathologist found, read from what was written.

use std::fmt;

/// Score of HER2 immunohistochemistry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum IhcScore {
    /// No staining, or incomplete and faint staining in at most 10 % of the tumour cells.
    Zero,
    /// Incomplete, faint staining in more than 10 %.
    One,
    /// Weak to moderate complete staining in more than 10 %.
    Two,
    /// Complete, intense staining in more than 10 %.
    Three,
}

impl fmt::Display for IhcScore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Zero => "0",
            Self::One => "1+",
            Self::Two => "2+",
            Self::Three => "3+",
        })
    }
}

impl IhcScore {
    /// Reads a score as people write it: `0`, `1+`, `2`, `3 +`, `IHC 2+`, `score 1`. `None` for anything else, also for two
    /// scores at once (`0/1+`, `1-2+`).
    pub fn read(text: &str) -> Option<Self> {
        let lower = text.to_ascii_lowercase();
        let digits: Vec<char> = lower.chars().filter(char::is_ascii_digit).collect();
        let words: String = lower.chars().filter(|c| c.is_alphabetic()).collect();
        let known = [
            "",
            "ihc",
            "score",
            "her",
            "herihc",
            "ihcscore",
            "zero",
            "neg",
            "negative",
            "positive",
            "equivocal",
            "plus",
            "ultralow",
            "null",
        ];
        if !known.contains(&words.as_str()) || lower.contains(['%', '<', '>', '.', '/', '-']) {
            return None;
        }
        match digits.as_slice() {
            ['0'] => Some(Self::Zero),
            ['1'] => Some(Self::One),
            ['2'] => Some(Self::Two),
            ['3'] => Some(Self::Three),
            [] if words == "zero" => Some(Self::Zero),
            _ => None,
        }
    }
}

/// What a report calls the result of immunohistochemistry as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum IhcStatus {
    /// Means 0 or 1+.
    Negative,
    /// Means 2+.
    Equivocal,
    /// Means 3+.
    Positive,
    /// Could not be read.
    Indeterminate,
}

impl fmt::Display for IhcStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Negative => "Negative",
            Self::Equivocal => "Equivocal",
            Self::Positive => "Positive",
            Self::Indeterminate => "Indeterminate",
        })
    }
}

impl IhcStatus {
    /// Reads a status word.
    pub fn read(text: &str) -> Option<Self> {
        match text.trim().to_ascii_lowercase().as_str() {
            "negative" | "neg" | "-" => Some(Self::Negative),
            "equivocal" | "borderline" => Some(Self::Equivocal),
            "positive" | "pos" | "+" => Some(Self::Positive),
            "indeterminate" => Some(Self::Indeterminate),
            _ => None,
        }
    }

    /// Whether a score fits the status.
    pub fn fits(self, score: IhcScore) -> bool {
        match self {
            Self::Negative => score <= IhcScore::One,
            Self::Equivocal => score == IhcScore::Two,
            Self::Positive => score == IhcScore::Three,
            Self::Indeterminate => true,
        }
    }
}

/// Outcome of in situ hybridisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum IshOutcome {
    /// The gene is amplified.
    Amplified,
    /// It is not.
    NotAmplified,
    /// The test was done and cannot be called.
    Equivocal,
}

impl fmt::Display for IshOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Amplified => "amplified",
            Self::NotAmplified => "not amplified",
            Self::Equivocal => "equivocal",
        })
    }
}

impl IshOutcome {
    /// Reads an outcome as people write it.
    pub fn read(text: &str) -> Option<Self> {
        match text.trim().to_ascii_lowercase().as_str() {
            "positive" | "pos" | "amplified" | "+" | "yes" => Some(Self::Amplified),
            "negative" | "neg" | "not amplified" | "non-amplified" | "not-amplified"
            | "unamplified" | "nonamplified" | "-" | "no" => Some(Self::NotAmplified),
            "equivocal" | "indeterminate" | "borderline" => Some(Self::Equivocal),
            _ => None,
        }
    }
}

/// A number as a table holds it: `1.3`, `>6.0`, `<4.0`. A bound counts as the number itself.
pub(crate) fn read_number(text: &str) -> Option<f64> {
    let digits = text.trim().trim_start_matches(['>', '<', '=', '~']).trim();
    digits
        .parse()
        .ok()
        .filter(|v: &f64| v.is_finite() && *v >= 0.0)
}

/// Everything known of one patient's HER2 status.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Evidence {
    /// Score of immunohistochemistry.
    pub ihc_score: Option<IhcScore>,
    /// What the report calls it.
    pub ihc_status: Option<IhcStatus>,
    /// Faint staining in a score of 0 (HER2-ultralow), when it was reported.
    pub faint_staining: Option<bool>,
    /// What the report calls in situ hybridisation.
    pub ish_status: Option<IshOutcome>,
    /// HER2/CEP17 ratio.
    pub ish_ratio: Option<f64>,
    /// Mean HER2 copies per cell.
    pub ish_copies: Option<f64>,
    /// Cells that were filled in and could not be understood: column and text.
    pub not_understood: Vec<(String, String)>,
}
