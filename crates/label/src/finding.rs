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

/// A number as a report gives it: itself, or a bound.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Measured {
    /// The number.
    Exactly(f64),
    /// Anything above the number (`>6.0`).
    Above(f64),
    /// Anything below the number (`<4.0`).
    Below(f64),
}

impl Measured {
    /// Reads a number of at least 0 as a table holds it: `1.3`, `1,3`, `>6.0`, `< 4`, `>=2.0` (the number itself), `~2`.
    pub fn read(text: &str) -> Option<Self> {
        let text = text.trim().replace(',', ".");
        let digits = text.trim_start_matches(['>', '<', '=', '~', '\u{2265}', '\u{2264}']);
        let sign = &text[..text.len() - digits.len()];
        let number: f64 = digits.trim().parse().ok()?;
        if !number.is_finite() || number < 0.0 {
            return None;
        }
        Some(match sign.trim() {
            ">" => Self::Above(number),
            "<" => Self::Below(number),
            _ => Self::Exactly(number),
        })
    }

    /// Whether it is at least `cutoff`. A bound counts as the nearest number that it allows.
    pub fn is_at_least(self, cutoff: f64) -> bool {
        match self {
            Self::Exactly(v) | Self::Above(v) => v >= cutoff,
            Self::Below(v) => v > cutoff,
        }
    }

    /// The number, or the number of the bound.
    pub fn number(self) -> f64 {
        match self {
            Self::Exactly(v) | Self::Above(v) | Self::Below(v) => v,
        }
    }
}

impl fmt::Display for Measured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exactly(v) => write!(f, "{v}"),
            Self::Above(v) => write!(f, ">{v}"),
            Self::Below(v) => write!(f, "<{v}"),
        }
    }
}

/// What immunohistochemistry found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct IhcFinding {
    /// The score.
    pub score: Option<IhcScore>,
    /// What the report calls it.
    pub status: Option<IhcStatus>,
    /// Whether a score of 0 has faint, incomplete staining in at most 10 % of the cells (HER2-ultralow), when it was
    /// reported.
    pub faint_staining: Option<bool>,
}

impl IhcFinding {
    /// The score, or the one that the status stands for: 1+ for Negative (0 and 1+ are alike to ISH), 2+ for Equivocal,
    /// 3+ for Positive.
    pub(crate) fn level(&self) -> Option<IhcScore> {
        self.score.or_else(|| match self.status? {
            IhcStatus::Negative => Some(IhcScore::One),
            IhcStatus::Equivocal => Some(IhcScore::Two),
            IhcStatus::Positive => Some(IhcScore::Three),
            IhcStatus::Indeterminate => None,
        })
    }
}

/// What in situ hybridisation found.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct IshFinding {
    /// What the report calls it.
    pub status: Option<IshOutcome>,
    /// What stands in words where the counts should be ("not amplified").
    pub words: Option<IshOutcome>,
    /// HER2/CEP17 ratio.
    pub ratio: Option<Measured>,
    /// HER2 copies: the mean per cell, or the sum over [`IshFinding::cells`].
    pub copies: Option<Measured>,
    /// CEP17 copies, counted like [`IshFinding::copies`].
    pub cep17_copies: Option<Measured>,
    /// Cells that were counted.
    pub cells: Option<Measured>,
}

/// Everything known of one patient's HER2 status.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Evidence {
    /// Immunohistochemistry.
    pub ihc: IhcFinding,
    /// In situ hybridisation.
    pub ish: IshFinding,
    /// Cells of the table that were filled in and could not be understood: column and text.
    pub not_understood: Vec<(String, String)>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_are_read_as_people_write_them() {
        for (text, score) in [
            ("0", Some(IhcScore::Zero)),
            ("1+", Some(IhcScore::One)),
            ("2", Some(IhcScore::Two)),
            ("3 +", Some(IhcScore::Three)),
            ("IHC 2+", Some(IhcScore::Two)),
            ("0 ultralow", Some(IhcScore::Zero)),
            ("0/1+", None),
            ("1-2+", None),
            ("4", None),
            ("10", None),
            ("2.5", None),
            ("[Not Available]", None),
            ("", None),
        ] {
            assert_eq!(IhcScore::read(text), score, "{text}");
        }
    }

    #[test]
    fn numbers_keep_their_bounds() {
        assert_eq!(Measured::read(" 1,3 "), Some(Measured::Exactly(1.3)));
        let below = Measured::read("<4.0").unwrap();
        assert!(!below.is_at_least(4.0) && below.is_at_least(3.9));
        let above = Measured::read("> 6").unwrap();
        assert!(above.is_at_least(6.0) && !above.is_at_least(6.1));
        assert!(Measured::read(">=2.0").unwrap().is_at_least(2.0));
        for text in ["", "polisomy", "-1", "inf", "NaN", "1.2.3", "4-6"] {
            assert_eq!(Measured::read(text), None, "{text}");
        }
    }
}
